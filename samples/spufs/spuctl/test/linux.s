/* SPDX-License-Identifier: GPL-2.0 */
# System calls: a block with the number and six arguments, of 64 bits each.
	.include "call.inc"
	.globl	_start
	.text
_start:
	stop	LINUX
	.long	getpid
	lqr	$3, getpid
	rotqbyi	$3, $3, 4
	cgti	$4, $3, 1
	brnz	$4, 1f
	stop	0x2001
1:
	stop	LINUX
	.long	close
	lqr	$3, close
	rotqbyi	$3, $3, 4
	ai	$3, $3, 9	# EBADF
	brz	$3, 2f
	stop	0x2002
2:
	stop	LINUX
	.long	fork
	lqr	$3, fork
	rotqbyi	$3, $3, 4
	ai	$3, $3, 38	# ENOSYS
	brz	$3, 3f
	stop	0x2003
3:
	stop	0x2000
	.balign	16
getpid:	.quad	20, 0, 0, 0, 0, 0, 0, 0
close:	.quad	6, 9999, 0, 0, 0, 0, 0, 0
fork:	.quad	2, 0, 0, 0, 0, 0, 0, 0
