/*
 * Cell Broadband Engine: Memory Flow Controller
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A command is executed, in zero time, as soon as nothing forbids it.  So each
 * queue drains in the order of issue, which is more than CBEA asks for.  The
 * exceptions are commands that wait: a list that stalled and notified, or a
 * lock line command until the CPUs are stopped.  Only behind these do fences
 * and barriers need care.  Lock line commands obey neither, and need care only
 * behind each other.
 *
 * The progress of a command is kept in its queue slot, page by page: after a
 * fault it continues where it stopped, whether in place or after the context
 * has been saved and restored.
 *
 * tlbie waits for transfers with multi-threaded TCG, too.  A transfer reads a
 * page's translation from the hash table, and copies the page, without
 * releasing the BQL in between.  The ptesync after tlbie (check_tlb_flush())
 * queues safe work for its own vCPU, which takes the BQL for it before it
 * executes the next instruction: a transfer that has seen the old entry is over
 * by then.  A transfer that takes the BQL later sees the new entry.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "qemu/atomic.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "exec/icount.h"
#include "hw/cell/spe.h"
#include "hw/core/cpu.h"
#include "hw/core/qdev-properties.h"
#include "system/memory.h"
#include "system/tcg.h"
#include "target/ppc/helper_regs.h"
#include "trace.h"

/* Properties of a command */
enum {
    OP_SPU      = BIT(0),       /* may be in the SPU's queue */
    OP_PROXY    = BIT(1),       /* may be in the proxy queue */
    OP_BOTH     = OP_SPU | OP_PROXY,
    OP_GET      = BIT(2),
    OP_PUT      = BIT(3),
    OP_LIST     = BIT(4),
    OP_START    = BIT(5),       /* starts the SPU when done */
    OP_FENCE    = BIT(6),       /* waits for earlier ones of its tag group */
    OP_HOLD     = BIT(7),       /* later ones of its tag group wait for it */
    OP_BARRIER  = OP_FENCE | OP_HOLD,
    OP_ALL      = BIT(8),       /* fence and barrier are for all tag groups */
    OP_LINE     = BIT(9),       /* lock line command */
    OP_UNTAGGED = BIT(10),
    OP_SIGNAL   = BIT(11),
    OP_ZERO     = BIT(12),
};

static const uint16_t mfc_ops[256] = {
    [MFC_PUT]       = OP_BOTH | OP_PUT,
    [MFC_PUTB]      = OP_BOTH | OP_PUT | OP_BARRIER,
    [MFC_PUTF]      = OP_BOTH | OP_PUT | OP_FENCE,
    [MFC_PUTS]      = OP_PROXY | OP_PUT | OP_START,
    [MFC_PUTBS]     = OP_PROXY | OP_PUT | OP_START | OP_BARRIER,
    [MFC_PUTFS]     = OP_PROXY | OP_PUT | OP_START | OP_FENCE,
    [MFC_PUTR]      = OP_BOTH | OP_PUT,
    [MFC_PUTRB]     = OP_BOTH | OP_PUT | OP_BARRIER,
    [MFC_PUTRF]     = OP_BOTH | OP_PUT | OP_FENCE,
    [MFC_PUTL]      = OP_SPU | OP_PUT | OP_LIST,
    [MFC_PUTLB]     = OP_SPU | OP_PUT | OP_LIST | OP_BARRIER,
    [MFC_PUTLF]     = OP_SPU | OP_PUT | OP_LIST | OP_FENCE,
    [MFC_PUTRL]     = OP_SPU | OP_PUT | OP_LIST,
    [MFC_PUTRLB]    = OP_SPU | OP_PUT | OP_LIST | OP_BARRIER,
    [MFC_PUTRLF]    = OP_SPU | OP_PUT | OP_LIST | OP_FENCE,
    [MFC_GET]       = OP_BOTH | OP_GET,
    [MFC_GETB]      = OP_BOTH | OP_GET | OP_BARRIER,
    [MFC_GETF]      = OP_BOTH | OP_GET | OP_FENCE,
    [MFC_GETS]      = OP_PROXY | OP_GET | OP_START,
    [MFC_GETBS]     = OP_PROXY | OP_GET | OP_START | OP_BARRIER,
    [MFC_GETFS]     = OP_PROXY | OP_GET | OP_START | OP_FENCE,
    [MFC_GETL]      = OP_SPU | OP_GET | OP_LIST,
    [MFC_GETLB]     = OP_SPU | OP_GET | OP_LIST | OP_BARRIER,
    [MFC_GETLF]     = OP_SPU | OP_GET | OP_LIST | OP_FENCE,
    /* Hints for a cache that does not exist; only sdcrz has an effect */
    [MFC_SDCRT]     = OP_BOTH,
    [MFC_SDCRTST]   = OP_BOTH,
    [MFC_SDCRZ]     = OP_BOTH | OP_PUT | OP_ZERO,
    [MFC_SDCRST]    = OP_BOTH,
    [MFC_SDCRF]     = OP_BOTH,
    [MFC_SNDSIG]    = OP_BOTH | OP_PUT | OP_SIGNAL,
    [MFC_SNDSIGB]   = OP_BOTH | OP_PUT | OP_SIGNAL | OP_BARRIER,
    [MFC_SNDSIGF]   = OP_BOTH | OP_PUT | OP_SIGNAL | OP_FENCE,
    [MFC_GETLLAR]   = OP_SPU | OP_LINE | OP_GET | OP_UNTAGGED,
    [MFC_PUTLLC]    = OP_SPU | OP_LINE | OP_PUT | OP_UNTAGGED,
    [MFC_PUTLLUC]   = OP_SPU | OP_LINE | OP_PUT | OP_UNTAGGED,
    [MFC_PUTQLLUC]  = OP_SPU | OP_LINE | OP_PUT | OP_FENCE,
    [MFC_BARRIER]   = OP_BOTH | OP_BARRIER | OP_ALL,
    [MFC_EIEIO]     = OP_BOTH | OP_BARRIER | OP_ALL,
    [MFC_SYNC]      = OP_BOTH | OP_BARRIER | OP_ALL,
};

static uint16_t mfc_op(const MFCCommand *c)
{
    return mfc_ops[c->cmd];
}

/* Translation */

typedef enum MFCFault {
    MFC_FAULT_NONE,
    MFC_FAULT_SEGMENT,
    MFC_FAULT_NO_PTE,
    MFC_FAULT_PROTECTION,
    MFC_FAULT_ATOMIC,
} MFCFault;

/*
 * The page sizes of the CBE: 4 KiB, and two large ones that HID6 selects.
 * Linux selects 16 MiB and 64 KiB (SLB_VSID_LLP of its mmu-hash.h).
 */
static unsigned slb_page_shift(uint64_t vsid)
{
    if (!(vsid & SLB_VSID_L)) {
        return 12;
    }
    return vsid & SLB_VSID_LP_MASK ? 16 : 24;
}

/* The low bits of a large page's RPN say which size it has. */
static bool pte_has_size(uint64_t pte0, uint64_t pte1, unsigned shift)
{
    if (shift == 12 || !(pte0 & PTE0_L)) {
        return shift == 12 && !(pte0 & PTE0_L);
    }
    return (pte1 & PTE1_RPN & MAKE_64BIT_MASK(0, shift)) ==
           (shift == 16 ? BIT_ULL(12) : 0);
}

static bool pte_allows(uint64_t pte1, bool key, bool write)
{
    switch ((pte1 & PTE1_PP0 ? 4 : 0) | (pte1 & PTE1_PP)) {
    case 0:
        return !key;
    case 1:
        return !key || !write;
    case 2:
        return true;
    case 3:
        return !write;
    case 6:
        return !key && !write;
    default:
        return false;
    }
}

/*
 * Look in one group of the page table for the entry whose first word is @want,
 * apart from the bits for software, and set R and C.  The PPE may be changing
 * the entry at the same time: it was read consistently if its first word, which
 * has the valid bit, is the same before and after; and R and C are set only if
 * the second word is still the one that was read.
 *
 * Returns true if an entry was found, with the outcome in *fault.
 */
static bool mfc_search_group(AddressSpace *as, hwaddr group, uint64_t want,
                             unsigned shift, bool key, bool write,
                             uint64_t *pte1, MFCFault *fault)
{
    hwaddr len = 128;
    uint64_t *pte = address_space_map(as, group, &len, true,
                                      MEMTXATTRS_UNSPECIFIED);
    hwaddr dirty = 0;
    bool found = false;
    int i = 0;

    while (pte && len == 128 && i < 8) {
        uint64_t raw0 = qatomic_read(&pte[2 * i]);
        uint64_t raw1, new1;

        if ((be64_to_cpu(raw0) ^ want) & (PTE0_AVPN | PTE0_H | PTE0_V)) {
            i++;
            continue;
        }
        /* The PPE writes this word before it sets the valid bit. */
        smp_rmb();
        raw1 = qatomic_read(&pte[2 * i + 1]);
        *pte1 = be64_to_cpu(raw1);
        if (!pte_has_size(be64_to_cpu(raw0), *pte1, shift)) {
            i++;
            continue;
        }
        *fault = MFC_FAULT_PROTECTION;
        if (pte_allows(*pte1, key, write)) {
            *fault = MFC_FAULT_NONE;
            new1 = cpu_to_be64(*pte1 | PTE1_R | (write ? PTE1_C : 0));
            if (new1 != raw1) {
                if (qatomic_cmpxchg(&pte[2 * i + 1], raw1, new1) != raw1) {
                    continue;
                }
                dirty = len;
            }
        }
        /* R and C are set before the entry is looked at again. */
        smp_mb();
        if (qatomic_read(&pte[2 * i]) == raw0) {
            found = true;
            break;
        }
    }
    if (pte) {
        address_space_unmap(as, pte, len, dirty != 0, dirty);
    }
    return found;
}

/*
 * Does this TLB entry allow the access?  An MFC obeys tlbie, if MFC_SR1[T] says
 * so, but not tlbiel, which PowerPC Book III limits to the same processor.
 */
static bool mfc_tlb_allows(CellSPEState *spe, const MFCTLBEntry *e,
                           uint64_t vsid, uint64_t page, bool key, bool write)
{
    return e->pte1 && e->vsid == vsid && e->page == page &&
        (e->flushes == qatomic_read(&ppc_global_tlb_flushes) ||
         !(spe->sr1 & MFC_SR1_T)) &&
        pte_allows(e->pte1, key, write) && (!write || e->pte1 & PTE1_C);
}

/*
 * Translate @ea for a load or store; *len is cut down to what is contiguous
 * in real memory.  With MFC_SR1[R] = 0 effective addresses are real ones.
 */
static MFCFault mfc_translate(CellSPEState *spe, uint64_t ea, bool write,
                              hwaddr *pa, uint64_t *len)
{
    CellMFC *m = &spe->mfc;
    uint64_t table = m->sdr & MFC_SDR_HTABORG;
    uint64_t hash_mask = MAKE_64BIT_MASK(0, 11 + (m->sdr & MFC_SDR_HTABSIZE));
    int i;

    if (!(spe->sr1 & MFC_SR1_R)) {
        *pa = ea;
        return MFC_FAULT_NONE;
    }
    for (i = 0; i < MFC_SLB_ENTRIES; i++) {
        uint64_t vsid = m->slb[i].vsid;
        unsigned shift = slb_page_shift(vsid);
        uint64_t page_mask = MAKE_64BIT_MASK(0, shift);
        uint64_t offset = ea & ~SLB_ESID_MASK;
        uint64_t hash, want, pte1 = 0;
        unsigned flushes;
        MFCTLBEntry *e;
        MFCFault fault = MFC_FAULT_NONE;
        bool problem, key;

        if (!(m->slb[i].esid & SLB_ESID_V) ||
            (m->slb[i].esid ^ ea) & SLB_ESID_MASK) {
            continue;
        }
        problem = m->key_state & 2 ? m->key_state & 1 : spe->sr1 & MFC_SR1_Pr;
        key = vsid & (problem ? SLB_VSID_Kp : SLB_VSID_Ks);
        hash = (vsid >> 12) ^ (offset >> shift);
        vsid &= SLB_VSID_MASK | SLB_VSID_L | SLB_VSID_LP_MASK;
        e = &m->tlb[hash % MFC_TLB_ENTRIES];
        flushes = qatomic_load_acquire(&ppc_global_tlb_flushes);
        /* The abbreviated virtual page number leaves out the low 23 bits. */
        want = (vsid & SLB_VSID_MASK) |
               (((offset & ~page_mask) >> 16) & PTE0_AVPN) | PTE0_V;

        if (mfc_tlb_allows(spe, e, vsid, offset >> shift, key, write)) {
            pte1 = e->pte1;
        } else if (!mfc_search_group(m->table_as,
                                     table | (hash & hash_mask) << 7, want,
                                     shift, key, write, &pte1, &fault) &&
                   !mfc_search_group(m->table_as,
                                     table | (~hash & hash_mask) << 7,
                                     want | PTE0_H, shift, key, write, &pte1,
                                     &fault)) {
            return MFC_FAULT_NO_PTE;
        } else if (fault == MFC_FAULT_NONE) {
            *e = (MFCTLBEntry) {
                vsid, offset >> shift, pte1 | PTE1_R | (write ? PTE1_C : 0),
                flushes
            };
        }
        *pa = (pte1 & PTE1_RPN & ~page_mask) | (ea & page_mask);
        *len = MIN(*len, page_mask + 1 - (ea & page_mask));
        return fault;
    }
    return MFC_FAULT_SEGMENT;
}

/* Errors: both kinds leave the command where it is and stop the queues. */

static uint64_t error_id(MFCQueueId id, unsigned slot)
{
    return (id == MFC_QUEUE_SPU ? MFC_ERROR_SPU_QUEUE : 0) | slot;
}

static void mfc_error(CellSPEState *spe, MFCQueueId id, const MFCCommand *c,
                      uint64_t class0)
{
    unsigned slot = c - spe->mfc.queue[id].slot;

    trace_cell_mfc_error(spe->node, spe->index, c->cmd, class0);
    spe->mfc.faulted = true;
    spe->mfc.cer = error_id(id, slot);
    cell_spe_raise(spe, 0, class0);
}

static void mfc_fault(CellSPEState *spe, MFCQueueId id, const MFCCommand *c,
                      MFCFault fault, uint64_t ea)
{
    CellMFC *m = &spe->mfc;
    unsigned slot = c - m->queue[id].slot;

    trace_cell_mfc_fault(spe->node, spe->index, c->cmd, ea, fault);
    m->faulted = true;
    m->dar = ea;
    m->dsir = error_id(id, slot);
    if (fault == MFC_FAULT_SEGMENT) {
        cell_spe_raise(spe, 1, INT_CLASS1_SEGMENT_FAULT);
        return;
    }
    m->dsisr = (mfc_op(c) & OP_PUT ? MFC_DSISR_PUT : 0) |
               (fault == MFC_FAULT_NO_PTE ? MFC_DSISR_PTE_NOT_FOUND :
                fault == MFC_FAULT_ATOMIC ? MFC_DSISR_ATOMIC
                                          : MFC_DSISR_ACCESS_DENIED);
    cell_spe_raise(spe, 1, INT_CLASS1_STORAGE_FAULT);
}

/*
 * The budget
 *
 * Commands may issue each other through the registers of MFCs without end, and
 * a single list may be long: neither may make the machine hang.  So no queue
 * runs inside another's command, and all MFCs share one budget, which only a
 * timer refills: between two refills the main loop has its turn.  When the
 * budget is used up, queues rest, in the middle of a command if need be.
 *
 * A unit of it is about 100 ns of host time, so that even a slow host uses it
 * up in a few milliseconds.
 */
#define MFC_BUDGET          10000
#define MFC_COST_COMMAND    1       /* or an element of a list */
#define MFC_COST_REGISTERS  20      /* a transfer that is not to memory */

void cell_mfc_charge(CellSPEState *spe, int cost)
{
    CellEIB *eib = spe->mfc.eib;

    if (eib->running) {
        eib->budget -= cost;
    }
}

static bool mfc_has_budget(CellSPEState *spe)
{
    return spe->mfc.eib->budget > 0;
}

/* Charge for @len bytes; outside of memory, each four access a register. */
static void charge_access(CellSPEState *spe, bool memory, uint64_t len)
{
    cell_mfc_charge(spe, memory ? len / 1024 : MFC_COST_REGISTERS + len / 4);
}

/* Lock lines */

static void line_release(CellMFC *m)
{
    if (m->reserved) {
        m->reserved = false;
        QLIST_REMOVE(m, holder);
        timer_del(&m->line_watch);
    }
}

static void line_lost(CellMFC *m)
{
    line_release(m);
    cell_spu_event(m->spe, SPU_EVENT_LINE_LOST);
}

/*
 * An MFC stored at @pa: reservations there end.  That is an event for an SPU
 * that has lost one, unless the store was its own.
 */
static void lines_stored(CellSPEState *spe, MFCQueueId id, hwaddr pa,
                         uint64_t len)
{
    CellMFC *m, *next;

    QLIST_FOREACH_SAFE(m, &spe->mfc.eib->holders, holder, next) {
        if (pa >= m->line_addr + MFC_LINE_SIZE || m->line_addr >= pa + len) {
            continue;
        }
        if (m->spe == spe && id == MFC_QUEUE_SPU) {
            line_release(m);
        } else {
            line_lost(m);
        }
    }
}

/* Is this memory, and nothing else? */
static bool is_memory(CellEIB *eib, hwaddr pa, uint64_t size)
{
    hwaddr xlat, len = size;
    MemoryRegion *mr;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&eib->as, pa, &xlat, &len, true,
                                 MEMTXATTRS_UNSPECIFIED);
    return memory_region_is_ram(mr) && len == size;
}

/*
 * The hardware never reads half of a store, but this could, if the PPE or an
 * SPU stores to the line meanwhile: so read it until two readings agree.
 *
 * Returns false if none do: the line changes all the time.
 */
static bool line_read(CellEIB *eib, hwaddr pa, uint8_t *line)
{
    uint8_t again[MFC_LINE_SIZE];

    address_space_read(&eib->as, pa, MEMTXATTRS_UNSPECIFIED,
                       line, MFC_LINE_SIZE);
    for (int i = 0; i < 16; i++) {
        /* The first reading is complete. */
        smp_rmb();
        address_space_read(&eib->as, pa, MEMTXATTRS_UNSPECIFIED,
                           again, MFC_LINE_SIZE);
        if (!memcmp(line, again, MFC_LINE_SIZE)) {
            return true;
        }
        memcpy(line, again, MFC_LINE_SIZE);
    }
    return false;
}

/*
 * Nothing reports the PPE's stores, so a reservation is known to be lost only
 * when the line's value has changed.  Look for that if the SPU wants the event;
 * otherwise it finds out by putllc.
 */
void cell_mfc_watch_line(CellSPEState *spe)
{
    CellMFC *m = &spe->mfc;

    if (m->reserved &&
        spe->ch.data[SPU_WrEventMask] & ~spe->ch.data[SPU_RdEventStat] &
        SPU_EVENT_LINE_LOST) {
        if (!timer_pending(&m->line_watch)) {
            timer_mod(&m->line_watch, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                      spe->slice_ns);
        }
    } else {
        timer_del(&m->line_watch);
    }
}

static void line_watch_expired(void *opaque)
{
    CellSPEState *spe = opaque;
    CellMFC *m = &spe->mfc;
    uint8_t line[MFC_LINE_SIZE];

    if (!line_read(m->eib, m->line_addr, line) ||
        memcmp(line, m->line, MFC_LINE_SIZE)) {
        line_lost(m);
    } else {
        cell_mfc_watch_line(spe);
    }
}

/* Transfers */

/*
 * Up to a doubleword must be one store for all that share memory with an SPE:
 * memmove() may make two of it, and the second one may undo what another
 * processor has stored in answer to the first.
 */
static MemTxResult mfc_store(AddressSpace *as, hwaddr addr, const uint8_t *buf,
                             uint64_t len)
{
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    MemTxResult r;

    switch (len) {
    case 1:
        address_space_stb(as, addr, *buf, attrs, &r);
        break;
    case 2:
        address_space_stw_be(as, addr, lduw_be_p(buf), attrs, &r);
        break;
    case 4:
        address_space_stl_be(as, addr, ldl_be_p(buf), attrs, &r);
        break;
    case 8:
        address_space_stq_be(as, addr, ldq_be_p(buf), attrs, &r);
        break;
    default:
        r = address_space_write(as, addr, attrs, buf, len);
    }
    return r;
}

static void mfc_access(CellSPEState *spe, MFCQueueId id, uint16_t op,
                       hwaddr pa, uint32_t ls, uint64_t len)
{
    AddressSpace *as = &spe->mfc.eib->as;
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    MemTxResult r;

    charge_access(spe, is_memory(spe->mfc.eib, pa, len), len);
    if (op & OP_GET) {
        uint8_t buf[MFC_MAX_SIZE];

        /* The source may be this same local store. */
        assert(len <= sizeof(buf));
        r = address_space_read(as, pa, attrs, buf, len);
        mfc_store(&spe->ls_as, ls, buf, len);
    } else {
        r = op & OP_ZERO ? address_space_set(as, pa, 0, len, attrs)
                         : mfc_store(as, pa, spe->spu.ls + ls, len);
        lines_stored(spe, id, pa, len);
    }
    if (r != MEMTX_OK) {
        qemu_log_mask(LOG_GUEST_ERROR, "cell-spe %u.%u: DMA at 0x%"
                      HWADDR_PRIx ": bus error\n", spe->node, spe->index, pa);
    }
}

/*
 * Transfer @size bytes, of which c->done are done already.  Returns false if
 * that faults, if the budget is used up, or if the queue was purged.
 */
static bool mfc_transfer(CellSPEState *spe, MFCQueueId id, MFCCommand *c,
                         uint32_t lsa, uint64_t ea, uint32_t size)
{
    uint16_t op = mfc_op(c);

    while (c->done < size) {
        uint32_t ls = (lsa + c->done) & SPU_LS_MASK;
        uint64_t len = MIN(size - c->done, SPU_LS_SIZE - ls);
        unsigned changes = spe->mfc.changes;
        MFCFault fault;
        hwaddr pa;

        if (!mfc_has_budget(spe)) {
            return false;
        }
        fault = mfc_translate(spe, ea + c->done, op & OP_PUT, &pa, &len);
        if (fault) {
            mfc_fault(spe, id, c, fault, ea + c->done);
            return false;
        }
        mfc_access(spe, id, op, pa, ls, len);
        if (spe->mfc.changes != changes) {
            /* The transfer was to our own MFC_CNTL, and purged the queue. */
            return false;
        }
        c->done += len;
    }
    c->done = 0;
    return true;
}

/* 0, or the class 0 interrupt for what cannot be transferred */
static uint64_t mfc_check_transfer(uint32_t lsa, uint64_t ea, uint32_t size)
{
    if (size > MFC_MAX_SIZE || (lsa ^ ea) & 15) {
        return INT_CLASS0_DMA_ALIGNMENT;
    }
    if (size < 16 ? size && (!is_power_of_2(size) || ea & (size - 1))
                  : (size | ea) & 15) {
        return INT_CLASS0_DMA_ALIGNMENT;
    }
    return 0;
}

static bool mfc_exec_list(CellSPEState *spe, MFCQueueId id, MFCCommand *c)
{
    if ((c->size | c->ea | c->list_pos) & 7 || c->size > MFC_MAX_SIZE) {
        mfc_error(spe, id, c, INT_CLASS0_DMA_ALIGNMENT);
        return false;
    }
    while (c->list_pos < c->size) {
        const uint8_t *element = spe->spu.ls +
                                 ((c->ea + c->list_pos) & SPU_LS_MASK);
        uint32_t word = ldl_be_p(element);
        uint64_t ea = deposit64(c->ea, 0, 32, ldl_be_p(element + 4));
        uint32_t size = word & 0x7fff;
        /* Each element starts in a quadword of its own, as its EA does. */
        uint32_t lsa = (c->lsa & ~15) | (ea & 15);
        uint64_t error = mfc_check_transfer(lsa, ea, size);

        if (error) {
            mfc_error(spe, id, c, error);
            return false;
        }
        if (!mfc_has_budget(spe) ||
            !mfc_transfer(spe, id, c, lsa, ea, size)) {
            return false;
        }
        cell_mfc_charge(spe, MFC_COST_COMMAND);
        c->lsa = ROUND_UP(lsa + size, 16);
        c->list_pos += 8;
        if (word & BIT(31)) {
            c->stalled = true;
            cell_spu_channel_deliver(spe, MFC_RdListStallStat,
                                     spe->ch.data[MFC_RdListStallStat] |
                                     BIT(c->tag), SPU_EVENT_LIST_STALL);
            return false;
        }
    }
    return true;
}

static bool mfc_exec_line(CellSPEState *spe, MFCQueueId id, MFCCommand *c)
{
    CellMFC *m = &spe->mfc;
    uint64_t ea = QEMU_ALIGN_DOWN(c->ea, MFC_LINE_SIZE);
    uint32_t ls = QEMU_ALIGN_DOWN(c->lsa & SPU_LS_MASK, MFC_LINE_SIZE);
    uint8_t line[MFC_LINE_SIZE];
    uint64_t len = MFC_LINE_SIZE;
    uint32_t stat;
    hwaddr pa;
    MFCFault fault = mfc_translate(spe, ea, mfc_op(c) & OP_PUT, &pa, &len);

    if (!fault && !is_memory(m->eib, pa, MFC_LINE_SIZE)) {
        fault = MFC_FAULT_ATOMIC;
    }
    if (fault) {
        mfc_fault(spe, id, c, fault, ea);
        return false;
    }
    switch (c->cmd) {
    case MFC_GETLLAR:
        line_release(m);
        m->line_moves = !line_read(m->eib, pa, m->line);
        if (m->line_moves) {
            /* Try again while no CPU executes. */
            cell_mfc_run(spe);
            return false;
        }
        address_space_write(&spe->ls_as, ls, MEMTXATTRS_UNSPECIFIED, m->line,
                            MFC_LINE_SIZE);
        m->line_addr = pa;
        m->reserved = true;
        QLIST_INSERT_HEAD(&m->eib->holders, m, holder);
        cell_mfc_watch_line(spe);
        stat = MFC_ATOMIC_GETLLAR;
        break;
    case MFC_PUTLLC:
        stat = MFC_ATOMIC_PUTLLC_FAILED;
        if (m->reserved && m->line_addr == pa) {
            address_space_read(&m->eib->as, pa, MEMTXATTRS_UNSPECIFIED,
                               line, MFC_LINE_SIZE);
            if (!memcmp(line, m->line, MFC_LINE_SIZE)) {
                mfc_access(spe, id, OP_PUT, pa, ls, MFC_LINE_SIZE);
                stat = 0;
            }
        }
        line_release(m);
        break;
    default:
        mfc_access(spe, id, OP_PUT, pa, ls, MFC_LINE_SIZE);
        if (c->cmd == MFC_PUTQLLUC) {
            return true;
        }
        stat = MFC_ATOMIC_PUTLLUC;
    }
    spe->ch.atomic_stat = stat;
    cell_spu_channel_deliver(spe, MFC_RdAtomicStat, stat, 0);
    return true;
}

/* Returns whether the command is complete. */
static bool mfc_exec(CellSPEState *spe, MFCQueueId id, MFCCommand *c)
{
    uint16_t op = mfc_op(c);
    uint64_t error;

    if (!(op & (id == MFC_QUEUE_SPU ? OP_SPU : OP_PROXY))) {
        mfc_error(spe, id, c, INT_CLASS0_INVALID_DMA);
        return false;
    }
    if (op & OP_LINE) {
        return mfc_exec_line(spe, id, c);
    }
    if (op & OP_LIST) {
        return mfc_exec_list(spe, id, c);
    }
    if (op & OP_ZERO) {
        uint64_t first = QEMU_ALIGN_DOWN(c->ea, MFC_LINE_SIZE);
        uint64_t end = ROUND_UP(c->ea + MIN(c->size, MFC_MAX_SIZE),
                                MFC_LINE_SIZE);

        return mfc_transfer(spe, id, c, 0, first,
                            MIN(end - first, MFC_MAX_SIZE));
    }
    if (op & OP_SIGNAL) {
        /* A store of exactly one word */
        error = c->size == 4 ? mfc_check_transfer(c->lsa, c->ea, 4)
                             : INT_CLASS0_DMA_ALIGNMENT;
        if (error) {
            mfc_error(spe, id, c, error);
            return false;
        }
        return mfc_transfer(spe, id, c, c->lsa, c->ea, 4);
    }
    if (op & (OP_GET | OP_PUT)) {
        error = mfc_check_transfer(c->lsa, c->ea, c->size);
        if (error) {
            mfc_error(spe, id, c, error);
            return false;
        }
        if (!mfc_transfer(spe, id, c, c->lsa, c->ea, c->size)) {
            return false;
        }
        if (op & OP_START) {
            cell_spe_run(spe);
        }
    }
    return true;
}

/* The queues */

unsigned cell_mfc_free_slots(CellSPEState *spe, MFCQueueId id)
{
    return (id == MFC_QUEUE_SPU ? MFC_SPU_SLOTS : MFC_PROXY_SLOTS) -
           qatomic_load_acquire(&spe->mfc.queue[id].count);
}

/* The PPE may have restored a queue with gaps. */
static void queue_compact(MFCQueue *q)
{
    unsigned from, to = 0;

    for (from = 0; to < q->count; from++) {
        if (q->slot[from].valid) {
            q->slot[to++] = q->slot[from];
        }
    }
    for (; to < MFC_SPU_SLOTS; to++) {
        q->slot[to].valid = false;
    }
}

uint32_t cell_mfc_idle_tags(CellSPEState *spe, MFCQueueId id)
{
    MFCQueue *q = &spe->mfc.queue[id];
    uint32_t busy = 0;
    unsigned i;

    for (i = 0; i < MFC_SPU_SLOTS; i++) {
        if (q->slot[i].valid && !(mfc_op(&q->slot[i]) & OP_UNTAGGED)) {
            busy |= BIT(q->slot[i].tag);
        }
    }
    return ~busy;
}

/* Prxy_QueryType is one-shot: it is reset when the interrupt is raised. */
static void proxy_query_check(CellSPEState *spe)
{
    CellMFC *m = &spe->mfc;
    uint32_t idle = cell_mfc_idle_tags(spe, MFC_QUEUE_PROXY) & m->query_mask;

    if ((m->query_type == Prxy_QueryType_ANY && idle) ||
        (m->query_type == Prxy_QueryType_ALL && idle == m->query_mask)) {
        m->query_type = 0;
        cell_spe_raise(spe, 2, INT_CLASS2_TAG_GROUP);
    }
}

static void mfc_complete(CellSPEState *spe, MFCQueueId id, unsigned slot)
{
    MFCQueue *q = &spe->mfc.queue[id];
    bool was_full = !cell_mfc_free_slots(spe, id);

    trace_cell_mfc_done(spe->node, spe->index, q->slot[slot].cmd,
                        q->slot[slot].tag);
    memmove(&q->slot[slot], &q->slot[slot + 1],
            (MFC_SPU_SLOTS - 1 - slot) * sizeof(q->slot[0]));
    q->slot[MFC_SPU_SLOTS - 1].valid = false;
    /*
     * The stores of this command come before those of the next one, and before
     * the SPU, which may look without the lock, sees that it is complete.
     */
    smp_wmb();
    qatomic_set(&q->count, q->count - 1);

    if (id == MFC_QUEUE_PROXY) {
        proxy_query_check(spe);
        return;
    }
    cell_spu_tag_check(spe);
    if (was_full) {
        cell_spu_event(spe, SPU_EVENT_QUEUE_SPACE);
        cell_spe_kick(spe);
    }
}

/*
 * putllc and its kin must run while no CPU executes, because lwarx and stwcx.
 * know nothing of the MFC; so must a getllar that CPUs keep from reading.
 * Under icount that is so already, because all share one thread; without TCG
 * there are no CPUs.
 */
static bool mfc_needs_exclusive(CellMFC *m, const MFCCommand *c)
{
    return mfc_op(c) & OP_LINE && (mfc_op(c) & OP_PUT || m->line_moves) &&
           tcg_enabled() && !icount_enabled();
}

static void mfc_exclusive_work(CPUState *cs, run_on_cpu_data data);

/* Put an MFC on the EIB's list: its queues are to run. */
static void mfc_wait(CellMFC *m)
{
    if (!m->waits) {
        m->waits = true;
        QTAILQ_INSERT_TAIL(&m->eib->waiting, m, waiting);
    }
}

/* One pass over a queue; returns whether there should be another one. */
static bool mfc_run_queue(CellSPEState *spe, MFCQueueId id, bool exclusive)
{
    CellMFC *m = &spe->mfc;
    MFCQueue *q = &m->queue[id];
    uint32_t unfinished = 0;    /* tag groups with a command before this one */
    uint32_t held = 0;          /* tag groups that wait behind a barrier */
    bool line_waits = false;    /* a lock line command, which comes first */
    bool progress = false;
    unsigned i = 0;

    queue_compact(q);
    while (i < q->count && !m->suspended && !m->faulted) {
        MFCCommand *c = &q->slot[i];
        uint16_t op = mfc_op(c);
        uint32_t group = op & OP_ALL ? UINT32_MAX : BIT(c->tag);
        unsigned changes = m->changes;

        if ((op & OP_UNTAGGED ? !line_waits : !(held & BIT(c->tag))) &&
            !(op & OP_FENCE && unfinished & group) && !c->stalled) {
            if (mfc_needs_exclusive(m, c) && !exclusive) {
                line_waits = true;
                if (!m->exclusive_pending) {
                    m->exclusive_pending = true;
                    if (!spu_engine_exclusive(spe->engine)) {
                        async_safe_run_on_cpu(first_cpu, mfc_exclusive_work,
                                              RUN_ON_CPU_HOST_PTR(spe));
                    }
                }
            } else {
                if (!mfc_has_budget(spe)) {
                    return true;
                }
                cell_mfc_charge(spe, MFC_COST_COMMAND);
                if (mfc_exec(spe, id, c)) {
                    mfc_complete(spe, id, i);
                    progress = true;
                    continue;
                }
                line_waits |= op & OP_UNTAGGED;
            }
            if (m->changes != changes || !mfc_has_budget(spe)) {
                return true;
            }
        }
        if (!(op & OP_UNTAGGED)) {
            unfinished |= BIT(c->tag);
        }
        if (op & OP_HOLD) {
            held |= group;
        }
        i++;
    }
    return progress;
}

/*
 * Run the queues that wait, one pass for each MFC in turn: a transfer may end
 * in the registers of any SPE, and issue a command or restart a queue, which
 * then waits in turn.
 * @exclusive: the MFC for which the CPUs are stopped, or NULL
 */
static void eib_run(CellEIB *eib, CellMFC *exclusive)
{
    int64_t slice_ns = 0;
    CellMFC *m;

    if (eib->running) {
        return;
    }
    eib->running = true;
    while (eib->budget > 0 && (m = QTAILQ_FIRST(&eib->waiting))) {
        bool again;

        slice_ns = m->spe->slice_ns;
        QTAILQ_REMOVE(&eib->waiting, m, waiting);
        m->waits = false;
        again = mfc_run_queue(m->spe, MFC_QUEUE_PROXY, m == exclusive);
        again |= mfc_run_queue(m->spe, MFC_QUEUE_SPU, m == exclusive);
        if (again) {
            mfc_wait(m);
        }
    }
    eib->running = false;
    /* MFCs that do little seldom need the timer. */
    if (eib->budget < MFC_BUDGET / 2 && !timer_pending(&eib->refill)) {
        timer_mod(&eib->refill,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + slice_ns);
    }
}

static void eib_refill(void *opaque)
{
    CellEIB *eib = opaque;

    eib->budget = MFC_BUDGET;
    eib_run(eib, NULL);
}

void cell_mfc_run_exclusive(CellSPEState *spe)
{
    spe->mfc.exclusive_pending = false;
    mfc_wait(&spe->mfc);
    eib_run(spe->mfc.eib, &spe->mfc);
}

static void mfc_exclusive_work(CPUState *cs, run_on_cpu_data data)
{
    /* Called with all CPUs outside of translated code, and without the BQL. */
    bql_lock();
    cell_mfc_run_exclusive(data.host_ptr);
    bql_unlock();
}

void cell_mfc_run(CellSPEState *spe)
{
    mfc_wait(&spe->mfc);
    eib_run(spe->mfc.eib, NULL);
}

bool cell_mfc_issue(CellSPEState *spe, MFCQueueId id, uint32_t word)
{
    MFCQueue *q = &spe->mfc.queue[id];

    if (!cell_mfc_free_slots(spe, id)) {
        return false;
    }
    queue_compact(q);
    q->slot[q->count++] = (MFCCommand) {
        .valid = true,
        .cmd = word & 0xff00 ? 0 : word & 0xff,     /* 0 is invalid as well */
        .class_id = word >> 16,
        .tag = q->tag % MFC_TAGS,
        .lsa = q->lsa,
        .ea = q->ea,
        .size = q->size,
    };
    trace_cell_mfc_issue(spe->node, spe->index,
                         id == MFC_QUEUE_SPU ? "SPU" : "proxy", word & 0xff,
                         q->tag, q->lsa, q->ea, q->size);
    cell_mfc_run(spe);
    return true;
}

/*
 * The PPE writes the parameters and MFC_ClassID_CMD, then reads MFC_CMDStatus.
 * This read queues the command (CBEA, "MFC Proxy Command Issue Sequence");
 * hardware does nothing before it either.
 */
uint32_t cell_mfc_proxy_issue(CellSPEState *spe)
{
    CellMFC *m = &spe->mfc;

    if (!m->proxy_written) {
        return MFC_CMDStatus_SEQUENCE;
    }
    m->proxy_written = false;
    return cell_mfc_issue(spe, MFC_QUEUE_PROXY, m->proxy_cmd)
           ? 0 : MFC_CMDStatus_QUEUE_FULL;
}

void cell_mfc_list_ack(CellSPEState *spe, unsigned tag)
{
    MFCQueue *q = &spe->mfc.queue[MFC_QUEUE_SPU];
    unsigned i;

    for (i = 0; i < MFC_SPU_SLOTS; i++) {
        if (q->slot[i].valid && q->slot[i].tag == tag) {
            q->slot[i].stalled = false;
        }
    }
    cell_mfc_run(spe);
}

/* Registers */

static bool mfc_queues_empty(CellMFC *m)
{
    return !m->queue[MFC_QUEUE_SPU].count && !m->queue[MFC_QUEUE_PROXY].count;
}

uint64_t cell_mfc_cntl_read(CellSPEState *spe)
{
    CellMFC *m = &spe->mfc;

    return (m->suspended ? MFC_CNTL_Sc | MFC_CNTL_Ss_SUSPENDED : 0) |
           (mfc_queues_empty(m) ? MFC_CNTL_Q : 0) |
           (uint64_t)m->key_state << MFC_CNTL_K_SHIFT |
           (m->purged ? MFC_CNTL_Ps_COMPLETE : 0) |
           (spe->ch.dec_halted ? MFC_CNTL_Dh : 0) |
           (spe->ch.dec_running ? MFC_CNTL_Ds : 0);
}

/*
 * A purge empties the queues but completes nothing: spufs has already saved the
 * pending tag status query (switch.c, steps 22 and 27 of save), and restores it
 * together with the commands for which it waits.
 */
static void mfc_purge(CellSPEState *spe)
{
    CellMFC *m = &spe->mfc;
    MFCQueueId id;
    unsigned i;

    for (id = 0; id < MFC_QUEUES; id++) {
        for (i = 0; i < MFC_SPU_SLOTS; i++) {
            m->queue[id].slot[i].valid = false;
        }
        m->queue[id].count = 0;
    }
    m->changes++;
    m->faulted = false;
    spe->ch.tag_query = 0;
}

void cell_mfc_cntl_write(CellSPEState *spe, uint64_t val)
{
    CellMFC *m = &spe->mfc;

    if (!(val & MFC_CNTL_Sm)) {
        m->suspended = val & MFC_CNTL_Sc;
    }
    m->key_state = extract64(val, MFC_CNTL_K_SHIFT, 2);
    cell_spu_dec_halt(spe, val & MFC_CNTL_Dh);
    m->purged = val & MFC_CNTL_Pc;
    if (m->purged) {
        mfc_purge(spe);
        cell_spe_kick(spe);
    }
    if (val & MFC_CNTL_R && m->faulted) {
        /*
         * The command is tried again, and reports again anything that is still
         * wrong.  An interrupt that the PPE has not taken yet belongs to the
         * first try: it must not be handled with the second one's MFC_DAR.
         */
        m->faulted = false;
        spe->int_stat[1] &= ~(INT_CLASS1_SEGMENT_FAULT |
                              INT_CLASS1_STORAGE_FAULT);
        cell_spe_update_irqs(spe);
    }
    cell_mfc_run(spe);
}

/*
 * MFC_CQ_SR: four implementation-dependent registers for each slot, to be
 * saved and restored while the queues are suspended.
 */
#define CQ0_VALID       BIT_ULL(63)
#define CQ0_STALLED     BIT_ULL(62)

static MFCCommand *cq_slot(CellSPEState *spe, hwaddr addr, MFCQueueId *id)
{
    hwaddr base = addr < MFC_CQ_PROXY ? MFC_CQ_SPU : MFC_CQ_PROXY;

    *id = addr < MFC_CQ_PROXY ? MFC_QUEUE_SPU : MFC_QUEUE_PROXY;
    return &spe->mfc.queue[*id].slot[(addr - base) / 32];
}

uint64_t cell_mfc_cq_read(CellSPEState *spe, hwaddr addr)
{
    MFCQueueId id;
    MFCCommand *c = cq_slot(spe, addr, &id);

    if (!c->valid) {
        return 0;
    }
    switch (addr / 8 % 4) {
    case 0:
        return CQ0_VALID | (c->stalled ? CQ0_STALLED : 0) |
               (uint64_t)c->class_id << 32 | c->lsa;
    case 1:
        return c->ea;
    case 2:
        return (uint64_t)c->size << 32 | c->tag << 8 | c->cmd;
    default:
        return (uint64_t)c->list_pos << 32 | c->done;
    }
}

void cell_mfc_cq_write(CellSPEState *spe, hwaddr addr, uint64_t val)
{
    MFCQueueId id;
    MFCCommand *c = cq_slot(spe, addr, &id);
    MFCQueue *q = &spe->mfc.queue[id];

    if (!spe->mfc.suspended) {
        qemu_log_mask(LOG_GUEST_ERROR, "cell-spe %u.%u: MFC_CQ_SR written "
                      "while the queues run\n", spe->node, spe->index);
        return;
    }
    spe->mfc.changes++;
    switch (addr / 8 % 4) {
    case 0:
        q->count -= c->valid;
        c->valid = val & CQ0_VALID;
        q->count += c->valid;
        c->stalled = val & CQ0_STALLED;
        c->class_id = extract64(val, 32, 16);
        c->lsa = extract64(val, 0, 32);
        break;
    case 1:
        c->ea = val;
        break;
    case 2:
        c->size = extract64(val, 32, 16);
        c->tag = extract64(val, 8, 5);
        c->cmd = extract64(val, 0, 8);
        break;
    default:
        c->list_pos = extract64(val, 32, 16);
        c->done = extract64(val, 0, 16);
    }
}

void cell_mfc_query_write(CellSPEState *spe, uint32_t type)
{
    spe->mfc.query_type = type & 3;
    proxy_query_check(spe);
}

void cell_mfc_slb_invalidate(CellSPEState *spe, uint64_t ea)
{
    int i;

    for (i = 0; i < MFC_SLB_ENTRIES; i++) {
        if (!((spe->mfc.slb[i].esid ^ ea) & SLB_ESID_MASK)) {
            spe->mfc.slb[i].esid &= ~SLB_ESID_V;
        }
    }
}

void cell_mfc_slb_invalidate_all(CellSPEState *spe)
{
    int i;

    for (i = 0; i < MFC_SLB_ENTRIES; i++) {
        spe->mfc.slb[i].esid &= ~SLB_ESID_V;
    }
}

void cell_mfc_tlb_invalidate_all(CellSPEState *spe)
{
    memset(spe->mfc.tlb, 0, sizeof(spe->mfc.tlb));
}

void cell_mfc_reset(CellSPEState *spe)
{
    CellMFC *m = &spe->mfc;

    mfc_purge(spe);
    line_release(m);
    m->line_moves = false;
    if (m->waits) {
        m->waits = false;
        QTAILQ_REMOVE(&m->eib->waiting, m, waiting);
    }
    memset(m->queue, 0, sizeof(m->queue));
    memset(m->slb, 0, sizeof(m->slb));
    cell_mfc_tlb_invalidate_all(spe);
    m->slb_index = 0;
    m->suspended = false;
    m->purged = false;
    m->key_state = 0;
    m->proxy_cmd = 0;
    m->proxy_written = false;
    m->query_type = 0;
    m->query_mask = 0;
    m->sdr = 0;
    m->dar = 0;
    m->dsisr = 0;
    m->dsir = 0;
    m->cer = 0;
}

bool cell_mfc_post_load(CellSPEState *spe)
{
    CellMFC *m = &spe->mfc;
    MFCQueueId id;
    unsigned i;

    for (id = 0; id < MFC_QUEUES; id++) {
        MFCQueue *q = &m->queue[id];

        q->count = 0;
        for (i = 0; i < MFC_SPU_SLOTS; i++) {
            q->count += q->slot[i].valid;
            if (q->slot[i].tag >= MFC_TAGS ||
                (q->slot[i].valid && id == MFC_QUEUE_PROXY &&
                 i >= MFC_PROXY_SLOTS)) {
                return false;
            }
        }
    }
    if (m->slb_index >= MFC_SLB_ENTRIES) {
        return false;
    }
    cell_mfc_tlb_invalidate_all(spe);
    if (m->reserved) {
        QLIST_INSERT_HEAD(&m->eib->holders, m, holder);
    }
    /* Neither exclusive work nor a refill is pending here: start again. */
    m->exclusive_pending = false;
    if (!mfc_queues_empty(m)) {
        mfc_wait(m);
        timer_mod(&m->eib->refill, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
    return true;
}

void cell_mfc_init(CellSPEState *spe)
{
    CellMFC *m = &spe->mfc;

    m->spe = spe;
    m->table_as = &m->eib->as;
    if (spe->page_table) {
        m->table_as = g_new(AddressSpace, 1);
        address_space_init(m->table_as, spe->page_table, "cell-page-table");
    }
    timer_init_ns(&m->line_watch, QEMU_CLOCK_VIRTUAL, line_watch_expired, spe);
}

static void cell_eib_init(Object *obj)
{
    CellEIB *eib = CELL_EIB(obj);

    QTAILQ_INIT(&eib->waiting);
    eib->budget = MFC_BUDGET;
    timer_init_ns(&eib->refill, QEMU_CLOCK_VIRTUAL, eib_refill, eib);
}

static void cell_eib_realize(DeviceState *dev, Error **errp)
{
    CellEIB *eib = CELL_EIB(dev);

    if (!eib->memory) {
        error_setg(errp, "memory must be the memory that the SPEs access");
        return;
    }
    address_space_init(&eib->as, eib->memory, "cell-eib");
}

static void cell_eib_finalize(Object *obj)
{
    timer_del(&CELL_EIB(obj)->refill);
}

static const Property cell_eib_properties[] = {
    DEFINE_PROP_LINK("memory", CellEIB, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void cell_eib_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Cell Broadband Engine Element Interconnect Bus";
    dc->realize = cell_eib_realize;
    dc->user_creatable = false;
    device_class_set_props(dc, cell_eib_properties);
}

static const TypeInfo cell_eib_info = {
    .name              = TYPE_CELL_EIB,
    .parent            = TYPE_DEVICE,
    .instance_size     = sizeof(CellEIB),
    .instance_init     = cell_eib_init,
    .instance_finalize = cell_eib_finalize,
    .class_init        = cell_eib_class_init,
};

static void cell_mfc_register_types(void)
{
    type_register_static(&cell_eib_info);
}

type_init(cell_mfc_register_types)
