#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# run.sh DIR...: run the library's tests in these directories (TESTS: only those named),
# each with contexts run by spu_run() and by event files; those with the shared library
# run only once. Prints TAP; needs root, spufs and eight SPEs.
status=0

# one NAME VALUE: LIBSPE2_ASYNC=VALUE
one()
{
	echo "# $1"
	LIBSPE2_ASYNC=$2 "./$1"
	s=$?
	# 4: everything was skipped
	[ $s -eq 0 ] || [ $s -eq 4 ] || status=1
}

for dir; do
	cd "$dir" || exit 1
	for t in ${TESTS:-*_test}; do
		one "$t" 0
		case $t in
		*_shared_test)	;;
		*)		one "$t" 1 ;;
		esac
	done
done
exit $status
