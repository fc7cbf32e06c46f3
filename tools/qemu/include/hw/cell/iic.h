/*
 * Cell Broadband Engine: internal interrupt controller (IIC)
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_IIC_H
#define HW_CELL_IIC_H

#include "hw/core/sysbus.h"
#include "qom/object.h"

#define TYPE_CELL_IIC "cell-iic"
OBJECT_DECLARE_SIMPLE_TYPE(CellIICState, CELL_IIC)

#define CELL_IIC_THREADS        2
#define CELL_IIC_CLASSES        3
#define CELL_IIC_UNITS          16

/* Number of the GPIO input for a unit's interrupts of one class: a level. */
#define CELL_IIC_INPUT(class, unit)  ((class) * CELL_IIC_UNITS + (unit))
#define CELL_IIC_NUM_INPUTS     (CELL_IIC_CLASSES * CELL_IIC_UNITS)

/*
 * The name of the GPIO inputs for the 64 I/O exceptions.  They are numbered
 * like the bits of IIC_IS, 0 being the most significant.
 */
#define CELL_IIC_IOEX           "io-exception"

/* Units on the element interconnect bus, as interrupt sources or targets. */
#define CELL_IIC_UNIT_IOC_0     0x0
#define CELL_IIC_UNIT_IOC_1     0xb
#define CELL_IIC_UNIT_IIC       0xe     /* source: I/O exceptions */
#define CELL_IIC_UNIT_THREAD_0  0xe     /* target */
#define CELL_IIC_UNIT_THREAD_1  0xf     /* target */

/* A target or a source, of any chip: the chip's node number and the unit. */
#define CELL_IIC_NODE_UNIT(node, unit)  ((node) << 4 | (unit))

/* Register block; offsets are those of struct cbe_iic_regs of Linux. */
#define CELL_IIC_SIZE           0x1000
#define CELL_IIC_THREAD(t)      (0x400 + (t) * 0x20)
#define CELL_IIC_THREAD_SIZE    0x20
#define   CELL_IIC_PENDING      0x00
#define   CELL_IIC_PENDING_DESTR 0x08
#define   CELL_IIC_GENERATE     0x10
#define   CELL_IIC_PRIO         0x18
#define CELL_IIC_IR             0x440
#define CELL_IIC_IS             0x448
#define CELL_IIC_IOC_FIR        0x500   /* and five more, up to 0x528 */
#define CELL_IIC_IOC_FIRS       6

/* Low word of a pending register. */
#define CELL_IIC_PENDING_VALID  0x80000000u
#define CELL_IIC_PENDING_IPI    0x40000000u

/* Where an interrupt source sends its interrupts. */
typedef struct CellIICRoute {
    uint8_t dest;               /* node and unit of the target */
    uint8_t prio;               /* 0 is the most urgent; bits 0-3 count */
} CellIICRoute;

struct CellIICState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq out[CELL_IIC_THREADS];
    CellIICState *peer;         /* the other chip's, if there is one */
    uint8_t node;

    uint8_t prio[CELL_IIC_THREADS];
    uint16_t ipi[CELL_IIC_THREADS];     /* pending, by bits 0-3 of priority */
    uint16_t level[CELL_IIC_CLASSES];   /* inputs, by unit */
    CellIICRoute route[CELL_IIC_CLASSES][CELL_IIC_UNITS];
    uint64_t ioex;                      /* I/O exception inputs */
    uint64_t is;                        /* IIC_IS */
    uint64_t ir;                        /* IIC_IR */
    uint64_t ioc_fir[CELL_IIC_IOC_FIRS];
};

/**
 * cell_iic_set_route: say where a unit's interrupts go and how urgent they are
 * @iic: the IIC of the unit's own chip
 * @class: class of the interrupts, 0 to 2
 * @unit: the unit that is their source
 * @dest_unit: CELL_IIC_NODE_UNIT() of the target, a thread of any chip;
 *             interrupts for anything else reach nobody
 * @prio: priority as the pending register shows it: bits 0-3 of a byte, 0x00
 *        being the most urgent and 0xf0 the least
 *
 * An SPE calls this when INT_Route is written.  In hardware, the messages that
 * it sends on the bus carry the route.
 */
void cell_iic_set_route(CellIICState *iic, unsigned class, unsigned unit,
                        uint8_t dest_unit, uint8_t prio);

/**
 * cell_iic_set_peer: join the interrupt controllers of two chips
 * @iic: one
 * @peer: the other
 *
 * Each may send interrupts to the other's threads from then on.
 */
void cell_iic_set_peer(CellIICState *iic, CellIICState *peer);

/**
 * cell_iic_dt_populate: add the interrupt-controller node
 * @iic: the IIC
 * @fdt: the device tree
 * @be_offset: offset of the chip's be node
 * @base: address of the register block
 * @threads: how many threads the chip's PPE has
 *
 * Returns: the node's phandle
 */
uint32_t cell_iic_dt_populate(CellIICState *iic, void *fdt, int be_offset,
                              hwaddr base, unsigned threads);

#endif /* HW_CELL_IIC_H */
