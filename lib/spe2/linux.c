// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Linux system calls of SPU programs, stop code 0x2104. spu_run(2) executes
 * them in the kernel; those of an asynchronous context arrive here. The block has
 * 64-bit arguments; addresses among them are effective addresses (struct
 * spu_syscall_block of the kernel's asm/spu.h).
 *
 * A program may make the calls that are listed here. Of the calls that the
 * kernel allows SPUs (the table arch/powerpc/kernel/syscalls/syscall.tbl,
 * without "nospu"), these are about files, time and identity. The rest change
 * the process, its memory or its threads, or have descriptors in structures.
 * Other calls fail with ENOSYS.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "files.h"
#include "spe2.h"

#define NANOSLEEP	162	/* a signal ends it for good */

/*
 * Arguments: i a word, p a pointer, f a descriptor, L an offset of 64 bits. Result:
 * d a new descriptor, q the call waits for nobody, 0 nothing special.
 */
struct system_call {
	uint16_t number;
	const char *args;
	char result;
};

static const struct system_call calls[] = {
	{ SYS_read, "fpi", 0 }, { SYS_write, "fpi", 0 },
	{ SYS_readv, "fpi", 0 }, { SYS_writev, "fpi", 0 },
#ifdef SYS_lseek
	{ SYS_lseek, "fii", 0 },
#endif
	{ SYS_fsync, "f", 0 }, { SYS_fdatasync, "f", 0 }, { SYS_sync, "", 0 },
	{ SYS_dup, "f", 'd' }, { SYS_flock, "fi", 0 },
	{ SYS_fchmod, "fi", 0 }, { SYS_fchown, "fii", 0 },
	{ SYS_getpid, "", 'q' }, { SYS_getppid, "", 'q' }, { SYS_gettid, "", 'q' },
	{ SYS_getuid, "", 'q' }, { SYS_geteuid, "", 'q' }, { SYS_getgid, "", 'q' },
	{ SYS_getegid, "", 'q' }, { SYS_uname, "p", 'q' }, { SYS_sched_yield, "", 'q' },
	{ SYS_getrandom, "pii", 0 },
#if __SIZEOF_LONG__ == 8
	{ SYS_pread64, "fpiL", 0 }, { SYS_pwrite64, "fpiL", 0 },
	{ SYS_ftruncate, "fL", 0 }, { SYS_fstat, "fp", 0 },
	{ SYS_gettimeofday, "pp", 'q' }, { SYS_nanosleep, "pp", 0 },
	{ SYS_clock_gettime, "ip", 'q' }, { SYS_clock_getres, "ip", 'q' },
#ifdef SYS_time
	{ SYS_time, "p", 'q' },
#endif
#endif
};

/* Structures with longs are those of 64-bit processes; a 32-bit one has others. */
static int64_t by_number(const struct system_call *call, const uint64_t *parm)
{
	long a[6] = {};
	unsigned int i;
	long ret;

	for (i = 0; call->args[i]; i++) {
		if (sizeof(long) == 4 && call->args[i] == 'p' && parm[i] > UINT32_MAX)
			return -EFAULT;
		if (sizeof(long) == 4 && parm[i] != (uint64_t)(int32_t)parm[i] &&
		    parm[i] > UINT32_MAX)
			return -EINVAL;
		a[i] = parm[i];
	}
	ret = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return ret == -1 ? -errno : ret;
}

/* The calls for which a 32-bit process needs others, with the 64-bit structures */
static int64_t by_name(uint64_t number, const uint64_t *parm)
{
#if __SIZEOF_LONG__ == 4 && defined(SYS_clock_gettime64)
	long ret = -1;

	if (parm[0] > UINT32_MAX || parm[1] > UINT32_MAX)
		return -EFAULT;
	switch (number) {
	case NANOSLEEP:
		ret = syscall(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0,
			      (long)parm[0], (long)parm[1]);
		return ret == -1 ? -errno : ret;
	case 179:	/* pread64 */
	case 180:	/* pwrite64 */
		if (parm[2] > UINT32_MAX)
			return -EINVAL;
		ret = number == 179 ?
		      pread(parm[0], (void *)(long)parm[1], parm[2], parm[3]) :
		      pwrite(parm[0], (void *)(long)parm[1], parm[2], parm[3]);
		return ret == -1 ? -errno : ret;
	case 93:	/* ftruncate */
		return ftruncate(parm[0], parm[1]) ? -errno : 0;
	case 246:	/* clock_gettime */
		ret = syscall(SYS_clock_gettime64, (long)parm[0], (long)parm[1]);
		return ret == -1 ? -errno : ret;
	}
#else
	(void)number;
	(void)parm;
#endif
	return -ENOSYS;
}

static int64_t open_file(struct spe2_call *c, const uint64_t *parm, bool creat)
{
	int fd;

	if (sizeof(void *) == 4 && parm[0] > UINT32_MAX)
		return -EFAULT;
	/* The string is in memory of the process, where the kernel checks it. */
	fd = creat ? spe2_open(c->files, (const char *)(uintptr_t)parm[0],
			       O_WRONLY | O_CREAT | O_TRUNC, parm[1]) :
		     spe2_open(c->files, (const char *)(uintptr_t)parm[0], parm[1], parm[2]);
	return fd < 0 ? -errno : fd;
}

static bool has_descriptor(uint64_t number)
{
	return number == 179 || number == 180 || number == 93;
}

static int64_t system_call(struct spe2_call *c)
{
	const uint64_t number = c->block[0], *parm = &c->block[1];
	int64_t ret;
	size_t i;

	switch (number) {
	case SYS_open:
		return open_file(c, parm, false);
	case SYS_creat:
		return open_file(c, parm, true);
	case SYS_close:
		return parm[0] > UINT32_MAX ? -EBADF :
		       spe2_close(c->files, parm[0]) ? -errno : 0;
	}
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].number != number)
			continue;
		if (calls[i].args[0] == 'f' &&
		    (parm[0] > UINT32_MAX || !spe2_may_use(c->files, parm[0])))
			return -EBADF;
		ret = by_number(&calls[i], parm);
		if (ret >= 0 && calls[i].result == 'd' && spe2_give(c->files, ret)) {
			int error = errno;

			close(ret);
			return -error;
		}
		return ret;
	}
	if (has_descriptor(number) &&
	    (parm[0] > UINT32_MAX || !spe2_may_use(c->files, parm[0])))
		return -EBADF;
	return by_name(number, parm);
}

/*
 * As with spu_run(), the result or -errno replaces the number in the block. A signal
 * ends the run; the next run makes the same call again. A worker takes no signals.
 */
static int32_t serve_system_call(struct spe2_call *c)
{
	int64_t ret = system_call(c);

	c->interrupted = ret == -EINTR && c->block[0] != NANOSLEEP;
	if (!c->interrupted)
		c->block[0] = ret;
	return 0;
}

/*
 * A worker serves a call that may wait, unless this thread may wait. Whether a call may
 * wait depends on the file, except that flock() may always wait.
 */
static int fetch_block(struct spe2_call *c, const char *ls)
{
	size_t i;

	if (spe2_ls_copy(ls, c->at, c->block, sizeof(c->block)))
		return -1;
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].number != c->block[0])
			continue;
		c->quick = calls[i].result == 'q';
		if (calls[i].args[0] == 'f' && c->block[1] <= INT_MAX &&
		    calls[i].number != SYS_flock)
			c->fd = c->block[1];
	}
	return 0;
}

const struct spe2_op spe2_linux = { "", fetch_block, serve_system_call, -1, 0, false };
