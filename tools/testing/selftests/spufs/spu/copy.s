/* SPDX-License-Identifier: GPL-2.0 */
#
# Copy memory through local store: GET a chunk, PUT a chunk, go on.
# args: source (high, low), destination (high, low); size of a chunk, the
# number of them, and the stride in both places. No chunk may cross 4 GiB.

	.globl	args, stopped

	lqr	$20, args
	rotqbyi	$21, $20, 4	# source, low
	rotqbyi	$22, $20, 8	# destination, high
	rotqbyi	$23, $20, 12	# destination, low
	lqr	$24, args + 16	# size
	rotqbyi	$25, $24, 4	# chunks
	rotqbyi	$26, $24, 8	# stride

	ila	$5, 0x4000
	il	$6, 3
	il	$7, 8
	il	$8, 2
	il	$9, 0x40	# GET
	il	$10, 0x20	# PUT
	wrch	$ch22, $7	# MFC_WrTagMask
next:
	wrch	$ch16, $5	# MFC_LSA
	wrch	$ch17, $20	# MFC_EAH
	wrch	$ch18, $21	# MFC_EAL
	wrch	$ch19, $24	# MFC_Size
	wrch	$ch20, $6	# MFC_TagID
	wrch	$ch21, $9	# MFC_Cmd
	wrch	$ch23, $8	# MFC_WrTagUpdate: all
	rdch	$11, $ch24	# MFC_RdTagStat

	wrch	$ch16, $5
	wrch	$ch17, $22
	wrch	$ch18, $23
	wrch	$ch19, $24
	wrch	$ch20, $6
	wrch	$ch21, $10
	wrch	$ch23, $8
	rdch	$11, $ch24

	a	$21, $21, $26
	a	$23, $23, $26
	ai	$25, $25, -1
	brnz	$25, next
	stop	0x1001
stopped:
	.balign	16
args:
	.long	0, 0, 0, 0, 0, 0, 0, 0
