/* SPDX-License-Identifier: GPL-2.0 */
# Interrupts are enabled before a call and stay enabled after it: the status has a
# bit for each.
	.include "call.inc"
	.globl	_start
	.text
_start:
	ila	$2, 1f
	bie	$2
1:	rdch	$3, $ch13	# SPU_RdMachStat: the lowest bit
	call	C99, 25, puts
	rdch	$4, $ch13
	a	$4, $4, $4
	or	$3, $3, $4
	ceqi	$5, $3, 3
	brnz	$5, 3f
	ceqi	$5, $3, 1
	brnz	$5, 2f
	stop	0x2000
2:	stop	0x2001
3:	stop	0x2003
	.balign	16
puts:	arg	text
text:	.asciz	"a line"
