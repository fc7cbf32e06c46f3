// SPDX-License-Identifier: GPL-2.0
/*
 * The file fault: the first error of a run, for both kinds of contexts.
 */
#include <assert.h>
#include <signal.h>
#include <stddef.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/mfc.h_shipped"
#include "spu/stop.h_shipped"

static_assert(sizeof(struct spu_fault) == 32, "struct spu_fault");
static_assert(offsetof(struct spu_fault, ea) == 0, "ea");
static_assert(offsetof(struct spu_fault, dsisr) == 8, "dsisr");
static_assert(offsetof(struct spu_fault, event) == 16, "event");
static_assert(offsetof(struct spu_fault, irq_class) == 20, "irq_class");
static_assert(offsetof(struct spu_fault, when) == 24, "when");

/* MFC_DSISR, CBEA: no translation found, access denied, the access a put */
#define DSISR_NOT_FOUND		0x40000000ULL
#define DSISR_DENIED		0x08000000ULL
#define DSISR_PUT		0x02000000ULL

FIXTURE(fault)
{
	int fd, event, fault;
	long page;
	char *memory;
};

FIXTURE_VARIANT(fault)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(fault, spu_run_with_signals)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(fault, spu_run_with_events)
{
	.flags = SPU_CREATE_EVENTS_ENABLED,
};

FIXTURE_VARIANT_ADD(fault, asynchronous)
{
	.flags = SPU_CREATE_ASYNC,
};

FIXTURE_VARIANT_ADD(fault, asynchronous_nosched)
{
	.flags = SPU_CREATE_ASYNC | SPU_CREATE_NOSCHED,
};

FIXTURE_SETUP(fault)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	self->page = sysconf(_SC_PAGESIZE);
	self->memory = mmap(NULL, 2 * self->page, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->memory != MAP_FAILED);
	ASSERT_EQ(0, munmap(self->memory + self->page, self->page));
	self->fd = spu_create(variant->flags);
	ASSERT_LE(0, self->fd);
	self->event = openat(self->fd, "event", O_RDWR | O_NONBLOCK);
	self->fault = openat(self->fd, "fault", O_RDONLY);
	ASSERT_LE(0, self->fault);
}

FIXTURE_TEARDOWN(fault)
{
	close(self->fault);
	close(self->event);
	close(self->fd);
}

static void on_signal(int signal)
{
}

/* One run at @npc, with any result, and all of its events read: 0 or -1 */
static int run(int fd, int event_fd, __u32 npc)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL };
	const struct sigaction action = { .sa_handler = on_signal };
	const struct async ctx = { fd, event_fd };
	struct spu_event event = { };
	__u32 what;
	int i;

	if (event_fd < 0) {
		for (i = 0; i < 3; i++)
			sigaction(signals[i], &action, NULL);
		return sys_spu_run(fd, &npc, &what) < 0 && errno != EINTR ? -1 : 0;
	}
	if (async_start(&ctx, npc))
		return -1;
	while (event.event != SPU_EVENT_STOP)
		if (async_next(&ctx, &event) != sizeof(event))
			return -1;
	return 0;
}

static int run_mfc(int fd, int event, __u32 cmd, __u64 ea)
{
	const struct mfc_args args = {
		.cmd = cmd, .lsa = 0x4000, .size = 16,
		.eah = ea >> 32, .eal = ea,
	};

	return spu_load(fd, spu_mfc) ?:
	       spu_poke(fd, SPU_MFC_ARGS, &args, sizeof(args)) ?:
	       run(fd, event, 0);
}

#define EXPECT_FAULT(self, want_event, want_class, since, fault_read) do { \
	struct spu_fault *__f = (fault_read);				\
									\
	ASSERT_EQ(sizeof(*__f), pread((self)->fault, __f, sizeof(*__f), 0)); \
	EXPECT_EQ(want_event, __f->event);				\
	EXPECT_EQ(want_class, __f->irq_class);			\
	EXPECT_LE(since, __f->when);					\
	EXPECT_GE(nanoseconds(), __f->when);					\
} while (0)

#define EXPECT_NO_FAULT(self) do {					\
	struct spu_fault __none;					\
									\
	EXPECT_ERROR(ENODATA, pread((self)->fault, &__none,		\
				    sizeof(__none), 0));		\
} while (0)

TEST_F(fault, is_there_until_the_next_run)
{
	struct spu_fault f;
	__u64 before;

	EXPECT_NO_FAULT(self);
	ASSERT_EQ(0, spu_load(self->fd, spu_stop));
	ASSERT_EQ(0, run(self->fd, self->event, SPU_STOP_STOP_1337));
	EXPECT_NO_FAULT(self);
	before = nanoseconds();
	ASSERT_EQ(0, run(self->fd, self->event, SPU_STOP_ILLEGAL));
	EXPECT_FAULT(self, SPE_EVENT_SPE_ERROR, 0, before, &f);
	EXPECT_EQ(0, f.ea);
	EXPECT_EQ(0, f.dsisr);
	/* a read does not remove it */
	EXPECT_FAULT(self, SPE_EVENT_SPE_ERROR, 0, before, &f);
	ASSERT_EQ(0, run(self->fd, self->event, SPU_STOP_STOP_1337));
	EXPECT_NO_FAULT(self);
}

TEST_F(fault, has_the_address_of_a_put_to_a_read_only_page)
{
	__u64 ea = (uintptr_t)self->memory + 16, before = nanoseconds();
	struct spu_fault f;

	ASSERT_EQ(0, *self->memory);
	ASSERT_EQ(0, run_mfc(self->fd, self->event, MFC_PUT, ea));
	EXPECT_FAULT(self, SPE_EVENT_SPE_DATA_STORAGE, 1, before, &f);
	EXPECT_EQ(ea & -self->page, f.ea & -self->page);
	EXPECT_TRUE(f.dsisr & (DSISR_NOT_FOUND | DSISR_DENIED));
	EXPECT_TRUE(f.dsisr & DSISR_PUT);
}

TEST_F(fault, has_the_address_of_a_get_from_nowhere)
{
	__u64 ea = (uintptr_t)self->memory + self->page, before = nanoseconds();
	struct spu_fault f;

	ASSERT_EQ(0, run_mfc(self->fd, self->event, MFC_GET, ea));
	EXPECT_FAULT(self, SPE_EVENT_SPE_DATA_STORAGE, 1, before, &f);
	EXPECT_EQ(ea, f.ea & -self->page);
	EXPECT_EQ(DSISR_NOT_FOUND, f.dsisr & (DSISR_NOT_FOUND | DSISR_PUT));
}

TEST_F(fault, tells_a_misaligned_dma_from_an_invalid_one)
{
	struct spu_fault f;
	__u64 before = nanoseconds();
	int fd;

	ASSERT_EQ(0, run_mfc(self->fd, self->event, MFC_GET,
			     (uintptr_t)self->memory + 4));
	EXPECT_FAULT(self, SPE_EVENT_DMA_ALIGNMENT, 0, before, &f);

	/* The MFC can no longer be used: take another context. */
	fd = spu_create(variant->flags);
	ASSERT_LE(0, fd);
	close(self->fault);
	close(self->event);
	close(self->fd);
	self->fd = fd;
	self->event = openat(fd, "event", O_RDWR | O_NONBLOCK);
	self->fault = openat(fd, "fault", O_RDONLY);
	before = nanoseconds();
	ASSERT_EQ(0, run_mfc(self->fd, self->event, 0x03,
			     (uintptr_t)self->memory));
	EXPECT_FAULT(self, SPE_EVENT_INVALID_DMA, 0, before, &f);
}

/* Position and short reads are those of the other files with a structure. */
TEST_F(fault, is_read_like_its_siblings)
{
	struct spu_fault two[2], f, piece;
	struct stat st;

	ASSERT_EQ(0, fstat(self->fault, &st));
	EXPECT_EQ(sizeof(f), st.st_size);
	EXPECT_EQ(0444, st.st_mode & 0777);
	ASSERT_EQ(0, spu_load(self->fd, spu_stop));
	ASSERT_EQ(0, run(self->fd, self->event, SPU_STOP_ILLEGAL));
	ASSERT_EQ(sizeof(f), pread(self->fault, two, sizeof(two), 0));
	f = two[0];
	EXPECT_EQ(20, read(self->fault, &piece, 20));
	EXPECT_EQ(0, memcmp(&piece, &f, 20));
	EXPECT_EQ(12, read(self->fault, &piece, sizeof(piece)));
	EXPECT_EQ(0, memcmp(&piece, (char *)&f + 20, 12));
	EXPECT_EQ(0, read(self->fault, &piece, sizeof(piece)));
	EXPECT_EQ(0, lseek(self->fault, 0, SEEK_SET));
	EXPECT_EQ(sizeof(f), read(self->fault, &piece, sizeof(piece)));
	EXPECT_EQ(0, lseek(self->fault, 0, SEEK_SET));
	EXPECT_ERROR(EFAULT, syscall(SYS_read, self->fault, 8, sizeof(f)));
}

TEST_HARNESS_MAIN
