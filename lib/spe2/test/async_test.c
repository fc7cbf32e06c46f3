// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Contexts that run without a thread: spe_context_start(), _stop(), _fd(),
 * _dispatch(). A run has the same result as with spe_context_run().
 */
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "spe2_test.h"

FIXTURE(async) {
	spe_context_ptr_t spe;
};

FIXTURE_SETUP(async)
{
	self->spe = spe_context_create(SPE_ASYNC, NULL);
	ASSERT_NE(NULL, self->spe);
	ASSERT_EQ(0, spe_program_load(self->spe, &prog));
}

FIXTURE_TEARDOWN(async)
{
	EXPECT_EQ(0, spe_context_destroy(self->spe));
}

/* Wait for something to do, and do it */
static int one_step(spe_context_ptr_t spe)
{
	struct pollfd pollfd = { .fd = spe_context_fd(spe), .events = POLLIN };

	return poll(&pollfd, 1, 20000) == 1 ? spe_context_dispatch(spe, NULL, NULL) : -2;
}

/* Wait until the run is over */
static int finish(spe_context_ptr_t spe, unsigned int *entry, spe_stop_info_t *info)
{
	struct pollfd pollfd = { .fd = spe_context_fd(spe), .events = POLLIN };
	int ret;

	do {
		if (poll(&pollfd, 1, 20000) != 1)
			return -2;
		ret = spe_context_dispatch(spe, entry, info);
	} while (!ret);
	return ret;
}

TEST_F(async, start_to_exit)
{
	spe_stop_info_t info;
	unsigned int entry;

	ASSERT_ERRNO(ECHILD, spe_context_dispatch(self->spe, &entry, &info));
	ASSERT_EQ(0, spe_context_start(self->spe, SPE_DEFAULT_ENTRY, 0, (void *)5, NULL));
	ASSERT_ERRNO(EBUSY, spe_context_start(self->spe, SPE_DEFAULT_ENTRY, 0, NULL, NULL));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
	EXPECT_EQ(SPE_EXIT, info.stop_reason);
	EXPECT_EQ(7, info.result.spe_exit_code);
	EXPECT_EQ(5, ls_word(self->spe, SPU_PROG_REGS + 32)[1]);
	ASSERT_ERRNO(ECHILD, spe_context_dispatch(self->spe, NULL, NULL));
	/* and again, the other way */
	entry = SPE_DEFAULT_ENTRY;
	EXPECT_EQ(0, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
}

TEST_F(async, wrong_arguments)
{
	EXPECT_ERRNO(ESRCH, spe_context_start(NULL, 0, 0, NULL, NULL));
	EXPECT_ERRNO(ESRCH, spe_context_stop(NULL));
	EXPECT_ERRNO(ESRCH, spe_context_fd(NULL));
	EXPECT_ERRNO(ESRCH, spe_context_dispatch(NULL, NULL, NULL));
	EXPECT_ERRNO(ESRCH, spe_context_give_fd(NULL, 1));
	EXPECT_ERRNO(EBADF, spe_context_give_fd(self->spe, -1));
	EXPECT_ERRNO(EINVAL, spe_context_start(self->spe, 0, 8, NULL, NULL));
	EXPECT_ERRNO(EINVAL, spe_context_start(self->spe, 0, SPE_RUN_USER_REGS, NULL, NULL));
	EXPECT_EQ(0, spe_context_stop(self->spe));
}

TEST(not_asynchronous)
{
	spe_context_ptr_t spe;

	if (runs_async())
		SKIP(return, "with LIBSPE2_ASYNC=1 every context is asynchronous");
	spe = spe_context_create(0, NULL);
	ASSERT_NE(NULL, spe);
	EXPECT_ERRNO(ENOTSUP, spe_context_start(spe, 0, 0, NULL, NULL));
	EXPECT_ERRNO(ENOTSUP, spe_context_stop(spe));
	EXPECT_ERRNO(ENOTSUP, spe_context_fd(spe));
	EXPECT_ERRNO(ENOTSUP, spe_context_dispatch(spe, NULL, NULL));
	EXPECT_EQ(0, spe_context_destroy(spe));
}

TEST_F(async, stop)
{
	spe_stop_info_t info;
	unsigned int entry;

	ASSERT_EQ(0, spe_context_start(self->spe, SPU_PROG_SPIN, 0, NULL, NULL));
	ASSERT_EQ(0, spe_context_dispatch(self->spe, &entry, &info));
	ASSERT_EQ(0, spe_context_stop(self->spe));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
	EXPECT_EQ(SPE_STOPPED_ON_REQUEST, info.stop_reason);
	EXPECT_EQ(SPU_PROG_SPIN, entry);
	/* It goes on where it stopped. */
	ASSERT_EQ(0, spe_context_start(self->spe, entry, 0, NULL, NULL));
	ASSERT_EQ(0, spe_context_stop(self->spe));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
}

TEST_F(async, errors)
{
	static const struct {
		unsigned int entry, reason;
		int value, exception;
	} errors[] = {
		{ SPU_PROG_HALTED, SPE_RUNTIME_ERROR, SPE_SPU_HALT, 0 },
		{ SPU_PROG_ILLEGAL, SPE_RUNTIME_ERROR, SPE_SPU_INVALID_INSTR, 0x10 },
		{ SPU_PROG_UNMAPPED, SPE_RUNTIME_EXCEPTION, SPE_DMA_STORAGE, SPE_DMA_STORAGE },
	};
	spe_fault_info_t fault;
	spe_stop_info_t info;
	unsigned int i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		ASSERT_EQ(0, spe_context_start(self->spe, errors[i].entry, 0, NULL, NULL));
		ASSERT_EQ(1, finish(self->spe, NULL, &info));
		EXPECT_EQ(errors[i].reason, info.stop_reason);
		EXPECT_EQ(errors[i].value, info.result.spe_runtime_error);
		if (!errors[i].exception) {
			EXPECT_ERRNO(ENODATA, spe_fault_info_read(self->spe, &fault));
			continue;
		}
		ASSERT_EQ(0, spe_fault_info_read(self->spe, &fault));
		EXPECT_EQ(errors[i].exception, fault.exception);
	}
}

TEST_F(async, misaligned)
{
	spe_stop_info_t info;

	ASSERT_EQ(0, spe_context_start(self->spe, SPU_PROG_MISALIGNED, 0, NULL, NULL));
	ASSERT_EQ(1, finish(self->spe, NULL, &info));
	EXPECT_EQ(SPE_RUNTIME_EXCEPTION, info.stop_reason);
	EXPECT_EQ(SPE_DMA_ALIGNMENT, info.result.spe_runtime_exception);
}

static int fails(void *ls, unsigned int npc)
{
	(void)ls;
	(void)npc;
	return 17;
}

TEST_F(async, callback_error)
{
	spe_stop_info_t info;
	unsigned int entry;

	ASSERT_EQ(0, spe_callback_handler_register((void *)fails, 16, SPE_CALLBACK_NEW));
	*ls_word(self->spe, SPU_PROG_COUNT) = 2;
	ASSERT_EQ(0, spe_context_start(self->spe, SPU_PROG_LOOP, 0, NULL, NULL));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
	EXPECT_EQ(SPE_CALLBACK_ERROR, info.stop_reason);
	EXPECT_EQ(17, info.result.spe_callback_error);
	/* A program that asks for no callbacks serves them itself. */
	*ls_word(self->spe, SPU_PROG_COUNT) = 2;
	ASSERT_EQ(0, spe_context_start(self->spe, SPU_PROG_LOOP, SPE_NO_CALLBACKS, NULL, NULL));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
	EXPECT_EQ(SPE_STOP_AND_SIGNAL, info.stop_reason);
	EXPECT_EQ(0x2110, info.result.spe_signal_code);
	EXPECT_EQ(SPU_PROG_LOOP + 20, entry);
	ASSERT_EQ(0, spe_context_start(self->spe, entry + 4, 0, NULL, NULL));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
	EXPECT_EQ(SPE_EXIT, info.stop_reason);
	ASSERT_EQ(0, spe_callback_handler_deregister(16));
}

/* POSIX read() of @fd into local store: 16 bytes to DATA_AT */
static void put_read(spe_context_ptr_t spe, int fd)
{
	put_call(spe, 0x2101, 16 << 24 | ARGS_AT);
	put_args(spe, 3, (uint32_t[]){ fd, DATA_AT, 16 });
}

/*
 * One of eight waits for input, the others call and end; it gets its input when
 * they are done.
 */
TEST(one_waits_for_input)
{
	spe_context_ptr_t spe[8];
	spe_stop_info_t info;
	unsigned int i, round;
	int pipefd[2], fd;

	ASSERT_EQ(0, pipe(pipefd));
	for (i = 0; i < 8; i++) {
		spe[i] = spe_context_create(SPE_ASYNC, NULL);
		ASSERT_NE(NULL, spe[i]);
		ASSERT_EQ(0, spe_program_load(spe[i], &prog));
	}
	fd = spe_context_give_fd(spe[0], pipefd[0]);
	ASSERT_LE(3, fd);
	put_read(spe[0], fd);
	ASSERT_EQ(0, spe_context_start(spe[0], CALL_AT, 0, NULL, NULL));
	for (round = 0; round < 20; round++) {
		for (i = 1; i < 8; i++) {
			/* getpagesize() */
			put_call(spe[i], 0x2101, 6 << 24 | ARGS_AT);
			ASSERT_EQ(0, spe_context_start(spe[i], CALL_AT, 0, NULL, NULL));
		}
		for (i = 1; i < 8; i++) {
			ASSERT_EQ(1, finish(spe[i], NULL, &info));
			EXPECT_EQ(0x1001, info.result.spe_signal_code);
			EXPECT_EQ(getpagesize(), *ls_word(spe[i], ARGS_AT));
		}
		ASSERT_EQ(0, spe_context_dispatch(spe[0], NULL, &info));
	}
	ASSERT_EQ(5, write(pipefd[1], "input", 5));
	ASSERT_EQ(1, finish(spe[0], NULL, &info));
	EXPECT_EQ(0x1001, info.result.spe_signal_code);
	EXPECT_EQ(5, *ls_word(spe[0], ARGS_AT));
	EXPECT_EQ(0, memcmp(ls_word(spe[0], DATA_AT), "input", 5));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, spe_context_destroy(spe[i]));
}

/* A program that is stopped while it waits is as it was before its call. */
TEST_F(async, stop_during_a_call)
{
	spe_stop_info_t info;
	unsigned int entry;
	int pipefd[2], fd, left;

	ASSERT_EQ(0, pipe(pipefd));
	fd = spe_context_give_fd(self->spe, pipefd[0]);
	put_read(self->spe, fd);
	*ls_word(self->spe, DATA_AT) = 0x11111111;
	ASSERT_EQ(0, spe_context_start(self->spe, CALL_AT, 0, NULL, NULL));
	/* The event arrives, and this step takes up the call. */
	ASSERT_EQ(0, one_step(self->spe));
	ASSERT_EQ(0, spe_context_stop(self->spe));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
	EXPECT_EQ(SPE_STOPPED_ON_REQUEST, info.stop_reason);
	EXPECT_EQ(CALL_AT, entry);
	/* The old call takes this, and gives it to nobody. */
	ASSERT_EQ(1, write(pipefd[1], "a", 1));
	do {
		ASSERT_EQ(0, ioctl(pipefd[0], FIONREAD, &left));
	} while (left);
	EXPECT_EQ(0x11111111, *ls_word(self->spe, DATA_AT));
	EXPECT_EQ(fd, *ls_word(self->spe, ARGS_AT));
	/* The program calls again. */
	ASSERT_EQ(1, write(pipefd[1], "b", 1));
	ASSERT_EQ(0, spe_context_start(self->spe, entry, 0, NULL, NULL));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
	EXPECT_EQ(0x1001, info.result.spe_signal_code);
	EXPECT_EQ('b', *(char *)ls_word(self->spe, DATA_AT));
}

/* A context may go while one of its calls waits; the descriptor goes with the call. */
TEST(destroy_during_a_call)
{
	spe_context_ptr_t spe = spe_context_create(SPE_ASYNC, NULL);
	int pipefd[2], fd;

	ASSERT_NE(NULL, spe);
	ASSERT_EQ(0, spe_program_load(spe, &prog));
	ASSERT_EQ(0, pipe(pipefd));
	fd = spe_context_give_fd(spe, pipefd[0]);
	put_read(spe, fd);
	ASSERT_EQ(0, spe_context_start(spe, CALL_AT, 0, NULL, NULL));
	ASSERT_EQ(0, one_step(spe));
	ASSERT_EQ(0, spe_context_destroy(spe));
	ASSERT_EQ(1, write(pipefd[1], "a", 1));
	while (fcntl(fd, F_GETFD) >= 0)
		sched_yield();
}

/* The interrupt enable bit of npc outlives a call (cf. rdch SPU_RdMachStat). */
TEST_F(async, interrupts_stay_enabled)
{
	/* ila $2, +8; bie $2; rdch $3, $ch13; stqr; stop 0x2101; word; rdch; stqr; stop */
	static const uint32_t words[] = {
		0x42000000 | (CALL_AT + 8) << 7 | 2,	/* ila $2, CALL_AT + 8 */
		0x35040100,				/* bie $2 */
		0x01a00683,				/* rdch $3, $ch13 */
		0x2101,
		6 << 24 | ARGS_AT,
		0x01a00684,				/* rdch $4, $ch13 */
		0x1001,
	};
	unsigned int entry;
	spe_stop_info_t info;

	memcpy(ls_word(self->spe, CALL_AT), words, sizeof(words));
	ASSERT_EQ(0, spe_context_start(self->spe, CALL_AT, 0, NULL, NULL));
	ASSERT_EQ(1, finish(self->spe, &entry, &info));
	EXPECT_EQ(0x1001, info.result.spe_signal_code);
	/* the next instruction's address, and the bit */
	EXPECT_EQ((CALL_AT + 28) | 1, entry);
}

/* More contexts than SPEs, one epoll descriptor, many runs */
TEST(one_thread_many_contexts)
{
	enum { CONTEXTS = 16, RUNS = 25 };
	unsigned int i, left = CONTEXTS, runs[CONTEXTS] = {};
	spe_context_ptr_t spe[CONTEXTS];
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);
	spe_stop_info_t info;

	for (i = 0; i < CONTEXTS; i++) {
		spe[i] = spe_context_create(SPE_ASYNC, NULL);
		ASSERT_NE(NULL, spe[i]);
		ASSERT_EQ(0, spe_program_load(spe[i], &prog));
		event.data.u32 = i;
		ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, spe_context_fd(spe[i]), &event));
		ASSERT_EQ(0, spe_context_start(spe[i], SPE_DEFAULT_ENTRY, 0, NULL, NULL));
	}
	while (left) {
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, 20000));
		i = event.data.u32;
		if (!spe_context_dispatch(spe[i], NULL, &info))
			continue;
		ASSERT_EQ(SPE_EXIT, info.stop_reason);
		if (++runs[i] == RUNS) {
			left--;
			continue;
		}
		ASSERT_EQ(0, spe_context_start(spe[i], SPE_DEFAULT_ENTRY, 0, NULL, NULL));
	}
	for (i = 0; i < CONTEXTS; i++) {
		EXPECT_EQ(RUNS, runs[i]);
		EXPECT_EQ(0, spe_context_destroy(spe[i]));
	}
	close(epoll);
}

/*
 * A mapped problem-state area can be touched while the context is loaded. Before
 * that, a thread that touches it sleeps. It would sleep for ever if there were no
 * other thread.
 */
struct toucher {
	volatile spe_spu_control_area_t *area;
	volatile int before, after;
};

static void *touch(void *arg)
{
	struct toucher *t = arg;

	t->before = 1;
	(void)t->area->SPU_Status;
	t->after = 1;
	return NULL;
}

TEST(problem_state_waits_for_a_start)
{
	spe_context_ptr_t spe = spe_context_create(SPE_ASYNC | SPE_MAP_PS, NULL);
	struct toucher t = {};
	spe_stop_info_t info;
	pthread_t thread;
	int i;

	ASSERT_NE(NULL, spe);
	ASSERT_EQ(0, spe_program_load(spe, &prog));
	t.area = spe_ps_area_get(spe, SPE_CONTROL_AREA);
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch, &t));
	while (!t.before)
		sched_yield();
	for (i = 0; i < 1000; i++)
		sched_yield();
	EXPECT_EQ(0, t.after);
	ASSERT_EQ(0, spe_context_start(spe, SPU_PROG_SPIN, 0, NULL, NULL));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, t.after);
	ASSERT_EQ(0, spe_mssync_start(spe));
	while (spe_mssync_status(spe))
		;
	ASSERT_EQ(0, spe_context_stop(spe));
	ASSERT_EQ(1, finish(spe, NULL, &info));
	EXPECT_EQ(0, spe_context_destroy(spe));
}

static uint32_t memory[32] __attribute__((aligned(128)));

/* Everything that needs the context to be loaded */
#define EXPECT_EAGAIN(spe)						\
	do {								\
		EXPECT_ERRNO(EAGAIN, spe_mssync_start(spe));		\
		EXPECT_ERRNO(EAGAIN, spe_mssync_status(spe));		\
		EXPECT_ERRNO(EAGAIN, spe_mfcio_get(spe, DATA_AT, memory, 16, 3, 0, 0));	\
	} while (0)

/* Each of these contexts has an SPE once it has done a command. */
static void take_all_spes(struct __test_metadata *_metadata, spe_context_ptr_t *other,
			  unsigned int spes)
{
	unsigned int i;

	for (i = 0; i < spes; i++) {
		other[i] = spe_context_create(SPE_ASYNC, NULL);
		ASSERT_NE(NULL, other[i]);
		ASSERT_EQ(0, spe_program_load(other[i], &prog));
		ASSERT_EQ(0, spe_context_start(other[i], SPU_PROG_ECHO, 0, NULL, NULL));
	}
	for (i = 0; i < spes; i++)
		EXPECT_EQ(0, spe_mfcio_get(other[i], DATA_AT, memory, 16, 3, 0, 0));
}

/*
 * The functions of the library do not wait for something that only the calling thread
 * can do, whether the context was never loaded or others have its SPE. A system call
 * that is given an address in an area fails instead.
 */
TEST(problem_state_and_one_thread)
{
	const unsigned int spes = device_tree_count(DT_SPES);
	spe_context_ptr_t spe = spe_context_create(SPE_ASYNC | SPE_MAP_PS, NULL), other[spes];
	spe_spu_control_area_t *area;
	unsigned int i, status, word;
	spe_stop_info_t info;
	int pipefd[2];

	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_NE(NULL, spe);
	ASSERT_EQ(0, spe_program_load(spe, &prog));
	area = spe_ps_area_get(spe, SPE_CONTROL_AREA);
	EXPECT_EAGAIN(spe);
	EXPECT_ERRNO(EFAULT, write(pipefd[1], &area->SPU_Status, 4));

	ASSERT_EQ(0, spe_context_start(spe, SPU_PROG_SPIN, 0, NULL, NULL));
	EXPECT_EQ(0, spe_mssync_start(spe));
	while (spe_mssync_status(spe))
		;
	/* more than the queue has room for */
	memory[0] = 0x12345678;
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, spe_mfcio_get(spe, DATA_AT + 16 * i, memory, 16, i % 16, 0, 0));
	EXPECT_EQ(0, spe_mfcio_tag_status_read(spe, 0, SPE_TAG_ALL, &status));
	EXPECT_EQ(0xffff, status);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0x12345678, *ls_word(spe, DATA_AT + 16 * i));
	EXPECT_EQ(4, write(pipefd[1], &area->SPU_Status, 4));
	EXPECT_EQ(4, read(pipefd[0], &word, 4));
	EXPECT_EQ(1, word);		/* CBEA, SPU_Status: it runs */
	ASSERT_EQ(0, spe_context_stop(spe));
	ASSERT_EQ(1, finish(spe, NULL, &info));

	take_all_spes(_metadata, other, spes);
	EXPECT_EAGAIN(spe);
	/* It has a run, and waits for its turn. */
	ASSERT_EQ(0, spe_context_start(spe, SPU_PROG_SPIN, 0, NULL, NULL));
	EXPECT_EQ(0, spe_mfcio_get(spe, DATA_AT, memory, 16, 3, 0, 0));
	for (i = 0; i < spes; i++)
		EXPECT_EQ(0, spe_context_destroy(other[i]));
	EXPECT_EQ(0, spe_context_destroy(spe));
	close(pipefd[0]);
	close(pipefd[1]);
}

/* Nor do they wait if the program has stopped and nobody has read that yet. */
TEST(problem_state_after_a_stop)
{
	const unsigned int spes = device_tree_count(DT_SPES);
	spe_context_ptr_t spe = spe_context_create(SPE_ASYNC | SPE_MAP_PS, NULL), other[spes];
	struct pollfd pollfd = { .events = POLLIN };
	unsigned int i;

	ASSERT_NE(NULL, spe);
	ASSERT_EQ(0, spe_program_load(spe, &prog));
	*ls_word(spe, CALL_AT) = 0x1001;
	ASSERT_EQ(0, spe_context_start(spe, CALL_AT, 0, NULL, NULL));
	pollfd.fd = spe_context_fd(spe);
	ASSERT_EQ(1, poll(&pollfd, 1, 20000));
	take_all_spes(_metadata, other, spes);
	EXPECT_EAGAIN(spe);
	EXPECT_EQ(1, spe_context_dispatch(spe, NULL, NULL));
	for (i = 0; i < spes; i++)
		EXPECT_EQ(0, spe_context_destroy(other[i]));
	EXPECT_EQ(0, spe_context_destroy(spe));
}

/* With more of these contexts than SPEs, a start is refused instead of waiting. */
TEST(nosched)
{
	const unsigned int spes = device_tree_count(DT_SPES);
	spe_context_ptr_t spe[spes + 1];
	spe_stop_info_t info;
	unsigned int i;

	for (i = 0; i <= spes; i++) {
		spe[i] = spe_context_create(SPE_ASYNC | SPE_NOSCHED, NULL);
		ASSERT_NE(NULL, spe[i]);
		ASSERT_EQ(0, spe_program_load(spe[i], &prog));
	}
	for (i = 0; i < spes; i++)
		ASSERT_EQ(0, spe_context_start(spe[i], SPU_PROG_SPIN, 0, NULL, NULL));
	EXPECT_ERRNO(EAGAIN, spe_context_start(spe[spes], SPU_PROG_SPIN, 0, NULL, NULL));
	ASSERT_EQ(0, spe_context_stop(spe[0]));
	ASSERT_EQ(1, finish(spe[0], NULL, &info));
	ASSERT_EQ(0, spe_context_destroy(spe[0]));
	EXPECT_EQ(0, spe_context_start(spe[spes], SPU_PROG_SPIN, 0, NULL, NULL));
	for (i = 1; i <= spes; i++)
		EXPECT_EQ(0, spe_context_destroy(spe[i]));
}

TEST_HARNESS_MAIN
