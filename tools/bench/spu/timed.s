/* SPDX-License-Identifier: GPL-2.0 */
#
# A run of a known length: turns turns of a loop of two instructions. At its
# end the decrementer is stored in now.
#
# At clock, the decrementer is stored there again and again, every 1,600
# instructions, until somebody has looked: the reader of now finds out how the
# decrementer and the time base are related.
#
# At faults, a GET from each of some pages; the next run goes on where this one
# ended. At calls, some PPE-assisted calls (stop 0x2104) of getppid; at posix, as
# many of getpagesize (stop 0x2101), which a library serves. A program file begins at
# first, because a library sets registers only when a program begins there.

	.globl	turns, now, clock, looked, faults, calls, posix, pages
	.globl	first

run:
	lqr	$3, turns
1:
	ai	$3, $3, -1
	brnz	$3, 1b
	rdch	$2, $ch8	# SPU_RdDec
	stqr	$2, now
	stop	0x1001

	.balign	16
first:
	br	run

	.balign	16
clock:
	il	$2, -1
	wrch	$ch7, $2	# SPU_WrDec
2:
	rdch	$2, $ch8
	stqr	$2, now
	il	$4, 800
3:
	ai	$4, $4, -1
	brnz	$4, 3b
	lqr	$3, looked
	brz	$3, 2b
	stop	0x1001

	.balign	16
faults:
	lqr	$10, pages	# address, high and low, number, size
	rotqbyi	$11, $10, 4
	rotqbyi	$12, $10, 8
	rotqbyi	$13, $10, 12
	ila	$4, buffer
	il	$5, 16
	il	$6, 1
	il	$7, 2
	il	$8, 0x40	# GET
4:
	wrch	$ch16, $4	# MFC_LSA
	wrch	$ch17, $10	# MFC_EAH
	wrch	$ch18, $11	# MFC_EAL
	wrch	$ch19, $5	# MFC_Size
	wrch	$ch20, $6	# MFC_TagID
	wrch	$ch21, $8	# MFC_Cmd
	wrch	$ch22, $7	# MFC_WrTagMask
	wrch	$ch23, $7	# MFC_WrTagUpdate: all
	rdch	$2, $ch24	# MFC_RdTagStat
	a	$11, $11, $13
	ai	$12, $12, -1
	brnz	$12, 4b
	il	$2, 0
	cwd	$2, 4($2)
	lqr	$10, pages
	shufb	$10, $11, $10, $2
	stqr	$10, pages
	stop	0x1001

	.balign	16
calls:
	lqr	$3, pages
	rotqbyi	$3, $3, 8
5:
	lqr	$2, getppid
	stqr	$2, block
	stop	0x2104
	.long	block
	ai	$3, $3, -1
	brnz	$3, 5b
	stop	0x1001

	.balign	16
posix:
	lqr	$3, pages
	rotqbyi	$3, $3, 8
6:
	stop	0x2101
	.long	0x06000000 + block
	ai	$3, $3, -1
	brnz	$3, 6b
	stop	0x1001

	.balign	16
turns:
	.long	1, 1, 1, 1
now:
	.long	0, 0, 0, 0
looked:
	.long	0, 0, 0, 0
pages:
	.long	0, 0, 0, 0
getppid:
	.long	0, 64, 0, 0	# __NR_getppid; no arguments
block:			# struct spu_syscall_block
	.space	64
buffer:
	.space	16
