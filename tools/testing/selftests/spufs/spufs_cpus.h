/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPUs that a thread may use, and for how long it has them
 */
#ifndef __SPUFS_CPUS_H
#define __SPUFS_CPUS_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <time.h>

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

/*
 * The time that @thread has had between two looks of this one, on the same CPU, at
 * most; in ns. Ends with the thread.
 */
static inline long long longest_stretch(pthread_t thread)
{
	long long ran, before = 0, longest = 0;
	struct timespec t;
	clockid_t clock;

	if (pthread_getcpuclockid(thread, &clock))
		return -1;
	while (pthread_tryjoin_np(thread, NULL)) {
		if (clock_gettime(clock, &t))
			continue;
		ran = t.tv_sec * 1000000000LL + t.tv_nsec;
		if (longest < ran - before)
			longest = ran - before;
		before = ran;
	}
	return longest;
}

#endif /* __SPUFS_CPUS_H */
