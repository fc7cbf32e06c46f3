/* SPDX-License-Identifier: GPL-2.0 */
#
# Wait for a word in the inbound mailbox, put it into the outbound mailbox if
# there is room, stop, and start over if restarted at NPC. So the caller
# decides when a run ends.

	.globl	wait, stopped

wait:
	rdch	$3, $ch29	# SPU_RdInMbox
	rchcnt	$4, $ch28
	brz	$4, 1f
	wrch	$ch28, $3	# SPU_WrOutMbox
1:
	stop	0x1001
stopped:
	br	wait
