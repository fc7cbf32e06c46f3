// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Contexts and gangs: their creation and destruction, and their directories.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "spe2.h"

#define CREATE_FLAGS	(SPE_CFG_SIGNOTIFY1_OR | SPE_CFG_SIGNOTIFY2_OR | SPE_MAP_PS | \
			 SPE_ISOLATE | SPE_ISOLATE_EMULATE | SPE_EVENTS_ENABLE | \
			 SPE_AFFINITY_MEMORY | SPE_NOSCHED | SPE_ASYNC)

pthread_mutex_t spe2_registry = PTHREAD_MUTEX_INITIALIZER;
static struct spe_context *contexts;	/* spe2_registry */

static const struct {
	const char *name;
	int mode;
} file_of[NR_FILES] = {
	[FILE_MBOX] = { "mbox", O_RDONLY | O_NONBLOCK },
	[FILE_MBOX_STAT] = { "mbox_stat", O_RDONLY },
	[FILE_IBOX] = { "ibox", O_RDONLY },
	[FILE_IBOX_NB] = { "ibox", O_RDONLY | O_NONBLOCK },
	[FILE_IBOX_STAT] = { "ibox_stat", O_RDONLY },
	[FILE_WBOX] = { "wbox", O_WRONLY },
	[FILE_WBOX_NB] = { "wbox", O_WRONLY | O_NONBLOCK },
	[FILE_WBOX_STAT] = { "wbox_stat", O_RDONLY },
	[FILE_SIGNAL1] = { "signal1", O_WRONLY },
	[FILE_SIGNAL2] = { "signal2", O_WRONLY },
	[FILE_MFC] = { "mfc", O_RDWR },
	[FILE_MFC_NB] = { "mfc", O_RDWR | O_NONBLOCK },
	[FILE_EVENT_WAIT] = { "event", O_RDWR },
};

int spe2_file(struct spe_context *spe, unsigned int which)
{
	struct spe_context_base_priv *p = spe->base_private;
	int fd;

	pthread_mutex_lock(&p->lock);
	if (p->fd[which] < 0)
		p->fd[which] = syscall(SYS_openat, p->dir, file_of[which].name,
				       file_of[which].mode | O_CLOEXEC);
	fd = p->fd[which];
	pthread_mutex_unlock(&p->lock);
	return fd;
}

struct spe_context *spe2_context_at(const void *ls)
{
	struct spe_context *spe;

	for (spe = contexts; spe; spe = spe->base_private->next)
		if (spe->base_private->ls == ls)
			return spe;
	return NULL;
}

/* Write all of it, despite signals. 0, or -1 and errno */
int spe2_write(int fd, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = syscall(SYS_write, fd, data, len);
	} while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n != len)
		errno = EIO;
	return n == (ssize_t)len ? 0 : -1;
}

static void *map_file(int dir, const char *name, size_t size)
{
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	void *base;

	if (fd < 0)
		return MAP_FAILED;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return base;
}

static int set_or_mode(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = spe2_write(fd, "1", 1);
	close(fd);
	return ret;
}

static void free_context(struct spe_context *spe)
{
	struct spe_context_base_priv *p = spe->base_private;
	unsigned int i;

	if (spe->event_private)
		spe2_events_destroy(spe);
	if (p->ls != MAP_FAILED)
		munmap(p->ls, LS_SIZE);
	if (p->psmap != MAP_FAILED)
		munmap(p->psmap, PSMAP_SIZE);
	for (i = 0; i < NR_FILES; i++)
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	if (p->event >= 0)
		close(p->event);
	if (p->dir >= 0)
		close(p->dir);
	if (p->files)
		spe2_files_put(p->files);
	pthread_mutex_destroy(&p->lock);
	free(p);
	free(spe);
}

static struct spe_context *alloc_context(void)
{
	struct spe_context *spe = calloc(1, sizeof(*spe));
	struct spe_context_base_priv *p = calloc(1, sizeof(*p));
	unsigned int i;

	if (!spe || !p) {
		free(spe);
		free(p);
		return NULL;
	}
	spe->base_private = p;
	p->dir = p->event = -1;
	p->ls = p->psmap = MAP_FAILED;
	p->entry = SPE_DEFAULT_ENTRY;
	for (i = 0; i < NR_FILES; i++)
		p->fd[i] = -1;
	pthread_mutex_init(&p->lock, NULL);
	return spe;
}

static unsigned int create_flags(unsigned int flags, bool async, bool neighbor)
{
	unsigned int create = 0;

	if (flags & SPE_EVENTS_ENABLE)
		create |= SPU_CREATE_EVENTS_ENABLED;
	if (flags & SPE_ISOLATE)
		create |= SPU_CREATE_ISOLATE | SPU_CREATE_NOSCHED;
	if (flags & SPE_NOSCHED)
		create |= SPU_CREATE_NOSCHED;
	if (flags & SPE_AFFINITY_MEMORY)
		create |= SPU_CREATE_AFFINITY_MEM;
	if (neighbor)
		create |= SPU_CREATE_AFFINITY_SPU;
	if (async)
		create |= SPU_CREATE_ASYNC;
	return create;
}

/* The errors that libspe2 tells apart; all others are EFAULT. */
static int create_error(int error, unsigned int flags)
{
	switch (error) {
	case EPERM:
		return flags & SPE_ISOLATE ? ENODEV : EPERM;
	case ENOMEM:
	case ENOTSUP:
	case ENOSYS:
	case EEXIST:
	case EINVAL:
	case EBUSY:
	case ENODEV:
		return error;
	default:
		return EFAULT;
	}
}

/*
 * If there are no random numbers (early in the boot, or because of a seccomp filter),
 * this is the time in nanoseconds: it is still hard to guess, and nobody waits.
 */
static uint64_t random_number(void)
{
	struct timespec now;
	uint64_t number;

	if (syscall(SYS_getrandom, &number, sizeof(number), GRND_NONBLOCK) == sizeof(number))
		return number;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

/*
 * A new directory @path, called KIND-PID-RANDOM: /spu is everybody's, and a name
 * that others can guess is one that they can take. If it exists all the same, other
 * names are tried, but not for ever, as EEXIST may be about the affinity.
 */
static int create_dir(char path[PATH_SIZE], const char *parent, const char *kind,
		      unsigned int flags, int neighbor)
{
	int tries = 4, fd;

	do {
		snprintf(path, PATH_SIZE, "%s/%s-%d-%016" PRIx64, parent, kind, getpid(),
			 random_number());
		fd = syscall(SYS_spu_create, path, flags, 0700, neighbor);
	} while (fd < 0 && errno == EEXIST && --tries);
	return fd;
}

/* With LIBSPE2_ASYNC=1 every context runs by its event file, if the kernel has one. */
static bool wants_async(unsigned int flags)
{
	const char *value = secure_getenv("LIBSPE2_ASYNC");

	return flags & SPE_ASYNC || (value && !strcmp(value, "1"));
}

static int open_context(struct spe_context *spe, struct spe_gang_context *gang,
			struct spe_context *neighbor)
{
	struct spe_context_base_priv *p = spe->base_private;
	const char *in = gang ? gang->base_private->path : "/spu";
	int beside = neighbor ? neighbor->base_private->dir : -1;
	char path[PATH_SIZE];

	p->async = wants_async(p->flags);
	p->dir = create_dir(path, in, "spethread", create_flags(p->flags, p->async, neighbor),
			    beside);
	if (p->dir < 0 && errno == EINVAL && p->async) {
		/* Is it the flag that the kernel does not know? */
		p->async = false;
		p->dir = create_dir(path, in, "spethread",
				    create_flags(p->flags, false, neighbor), beside);
		if (p->dir >= 0 && p->flags & SPE_ASYNC) {
			errno = ENOSYS;
			return -1;
		}
	}
	if (p->dir < 0)
		return -1;
	fcntl(p->dir, F_SETFD, FD_CLOEXEC);
	if (p->async) {
		p->event = openat(p->dir, "event", O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (p->event < 0)
			return -1;
	}
	return 0;
}

static int map_context(struct spe_context_base_priv *p)
{
	p->ls = map_file(p->dir, "mem", LS_SIZE);
	if (p->flags & SPE_MAP_PS)
		p->psmap = map_file(p->dir, "psmap", PSMAP_SIZE);
	if (p->ls == MAP_FAILED || (p->flags & SPE_MAP_PS && p->psmap == MAP_FAILED)) {
		errno = ENOMEM;
		return -1;
	}
	if ((p->flags & SPE_CFG_SIGNOTIFY1_OR && set_or_mode(p->dir, "signal1_type")) ||
	    (p->flags & SPE_CFG_SIGNOTIFY2_OR && set_or_mode(p->dir, "signal2_type"))) {
		errno = EFAULT;
		return -1;
	}
	return 0;
}

/*
 * fork(): a child has its parent's contexts, but not the threads that were using
 * them. So the child must not find a lock held by one of them, or wait for the end
 * of a run that it will not hear of.
 */
static void before_fork(void)
{
	struct spe_context *spe;

	pthread_mutex_lock(&spe2_registry);
	for (spe = contexts; spe; spe = spe->base_private->next) {
		pthread_mutex_lock(&spe->base_private->lock);
		pthread_mutex_lock(&spe->base_private->files->lock);
	}
}

static void unlock_all(void)
{
	struct spe_context *spe;

	for (spe = contexts; spe; spe = spe->base_private->next) {
		pthread_mutex_unlock(&spe->base_private->files->lock);
		pthread_mutex_unlock(&spe->base_private->lock);
	}
	pthread_mutex_unlock(&spe2_registry);
}

static void in_child(void)
{
	struct spe_context *spe;

	for (spe = contexts; spe; spe = spe->base_private->next) {
		struct spe_context_base_priv *p = spe->base_private;

		if (p->runner)
			p->state = SPE2_IDLE;
		else if (p->state == SPE2_CALLING)
			p->state = SPE2_RUNNING;	/* once the parent has served it */
		p->runner = false;
		p->call = NULL;
		p->users = p->waiters = 0;
	}
	unlock_all();
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(before_fork, unlock_all, in_child);
}

static struct spe_context *create(unsigned int flags, struct spe_gang_context *gang,
				  struct spe_context *neighbor)
{
	struct spe_context *spe;
	int error;

	/* Emulated isolation needs a loader that IBM's SDK had. */
	if (flags & ~CREATE_FLAGS || flags & SPE_ISOLATE_EMULATE) {
		errno = EINVAL;
		return NULL;
	}
	if (flags & SPE_ISOLATE)
		flags |= SPE_MAP_PS;
	spe = alloc_context();
	if (!spe) {
		errno = ENOMEM;
		return NULL;
	}
	spe->base_private->flags = flags;
	if (open_context(spe, gang, neighbor)) {
		error = create_error(errno, flags);
		goto fail;
	}
	error = ENOMEM;
	spe->base_private->files = spe2_files_create();
	if (!spe->base_private->files)
		goto fail;
	if (map_context(spe->base_private)) {
		error = errno;
		goto fail;
	}
	if (flags & SPE_EVENTS_ENABLE) {
		spe->event_private = spe2_events_create(spe);
		error = errno;
		if (!spe->event_private)
			goto fail;
	}
	pthread_mutex_lock(&spe2_registry);
	spe->base_private->next = contexts;
	contexts = spe;
	pthread_mutex_unlock(&spe2_registry);
	return spe;
fail:
	free_context(spe);
	errno = error;
	return NULL;
}

SPE2_EXPORT struct spe_context *spe_context_create(unsigned int flags,
						   struct spe_gang_context *gang)
{
	return create(flags, gang, NULL);
}

SPE2_EXPORT struct spe_context *
spe_context_create_affinity(unsigned int flags, struct spe_context *affinity_neighbor,
			    struct spe_gang_context *gang)
{
	if (!gang) {
		errno = ESRCH;
		return NULL;
	}
	return create(flags, gang, affinity_neighbor);
}

void __spe_context_update_event(void);

/*
 * A run by the event file ends here, as its owner wants no more of it. A thread in
 * spe_context_run() would come back to freed memory, so the context stays (EAGAIN).
 */
SPE2_EXPORT int spe_context_destroy(struct spe_context *spe)
{
	struct spe_context_base_priv *p;
	struct spe_context **at;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	p = spe->base_private;
	pthread_mutex_lock(&spe2_registry);
	pthread_mutex_lock(&p->lock);
	if (p->users) {
		pthread_mutex_unlock(&p->lock);
		pthread_mutex_unlock(&spe2_registry);
		errno = EAGAIN;
		return -1;
	}
	if (p->call)
		spe2_call_take_away(p->call, true);
	p->call = NULL;
	pthread_mutex_unlock(&p->lock);
	for (at = &contexts; *at && *at != spe; at = &(*at)->base_private->next)
		;
	if (*at)
		*at = p->next;
	pthread_mutex_unlock(&spe2_registry);
	free_context(spe);
	__spe_context_update_event();
	return 0;
}

SPE2_EXPORT struct spe_gang_context *spe_gang_context_create(unsigned int flags)
{
	struct spe_gang_context *gang;

	if (flags) {
		errno = EINVAL;
		return NULL;
	}
	gang = calloc(1, sizeof(*gang));
	if (gang)
		gang->base_private = calloc(1, sizeof(*gang->base_private));
	if (!gang || !gang->base_private) {
		free(gang);
		errno = ENOMEM;
		return NULL;
	}
	gang->base_private->dir = create_dir(gang->base_private->path, "/spu", "gang",
					     SPU_CREATE_GANG, -1);
	if (gang->base_private->dir < 0) {
		int error = create_error(errno, 0);

		free(gang->base_private);
		free(gang);
		errno = error;
		return NULL;
	}
	fcntl(gang->base_private->dir, F_SETFD, FD_CLOEXEC);
	return gang;
}

SPE2_EXPORT int spe_gang_context_destroy(struct spe_gang_context *gang)
{
	if (!gang) {
		errno = ESRCH;
		return -1;
	}
	close(gang->base_private->dir);
	free(gang->base_private);
	free(gang);
	return 0;
}

SPE2_EXPORT void *spe_ls_area_get(struct spe_context *spe)
{
	if (!spe) {
		errno = ESRCH;
		return NULL;
	}
	return spe->base_private->ls;
}

SPE2_EXPORT int spe_ls_size_get(struct spe_context *spe)
{
	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	return LS_SIZE;
}

SPE2_EXPORT void *spe_ps_area_get(struct spe_context *spe, enum ps_area area)
{
	/* CBEA, "Problem State Memory Map" */
	static const unsigned int offset[] = {
		[SPE_MSSYNC_AREA] = 0x00000,
		[SPE_MFC_COMMAND_AREA] = 0x03000,
		[SPE_CONTROL_AREA] = 0x04000,
		[SPE_SIG_NOTIFY_1_AREA] = 0x14000,
		[SPE_SIG_NOTIFY_2_AREA] = 0x1c000,
	};

	if (!spe) {
		errno = ESRCH;
		return NULL;
	}
	if (!(spe->base_private->flags & SPE_MAP_PS)) {
		errno = EACCES;
		return NULL;
	}
	if ((unsigned int)area >= ARRAY_SIZE(offset)) {
		errno = EINVAL;
		return NULL;
	}
	return spe->base_private->psmap + offset[area];
}

/* Count the entries NAME<number> of the directory @path; -1 if it is not there */
static int count(const char *path, const char *name)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		const char *p = entry->d_name;

		if (strncmp(p, name, strlen(name)))
			continue;
		p += strlen(name);
		n += *p && p[strspn(p, "0123456789")] == '\0';
	}
	closedir(dir);
	return n;
}

/* A Cell has two PPE threads. */
static int count_nodes(void)
{
	int cpus = count("/sys/devices/system/cpu", "cpu");

	return cpus < 0 ? -1 : (cpus + 1) / 2;
}

static int count_spes(int node)
{
	int all = count("/sys/devices/system/spu", "spu"), nodes = count_nodes(), here;
	char path[64];

	if (all < 0 || node < -1 || node >= nodes)
		return -1;
	if (node < 0)
		return all;
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", node);
	here = count(path, "spu");
	/* Without NUMA nothing says where they are. */
	return here < 0 ? all / nodes : here;
}

SPE2_EXPORT int spe_cpu_info_get(int info_requested, int cpu_node)
{
	int n = -1;

	switch (info_requested) {
	case SPE_COUNT_PHYSICAL_CPU_NODES:
		if (cpu_node == -1)
			n = count_nodes();
		break;
	case SPE_COUNT_PHYSICAL_SPES:
	case SPE_COUNT_USABLE_SPES:
		n = count_spes(cpu_node);
		break;
	}
	if (n < 0)
		errno = EINVAL;
	return n;
}
