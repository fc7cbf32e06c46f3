/* SPDX-License-Identifier: GPL-2.0 */
# Ends by an illegal instruction.
	.globl	_start
	.text
_start:
	.long	0x00800000	# no instruction has opcode 00000000100
	stop	0x2000
