# SPDX-License-Identifier: GPL-2.0
#
# Count the runs: one more each time the program is restarted at NPC.

	.globl	count, stopped

again:
	lqr	$2, count
	ai	$2, $2, 1
	stqr	$2, count
	stop	0x1001
stopped:
	br	again
	.balign	16
count:
	.long	0, 0, 0, 0
