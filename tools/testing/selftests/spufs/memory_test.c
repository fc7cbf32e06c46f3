// SPDX-License-Identifier: GPL-2.0
/*
 * Every sort of memory that a user can let an SPU touch. DMA reads and writes
 * each sort, in spu_run(2) and in a run of an asynchronous context. The owner
 * of the memory makes the run, or a child that has the descriptor. Each DMA
 * ends, with its data or with a data storage error, and the kernel logs
 * nothing.
 */
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/copy.h_shipped"
#include "spu/mfc.h_shipped"

#ifndef MADV_FREE
#define MADV_FREE		8
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_HWPOISON
#define MADV_HWPOISON		100
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS		1033
#define F_SEAL_WRITE		0x0008
#endif
#ifndef MFD_ALLOW_SEALING
#define MFD_ALLOW_SEALING	0x0002U
#endif
#ifndef __NR_memfd_secret
#define __NR_memfd_secret	447
#endif

/* The place of the data in local store, and its size */
#define LSA			0x8000
#define SIZE			128

/* The data in memory before, and the data that an SPU writes there */
#define BEFORE			0x5a
#define WRITTEN			0xc3

enum outcome {
	DATA,		/* like a load or store of the owner */
	ZEROES,		/* the same, where nothing has been written */
	ERROR,		/* SPE_EVENT_SPE_DATA_STORAGE */
	EITHER,		/* but it ends */
};

struct memory {
	char *p;
	long page;
	int fd, other;
	pthread_t thread;
	const char *own;	/* a file of the context that does the DMA */
	const char *skip;	/* the reason if there is no such memory here */
	const char *says;	/* messages that the kernel may log for it */
};

static char *map_anonymous(struct memory *m, int prot, int flags)
{
	m->p = mmap(NULL, m->page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
	if (m->p == MAP_FAILED)
		return NULL;
	memset(m->p, BEFORE, SIZE);
	if (prot != (PROT_READ | PROT_WRITE) && mprotect(m->p, m->page, prot))
		return NULL;
	return m->p;
}

static bool fresh(struct memory *m)
{
	m->p = mmap(NULL, m->page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return m->p != MAP_FAILED;
}

static bool filled(struct memory *m)
{
	return map_anonymous(m, PROT_READ | PROT_WRITE, 0);
}

static bool shared(struct memory *m)
{
	m->p = mmap(NULL, m->page, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m->p == MAP_FAILED)
		return false;
	memset(m->p, BEFORE, SIZE);
	return true;
}

static bool nothing(struct memory *m)
{
	return fresh(m) && !munmap(m->p, m->page);
}

static bool prot_none(struct memory *m)
{
	return map_anonymous(m, PROT_NONE, 0);
}

static bool prot_none_fresh(struct memory *m)
{
	return fresh(m) && !mprotect(m->p, m->page, PROT_NONE);
}

static bool read_only(struct memory *m)
{
	return map_anonymous(m, PROT_READ, 0);
}

static bool write_only(struct memory *m)
{
	return map_anonymous(m, PROT_WRITE, 0);
}

static bool executable(struct memory *m)
{
	return map_anonymous(m, PROT_EXEC, 0);
}

static bool locked(struct memory *m)
{
	return filled(m) && !mlock(m->p, m->page);
}

static int temporary_file(void)
{
	FILE *file = tmpfile();
	int fd = file ? dup(fileno(file)) : -1;

	if (file)
		fclose(file);
	return fd;
}

static bool map_file(struct memory *m, int prot, int flags)
{
	char buf[SIZE];

	m->fd = temporary_file();
	if (m->fd < 0 || ftruncate(m->fd, m->page))
		return false;
	memset(buf, BEFORE, sizeof(buf));
	if (pwrite(m->fd, buf, sizeof(buf), 0) != sizeof(buf))
		return false;
	m->p = mmap(NULL, m->page, prot, flags, m->fd, 0);
	return m->p != MAP_FAILED;
}

static bool file_shared(struct memory *m)
{
	return map_file(m, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static bool file_private(struct memory *m)
{
	return map_file(m, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static bool file_read_only(struct memory *m)
{
	return map_file(m, PROT_READ, MAP_SHARED);
}

static bool file_truncated(struct memory *m)
{
	return file_shared(m) && *(volatile char *)m->p == BEFORE &&
	       !ftruncate(m->fd, 0);
}

static bool file_truncated_private(struct memory *m)
{
	return file_private(m) && !ftruncate(m->fd, 0);
}

static bool file_sealed(struct memory *m)
{
	char buf[SIZE];

	memset(buf, BEFORE, sizeof(buf));
	m->fd = syscall(__NR_memfd_create, "sealed", MFD_ALLOW_SEALING);
	if (m->fd < 0 || ftruncate(m->fd, m->page) ||
	    pwrite(m->fd, buf, sizeof(buf), 0) != sizeof(buf) ||
	    fcntl(m->fd, F_ADD_SEALS, F_SEAL_WRITE))
		return false;
	m->p = mmap(NULL, m->page, PROT_READ, MAP_SHARED, m->fd, 0);
	return m->p != MAP_FAILED;
}

static bool hugetlb(struct memory *m)
{
	FILE *pool = fopen("/proc/sys/vm/nr_hugepages", "w");

	if (pool) {
		fputs("2", pool);
		fclose(pool);
	}
	m->p = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (m->p == MAP_FAILED) {
		m->skip = "no huge pages";
		return true;
	}
	memset(m->p, BEFORE, SIZE);
	return true;
}

/* The start or the last page of a mapping that /proc/self/maps has a name for */
static char *named(struct memory *m, const char *name, bool last)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512];
	char *p = NULL;

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, name) &&
		    sscanf(line, "%lx-%lx", &from, &to) == 2)
			p = (char *)(last ? to - m->page : from);
	if (maps)
		fclose(maps);
	m->p = p;
	if (!p)
		m->skip = "no such mapping";
	return p;
}

static bool vdso(struct memory *m)
{
	named(m, "[vdso]", false);
	return true;
}

static bool vvar(struct memory *m)
{
	named(m, "[vvar", false);
	return true;
}

static bool vvar_last(struct memory *m)
{
	named(m, "[vvar", true);
	return true;
}

static bool stack(struct memory *m)
{
	/* a page that has never been touched, within the limit */
	named(m, "[stack]", false);
	if (m->p)
		m->p -= 8 * m->page;
	return m->p;
}

static bool stack_of_mmap(struct memory *m)
{
	char *p = mmap(NULL, 512 * m->page, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p, 512 * m->page))
		return false;
	p = mmap(p + 511 * m->page, m->page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	if (p == MAP_FAILED)
		return false;
	*p = 1;
	m->p = p - m->page;
	return true;
}

static bool secret(struct memory *m)
{
	m->fd = syscall(__NR_memfd_secret, 0);
	if (m->fd < 0) {
		m->skip = "no memfd_secret";
		return true;
	}
	if (ftruncate(m->fd, m->page))
		return false;
	m->p = mmap(NULL, m->page, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->p == MAP_FAILED)
		return false;
	memset(m->p, BEFORE, SIZE);
	return true;
}

static bool advise(struct memory *m, int advice)
{
	if (!filled(m))
		return false;
	if (!madvise(m->p, m->page, advice))
		return true;
	m->skip = "no such advice";
	return errno == EINVAL || errno == EPERM;
}

static bool dontneed(struct memory *m)
{
	return advise(m, MADV_DONTNEED);
}

static bool freed(struct memory *m)
{
	return advise(m, MADV_FREE);
}

static bool paged_out(struct memory *m)
{
	return advise(m, MADV_PAGEOUT);
}

static void ignore(int sig)
{
}

static bool hwpoison(struct memory *m)
{
	/* it comes at once, and cannot be SIG_IGN */
	signal(SIGBUS, ignore);
	m->says = "Memory failure|Injecting memory failure|MCE: ";
	return advise(m, MADV_HWPOISON);
}

static int userfault(struct memory *m, __u64 features, __u64 mode)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register reg = { .mode = mode };
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api)) {
		m->skip = "no userfaultfd, or not this of it";
		return -1;
	}
	reg.range.start = (unsigned long)m->p;
	reg.range.len = m->page;
	if (ioctl(fd, UFFDIO_REGISTER, &reg))
		return -1;
	m->fd = fd;
	return fd;
}

static bool uffd_poison(struct memory *m)
{
	struct uffdio_poison poison = {};
	int fd;

	if (!fresh(m))
		return false;
	fd = userfault(m, UFFD_FEATURE_POISON, UFFDIO_REGISTER_MODE_MISSING);
	if (fd < 0)
		return m->skip;
	poison.range.start = (unsigned long)m->p;
	poison.range.len = m->page;
	return !ioctl(fd, UFFDIO_POISON, &poison);
}

/* Answers each fault, whatever its kind, until the file is closed */
static void *userfault_server(void *arg)
{
	struct memory *m = arg;
	struct uffd_msg msg;
	char *page = aligned_alloc(m->page, m->page);

	memset(page, BEFORE, m->page);
	while (read(m->fd, &msg, sizeof(msg)) == sizeof(msg)) {
		unsigned long at = msg.arg.pagefault.address & -m->page;
		struct uffdio_copy copy = {
			.dst = at, .src = (unsigned long)page, .len = m->page,
		};
		struct uffdio_continue next = { .range = { at, m->page } };
		struct uffdio_writeprotect wp = { .range = { at, m->page } };

		if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)
			ioctl(m->fd, UFFDIO_WRITEPROTECT, &wp);
		else if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR)
			ioctl(m->fd, UFFDIO_CONTINUE, &next);
		else
			ioctl(m->fd, UFFDIO_COPY, &copy);
	}
	free(page);
	return NULL;
}

static bool serve(struct memory *m)
{
	return !pthread_create(&m->thread, NULL, userfault_server, m);
}

static bool uffd_missing(struct memory *m)
{
	if (!fresh(m))
		return false;
	if (userfault(m, 0, UFFDIO_REGISTER_MODE_MISSING) < 0)
		return m->skip;
	return serve(m);
}

static bool uffd_write_protected(struct memory *m)
{
	struct uffdio_writeprotect wp = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	if (!filled(m))
		return false;
	if (userfault(m, UFFD_FEATURE_PAGEFAULT_FLAG_WP,
		      UFFDIO_REGISTER_MODE_WP) < 0)
		return m->skip;
	wp.range.start = (unsigned long)m->p;
	wp.range.len = m->page;
	return !ioctl(m->fd, UFFDIO_WRITEPROTECT, &wp) && serve(m);
}

static bool uffd_minor(struct memory *m)
{
	if (!file_shared(m))
		return false;
	close(m->fd);
	if (userfault(m, UFFD_FEATURE_MINOR_SHMEM, UFFDIO_REGISTER_MODE_MINOR) < 0)
		return m->skip;
	return serve(m);
}

/* No answer comes, and the answering end closes while the DMA waits. */
static void *userfault_deserter(void *arg)
{
	struct memory *m = arg;
	struct uffd_msg msg;

	read(m->fd, &msg, sizeof(msg));
	close(m->fd);
	m->fd = -1;
	return NULL;
}

static bool uffd_deserted(struct memory *m)
{
	if (!fresh(m))
		return false;
	if (userfault(m, 0, UFFDIO_REGISTER_MODE_MISSING) < 0)
		return m->skip;
	return !pthread_create(&m->thread, NULL, userfault_deserter, m);
}

static bool local_store_of_another(struct memory *m)
{
	int fd = spu_create(0);

	m->fd = openat(fd, "mem", O_RDWR);
	m->other = fd;
	m->p = mmap(NULL, m->page, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->p == MAP_FAILED)
		return false;
	memset(m->p, BEFORE, SIZE);
	return true;
}

static bool local_store_of_its_own(struct memory *m)
{
	m->own = "mem";
	return true;
}

static bool pfn_map(struct memory *m)
{
	m->fd = open("/dev/mem", O_RDWR);
	if (m->fd < 0) {
		m->skip = "no /dev/mem";
		return true;
	}
	m->p = mmap(NULL, m->page, PROT_READ, MAP_SHARED, m->fd, 0);
	return m->p != MAP_FAILED;
}

static bool ring(struct memory *m)
{
	struct io_uring_params params = {};

	m->fd = syscall(__NR_io_uring_setup, 8, &params);
	if (m->fd < 0) {
		m->skip = "no io_uring";
		return true;
	}
	m->p = mmap(NULL, m->page, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd,
		    IORING_OFF_SQES);
	if (m->p == MAP_FAILED)
		return false;
	memset(m->p, BEFORE, SIZE);
	return true;
}

FIXTURE(memory)
{
	struct memory m;
	int log;
};

FIXTURE_VARIANT(memory)
{
	bool (*make)(struct memory *m);
	enum outcome read, write;
};

#define SORT(sort, r, w)						\
	FIXTURE_VARIANT_ADD(memory, sort) {				\
		.make = sort, .read = r, .write = w,			\
	}

SORT(fresh, ZEROES, DATA);
SORT(filled, DATA, DATA);
SORT(shared, DATA, DATA);
SORT(nothing, ERROR, ERROR);
SORT(prot_none, ERROR, ERROR);
SORT(prot_none_fresh, ERROR, ERROR);
SORT(read_only, DATA, ERROR);
SORT(write_only, EITHER, DATA);
SORT(executable, EITHER, ERROR);
SORT(locked, DATA, DATA);
SORT(file_shared, DATA, DATA);
SORT(file_private, DATA, DATA);
SORT(file_read_only, DATA, ERROR);
SORT(file_truncated, ERROR, ERROR);
SORT(file_truncated_private, ERROR, ERROR);
SORT(file_sealed, DATA, ERROR);
SORT(hugetlb, DATA, DATA);
SORT(vdso, EITHER, ERROR);
SORT(vvar, EITHER, ERROR);
SORT(vvar_last, EITHER, ERROR);
SORT(stack, ZEROES, DATA);
SORT(stack_of_mmap, ZEROES, DATA);
SORT(secret, EITHER, EITHER);
SORT(dontneed, ZEROES, DATA);
SORT(freed, EITHER, DATA);
SORT(paged_out, DATA, DATA);
SORT(hwpoison, ERROR, ERROR);
SORT(uffd_poison, ERROR, ERROR);
SORT(uffd_missing, DATA, DATA);
SORT(uffd_write_protected, DATA, DATA);
SORT(uffd_minor, DATA, DATA);
SORT(uffd_deserted, EITHER, EITHER);
SORT(local_store_of_another, DATA, DATA);
SORT(local_store_of_its_own, EITHER, EITHER);
SORT(pfn_map, EITHER, ERROR);
SORT(ring, DATA, DATA);

static int open_log(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	lseek(log, 0, SEEK_END);
	return log;
}

/* May the kernel log this line? @says: its permitted beginnings, or NULL */
static bool expected(const char *text, const char *says)
{
	size_t len;

	for (; says; says = strchr(says, '|'), says = says ? says + 1 : NULL) {
		len = strcspn(says, "|");
		if (!strncmp(text, says, len))
			return true;
	}
	return false;
}

/*
 * Nothing has been logged since open_log(). A message with another cause is a
 * coincidence, and does not appear when this test runs alone.
 */
#define EXPECT_SILENCE(log, says) do {						\
	char __record[1024], *__text;						\
	ssize_t __len;								\
										\
	while ((__len = read(log, __record, sizeof(__record) - 1)) > 0 ||	\
	       errno == EPIPE) {						\
		__record[__len < 0 ? 0 : __len] = 0;				\
		__text = strchr(__record, ';');					\
		if ((atoi(__record) & 7) > 4)					\
			continue;						\
		EXPECT_TRUE(__text && expected(__text + 1, says)) {		\
			TH_LOG("%s", __text ? __text + 1 : "a gap");		\
		}								\
	}									\
	close(log);								\
} while (0)

FIXTURE_SETUP(memory)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (no_patches())
		SKIP(return, "%s", no_patches());
	self->log = open_log();
	if (self->log < 0)
		SKIP(return, "/dev/kmsg: %s", strerror(errno));
	self->m.page = sysconf(_SC_PAGESIZE);
	self->m.fd = -1;
	self->m.other = -1;
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_SILENCE(self->log, self->m.says);
}

enum { NOTHING, RESULT, STORAGE };

static int start_dma(int fd, void *ea, int cmd)
{
	struct mfc_args args = {
		.cmd = cmd, .lsa = LSA, .size = SIZE,
		.eah = spu_eah(ea), .eal = spu_eal(ea),
	};
	char data[SIZE];

	memset(data, WRITTEN, sizeof(data));
	return spu_load(fd, spu_mfc) ?:
	       spu_poke(fd, SPU_MFC_ARGS, &args, sizeof(args)) ?:
	       spu_poke(fd, LSA, data, sizeof(data));
}

static int run_plain(int fd)
{
	__u32 npc = 0, event = 0;
	int ret = sys_spu_run(fd, &npc, &event);

	if (event == SPE_EVENT_SPE_DATA_STORAGE)
		return STORAGE;
	return ret == SPU_STATUS_STOP(SPU_DONE) ? RESULT : NOTHING;
}

static int run_async(const struct async *ctx)
{
	struct spu_event event;
	int outcome = NOTHING;

	if (async_start(ctx, 0))
		return NOTHING;
	do {
		if (async_next(ctx, &event) != sizeof(event))
			return NOTHING;
		if (event.event == SPU_EVENT_DATA_STORAGE)
			outcome = STORAGE;
		else if (event.status == SPU_STATUS_STOP(SPU_DONE))
			outcome = RESULT;
	} while (event.event != SPU_EVENT_STOP);
	return outcome;
}

/* A place without the program and the data */
#define FREE_LS			0x10000

static char *map_own(int fd, const char *name)
{
	int file = openat(fd, name, O_RDWR);
	char *p = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED, file,
		       FREE_LS);

	close(file);
	return p;
}

/* One DMA in its own context, run here or by a child; keeps the result */
static int dma(const struct memory *m, int cmd, bool async, bool child, char *got)
{
	struct async ctx = { .event = -1 };
	char *ea = m->p;
	int outcome = NOTHING, status;
	pid_t pid = 0;

	if (async)
		async_create(&ctx, 0);
	else
		ctx.fd = spu_create(SPU_CREATE_EVENTS_ENABLED);
	if (ctx.fd < 0)
		goto out;
	if (m->own)
		ea = map_own(ctx.fd, m->own);
	if (ea == MAP_FAILED || start_dma(ctx.fd, ea, cmd))
		goto out;
	if (child) {
		pid = fork();
		if (pid < 0)
			goto out;
	}
	/* or a userfaultfd that the parent closes would stay open here */
	if (child && !pid && m->fd >= 0)
		close(m->fd);
	if (!pid)
		outcome = async ? run_async(&ctx) : run_plain(ctx.fd);
	if (child && !pid)
		_exit(outcome);
	if (child)
		outcome = waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
			  WEXITSTATUS(status) : NOTHING;
	spu_peek(ctx.fd, LSA, got, SIZE);
out:
	async_close(&ctx);
	return outcome;
}

static bool all(const char *data, int byte)
{
	int i;

	for (i = 0; i < SIZE; i++)
		if ((unsigned char)data[i] != byte)
			return false;
	return true;
}

#define EXPECT_OUTCOME(want, outcome, what) do {				\
	int __outcome = outcome;						\
										\
	EXPECT_TRUE((want) == ERROR ? __outcome == STORAGE :			\
		    (want) == EITHER ? __outcome != NOTHING :			\
		    __outcome == RESULT) {					\
		TH_LOG("%s: %s", what, __outcome == STORAGE ?			\
		       "a data storage error" : __outcome == RESULT ?		\
		       "it succeeds" : "no end");				\
	}									\
} while (0)

#define WALK(async, child) do {							\
	struct memory *__m = &self->m;						\
	char __got[SIZE];							\
										\
	ASSERT_TRUE(variant->make(__m)) {					\
		TH_LOG("%s", strerror(errno));					\
	}									\
	if (__m->skip)								\
		SKIP(return, "%s", __m->skip);					\
	EXPECT_OUTCOME(variant->read,						\
		       dma(__m, MFC_GET, async, child, __got), "GET");	\
	if (variant->read == DATA)						\
		EXPECT_TRUE(all(__got, BEFORE));				\
	if (variant->read == ZEROES)						\
		EXPECT_TRUE(all(__got, 0));					\
	EXPECT_OUTCOME(variant->write,						\
		       dma(__m, MFC_PUT, async, child, __got), "PUT");	\
	if (variant->write == DATA)						\
		EXPECT_TRUE(all(__m->p, WRITTEN));				\
} while (0)

TEST_F(memory, of_the_thread_in_spu_run)
{
	WALK(false, false);
}

TEST_F(memory, of_the_parent_of_the_thread_in_spu_run)
{
	WALK(false, true);
}

TEST_F(memory, of_the_starter_of_an_asynchronous_run)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	WALK(true, false);
}

TEST_F(memory, of_the_parent_of_the_starter_of_an_asynchronous_run)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	WALK(true, true);
}

/* The memory goes while the SPU works on it: the owner exits, not a child. */
FIXTURE(dying)
{
	int log;
};

FIXTURE_VARIANT(dying)
{
	bool async;
};

FIXTURE_VARIANT_ADD(dying, spu_run)
{
	.async = false,
};

FIXTURE_VARIANT_ADD(dying, asynchronous)
{
	.async = true,
};

FIXTURE_SETUP(dying)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (variant->async && no_async())
		SKIP(return, "%s", no_async());
	self->log = open_log();
	if (self->log < 0)
		SKIP(return, "/dev/kmsg: %s", strerror(errno));
}

FIXTURE_TEARDOWN(dying)
{
	EXPECT_SILENCE(self->log, NULL);
}

#define PAGES	500

/* Does the copying run that was begun end, in any way? */
static int ends(const struct async *ctx)
{
	__u32 npc = 0, event = 0;
	struct spu_event e;
	ssize_t len;

	if (ctx->event < 0) {
		/* a kernel may refuse this when the owner is gone */
		sys_spu_run(ctx->fd, &npc, &event);
		return 0;
	}
	do
		len = async_next(ctx, &e);
	while (len == sizeof(e) && e.event != SPU_EVENT_STOP);
	return len < 0;
}

static int own_and_die(bool async, int report)
{
	const long page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct copy_args args = {
		.src_hi = spu_eah(p), .src_lo = spu_eal(p),
		.dst_hi = spu_eah(p), .dst_lo = spu_eal(p),
		.size = SIZE, .chunks = PAGES, .stride = page,
	};
	struct async ctx = { .event = -1 };
	char outcome;

	if (p == MAP_FAILED)
		return 1;
	if (async && async_create(&ctx, 0))
		return 2;
	if (!async)
		ctx.fd = spu_create(SPU_CREATE_EVENTS_ENABLED);
	if (ctx.fd < 0 || spu_load(ctx.fd, spu_copy) ||
	    spu_poke(ctx.fd, SPU_COPY_ARGS, &args, sizeof(args)))
		return 3;
	if (async && async_start(&ctx, 0))
		return 4;
	if (!fork()) {
		outcome = ends(&ctx);
		_exit(write(report, &outcome, 1) != 1);
	}
	return 0;
}

TEST_F(dying, memory_is_no_memory)
{
	int report[2], status;
	char outcome = 1;
	pid_t owner;

	ASSERT_EQ(0, pipe(report));
	owner = fork();
	ASSERT_LE(0, owner);
	if (!owner)
		_exit(own_and_die(variant->async, report[1]));
	close(report[1]);
	ASSERT_EQ(owner, waitpid(owner, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_EQ(0, WEXITSTATUS(status));
	ASSERT_EQ(1, read(report[0], &outcome, 1));
	EXPECT_EQ(0, outcome);
	close(report[0]);
}

TEST_HARNESS_MAIN
