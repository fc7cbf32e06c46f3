/* SPDX-License-Identifier: GPL-2.0 */
# Stops with a code that means nothing here.
	.globl	_start
	.text
_start:
	nop
	stop	0x1001
