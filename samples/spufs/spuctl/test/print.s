/* SPDX-License-Identifier: GPL-2.0 */
# The ways to print. A va_list is the address of the next argument, and that of
# the caller's stack, whose header the arguments step over.
	.include "call.inc"
	.globl	_start
	.text
_start:
	call	C99, 25, puts
	call	C99, 37, vprintf
	expect	vprintf, 165, 1
	call	C99, 35, vfprintf
	call	C99, 39, vsnprintf
	expect	vsnprintf, 11, 2	# as long as it would be
	call	C99, 25, puts_buffer
	call	C99, 24, putchar
	call	C99, 18, fwrite
	expect	fwrite, 2, 3
	call	C99, 5, fflush
	call	POSIX1, 27, write
	expect	write, 6, 4
	stop	0x2000

	.balign	16
puts:		arg	hello
vprintf:	arg	format
		arg	arguments
		arg	stack
vfprintf:	arg	2		# stdout
		arg	short
		arg	small
		arg	0
vsnprintf:	arg	buffer
		arg	8
		arg	long
		arg	small
		arg	0
puts_buffer:	arg	buffer
putchar:	arg	'x'
fwrite:		arg	pair
		arg	3
		arg	2
		arg	2
fflush:		arg	0
write:		arg	1
		arg	direct
		arg	6

arguments:	arg	-5
		arg	-5
		arg	255
		arg	hello
		arg	5		# width of the next
		arg	42
		arg	42
		.long	0x11f, 0x71fb04cb, 0, 0
		.long	0x3ff80000, 0, 0, 0
		arg	4		# precision of the next
		arg	hello
stack:		.space	32
		arg	'A'
		arg	0x1ff
		arg	0x12345
		arg	0x80
small:		arg	7

buffer:		.space	16
hello:		.asciz	"Hello"
format:		.asciz	"%d %u %#x %s [%*d] [%-4d] %lld %f %.*s %c %hhd %hd %p %% and so on, quite a few characters more, to see that the length comes back right\n"
short:		.asciz	"short %i\n"
long:		.asciz	"0123456789%d"
pair:		.ascii	"abcdef"
direct:		.ascii	"\nwrit\n"
