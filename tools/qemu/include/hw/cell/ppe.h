/*
 * Cell Broadband Engine: threads of the PowerPC Processor Element
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_PPE_H
#define HW_CELL_PPE_H

#include "hw/core/loader.h"
#include "migration/vmstate.h"
#include "target/ppc/cpu-qom.h"

#define CELL_PPE_THREADS        2

/*
 * Where threads wait until Linux wants them: 64-bit kernels have their
 * __secondary_hold at this offset (arch/powerpc/kernel/head_64.S).
 */
#define CELL_SECONDARY_HOLD     0x60

typedef struct CellPPEThread {
    PowerPCCPU *cpu;            /* NULL if the machine has no such thread */
    /* State that the CPU's own migration leaves out; valid only during it */
    bool quiesced;
    bool suspended;             /* see helper_store_cell_ctrl() */
    int64_t tb_offset;
} CellPPEThread;

extern const VMStateDescription vmstate_cell_ppe_thread;

/**
 * cell_ppe_init_thread: make a thread
 * @t: the thread
 * @ppe: its parent
 * @cpu_type: a subclass of TYPE_POWERPC_CPU
 * @n: which thread of the PPE it is, 0 or 1
 */
void cell_ppe_init_thread(CellPPEThread *t, Object *ppe, const char *cpu_type,
                          unsigned n);

/**
 * cell_ppe_realize_thread: make it a vCPU
 * @t: the thread, initialized
 * @n: which thread of the PPE it is, 0 or 1: for CTRL
 * @pir: its number in the machine: for PIR
 * @tb_freq: of the time base, in Hz
 *
 * Returns false, with *errp set, if that fails.
 */
bool cell_ppe_realize_thread(CellPPEThread *t, unsigned n, uint32_t pir,
                             uint32_t tb_freq, Error **errp);

/**
 * cell_ppe_start_thread: let a thread run, in 64-bit real mode
 * @cpu: the thread
 * @entry: real address where it starts
 * @arg: what it finds in r3, the other registers being zero
 */
void cell_ppe_start_thread(PowerPCCPU *cpu, uint64_t entry, uint64_t arg);

/**
 * cell_load_kernel: load a 64-bit kernel at the address for which it is
 *                   linked, without the 0xc... of KERNELBASE
 * @filename: an ELF file
 * @symbol: is called for each of its symbols, unless it is NULL
 * @entry: set to the real address of its entry
 * @end: set to the real address just after it
 *
 * Returns what load_elf() does: less than 0, an ELF_LOAD_... error.
 */
ssize_t cell_load_kernel(const char *filename, symbol_fn_t symbol,
                         uint64_t *entry, uint64_t *end);

/**
 * cell_dt_chosen: describe what there is to boot
 * @fdt: a device tree without /chosen
 * @machine: has the command line
 * @initrd_addr: real address of the initial RAM disk
 * @initrd_size: its size in bytes, 0 if there is none
 *
 * Returns the offset of the node /chosen, which has a new rng-seed.
 */
int cell_dt_chosen(void *fdt, MachineState *machine, uint64_t initrd_addr,
                   uint64_t initrd_size);

/* The real address of @addr, which is in the kernel's linear mapping */
static inline uint64_t cell_kernel_to_real(uint64_t addr)
{
    return addr & 0x0fffffffffffffffULL;
}

#endif /* HW_CELL_PPE_H */
