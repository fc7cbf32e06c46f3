/* SPDX-License-Identifier: GPL-2.0 */
#
# Count for ever; count is in local store for all to see.

	.globl	loop, count

	il	$2, 0
loop:
	ai	$2, $2, 1
	stqr	$2, count
	br	loop
	.balign	16
count:
	.long	0, 0, 0, 0
