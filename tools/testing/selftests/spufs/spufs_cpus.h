/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPUs that a thread may use, and for how long it has them
 */
#ifndef __SPUFS_CPUS_H
#define __SPUFS_CPUS_H

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>

#include "spufs_alarm.h"

/* Use this CPU only, as do the threads that are created by this one. */
static inline bool run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* The first CPUs that this thread may use, and how many of @most there are */
static inline int first_cpus(int *cpus, int most)
{
	int cpu, n = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (cpu = 0; cpu < CPU_SETSIZE && n < most; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = cpu;
	return n;
}

struct nice_thread {
	void *(*start)(void *arg);
	void *arg;
};

static inline void *run_nicely(void *arg)
{
	struct nice_thread *nice = arg;

	setpriority(PRIO_PROCESS, 0, 19);
	return nice->start(nice->arg);
}

/*
 * Run a thread at nice 19 on the CPU of this one, with alarms, until it ends. The
 * time that it has had between two looks of this one, at most; in ns.
 */
static inline long long longest_stretch(void *(*start)(void *arg), void *arg)
{
	struct nice_thread nice = { start, arg };
	long long ran, before = 0, longest = 0;
	struct timespec t;
	pthread_t thread;
	clockid_t clock;

	if (!run_on(sched_getcpu()) ||
	    pthread_create(&thread, NULL, run_nicely, &nice) ||
	    pthread_getcpuclockid(thread, &clock))
		return LLONG_MAX;
	mask_alarms(SIG_BLOCK);
	alarm_every(500000, 0, count_alarm);
	while (pthread_tryjoin_np(thread, NULL)) {
		if (clock_gettime(clock, &t))
			continue;
		ran = t.tv_sec * 1000000000LL + t.tv_nsec;
		if (longest < ran - before)
			longest = ran - before;
		before = ran;
	}
	alarm_never();
	return longest;
}

#endif /* __SPUFS_CPUS_H */
