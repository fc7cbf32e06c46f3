// SPDX-License-Identifier: GPL-2.0
/*
 * Copies between a context's files and user memory, even if a page fault there
 * is in a mapping of the same context: a kernel may wait for it while it holds
 * a lock that the fault needs.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_test.h"

#include "spu/echo.h_shipped"

#define PS_SIZE		0x20000
#define PS_SPU_STATUS	0x4024
#define REGS_SIZE	2048
#define SIGNAL		0x12345678
/* of the local store, and whole pages of any size */
#define HALF		(LS_SIZE / 2)

FIXTURE(files)
{
	int fd, mem;
	long page;
	char *normal;	/* three pages, the last of them not mapped */
};

FIXTURE_SETUP(files)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->page = sysconf(_SC_PAGESIZE);
	self->normal = mmap(NULL, 3 * self->page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->normal != MAP_FAILED);
	ASSERT_EQ(0, munmap(self->normal + 2 * self->page, self->page));
	self->fd = spu_create(0);
	ASSERT_LE(0, self->fd);
	self->mem = openat(self->fd, "mem", O_RDWR);
	ASSERT_LE(0, self->mem);
}

FIXTURE_TEARDOWN(files)
{
	close(self->mem);
	close(self->fd);
}

static void fill(unsigned char *to, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		to[i] = i % 251 + 1;
}

/*
 * Read or write @file with a mapping of local store at @offset as the buffer.
 * Its pages have not been touched, except for the first if @touch.  This runs
 * in a separate process, which a fault may block for ever.  Returns the result
 * of read() or write(), or -1.
 */
static int transfer(int file, int mem, bool write_it, size_t offset,
		    size_t size, bool touch)
{
	int *done, status, ret = -1;
	pid_t child;

	done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (done == MAP_FAILED)
		return -1;
	child = fork();
	if (!child) {
		char *map = mmap(NULL, LS_SIZE, PROT_READ | PROT_WRITE,
				 MAP_SHARED, mem, 0);

		if (map == MAP_FAILED)
			_exit(1);
		if (touch)
			*(volatile char *)(map + offset);
		*done = write_it ? write(file, map + offset, size) :
				   read(file, map + offset, size);
		_exit(0);
	}
	if (child > 0 && wait_until(waitpid(child, &status, WNOHANG) == child) &&
	    !status)
		ret = *done;
	munmap(done, sizeof(*done));
	return ret;
}

FIXTURE(mapping)
{
	int fd, mem;
};

FIXTURE_VARIANT(mapping)
{
	const char *file;
	size_t size;
};

FIXTURE_VARIANT_ADD(mapping, mem)
{
	.file = "mem", .size = HALF,
};

FIXTURE_VARIANT_ADD(mapping, regs)
{
	.file = "regs", .size = REGS_SIZE,
};

FIXTURE_VARIANT_ADD(mapping, fpcr)
{
	.file = "fpcr", .size = 16,
};

FIXTURE_SETUP(mapping)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->fd = spu_create(0);
	ASSERT_LE(0, self->fd);
	self->mem = openat(self->fd, "mem", O_RDWR);
	ASSERT_LE(0, self->mem);
}

FIXTURE_TEARDOWN(mapping)
{
	close(self->mem);
	close(self->fd);
}

TEST_F(mapping, of_the_context_is_written)
{
	unsigned char data[HALF], copy[HALF];
	int file = openat(self->fd, variant->file, O_RDWR);

	fill(data, variant->size);
	ASSERT_EQ(variant->size, pwrite(self->mem, data, variant->size, HALF));
	ASSERT_EQ(variant->size, transfer(file, self->mem, true, HALF,
					  variant->size, false));
	ASSERT_EQ(variant->size, pread(file, copy, variant->size, 0));
	EXPECT_EQ(0, memcmp(data, copy, variant->size));
	close(file);
}

TEST_F(mapping, of_the_context_is_read_into)
{
	unsigned char data[HALF], copy[HALF];
	int file = openat(self->fd, variant->file, O_RDWR);

	fill(data, variant->size);
	ASSERT_EQ(variant->size, pwrite(file, data, variant->size, 0));
	ASSERT_EQ(variant->size, transfer(file, self->mem, false, HALF,
					  variant->size, false));
	ASSERT_EQ(variant->size, pread(self->mem, copy, variant->size, HALF));
	EXPECT_EQ(0, memcmp(data, copy, variant->size));
	close(file);
}

/* The same for files without a position: a signal is sent and read back. */
TEST_F(files, signal_is_read_into_a_mapping)
{
	static const char * const names[] = { "signal1", "signal2" };
	const __u32 signal = SIGNAL;
	__u32 data = 0;
	int i, file;

	for (i = 0; i < 2; i++) {
		file = openat(self->fd, names[i], O_RDWR);
		ASSERT_EQ(4, write(file, &signal, 4));
		ASSERT_EQ(4, transfer(file, self->mem, false, HALF, 4, false));
		ASSERT_EQ(4, pread(self->mem, &data, 4, HALF));
		EXPECT_EQ(signal, data);
		close(file);
	}
}

/* The first word is in a page that is present, the second in a missing one. */
TEST_F(files, wbox_is_written_from_a_mapping)
{
	const __u32 words[] = { 0x11223344, 0x55667788 };
	__u32 copy[16] = {};
	int file;

	ASSERT_EQ(8, pwrite(self->mem, words, 8, HALF - 4));
	file = openat(self->fd, "wbox", O_WRONLY);
	ASSERT_EQ(8, transfer(file, self->mem, true, HALF - 4, 8, true));
	close(file);
	file = openat(self->fd, "wbox_info", O_RDONLY);
	/* and nothing that lies behind it in the kernel */
	ASSERT_EQ(8, read(file, copy, sizeof(copy)));
	EXPECT_EQ(0, memcmp(words, copy, 8));
	close(file);
}

/* One run of a program that leaves a word in the outbound mailbox */
static int run_echo(int fd)
{
	__u32 npc = SPU_ECHO_WAIT, event;

	if (spu_load(fd, spu_echo) || spu_tell(fd, SIGNAL))
		return -1;
	return sys_spu_run(fd, &npc, &event);
}

TEST_F(files, mbox_is_read_into_a_mapping)
{
	int file = openat(self->fd, "mbox", O_RDONLY);
	__u32 word;

	ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE), run_echo(self->fd));
	ASSERT_EQ(4, transfer(file, self->mem, false, HALF, 4, false));
	ASSERT_EQ(4, pread(self->mem, &word, 4, HALF));
	EXPECT_EQ(SIGNAL, word);
	close(file);
}

/* All lines of the log that fit */
TEST_F(files, switch_log_is_read_into_a_mapping)
{
	int file = openat(self->fd, "switch_log", O_RDONLY | O_NONBLOCK);
	char line[128] = "";
	int len;

	ASSERT_LE(0, file);
	ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE), run_echo(self->fd));
	len = transfer(file, self->mem, false, HALF, sizeof(line) - 1, false);
	ASSERT_LT(0, len);
	ASSERT_EQ(len, pread(self->mem, line, len, HALF));
	/* whole lines */
	EXPECT_EQ('\n', line[len - 1]);
	close(file);
}

struct look {
	pid_t tid;
	volatile __u32 *at;
	__u32 word;
};

static void *look(void *arg)
{
	struct look *look = arg;

	look->tid = syscall(SYS_gettid);
	look->word = *look->at;
	return NULL;
}

/* A thread that touches a register of a context waits until it has an SPE. */
TEST_F(files, psmap_is_there_when_the_context_is_loaded)
{
	int file = openat(self->fd, "psmap", O_RDWR);
	struct look there = {};
	pthread_t thread;
	char *map;

	map = mmap(NULL, PS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_TRUE(map != MAP_FAILED);
	close(file);
	there.at = (void *)(map + PS_SPU_STATUS);
	ASSERT_EQ(0, pthread_create(&thread, NULL, look, &there));
	ASSERT_TRUE(wait_until(thread_sleeps(there.tid)));
	ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE), run_echo(self->fd));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	/* it is this register */
	EXPECT_TRUE(there.word == SPU_STATUS_RUNNING ||
		    there.word == SPU_STATUS_STOP(SPU_DONE)) {
		TH_LOG("%08x", there.word);
	}
	munmap(map, PS_SIZE);
}

#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"
#define DUMP_HELPER	"read-core"

struct dump {
	char pattern[128], dir[32], fifo[40];
	int go;
	pid_t child;
};

/* First in main(): the process that the kernel starts for core_pattern */
static void dump_helper(int argc, char **argv)
{
	char buf[4096];

	if (argc < 3 || strcmp(argv[1], DUMP_HELPER))
		return;
	/* which waits for a writer, and for the writer to close it */
	if (read(open(argv[2], O_RDONLY), buf, 1))
		_exit(1);
	while (read(STDIN_FILENO, buf, sizeof(buf)) > 0)
		;
	_exit(0);
}

/* A reason to SKIP, or NULL */
static const char *no_dump(void)
{
	return access(CORE_PATTERN, W_OK) ? CORE_PATTERN " cannot be changed" :
					    NULL;
}

static int dump_set_pattern(const char *pattern)
{
	int fd = open(CORE_PATTERN, O_WRONLY);
	ssize_t done = write(fd, pattern, strlen(pattern));

	close(fd);
	return done == (ssize_t)strlen(pattern) ? 0 : -1;
}

static char process_state(pid_t pid)
{
	char path[64], state = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "r");
	if (!stat)
		return 0;
	if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(stat);
	return state;
}

/*
 * A child that has all contexts of this process dumps core into a pipe without
 * a reader; a context's local store is more than fits. 0 or -1
 */
static int dump_begin(struct dump *dump)
{
	char exe[80] = "", pattern[128];
	FILE *file = fopen(CORE_PATTERN, "r");

	if (!file || !fgets(dump->pattern, sizeof(dump->pattern), file))
		return -1;
	fclose(file);
	strcpy(dump->dir, "/tmp/spufs-XXXXXX");
	if (!mkdtemp(dump->dir))
		return -1;
	snprintf(dump->fifo, sizeof(dump->fifo), "%s/go", dump->dir);
	if (mkfifo(dump->fifo, 0600) ||
	    readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return -1;
	snprintf(pattern, sizeof(pattern), "|%s " DUMP_HELPER " %s", exe,
		 dump->fifo);
	if (dump_set_pattern(pattern))
		return -1;

	dump->child = fork();
	if (!dump->child) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	dump->go = open(dump->fifo, O_WRONLY);
	return wait_until(process_state(dump->child) == 'S') ? 0 : -1;
}

static int dump_end(struct dump *dump)
{
	int status;

	close(dump->go);
	while (waitpid(dump->child, &status, 0) != dump->child)
		if (errno != EINTR)
			return -1;
	unlink(dump->fifo);
	rmdir(dump->dir);
	return dump_set_pattern(dump->pattern);
}

/* While the dump waits for its reader, the context does not wait. */
TEST_F(files, are_accessed_during_a_core_dump)
{
	struct dump dump;
	char byte;

	if (no_dump())
		SKIP(return, "%s", no_dump());
	ASSERT_EQ(0, dump_begin(&dump));
	/* if it waits, this is a time-out */
	EXPECT_EQ(1, pread(self->mem, &byte, 1, 0));
	ASSERT_EQ(0, dump_end(&dump));
}

static ssize_t put(int file, bool write_it, char *buf, size_t size, off_t pos)
{
	return write_it ? pwrite(file, buf, size, pos) :
			  pread(file, buf, size, pos);
}

/*
 * The amount that is copied at the end of the area, at the end of the buffer,
 * and where nothing can be copied.
 */
TEST_F(files, ends_are_where_they_were)
{
	static const struct {
		const char *name;
		off_t size;
		int write_at_end;	/* 0 or -EFBIG */
	} areas[] = {
		{ "mem", LS_SIZE, 0 },
		{ "regs", REGS_SIZE, -EFBIG },
		{ "fpcr", 16, -EFBIG },
	};
	char *end = self->normal + 2 * self->page;
	int i, w;

	for (i = 0; i < ARRAY_SIZE(areas); i++) {
		off_t size = areas[i].size;
		int file = openat(self->fd, areas[i].name, O_RDWR);

		for (w = 0; w < 2; w++) {
			/* of the area */
			EXPECT_EQ(8, put(file, w, self->normal, 64, size - 8));
			EXPECT_EQ(w ? areas[i].write_at_end ? -1 : 0 : 0,
				  put(file, w, self->normal, 64, size));
			if (w && areas[i].write_at_end)
				EXPECT_EQ(-areas[i].write_at_end, errno);
			EXPECT_EQ(w ? -1 : 0,
				  put(file, w, self->normal, 64, size + 1));
			EXPECT_EQ(0, put(file, w, self->normal, 0, 0));
			/* of the buffer */
			EXPECT_EQ(5, put(file, w, end - 5, 8, 0));
			EXPECT_ERROR(EFAULT, put(file, w, end, 8, 0));
		}
		/* the position advances by the copied amount only */
		EXPECT_EQ(3, lseek(file, 3, SEEK_SET));
		EXPECT_EQ(5, read(file, end - 5, 8));
		EXPECT_EQ(8, lseek(file, 0, SEEK_CUR));
		EXPECT_EQ(-1, read(file, end, 8));
		EXPECT_EQ(-1, write(file, end, 8));
		EXPECT_EQ(8, lseek(file, 0, SEEK_CUR));
		EXPECT_EQ(3, write(file, end - 3, 8));
		EXPECT_EQ(11, lseek(file, 0, SEEK_CUR));
		close(file);
	}
}

int main(int argc, char **argv)
{
	dump_helper(argc, argv);
	return test_harness_run(argc, argv);
}
