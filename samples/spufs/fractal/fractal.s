/* SPDX-License-Identifier: GPL-2.0 */
#
# The Mandelbrot set, four points at a time. args: the effective address (high,
# low) of a struct params (fractal.h), which says what to compute and where to
# put it. The outcome of four points is two quadwords: how many iterations each
# point took, and the |z|^2 with which it escaped (0: it did not).
#
# Blocks of BLOCK points go out by DMA from two buffers in turn, each with a tag
# of its own, while the next block is computed.

	.globl	args

	.set	BLOCK, 512
	.set	POINT, 8	# bytes
	.set	UNROLL, 8	# iterations between two checks whether all have escaped
	.set	buffers, 0x1000

	.macro	dma lsa, eah, eal, size, tag, cmd
	wrch	$ch16, \lsa	# MFC_LSA
	wrch	$ch17, \eah	# MFC_EAH
	wrch	$ch18, \eal	# MFC_EAL
	wrch	$ch19, \size	# MFC_Size
	wrch	$ch20, \tag	# MFC_TagID
	wrch	$ch21, \cmd	# MFC_Cmd
	.endm

	.macro	wait mask
	wrch	$ch22, \mask	# MFC_WrTagMask
	wrch	$ch23, $6	# MFC_WrTagUpdate: all
	rdch	$2, $ch24	# MFC_RdTagStat
	.endm

	# word \n of \quad, in all four words
	.macro	splat reg, quad, n
	rotqbyi	\reg, \quad, 4 * \n
	shufb	\reg, \reg, \reg, $7
	.endm

	# the 64-bit sum of (\hi, \lo) and \n
	.macro	add64 hi, lo, n
	cg	$2, \lo, \n
	a	\lo, \lo, \n
	a	\hi, \hi, $2
	.endm

	il	$6, 2
	ilhu	$7, 0x0001
	iohl	$7, 0x0203
	il	$8, 0		# tag, and number of a buffer
	il	$9, 3		# mask of both tags

	lqr	$10, args
	rotqbyi	$11, $10, 4
	ila	$12, params
	il	$13, 64
	il	$14, 0x40	# GET
	dma	$12, $10, $11, $13, $8, $14
	wait	$9

	lqr	$10, params
	splat	$20, $10, 0	# the first point of the picture
	splat	$21, $10, 1
	splat	$22, $10, 2	# the next column
	splat	$23, $10, 3	# the next row
	lqr	$10, params + 16
	splat	$24, $10, 0	# |z|^2 of points that escape
	splat	$25, $10, 1	# i_max
	splat	$26, $10, 2	# columns in a row
	lqr	$10, params + 32
	splat	$30, $10, 0	# row and
	splat	$31, $10, 1	# column of the first point of a run
	splat	$32, $10, 2	# points in a run
	splat	$33, $10, 3	# runs
	lqr	$10, params + 48
	splat	$34, $10, 0	# rows from run to run
	splat	$35, $10, 1	# bytes from run to run
	splat	$36, $10, 2	# where they go
	splat	$37, $10, 3

	ai	$27, $25, UNROLL - 1
	rotmi	$27, $27, -3	# rounds of UNROLL iterations
	lqr	$28, lanes
	a	$31, $31, $28
	il	$15, 0x20	# PUT
	ila	$16, buffers
	il	$17, BLOCK
	il	$18, 1
run:
	ori	$40, $30, 0	# row
	ori	$41, $31, 0	# columns
	ori	$42, $32, 0	# points left
	ori	$43, $36, 0
	ori	$44, $37, 0
block:
	clgt	$2, $17, $42
	selb	$45, $17, $42, $2	# points of this block
	shli	$46, $8, 12	# log2(BLOCK * POINT)
	a	$46, $16, $46	# its buffer
	shl	$2, $18, $8
	wait	$2

	ori	$47, $46, 0
	rotmi	$48, $45, -2
points:
	csflt	$2, $41, 0
	fma	$50, $2, $22, $20	# c
	csflt	$2, $40, 0
	fma	$51, $2, $23, $21
	il	$52, 0		# z
	il	$53, 0
	il	$54, 0		# |z|^2, or what it was when it escaped
	il	$55, -1		# has not escaped
	il	$56, 0		# iterations
	ori	$57, $27, 0
1:
	.rept	UNROLL
	fm	$60, $53, $53
	fnms	$61, $53, $53, $50
	fma	$60, $52, $52, $60
	fa	$62, $52, $52
	selb	$54, $54, $60, $55
	fma	$53, $62, $53, $51
	fcgt	$55, $24, $54
	fma	$52, $52, $52, $61
	sf	$56, $55, $56
	.endr
	orx	$2, $55
	brz	$2, 2f
	ai	$57, $57, -1
	brnz	$57, 1b
2:
	cgt	$2, $25, $56	# the last round may have gone beyond i_max
	selb	$56, $25, $56, $2
	and	$54, $54, $2
	stqd	$56, 0($47)
	stqd	$54, 16($47)
	ai	$47, $47, 4 * POINT

	ai	$41, $41, 4
	cgt	$2, $26, $41	# still in the same row?
	andc	$3, $26, $2
	sf	$41, $3, $41
	a	$40, $40, $2
	ai	$40, $40, 1
	ai	$48, $48, -1
	brnz	$48, points

	shli	$2, $45, 3	# log2(POINT)
	dma	$46, $43, $44, $2, $8, $15
	ori	$3, $2, 0
	add64	$43, $44, $3
	xori	$8, $8, 1
	sf	$42, $45, $42
	brnz	$42, block

	a	$30, $30, $34
	add64	$36, $37, $35
	ai	$33, $33, -1
	brnz	$33, run

	wait	$9
	stop	0x1001

	.balign	16
args:
	.long	0, 0, 0, 0
lanes:
	.long	0, 1, 2, 3
params:
	.long	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
