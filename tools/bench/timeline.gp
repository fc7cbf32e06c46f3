# SPDX-License-Identifier: GPL-2.0
# gnuplot -e "dir='DIR'" timeline.gp: the activity of SPEs and the PPE while the
# fractal is rendered, for each way to share the work out.

if (system(sprintf("[ -e '%s/timeline-slices.csv' ] && echo there", dir)) eq "") exit

set datafile separator ","
set style fill solid 0.8 noborder
set yrange [*:*] reverse
set xlabel "virtual ms"
set xrange [*:*]
unset key
stats dir."/timeline-slices.csv" using 4 skip 1 nooutput
end = STATS_max / 1000
titles = "slices interleaved dynamic"

do for [format in "svg png"] {
	if (format eq "svg") {
		set terminal svg size 900,900 font "sans,12" background "white"
	} else {
		set terminal pngcairo size 900,900 font "sans,10"
	}
	set output sprintf("%s/timeline.%s", dir, format)
	set multiplot layout 3,1
	do for [way in titles] {
		file = dir."/timeline-".way.".csv"
		set title way
		set xrange [0:end]
		plot file skip 1 using ($3 / 1000):2:($3 / 1000):($4 / 1000):($2 - 0.4):($2 + 0.4):\
			(strcol(1)[1:3] eq "PPE" ? 0x999999 : 0x2a7fba):ytic(1) \
			with boxxyerrorbars linecolor rgb variable
	}
	unset multiplot
}
