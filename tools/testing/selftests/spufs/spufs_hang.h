/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory in which every page fault waits for this program: userfaultfd(2). It may
 * be anybody's file system in user space as well.
 */
#ifndef __SPUFS_HANG_H
#define __SPUFS_HANG_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct hang {
	int uffd;
	char *memory;
	size_t size;
};

/* False, and errno, if there is no such memory. */
static inline bool hang_create(struct hang *hang, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	hang->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	hang->size = size;
	hang->memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (unsigned long)hang->memory;
	reg.range.len = size;
	return hang->uffd >= 0 && hang->memory != MAP_FAILED &&
	       !ioctl(hang->uffd, UFFDIO_API, &api) &&
	       !ioctl(hang->uffd, UFFDIO_REGISTER, &reg);
}

/* Wait for the next fault. */
static inline bool hang_wait(struct hang *hang)
{
	struct uffd_msg msg;

	return read(hang->uffd, &msg, sizeof(msg)) == sizeof(msg);
}

/* Let all faults go on, with pages of zeroes. */
static inline void hang_end(struct hang *hang)
{
	struct uffdio_range range = {
		.start = (unsigned long)hang->memory, .len = hang->size
	};

	ioctl(hang->uffd, UFFDIO_UNREGISTER, &range);
	close(hang->uffd);
}

#endif /* __SPUFS_HANG_H */
