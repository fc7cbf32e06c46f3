/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model around event.c, and its interface to explore.c and threads.c.
 */
#ifndef MODEL_H
#define MODEL_H

#include "kernel.h"

/* Everything that can change: it is what a state consists of. */
#define WORLD __attribute__((section("state"), aligned(8)))
extern char __start_state[], __stop_state[];

enum actor_kind {
	SETUP,		/* runs first, and alone */
	USER,		/* must come to its end */
	BACKGROUND,	/* may wait for ever */
	EPILOGUE,	/* runs when nobody else can */
};

/* @body begins with waiting for @ready, if that is not NULL. */
struct actor *actor_start(const char *name, enum actor_kind kind,
			  void (*body)(void *arg), void *arg,
			  bool (*ready)(void *arg));

/* What a thread does, one after the other */
enum op {
	END,
	START,		/* with a program, see below */
	STEP,		/* the same, in single step mode */
	STOP,
	START_NOWAIT,	/* the same as io_uring does it: RWF_NOWAIT */
	STOP_NOWAIT,
	READ,		/* one event, and wait for it */
	READ_STOP,	/* events up to a STOP, or the end */
	READ_GANG,	/* one event of any context */
	WAIT_IN,	/* wait by poll until there is something to read */
	WAIT_OUT,	/* wait by poll until a start is possible */
	CLOSE,		/* the context's directory */
	FORGET,		/* close its event file, too: nobody else may use it */
	PREEMPT,	/* take its SPU away, and let it wait for one */
	REGS,		/* read its registers: save it, and have it go on */
	WAIT_FAULT,	/* wait until a fault is being served */
	REPAIR,		/* map what its DMA could not access */
	INTERRUPT,	/* a signal for the first thread */
};

/* What an SPU does when it is started */
enum program {
	PROGRAM_STOP,		/* stops by itself */
	PROGRAM_HALT,
	PROGRAM_SPIN,		/* runs until it is stopped */
	PROGRAM_FAULT,		/* DMA with a page fault, then stops */
	PROGRAM_FAULT_STOP,	/* the same, does not wait for the DMA */
	PROGRAM_FAULT_BAD,	/* the same, and the rest of it is to nowhere */
	PROGRAM_HANG,		/* DMA with a page fault that hangs until REPAIR */
	PROGRAM_BAD,		/* DMA to where there is nothing, then stops */
	PROGRAM_ALIGN,		/* misaligned DMA, waits for it for ever */
	PROGRAM_ALIGN_STOP,	/* misaligned DMA, does not wait for it */
	PROGRAM_ILLEGAL,	/* an illegal instruction */
};

struct step {
	enum op op;
	enum program program;
	int context;
};

#define THREADS_MAX	4
#define STEPS_MAX	8

struct scenario {
	const char *name, *what;
	int contexts;		/* 1 or 2; there is one SPU */
	unsigned long flags;	/* of the contexts */
	/* The contexts are in a gang, and their events go to its file. */
	bool gang;
	/* The scheduler's tick takes the SPU from a context that has stopped. */
	bool ticks;
	struct step threads[THREADS_MAX][STEPS_MAX];
};

extern const struct scenario scenarios[];
extern const struct scenario *scenario;	/* the one that is tried */

void model_setup(void *scenario);
bool model_may_wait(void *thread);
bool model_is_quiet(void);
void model_end(void);
void model_work(struct work_struct *work);
void model_freed(const void *p, size_t size);

#endif /* MODEL_H */
