// SPDX-License-Identifier: GPL-2.0
/*
 * The PPE's threads as the blade has them: CTRL, and how an idle one sleeps.
 *
 * Linux (pervasive.c) suspends an idle thread by clearing CTRL[TE], and relies on
 * being resumed through the system reset vector, with the reason in SRR1: the
 * decrementer or an interrupt. /proc/interrupts counts these as NMI.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

/* CTRL, CBE Programming Handbook: thread, thread enable, run latch */
#define SPRN_CTRL_USER	136
#define CTRL_CT(thread)	(0x80000000u >> (thread))
#define CTRL_CT_MASK	0xc0000000u
#define CTRL_TE		0x00c00000u
#define CTRL_RUN	0x00000001u

#define MS		1000000L
#define US		1000L

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void nap(long ns)
{
	struct timespec t = { ns / 1000000000L, ns % 1000000000L };

	nanosleep(&t, NULL);
}

static void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus)) {
		printf("Bail out! no CPU %d\n", cpu);
		exit(1);
	}
}

/* How often @cpu came back by the system reset vector */
static unsigned long resumes(int cpu)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long n = 0;
	char line[512], *p;

	while (file && fgets(line, sizeof(line), file)) {
		p = strstr(line, "NMI:");
		if (!p)
			continue;
		p += 4;
		for (int i = 0; i <= cpu; i++)
			n = strtoul(p, &p, 10);
	}
	fclose(file);
	return n;
}

static void test_ctrl(int cpus)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		unsigned long ctrl;

		run_on(cpu);
		asm volatile("mfspr %0,%1" : "=r"(ctrl) : "i"(SPRN_CTRL_USER));
		tap_check((ctrl & CTRL_CT_MASK) == CTRL_CT(cpu % 2),
			  "CPU %d: CTRL 0x%lx", cpu, ctrl);
		tap_check((ctrl & CTRL_TE) == CTRL_TE && ctrl & CTRL_RUN,
			  "CPU %d: CTRL 0x%lx", cpu, ctrl);
	}
	tap_end("CTRL: which thread this is, both enabled, run latch set");
}

/* Asleep, a thread is suspended; the decrementer resumes it, on time and once. */
static void test_decrementer(int cpus)
{
	const int naps = 20;

	for (int cpu = 0; cpu < cpus; cpu++) {
		unsigned long before, after;
		long worst = 0, start, late;

		run_on(cpu);
		before = resumes(cpu);
		for (int i = 0; i < naps; i++) {
			start = now();
			nap(20 * MS);
			late = now() - start - 20 * MS;
			tap_check(late >= 0, "CPU %d: %ld ns early", cpu, -late);
			if (late > worst)
				worst = late;
		}
		after = resumes(cpu);
		printf("# CPU %d: %d naps, resumed %lu times, at most %ld us late\n",
		       cpu, naps, after - before, worst / US);
		tap_check(after - before >= (unsigned long)naps,
			  "CPU %d: not suspended", cpu);
		tap_check(after - before <= 4ul * naps, "CPU %d: %lu wake-ups", cpu,
			  after - before);
		/* if it was a tick and not the decrementer, that takes 4 ms */
		tap_check(worst < 2 * MS, "CPU %d: %ld ns late", cpu, worst);
	}
	tap_end("an idle thread sleeps until the decrementer resumes it");
}

static int ping[2], pong[2];
static int partner_cpu;

static void *partner(void *unused)
{
	char c;

	(void)unused;
	run_on(partner_cpu);
	while (read(ping[0], &c, 1) == 1)
		if (write(pong[1], &c, 1) != 1)
			break;
	return NULL;
}

/* A sleeping thread is resumed by the other one's interrupt. */
static void test_external(int cpus)
{
	const int turns = 100;

	for (partner_cpu = 0; partner_cpu < cpus; partner_cpu++) {
		int cpu = (partner_cpu + 1) % cpus;
		unsigned long before = 0, after;
		pthread_t thread;
		long time = 0;
		char c = 0;

		run_on(cpu);
		if (pipe(ping) || pipe(pong) ||
		    pthread_create(&thread, NULL, partner, NULL)) {
			printf("Bail out! no thread\n");
			exit(1);
		}
		/* The first turn is the thread's start. */
		for (int i = -1; i < turns; i++) {
			if (!i) {
				before = resumes(partner_cpu);
				time = now();
			}
			tap_check(write(ping[1], &c, 1) == 1 &&
				  read(pong[0], &c, 1) == 1, "no answer");
		}
		time = now() - time;
		after = resumes(partner_cpu);
		close(ping[1]);
		pthread_join(thread, NULL);
		close(ping[0]);
		close(pong[0]);
		close(pong[1]);
		printf("# CPU %d: %d turns in %ld us, resumed %lu times\n",
		       partner_cpu, turns, time / US, after - before);
		tap_check(after - before >= (unsigned long)turns / 2,
			  "CPU %d: resumed %lu times", partner_cpu, after - before);
		tap_check(time / turns < 500 * US, "CPU %d: a turn takes %ld us",
			  partner_cpu, time / turns / US);
	}
	tap_end("an idle thread is resumed by an interrupt, at once");
}

int main(void)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);

	printf("TAP version 13\n");
	test_ctrl(cpus);
	test_decrementer(cpus);
	test_external(cpus);
	return tap_done();
}
