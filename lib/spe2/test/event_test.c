// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Event handlers, with contexts that threads run and with contexts without a
 * thread. Results and errno: "SPE Runtime Management Library".
 */
#include "spe2_test.h"

FIXTURE(handler) {
	spe_event_handler_ptr_t handler;
	spe_context_ptr_t spe;
};

FIXTURE_SETUP(handler)
{
	self->handler = spe_event_handler_create();
	ASSERT_NE(NULL, self->handler);
	self->spe = spe_context_create(SPE_EVENTS_ENABLE, NULL);
	ASSERT_NE(NULL, self->spe);
	ASSERT_EQ(0, spe_program_load(self->spe, &prog));
}

FIXTURE_TEARDOWN(handler)
{
	EXPECT_EQ(0, spe_context_destroy(self->spe));
	EXPECT_EQ(0, spe_event_handler_destroy(self->handler));
}

static unsigned int wait_one(spe_event_handler_ptr_t handler, int timeout, unsigned int data)
{
	spe_event_unit_t event = {};
	int n = spe_event_wait(handler, &event, 1, timeout);

	if (n < 0)
		return ~0u;
	if (n && event.data.u32 != data)
		return ~1u;
	return n ? event.events : 0;
}

TEST_F(handler, wrong_arguments)
{
	spe_event_unit_t event = { .events = SPE_EVENT_SPE_STOPPED, .spe = self->spe };
	spe_event_unit_t unknown = { .events = 0x10, .spe = self->spe };
	spe_event_unit_t none = { .events = SPE_EVENT_SPE_STOPPED };
	spe_context_ptr_t plain = spe_context_create(0, NULL);
	spe_event_unit_t not_enabled = { .events = SPE_EVENT_IN_MBOX, .spe = plain };

	EXPECT_ERRNO(ESRCH, spe_event_handler_register(NULL, &event));
	EXPECT_ERRNO(EINVAL, spe_event_handler_register(self->handler, NULL));
	EXPECT_ERRNO(EINVAL, spe_event_handler_register(self->handler, &none));
	EXPECT_ERRNO(ENOTSUP, spe_event_handler_register(self->handler, &unknown));
	EXPECT_ERRNO(ENOTSUP, spe_event_handler_register(self->handler, &not_enabled));
	EXPECT_ERRNO(ENOENT, spe_event_handler_deregister(self->handler, &event));
	EXPECT_EQ(0, spe_event_handler_register(self->handler, &event));
	EXPECT_ERRNO(EEXIST, spe_event_handler_register(self->handler, &event));
	EXPECT_EQ(0, spe_event_handler_deregister(self->handler, &event));
	EXPECT_ERRNO(ESRCH, spe_event_wait(NULL, &event, 1, 0));
	EXPECT_ERRNO(EINVAL, spe_event_wait(self->handler, NULL, 1, 0));
	EXPECT_ERRNO(EINVAL, spe_event_wait(self->handler, &event, 0, 0));
	EXPECT_ERRNO(ESRCH, spe_event_handler_destroy(NULL));
	EXPECT_EQ(0, spe_context_destroy(plain));
}

TEST_F(handler, mailboxes)
{
	spe_event_unit_t event = {
		.events = SPE_EVENT_IN_MBOX | SPE_EVENT_OUT_INTR_MBOX, .spe = self->spe,
		.data.u32 = 7,
	};
	unsigned int words[4] = { 1, 2, 3, 4 };

	ASSERT_EQ(0, spe_event_handler_register(self->handler, &event));
	/* The event lasts as long as there is room. */
	EXPECT_EQ(SPE_EVENT_IN_MBOX, wait_one(self->handler, -1, 7));
	EXPECT_EQ(SPE_EVENT_IN_MBOX, wait_one(self->handler, 0, 7));
	ASSERT_EQ(4, spe_in_mbox_write(self->spe, words, 4, SPE_MBOX_ANY_NONBLOCKING));
	EXPECT_EQ(0, wait_one(self->handler, 10, 7));
}

static void *run(void *arg)
{
	unsigned int entry = SPE_DEFAULT_ENTRY;

	spe_context_run(arg, &entry, 0, NULL, NULL, NULL);
	return NULL;
}

TEST_F(handler, stopped)
{
	spe_event_unit_t event = {
		.events = SPE_EVENT_SPE_STOPPED, .spe = self->spe, .data.u32 = 9,
	};
	spe_stop_info_t info;
	pthread_t thread;

	ASSERT_EQ(0, spe_event_handler_register(self->handler, &event));
	EXPECT_EQ(0, wait_one(self->handler, 0, 9));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, self->spe));
	EXPECT_EQ(SPE_EVENT_SPE_STOPPED, wait_one(self->handler, -1, 9));
	/* It stays until it has been read. */
	EXPECT_EQ(SPE_EVENT_SPE_STOPPED, wait_one(self->handler, 0, 9));
	ASSERT_EQ(0, spe_stop_info_read(self->spe, &info));
	EXPECT_EQ(SPE_EXIT, info.stop_reason);
	EXPECT_EQ(0, wait_one(self->handler, 0, 9));
	pthread_join(thread, NULL);
	/* Two wait to be read: one is left after the first. */
	run(self->spe);
	run(self->spe);
	ASSERT_EQ(0, spe_stop_info_read(self->spe, &info));
	EXPECT_EQ(SPE_EVENT_SPE_STOPPED, wait_one(self->handler, 0, 9));
	ASSERT_EQ(0, spe_stop_info_read(self->spe, &info));
	EXPECT_EQ(0, wait_one(self->handler, 0, 9));
}

TEST_F(handler, outlived_by_contexts)
{
	spe_event_handler_ptr_t other = spe_event_handler_create();
	spe_event_unit_t event = { .events = SPE_EVENT_ALL_EVENTS, .spe = self->spe };

	ASSERT_EQ(0, spe_event_handler_register(other, &event));
	EXPECT_EQ(0, spe_event_handler_destroy(other));
	EXPECT_EQ(0, spe_event_handler_register(self->handler, &event));
}

static int handled;

static int count_call(void *ls, unsigned int npc)
{
	(void)ls;
	(void)npc;
	handled++;
	return 0;
}

/* One thread, and eight contexts that call now and then, without threads of their own */
TEST(without_threads)
{
	spe_event_handler_ptr_t handler = spe_event_handler_create();
	spe_event_unit_t event = { .events = SPE_EVENT_SPE_STOPPED };
	unsigned int i, left = 8, round;
	spe_context_ptr_t spe[8];
	spe_stop_info_t info;

	if (old_kernel())
		SKIP(return, "the kernel has no asynchronous contexts");
	ASSERT_EQ(0, spe_callback_handler_register((void *)count_call, 16, SPE_CALLBACK_NEW));
	for (i = 0; i < 8; i++) {
		spe[i] = spe_context_create(SPE_ASYNC | SPE_EVENTS_ENABLE, NULL);
		ASSERT_NE(NULL, spe[i]);
		ASSERT_EQ(0, spe_program_load(spe[i], &prog));
		event.spe = spe[i];
		event.data.u32 = i;
		ASSERT_EQ(0, spe_event_handler_register(handler, &event));
	}
	for (round = 0; round < 3; round++) {
		handled = 0;
		for (i = 0; i < 8; i++) {
			*ls_word(spe[i], SPU_PROG_COUNT) = i + 1;
			ASSERT_EQ(0, spe_context_start(spe[i], SPU_PROG_LOOP, 0, NULL, NULL));
		}
		for (left = 8; left; left--) {
			ASSERT_EQ(1, spe_event_wait(handler, &event, 1, -1));
			ASSERT_EQ(SPE_EVENT_SPE_STOPPED, event.events);
			EXPECT_EQ(spe[event.data.u32], event.spe);
			ASSERT_EQ(0, spe_stop_info_read(event.spe, &info));
			EXPECT_EQ(SPE_EXIT, info.stop_reason);
		}
		EXPECT_EQ(0, spe_event_wait(handler, &event, 1, 0));
		/* one call less than the counter has */
		EXPECT_EQ(0 + 1 + 2 + 3 + 4 + 5 + 6 + 7, handled);
	}
	ASSERT_EQ(0, spe_callback_handler_deregister(16));
	/* A context may go while it runs; the handler no longer reports its events. */
	ASSERT_EQ(0, spe_context_start(spe[0], SPU_PROG_SPIN, 0, NULL, NULL));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, spe_context_destroy(spe[i]));
	EXPECT_EQ(0, spe_event_wait(handler, &event, 1, 0));
	EXPECT_EQ(0, spe_event_handler_destroy(handler));
}

TEST_HARNESS_MAIN
