/* SPDX-License-Identifier: GPL-2.0 */
#
# Add one to the words of the second quadword at the effective address args[0],
# args[1] (128-byte aligned), args[2] times, each while holding the lock that is
# the first word: taken by GETLLAR and PUTLLC, given back by PUTLLUC together
# with the result.

	.globl	args

	lqr	$20, args
	rotqbyi	$21, $20, 4
	rotqbyi	$22, $20, 8
	ila	$5, line
	il	$6, 0xd0	# GETLLAR
	il	$7, 0xb4	# PUTLLC
	il	$10, 0xb0	# PUTLLUC
	il	$8, 0
	il	$13, 1
	cwd	$14, 0($5)
again:
	wrch	$ch16, $5	# MFC_LSA
	wrch	$ch17, $20	# MFC_EAH
	wrch	$ch18, $21	# MFC_EAL
	wrch	$ch20, $8	# MFC_TagID
	wrch	$ch21, $6	# MFC_Cmd
	rdch	$11, $ch27	# MFC_RdAtomicStat
	lqr	$12, line
	brnz	$12, taken
	shufb	$15, $13, $12, $14
	stqr	$15, line
	wrch	$ch16, $5
	wrch	$ch17, $20
	wrch	$ch18, $21
	wrch	$ch20, $8
	wrch	$ch21, $7
	rdch	$11, $ch27
	andi	$11, $11, 1	# the reservation was lost
	brnz	$11, again
	lqr	$16, line + 16
	ai	$16, $16, 1
	stqr	$16, line + 16
	stqr	$12, line
	wrch	$ch16, $5
	wrch	$ch17, $20
	wrch	$ch18, $21
	wrch	$ch20, $8
	wrch	$ch21, $10
	rdch	$11, $ch27
	ai	$22, $22, -1
	brnz	$22, again
	stop	0x1001
	# Who has it may be long at it, if that is a thread that does not run.
taken:
	il	$17, 500
pause:
	ai	$17, $17, -1
	brnz	$17, pause
	br	again
	.balign	16
args:
	.long	0, 0, 0, 0
	.balign	128
line:
	.space	128
