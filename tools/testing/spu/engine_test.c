// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPU instruction tests: the reference engine's time, on a clock of the test
 *
 * Copyright (C) 2026 The spufs-async authors
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/timer.h"
#include "spu_engine_ref.h"
#include "tap.h"
#include "flow.h"

/* QEMU's clock and timers: the clock goes from one timer to the next. */

static int64_t now;
static int64_t look_ns;		/* each look at the clock takes this long */
static QEMUTimer *timers[4];

QEMUTimerListGroup main_loop_tlg;

int64_t qemu_clock_get_ns(QEMUClockType type)
{
	return now += look_ns;
}

void timer_init_full(QEMUTimer *ts, QEMUTimerListGroup *group,
		     QEMUClockType type, int scale, int attributes,
		     QEMUTimerCB *cb, void *opaque)
{
	int i = 0;

	while (timers[i])
		i++;
	timers[i] = ts;
	ts->cb = cb;
	ts->opaque = opaque;
	ts->expire_time = -1;
	tap_check(type == QEMU_CLOCK_VIRTUAL && scale == SCALE_NS,
		  "clock %d, scale %d", type, scale);
}

void timer_mod_ns(QEMUTimer *ts, int64_t expire_time)
{
	ts->expire_time = expire_time;
}

void timer_del(QEMUTimer *ts)
{
	ts->expire_time = -1;
}

static int64_t next_time(void)
{
	int64_t t = INT64_MAX;

	for (int i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i] && timers[i]->expire_time >= 0)
			t = MIN(t, timers[i]->expire_time);
	return t;
}

/* Run all timers up to @end, where the clock is then. */
static void run_until(int64_t end)
{
	for (int64_t t = next_time(); t <= end; t = next_time()) {
		now = MAX(now, t);
		for (int i = 0; i < ARRAY_SIZE(timers); i++) {
			QEMUTimer *ts = timers[i];

			if (ts && ts->expire_time == t) {
				ts->expire_time = -1;
				ts->cb(ts->opaque);
			}
		}
	}
	now = MAX(now, end);
}

/* An SPE around the engine */

struct spe {
	SPUState spu;
	SPUEngine *engine;
	int stops;
	SPUExit why;
	uint32_t code;
	int64_t stopped_at;
	bool restart;			/* from the callback */
	bool stop_in_wrch;
	bool data;
	int64_t read_at, written_at;
};

static void stopped(void *opaque, SPUExit why, uint32_t code)
{
	struct spe *spe = opaque;

	tap_check(!spe->engine->running, "told while still running");
	spe->stops++;
	spe->why = why;
	spe->code = code;
	spe->stopped_at = now;
	if (spe->restart) {
		spe->restart = false;
		spe->spu.pc = AT_loop;
		spu_engine_start(spe->engine);
	}
}

static SPUChannelResult rdch(void *opaque, unsigned int ch, uint32_t *val)
{
	struct spe *spe = opaque;

	if (!spe->data)
		return SPU_CH_STALL;
	spe->read_at = now;
	*val = 0;
	return SPU_CH_OK;
}

static SPUChannelResult wrch(void *opaque, unsigned int ch, uint32_t val)
{
	struct spe *spe = opaque;

	spe->written_at = now;
	if (spe->stop_in_wrch)
		spu_engine_stop(spe->engine);
	return SPU_CH_OK;
}

static uint32_t rchcnt(void *opaque, unsigned int ch)
{
	return 1;
}

static const SPUChannelOps ops = {
	.rdch = rdch, .wrch = wrch, .rchcnt = rchcnt,
};

static void spe_new(struct spe *spe, uint64_t hz, uint64_t slice_ns,
		    uint32_t pc)
{
	memset(spe, 0, sizeof(*spe));
	spe->spu.ls = g_malloc0(SPU_LS_SIZE);
	for (int i = 0; i < ARRAY_SIZE(flow); i++)
		stl_be_p(spe->spu.ls + flow[i].at, flow[i].word);
	spe->spu.ch_ops = &ops;
	spe->spu.ch_opaque = spe;
	spe->spu.pc = pc;
	spe->engine = spu_engine_ref_new(&spe->spu, hz, slice_ns, stopped, spe);
}

static void spe_free(struct spe *spe)
{
	SPUEngineRef *ref = container_of(spe->engine, SPUEngineRef, engine);

	spu_engine_stop(spe->engine);
	for (int i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i] == ref->timer)
			timers[i] = NULL;
	timer_free(ref->timer);
	spu_interp_free(ref->interp);
	g_free(ref);
	g_free(spe->spu.ls);
}

/* 100 MHz: 10 ns an instruction */
#define HZ	100000000
#define SLICE	1000

static void test_times(void)
{
	struct spe spe;

	now = 12345;
	spe_new(&spe, HZ, SLICE, AT_loop);
	spu_engine_start(spe.engine);
	tap_check(spe.engine->running && !spe.spu.insns,
		  "must run from its timer only");
	run_until(12345 + 169);
	tap_check(!spe.stops && spe.engine->running, "stopped too early");
	run_until(100000);
	tap_check(spe.stops == 1 && spe.why == SPU_EXIT_STOP && spe.code == 5 &&
		  spe.stopped_at == 12345 + 170, "%d stops, exit %d, at %d",
		  spe.stops, spe.why, (int)spe.stopped_at);
	tap_end("engine: a stop takes effect at its instruction's time");
	spe_free(&spe);

	now = 12345;
	spe_new(&spe, HZ, SLICE, AT_channels);
	spe.data = true;
	spu_engine_start(spe.engine);
	run_until(100000);
	tap_check(spe.written_at == 12345 + 20, "wrch at %d",
		  (int)spe.written_at);
	tap_check(spe.read_at == 12345 + 50, "rdch at %d", (int)spe.read_at);
	tap_check(spe.stops == 1 && spe.code == 10 &&
		  spe.stopped_at == 12345 + 70, "stop at %d",
		  (int)spe.stopped_at);
	tap_end("engine: channels at their instructions' times");
	spe_free(&spe);

	/* 3.2 GHz: instructions 2, 5 and 7 end at 0.625, 1.5625, 2.1875 ns */
	now = 12345;
	spe_new(&spe, SPU_DEFAULT_HZ, 20000, AT_channels);
	spe.data = true;
	spu_engine_start(spe.engine);
	run_until(100000);
	tap_check(spe.written_at == 12346 && spe.read_at == 12347 &&
		  spe.stopped_at == 12348, "wrch at %d, rdch at %d, stop at %d",
		  (int)spe.written_at, (int)spe.read_at, (int)spe.stopped_at);
	tap_end("engine: the next whole nanosecond");
	spe_free(&spe);
}

static void test_slices(void)
{
	struct spe a, b;
	bool on_grid = true;

	now = 250;
	spe_new(&a, HZ, SLICE, AT_forever);
	spe_new(&b, HZ, SLICE, AT_forever);
	spu_engine_start(a.engine);
	run_until(251);
	tap_check(a.spu.insns == 75, "%d ahead", (int)a.spu.insns);
	now = 777;
	spu_engine_start(b.engine);
	for (run_until(777); next_time() < 50000; run_until(next_time()))
		on_grid &= next_time() % SLICE == 0 &&
			   timers[0]->expire_time == timers[1]->expire_time;
	tap_check(on_grid, "a slice's end off the grid");
	tap_check(a.spu.insns == (50000 - 250) / 10, "%d instructions",
		  (int)a.spu.insns);
	tap_check(b.spu.insns == (50000 - 777) / 10, "%d instructions",
		  (int)b.spu.insns);
	tap_end("engine: slices of all SPUs end together, none loses time");
	spe_free(&a);
	spe_free(&b);

	now = 0;
	spe_new(&a, 33333333, 20000, AT_forever);
	spu_engine_start(a.engine);
	run_until(NANOSECONDS_PER_SECOND - 1);
	tap_check(a.spu.insns == 33333333, "%d instructions",
		  (int)a.spu.insns);
	tap_end("engine: no drift in a second of 33,333,333 instructions");
	spe_free(&a);
}

static void test_stalls(void)
{
	struct spe spe;

	now = 5000;
	spe_new(&spe, HZ, SLICE, AT_rdch);
	spu_engine_start(spe.engine);
	run_until(5000);
	tap_check(spe.engine->running && spe.engine->stalled &&
		  next_time() == INT64_MAX, "it should stall, without a timer");
	now = 70003;
	spu_engine_kick(spe.engine);
	tap_check(!spe.spu.insns, "runs from within the caller");
	run_until(70003);
	tap_check(spe.engine->stalled && !spe.spu.insns,
		  "it should stall again");
	now = 90007;
	spe.data = true;
	spe.spu.pc = AT_channels + 20;		/* rdch, stop */
	spu_engine_kick(spe.engine);
	run_until(200000);
	tap_check(spe.read_at == 90007 && spe.stopped_at == 90007 + 20 &&
		  !spe.engine->stalled, "rdch at %d, stop at %d",
		  (int)spe.read_at, (int)spe.stopped_at);
	spu_engine_kick(spe.engine);
	tap_check(next_time() == INT64_MAX && spe.stops == 1,
		  "a kick started it");
	tap_end("engine: stalls cost time, and end with a kick");
	spe_free(&spe);

	now = 250;
	spe_new(&spe, HZ, SLICE, AT_forever);
	spu_engine_start(spe.engine);
	run_until(300);
	now = 500;
	spu_engine_kick(spe.engine);
	tap_check(next_time() == SLICE, "next at %d", (int)next_time());
	run_until(9999);
	tap_check(spe.spu.insns == 975, "%d instructions", (int)spe.spu.insns);
	tap_end("engine: a kick does not change a running SPU's time");
	spe_free(&spe);
}

static void test_stopping(void)
{
	struct spe spe;

	now = 0;
	spe_new(&spe, HZ, SLICE, AT_forever);
	spu_engine_start(spe.engine);
	run_until(4500);
	spu_engine_stop(spe.engine);
	tap_check(!spe.engine->running && !spe.stops &&
		  next_time() == INT64_MAX, "%d stops", spe.stops);
	spu_engine_stop(spe.engine);
	spu_engine_start(spe.engine);
	tap_check(next_time() == 4500, "starts at %d", (int)next_time());
	run_until(4999);
	tap_check(spe.spu.insns == 550, "%d instructions", (int)spe.spu.insns);
	tap_end("engine: stop by the SPE is not told, and start goes on");
	spe_free(&spe);

	now = 0;
	spe_new(&spe, HZ, SLICE, AT_loop);
	spu_engine_start(spe.engine);
	run_until(100);
	tap_check(!spe.stops, "told early");
	spu_engine_stop(spe.engine);
	tap_check(spe.stops == 1 && spe.code == 5 && !spe.engine->running,
		  "%d stops", spe.stops);
	run_until(10000);
	tap_check(spe.stops == 1, "told twice");
	tap_end("engine: its own stop, if executed, comes before the SPE's");
	spe_free(&spe);

	now = 0;
	spe_new(&spe, HZ, SLICE, AT_stop);
	spe.restart = true;
	spu_engine_start(spe.engine);
	run_until(10000);
	tap_check(spe.stops == 2 && spe.code == 5 &&
		  spe.stopped_at == 10 + 170, "%d stops, at %d", spe.stops,
		  (int)spe.stopped_at);
	tap_end("engine: started anew from the callback");
	spe_free(&spe);

	now = 0;
	spe_new(&spe, HZ, SLICE, AT_channels);
	spe.stop_in_wrch = true;
	spe.data = true;		/* it would come to its stop */
	spu_engine_start(spe.engine);
	run_until(10000);
	tap_check(!spe.engine->running && !spe.stops &&
		  next_time() == INT64_MAX, "%d stops", spe.stops);
	tap_end("engine: stopped by what a wrch does");
	spe_free(&spe);

	now = 0;
	spe_new(&spe, HZ, SLICE, AT_illegal);
	spu_engine_start(spe.engine);
	run_until(10000);
	tap_check(spe.stops == 1 && spe.why == SPU_EXIT_INVALID_INSN &&
		  spe.code == 0x00800000 && spe.stopped_at == 0,
		  "exit %d, at %d", spe.why, (int)spe.stopped_at);
	tap_end("engine: an invalid instruction is told");
	spe_free(&spe);

	now = 0;
	spe_new(&spe, HZ, SLICE, AT_loop);
	spe.spu.single_step = true;
	spu_engine_start(spe.engine);
	run_until(10000);
	tap_check(spe.stops == 1 && spe.why == SPU_EXIT_SINGLE_STEP &&
		  spe.stopped_at == 10 && spe.spu.pc == AT_loop + 4,
		  "exit %d, at %d", spe.why, (int)spe.stopped_at);
	tap_end("engine: a single step is told");
	spe_free(&spe);
}

/* A host that is too slow, as the wall clock shows */
static void test_behind(void)
{
	struct spe spe;

	now = 0;
	look_ns = 7 * SLICE + 1;
	spe_new(&spe, HZ, SLICE, AT_forever);
	spu_engine_start(spe.engine);
	for (int i = 0; i < 100; i++) {
		uint64_t before = spe.spu.insns;

		now = MAX(now, next_time());
		run_until(now);
		tap_check(next_time() > now, "next at %d, it is %d already",
			  (int)next_time(), (int)now);
		tap_check(spe.spu.insns - before <= 2 * SLICE / 10,
			  "%d instructions to catch up",
			  (int)(spe.spu.insns - before));
	}
	tap_end("engine: behind the clock, it drops time");
	look_ns = 0;
	spe_free(&spe);
}

void test_engine(void)
{
	test_times();
	test_slices();
	test_stalls();
	test_stopping();
	test_behind();
}
