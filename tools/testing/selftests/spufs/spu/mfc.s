/* SPDX-License-Identifier: GPL-2.0 */
#
# One MFC command of the caller's choice, good or bad, and wait for its end.
# args: LSA, EAH, EAL, size; command opcode.

	.globl	args, waiting

	lqr	$20, args
	rotqbyi	$21, $20, 4
	rotqbyi	$22, $20, 8
	rotqbyi	$23, $20, 12
	lqr	$24, args + 16
	il	$6, 5
	il	$7, 0x20
	il	$8, 2
	wrch	$ch16, $20	# MFC_LSA
	wrch	$ch17, $21	# MFC_EAH
	wrch	$ch18, $22	# MFC_EAL
	wrch	$ch19, $23	# MFC_Size
	wrch	$ch20, $6	# MFC_TagID
	wrch	$ch21, $24	# MFC_Cmd
	wrch	$ch22, $7	# MFC_WrTagMask
	wrch	$ch23, $8	# MFC_WrTagUpdate: all
waiting:
	rdch	$11, $ch24	# MFC_RdTagStat
	stop	0x1001
	.balign	16
args:
	.long	0, 0, 0, 0, 0, 0, 0, 0
