/* SPDX-License-Identifier: GPL-2.0 */
#
# Every way for a program to end by itself, one entry point each. The entries
# are a quadword apart and none is at 0, so that the NPC of an event tells
# which of them ran.

	.globl	stop_0000, stop_1337, stop_2104, stop_3fff
	.globl	halt, illegal, step, channel

	stop	0x3eee
	.balign	16
stop_0000:
	stop	0x0000
	.balign	16
stop_1337:
	stop	0x1337
	.balign	16
stop_2104:
	stop	0x2104
	.balign	16
stop_3fff:
	stop	0x3fff
	.balign	16
halt:
	il	$2, 0
	heqi	$2, 0
	.balign	16
illegal:
	.long	0x00800000	# no instruction has opcode 00000000100
	.balign	16
step:
	il	$2, 1
	il	$2, 2
	stop	0x1001
	.balign	16
channel:
	rdch	$2, $ch28	# SPU_WrOutMbox can only be written
