// SPDX-License-Identifier: GPL-2.0
/*
 * Every sleeper must wake up. The decrementer that is to end the sleep may expire
 * at any instruction on a PPE thread's way to being idle, and no idle thread may
 * miss it. Sleeps are so short that they end there, each of them a nanosecond
 * later: with instructions counted, at the next one.
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include "tap.h"

#define SLEEPS		20000
#define SHORTEST	1000	/* ns */
#define US		1000L
#define MS		1000000L
/* A tick is 4 ms. */
#define LATE		(10 * MS)

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

int main(void)
{
	long late, worst = 0, start = now();

	printf("TAP version 13\n");
	/* nanoseconds, not 50 us of slack; 0 is for the default */
	prctl(PR_SET_TIMERSLACK, 1);
	for (int i = 0; i < SLEEPS; i++) {
		struct timespec t = { .tv_nsec = SHORTEST + i };

		late = now() + t.tv_nsec;
		nanosleep(&t, NULL);
		late = now() - late;
		tap_check(late >= 0, "sleep %d: %ld ns early", i, -late);
		tap_check(late < LATE, "sleep %d: %ld ms late", i, late / MS);
		if (late > worst)
			worst = late;
	}
	printf("# %d sleeps in %ld ms, at most %ld us late\n", SLEEPS,
	       (now() - start) / MS, worst / US);
	tap_end("whoever sleeps wakes up in time");
	return tap_done();
}
