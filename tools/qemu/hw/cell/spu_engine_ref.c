/*
 * Cell Broadband Engine: the reference execution engine of an SPU
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A timer of QEMU_CLOCK_VIRTUAL runs the interpreter, so every SPU executes
 * its number of instructions per virtual second, however many run.  The model
 * is one instruction per cycle.
 *
 * An SPU executes ahead of the clock, up to the end of its slice.  Even so, its
 * actions that the rest of the machine can see happen at their exact time: the
 * interpreter returns before an rdch or wrch, and the engine continues when the
 * clock has reached that point; a stop is held back until its time.  Slices end
 * at multiples of their length, for all SPUs at once, because each such moment
 * interrupts the PPE's execution.
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "spu_engine_ref.h"
#include "trace.h"

static SPUEngineRef *to_ref(SPUEngine *e)
{
    return container_of(e, SPUEngineRef, engine);
}

static void arm(SPUEngineRef *r, int64_t ns)
{
    r->due_ns = ns;
    timer_mod_ns(r->timer, ns);
}

/* The SPU's time, in whole nanoseconds of the virtual clock. */
static int64_t spu_time(SPUEngineRef *r)
{
    return r->base_ns + muldiv64_round_up(r->insns, NANOSECONDS_PER_SECOND,
                                          r->hz);
}

static void set_time(SPUEngineRef *r, int64_t ns)
{
    r->base_ns = ns;
    r->insns = 0;
}

static void deliver(SPUEngineRef *r)
{
    SPUEngine *e = &r->engine;

    r->ended = false;
    e->running = false;
    trace_spu_engine_ref_exit(e->spu, r->why, r->code, e->spu->pc,
                              e->spu->insns);
    e->stopped(e->opaque, r->why, r->code);
}

static void end(SPUEngineRef *r, SPUExit why, uint32_t code, int64_t now)
{
    int64_t when = spu_time(r);

    r->ended = true;
    r->why = why;
    r->code = code;
    if (when > now) {
        arm(r, when);
    } else {
        deliver(r);
    }
}

/* The slice is used up: the next one follows at its end. */
static void next_slice(SPUEngineRef *r, int64_t slice_end)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    /*
     * When instructions take longer on the host than in the machine (not
     * with icount: the clock stands still meanwhile) the SPU becomes slower
     * rather than keep the lock for good.
     */
    if (now >= slice_end) {
        slice_end = QEMU_ALIGN_DOWN(now, r->slice_ns) + r->slice_ns;
        set_time(r, slice_end);
    }
    arm(r, slice_end);
}

static void spu_engine_ref_run(void *opaque)
{
    SPUEngineRef *r = opaque;
    SPUEngine *e = &r->engine;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t slice_end = QEMU_ALIGN_DOWN(now, r->slice_ns) + r->slice_ns;
    unsigned epoch = r->epoch;
    bool first = true, more;
    SPUExit why;

    if (r->ended) {
        deliver(r);
        return;
    }

    /* Small delays are made up for; longer ones are lost time. */
    if (now - r->due_ns > (int64_t)r->slice_ns) {
        set_time(r, now);
    }

    do {
        uint64_t limit = muldiv64(slice_end - r->base_ns, r->hz,
                                  NANOSECONDS_PER_SECOND);
        uint64_t done;
        uint32_t code;

        if (limit <= r->insns) {
            why = SPU_EXIT_BUDGET;
            break;
        }
        /* The first may be a channel instruction, and stop or restart us. */
        why = spu_interp_run(r->interp, first ? 1 : limit - r->insns, true,
                             &done, &code);
        if (!e->running || r->epoch != epoch) {
            return;
        }
        r->insns += done;
        more = why == SPU_EXIT_CHANNEL ? spu_time(r) <= now :
               why == SPU_EXIT_BUDGET && first;
        first = why == SPU_EXIT_CHANNEL;
        /* All others end execution. */
        if (why > SPU_EXIT_STALL) {
            end(r, why, code, now);
            return;
        }
    } while (more);

    switch (why) {
    case SPU_EXIT_BUDGET:
        next_slice(r, slice_end);
        break;
    case SPU_EXIT_CHANNEL:
        arm(r, spu_time(r));
        break;
    case SPU_EXIT_STALL:
        trace_spu_engine_ref_stall(e->spu, e->spu->pc, e->spu->insns);
        e->stalled = true;
        break;
    default:
        g_assert_not_reached();
    }
}

/* Execution goes on now, from the timer: not from within the caller. */
static void run_from_now(SPUEngineRef *r)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    r->engine.stalled = false;
    set_time(r, now);
    arm(r, now);
}

static void spu_engine_ref_start(SPUEngine *e)
{
    SPUEngineRef *r = to_ref(e);

    if (!e->running) {
        trace_spu_engine_ref_start(e->spu, e->spu->pc);
        e->running = true;
        r->epoch++;
        run_from_now(r);
    }
}

static void spu_engine_ref_stop(SPUEngine *e)
{
    SPUEngineRef *r = to_ref(e);

    if (!e->running) {
        return;
    }
    trace_spu_engine_ref_stop(e->spu, e->spu->pc, e->spu->insns);
    timer_del(r->timer);
    e->stalled = false;
    if (r->ended) {
        /* The SPU's own stop came first: its instruction has been executed. */
        deliver(r);
    } else {
        e->running = false;
    }
}

static void spu_engine_ref_kick(SPUEngine *e)
{
    /* An SPU that does not wait will look at its channels by itself. */
    if (e->stalled) {
        trace_spu_engine_ref_kick(e->spu, e->spu->pc);
        run_from_now(to_ref(e));
    }
}

static const SPUEngineOps spu_engine_ref_ops = {
    .name = "reference",
    .start = spu_engine_ref_start,
    .stop = spu_engine_ref_stop,
    .kick = spu_engine_ref_kick,
};

SPUEngine *spu_engine_ref_new(SPUState *spu, uint64_t hz, uint64_t slice_ns,
                              SPUEngineStopped *stopped, void *opaque)
{
    SPUEngineRef *r = g_new0(SPUEngineRef, 1);

    assert(hz > 0 && hz <= UINT32_MAX && slice_ns > 0);
    r->engine.ops = &spu_engine_ref_ops;
    r->engine.spu = spu;
    r->engine.stopped = stopped;
    r->engine.opaque = opaque;
    r->interp = spu_interp_new(spu);
    r->hz = hz;
    r->slice_ns = slice_ns;
    r->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, spu_engine_ref_run, r);
    return &r->engine;
}
