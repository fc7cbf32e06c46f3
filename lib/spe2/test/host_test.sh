#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# host_test.sh DIR: test the parts of the library that run on the host; DIR/64 and
# DIR/32 have the libraries. ROUNDS and SEED are for the fuzzer. Prints TAP.
set -u
here=$(dirname "$(realpath "$0")")
lib=$here/..
set -- "$(realpath "$1")"
failed=0

# fuzz_test: files, formats and stop information under sanitizers
echo "# fuzz_test"
gcc -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined \
	-fno-sanitize-recover=all -I"$lib" -o "$1/fuzz" "$here/fuzz.c" "$lib"/{elf,format,scan,stop,ls}.c &&
	"$1/fuzz" "${ROUNDS:-100000}" ${SEED:+"$SEED"} || failed=1

# threads_test: event handlers and the queue, under ThreadSanitizer
echo "# threads_test"
gcc -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fsanitize=thread -pthread -I"$lib" \
	-o "$1/threads" "$here/threads.c" "$lib/event.c" &&
	TSAN_OPTIONS=halt_on_error=1 timeout 120 setarch -R "$1/threads" || failed=1

echo "# abi_test"
"$here/abi_test.sh" "$1/64" "$1/32" || failed=1

# other_test: embedspu, pkg-config, manual pages
echo "# other_test"
echo "TAP version 13"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
# result WHAT: report the result of the command before
result()
{
	if [ $? -eq 0 ]; then ok="ok"; else ok="not ok"; failed=1; sed 's/^/# /' "$work/out"; fi
	n=$((n + 1))
	echo "$ok $n $1"
}

# A handle, as a program links it: three words and the file
printf '\177ELF and so on' >"$work/spu.elf"
printf '#include <libspe2.h>\nextern spe_program_handle_t prog;\nvoid *image(void) { return prog.elf_image; }\n' \
	>"$work/use.c"
for bits in 64 32; do
	case $bits in
	64)	cross=powerpc64-linux-gnu- ;;
	32)	cross=powerpc-linux-gnu- ;;
	esac
	CC=${cross}gcc "$lib/embedspu" prog "$work/spu.elf" "$work/prog.o" >"$work/out" 2>&1 &&
		"${cross}gcc" -I"$lib" -shared -fPIC -nostdlib -o "$work/use.so" "$work/use.c" \
			"$work/prog.o" >"$work/out" 2>&1 &&
		"${cross}readelf" -W -s "$work/prog.o" | grep -q "OBJECT  GLOBAL DEFAULT.* prog$" &&
		"${cross}readelf" -W -r "$work/prog.o" | grep -q 'ADDR.*rodata.speelf' &&
		grep -q 'ELF and so on' "$work/use.so"
	result "embedspu, $bits bit"
done
"$lib/embedspu" prog "$work/nothing" "$work/prog.o" >"$work/out" 2>&1
[ $? -eq 1 ] && grep -q "^embedspu: $work/nothing: " "$work/out"
result "embedspu: a file that is not there"
"$lib/embedspu" 1bad "$work/spu.elf" "$work/prog.o" >"$work/out" 2>&1
[ $? -eq 1 ] && grep -q "^embedspu: 1bad: " "$work/out"
result "embedspu: a name that is none"

make -s -C "$lib" CROSS_COMPILE=powerpc64-linux-gnu- OUTPUT="$1/64" DESTDIR="$work/inst" install \
	>"$work/out" 2>&1 &&
	PKG_CONFIG_PATH=$work/inst/usr/local/lib/pkgconfig pkg-config --libs libspe2 >"$work/out" &&
	grep -q -- '-lspe2' "$work/out"
result "make install, and what pkg-config says"
if command -v mandoc >/dev/null; then
	mandoc -Tlint "$lib"/man/*.[37] >"$work/out" 2>&1
	result "manual pages: mandoc -Tlint"
else
	n=$((n + 1))
	echo "ok $n manual pages # SKIP mandoc is not installed"
fi
echo "1..$n"
exit $failed
