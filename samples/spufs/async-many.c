// SPDX-License-Identifier: GPL-2.0
/*
 * One thread and one epoll loop for any number of SPUs: first one context for
 * each SPE, then more contexts than there are SPEs. Each computes a pseudo-
 * random number from a seed of its own; all are checked.
 *
 * async-many [CONTEXTS]	needs spufs mounted at /spu
 */
#include <string.h>
#include <sys/epoll.h>

#include "spu-sample.h"
#include "../../tools/testing/selftests/spufs/spu/work.h_shipped"

#define STEPS	100000

struct context {
	char name[32];
	int fd, event_fd;
	__u32 seed;
};

/* The result comes by DMA: a quadword, of which only the first word counts. */
struct result {
	__u32 value, pad[3];
};

/* What spu/work.s computes: Marsaglia, "Xorshift RNGs" (2003) */
static __u32 xorshift32(__u32 x, int steps)
{
	while (steps--) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
	}
	return x;
}

static void create(struct context *context, struct result *result, int number)
{
	__u64 ea = (uintptr_t)result;
	__u32 args[3] = { STEPS, ea >> 32, ea };

	snprintf(context->name, sizeof(context->name), "context %d", number);
	context->seed = number;
	context->fd = spu_create_named("many", SPU_CREATE_ASYNC);
	context->event_fd = openat(context->fd, "event", O_RDWR);
	if (context->event_fd < 0)
		err(1, "event");
	spu_load(context->fd, 0, spu_work, sizeof(spu_work));
	spu_load(context->fd, SPU_WORK_ARGS, args, sizeof(args));
}

/* Does not block, even if there is no SPE for it yet. */
static void start(struct context *context)
{
	__u32 buf[2] = { SPU_CONTROL_START_SPU, 0 };
	int wbox = openat(context->fd, "wbox", O_WRONLY);

	if (write(wbox, &context->seed, 4) != 4)
		err(1, "wbox");
	close(wbox);
	if (write(context->event_fd, buf, sizeof(buf)) != sizeof(buf))
		err(1, "start");
}

/* Returns the number of wrong results. */
static int run(int count)
{
	struct context *contexts = calloc(count, sizeof(*contexts));
	struct result *results = aligned_alloc(16, count * sizeof(*results));
	int epoll = epoll_create1(0), left = count, bad = 0, i;

	memset(results, 0, count * sizeof(*results));
	for (i = 0; i < count; i++) {
		struct epoll_event want = {
			.events = EPOLLIN, .data.ptr = &contexts[i],
		};

		create(&contexts[i], &results[i], i + 1);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, contexts[i].event_fd, &want))
			err(1, "epoll_ctl");
		start(&contexts[i]);
	}

	while (left) {
		struct epoll_event ready;
		struct context *context;
		struct spu_event event;

		if (epoll_wait(epoll, &ready, 1, -1) != 1)
			err(1, "epoll_wait");
		context = ready.data.ptr;
		if (read(context->event_fd, &event, sizeof(event)) != sizeof(event))
			err(1, "read");
		spu_print_event(context->name, &event);
		/* every start is followed by exactly one STOP */
		left -= event.event == SPU_EVENT_STOP;
	}

	for (i = 0; i < count; i++) {
		if (results[i].value != xorshift32(contexts[i].seed, STEPS)) {
			printf("%s: result 0x%08x is wrong\n", contexts[i].name,
			       results[i].value);
			bad++;
		}
		close(contexts[i].event_fd);
		close(contexts[i].fd);
	}
	close(epoll);
	free(results);
	free(contexts);
	return bad;
}

int main(int argc, char **argv)
{
	int spes = count_spes(), bad;
	int counts[] = { spes, argc > 1 ? atoi(argv[1]) : spes * 5 / 2 };

	for (int i = 0; i < 2; i++) {
		printf("%d contexts on %d SPEs, one thread\n", counts[i], spes);
		bad = run(counts[i]);
		if (bad)
			errx(1, "%d of %d results are wrong", bad, counts[i]);
		printf("%d results of %d are right\n", counts[i], counts[i]);
	}
	return 0;
}
