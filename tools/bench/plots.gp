# SPDX-License-Identifier: GPL-2.0
# gnuplot -e "dir='DIR'" plots.gp: the plots of the tables in DIR, each as SVG
# and as PNG.

set datafile separator ","
set datafile missing NaN
set key top left
set grid
set style data linespoints

arms = "spu_run pipe async uring"
do for [format in "svg png"] {
	if (format eq "svg") {
		set terminal svg size 800,500 font "sans,14" background "white"
	} else {
		set terminal pngcairo size 800,500 font "sans,11"
	}

	# PPE threads, work, contexts, arm, user, kernel, idle, syscalls, switches, wake-ups, ns
	set logscale xy 2
	set xlabel "contexts, on 8 SPEs"
	set xrange [1:64]
	set xtics (1, 2, 4, 8, 16, 32, 64)
	set ylabel "instructions of the PPE per run"
	set title "A run of 10 us: what the PPE executes for it"
	set output sprintf("%s/instructions.%s", dir, format)
	plot for [arm in arms] dir."/events.csv" skip 1 \
		using ($1 == 2 && $2 == 10 && strcol(4) eq arm ? $3 : NaN):($5 + $6) title arm noenhanced

	unset logscale y
	set ylabel "context switches of the PPE per run"
	set title "A run of 10 us: how often the PPE changes from one thread to another"
	set output sprintf("%s/switches.%s", dir, format)
	plot for [arm in arms] dir."/events.csv" skip 1 \
		using ($1 == 2 && $2 == 10 && strcol(4) eq arm ? $3 : NaN):9 title arm noenhanced

	# arm, quantile, ns
	unset logscale
	set logscale y
	set xrange [*:*]
	set xtics auto
	set key top left
	set xlabel "share of the events, %"
	set ylabel "virtual ns"
	set title "From the stop of an SPU until it is known; 8 contexts, runs of 10 us"
	set output sprintf("%s/latency.%s", dir, format)
	plot for [arm in arms] dir."/latency.csv" skip 1 \
		using (strcol(1) eq arm ? $2 : NaN):3 title arm noenhanced

	unset logscale
	set logscale x 4
	set xtics (1, 8, 64, 256, 1024)
	set yrange [0:]
	unset key
	set xlabel "contexts, of which one runs"
	set ylabel "instructions of the PPE per run"
	set title "An event among contexts that are idle"
	set output sprintf("%s/growth.%s", dir, format)
	plot dir."/growth.csv" skip 1 using 1:2
	unset logscale
	set yrange [*:*]
	set key
}
