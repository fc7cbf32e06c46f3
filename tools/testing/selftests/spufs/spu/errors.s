/* SPDX-License-Identifier: GPL-2.0 */
#
# On a word in the inbound mailbox, fail twice: with a DMA command that is not
# aligned, then, long after its interrupt has been taken, with a word that is not
# an instruction.

	rdch	$3, $ch29	# SPU_RdInMbox
	il	$4, 8
	il	$5, 0
	il	$6, 16
	il	$7, 0x40	# get
	wrch	$ch16, $4	# MFC_LSA
	wrch	$ch17, $5	# MFC_EAH
	wrch	$ch18, $5	# MFC_EAL: EA and LSA differ in their low bits
	wrch	$ch19, $6	# MFC_Size
	wrch	$ch20, $5	# MFC_TagID
	wrch	$ch21, $7	# MFC_Cmd
	ila	$8, 100000
1:
	ai	$8, $8, -1
	brnz	$8, 1b
	.long	0x00800000	# no instruction has opcode 00000000100
