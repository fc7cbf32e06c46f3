/* SPDX-License-Identifier: GPL-2.0 */
#
# Loops to measure: DMA commands, each waited for, and channel operations.
# args: LSA, EAH, EAL, size; command opcode, turns. In a list command, EAL is the
# list's address in local store and size that of the list.

	.globl	args, dma, channels, nothing

dma:
	lqr	$20, args
	rotqbyi	$21, $20, 4
	rotqbyi	$22, $20, 8
	rotqbyi	$23, $20, 12
	lqr	$24, args + 16
	rotqbyi	$25, $24, 4	# turns
	il	$6, 5
	il	$7, 0x20
	il	$8, 2
	wrch	$ch22, $7	# MFC_WrTagMask
1:	wrch	$ch16, $20	# MFC_LSA
	wrch	$ch17, $21	# MFC_EAH
	wrch	$ch18, $22	# MFC_EAL
	wrch	$ch19, $23	# MFC_Size
	wrch	$ch20, $6	# MFC_TagID
	wrch	$ch21, $24	# MFC_Cmd
	wrch	$ch23, $8	# MFC_WrTagUpdate: all
	rdch	$11, $ch24	# MFC_RdTagStat
	ai	$25, $25, -1
	brnz	$25, 1b
	stop	0x1001

# Four operations a turn
channels:
	lqr	$24, args + 16
	rotqbyi	$25, $24, 4
	il	$7, 0x20
2:	wrch	$ch22, $7	# MFC_WrTagMask
	rdch	$8, $ch12	# MFC_RdTagMask
	rchcnt	$9, $ch29	# SPU_RdInMbox
	rdch	$10, $ch13	# SPU_RdMachStat
	ai	$25, $25, -1
	brnz	$25, 2b
	stop	0x1001

nothing:
	stop	0x1001
	br	nothing

	.balign	16
args:
	.long	0, 0, 0, 0, 0, 0, 0, 0
