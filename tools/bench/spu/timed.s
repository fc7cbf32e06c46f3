/* SPDX-License-Identifier: GPL-2.0 */
#
# A run of a known length: turns turns of a loop of two instructions, at
# which end the decrementer is left in now.
#
# And at clock, for the reader of now to find out how the decrementer and the
# time base go together: it is left there again and again, every 1,600
# instructions, for as long as it may take until somebody looks.

	.globl	turns, now, clock

	lqr	$3, turns
1:
	ai	$3, $3, -1
	brnz	$3, 1b
	rdch	$2, $ch8	# SPU_RdDec
	stqr	$2, now
	stop	0x1001

	.balign	16
clock:
	il	$2, -1
	wrch	$ch7, $2	# SPU_WrDec
	il	$3, 300
2:
	rdch	$2, $ch8
	stqr	$2, now
	il	$4, 800
3:
	ai	$4, $4, -1
	brnz	$4, 3b
	ai	$3, $3, -1
	brnz	$3, 2b
	stop	0x1001
	.balign	16
turns:
	.long	1, 1, 1, 1
now:
	.long	0, 0, 0, 0
