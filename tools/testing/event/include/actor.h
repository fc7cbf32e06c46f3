/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Concurrent actors: threads in a system call, the worker, an
 * SPU, an interrupt.  explore.c makes them coroutines and tries the orders in
 * which they can run; threads.c makes them threads.
 */
#ifndef ACTOR_H
#define ACTOR_H

struct actor {
	const char *name;
	bool signal;		/* one is pending */
	bool interrupt;		/* this is interrupt context */
	int irqs_off;		/* depth, of spin_lock_irq() */
	int spinning;		/* spinlocks held */
	int nofault;
};

struct actor *self(void);

/* Another actor may run here; @what is for the trace. */
void point(const char *what);

/* Go on only when @ready(@arg) holds. */
void block(bool (*ready)(void *arg), void *arg, const char *what);

/* Wait for another actor to do something. */
void cpu_relax(void);

/* Any number below @n: all of them are tried. */
unsigned int decide(unsigned int n, const char *what);

/* Something is wrong: tell how it came about, and end. */
void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Print the command that repeats the run; each program has its own. */
void print_replay(void);

/* Seconds of the host */
double now(void);

/* From here on nobody else acts, or others may do so again. */
void alone(bool on);

/* The hardware does one step at a time, whoever asks for it. */
void hardware_begin(const char *what);
void hardware_end(void);

/*
 * A thread that was in acquired() sees what another did before released(): tell
 * ThreadSanitizer so, where it cannot see that by itself.
 */
#ifdef THREADS
#include <pthread.h>
#include <sanitizer/tsan_interface.h>
#define LOCK		pthread_mutex_t m;
#define released(p)	__tsan_release(p)
#define acquired(p)	__tsan_acquire(p)
#else
#define LOCK
#define released(p)	((void)(p))
#define acquired(p)	((void)(p))
#endif

typedef struct spinlock {
	LOCK
	struct actor *owner;
	bool in_interrupt;	/* taken there at any time */
	bool irqs_on;		/* taken at any time with interrupts enabled */
} spinlock_t;

struct mutex {
	LOCK
	struct actor *owner;
};

void spin_lock_init(spinlock_t *lock);
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
void spin_lock_irq(spinlock_t *lock);
void spin_unlock_irq(spinlock_t *lock);
void mutex_init(struct mutex *lock);
void mutex_lock(struct mutex *lock);
int mutex_lock_interruptible(struct mutex *lock);
bool mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
void might_sleep(const char *what);

#endif /* ACTOR_H */
