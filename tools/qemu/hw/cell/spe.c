/*
 * Cell Broadband Engine: Synergistic Processor Element
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An SPE as the PPE sees it (CBEA v1.02): run control, interrupts, and the
 * problem state, privilege 2 and privilege 1 register areas.  The SPU itself
 * is behind an SPUEngine, its channels are in spu_channel.c and its Memory
 * Flow Controller in mfc.c.
 *
 * Not modelled: isolation (a load request fails), ECC, performance
 * monitoring, loading of the TLB by software, resource allocation, and
 * MFC_SR1[D]: the local store can always be addressed.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/cell/spe.h"
#include "hw/core/irq.h"
#include "hw/core/qdev-properties.h"
#include "hw/ppc/fdt.h"
#include "system/physmem.h"
#include "system/runstate.h"
#include "trace.h"

#include <libfdt.h>

/* Interrupts */

/*
 * The mailbox interrupts are levels, up as long as a mailbox can be read or
 * written; spufs masks them in its handler (spu_irq_class_2).
 */
static uint64_t int_stat(CellSPEState *spe, unsigned class)
{
    uint64_t stat = spe->int_stat[class];

    if (class == 2) {
        if (!spe->ch.count[SPU_WrOutIntrMbox]) {
            stat |= INT_CLASS2_MAILBOX;
        }
        if (spe->ch.count[SPU_RdInMbox] < SPU_IN_MBOX_DEPTH) {
            stat |= INT_CLASS2_MAILBOX_THRESHOLD;
        }
    }
    return stat;
}

void cell_spe_update_irqs(CellSPEState *spe)
{
    unsigned class;

    for (class = 0; class < 3; class++) {
        qemu_set_irq(spe->irq[class],
                     (int_stat(spe, class) & spe->int_mask[class]) != 0);
    }
}

void cell_spe_raise(CellSPEState *spe, unsigned class, uint64_t bits)
{
    trace_cell_spe_raise(spe->node, spe->index, class, bits,
                         spe->int_mask[class]);
    spe->int_stat[class] |= bits;
    cell_spe_update_irqs(spe);
}

/*
 * INT_Route has 16 bits for each class, from the left: a priority in the
 * high byte, and the unit, as spufs writes it (cpu_affinity_set).
 */
static void int_route_write(CellSPEState *spe, uint64_t val)
{
    unsigned class;

    spe->int_route = val;
    for (class = 0; spe->iic && class < 3; class++) {
        uint16_t route = extract64(val, 48 - 16 * class, 16);

        cell_iic_set_route(spe->iic, class, spe->unit, route & 0xff,
                           route >> 8);
    }
}

/* Run control */

void cell_spe_kick(CellSPEState *spe)
{
    if (spe->engine->running) {
        spu_engine_kick(spe->engine);
    }
}

/* SPU_RunCntl: run request */
void cell_spe_run(CellSPEState *spe)
{
    spe->run_cntl = SPU_RunCntl_RUN;
    if (!(spe->sr1 & MFC_SR1_S) || spe->engine->running) {
        return;
    }
    trace_cell_spe_run(spe->node, spe->index, spe->spu.pc);
    spe->status = 0;
    spe->spu.single_step = spe->priv_cntl & SPU_PrivCntl_S;
    spu_engine_start(spe->engine);
}

/* It may take a while until the SPU's thread has stopped. */
#define SPE_COST_STOP       2000

static void spe_stop(CellSPEState *spe)
{
    if (spe->engine->running) {
        cell_mfc_charge(spe, SPE_COST_STOP);
        spu_engine_stop(spe->engine);
        trace_cell_spe_stop(spe->node, spe->index, spe->spu.pc);
    }
}

/* The SPU stopped by itself. */
static void spe_stopped(void *opaque, SPUExit why, uint32_t code)
{
    CellSPEState *spe = opaque;

    trace_cell_spe_stopped(spe->node, spe->index, why, code, spe->spu.pc);
    spe->status = spe->spu.single_step ? SPU_Status_S : 0;
    switch (why) {
    case SPU_EXIT_STOP:
        spe->status |= code << SPU_Status_SC_SHIFT | SPU_Status_P;
        cell_spe_raise(spe, 2, INT_CLASS2_STOP);
        break;
    case SPU_EXIT_HALT:
        spe->status |= SPU_Status_H;
        cell_spe_raise(spe, 2, INT_CLASS2_HALT);
        break;
    case SPU_EXIT_SINGLE_STEP:
        cell_spe_raise(spe, 2, INT_CLASS2_HALT);
        break;
    case SPU_EXIT_INVALID_INSN:
        spe->status |= SPU_Status_I;
        cell_spe_raise(spe, 0, INT_CLASS0_SPU_ERROR);
        break;
    case SPU_EXIT_INVALID_CHANNEL:
        spe->status |= SPU_Status_C;
        cell_spe_raise(spe, 0, INT_CLASS0_SPU_ERROR);
        break;
    default:
        g_assert_not_reached();
    }
}

static void spe_exclusive(void *opaque)
{
    cell_mfc_run_exclusive(opaque);
}

static uint32_t spu_status(CellSPEState *spe)
{
    return spe->status |
           (spe->engine->running ? SPU_Status_R : 0) |
           (spe->engine->running && spe->engine->stalled ? SPU_Status_W : 0);
}

static void run_cntl_write(CellSPEState *spe, uint32_t val)
{
    switch (val & 3) {
    case SPU_RunCntl_STOP:
        spe->run_cntl = val & 3;
        spe_stop(spe);
        break;
    case SPU_RunCntl_RUN:
        cell_spe_run(spe);
        break;
    default:
        /* An isolated load is refused, so there is nothing to exit. */
        spe->run_cntl = val & 3;
        qemu_log_mask(LOG_UNIMP, "cell-spe %u.%u: isolation requested\n",
                      spe->node, spe->index);
    }
}

/*
 * Master run control: taking it away stops the SPU, giving it back does not
 * start it again.  spufs clears it after each spu_run and sets it before it
 * writes the next one's SPU_NPC.  A tlbie is obeyed if MFC_SR1[T] is set at the
 * time, but the TLB takes notice only when it is next used, so clearing T must
 * empty it.
 */
static void sr1_write(CellSPEState *spe, uint64_t val)
{
    if (spe->sr1 & ~val & MFC_SR1_T) {
        cell_mfc_tlb_invalidate_all(spe);
    }
    spe->sr1 = val;
    if (!(val & MFC_SR1_S)) {
        spe_stop(spe);
    }
}

static void priv_cntl_write(CellSPEState *spe, uint64_t val)
{
    spe->priv_cntl = val & (SPU_PrivCntl_S | SPU_PrivCntl_Le);
    if (val & SPU_PrivCntl_A) {
        cell_spu_event(spe, SPU_EVENT_ATTENTION);
    }
}

/* Register areas */

static void spe_bad_access(CellSPEState *spe, const char *area, hwaddr addr,
                           bool write)
{
    qemu_log_mask(LOG_GUEST_ERROR, "cell-spe %u.%u: %s of %s register 0x%05"
                  HWADDR_PRIx "\n", spe->node, spe->index,
                  write ? "write" : "read", area, addr);
}

static uint64_t spe_ps_read(void *opaque, hwaddr addr, unsigned size)
{
    CellSPEState *spe = opaque;
    uint32_t val = 0;

    switch (addr) {
    case MFC_MSSync:
    case MFC_MSSync + 4:
        /* Never pending: transfers take no time. */
        break;
    case MFC_Size_Tag:
        break;
    case MFC_ClassID_CMD:
        val = cell_mfc_proxy_issue(spe);
        break;
    case MFC_QStatus:
        val = cell_mfc_free_slots(spe, MFC_QUEUE_PROXY);
        if (val == MFC_PROXY_SLOTS) {
            val |= MFC_QStatus_EMPTY;
        }
        break;
    case Prxy_QueryType:
        val = spe->mfc.query_type;
        break;
    case Prxy_QueryMask:
        val = spe->mfc.query_mask;
        break;
    case Prxy_TagStatus:
        val = cell_mfc_idle_tags(spe, MFC_QUEUE_PROXY) & spe->mfc.query_mask;
        break;
    case SPU_Out_Mbox:
        val = cell_spu_out_mbox_read(spe);
        break;
    case SPU_Mbox_Stat:
        val = cell_spu_mbox_stat(spe);
        break;
    case SPU_RunCntl:
        val = spe->run_cntl;
        break;
    case SPU_Status:
        val = spu_status(spe);
        break;
    case SPU_NPC:
        val = spe->spu.pc | (spe->spu.int_enabled ? SPU_NPC_IE : 0);
        break;
    case SPU_Sig_Notify_1:
        val = spe->ch.data[SPU_RdSigNotify1];
        break;
    case SPU_Sig_Notify_2:
        val = spe->ch.data[SPU_RdSigNotify2];
        break;
    default:
        spe_bad_access(spe, "problem state", addr, false);
    }
    trace_cell_spe_read(spe->node, spe->index, "problem state", addr, val);
    return val;
}

static void spe_ps_write(void *opaque, hwaddr addr, uint64_t val,
                         unsigned size)
{
    CellSPEState *spe = opaque;
    MFCQueue *proxy = &spe->mfc.queue[MFC_QUEUE_PROXY];

    trace_cell_spe_write(spe->node, spe->index, "problem state", addr, val);
    if (addr >= MFC_LSA && addr < MFC_ClassID_CMD) {
        /* Another sequence begins. */
        spe->mfc.proxy_written = false;
    }
    switch (addr) {
    case MFC_MSSync:
    case MFC_MSSync + 4:
        break;
    case MFC_LSA:
        proxy->lsa = val;
        break;
    case MFC_EAH:
        proxy->ea = deposit64(proxy->ea, 32, 32, val);
        break;
    case MFC_EAL:
        proxy->ea = deposit64(proxy->ea, 0, 32, val);
        break;
    case MFC_Size_Tag:
        proxy->size = val >> 16;
        proxy->tag = val & 0xffff;
        break;
    case MFC_ClassID_CMD:
        spe->mfc.proxy_cmd = val;
        spe->mfc.proxy_written = true;
        break;
    case Prxy_QueryType:
        cell_mfc_query_write(spe, val);
        break;
    case Prxy_QueryMask:
        spe->mfc.query_mask = val;
        break;
    case SPU_In_Mbox:
        cell_spu_in_mbox_write(spe, val);
        break;
    case SPU_RunCntl:
        run_cntl_write(spe, val);
        break;
    case SPU_NPC:
        if (spe->engine->running) {
            spe_bad_access(spe, "problem state, SPU running,", addr, true);
            break;
        }
        spe->spu.pc = val & SPU_LS_MASK & ~3;
        spe->spu.int_enabled = val & SPU_NPC_IE;
        break;
    case SPU_Sig_Notify_1:
        cell_spu_signal(spe, SPU_RdSigNotify1, val);
        break;
    case SPU_Sig_Notify_2:
        cell_spu_signal(spe, SPU_RdSigNotify2, val);
        break;
    default:
        spe_bad_access(spe, "problem state", addr, true);
    }
}

static uint64_t spe_priv2_read(void *opaque, hwaddr addr, unsigned size)
{
    CellSPEState *spe = opaque;
    CellMFC *mfc = &spe->mfc;
    uint64_t val = 0;

    switch (addr) {
    case SLB_Index:
        val = mfc->slb_index;
        break;
    case SLB_ESID:
        val = mfc->slb[mfc->slb_index].esid;
        break;
    case SLB_VSID:
        val = mfc->slb[mfc->slb_index].vsid;
        break;
    case MFC_CQ_SPU ... MFC_CQ_END - 1:
        val = cell_mfc_cq_read(spe, addr);
        break;
    case MFC_CNTL:
        val = cell_mfc_cntl_read(spe);
        break;
    case SPU_Out_Intr_Mbox:
        val = cell_spu_out_intr_mbox_read(spe);
        break;
    case SPU_PrivCntl:
        val = spe->priv_cntl;
        break;
    case SPU_LSLR:
        val = SPU_LS_MASK & ~spe->spu.ls_off;
        break;
    case SPU_ChnlIndex:
        val = spe->ch.index;
        break;
    case SPU_ChnlCnt:
        val = cell_spu_chnl_count_read(spe);
        break;
    case SPU_ChnlData:
        val = cell_spu_chnl_data_read(spe);
        break;
    case SPU_Cfg:
        val = spe->cfg;
        break;
    case PM_Trace_Tag_Wait_Mask:
        val = spe->pm_trace;
        break;
    case MFC_CSR_TSQ:
        val = cell_spu_tsq_read(spe);
        break;
    case MFC_CSR_CMD1:
        val = (uint64_t)mfc->queue[MFC_QUEUE_SPU].lsa << 32 |
              mfc->queue[MFC_QUEUE_SPU].ea >> 32;
        break;
    case MFC_CSR_CMD2:
        val = mfc->queue[MFC_QUEUE_SPU].ea << 32 |
              mfc->queue[MFC_QUEUE_SPU].size << 16 |
              mfc->queue[MFC_QUEUE_SPU].tag;
        break;
    case MFC_CSR_ATO:
        val = spe->ch.atomic_stat;
        break;
    default:
        spe_bad_access(spe, "privilege 2", addr, false);
    }
    trace_cell_spe_read(spe->node, spe->index, "privilege 2", addr, val);
    return val;
}

static void spe_priv2_write(void *opaque, hwaddr addr, uint64_t val,
                            unsigned size)
{
    CellSPEState *spe = opaque;
    CellMFC *mfc = &spe->mfc;
    MFCQueue *queue = &mfc->queue[MFC_QUEUE_SPU];

    trace_cell_spe_write(spe->node, spe->index, "privilege 2", addr, val);
    switch (addr) {
    case SLB_Index:
        mfc->slb_index = val % MFC_SLB_ENTRIES;
        break;
    case SLB_ESID:
        mfc->slb[mfc->slb_index].esid = val;
        break;
    case SLB_VSID:
        mfc->slb[mfc->slb_index].vsid = val;
        break;
    case SLB_Invalidate_Entry:
        cell_mfc_slb_invalidate(spe, val);
        break;
    case SLB_Invalidate_All:
        cell_mfc_slb_invalidate_all(spe);
        break;
    case MFC_CQ_SPU ... MFC_CQ_END - 1:
        cell_mfc_cq_write(spe, addr, val);
        break;
    case MFC_CNTL:
        cell_mfc_cntl_write(spe, val);
        break;
    case SPU_PrivCntl:
        priv_cntl_write(spe, val);
        break;
    case SPU_LSLR:
        spe->spu.ls_off = SPU_LS_MASK & ~val;
        break;
    case SPU_ChnlIndex:
        cell_spu_chnl_index_write(spe, val);
        break;
    case SPU_ChnlCnt:
        cell_spu_chnl_count_write(spe, val);
        break;
    case SPU_ChnlData:
        cell_spu_chnl_data_write(spe, val);
        break;
    case SPU_Cfg:
        spe->cfg = val & (SPU_Cfg_S1 | SPU_Cfg_S2);
        break;
    case PM_Trace_Tag_Wait_Mask:
        spe->pm_trace = val;
        break;
    case MFC_CSR_TSQ:
        cell_spu_tsq_write(spe, val);
        break;
    case MFC_CSR_CMD1:
        queue->lsa = val >> 32;
        queue->ea = deposit64(queue->ea, 32, 32, val);
        break;
    case MFC_CSR_CMD2:
        queue->ea = deposit64(queue->ea, 0, 32, val >> 32);
        queue->size = extract64(val, 16, 16);
        queue->tag = extract64(val, 0, 16);
        break;
    case MFC_CSR_ATO:
        spe->ch.atomic_stat = val;
        break;
    default:
        spe_bad_access(spe, "privilege 2", addr, true);
    }
}

/* Is this a register that has no effect in this model? */
static bool priv1_is_storage(hwaddr addr)
{
    switch (addr) {
    case MFC_LPID:
    case SPU_IDR:
    case MFC_Atomic_Flush:
    case RA_Group_ID:
    case RA_Enable:
    case SMF_SBI_Signal_Sel:
    case SMF_ATO_Signal_Sel:
    case MFC_TLB_Index:
    case MFC_TLB_VPN:
    case MFC_TLB_RPN:
    case SMM_HID:
    case MFC_ACCR:
    case MFC_RMT_Index:
    case MFC_RMT_Data1:
    case MFC_LSACR:
    case MFC_TCLASS_ID:
    case MFC_RM_Boundary:
    case SMF_DMA_Signal_Sel:
    case SMM_Signal_Sel:
    case SPU_ECC_Cntl:
    case SPU_ECC_Stat:
    case SPU_ECC_Addr:
    case SPU_ERR_Mask:
    case SPU_Trig0_Sel ... SPU_Trace_Cntl:
        return true;
    default:
        return false;
    }
}

uint64_t cell_spe_priv1_read(CellSPEState *spe, hwaddr addr)
{
    uint64_t val = 0;

    switch (addr) {
    case MFC_SR1:
        val = spe->sr1;
        break;
    case MFC_VR:
    case SPU_VR:
    case MFC_TLB_Index_Hint:
    case MFC_LSCRR:
        break;
    case INT_Mask_class0 ... INT_Mask_class2:
        val = spe->int_mask[(addr - INT_Mask_class0) / 8];
        break;
    case INT_Stat_class0 ... INT_Stat_class2:
        val = int_stat(spe, (addr - INT_Stat_class0) / 8);
        break;
    case INT_Route:
        val = spe->int_route;
        break;
    case MFC_SDR:
        val = spe->mfc.sdr;
        break;
    case MFC_DSISR:
        val = spe->mfc.dsisr;
        break;
    case MFC_DAR:
        val = spe->mfc.dar;
        break;
    case MFC_DSIR:
        val = spe->mfc.dsir;
        break;
    case MFC_CER:
        val = spe->mfc.cer;
        break;
    default:
        if (priv1_is_storage(addr)) {
            val = spe->priv1_storage[addr / 8];
        } else {
            spe_bad_access(spe, "privilege 1", addr, false);
        }
    }
    trace_cell_spe_read(spe->node, spe->index, "privilege 1", addr, val);
    return val;
}

void cell_spe_priv1_write(CellSPEState *spe, hwaddr addr, uint64_t val)
{
    trace_cell_spe_write(spe->node, spe->index, "privilege 1", addr, val);
    switch (addr) {
    case MFC_SR1:
        sr1_write(spe, val);
        break;
    case INT_Mask_class0 ... INT_Mask_class2:
        spe->int_mask[(addr - INT_Mask_class0) / 8] = val;
        cell_spe_update_irqs(spe);
        break;
    case INT_Stat_class0 ... INT_Stat_class2:
        spe->int_stat[(addr - INT_Stat_class0) / 8] &= ~val;
        cell_spe_update_irqs(spe);
        break;
    case INT_Route:
        int_route_write(spe, val);
        break;
    case MFC_SDR:
        spe->mfc.sdr = val;
        break;
    case MFC_TLB_Invalidate_Entry:
    case MFC_TLB_Invalidate_All:
        cell_mfc_tlb_invalidate_all(spe);
        break;
    case MFC_DSISR:
        spe->mfc.dsisr = val;
        break;
    case MFC_DAR:
        spe->mfc.dar = val;
        break;
    default:
        if (priv1_is_storage(addr)) {
            spe->priv1_storage[addr / 8] = val;
        } else {
            spe_bad_access(spe, "privilege 1", addr, true);
        }
    }
}

static uint64_t spe_priv1_read(void *opaque, hwaddr addr, unsigned size)
{
    return cell_spe_priv1_read(opaque, addr);
}

static void spe_priv1_write(void *opaque, hwaddr addr, uint64_t val,
                            unsigned size)
{
    cell_spe_priv1_write(opaque, addr, val);
}

static const MemoryRegionOps spe_ps_ops = {
    .read = spe_ps_read,
    .write = spe_ps_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static const MemoryRegionOps spe_priv2_ops = {
    .read = spe_priv2_read,
    .write = spe_priv2_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = { .min_access_size = 8, .max_access_size = 8 },
    .impl = { .min_access_size = 8, .max_access_size = 8 },
};

static const MemoryRegionOps spe_priv1_ops = {
    .read = spe_priv1_read,
    .write = spe_priv1_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = { .min_access_size = 8, .max_access_size = 8 },
    .impl = { .min_access_size = 8, .max_access_size = 8 },
};

/* Device tree */

int cell_spe_dt_populate(CellSPEState *spe, void *fdt, int be_offset,
                         uint32_t iic_phandle, hwaddr ls, hwaddr ps,
                         hwaddr priv2, hwaddr priv1)
{
    const uint64_t reg[] = {
        cpu_to_be64(ls), cpu_to_be64(SPE_LS_SIZE),
        cpu_to_be64(ps), cpu_to_be64(SPE_PS_SIZE),
        cpu_to_be64(priv2), cpu_to_be64(SPE_PRIV2_SIZE),
        cpu_to_be64(priv1), cpu_to_be64(SPE_PRIV1_SIZE),
    };
    /* node, extension, class, unit: Linux's iic_host_xlate() */
    uint32_t source = spe->node << 24 | spe->unit;
    const uint32_t interrupts[] = {
        cpu_to_be32(source), cpu_to_be32(source | 1 << 8),
        cpu_to_be32(source | 2 << 8),
    };
    g_autofree char *name = g_strdup_printf("spe@%" HWADDR_PRIx, ls);
    int node;

    node = fdt_add_subnode(fdt, be_offset, name);
    _FDT(node);
    _FDT(fdt_setprop_string(fdt, node, "device_type", "spe"));
    _FDT(fdt_setprop(fdt, node, "reg", reg, sizeof(reg)));
    _FDT(fdt_setprop_cell(fdt, node, "physical-id", spe->index));
    _FDT(fdt_setprop_cell(fdt, node, "interrupt-parent", iic_phandle));
    _FDT(fdt_setprop(fdt, node, "interrupts", interrupts,
                     sizeof(interrupts)));
    return node;
}

/* Names of engines */

const char *spu_engine_name(bool tcg)
{
    return tcg ? "tcg" : "reference";
}

bool spu_engine_parse(const char *name, bool *tcg, Error **errp)
{
    if (strcmp(name, "reference") && strcmp(name, "tcg")) {
        error_setg(errp, "there is no SPU engine '%s', only 'reference' and "
                   "'tcg'", name);
        return false;
    }
    *tcg = !strcmp(name, "tcg");
    return true;
}

/* Device */

static void cell_spe_reset_hold(Object *obj, ResetType type)
{
    CellSPEState *spe = CELL_SPE(obj);

    spe_stop(spe);
    cell_mfc_reset(spe);
    cell_spu_channels_reset(spe);
    memset(spe->spu.gpr, 0, sizeof(spe->spu.gpr));
    memset(&spe->spu.fpscr, 0, sizeof(spe->spu.fpscr));
    spe->spu.pc = 0;
    spe->spu.srr0 = 0;
    spe->spu.int_enabled = false;
    spe->spu.single_step = false;
    spe->spu.insns = 0;
    spe->run_cntl = SPU_RunCntl_STOP;
    spe->status = 0;
    spe->sr1 = 0;
    memset(spe->int_mask, 0, sizeof(spe->int_mask));
    memset(spe->int_stat, 0, sizeof(spe->int_stat));
    spe->int_route = 0;
    spe->priv_cntl = 0;
    spe->spu.ls_off = 0;
    spe->cfg = 0;
    spe->pm_trace = 0;
    memset(spe->priv1_storage, 0, sizeof(spe->priv1_storage));
    cell_spe_update_irqs(spe);
}

/*
 * Engines store to local store without marking its pages dirty.  That matters
 * when the machine is stopped so that the last dirty pages can be saved.
 */
static void cell_spe_vm_state_change(void *opaque, bool running,
                                     RunState state)
{
    CellSPEState *spe = opaque;

    ram_addr_t addr = memory_region_get_ram_addr(&spe->ls);

    if (!running) {
        physical_memory_set_dirty_range(addr, SPE_LS_SIZE,
                                        BIT(DIRTY_MEMORY_MIGRATION));
    }
}

/* While it executes a slice, an SPU keeps the BQL. */
#define SPE_MAX_SLICE_NS    10000000

static void cell_spe_realize(DeviceState *dev, Error **errp)
{
    CellSPEState *spe = CELL_SPE(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);
    g_autofree char *ls_name = NULL;
    int class;

    if (!spe->mfc.eib) {
        error_setg(errp, "eib must be the bus that the machine's SPEs share");
        return;
    }
    if (!spe->frequency || spe->frequency > UINT32_MAX) {
        error_setg(errp, "frequency must be 1 to %u Hz", UINT32_MAX);
        return;
    }
    if (!spe->slice_ns || spe->slice_ns > SPE_MAX_SLICE_NS) {
        error_setg(errp, "slice-ns must be 1 to %u", SPE_MAX_SLICE_NS);
        return;
    }
    if (!spe->timebase_frequency) {
        error_setg(errp, "timebase-frequency must not be zero");
        return;
    }
    /* RAM blocks of devices without a path need names of their own. */
    ls_name = g_strdup_printf("cell-spe-ls-%u.%u", spe->node, spe->index);
    if (!memory_region_init_ram(&spe->ls, OBJECT(dev), ls_name, SPE_LS_SIZE,
                                errp)) {
        return;
    }
    memory_region_init(&spe->ls_space, OBJECT(dev), "cell-spe-ls-space",
                       UINT64_MAX);
    memory_region_add_subregion(&spe->ls_space, 0, &spe->ls);
    address_space_init(&spe->ls_as, &spe->ls_space, ls_name);
    memory_region_init_alias(&spe->ls_alias, OBJECT(dev), "cell-spe-ls",
                             &spe->ls, 0, SPE_LS_SIZE);
    memory_region_init_io(&spe->ps, OBJECT(dev), &spe_ps_ops, spe,
                          "cell-spe-ps", SPE_PS_SIZE);
    memory_region_init_io(&spe->priv2, OBJECT(dev), &spe_priv2_ops, spe,
                          "cell-spe-priv2", SPE_PRIV2_SIZE);
    memory_region_init_io(&spe->priv1, OBJECT(dev), &spe_priv1_ops, spe,
                          "cell-spe-priv1", SPE_PRIV1_SIZE);
    /* An MFC may store to the registers of its own SPE: eib_run(). */
    spe->ps.disable_reentrancy_guard = true;
    spe->priv2.disable_reentrancy_guard = true;

    sysbus_init_mmio(sbd, &spe->ls_alias);
    sysbus_init_mmio(sbd, &spe->ps);
    sysbus_init_mmio(sbd, &spe->priv2);
    sysbus_init_mmio(sbd, &spe->priv1);
    for (class = 0; class < 3; class++) {
        sysbus_init_irq(sbd, &spe->irq[class]);
    }

    spe->spu.ls = memory_region_get_ram_ptr(&spe->ls);
    spe->spu.ch_ops = &cell_spu_channel_ops;
    spe->spu.ch_opaque = spe;
    if (spe->tcg) {
        spe->engine = spu_engine_tcg_new(&spe->spu, &spe->ls_space,
                                         OBJECT(dev),
                                         spe->node << 4 | spe->index,
                                         spe_stopped, spe, errp);
        if (!spe->engine) {
            return;
        }
    } else {
        spe->engine = spu_engine_ref_new(&spe->spu, spe->frequency,
                                         spe->slice_ns, spe_stopped, spe);
    }
    spe->engine->exclusive = spe_exclusive;
    cell_spu_channels_init(spe);
    cell_mfc_init(spe);
    qemu_add_vm_change_state_handler(cell_spe_vm_state_change, spe);
}

static const Property cell_spe_properties[] = {
    DEFINE_PROP_UINT8("unit", CellSPEState, unit, 0),
    DEFINE_PROP_UINT8("node", CellSPEState, node, 0),
    DEFINE_PROP_UINT32("index", CellSPEState, index, 0),
    DEFINE_PROP_LINK("iic", CellSPEState, iic, TYPE_CELL_IIC, CellIICState *),
    DEFINE_PROP_LINK("eib", CellSPEState, mfc.eib, TYPE_CELL_EIB, CellEIB *),
    /* Where the page table is, if it is not in the guest's memory */
    DEFINE_PROP_LINK("page-table", CellSPEState, page_table,
                     TYPE_MEMORY_REGION, MemoryRegion *),
    DEFINE_PROP_UINT64("frequency", CellSPEState, frequency, SPU_DEFAULT_HZ),
    DEFINE_PROP_UINT64("slice-ns", CellSPEState, slice_ns, 20000),
    DEFINE_PROP_BOOL("tcg", CellSPEState, tcg, false),
    DEFINE_PROP_UINT32("timebase-frequency", CellSPEState, timebase_frequency,
                       0),
};

static void cell_spe_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "Cell Broadband Engine Synergistic Processor Element";
    dc->realize = cell_spe_realize;
    dc->vmsd = &cell_spe_vmstate;
    dc->user_creatable = false;
    device_class_set_props(dc, cell_spe_properties);
    rc->phases.hold = cell_spe_reset_hold;
}

static const TypeInfo cell_spe_info = {
    .name          = TYPE_CELL_SPE,
    .parent        = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(CellSPEState),
    .class_init    = cell_spe_class_init,
};

static void cell_spe_register_types(void)
{
    type_register_static(&cell_spe_info);
}

type_init(cell_spe_register_types)
