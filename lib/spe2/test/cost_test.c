// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cost of the library above that of the event files themselves: one thread,
 * eight contexts, epoll, programs that only stop. The guest's clock counts
 * instructions (-icount), so the figures mean something.
 */
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>

#include "spe2_test.h"

#define CONTEXTS	8
#define RUNS		400

static uint64_t cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static spe_context_ptr_t spe[CONTEXTS];
static int epoll;

static void create(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	unsigned int i;

	epoll = epoll_create1(0);
	for (i = 0; i < CONTEXTS; i++) {
		spe[i] = spe_context_create(SPE_ASYNC, NULL);
		spe_program_load(spe[i], &prog);
		*ls_word(spe[i], CALL_AT) = 0x1001;
		event.data.u32 = i;
		epoll_ctl(epoll, EPOLL_CTL_ADD, spe_context_fd(spe[i]), &event);
	}
}

static void destroy(void)
{
	unsigned int i;

	for (i = 0; i < CONTEXTS; i++)
		spe_context_destroy(spe[i]);
	close(epoll);
}

/* ns of CPU time for a run */
static uint64_t by_dispatch(void)
{
	unsigned int left = CONTEXTS * RUNS, to_start = CONTEXTS * (RUNS - 1), i;
	struct epoll_event event;
	spe_stop_info_t info;
	uint64_t begin;

	create();
	begin = cpu_time();
	for (i = 0; i < CONTEXTS; i++)
		spe_context_start(spe[i], CALL_AT, 0, NULL, NULL);
	while (left) {
		if (epoll_wait(epoll, &event, 1, -1) != 1 ||
		    spe_context_dispatch(spe[event.data.u32], NULL, &info) != 1)
			continue;
		left--;
		if (to_start) {
			to_start--;
			spe_context_start(spe[event.data.u32], CALL_AT, 0, NULL, NULL);
		}
	}
	begin = cpu_time() - begin;
	destroy();
	return begin / (CONTEXTS * RUNS);
}

static void start(unsigned int i)
{
	const uint32_t record[2] = { 1, CALL_AT };

	(void)!write(spe_context_fd(spe[i]), record, sizeof(record));
}

static uint64_t by_event_files(void)
{
	unsigned int left = CONTEXTS * RUNS, to_start = CONTEXTS * (RUNS - 1), i;
	struct epoll_event event;
	uint32_t record[3];
	uint64_t begin;

	create();
	begin = cpu_time();
	for (i = 0; i < CONTEXTS; i++)
		start(i);
	while (left) {
		if (epoll_wait(epoll, &event, 1, -1) != 1 ||
		    read(spe_context_fd(spe[event.data.u32]), record, sizeof(record)) < 12 ||
		    record[0] != 1)
			continue;
		left--;
		if (to_start) {
			to_start--;
			start(event.data.u32);
		}
	}
	begin = cpu_time() - begin;
	destroy();
	return begin / (CONTEXTS * RUNS);
}

TEST(little_more_than_event_files)
{
	uint64_t bare = by_event_files(), library = by_dispatch();

	TH_LOG("ns per run: event files %llu, dispatch %llu (%.3f)", (unsigned long long)bare,
	       (unsigned long long)library, (double)library / bare);
	ASSERT_LT(0, bare);
	/* Some more, as the thread may happen to sleep more or less often */
	EXPECT_LE(library * 100, bare * 115);
}

TEST_HARNESS_MAIN
