// SPDX-License-Identifier: GPL-2.0
/*
 * Try all orders in which actors can run.
 *
 * An actor is a coroutine; at every point() it may be another one's turn.  A
 * run is fixed by the choices made at its points, so the search is a
 * depth-first one over lists of choices, and a list replays its run.  As in
 * CHESS, it first tries the orders that take the turn away from an actor that
 * could go on ("preempt" it) at most a number of times; waiting costs nothing.
 * A state that was seen before, with as many preemptions left, is not tried
 * again.  The state is all memory: the world (model.h), the allocations, and
 * the actors' stacks and registers.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#include "kernel.h"
#include "model.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0:detect_leaks=0";
}
#define poison(p, n)	__asan_poison_memory_region(p, n)
#define unpoison(p, n)	__asan_unpoison_memory_region(p, n)
#else
#define poison(p, n)	memset(p, 0x6b, n)
#define unpoison(p, n)	((void)(p), (void)(n))
#endif

#define ACTORS		16
#define STACK_SIZE	(32 * 1024)
#define HEAP_SIZE	(8 * 1024)
#define MAX_POINTS	20000

struct coroutine {
	struct actor actor;
	enum actor_kind kind;
	void (*body)(void *arg);
	void *arg;
	bool (*ready)(void *arg);
	void *ready_arg;
	const char *what;
	bool relaxing, done;
	void *sp;
	jmp_buf regs;
	ucontext_t context;
};

static struct coroutine actors[ACTORS];
static char stacks[ACTORS][STACK_SIZE] __attribute__((aligned(64)));
static char heap[HEAP_SIZE] __attribute__((aligned(64)));
static size_t heap_used;
static int nr_actors;
static struct coroutine *current_actor;
static ucontext_t main_context;

/* The choices of this run; those before @replayed are the last run's. */
static struct choice {
	u16 options, chosen;
} trail[MAX_POINTS];
static unsigned int depth, replayed, points;
static int preemptions_left;

static bool verbose, replaying;
static unsigned long nr_runs;
static unsigned int deepest;

struct actor *self(void)
{
	return &current_actor->actor;
}

/* Switch between coroutines; AddressSanitizer has to be told. */
static void go(struct coroutine *from, struct coroutine *to)
{
	ucontext_t *old = from ? &from->context : &main_context;
	ucontext_t *new = to ? &to->context : &main_context;

#ifdef __SANITIZE_ADDRESS__
	static void *main_fake, *main_bottom;
	static size_t main_size;
	const void *bottom = main_bottom;
	size_t size = main_size;
	void *fake = NULL;

	__sanitizer_start_switch_fiber(&fake, to ? stacks[to - actors] : main_bottom,
				       to ? STACK_SIZE : main_size);
#endif
	current_actor = to;
	swapcontext(old, new);
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(fake, &bottom, &size);
	(void)main_fake;
	if (from && !main_size) {
		main_bottom = (void *)bottom;
		main_size = size;
	}
#endif
}

static void finish_run(void)
{
	go(current_actor, NULL);
	__builtin_unreachable();
}

/* The states seen: a hash of each, and the preemptions that were left then. */
static struct {
	u64 hash;
	int left;
} *seen;
static size_t seen_size, seen_used;

static u64 mix(u64 h, const void *data, size_t size)
{
	const u64 *p = data;

	for (; size >= 8; size -= 8) {
		h = (h ^ *p++) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return h;
}

__attribute__((no_sanitize("address")))
static u64 mix_stack(u64 h, const u64 *from, const u64 *to)
{
	for (; from < to; from++) {
		h = (h ^ *from) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return h;
}

static u64 state_hash(void)
{
	u64 h = 1;
	int i;

	h = mix_stack(h, (u64 *)__start_state, (u64 *)__stop_state);
	h = mix_stack(h, (u64 *)heap, (u64 *)(heap + heap_used));
	for (i = 0; i < nr_actors; i++) {
		struct coroutine *c = &actors[i];
		u64 words[] = {
			(uintptr_t)c->ready, (uintptr_t)c->ready_arg,
			c->relaxing | c->done << 1 | c->actor.signal << 2,
			c->actor.irqs_off | (u64)c->actor.spinning << 32,
			c->actor.nofault, c == current_actor,
		};

		h = mix(h, words, sizeof(words));
		if (c->done || !c->sp)
			continue;
		h = mix(h, c->regs, sizeof(c->regs) & ~7UL);
		h = mix_stack(h, c->sp, (u64 *)(stacks[i] + STACK_SIZE));
	}
	return h;
}

static void seen_grow(void)
{
	typeof(seen) old = seen;
	size_t i, j, old_size = seen_size;

	seen_size = old_size ? 2 * old_size : 1 << 16;
	seen = calloc(seen_size, sizeof(*seen));
	for (i = 0; i < old_size; i++) {
		if (!old[i].hash)
			continue;
		for (j = old[i].hash & (seen_size - 1); seen[j].hash;
		     j = (j + 1) & (seen_size - 1))
			;
		seen[j] = old[i];
	}
	free(old);
}

/* Was this state tried with as many preemptions left?  It is now. */
static bool seen_before(u64 hash)
{
	size_t i;

	if (2 * seen_used >= seen_size)
		seen_grow();
	hash |= !hash;
	for (i = hash & (seen_size - 1); seen[i].hash; i = (i + 1) & (seen_size - 1)) {
		if (seen[i].hash != hash)
			continue;
		if (seen[i].left >= preemptions_left)
			return true;
		seen[i].left = preemptions_left;
		return false;
	}
	seen[i].hash = hash;
	seen[i].left = preemptions_left;
	seen_used++;
	return false;
}

static unsigned int choose(unsigned int options)
{
	struct choice *c = &trail[depth];

	if (depth < replayed) {
		if (!replaying)
			c->options = options;
		depth++;
		return c->chosen < options ? c->chosen : 0;
	}
	if (replaying)
		return 0;

	if (seen_before(state_hash()))
		finish_run();
	if (depth >= MAX_POINTS)
		fail("the run does not end");
	c->options = options;
	c->chosen = 0;
	depth++;
	return 0;
}

unsigned int decide(unsigned int n, const char *what)
{
	unsigned int chosen;

	current_actor->sp = __builtin_frame_address(0);
	_setjmp(current_actor->regs);
	chosen = n > 1 ? choose(n) : 0;
	if (replaying && verbose)
		printf("# %-8s %s: %u of %u\n", current_actor->actor.name, what, chosen, n);
	return chosen;
}

static bool enabled(struct coroutine *c)
{
	return !c->done && !c->relaxing && (!c->ready || c->ready(c->ready_arg));
}

static bool is_alone;

/* Act as somebody else, because the current actor may be an interrupt. */
void alone(bool on)
{
	static struct coroutine observer = { .actor.name = "observer" }, *observed;

	if (on)
		observed = current_actor;
	current_actor = on ? &observer : observed;
	is_alone = on;
}

/*
 * Nobody can go on.  Actors that wait must have a reason; then it is time for the
 * epilogue, and after that for the end.
 */
static struct coroutine *when_quiet(void)
{
	struct coroutine *c, *epilogue = NULL;

	for (c = actors; c < actors + nr_actors; c++)
		if (c->kind == EPILOGUE)
			epilogue = c;
	/* It has begun, and others were let go on meanwhile. */
	if (epilogue->sp && enabled(epilogue))
		return epilogue;
	for (c = actors; c < actors + nr_actors; c++)
		if (c->kind == USER && !c->done &&
		    (epilogue->done || !model_may_wait(c->arg)))
			fail("%s waits for ever: %s", c->actor.name, c->what);
	if (enabled(epilogue))
		return epilogue;
	if (!epilogue->done)
		fail("the end waits for ever: %s", epilogue->what);
	model_end();
	finish_run();
	return NULL;
}

/* Let the current actor go on, or another one. */
static __attribute__((noinline)) void schedule(void)
{
	struct coroutine *old = current_actor, *options[ACTORS], *next;
	unsigned int chosen;
	int i, n = 0;
	bool preempt;

	if (is_alone || (old->kind == SETUP && !old->done))
		return;
	old->sp = __builtin_frame_address(0);
	_setjmp(old->regs);

	if (++points > MAX_POINTS)
		fail("the run does not end");
	preempt = enabled(old);
	if (preempt)
		options[n++] = old;
	if (!preempt || preemptions_left)
		for (i = 0; i < nr_actors; i++)
			if (&actors[i] != old && actors[i].kind != EPILOGUE &&
			    enabled(&actors[i]))
				options[n++] = &actors[i];
	if (!n)
		options[n++] = when_quiet();

	chosen = n > 1 ? choose(n) : 0;
	if (preempt && chosen)
		preemptions_left--;
	next = options[chosen];
	for (i = 0; i < nr_actors; i++)
		if (&actors[i] != next)
			actors[i].relaxing = false;
	if (replaying && verbose)
		printf("# %s%-8s %s\n", next == old ? "" : preempt ? "!" : ">",
		       next->actor.name, next->what);
	if (next != old)
		go(old, next);
}

void point(const char *what)
{
	current_actor->ready = NULL;
	current_actor->what = what;
	schedule();
}

void block(bool (*ready)(void *), void *arg, const char *what)
{
	current_actor->ready = ready;
	current_actor->ready_arg = arg;
	current_actor->what = what;
	do {
		schedule();
		if (is_alone && !ready(arg))
			fail("%s is held by somebody who waits for ever", what);
	} while (!ready(arg));
	current_actor->ready = NULL;
}

void cpu_relax(void)
{
	current_actor->ready = NULL;
	current_actor->relaxing = true;
	current_actor->what = "cpu_relax";
	schedule();
}

void hardware_begin(const char *what)
{
	point(what);
}

void hardware_end(void)
{
}

/* Locks; with what lockdep would say */
void might_sleep(const char *what)
{
	struct actor *a = self();

	if (a->interrupt || a->spinning || a->irqs_off)
		fail("%s: %s in atomic context", a->name, what);
}

static bool lock_is_free(void *arg)
{
	spinlock_t *lock = arg;

	return !lock->owner;
}

void spin_lock_init(spinlock_t *lock)
{
	memset(lock, 0, sizeof(*lock));
}

void spin_lock(spinlock_t *lock)
{
	struct actor *a = self();

	if (lock->owner == a)
		fail("%s takes a spinlock that it has", a->name);
	block(lock_is_free, lock, "spin_lock");
	lock->owner = a;
	a->spinning++;
	lock->in_interrupt |= a->interrupt;
	lock->irqs_on |= !a->interrupt && !a->irqs_off;
	if (lock->in_interrupt && lock->irqs_on)
		fail("%s takes with interrupts enabled a spinlock that interrupts take",
		     a->name);
}

void spin_unlock(spinlock_t *lock)
{
	struct actor *a = self();

	if (lock->owner != a)
		fail("%s gives back a spinlock that it does not have", a->name);
	lock->owner = NULL;
	a->spinning--;
	point("spin_unlock");
}

void spin_lock_irq(spinlock_t *lock)
{
	if (self()->irqs_off++ || self()->interrupt)
		fail("%s: spin_lock_irq with interrupts disabled", self()->name);
	spin_lock(lock);
}

void spin_unlock_irq(spinlock_t *lock)
{
	self()->irqs_off--;
	spin_unlock(lock);
}

static bool mutex_is_free(void *arg)
{
	struct mutex *lock = arg;

	return !lock->owner;
}

void mutex_init(struct mutex *lock)
{
	memset(lock, 0, sizeof(*lock));
}

void mutex_lock(struct mutex *lock)
{
	might_sleep("mutex_lock");
	if (lock->owner == self())
		fail("%s takes a mutex that it has", self()->name);
	block(mutex_is_free, lock, "mutex_lock");
	lock->owner = self();
}

struct mutex_or_signal {
	struct mutex *lock;
	struct actor *actor;
};

static bool mutex_is_free_or_signal(void *arg)
{
	struct mutex_or_signal *w = arg;

	return !w->lock->owner || w->actor->signal;
}

int mutex_lock_interruptible(struct mutex *lock)
{
	struct mutex_or_signal w = { lock, self() };

	might_sleep("mutex_lock_interruptible");
	if (lock->owner == self())
		fail("%s takes a mutex that it has", self()->name);
	block(mutex_is_free_or_signal, &w, "mutex_lock_interruptible");
	if (lock->owner)
		return -EINTR;
	lock->owner = self();
	return 0;
}

bool mutex_trylock(struct mutex *lock)
{
	point("mutex_trylock");
	if (lock->owner)
		return false;
	lock->owner = self();
	return true;
}

void mutex_unlock(struct mutex *lock)
{
	if (lock->owner != self())
		fail("%s gives back a mutex that it does not have", self()->name);
	lock->owner = NULL;
	point("mutex_unlock");
}

/* Each allocation has its size before it, and nothing after it. */
void *kzalloc(size_t size, int flags)
{
	u64 *p = (u64 *)(heap + heap_used);

	might_sleep("kzalloc");
	heap_used += (size + 63) / 64 * 64 + 64;
	if (heap_used > sizeof(heap))
		fail("out of memory");
	unpoison(p, size + sizeof(*p));
	*p++ = size;
	return memset(p, 0, size);
}

void kfree(const void *p)
{
	const u64 *size = (const u64 *)p - 1;

	if (!p)
		return;
	model_freed(p, *size);
	/* Nothing in it makes sense to a reader from now on. */
	poison((void *)p, *size);
}

/* Actors */
static void coroutine_body(int i)
{
	struct coroutine *c = &actors[i];

#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
	c->body(c->arg);
	c->done = true;
	c->what = "is done";
	schedule();
}

struct actor *actor_start(const char *name, enum actor_kind kind,
			  void (*body)(void *arg), void *arg,
			  bool (*ready)(void *arg))
{
	struct coroutine *c = &actors[nr_actors];

	assert(nr_actors < ACTORS);
	memset(c, 0, sizeof(*c));
	c->actor.name = name;
	c->kind = kind;
	c->body = body;
	c->arg = arg;
	c->ready = ready;
	c->ready_arg = arg;
	c->what = "begins";
	unpoison(stacks[nr_actors], STACK_SIZE);
	memset(stacks[nr_actors], 0, STACK_SIZE);
	getcontext(&c->context);
	c->context.uc_stack.ss_sp = stacks[nr_actors];
	c->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&c->context, (void (*)(void))coroutine_body, 1, nr_actors);
	nr_actors++;
	return &c->actor;
}

/* One run, from the beginning. */
static void run(int preemptions)
{
	static char *pristine;
	size_t size = __stop_state - __start_state;

	if (!pristine) {
		pristine = malloc(size);
		memcpy(pristine, __start_state, size);
	}
	memcpy(__start_state, pristine, size);
	unpoison(heap, sizeof(heap));
	poison(heap, sizeof(heap));
	heap_used = 0;
	nr_actors = 0;
	depth = 0;
	points = 0;
	preemptions_left = preemptions;

	/* The first actor sets the scene up, alone, and is gone. */
	actor_start("setup", SETUP, model_setup, (void *)scenario, NULL);
	go(NULL, &actors[0]);

	nr_runs++;
	if (points > deepest)
		deepest = points;
}

static void print_schedule(FILE *to)
{
	unsigned int i;

	for (i = 0; i < depth; i++)
		if (trail[i].chosen)
			fprintf(to, "%u:%u,", i, trail[i].chosen);
}

static const char *program;
static int bound;

void print_replay(void)
{
	printf("%s -v -b %d -r ", program, bound);
	print_schedule(stdout);
	printf("- %s", scenario->name);
}

/* Try every order with at most @preemptions; returns whether all could be tried. */
static bool explore(int preemptions, double end, unsigned long limit)
{
	replayed = 0;
	do {
		run(preemptions);
		while (depth && trail[depth - 1].chosen + 1 == trail[depth - 1].options)
			depth--;
		if (!depth)
			return true;
		trail[depth - 1].chosen++;
		replayed = depth;
	} while (nr_runs < limit && (nr_runs % 64 || now() < end));
	return false;
}

static void parse_schedule(const char *text)
{
	unsigned int i, chosen;
	int n;

	while (sscanf(text, "%u:%u,%n", &i, &chosen, &n) == 2 && i < MAX_POINTS) {
		trail[i].chosen = chosen;
		replayed = i + 1;
		text += n;
	}
}

static void usage(void)
{
	fprintf(stderr,
		"usage: %s [-b PREEMPTIONS] [-t SECONDS] [-n RUNS] [-v] [-r SCHEDULE] [SCENARIO...]\n"
		"  -b  no order with more preemptions than that\n"
		"  -t, -n  no longer, or no more orders, than that for each scenario\n"
		"  -r  the order that a failure has printed; -v: print each step\n", program);
	exit(2);
}

int main(int argc, char **argv)
{
	const struct scenario *s;
	const char *schedule_text = NULL;
	double seconds = 1e9, begin;
	unsigned long limit = ~0UL;
	int n = 0, max_bound = 2, c, i;
	bool all = true;

	program = argv[0];
	while ((c = getopt(argc, argv, "b:t:n:vr:")) != -1) {
		switch (c) {
		case 'b':
			max_bound = atoi(optarg);
			break;
		case 't':
			seconds = atof(optarg);
			break;
		case 'n':
			limit = strtoul(optarg, NULL, 0);
			break;
		case 'v':
			verbose = true;
			break;
		case 'r':
			schedule_text = optarg;
			break;
		default:
			usage();
		}
	}
	for (i = optind; i < argc; i++) {
		for (s = scenarios; s->name && strcmp(s->name, argv[i]); s++)
			;
		if (!s->name)
			usage();
	}

	printf("TAP version 13\n");
	for (s = scenarios; s->name; s++) {
		for (i = optind; i < argc && strcmp(s->name, argv[i]); i++)
			;
		if (optind < argc && i == argc)
			continue;
		scenario = s;
		if (schedule_text) {
			bound = max_bound;
			replaying = true;
			parse_schedule(schedule_text);
			run(bound);
			printf("ok %d - %s: this order\n", ++n, s->name);
			continue;
		}
		begin = now();
		nr_runs = 0;
		deepest = 0;
		/* The shortest failure first */
		for (bound = 0; bound <= max_bound; bound++) {
			seen_used = 0;
			if (seen)
				memset(seen, 0, seen_size * sizeof(*seen));
			all = explore(bound, begin + seconds, limit);
			if (!all)
				break;
		}
		printf("# %s: %lu interleavings, %zu states, up to %u points; ",
		       s->name, nr_runs, seen_used, deepest);
		printf("%s %d preemptions, %.1f s\n",
		       all ? "all with at most" : "not all with",
		       all ? max_bound : bound, now() - begin);
		printf("ok %d - %s: %s\n", ++n, s->name, s->what);
		fflush(stdout);
	}
	printf("1..%d\n", n);
	return 0;
}
