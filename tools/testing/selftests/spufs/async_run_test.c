// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of an asynchronous SPU context: their beginning and end, their events,
 * the memory that they see, and the sharing of SPEs by many contexts.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "async_test.h"
#include "spufs_alarm.h"

#include "spu/copy.h_shipped"
#include "spu/count.h_shipped"
#include "spu/echo.h_shipped"
#include "spu/mfc.h_shipped"
#include "spu/spin.h_shipped"
#include "spu/stop.h_shipped"
#include "spu/work.h_shipped"

#define RESTARTS	10000
#define RACES		2000

/* The flags for the reason of a stop: none of them after a STOP request */
#define WHY_STOPPED	(SPU_STATUS_RUNNING | SPU_STATUS_STOPPED_BY_STOP |	\
			 SPU_STATUS_STOPPED_BY_HALT | SPU_STATUS_SINGLE_STEP |	\
			 SPU_STATUS_INVALID_INSTR)

#define SPU_STATUS_ILLEGAL	(SPU_STATUS_INVALID_INSTR | SPU_STATUS_INVALID_CH)

FIXTURE(stop)
{
	struct async ctx;
};

FIXTURE_VARIANT(stop)
{
	__u32 npc;	/* of the stop instruction */
	__u32 status;
};

/*
 * spu_run performs 0x2104 itself and sends SIGTRAP for 0x3fff; asynchronously,
 * they are stops like any other.
 */
FIXTURE_VARIANT_ADD(stop, code_0000)
{
	.npc = SPU_STOP_STOP_0000, .status = SPU_STATUS_STOP(0x0000),
};

FIXTURE_VARIANT_ADD(stop, code_1337)
{
	.npc = SPU_STOP_STOP_1337, .status = SPU_STATUS_STOP(0x1337),
};

FIXTURE_VARIANT_ADD(stop, code_2104)
{
	.npc = SPU_STOP_STOP_2104, .status = SPU_STATUS_STOP(0x2104),
};

FIXTURE_VARIANT_ADD(stop, code_3fff)
{
	.npc = SPU_STOP_STOP_3FFF, .status = SPU_STATUS_STOP(0x3fff),
};

FIXTURE_SETUP(stop)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
}

FIXTURE_TEARDOWN(stop)
{
	async_close(&self->ctx);
}

TEST_F(stop, is_one_event_with_status_and_npc)
{
	int i;

	/* twice: the SPU is loaded the second time */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, async_start(&self->ctx, variant->npc));
		EXPECT_STOP(&self->ctx, variant->status, variant->npc + 4);
	}
}

FIXTURE(run)
{
	struct async ctx;
	long page;
	char *memory;	/* two pages, the second one without access */
};

FIXTURE_SETUP(run)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	self->page = sysconf(_SC_PAGESIZE);
	self->memory = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->memory != MAP_FAILED);
	ASSERT_EQ(0, mprotect(self->memory + self->page, self->page, PROT_NONE));
	ASSERT_EQ(0, async_create(&self->ctx, 0));
}

FIXTURE_TEARDOWN(run)
{
	async_close(&self->ctx);
}

TEST_F(run, ends_with_a_halt)
{
	struct spu_event event;

	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_HALT));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(SPU_STATUS_STOPPED_BY_HALT, event.status & WHY_STOPPED);
	EXPECT_NO_EVENT(&self->ctx);
}

TEST_F(run, steps_one_instruction)
{
	const struct control step = { SPU_CONTROL_STEP_SPU, SPU_STOP_STEP };
	struct spu_event event;

	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	ASSERT_EQ(START_LEN, write(self->ctx.event, &step, START_LEN));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(SPU_STATUS_SINGLE_STEP, event.status & WHY_STOPPED);
	EXPECT_EQ(SPU_STOP_STEP + 4, event.npc);
	EXPECT_NO_EVENT(&self->ctx);

	/* and the next START is not a step */
	ASSERT_EQ(0, async_start(&self->ctx, event.npc));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(SPU_DONE), SPU_STOP_STEP + 12);
}

/* A stop event, from a program that spins, with no reason of the SPU's own */
#define EXPECT_REQUESTED_STOP(ctx, first_npc, last_npc) do {		\
	const struct async *__ctx = (ctx);				\
	struct spu_event __event;					\
									\
	ASSERT_EVENT(__ctx, SPU_EVENT_STOP, &__event);			\
	EXPECT_EQ(0, __event.status & WHY_STOPPED);			\
	EXPECT_LE(first_npc, __event.npc);				\
	EXPECT_GE(last_npc, __event.npc);				\
	EXPECT_NO_EVENT(__ctx);						\
} while (0)

TEST_F(run, is_stopped_while_it_spins)
{
	const struct async *ctx = &self->ctx;
	__u32 count;

	ASSERT_EQ(0, spu_load(ctx->fd, spu_spin));
	ASSERT_EQ(0, async_start(ctx, 0));
	ASSERT_TRUE(wait_until(spu_peek_word(ctx->fd, SPU_SPIN_COUNT) > 100));
	ASSERT_EQ(0, async_stop(ctx));
	EXPECT_REQUESTED_STOP(ctx, SPU_SPIN_LOOP, SPU_SPIN_LOOP + 8);
	count = spu_peek_word(ctx->fd, SPU_SPIN_COUNT);
	EXPECT_LT(100, count);

	/* it does not run, and then goes on where it was */
	EXPECT_EQ(count, spu_peek_word(ctx->fd, SPU_SPIN_COUNT));
	ASSERT_EQ(0, async_start(ctx, SPU_SPIN_LOOP));
	ASSERT_TRUE(wait_until(spu_peek_word(ctx->fd, SPU_SPIN_COUNT) >
			       count + 1));
	ASSERT_EQ(0, async_stop(ctx));
	EXPECT_REQUESTED_STOP(ctx, SPU_SPIN_LOOP, SPU_SPIN_LOOP + 8);
}

TEST_F(run, is_stopped_while_it_waits_for_a_channel)
{
	const struct async *ctx = &self->ctx;

	ASSERT_EQ(0, spu_load(ctx->fd, spu_echo));
	ASSERT_EQ(0, async_start(ctx, SPU_ECHO_WAIT));
	ASSERT_TRUE(wait_until(loaded_on(ctx->fd) >= 0));
	ASSERT_EQ(0, async_stop(ctx));
	EXPECT_REQUESTED_STOP(ctx, SPU_ECHO_WAIT, SPU_ECHO_WAIT);
	ASSERT_EQ(0, async_start(ctx, SPU_ECHO_WAIT));
	ASSERT_EQ(0, spu_tell(ctx->fd, 1));
	EXPECT_STOP(ctx, SPU_STATUS_STOP(SPU_DONE), SPU_ECHO_STOPPED);
}

TEST_F_TIMEOUT(run, restarted_often_has_one_stop_each, 120)
{
	const struct async *ctx = &self->ctx;
	struct spu_event event = { .npc = 0 };
	int i;

	ASSERT_EQ(0, spu_load(ctx->fd, spu_count));
	for (i = 1; i <= RESTARTS; i++) {
		ASSERT_EQ(0, async_start(ctx, event.npc));
		ASSERT_EVENT(ctx, SPU_EVENT_STOP, &event);
		ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE), event.status);
		ASSERT_EQ(SPU_COUNT_STOPPED, event.npc);
	}
	EXPECT_NO_EVENT(ctx);
	/* and each START ran the program once */
	EXPECT_EQ(RESTARTS, spu_peek_word(ctx->fd, SPU_COUNT_COUNT));
}

/*
 * STOP races with a program that stops by itself, sooner or later: there is one
 * event all the same.
 */
TEST_F_TIMEOUT(run, stopped_while_it_stops_has_one_stop, 120)
{
	const struct async *ctx = &self->ctx;
	struct spu_event event;
	int i, by_itself = 0;

	ASSERT_EQ(0, spu_load(ctx->fd, spu_count));
	for (i = 0; i < RACES; i++) {
		/* three instructions each, up to 100 us */
		__u32 delay = 100000 / RACES * i;

		ASSERT_EQ(0, spu_poke(ctx->fd, SPU_COUNT_DELAY, &delay,
				      sizeof(delay)));
		ASSERT_EQ(0, async_start(ctx, 0));
		ASSERT_EQ(0, async_stop(ctx));
		ASSERT_EVENT(ctx, SPU_EVENT_STOP, &event);
		if (event.status & SPU_STATUS_STOPPED_BY_STOP) {
			ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE), event.status);
			ASSERT_EQ(SPU_COUNT_STOPPED, event.npc);
			by_itself++;
		} else {
			ASSERT_EQ(0, event.status & WHY_STOPPED);
			ASSERT_GT(SPU_COUNT_STOPPED, event.npc);
		}
		ASSERT_EQ(0, async_stop(ctx));
		EXPECT_NO_EVENT(ctx);
	}
	TH_LOG("%d of %d stopped by themselves", by_itself, RACES);
	EXPECT_LE(by_itself, spu_peek_word(ctx->fd, SPU_COUNT_COUNT));
}

TEST_F(run, leaves_the_other_files_usable)
{
	const struct async *ctx = &self->ctx;
	__u32 word = 0;
	int mbox;

	mbox = openat(ctx->fd, "mbox", O_RDONLY);
	ASSERT_LE(0, mbox);
	ASSERT_EQ(0, spu_load(ctx->fd, spu_echo));
	ASSERT_EQ(0, async_start(ctx, SPU_ECHO_WAIT));
	EXPECT_EQ(spu_echo[0], spu_peek_word(ctx->fd, 0));
	ASSERT_EQ(0, spu_poke(ctx->fd, 0x1000, "now", 4));
	ASSERT_EQ(0, spu_tell(ctx->fd, 0xfeedbeef));
	EXPECT_STOP(ctx, SPU_STATUS_STOP(SPU_DONE), SPU_ECHO_STOPPED);
	EXPECT_EQ(4, read(mbox, &word, 4));
	EXPECT_EQ(0xfeedbeef, word);
	close(mbox);
}

/* Source and target of a copy by DMA; the target is not present yet. */
struct copy {
	unsigned char *source, *target;
	struct copy_args args;
	size_t page, len;
};

static int copy_prepare(struct copy *copy, int fd)
{
	copy->page = sysconf(_SC_PAGESIZE);
	copy->len = 16 * copy->page;
	copy->source = mmap(NULL, 2 * copy->len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy->source == MAP_FAILED)
		return -1;
	copy->target = copy->source + copy->len;
	copy->args = (struct copy_args) {
		.src_hi = spu_eah(copy->source),
		.src_lo = spu_eal(copy->source),
		.dst_hi = spu_eah(copy->target),
		.dst_lo = spu_eal(copy->target),
		.size = 2048, .chunks = 16, .stride = copy->page,
	};
	return spu_load(fd, spu_copy) ?:
		spu_poke(fd, SPU_COPY_ARGS, &copy->args, sizeof(copy->args));
}

static unsigned char pattern(const struct copy *copy, size_t offset)
{
	return offset * 7 + offset / copy->page + 1;
}

static void copy_fill(const struct copy *copy, unsigned char more)
{
	size_t i;

	for (i = 0; i < copy->len; i++)
		copy->source[i] = pattern(copy, i) + more;
}

/* The number of wrong bytes in the target */
static size_t copy_errors(const struct copy *copy, bool copied)
{
	size_t i, errors = 0;

	for (i = 0; i < copy->len; i++) {
		if (copied && i % copy->page < copy->args.size)
			errors += copy->target[i] != pattern(copy, i);
		else
			errors += copy->target[i] != 0;
	}
	return errors;
}

TEST_F(run, resolves_faults_of_dma)
{
	struct copy copy;

	ASSERT_EQ(0, copy_prepare(&copy, self->ctx.fd));
	copy_fill(&copy, 0);
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(SPU_DONE), SPU_COPY_STOPPED);
	EXPECT_EQ(0, copy_errors(&copy, true));
}

/* GET from pages that were never touched reads zeroes */
TEST_F(run, resolves_faults_of_get)
{
	struct copy copy;

	ASSERT_EQ(0, copy_prepare(&copy, self->ctx.fd));
	memset(copy.target, 0xa5, copy.len);
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(SPU_DONE), SPU_COPY_STOPPED);
	for (size_t i = 0; i < copy.args.chunks; i++) {
		EXPECT_EQ(0, copy.target[i * copy.page]);
		EXPECT_EQ(0, copy.target[i * copy.page + copy.args.size - 1]);
		EXPECT_EQ(0xa5, copy.target[i * copy.page + copy.args.size]);
	}
}

/*
 * A context uses its creator's memory, whoever starts it. A child that has
 * other data at the same addresses must see no difference. It waits for the
 * event itself, so that only the child could be mistaken for the runner.
 */
TEST_F(run, started_by_a_child_sees_the_creators_memory)
{
	struct copy copy;
	int status;
	pid_t child;

	ASSERT_EQ(0, copy_prepare(&copy, self->ctx.fd));
	copy_fill(&copy, 0);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct spu_event event;
		int bad = 0;

		copy_fill(&copy, 100);
		bad |= async_start(&self->ctx, 0) ? 1 : 0;
		bad |= async_next(&self->ctx, &event) != sizeof(event) ? 2 : 0;
		bad |= event.status != SPU_STATUS_STOP(SPU_DONE) ? 4 : 0;
		bad |= copy_errors(&copy, false) ? 8 : 0;
		_exit(bad);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_NO_EVENT(&self->ctx);
	EXPECT_EQ(0, copy_errors(&copy, true));
}

/* And goes on when the process that started it is gone. */
TEST_F(run, outlives_the_child_that_started_it)
{
	struct copy copy;
	int status;
	pid_t child;

	ASSERT_EQ(0, copy_prepare(&copy, self->ctx.fd));
	copy_fill(&copy, 0);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(async_start(&self->ctx, 0) ? 1 : 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(SPU_DONE), SPU_COPY_STOPPED);
	EXPECT_EQ(0, copy_errors(&copy, true));
}

static int start_mfc_ea(const struct async *ctx, __u32 cmd, __u32 lsa,
			__u64 ea, __u32 size)
{
	struct mfc_args args = {
		.cmd = cmd, .lsa = lsa, .size = size,
		.eah = ea >> 32, .eal = ea,
	};

	return spu_load(ctx->fd, spu_mfc) ?:
		spu_poke(ctx->fd, SPU_MFC_ARGS, &args, sizeof(args)) ?:
		async_start(ctx, 0);
}

static int start_mfc(const struct async *ctx, __u32 cmd, __u32 lsa,
		     void *ea, __u32 size)
{
	return start_mfc_ea(ctx, cmd, lsa, (uintptr_t)ea, size);
}

/* An error event of this type, then STOP, then nothing */
#define EXPECT_MFC_ERROR(ctx, type) do {				\
	const struct async *__failed = (ctx);				\
	struct spu_event __error;					\
									\
	ASSERT_EVENT(__failed, type, &__error);				\
	EXPECT_REQUESTED_STOP(__failed, SPU_MFC_WAITING - 12,		\
			      SPU_MFC_WAITING);				\
} while (0)

TEST_F(run, ends_with_a_misaligned_dma)
{
	ASSERT_EQ(0, start_mfc(&self->ctx, MFC_GET, 0x4000, self->memory + 4, 16));
	EXPECT_MFC_ERROR(&self->ctx, SPU_EVENT_DMA_ALIGNMENT);
}

TEST_F(run, ends_with_a_dma_of_bad_size)
{
	/* 1, 2, 4, 8 or a multiple of 16 */
	ASSERT_EQ(0, start_mfc(&self->ctx, MFC_GET, 0x4000, self->memory, 17));
	EXPECT_MFC_ERROR(&self->ctx, SPU_EVENT_DMA_ALIGNMENT);
}

TEST_F(run, ends_with_an_invalid_mfc_command)
{
	ASSERT_EQ(0, start_mfc(&self->ctx, 0x03, 0x4000, self->memory, 16));
	EXPECT_MFC_ERROR(&self->ctx, SPU_EVENT_INVALID_DMA);
}

#define TEXT	"from memory"
#define LS_TEXT	"local store"

/* It is not taken for a user address with the same low bits. */
TEST_F(run, ends_with_a_dma_to_a_kernel_address)
{
	char text[16] = LS_TEXT;

	ASSERT_EQ(0, map_alias());
	ASSERT_EQ(0, spu_poke(self->ctx.fd, 0x4000, text, sizeof(text)));
	ASSERT_EQ(0, start_mfc_ea(&self->ctx, MFC_GET, 0x4000, KERNEL_EA,
				  sizeof(text)));
	EXPECT_MFC_ERROR(&self->ctx, SPU_EVENT_DATA_STORAGE);
	memset(text, 0, sizeof(text));
	ASSERT_EQ(0, spu_peek(self->ctx.fd, 0x4000, text, sizeof(text)));
	EXPECT_STREQ(LS_TEXT, text);
}

/* An address without a segment, and therefore without a page */
TEST_F(run, ends_with_a_dma_to_no_segment)
{
	const __u64 eas[] = {
		0x1000000000000000ULL,	/* neither user nor kernel */
		/* right behind the range of a page table */
		1ULL << (self->page == 4096 ? 46 : 52),
	};
	struct async ctx;
	int i;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	for (i = 0; i < ARRAY_SIZE(eas); i++) {
		ASSERT_EQ(0, async_create(&ctx, 0));
		ASSERT_EQ(0, start_mfc_ea(&ctx, MFC_GET, 0x4000, eas[i], 16));
		EXPECT_MFC_ERROR(&ctx, SPU_EVENT_DATA_STORAGE);
		async_close(&ctx);
	}
}

TEST_F(run, ends_with_an_illegal_instruction)
{
	struct spu_event event;

	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_ILLEGAL));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_SPE_ERROR, &event);
	EXPECT_TRUE(event.status & SPU_STATUS_INVALID_INSTR);
	/* spu_run's SIGILL is for npc - 4 */
	EXPECT_EQ(SPU_STOP_ILLEGAL + 4, event.npc);
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_TRUE(event.status & SPU_STATUS_INVALID_INSTR);
	EXPECT_EQ(SPU_STOP_ILLEGAL + 4, event.npc);
	EXPECT_NO_EVENT(&self->ctx);

	/* no harm done: another program can follow */
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_STOP_1337));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
}

TEST_F(run, ends_with_an_illegal_channel)
{
	struct spu_event event;

	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_CHANNEL));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_SPE_ERROR, &event);
	EXPECT_EQ(SPU_STATUS_INVALID_CH, event.status & SPU_STATUS_ILLEGAL);
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(SPU_STATUS_INVALID_CH, event.status & SPU_STATUS_ILLEGAL);
	EXPECT_NO_EVENT(&self->ctx);

	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_STOP_1337));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
}

FIXTURE(unresolvable)
{
	struct async ctx;
	long page;
	char *memory;
};

FIXTURE_VARIANT(unresolvable)
{
	__u32 cmd;
	int prot;	/* insufficient protection */
	bool unmapped;
};

FIXTURE_VARIANT_ADD(unresolvable, get_without_access)
{
	.cmd = MFC_GET, .prot = PROT_NONE,
};

FIXTURE_VARIANT_ADD(unresolvable, put_without_access)
{
	.cmd = MFC_PUT, .prot = PROT_NONE,
};

FIXTURE_VARIANT_ADD(unresolvable, put_to_a_read_only_page)
{
	.cmd = MFC_PUT, .prot = PROT_READ,
};

FIXTURE_VARIANT_ADD(unresolvable, get_of_nothing_mapped)
{
	.cmd = MFC_GET, .unmapped = true,
};

FIXTURE_VARIANT_ADD(unresolvable, put_of_nothing_mapped)
{
	.cmd = MFC_PUT, .unmapped = true,
};

FIXTURE_SETUP(unresolvable)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	self->page = sysconf(_SC_PAGESIZE);
	self->memory = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->memory != MAP_FAILED);
	memcpy(self->memory, TEXT, sizeof(TEXT));
	ASSERT_EQ(0, variant->unmapped ?
		     munmap(self->memory, self->page) :
		     mprotect(self->memory, self->page, variant->prot));
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	ASSERT_EQ(0, spu_poke(self->ctx.fd, 0x4000, LS_TEXT, sizeof(LS_TEXT)));
}

FIXTURE_TEARDOWN(unresolvable)
{
	async_close(&self->ctx);
}

/* The place where the program was stopped, from the context's file npc */
static __u32 stopped_at(int fd)
{
	return strtoul(spu_text(fd, "npc"), NULL, 0);
}

/* Twice, since the second time must not depend on remains of the first. */
TEST_F(unresolvable, is_data_storage_then_stop_until_repaired)
{
	char text[sizeof(LS_TEXT)] = "";
	struct spu_event event;

	ASSERT_EQ(0, start_mfc(&self->ctx, variant->cmd, 0x4000, self->memory, 16));
	EXPECT_MFC_ERROR(&self->ctx, SPU_EVENT_DATA_STORAGE);

	/* the same again, from where it was stopped: the DMA is still there */
	ASSERT_EQ(0, async_start(&self->ctx, stopped_at(self->ctx.fd)));
	EXPECT_MFC_ERROR(&self->ctx, SPU_EVENT_DATA_STORAGE);

	if (variant->unmapped) {
		ASSERT_TRUE(mmap(self->memory, self->page,
				 PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				 0) == self->memory);
		memcpy(self->memory, TEXT, sizeof(TEXT));
	} else {
		ASSERT_EQ(0, mprotect(self->memory, self->page,
				      PROT_READ | PROT_WRITE));
	}
	EXPECT_STREQ(TEXT, self->memory);
	ASSERT_EQ(0, async_start(&self->ctx, stopped_at(self->ctx.fd)));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), event.status);
	EXPECT_NO_EVENT(&self->ctx);
	ASSERT_EQ(0, spu_peek(self->ctx.fd, 0x4000, text, sizeof(text)));
	EXPECT_STREQ(variant->cmd == MFC_GET ? TEXT : LS_TEXT, text);
	EXPECT_STREQ(variant->cmd == MFC_GET ? TEXT : LS_TEXT, self->memory);
}

/*
 * Take all SPEs for good, with NOSCHED contexts that wait for a word: 0, or -1
 * and errno.
 */
static int take_spes(struct async *others, int spes)
{
	int i;

	for (i = 0; i < spes; i++)
		if (async_create(&others[i], SPU_CREATE_NOSCHED) ||
		    spu_load(others[i].fd, spu_echo) ||
		    async_start(&others[i], 0))
			return -1;
	return 0;
}

FIXTURE(full)
{
	int spes;
	struct async ctx, *others;
};

FIXTURE_SETUP(full)
{
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	self->spes = spe_count();
	self->others = calloc(self->spes, sizeof(*self->others));
	if (take_spes(self->others, self->spes)) {
		ASSERT_EQ(EPERM, errno);
		SKIP(return, "NOSCHED needs CAP_SYS_NICE");
	}
	for (i = 0; i < self->spes; i++)
		ASSERT_LE(0, loaded_on(self->others[i].fd));
}

FIXTURE_TEARDOWN(full)
{
	int i;

	async_close(&self->ctx);
	for (i = 0; i < self->spes; i++)
		async_close(&self->others[i]);
}

TEST_F(full, start_waits_in_the_run_queue)
{
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_STOP_1337));
	EXPECT_EQ(-1, loaded_on(self->ctx.fd));
	EXPECT_EQ(0, async_poll(&self->ctx));
	EXPECT_ERROR(EBUSY, async_start(&self->ctx, 0));

	/* until there is an SPE */
	async_close(&self->others[0]);
	self->others[0].fd = -1;
	self->others[0].event = -1;
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
}

TEST_F(full, stop_takes_it_from_the_run_queue)
{
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_STOP_1337));
	EXPECT_EQ(-1, loaded_on(self->ctx.fd));
	ASSERT_EQ(0, async_stop(&self->ctx));
	EXPECT_REQUESTED_STOP(&self->ctx, SPU_STOP_STOP_1337, SPU_STOP_STOP_1337);

	/* it leaves the queue at once, and can be put there again */
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_STOP_1337));
	EXPECT_EQ(-1, loaded_on(self->ctx.fd));
	ASSERT_EQ(0, async_stop(&self->ctx));
	EXPECT_REQUESTED_STOP(&self->ctx, SPU_STOP_STOP_1337, SPU_STOP_STOP_1337);

	/* nor does it run when there is an SPE */
	ASSERT_EQ(0, spu_tell(self->others[0].fd, 1));
	EXPECT_STOP(&self->others[0], SPU_STATUS_STOP(SPU_DONE),
		    SPU_ECHO_STOPPED);
	async_close(&self->others[0]);
	self->others[0].fd = -1;
	self->others[0].event = -1;
	EXPECT_NO_EVENT(&self->ctx);
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_STOP_1337));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
}

TEST_F(full, nosched_start_does_not_block_if_not_wanted)
{
	ASSERT_EQ(0, async_create(&self->ctx, SPU_CREATE_NOSCHED));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	EXPECT_ERROR(EAGAIN, async_start(&self->ctx, SPU_STOP_STOP_1337));
	EXPECT_NO_EVENT(&self->ctx);

	async_close(&self->others[0]);
	self->others[0].fd = -1;
	self->others[0].event = -1;
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_STOP_1337));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
}

/* The number of class 0 interrupts (errors) that SPE number @spe has had */
static long class0_interrupts(int spe)
{
	FILE *file = fopen("/proc/interrupts", "r");
	char name[16], line[1024];
	long count = -1;

	if (!file)
		return -1;
	snprintf(name, sizeof(name), "spe%02d.0", spe);
	while (fgets(line, sizeof(line), file)) {
		char *number = strchr(line, ':'), *end;
		long value;

		if (!number || !strstr(number, name))
			continue;
		for (count = 0, end = number + 1; ; count += value) {
			number = end;
			value = strtol(number, &end, 10);
			if (number == end || *end != ' ')
				break;
		}
		break;
	}
	fclose(file);
	return count;
}

/* Problem state of an SPE, CBEA chapter "MFC Proxy Commands" */
#define MFC_LSA		0x3004
#define MFC_EAH		0x3008
#define MFC_EAL		0x300c
#define MFC_SIZE_TAG	0x3010
#define MFC_CLASS_CMD	0x3014

static void ps_write(__u32 *ps, size_t offset, __u32 word)
{
	__atomic_store_n(&ps[offset / 4], word, __ATOMIC_SEQ_CST);
}

/* Give the MFC a command with a misaligned address: 0, or -1. */
static int proxy_error(const struct async *ctx)
{
	int file = openat(ctx->fd, "psmap", O_RDWR);
	const size_t len = 0x20000;
	__u32 *ps, status;

	ps = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (ps == MAP_FAILED)
		return -1;
	ps_write(ps, MFC_LSA, 0x4004);
	ps_write(ps, MFC_EAH, 0);
	ps_write(ps, MFC_EAL, 0x1001);
	ps_write(ps, MFC_SIZE_TAG, 4 << 16 | 5);
	ps_write(ps, MFC_CLASS_CMD, MFC_GET);
	/* a read of this one enqueues it, 0 for success */
	status = __atomic_load_n(&ps[MFC_CLASS_CMD / 4], __ATOMIC_SEQ_CST);
	munmap(ps, len);
	return status ? -1 : 0;
}

/* Has the context been saved? A read of this file saves a stopped one. */
static bool save(const struct async *ctx)
{
	int file = openat(ctx->fd, "fpcr", O_RDONLY);
	char text[32];
	ssize_t len = read(file, text, sizeof(text));

	close(file);
	return len > 0 && loaded_on(ctx->fd) < 0;
}

/* An error between two runs belongs to the next run, and ends it. */
#define EXPECT_LATE_ERROR(ctx) do {					\
	const struct async *__late = (ctx);				\
	struct spu_event __error;					\
									\
	ASSERT_EQ(0, async_start(__late, SPU_ECHO_WAIT));		\
	ASSERT_EVENT(__late, SPU_EVENT_DMA_ALIGNMENT, &__error);	\
	EXPECT_REQUESTED_STOP(__late, SPU_ECHO_WAIT, SPU_ECHO_WAIT);	\
} while (0)

/* Run it once, and let an error follow */
#define ASSERT_ERROR_AFTER_RUN(ctx) do {				\
	const struct async *__idle = (ctx);				\
	int __spe;							\
	long __count;							\
									\
	ASSERT_EQ(0, spu_load(__idle->fd, spu_echo));			\
	ASSERT_EQ(0, spu_tell(__idle->fd, 1));				\
	ASSERT_EQ(0, async_start(__idle, SPU_ECHO_WAIT));		\
	EXPECT_STOP(__idle, SPU_STATUS_STOP(SPU_DONE), SPU_ECHO_STOPPED); \
	__spe = loaded_on(__idle->fd);					\
	ASSERT_LE(0, __spe);						\
	__count = class0_interrupts(__spe);				\
	ASSERT_LE(0, __count);						\
	ASSERT_EQ(0, proxy_error(__idle));				\
	ASSERT_TRUE(wait_until(class0_interrupts(__spe) > __count));	\
	EXPECT_NO_EVENT(__idle);					\
	EXPECT_EQ(CAN_START, async_poll(__idle));			\
} while (0)

TEST_F(run, ends_with_an_error_from_before_it)
{
	ASSERT_ERROR_AFTER_RUN(&self->ctx);
	EXPECT_LATE_ERROR(&self->ctx);

	/* and nothing else */
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_ECHO_WAIT));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(SPU_DONE), SPU_ECHO_STOPPED);
}

TEST_F(run, ends_with_an_error_from_before_it_without_an_spe)
{
	int spes = spe_count(), i;
	struct async *others = calloc(spes, sizeof(*others));
	struct spu_event event;

	ASSERT_ERROR_AFTER_RUN(&self->ctx);
	ASSERT_TRUE(wait_until(save(&self->ctx)));
	if (take_spes(others, spes)) {
		ASSERT_EQ(EPERM, errno);
		SKIP(return, "NOSCHED needs CAP_SYS_NICE");
	}
	EXPECT_LATE_ERROR(&self->ctx);
	EXPECT_EQ(-1, loaded_on(self->ctx.fd));

	/* the next one waits for an SPE */
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_ECHO_WAIT));
	EXPECT_EQ(0, async_poll(&self->ctx));
	EXPECT_EQ(-1, loaded_on(self->ctx.fd));
	for (i = 0; i < spes; i++)
		async_close(&others[i]);
	ASSERT_EQ(sizeof(event), async_next(&self->ctx, &event));
	/* with the queue, the command is loaded again, and may fail again */
	if (event.event == SPU_EVENT_DMA_ALIGNMENT)
		ASSERT_EQ(sizeof(event), async_next(&self->ctx, &event));
	EXPECT_EQ(SPU_EVENT_STOP, event.event);
	EXPECT_NO_EVENT(&self->ctx);
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
}

/*
 * Read fpcr, for which a running context is saved and loaded again, until this
 * has been interrupted @count times: 0, or -1 and errno.
 */
static int read_fpcr_with_alarms(int fd, int count)
{
	int file = openat(fd, "fpcr", O_RDONLY), ret = 0;
	char text[32];

	alarm_every(1000, SA_RESTART, count_alarm);
	while (!ret && alarms < count)
		if (pread(file, text, sizeof(text), 0) < 1 && errno != EINTR)
			ret = -1;
	alarm_never();
	close(file);
	return ret;
}

#define ALARMS	100

/* It waits for a word, and must be on an SPE to get it. */
TEST_F(run, goes_on_after_reads_with_signals)
{
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_echo));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_ECHO_WAIT));
	ASSERT_EQ(0, read_fpcr_with_alarms(self->ctx.fd, ALARMS));
	EXPECT_NO_EVENT(&self->ctx);
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	EXPECT_STOP(&self->ctx, SPU_STATUS_STOP(SPU_DONE), SPU_ECHO_STOPPED);
}

/* A START in another thread */
struct starter {
	pthread_t thread;
	pid_t tid;
	const struct async *ctx;
	int nice, ret, error;
	bool done;
};

static void *start_spu(void *arg)
{
	struct starter *starter = arg;

	/* of this thread only, and hence of the context */
	setpriority(PRIO_PROCESS, 0, starter->nice);
	starter->tid = syscall(SYS_gettid);
	starter->ret = async_start(starter->ctx, SPU_STOP_STOP_1337);
	starter->error = errno;
	starter->done = true;
	return NULL;
}

/* All SPEs have ordinary contexts, which wait for a word. */
FIXTURE(nosched)
{
	int spes;
	struct async ctx, *others;
	struct starter starter;
};

FIXTURE_SETUP(nosched)
{
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	if (async_create(&self->ctx, SPU_CREATE_NOSCHED)) {
		ASSERT_EQ(EPERM, errno);
		SKIP(return, "NOSCHED needs CAP_SYS_NICE");
	}
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	ASSERT_EQ(0, fcntl(self->ctx.event, F_SETFL, 0));
	self->starter.ctx = &self->ctx;
	self->spes = spe_count();
	self->others = calloc(self->spes, sizeof(*self->others));
	for (i = 0; i < self->spes; i++) {
		ASSERT_EQ(0, async_create(&self->others[i], 0));
		ASSERT_EQ(0, spu_load(self->others[i].fd, spu_echo));
		ASSERT_EQ(0, async_start(&self->others[i], SPU_ECHO_WAIT));
		ASSERT_TRUE(wait_until(loaded_on(self->others[i].fd) >= 0));
	}
}

FIXTURE_TEARDOWN(nosched)
{
	int i;

	async_close(&self->ctx);
	for (i = 0; i < self->spes; i++)
		async_close(&self->others[i]);
}

static void assert_start_waits(struct __test_metadata *_metadata,
			       struct starter *starter, int nice)
{
	starter->nice = nice;
	ASSERT_EQ(0, pthread_create(&starter->thread, NULL, start_spu, starter));
	ASSERT_TRUE(wait_until(thread_sleeps(starter->tid)));
	EXPECT_EQ(-1, loaded_on(starter->ctx->fd));
}

/* The NOSCHED context has an SPE, runs, and gives it back to one of the others. */
static void expect_start_runs(struct __test_metadata *_metadata,
			      struct starter *starter, struct async *ctx,
			      const struct async *others, int count)
{
	int i;

	ASSERT_TRUE(wait_until(starter->done));
	ASSERT_EQ(0, pthread_join(starter->thread, NULL));
	EXPECT_EQ(0, starter->ret);
	ASSERT_EQ(0, fcntl(ctx->event, F_SETFL, O_NONBLOCK));
	EXPECT_STOP(ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
	EXPECT_LE(0, loaded_on(ctx->fd));
	async_close(ctx);
	*ctx = (struct async) { -1, -1 };

	for (i = 0; i < count; i++)
		ASSERT_TRUE(wait_until(loaded_on(others[i].fd) >= 0));
	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, spu_tell(others[i].fd, 1));
		EXPECT_STOP(&others[i], SPU_STATUS_STOP(SPU_DONE),
			    SPU_ECHO_STOPPED);
	}
}

/* Its priority is too low to get an SPE in any other way. */
TEST_F(nosched, start_gets_the_spe_of_a_context_that_is_stopped)
{
	const struct async *other = &self->others[0];

	assert_start_waits(_metadata, &self->starter, 19);
	ASSERT_EQ(0, async_stop(other));
	EXPECT_REQUESTED_STOP(other, SPU_ECHO_WAIT, SPU_ECHO_WAIT);
	ASSERT_TRUE(wait_until(self->starter.done));
	ASSERT_EQ(0, async_start(other, SPU_ECHO_WAIT));
	EXPECT_EQ(-1, loaded_on(other->fd));
	expect_start_runs(_metadata, &self->starter, &self->ctx, self->others,
			  self->spes);
}

TEST_F(nosched, start_gets_the_spe_of_a_context_that_is_preempted)
{
	assert_start_waits(_metadata, &self->starter,
			   getpriority(PRIO_PROCESS, 0));
	expect_start_runs(_metadata, &self->starter, &self->ctx, self->others,
			  self->spes);
}

TEST_F(nosched, start_ends_with_the_context)
{
	assert_start_waits(_metadata, &self->starter, 19);
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	ASSERT_TRUE(wait_until(self->starter.done));
	ASSERT_EQ(0, pthread_join(self->starter.thread, NULL));
	EXPECT_EQ(-1, self->starter.ret);
	EXPECT_EQ(ENODEV, self->starter.error);
}

/*
 * One thread, one epoll loop, two and a half contexts per SPE. As many as
 * there are SPEs are loaded and wait for a word; the others get theirs first,
 * so that they can end only after they have got the SPE of one that waits.
 */
TEST(contexts_share_the_spes)
{
	struct work_args args = { .steps = 10000 };
	int spes = spe_count(), count = spes * 5 / 2, done = 0, i;
	struct epoll_event ready;
	struct spu_event event;
	__u32 (*results)[4];
	struct async *ctx;
	int epoll, *stops;

	if (no_async())
		SKIP(return, "%s", no_async());
	ctx = calloc(count, sizeof(*ctx));
	stops = calloc(count, sizeof(*stops));
	epoll = epoll_create1(0);
	results = mmap(NULL, count * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(results != MAP_FAILED);

	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, async_create(&ctx[i], 0));
		args.eah = spu_eah(results[i]);
		args.eal = spu_eal(results[i]);
		ASSERT_EQ(0, spu_load(ctx[i].fd, spu_work));
		ASSERT_EQ(0, spu_poke(ctx[i].fd, SPU_WORK_ARGS, &args,
				      sizeof(args)));
		ready = (struct epoll_event) { .events = EPOLLIN, .data.u32 = i };
		ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, ctx[i].event,
				       &ready));
		ASSERT_EQ(0, async_start(&ctx[i], 0));
		if (i < spes)
			ASSERT_TRUE(wait_until(loaded_on(ctx[i].fd) >= 0));
	}
	for (i = spes; i < count; i++)
		ASSERT_EQ(0, spu_tell(ctx[i].fd, i + 1));

	while (done < count) {
		ASSERT_EQ(1, epoll_wait(epoll, &ready, 1, TIMEOUT_MS));
		ASSERT_EQ(EPOLLIN, ready.events);
		i = ready.data.u32;
		ASSERT_EQ(sizeof(event), read(ctx[i].event, &event, sizeof(event)));
		EXPECT_EQ(SPU_EVENT_STOP, event.event);
		EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), event.status);
		EXPECT_EQ(1, ++stops[i]);
		EXPECT_EQ(xorshift32(i + 1, args.steps), results[i][0]);
		EXPECT_EQ(results[i][0],
			  spu_peek_word(ctx[i].fd, SPU_WORK_RESULT));
		if (++done == count - spes)
			for (i = 0; i < spes; i++)
				ASSERT_EQ(0, spu_tell(ctx[i].fd, i + 1));
	}
	for (i = 0; i < count; i++) {
		EXPECT_NO_EVENT(&ctx[i]);
		async_close(&ctx[i]);
	}
}

/* An asynchronous context may be in a gang, although a gang cannot be one. */
TEST(context_in_a_gang_runs)
{
	struct async ctx;
	char *path;
	int gang;

	if (no_async())
		SKIP(return, "%s", no_async());
	path = strdup(spu_path(NULL));
	gang = sys_spu_create(path, SPU_CREATE_GANG, 0755, -1);
	ASSERT_LE(0, gang);
	ctx.fd = sys_spu_create(spu_path(path), SPU_CREATE_ASYNC, 0755, -1);
	ASSERT_LE(0, ctx.fd);
	ctx.event = openat(ctx.fd, "event", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, ctx.event);
	ASSERT_EQ(0, spu_load(ctx.fd, spu_stop));
	ASSERT_EQ(0, async_start(&ctx, SPU_STOP_STOP_1337));
	EXPECT_STOP(&ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
	async_close(&ctx);
	close(gang);
}

/*
 * More contexts than SPEs, three of which spin: all of these get time, and are
 * stopped, wherever they are by then. (At nice 19, a time slice is short.)
 */
TEST_F_TIMEOUT(run, of_spinning_contexts_takes_turns, 60)
{
	int count = spe_count() + 2, i;
	struct async *ctx = calloc(count, sizeof(*ctx));

	ASSERT_LE(0, nice(19));
	for (i = 0; i < count; i++) {
		bool spins = !i || i >= count - 2;

		ASSERT_EQ(0, async_create(&ctx[i], 0));
		ASSERT_EQ(0, spins ? spu_load(ctx[i].fd, spu_spin) :
				     spu_load(ctx[i].fd, spu_echo));
		ASSERT_EQ(0, async_start(&ctx[i], 0));
	}
	for (i = 0; i < count; i = i ? i + 1 : count - 2)
		ASSERT_TRUE(wait_until(spu_peek_word(ctx[i].fd,
						     SPU_SPIN_COUNT)));
	for (i = 0; i < count; i = i ? i + 1 : count - 2) {
		ASSERT_EQ(0, async_stop(&ctx[i]));
		EXPECT_REQUESTED_STOP(&ctx[i], SPU_SPIN_LOOP,
				      SPU_SPIN_LOOP + 8);
		EXPECT_LT(0, spu_peek_word(ctx[i].fd, SPU_SPIN_COUNT));
	}
	for (i = 0; i < count; i++)
		async_close(&ctx[i]);
}

TEST_HARNESS_MAIN
