/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The runs of an asynchronous SPU context and the events that they leave.
 *
 * This is the part of event.c that knows neither hardware nor locks, so that it
 * can be tested alone.  Every function here is called with the lock that
 * event.c has for a queue and the runs that post into it.
 */
#ifndef SPUFS_EVENT_QUEUE_H
#define SPUFS_EVENT_QUEUE_H

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/spufs.h>

/*
 * The states of a context:
 *
 *	IDLE	no run.  The queue may hold events of the last one.
 *	BUSY	a run whose end process context will find: START is
 *		programming the SPU, or an error or a page fault waits for
 *		the worker.  Interrupts leave a stop alone.
 *	RUNNING	a run whose end the stop interrupt will post.
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
 * struct spu_event_queue - the events that can be read from an event file
 * @records: the records, in the order in which they were posted
 * @len: their number
 * @gone: there will never be more
 */
struct spu_event_queue {
	struct list_head records;
	unsigned int len;
	bool gone;
};

/**
 * struct spu_event_record - an event that waits to be read
 * @node: its place in a queue's records
 * @run: its run
 * @event: the record for the reader
 */
struct spu_event_record {
	struct list_head node;
	struct spu_run *run;
	struct spu_event event;
};

/**
 * struct spu_run - the run of a context, the one in progress or the last one
 * @queue: the destination of its events
 * @record: room for all events that it can post
 * @used: the number of events that it has posted so far
 * @unread: the number of those that wait in @queue
 * @state: an enum spu_run_state
 * @stop: the owner of its end is asked to stop it
 * @posted: the kinds of events that it has posted so far
 * @runs: the number of runs of this context that have ended
 * @events: the number of events that the runs of this context have posted
 * @cookie: the name of the context in @queue, if that is a gang's
 */
struct spu_run {
	struct spu_event_queue *queue;
	struct spu_event_record record[SPU_EVENTS_PER_RUN];
	u8 used;
	u8 unread;
	u8 state;
	bool stop;
	u32 posted;
	u64 runs;
	u64 events;
	u64 cookie;
};

static inline void spu_queue_setup(struct spu_event_queue *q)
{
	INIT_LIST_HEAD(&q->records);
	q->len = 0;
	q->gone = false;
}

static inline bool spu_queue_empty(const struct spu_event_queue *q)
{
	return !q->len;
}

/* The oldest event; there must be one. */
static inline struct spu_event_record *
spu_queue_first(const struct spu_event_queue *q)
{
	return list_first_entry(&q->records, struct spu_event_record, node);
}

static inline void spu_queue_drop_first(struct spu_event_queue *q)
{
	struct spu_event_record *record = spu_queue_first(q);

	list_del(&record->node);
	q->len--;
	record->run->unread--;
}

/* A context that has never run, and whose events go to @q */
static inline void spu_run_setup(struct spu_run *run, struct spu_event_queue *q)
{
	memset(run, 0, sizeof(*run));
	run->queue = q;
	run->state = SPU_RUN_IDLE;
}

/* May a run begin? */
static inline bool spu_run_may_begin(const struct spu_run *run)
{
	return run->state == SPU_RUN_IDLE && !run->unread;
}

static inline bool spu_run_in_progress(const struct spu_run *run)
{
	return run->state == SPU_RUN_BUSY || run->state == SPU_RUN_RUNNING;
}

/**
 * spu_run_check_begin - what would spu_run_begin() return?
 * @run: the run
 *
 * Return: 0, -ENODEV if the context is gone, or -EBUSY during a run and as
 * long as events of the last one are unread.
 */
static inline int spu_run_check_begin(const struct spu_run *run)
{
	if (run->state == SPU_RUN_GONE)
		return -ENODEV;
	return spu_run_may_begin(run) ? 0 : -EBUSY;
}

/**
 * spu_run_begin - begin a run, which process context owns at first
 * @run: the run
 *
 * Return: 0, or an error, as spu_run_check_begin().
 */
static inline int spu_run_begin(struct spu_run *run)
{
	int ret = spu_run_check_begin(run);

	if (ret)
		return ret;

	run->used = 0;
	run->posted = 0;
	run->stop = false;
	run->state = SPU_RUN_BUSY;
	return 0;
}

/* The run that was just begun could not be started: undo it. */
static inline void spu_run_cancel(struct spu_run *run)
{
	if (run->state == SPU_RUN_BUSY)
		run->state = SPU_RUN_IDLE;
}

/**
 * spu_run_join - direct the events of future runs to another queue
 * @run: the run, which must not be in progress nor have unread events
 * @q: the queue
 * @cookie: the name of the context for the queue's readers
 *
 * Return: 0, or an error, as spu_run_check_begin().
 */
static inline int spu_run_join(struct spu_run *run, struct spu_event_queue *q,
			       u64 cookie)
{
	int ret = spu_run_check_begin(run);

	if (ret)
		return ret;

	run->queue = q;
	run->cookie = cookie;
	return 0;
}

/* Take over the end of a run in progress from the stop interrupt. */
static inline bool spu_run_claim(struct spu_run *run)
{
	if (!spu_run_in_progress(run))
		return false;
	run->state = SPU_RUN_BUSY;
	return true;
}

/* Ask the present or future owner of the run's end to stop the run. */
static inline bool spu_run_request_stop(struct spu_run *run)
{
	run->stop = spu_run_claim(run);
	return run->stop;
}

/* Leave the end of a run in progress to the stop interrupt. */
static inline bool spu_run_release(struct spu_run *run)
{
	if (!spu_run_in_progress(run))
		return false;
	run->state = SPU_RUN_RUNNING;
	return true;
}

/**
 * spu_run_post - append an event of the run in progress to its queue
 * @run: the run
 * @event: a SPU_EVENT_* value; SPU_EVENT_STOP ends the run
 * @status: the SPU_Status register
 * @npc: the next program counter
 *
 * Return: whether there is a new event.  There is none without a run, and at
 * most one of each kind in a run, hence always room.
 */
static inline bool spu_run_post(struct spu_run *run, u32 event, u32 status,
				u32 npc)
{
	struct spu_event_record *record = &run->record[run->used];

	if (!spu_run_in_progress(run) || run->posted & event)
		return false;

	record->run = run;
	record->event = (struct spu_event) {
		.event = event,
		.status = status,
		.npc = npc,
	};
	list_add_tail(&record->node, &run->queue->records);
	run->queue->len++;
	run->used++;
	run->unread++;
	run->posted |= event;
	run->events++;
	if (event == SPU_EVENT_STOP) {
		run->state = SPU_RUN_IDLE;
		run->runs++;
	}
	return true;
}

/* No run will ever begin again; posted events can still be read. */
static inline void spu_run_gone(struct spu_run *run)
{
	run->state = SPU_RUN_GONE;
}

/* Free the run, with its unread events; they are its last ones. */
static inline void spu_run_discard(struct spu_run *run)
{
	for (; run->unread; run->unread--) {
		list_del(&run->record[run->used - run->unread].node);
		run->queue->len--;
	}
}

#endif /* SPUFS_EVENT_QUEUE_H */
