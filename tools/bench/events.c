// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a run of an SPU program, from its start until its result is
 * known in userspace, in several ways:
 *
 *	spu_run	a thread for each context, in spu_run(2)
 *	pipe	the same, and each thread writes its event to a pipe, from which
 *		one more thread reads it, with epoll: libspe2 does so, to make
 *		stops pollable.  (It would also have to wake the thread
 *		for the next run; that is not counted here.)
 *	async	one thread, epoll, and event files; edge-triggered, since one read
 *		takes all events: nothing follows a stop until the next start
 *	level	the same, level-triggered: epoll checks each file once more
 *	gang	one thread, and one descriptor to wait at: the event file of the gang
 *		that all contexts have joined, from which a read takes all pending
 *		events; each start is a write to the context's own file
 *	blocking
 *		one thread, and no epoll: it reads from the event files in turn, and
 *		waits there until that context stops
 *	uring	one thread, and io_uring: a start linked to the read of its event
 *	library	as async, by lib/spe2: spe_context_start() and _dispatch()
 *	libspe2	as spu_run, by lib/spe2: spe_context_run()
 *
 * events ARM CONTEXTS WORK_NS RUNS SPE_MHZ IDLE [apart|faults|present|calls|posix|main|lives]
 *
 * Each context runs RUNS times, WORK_NS long on an SPE of SPE_MHZ, beside IDLE
 * contexts that are only waited for.  With "apart" each context works longer than the
 * one before, so that they stop one by one.  Another last word makes a run something
 * else: PAGES page faults of DMA; DMA to as many pages that are present, but not yet in
 * the hash table; as many PPE-assisted calls, of Linux or (for the library's arms) of
 * POSIX; the same work, but from the program's entry; or the whole life of one context,
 * from its creation to its end.  The program prints one line of CSV; insn_count.c
 * counts the instructions, in a pass of its own.  The last
 * columns are the latency from the SPU's stop until its event is known, its mean
 * and every tenth of its distribution: they are there if no context ever had to
 * wait for an SPE.
 */
#include <liburing.h>
#include <libspe2.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "spu-sample.h"
#include "mark.h"
#include "timed.h_shipped"

#define MAX_CONTEXTS	1024
#define LS_SIZE		0x40000
#define STOPPED		0x10010002	/* SPU_Status after "stop 0x1001" */
#define CALLS		0x21040002	/* after "stop 0x2104" */
#define PAGES		16
#define GANG		"bench-gang"	/* below /spu */

struct context {
	int fd, event_fd;
	spe_context_ptr_t spe;		/* for the library's arms, in place of fd */
	int pipe[2];
	char *ls;
	volatile __u32 *now;		/* in ls */
	pthread_t thread;
	struct spu_event event;
	__u32 clock;			/* time base + decrementer: constant */
	int left;
};

static struct {
	__u32 op, npc;
} start = { SPU_CONTROL_START_SPU, 0 };

static struct context contexts[MAX_CONTEXTS];
static int n_contexts, n_idle, n_runs;
static bool apart;		/* contexts work longer and longer */
static int populate;		/* of the pages that are DMA's: a flag of mmap() */
static int gang = -1, gang_event_fd = -1;	/* of the arm that has them */
static pthread_barrier_t barrier;

/* The latencies, in ticks of the time base; only one pass measures them. */
static __u32 *latency;
static int n_latencies;
static bool timing;

static __u32 time_base(void)
{
	__u32 tb;

	__asm__ __volatile__("mftb %0" : "=r"(tb));
	return tb;
}

/* Every arm does this about every event; the SPU stopped @now. */
static void happened(struct context *c, __u32 status, __u32 now)
{
	if (status != STOPPED)
		errx(1, "status 0x%x", status);
	if (timing) {
		__s32 ticks = time_base() - (c->clock - now);

		/* The SPU's clock is known only to within a few ticks. */
		if (ticks < 0)
			ticks = 0;
		latency[__atomic_fetch_add(&n_latencies, 1, __ATOMIC_RELAXED)] = ticks;
	}
}

/* The decrementer at the end of the last run; reading local store has a cost. */
static __u32 stopped_at(struct context *c)
{
	return timing ? *c->now : 0;
}

static int spu_run(struct context *c, __u32 npc)
{
	spe_stop_info_t info;
	int status;

	if (c->spe) {
		if (spe_context_run(c->spe, &npc, 0, NULL, NULL, &info) < 0)
			err(1, "spe_context_run");
		return info.spu_status;
	}
	status = syscall(SYS_spu_run, c->fd, &npc, NULL);
	if (status < 0)
		err(1, "spu_run");
	return status;
}

static struct timespec began, ended;

static void begin(void)
{
	clock_gettime(CLOCK_MONOTONIC, &began);
	if (!timing)
		bench_mark(BENCH_BEGIN);
}

static void end(void)
{
	if (!timing)
		bench_mark(BENCH_END);
	clock_gettime(CLOCK_MONOTONIC, &ended);
}

static void *spu_run_thread(void *data)
{
	struct context *c = data;
	int i;

	pthread_barrier_wait(&barrier);
	for (i = 0; i < n_runs; i++)
		happened(c, spu_run(c, start.npc), stopped_at(c));
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void *pipe_thread(void *data)
{
	struct context *c = data;
	__u32 info[2];
	int i;

	pthread_barrier_wait(&barrier);
	for (i = 0; i < n_runs; i++) {
		info[0] = spu_run(c, 0);
		info[1] = stopped_at(c);
		if (write(c->pipe[1], info, sizeof(info)) != sizeof(info))
			err(1, "write to a pipe");
	}
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void start_threads(void *(*body)(void *))
{
	int i, ret;

	pthread_barrier_init(&barrier, NULL, n_contexts + 1);
	for (i = 0; i < n_contexts; i++) {
		ret = pthread_create(&contexts[i].thread, NULL, body, &contexts[i]);
		if (ret)
			errx(1, "pthread_create: %s", strerror(ret));
	}
}

static void join_threads(void)
{
	int i;

	for (i = 0; i < n_contexts; i++)
		pthread_join(contexts[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
}

static void arm_spu_run(void)
{
	start_threads(spu_run_thread);
	begin();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	end();
	join_threads();
}

static int make_epoll(bool pipes, __u32 how)
{
	int epoll = epoll_create1(0), i;

	for (i = 0; i < n_contexts + (pipes ? 0 : n_idle); i++) {
		struct context *c = &contexts[i];
		struct epoll_event want = { .events = EPOLLIN | how, .data.ptr = c };

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, pipes ? c->pipe[0] : c->event_fd, &want))
			err(1, "epoll_ctl");
	}
	return epoll;
}

static void arm_pipe(void)
{
	struct epoll_event ready[64];
	long left = (long)n_contexts * n_runs;
	int i, n, epoll;
	__u32 info[2];

	for (i = 0; i < n_contexts; i++)
		if (pipe(contexts[i].pipe))
			err(1, "pipe");
	epoll = make_epoll(true, 0);
	start_threads(pipe_thread);
	begin();
	pthread_barrier_wait(&barrier);
	while (left) {
		n = epoll_wait(epoll, ready, 64, -1);
		if (n < 0)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++) {
			struct context *c = ready[i].data.ptr;

			if (read(c->pipe[0], info, sizeof(info)) != sizeof(info))
				err(1, "read from a pipe");
			happened(c, info[0], info[1]);
			left--;
		}
	}
	pthread_barrier_wait(&barrier);
	end();
	join_threads();
	close(epoll);
	for (i = 0; i < n_contexts; i++) {
		close(contexts[i].pipe[0]);
		close(contexts[i].pipe[1]);
	}
}

static void start_spu(struct context *c)
{
	if (write(c->event_fd, &start, sizeof(start)) != sizeof(start))
		err(1, "start");
}

/* The run is over: is there another one to do? */
static bool stopped(struct context *c, const struct spu_event *event)
{
	if (event->event != SPU_EVENT_STOP)
		errx(1, "event 0x%x", event->event);
	happened(c, event->status, stopped_at(c));
	return --c->left;
}

/* Make the call for which the SPU has stopped, as the kernel does in spu_run. */
static void call(struct context *c)
{
	__u64 *block = (__u64 *)(c->ls + *(__u32 *)(c->ls + c->event.npc));
	struct {
		__u32 op, npc;
	} go_on = { SPU_CONTROL_START_SPU, c->event.npc + 4 };

	block[0] = syscall(block[0], block[1], block[2], block[3], block[4], block[5], block[6]);
	if (write(c->event_fd, &go_on, sizeof(go_on)) != sizeof(go_on))
		err(1, "start");
}

/* Act on the event that was just read; false if it was the last */
static bool go_on(struct context *c)
{
	if (c->event.status == CALLS)
		call(c);
	else if (stopped(c, &c->event))
		start_spu(c);
	else
		return false;
	return true;
}

static void run_epoll(__u32 how)
{
	struct epoll_event ready[64];
	int epoll = make_epoll(false, how), left = n_contexts, i, n;

	begin();
	for (i = 0; i < n_contexts; i++)
		start_spu(&contexts[i]);
	while (left) {
		n = epoll_wait(epoll, ready, 64, -1);
		if (n < 0)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++) {
			struct context *c = ready[i].data.ptr;

			if (read(c->event_fd, &c->event, sizeof(c->event)) != sizeof(c->event))
				err(1, "read");
			if (!go_on(c))
				left--;
		}
	}
	end();
	close(epoll);
}

static void arm_async(void)
{
	run_epoll(EPOLLET);
}

static void arm_level(void)
{
	run_epoll(0);
}

/* Read the gang's events, as many as there are, but at least one */
static int read_gang(struct spu_gang_event *events, size_t room)
{
	ssize_t got = read(gang_event_fd, events, room);

	if (got <= 0)
		err(1, "read from the gang's event file");
	return got / sizeof(*events);
}

static void arm_gang(void)
{
	struct spu_gang_event events[64];
	int left = n_contexts, i, n;

	begin();
	for (i = 0; i < n_contexts; i++)
		start_spu(&contexts[i]);
	while (left) {
		n = read_gang(events, sizeof(events));
		for (i = 0; i < n; i++) {
			struct context *c = &contexts[events[i].cookie];

			c->event = events[i].event;
			if (!go_on(c))
				left--;
		}
	}
	end();
}

static void arm_blocking(void)
{
	int left = n_contexts, i;

	begin();
	for (i = 0; i < n_contexts; i++)
		start_spu(&contexts[i]);
	while (left) {
		for (i = 0; i < n_contexts; i++) {
			struct context *c = &contexts[i];

			if (!c->left)
				continue;
			if (read(c->event_fd, &c->event, sizeof(c->event)) != sizeof(c->event))
				err(1, "read");
			if (!go_on(c))
				left--;
		}
	}
	end();
}

static void start_by_library(struct context *c)
{
	if (spe_context_start(c->spe, start.npc, 0, NULL, NULL))
		err(1, "spe_context_start");
}

static void arm_library(void)
{
	struct epoll_event ready[64];
	int epoll = make_epoll(false, EPOLLET), left = n_contexts, i, n, ret;
	spe_stop_info_t info;

	begin();
	for (i = 0; i < n_contexts; i++)
		start_by_library(&contexts[i]);
	while (left) {
		n = epoll_wait(epoll, ready, 64, -1);
		if (n < 0)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++) {
			struct context *c = ready[i].data.ptr;

			ret = spe_context_dispatch(c->spe, NULL, &info);
			if (ret < 0)
				err(1, "spe_context_dispatch");
			if (!ret)
				continue;	/* a call, which was served */
			happened(c, info.spu_status, stopped_at(c));
			if (--c->left)
				start_by_library(c);
			else
				left--;
		}
	}
	end();
	close(epoll);
}

static void submit(struct io_uring *ring, struct context *c)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_write(sqe, c->event_fd, &start, sizeof(start), 0);
	io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
	sqe = io_uring_get_sqe(ring);
	io_uring_prep_read(sqe, c->event_fd, &c->event, sizeof(c->event), 0);
	io_uring_sqe_set_data(sqe, c);
}

static void arm_uring(void)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	int left = n_contexts, ret, i;
	unsigned int head, seen;

	ret = io_uring_queue_init_params(2 * n_contexts, &ring, &params);
	if (ret)
		errx(1, "io_uring: %s", strerror(-ret));
	begin();
	for (i = 0; i < n_contexts; i++)
		submit(&ring, &contexts[i]);
	while (left) {
		ret = io_uring_submit_and_wait(&ring, 1);
		if (ret < 0 && ret != -EINTR)
			errx(1, "io_uring_enter: %s", strerror(-ret));
		seen = 0;
		io_uring_for_each_cqe(&ring, head, cqe) {
			struct context *c = io_uring_cqe_get_data(cqe);

			if (cqe->res != sizeof(c->event))
				errx(1, "a request failed: %s", strerror(-cqe->res));
			if (stopped(c, &c->event))
				submit(&ring, c);
			else
				left--;
			seen++;
		}
		io_uring_cq_advance(&ring, seen);
	}
	end();
	io_uring_queue_exit(&ring);
}

/* The whole life of a context: the program runs once, and does nothing. */

static spe_program_handle_t *image;

static int create_plain(int n, bool async)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/spu/%sbench-%d", gang < 0 ? "" : GANG "/", n);
	fd = syscall(SYS_spu_create, path, async ? SPU_CREATE_ASYNC : 0, 0755, -1);
	if (fd < 0)
		err(1, "spu_create");
	spu_load(fd, 0, spu_timed, sizeof(spu_timed));
	return fd;
}

static void life_spu_run(void)
{
	struct context c = { .fd = create_plain(0, false) };

	happened(&c, spu_run(&c, 0), 0);
	close(c.fd);
}

static void life_async(void)
{
	struct context c = { .fd = create_plain(0, true), .left = 1 };

	c.event_fd = openat(c.fd, "event", O_RDWR);
	start_spu(&c);
	if (read(c.event_fd, &c.event, sizeof(c.event)) != sizeof(c.event))
		err(1, "read");
	stopped(&c, &c.event);
	close(c.event_fd);
	close(c.fd);
}

static spe_context_ptr_t create_by_library(unsigned int flags)
{
	spe_context_ptr_t spe = spe_context_create(flags, NULL);

	if (!spe || spe_program_load(spe, image))
		err(1, "a context of the library");
	return spe;
}

static void life_library(void)
{
	struct context c = { .spe = create_by_library(SPE_ASYNC) };
	struct pollfd pollfd = { .fd = spe_context_fd(c.spe), .events = POLLIN };
	spe_stop_info_t info;

	if (spe_context_start(c.spe, SPE_DEFAULT_ENTRY, 0, NULL, NULL))
		err(1, "spe_context_start");
	do {
		poll(&pollfd, 1, -1);
	} while (!spe_context_dispatch(c.spe, NULL, &info));
	happened(&c, info.spu_status, 0);
	spe_context_destroy(c.spe);
}

static void life_libspe2(void)
{
	struct context c = { .spe = create_by_library(0) };

	happened(&c, spu_run(&c, SPE_DEFAULT_ENTRY), 0);
	spe_context_destroy(c.spe);
}

static const struct arm {
	const char *name;
	bool async, library;
	void (*run)(void);
	void (*life)(void);
} arms[] = {
	{ "spu_run", false, false, arm_spu_run, life_spu_run },
	{ "pipe", false, false, arm_pipe, NULL },
	{ "async", true, false, arm_async, life_async },
	{ "level", true, false, arm_level, NULL },
	{ "gang", true, false, arm_gang, NULL },
	{ "blocking", true, false, arm_blocking, NULL },
	{ "uring", true, false, arm_uring, NULL },
	{ "library", true, true, arm_library, life_library },
	{ "libspe2", false, true, arm_spu_run, life_libspe2 },
};

static void poke(struct context *c, unsigned int lsa, const void *from, size_t len)
{
	if (c->spe)
		memcpy(c->ls + lsa, from, len);
	else
		spu_load(c->fd, lsa, from, len);
}

static void create(struct context *c, int n, const struct arm *arm, long long instructions)
{
	__u32 turns[4];		/* of two instructions */
	int mem;

	if (apart)
		instructions += instructions * n / n_contexts;
	turns[0] = instructions / 2 + 1;

	if (arm->library) {
		c->spe = create_by_library(arm->async ? SPE_ASYNC : 0);
		c->ls = spe_ls_area_get(c->spe);
	} else {
		c->fd = create_plain(n, arm->async);
	}
	poke(c, SPU_TIMED_TURNS, turns, sizeof(turns));
	if (!arm->library) {
		mem = openat(c->fd, "mem", O_RDWR);
		c->ls = mmap(NULL, LS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
		if (c->ls == MAP_FAILED)
			err(1, "mmap");
		close(mem);
	}
	c->now = (__u32 *)(c->ls + SPU_TIMED_NOW);
	if (start.npc) {
		/* pages for each run that nobody has touched, but that may be present */
		size_t size = (n_runs + 1) * PAGES * getpagesize();
		char *pages = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | populate,
				   -1, 0);
		__u64 ea = (uintptr_t)pages;
		__u32 where[4] = { ea >> 32, ea, PAGES, getpagesize() };

		if (pages == MAP_FAILED || (ea + size) >> 32 != where[0])
			err(1, "no pages within 4 GiB");
		poke(c, SPU_TIMED_PAGES, where, sizeof(where));
	}
	if (arm->async && arm->library) {
		c->event_fd = spe_context_fd(c->spe);
	} else if (arm->async) {
		c->event_fd = openat(c->fd, "event", O_RDWR);
		if (c->event_fd < 0)
			err(1, "event");
	}
}

static void create_gang(void)
{
	gang = syscall(SYS_spu_create, "/spu/" GANG, SPU_CREATE_GANG | SPU_CREATE_ASYNC, 0755, -1);
	if (gang < 0)
		err(1, "spu_create of a gang");
	gang_event_fd = openat(gang, "event", O_RDONLY);
	if (gang_event_fd < 0)
		err(1, "event of the gang");
}

/* From now on its events are read from the gang's file. */
static void join_gang(struct context *c, __u64 cookie)
{
	struct {
		__u32 op;
		__u64 cookie;
	} __attribute__((packed)) control = { SPU_CONTROL_SET_COOKIE, cookie };

	if (write(c->event_fd, &control, sizeof(control)) != sizeof(control))
		err(1, "cookie");
}

static void destroy(struct context *c, const struct arm *arm)
{
	if (arm->library) {
		spe_context_destroy(c->spe);
		return;
	}
	munmap(c->ls, LS_SIZE);
	if (arm->async)
		close(c->event_fd);
	close(c->fd);
}

static void *clock_thread(void *data)
{
	if (spu_run(data, SPU_TIMED_CLOCK) != STOPPED)
		errx(1, "clock");
	return NULL;
}

/*
 * Find out what the decrementer and the time base add up to: look at both while the
 * SPU keeps writing the decrementer.
 */
static void set_clock(struct context *c, bool async)
{
	struct {
		__u32 op, npc;
	} control = { SPU_CONTROL_START_SPU, SPU_TIMED_CLOCK };
	__u32 was, before, now = *c->now;
	struct spu_gang_event of_gang;
	struct spu_event event;
	pthread_t thread;
	ssize_t got;
	int i;

	if (!async)
		pthread_create(&thread, NULL, clock_thread, c);
	else if (write(c->event_fd, &control, sizeof(control)) != sizeof(control))
		err(1, "start");
	/* Twice: the first look may have waited for a page fault. */
	for (i = 0; i < 2; i++) {
		was = now;
		do {
			before = time_base();
			now = *c->now;
		} while (now == was);
	}
	c->clock = now + before;
	*(volatile __u32 *)(c->ls + SPU_TIMED_LOOKED) = 1;

	if (!async) {
		pthread_join(thread, NULL);
		return;
	}
	if (gang >= 0) {
		read_gang(&of_gang, sizeof(of_gang));
		return;
	}
	/*
	 * io_uring_queue_exit() leaves work behind that interrupts system calls, and
	 * reads of the library's file do not wait.
	 */
	do {
		got = read(c->event_fd, &event, sizeof(event));
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got != sizeof(event))
		err(1, "read");
}

static int by_value(const void *a, const void *b)
{
	const __u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double ns_per_tick(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];
	double hz = 0;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "timebase : %lf", &hz);
	if (!hz)
		errx(1, "/proc/cpuinfo names no timebase");
	fclose(f);
	return 1e9 / hz;
}

static void pass(const struct arm *arm)
{
	int i;

	for (i = 0; i < n_contexts; i++)
		contexts[i].left = n_runs;
	arm->run();
}

static void measure(const struct arm *arm, long work_ns, int spe_mhz)
{
	double elapsed, sum = 0, tick = ns_per_tick();
	int runs = n_runs, i;

	if (arm->run == arm_gang)
		create_gang();
	for (i = 0; i < n_contexts + n_idle; i++) {
		create(&contexts[i], i, arm, (long long)work_ns * spe_mhz / 1000);
		if (gang >= 0)
			join_gang(&contexts[i], i);
	}

	/* Everything has run once, and has its memory, before it is measured. */
	timing = true;
	n_runs = 1;
	latency = calloc((size_t)n_contexts * runs, sizeof(*latency));
	pass(arm);

	timing = false;
	n_runs = runs;
	pass(arm);
	elapsed = (ended.tv_sec - began.tv_sec) * 1e9 + (ended.tv_nsec - began.tv_nsec);
	printf("point,%s,%d,%ld,%d,%.0f", arm->name, n_contexts, work_ns, runs,
	       elapsed / n_contexts / runs);

	if (n_contexts <= count_spes() && !start.npc) {
		for (i = 0; i < n_contexts; i++)
			set_clock(&contexts[i], arm->async);
		timing = true;
		n_latencies = 0;
		pass(arm);
		qsort(latency, n_latencies, sizeof(*latency), by_value);
		for (i = 0; i < n_latencies; i++)
			sum += latency[i];
		printf(",%.0f", sum / n_latencies * tick);
		for (i = 0; i <= 10; i++)
			printf(",%.0f", latency[(n_latencies - 1) * i / 10] * tick);
	}
	printf("\n");
	if (fflush(stdout) || ferror(stdout))
		err(1, "stdout");
	free(latency);
	for (i = 0; i < n_contexts + n_idle; i++)
		destroy(&contexts[i], arm);
	if (gang >= 0) {
		close(gang_event_fd);
		close(gang);
	}
}

static void measure_lives(const struct arm *arm)
{
	double elapsed;
	int i;

	arm->life();
	begin();
	for (i = 0; i < n_runs; i++)
		arm->life();
	end();
	elapsed = (ended.tv_sec - began.tv_sec) * 1e9 + (ended.tv_nsec - began.tv_nsec);
	printf("point,%s,1,0,%d,%.0f\n", arm->name, n_runs, elapsed / n_runs);
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 3 * MAX_CONTEXTS + 64, 3 * MAX_CONTEXTS + 64 };
	const char *what = argc == 8 ? argv[7] : "";
	bool lives = !strcmp(what, "lives");
	unsigned int i;
	long work_ns;
	int spe_mhz;

	setrlimit(RLIMIT_NOFILE, &files);
	apart = !strcmp(what, "apart");
	populate = !strcmp(what, "present") ? MAP_POPULATE : 0;
	if (populate || !strcmp(what, "faults"))
		start.npc = SPU_TIMED_FAULTS;
	if (!strcmp(what, "calls"))
		start.npc = SPU_TIMED_CALLS;
	if (!strcmp(what, "posix"))
		start.npc = SPU_TIMED_POSIX;
	if (!strcmp(what, "main"))
		start.npc = SPU_TIMED_FIRST;
	if (argc == 7 || apart || start.npc || lives) {
		n_contexts = atoi(argv[2]);
		work_ns = atol(argv[3]);
		n_runs = atoi(argv[4]);
		spe_mhz = atoi(argv[5]);
		n_idle = atoi(argv[6]);
		for (i = 0; i < sizeof(arms) / sizeof(arms[0]); i++) {
			if (strcmp(argv[1], arms[i].name))
				continue;
			if (n_contexts < 1 || n_idle < 0 || n_contexts + n_idle > MAX_CONTEXTS ||
			    n_runs < 1 || work_ns < 0 || spe_mhz < 1)
				break;
			if (arms[i].library) {
				image = spe_image_open("/bench/timed");
				if (!image)
					err(1, "/bench/timed");
			}
			if (!lives)
				measure(&arms[i], work_ns, spe_mhz);
			else if (arms[i].life)
				measure_lives(&arms[i]);
			else
				break;
			return 0;
		}
	}
	fprintf(stderr, "usage: events spu_run|pipe|async|level|gang|blocking|uring|library|libspe2 "
		"CONTEXTS WORK_NS RUNS SPE_MHZ IDLE [apart|faults|present|calls|posix|main|lives]\n");
	return 2;
}
