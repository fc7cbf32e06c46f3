/* SPDX-License-Identifier: GPL-2.0 */
#
# A PPE-assisted system call (asm/spu.h, struct spu_syscall_block): the word
# after stop 0x2104 points to the block, execution goes on after that word.

	.globl	block

	stop	0x2104
	.long	block
	stop	0x1001
	.balign	16
block:
	.quad	0, 0, 0, 0, 0, 0, 0
	.long	0, 0
