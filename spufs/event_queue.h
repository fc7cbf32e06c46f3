/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The runs of an asynchronous SPU context and the events that they leave.
 *
 * This is the part of event.c that knows neither hardware nor locks, so that
 * it can be tested by itself: every function here is called with the lock
 * that event.c keeps around the queue.
 */
#ifndef SPUFS_EVENT_QUEUE_H
#define SPUFS_EVENT_QUEUE_H

#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/spufs.h>

/*
 * What the context does:
 *
 *	IDLE	no run.  The queue may hold events of the last one.
 *	BUSY	a run, the end of which is for process context to find: START
 *		is programming the SPU, or an error or a page fault waits for
 *		the worker.  Interrupts leave a stop alone.
 *	RUNNING	a run, the end of which is for the stop interrupt to post.
 *	GONE	the context's directory was closed.
 *
 *	        begin             release
 *	IDLE ----------> BUSY <------------> RUNNING
 *	  ^               |       claim         |
 *	  +---------------+---------------------+
 *	                 stop
 *
 * and from each of them to GONE.
 */
enum spu_run_state {
	SPU_RUN_IDLE,
	SPU_RUN_BUSY,
	SPU_RUN_RUNNING,
	SPU_RUN_GONE,
};

/* One STOP, and before it at most one event of each kind of error. */
#define SPU_EVENTS_PER_RUN	5

/**
 * struct spu_event_queue - the events of one run, in their order
 * @record: the events; a run has room set aside for all that it can leave
 * @head: the next one to read
 * @tail: where the next one goes; equal to @head when all have been read
 * @state: an enum spu_run_state
 * @posted: the kinds of events that this run has left so far
 * @runs: how many runs were begun
 * @events: how many events were posted
 */
struct spu_event_queue {
	struct spu_event record[SPU_EVENTS_PER_RUN];
	u8 head;
	u8 tail;
	u8 state;
	u32 posted;
	u64 runs;
	u64 events;
};

static inline bool spu_queue_empty(const struct spu_event_queue *q)
{
	return q->head == q->tail;
}

static inline unsigned int spu_queue_len(const struct spu_event_queue *q)
{
	return q->tail - q->head;
}

/* The oldest event; there must be one. */
static inline const struct spu_event *
spu_queue_first(const struct spu_event_queue *q)
{
	return &q->record[q->head];
}

static inline void spu_queue_drop_first(struct spu_event_queue *q)
{
	q->head++;
}

/* May a run begin? */
static inline bool spu_run_may_begin(const struct spu_event_queue *q)
{
	return q->state == SPU_RUN_IDLE && spu_queue_empty(q);
}

static inline bool spu_run_in_progress(const struct spu_event_queue *q)
{
	return q->state == SPU_RUN_BUSY || q->state == SPU_RUN_RUNNING;
}

/**
 * spu_run_begin - begin a run, which process context owns at first
 * @q: the queue, all of which is set aside for the run
 *
 * Return: 0, -ENODEV if the context is gone, or -EBUSY during a run and as
 * long as events of the last one are unread.
 */
static inline int spu_run_begin(struct spu_event_queue *q)
{
	if (q->state == SPU_RUN_GONE)
		return -ENODEV;
	if (!spu_run_may_begin(q))
		return -EBUSY;

	q->head = 0;
	q->tail = 0;
	q->posted = 0;
	q->state = SPU_RUN_BUSY;
	return 0;
}

/* The run that was just begun could not be started: it never was. */
static inline void spu_run_cancel(struct spu_event_queue *q)
{
	if (q->state == SPU_RUN_BUSY)
		q->state = SPU_RUN_IDLE;
}

/* Take the end of a run in progress over from the stop interrupt. */
static inline bool spu_run_claim(struct spu_event_queue *q)
{
	if (!spu_run_in_progress(q))
		return false;
	q->state = SPU_RUN_BUSY;
	return true;
}

/* Leave the end of a run in progress to the stop interrupt. */
static inline bool spu_run_release(struct spu_event_queue *q)
{
	if (!spu_run_in_progress(q))
		return false;
	q->state = SPU_RUN_RUNNING;
	return true;
}

/**
 * spu_run_post - append an event of the run in progress
 * @q: the queue
 * @event: a SPU_EVENT_* value; SPU_EVENT_STOP ends the run
 * @status: the SPU_Status register
 * @npc: the next program counter
 *
 * Return: whether there is a new event.  There is none without a run, and at
 * most one of each kind in a run, hence always room.
 */
static inline bool spu_run_post(struct spu_event_queue *q, u32 event,
				u32 status, u32 npc)
{
	if (!spu_run_in_progress(q) || q->posted & event)
		return false;

	q->record[q->tail++] = (struct spu_event) {
		.event = event,
		.status = status,
		.npc = npc,
	};
	q->posted |= event;
	q->events++;
	if (event == SPU_EVENT_STOP) {
		q->state = SPU_RUN_IDLE;
		q->runs++;
	}
	return true;
}

/* Nothing will ever run again; what was posted can still be read. */
static inline void spu_run_gone(struct spu_event_queue *q)
{
	q->state = SPU_RUN_GONE;
}

#endif /* SPUFS_EVENT_QUEUE_H */
