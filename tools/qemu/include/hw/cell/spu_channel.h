/*
 * Cell Broadband Engine: the channels of an SPU
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_SPU_CHANNEL_H
#define HW_CELL_SPU_CHANNEL_H

#include "hw/cell/spe_regs.h"
#include "hw/cell/spu.h"
#include "qemu/seqlock.h"
#include "qemu/thread.h"
#include "qemu/timer.h"

#define SPU_IN_MBOX_DEPTH   4

typedef struct CellSPEState CellSPEState;

typedef struct SPUChannels {
    /*
     * For a channel that can be read: the value that it will deliver, and its
     * count.  For a mailbox towards the PPE: the value that the SPU wrote, and
     * count 0 if the PPE has not read it yet.  Channel 0 holds all pending
     * events, enabled or not, and channel 1 the mask.  SPU_RdInMbox has
     * in_mbox instead of data, and the MFC knows the count of MFC_Cmd.
     */
    uint32_t data[SPU_NUM_CHANNELS];
    uint32_t count[SPU_NUM_CHANNELS];
    uint32_t in_mbox[SPU_IN_MBOX_DEPTH];    /* [0] is the next to be read */

    /*
     * The SPU's thread may read SPU_RdEventStat without the BQL.  Whoever else
     * changes what it reads holds the BQL and this one.
     */
    QemuSpin event_lock;

    uint32_t tag_query;     /* pending MFC_WrTagUpdate, 0 if none */
    uint32_t atomic_stat;   /* MFC_CSR_ATO */

    uint32_t index;         /* SPU_ChnlIndex */
    uint32_t mbox_access;   /* accesses to SPU_ChnlData since then */

    /* For dec_running, dec_value and dec_start, read without the BQL, too */
    QemuSeqLock dec_seq;
    bool dec_running;
    bool dec_halted;        /* MFC_CNTL[Dh] */
    uint32_t dec_value;     /* at dec_start, if it runs */
    int64_t dec_start;
    QEMUTimer dec_timer;
} SPUChannels;

/* MFC_WrTagUpdate */
#define TAG_UPDATE_IMMEDIATE    0
#define TAG_UPDATE_ANY          1
#define TAG_UPDATE_ALL          2

extern const SPUChannelOps cell_spu_channel_ops;

void cell_spu_channels_init(CellSPEState *spe);
void cell_spu_channels_reset(CellSPEState *spe);

/**
 * cell_spu_event: report an event to the SPU's event facility
 */
void cell_spu_event(CellSPEState *spe, uint32_t event);

/**
 * cell_spu_channel_deliver: the MFC has something for the SPU to read
 * @event: raised if the channel's count was zero
 */
void cell_spu_channel_deliver(CellSPEState *spe, unsigned ch, uint32_t data,
                              uint32_t event);

/* A tag group became idle: is this what the SPU asked for? */
void cell_spu_tag_check(CellSPEState *spe);

/* What the PPE does with mailboxes, signals and the decrementer */
uint32_t cell_spu_out_mbox_read(CellSPEState *spe);
uint32_t cell_spu_out_intr_mbox_read(CellSPEState *spe);
void cell_spu_in_mbox_write(CellSPEState *spe, uint32_t val);
uint32_t cell_spu_mbox_stat(CellSPEState *spe);
void cell_spu_signal(CellSPEState *spe, unsigned ch, uint32_t val);
void cell_spu_dec_halt(CellSPEState *spe, bool halt);

/* SPU_ChnlIndex, SPU_ChnlCnt, SPU_ChnlData, MFC_CSR_TSQ */
void cell_spu_chnl_index_write(CellSPEState *spe, uint64_t val);
uint64_t cell_spu_chnl_count_read(CellSPEState *spe);
void cell_spu_chnl_count_write(CellSPEState *spe, uint64_t val);
uint64_t cell_spu_chnl_data_read(CellSPEState *spe);
void cell_spu_chnl_data_write(CellSPEState *spe, uint64_t val);
uint64_t cell_spu_tsq_read(CellSPEState *spe);
void cell_spu_tsq_write(CellSPEState *spe, uint64_t val);

#endif /* HW_CELL_SPU_CHANNEL_H */
