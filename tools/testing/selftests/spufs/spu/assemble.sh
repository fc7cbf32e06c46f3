#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Assemble the SPU programs and write their words to NAME.h_shipped, so that
# the tests build without an SPU toolchain. Global symbols become macros.
#
# assemble.sh [DIR]          write the files that changed (DIR: not those here)
# assemble.sh --check [DIR]  write nothing, fail if one is out of date
#
# SPU_AS, SPU_LD, SPU_OBJCOPY: the tools of an spu-elf binutils

set -eu

: "${SPU_AS:=spu-elf-as}" "${SPU_LD:=spu-elf-ld}" "${SPU_OBJCOPY:=spu-elf-objcopy}"

check=
case ${1-} in
--check) check=1; shift ;;
-*) echo "usage: $0 [--check] [DIR]" >&2; exit 2 ;;
esac

cd "${1-$(dirname "$0")}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# global symbols in the map of .text: "value name"
symbols='/^ \.text .*0x/,/^$/s/^ *0x0*\([0-9a-f]\{4\}\)  *\([a-z][a-z0-9_]*\)$/\1 \2/p'

stale=0
for src in *.s; do
	name=${src%.s}
	upper=$(echo "$name" | tr '[:lower:]' '[:upper:]')
	"$SPU_AS" -o "$tmp/o" "$src"
	"$SPU_LD" -Ttext=0 -e 0 -Map="$tmp/map" -o "$tmp/elf" "$tmp/o"
	"$SPU_OBJCOPY" -O binary -j .text "$tmp/elf" "$tmp/bin"
	{
		head -n 1 "$src"
		echo "/* Made from $src by assemble.sh: do not edit. */"
		sed -n "$symbols" "$tmp/map" | while read -r value symbol; do
			symbol=$(echo "$symbol" | tr '[:lower:]' '[:upper:]')
			printf '#define SPU_%s_%s\t0x%s\n' \
				"$upper" "$symbol" "$value"
		done
		echo "static const unsigned int spu_${name}[] = {"
		od -An -v -tx1 -w4 "$tmp/bin" |
			sed 's/ //g; s/.*/	0x&,/'
		echo "};"
	} >"$tmp/h"
	if cmp -s "$tmp/h" "$name.h_shipped"; then
		continue
	elif [ "$check" ]; then
		echo "$name.h_shipped is not what $src assembles to" >&2
		stale=1
	else
		cp "$tmp/h" "$name.h_shipped"
	fi
done
exit $stale
