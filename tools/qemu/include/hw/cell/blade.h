/*
 * Cell blade: the machine and its chips
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_BLADE_H
#define HW_CELL_BLADE_H

#include "hw/cell/iic.h"
#include "hw/cell/ppe.h"
#include "hw/cell/rtas.h"
#include "hw/cell/spe.h"
#include "hw/core/boards.h"
#include "hw/core/sysbus.h"
#include "qom/object.h"
#include "qemu/units.h"

#define CELL_MAX_CHIPS          2
#define CELL_MAX_SPES           8
#define CELL_MAX_THREADS        CELL_IIC_THREADS

#define CELL_TIMEBASE_FREQ      14318000
#define CELL_CLOCK_FREQ         3200000000ULL

/*
 * Physical addresses.  On a real blade the firmware chooses them.  Software
 * finds them in the device tree.
 */
#define CELL_IO_BASE            0xe0000000u     /* RAM ends below */
#define CELL_UART_BASE          0xe0000000u
#define CELL_RTAS_MMIO_BASE     0xe0010000u     /* within reach of RTAS */

#define CELL_BE_BASE(node)      (0x20000000000ULL + (node) * 0x2000000000ULL)
#define CELL_BE_SIZE            0x2000000ULL
/* Offsets within a chip's registers */
#define CELL_BE_SPE(n)          ((n) * 0x80000)
#define   CELL_SPE_LS           0
#define   CELL_SPE_PS           0x40000
#define   CELL_SPE_PRIV2        0x60000
#define CELL_BE_SPE_PRIV1(n)    (0x1000000 + (n) * SPE_PRIV1_SIZE)
#define CELL_BE_IIC             0x1108000
#define CELL_BE_PERVASIVE       0x1109000
#define CELL_BE_MIC             0x110a000

/* Registers that are kept but do nothing */
#define CELL_REGS_SIZE          0x1000

typedef struct CellRegs {
    MemoryRegion mmio;
    const char *name;
    uint8_t data[CELL_REGS_SIZE];       /* big endian, like the guest */
} CellRegs;

/* A Cell BE: one PPE, up to eight SPEs, and the devices between them */
#define TYPE_CELL_CHIP "cell-chip"
OBJECT_DECLARE_SIMPLE_TYPE(CellChip, CELL_CHIP)

struct CellChip {
    SysBusDevice parent_obj;

    uint8_t node;
    uint8_t nr_threads;
    uint8_t nr_spes;
    bool spu_tcg;
    char *cpu_type;
    CellEIB *eib;

    CellPPEThread thread[CELL_MAX_THREADS];
    CellIICState iic;
    CellSPEState spe[CELL_MAX_SPES];
    CellRegs pervasive;
    CellRegs mic;
};

#define TYPE_CELL_BLADE MACHINE_TYPE_NAME("cell-blade")
OBJECT_DECLARE_SIMPLE_TYPE(CellBladeState, CELL_BLADE)

struct CellBladeState {
    MachineState parent_obj;

    uint8_t nr_chips;
    uint8_t nr_spes;            /* of each chip */
    bool spu_tcg;
    CellEIB eib;
    CellChip chip[CELL_MAX_CHIPS];
    CellRTASState rtas;

    uint64_t kernel_entry;
    hwaddr rtas_addr;
    hwaddr fdt_addr;
    hwaddr initrd_addr;
    uint64_t initrd_size;
};

#endif /* HW_CELL_BLADE_H */
