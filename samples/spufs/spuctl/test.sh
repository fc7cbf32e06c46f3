#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test.sh DIR: test spuctl with the programs in DIR, which are made from test/*.s.
# Prints TAP; needs root, spufs and tracefs.
cd "$1" || exit 1
out=/tmp/spuctl-out
n=0
failed=0

# result WHAT: report the result of the command before
result()
{
	if [ $? -eq 0 ]; then
		ok="ok"
	else
		ok="not ok"
		failed=1
		sed 's/^/# /' $out
	fi
	n=$((n + 1))
	echo "$ok $n $1"
}

# ends STATUS TEXT PROGRAM...: run ends with this status, and prints exactly this
ends()
{
	status=$1
	text=$2
	shift 2
	spuctl run "$@" >$out 2>&1
	[ $? -eq "$status" ] && [ "$(cat $out)" = "$text" ]
	result "run $*"
}

# refuses MESSAGE FILE: run refuses a file that is not a program
refuses()
{
	spuctl run "$2" >$out 2>&1
	[ $? -eq 1 ] && [ "$(cat $out)" = "spuctl: $2: $1" ]
	result "refused: $1"
}

# usage MESSAGE ARGUMENT...
usage()
{
	message=$1
	shift
	spuctl "$@" >$out 2>&1
	[ $? -eq 2 ] && [ "$(cat $out)" = "spuctl: $message" ]
	result "refused: spuctl $*"
}

# patch OFFSET BYTES: print the program exit with other bytes there
patch()
{
	dd if=exit bs=1 count="$1" 2>/dev/null
	# shellcheck disable=SC2059
	printf "$2"
	dd if=exit bs=1 skip="$(($1 + ${#2} / 4))" 2>/dev/null
}

echo "TAP version 13"

# Programs that end in each way, and the exit status
ends 7 "ctx-0: exit 7, stop 0x2007 at 0x001c" exit
ends 7 "" -q exit
ends 1 "ctx-0: stop 0x1001 at 0x0004" stop
ends 1 "ctx-0: halt at 0x0008" halt
ends 1 "ctx-0: illegal instruction at 0x0004" illegal
ends 1 "ctx-0: DMA to an address without memory at 0x0024" dma
ends 1 "ctx-0: stop 0x2102, a call that is not served at 0x0000" unserved
ends 3 "ctx-0: exit 3, stop 0x2003 at 0x0038
a line" interrupts

spuctl run -n 20 linux exit >$out 2>&1
[ $? -eq 7 ] && [ "$(grep -c 'exit 7,' $out)" -eq 20 ] && [ "$(grep -c 'exit 0,' $out)" -eq 20 ]
result "40 contexts of two programs: each is told, and the status is the second's"
spuctl run -q exit linux >$out 2>&1
[ $? -eq 7 ]
result "the status is the first one that is not 0"
spuctl run --json exit >$out 2>&1
[ "$(cat $out)" = '{"context": "ctx-0", "program": "exit", "event": "exit", "number": 7, "npc": 28, "text": "exit 7, stop 0x2007"}' ]
result "run --json"
spuctl run exit /init >$out 2>&1
[ $? -eq 1 ] && ! grep -q "exit 7" $out
result "no program runs if one of them cannot be loaded"

# Calls: each program checks its results itself, and exits with the failed step
spuctl run -q print >$out 2>&1
[ $? -eq 0 ] && [ "$(cat $out)" = "Hello
-5 4294967291 0xff Hello [   42] [42  ] 1234567890123 1.500000 Hell A -1 9029 0x80 % and so on, quite a few characters more, to see that the length comes back right
short 7
0123456
xabcdef
writ" ]
result "the C library's calls print"
spuctl run -q file >$out 2>&1 && [ "$(cat /tmp/spuctl-test)" = 0123456789 ]
result "POSIX calls: a file is written and read back"
ends 0 "ctx-0: exit 0, stop 0x2000 at 0x0054" linux
ends 0 "ctx-0: exit 0, stop 0x2000 at 0x0108" bad
ends 0 "ctx-0: exit 0, stop 0x2000 at 0x0098" libea

# A program in C, which needs a compiler. 0 + 1 + 4 + ... + 31 * 31 is
# 31 * 32 * 63 / 6.
if [ -e hello ]; then
	ends 0 "Hello from an SPU, in C
0 + 1 + 4 + ... + 961 = 10416" -q hello
else
	n=$((n + 1))
	echo "ok $n run hello # SKIP there was no C compiler for the SPU: make toolchain builds one"
fi

# The library's examples: the same program eight times, from one thread; the
# second one makes calls.
for eight in spe2-eight spe2-eight-uring; do
	for code in "exit 7" "linux 0"; do
		$eight "${code% *}" >$out 2>&1
		[ $? -eq 0 ] && [ "$(sort $out)" = "$(for i in 0 1 2 3 4 5 6 7; do
			echo "context $i: exit ${code#* }"; done)" ]
		result "$eight ${code% *}: eight contexts, one thread"
	done
done

# Files that are not programs. The offsets are those of ELF's headers: 52 is
# where the first program header begins.
refuses "No such file or directory" nothing
refuses "not an ELF file" /init
refuses "not an ELF file" /tmp
refuses "not a program for an SPU" /bin/busybox
patch 18 '\000\025' >/tmp/x
refuses "not a program for an SPU" /tmp/x
patch 16 '\000\001' >/tmp/x
refuses "not a program for an SPU" /tmp/x
dd if=exit of=/tmp/x bs=1 count=60 2>/dev/null
refuses "a program header lies beyond the end of the file" /tmp/x
patch 28 '\377\377\377\360' >/tmp/x
refuses "a program header lies beyond the end of the file" /tmp/x
patch 42 '\000\010' >/tmp/x
refuses "its program headers are too small" /tmp/x
patch 44 '\000\000' >/tmp/x
refuses "nothing in it to load" /tmp/x
patch 24 '\000\000\000\002' >/tmp/x
refuses "there is no instruction at its entry" /tmp/x
patch 24 '\000\004\000\000' >/tmp/x
refuses "there is no instruction at its entry" /tmp/x
patch 56 '\000\001\000\000' >/tmp/x
refuses "a segment lies beyond the end of the file" /tmp/x
patch 60 '\000\004\000\000\000\004\000\000\000\000\000\000\000\000\000\020' >/tmp/x
refuses "a segment does not fit into local store" /tmp/x
patch 60 '\000\000\000\200\000\000\000\200\000\000\000\000\377\377\377\377' >/tmp/x
refuses "a segment does not fit into local store" /tmp/x
patch 68 '\000\000\000\020\000\000\000\017' >/tmp/x
refuses "a segment is larger in the file than in memory" /tmp/x

# Contexts
spuctl ps >$out
[ "$(sed 1d $out)" = "" ]
result "ps: no contexts"
spuctl run spin >/dev/null 2>&1 &
pid=$!
until spuctl ps | grep -q running; do :; done
spuctl ps >$out
sed 1d $out | grep -qE "^spethread-$pid-[0-9a-f]{16} +async running +[0-9]+ +0x[0-9a-f]+ +$pid +$pid +0 +0 +0\$"
result "ps: a context that runs, on which SPE, and who holds it"
spuctl ps --json >$out
grep -qE "^\{\"context\": \"spethread-$pid-[0-9a-f]{16}\", \"async\": true, \"state\": \"running\", \"spe\": [0-9]+, \"npc\": [0-9]+, \"starter\": $pid, \"holder\": $pid, \"runs\": 0, \"events\": 0, \"unread\": 0\}\$" $out
result "ps --json"
spe=$(sed 's/.*"spe": \([0-9]*\).*/\1/' $out)
grep -q "^user " /sys/devices/system/spu/spu"$spe"/stat
result "ps: the SPE it names is the one that runs"
kill $pid
wait $pid

# Tracepoints
spuctl trace --list >$out
[ "$(cat $out)" = "$(cd /sys/kernel/tracing/events/spufs && ls -d */ | sed 's,/,,')" ]
result "trace --list: what tracefs has"
spuctl trace spuctl run exit >$out 2>&1
[ $? -eq 7 ] && grep -qE "^ +[0-9]+\.[0-9]+ +[01]  spuctl-[0-9]+ +spufs_context: spu_bind_context__enter \(ctxthread" $out
result "trace: a timeline, and the command's status"
spuctl trace --json spuctl run -q exit >$out 2>&1
grep -qE '^\{"time": [0-9.]+, "cpu": [01], "task": "spuctl-[0-9]+", "event": "spufs_context", "text": "spu_bind_context__enter' $out
result "trace --json"
spuctl trace nothing >$out 2>&1
[ $? -eq 127 ]
result "trace: a command that is not there"
[ "$(ls /sys/kernel/tracing/instances)" = "" ]
result "trace: nothing is left in tracefs"

# Debugging: the addresses and words are those of test/*.s
# debugs STATUS TEXT PROGRAM COMMANDS: a session prints exactly this
debugs()
{
	# shellcheck disable=SC2059
	printf "$4" | spuctl debug "$3" >$out 2>&1
	[ $? -eq "$1" ] && [ "$(tr '\t' ' ' <$out)" = "$2" ]
	result "debug $3: $(printf "$4" | tr '\n' ';')"
}
debugs 7 "0x00004: 33801183  lqr \$3,0x90
0x00008: 21000303  brnz \$3,0x20
0x00014: 78010185  ceq \$5,\$3,\$4
\$3   00001234 00000000 00000000 00000000
\$4   00001234 00001234 00001234 00001234
exit 7, stop 0x2007" exit 'step\ns 3\nregs 3 $4\ncontinue\n'
debugs 7 "0x00004: 33801183  lqr \$3,0x90
0x00018
0x0001c
0x00018: 20000105  brz \$5,0x20
0x0001c: 00002007  stop 0x2007
0x00018: 20000105 00002007                     ..... .
exit 7, stop 0x2007" exit 'break 24\nb 0x1c\nb\nc\nc\nmem 24 8\nc\n'
debugs 0 "0x00004: 33801183  lqr \$3,0x90
0x00024: 00000000  stop 0
0x00028: 00000000  stop 0" exit 'b 0x18\ndelete 0x18\nb\ndis 0x24 2\n'
debugs 0 "0x00000: 00002100  stop 0x2100
Hello
0x00008: 00002100  stop 0x2100" print 'step\nquit\nstep\n'
debugs 0 "0x00000: 40800003  il \$3,0
DMA to an address without memory
0x00024: 32000000  br 0" dma 'c\n'
debugs 0 "0x00000: 40200000  nop \$0
stop 0x1001
0x00008: 00000000  stop 0" stop 's 5\n'
debugs 1 "0x00004: 33801183  lqr \$3,0x90
spuctl: x? Try help
spuctl: 0x2: instructions are at multiples of 4
spuctl: there is none at 0x00008
spuctl: 262144: a number up to 0x3ffff is wanted
spuctl: mem: at which address?
exit 7, stop 0x2007
spuctl: the program has exited" exit 'x\nb 2\ndel 8\nb 262144\nmem\nc\nc\n'
printf 'c\nfault\n' | spuctl debug dma >$out 2>&1
grep -q "^DMA to an address without memory (event 0x40, class 1), at [0-9.]* s$" $out &&
	grep -q "^address 0x0, dsisr 0x40000000$" $out	# CBEA: MFC_DSISR, no translation
result "debug: fault"
[ "$(spuctl ps | sed 1d)" = "" ]
result "debug: no context is left"

# The same from outside, for a context that runs and for one that a session has
spuctl run spin >/dev/null 2>&1 &
pid=$!
until spuctl ps | grep -q running; do :; done
c=$(spuctl ps | sed '1d; s/ .*//')
[ "$(spuctl dis "$c" 0 1)" = "0x00000: 32000000  br	0" ] && spuctl regs "$c" | grep -q "^npc  0x00000$" &&
	[ "$(spuctl mem "$c" 0 4)" = "0x00000: 32000000                             2..." ] &&
	[ "$(spuctl fault "$c")" = "the last run had no error" ]
result "dis, regs, mem, fault: a context that runs"
spuctl step "$c" >$out 2>&1
[ $? -eq 1 ] && [ "$(cat $out)" = "spuctl: it runs, or its events were not read" ]
result "step: one that runs is refused"
kill $pid
wait $pid
mknod /tmp/commands p
spuctl debug exit </tmp/commands >/tmp/said &
pid=$!
exec 3>/tmp/commands
until grep -q lqr /tmp/said; do :; done
c=$(spuctl ps | sed '1d; s/ .*//')
[ "$(spuctl step "$c" 4)" = "0x00014: 78010185  ceq	\$5,\$3,\$4" ] &&
	[ "$(spuctl regs "$c" 4)" = "\$4   00001234 00001234 00001234 00001234" ] &&
	[ "$(spuctl dis "$c" | head -n 1)" = "0x00014: 78010185  ceq	\$5,\$3,\$4" ]
result "step: a context that another process has"
exec 3>&-
wait $pid
spuctl regs nothing >$out 2>&1
[ $? -eq 1 ] && [ "$(cat $out)" = "spuctl: nothing: there is no such context; ps lists them" ]
result "regs: a context that there is not"

usage "run, ps, trace or debug? See --help"
usage "go: run, ps, trace or debug is wanted; see --help" go
usage "debug: one program? See --help" debug
usage "regs: of which context? See --help" regs
usage "run: what? See --help" run
usage "ps: x? See --help" ps x
usage "trace: a command or --list? See --help" trace
usage "trace: a command or --list? See --help" trace --list x
usage "--copies 0: a number from 1 to 4096 is wanted" run -n 0 exit
usage "--copies 1x: a number from 1 to 4096 is wanted" run -n 1x exit

echo "1..$n"
exit $failed
