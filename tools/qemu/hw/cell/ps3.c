/*
 * PlayStation 3: the machine
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The machine as a guest of Sony's hypervisor sees it: a partition with a
 * PPE of two threads, memory, up to eight SPEs, and calls for all else.  As
 * for pseries, there is no image of the hypervisor: QEMU serves the calls
 * (ps3_hcall.c).
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "cpu.h"
#include "hw/cell/ps3.h"
#include "hw/core/loader.h"
#include "hw/cpu/cluster.h"
#include "hw/ppc/fdt.h"
#include "hw/ppc/ppc.h"
#include "migration/vmstate.h"
#include "system/device_tree.h"
#include "system/qtest.h"
#include "system/reset.h"
#include "system/system.h"
#include "system/tcg.h"
#include <libfdt.h>

/* Room for the device tree; it takes one KiB and the command line. */
#define PS3_FDT_MAX_SIZE        (64 * KiB)

/* The loader unpacks an otheros.bld to 0, and enters it at the reset vector. */
#define PS3_OTHEROS_MAX_SIZE    (16 * MiB)
#define PS3_OTHEROS_ENTRY       0x100

/* Device tree: what Linux's boot/dts/ps3.dts has, filled in */

static void ps3_dt_cpus(PS3MachineState *s, void *fdt)
{
    int cpus, offset;

    cpus = fdt_add_subnode(fdt, 0, "cpus");
    _FDT(cpus);
    _FDT(fdt_setprop_cell(fdt, cpus, "#address-cells", 1));
    _FDT(fdt_setprop_cell(fdt, cpus, "#size-cells", 0));
    offset = fdt_add_subnode(fdt, cpus, "cpu@0");
    _FDT(offset);
    _FDT(fdt_setprop_string(fdt, offset, "device_type", "cpu"));
    _FDT(fdt_setprop_cell(fdt, offset, "reg", 0));
    for (unsigned n = 0; n < MACHINE(s)->smp.cpus; n++) {
        _FDT(fdt_appendprop_u32(fdt, offset, "ibm,ppc-interrupt-server#s", n));
    }
    /* Linux asks the repository. */
    _FDT(fdt_setprop_cell(fdt, offset, "clock-frequency", 0));
    _FDT(fdt_setprop_cell(fdt, offset, "timebase-frequency", 0));
    _FDT(fdt_setprop_cell(fdt, offset, "d-cache-size", 32 * KiB));
    _FDT(fdt_setprop_cell(fdt, offset, "d-cache-line-size", 128));
    _FDT(fdt_setprop_cell(fdt, offset, "i-cache-size", 32 * KiB));
    _FDT(fdt_setprop_cell(fdt, offset, "i-cache-line-size", 128));
}

static void *ps3_create_fdt(PS3MachineState *s)
{
    void *fdt = g_malloc0(PS3_FDT_MAX_SIZE);
    int offset;

    _FDT(fdt_create_empty_tree(fdt, PS3_FDT_MAX_SIZE));
    _FDT(fdt_setprop_string(fdt, 0, "model", "SonyPS3"));
    _FDT(fdt_setprop_string(fdt, 0, "compatible", "sony,ps3"));
    _FDT(fdt_setprop_cell(fdt, 0, "#address-cells", 2));
    _FDT(fdt_setprop_cell(fdt, 0, "#size-cells", 2));
    cell_dt_chosen(fdt, MACHINE(s), s->initrd_addr, s->initrd_size);
    offset = fdt_add_subnode(fdt, 0, "memory");
    _FDT(offset);
    _FDT(fdt_setprop_string(fdt, offset, "device_type", "memory"));
    _FDT(fdt_setprop_u64(fdt, offset, "reg", 0));
    _FDT(fdt_appendprop_u64(fdt, offset, "reg", PS3_BOOT_SIZE));
    ps3_dt_cpus(s, fdt);
    _FDT(fdt_pack(fdt));
    return fdt;
}

/* Loading */

static void ps3_load_initrd(PS3MachineState *s)
{
    const char *name = MACHINE(s)->initrd_filename;
    int64_t size = get_image_size(name, NULL);

    if (size < 0) {
        error_report("could not load initrd '%s'", name);
        exit(EXIT_FAILURE);
    }
    if (s->initrd_addr + size > PS3_BOOT_SIZE) {
        error_report("kernel and initrd need %" PRIu64 " MiB, but boot memory "
                     "has %u", DIV_ROUND_UP(s->initrd_addr + size, MiB),
                     (unsigned)(PS3_BOOT_SIZE / MiB));
        exit(EXIT_FAILURE);
    }
    if (load_image_targphys(name, s->initrd_addr, size, NULL) != size) {
        error_report("could not load initrd '%s'", name);
        exit(EXIT_FAILURE);
    }
    s->initrd_size = size;
}

static void ps3_load_otheros(PS3MachineState *s)
{
    MachineState *machine = MACHINE(s);
    uint8_t *data;
    ssize_t size = load_image_gzipped_buffer(machine->kernel_filename,
                                             PS3_OTHEROS_MAX_SIZE, &data);

    if (size < 0) {
        error_report("could not load kernel '%s': it is neither an ELF file "
                     "(vmlinux) nor compressed (otheros.bld)",
                     machine->kernel_filename);
        exit(EXIT_FAILURE);
    }
    rom_add_blob_fixed("ps3-otheros", data, size, 0);
    g_free(data);
    if (machine->initrd_filename ||
        (machine->kernel_cmdline && *machine->kernel_cmdline)) {
        error_report("otheros.bld contains its command line and initrd: "
                     "-append and -initrd are for vmlinux only");
        exit(EXIT_FAILURE);
    }
    s->otheros = true;
}

static void ps3_load(PS3MachineState *s)
{
    MachineState *machine = MACHINE(s);
    uint64_t end = 0;

    if (machine->firmware || machine->dtb) {
        error_report("the machine has no firmware and makes its own device "
                     "tree: it takes neither -bios nor -dtb");
        exit(EXIT_FAILURE);
    }
    if (machine->kernel_filename) {
        ssize_t size = cell_load_kernel(machine->kernel_filename,
                                        ps3_console_symbol, &s->kernel_entry,
                                        &end);

        if (size == ELF_LOAD_NOT_ELF) {
            ps3_load_otheros(s);
            return;
        }
        if (size < 0) {
            error_report("could not load kernel '%s': %s",
                         machine->kernel_filename, load_elf_strerror(size));
            exit(EXIT_FAILURE);
        }
    } else if (!qtest_enabled()) {
        error_report("the machine has no firmware: give it a kernel "
                     "(-kernel vmlinux or otheros.bld)");
        exit(EXIT_FAILURE);
    }
    s->fdt_addr = ROUND_UP(end, 1 * MiB);
    s->initrd_addr = s->fdt_addr + 1 * MiB;
    if (s->initrd_addr > PS3_BOOT_SIZE) {
        error_report("kernel '%s' is too large for %u MiB of boot memory",
                     machine->kernel_filename,
                     (unsigned)(PS3_BOOT_SIZE / MiB));
        exit(EXIT_FAILURE);
    }
    if (machine->initrd_filename) {
        ps3_load_initrd(s);
    }
    machine->fdt = ps3_create_fdt(s);
}

/* The machine */

static void ps3_check(PS3MachineState *s)
{
    MachineState *machine = MACHINE(s);
    unsigned cpus = machine->smp.cpus;

    if (cpus > CELL_PPE_THREADS) {
        error_report("there are 1 or 2 threads, but -smp asks for %u", cpus);
        exit(EXIT_FAILURE);
    }
    /* TCG has max_cpus contexts, and the thread of each vCPU needs one. */
    if (s->spu_tcg && qemu_tcg_mttcg_enabled() &&
        machine->smp.max_cpus < cpus + s->nr_spes) {
        error_report("spu-engine=tcg needs a vCPU for each SPE: "
                     "use -smp %u,maxcpus=%u", cpus, cpus + s->nr_spes);
        exit(EXIT_FAILURE);
    }
    if (machine->ram_size < PS3_BOOT_SIZE ||
        machine->ram_size > PS3_MAX_MEMORY ||
        machine->ram_size % PS3_MEMORY_UNIT) {
        error_report("RAM must be %u to %u MiB, a multiple of %u",
                     (unsigned)(PS3_BOOT_SIZE / MiB),
                     (unsigned)(PS3_MAX_MEMORY / MiB),
                     (unsigned)(PS3_MEMORY_UNIT / MiB));
        exit(EXIT_FAILURE);
    }
}

static void ps3_init_ppe(PS3MachineState *s)
{
    MachineState *machine = MACHINE(s);
    Object *ppe = object_new(TYPE_CPU_CLUSTER);

    object_property_add_child(OBJECT(s), "ppe", ppe);
    object_unref(ppe);
    for (unsigned n = 0; n < machine->smp.cpus; n++) {
        cell_ppe_init_thread(&s->thread[n], ppe, machine->cpu_type, n);
        cpu_ppc_set_vhyp(s->thread[n].cpu, PPC_VIRTUAL_HYPERVISOR(s));
    }
    qdev_realize(DEVICE(ppe), NULL, &error_fatal);
    for (unsigned n = 0; n < machine->smp.cpus; n++) {
        cell_ppe_realize_thread(&s->thread[n], n, n, PS3_TIMEBASE_FREQ,
                                &error_fatal);
    }
}

static const VMStateDescription vmstate_ps3 = {
    .name = "ps3",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_EQUAL(nr_spes, PS3MachineState, NULL),
        VMSTATE_STRUCT_ARRAY(thread, PS3MachineState, CELL_PPE_THREADS, 1,
                             vmstate_cell_ppe_thread, CellPPEThread),
        /* Before the others, which use the memory when they are loaded */
        VMSTATE_STRUCT(memory, PS3MachineState, 1, vmstate_ps3_memory,
                       PS3Memory),
        VMSTATE_STRUCT(irq, PS3MachineState, 1, vmstate_ps3_irq,
                       PS3Interrupts),
        VMSTATE_STRUCT(vuart, PS3MachineState, 1, vmstate_ps3_vuarts,
                       PS3VUARTs),
        VMSTATE_STRUCT_VARRAY_UINT8(spe, PS3MachineState, nr_spes, 1,
                                    vmstate_ps3_spe, PS3SPE),
        VMSTATE_STRUCT(repository, PS3MachineState, 1, vmstate_ps3_repository,
                       PS3Repository),
        VMSTATE_STRUCT(net, PS3MachineState, 1, vmstate_ps3_net, PS3Net),
        VMSTATE_STRUCT(console, PS3MachineState, 1, vmstate_ps3_console,
                       PS3Console),
        VMSTATE_END_OF_LIST()
    },
};

static void ps3_init(MachineState *machine)
{
    PS3MachineState *s = PS3_MACHINE(machine);

    ps3_check(s);
    ps3_memory_init(s);
    ps3_init_ppe(s);
    ps3_irq_init(s);
    ps3_spe_init(s);
    ps3_repository_init(s);
    ps3_load(s);
    ps3_console_init(s);
    vmstate_register(NULL, 0, &vmstate_ps3, s);
}

static void ps3_reset(MachineState *machine, ResetType type)
{
    PS3MachineState *s = PS3_MACHINE(machine);

    qemu_devices_reset(type);
    ps3_memory_reset(s);
    ps3_spe_reset(s);
    ps3_vuart_reset(s);
    ps3_repository_reset(s);
    ps3_net_reset(s);
    ps3_console_reset(s);
    if (machine->fdt) {
        cpu_physical_memory_write(s->fdt_addr, machine->fdt,
                                  fdt_totalsize(machine->fdt));
    }
    for (unsigned n = 0; n < machine->smp.cpus; n++) {
        PowerPCCPU *cpu = s->thread[n].cpu;

        cpu_reset(CPU(cpu));
        if (!machine->kernel_filename) {
            CPU(cpu)->halted = 1;       /* qtest */
        } else if (s->otheros) {
            cell_ppe_start_thread(cpu, PS3_OTHEROS_ENTRY, 0);
        } else if (n == 0) {
            cell_ppe_start_thread(cpu, s->kernel_entry, s->fdt_addr);
        } else {
            /* There is no call to start it: both threads run from reset on. */
            cell_ppe_start_thread(cpu, s->kernel_entry + CELL_SECONDARY_HOLD,
                                  n);
        }
    }
    ps3_irq_reset(s);
}

static void ps3_cpu_exec_nop(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
}

static bool ps3_cpu_in_nested(PowerPCCPU *cpu)
{
    return false;
}

/* Options */

static void ps3_get_spes(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    visit_type_uint8(v, name, &PS3_MACHINE(obj)->nr_spes, errp);
}

static void ps3_set_spes(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    uint8_t n;

    if (!visit_type_uint8(v, name, &n, errp)) {
        return;
    }
    if (n > PS3_MAX_SPES) {
        error_setg(errp, "%s must be 0 to %u", name, PS3_MAX_SPES);
        return;
    }
    PS3_MACHINE(obj)->nr_spes = n;
}

static char *ps3_get_spu_engine(Object *obj, Error **errp)
{
    return g_strdup(spu_engine_name(PS3_MACHINE(obj)->spu_tcg));
}

static void ps3_set_spu_engine(Object *obj, const char *val, Error **errp)
{
    spu_engine_parse(val, &PS3_MACHINE(obj)->spu_tcg, errp);
}

static bool ps3_get_clobber(Object *obj, Error **errp)
{
    return PS3_MACHINE(obj)->clobber;
}

static void ps3_set_clobber(Object *obj, bool val, Error **errp)
{
    PS3_MACHINE(obj)->clobber = val;
}

static void ps3_instance_init(Object *obj)
{
    PS3_MACHINE(obj)->nr_spes = PS3_DEFAULT_SPES;
}

static void ps3_class_init(ObjectClass *oc, const void *data)
{
    static const char * const valid_cpu_types[] = {
        POWERPC_CPU_TYPE_NAME("cell_v5.1"),
        NULL
    };
    MachineClass *mc = MACHINE_CLASS(oc);
    PPCVirtualHypervisorClass *vhc = PPC_VIRTUAL_HYPERVISOR_CLASS(oc);

    mc->desc = "Sony PlayStation 3 (guest of its hypervisor)";
    mc->init = ps3_init;
    mc->reset = ps3_reset;
    /* More than PPE threads, because SPUs may be vCPUs: see spu-engine. */
    mc->max_cpus = CELL_PPE_THREADS + PS3_MAX_SPES;
    mc->default_cpus = CELL_PPE_THREADS;
    mc->default_cpu_type = valid_cpu_types[0];
    mc->valid_cpu_types = valid_cpu_types;
    mc->default_ram_size = 256 * MiB;
    mc->default_ram_id = "ps3.ram";
    mc->no_floppy = 1;
    mc->no_cdrom = 1;
    mc->no_parallel = 1;

    vhc->hypercall = ps3_hypercall;
    vhc->cpu_exec_enter = ps3_cpu_exec_nop;
    vhc->cpu_exec_exit = ps3_cpu_exec_nop;
    vhc->cpu_in_nested = ps3_cpu_in_nested;
    ps3_memory_mmu_class_init(vhc);

    object_class_property_add(oc, "spes", "uint8", ps3_get_spes, ps3_set_spes,
                              NULL, NULL);
    object_class_property_set_description(oc, "spes", "Number of SPEs (0 to "
                                          "8)");
    object_class_property_add_str(oc, "spu-engine", ps3_get_spu_engine,
                                  ps3_set_spu_engine);
    object_class_property_set_description(oc, "spu-engine", "How SPUs execute: "
                                          "reference (interpreted, in virtual "
                                          "time) or tcg (fast)");
    object_class_property_add_bool(oc, "clobber", ps3_get_clobber,
                                   ps3_set_clobber);
    object_class_property_set_description(oc, "clobber", "Hypervisor calls "
                                          "overwrite all registers that they "
                                          "may");
}

static const TypeInfo ps3_type = {
    .name = TYPE_PS3_MACHINE,
    .parent = TYPE_MACHINE,
    .instance_size = sizeof(PS3MachineState),
    .instance_init = ps3_instance_init,
    .class_init = ps3_class_init,
    .interfaces = (const InterfaceInfo[]) {
        { TYPE_PPC_VIRTUAL_HYPERVISOR },
        { }
    },
};

static void ps3_register_types(void)
{
    type_register_static(&ps3_type);
}

type_init(ps3_register_types)
