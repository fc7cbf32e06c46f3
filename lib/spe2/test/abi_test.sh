#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# abi_test.sh LIBDIR64 LIBDIR32: does the built library have the ABI that programs
# were linked with?
#
# abi.txt has the table: the declarations in the headers of libspe2 2.3.0 (sizes,
# offsets, numbers), its exports, and the versions of new symbols. Prints TAP.
set -u
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0

# result WHAT: report the result of the command before
result()
{
	if [ $? -eq 0 ]; then ok="ok"; else ok="not ok"; failed=1; sed 's/^/# /' "$work/out"; fi
	n=$((n + 1))
	echo "$ok $n $1"
}

echo "TAP version 13"
for bits in 64 32; do
	case $bits in
	64)	cross=powerpc64-linux-gnu- dir=$1 column=3 ;;
	32)	cross=powerpc-linux-gnu- dir=$2 column=4 ;;
	esac

	# Assertions, one for each line of the table
	{
		printf '#include <assert.h>\n#include <stddef.h>\n#include <signal.h>\n#include <libspe2.h>\n'
		awk -v c="$column" '
		function t(s) { sub(/^struct_/, "struct ", s); return s }
		$1 == "size" { printf "static_assert(sizeof(%s) == %s, \"%s\");\n", t($2), $c, $0 }
		$1 == "offset" { split($2, m, "."); printf \
			"static_assert(offsetof(%s, %s) == %s, \"%s\");\n", t(m[1]), m[2], $c, $0 }
		$1 == "member" { match($2, /[.]/); m[1] = substr($2, 1, RSTART - 1); m[2] = substr($2, RSTART + 1); printf \
			"static_assert(sizeof(((%s *)0)->%s) == %s, \"%s\");\n", m[1], m[2], $c, $0 }
		$1 == "prototype" { sub("prototype ", ""); print $0 ";" }
		$1 == "value" { printf "static_assert((%s) == %s, \"%s\");\n", $2, $3, $0 }' \
			"$here/abi.txt"
	} >"$work/abi.c"
	"${cross}gcc" -std=c11 -I"$here/.." -fsyntax-only "$work/abi.c" 2>"$work/out"
	result "$bits bit: sizes, offsets, numbers and prototypes"

	# Each old function has a prototype there.
	diff <(sed -n 's/^prototype .*[ *]\(spe_[a-z0-9_]*\)(.*/\1/p' "$here/abi.txt" | sort) \
		<(awk '$1 == "symbol" && $2 ~ /^spe_/ && !$3 { print $2 }' "$here/abi.txt" | sort) \
		>"$work/out"
	result "$bits bit: every function has a prototype"

	# name and version of what the library defines
	"${cross}readelf" -W --dyn-syms "$dir/libspe2.so.2" |
		awk '$1 ~ /^[0-9]+:$/ && $5 != "LOCAL" && $7 != "UND" && $7 != "ABS" && $8 { sub("@@", " ", $8); print $8 }' |
		sort >"$work/have"
	awk '$1 == "symbol" { print $2 ($3 ? " " $3 : "") }' "$here/abi.txt" | sort >"$work/want"
	diff "$work/want" "$work/have" >"$work/out"
	result "$bits bit: symbols and their versions"

	"${cross}readelf" -d "$dir/libspe2.so.2" | grep -q 'SONAME.*\[libspe2.so.2\]' 2>"$work/out"
	result "$bits bit: soname"
done

# The headers in every dialect, with all warnings
echo '#include <libspe2.h>' >"$work/h.c"
cp "$work/h.c" "$work/h.cc"
for std in c89 c99 c11 c17 c2x gnu89 gnu17; do
	powerpc64-linux-gnu-gcc -std=$std -pedantic -Wall -Wextra -Werror -I"$here/.." \
		-fsyntax-only "$work/h.c" 2>"$work/out"
	result "headers in $std"
done
if command -v g++ >/dev/null; then
	for std in c++98 c++11 c++17 c++20; do
		g++ -std=$std -pedantic -Wall -Wextra -Werror -I"$here/.." -fsyntax-only \
			"$work/h.cc" 2>"$work/out"
		result "headers in $std"
	done
else
	n=$((n + 1))
	echo "ok $n headers in C++ # SKIP g++ is not installed"
fi
echo "1..$n"
exit $failed
