/*
 * Cell blade: the machine and its chips
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Like IBM's BladeCenter QS20, QS21 and QS22: one or two Cell Broadband
 * Engines, each with memory of its own and so a NUMA node, and a UART.  There
 * is no firmware image: the machine loads a kernel, describes itself to it in
 * a flat device tree, and serves its run-time calls (rtas.c).
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "cpu.h"
#include "hw/cell/blade.h"
#include "hw/char/serial-mm.h"
#include "hw/core/loader.h"
#include "hw/core/nmi.h"
#include "hw/core/qdev-properties.h"
#include "hw/cpu/cluster.h"
#include "hw/ppc/fdt.h"
#include "hw/ppc/ppc.h"
#include "migration/vmstate.h"
#include "system/address-spaces.h"
#include "system/device_tree.h"
#include "system/qtest.h"
#include "system/reset.h"
#include "system/system.h"
#include "system/tcg.h"
#include <libfdt.h>

/* Room for the device tree; it takes about 10 KiB and the command line. */
#define CELL_FDT_MAX_SIZE       (64 * KiB)

/* Linux maps memory to nodes in sections of this size. */
#define CELL_NODE_MEMORY_ALIGN  (16 * MiB)

/* Units on the element interconnect bus */
static const uint8_t cell_spe_unit[CELL_MAX_SPES] = {
    0x4, 0x7, 0x3, 0x8, 0x2, 0x9, 0x1, 0xa
};

/* Registers that are kept but do nothing */

static uint64_t cell_regs_read(void *opaque, hwaddr addr, unsigned size)
{
    CellRegs *regs = opaque;
    uint64_t val = ldn_be_p(regs->data + addr, size);

    qemu_log_mask(LOG_UNIMP, "%s: read of register 0x%03" HWADDR_PRIx
                  " = 0x%" PRIx64 "\n", regs->name, addr, val);
    return val;
}

static void cell_regs_write(void *opaque, hwaddr addr, uint64_t val,
                            unsigned size)
{
    CellRegs *regs = opaque;

    qemu_log_mask(LOG_UNIMP, "%s: write of register 0x%03" HWADDR_PRIx
                  " = 0x%" PRIx64 "\n", regs->name, addr, val);
    stn_be_p(regs->data + addr, size, val);
}

static const MemoryRegionOps cell_regs_ops = {
    .read = cell_regs_read,
    .write = cell_regs_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = {
        .min_access_size = 4,
        .max_access_size = 8,
    },
    .impl = {
        .min_access_size = 4,
        .max_access_size = 8,
    },
};

static void cell_regs_map(CellRegs *regs, CellChip *chip, const char *name,
                          hwaddr offset)
{
    regs->name = name;
    memory_region_init_io(&regs->mmio, OBJECT(chip), &cell_regs_ops, regs,
                          name, CELL_REGS_SIZE);
    memory_region_add_subregion(get_system_memory(),
                                CELL_BE_BASE(chip->node) + offset,
                                &regs->mmio);
}

static void cell_regs_dt_populate(void *fdt, int be_offset, const char *name,
                                  hwaddr addr, uint32_t phandle)
{
    int offset = fdt_add_subnode(fdt, be_offset, name);

    _FDT(offset);
    _FDT(fdt_setprop_string(fdt, offset, "device_type", name));
    _FDT(fdt_setprop_u64(fdt, offset, "reg", addr));
    _FDT(fdt_appendprop_u64(fdt, offset, "reg", CELL_REGS_SIZE));
    _FDT(fdt_setprop_cell(fdt, offset, "phandle", phandle));
}

/* A chip */

/*
 * The threads of all chips share memory and a kernel, so they are one cluster,
 * gdb's first process.  The first chip owns the cluster; the threads of other
 * chips just have its index.
 */
static bool cell_chip_init_ppe(CellChip *chip, Error **errp)
{
    Object *ppe = object_new(chip->node ? TYPE_CONTAINER : TYPE_CPU_CLUSTER);

    object_property_add_child(OBJECT(chip), "ppe", ppe);
    object_unref(ppe);
    for (unsigned n = 0; n < chip->nr_threads; n++) {
        cell_ppe_init_thread(&chip->thread[n], ppe, chip->cpu_type, n);
    }
    if (chip->node) {
        for (unsigned n = 0; n < chip->nr_threads; n++) {
            CPU(chip->thread[n].cpu)->cluster_index = 0;
        }
        return true;
    }
    return qdev_realize(DEVICE(ppe), NULL, errp);
}

static void cell_chip_realize_thread(CellChip *chip, unsigned n, Error **errp)
{
    CellPPEThread *t = &chip->thread[n];

    if (!cell_ppe_realize_thread(t, n, chip->node * CELL_MAX_THREADS + n,
                                 CELL_TIMEBASE_FREQ, errp)) {
        return;
    }
    qdev_connect_gpio_out(DEVICE(&chip->iic), n,
                          qdev_get_gpio_in(DEVICE(t->cpu), PPC970_INPUT_INT));
}

static void cell_chip_realize_spe(CellChip *chip, unsigned n, Error **errp)
{
    hwaddr be = CELL_BE_BASE(chip->node);
    CellSPEState *spe = &chip->spe[n];
    SysBusDevice *sbd = SYS_BUS_DEVICE(spe);

    qdev_prop_set_uint8(DEVICE(spe), "unit", cell_spe_unit[n]);
    qdev_prop_set_uint8(DEVICE(spe), "node", chip->node);
    qdev_prop_set_uint32(DEVICE(spe), "index", n);
    qdev_prop_set_bit(DEVICE(spe), "tcg", chip->spu_tcg);
    qdev_prop_set_uint32(DEVICE(spe), "timebase-frequency",
                         CELL_TIMEBASE_FREQ);
    object_property_set_link(OBJECT(spe), "iic", OBJECT(&chip->iic),
                             &error_abort);
    object_property_set_link(OBJECT(spe), "eib", OBJECT(chip->eib),
                             &error_abort);
    if (!sysbus_realize(sbd, errp)) {
        return;
    }
    sysbus_mmio_map(sbd, 0, be + CELL_BE_SPE(n) + CELL_SPE_LS);
    sysbus_mmio_map(sbd, 1, be + CELL_BE_SPE(n) + CELL_SPE_PS);
    sysbus_mmio_map(sbd, 2, be + CELL_BE_SPE(n) + CELL_SPE_PRIV2);
    sysbus_mmio_map(sbd, 3, be + CELL_BE_SPE_PRIV1(n));
    for (unsigned class = 0; class < CELL_IIC_CLASSES; class++) {
        int input = CELL_IIC_INPUT(class, cell_spe_unit[n]);

        sysbus_connect_irq(sbd, class,
                           qdev_get_gpio_in(DEVICE(&chip->iic), input));
    }
}

static void cell_chip_realize(DeviceState *dev, Error **errp)
{
    CellChip *chip = CELL_CHIP(dev);
    ERRP_GUARD();

    if (chip->node >= CELL_MAX_CHIPS || chip->nr_threads > CELL_MAX_THREADS ||
        chip->nr_spes > CELL_MAX_SPES) {
        error_setg(errp, "a chip has a number from 0 to %u, up to %u threads "
                   "and up to %u SPEs", CELL_MAX_CHIPS - 1, CELL_MAX_THREADS,
                   CELL_MAX_SPES);
        return;
    }
    qdev_prop_set_uint8(DEVICE(&chip->iic), "node", chip->node);
    if (!sysbus_realize(SYS_BUS_DEVICE(&chip->iic), errp)) {
        return;
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(&chip->iic), 0,
                    CELL_BE_BASE(chip->node) + CELL_BE_IIC);

    if (!cell_chip_init_ppe(chip, errp)) {
        return;
    }
    for (unsigned n = 0; n < chip->nr_threads; n++) {
        cell_chip_realize_thread(chip, n, errp);
        if (*errp) {
            return;
        }
    }
    for (unsigned n = 0; n < chip->nr_spes; n++) {
        g_autofree char *name = g_strdup_printf("spe[%u]", n);

        object_initialize_child(OBJECT(chip), name, &chip->spe[n],
                                TYPE_CELL_SPE);
        cell_chip_realize_spe(chip, n, errp);
        if (*errp) {
            return;
        }
    }

    cell_regs_map(&chip->pervasive, chip, "pervasive", CELL_BE_PERVASIVE);
    cell_regs_map(&chip->mic, chip, "mic-tm", CELL_BE_MIC);
}

static void cell_chip_reset_hold(Object *obj, ResetType type)
{
    CellChip *chip = CELL_CHIP(obj);

    memset(chip->pervasive.data, 0, sizeof(chip->pervasive.data));
    memset(chip->mic.data, 0, sizeof(chip->mic.data));
}

static void cell_chip_init(Object *obj)
{
    CellChip *chip = CELL_CHIP(obj);

    object_initialize_child(obj, "iic", &chip->iic, TYPE_CELL_IIC);
}

static const VMStateDescription vmstate_cell_chip = {
    .name = TYPE_CELL_CHIP,
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(thread, CellChip, CELL_MAX_THREADS, 1,
                             vmstate_cell_ppe_thread, CellPPEThread),
        VMSTATE_UINT8_ARRAY(pervasive.data, CellChip, CELL_REGS_SIZE),
        VMSTATE_UINT8_ARRAY(mic.data, CellChip, CELL_REGS_SIZE),
        VMSTATE_END_OF_LIST()
    },
};

static const Property cell_chip_properties[] = {
    DEFINE_PROP_UINT8("node", CellChip, node, 0),
    DEFINE_PROP_UINT8("threads", CellChip, nr_threads, CELL_MAX_THREADS),
    DEFINE_PROP_UINT8("spes", CellChip, nr_spes, CELL_MAX_SPES),
    DEFINE_PROP_BOOL("spu-tcg", CellChip, spu_tcg, false),
    DEFINE_PROP_STRING("cpu-type", CellChip, cpu_type),
    DEFINE_PROP_LINK("eib", CellChip, eib, TYPE_CELL_EIB, CellEIB *),
};

static void cell_chip_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "Cell Broadband Engine";
    dc->user_creatable = false;
    dc->realize = cell_chip_realize;
    dc->vmsd = &vmstate_cell_chip;
    set_bit(DEVICE_CATEGORY_CPU, dc->categories);
    device_class_set_props(dc, cell_chip_properties);
    rc->phases.hold = cell_chip_reset_hold;
}

/* Device tree */

/* Nodes for NUMA: see ibm,associativity-reference-points in /rtas. */
static void cell_dt_associativity(void *fdt, int offset, unsigned node)
{
    uint32_t associativity[] = { cpu_to_be32(1), cpu_to_be32(node) };

    _FDT(fdt_setprop(fdt, offset, "ibm,associativity", associativity,
                     sizeof(associativity)));
}

static void cell_blade_dt_chosen(CellBladeState *s, void *fdt)
{
    int offset = cell_dt_chosen(fdt, MACHINE(s), s->initrd_addr,
                                s->initrd_size);
    g_autofree char *stdout_path = g_strdup_printf("/soc@%x/serial@%x",
                                                   CELL_IO_BASE,
                                                   CELL_UART_BASE);

    _FDT(fdt_setprop_string(fdt, offset, "stdout-path", stdout_path));
}

/* Returns the node's phandle. */
static uint32_t cell_dt_cpu(CellChip *chip, void *fdt, int cpus_offset)
{
    uint32_t phandle = qemu_fdt_alloc_phandle(fdt);
    unsigned id = chip->node * CELL_MAX_THREADS;
    g_autofree char *name = g_strdup_printf("PowerPC,BE@%x", id);
    uint32_t page_sizes[64];
    size_t size;
    int offset = fdt_add_subnode(fdt, cpus_offset, name);

    _FDT(offset);
    _FDT(fdt_setprop_string(fdt, offset, "device_type", "cpu"));
    _FDT(fdt_setprop_cell(fdt, offset, "reg", id));
    _FDT(fdt_setprop_cell(fdt, offset, "phandle", phandle));
    _FDT(fdt_setprop_cell(fdt, offset, "cpu-version",
                          chip->thread[0].cpu->env.spr[SPR_PVR]));
    for (unsigned n = 0; n < chip->nr_threads; n++) {
        _FDT(fdt_appendprop_u32(fdt, offset, "ibm,ppc-interrupt-server#s",
                                id + n));
    }
    _FDT(fdt_setprop_cell(fdt, offset, "timebase-frequency",
                          CELL_TIMEBASE_FREQ));
    _FDT(fdt_setprop_cell(fdt, offset, "clock-frequency", CELL_CLOCK_FREQ));
    _FDT(fdt_setprop_cell(fdt, offset, "d-cache-size", 32 * KiB));
    _FDT(fdt_setprop_cell(fdt, offset, "d-cache-line-size", 128));
    _FDT(fdt_setprop_cell(fdt, offset, "i-cache-size", 32 * KiB));
    _FDT(fdt_setprop_cell(fdt, offset, "i-cache-line-size", 128));
    _FDT(fdt_setprop_cell(fdt, offset, "slb-size", 64));
    size = ppc_create_page_sizes_prop(chip->thread[0].cpu, page_sizes,
                                      sizeof(page_sizes));
    _FDT(fdt_setprop(fdt, offset, "ibm,segment-page-sizes", page_sizes,
                     size));
    cell_dt_associativity(fdt, offset, chip->node);
    return phandle;
}

/*
 * The SPEs of a chip, with their neighbours on the bus: the even ones between
 * the memory controller and the chip's interface to the other one (bif0), the
 * odd ones from there back to the memory controller.
 */
static void cell_dt_spes(CellChip *chip, void *fdt, int be_offset,
                         uint32_t iic_phandle, uint32_t mic_phandle,
                         uint32_t bif_phandle)
{
    uint32_t ring[CELL_MAX_SPES + 2], phandle[CELL_MAX_SPES];
    unsigned place[CELL_MAX_SPES];
    unsigned len = 0;

    for (unsigned n = 0; n < chip->nr_spes; n++) {
        phandle[n] = qemu_fdt_alloc_phandle(fdt);
    }
    ring[len++] = mic_phandle;
    for (int n = 0; n < chip->nr_spes; n += 2) {
        place[n] = len;
        ring[len++] = phandle[n];
    }
    ring[len++] = bif_phandle;
    for (int n = CELL_MAX_SPES - 1; n > 0; n -= 2) {
        if (n < chip->nr_spes) {
            place[n] = len;
            ring[len++] = phandle[n];
        }
    }

    /* libfdt puts a node before its siblings: begin with the last one. */
    for (int n = chip->nr_spes - 1; n >= 0; n--) {
        hwaddr be = CELL_BE_BASE(chip->node);
        hwaddr spe = be + CELL_BE_SPE(n);
        int offset = cell_spe_dt_populate(&chip->spe[n], fdt, be_offset,
                                          iic_phandle, spe + CELL_SPE_LS,
                                          spe + CELL_SPE_PS,
                                          spe + CELL_SPE_PRIV2,
                                          be + CELL_BE_SPE_PRIV1(n));

        _FDT(fdt_setprop_cell(fdt, offset, "phandle", phandle[n]));
        _FDT(fdt_setprop_cell(fdt, offset, "vicinity",
                              ring[(place[n] + len - 1) % len]));
        _FDT(fdt_appendprop_u32(fdt, offset, "vicinity",
                                ring[(place[n] + 1) % len]));
    }
}

/* Returns the phandle of the chip's interrupt controller. */
static uint32_t cell_dt_be(CellChip *chip, void *fdt, uint32_t cpu_phandle)
{
    hwaddr be = CELL_BE_BASE(chip->node);
    g_autofree char *name = g_strdup_printf("be@%" HWADDR_PRIx, be);
    uint32_t iic_phandle, mic_phandle, bif_phandle;
    int offset, bif_offset;

    offset = fdt_add_subnode(fdt, 0, name);
    _FDT(offset);
    _FDT(fdt_setprop_string(fdt, offset, "device_type", "be"));
    _FDT(fdt_setprop_cell(fdt, offset, "#address-cells", 2));
    _FDT(fdt_setprop_cell(fdt, offset, "#size-cells", 2));
    _FDT(fdt_setprop_u64(fdt, offset, "reg", be));
    _FDT(fdt_appendprop_u64(fdt, offset, "reg", CELL_BE_SIZE));
    _FDT(fdt_setprop(fdt, offset, "ranges", NULL, 0));
    /*
     * Linux takes this property's length for the number of its entries, and
     * reads the words after it as phandles: small ones could match by accident.
     */
    _FDT(fdt_setprop_cell(fdt, offset, "cpus", cpu_phandle));
    _FDT(fdt_setprop_cell(fdt, offset, "node-id", chip->node));
    cell_dt_associativity(fdt, offset, chip->node);

    iic_phandle = cell_iic_dt_populate(&chip->iic, fdt, offset,
                                       be + CELL_BE_IIC, chip->nr_threads);
    mic_phandle = qemu_fdt_alloc_phandle(fdt);
    cell_regs_dt_populate(fdt, offset, "mic-tm", be + CELL_BE_MIC,
                          mic_phandle);
    cell_regs_dt_populate(fdt, offset, "pervasive", be + CELL_BE_PERVASIVE,
                          qemu_fdt_alloc_phandle(fdt));
    bif_phandle = qemu_fdt_alloc_phandle(fdt);
    bif_offset = fdt_add_subnode(fdt, offset, "bif0");
    _FDT(bif_offset);
    _FDT(fdt_setprop_cell(fdt, bif_offset, "phandle", bif_phandle));
    cell_dt_spes(chip, fdt, offset, iic_phandle, mic_phandle, bif_phandle);
    return iic_phandle;
}

static void cell_dt_uart(void *fdt, uint32_t iic_phandle)
{
    g_autofree char *soc_name = g_strdup_printf("soc@%x", CELL_IO_BASE);
    g_autofree char *name = g_strdup_printf("serial@%x", CELL_UART_BASE);
    int soc_offset, offset;

    soc_offset = fdt_add_subnode(fdt, 0, soc_name);
    _FDT(soc_offset);
    _FDT(fdt_setprop_string(fdt, soc_offset, "device_type", "soc"));
    _FDT(fdt_setprop_string(fdt, soc_offset, "compatible", "soc"));
    _FDT(fdt_setprop_cell(fdt, soc_offset, "#address-cells", 2));
    _FDT(fdt_setprop_cell(fdt, soc_offset, "#size-cells", 2));
    _FDT(fdt_setprop(fdt, soc_offset, "ranges", NULL, 0));

    /*
     * No device_type: Linux would take the node for a legacy port, map it
     * before the hash page table knows of such mappings, and trip over that
     * when it unmaps it.
     */
    offset = fdt_add_subnode(fdt, soc_offset, name);
    _FDT(offset);
    _FDT(fdt_setprop_string(fdt, offset, "compatible", "ns16550"));
    _FDT(fdt_setprop_u64(fdt, offset, "reg", CELL_UART_BASE));
    _FDT(fdt_appendprop_u64(fdt, offset, "reg", 8));
    _FDT(fdt_setprop_cell(fdt, offset, "clock-frequency", 115200 * 16));
    _FDT(fdt_setprop_cell(fdt, offset, "current-speed", 115200));
    /* An interrupt of the IIC: node, 0, class, unit, a byte each */
    _FDT(fdt_setprop_cell(fdt, offset, "interrupts",
                          2 << 8 | CELL_IIC_UNIT_IOC_0));
    _FDT(fdt_setprop_cell(fdt, offset, "interrupt-parent", iic_phandle));
}

/* How much of the RAM belongs to a chip */
static uint64_t cell_node_memory(CellBladeState *s, unsigned node,
                                 uint64_t *start)
{
    uint64_t total = MACHINE(s)->ram_size;
    uint64_t share = ROUND_DOWN(total / s->nr_chips, CELL_NODE_MEMORY_ALIGN);

    *start = node * share;
    return node == s->nr_chips - 1 ? total - *start : share;
}

static void *cell_blade_create_fdt(CellBladeState *s)
{
    void *fdt = g_malloc0(CELL_FDT_MAX_SIZE);
    uint32_t reference_points[] = { 0, cpu_to_be32(1) };
    uint32_t cpu_phandle[CELL_MAX_CHIPS], iic_phandle = 0;
    int offset;

    _FDT(fdt_create(fdt, CELL_FDT_MAX_SIZE));
    _FDT(fdt_add_reservemap_entry(fdt, s->rtas_addr, CELL_RTAS_SIZE));
    _FDT(fdt_finish_reservemap(fdt));
    _FDT(fdt_begin_node(fdt, ""));
    _FDT(fdt_end_node(fdt));
    _FDT(fdt_finish(fdt));
    _FDT(fdt_open_into(fdt, fdt, CELL_FDT_MAX_SIZE));

    _FDT(fdt_setprop_string(fdt, 0, "model", "QEMU Cell blade"));
    _FDT(fdt_setprop_string(fdt, 0, "compatible", "IBM,CBEA"));
    _FDT(fdt_setprop_string(fdt, 0, "device_type", "chrp"));
    _FDT(fdt_setprop_cell(fdt, 0, "#address-cells", 2));
    _FDT(fdt_setprop_cell(fdt, 0, "#size-cells", 2));

    cell_blade_dt_chosen(s, fdt);

    offset = cell_rtas_dt_populate(fdt, s->rtas_addr);
    /* The NUMA node is the first number of an ibm,associativity */
    _FDT(fdt_setprop(fdt, offset, "ibm,associativity-reference-points",
                     reference_points, sizeof(reference_points)));

    for (int node = s->nr_chips - 1; node >= 0; node--) {
        uint64_t start, size = cell_node_memory(s, node, &start);
        g_autofree char *name = g_strdup_printf("memory@%" PRIx64, start);

        offset = fdt_add_subnode(fdt, 0, name);
        _FDT(offset);
        _FDT(fdt_setprop_string(fdt, offset, "device_type", "memory"));
        _FDT(fdt_setprop_u64(fdt, offset, "reg", start));
        _FDT(fdt_appendprop_u64(fdt, offset, "reg", size));
        cell_dt_associativity(fdt, offset, node);
    }

    offset = fdt_add_subnode(fdt, 0, "cpus");
    _FDT(offset);
    _FDT(fdt_setprop_cell(fdt, offset, "#address-cells", 1));
    _FDT(fdt_setprop_cell(fdt, offset, "#size-cells", 0));
    for (int node = s->nr_chips - 1; node >= 0; node--) {
        cpu_phandle[node] = cell_dt_cpu(&s->chip[node], fdt, offset);
    }
    for (int node = s->nr_chips - 1; node >= 0; node--) {
        iic_phandle = cell_dt_be(&s->chip[node], fdt, cpu_phandle[node]);
    }
    cell_dt_uart(fdt, iic_phandle);

    _FDT(fdt_pack(fdt));
    return fdt;
}

/* The machine */

/*
 * Place the kernel at the bottom of RAM, for which it is linked, and everything
 * else after it.
 */
static void cell_blade_load(CellBladeState *s)
{
    MachineState *machine = MACHINE(s);
    uint64_t kernel_end, end;

    if (machine->kernel_filename) {
        ssize_t size = cell_load_kernel(machine->kernel_filename, NULL,
                                        &s->kernel_entry, &kernel_end);

        if (size < 0) {
            error_report("could not load kernel '%s': %s",
                         machine->kernel_filename, load_elf_strerror(size));
            exit(EXIT_FAILURE);
        }
    } else if (qtest_enabled()) {
        kernel_end = 0;
    } else {
        error_report("the machine has no firmware: give it a kernel "
                     "(-kernel vmlinux)");
        exit(EXIT_FAILURE);
    }

    s->rtas_addr = ROUND_UP(kernel_end, 1 * MiB);
    s->fdt_addr = s->rtas_addr + CELL_FDT_MAX_SIZE;
    s->initrd_addr = s->rtas_addr + 1 * MiB;
    if (machine->initrd_filename) {
        int64_t size = get_image_size(machine->initrd_filename, NULL);

        if (size < 0) {
            error_report("could not load initrd '%s'",
                         machine->initrd_filename);
            exit(EXIT_FAILURE);
        }
        s->initrd_size = size;
    }

    end = s->initrd_addr + s->initrd_size;
    if (end > machine->ram_size) {
        error_report("kernel and initrd need %" PRIu64 " MiB of RAM",
                     DIV_ROUND_UP(end, MiB));
        exit(EXIT_FAILURE);
    }
    if (s->initrd_size &&
        load_image_targphys(machine->initrd_filename, s->initrd_addr,
                            s->initrd_size, NULL) != s->initrd_size) {
        error_report("could not load initrd '%s'", machine->initrd_filename);
        exit(EXIT_FAILURE);
    }
    cell_rtas_load(s->rtas_addr, CELL_RTAS_MMIO_BASE + CELL_RTAS_DOORBELL);
}

static void cell_blade_check(CellBladeState *s)
{
    MachineState *machine = MACHINE(s);
    unsigned cpus = machine->smp.cpus;

    if (machine->firmware || machine->dtb) {
        error_report("the machine has no firmware and makes its own device "
                     "tree: it takes neither -bios nor -dtb");
        exit(EXIT_FAILURE);
    }
    /*
     * Linux numbers CPUs in the order in which it finds them, but looks for
     * their part of an IIC by the hardware's numbers, which count two threads
     * for each chip.
     */
    if (s->nr_chips == 1 ? cpus > CELL_MAX_THREADS :
                           cpus != s->nr_chips * CELL_MAX_THREADS) {
        error_report("%s, but -smp asks for %u",
                     s->nr_chips == 1 ? "one chip has 1 or 2 threads" :
                                        "two chips have 4 threads", cpus);
        exit(EXIT_FAILURE);
    }
    /* TCG has max_cpus contexts, and the thread of each vCPU needs one. */
    if (s->spu_tcg && qemu_tcg_mttcg_enabled() &&
        machine->smp.max_cpus < cpus + s->nr_chips * s->nr_spes) {
        error_report("spu-engine=tcg needs a vCPU for each SPE: "
                     "use -smp %u,maxcpus=%u", cpus,
                     cpus + s->nr_chips * s->nr_spes);
        exit(EXIT_FAILURE);
    }
    if (machine->ram_size > CELL_IO_BASE) {
        error_report("RAM must not be larger than %u MiB",
                     (unsigned)(CELL_IO_BASE / MiB));
        exit(EXIT_FAILURE);
    }
    if (machine->ram_size < s->nr_chips * CELL_NODE_MEMORY_ALIGN) {
        error_report("RAM must not be smaller than %u MiB",
                     (unsigned)(s->nr_chips * CELL_NODE_MEMORY_ALIGN / MiB));
        exit(EXIT_FAILURE);
    }
}

static void cell_blade_init(MachineState *machine)
{
    CellBladeState *s = CELL_BLADE(machine);
    MemoryRegion *sysmem = get_system_memory();
    SysBusDevice *rtas;
    qemu_irq uart_irq;

    cell_blade_check(s);
    memory_region_add_subregion(sysmem, 0, machine->ram);
    object_initialize_child(OBJECT(s), "eib", &s->eib, TYPE_CELL_EIB);
    object_property_set_link(OBJECT(&s->eib), "memory",
                             OBJECT(sysmem), &error_abort);
    qdev_realize(DEVICE(&s->eib), NULL, &error_fatal);

    for (unsigned node = 0; node < s->nr_chips; node++) {
        g_autofree char *name = g_strdup_printf("chip[%u]", node);
        CellChip *chip = &s->chip[node];
        unsigned threads = MIN(machine->smp.cpus - node * CELL_MAX_THREADS,
                               CELL_MAX_THREADS);

        object_initialize_child(OBJECT(s), name, chip, TYPE_CELL_CHIP);
        qdev_prop_set_uint8(DEVICE(chip), "node", node);
        qdev_prop_set_uint8(DEVICE(chip), "threads", threads);
        qdev_prop_set_uint8(DEVICE(chip), "spes", s->nr_spes);
        qdev_prop_set_bit(DEVICE(chip), "spu-tcg", s->spu_tcg);
        qdev_prop_set_string(DEVICE(chip), "cpu-type", machine->cpu_type);
        object_property_set_link(OBJECT(chip), "eib", OBJECT(&s->eib),
                                 &error_abort);
        sysbus_realize(SYS_BUS_DEVICE(chip), &error_fatal);
    }
    if (s->nr_chips > 1) {
        cell_iic_set_peer(&s->chip[0].iic, &s->chip[1].iic);
    }

    uart_irq = qdev_get_gpio_in(DEVICE(&s->chip[0].iic),
                                CELL_IIC_INPUT(2, CELL_IIC_UNIT_IOC_0));
    serial_mm_init(sysmem, CELL_UART_BASE, 0, uart_irq, 115200, serial_hd(0),
                   DEVICE_BIG_ENDIAN);

    object_initialize_child(OBJECT(s), "rtas", &s->rtas, TYPE_CELL_RTAS);
    rtas = SYS_BUS_DEVICE(&s->rtas);
    qdev_prop_set_uint32(DEVICE(rtas), "uart", CELL_UART_BASE);
    sysbus_realize(rtas, &error_fatal);
    sysbus_mmio_map(rtas, 0, CELL_RTAS_MMIO_BASE);

    cell_blade_load(s);
    machine->fdt = cell_blade_create_fdt(s);
}

static void cell_blade_reset(MachineState *machine, ResetType type)
{
    CellBladeState *s = CELL_BLADE(machine);

    qemu_devices_reset(type);
    cpu_physical_memory_write(s->fdt_addr, machine->fdt,
                              fdt_totalsize(machine->fdt));

    for (unsigned node = 0; node < s->nr_chips; node++) {
        CellChip *chip = &s->chip[node];

        for (unsigned n = 0; n < chip->nr_threads; n++) {
            cpu_reset(CPU(chip->thread[n].cpu));
            chip->thread[n].cpu->env.quiesced = true;
            CPU(chip->thread[n].cpu)->halted = 1;
        }
        if (!machine->kernel_filename) {
            continue;                   /* qtest */
        }
        /* Linux starts second threads by RTAS, and expects first ones to run */
        cell_ppe_start_thread(chip->thread[0].cpu,
                              node == 0 ? s->kernel_entry :
                                          s->kernel_entry + CELL_SECONDARY_HOLD,
                              node == 0 ? s->fdt_addr :
                                          ppc_cpu_pir(chip->thread[0].cpu));
    }
}

/* A thread that has been started enters its system reset vector. */
static void cell_blade_nmi_thread(CPUState *cs, run_on_cpu_data unused)
{
    CPUPPCState *env = &POWERPC_CPU(cs)->env;

    if (!env->quiesced) {
        /* Not a wake-up: POWER's reason code for a reset means heat on Cell. */
        env->resume_as_sreset = false;
        ppc_cpu_do_system_reset(cs);
    }
}

static void cell_blade_nmi(NMIState *n, int cpu_index, Error **errp)
{
    CellBladeState *s = CELL_BLADE(n);

    for (unsigned node = 0; node < s->nr_chips; node++) {
        CellChip *chip = &s->chip[node];

        for (unsigned t = 0; t < chip->nr_threads; t++) {
            async_run_on_cpu(CPU(chip->thread[t].cpu), cell_blade_nmi_thread,
                             RUN_ON_CPU_NULL);
        }
    }
}

static void cell_blade_get_chips(Object *obj, Visitor *v, const char *name,
                                 void *opaque, Error **errp)
{
    visit_type_uint8(v, name, &CELL_BLADE(obj)->nr_chips, errp);
}

static void cell_blade_set_chips(Object *obj, Visitor *v, const char *name,
                                 void *opaque, Error **errp)
{
    uint8_t n;

    if (!visit_type_uint8(v, name, &n, errp)) {
        return;
    }
    if (n < 1 || n > CELL_MAX_CHIPS) {
        error_setg(errp, "%s must be 1 to %u", name, CELL_MAX_CHIPS);
        return;
    }
    CELL_BLADE(obj)->nr_chips = n;
}

static void cell_blade_get_spes(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    visit_type_uint8(v, name, &CELL_BLADE(obj)->nr_spes, errp);
}

static void cell_blade_set_spes(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    uint8_t n;

    if (!visit_type_uint8(v, name, &n, errp)) {
        return;
    }
    if (n > CELL_MAX_SPES) {
        error_setg(errp, "%s must be 0 to %u", name, CELL_MAX_SPES);
        return;
    }
    CELL_BLADE(obj)->nr_spes = n;
}

static char *cell_blade_get_spu_engine(Object *obj, Error **errp)
{
    return g_strdup(spu_engine_name(CELL_BLADE(obj)->spu_tcg));
}

static void cell_blade_set_spu_engine(Object *obj, const char *val,
                                      Error **errp)
{
    spu_engine_parse(val, &CELL_BLADE(obj)->spu_tcg, errp);
}

static void cell_blade_set_host_without(Object *obj, const char *val,
                                        Error **errp)
{
    spu_host_without(val, errp);
}

static void cell_blade_instance_init(Object *obj)
{
    CellBladeState *s = CELL_BLADE(obj);

    s->nr_chips = 1;
    s->nr_spes = CELL_MAX_SPES;
}

static void cell_blade_class_init(ObjectClass *oc, const void *data)
{
    static const char * const valid_cpu_types[] = {
        POWERPC_CPU_TYPE_NAME("cell_v5.1"),
        NULL
    };
    MachineClass *mc = MACHINE_CLASS(oc);
    NMIClass *nc = NMI_CLASS(oc);

    nc->nmi_monitor_handler = cell_blade_nmi;
    mc->desc = "IBM Cell blade (QS2x)";
    mc->init = cell_blade_init;
    mc->reset = cell_blade_reset;
    /* More than PPE threads, because SPUs may be vCPUs: see spu-engine. */
    mc->max_cpus = CELL_MAX_CHIPS * (CELL_MAX_THREADS + CELL_MAX_SPES);
    mc->default_cpus = CELL_MAX_THREADS;
    mc->default_cpu_type = valid_cpu_types[0];
    mc->valid_cpu_types = valid_cpu_types;
    mc->default_ram_size = 512 * MiB;
    mc->default_ram_id = "cell.ram";
    mc->no_floppy = 1;
    mc->no_cdrom = 1;
    mc->no_parallel = 1;

    object_class_property_add(oc, "chips", "uint8", cell_blade_get_chips,
                              cell_blade_set_chips, NULL, NULL);
    object_class_property_set_description(oc, "chips",
                                          "Number of Cell BE chips (1 or 2)");
    object_class_property_add(oc, "spes", "uint8", cell_blade_get_spes,
                              cell_blade_set_spes, NULL, NULL);
    object_class_property_set_description(oc, "spes", "Number of SPEs of each "
                                          "chip (0 to 8)");
    object_class_property_add_str(oc, "spu-engine", cell_blade_get_spu_engine,
                                  cell_blade_set_spu_engine);
    object_class_property_set_description(oc, "spu-engine", "How SPUs execute: "
                                          "reference (interpreted, in virtual "
                                          "time) or tcg (fast)");
    object_class_property_add_str(oc, "x-host-without", NULL,
                                  cell_blade_set_host_without);
    object_class_property_set_description(oc, "x-host-without", "Host feature "
                                          "that SPUs must not use (avx512, "
                                          "avx2, vectors or rotate), for "
                                          "tests");
}

static const TypeInfo cell_blade_types[] = {
    {
        .name = TYPE_CELL_CHIP,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(CellChip),
        .instance_init = cell_chip_init,
        .class_init = cell_chip_class_init,
    }, {
        .name = TYPE_CELL_BLADE,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(CellBladeState),
        .instance_init = cell_blade_instance_init,
        .class_init = cell_blade_class_init,
        .interfaces = (const InterfaceInfo[]) {
            { TYPE_NMI },
            { }
        },
    },
};

DEFINE_TYPES(cell_blade_types)
