/*
 * Cell Broadband Engine: Synergistic Processor Element
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_SPE_H
#define HW_CELL_SPE_H

#include "hw/cell/iic.h"
#include "hw/cell/mfc.h"
#include "hw/cell/spe_regs.h"
#include "hw/cell/spu.h"
#include "hw/cell/spu_channel.h"
#include "hw/cell/spu_engine.h"
#include "hw/core/sysbus.h"
#include "migration/vmstate.h"

/*
 * Sysbus MMIO regions: local store, problem state, privilege 2, privilege 1.
 * Sysbus IRQs: interrupts of class 0, 1 and 2, all of them levels.
 */
#define TYPE_CELL_SPE "cell-spe"
OBJECT_DECLARE_SIMPLE_TYPE(CellSPEState, CELL_SPE)

struct CellSPEState {
    SysBusDevice parent_obj;

    /* properties */
    uint8_t unit;
    uint8_t node;
    uint32_t index;
    CellIICState *iic;
    MemoryRegion *page_table;   /* NULL: in the system's memory */
    uint64_t frequency;
    uint64_t slice_ns;
    bool tcg;               /* the SPU's engine */
    uint32_t timebase_frequency;

    MemoryRegion ls;
    /* Local store by its own addresses: for the SPU, and what DMA writes */
    MemoryRegion ls_space;
    AddressSpace ls_as;
    MemoryRegion ls_alias;      /* which the system maps */
    MemoryRegion ps;
    MemoryRegion priv2;
    MemoryRegion priv1;
    qemu_irq irq[3];

    SPUState spu;
    SPUEngine *engine;
    uint32_t run_cntl;
    uint32_t status;        /* SPU_Status but for R and W */

    uint64_t sr1;
    uint64_t int_mask[3];
    uint64_t int_stat[3];   /* but for the mailboxes' levels */
    uint64_t int_route;
    uint64_t priv_cntl;
    uint64_t cfg;

    CellMFC mfc;
    SPUChannels ch;

    /* registers that this model only keeps */
    uint64_t pm_trace;
    uint64_t priv1_storage[SPE_PRIV1_SIZE / 8];
};

/* The state of an SPE, of its MFC and SPU, and of a reference engine */
extern const VMStateDescription cell_spe_vmstate;

/* How SPUReg is migrated: most significant byte first */
extern const VMStateInfo vmstate_info_spu_reg;

/**
 * cell_spe_raise: set bits of INT_Stat
 */
void cell_spe_raise(CellSPEState *spe, unsigned class, uint64_t bits);

/**
 * cell_spe_priv1_read, cell_spe_priv1_write: registers of the privilege 1 area
 * @addr: offset of the register, a multiple of 8
 *
 * For a hypervisor: its guests have no access to this area.
 */
uint64_t cell_spe_priv1_read(CellSPEState *spe, hwaddr addr);
void cell_spe_priv1_write(CellSPEState *spe, hwaddr addr, uint64_t val);

/* The cause of an interrupt changed. */
void cell_spe_update_irqs(CellSPEState *spe);

/* A channel changed for which the SPU may be waiting, or event_pending did. */
void cell_spe_kick(CellSPEState *spe);

/**
 * cell_spe_run: what SPU_RunCntl's run request and the MFC's start
 *               modifier do
 */
void cell_spe_run(CellSPEState *spe);

/**
 * cell_spe_dt_populate: describe an SPE in a flat device tree
 * @be_offset: the node of its chip, whose children have addresses and sizes
 *             of two cells each
 * @iic_phandle: the chip's interrupt controller
 * @ls, @ps, @priv2, @priv1: where its regions are, as seen from that node
 *
 * Returns the offset of the new node.
 */
int cell_spe_dt_populate(CellSPEState *spe, void *fdt, int be_offset,
                         uint32_t iic_phandle, hwaddr ls, hwaddr ps,
                         hwaddr priv2, hwaddr priv1);

#endif /* HW_CELL_SPE_H */
