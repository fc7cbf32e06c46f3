// SPDX-License-Identifier: GPL-2.0
/*
 * Atomicity between the two kinds of processor: counters that SPEs increment
 * by GETLLAR and PUTLLC while the PPE does so by lwarx and stwcx.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "spufs_test.h"

#include "spu/atomic.h_shipped"

#define ROUNDS	5000u

struct spe {
	pthread_t thread;
	int fd, ret;
};

static unsigned int running;

static void *run_spe(void *arg)
{
	__u32 npc = 0, event;
	struct spe *spe = arg;

	spe->ret = sys_spu_run(spe->fd, &npc, &event);
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void increment(__u32 *word)
{
	__u32 value;

	asm volatile("1: lwarx %0,0,%1\n"
		     "   addi %0,%0,1\n"
		     "   stwcx. %0,0,%1\n"
		     "   bne- 1b\n"
		     : "=&r" (value) : "r" (word) : "cr0", "memory");
}

FIXTURE(reservation) {};

FIXTURE_VARIANT(reservation)
{
	int spes;	/* 0: all there are */
	int ppe;	/* the word of the line that the PPE increments */
};

/* The same word, the same reservation granule only, and a crowd */
FIXTURE_VARIANT_ADD(reservation, one_spe_same_word)
{
	.spes = 1, .ppe = 0,
};

FIXTURE_VARIANT_ADD(reservation, one_spe_same_line)
{
	.spes = 1, .ppe = 8,
};

FIXTURE_VARIANT_ADD(reservation, all_spes_same_word)
{
	.spes = 0, .ppe = 0,
};

FIXTURE_SETUP(reservation)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
}

FIXTURE_TEARDOWN(reservation)
{
}

TEST_F_TIMEOUT(reservation, loses_no_increment, 300)
{
	__u32 *line = aligned_alloc(128, 128);
	struct {
		__u32 eah, eal, count, pad;
	} args = { spu_eah(line), spu_eal(line), ROUNDS, 0 };
	int spes = variant->spes ?: spe_count(), i;
	__u32 expected[32] = {}, by_ppe = 0;
	struct spe *spe = calloc(spes, sizeof(*spe));

	ASSERT_TRUE(!!line);
	memset(line, 0, 128);
	running = spes;
	for (i = 0; i < spes; i++) {
		spe[i].fd = spu_create(0);
		ASSERT_LE(0, spe[i].fd);
		ASSERT_EQ(0, spu_load(spe[i].fd, spu_atomic));
		ASSERT_EQ(0, spu_poke(spe[i].fd, SPU_ATOMIC_ARGS, &args,
				      sizeof(args)));
		ASSERT_EQ(0, pthread_create(&spe[i].thread, NULL, run_spe,
					    &spe[i]));
	}
	/* at least as often as an SPE, and as long as one is at it */
	while (by_ppe < ROUNDS || __atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		increment(&line[variant->ppe]);
		by_ppe++;
	}
	for (i = 0; i < spes; i++) {
		pthread_join(spe[i].thread, NULL);
		EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), spe[i].ret);
		TH_LOG("%u: %u increments by PUTLLC, %u lost reservations", i,
		       ROUNDS, spu_peek_word(spe[i].fd, SPU_ATOMIC_LOST));
		close(spe[i].fd);
	}
	TH_LOG("%u increments by stwcx.", by_ppe);

	/* the program increments the words of one quadword */
	for (i = 0; i < 4; i++)
		expected[i] = spes * ROUNDS;
	expected[variant->ppe] += by_ppe;
	for (i = 0; i < 32; i++)
		EXPECT_EQ(expected[i], line[i]);
}

TEST_HARNESS_MAIN
