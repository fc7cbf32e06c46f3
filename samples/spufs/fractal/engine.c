// SPDX-License-Identifier: GPL-2.0
/*
 * Three ways to keep contexts busy: a thread for each, which spu_run(2) blocks;
 * or one thread for all asynchronous contexts, with epoll or with io_uring.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/epoll.h>
#ifdef HAVE_LIBURING
#include <liburing.h>
#endif

#include "../spu-sample.h"
#include "fractal.h"

static const struct {
	__u32 op, npc;
} start = { SPU_CONTROL_START_SPU, 0 };

/* A thread for each */

static pthread_mutex_t work_lock = PTHREAD_MUTEX_INITIALIZER;

static void *thread_main(void *arg)
{
	struct worker *worker = arg;
	__u32 npc, event;
	bool more;
	int status;

	pthread_mutex_lock(&work_lock);
	more = work_next(worker);
	pthread_mutex_unlock(&work_lock);

	while (more) {
		worker_prepare(worker);
		npc = 0;
		event = 0;
		do {
			status = syscall(SYS_spu_run, worker->context, &npc, &event);
		} while (status < 0 && errno == EINTR);
		if (status < 0)
			err(1, "%s: spu_run", worker->name);
		/* spu_run reports only errors as events */
		worker_check_stop(worker, event ?: SPU_EVENT_STOP, status, npc);

		pthread_mutex_lock(&work_lock);
		work_done(worker);
		more = work_next(worker);
		pthread_mutex_unlock(&work_lock);
	}
	return NULL;
}

static void threads_run(struct worker *workers, unsigned int count)
{
	pthread_t *threads = calloc(count, sizeof(*threads));
	pthread_attr_t attr;

	if (!threads)
		err(1, "threads");
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN + 0x10000);
	for (unsigned int i = 0; i < count; i++) {
		errno = pthread_create(&threads[i], &attr, thread_main,
				       &workers[i]);
		if (errno)
			err(1, "thread %u", i);
	}
	for (unsigned int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
	free(threads);
}

/*
 * One thread for all contexts. The first start of a context takes long, since
 * the kernel loads it onto an SPE. Between two such starts, contexts that are
 * already done get their next chunk.
 */

/* By epoll */

/* Start the worker if there is work for it. */
static bool async_start(struct worker *worker)
{
	if (!work_next(worker))
		return false;
	worker_prepare(worker);
	if (write(worker->event_fd, &start, sizeof(start)) != sizeof(start))
		err(1, "%s: start", worker->name);
	return true;
}

/* Check an event, of which @got bytes were read. */
static void check_event(const struct worker *worker, ssize_t got,
			const struct spu_event *event)
{
	if (got != sizeof(*event))
		errx(1, "%s: an event of %zd bytes", worker->name, got);
	worker_check_stop(worker, event->event, event->status, event->npc);
}

static void epoll_run(struct worker *workers, unsigned int count)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned int running = 0, i;

	if (epoll < 0)
		err(1, "epoll");
	for (i = 0; i < count; i++) {
		struct epoll_event want = {
			.events = EPOLLIN, .data.ptr = &workers[i],
		};

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, workers[i].event_fd, &want))
			err(1, "epoll_ctl");
	}

	i = 0;
	while (i < count || running) {
		struct epoll_event ready[16];
		int n = epoll_wait(epoll, ready, 16, i < count ? 0 : -1);

		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		while (n-- > 0) {
			struct worker *worker = ready[n].data.ptr;
			struct spu_event event;
			ssize_t got;

			got = read(worker->event_fd, &event, sizeof(event));
			if (got < 0)
				err(1, "%s: event", worker->name);
			check_event(worker, got, &event);
			work_done(worker);
			running -= !async_start(worker);
		}
		if (i < count)
			running += async_start(&workers[i++]);
	}
	close(epoll);
}

#ifdef HAVE_LIBURING

/*
 * By io_uring: a start and the read of its event, which is linked to the start,
 * are submitted by the same system call that waits for the next event.
 */

/* Added to the worker's number in user_data of a start, but not of a read */
#define RING_START	0x100000000ULL

static bool ring_start(struct io_uring *ring, struct worker *worker,
		       struct spu_event *event)
{
	struct io_uring_sqe *sqe;

	if (!work_next(worker))
		return false;
	worker_prepare(worker);

	/* There are two entries for each worker. */
	sqe = io_uring_get_sqe(ring);
	io_uring_prep_write(sqe, worker->event_fd, &start, sizeof(start), 0);
	io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
	io_uring_sqe_set_data64(sqe, worker->number | RING_START);

	sqe = io_uring_get_sqe(ring);
	io_uring_prep_read(sqe, worker->event_fd, event, sizeof(*event), 0);
	io_uring_sqe_set_data64(sqe, worker->number);
	return true;
}

/* Check how a start or a read ended. Returns whether the worker has stopped. */
static bool ring_complete(struct worker *workers, struct spu_event *events,
			  const struct io_uring_cqe *cqe)
{
	struct worker *worker = &workers[(__u32)cqe->user_data];
	bool is_start = cqe->user_data & RING_START;

	if (cqe->res < 0) {
		errno = -cqe->res;
		err(1, "%s: %s", worker->name, is_start ? "start" : "event");
	}
	if (is_start) {
		if (cqe->res != sizeof(start))
			errx(1, "%s: a start was cut short", worker->name);
		return false;
	}
	check_event(worker, cqe->res, &events[worker->number]);
	work_done(worker);
	return true;
}

static void uring_run(struct worker *workers, unsigned int count)
{
	struct spu_event *events = calloc(count, sizeof(*events));
	unsigned int running = 0, started = 0, i;
	struct io_uring ring;

	if (!events)
		err(1, "events");
	/* Completions come only while this waits for them, and disturb nothing else. */
	errno = -io_uring_queue_init(2 * count, &ring, IORING_SETUP_SINGLE_ISSUER |
						       IORING_SETUP_DEFER_TASKRUN);
	if (errno)
		err(1, "io_uring");

	while (started < count || running) {
		struct io_uring_cqe *cqe;
		int ret = started < count ? io_uring_submit_and_get_events(&ring) :
					    io_uring_submit_and_wait(&ring, 1);

		if (ret < 0 && ret != -EINTR) {
			errno = -ret;
			err(1, "io_uring");
		}
		while (!io_uring_peek_cqe(&ring, &cqe)) {
			bool stopped = ring_complete(workers, events, cqe);

			i = cqe->user_data;
			io_uring_cqe_seen(&ring, cqe);
			if (stopped && !ring_start(&ring, &workers[i], &events[i]))
				running--;
		}
		if (started < count) {
			i = started++;
			running += ring_start(&ring, &workers[i], &events[i]);
		}
	}
	io_uring_queue_exit(&ring);
	free(events);
}

#endif /* HAVE_LIBURING */

const struct engine engines[] = {
	{ "threads", false, threads_run },
	{ "async", true, epoll_run },
#ifdef HAVE_LIBURING
	{ "uring", true, uring_run },
#endif
	{}
};
