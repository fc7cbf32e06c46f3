/* SPDX-License-Identifier: GPL-2.0 */
#
# A seed comes by mailbox, args[0] steps of Marsaglia's xorshift32 follow,
# and the outcome is both left in local store and put to the effective address
# args[1], args[2] (16 bytes, aligned).

	.globl	args, result

	rdch	$3, $ch29	# SPU_RdInMbox
	lqr	$4, args
	rotqbyi	$7, $4, 4
	rotqbyi	$8, $4, 8
1:
	shli	$5, $3, 13
	xor	$3, $3, $5
	rotmi	$5, $3, -17
	xor	$3, $3, $5
	shli	$5, $3, 5
	xor	$3, $3, $5
	ai	$4, $4, -1
	brnz	$4, 1b
	stqr	$3, result

	ila	$6, result
	il	$9, 16
	il	$10, 7
	il	$11, 0x20	# PUT
	wrch	$ch16, $6	# MFC_LSA
	wrch	$ch17, $7	# MFC_EAH
	wrch	$ch18, $8	# MFC_EAL
	wrch	$ch19, $9	# MFC_Size
	wrch	$ch20, $10	# MFC_TagID
	wrch	$ch21, $11	# MFC_Cmd
	il	$12, 0x80
	il	$13, 2
	wrch	$ch22, $12	# MFC_WrTagMask
	wrch	$ch23, $13	# MFC_WrTagUpdate: all
	rdch	$14, $ch24	# MFC_RdTagStat
	stop	0x1001
	.balign	16
args:
	.long	0, 0, 0, 0
result:
	.long	0, 0, 0, 0
