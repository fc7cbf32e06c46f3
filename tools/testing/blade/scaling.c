// SPDX-License-Identifier: GPL-2.0
/*
 * The blade's clock: an SPU executes 3.2 instructions in a nanosecond of
 * virtual time, and N SPUs do N times the work of one in the same time.
 *
 * The expected time follows from the number of instructions in the SPU program.
 *
 * This also tests a property of the kernel, for which the clock must not depend on
 * the host: a context that starts when all SPEs hold contexts that have stopped
 * gets one from them at once. The scheduler's tick, 40 ms at 250 Hz, would be
 * another way.
 *
 * For a machine that counts instructions (-icount).
 */
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "spu-sample.h"
#include "count.h_shipped"

/* three instructions a turn: brz, ai, br */
#define TURNS		1000000
#define INSNS_PER_TURN	3
#define INSNS_PER_US	3200

#define MAX_SPES	16
#define MAX_CONTEXTS	(MAX_SPES + 1)

/* start and stop of a run, seen from here, may add this much */
#define SLACK_US	50

/* a context saved, another one restored, and the worker that does it */
#define SWITCH_US	500

static const struct {
	__u32 op, npc;
} start = { SPU_CONTROL_START_SPU, 0 };

static int event_fd[MAX_CONTEXTS];

static void make_context(int n)
{
	__u32 turns[4] = { TURNS };
	char name[32];
	int context;

	snprintf(name, sizeof(name), "/spu/scaling-%d", n);
	context = spu_create(name, SPU_CREATE_ASYNC, 0755);
	spu_load(context, 0, spu_count, sizeof(spu_count));
	spu_load(context, SPU_COUNT_DELAY, turns, sizeof(turns));
	event_fd[n] = openat(context, "event", O_RDWR);
	if (event_fd[n] < 0)
		err(1, "event");
}

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

/* Run @n contexts side by side: how long does it take, in us? */
static long run(int first, int n)
{
	struct spu_event event;
	long begin = now_us();
	int i;

	for (i = first; i < first + n; i++)
		if (write(event_fd[i], &start, sizeof(start)) != sizeof(start))
			err(1, "start");
	for (i = first; i < first + n; i++) {
		if (read(event_fd[i], &event, sizeof(event)) != sizeof(event))
			err(1, "read");
		if (event.event != SPU_EVENT_STOP || event.status != 0x10010002)
			errx(1, "event 0x%x, status 0x%x", event.event, event.status);
	}
	return now_us() - begin;
}

static bool result(int number, bool good, const char *what)
{
	printf("%sok %d %s\n", good ? "" : "not ", number, what);
	return good;
}

int main(void)
{
	const long want = (long)TURNS * INSNS_PER_TURN / INSNS_PER_US;
	int spes = count_spes(), i;
	long one, all, other;
	bool good;

	if (spes > MAX_SPES)
		errx(1, "%d SPEs are more than this knows", spes);
	for (i = 0; i <= spes; i++)
		make_context(i);
	run(0, spes);		/* loads all of them */
	one = run(0, 1);
	all = run(0, spes);
	other = run(spes, 1);

	printf("TAP version 13\n1..3\n");
	printf("# %ld us by the count of instructions; one SPE: %ld us; %d SPEs: %ld us; another context: %ld us\n",
	       want, one, spes, all, other);
	good = result(1, one >= want && one <= want + SLACK_US,
		      "an SPU executes 3.2 instructions per nanosecond");
	good &= result(2, spes > 1 && all >= want && all <= want + SLACK_US * spes,
		       "all SPEs do their work in the time of one");
	good &= result(3, other >= want && other <= want + SWITCH_US,
		       "a context that stopped gives its SPE to one that starts");
	return !good;
}
