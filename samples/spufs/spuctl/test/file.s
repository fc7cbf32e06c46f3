/* SPDX-License-Identifier: GPL-2.0 */
# A file is written, read back, measured and closed; the status says which step
# failed.
	.include "call.inc"
	.globl	_start
	.text
_start:
	call	POSIX1, 15, open
	lqr	$3, open
	cgti	$4, $3, 2
	brnz	$4, 1f
	stop	0x2001
1:
	stqr	$3, write
	stqr	$3, lseek
	stqr	$3, read
	stqr	$3, fstat
	stqr	$3, close
	stqr	$3, again
	call	POSIX1, 27, write
	expect	write, 10, 2
	call	POSIX1, 9, lseek
	expect	lseek, 4, 3
	call	POSIX1, 16, read
	expect	read, 6, 4
	expect	buffer, 0x34353637, 5
	call	POSIX1, 4, fstat
	expect	fstat, 0, 6
	expect_errno stat + 16, 10, 7	# the eighth word is the size
	call	POSIX1, 2, close
	expect	close, 0, 8
	call	POSIX1, 2, again
	expect	again, -1, 9
	expect_errno again, 9, 10	# EBADF
	stop	0x2000
	.balign	16
open:	arg	path
	arg	2 + 64		# O_RDWR, O_CREAT
	arg	0600
write:	arg	0
	arg	digits
	arg	10
lseek:	arg	0
	arg	-6
	arg	2		# SEEK_END
read:	arg	0
	arg	buffer
	arg	16
fstat:	arg	0
	arg	stat
close:	arg	0
again:	arg	0
digits:	.ascii	"0123456789"
path:	.asciz	"/tmp/spuctl-test"
	.balign	16
buffer:	.space	16
stat:	.space	64
