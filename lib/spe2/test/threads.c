// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Event handlers and the queue of stop information, used by many threads at
 * once, on the host under ThreadSanitizer. Everything except event.c is
 * replaced: an event file is an eventfd, and a write to it ends a run. Prints
 * TAP.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../spe2.h"

#define CONTEXTS	3
#define WRITERS		2	/* of each context */
#define PUSHES		4000	/* of each of them */
#define RUNS		4000	/* of each context */

pthread_mutex_t spe2_registry = PTHREAD_MUTEX_INITIALIZER;

static struct spe_context context[CONTEXTS];
static spe_event_handler_ptr_t handler;
static unsigned char seen[CONTEXTS][WRITERS][PUSHES];	/* atomic */
static unsigned int pushed[CONTEXTS], taken[CONTEXTS];	/* atomic */
static bool done;					/* atomic */

#define load(p)		__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define add(p, n)	__atomic_add_fetch(p, n, __ATOMIC_SEQ_CST)

int spe2_file(struct spe_context *spe, unsigned int which)
{
	return spe->base_private->fd[which];
}

/* As in run.c, only one of several threads gets the end of a run. */
int spe2_step(struct spe_context *spe, unsigned int *entry, struct spe_stop_info *info)
{
	struct spe_context_base_priv *p = spe->base_private;
	uint64_t value;
	int ret = 0;

	(void)entry;
	pthread_mutex_lock(&p->lock);
	p->users++;
	if (p->state == SPE2_IDLE) {
		ret = -1;
	} else if (read(p->event, &value, sizeof(value)) == sizeof(value)) {
		memset(info, 0, sizeof(*info));
		p->state = SPE2_IDLE;
		ret = 1;
	}
	p->users--;
	pthread_mutex_unlock(&p->lock);
	if (ret < 0) {
		sched_yield();		/* let others act at this moment */
		errno = ECHILD;
	}
	return ret;
}

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static void make_contexts(bool async)
{
	unsigned int i, f;

	for (i = 0; i < CONTEXTS; i++) {
		struct spe_context_base_priv *p = calloc(1, sizeof(*p));

		pthread_mutex_init(&p->lock, NULL);
		for (f = 0; f < NR_FILES; f++)
			p->fd[f] = -1;
		p->event = eventfd(0, EFD_NONBLOCK);
		p->async = async;
		context[i].base_private = p;
		context[i].event_private = spe2_events_create(&context[i]);
		if (!context[i].event_private)
			die("spe2_events_create");
		pushed[i] = 0;
		taken[i] = 0;
	}
	handler = spe_event_handler_create();
	if (!handler)
		die("spe_event_handler_create");
	done = false;
}

static void drop_contexts(void)
{
	unsigned int i;

	for (i = 0; i < CONTEXTS; i++) {
		spe2_events_destroy(&context[i]);
		close(context[i].base_private->event);
		pthread_mutex_destroy(&context[i].base_private->lock);
		free(context[i].base_private);
	}
	spe_event_handler_destroy(handler);
}

static spe_event_unit_t unit(unsigned int i)
{
	return (spe_event_unit_t){
		.events = SPE_EVENT_SPE_STOPPED, .spe = &context[i], .data.u32 = i,
	};
}

static void take(unsigned int i)
{
	spe_stop_info_t info;

	while (!spe_stop_info_read(&context[i], &info)) {
		unsigned int who = info.stop_reason, n = info.result.spe_exit_code;

		add(&seen[i][who][n], 1);
		add(&taken[i], 1);
	}
}

static void *reader(void *arg)
{
	spe_event_unit_t events[2];
	int n;

	while (!load(&done)) {
		n = spe_event_wait(handler, events, 2, 20);
		if (n < 0)
			die("spe_event_wait");
		while (n--)
			take(events[n].data.u32);
	}
	return arg;
}

/* Registrations come and go. */
static void *registrar(void *arg)
{
	spe_event_unit_t event;
	unsigned int i = 0;

	while (!load(&done)) {
		event = unit(i++ % CONTEXTS);
		if (spe_event_handler_deregister(handler, &event))
			die("spe_event_handler_deregister");
		sched_yield();
		if (spe_event_handler_register(handler, &event))
			die("spe_event_handler_register");
	}
	return arg;
}

static void *pusher(void *arg)
{
	unsigned int number = (uintptr_t)arg, i = number / WRITERS, n;

	for (n = 0; n < PUSHES; n++) {
		spe_stop_info_t info = {
			.stop_reason = number % WRITERS, .result.spe_exit_code = n,
		};

		/* The queue forgets what nobody reads. */
		while (load(&pushed[i]) - load(&taken[i]) > STOP_QUEUE - WRITERS)
			sched_yield();
		add(&pushed[i], 1);
		spe2_stop_push(&context[i], &info);
	}
	return NULL;
}

static void *starter(void *arg)
{
	unsigned int i = (uintptr_t)arg, n;
	struct spe_context_base_priv *p = context[i].base_private;
	const uint64_t one = 1;

	for (n = 0; n < RUNS; n++) {
		pthread_mutex_lock(&p->lock);
		p->state = SPE2_RUNNING;
		pthread_mutex_unlock(&p->lock);
		if (spe2_watch_event_file(&context[i]))
			die("spe2_watch_event_file");
		(void)!write(p->event, &one, sizeof(one));
		while (load(&taken[i]) != n + 1)
			sched_yield();
	}
	return NULL;
}

/*
 * Another thread that serves contexts, like spe_context_dispatch(), but only every
 * other run: what the handler misses, nobody serves.
 */
static void *dispatcher(void *arg)
{
	spe_stop_info_t info;
	unsigned int i;

	for (i = 0; !load(&done); i = (i + 1) % CONTEXTS) {
		if (load(&taken[i]) % 2 == 0 && spe2_step(&context[i], NULL, &info) > 0)
			add(&taken[i], 1);
		sched_yield();
	}
	return arg;
}

/* Have @n threads of @writer write while others read */
static void all_of(void *(*writer)(void *), uintptr_t n, void *(*disturber)(void *))
{
	pthread_t threads[16], others[3];
	spe_event_unit_t event;
	uintptr_t i;

	for (i = 0; i < CONTEXTS; i++) {
		event = unit(i);
		if (spe_event_handler_register(handler, &event))
			die("spe_event_handler_register");
	}
	for (i = 0; i < 3; i++)
		pthread_create(&others[i], NULL, i < 2 ? reader : disturber, NULL);
	for (i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, writer, (void *)i);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < CONTEXTS; i++)
		while (writer == pusher && load(&taken[i]) != WRITERS * PUSHES)
			sched_yield();
	__atomic_store_n(&done, true, __ATOMIC_SEQ_CST);
	for (i = 0; i < 3; i++)
		pthread_join(others[i], NULL);
}

int main(void)
{
	unsigned int i, w, n, wrong = 0;

	setlinebuf(stdout);
	printf("TAP version 13\n1..3\n");
	make_contexts(false);
	all_of(pusher, CONTEXTS * WRITERS, registrar);
	drop_contexts();
	for (i = 0; i < CONTEXTS; i++)
		for (w = 0; w < WRITERS; w++)
			for (n = 0; n < PUSHES; n++)
				wrong += seen[i][w][n] != 1;
	printf("%sok 1 stop information is read once each (%u is not)\n", wrong ? "not " : "",
	       wrong);
	make_contexts(true);
	all_of(starter, CONTEXTS, dispatcher);
	drop_contexts();
	/* otherwise this would not be reached */
	printf("ok 2 no end of a run is lost that two threads wait for\n");
	make_contexts(true);
	all_of(starter, CONTEXTS, registrar);
	drop_contexts();
	printf("ok 3 no end of a run is lost while handlers change\n");
	return wrong != 0;
}
