/* SPDX-License-Identifier: GPL-2.0 */
#
# GET 16 bytes of one page after the other, for ever.
# args: where they begin (high, low), the size of a page, and the mask that keeps
# the offset within them. They may not cross 4 GiB.

	.globl	args

	lqr	$20, args
	rotqbyi	$21, $20, 4	# low
	rotqbyi	$22, $20, 8	# page
	rotqbyi	$23, $20, 12	# mask
	il	$24, 0		# offset
	ila	$5, 0x4000
	il	$6, 16
	il	$7, 3
	il	$8, 8
	il	$9, 0x40	# GET
	il	$10, 2
	wrch	$ch22, $8	# MFC_WrTagMask
next:
	a	$25, $21, $24
	wrch	$ch16, $5	# MFC_LSA
	wrch	$ch17, $20	# MFC_EAH
	wrch	$ch18, $25	# MFC_EAL
	wrch	$ch19, $6	# MFC_Size
	wrch	$ch20, $7	# MFC_TagID
	wrch	$ch21, $9	# MFC_Cmd
	wrch	$ch23, $10	# MFC_WrTagUpdate: all
	rdch	$11, $ch24	# MFC_RdTagStat
	a	$24, $24, $22
	and	$24, $24, $23
	br	next
	.balign	16
args:
	.long	0, 0, 0, 0
