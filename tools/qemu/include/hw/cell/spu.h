/*
 * Cell Broadband Engine: the architected state of an SPU
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_SPU_H
#define HW_CELL_SPU_H

#include "qemu/int128.h"

#define SPU_NUM_GPR         128
#define SPU_LS_SIZE         0x40000
#define SPU_LS_MASK         (SPU_LS_SIZE - 1)
/* An SPU executes at most one instruction a cycle of its 3.2 GHz clock. */
#define SPU_DEFAULT_HZ      3200000000ULL

/*
 * A quadword register: its two doublewords, in host order so that TCG's vector
 * operations can work on it in place.  The architecture numbers elements
 * from the most significant end (SPU ISA v1.2, 2.1): use the accessors, which
 * take the architecture's numbers.
 */
typedef union SPUReg {
    uint8_t  u8[16];
    uint16_t u16[8];
    uint32_t u32[4];
    uint64_t u64[2];
} SPUReg QEMU_ALIGNED(16);

#if HOST_BIG_ENDIAN
#define SPU_B(r, i)         ((r)->u8[i])
#define SPU_H(r, i)         ((r)->u16[i])
#define SPU_W(r, i)         ((r)->u32[i])
#else
#define SPU_B(r, i)         ((r)->u8[(i) ^ 7])
#define SPU_H(r, i)         ((r)->u16[(i) ^ 3])
#define SPU_W(r, i)         ((r)->u32[(i) ^ 1])
#endif
#define SPU_D(r, i)         ((r)->u64[i])

/* The outcome of a channel instruction */
typedef enum SPUChannelResult {
    SPU_CH_OK,
    SPU_CH_STALL,           /* count is zero: the instruction must be retried */
    SPU_CH_INVALID,         /* no such channel, or wrong direction */
} SPUChannelResult;

/*
 * The channel unit, as the SPU sees it.  The caller holds whatever lock
 * protects the SPU's state (in QEMU: the BQL).  It calls rdch and wrch at the
 * virtual time of the instruction, and rchcnt no later than that.
 *
 * An engine with a thread for the SPU may do without the lock in that thread
 * when it calls rchcnt or try_rdch, or stores to the place that kept returns.
 */
typedef struct SPUChannelOps {
    SPUChannelResult (*rdch)(void *opaque, unsigned ch, uint32_t *val);
    SPUChannelResult (*wrch)(void *opaque, unsigned ch, uint32_t val);
    /* 0 if there is no such channel */
    uint32_t (*rchcnt)(void *opaque, unsigned ch);
    /* false if only rdch can tell */
    bool (*try_rdch)(void *opaque, unsigned ch, uint32_t *val);
    /*
     * The place where a channel keeps the bits in *mask of a value that is
     * written to it, if it does nothing else with the value; otherwise NULL
     */
    uint32_t *(*kept)(void *opaque, unsigned ch, uint32_t *mask);
} SPUChannelOps;

typedef struct SPUState {
    SPUReg gpr[SPU_NUM_GPR];
    SPUReg fpscr;
    uint32_t pc;            /* byte address in local store, word aligned */
    uint32_t srr0;          /* return address of the SPU's interrupt */
    bool int_enabled;       /* interrupt enable, set by the E, D forms */
    /*
     * An enabled event is pending (the count of SPU_RdEventStat is not
     * zero).  The channel unit owns this.  The engine reads it, and takes the
     * interrupt to address 0 if int_enabled; bisled reads it, too.
     */
    bool event_pending;
    bool single_step;       /* SPU_PrivCntl[S]: stop after one instruction */
    uint32_t ls_off;        /* bits of an address that SPU_LSLR takes away */
    uint8_t *ls;            /* SPU_LS_SIZE bytes, big endian */
    uint64_t insns;         /* instructions completed since reset */
    const SPUChannelOps *ch_ops;
    void *ch_opaque;
} SPUState;

#endif /* HW_CELL_SPU_H */
