// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Event handlers: an epoll set, and the contexts whose events are in it. A handler
 * is the address of its epoll descriptor, as programs know it from libspe2.
 *
 * An eventfd reports the end of a run; it counts the stop information that waits
 * to be read. The event file of a context that was started without a thread is
 * in the set as well, and the thread that waits for events serves it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "spe2.h"

struct spe2_handler {
	int epoll;		/* first */
	struct spe2_registration *registered;	/* spe2_registry */
};

/* An event file has the id of its context's SPE_EVENT_SPE_STOPPED, with this bit. */
#define EVENT_FILE	(1ULL << 63)

static const unsigned int kinds[4] = {
	SPE_EVENT_OUT_INTR_MBOX, SPE_EVENT_IN_MBOX, SPE_EVENT_TAG_GROUP, SPE_EVENT_SPE_STOPPED,
};

struct spe_context_event_priv *spe2_events_create(struct spe_context *spe)
{
	struct spe_context_event_priv *e = calloc(1, sizeof(*e));
	unsigned int i;

	if (!e)
		return NULL;
	e->queue = calloc(STOP_QUEUE, sizeof(*e->queue));
	e->stopped = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!e->queue || e->stopped < 0) {
		int error = errno;

		free(e->queue);
		if (e->stopped >= 0)
			close(e->stopped);
		free(e);
		errno = error;
		return NULL;
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		e->registration[i].event = kinds[i];
		e->registration[i].spe = spe;
	}
	return e;
}

/* The descriptor of @spe that reports the event @kind, or -1 and errno */
static int source(struct spe_context *spe, unsigned int kind, unsigned int *poll)
{
	*poll = kind == SPE_EVENT_IN_MBOX ? EPOLLOUT : EPOLLIN;
	switch (kind) {
	case SPE_EVENT_OUT_INTR_MBOX:
		return spe2_file(spe, FILE_IBOX);
	case SPE_EVENT_IN_MBOX:
		return spe2_file(spe, FILE_WBOX);
	case SPE_EVENT_TAG_GROUP:
		return spe2_file(spe, FILE_MFC);
	default:
		return spe->event_private->stopped;
	}
}

static void unwatch_event_file(struct spe2_registration *r)
{
	struct spe_context_event_priv *e = r->spe->event_private;

	if (e->event_file)
		epoll_ctl(r->handler->epoll, EPOLL_CTL_DEL, r->spe->base_private->event, NULL);
	__atomic_store_n(&e->event_file, false, __ATOMIC_RELAXED);
}

/* With spe2_registry held */
static void forget(struct spe2_registration *r)
{
	struct spe2_registration **at = &r->handler->registered;
	unsigned int poll;

	epoll_ctl(r->handler->epoll, EPOLL_CTL_DEL, source(r->spe, r->event, &poll), NULL);
	if (r->event == SPE_EVENT_SPE_STOPPED)
		unwatch_event_file(r);
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	r->handler = NULL;
}

void spe2_events_destroy(struct spe_context *spe)
{
	struct spe_context_event_priv *e = spe->event_private;
	unsigned int i;

	pthread_mutex_lock(&spe2_registry);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (e->registration[i].handler)
			forget(&e->registration[i]);
	pthread_mutex_unlock(&spe2_registry);
	close(e->stopped);
	free(e->queue);
	free(e);
}

/* Queue the end of a run for spe_stop_info_read() */
void spe2_stop_push(struct spe_context *spe, const struct spe_stop_info *info)
{
	struct spe_context_event_priv *e = spe->event_private;
	const uint64_t one = 1;

	if (!e)
		return;
	pthread_mutex_lock(&spe->base_private->lock);
	e->queue[(e->head + e->count) % STOP_QUEUE] = *info;
	if (e->count < STOP_QUEUE)
		e->count++;
	else
		e->head = (e->head + 1) % STOP_QUEUE;
	syscall(SYS_write, e->stopped, &one, sizeof(one));
	pthread_mutex_unlock(&spe->base_private->lock);
}

SPE2_EXPORT int spe_stop_info_read(struct spe_context *spe, struct spe_stop_info *stopinfo)
{
	struct spe_context_event_priv *e;
	uint64_t value;
	int ret = 0;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	e = spe->event_private;
	if (!e) {
		errno = ENOTSUP;
		return -1;
	}
	if (!stopinfo) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&spe->base_private->lock);
	if (e->count) {
		*stopinfo = e->queue[e->head];
		e->head = (e->head + 1) % STOP_QUEUE;
		if (!--e->count)
			syscall(SYS_read, e->stopped, &value, sizeof(value));
	} else {
		errno = EAGAIN;
		ret = -1;
	}
	pthread_mutex_unlock(&spe->base_private->lock);
	return ret;
}

SPE2_EXPORT spe_event_handler_ptr_t spe_event_handler_create(void)
{
	struct spe2_handler *handler = calloc(1, sizeof(*handler));

	if (!handler)
		return NULL;
	handler->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (handler->epoll < 0) {
		free(handler);
		return NULL;
	}
	return handler;
}

SPE2_EXPORT int spe_event_handler_destroy(spe_event_handler_ptr_t evhandler)
{
	struct spe2_handler *handler = evhandler;

	if (!handler) {
		errno = ESRCH;
		return -1;
	}
	pthread_mutex_lock(&spe2_registry);
	while (handler->registered)
		forget(handler->registered);
	pthread_mutex_unlock(&spe2_registry);
	close(handler->epoll);
	free(handler);
	return 0;
}

static int check(spe_event_handler_ptr_t evhandler, const spe_event_unit_t *event)
{
	if (!evhandler)
		errno = ESRCH;
	else if (!event || !event->spe)
		errno = EINVAL;
	else if (!event->spe->event_private || event->events & ~SPE_EVENT_ALL_EVENTS)
		errno = ENOTSUP;
	else
		return 0;
	return -1;
}

static int watch_event_file(struct spe2_registration *r)
{
	struct epoll_event want = { .events = EPOLLIN, .data.u64 = r->id | EVENT_FILE };
	struct spe_context_event_priv *e = r->spe->event_private;

	if (e->event_file)
		return 0;
	if (epoll_ctl(r->handler->epoll, EPOLL_CTL_ADD, r->spe->base_private->event, &want))
		return -1;
	__atomic_store_n(&e->event_file, true, __ATOMIC_RELAXED);
	return 0;
}

/* The context was started: the thread that waits for its end serves its event file. */
int spe2_watch_event_file(struct spe_context *spe)
{
	struct spe_context_event_priv *e = spe->event_private;
	struct spe2_registration *r;
	int ret = 0;

	if (!e || __atomic_load_n(&e->event_file, __ATOMIC_RELAXED))
		return 0;
	pthread_mutex_lock(&spe2_registry);
	r = &e->registration[ARRAY_SIZE(kinds) - 1];
	if (r->handler)
		ret = watch_event_file(r);
	pthread_mutex_unlock(&spe2_registry);
	return ret;
}

/* Is there a run that no thread is in? With the context's lock held */
static bool runs_alone(const struct spe_context_base_priv *p)
{
	return p->state != SPE2_IDLE && !p->runner;
}

/* With spe2_registry held */
static int enter(struct spe2_handler *handler, struct spe2_registration *r,
		 spe_event_data_t data)
{
	static uint64_t last_id;	/* spe2_registry */
	struct epoll_event want;
	unsigned int poll;
	bool runs;
	int fd;

	if (r->handler) {
		errno = EEXIST;
		return -1;
	}
	fd = source(r->spe, r->event, &poll);
	if (fd < 0)
		return -1;
	want.events = poll;
	want.data.u64 = ++last_id;
	if (epoll_ctl(handler->epoll, EPOLL_CTL_ADD, fd, &want))
		return -1;
	r->id = last_id;
	r->data = data;
	r->handler = handler;
	r->next = handler->registered;
	handler->registered = r;
	pthread_mutex_lock(&r->spe->base_private->lock);
	runs = runs_alone(r->spe->base_private);
	pthread_mutex_unlock(&r->spe->base_private->lock);
	if (r->event == SPE_EVENT_SPE_STOPPED && runs && watch_event_file(r)) {
		forget(r);
		return -1;
	}
	return 0;
}

SPE2_EXPORT int spe_event_handler_register(spe_event_handler_ptr_t evhandler,
					   spe_event_unit_t *event)
{
	struct spe2_registration *r;
	unsigned int i, entered = 0;
	int ret = 0;

	if (check(evhandler, event))
		return -1;
	pthread_mutex_lock(&spe2_registry);
	r = event->spe->event_private->registration;
	for (i = 0; i < ARRAY_SIZE(kinds) && !ret; i++) {
		if (!(event->events & kinds[i]))
			continue;
		ret = enter(evhandler, &r[i], event->data);
		if (!ret)
			entered |= 1 << i;
	}
	/* All or none */
	if (ret) {
		int error = errno;

		for (i = 0; i < ARRAY_SIZE(kinds); i++)
			if (entered & 1 << i)
				forget(&r[i]);
		errno = error;
	}
	pthread_mutex_unlock(&spe2_registry);
	return ret;
}

SPE2_EXPORT int spe_event_handler_deregister(spe_event_handler_ptr_t evhandler,
					     spe_event_unit_t *event)
{
	struct spe2_registration *r;
	unsigned int i;
	int ret = 0;

	if (check(evhandler, event))
		return -1;
	pthread_mutex_lock(&spe2_registry);
	r = event->spe->event_private->registration;
	for (i = 0; i < ARRAY_SIZE(kinds) && !ret; i++) {
		if (!(event->events & kinds[i]))
			continue;
		if (r[i].handler == evhandler) {
			forget(&r[i]);
		} else {
			errno = ENOENT;
			ret = -1;
		}
	}
	pthread_mutex_unlock(&spe2_registry);
	return ret;
}

/*
 * The context is about to be run by a thread, or no longer runs. So its event file must
 * not be served, unless the context was started meanwhile. A thread that starts it now
 * waits for the lock, and finds the file taken out.
 */
void spe2_unwatch_event_file(struct spe_context *spe)
{
	struct spe_context_event_priv *e = spe->event_private;
	struct spe_context_base_priv *p = spe->base_private;
	struct spe2_registration *r;

	if (!e || !__atomic_load_n(&e->event_file, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&spe2_registry);
	r = &e->registration[ARRAY_SIZE(kinds) - 1];
	pthread_mutex_lock(&p->lock);
	if (r->handler && !runs_alone(p))
		unwatch_event_file(r);
	pthread_mutex_unlock(&p->lock);
	pthread_mutex_unlock(&spe2_registry);
}

/*
 * An event file is ready: act on it. Stop information that comes of this is queued
 * like that of any run. The caller has counted itself as a user of the context.
 */
static void serve(struct spe_context *spe)
{
	struct spe_context_base_priv *p = spe->base_private;
	struct spe_stop_info info;
	int ret = spe2_step(spe, NULL, &info);

	if (ret > 0)
		spe2_stop_push(spe, &info);
	else if (ret < 0)
		spe2_unwatch_event_file(spe);
	pthread_mutex_lock(&p->lock);
	p->users--;
	pthread_mutex_unlock(&p->lock);
}

static struct spe2_registration *find(struct spe2_handler *handler, uint64_t id)
{
	struct spe2_registration *r = handler->registered;

	while (r && r->id != id)
		r = r->next;
	return r;
}

/* The events among @n ready ones; *served: some of them were event files */
static int translate(struct spe2_handler *handler, const struct epoll_event *ready, int n,
		     spe_event_unit_t *events, bool *served)
{
	struct spe_context *serving = NULL;
	struct spe2_registration *r;
	int i, count = 0;

	*served = false;
	for (i = 0; i < n; i++) {
		pthread_mutex_lock(&spe2_registry);
		r = find(handler, ready[i].data.u64 & ~EVENT_FILE);
		serving = r && ready[i].data.u64 & EVENT_FILE ? r->spe : NULL;
		if (r && !serving)
			events[count++] = (spe_event_unit_t){
				.events = r->event, .spe = r->spe, .data = r->data,
			};
		if (serving) {
			pthread_mutex_lock(&serving->base_private->lock);
			serving->base_private->users++;
			pthread_mutex_unlock(&serving->base_private->lock);
		}
		pthread_mutex_unlock(&spe2_registry);
		if (serving) {
			serve(serving);
			*served = true;
		}
	}
	return count;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

SPE2_EXPORT int spe_event_wait(spe_event_handler_ptr_t evhandler, spe_event_unit_t *events,
			       int max_events, int timeout)
{
	const int64_t until = timeout > 0 ? now_ms() + timeout : 0;
	struct spe2_handler *handler = evhandler;
	struct epoll_event ready[64];
	int n, max, left = timeout;
	bool served, again = false;

	if (!handler) {
		errno = ESRCH;
		return -1;
	}
	if (!events || max_events <= 0) {
		errno = EINVAL;
		return -1;
	}
	max = max_events < (int)ARRAY_SIZE(ready) ? max_events : (int)ARRAY_SIZE(ready);
	for (;;) {
		n = epoll_wait(handler->epoll, ready, max, left);
		/* As in libspe2, a signal acts like a timeout, if there is one. */
		if (n < 0 && errno == EINTR && timeout >= 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n;
		n = translate(handler, ready, n, events, &served);
		/* An event file that was served may have led to an event. */
		if (n || (!left && !served))
			return n;
		if (timeout > 0) {
			int64_t rest = until - now_ms();

			if (rest <= 0 && !left)
				return 0;
			left = rest > 0 ? rest : 0;
		} else if (!timeout) {
			if (again)
				return 0;
			again = true;
		}
	}
}
