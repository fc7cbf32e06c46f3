// SPDX-License-Identifier: GPL-2.0
/*
 * spu_run(2) as it always was. Runs on kernels without asynchronous contexts
 * too, so that both can be compared.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "../kselftest_harness.h"
#include "spufs_alarm.h"
#include "spufs_test.h"

#include "spu/call.h_shipped"
#include "spu/copy.h_shipped"
#include "spu/echo.h_shipped"
#include "spu/mfc.h_shipped"
#include "spu/stop.h_shipped"
#include "spu/work.h_shipped"

static siginfo_t caught;
static sig_atomic_t signals;

static void catch(int sig, siginfo_t *info, void *context)
{
	caught = *info;
	signals++;
}

static void catch_signal(int sig)
{
	struct sigaction action = { .sa_sigaction = catch, .sa_flags = SA_SIGINFO };

	sigaction(sig, &action, NULL);
	signals = 0;
}

FIXTURE(spu_run)
{
	int fd;
	long page;
	char *memory;	/* two pages, the second one without access */
};

FIXTURE_VARIANT(spu_run)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(spu_run, plain)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(spu_run, events)
{
	.flags = SPU_CREATE_EVENTS_ENABLED,
};

FIXTURE_SETUP(spu_run)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());

	self->page = sysconf(_SC_PAGESIZE);
	self->memory = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->memory != MAP_FAILED);
	ASSERT_EQ(0, mprotect(self->memory + self->page, self->page, PROT_NONE));

	self->fd = spu_create(variant->flags);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(spu_run)
{
	close(self->fd);
}

TEST_F(spu_run, returns_status_and_npc_of_a_stop)
{
	static const struct {
		__u32 npc, code;
	} stops[] = {
		{ SPU_STOP_STOP_0000, 0x0000 },
		{ SPU_STOP_STOP_1337, 0x1337 },
	};
	__u32 npc, event;
	int i;

	ASSERT_EQ(0, spu_load(self->fd, spu_stop));
	for (i = 0; i < ARRAY_SIZE(stops); i++) {
		npc = stops[i].npc;
		event = ~0;
		ASSERT_EQ(SPU_STATUS_STOP(stops[i].code),
			  sys_spu_run(self->fd, &npc, &event));
		EXPECT_EQ(stops[i].npc + 4, npc);
		EXPECT_EQ(0, event);
	}
}

TEST_F(spu_run, returns_status_of_a_halt)
{
	__u32 npc = SPU_STOP_HALT, event;
	int status;

	ASSERT_EQ(0, spu_load(self->fd, spu_stop));
	status = sys_spu_run(self->fd, &npc, &event);
	EXPECT_EQ(SPU_STATUS_STOPPED_BY_HALT, status & SPU_STATUS_FLAGS);
}

TEST_F(spu_run, sends_sigtrap_at_stop_3fff)
{
	__u32 npc = SPU_STOP_STOP_3FFF, event;

	catch_signal(SIGTRAP);
	ASSERT_EQ(0, spu_load(self->fd, spu_stop));
	EXPECT_ERROR(EINTR, sys_spu_run(self->fd, &npc, &event));
	EXPECT_EQ(1, signals);
	EXPECT_EQ(SPU_STOP_STOP_3FFF + 4, npc);
}

TEST_F(spu_run, performs_system_call_2104)
{
	struct {
		__u64 nr_ret, parm[6];
	} block = { .nr_ret = SYS_getppid };
	__u32 npc = 0, event;

	ASSERT_EQ(0, spu_load(self->fd, spu_call));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_CALL_BLOCK, &block, sizeof(block)));
	ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE),
		  sys_spu_run(self->fd, &npc, &event));
	ASSERT_EQ(0, spu_peek(self->fd, SPU_CALL_BLOCK, &block, sizeof(block)));
	EXPECT_EQ(getppid(), block.nr_ret);
}

TEST_F(spu_run, is_interrupted_by_a_signal_and_resumed)
{
	__u32 npc = 0, event;

	ASSERT_EQ(0, spu_load(self->fd, spu_echo));
	/* no SA_RESTART: spu_run() is to return EINTR */
	alarm_every(10000, 0, count_alarm);
	ASSERT_EQ(-1, sys_spu_run(self->fd, &npc, &event));
	ASSERT_EQ(EINTR, errno);
	alarm_never();
	EXPECT_LE(1, alarms);
	/* the program waits at its rdch, and goes on there */
	EXPECT_EQ(SPU_ECHO_WAIT, npc);
	ASSERT_EQ(0, spu_tell(self->fd, 42));
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE),
		  sys_spu_run(self->fd, &npc, &event));
}

TEST_F(spu_run, resolves_faults_of_dma)
{
	const unsigned int chunks = 4, size = 1024;
	size_t len = chunks * self->page;
	struct copy_args args = { .size = size, .chunks = chunks, .stride = self->page };
	__u32 npc = 0, event;
	char *source, *target;
	unsigned int i, j;

	source = mmap(NULL, 2 * len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(source != MAP_FAILED);
	target = source + len;
	for (i = 0; i < len; i++)
		source[i] = i * 7 + i / self->page;

	args.src_hi = spu_eah(source);
	args.src_lo = spu_eal(source);
	args.dst_hi = spu_eah(target);
	args.dst_lo = spu_eal(target);
	ASSERT_EQ(0, spu_load(self->fd, spu_copy));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_COPY_ARGS, &args, sizeof(args)));
	ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE),
		  sys_spu_run(self->fd, &npc, &event));
	EXPECT_EQ(0, event);
	for (i = 0; i < chunks; i++) {
		char *from = source + i * self->page;
		char *to = target + i * self->page;

		EXPECT_EQ(0, memcmp(from, to, size));
		for (j = size; j < self->page && !to[j]; j++)
			;
		EXPECT_EQ(self->page, j);
	}
}

/* The result of an error for a context with events, and for one without */
struct error {
	int event, signal, code;
};

static void expect_error(struct __test_metadata *_metadata, int fd,
			 unsigned int flags, __u32 npc,
			 const struct error *error)
{
	__u32 event = ~0;
	int ret;

	catch_signal(error->signal);
	ret = sys_spu_run(fd, &npc, &event);
	if (flags & SPU_CREATE_EVENTS_ENABLED) {
		EXPECT_LE(0, ret);
		EXPECT_EQ(error->event, event);
		EXPECT_EQ(0, signals);
	} else {
		EXPECT_EQ(-1, ret);
		EXPECT_EQ(EINTR, errno);
		EXPECT_EQ(1, signals);
		EXPECT_EQ(error->code, caught.si_code);
	}
}

static void expect_mfc_error(struct __test_metadata *_metadata, int fd,
			     unsigned int flags,
			     __u32 cmd, __u32 lsa, __u64 ea, __u32 size,
			     const struct error *error)
{
	struct mfc_args args = {
		.cmd = cmd, .lsa = lsa, .size = size,
		.eah = ea >> 32, .eal = ea,
	};

	ASSERT_EQ(0, spu_load(fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(fd, SPU_MFC_ARGS, &args, sizeof(args)));
	expect_error(_metadata, fd, flags, 0, error);
}

TEST_F(spu_run, reports_an_illegal_instruction)
{
	const struct error error = { SPE_EVENT_SPE_ERROR, SIGILL, ILL_ILLOPC };

	ASSERT_EQ(0, spu_load(self->fd, spu_stop));
	expect_error(_metadata, self->fd, variant->flags, SPU_STOP_ILLEGAL, &error);
	if (!variant->flags)
		EXPECT_EQ(SPU_STOP_ILLEGAL, (unsigned long)caught.si_addr);
}

TEST_F(spu_run, reports_a_misaligned_dma)
{
	const struct error error = { SPE_EVENT_DMA_ALIGNMENT, SIGBUS, BUS_ADRALN };

	/* 16 bytes from an address that is not a multiple of 16 */
	expect_mfc_error(_metadata, self->fd, variant->flags, MFC_GET, 0x4000,
			 (uintptr_t)self->memory + 4, 16, &error);
}

TEST_F(spu_run, reports_an_invalid_mfc_command)
{
	const struct error error = { SPE_EVENT_INVALID_DMA, SIGBUS, BUS_OBJERR };

	expect_mfc_error(_metadata, self->fd, variant->flags, 0x03, 0x4000,
			 (uintptr_t)self->memory, 16, &error);
}

TEST_F(spu_run, reports_an_unresolvable_address)
{
	const struct error error = {
		SPE_EVENT_SPE_DATA_STORAGE, SIGSEGV, SEGV_ACCERR
	};
	uintptr_t ea = (uintptr_t)self->memory + self->page;

	expect_mfc_error(_metadata, self->fd, variant->flags, MFC_PUT, 0x4000, ea, 16,
			 &error);
	if (!variant->flags)
		EXPECT_EQ(ea, (uintptr_t)caught.si_addr & -self->page);
}

/* And does not take it for a user address with the same low bits. */
TEST_F(spu_run, reports_a_kernel_address)
{
	const struct error error = {
		SPE_EVENT_SPE_DATA_STORAGE, SIGSEGV, SEGV_ACCERR
	};
	char text[16] = "local store";

	ASSERT_EQ(0, map_alias());
	ASSERT_EQ(0, spu_poke(self->fd, 0x4000, text, sizeof(text)));
	expect_mfc_error(_metadata, self->fd, variant->flags, MFC_GET, 0x4000,
			 KERNEL_EA, sizeof(text), &error);
	memset(text, 0, sizeof(text));
	ASSERT_EQ(0, spu_peek(self->fd, 0x4000, text, sizeof(text)));
	EXPECT_STREQ("local store", text);
}

struct worker {
	pthread_t thread;
	int fd, ret;
	__u32 npc, event;
};

static void *run_worker(void *arg)
{
	struct worker *worker = arg;

	worker->ret = sys_spu_run(worker->fd, &worker->npc, &worker->event);
	return NULL;
}

/*
 * More threads than SPEs. As many programs as there are SPEs are loaded and
 * wait for a word; the others get theirs first, so that they can end only
 * after they have got the SPE of one that waits.
 */
TEST_F_TIMEOUT(spu_run, shares_the_spes_among_more_threads, 120)
{
	int spes = spe_count(), count = spes * 5 / 2, i;
	struct work_args args = { .steps = 10000 };
	struct worker *workers;
	__u32 (*results)[4];

	workers = calloc(count, sizeof(*workers));
	results = mmap(NULL, count * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(results != MAP_FAILED);

	for (i = 0; i < count; i++) {
		struct worker *worker = &workers[i];

		worker->fd = spu_create(variant->flags);
		ASSERT_LE(0, worker->fd);
		args.eah = spu_eah(results[i]);
		args.eal = spu_eal(results[i]);
		ASSERT_EQ(0, spu_load(worker->fd, spu_work));
		ASSERT_EQ(0, spu_poke(worker->fd, SPU_WORK_ARGS, &args,
				      sizeof(args)));
		ASSERT_EQ(0, pthread_create(&worker->thread, NULL, run_worker,
					    worker));
		if (i < spes)
			ASSERT_TRUE(wait_until(loaded_on(worker->fd) >= 0));
	}
	for (i = count - 1; i >= 0; i--) {
		ASSERT_EQ(0, spu_tell(workers[i].fd, i + 1));
		if (i == spes)
			for (int late = spes; late < count; late++)
				pthread_join(workers[late].thread, NULL);
	}
	for (i = 0; i < count; i++) {
		if (i < spes)
			pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), workers[i].ret);
		EXPECT_EQ(xorshift32(i + 1, args.steps), results[i][0]);
		EXPECT_EQ(results[i][0],
			  spu_peek_word(workers[i].fd, SPU_WORK_RESULT));
		close(workers[i].fd);
	}
}

TEST(spu_run_needs_a_context)
{
	__u32 npc = 0, event;
	int fd = open("/", O_RDONLY);

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	EXPECT_ERROR(EINVAL, sys_spu_run(fd, &npc, &event));
	EXPECT_ERROR(EBADF, sys_spu_run(-1, &npc, &event));
	close(fd);
}

TEST(spu_create_refuses_unknown_flags)
{
	unsigned int bit;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	/* a kernel may have 0x0040 or not */
	for (bit = 0x0080; bit; bit <<= 1)
		EXPECT_ERROR(EINVAL, spu_create(bit));
}

TEST_HARNESS_MAIN
