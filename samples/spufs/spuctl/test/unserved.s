/* SPDX-License-Identifier: GPL-2.0 */
# A call of a class that is not served.
	.globl	_start
	.text
_start:
	stop	0x2102
	.long	0x01000000
	stop	0x2000
