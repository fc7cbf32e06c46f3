/* SPDX-License-Identifier: GPL-2.0 */
#
# Add one to the words of the quadword at the effective address args[0],
# args[1] (128-byte aligned), args[2] times, each with GETLLAR and PUTLLC.

	.globl	args, lost

	lqr	$20, args
	rotqbyi	$21, $20, 4
	rotqbyi	$22, $20, 8
	ila	$5, line
	il	$6, 0xd0	# GETLLAR
	il	$7, 0xb4	# PUTLLC
	il	$8, 0
	il	$9, 0
again:
	wrch	$ch16, $5	# MFC_LSA
	wrch	$ch17, $20	# MFC_EAH
	wrch	$ch18, $21	# MFC_EAL
	wrch	$ch20, $8	# MFC_TagID
	wrch	$ch21, $6	# MFC_Cmd
	rdch	$11, $ch27	# MFC_RdAtomicStat
	lqr	$12, line
	ai	$12, $12, 1
	stqr	$12, line
	wrch	$ch16, $5
	wrch	$ch17, $20
	wrch	$ch18, $21
	wrch	$ch20, $8
	wrch	$ch21, $7
	rdch	$11, $ch27
	andi	$11, $11, 1	# the reservation was lost
	a	$9, $9, $11
	brnz	$11, again
	ai	$22, $22, -1
	brnz	$22, again
	stqr	$9, lost
	stop	0x1001
	.balign	16
args:
	.long	0, 0, 0, 0
lost:
	.long	0, 0, 0, 0
	.balign	128
line:
	.space	128
