/* SPDX-License-Identifier: GPL-2.0 */
# Exits with 7, if .bss is zero and .data is there.
	.globl	_start
	.text
	nop
_start:
	lqr	$3, zeros
	brnz	$3, bad
	lqr	$3, data
	ila	$4, 0x1234
	ceq	$5, $3, $4
	brz	$5, bad
	stop	0x2007
bad:
	stop	0x2001
	.data
	.balign	16
data:	.long	0x1234, 0, 0, 0
	.section .bss, "aw", @nobits
	.balign	16
zeros:	.space	0x1000
