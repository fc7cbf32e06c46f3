/* SPDX-License-Identifier: GPL-2.0 */
# Runs until somebody else stops it.
	.globl	_start
	.text
_start:
	br	_start
