/*
 * Cell Broadband Engine: the state of an SPE, for migration and snapshots
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The machine is stopped when this is saved, so nothing is half done: an SPU
 * is between two instructions, and an MFC has no command that could still be
 * executed, unless it waits for the CPUs to be stopped or for more budget.
 * Local store is saved as RAM, the translating engine's state with its vCPU.
 */
#include "qemu/osdep.h"
#include "hw/cell/spe.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "spu_engine_ref.h"

/* The SPU */

static int spu_reg_get(QEMUFile *f, void *pv, size_t size,
                       const VMStateField *field)
{
    SPUReg *reg = pv;

    qemu_get_be64s(f, &SPU_D(reg, 0));
    qemu_get_be64s(f, &SPU_D(reg, 1));
    return 0;
}

static int spu_reg_put(QEMUFile *f, void *pv, size_t size,
                       const VMStateField *field, JSONWriter *vmdesc)
{
    SPUReg *reg = pv;

    qemu_put_be64s(f, &SPU_D(reg, 0));
    qemu_put_be64s(f, &SPU_D(reg, 1));
    return 0;
}

const VMStateInfo vmstate_info_spu_reg = {
    .name = "SPUReg",
    .get = spu_reg_get,
    .put = spu_reg_put,
};

static bool spu_pc_valid(void *opaque, int version_id)
{
    SPUState *spu = opaque;

    return !((spu->pc | spu->srr0) & ~(SPU_LS_MASK & ~3));
}

static const VMStateDescription vmstate_spu = {
    .name = "spu",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_ARRAY(gpr, SPUState, SPU_NUM_GPR, 0, vmstate_info_spu_reg,
                      SPUReg),
        VMSTATE_SINGLE(fpscr, SPUState, 0, vmstate_info_spu_reg, SPUReg),
        VMSTATE_UINT32(pc, SPUState),
        VMSTATE_UINT32(srr0, SPUState),
        VMSTATE_VALIDATE("addresses in local store", spu_pc_valid),
        VMSTATE_BOOL(int_enabled, SPUState),
        VMSTATE_BOOL(event_pending, SPUState),
        VMSTATE_BOOL(single_step, SPUState),
        VMSTATE_UINT32(ls_off, SPUState),
        VMSTATE_UINT64(insns, SPUState),
        VMSTATE_END_OF_LIST()
    },
};

/* An engine begins with its SPUEngine. */
QEMU_BUILD_BUG_ON(offsetof(SPUEngineRef, engine) != 0);

static bool spu_end_valid(void *opaque, int version_id)
{
    SPUEngineRef *r = opaque;

    return !r->ended ||
           (r->why >= SPU_EXIT_STOP && r->why <= SPU_EXIT_INVALID_CHANNEL);
}

static const VMStateDescription vmstate_spu_engine_ref = {
    .name = "spu-engine-reference",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(engine.running, SPUEngineRef),
        VMSTATE_BOOL(engine.stalled, SPUEngineRef),
        VMSTATE_TIMER_PTR(timer, SPUEngineRef),
        VMSTATE_INT64(base_ns, SPUEngineRef),
        VMSTATE_UINT64(insns, SPUEngineRef),
        VMSTATE_INT64(due_ns, SPUEngineRef),
        VMSTATE_BOOL(ended, SPUEngineRef),
        VMSTATE_UINT32(why, SPUEngineRef),
        VMSTATE_UINT32(code, SPUEngineRef),
        VMSTATE_VALIDATE("end of execution", spu_end_valid),
        VMSTATE_END_OF_LIST()
    },
};

/* Channels */

static bool spu_channels_valid(void *opaque, int version_id)
{
    SPUChannels *ch = opaque;

    return ch->count[SPU_RdInMbox] <= SPU_IN_MBOX_DEPTH;
}

static const VMStateDescription vmstate_spu_channels = {
    .name = "spu-channels",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(data, SPUChannels, SPU_NUM_CHANNELS),
        VMSTATE_UINT32_ARRAY(count, SPUChannels, SPU_NUM_CHANNELS),
        VMSTATE_UINT32_ARRAY(in_mbox, SPUChannels, SPU_IN_MBOX_DEPTH),
        VMSTATE_VALIDATE("counts", spu_channels_valid),
        VMSTATE_UINT32(tag_query, SPUChannels),
        VMSTATE_UINT32(atomic_stat, SPUChannels),
        VMSTATE_UINT32(index, SPUChannels),
        VMSTATE_UINT32(mbox_access, SPUChannels),
        VMSTATE_BOOL(dec_running, SPUChannels),
        VMSTATE_BOOL(dec_halted, SPUChannels),
        VMSTATE_UINT32(dec_value, SPUChannels),
        VMSTATE_INT64(dec_start, SPUChannels),
        VMSTATE_TIMER(dec_timer, SPUChannels),
        VMSTATE_END_OF_LIST()
    },
};

/* MFC */

static const VMStateDescription vmstate_mfc_command = {
    .name = "mfc-command",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(valid, MFCCommand),
        VMSTATE_BOOL(stalled, MFCCommand),
        VMSTATE_UINT8(cmd, MFCCommand),
        VMSTATE_UINT8(tag, MFCCommand),
        VMSTATE_UINT16(class_id, MFCCommand),
        VMSTATE_UINT32(lsa, MFCCommand),
        VMSTATE_UINT64(ea, MFCCommand),
        VMSTATE_UINT32(size, MFCCommand),
        VMSTATE_UINT32(list_pos, MFCCommand),
        VMSTATE_UINT32(done, MFCCommand),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_mfc_queue = {
    .name = "mfc-queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(slot, MFCQueue, MFC_SPU_SLOTS, 1,
                             vmstate_mfc_command, MFCCommand),
        VMSTATE_UINT32(lsa, MFCQueue),
        VMSTATE_UINT64(ea, MFCQueue),
        VMSTATE_UINT32(size, MFCQueue),
        VMSTATE_UINT32(tag, MFCQueue),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_mfc_slb_entry = {
    .name = "mfc-slb-entry",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(esid, MFCSLBEntry),
        VMSTATE_UINT64(vsid, MFCSLBEntry),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_cell_mfc = {
    .name = "cell-mfc",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(queue, CellMFC, MFC_QUEUES, 1,
                             vmstate_mfc_queue, MFCQueue),
        VMSTATE_BOOL(suspended, CellMFC),
        VMSTATE_BOOL(purged, CellMFC),
        VMSTATE_UINT8(key_state, CellMFC),
        VMSTATE_BOOL(faulted, CellMFC),
        VMSTATE_UINT32(proxy_cmd, CellMFC),
        VMSTATE_BOOL(proxy_written, CellMFC),
        VMSTATE_UINT32(query_type, CellMFC),
        VMSTATE_UINT32(query_mask, CellMFC),
        VMSTATE_UINT32(slb_index, CellMFC),
        VMSTATE_STRUCT_ARRAY(slb, CellMFC, MFC_SLB_ENTRIES, 1,
                             vmstate_mfc_slb_entry, MFCSLBEntry),
        VMSTATE_UINT64(sdr, CellMFC),
        VMSTATE_UINT64(dar, CellMFC),
        VMSTATE_UINT64(dsisr, CellMFC),
        VMSTATE_UINT64(dsir, CellMFC),
        VMSTATE_UINT64(cer, CellMFC),
        VMSTATE_BOOL(reserved, CellMFC),
        VMSTATE_UINT64(line_addr, CellMFC),
        VMSTATE_UINT8_ARRAY(line, CellMFC, MFC_LINE_SIZE),
        VMSTATE_TIMER(line_watch, CellMFC),
        VMSTATE_END_OF_LIST()
    },
};

/* The SPE */

static bool spe_has_reference_engine(void *opaque, int version_id)
{
    CellSPEState *spe = opaque;

    return !spe->tcg;
}

/* This takes the MFC off the list of reservations, too. */
static int spe_pre_load(void *opaque)
{
    CellSPEState *spe = opaque;

    cell_mfc_reset(spe);
    return 0;
}

static int spe_post_load(void *opaque, int version_id)
{
    return cell_mfc_post_load(opaque) ? 0 : -EINVAL;
}

const VMStateDescription cell_spe_vmstate = {
    .name = TYPE_CELL_SPE,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = spe_pre_load,
    .post_load = spe_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(run_cntl, CellSPEState),
        VMSTATE_UINT32(status, CellSPEState),
        VMSTATE_UINT64(sr1, CellSPEState),
        VMSTATE_UINT64_ARRAY(int_mask, CellSPEState, 3),
        VMSTATE_UINT64_ARRAY(int_stat, CellSPEState, 3),
        VMSTATE_UINT64(int_route, CellSPEState),
        VMSTATE_UINT64(priv_cntl, CellSPEState),
        VMSTATE_UINT64(cfg, CellSPEState),
        VMSTATE_UINT64(pm_trace, CellSPEState),
        VMSTATE_UINT64_ARRAY(priv1_storage, CellSPEState, SPE_PRIV1_SIZE / 8),
        VMSTATE_STRUCT(spu, CellSPEState, 1, vmstate_spu, SPUState),
        VMSTATE_STRUCT(ch, CellSPEState, 1, vmstate_spu_channels, SPUChannels),
        VMSTATE_STRUCT(mfc, CellSPEState, 1, vmstate_cell_mfc, CellMFC),
        VMSTATE_STRUCT_POINTER_TEST(engine, CellSPEState,
                                    spe_has_reference_engine,
                                    vmstate_spu_engine_ref, SPUEngine),
        VMSTATE_END_OF_LIST()
    },
};
