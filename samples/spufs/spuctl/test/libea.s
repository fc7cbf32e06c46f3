/* SPDX-License-Identifier: GPL-2.0 */
# Memory of the process: allocated, enlarged, freed, and not freed again. Addresses
# and sizes are two words.
	.include "call.inc"
	.globl	_start
	.text
_start:
	stop	0x2105
	.long	malloc + 0x03000000
	lqr	$3, malloc
	orx	$4, $3
	brnz	$4, 1f
	stop	0x2001
1:
	stqr	$3, realloc
	stop	0x2105
	.long	realloc + 0x04000000
	lqr	$3, realloc
	orx	$4, $3
	brnz	$4, 2f
	stop	0x2002
2:
	stqr	$3, free
	stqr	$3, again
	stop	0x2105
	.long	free + 0x02000000
	expect	free, 0, 3
	stop	0x2105
	.long	again + 0x02000000
	expect	again, -1, 4
	expect_errno again, 14, 5	# EFAULT: it is nobody's
	stop	0x2000
	.balign	16
malloc:	.long	0, 4096, 0, 0
realloc: .long	0, 0, 0, 0
	.long	0, 8192, 0, 0
free:	.long	0, 0, 0, 0
again:	.long	0, 0, 0, 0
