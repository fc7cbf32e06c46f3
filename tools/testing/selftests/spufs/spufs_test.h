/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The needs of every spufs test: a mount, a context, its local store. Nothing
 * here is about asynchronous contexts; it works on any kernel with spufs.
 */
#ifndef __SPUFS_TEST_H
#define __SPUFS_TEST_H

#include <asm/types.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* spu_create(2) */
#ifndef SPU_CREATE_EVENTS_ENABLED
#define SPU_CREATE_EVENTS_ENABLED	0x0001
#define SPU_CREATE_GANG			0x0002
#define SPU_CREATE_NOSCHED		0x0004
#endif

/* spu_run(2): the values that it stores as event, with EVENTS_ENABLED */
#define SPE_EVENT_DMA_ALIGNMENT		0x0008
#define SPE_EVENT_SPE_ERROR		0x0010
#define SPE_EVENT_SPE_DATA_STORAGE	0x0040
#define SPE_EVENT_INVALID_DMA		0x0800

/* SPU_Status, CBEA chapter "SPU Control": the low half is flags */
#define SPU_STATUS_RUNNING		0x1
#define SPU_STATUS_STOPPED_BY_STOP	0x2
#define SPU_STATUS_STOPPED_BY_HALT	0x4
#define SPU_STATUS_SINGLE_STEP		0x10
#define SPU_STATUS_INVALID_INSTR	0x20
#define SPU_STATUS_INVALID_CH		0x40
#define SPU_STATUS_FLAGS		0x07ff
#define SPU_STATUS_STOP(code)		((code) << 16 | SPU_STATUS_STOPPED_BY_STOP)

/* The way in which the programs below spu/ report their end */
#define SPU_DONE			0x1001

/* MFC command opcodes */
#define MFC_PUT				0x20
#define MFC_GET				0x40

#define LS_SIZE				0x40000

/*
 * A kernel address. A page table for 4 KiB pages covers 46 bits, and there is
 * a user address with the same 46 bits.
 */
#define KERNEL_EA			0xc0003e0000000000ULL
#define KERNEL_EA_ALIAS			(KERNEL_EA & ((1ULL << 46) - 1))

/* No wait takes a second, except on a busy host. */
#define TIMEOUT_MS			20000

struct mfc_args {
	__u32 lsa, eah, eal, size;
	__u32 cmd, pad[3];
};

struct copy_args {
	__u32 src_hi, src_lo, dst_hi, dst_lo;
	__u32 size, chunks, stride, pad;
};

struct work_args {
	__u32 steps, eah, eal, pad;
};

#define spu_eah(p)	((__u32)((__u64)(uintptr_t)(p) >> 32))
#define spu_eal(p)	((__u32)(uintptr_t)(p))

/* The mount point of spufs; mounts it if necessary. NULL: no spufs. */
static inline const char *spufs_root(void)
{
	static char root[256];
	struct mntent *entry;
	FILE *mounts;

	if (root[0])
		return root;

	mounts = setmntent("/proc/self/mounts", "r");
	if (mounts) {
		while (!root[0] && (entry = getmntent(mounts)))
			if (!strcmp(entry->mnt_type, "spufs"))
				snprintf(root, sizeof(root), "%s",
					 entry->mnt_dir);
		endmntent(mounts);
	}
	if (!root[0]) {
		mkdir("/spu", 0755);
		if (!mount("spufs", "/spu", "spufs", 0, NULL))
			memcpy(root, "/spu", sizeof("/spu"));
	}
	return root[0] ? root : NULL;
}

/* The number of SPEs: 8 on a chip, 6 on a PS3, 16 on a QS22. */
static inline int spe_count(void)
{
	DIR *dir = opendir("/sys/devices/system/spu");
	struct dirent *entry;
	int count = 0, number;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		count += sscanf(entry->d_name, "spu%d", &number) == 1;
	closedir(dir);
	return count;
}

static inline int sys_spu_create(const char *path, unsigned int flags,
				 mode_t mode, int neighbour)
{
	return syscall(SYS_spu_create, path, flags, mode, neighbour);
}

static inline int sys_spu_run(int fd, __u32 *npc, __u32 *event)
{
	return syscall(SYS_spu_run, fd, npc, event);
}

/* A path of this process's own for a context or gang, below @dir or the root */
static inline const char *spu_path(const char *dir)
{
	static __thread char path[1024];
	static int serial;

	snprintf(path, sizeof(path), "%s/test-%d-%d",
		 dir ? dir : spufs_root(), getpid(),
		 __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED));
	return path;
}

static inline int spu_create(unsigned int flags)
{
	return sys_spu_create(spu_path(NULL), flags, 0755, -1);
}

/* Local store of context @fd. 0, or -1 if not all of @len was copied. */
static inline int spu_poke(int fd, __u32 lsa, const void *buf, size_t len)
{
	int mem = openat(fd, "mem", O_WRONLY);
	ssize_t done = pwrite(mem, buf, len, lsa);

	close(mem);
	return done == (ssize_t)len ? 0 : -1;
}

static inline int spu_peek(int fd, __u32 lsa, void *buf, size_t len)
{
	int mem = openat(fd, "mem", O_RDONLY);
	ssize_t done = pread(mem, buf, len, lsa);

	close(mem);
	return done == (ssize_t)len ? 0 : -1;
}

static inline __u32 spu_peek_word(int fd, __u32 lsa)
{
	__u32 word = ~0;

	spu_peek(fd, lsa, &word, sizeof(word));
	return word;
}

#define spu_load(fd, program)	spu_poke(fd, 0, program, sizeof(program))

/* Send a word to the program: SPU_RdInMbox */
static inline int spu_tell(int fd, __u32 word)
{
	int wbox = openat(fd, "wbox", O_WRONLY);
	ssize_t done = write(wbox, &word, sizeof(word));

	close(wbox);
	return done == sizeof(word) ? 0 : -1;
}

/*
 * Keep the mutex of context @fd taken most of the time: copying all of its
 * local store takes longer than anything else.  For a thread; ends with @stop.
 */
struct busy {
	int fd;
	__u32 npc;
	bool stop;
};

static inline void *keep_busy(void *arg)
{
	static char copy[LS_SIZE];
	struct busy *busy = arg;

	while (!__atomic_load_n(&busy->stop, __ATOMIC_RELAXED))
		spu_peek(busy->fd, 0, copy, sizeof(copy));
	return NULL;
}

/*
 * The same for longer each time, if not as often: while the context is loaded, to
 * run the program at @npc, and while it is saved again, so that its registers
 * can be read.  (Another thread has to start an asynchronous one.)
 */
static inline void *keep_switching(void *arg)
{
	struct busy *busy = arg;
	int regs = openat(busy->fd, "regs", O_RDONLY);
	__u32 npc, event, reg;

	while (!__atomic_load_n(&busy->stop, __ATOMIC_RELAXED)) {
		npc = busy->npc;
		sys_spu_run(busy->fd, &npc, &event);
		if (pread(regs, &reg, sizeof(reg), 0) != sizeof(reg))
			break;
	}
	close(regs);
	return NULL;
}

/* Write to a file outside spufs, e.g. of a cgroup: 0 or -1 */
static inline int put_text(const char *dir, const char *name, const char *text)
{
	char path[300];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	ret = write(fd, text, strlen(text));
	close(fd);
	return ret == (int)strlen(text) ? 0 : -1;
}

/* The text of a file of context @fd, or "" */
static inline const char *spu_text(int fd, const char *name)
{
	static __thread char text[256];
	int file = openat(fd, name, O_RDONLY);
	ssize_t len = read(file, text, sizeof(text) - 1);

	close(file);
	text[len < 0 ? 0 : len] = 0;
	return text;
}

/* The SPE that context @fd is loaded on, or -1 */
static inline int loaded_on(int fd)
{
	const char *id = spu_text(fd, "phys-id");

	return *id ? (int)strtoul(id, NULL, 16) : -1;
}

/* The system call fails with this @error. */
#define EXPECT_ERROR(error, call) do {					\
	EXPECT_EQ(-1, call);						\
	EXPECT_EQ(error, errno);					\
} while (0)

/* Try @condition until it holds or time is up; the value says which. */
#define wait_until(condition) ({					\
	struct timespec __now, __end;					\
	bool __holds;							\
									\
	clock_gettime(CLOCK_MONOTONIC, &__end);				\
	__end.tv_sec += TIMEOUT_MS / 1000;				\
	while (!(__holds = (condition))) {				\
		clock_gettime(CLOCK_MONOTONIC, &__now);			\
		if (__now.tv_sec > __end.tv_sec)			\
			break;						\
		poll(NULL, 0, 1);					\
	}								\
	__holds;							\
})

/* CLOCK_MONOTONIC */
static inline unsigned long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Create a context and close it; @longest is the longest time of a creation. */
static inline void time_creation(unsigned long long *longest)
{
	unsigned long long begin = nanoseconds();
	int fd = spu_create(0);

	begin = nanoseconds() - begin;
	if (*longest < begin)
		*longest = begin;
	close(fd);
}

/*
 * Does the thread sleep? It must have stored its id right before the system
 * call in question.
 */
static inline bool thread_sleeps(pid_t tid)
{
	char path[64], state = 0;
	FILE *stat;

	if (!tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	stat = fopen(path, "r");
	if (!stat)
		return false;
	if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(stat);
	return state == 'S';
}

/* The contexts in the system, from a line like that of /proc/loadavg */
static inline int spu_contexts(void)
{
	FILE *file = fopen("/proc/spu_loadavg", "r");
	int count = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%*s %*s %*s %*d/%d", &count) != 1)
		count = -1;
	fclose(file);
	return count;
}

/*
 * Map the page at KERNEL_EA_ALIAS, with something in it. (A 32-bit program has
 * no such page, and the DMA has only the kernel's to find.) 0, or -1.
 */
static inline int map_alias(void)
{
#ifdef __LP64__
	char *page = mmap((void *)KERNEL_EA_ALIAS, sysconf(_SC_PAGESIZE),
			  PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			  -1, 0);

	if (page == MAP_FAILED)
		return -1;
	memset(page, 0xa5, 16);
#endif
	return 0;
}

/* The computation of spu/work.s: Marsaglia, "Xorshift RNGs" (2003) */
static inline __u32 xorshift32(__u32 x, __u32 steps)
{
	while (steps--) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
	}
	return x;
}

/* A reason to SKIP, or NULL */
static inline const char *no_spufs(void)
{
	if (!spufs_root())
		return errno == ENODEV ? "kernel without spufs" :
					 "spufs is not mounted and cannot be";
	if (!spe_count())
		return "no SPE in /sys/devices/system/spu";
	return NULL;
}

/*
 * A reason to SKIP tests of a fix outside spufs, or NULL. Only the user who
 * runs the tests knows that nothing but spufs.ko was replaced.
 */
static inline const char *no_patches(void)
{
	return getenv("SPUFS_UNPATCHED") ? "SPUFS_UNPATCHED is set" : NULL;
}

#endif /* __SPUFS_TEST_H */
