/* SPDX-License-Identifier: GPL-2.0 */
#
# Count the runs: one more each time the program is restarted at NPC, after
# as many turns of a loop as delay says.

	.globl	count, delay, stopped

again:
	lqr	$3, delay
1:
	brz	$3, 2f
	ai	$3, $3, -1
	br	1b
2:
	lqr	$2, count
	ai	$2, $2, 1
	stqr	$2, count
	stop	0x1001
stopped:
	br	again
	.balign	16
count:
	.long	0, 0, 0, 0
delay:
	.long	0, 0, 0, 0
