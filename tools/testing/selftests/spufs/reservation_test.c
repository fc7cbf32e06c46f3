// SPDX-License-Identifier: GPL-2.0
/*
 * Atomicity between the two kinds of processor: counters that SPEs increment
 * by GETLLAR and PUTLLC while the PPE does so by lwarx and stwcx.; and a lock
 * that these take, and that PUTLLUC and plain stores release.
 *
 * SEED in the environment seeds the random numbers; ROUNDS extends the test.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "spufs_test.h"

#include "spu/atomic.h_shipped"
#include "spu/lock.h_shipped"

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
	int spes;	/* 0: all of them */
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
	/* at least as often as an SPE, and as long as one is working */
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

static void lock(__u32 *word)
{
	__u32 value;

	asm volatile("1: lwarx %0,0,%1\n"
		     "   cmpwi %0,0\n"
		     "   bne- 1b\n"
		     "   stwcx. %2,0,%1\n"
		     "   bne- 1b\n"
		     "   isync\n"
		     : "=&r" (value) : "r" (word), "r" (1) : "cr0", "memory");
}

static void unlock(__u32 *word)
{
	asm volatile("lwsync\n"
		     "stw %0,0(%1)\n"
		     : : "r" (0), "b" (word) : "memory");
}

struct locker {
	pthread_t thread;
	__u32 *line;
	unsigned int seed, rounds;
};

static void *run_locker(void *arg)
{
	struct locker *l = arg;
	unsigned int pause;

	/* as long as an SPE is working */
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		l->rounds++;
		lock(&l->line[0]);
		l->line[4]++;
		unlock(&l->line[0]);
		for (pause = rand_r(&l->seed) % 1000; pause; pause--)
			asm volatile("");
	}
	return NULL;
}

static unsigned int from_env(const char *name, unsigned int otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

FIXTURE(lock) {};

FIXTURE_SETUP(lock)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
}

FIXTURE_TEARDOWN(lock)
{
}

TEST_F_TIMEOUT(lock, loses_no_increment, 300)
{
	unsigned int seed = from_env("SEED", 1), rounds = from_env("ROUNDS", 50);
	int spes = spe_count(), i;
	struct spe *spe = calloc(spes, sizeof(*spe));
	__u32 *line = aligned_alloc(128, 128);
	struct locker ppe[2];
	__u32 expected = 0;

	ASSERT_TRUE(!!line);
	memset(line, 0, 128);
	for (i = 0; i < spes; i++) {
		struct {
			__u32 eah, eal, count, pad;
		} args = { spu_eah(line), spu_eal(line),
			   1 + rand_r(&seed) % (2 * rounds), 0 };

		expected += args.count;
		spe[i].fd = spu_create(0);
		ASSERT_LE(0, spe[i].fd);
		ASSERT_EQ(0, spu_load(spe[i].fd, spu_lock));
		ASSERT_EQ(0, spu_poke(spe[i].fd, SPU_LOCK_ARGS, &args,
				      sizeof(args)));
	}
	running = spes;
	for (i = 0; i < 2; i++) {
		ppe[i].line = line;
		ppe[i].seed = rand_r(&seed);
		ppe[i].rounds = 0;
		ASSERT_EQ(0, pthread_create(&ppe[i].thread, NULL, run_locker,
					    &ppe[i]));
	}
	for (i = 0; i < spes; i++)
		ASSERT_EQ(0, pthread_create(&spe[i].thread, NULL, run_spe,
					    &spe[i]));
	for (i = 0; i < spes; i++) {
		pthread_join(spe[i].thread, NULL);
		EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), spe[i].ret);
		close(spe[i].fd);
	}
	for (i = 0; i < 2; i++) {
		pthread_join(ppe[i].thread, NULL);
		expected += ppe[i].rounds;
	}
	EXPECT_EQ(0, line[0]);
	EXPECT_EQ(expected, line[4]) {
		TH_LOG("again: SEED=%u ROUNDS=%u", from_env("SEED", 1), rounds);
	}
}

TEST_HARNESS_MAIN
