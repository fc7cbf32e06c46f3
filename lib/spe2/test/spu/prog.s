/* SPDX-License-Identifier: LGPL-2.1-or-later */
# Programs for the tests of the library, one after the other. Each is started
# at its label.

	.globl	main, regs, halted, illegal, channel, spin, box, signals, misaligned
	.globl	unmapped, loop, count, seen, echo, put, where

	.text
# Keep what the program was started with, and exit with the status 7.
main:
	stqr	$1, regs
	stqr	$3, regs + 16
	stqr	$4, regs + 32
	stqr	$5, regs + 48
	stqr	$6, regs + 64
	stop	0x2007

halted:
	il	$3, 0
	heqi	$3, 0
	stop	0x1001

illegal:
	.long	0x00800000	# no instruction has opcode 00000000100
	stop	0x1001

channel:
	rdch	$3, $ch72	# there is none
	stop	0x1001

spin:
	br	spin

# A word from the inbound mailbox to both outbound ones
box:
	rdch	$3, $ch29
	wrch	$ch28, $3
	wrch	$ch30, $3
	br	box

# A word from the inbound mailbox to the interrupting one, until it is 0
echo:
	rdch	$3, $ch29
	wrch	$ch30, $3
	brnz	$3, echo
	stop	0x1001

# Both signals into one quadword
signals:
	rdch	$3, $ch3
	rdch	$4, $ch4
	stqr	$3, seen
	stqr	$4, seen + 16
	stop	0x1001

# 16 bytes from seen to the effective address in the first two words at where
put:
	ila	$4, seen
	lqr	$9, where
	rotqbyi	$5, $9, 4
	il	$7, 0x20	# put
	br	dma
# A DMA command whose addresses differ in their low bits
misaligned:
	il	$4, 8
	il	$5, 0
	br	get
# and one to an address without memory
unmapped:
	il	$4, 0
	il	$5, 16
get:
	il	$7, 0x40	# get
	il	$9, 0
dma:
	il	$6, 16
	il	$8, 0
	wrch	$ch16, $4	# MFC_LSA
	wrch	$ch17, $9	# MFC_EAH
	wrch	$ch18, $5	# MFC_EAL
	wrch	$ch19, $6	# MFC_Size
	wrch	$ch20, $8	# MFC_TagID
	wrch	$ch21, $7	# MFC_Cmd
	il	$3, 1
	wrch	$ch22, $3	# MFC_WrTagMask
	il	$3, 2
	wrch	$ch23, $3	# MFC_WrTagUpdate: all
	rdch	$3, $ch24	# MFC_RdTagStat
	stop	0x1001

# Count, call the PPE (the test says by what), and start over, as often as
# the first word at count says; then exit.
loop:
	lqr	$3, count
	ai	$3, $3, -1
	stqr	$3, count
	brz	$3, 1f
	stop	0x2110
	.long	0
	br	loop
1:
	stop	0x2000

	.balign	16
count:	.long	0, 0, 0, 0
where:	.long	0, 0, 0, 0
seen:	.space	32
regs:	.space	80
