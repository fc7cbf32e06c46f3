/*
 * Cell Broadband Engine: internal interrupt controller (IIC)
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One IIC per chip presents interrupts to the two threads of its PPE: those
 * of the units of its own chip and of the other chip, and those that software
 * generates (IPIs).  A thread is interrupted when something pending for it is
 * more urgent than its current priority.  Reading PENDING_DESTR takes the
 * most urgent one and makes its priority the current one; writing the former
 * priority back is the end of the interrupt.
 *
 * The registers are laid out as in struct cbe_iic_regs of Linux; their use is
 * in arch/powerpc/platforms/cell/interrupt.c there.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/cell/iic.h"
#include "hw/core/irq.h"
#include "hw/core/qdev-properties.h"
#include "hw/ppc/fdt.h"
#include "migration/vmstate.h"
#include "system/device_tree.h"
#include "trace.h"
#include <libfdt.h>

/* A priority is four bits, in the upper half of its byte. */
#define PRIO_MASK       0xf0

/* The low word of PENDING: see struct cbe_iic_pending_bits of Linux */
static uint32_t cell_iic_pack(unsigned class, uint8_t source, uint8_t prio)
{
    return CELL_IIC_PENDING_VALID | class << 16 | source << 8 | prio;
}

/* Find a unit of @src that interrupts @dest and is more urgent than *prio. */
static void cell_iic_best_unit(const CellIICState *src, uint8_t dest,
                               unsigned *prio, uint32_t *pending)
{
    for (unsigned class = 0; class < CELL_IIC_CLASSES; class++) {
        for (unsigned unit = 0; unit < CELL_IIC_UNITS; unit++) {
            const CellIICRoute *r = &src->route[class][unit];

            if (src->level[class] & (1 << unit) && r->dest == dest &&
                r->prio < *prio) {
                *prio = r->prio;
                *pending = cell_iic_pack(class,
                                         CELL_IIC_NODE_UNIT(src->node, unit),
                                         r->prio);
            }
        }
    }
}

/* The pending interrupt that a thread may take now; 0 if there is none */
static uint32_t cell_iic_pending(const CellIICState *s, unsigned thread)
{
    uint8_t dest = CELL_IIC_NODE_UNIT(s->node,
                                      CELL_IIC_UNIT_THREAD_0 + thread);
    unsigned prio = s->prio[thread];
    uint32_t pending = 0;

    if (s->ipi[thread]) {
        unsigned ipi = ctz32(s->ipi[thread]) << 4;

        if (ipi < prio) {
            prio = ipi;
            pending = cell_iic_pack(0, 0, ipi) | CELL_IIC_PENDING_IPI;
        }
    }
    cell_iic_best_unit(s, dest, &prio, &pending);
    if (s->peer) {
        cell_iic_best_unit(s->peer, dest, &prio, &pending);
    }
    return pending;
}

static void cell_iic_update_own(CellIICState *s)
{
    for (unsigned thread = 0; thread < CELL_IIC_THREADS; thread++) {
        qemu_set_irq(s->out[thread], cell_iic_pending(s, thread) != 0);
    }
}

/* Something about this chip's sources changed: any thread may notice. */
static void cell_iic_update(CellIICState *s)
{
    cell_iic_update_own(s);
    if (s->peer) {
        cell_iic_update_own(s->peer);
    }
}

static void cell_iic_set_input(void *opaque, int n, int level)
{
    CellIICState *s = opaque;
    unsigned class = n / CELL_IIC_UNITS, unit = n % CELL_IIC_UNITS;

    trace_cell_iic_input(s->node, class, unit, level);
    s->level[class] = deposit32(s->level[class], unit, 1, level != 0);
    cell_iic_update(s);
}

/* Exceptions in IIC_IS interrupt as the IIC's own class 1. */
static void cell_iic_update_ioex(CellIICState *s)
{
    s->is |= s->ioex;
    s->level[1] = deposit32(s->level[1], CELL_IIC_UNIT_IIC, 1, s->is != 0);
    cell_iic_update(s);
}

static void cell_iic_set_ioex(void *opaque, int n, int level)
{
    CellIICState *s = opaque;

    s->ioex = deposit64(s->ioex, 63 - n, 1, level != 0);
    cell_iic_update_ioex(s);
}

void cell_iic_set_route(CellIICState *s, unsigned class, unsigned unit,
                        uint8_t dest_unit, uint8_t prio)
{
    trace_cell_iic_route(s->node, class, unit, dest_unit, prio);
    s->route[class][unit].dest = dest_unit;
    s->route[class][unit].prio = prio & PRIO_MASK;
    cell_iic_update(s);
}

void cell_iic_set_peer(CellIICState *s, CellIICState *peer)
{
    s->peer = peer;
    peer->peer = s;
}

static uint64_t cell_iic_thread_read(CellIICState *s, unsigned thread,
                                     hwaddr reg)
{
    uint32_t pending;

    switch (reg) {
    case CELL_IIC_PENDING:
        return cell_iic_pending(s, thread);

    case CELL_IIC_PENDING_DESTR:
        pending = cell_iic_pending(s, thread);
        if (pending) {
            trace_cell_iic_take(s->node, thread, pending);
            s->prio[thread] = extract32(pending, 0, 8);
            if (pending & CELL_IIC_PENDING_IPI) {
                s->ipi[thread] &= ~(1 << extract32(pending, 4, 4));
            }
            cell_iic_update_own(s);
        }
        return pending;

    case CELL_IIC_PRIO:
        return s->prio[thread];

    default:                    /* GENERATE is write-only */
        return 0;
    }
}

static void cell_iic_thread_write(CellIICState *s, unsigned thread,
                                  hwaddr reg, uint64_t val)
{
    switch (reg) {
    case CELL_IIC_GENERATE:
        trace_cell_iic_generate(s->node, thread, val & PRIO_MASK);
        s->ipi[thread] |= 1 << extract64(val, 4, 4);
        break;

    case CELL_IIC_PRIO:
        trace_cell_iic_prio(s->node, thread, val);
        s->prio[thread] = val;
        break;

    default:
        qemu_log_mask(LOG_GUEST_ERROR, "cell-iic: write of 0x%" PRIx64
                      " to a pending register\n", val);
        return;
    }
    cell_iic_update_own(s);
}

static uint64_t cell_iic_read(void *opaque, hwaddr addr, unsigned size)
{
    CellIICState *s = opaque;

    switch (addr) {
    case CELL_IIC_THREAD(0) ... CELL_IIC_THREAD(CELL_IIC_THREADS) - 1:
        return cell_iic_thread_read(s, (addr - CELL_IIC_THREAD(0)) /
                                       CELL_IIC_THREAD_SIZE,
                                    addr % CELL_IIC_THREAD_SIZE);
    case CELL_IIC_IR:
        return s->ir;
    case CELL_IIC_IS:
        return s->is;
    case CELL_IIC_IOC_FIR ... CELL_IIC_IOC_FIR + 8 * CELL_IIC_IOC_FIRS - 1:
        return s->ioc_fir[(addr - CELL_IIC_IOC_FIR) / 8];
    default:
        qemu_log_mask(LOG_UNIMP, "cell-iic: read of register 0x%03" HWADDR_PRIx
                      "\n", addr);
        return 0;
    }
}

static void cell_iic_write(void *opaque, hwaddr addr, uint64_t val,
                           unsigned size)
{
    CellIICState *s = opaque;

    switch (addr) {
    case CELL_IIC_THREAD(0) ... CELL_IIC_THREAD(CELL_IIC_THREADS) - 1:
        cell_iic_thread_write(s, (addr - CELL_IIC_THREAD(0)) /
                                 CELL_IIC_THREAD_SIZE,
                              addr % CELL_IIC_THREAD_SIZE, val);
        break;
    case CELL_IIC_IR:
        /* Priority in bits 15-12 counted from the right, target in 7-0 */
        s->ir = val;
        cell_iic_set_route(s, 1, CELL_IIC_UNIT_IIC, extract64(val, 0, 8),
                           extract64(val, 12, 4) << 4);
        break;
    case CELL_IIC_IS:
        s->is &= ~val;
        cell_iic_update_ioex(s);
        break;
    case CELL_IIC_IOC_FIR ... CELL_IIC_IOC_FIR + 8 * CELL_IIC_IOC_FIRS - 1:
        /* No I/O controller, hence no faults: these only keep values */
        qemu_log_mask(LOG_UNIMP, "cell-iic: IOC FIR register 0x%03" HWADDR_PRIx
                      " = 0x%" PRIx64 "\n", addr, val);
        s->ioc_fir[(addr - CELL_IIC_IOC_FIR) / 8] = val;
        break;
    default:
        qemu_log_mask(LOG_UNIMP, "cell-iic: write of register 0x%03"
                      HWADDR_PRIx " = 0x%" PRIx64 "\n", addr, val);
        break;
    }
}

static const MemoryRegionOps cell_iic_ops = {
    .read = cell_iic_read,
    .write = cell_iic_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = {
        .min_access_size = 8,
        .max_access_size = 8,
    },
    .impl = {
        .min_access_size = 8,
        .max_access_size = 8,
    },
};

uint32_t cell_iic_dt_populate(CellIICState *s, void *fdt, int be_offset,
                              hwaddr base, unsigned threads)
{
    /*
     * Linux takes the two server numbers to be those of CPUs that exist, one
     * for each of the first two parts of reg.  With a single thread, name
     * that one twice.
     */
    unsigned second = threads - 1;
    uint32_t servers[2] = {
        cpu_to_be32(s->node * CELL_IIC_THREADS),
        cpu_to_be32(s->node * CELL_IIC_THREADS + second),
    };
    uint64_t reg[6] = {
        cpu_to_be64(base + CELL_IIC_THREAD(0)),
        cpu_to_be64(CELL_IIC_THREAD_SIZE),
        cpu_to_be64(base + CELL_IIC_THREAD(second)),
        cpu_to_be64(CELL_IIC_THREAD_SIZE),
        cpu_to_be64(base),
        cpu_to_be64(CELL_IIC_SIZE),
    };
    uint32_t phandle = qemu_fdt_alloc_phandle(fdt);
    int offset;

    /* No unit address: Linux looks for a node of just this name */
    offset = fdt_add_subnode(fdt, be_offset, "interrupt-controller");
    _FDT(offset);
    _FDT(fdt_setprop_string(fdt, offset, "device_type",
                            "CBEA-Internal-Interrupt-Controller"));
    _FDT(fdt_setprop_string(fdt, offset, "compatible",
                            "IBM,CBEA-Internal-Interrupt-Controller"));
    _FDT(fdt_setprop(fdt, offset, "interrupt-controller", NULL, 0));
    _FDT(fdt_setprop_cell(fdt, offset, "#interrupt-cells", 1));
    _FDT(fdt_setprop_cell(fdt, offset, "#address-cells", 0));
    _FDT(fdt_setprop(fdt, offset, "ibm,interrupt-server-ranges", servers,
                     sizeof(servers)));
    _FDT(fdt_setprop(fdt, offset, "reg", reg, sizeof(reg)));
    _FDT(fdt_setprop_cell(fdt, offset, "phandle", phandle));
    return phandle;
}

static void cell_iic_reset_hold(Object *obj, ResetType type)
{
    CellIICState *s = CELL_IIC(obj);

    for (unsigned thread = 0; thread < CELL_IIC_THREADS; thread++) {
        s->prio[thread] = 0;    /* nothing may interrupt */
        s->ipi[thread] = 0;
    }
    for (unsigned class = 0; class < CELL_IIC_CLASSES; class++) {
        for (unsigned unit = 0; unit < CELL_IIC_UNITS; unit++) {
            s->route[class][unit].dest =
                CELL_IIC_NODE_UNIT(s->node, CELL_IIC_UNIT_THREAD_0);
            s->route[class][unit].prio = 0;
        }
    }
    s->is = 0;
    s->ir = 0;
    memset(s->ioc_fir, 0, sizeof(s->ioc_fir));
}

static void cell_iic_reset_exit(Object *obj, ResetType type)
{
    cell_iic_update_ioex(CELL_IIC(obj));
}

static void cell_iic_init(Object *obj)
{
    CellIICState *s = CELL_IIC(obj);

    qdev_init_gpio_in(DEVICE(s), cell_iic_set_input, CELL_IIC_NUM_INPUTS);
    qdev_init_gpio_in_named(DEVICE(s), cell_iic_set_ioex, CELL_IIC_IOEX, 64);
    qdev_init_gpio_out(DEVICE(s), s->out, CELL_IIC_THREADS);
    memory_region_init_io(&s->mmio, obj, &cell_iic_ops, s, TYPE_CELL_IIC,
                          CELL_IIC_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->mmio);
}

static const VMStateDescription vmstate_cell_iic_route = {
    .name = TYPE_CELL_IIC "/route",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(dest, CellIICRoute),
        VMSTATE_UINT8(prio, CellIICRoute),
        VMSTATE_END_OF_LIST()
    },
};

/* The threads' own state does not include their interrupt lines. */
static int cell_iic_post_load(void *opaque, int version_id)
{
    cell_iic_update(opaque);
    return 0;
}

static const VMStateDescription vmstate_cell_iic = {
    .name = TYPE_CELL_IIC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = cell_iic_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_ARRAY(prio, CellIICState, CELL_IIC_THREADS),
        VMSTATE_UINT16_ARRAY(ipi, CellIICState, CELL_IIC_THREADS),
        VMSTATE_UINT16_ARRAY(level, CellIICState, CELL_IIC_CLASSES),
        VMSTATE_STRUCT_2DARRAY(route, CellIICState, CELL_IIC_CLASSES,
                               CELL_IIC_UNITS, 1, vmstate_cell_iic_route,
                               CellIICRoute),
        VMSTATE_UINT64(ioex, CellIICState),
        VMSTATE_UINT64(is, CellIICState),
        VMSTATE_UINT64(ir, CellIICState),
        VMSTATE_UINT64_ARRAY(ioc_fir, CellIICState, CELL_IIC_IOC_FIRS),
        VMSTATE_END_OF_LIST()
    },
};

static const Property cell_iic_properties[] = {
    DEFINE_PROP_UINT8("node", CellIICState, node, 0),
};

static void cell_iic_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "Cell BE internal interrupt controller";
    dc->user_creatable = false;
    dc->vmsd = &vmstate_cell_iic;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, cell_iic_properties);
    rc->phases.hold = cell_iic_reset_hold;
    rc->phases.exit = cell_iic_reset_exit;
}

static const TypeInfo cell_iic_type = {
    .name = TYPE_CELL_IIC,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(CellIICState),
    .instance_init = cell_iic_init,
    .class_init = cell_iic_class_init,
};

static void cell_iic_register_types(void)
{
    type_register_static(&cell_iic_type);
}

type_init(cell_iic_register_types)
