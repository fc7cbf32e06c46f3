// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a context's registers and local store, accessed by other means
 * than the program's own instructions: by a copy in the kernel, by DMA, by a
 * debugger.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_alarm.h"
#include "spufs_test.h"

#include "spu/count.h_shipped"
#include "spu/echo.h_shipped"
#include "spu/mfc.h_shipped"

#define PS_SIZE		0x20000
#define PS_SPU_STATUS	0x4024
#define PS_MB_STAT	0x4014
#define TARGET		0x8000

FIXTURE(mapping)
{
	int fd;
	char *psmap;
};

FIXTURE_SETUP(mapping)
{
	int file;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->fd = spu_create(SPU_CREATE_EVENTS_ENABLED);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, spu_load(self->fd, spu_echo));
	file = openat(self->fd, "psmap", O_RDWR);
	self->psmap = mmap(NULL, PS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   file, 0);
	ASSERT_TRUE(self->psmap != MAP_FAILED);
	close(file);
}

FIXTURE_TEARDOWN(mapping)
{
	munmap(self->psmap, PS_SIZE);
	close(self->fd);
}

/* A child's exit status within the time, or -1 */
static int join(pid_t child)
{
	int status;

	if (wait_until(waitpid(child, &status, WNOHANG) == child))
		return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return -1;
}

/* Whether read(2) or write(2) of the registers fails with EFAULT, in a child */
static int copy(int file, char *psmap, bool write_it)
{
	pid_t child = fork();

	if (!child) {
		ssize_t ret = write_it ? write(file, psmap + PS_MB_STAT, 4) :
					 read(file, psmap + PS_MB_STAT, 4);

		_exit(ret == -1 && errno == EFAULT ? 0 : 1);
	}
	return join(child);
}

/*
 * A context that never runs: a copy from its registers holds locks that others
 * need, here that of a file, and does not wait for the context.
 */
TEST_F(mapping, of_a_saved_context_is_not_waited_for_in_a_copy)
{
	FILE *file = tmpfile();
	int pipes[2];

	ASSERT_TRUE(!!file);
	EXPECT_EQ(0, copy(fileno(file), self->psmap, true));
	ASSERT_EQ(4, write(fileno(file), "else", 4));
	ASSERT_EQ(0, lseek(fileno(file), 0, SEEK_SET));
	EXPECT_EQ(0, copy(fileno(file), self->psmap, false));
	fclose(file);

	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(0, copy(pipes[1], self->psmap, true));
	ASSERT_EQ(4, write(pipes[1], "pipe", 4));
	EXPECT_EQ(0, copy(pipes[0], self->psmap, false));
}

/* Nor does a pending signal make the copy wait again and again. */
TEST_F(mapping, of_a_saved_context_does_not_keep_signals_from_a_copy)
{
	pid_t child = fork();
	int pipes[2];

	if (!child) {
		if (pipe(pipes) || write(pipes[1], "pipe", 4) != 4)
			_exit(2);
		/* handled before exec, exit, or the next instruction */
		alarm_every(1000, 0, count_alarm);
		while (!alarms)
			if (read(pipes[0], self->psmap + PS_MB_STAT, 4) != -1 ||
			    errno != EFAULT)
				_exit(3);
		_exit(0);
	}
	EXPECT_EQ(0, join(child));
}

struct run {
	int fd, status;
	__u32 npc, event;
	pid_t tid;
};

static void *run(void *arg)
{
	struct run *run = arg;

	run->tid = syscall(SYS_gettid);
	run->status = sys_spu_run(run->fd, &run->npc, &run->event);
	return NULL;
}

/* While it is loaded its registers can be copied. */
TEST_F(mapping, of_a_loaded_context_is_copied)
{
	struct run echo = { .fd = self->fd };
	__u32 status = 0;
	pthread_t thread;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &echo));
	ASSERT_TRUE(wait_until(loaded_on(self->fd) >= 0));
	ASSERT_EQ(4, write(pipes[1], self->psmap + PS_SPU_STATUS, 4));
	ASSERT_EQ(4, read(pipes[0], &status, 4));
	EXPECT_EQ(SPU_STATUS_RUNNING, status & SPU_STATUS_RUNNING);
	ASSERT_EQ(0, spu_tell(self->fd, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

/* Get a context that is not running saved: a read of fpcr does this. */
static bool save(int fd)
{
	char text[32];
	int fpcr = openat(fd, "fpcr", O_RDONLY);
	bool saved = pread(fpcr, text, sizeof(text), 0) > 0 && loaded_on(fd) < 0;

	close(fpcr);
	return saved;
}

/* A page mapped while the context was loaded no longer belongs to it. */
TEST_F(mapping, of_a_context_that_was_saved_is_not_that_of_its_spe)
{
	const volatile __u32 *status = (void *)(self->psmap + PS_SPU_STATUS);
	struct run echo = { .fd = self->fd };
	pthread_t thread;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &echo));
	ASSERT_TRUE(wait_until(loaded_on(self->fd) >= 0));
	ASSERT_EQ(0, spu_tell(self->fd, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, *status & SPU_STATUS_RUNNING);

	ASSERT_TRUE(save(self->fd));
	EXPECT_EQ(0, copy(pipes[1], self->psmap, true));
}

/* A context whose program counts its runs, and its local store */
FIXTURE(local_store)
{
	int fd, mem;
};

FIXTURE_SETUP(local_store)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->fd = spu_create(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, spu_load(self->fd, spu_count));
	self->mem = openat(self->fd, "mem", O_RDWR);
	ASSERT_LE(0, self->mem);
}

FIXTURE_TEARDOWN(local_store)
{
	close(self->mem);
	close(self->fd);
}

/* The mapping shows it on the SPE and in memory, wherever it is. */
TEST_F(local_store, mapping_goes_with_the_context)
{
	const volatile __u32 *count;
	__u32 npc = 0, event, runs;
	char *map;

	map = mmap(NULL, LS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   self->mem, 0);
	ASSERT_TRUE(map != MAP_FAILED);
	count = (void *)(map + SPU_COUNT_COUNT);

	EXPECT_EQ(0, *count);
	for (runs = 1; runs <= 3; runs++) {
		ASSERT_EQ(SPU_STATUS_STOP(0x1001), sys_spu_run(self->fd, &npc, &event));
		ASSERT_LE(0, loaded_on(self->fd));
		EXPECT_EQ(runs, *count);
		ASSERT_TRUE(save(self->fd));
		EXPECT_EQ(runs, *count);
	}
	munmap(map, LS_SIZE);
}

#define MAPPINGS	10000
#define SWITCHES	20

/* The time to load a context and save it again, a few times: ns, or 0 */
static long long switch_ns(int fd)
{
	unsigned long long begin = nanoseconds();
	__u32 npc, event;
	int i;

	for (i = 0; i < SWITCHES; i++) {
		npc = 0;
		if (sys_spu_run(fd, &npc, &event) != SPU_STATUS_STOP(0x1001) ||
		    !save(fd))
			return 0;
	}
	return nanoseconds() - begin;
}

/* Others wait while a context is loaded or saved. */
TEST_F(local_store, untouched_mappings_cost_nothing)
{
	long long without, with;
	int i;

	without = switch_ns(self->fd);
	for (i = 0; i < MAPPINGS; i++)
		ASSERT_TRUE(mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ,
				 MAP_SHARED, self->mem, 0) != MAP_FAILED);
	with = switch_ns(self->fd);
	EXPECT_LT(0, without);
	EXPECT_LT(0, with);
	EXPECT_GT(3 * without, with);
}

/* A context that ends takes its mappings away; others do not wait for that. */
TEST_F_TIMEOUT(local_store, mappings_that_go_keep_nobody_waiting, 120)
{
	unsigned long long *closing, begin, longest = 0;
	__u32 npc = 0, event;
	int i, ready[2];
	pid_t child;
	char byte, *map = NULL;

	closing = mmap(NULL, sizeof(*closing), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(closing != MAP_FAILED);
	ASSERT_EQ(0, pipe(ready));
	EXPECT_EQ(SPU_STATUS_STOP(0x1001), sys_spu_run(self->fd, &npc, &event));
	child = fork();
	if (!child) {
		for (i = 0; i < 4 * MAPPINGS && map != MAP_FAILED; i++) {
			map = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ,
				   MAP_SHARED, self->mem, 0);
			byte = *(volatile char *)map;
		}
		close(self->mem);
		close(self->fd);
		write(ready[1], &byte, 1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	if (!fork()) {
		/* the last descriptor, once the parent has closed its own */
		read(ready[0], &byte, 1);
		begin = nanoseconds();
		close(self->fd);
		*closing = nanoseconds() - begin;
		_exit(0);
	}
	close(self->mem);
	close(self->fd);
	self->mem = -1;
	self->fd = -1;
	write(ready[1], "", 1);
	do
		time_creation(&longest);
	while (!waitpid(-1, NULL, WNOHANG));
	kill(child, SIGKILL);
	waitpid(-1, NULL, 0);
	EXPECT_LT(0, *closing);
	/* or the time that it takes anyway */
	EXPECT_GT(*closing / 2 + 10000000, longest)
		TH_LOG("of %llu ns", *closing);
	munmap(closing, sizeof(*closing));
}

/* DMA of another context to these registers waits until they are there. */
TEST_F(mapping, of_a_saved_context_is_waited_for_by_dma)
{
	const char *status = self->psmap + PS_SPU_STATUS;
	struct mfc_args args = {
		.lsa = TARGET + (PS_SPU_STATUS & 0xf),
		.eah = spu_eah(status), .eal = spu_eal(status),
		.size = 4, .cmd = MFC_GET,
	};
	struct run get = { .fd = spu_create(SPU_CREATE_EVENTS_ENABLED) };
	struct run echo = { .fd = self->fd };
	pthread_t thread, other;

	ASSERT_LE(0, get.fd);
	ASSERT_EQ(0, spu_load(get.fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(get.fd, SPU_MFC_ARGS, &args, sizeof(args)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &get));
	/* it has reached the fault, which its stat counts */
	ASSERT_TRUE(wait_until(!!strstr(spu_text(get.fd, "stat"), "iowait")));
	ASSERT_TRUE(wait_until(thread_sleeps(get.tid)));

	ASSERT_EQ(0, pthread_create(&other, NULL, run, &echo));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), get.status);
	EXPECT_EQ(0, get.event);
	EXPECT_EQ(SPU_STATUS_RUNNING,
		  spu_peek_word(get.fd, args.lsa) & SPU_STATUS_RUNNING);
	ASSERT_EQ(0, spu_tell(self->fd, 0));
	ASSERT_EQ(0, pthread_join(other, NULL));
	close(get.fd);
}

/* A debugger, and /proc/PID/mem, see the page that the program sees. */
TEST_F(mapping, of_local_store_at_an_offset_is_that_of_a_debugger)
{
	long page = sysconf(_SC_PAGESIZE);
	int mem = openat(self->fd, "mem", O_RDWR), debugger;
	__u32 first = 0x11111111, second = 0x22222222, third = 0x33333333;
	__u32 word = 0;
	char *map;

	ASSERT_EQ(4, pwrite(mem, &first, 4, 0));
	ASSERT_EQ(4, pwrite(mem, &second, 4, page));
	map = mmap(NULL, LS_SIZE - page, PROT_READ | PROT_WRITE, MAP_SHARED,
		   mem, page);
	ASSERT_TRUE(map != MAP_FAILED);
	debugger = open("/proc/self/mem", O_RDWR);
	ASSERT_LE(0, debugger);
	EXPECT_EQ(4, pread64(debugger, &word, 4, (uintptr_t)map));
	EXPECT_EQ(second, word);
	EXPECT_EQ(4, pwrite64(debugger, &third, 4, (uintptr_t)map));
	EXPECT_EQ(third, *(__u32 *)map);
	EXPECT_EQ(first, spu_peek_word(self->fd, 0));
	/* at its end, which is that of local store, and not beyond */
	EXPECT_EQ(4, pread64(debugger, &word, 4,
			     (uintptr_t)map + LS_SIZE - page - 4));
	munmap(map, LS_SIZE - page);
	close(debugger);
	close(mem);
}

/* Beyond it, a debugger sees the same as the program. */
TEST_F(mapping, of_local_store_ends_for_a_debugger_where_it_ends)
{
	long page = sysconf(_SC_PAGESIZE);
	int mem = openat(self->fd, "mem", O_RDWR), debugger;
	__u32 words[2] = { 0x11111111, 0x22222222 }, other = 0x33333333;
	__u32 got[2] = {};
	char *map;

	ASSERT_EQ(8, pwrite(mem, words, 8, page - 4));
	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(map != MAP_FAILED);
	ASSERT_TRUE(map == mmap(map, page, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_FIXED, mem, 0));
	memcpy(map + page, &other, 4);
	debugger = open("/proc/self/mem", O_RDWR);
	ASSERT_LE(0, debugger);
	EXPECT_EQ(8, pread64(debugger, got, 8, (uintptr_t)map + page - 4));
	EXPECT_EQ(words[0], got[0]);
	EXPECT_EQ(other, got[1]);
	got[0] = 0x44444444;
	got[1] = 0x55555555;
	EXPECT_EQ(8, pwrite64(debugger, got, 8, (uintptr_t)map + page - 4));
	EXPECT_EQ(got[0], spu_peek_word(self->fd, page - 4));
	EXPECT_EQ(words[1], spu_peek_word(self->fd, page));
	EXPECT_EQ(0, memcmp(map + page, &got[1], 4));
	/* Nothing can be read where nothing is mapped. */
	ASSERT_EQ(0, munmap(map + page, page));
	EXPECT_EQ(4, pread64(debugger, got, 8, (uintptr_t)map + page - 4));
	munmap(map, page);
	close(debugger);
	close(mem);
}

/* The address of @name, or of a module's first symbol; 0 if not shown */
static __u64 kernel_symbol(const char *name)
{
	char line[256], symbol[128], module[64];
	unsigned long long address;
	__u64 found = 0;
	FILE *file = fopen("/proc/kallsyms", "r");
	int words;

	while (file && !found && fgets(line, sizeof(line), file)) {
		words = sscanf(line, "%llx %*c %127s [%63s", &address, symbol, module);
		if (name ? words >= 2 && !strcmp(symbol, name) : words == 3)
			found = address;
	}
	if (file)
		fclose(file);
	return found;
}

/*
 * A module's text is read-only where STRICT_MODULE_RWX is set, so no key keeps
 * programs out.
 */
TEST(memory_of_the_kernel_is_out_of_reach)
{
	static const char * const names[] = { "_stext", NULL };
	unsigned int i;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (no_patches())
		SKIP(return, "%s", no_patches());
	if (!kernel_symbol("_stext"))
		SKIP(return, "no _stext in /proc/kallsyms");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		__u64 ea = kernel_symbol(names[i]) & ~15ULL;
		const struct mfc_args args = {
			.lsa = TARGET, .eah = ea >> 32, .eal = ea,
			.size = 16, .cmd = MFC_GET,
		};
		int fd = spu_create(SPU_CREATE_EVENTS_ENABLED);
		__u32 npc = 0, event = 0;

		/* a kernel without modules */
		if (!ea)
			break;
		ASSERT_EQ(0, spu_load(fd, spu_mfc));
		ASSERT_EQ(0, spu_poke(fd, SPU_MFC_ARGS, &args, sizeof(args)));
		EXPECT_EQ(0, sys_spu_run(fd, &npc, &event)) {
			TH_LOG("%llx was read", (unsigned long long)ea);
		}
		EXPECT_EQ(SPE_EVENT_SPE_DATA_STORAGE, event);
		EXPECT_EQ(0, spu_peek_word(fd, TARGET));
		close(fd);
	}
}

TEST_HARNESS_MAIN
