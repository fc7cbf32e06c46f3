/*
 * Cell Broadband Engine: execution engines for an SPU
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The SPE device owns an SPU's state and decides when it runs; an engine
 * executes instructions.  Everything here is called with the BQL held.  While
 * the SPU runs, its engine owns gpr, fpscr and pc.
 */
#ifndef HW_CELL_SPU_ENGINE_H
#define HW_CELL_SPU_ENGINE_H

#include "qemu/typedefs.h"
#include "hw/cell/spu.h"

/* Why an SPU stopped executing */
typedef enum SPUExit {
    SPU_EXIT_BUDGET,            /* the budget is used up */
    SPU_EXIT_CHANNEL,           /* in front of an rdch or wrch, see @timed */
    SPU_EXIT_STALL,             /* at a channel whose count is zero */
    SPU_EXIT_STOP,              /* stop or stopd: code is the signal type */
    SPU_EXIT_HALT,              /* heq and its kin */
    SPU_EXIT_SINGLE_STEP,
    SPU_EXIT_INVALID_INSN,      /* code is the instruction word */
    SPU_EXIT_INVALID_CHANNEL,   /* code is the instruction word */
} SPUExit;

typedef struct SPUInterp SPUInterp;

/**
 * spu_interp_new: an interpreter for the SPU @s
 *
 * It owns nothing of the SPU: @s may change in any way between two runs, and
 * local store at any time.
 */
SPUInterp *spu_interp_new(SPUState *s);
void spu_interp_free(SPUInterp *p);

/**
 * spu_interp_run: interpret at most @budget instructions
 * @p: the interpreter; its SPU's pc and registers are exact on return
 * @budget: how many instructions at most, at least 1
 * @timed: return SPU_EXIT_CHANNEL before an rdch or wrch that would not be
 *         the first instruction of this call
 * @done: set to the number of instructions completed, which includes the
 *        stop, halt or stepped instruction that ended the run, and not a
 *        stalled or an invalid one
 * @code: set to the stop code or the offending instruction word
 *
 * The reference semantics of an SPU.  It knows neither time nor devices, so it
 * can be linked by itself.
 */
SPUExit spu_interp_run(SPUInterp *p, uint64_t budget, bool timed,
                       uint64_t *done, uint32_t *code);

typedef struct SPUEngine SPUEngine;

/* Tells the SPE that its SPU stopped by itself: STOP and what follows it. */
typedef void SPUEngineStopped(void *opaque, SPUExit why, uint32_t code);

/* Work to be done while nothing else executes, neither CPUs nor SPUs */
typedef void SPUEngineExclusive(void *opaque);

typedef struct SPUEngineOps {
    const char *name;
    void (*start)(SPUEngine *e);
    void (*stop)(SPUEngine *e);
    void (*kick)(SPUEngine *e);
    /* NULL if it never can */
    bool (*exclusive)(SPUEngine *e);
} SPUEngineOps;

struct SPUEngine {
    const SPUEngineOps *ops;
    SPUState *spu;
    SPUEngineStopped *stopped;
    SPUEngineExclusive *exclusive;  /* set by the owner */
    void *opaque;
    bool running;               /* between start and stop or stopped() */
    bool stalled;               /* running, and waiting at a channel */
};

/**
 * spu_engine_ref_new: an engine around spu_interp_run()
 * @spu: the SPU it executes
 * @hz: instructions per second of QEMU_CLOCK_VIRTUAL
 * @slice_ns: how far the SPU may run ahead of the clock between two looks
 *            at its devices, in virtual nanoseconds
 *
 * Driven by a timer of QEMU_CLOCK_VIRTUAL: each SPU executes @hz
 * instructions per virtual second, however many run; stops and channel
 * instructions take effect at exactly the time of their instruction.
 */
SPUEngine *spu_engine_ref_new(SPUState *spu, uint64_t hz, uint64_t slice_ns,
                              SPUEngineStopped *stopped, void *opaque);

/**
 * spu_engine_tcg_new: an engine that is a vCPU of TCG
 * @spu: the SPU it executes; its counter of instructions is brought up to
 *       date whenever it stops
 * @ls_space: the root of an address space that has the local store at 0; all
 *            writes to the local store must go through it
 * @parent: becomes the parent of the vCPU
 * @id: a number that no other SPU of the machine has
 *
 * Executes as fast as it can, in parallel with the other vCPUs if those
 * execute in parallel.
 */
SPUEngine *spu_engine_tcg_new(SPUState *spu, MemoryRegion *ls_space,
                              Object *parent, uint32_t id,
                              SPUEngineStopped *stopped, void *opaque,
                              Error **errp);

/* What users call the engines: "reference" and "tcg" */
const char *spu_engine_name(bool tcg);

/**
 * spu_engine_parse: which engine does the user want?
 *
 * Returns false, with *errp set, if there is none of that name.
 */
bool spu_engine_parse(const char *name, bool *tcg, Error **errp);

/**
 * spu_engine_exclusive: a channel operation asks to run alone for a while
 *
 * Returns true if the engine will call @exclusive, with the BQL held, before
 * the SPU's next instruction.  Otherwise the caller must see to it: the SPU has
 * no thread, or the operation was not its own.
 */
static inline bool spu_engine_exclusive(SPUEngine *e)
{
    return e->ops->exclusive && e->ops->exclusive(e);
}

/**
 * spu_host_without: translate as for a host that lacks something, for tests
 * @what: "rotate" (of vectors), or on x86 "avx512", "avx2" or "vectors"
 *
 * To be called before the accelerator starts.  Returns false, with *errp set,
 * if there is nothing of that name.
 */
bool spu_host_without(const char *what, Error **errp);

/* The SPU may execute from now on, at its pc. */
static inline void spu_engine_start(SPUEngine *e)
{
    e->ops->start(e);
}

/* The SPU must not execute any more; its state is exact on return. */
static inline void spu_engine_stop(SPUEngine *e)
{
    e->ops->stop(e);
}

/* A channel changed for which the SPU may be waiting, or event_pending did. */
static inline void spu_engine_kick(SPUEngine *e)
{
    e->ops->kick(e);
}

#endif /* HW_CELL_SPU_ENGINE_H */
