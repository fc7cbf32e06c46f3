// SPDX-License-Identifier: GPL-2.0
/*
 * An SPE's areas mapped into a program: local store, and the registers of the
 * problem state, with any page size of the kernel. (With 64 KiB pages spufs
 * has no mapping of the areas of 4 KiB, except for signal1.) And the other way
 * round: an SPE's DMA from page to page of a program.
 *
 * The values in a mapping are compared with those of spufs' other files and of
 * spu_run(). Registers: CBEA v1.02, Problem State Memory-Mapped Registers.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include "spufs_test.h"
#include "tap.h"
#include "copy.h_shipped"
#include "echo.h_shipped"

#define PS_SIZE		0x20000
#define MFC_QSTATUS	0x3104
#define SPU_IN_MBOX	0x400c
#define SPU_MBOX_STAT	0x4014
#define SPU_STATUS	0x4024
#define SPU_NPC		0x4034
#define SIG_NOTIFY_1	0x1400c
#define SIG_NOTIFY_2	0x1c00c

#define AREA_4K		0x1000
#define AREA_64K	0x10000

static int context;
static long page;
static volatile char *ps;

static volatile char *map(const char *name, size_t size)
{
	int fd = openat(context, name, O_RDWR);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static __u32 get(volatile char *area, unsigned int at)
{
	return *(volatile __u32 *)(area + at);
}

static void put(volatile char *area, unsigned int at, __u32 val)
{
	*(volatile __u32 *)(area + at) = val;
}

static __u32 file_word(const char *name)
{
	int fd = openat(context, name, O_RDONLY);
	__u32 word = ~0;

	if (read(fd, &word, sizeof(word)) != sizeof(word))
		word = ~0;
	close(fd);
	return word;
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

static __u32 pattern(unsigned int at, __u32 seed)
{
	return (at + seed) * 2654435761u;
}

static void test_local_store(const char *state)
{
	static __u32 words[LS_SIZE / 4];
	volatile char *ls = map("mem", LS_SIZE + page);
	int sig;

	if (!tap_check(ls, "mmap: %s", strerror(errno)))
		goto out;
	for (unsigned int at = 0; at < LS_SIZE; at += 4)
		put(ls, at, pattern(at, 1));
	spu_peek(context, 0, words, LS_SIZE);
	for (unsigned int at = 0; at < LS_SIZE; at += 4)
		if (!tap_check(words[at / 4] == pattern(at, 1),
			       "read of 0x%05x: 0x%08x", at, words[at / 4]))
			break;
	for (unsigned int at = 0; at < LS_SIZE; at += 4)
		words[at / 4] = pattern(at, 2);
	spu_poke(context, 0, words, LS_SIZE);
	for (unsigned int at = 0; at < LS_SIZE; at += 4)
		if (!tap_check(get(ls, at) == pattern(at, 2),
			       "mapping at 0x%05x: 0x%08x", at, get(ls, at)))
			break;
	sig = sigsetjmp(fault, 1);
	if (!sig)
		get(ls, LS_SIZE);
	tap_check(sig == SIGBUS, "behind the end: signal %d", sig);
	munmap((void *)ls, LS_SIZE + page);
out:
	tap_end("local store, %s: all of it, and SIGBUS behind it", state);
}

static void test_problem_state(int status, __u32 npc)
{
	__u32 stat;

	tap_check(get(ps, SPU_STATUS) == (__u32)status, "SPU_Status 0x%x, not 0x%x",
		  get(ps, SPU_STATUS), status);
	tap_check(get(ps, SPU_NPC) == npc, "SPU_NPC 0x%x, not 0x%x",
		  get(ps, SPU_NPC), npc);
	tap_end("psmap: SPU_Status and SPU_NPC are what spu_run said");

	put(ps, SPU_IN_MBOX, 0xcafe);
	stat = get(ps, SPU_MBOX_STAT);
	tap_check((stat >> 8 & 0xff) == 3 && file_word("wbox_stat") == 3,
		  "SPU_Mbox_Stat 0x%x, wbox_stat %u", stat, file_word("wbox_stat"));
	status = sys_spu_run(context, &npc, NULL);
	tap_check(status == SPU_STATUS_STOP(SPU_DONE), "status 0x%x", status);
	stat = get(ps, SPU_MBOX_STAT);
	tap_check((stat & 0xff) == 1 && file_word("mbox_stat") == 1,
		  "SPU_Mbox_Stat 0x%x, mbox_stat %u", stat, file_word("mbox_stat"));
	stat = file_word("mbox");
	tap_check(stat == 0xcafe, "mbox has 0x%x", stat);
	tap_end("psmap: a word by SPU_In_Mbox to the program, back by mbox");
}

/* The registers in a mapping of a part of the problem state */
static void test_signals(void)
{
	unsigned int base = page == AREA_64K ? 0x10000 : 0x14000;
	size_t size = page == AREA_64K ? AREA_64K : AREA_4K;
	volatile char *area = map("signal1", size);

	if (tap_check(area, "mmap: %s", strerror(errno))) {
		put(ps, SIG_NOTIFY_1, 0);
		put(ps, SIG_NOTIFY_2, 0);
		put(area, SIG_NOTIFY_1 - base, 0x5151);
		tap_check(get(ps, SIG_NOTIFY_1) == 0x5151 && !get(ps, SIG_NOTIFY_2),
			  "signals 0x%x, 0x%x", get(ps, SIG_NOTIFY_1),
			  get(ps, SIG_NOTIFY_2));
		munmap((void *)area, size);
	}
	tap_end("signal1: SPU_Sig_Notify_1 where a page of %ld has it", page);
}

static void test_area(const char *name, unsigned int base, unsigned int reg)
{
	volatile char *area = map(name, page);

	if (page == AREA_4K && tap_check(area, "mmap: %s", strerror(errno))) {
		tap_check(get(area, reg - base) == get(ps, reg), "0x%x, not 0x%x",
			  get(area, reg - base), get(ps, reg));
	} else if (page != AREA_4K) {
		/* It would expose the registers next to it. */
		tap_check(!area, "is mapped");
	}
	if (area)
		munmap((void *)area, page);
	tap_end("%s: %s", name, page == AREA_4K ? "a page of its own" :
		"no mapping, it is smaller than a page");
}

/* Commands of 16 KiB that begin within a page and end in another */
static void test_dma(void)
{
	const size_t len = 1 << 20, chunk = 0x4000, skew = 48;
	struct copy_args args = { .size = chunk, .chunks = len / chunk - 1,
				  .stride = chunk };
	char *source = mmap(NULL, 2 * len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *target = source + len;
	__u32 npc = 0;
	int fd = spu_create(0), status;

	/* Allocate the pages in another order than that of their addresses */
	for (size_t i = 0; i < 2 * len; i += page)
		source[(i * 13 + 5 * page) % (2 * len)] = 1;
	for (size_t i = 0; i < len; i += 4)
		*(__u32 *)(source + i) = pattern(i, 3);
	args.src_hi = spu_eah(source + skew);
	args.src_lo = spu_eal(source + skew);
	args.dst_hi = spu_eah(target + skew);
	args.dst_lo = spu_eal(target + skew);
	memset(target, 0x5a, len);
	spu_load(fd, spu_copy);
	spu_poke(fd, SPU_COPY_ARGS, &args, sizeof(args));
	status = sys_spu_run(fd, &npc, NULL);
	tap_check(status == SPU_STATUS_STOP(SPU_DONE), "status 0x%x", status);
	for (size_t i = 0; i < len; i++) {
		bool inside = i >= skew && i < skew + args.chunks * chunk;

		if (!tap_check(target[i] == (inside ? source[i] : 0x5a),
			       "byte 0x%zx: 0x%x", i, target[i]))
			break;
	}
	close(fd);
	munmap(source, 2 * len);
	tap_end("DMA across pages of %ld: these bytes and no others", page);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_fault };
	const char *skip = no_spufs();
	__u32 npc = SPU_ECHO_WAIT;
	int status;

	printf("TAP version 13\n");
	if (skip) {
		printf("1..0 # SKIP %s\n", skip);
		return 4;
	}
	page = sysconf(_SC_PAGESIZE);
	sigaction(SIGBUS, &action, NULL);

	context = spu_create(0);
	test_local_store("saved");
	close(context);

	/* Bound to an SPE for good */
	context = spu_create(SPU_CREATE_NOSCHED);
	spu_load(context, spu_echo);
	spu_tell(context, 1);
	status = sys_spu_run(context, &npc, NULL);
	file_word("mbox");
	ps = map("psmap", PS_SIZE);
	if (!ps) {
		printf("Bail out! psmap: %s\n", strerror(errno));
		return 1;
	}
	test_problem_state(status, npc);
	test_signals();
	test_area("mfc", 0x3000, MFC_QSTATUS);
	test_area("cntl", 0x4000, SPU_STATUS);
	test_local_store("of an SPE");
	test_dma();
	return tap_done();
}
