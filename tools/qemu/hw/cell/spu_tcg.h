/*
 * Synergistic Processor Unit: a vCPU for TCG
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_SPU_TCG_H
#define HW_CELL_SPU_TCG_H

#include "cpu.h"
#include "disas/dis-asm.h"
#include "qemu/thread.h"
#include "hw/cell/spu_engine.h"

#define TYPE_SPU_CPU "cell-spu-cpu"
OBJECT_DECLARE_SIMPLE_TYPE(SPUCPU, SPU_CPU)

/* env.hflags, and so translation blocks' flags: stop after each instruction */
#define SPU_HFLAG_SINGLE_STEP   1
/* Loads and stores go through the TLB, where gdb's watchpoints are. */
#define SPU_HFLAG_WATCHED       2
/* From this bit on: address bits that SPU_LSLR takes away (SPUState.ls_off) */
#define SPU_HFLAG_LS_OFF_SHIFT  14

/* The bits that are left */
static inline uint32_t spu_ls_mask(uint32_t hflags)
{
    return SPU_LS_MASK & ~(hflags >> SPU_HFLAG_LS_OFF_SHIFT);
}

/*
 * The binary's target is the PPE, and TCG's common code finds a vCPU's state
 * behind its CPUState: there must be a CPUPPCState, of which only nip, the
 * program counter, and hflags are used.
 *
 * While the SPU runs, gpr and env.nip are its registers and program counter,
 * and insns is yet to be added to its counter; SPUState has them when the
 * engine is stopped.  Everything else is always in SPUState.
 */
struct SPUCPU {
    CPUState parent_obj;
    CPUPPCState env;
    SPUReg gpr[SPU_NUM_GPR];
    SPUReg tmp;                 /* for use within one instruction */
    /* Constants for translated code */
    SPUReg left;                /* ones in the left doubleword */
    SPUReg numbers;             /* of each byte */
    SPUReg special;             /* of shufb, by half a byte of its control */
    /* shufb controls by log2 of the element's size, and address % 16 */
    SPUReg insertion[4][16];

    /* By quadword of local store: instructions there may be translated. */
    uint8_t code[SPU_LS_SIZE / 16];
    uint64_t insns;             /* executed since the engine was started */

    SPUEngine engine;
    MemoryRegion *ls_space;     /* local store, at address 0 */
    /*
     * Set while the vCPU's thread is between two instructions and will not
     * go on without the BQL.
     */
    QemuEvent idle;
    bool stopping;              /* not running; the vCPU may still execute */
    bool in_channel;            /* a channel operation is being executed */
    bool exclusive;             /* ... and has asked for exclusive work */
    /* Counts starts: a thread that waited for the BQL checks it. */
    unsigned epoch;
};

QEMU_BUILD_BUG_ON(offsetof(SPUCPU, env) != sizeof(CPUState));

static inline SPUCPU *env_spu_cpu(CPUPPCState *env)
{
    return container_of(env, SPUCPU, env);
}

int spu_print_insn(bfd_vma addr, disassemble_info *info);
void spu_translate_code(CPUState *cs, TranslationBlock *tb, int *max_insns,
                        vaddr pc, void *host_pc);

#endif /* HW_CELL_SPU_TCG_H */
