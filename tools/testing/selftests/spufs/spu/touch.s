/* SPDX-License-Identifier: GPL-2.0 */
#
# GET 16 bytes of one page after the other, with a pause after each.
# args: the start (high, low), the size of a page, and their number; turns of the
# loop that is the pause. The pages may not cross 4 GiB.

	.globl	args

	lqr	$20, args
	rotqbyi	$21, $20, 4	# low
	rotqbyi	$22, $20, 8	# page
	rotqbyi	$23, $20, 12	# pages
	lqr	$24, args + 16	# pause
	ila	$5, 0x4000
	il	$6, 16
	il	$7, 3
	il	$8, 8
	il	$9, 0x40	# GET
	il	$10, 2
	wrch	$ch22, $8	# MFC_WrTagMask
next:
	wrch	$ch16, $5	# MFC_LSA
	wrch	$ch17, $20	# MFC_EAH
	wrch	$ch18, $21	# MFC_EAL
	wrch	$ch19, $6	# MFC_Size
	wrch	$ch20, $7	# MFC_TagID
	wrch	$ch21, $9	# MFC_Cmd
	wrch	$ch23, $10	# MFC_WrTagUpdate: all
	rdch	$11, $ch24	# MFC_RdTagStat

	ori	$12, $24, 0
1:
	ai	$12, $12, -1
	brnz	$12, 1b
	a	$21, $21, $22
	ai	$23, $23, -1
	brnz	$23, next
	stop	0x1001
	.balign	16
args:
	.long	0, 0, 0, 0
	.long	0, 0, 0, 0
