/*
 * Cell Broadband Engine: threads of the PowerPC Processor Element
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The common part of the machines with a PPE: its threads, and the loading and
 * starting of a kernel.
 */
#include "qemu/osdep.h"
#include "qemu/guest-random.h"
#include "cpu.h"
#include "elf.h"
#include "hw/cell/ppe.h"
#include "hw/core/boards.h"
#include "hw/core/qdev.h"
#include "hw/ppc/fdt.h"
#include "hw/ppc/ppc.h"
#include "target/ppc/helper_regs.h"
#include <libfdt.h>

void cell_ppe_init_thread(CellPPEThread *t, Object *ppe, const char *cpu_type,
                          unsigned n)
{
    Object *obj = object_new(cpu_type);
    g_autofree char *name = g_strdup_printf("thread[%u]", n);

    object_property_add_child(ppe, name, obj);
    t->cpu = POWERPC_CPU(obj);
    object_unref(obj);
}

bool cell_ppe_realize_thread(CellPPEThread *t, unsigned n, uint32_t pir,
                             uint32_t tb_freq, Error **errp)
{
    CPUPPCState *env = &t->cpu->env;

    /* Before the vCPU is realized: a plugin may then read the decrementer. */
    cpu_ppc_tb_init(env, tb_freq);
    if (!qdev_realize(DEVICE(t->cpu), NULL, errp)) {
        return false;
    }
    env->spr_cb[SPR_PIR].default_value = pir;
    /* CTRL: which thread this is, both enabled, running */
    env->spr_cb[SPR_CTRL].default_value = 0x80000000 >> n | 0x00c00001;
    return true;
}

void cell_ppe_start_thread(PowerPCCPU *cpu, uint64_t entry, uint64_t arg)
{
    CPUPPCState *env = &cpu->env;
    CPUState *cs = CPU(cpu);

    env->msr = 1ull << MSR_SF | 1ull << MSR_ME;
    hreg_compute_hflags(env);
    env->nip = entry;
    /* Above all r5: Linux takes anything but 0 for Open Firmware's entry */
    memset(env->gpr, 0, sizeof(env->gpr));
    env->gpr[3] = arg;
    env->quiesced = false;
    cs->halted = 0;
    qemu_cpu_kick(cs);
}

static uint64_t translate_kernel(void *opaque, uint64_t addr)
{
    return cell_kernel_to_real(addr);
}

ssize_t cell_load_kernel(const char *filename, symbol_fn_t symbol,
                         uint64_t *entry, uint64_t *end)
{
    ssize_t size = load_elf_ram_sym(filename, NULL, translate_kernel, NULL,
                                    entry, NULL, end, NULL, ELFDATA2MSB,
                                    PPC_ELF_MACHINE, 0, 0, NULL, true, symbol);

    *entry = cell_kernel_to_real(*entry);
    *end = cell_kernel_to_real(*end);
    return size;
}

/* Device tree */

int cell_dt_chosen(void *fdt, MachineState *machine, uint64_t initrd_addr,
                   uint64_t initrd_size)
{
    int offset = fdt_add_subnode(fdt, 0, "chosen");
    uint8_t seed[32];

    _FDT(offset);
    _FDT(fdt_setprop_string(fdt, offset, "bootargs",
                            machine->kernel_cmdline ?: ""));
    /* Linux has no other seed for its random numbers. */
    qemu_guest_getrandom_nofail(seed, sizeof(seed));
    _FDT(fdt_setprop(fdt, offset, "rng-seed", seed, sizeof(seed)));
    if (initrd_size) {
        _FDT(fdt_setprop_u64(fdt, offset, "linux,initrd-start", initrd_addr));
        _FDT(fdt_setprop_u64(fdt, offset, "linux,initrd-end",
                             initrd_addr + initrd_size));
    }
    return offset;
}

/* Migration */

static int cell_ppe_thread_pre_save(void *opaque)
{
    CellPPEThread *t = opaque;

    if (t->cpu) {
        CPUPPCState *env = &t->cpu->env;

        t->quiesced = env->quiesced;
        t->suspended = env->resume_as_sreset;
        t->tb_offset = env->tb_env->tb_offset;
    }
    return 0;
}

static int cell_ppe_thread_post_load(void *opaque, int version_id)
{
    CellPPEThread *t = opaque;

    if (t->cpu) {
        CPUPPCState *env = &t->cpu->env;

        env->quiesced = t->quiesced;
        env->resume_as_sreset = t->suspended;
        env->tb_env->tb_offset = t->tb_offset;
    }
    return 0;
}

const VMStateDescription vmstate_cell_ppe_thread = {
    .name = "cell-ppe-thread",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = cell_ppe_thread_pre_save,
    .post_load = cell_ppe_thread_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(quiesced, CellPPEThread),
        VMSTATE_BOOL(suspended, CellPPEThread),
        VMSTATE_INT64(tb_offset, CellPPEThread),
        VMSTATE_END_OF_LIST()
    },
};
