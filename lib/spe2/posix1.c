// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The calls of class 0x2101, POSIX.1: numbers and arguments are those of libspe2
 * and newlib (jsre.h). Structures have the SPU's layouts: words.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "files.h"
#include "spe2.h"

#define W(n)	(c->arg[n].word)
#define D(n)	(c->arg[n].data)
#define CWD	(c->files->cwd)

/* newlib's struct dirent for the SPU */
struct spu_dirent {
	uint32_t ino;
	char name[256];
};

static int32_t no_call(struct spe2_call *c)
{
	(void)c;
	errno = ENOSYS;
	return -1;
}

/* Setting the clock is not a program's business. */
static int32_t posix1_adjtimex(struct spe2_call *c)
{
	int32_t *w = (int32_t *)D(0), ret;
	struct timex t = {};

	if (w[0]) {
		errno = EPERM;
		return -1;
	}
	ret = adjtimex(&t);
	if (ret < 0)
		return ret;
	w[1] = t.offset;
	w[2] = t.freq;
	w[3] = t.maxerror;
	w[4] = t.esterror;
	w[5] = t.status;
	w[6] = t.constant;
	w[7] = t.precision;
	w[8] = t.tolerance;
	w[9] = t.time.tv_sec;
	w[10] = t.time.tv_usec;
	w[11] = t.tick;
	w[12] = t.ppsfreq;
	w[13] = t.jitter;
	w[14] = t.shift;
	w[15] = t.stabil;
	w[16] = t.jitcnt;
	w[17] = t.calcnt;
	w[18] = t.errcnt;
	w[19] = t.stbcnt;
	c->arg[0].give = c->op->size;
	return ret;
}

static int32_t posix1_close(struct spe2_call *c)
{
	return spe2_close(c->files, W(0));
}

static int32_t posix1_creat(struct spe2_call *c)
{
	return spe2_open(c->files, D(0), O_WRONLY | O_CREAT | O_TRUNC, W(1));
}

static int32_t give_stat(struct spe2_call *c, int ret, const struct stat *st)
{
	const uint32_t words[13] = {
		st->st_dev, st->st_ino, st->st_mode, st->st_nlink, st->st_uid,
		st->st_gid, st->st_rdev, st->st_size, st->st_blksize,
		st->st_blocks, st->st_atime, st->st_mtime, st->st_ctime,
	};

	if (ret)
		return ret;
	memcpy(D(1), words, sizeof(words));
	c->arg[1].give = sizeof(words);
	return 0;
}

static int32_t posix1_fstat(struct spe2_call *c)
{
	struct stat st = {};

	return give_stat(c, fstat(W(0), &st), &st);
}

static int32_t posix1_lstat(struct spe2_call *c)
{
	struct stat st = {};

	return give_stat(c, fstatat(CWD, D(0), &st, AT_SYMLINK_NOFOLLOW), &st);
}

static int32_t posix1_stat(struct spe2_call *c)
{
	struct stat st = {};

	return give_stat(c, fstatat(CWD, D(0), &st, 0), &st);
}

static int32_t posix1_ftok(struct spe2_call *c)
{
	struct stat st;

	if (fstatat(CWD, D(0), &st, 0))
		return -1;
	/* As ftok(3) puts it together */
	return (st.st_ino & 0xffff) | (st.st_dev & 0xff) << 16 | (W(1) & 0xffu) << 24;
}

static int32_t posix1_getpagesize(struct spe2_call *c)
{
	(void)c;
	return getpagesize();
}

static int32_t posix1_gettimeofday(struct spe2_call *c)
{
	struct timezone zone = {};
	struct timeval t = {};

	if (gettimeofday(&t, &zone))
		return -1;
	if (D(0)) {
		const uint32_t words[2] = { t.tv_sec, t.tv_usec };

		memcpy(D(0), words, 8);
		c->arg[0].give = 8;
	}
	if (D(1)) {
		const uint32_t words[2] = { zone.tz_minuteswest, zone.tz_dsttime };

		memcpy(D(1), words, 8);
		c->arg[1].give = 8;
	}
	return 0;
}

/*
 * Nothing is sent to this process, under whatever id: others run in it. Signal 0
 * only asks whether somebody is there.
 */
static int32_t posix1_kill(struct spe2_call *c)
{
	int32_t pid = W(0), sig = W(1);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d", pid);
	if (sig && (pid <= 0 || !access(path, F_OK))) {
		errno = EPERM;
		return -1;
	}
	return kill(pid, sig);
}

static int32_t offset32(off_t at)
{
	if (at > INT32_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	return at;
}

static int32_t posix1_lseek(struct spe2_call *c)
{
	return offset32(lseek(W(0), (int32_t)W(1), W(2)));
}

/*
 * The kernel chooses the place in the process's memory: one that a program names
 * could be in use.
 */
static int32_t posix1_mmap(struct spe2_call *c)
{
	const int flags = W(3) & (MAP_TYPE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE);
	void *at = MAP_FAILED;

	c->wide = true;
	if (W(3) & (MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN))
		errno = EINVAL;
	else if (flags & MAP_ANONYMOUS || spe2_may_use(c->files, W(4)))
		at = mmap(NULL, W(1), W(2) & ~PROT_EXEC, flags,
			  flags & MAP_ANONYMOUS ? -1 : (int)W(4), (int32_t)W(5));
	if (at != MAP_FAILED && !spe2_memory_add((uintptr_t)at, W(1), true)) {
		munmap(at, W(1));
		at = MAP_FAILED;
		errno = ENOMEM;
	}
	c->value = at == MAP_FAILED ? UINT64_MAX : (uintptr_t)at;
	return 0;
}

static int32_t posix1_munmap(struct spe2_call *c)
{
	uint64_t ea = c->arg[0].ea, len;

	/* All of it or nothing */
	len = spe2_memory_remove(ea, true);
	if (len != W(1)) {
		if (len)
			spe2_memory_add(ea, len, true);
		errno = EINVAL;
		return -1;
	}
	return munmap((void *)(uintptr_t)ea, len);
}

static int32_t posix1_mremap(struct spe2_call *c)
{
	uint64_t ea = c->arg[0].ea, len;
	void *at = MAP_FAILED;

	c->wide = true;
	c->value = UINT64_MAX;
	len = spe2_memory_remove(ea, true);
	if (!len || len != W(1) || W(3) & ~(uint32_t)MREMAP_MAYMOVE)
		errno = EINVAL;
	else
		at = mremap((void *)(uintptr_t)ea, len, W(2), W(3));
	if (at == MAP_FAILED) {
		if (len)
			spe2_memory_add(ea, len, true);
		return 0;
	}
	spe2_memory_add((uintptr_t)at, W(2), true);
	c->value = (uintptr_t)at;
	return 0;
}

static int32_t posix1_msync(struct spe2_call *c)
{
	if (!spe2_memory_mapped(c->arg[0].ea, W(1))) {
		errno = ENOMEM;
		return -1;
	}
	return msync((void *)(uintptr_t)c->arg[0].ea, W(1), W(2));
}

static int32_t posix1_open(struct spe2_call *c)
{
	return spe2_open(c->files, D(0), W(1), W(2));
}

static int32_t posix1_read(struct spe2_call *c)
{
	int32_t n = read(W(0), D(1), W(2));

	if (n > 0)
		c->arg[1].give = n;
	return n;
}

static int32_t posix1_write(struct spe2_call *c)
{
	return write(W(0), D(1), W(2));
}

static int32_t posix1_pread(struct spe2_call *c)
{
	int32_t n = pread(W(0), D(1), W(2), (int32_t)W(3));

	if (n > 0)
		c->arg[1].give = n;
	return n;
}

static int32_t posix1_pwrite(struct spe2_call *c)
{
	return pwrite(W(0), D(1), W(2), (int32_t)W(3));
}

static int32_t posix1_unlink(struct spe2_call *c)
{
	return unlinkat(CWD, D(0), 0);
}

/* Children of the process are not children of a program. */
static int32_t posix1_wait(struct spe2_call *c)
{
	(void)c;
	errno = ECHILD;
	return -1;
}

static int32_t posix1_ftruncate(struct spe2_call *c)
{
	return ftruncate(W(0), (int32_t)W(1));
}

static int32_t posix1_access(struct spe2_call *c)
{
	return faccessat(CWD, D(0), W(1), 0);
}

static int32_t own(struct spe2_call *c, int fd)
{
	if (fd >= 0 && spe2_give(c->files, fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int32_t posix1_dup(struct spe2_call *c)
{
	return own(c, fcntl(W(0), F_DUPFD_CLOEXEC, 3));
}

static int32_t posix1_time(struct spe2_call *c)
{
	int32_t now = time(NULL);

	if (D(0)) {
		memcpy(D(0), &now, 4);
		c->arg[0].give = 4;
	}
	return now;
}

static int32_t posix1_nanosleep(struct spe2_call *c)
{
	const int32_t *wanted = (const int32_t *)D(0);
	struct timespec req = { .tv_sec = wanted[0], .tv_nsec = wanted[1] }, rem = {};
	int32_t ret = nanosleep(&req, &rem);

	if (D(1) && ret) {
		const int32_t words[2] = { rem.tv_sec, rem.tv_nsec };

		memcpy(D(1), words, 8);
		c->arg[1].give = 8;
	}
	return ret;
}

/* The program has a working directory of its own: others run in the process. */
static int32_t change_dir(struct spe2_call *c, int fd)
{
	int old;

	if (fd < 0)
		return -1;
	pthread_mutex_lock(&c->files->lock);
	old = c->files->cwd;
	c->files->cwd = fd;
	pthread_mutex_unlock(&c->files->lock);
	if (old >= 0)
		close(old);
	return 0;
}

static int32_t posix1_chdir(struct spe2_call *c)
{
	return change_dir(c, spe2_open_path(c->files, D(0), O_PATH | O_DIRECTORY, 0));
}

static int32_t posix1_fchdir(struct spe2_call *c)
{
	return change_dir(c, openat(W(0), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int32_t posix1_mkdir(struct spe2_call *c)
{
	return mkdirat(CWD, D(0), spe2_mode(c->files, W(1)));
}

static int32_t posix1_mknod(struct spe2_call *c)
{
	return mknodat(CWD, D(0), spe2_mode(c->files, W(1)) | (W(1) & S_IFMT), W(2));
}

static int32_t posix1_rmdir(struct spe2_call *c)
{
	return unlinkat(CWD, D(0), AT_REMOVEDIR);
}

/* Change what a path leads to, except contexts: their modes and owners stay. */
static int32_t change(struct spe2_call *c, int nofollow, bool mode)
{
	int fd = spe2_open_path(c->files, D(0), O_PATH | nofollow, 0), ret;
	char link[32];

	if (fd < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ret = mode ? chmod(link, W(1)) : fchownat(fd, "", W(1), W(2), AT_EMPTY_PATH);
	close(fd);
	return ret;
}

static int32_t posix1_chmod(struct spe2_call *c)
{
	return change(c, 0, true);
}

static int32_t posix1_fchmod(struct spe2_call *c)
{
	return fchmod(W(0), W(1));
}

static int32_t posix1_chown(struct spe2_call *c)
{
	return change(c, 0, false);
}

static int32_t posix1_fchown(struct spe2_call *c)
{
	return fchown(W(0), W(1), W(2));
}

static int32_t posix1_lchown(struct spe2_call *c)
{
	return change(c, O_NOFOLLOW, false);
}

static int32_t posix1_getcwd(struct spe2_call *c)
{
	char path[PATH_MAX], link[32];
	ssize_t n;

	if (CWD == AT_FDCWD) {
		if (!getcwd(path, sizeof(path)))
			return 0;
		n = strlen(path);
	} else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", CWD);
		n = readlink(link, path, sizeof(path));
		if (n < 0)
			return 0;
	}
	if (!c->arg[0].len || (uint32_t)n >= c->arg[0].len) {
		errno = c->arg[0].len ? ERANGE : EINVAL;
		return 0;
	}
	memcpy(D(0), path, n);
	D(0)[n] = '\0';
	c->arg[0].give = n + 1;
	return W(0);
}

static int32_t posix1_link(struct spe2_call *c)
{
	return linkat(CWD, D(0), CWD, D(1), 0);
}

static int32_t posix1_symlink(struct spe2_call *c)
{
	return symlinkat(D(0), CWD, D(1));
}

static int32_t posix1_readlink(struct spe2_call *c)
{
	int32_t n = readlinkat(CWD, D(0), D(1), W(2));

	if (n > 0)
		c->arg[1].give = n;
	return n;
}

static int32_t posix1_sync(struct spe2_call *c)
{
	(void)c;
	sync();
	return 0;
}

static int32_t posix1_fsync(struct spe2_call *c)
{
	return fsync(W(0));
}

static int32_t posix1_fdatasync(struct spe2_call *c)
{
	return fdatasync(W(0));
}

static int32_t posix1_dup2(struct spe2_call *c)
{
	return spe2_dup2(c->files, W(0), W(1));
}

/* It may wait even for a file on a disk, so its argument is not of the kind f. */
static int32_t posix1_lockf(struct spe2_call *c)
{
	if (!spe2_may_use(c->files, W(0)))
		return -1;
	return lockf(W(0), W(1), (int32_t)W(2));
}

static int32_t posix1_truncate(struct spe2_call *c)
{
	int fd = spe2_open_path(c->files, D(0), O_WRONLY | O_NONBLOCK, 0), ret;

	if (fd < 0)
		return -1;
	ret = ftruncate(fd, (int32_t)W(1));
	close(fd);
	return ret;
}

/* Random bytes for names: do not wait for better ones than there are now */
static void some_bytes(unsigned char *to, size_t len)
{
	struct timespec now;
	size_t i;

	if (syscall(SYS_getrandom, to, len, GRND_INSECURE) == (long)len)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (i = 0; i < len; i++)
		to[i] = now.tv_nsec >> 3 * i ^ (uintptr_t)to >> 4;
}

/* Replace the template's last six letters; create the file, or find a free name */
static int32_t make_temporary(struct spe2_call *c, bool file)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint32_t len = c->arg[0].len, i, try;
	unsigned char random[6];
	struct stat st;
	int fd = -1;

	if (len < 6 || strcmp(D(0) + len - 6, "XXXXXX")) {
		errno = EINVAL;
		return -1;
	}
	for (try = 0; try < 100; try++) {
		some_bytes(random, sizeof(random));
		for (i = 0; i < 6; i++)
			D(0)[len - 6 + i] = letters[random[i] % 36];
		if (file)
			fd = spe2_open(c->files, D(0), O_RDWR | O_CREAT | O_EXCL, 0600);
		else
			fd = fstatat(CWD, D(0), &st, AT_SYMLINK_NOFOLLOW) ? 0 : -1;
		if (fd >= 0 || (file && errno != EEXIST))
			break;
	}
	if (fd >= 0)
		errno = 0;
	c->arg[0].give = fd >= 0 ? len : 0;
	return fd;
}

static int32_t posix1_mkstemp(struct spe2_call *c)
{
	return make_temporary(c, true);
}

/* Returns the template's address in any case; the template is empty if there is no name. */
static int32_t posix1_mktemp(struct spe2_call *c)
{
	if (make_temporary(c, false) < 0) {
		D(0)[0] = '\0';
		c->arg[0].give = 1;
	}
	return W(0);
}

/* A directory is known by a number, in the lower half of the 64-bit pointer. */
static int32_t posix1_opendir(struct spe2_call *c)
{
	int fd = spe2_open_path(c->files, D(0), O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	unsigned int i;

	c->wide = true;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	pthread_mutex_lock(&c->files->lock);
	for (i = 0; i < SPE2_DIRS && c->files->dir[i]; i++)
		;
	if (i < SPE2_DIRS)
		c->files->dir[i] = dir;
	pthread_mutex_unlock(&c->files->lock);
	if (i == SPE2_DIRS) {
		closedir(dir);
		errno = EMFILE;
		return 0;
	}
	c->value = i + 1;
	return 0;
}

static DIR *dir_of(struct spe2_call *c)
{
	uint64_t number = c->arg[0].ea;
	DIR *dir = NULL;

	pthread_mutex_lock(&c->files->lock);
	if (number >= 1 && number <= SPE2_DIRS)
		dir = c->files->dir[number - 1];
	pthread_mutex_unlock(&c->files->lock);
	if (!dir)
		errno = EBADF;
	return dir;
}

static int32_t posix1_closedir(struct spe2_call *c)
{
	DIR *dir = dir_of(c);

	if (!dir)
		return -1;
	pthread_mutex_lock(&c->files->lock);
	c->files->dir[c->arg[0].ea - 1] = NULL;
	pthread_mutex_unlock(&c->files->lock);
	return closedir(dir);
}

static int32_t posix1_readdir(struct spe2_call *c)
{
	struct spu_dirent *to = (struct spu_dirent *)D(1);
	DIR *dir = dir_of(c);
	struct dirent *entry = dir ? readdir(dir) : NULL;

	if (!entry)
		return 0;
	memset(to, 0, sizeof(*to));
	to->ino = entry->d_ino;
	snprintf(to->name, sizeof(to->name), "%s", entry->d_name);
	c->arg[1].give = sizeof(*to);
	return W(1);
}

static int32_t posix1_rewinddir(struct spe2_call *c)
{
	DIR *dir = dir_of(c);

	if (dir)
		rewinddir(dir);
	return 0;
}

static int32_t posix1_seekdir(struct spe2_call *c)
{
	DIR *dir = dir_of(c);

	if (dir)
		seekdir(dir, (int32_t)W(1));
	return 0;
}

static int32_t posix1_telldir(struct spe2_call *c)
{
	DIR *dir = dir_of(c);

	return dir ? telldir(dir) : -1;
}

static int32_t posix1_sched_yield(struct spe2_call *c)
{
	(void)c;
	return 0;
}

/* The program's own umask; that of the process applies as well. */
static int32_t posix1_umask(struct spe2_call *c)
{
	mode_t old;

	pthread_mutex_lock(&c->files->lock);
	old = c->files->mask;
	c->files->mask = W(0) & 0777;
	pthread_mutex_unlock(&c->files->lock);
	return old;
}

static int32_t set_times(struct spe2_call *c, bool microseconds)
{
	const int32_t *w = (const int32_t *)D(1);
	struct timespec ts[2] = {};

	if (!w)
		return utimensat(CWD, D(0), NULL, 0);
	ts[0].tv_sec = w[0];
	ts[1].tv_sec = w[microseconds ? 2 : 1];
	if (microseconds) {
		if (w[1] < 0 || w[1] > 999999 || w[3] < 0 || w[3] > 999999) {
			errno = EINVAL;
			return -1;
		}
		ts[0].tv_nsec = w[1] * 1000;
		ts[1].tv_nsec = w[3] * 1000;
	}
	return utimensat(CWD, D(0), ts, 0);
}

static int32_t posix1_utime(struct spe2_call *c)
{
	return set_times(c, false);
}

static int32_t posix1_utimes(struct spe2_call *c)
{
	return set_times(c, true);
}

/* Vectors of an address in local store and a length; all of them are read now */
static int prepare_vector(struct spe2_call *c, const char *ls)
{
	uint32_t count = W(2), i, all = 0, at = 0;
	uint32_t (*vector)[2];

	if (count > IOV_MAX) {
		errno = EINVAL;
		return -1;
	}
	vector = spe2_call_alloc(c, (count + 1) * sizeof(*vector));
	if (!vector || spe2_ls_copy(ls, W(1), vector, count * sizeof(*vector)))
		return -1;
	for (i = 0; i < count; i++) {
		/* Pieces may overlap, but not without end. */
		if (vector[i][0] > LS_SIZE || vector[i][1] > LS_SIZE - vector[i][0] ||
		    vector[i][1] > 16 * LS_SIZE - all) {
			errno = vector[i][1] > LS_SIZE ? EINVAL : EFAULT;
			return -1;
		}
		all += vector[i][1];
	}
	D(3) = spe2_call_alloc(c, all + 1);
	if (!D(3))
		return -1;
	for (i = 0; i < count; at += vector[i++][1])
		memcpy(D(3) + at, ls + vector[i][0], vector[i][1]);
	c->arg[3].len = all;
	D(4) = (char *)vector;
	c->arg[4].len = count;
	return 0;
}

static int32_t posix1_readv(struct spe2_call *c)
{
	const uint32_t (*vector)[2] = (const void *)D(4);
	int32_t n = read(W(0), D(3), c->arg[3].len);
	uint32_t i, at = 0;

	for (i = 0; i < c->arg[4].len && n > 0 && at < (uint32_t)n; at += vector[i++][1]) {
		uint32_t len = n - at < vector[i][1] ? n - at : vector[i][1];

		if (spe2_call_output(c, vector[i][0], D(3) + at, len))
			return -1;
	}
	return n;
}

static int32_t posix1_writev(struct spe2_call *c)
{
	return write(W(0), D(3), c->arg[3].len);
}

#define TIMEX_SIZE	(32 * 4)
#define STAT_SIZE	(13 * 4)
#define NONE		{ "", NULL, no_call, -1, 0, true }

const struct spe2_op spe2_posix1[256] = {
	[1] = { "o", NULL, posix1_adjtimex, -1, TIMEX_SIZE, true },
	[2] = { "i", NULL, posix1_close, -1, 0, false },
	[3] = { "si", NULL, posix1_creat, -1, 0, false },
	[4] = { "fo", NULL, posix1_fstat, -1, STAT_SIZE, true },
	[5] = { "si", NULL, posix1_ftok, -1, 0, true },
	[6] = { "", NULL, posix1_getpagesize, -1, 0, true },
	[7] = { "pp", NULL, posix1_gettimeofday, -1, 8, true },
	[8] = { "ii", NULL, posix1_kill, -1, 0, true },
	[9] = { "fii", NULL, posix1_lseek, -1, 0, true },
	[10] = { "so", NULL, posix1_lstat, -1, STAT_SIZE, true },
	[11] = { "eiiiii", NULL, posix1_mmap, -1, 0, true },
	[12] = { "eiii", NULL, posix1_mremap, -1, 0, true },
	[13] = { "eii", NULL, posix1_msync, -1, 0, false },
	[14] = { "ei", NULL, posix1_munmap, -1, 0, true },
	[15] = { "sii", NULL, posix1_open, -1, 0, false },
	[16] = { "fO2i", NULL, posix1_read, -1, 0, false },
	/* Shared memory was left out of libspe2 as well. */
	[17] = NONE, [18] = NONE, [19] = NONE, [20] = NONE, [21] = NONE, [22] = NONE,
	[23] = { "so", NULL, posix1_stat, -1, STAT_SIZE, true },
	[24] = { "s", NULL, posix1_unlink, -1, 0, true },
	[25] = { "i", NULL, posix1_wait, -1, 0, true },
	[26] = { "iii", NULL, posix1_wait, -1, 0, true },
	[27] = { "fI2i", NULL, posix1_write, -1, 0, false },
	[28] = { "fi", NULL, posix1_ftruncate, -1, 0, true },
	[29] = { "si", NULL, posix1_access, -1, 0, true },
	[30] = { "f", NULL, posix1_dup, -1, 0, true },
	[31] = { "p", NULL, posix1_time, -1, 4, true },
	[32] = { "np", NULL, posix1_nanosleep, -1, 8, false },
	[33] = { "s", NULL, posix1_chdir, -1, 0, true },
	[34] = { "f", NULL, posix1_fchdir, -1, 0, true },
	[35] = { "si", NULL, posix1_mkdir, -1, 0, true },
	[36] = { "sii", NULL, posix1_mknod, -1, 0, true },
	[37] = { "s", NULL, posix1_rmdir, -1, 0, true },
	[38] = { "si", NULL, posix1_chmod, -1, 0, true },
	[39] = { "fi", NULL, posix1_fchmod, -1, 0, true },
	[40] = { "sii", NULL, posix1_chown, -1, 0, true },
	[41] = { "fii", NULL, posix1_fchown, -1, 0, true },
	[42] = { "sii", NULL, posix1_lchown, -1, 0, true },
	[43] = { "O1i", NULL, posix1_getcwd, 0, 0, true },
	[44] = { "ss", NULL, posix1_link, -1, 0, true },
	[45] = { "ss", NULL, posix1_symlink, -1, 0, true },
	[46] = { "sO2i", NULL, posix1_readlink, -1, 0, true },
	[47] = { "", NULL, posix1_sync, 0, 0, false },
	[48] = { "f", NULL, posix1_fsync, -1, 0, false },
	[49] = { "f", NULL, posix1_fdatasync, -1, 0, false },
	[50] = { "ii", NULL, posix1_dup2, -1, 0, true },
	[51] = { "iii", NULL, posix1_lockf, -1, 0, false },
	[52] = { "si", NULL, posix1_truncate, -1, 0, true },
	[53] = { "s", NULL, posix1_mkstemp, -1, 0, true },
	[54] = { "s", NULL, posix1_mktemp, 0, 0, true },
	[55] = { "s", NULL, posix1_opendir, 0, 0, true },
	[56] = { "e", NULL, posix1_closedir, -1, 0, true },
	[57] = { "eo", NULL, posix1_readdir, 0, sizeof(struct spu_dirent), true },
	[58] = { "e", NULL, posix1_rewinddir, 0, 0, true },
	[59] = { "ei", NULL, posix1_seekdir, 0, 0, true },
	[60] = { "e", NULL, posix1_telldir, -1, 0, true },
	[61] = { "", NULL, posix1_sched_yield, -1, 0, true },
	[62] = { "i", NULL, posix1_umask, -1, 0, true },
	[63] = { "sq", NULL, posix1_utime, -1, 8, true },
	[64] = { "sq", NULL, posix1_utimes, -1, 16, true },
	[65] = { "fO2ii", NULL, posix1_pread, -1, 0, false },
	[66] = { "fI2ii", NULL, posix1_pwrite, -1, 0, false },
	[67] = { "fii", prepare_vector, posix1_readv, -1, 0, false },
	[68] = { "fii", prepare_vector, posix1_writev, -1, 0, false },
};
