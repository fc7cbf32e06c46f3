// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that an SPU sees, and the result of DMA to an address without
 * memory. A kernel may resolve the former in the wrong memory, and wait for
 * ever for the latter. And of two errors at once it may forget one.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_alarm.h"
#include "spufs_cpus.h"
#include "spufs_hang.h"
#include "spufs_test.h"

#include "spu/copy.h_shipped"
#include "spu/errors.h_shipped"
#include "spu/mfc.h_shipped"
#include "spu/touch.h_shipped"

FIXTURE(fault)
{
	int fd;
	long page;
};

FIXTURE_SETUP(fault)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = spu_create(SPU_CREATE_EVENTS_ENABLED);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(fault)
{
	close(self->fd);
}

/*
 * A context uses its creator's memory, whoever is in spu_run: here a child, to
 * which neither page belongs any more.
 */
TEST_F(fault, is_resolved_in_the_creators_memory)
{
	struct copy_args args = { .size = 1024, .chunks = 1, .stride = self->page };
	char *source, *target;
	__u32 npc = 0, event;
	int status;
	pid_t child;

	source = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(source != MAP_FAILED);
	target = source + self->page;
	memset(source, 0x5a, args.size);
	args.src_hi = spu_eah(source);
	args.src_lo = spu_eal(source);
	args.dst_hi = spu_eah(target);
	args.dst_lo = spu_eal(target);
	ASSERT_EQ(0, spu_load(self->fd, spu_copy));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_COPY_ARGS, &args, sizeof(args)));

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		munmap(source, 2 * self->page);
		_exit(sys_spu_run(self->fd, &npc, &event) !=
		      SPU_STATUS_STOP(SPU_DONE));
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(0, memcmp(source, target, args.size));
}

/* An address without a segment, and therefore without a page */
TEST_F(fault, at_no_segment_is_an_error)
{
	const __u64 eas[] = {
		0x1000000000000000ULL,	/* neither user nor kernel */
		/* right behind the range of a page table */
		1ULL << (self->page == 4096 ? 46 : 52),
	};
	int i;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	for (i = 0; i < ARRAY_SIZE(eas); i++) {
		struct mfc_args args = {
			.cmd = MFC_GET, .lsa = 0x4000, .size = 16,
			.eah = eas[i] >> 32, .eal = eas[i],
		};
		__u32 npc = 0, event = 0;

		close(self->fd);
		self->fd = spu_create(SPU_CREATE_EVENTS_ENABLED);
		ASSERT_LE(0, self->fd);
		ASSERT_EQ(0, spu_load(self->fd, spu_mfc));
		ASSERT_EQ(0, spu_poke(self->fd, SPU_MFC_ARGS, &args, sizeof(args)));
		EXPECT_LE(0, sys_spu_run(self->fd, &npc, &event));
		EXPECT_EQ(SPE_EVENT_SPE_DATA_STORAGE, event);
	}
}

/* A page that UFFDIO_POISON has marked: a kernel may take this for a bug. */
TEST_F(fault, at_a_poisoned_page_is_an_error)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_POISON,
	};
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_poison poison = {};
	struct mfc_args args = { .cmd = MFC_GET, .lsa = 0x4000, .size = 16 };
	__u32 npc = 0, event = 0;
	char *page;
	int uffd;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	uffd = syscall(__NR_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		SKIP(return, "kernel without UFFDIO_POISON");
	page = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(page != MAP_FAILED);
	reg.range.start = (unsigned long)page;
	reg.range.len = self->page;
	poison.range = reg.range;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_POISON, &poison));

	args.eah = spu_eah(page);
	args.eal = spu_eal(page);
	ASSERT_EQ(0, spu_load(self->fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_MFC_ARGS, &args, sizeof(args)));
	EXPECT_LE(0, sys_spu_run(self->fd, &npc, &event));
	EXPECT_EQ(SPE_EVENT_SPE_DATA_STORAGE, event);
	close(uffd);
}

/*
 * A page replaces another, and all users of the old one must forget it:
 * another CPU, and the SPE. The use of the memory by SPUs must not be taken
 * for that of a CPU that uses it already.
 */
struct pages {
	int *page, *next;
	long size;
	struct copy_args args;
	int fd, cpu, seen;
	bool known, replaced;
};

static bool copy_page(struct pages *p)
{
	__u32 npc = 0, event;

	return sys_spu_run(p->fd, &npc, &event) == SPU_STATUS_STOP(SPU_DONE);
}

static bool make_pages(struct pages *p)
{
	char *map = mmap(NULL, 3 * p->size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int *copy = (void *)(map + 2 * p->size);

	if (map == MAP_FAILED)
		return false;
	p->page = (void *)map;
	p->next = (void *)(map + p->size);
	*p->page = 1;
	*p->next = 2;
	p->args = (struct copy_args) {
		.src_hi = spu_eah(map), .src_lo = spu_eal(map),
		.dst_hi = spu_eah(copy), .dst_lo = spu_eal(copy),
		.size = 128, .chunks = 1, .stride = p->size,
	};
	p->fd = spu_create(0);
	if (p->fd < 0 || spu_load(p->fd, spu_copy) ||
	    spu_poke(p->fd, SPU_COPY_ARGS, &p->args, sizeof(p->args)) ||
	    !copy_page(p))
		return false;
	p->seen = *copy;
	return p->seen == 1;
}

static bool replace_page(struct pages *p)
{
	return mremap(p->next, p->size, p->size, MREMAP_MAYMOVE | MREMAP_FIXED,
		      p->page) == p->page;
}

static void *look_twice(void *arg)
{
	struct pages *p = arg;

	if (!run_on(p->cpu))
		return NULL;
	p->seen = *(volatile int *)p->page;
	/* Nothing in between may make this CPU forget where the page is. */
	__atomic_store_n(&p->known, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&p->replaced, __ATOMIC_ACQUIRE))
		;
	p->seen = *(volatile int *)p->page;
	return p;
}

static int seen_by_another_cpu(struct pages *p)
{
	pthread_t thread;
	void *ok;

	if (!make_pages(p) || pthread_create(&thread, NULL, look_twice, p))
		return -1;
	while (!__atomic_load_n(&p->known, __ATOMIC_ACQUIRE))
		if (!pthread_tryjoin_np(thread, &ok))
			return -1;
	if (!replace_page(p))
		return -1;
	__atomic_store_n(&p->replaced, true, __ATOMIC_RELEASE);
	pthread_join(thread, &ok);
	return p->seen;
}

static int seen_by_the_spu(struct pages *p)
{
	int *copy;

	if (!make_pages(p) || !replace_page(p) || !copy_page(p))
		return -1;
	copy = (void *)((char *)p->page + 2 * p->size);
	return *copy;
}

/* The value seen in a separate process, which was on no CPU but @first */
static int seen(int (*look)(struct pages *p), struct pages *p, int first)
{
	int status;
	pid_t child;

	if (!run_on(first))
		return -1;
	child = fork();
	if (!child)
		_exit(look(p));
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST_F(fault, is_not_where_another_page_was)
{
	struct pages pages = { .size = self->page };
	int cpus[2], n = first_cpus(cpus, 2);

	if (no_patches())
		SKIP(return, "%s", no_patches());
	ASSERT_LT(0, n);
	EXPECT_EQ(2, seen(seen_by_the_spu, &pages, cpus[0]));
	if (n < 2)
		SKIP(return, "for another CPU to see it: there is none");
	pages.cpu = cpus[1];
	EXPECT_EQ(2, seen(seen_by_another_cpu, &pages, cpus[0]));
}

/* Segment faults and page faults of DMA: the 7th and the 8th number of stat */
static bool faults(int fd, long *segments, long *pages)
{
	return sscanf(spu_text(fd, "stat"),
		      "%*s %*u %*u %*u %*u %*u %*u %ld %ld", segments, pages) == 2;
}

/* An SLB has 8 entries: a program that goes through more segments misses. */
#define SEGMENTS	12
#define FIRST		2

/* A page at the beginning of each; false if one is not free. */
static bool map_segments(long page)
{
	unsigned int i;

	for (i = 0; i < SEGMENTS; i++) {
		void *place = (void *)((uintptr_t)(FIRST + i) << 28);

		if (mmap(place, page, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			 -1, 0) != place)
			return false;
	}
	return true;
}

/*
 * A program that goes through more segments than an SLB has entries misses all
 * the time. Interrupts may not resolve all of that, or they are all that their
 * CPU does. A thread resolves the others, like page faults.
 */
TEST_F(fault, at_segment_after_segment_is_not_for_interrupts_alone)
{
	const unsigned int runs = 2000, per_ms = 250;
	const __u32 args[8] = { 0, FIRST << 28, 1 << 28, SEGMENTS, 1 };
	long slb[2], hash[2], ms;
	__u32 npc, event;
	unsigned int i;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	if (!map_segments(self->page))
		SKIP(return, "segments are not free");
	ASSERT_EQ(0, spu_load(self->fd, spu_touch));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_TOUCH_ARGS, args, sizeof(args)));
	ASSERT_TRUE(faults(self->fd, &slb[0], &hash[0]));
	ms = nanoseconds() / 1000000;
	for (i = 0; i < runs; i++) {
		npc = 0;
		ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE),
			  sys_spu_run(self->fd, &npc, &event));
	}
	ms = nanoseconds() / 1000000 - ms;
	ASSERT_TRUE(faults(self->fd, &slb[1], &hash[1]));
	EXPECT_LE(runs * SEGMENTS, slb[1] - slb[0]);
	/* and one jiffy, of 10 ms at most */
	EXPECT_GE((ms + 11) * per_ms, slb[1] - slb[0] - (hash[1] - hash[0]))
		TH_LOG("in %ld ms", ms);
}

/*
 * The page table has these pages, and no other table has them yet. An interrupt
 * is enough for that; nobody has to wake up.
 */
TEST_F(fault, at_a_page_that_is_there_wakes_nobody)
{
	const unsigned int pages = 64, pause = 20000;
	size_t len = pages * self->page;
	__u32 args[8] = { 0, 0, self->page, pages, pause };
	__u32 npc = 0, event;
	struct rusage before, after;
	long slb, hash;
	cpu_set_t set;
	char *map;
	int cpu;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	/* An interrupt uses the page table only where the process has been. */
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(set), &set));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			ASSERT_TRUE(run_on(cpu));
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));

	/* twice the size, so that all of one half is in the same 4 GiB */
	map = mmap(NULL, 2 * len, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_TRUE(map != MAP_FAILED);
	if (spu_eah(map) != spu_eah(map + len))
		map = (char *)((uintptr_t)(map + len) & ~0xffffffffUL);
	args[0] = spu_eah(map);
	args[1] = spu_eal(map);
	ASSERT_EQ(0, spu_load(self->fd, spu_touch));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_TOUCH_ARGS, args, sizeof(args)));

	ASSERT_EQ(0, getrusage(RUSAGE_THREAD, &before));
	ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE), sys_spu_run(self->fd, &npc, &event));
	ASSERT_EQ(0, getrusage(RUSAGE_THREAD, &after));
	ASSERT_TRUE(faults(self->fd, &slb, &hash));
	EXPECT_LE(pages, hash);
	EXPECT_GT(pages / 4, after.ru_nvcsw - before.ru_nvcsw);
}

struct errors {
	int fd, ret;
	pid_t tid;
	__u32 event;
};

static void *run_errors(void *arg)
{
	struct errors *errors = arg;
	__u32 npc = 0;

	errors->tid = syscall(SYS_gettid);
	errors->ret = sys_spu_run(errors->fd, &npc, &errors->event);
	return NULL;
}

static __u32 status(int fd)
{
	int file = openat(fd, "cntl", O_RDONLY);
	char text[32] = "";

	if (read(file, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(file);
	return strtoul(text, NULL, 16);
}

/*
 * Two errors, and the thread in spu_run looks only after the second one: a more
 * urgent thread keeps its CPU busy until then.
 */
TEST_F(fault, that_comes_twice_is_reported_twice)
{
	struct errors errors = { .fd = self->fd };
	struct sched_param param = { .sched_priority = 1 };
	struct timespec now, end;
	pthread_t thread;

	ASSERT_TRUE(run_on(sched_getcpu()));
	ASSERT_EQ(0, spu_load(self->fd, spu_errors));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_errors, &errors));
	ASSERT_TRUE(wait_until(thread_sleeps(errors.tid) &&
			       loaded_on(self->fd) >= 0));
	if (sched_setscheduler(0, SCHED_FIFO, &param)) {
		ASSERT_EQ(EPERM, errno);
		spu_tell(self->fd, 1);
		pthread_join(thread, NULL);
		SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
	}
	ASSERT_EQ(0, spu_tell(self->fd, 1));
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += TIMEOUT_MS / 1000;
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (!(status(self->fd) & SPU_STATUS_INVALID_INSTR) &&
	       now.tv_sec <= end.tv_sec);
	param.sched_priority = 0;
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_OTHER, &param));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(SPE_EVENT_DMA_ALIGNMENT | SPE_EVENT_SPE_ERROR, errors.event);
}

/*
 * An SPU that always has the next fault ready does not keep its thread on the CPU,
 * until there is a signal.
 */
TEST_F(fault, after_fault_leaves_the_cpu_to_others)
{
	const __u32 args[8] = { 0, FIRST << 28, 1 << 28, SEGMENTS, 1 };
	const __u32 again = 0x30000000;	/* bra 0 */
	struct errors other = { .fd = self->fd };
	unsigned int stop;
	long slb[2], hash;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	if (!map_segments(self->page))
		SKIP(return, "segments are not free");
	for (stop = 0; spu_touch[stop] != 0x1001; stop++)
		;
	ASSERT_EQ(0, spu_load(self->fd, spu_touch));
	ASSERT_EQ(0, spu_poke(self->fd, stop * 4, &again, sizeof(again)));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_TOUCH_ARGS, args, sizeof(args)));
	ASSERT_TRUE(faults(self->fd, &slb[0], &hash));
	EXPECT_GT(100000000, longest_stretch(run_errors, &other));
	EXPECT_EQ(-1, other.ret);
	ASSERT_TRUE(faults(self->fd, &slb[1], &hash));
	EXPECT_LT(SEGMENTS, slb[1] - slb[0]);
}

/* The memory ends with its process: a child in spu_run does not keep it. */
TEST(memory_of_an_owner_that_is_gone_is_nowhere)
{
	__u32 npc = 0, event = 0;
	struct mfc_args args = { .cmd = MFC_GET, .lsa = 0x4000, .size = 16 };
	static char text[16] __attribute__((aligned(16)));
	int fd, sockets[2], status, result;
	pid_t owner;
	char byte;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	args.eah = spu_eah(text);
	args.eal = spu_eal(text);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	owner = fork();
	ASSERT_LE(0, owner);
	if (!owner) {
		fd = spu_create(SPU_CREATE_EVENTS_ENABLED);
		if (spu_load(fd, spu_mfc) ||
		    spu_poke(fd, SPU_MFC_ARGS, &args, sizeof(args)))
			_exit(1);
		if (fork())
			_exit(0);
		/* this one's parent is gone when the other end says so */
		close(sockets[0]);
		if (read(sockets[1], &byte, 1) != 1)
			_exit(1);
		result = sys_spu_run(fd, &npc, &event);
		if (write(sockets[1], &result, sizeof(result)) != sizeof(result) ||
		    write(sockets[1], &event, sizeof(event)) != sizeof(event))
			_exit(1);
		_exit(0);
	}
	close(sockets[1]);
	ASSERT_EQ(owner, waitpid(owner, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(1, write(sockets[0], "", 1));
	ASSERT_EQ(sizeof(result), read(sockets[0], &result, sizeof(result)));
	ASSERT_EQ(sizeof(event), read(sockets[0], &event, sizeof(event)));
	EXPECT_EQ(SPE_EVENT_SPE_DATA_STORAGE, event);
	close(sockets[0]);
}

/* A page fault that waits does not hold mmap_lock. */
TEST_F(fault, that_hangs_does_not_hold_up_the_process)
{
	struct errors run = { .fd = self->fd };
	struct mfc_args args = { .cmd = MFC_GET, .lsa = 0x4000, .size = 16 };
	struct hang hang;
	pthread_t thread;
	char *other;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	if (!hang_create(&hang, self->page))
		SKIP(return, "userfaultfd: %s", strerror(errno));
	args.eah = spu_eah(hang.memory);
	args.eal = spu_eal(hang.memory);
	ASSERT_EQ(0, spu_load(self->fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_MFC_ARGS, &args, sizeof(args)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_errors, &run));
	ASSERT_TRUE(hang_wait(&hang));

	/* this changes the address space, for which it has to be locked */
	other = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(other != MAP_FAILED);
	EXPECT_EQ(0, munmap(other, self->page));

	hang_end(&hang);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), run.ret);
	EXPECT_EQ(0, run.event);
}

TEST_HARNESS_MAIN
