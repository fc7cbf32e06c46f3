# SPDX-License-Identifier: GPL-2.0
# gnuplot -e "dir='DIR'" plots.gp: the plots of the tables that are in DIR, each
# as SVG and as PNG.

set datafile separator ","
set datafile missing NaN
set grid
set style data linespoints
set for [i=1:6] linetype i linewidth 2
set pointsize 0.7

there(name) = system(sprintf("[ -e '%s/%s.csv' ] && echo 1 || echo 0", dir, name)) + 0

arms = "spu_run pipe async gang blocking uring"
do for [format in "svg png"] {
	if (format eq "svg") {
		set terminal svg size 800,500 font "sans,14" background "white"
	} else {
		set terminal pngcairo size 800,500 font "sans,11"
	}

	# distribution (none: one SPE), SPEs, engine, chunks, ms, speed-up, that of 2008
	if (there("fractal")) {
		set key inside top left
		set xlabel "SPEs"
		set xrange [0:17]
		set xtics (1, 2, 4, 6, 8, 16)
		set ylabel "times as fast as one SPE"
		set yrange [0:17]
		set title "The fractal over the number of SPEs"
		set output sprintf("%s/fractal.%s", dir, format)
		file = dir."/fractal.csv"
		of(way, n) = strcol(1) eq way || strcol(1) eq "" ? column(n) : NaN
		plot x with lines dashtype 3 linecolor "gray" title "n SPEs, n times as fast", \
			file skip 1 using 2:(of("dynamic", 6)) linecolor 2 title "dynamic, one thread, event files", \
			file skip 1 using 2:(of("interleaved", 6)) linecolor 3 title "interleaved, a thread for each", \
			file skip 1 using 2:(of("interleaved", 7)) linecolor 3 dashtype 2 pointtype 6 title "interleaved, 2008", \
			file skip 1 using 2:(of("slices", 6)) linecolor 4 title "slices, a thread for each", \
			file skip 1 using 2:(of("slices", 7)) linecolor 4 dashtype 2 pointtype 6 title "slices, 2008"
		set yrange [*:*]
	}

	# PPE threads, work, contexts, arm, user, kernel, idle, syscalls, switches, wake-ups, ns
	if (there("events")) {
		set key outside right top
		file = dir."/events.csv"
		of(arm, value) = column(1) == 2 && column(2) == 10 && strcol(4) eq arm ? value : NaN
		set logscale x 2
		set xlabel "contexts, on 8 SPEs"
		set xrange [0.9:71]
		set xtics (1, 2, 4, 8, 16, 32, 64)
		set logscale y 2
		set ylabel "instructions of the PPE per run"
		set title "A run of 10 us: what the PPE executes for it"
		set output sprintf("%s/instructions.%s", dir, format)
		plot for [arm in arms] file skip 1 using 3:(of(arm, $5 + $6)) title arm noenhanced

		unset logscale y
		set yrange [0:*]
		set ylabel "context switches of the PPE per run"
		set title "A run of 10 us: how often the PPE changes from one thread to another"
		set output sprintf("%s/switches.%s", dir, format)
		plot for [arm in arms] file skip 1 using 3:(of(arm, $9)) title arm noenhanced

		set ylabel "system calls per run"
		set title "A run of 10 us: system calls"
		set output sprintf("%s/syscalls.%s", dir, format)
		plot for [arm in arms] file skip 1 using 3:(of(arm, $8)) title arm noenhanced

		set ylabel "wake-ups per run"
		set title "A run of 10 us: how often a thread is woken up"
		set output sprintf("%s/wakeups.%s", dir, format)
		plot for [arm in arms] file skip 1 using 3:(of(arm, $10)) title arm noenhanced

		# arm, quantile, ns
		unset logscale
		set logscale y
		set xrange [0:100]
		set yrange [*:*]
		set xtics 10
		set xlabel "share of the events, %"
		set ylabel "virtual ns"
		set title "From the stop of an SPU until it is known; 8 contexts, runs of 10 us"
		set output sprintf("%s/latency.%s", dir, format)
		plot for [arm in arms] dir."/latency.csv" skip 1 \
			using 2:(strcol(1) eq arm ? $3 : NaN) title arm noenhanced
		unset logscale
	}

	# contexts, instructions
	if (there("growth")) {
		unset key
		set logscale x 4
		set xrange [0.9:1140]
		set xtics (1, 8, 64, 256, 1024)
		set xlabel "contexts, of which one runs"
		set yrange [0:*]
		set ylabel "instructions of the PPE per run"
		set title "An event among contexts that are idle"
		set output sprintf("%s/growth.%s", dir, format)
		plot dir."/growth.csv" skip 1 using 1:2
		unset logscale
		set yrange [*:*]
	}

	# instructions or latency, PPE threads, work, speed of the SPE, ratios
	if (there("ratios")) {
		file = dir."/ratios.csv"
		ask(command) = system(sprintf("head -n 1 '%s' | %s", file, command))
		columns = ask("tr , '\n' | wc -l") + 0
		rows = system(sprintf("wc -l < '%s'", file)) - 1
		unset key
		unset grid
		unset colorbox
		set palette defined (0.4 "#4393c3", 1 "white", 1.0001 "#fddbc7", 1.6 "#d6604d")
		set cbrange [0.4:1.6]
		set style fill solid noborder
		set xrange [0.5:columns - 3.5]
		set xtics () scale 0
		set for [i = 5:columns] xtics add (ask(sprintf("cut -d , -f %d", i)) i - 4)
		set xlabel "contexts"
		set yrange [0.5 - rows:0.5]
		set ytics scale 0
		unset ylabel
		set title "async over spu_run" noenhanced
		set output sprintf("%s/ratios.%s", dir, format)
		plot file skip 1 using (0):(-$0):yticlabels(sprintf("%s, %s PPE, %s us%s", \
				strcol(1), strcol(2), strcol(3), \
				strcol(4) eq "1" ? "" : ", SPE x".strcol(4))) with points, \
			for [i = 5:columns] file skip 1 using (i - 4):(-$0):(0.5):(0.5):(column(i)) \
				with boxxyerror linecolor palette, \
			for [i = 5:columns] file skip 1 using (i - 4):(-$0):(strcol(i)) \
				with labels
		set grid
		set xtics autofreq scale 1
		set ytics autofreq scale 1
		set yrange [*:*]
		set style fill empty
	}

	# SPEs, contexts, instructions by arm, ratios, switches
	if (there("running")) {
		set key outside right top
		file = dir."/running.csv"
		set logscale xy 2
		set xrange [0.9:142]
		set xtics (1, 2, 4, 8, 16, 32, 64, 128)
		set xlabel "contexts, all of which run"
		set ylabel "instructions of the PPE per run"
		set title "A run of 10 us among others"
		set output sprintf("%s/running.%s", dir, format)
		names = "spu_run async gang"
		plot for [spes in "8 16"] for [i = 1:3] file skip 1 \
			using 2:(column(1) == spes + 0 ? column(2 + i) : NaN) \
			linecolor i dashtype spes / 8 \
			title word(names, i).", ".spes." SPEs" noenhanced
		unset logscale
	}
}
