// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The descriptors, streams and directories of a context's program.
 *
 * The program can close only descriptors of its own. A stream's descriptor belongs to
 * the stream: the number could be someone else's by the time the stream is closed.
 * Paths lead everywhere that the user may go, but not through /proc/PID/fd to
 * descriptors of the process, and not to contexts.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files.h"
#include "spe2.h"

/* linux/magic.h; spufs's is in the kernel's spufs/inode.c */
#define PROC_MAGIC	0x9fa0
#define SPUFS_MAGIC	0x23c9b64e

static FILE *const *const standard[] = { NULL, &stdin, &stdout, &stderr };

struct spe2_files *spe2_files_create(void)
{
	struct spe2_files *files = calloc(1, sizeof(*files));
	unsigned int i;

	if (!files)
		return NULL;
	pthread_mutex_init(&files->lock, NULL);
	files->users = 1;
	files->cwd = AT_FDCWD;
	for (i = 1; i < 4; i++)
		files->file[i] = *standard[i];
	for (i = 0; i < 3; i++) {
		if (spe2_give(files, i)) {
			spe2_files_put(files);
			return NULL;
		}
	}
	return files;
}

struct spe2_files *spe2_files_get(struct spe2_files *files)
{
	pthread_mutex_lock(&files->lock);
	files->users++;
	pthread_mutex_unlock(&files->lock);
	return files;
}

static bool is_standard(const FILE *file)
{
	return file == stdin || file == stdout || file == stderr;
}

/* The number of the stream that @fd belongs to, or 0. With the lock held */
static unsigned int stream_of(const struct spe2_files *files, int fd)
{
	unsigned int i;

	for (i = 1; i < SPE2_FILES; i++)
		if (files->file[i] && !is_standard(files->file[i]) &&
		    fileno(files->file[i]) == fd)
			return i;
	return 0;
}

static bool may_use(const struct spe2_files *files, uint32_t fd)
{
	return fd < files->max && files->may[fd / 8] & 1 << fd % 8;
}

static void take(struct spe2_files *files, unsigned int fd)
{
	if (may_use(files, fd)) {
		files->may[fd / 8] &= ~(1 << fd % 8);
		files->count--;
	}
}

void spe2_files_put(struct spe2_files *files)
{
	unsigned int i;
	bool last;

	pthread_mutex_lock(&files->lock);
	last = !--files->users;
	pthread_mutex_unlock(&files->lock);
	if (!last)
		return;
	for (i = 0; i < SPE2_FILES; i++) {
		if (!files->file[i] || is_standard(files->file[i]))
			continue;
		take(files, fileno(files->file[i]));
		fclose(files->file[i]);
	}
	for (i = 0; i < SPE2_DIRS; i++)
		if (files->dir[i])
			closedir(files->dir[i]);
	for (i = 3; i < files->max; i++)
		if (may_use(files, i))
			close(i);
	if (files->cwd >= 0)
		close(files->cwd);
	free(files->may);
	pthread_mutex_destroy(&files->lock);
	free(files);
}

bool spe2_may_use(struct spe2_files *files, uint32_t fd)
{
	bool may;

	pthread_mutex_lock(&files->lock);
	may = may_use(files, fd);
	pthread_mutex_unlock(&files->lock);
	if (!may)
		errno = EBADF;
	return may;
}

/* @fd is the program's from now on. 0, or -1 and ENOMEM or EMFILE */
int spe2_give(struct spe2_files *files, int fd)
{
	unsigned int max = (fd / 64 + 1) * 64;
	int ret = 0;

	pthread_mutex_lock(&files->lock);
	if (files->count >= SPE2_DESCRIPTORS) {
		errno = EMFILE;
		ret = -1;
	} else if (max > files->max) {
		unsigned char *may = realloc(files->may, max / 8);

		if (may) {
			memset(may + files->max / 8, 0, (max - files->max) / 8);
			files->may = may;
			files->max = max;
		} else {
			errno = ENOMEM;
			ret = -1;
		}
	}
	if (!ret && !may_use(files, fd)) {
		files->may[fd / 8] |= 1 << fd % 8;
		files->count++;
	}
	pthread_mutex_unlock(&files->lock);
	return ret;
}

/* Other programs share the standard ones: they stay open, but this one loses them. */
int spe2_close(struct spe2_files *files, uint32_t fd)
{
	unsigned int stream;

	pthread_mutex_lock(&files->lock);
	if (!may_use(files, fd)) {
		pthread_mutex_unlock(&files->lock);
		errno = EBADF;
		return -1;
	}
	stream = stream_of(files, fd);
	if (!stream)
		take(files, fd);
	pthread_mutex_unlock(&files->lock);
	if (stream)
		return spe2_fclose(files, stream);
	return fd < 3 ? 0 : close(fd);
}

int spe2_dup2(struct spe2_files *files, uint32_t from, uint32_t to)
{
	if (!spe2_may_use(files, from) || !spe2_may_use(files, to))
		return -1;
	/* Others use the standard ones. */
	if (to < 3 && from != to) {
		errno = EBADF;
		return -1;
	}
	return dup2(from, to);
}

mode_t spe2_mode(struct spe2_files *files, uint32_t mode)
{
	pthread_mutex_lock(&files->lock);
	mode &= 07777 & ~files->mask;
	pthread_mutex_unlock(&files->lock);
	return mode;
}

/*
 * Open @path; the descriptor is nobody's yet. @flags may have O_PATH, which programs
 * do not get.
 */
int spe2_open_path(struct spe2_files *files, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_LARGEFILE),
		.mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ?
			spe2_mode(files, mode) : 0,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	struct statfs fs;
	int fd;

	fd = syscall(SYS_openat2, files->cwd, path, &how, sizeof(how));
	if (fd < 0 && errno == ENOSYS)
		fd = openat(files->cwd, path, how.flags, how.mode);
	if (fd < 0)
		return -1;
	if (!fstatfs(fd, &fs) &&
	    ((uint32_t)fs.f_type == SPUFS_MAGIC ||
	     (fs.f_type == PROC_MAGIC && (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH)))) {
		close(fd);
		errno = EACCES;
		return -1;
	}
	return fd;
}

int spe2_open(struct spe2_files *files, const char *path, int flags, mode_t mode)
{
	const int known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
		O_NONBLOCK | O_SYNC | O_DIRECT | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_TMPFILE;
	int fd = spe2_open_path(files, path, flags & known, mode);

	if (fd >= 0 && spe2_give(files, fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

FILE *spe2_stream(struct spe2_files *files, uint32_t number)
{
	FILE *file = NULL;

	pthread_mutex_lock(&files->lock);
	if (number < SPE2_FILES)
		file = files->file[number];
	pthread_mutex_unlock(&files->lock);
	if (!file)
		errno = EBADF;
	return file;
}

/* fopen()'s flags for open(), or -1 */
static int flags_of(const char *mode)
{
	int flags;

	switch (*mode++) {
	case 'r':
		flags = O_RDONLY;
		break;
	case 'w':
		flags = O_WRONLY | O_CREAT | O_TRUNC;
		break;
	case 'a':
		flags = O_WRONLY | O_CREAT | O_APPEND;
		break;
	default:
		return -1;
	}
	for (; *mode; mode++) {
		if (*mode == '+')
			flags = (flags & ~O_ACCMODE) | O_RDWR;
		else if (*mode == 'x')
			flags |= O_EXCL;
	}
	return flags;
}

static FILE *open_stream(struct spe2_files *files, const char *path, const char *mode)
{
	int flags = flags_of(mode), fd;
	FILE *file;

	if (flags < 0) {
		errno = EINVAL;
		return NULL;
	}
	fd = spe2_open(files, path, flags, 0666);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, mode);
	if (!file) {
		int error = errno;

		spe2_close(files, fd);
		errno = error;
	}
	return file;
}

/* @file under a number of its own; 0 and EMFILE if all are taken */
static uint32_t add_stream(struct spe2_files *files, FILE *file)
{
	uint32_t i;

	if (!file)
		return 0;
	pthread_mutex_lock(&files->lock);
	for (i = 4; i < SPE2_FILES && files->file[i]; i++)
		;
	if (i < SPE2_FILES)
		files->file[i] = file;
	pthread_mutex_unlock(&files->lock);
	if (i < SPE2_FILES)
		return i;
	pthread_mutex_lock(&files->lock);
	take(files, fileno(file));
	pthread_mutex_unlock(&files->lock);
	fclose(file);
	errno = EMFILE;
	return 0;
}

uint32_t spe2_fopen(struct spe2_files *files, const char *path, const char *mode)
{
	return add_stream(files, open_stream(files, path, mode));
}

uint32_t spe2_tmpfile(struct spe2_files *files)
{
	FILE *file = tmpfile();

	if (file && spe2_give(files, fileno(file))) {
		fclose(file);
		file = NULL;
	}
	return add_stream(files, file);
}

int spe2_fclose(struct spe2_files *files, uint32_t number)
{
	FILE *file = spe2_stream(files, number);

	if (!file)
		return EOF;
	pthread_mutex_lock(&files->lock);
	files->file[number] = NULL;
	if (!is_standard(file))
		take(files, fileno(file));
	pthread_mutex_unlock(&files->lock);
	return is_standard(file) ? fflush(file) : fclose(file);
}

/* Open another file under a stream's number; a standard one changes for this program only. */
uint32_t spe2_freopen(struct spe2_files *files, const char *path, const char *mode,
		      uint32_t number)
{
	FILE *file;

	if (!spe2_stream(files, number))
		return 0;
	spe2_fclose(files, number);
	file = open_stream(files, path, mode);
	if (!file)
		return 0;
	pthread_mutex_lock(&files->lock);
	files->file[number] = file;
	pthread_mutex_unlock(&files->lock);
	return number;
}

struct memory {
	uint64_t ea, len;
	bool mapped;
	struct memory *next;
};

static struct memory *memory[1024];	/* spe2_registry */

static struct memory **bucket(uint64_t ea)
{
	return &memory[(ea >> 4 ^ ea >> 16) % (sizeof(memory) / sizeof(memory[0]))];
}

bool spe2_memory_add(uint64_t ea, uint64_t len, bool mapped)
{
	struct memory *m = malloc(sizeof(*m));

	if (!m)
		return false;
	*m = (struct memory){ .ea = ea, .len = len, .mapped = mapped };
	pthread_mutex_lock(&spe2_registry);
	m->next = *bucket(ea);
	*bucket(ea) = m;
	pthread_mutex_unlock(&spe2_registry);
	return true;
}

uint64_t spe2_memory_remove(uint64_t ea, bool mapped)
{
	struct memory **at, *m;
	uint64_t len = 0;

	pthread_mutex_lock(&spe2_registry);
	at = bucket(ea);
	while (*at && ((*at)->ea != ea || (*at)->mapped != mapped))
		at = &(*at)->next;
	m = *at;
	if (m) {
		*at = m->next;
		len = m->len ? m->len : 1;
	}
	pthread_mutex_unlock(&spe2_registry);
	free(m);
	return len;
}

bool spe2_memory_mapped(uint64_t ea, uint64_t len)
{
	struct memory *m;
	bool found = false;
	size_t i;

	pthread_mutex_lock(&spe2_registry);
	for (i = 0; i < sizeof(memory) / sizeof(memory[0]) && !found; i++)
		for (m = memory[i]; m && !found; m = m->next)
			found = m->mapped && ea >= m->ea && len <= m->len &&
				ea - m->ea <= m->len - len;
	pthread_mutex_unlock(&spe2_registry);
	return found;
}
