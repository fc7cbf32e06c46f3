/*
 * Cell Broadband Engine: the channels of an SPU
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This includes the PPE's ends of mailboxes and signals, and the registers with
 * which the PPE saves and restores channels (CBEA v1.02).
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "hw/cell/spe.h"
#include "trace.h"

/* Events */

static void event_count_set(CellSPEState *spe, uint32_t count)
{
    qatomic_set(&spe->ch.count[SPU_RdEventStat], count);
    qatomic_set(&spe->spu.event_pending, count);
}

static uint32_t event_stat_read(CellSPEState *spe)
{
    event_count_set(spe, 0);
    return spe->ch.data[SPU_RdEventStat] & spe->ch.data[SPU_WrEventMask];
}

/* Without the BQL; false if the count is zero. */
static bool event_stat_try_read(CellSPEState *spe, uint32_t *val)
{
    QEMU_LOCK_GUARD(&spe->ch.event_lock);

    if (!spe->ch.count[SPU_RdEventStat]) {
        return false;
    }
    *val = event_stat_read(spe);
    return true;
}

/*
 * Only an event that was not pending yet makes SPU_RdEventStat readable:
 * spufs does the same by hand for the events that it adds to a saved
 * context (switch.c, steps 57 and 58 of restore).
 */
void cell_spu_event(CellSPEState *spe, uint32_t event)
{
    SPUChannels *ch = &spe->ch;
    uint32_t fresh = event & ~ch->data[SPU_RdEventStat];

    qemu_spin_lock(&ch->event_lock);
    ch->data[SPU_RdEventStat] |= event;
    if (fresh & ch->data[SPU_WrEventMask]) {
        event_count_set(spe, 1);
    }
    qemu_spin_unlock(&ch->event_lock);
    cell_spe_kick(spe);
}

/* After a change of the mask or an acknowledgement, by the SPU's own thread */
static void event_recheck(CellSPEState *spe)
{
    SPUChannels *ch = &spe->ch;

    if (ch->data[SPU_RdEventStat] & ch->data[SPU_WrEventMask]) {
        event_count_set(spe, 1);
    }
    cell_mfc_watch_line(spe);
}

void cell_spu_channel_deliver(CellSPEState *spe, unsigned ch, uint32_t data,
                              uint32_t event)
{
    bool was_empty = !spe->ch.count[ch];

    /* Earlier stores are visible to a reader that sees the count. */
    qatomic_set(&spe->ch.data[ch], data);
    qatomic_store_release(&spe->ch.count[ch], 1);
    if (was_empty && event) {
        cell_spu_event(spe, event);
    }
    cell_spe_kick(spe);
}

/* Decrementer: it counts ticks of the time base; a write starts it */

static int64_t dec_expiry(CellSPEState *spe)
{
    uint64_t ticks = (uint64_t)spe->ch.dec_value + 1;

    return spe->ch.dec_start + muldiv64_round_up(ticks, NANOSECONDS_PER_SECOND,
                                                 spe->timebase_frequency);
}

static void dec_set(CellSPEState *spe, bool running, uint32_t val, int64_t now)
{
    seqlock_write_begin(&spe->ch.dec_seq);
    spe->ch.dec_value = val;
    spe->ch.dec_start = now;
    spe->ch.dec_running = running;
    seqlock_write_end(&spe->ch.dec_seq);
}

static void dec_start(CellSPEState *spe, uint32_t val, int64_t now)
{
    dec_set(spe, true, val, now);
    timer_mod(&spe->ch.dec_timer, dec_expiry(spe));
}

/*
 * The event occurs when the most significant bit changes from 0 to 1.  The
 * timer may be late, if the clock does not wait for us: no read and no stop may
 * show a decrementer that has expired without the event.
 */
static void dec_update(CellSPEState *spe, int64_t now)
{
    while (spe->ch.dec_running && now >= dec_expiry(spe)) {
        dec_start(spe, UINT32_MAX, dec_expiry(spe));
        cell_spu_event(spe, SPU_EVENT_DECREMENTER);
    }
}

static void dec_expired(void *opaque)
{
    dec_update(opaque, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static uint64_t dec_ticks(CellSPEState *spe, int64_t ns)
{
    return muldiv64(ns, spe->timebase_frequency, NANOSECONDS_PER_SECOND);
}

static uint32_t dec_read(CellSPEState *spe)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (!spe->ch.dec_running) {
        return spe->ch.dec_value;
    }
    dec_update(spe, now);
    return spe->ch.dec_value - (uint32_t)dec_ticks(spe,
                                                   now - spe->ch.dec_start);
}

/* Without the lock; false if it has expired. */
static bool dec_try_read(CellSPEState *spe, uint32_t *val)
{
    SPUChannels *ch = &spe->ch;
    int64_t start, now;
    unsigned seq;
    bool running;
    uint32_t from;
    uint64_t ticks = 0;

    do {
        seq = seqlock_read_begin(&ch->dec_seq);
        running = qatomic_read(&ch->dec_running);
        from = qatomic_read(&ch->dec_value);
        start = qatomic_read_i64(&ch->dec_start);
    } while (seqlock_read_retry(&ch->dec_seq, seq));
    if (running) {
        now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
        ticks = now < start ? 0 : dec_ticks(spe, now - start);
        if (ticks > from) {
            return false;
        }
    }
    *val = from - ticks;
    return true;
}

static void dec_load(CellSPEState *spe, uint32_t val)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    dec_update(spe, now);
    if (spe->ch.dec_halted) {
        dec_set(spe, spe->ch.dec_running, val, spe->ch.dec_start);
    } else {
        dec_start(spe, val, now);
    }
}

static void dec_stop(CellSPEState *spe)
{
    dec_set(spe, false, dec_read(spe), 0);
    timer_del(&spe->ch.dec_timer);
}

/*
 * MFC_CNTL[Dh].  Ending the halt does not start the decrementer again: the SPU
 * program that restores a context does so, by writing SPU_WrDec (spufs's
 * spu_restore.c).
 */
void cell_spu_dec_halt(CellSPEState *spe, bool halt)
{
    spe->ch.dec_halted = halt;
    if (halt && spe->ch.dec_running) {
        dec_stop(spe);
    }
}

/* Tag groups */

static void tag_stat_deliver(CellSPEState *spe, uint32_t idle)
{
    cell_spu_channel_deliver(spe, MFC_RdTagStat, idle, SPU_EVENT_TAG_STATUS);
    /* No other status is to come: see spu_try_rdch(). */
    qatomic_store_release(&spe->ch.tag_query, 0);
}

void cell_spu_tag_check(CellSPEState *spe)
{
    SPUChannels *ch = &spe->ch;
    uint32_t mask = ch->data[MFC_WrTagMask];
    uint32_t idle = cell_mfc_idle_tags(spe, MFC_QUEUE_SPU) & mask;

    if ((ch->tag_query == TAG_UPDATE_ANY && idle) ||
        (ch->tag_query == TAG_UPDATE_ALL && idle == mask)) {
        tag_stat_deliver(spe, idle);
    }
}

static void tag_update_write(CellSPEState *spe, uint32_t val)
{
    SPUChannels *ch = &spe->ch;

    /*
     * This replaces a query that is still pending.  A status that was not read
     * stays until there is another one.
     */
    switch (val) {
    case TAG_UPDATE_IMMEDIATE:
        tag_stat_deliver(spe, cell_mfc_idle_tags(spe, MFC_QUEUE_SPU) &
                              ch->data[MFC_WrTagMask]);
        break;
    case TAG_UPDATE_ANY:
    case TAG_UPDATE_ALL:
        ch->tag_query = val;
        cell_spu_tag_check(spe);
        break;
    default:
        ch->tag_query = 0;
        qemu_log_mask(LOG_GUEST_ERROR,
                      "cell-spe %u.%u: reserved tag status update 0x%x\n",
                      spe->node, spe->index, val);
    }
}

/*
 * MFC_CSR_TSQ is implementation-dependent.  Linux's asm/spu.h knows the
 * condition in bits 30:31 and the mask in bits 32:63.
 */
uint64_t cell_spu_tsq_read(CellSPEState *spe)
{
    return deposit64(spe->ch.data[MFC_WrTagMask], 32, 2, spe->ch.tag_query);
}

void cell_spu_tsq_write(CellSPEState *spe, uint64_t val)
{
    spe->ch.data[MFC_WrTagMask] = val;
    spe->ch.tag_query = extract64(val, 32, 2);
}

/* Mailboxes and signals, the PPE's side */

static uint32_t outbound_read(CellSPEState *spe, unsigned ch, uint32_t event)
{
    bool was_full = !spe->ch.count[ch];

    spe->ch.count[ch] = 1;
    if (was_full) {
        cell_spu_event(spe, event);
        cell_spe_kick(spe);
        cell_spe_update_irqs(spe);
    }
    return spe->ch.data[ch];
}

uint32_t cell_spu_out_mbox_read(CellSPEState *spe)
{
    return outbound_read(spe, SPU_WrOutMbox, SPU_EVENT_OUT_MBOX);
}

uint32_t cell_spu_out_intr_mbox_read(CellSPEState *spe)
{
    return outbound_read(spe, SPU_WrOutIntrMbox, SPU_EVENT_OUT_INTR_MBOX);
}

/* A write to a full mailbox overwrites its last entry. */
void cell_spu_in_mbox_write(CellSPEState *spe, uint32_t val)
{
    SPUChannels *ch = &spe->ch;
    uint32_t *count = &ch->count[SPU_RdInMbox];

    ch->in_mbox[MIN(*count, SPU_IN_MBOX_DEPTH - 1)] = val;
    if (*count < SPU_IN_MBOX_DEPTH) {
        (*count)++;
    }
    if (*count == 1) {
        cell_spu_event(spe, SPU_EVENT_IN_MBOX);
    }
    cell_spe_kick(spe);
    cell_spe_update_irqs(spe);
}

/* From the left: entries to read (interrupts), to write, and to read */
uint32_t cell_spu_mbox_stat(CellSPEState *spe)
{
    SPUChannels *ch = &spe->ch;

    return !ch->count[SPU_WrOutIntrMbox] << 16 |
           (SPU_IN_MBOX_DEPTH - ch->count[SPU_RdInMbox]) << 8 |
           !ch->count[SPU_WrOutMbox];
}

void cell_spu_signal(CellSPEState *spe, unsigned ch, uint32_t val)
{
    bool or_mode = spe->cfg & (ch == SPU_RdSigNotify1 ? SPU_Cfg_S1
                                                      : SPU_Cfg_S2);

    cell_spu_channel_deliver(spe, ch,
                             or_mode ? spe->ch.data[ch] | val : val,
                             ch == SPU_RdSigNotify1 ? SPU_EVENT_SIGNAL1
                                                    : SPU_EVENT_SIGNAL2);
}

/*
 * Saving and restoring channels: SPU_ChnlIndex chooses the channel.  The
 * four words of the inbound mailbox follow each other in one register.
 */

void cell_spu_chnl_index_write(CellSPEState *spe, uint64_t val)
{
    spe->ch.index = val & 0x7f;
    spe->ch.mbox_access = 0;
}

static bool chnl_index_valid(CellSPEState *spe)
{
    if (spe->ch.index < SPU_NUM_CHANNELS) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "cell-spe %u.%u: no channel %u\n",
                  spe->node, spe->index, spe->ch.index);
    return false;
}

uint64_t cell_spu_chnl_count_read(CellSPEState *spe)
{
    if (!chnl_index_valid(spe)) {
        return 0;
    }
    if (spe->ch.index == MFC_WrCmd) {
        return cell_mfc_free_slots(spe, MFC_QUEUE_SPU);
    }
    return spe->ch.count[spe->ch.index];
}

void cell_spu_chnl_count_write(CellSPEState *spe, uint64_t val)
{
    unsigned ch = spe->ch.index;

    if (!chnl_index_valid(spe)) {
        return;
    }
    switch (ch) {
    case MFC_WrCmd:
        /* This is always the room in the queue, and restored with it. */
        return;
    case SPU_RdEventStat:
        qemu_spin_lock(&spe->ch.event_lock);
        event_count_set(spe, val & 1);
        qemu_spin_unlock(&spe->ch.event_lock);
        break;
    case SPU_RdInMbox:
        spe->ch.count[ch] = MIN(val, SPU_IN_MBOX_DEPTH);
        break;
    default:
        spe->ch.count[ch] = val & 1;
    }
    cell_spe_kick(spe);
    cell_spe_update_irqs(spe);
}

uint64_t cell_spu_chnl_data_read(CellSPEState *spe)
{
    SPUChannels *ch = &spe->ch;

    if (!chnl_index_valid(spe)) {
        return 0;
    }
    if (ch->index == SPU_RdInMbox) {
        return ch->in_mbox[ch->mbox_access++ % SPU_IN_MBOX_DEPTH];
    }
    return ch->data[ch->index];
}

void cell_spu_chnl_data_write(CellSPEState *spe, uint64_t val)
{
    SPUChannels *ch = &spe->ch;

    if (!chnl_index_valid(spe)) {
        return;
    }
    if (ch->index == SPU_RdInMbox) {
        ch->in_mbox[ch->mbox_access++ % SPU_IN_MBOX_DEPTH] = val;
    } else {
        ch->data[ch->index] = val;
    }
}

/* The SPU's side */

static uint32_t in_mbox_read(CellSPEState *spe)
{
    SPUChannels *ch = &spe->ch;
    uint32_t val = ch->in_mbox[0];

    memmove(&ch->in_mbox[0], &ch->in_mbox[1],
            sizeof(ch->in_mbox) - sizeof(ch->in_mbox[0]));
    ch->count[SPU_RdInMbox]--;
    cell_spe_update_irqs(spe);
    return val;
}

static SPUChannelResult spu_rdch(void *opaque, unsigned n, uint32_t *val)
{
    CellSPEState *spe = opaque;
    SPUChannels *ch = &spe->ch;

    switch (n) {
    case SPU_RdEventStat:
    case SPU_RdSigNotify1:
    case SPU_RdSigNotify2:
    case MFC_RdTagStat:
    case MFC_RdListStallStat:
    case MFC_RdAtomicStat:
    case SPU_RdInMbox:
        if (!ch->count[n]) {
            return SPU_CH_STALL;
        }
        break;
    }

    switch (n) {
    case SPU_RdEventStat:
        *val = event_stat_read(spe);
        break;
    case SPU_RdSigNotify1:
    case SPU_RdSigNotify2:
    case MFC_RdListStallStat:
        *val = ch->data[n];
        ch->data[n] = 0;
        ch->count[n] = 0;
        break;
    case MFC_RdTagStat:
    case MFC_RdAtomicStat:
        *val = ch->data[n];
        ch->count[n] = 0;
        break;
    case SPU_RdInMbox:
        *val = in_mbox_read(spe);
        break;
    case SPU_RdDec:
        *val = dec_read(spe);
        break;
    case SPU_RdEventMask:
        *val = ch->data[SPU_WrEventMask];
        break;
    case MFC_RdTagMask:
        *val = ch->data[MFC_WrTagMask];
        break;
    case SPU_RdMachStat:
        /* Isolation is not modelled: only the interrupt enable bit. */
        *val = spe->spu.int_enabled;
        break;
    case SPU_RdSRR0:
        *val = spe->spu.srr0;
        break;
    default:
        return SPU_CH_INVALID;
    }
    trace_cell_spe_rdch(spe->node, spe->index, n, *val);
    return SPU_CH_OK;
}

/*
 * Called without the lock.  A status can be taken if nothing is under way that
 * will deliver another one; only the SPU itself starts such things, and it is
 * executing this instruction.
 */
static bool spu_try_rdch(void *opaque, unsigned n, uint32_t *val)
{
    CellSPEState *spe = opaque;
    SPUChannels *ch = &spe->ch;
    MFCQueue *queue = &spe->mfc.queue[MFC_QUEUE_SPU];

    switch (n) {
    case SPU_RdEventStat:
        if (!event_stat_try_read(spe, val)) {
            return false;
        }
        goto done;
    case MFC_RdTagStat:
        if (qatomic_load_acquire(&ch->tag_query)) {
            return false;
        }
        break;
    case MFC_RdAtomicStat:
        if (qatomic_load_acquire(&queue->count)) {
            return false;
        }
        break;
    case SPU_RdDec:
        if (!dec_try_read(spe, val)) {
            return false;
        }
        goto done;
    case SPU_RdEventMask:
        *val = qatomic_read(&ch->data[SPU_WrEventMask]);
        goto done;
    case MFC_RdTagMask:
        *val = qatomic_read(&ch->data[MFC_WrTagMask]);
        goto done;
    default:
        return false;
    }
    if (!qatomic_load_acquire(&ch->count[n])) {
        return false;
    }
    *val = qatomic_read(&ch->data[n]);
    qatomic_set(&ch->count[n], 0);
done:
    trace_cell_spe_rdch(spe->node, spe->index, n, *val);
    return true;
}

/* These values are not used before a command is issued. */
static uint32_t *spu_kept(void *opaque, unsigned n, uint32_t *mask)
{
    CellSPEState *spe = opaque;
    MFCQueue *queue = &spe->mfc.queue[MFC_QUEUE_SPU];
    uint32_t *ea = (uint32_t *)&queue->ea;

    if (trace_event_get_state_backends(TRACE_CELL_SPE_WRCH)) {
        return NULL;
    }
    *mask = UINT32_MAX;
    switch (n) {
    case MFC_WrLSA:
        return &queue->lsa;
    case MFC_WrEAH:
        return &ea[!HOST_BIG_ENDIAN];
    case MFC_WrEAL:
        return &ea[HOST_BIG_ENDIAN];
    case MFC_WrSize:
        *mask = 0xffff;
        return &queue->size;
    case MFC_WrTagID:
        *mask = 0xffff;
        return &queue->tag;
    default:
        return NULL;
    }
}

static SPUChannelResult spu_wrch(void *opaque, unsigned n, uint32_t val)
{
    CellSPEState *spe = opaque;
    SPUChannels *ch = &spe->ch;
    MFCQueue *queue = &spe->mfc.queue[MFC_QUEUE_SPU];

    switch (n) {
    case SPU_WrOutMbox:
    case SPU_WrOutIntrMbox:
    case MFC_WrTagUpdate:
    case MFC_WrMSSyncReq:
        if (!ch->count[n]) {
            return SPU_CH_STALL;
        }
        break;
    case MFC_WrCmd:
        if (!cell_mfc_free_slots(spe, MFC_QUEUE_SPU)) {
            return SPU_CH_STALL;
        }
        break;
    }

    trace_cell_spe_wrch(spe->node, spe->index, n, val);
    switch (n) {
    case SPU_WrEventMask:
        ch->data[n] = val;
        event_recheck(spe);
        break;
    case SPU_WrEventAck:
        if (val & ~ch->data[SPU_WrEventMask] & SPU_EVENT_DECREMENTER &&
            ch->dec_running) {
            /* This is how an SPU stops its decrementer. */
            dec_stop(spe);
        }
        ch->data[SPU_RdEventStat] &= ~val;
        event_recheck(spe);
        break;
    case SPU_WrDec:
        dec_load(spe, val);
        break;
    case MFC_WrMSSyncReq:
        /* Every store of a DMA is done before the next command starts. */
        cell_spu_event(spe, SPU_EVENT_MSSYNC);
        break;
    case SPU_WrSRR0:
        spe->spu.srr0 = val & SPU_LS_MASK & ~3;
        break;
    case MFC_WrLSA:
        queue->lsa = val;
        break;
    case MFC_WrEAH:
        queue->ea = deposit64(queue->ea, 32, 32, val);
        break;
    case MFC_WrEAL:
        queue->ea = deposit64(queue->ea, 0, 32, val);
        break;
    case MFC_WrSize:
        queue->size = val & 0xffff;
        break;
    case MFC_WrTagID:
        queue->tag = val & 0xffff;
        break;
    case MFC_WrCmd:
        cell_mfc_issue(spe, MFC_QUEUE_SPU, val);
        break;
    case MFC_WrTagMask:
        /* A pending query is about the new mask, not the old one. */
        ch->data[n] = val;
        cell_spu_tag_check(spe);
        break;
    case MFC_WrTagUpdate:
        tag_update_write(spe, val);
        break;
    case MFC_WrListStallAck:
        cell_mfc_list_ack(spe, val % MFC_TAGS);
        break;
    case SPU_BkmkTag:
    case SPU_PMStartEv:
    case SPU_PMStopEv:
        /* Marks for a performance monitor, which is not modelled */
        break;
    case SPU_WrOutMbox:
    case SPU_WrOutIntrMbox:
        ch->data[n] = val;
        ch->count[n] = 0;
        cell_spe_update_irqs(spe);
        break;
    default:
        return SPU_CH_INVALID;
    }
    return SPU_CH_OK;
}

static uint32_t spu_rchcnt(void *opaque, unsigned n)
{
    CellSPEState *spe = opaque;

    switch (n) {
    case SPU_RdEventStat:
    case SPU_RdSigNotify1:
    case SPU_RdSigNotify2:
    case MFC_RdTagStat:
    case MFC_RdListStallStat:
    case MFC_RdAtomicStat:
    case SPU_RdInMbox:
    case SPU_WrOutMbox:
    case SPU_WrOutIntrMbox:
    case MFC_WrTagUpdate:
    case MFC_WrMSSyncReq:
        return qatomic_load_acquire(&spe->ch.count[n]);
    case MFC_WrCmd:
        return cell_mfc_free_slots(spe, MFC_QUEUE_SPU);
    case SPU_WrEventMask:
    case SPU_WrEventAck:
    case SPU_WrDec:
    case SPU_RdDec:
    case SPU_RdEventMask:
    case MFC_RdTagMask:
    case SPU_RdMachStat:
    case SPU_WrSRR0:
    case SPU_RdSRR0:
    case MFC_WrLSA:
    case MFC_WrEAH:
    case MFC_WrEAL:
    case MFC_WrSize:
    case MFC_WrTagID:
    case MFC_WrTagMask:
    case MFC_WrListStallAck:
    case SPU_BkmkTag:
    case SPU_PMStartEv:
    case SPU_PMStopEv:
        /* Non-blocking channels */
        return 1;
    default:
        return 0;
    }
}

const SPUChannelOps cell_spu_channel_ops = {
    .rdch = spu_rdch,
    .wrch = spu_wrch,
    .rchcnt = spu_rchcnt,
    .try_rdch = spu_try_rdch,
    .kept = spu_kept,
};

void cell_spu_channels_init(CellSPEState *spe)
{
    qemu_spin_init(&spe->ch.event_lock);
    seqlock_init(&spe->ch.dec_seq);
    timer_init_ns(&spe->ch.dec_timer, QEMU_CLOCK_VIRTUAL, dec_expired, spe);
}

void cell_spu_channels_reset(CellSPEState *spe)
{
    SPUChannels *ch = &spe->ch;

    timer_del(&ch->dec_timer);
    memset(ch->data, 0, sizeof(ch->data));
    memset(ch->count, 0, sizeof(ch->count));
    memset(ch->in_mbox, 0, sizeof(ch->in_mbox));
    ch->count[MFC_WrMSSyncReq] = 1;
    ch->count[MFC_WrTagUpdate] = 1;
    ch->count[SPU_WrOutMbox] = 1;
    ch->count[SPU_WrOutIntrMbox] = 1;
    event_count_set(spe, 0);
    ch->tag_query = 0;
    ch->atomic_stat = 0;
    ch->index = 0;
    ch->mbox_access = 0;
    ch->dec_running = false;
    ch->dec_halted = false;
    ch->dec_value = 0;
}
