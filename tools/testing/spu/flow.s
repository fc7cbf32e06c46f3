# SPDX-License-Identifier: GPL-2.0-or-later
#
# SPU instruction tests: control flow.  spu_test.c runs pieces of this, by
# label, and knows what they should do.  It is loaded at address 0.

	.text
# The SPU's interrupt comes here.
handler:
	ai	$70, $70, 1
	rdch	$72, $ch0		# SPU_RdEventStat: takes the interrupt away
	wrch	$ch2, $71		# SPU_WrEventAck
	irete

	.macro	one name, insn:vararg
\name:	\insn
	.endm

	.balign	16
# Single instructions, with "there" as their target, by label or in $4
	one	brz, brz $3, there
	one	brnz, brnz $3, there
	one	brhz, brhz $3, there
	one	brhnz, brhnz $3, there
	one	biz, biz $3, $4
	one	binz, binz $3, $4
	one	bihz, bihz $3, $4
	one	bihnz, bihnz $3, $4
	one	bizd, bizd $3, $4
	one	bize, bize $3, $4
	one	binzd, binzd $3, $4
	one	binze, binze $3, $4
	one	bihzd, bihzd $3, $4
	one	bihze, bihze $3, $4
	one	bihnzd, bihnzd $3, $4
	one	bihnze, bihnze $3, $4
	one	br, br there
	one	bra, bra 0x400
	one	brsl, brsl $5, there
	one	brasl, brasl $5, 0x400
	one	bi, bi $4
	one	bid, bid $4
	one	bie, bie $4
	one	bisl, bisl $5, $4
	one	bisl_same, bisl $4, $4
	one	bisld, bisld $5, $4
	one	bisle, bisle $5, $4
	one	bisled, bisled $5, $4
	one	bisled_same, bisled $4, $4
	one	bisledd, bisledd $5, $4
	one	bislede, bislede $5, $4
	one	iret, iret
	one	iretd, iretd
	one	irete, irete
	one	heq, heq $3, $4
	one	heqi, heqi $3, -1
	one	hgt, hgt $3, $4
	one	hgti, hgti $3, -1
	one	hlgt, hlgt $3, $4
	one	hlgti, hlgti $3, -1
	one	stop, stop 0x2104
	one	stopd, stopd $1, $2, $3
	one	illegal, .long 0x00800000
	one	rdch, rdch $5, $ch29
	one	wrch, wrch $ch28, $3
	one	rchcnt, rchcnt $5, $ch29
	one	rdch_none, rdch $5, $ch100
	one	wrch_none, wrch $ch100, $5
	one	rchcnt_none, rchcnt $5, $ch100
	one	lqd, lqd $5, -32($4)
	one	lqx, lqx $5, $4, $6
	one	lqa, lqa $5, 0x600
	one	lqr, lqr $5, data
	one	stqd, stqd $3, 16($4)
	one	stqx, stqx $3, $4, $6
	one	stqa, stqa $3, 0x700
	one	stqr, stqr $3, scratch

# A loop: 1 + 5 * 3 + 1 instructions
loop:	il	$10, 5
1:	a	$11, $11, $10
	ai	$10, $10, -1
	brnz	$10, 1b
	stop	5

# The store replaces the very next instruction, without a sync.
	.balign	16
patch:	lqr	$12, patched
	stqr	$12, 1f
	nop
	lnop
1:	stop	0x666			# becomes the quadword at "patched"
	stop	0x667
	stop	0x668
	stop	0x669
	.balign	16
patched:
	il	$13, 42
	stop	7
	stop	0x66a
	stop	0x66b

# An instruction that changes while it is looped over: an immediate
	.balign	16
patch_loop:
	il	$14, 0
	il	$15, 4
	lqr	$16, 2f
	ila	$17, 0x80		# 1 in ai's immediate is 1 << 14
	shli	$17, $17, 7
	fsmbi	$18, 0xf000
	and	$17, $17, $18
	nop
2:	ai	$14, $14, 1		# first 1, then 2, 3, 4
	a	$16, $16, $17
	stqr	$16, 2b
	ai	$15, $15, -1
	brnz	$15, 2b
	stop	8

# Enabled, the interrupt comes before the next instruction.
	.balign	16
interrupt:
	ila	$20, 1f
	bie	$20
	stop	0x66c
1:	ai	$21, $21, 1		# srr0
	stop	9

# A channel instruction lets the event through.
	.balign	16
unmask:
	ila	$20, 1f
	bie	$20
1:	il	$30, 0x10
	wrch	$ch1, $30		# SPU_WrEventMask
	stop	0xb

# Channels amid other instructions
	.balign	16
channels:
	il	$30, 1
	il	$31, 2
	wrch	$ch28, $30
	rchcnt	$32, $ch29
	il	$33, 3
	rdch	$34, $ch29
	stop	10

forever:
	ai	$40, $40, 1
	br	forever

	.org	0x400
there:	stop	1

	.org	0x600
data:	.long	0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210

	.org	0x700
scratch:
	.long	0, 0, 0, 0

# On the blade: registers from memory and to it, with SRR0 from $80 and the event
# mask from $81, and a word taken out of the mailbox.
	.org	0x800
load:
	.irp	n, 3,4,5,6,11,13,14,21,30,32,34,50,51,52,53,70,71,80,81
	lqr	$\n, registers + 16 * \n
	.endr
	wrch	$ch14, $80		# SPU_WrSRR0
	wrch	$ch1, $81		# SPU_WrEventMask
	stop	0x1000
save:
	.irp	n, 3,4,5,6,11,13,14,21,30,32,34,50,51,52,53,70,71,80,81
	stqr	$\n, registers + 16 * \n
	.endr
	stop	0x1000
drain:
	rdch	$82, $ch0
empty:
	rdch	$82, $ch29
	il	$82, 0x10
	wrch	$ch2, $82		# SPU_WrEventAck
	stop	0x1000

	.org	0x1000
registers:

# The end of local store: execution and relative addresses wrap.
	.org	0x3ffe0
at_end:
	lqr	$50, .+0x10		# the quadword of the last instructions
	lqr	$51, .+0x20		# that behind the end: at 0
	br	last
	.org	0x3fff0
last_quad:
	.long	0x11111111
br_over:
	br	.+0x1c			# to 0x10
brsl_over:
	brsl	$52, .+0x18
last:	ai	$53, $53, 1
