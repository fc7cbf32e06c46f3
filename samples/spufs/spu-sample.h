/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The common parts of the samples: the number of SPEs, the system call that no
 * C library has, a way to put a program into local store, and events in words.
 */
#ifndef SPU_SAMPLE_H
#define SPU_SAMPLE_H

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/spufs.h>

static inline int count_spes(void)
{
	DIR *dir = opendir("/sys/devices/system/spu");
	struct dirent *entry;
	int number, count = 0;

	if (!dir)
		err(1, "/sys/devices/system/spu");
	while ((entry = readdir(dir)))
		count += sscanf(entry->d_name, "spu%d", &number) == 1;
	closedir(dir);
	if (!count)
		errx(1, "there is no SPE");
	return count;
}

static inline int spu_created(int fd, const char *path)
{
	if (fd >= 0)
		return fd;
	if (errno == EINVAL)
		errx(1, "%s: this kernel has no asynchronous SPU contexts, or this is not spufs",
		     path);
	err(1, "%s", path);
}

static inline int spu_create(const char *path, unsigned int flags, mode_t mode)
{
	return spu_created(syscall(SYS_spu_create, path, flags, mode, -1), path);
}

/*
 * A context /spu/NAME-PID-NUMBER. Everybody may make names there: one that is taken
 * is passed over.
 */
static inline int spu_create_named(const char *name, unsigned int flags)
{
	static unsigned int number;
	char path[64];
	int fd;

	do {
		snprintf(path, sizeof(path), "/spu/%s-%d-%u", name, getpid(), number++);
		fd = syscall(SYS_spu_create, path, flags, 0700, -1);
	} while (fd < 0 && errno == EEXIST);
	return spu_created(fd, path);
}

/* Copy @len bytes to address @lsa of the context's local store. */
static inline void spu_load(int context, unsigned int lsa, const void *from,
			    size_t len)
{
	int mem = openat(context, "mem", O_WRONLY);

	if (mem < 0 || pwrite(mem, from, len, lsa) != (ssize_t)len)
		err(1, "mem");
	close(mem);
}

/* Print a line that says what @event means; it begins with @who. */
static inline void spu_print_event(const char *who, const struct spu_event *event)
{
	printf("%s: ", who);
	switch (event->event) {
	case SPU_EVENT_STOP:
		if (event->status & SPU_STATUS_STOPPED_BY_STOP)
			printf("stopped by stop-and-signal 0x%04x",
			       event->status >> SPU_STOP_STATUS_SHIFT);
		else if (event->status & SPU_STATUS_STOPPED_BY_HALT)
			printf("stopped by a halt instruction");
		else if (event->status & SPU_STATUS_SINGLE_STEP)
			printf("stopped after a single step");
		else
			printf("stopped on request or after an error");
		break;
	case SPU_EVENT_DMA_ALIGNMENT:
		printf("a DMA is misaligned");
		break;
	case SPU_EVENT_SPE_ERROR:
		printf("illegal instruction");
		break;
	case SPU_EVENT_DATA_STORAGE:
		printf("a DMA has no memory at its address");
		break;
	case SPU_EVENT_INVALID_DMA:
		printf("invalid MFC command");
		break;
	default:
		printf("unknown event 0x%x", event->event);
	}
	printf(" (status 0x%08x, npc 0x%05x)\n", event->status, event->npc);
}

#endif /* SPU_SAMPLE_H */
