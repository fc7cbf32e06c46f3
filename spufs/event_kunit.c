// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the queue of an asynchronous SPU context and of the states
 * of its run: event_queue.h, the part of event.c without locks and hardware.
 *
 * The expected values come from Documentation/filesystems/spufs/async.rst:
 * every run posts exactly one STOP, and before it at most one event of each
 * kind of error; a run begins only when all events have been read.
 */

#include <kunit/test.h>
#include <linux/module.h>

#include "event_queue.h"

static const u32 events[] = {
	SPU_EVENT_STOP, SPU_EVENT_DMA_ALIGNMENT, SPU_EVENT_SPE_ERROR,
	SPU_EVENT_DATA_STORAGE, SPU_EVENT_INVALID_DMA,
};

/* A context's run and the queue of its event file */
struct pair {
	struct spu_event_queue q;
	struct spu_run run;
};

static int pair_init(struct kunit *test)
{
	struct pair *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	spu_queue_setup(&p->q);
	spu_run_setup(&p->run, &p->q);
	test->priv = p;
	return 0;
}

static void expect_first(struct kunit *test, u32 event, u32 status, u32 npc)
{
	struct pair *p = test->priv;
	const struct spu_event *e = &spu_queue_first(&p->q)->event;

	KUNIT_ASSERT_FALSE(test, spu_queue_empty(&p->q));
	KUNIT_EXPECT_EQ(test, event, e->event);
	KUNIT_EXPECT_EQ(test, status, e->status);
	KUNIT_EXPECT_EQ(test, npc, e->npc);
	spu_queue_drop_first(&p->q);
}

static void new_context_can_start(struct kunit *test)
{
	struct pair *p = test->priv;

	KUNIT_EXPECT_TRUE(test, spu_run_may_begin(&p->run));
	KUNIT_EXPECT_FALSE(test, spu_run_in_progress(&p->run));
	KUNIT_EXPECT_TRUE(test, spu_queue_empty(&p->q));
	KUNIT_EXPECT_FALSE(test, spu_run_claim(&p->run));
	KUNIT_EXPECT_FALSE(test, spu_run_release(&p->run));
	KUNIT_EXPECT_FALSE(test, spu_run_post(&p->run, SPU_EVENT_STOP, 0, 0));
	KUNIT_EXPECT_TRUE(test, spu_queue_empty(&p->q));
}

static void start_is_busy_until_the_stop_was_read(struct kunit *test)
{
	struct pair *p = test->priv;

	KUNIT_ASSERT_EQ(test, 0, spu_run_begin(&p->run));
	KUNIT_EXPECT_EQ(test, -EBUSY, spu_run_begin(&p->run));
	KUNIT_EXPECT_TRUE(test, spu_run_release(&p->run));
	KUNIT_EXPECT_EQ(test, -EBUSY, spu_run_begin(&p->run));
	KUNIT_EXPECT_TRUE(test, spu_run_post(&p->run, SPU_EVENT_STOP, 2, 4));
	KUNIT_EXPECT_EQ(test, -EBUSY, spu_run_begin(&p->run));
	KUNIT_EXPECT_FALSE(test, spu_run_may_begin(&p->run));
	spu_queue_drop_first(&p->q);
	KUNIT_EXPECT_EQ(test, 0, spu_run_begin(&p->run));
}

static void event_is_read_as_it_was_posted(struct kunit *test)
{
	struct pair *p = test->priv;
	int i;

	/* Twice: the second run is as good as the first. */
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, 0, spu_run_begin(&p->run));
		KUNIT_EXPECT_TRUE(test, spu_run_post(&p->run, SPU_EVENT_INVALID_DMA,
						     0x1, 0x80 + i));
		KUNIT_EXPECT_TRUE(test, spu_run_post(&p->run, SPU_EVENT_STOP,
						     0x13370002, 0x3fffc));
		KUNIT_EXPECT_EQ(test, 2, p->q.len);
		expect_first(test, SPU_EVENT_INVALID_DMA, 0x1, 0x80 + i);
		expect_first(test, SPU_EVENT_STOP, 0x13370002, 0x3fffc);
		KUNIT_EXPECT_TRUE(test, spu_queue_empty(&p->q));
	}
	KUNIT_EXPECT_EQ(test, 2, p->run.runs);
	KUNIT_EXPECT_EQ(test, 4, p->run.events);
}

static void one_run_leaves_each_event_once(struct kunit *test)
{
	struct pair *p = test->priv;
	int i;

	/* An array that is too small would overflow here. */
	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(events), ARRAY_SIZE(p->run.record));
	KUNIT_ASSERT_EQ(test, 0, spu_run_begin(&p->run));
	for (i = ARRAY_SIZE(events) - 1; i >= 0; i--) {
		KUNIT_EXPECT_TRUE(test, spu_run_post(&p->run, events[i], i, 0));
		KUNIT_EXPECT_FALSE(test, spu_run_post(&p->run, events[i], i, 1));
	}
	for (i = ARRAY_SIZE(events) - 1; i >= 0; i--)
		expect_first(test, events[i], i, 0);
	KUNIT_EXPECT_TRUE(test, spu_queue_empty(&p->q));
}

static void stop_request_is_of_its_run_only(struct kunit *test)
{
	struct pair *p = test->priv;

	KUNIT_EXPECT_FALSE(test, spu_run_request_stop(&p->run));
	KUNIT_ASSERT_EQ(test, 0, spu_run_begin(&p->run));
	KUNIT_EXPECT_FALSE(test, p->run.stop);
	KUNIT_EXPECT_TRUE(test, spu_run_release(&p->run));
	KUNIT_EXPECT_TRUE(test, spu_run_request_stop(&p->run));
	KUNIT_EXPECT_TRUE(test, p->run.stop);
	/* Process context will find its end. */
	KUNIT_EXPECT_NE(test, SPU_RUN_RUNNING, p->run.state);
	KUNIT_EXPECT_TRUE(test, spu_run_post(&p->run, SPU_EVENT_STOP, 0, 0));
	expect_first(test, SPU_EVENT_STOP, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, spu_run_begin(&p->run));
	KUNIT_EXPECT_FALSE(test, p->run.stop);
}

static void cancelled_start_never_was(struct kunit *test)
{
	struct pair *p = test->priv;

	KUNIT_ASSERT_EQ(test, 0, spu_run_begin(&p->run));
	spu_run_cancel(&p->run);
	KUNIT_EXPECT_TRUE(test, spu_run_may_begin(&p->run));
	KUNIT_EXPECT_EQ(test, 0, p->run.runs);
	KUNIT_EXPECT_EQ(test, 0, p->run.events);
}

static void gone_context_keeps_its_events(struct kunit *test)
{
	struct pair *p = test->priv;

	KUNIT_ASSERT_EQ(test, 0, spu_run_begin(&p->run));
	KUNIT_ASSERT_TRUE(test, spu_run_post(&p->run, SPU_EVENT_STOP, 2, 4));
	spu_run_gone(&p->run);
	KUNIT_EXPECT_EQ(test, -ENODEV, spu_run_begin(&p->run));
	KUNIT_EXPECT_FALSE(test, spu_run_claim(&p->run));
	KUNIT_EXPECT_FALSE(test, spu_run_release(&p->run));
	spu_run_cancel(&p->run);
	expect_first(test, SPU_EVENT_STOP, 2, 4);
	KUNIT_EXPECT_EQ(test, -ENODEV, spu_run_begin(&p->run));
}

/*
 * Every operation, in every order of a number of steps, compared with the
 * contract, which this model works out with an unbounded list.
 */
enum {
	DO_BEGIN, DO_CANCEL, DO_CLAIM, DO_RELEASE, DO_GONE, DO_READ, DO_POST,
	DO_END = DO_POST + ARRAY_SIZE(events)
};

#define DEPTH	5

struct expected {
	u32 list[DEPTH];	/* all events posted so far */
	int posted, read;
	int first;		/* of this run */
	bool runs, irqs, gone;
};

static bool posted_in_run(const struct expected *e, u32 event)
{
	int i;

	for (i = e->first; i < e->posted; i++)
		if (e->list[i] == event)
			return true;
	return false;
}

/* Do one step.  Returns NULL, or a description of the failure. */
static const char *step(struct spu_event_queue *q, struct spu_run *run,
			struct expected *e, int what)
{
	u32 event;
	int ret;

	switch (what) {
	case DO_BEGIN:
		ret = spu_run_begin(run);
		if (e->gone)
			return ret == -ENODEV ? NULL : "begin when gone";
		if (e->runs || e->read != e->posted)
			return ret == -EBUSY ? NULL : "begin when busy";
		e->runs = true;
		e->irqs = false;
		e->first = e->posted;
		return ret ? "begin" : NULL;
	case DO_CANCEL:
		/* event.c cancels only what it has just begun */
		if (!e->runs || e->irqs || e->first != e->posted)
			return NULL;
		spu_run_cancel(run);
		e->runs = false;
		return NULL;
	case DO_CLAIM:
		e->irqs = false;
		return spu_run_claim(run) == e->runs ? NULL : "claim";
	case DO_RELEASE:
		e->irqs = e->runs;
		return spu_run_release(run) == e->runs ? NULL : "release";
	case DO_GONE:
		spu_run_gone(run);
		e->gone = true;
		e->runs = false;
		return NULL;
	case DO_READ:
		if (e->read == e->posted)
			return NULL;
		if (spu_queue_first(q)->event.event != e->list[e->read++])
			return "order of events";
		spu_queue_drop_first(q);
		return NULL;
	}

	event = events[what - DO_POST];
	if (spu_run_post(run, event, 0, 0) !=
	    (e->runs && !posted_in_run(e, event)))
		return "post";
	if (!e->runs || posted_in_run(e, event))
		return NULL;
	e->list[e->posted++] = event;
	if (event == SPU_EVENT_STOP)
		e->runs = false;
	return NULL;
}

static const char *differs(const struct spu_event_queue *q,
			   const struct spu_run *run, const struct expected *e)
{
	bool all_read = e->posted == e->read;
	bool irqs = run->state == SPU_RUN_RUNNING;

	if (q->len != e->posted - e->read)
		return "length";
	if (spu_queue_empty(q) != all_read)
		return "empty";
	if (spu_run_in_progress(run) != e->runs)
		return "in progress";
	if (spu_run_may_begin(run) !=
	    (!e->runs && !e->gone && all_read))
		return "may begin";
	if (e->runs && irqs != e->irqs)
		return "who ends it";
	return NULL;
}

/* The lists of records cannot be copied: start over for every order. */
static void try(struct kunit *test, const u8 *order)
{
	struct spu_event_queue q;
	struct spu_run run;
	struct expected e = {};
	const char *wrong;
	int i;

	spu_queue_setup(&q);
	spu_run_setup(&run, &q);
	for (i = 0; i < DEPTH; i++) {
		wrong = step(&q, &run, &e, order[i]);
		if (!wrong)
			wrong = differs(&q, &run, &e);
		if (!wrong)
			continue;
		KUNIT_FAIL(test, "%s is wrong at step %d of %*ph", wrong, i,
			   DEPTH, order);
		return;
	}
}

static void every_order_keeps_the_contract(struct kunit *test)
{
	u8 order[DEPTH] = {};
	unsigned long n = 0;
	int i;

	do {
		try(test, order);
		n++;
		/* the next one: a number of DEPTH digits */
		for (i = DEPTH - 1; i >= 0 && ++order[i] == DO_END; i--)
			order[i] = 0;
	} while (i >= 0);
	kunit_info(test, "%lu orders of %d steps", n, DEPTH);
}

static struct kunit_case spu_event_queue_cases[] = {
	KUNIT_CASE(new_context_can_start),
	KUNIT_CASE(start_is_busy_until_the_stop_was_read),
	KUNIT_CASE(event_is_read_as_it_was_posted),
	KUNIT_CASE(one_run_leaves_each_event_once),
	KUNIT_CASE(stop_request_is_of_its_run_only),
	KUNIT_CASE(cancelled_start_never_was),
	KUNIT_CASE(gone_context_keeps_its_events),
	KUNIT_CASE(every_order_keeps_the_contract),
	{}
};

static struct kunit_suite spu_event_queue_suite = {
	.name = "spufs_event_queue",
	.init = pair_init,
	.test_cases = spu_event_queue_cases,
};

kunit_test_suite(spu_event_queue_suite);

MODULE_DESCRIPTION("KUnit tests of asynchronous SPU contexts");
MODULE_LICENSE("GPL");
