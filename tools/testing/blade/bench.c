// SPDX-License-Identifier: GPL-2.0
/*
 * The speed of everything except SPU instructions: DMA, channels, access to the
 * problem state, starts and stops. Measured by the guest's clock, which is the
 * host's unless instructions are counted. One line each: name, value, unit, with
 * tabs between them (see tools/build/bench-spe).
 */
#include <stdbool.h>
#include <stdlib.h>
#include "spufs_test.h"
#include <asm/spufs.h>
#include "bench.h_shipped"

#define MFC_GETL	0x44
#define CHUNK		0x4000
#define BUFFER		0x8000		/* in local store */
#define LIST		0x1000
#define ELEMENTS	8
#define MBOX_STAT	0x4014
#define SIG_NOTIFY_1	0x1400c

/* Long enough for the start and the end not to matter */
#define LONG_NS		300000000L

static int context;
static volatile char *ps;
static char memory[ELEMENTS * CHUNK] __attribute__((aligned(CHUNK)));

static struct {
	__u32 lsa, eah, eal, size, cmd, turns, pad[2];
} args;

static void fail(const char *what)
{
	printf("# %s: %s\n", what, strerror(errno));
	exit(1);
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void run(__u32 npc, __u32 turns)
{
	args.turns = turns;
	spu_poke(context, SPU_BENCH_ARGS, &args, sizeof(args));
	if (sys_spu_run(context, &npc, NULL) != SPU_STATUS_STOP(SPU_DONE))
		fail("spu_run");
}

static void dma(unsigned long turns)
{
	run(SPU_BENCH_DMA, turns);
}

static void channels(unsigned long turns)
{
	run(SPU_BENCH_CHANNELS, turns);
}

static void spu_runs(unsigned long turns)
{
	__u32 npc;

	while (turns--) {
		npc = SPU_BENCH_NOTHING;
		if (sys_spu_run(context, &npc, NULL) != SPU_STATUS_STOP(SPU_DONE))
			fail("spu_run");
	}
}

static void mmio_reads(unsigned long turns)
{
	while (turns--)
		(void)*(volatile __u32 *)(ps + MBOX_STAT);
}

static void mmio_writes(unsigned long turns)
{
	while (turns--)
		*(volatile __u32 *)(ps + SIG_NOTIFY_1) = turns;
}

static int event_fd;

static void async_runs(unsigned long turns)
{
	static const __u32 start[2] = { SPU_CONTROL_START_SPU, SPU_BENCH_NOTHING };
	struct spu_event event;

	while (turns--)
		if (write(event_fd, start, sizeof(start)) != sizeof(start) ||
		    read(event_fd, &event, sizeof(event)) != sizeof(event) ||
		    event.status != SPU_STATUS_STOP(SPU_DONE))
			fail("event");
}

/* Measure as many turns as take long enough; each is @scale of @unit. */
static void measure(const char *name, void (*what)(unsigned long turns),
		    double scale, const char *unit)
{
	unsigned long turns = 16;
	long took;

	for (;;) {
		long begin = now();

		what(turns);
		took = now() - begin;
		if (took >= LONG_NS || turns >= 1u << 31)
			break;
		turns *= 2;
	}
	printf("%s\t%.4g\t%s\n", name, turns * scale / took * 1e9, unit);
	fflush(stdout);
}

static void set_dma(__u32 cmd, __u32 size)
{
	args.lsa = BUFFER;
	args.eah = spu_eah(memory);
	args.eal = spu_eal(memory);
	args.cmd = cmd;
	args.size = size;
}

int main(void)
{
	__u32 list[2 * ELEMENTS];

	context = spu_create(SPU_CREATE_NOSCHED);
	if (context < 0)
		fail("spu_create");
	memset(memory, 1, sizeof(memory));
	spu_load(context, spu_bench);
	spu_runs(1);
	ps = mmap(NULL, 0x20000, PROT_READ | PROT_WRITE, MAP_SHARED,
		  openat(context, "psmap", O_RDWR), 0);
	if (ps == MAP_FAILED)
		fail("psmap");

	set_dma(MFC_GET, CHUNK);
	measure("DMA get 16K", dma, CHUNK / 1e6, "MB/s");
	set_dma(MFC_PUT, CHUNK);
	measure("DMA put 16K", dma, CHUNK / 1e6, "MB/s");
	set_dma(MFC_GET, 128);
	measure("DMA get 128", dma, 1e-3, "thousand/s");
	for (int i = 0; i < ELEMENTS; i++) {
		list[2 * i] = CHUNK;
		list[2 * i + 1] = spu_eal(memory + i * CHUNK);
	}
	spu_poke(context, LIST, list, sizeof(list));
	set_dma(MFC_GETL, sizeof(list));
	args.eal = LIST;
	measure("DMA list 8 x 16K", dma, ELEMENTS * CHUNK / 1e6, "MB/s");
	measure("channels", channels, 4e-3, "thousand/s");
	measure("MMIO reads", mmio_reads, 1e-3, "thousand/s");
	measure("MMIO writes", mmio_writes, 1e-3, "thousand/s");
	measure("spu_run", spu_runs, 1e-3, "thousand/s");
	close(context);

	context = spu_create(SPU_CREATE_ASYNC);
	spu_load(context, spu_bench);
	event_fd = openat(context, "event", O_RDWR);
	measure("start and event", async_runs, 1e-3, "thousand/s");
	return 0;
}
