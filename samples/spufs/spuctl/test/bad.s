/* SPDX-License-Identifier: GPL-2.0 */
# Calls with bad arguments: each is an error, and nothing more.
	.include "call.inc"
	.globl	_start
	.text
_start:
	call	C99, 25, beyond
	expect	beyond, -1, 1
	expect_errno beyond, 14, 2	# EFAULT
	call	POSIX1, 27, long
	expect_errno long, 14, 3
	call	C99, 12, closed
	expect_errno closed, 9, 4	# EBADF
	call	C99, 37, conversion
	expect_errno conversion, 22, 5	# EINVAL
	call	C99, 200, unknown
	expect	unknown, -1, 6
	expect_errno unknown, 38, 7	# ENOSYS
	call	POSIX1, 21, unknown	# shm_open
	expect_errno unknown, 38, 8
	stop	0x2000
	.balign	16
beyond:	arg	0x40000
long:	arg	1
	arg	long
	arg	0x40000
closed:	arg	text
	arg	63
conversion: arg	percent
	arg	text
	arg	0
unknown: arg	0
	arg	0
text:	.asciz	"text"
percent: .asciz	"%y"
