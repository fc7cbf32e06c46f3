/* SPDX-License-Identifier: GPL-2.0 */
# Runs until it is stopped from outside.
	.globl	_start
	.text
_start:
	br	_start
