#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Does spu-fractal compute the same as the PPE, no matter how contexts are started
# and work is shared out, and does it report errors? Runs on the
# blade; prints TAP.
n=0
failed=0

# result WHAT: report the result of the command before
result()
{
	[ $? -eq 0 ] && ok="ok" || ok="not ok"
	[ "$ok" = ok ] || failed=1
	n=$((n + 1))
	echo "$ok $n $1"
}

# refuses MESSAGE OPTION...: with status 2 and that message
refuses()
{
	message=$1
	shift
	out=$(spu-fractal "$@" 2>&1)
	[ $? -eq 2 ] && [ "$out" = "spu-fractal: $message" ]
	result "refuses $*" || echo "# $out"
}

echo "TAP version 13"
# Fewer, as many and more contexts than SPEs; more than there are rows
for engine in threads async uring; do
	for distribution in slices interleaved dynamic; do
		for contexts in 1 3 8 20; do
			spu-fractal -q -s 57x15 -z 40 -i 150 --check -e $engine \
				-d $distribution -n $contexts >/tmp/log 2>&1
			result "$engine, $distribution, $contexts contexts: as the PPE computes"
		done
	done
done

# Points that come near, and beyond, the limits of the iteration count
for imax in 1 2 7 8 9 64; do
	spu-fractal -q -s 32x16 -c -0.5,0 -z 1 -i $imax --check >/dev/null
	result "imax $imax: as the PPE computes"
done

# Somebody breaks the program while it runs: zeros are stop instructions.
for engine in threads async uring; do
	spu-fractal -q -s 64x64 -c 0,0 -z 100 -i 16777216 -n 1 -e $engine >/tmp/log 2>&1 &
	pid=$!
	state=
	until [ "$state" = user ]; do
		[ ! -d /spu/fractal-$pid-0 ] || read -r state rest </spu/fractal-$pid-0/stat
	done
	dd if=/dev/zero bs=4096 count=1 1<>/spu/fractal-$pid-0/mem 2>/dev/null ||
		kill $pid
	wait $pid
	[ $? -eq 1 ] && grep -q "stop-and-signal 0x0000" /tmp/log
	result "$engine: an unexpected stop is told"
done

# In a PID namespace of its own it is process 1, like the one that has taken the name.
unshare -pf spu-fractal -q -s 64x64 -c 0,0 -z 100 -i 16777216 -n 1 >/dev/null 2>&1 &
until [ -d /spu/fractal-1-0 ]; do :; done
unshare -pf spu-fractal -q -s 57x15 -z 40 -i 150 --check >/tmp/log 2>&1
result "a name that is taken is passed over"
kill -KILL "$(pidof spu-fractal)"
wait

refuses "--size 7: WIDTHxHEIGHT is wanted" --size 7
refuses "--size 7x5x3: WIDTHxHEIGHT is wanted" --size 7x5x3
refuses "--size 0: a number from 1 to 16384 is wanted" --size 0x5
refuses "--size 20000: a number from 1 to 16384 is wanted" --size 5x20000
refuses "--centre 1: RE,IM is wanted, of -4 to 4 each" --centre 1
refuses "--centre 1,nan: RE,IM is wanted, of -4 to 4 each" --centre 1,nan
refuses "--centre 5,0: RE,IM is wanted, of -4 to 4 each" --centre 5,0
refuses "--zoom 0: a factor from 0.01 to 1e9 is wanted" --zoom 0
refuses "--zoom 2x: a factor from 0.01 to 1e9 is wanted" --zoom 2x
refuses "--zoom 1e+06: too deep for single precision" --zoom 1000000
refuses "--imax -1: a number from 1 to 16777216 is wanted" --imax -1
refuses "--imax 1e3: a number from 1 to 16777216 is wanted" --imax 1e3
refuses "--contexts 0: a number from 1 to 4096 is wanted" --contexts 0
refuses "--distribution fair: slices, interleaved or dynamic is wanted" --distribution fair
refuses "--engine x: threads, async or uring is wanted" --engine x
refuses "more: not an option; see --help" more

spu-fractal -q -s 8x8 -i 8 -o /nowhere/x >/dev/null 2>/tmp/log
[ $? -eq 1 ] && grep -q "/nowhere/x: No such file" /tmp/log
result "a file that cannot be written is an error"
spu-fractal -q -s 8x8 -i 8 >/dev/full 2>/tmp/log
[ $? -eq 1 ] && grep -q "No space left" /tmp/log
result "output that cannot be written is an error"
spu-fractal -q -s 5x3 -i 8 -o /tmp/x >/dev/null
size=$(stat -t /tmp/x | cut -d ' ' -f 2)
[ "$(head -n 3 /tmp/x)" = "$(printf 'P6\n5 3\n255')" ] && [ "$size" -eq $((11 + 5 * 3 * 3)) ]
result "a picture is as large as it was to be"

echo "1..$n"
exit $failed
