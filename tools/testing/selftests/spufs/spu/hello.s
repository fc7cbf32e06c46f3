/* SPDX-License-Identifier: GPL-2.0 */
#
# Put a greeting of 32 bytes to the effective address in args (high, low).

	.globl	args

	lqr	$7, args
	rotqbyi	$8, $7, 4
	ila	$6, greeting
	il	$9, 32
	il	$10, 1
	il	$11, 0x20	# PUT
	wrch	$ch16, $6	# MFC_LSA
	wrch	$ch17, $7	# MFC_EAH
	wrch	$ch18, $8	# MFC_EAL
	wrch	$ch19, $9	# MFC_Size
	wrch	$ch20, $10	# MFC_TagID
	wrch	$ch21, $11	# MFC_Cmd
	il	$12, 2
	wrch	$ch22, $12	# MFC_WrTagMask: 1 << tag
	wrch	$ch23, $12	# MFC_WrTagUpdate: all
	rdch	$13, $ch24	# MFC_RdTagStat
	stop	0x1337
	.balign	16
args:
	.long	0, 0, 0, 0
greeting:
	.asciz	"Hello from an SPU"
	.balign	32
