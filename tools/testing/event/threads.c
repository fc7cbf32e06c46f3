// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios with real threads, for ThreadSanitizer: event.c is compiled
 * with it, and its locks are mutexes that it knows.  The rest is not, and
 * orders nothing for it: accesses that event.c itself does not order are a race.
 */
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel.h"
#include "model.h"

#define ACTORS		16
#define HANG_SECONDS	20

static struct thread {
	struct actor actor;
	enum actor_kind kind;
	void (*body)(void *arg);
	void *arg;
	pthread_t id;
	volatile bool done;
} threads[ACTORS];
static int nr_threads;
static volatile bool is_over;	/* for those in the background */

static __thread struct thread *me;
static __thread unsigned int random_state;
static unsigned int seed = 1;
static const char *program;

struct actor *self(void)
{
	return &me->actor;
}

static unsigned int random_number(void)
{
	random_state = random_state * 1103515245 + 12345;
	return random_state >> 16;
}

void print_replay(void)
{
	printf("%s -s %u %s", program, seed, scenario->name);
}

void point(const char *what)
{
	if (random_number() % 8 == 0)
		sched_yield();
}

void cpu_relax(void)
{
	sched_yield();
}

void block(bool (*ready)(void *), void *arg, const char *what)
{
	double begin = now();

	while (!ready(arg)) {
		if (is_over && me->kind == BACKGROUND)
			pthread_exit(NULL);
		if (me->kind == EPILOGUE && now() > begin + HANG_SECONDS)
			fail("the end waits for ever: %s", what);
		usleep(me->kind == BACKGROUND ? 30 : 10);
	}
}

void alone(bool on)
{
}

unsigned int decide(unsigned int n, const char *what)
{
	return random_number() % n;
}

/* One step of the hardware at a time; ThreadSanitizer must not know. */
static int hardware;

void hardware_begin(const char *what)
{
	point(what);
	while (__atomic_exchange_n(&hardware, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

void hardware_end(void)
{
	__atomic_store_n(&hardware, 0, __ATOMIC_RELEASE);
}

void might_sleep(const char *what)
{
}

void spin_lock_init(spinlock_t *lock)
{
	lock->owner = NULL;
	pthread_mutex_init(&lock->m, NULL);
}

void spin_lock(spinlock_t *lock)
{
	point("spin_lock");
	pthread_mutex_lock(&lock->m);
	lock->owner = self();
}

void spin_unlock(spinlock_t *lock)
{
	lock->owner = NULL;
	pthread_mutex_unlock(&lock->m);
}

void spin_lock_irq(spinlock_t *lock)
{
	spin_lock(lock);
}

void spin_unlock_irq(spinlock_t *lock)
{
	spin_unlock(lock);
}

void mutex_init(struct mutex *lock)
{
	pthread_mutex_init(&lock->m, NULL);
}

void mutex_lock(struct mutex *lock)
{
	point("mutex_lock");
	pthread_mutex_lock(&lock->m);
}

int mutex_lock_interruptible(struct mutex *lock)
{
	while (!mutex_trylock(lock)) {
		if (self()->signal)
			return -EINTR;
		sched_yield();
	}
	return 0;
}

bool mutex_trylock(struct mutex *lock)
{
	return !pthread_mutex_trylock(&lock->m);
}

void mutex_unlock(struct mutex *lock)
{
	pthread_mutex_unlock(&lock->m);
}

void *kzalloc(size_t size, int flags)
{
	u64 *p = calloc(1, size + sizeof(*p));

	*p++ = size;
	return p;
}

void kfree(const void *p)
{
	u64 *size = (u64 *)p - 1;

	if (!p)
		return;
	model_freed(p, *size);
	free(size);
}

struct actor *actor_start(const char *name, enum actor_kind kind,
			  void (*body)(void *arg), void *arg,
			  bool (*ready)(void *arg))
{
	struct thread *t = &threads[nr_threads++];

	assert(nr_threads <= ACTORS);
	memset(t, 0, sizeof(*t));
	t->actor.name = name;
	t->kind = kind;
	t->body = body;
	t->arg = arg;
	return &t->actor;
}

static void *thread_main(void *arg)
{
	me = arg;
	random_state = seed * ACTORS + (me - threads);
	me->body(me->arg);
	me->done = true;
	return NULL;
}

/* No user goes on any more, or has to. */
static bool users_are_quiet(void)
{
	int i;

	for (i = 0; i < nr_threads; i++)
		if (threads[i].kind == USER && !threads[i].done &&
		    !model_may_wait(threads[i].arg))
			return false;
	return model_is_quiet();
}

static void run(void)
{
	struct thread setup = { .kind = SETUP }, *epilogue = NULL;
	double begin = now();
	int i, calm = 0;

	nr_threads = 0;
	is_over = false;
	me = &setup;
	random_state = seed;
	model_setup((void *)scenario);
	for (i = 0; i < nr_threads; i++) {
		if (threads[i].kind == EPILOGUE)
			epilogue = &threads[i];
		else
			pthread_create(&threads[i].id, NULL, thread_main, &threads[i]);
	}
	/* Seen quiet for a while, so that what is late can still arrive. */
	while (calm < 20) {
		calm = users_are_quiet() ? calm + 1 : 0;
		if (now() > begin + HANG_SECONDS)
			fail("somebody waits for ever");
		usleep(calm ? 100 : 20);
	}
	me = epilogue;
	epilogue->body(epilogue->arg);
	is_over = true;
	for (i = 0; i < nr_threads; i++)
		if (&threads[i] != epilogue)
			pthread_join(threads[i].id, NULL);
}

int main(int argc, char **argv)
{
	const struct scenario *s;
	double seconds = 0.2, begin;
	unsigned long runs;
	int c, n = 0, i;

	program = argv[0];
	while ((c = getopt(argc, argv, "t:s:")) != -1) {
		switch (c) {
		case 't':
			seconds = atof(optarg);
			break;
		case 's':
			seed = atoi(optarg);
			break;
		default:
			fprintf(stderr, "usage: %s [-t SECONDS] [-s SEED] [SCENARIO...]\n",
				program);
			return 2;
		}
	}

	printf("TAP version 13\n");
	for (s = scenarios; s->name; s++) {
		for (i = optind; i < argc && strcmp(s->name, argv[i]); i++)
			;
		if (optind < argc && i == argc)
			continue;
		scenario = s;
		begin = now();
		for (runs = 0; now() < begin + seconds; runs++, seed++)
			run();
		printf("# %s: %lu runs\n", s->name, runs);
		printf("ok %d - threads, %s: %s\n", ++n, s->name, s->what);
		fflush(stdout);
	}
	printf("1..%d\n", n);
	return 0;
}
