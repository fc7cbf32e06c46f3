/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPUs that a thread may use
 */
#ifndef __SPUFS_CPUS_H
#define __SPUFS_CPUS_H

#include <sched.h>
#include <stdbool.h>

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

#endif /* __SPUFS_CPUS_H */
