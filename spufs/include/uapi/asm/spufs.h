/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The SPU file system: the data that spu_create(2) and the event file of an
 * asynchronous context pass between userspace and the kernel.
 */
#ifndef _UAPI_ASM_POWERPC_SPUFS_H
#define _UAPI_ASM_POWERPC_SPUFS_H

#include <linux/types.h>

/* Flags of spu_create(2) */
#define SPU_CREATE_EVENTS_ENABLED	0x0001
#define SPU_CREATE_GANG			0x0002
#define SPU_CREATE_NOSCHED		0x0004
#define SPU_CREATE_ISOLATE		0x0008
#define SPU_CREATE_AFFINITY_SPU		0x0010
#define SPU_CREATE_AFFINITY_MEM		0x0020
#define SPU_CREATE_ASYNC		0x0040

/*
 * spu_event.event: the kind of event of an asynchronous context's SPU.  Every
 * start that succeeds is followed by exactly one SPU_EVENT_STOP, and before
 * that by at most one event of each other kind.  The numbers of the
 * errors are those that spu_run(2) returns in its event argument.
 */
#define SPU_EVENT_STOP			0x0001	/* the run is over */
#define SPU_EVENT_DMA_ALIGNMENT		0x0008	/* misaligned DMA */
#define SPU_EVENT_SPE_ERROR		0x0010	/* illegal instruction or channel */
#define SPU_EVENT_DATA_STORAGE		0x0040	/* DMA to an invalid address */
#define SPU_EVENT_INVALID_DMA		0x0800	/* invalid MFC command */

/*
 * spu_event.status: SPU_Status (CBEA, "SPU Status Register"), which spu_run(2)
 * returns, too.  After a stop instruction, the upper half has the stop code.
 * Several bits may be set.
 */
#define SPU_STATUS_RUNNING		0x1
#define SPU_STATUS_STOPPED_BY_STOP	0x2
#define SPU_STATUS_STOPPED_BY_HALT	0x4
#define SPU_STATUS_WAITING_FOR_CHANNEL	0x8
#define SPU_STATUS_SINGLE_STEP		0x10
#define SPU_STATUS_INVALID_INSTR	0x20
#define SPU_STATUS_INVALID_CH		0x40
#define SPU_STATUS_ISOLATED_STATE	0x80
#define SPU_STATUS_ISOLATED_LOAD_STATUS	0x200
#define SPU_STATUS_ISOLATED_EXIT_STATUS	0x400
#define SPU_STOP_STATUS_SHIFT		16

/*
 * The lowest bit of an npc, in a spu_event and with a start, is the SPU's
 * interrupt enable; instructions are words.
 */
#define SPU_NPC_INTERRUPT_ENABLE	0x1

/**
 * struct spu_event - a record read from the event file
 * @event: one of the SPU_EVENT_* values
 * @status: SPU_Status at that event, the SPU_STATUS_* bits
 * @npc: the next program counter at that event, and SPU_NPC_INTERRUPT_ENABLE
 */
struct spu_event {
	__u32 event;
	__u32 status;
	__u32 npc;
};

/**
 * struct spu_gang_event - a record read from the event file of a gang
 * @event: the event
 * @flags: 0
 * @cookie: the context, by the cookie of its SPU_CONTROL_SET_COOKIE
 */
struct spu_gang_event {
	struct spu_event event;
	__u32 flags;
	__u64 cookie;
};

/**
 * struct spu_fault - the record read from the file fault of a context
 * @ea: the effective address of the DMA, for SPU_EVENT_DATA_STORAGE, else 0
 * @dsisr: the register MFC_DSISR, in the same case
 * @event: the kind of error, one of the SPU_EVENT_* values
 * @irq_class: the class of its interrupt, 0 or 1
 * @when: the time when the kernel noticed it, in ns of CLOCK_MONOTONIC
 */
struct spu_fault {
	__u64 ea;
	__u64 dsisr;
	__u32 event;
	__u32 irq_class;
	__u64 when;
};

/* spu_control.op: the operation, and the data that follows */
#define SPU_CONTROL_START_SPU		1	/* __u32 npc */
#define SPU_CONTROL_STOP_SPU		2	/* none */
#define SPU_CONTROL_STEP_SPU		3	/* __u32 npc */
#define SPU_CONTROL_SET_COOKIE		4	/* __u64 cookie, unaligned */

/**
 * struct spu_control - a record written to the event file
 * @op: one of the SPU_CONTROL_* values
 * @data: the operation's arguments; their size follows from @op
 */
struct spu_control {
	__u32 op;

	/* In strict C89 and C++ an array without a length is an extension. */
	__extension__ char data[];
};

#endif /* _UAPI_ASM_POWERPC_SPUFS_H */
