// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Read SPU programs' files into memory, and load them into local store.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spe2.h"

struct image {
	struct spe_program_handle handle;
	size_t size;
	struct image *next;
};

static struct image *images;	/* spe2_registry */
static __thread const char *reason;

SPE2_EXPORT const char *spe_image_error(void)
{
	return reason ? reason : "not an SPU program";
}

/* Read @fd's @size bytes into memory of our own: later changes of the file do not matter. */
static void *read_file(int fd, size_t size)
{
	char *data = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t have = 0;
	ssize_t n;

	if (data == MAP_FAILED)
		return NULL;
	while (have < size) {
		n = pread(fd, data + have, size - have, have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int error = n ? errno : EINVAL;

			munmap(data, size);
			errno = error;
			return NULL;
		}
		have += n;
	}
	return data;
}

static struct image *open_image(int fd)
{
	struct image *image;
	uint32_t entry;
	struct stat st;

	if (fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode) || !st.st_size || st.st_size > INT32_MAX) {
		reason = "not an ELF file";
		errno = EINVAL;
		return NULL;
	}
	image = calloc(1, sizeof(*image));
	if (!image)
		return NULL;
	image->size = st.st_size;
	image->handle.handle_size = sizeof(image->handle);
	image->handle.elf_image = read_file(fd, image->size);
	if (!image->handle.elf_image) {
		free(image);
		return NULL;
	}
	reason = spe2_elf_load(image->handle.elf_image, image->size, NULL, &entry);
	if (reason) {
		munmap(image->handle.elf_image, image->size);
		free(image);
		errno = EINVAL;
		return NULL;
	}
	return image;
}

SPE2_EXPORT struct spe_program_handle *spe_image_open(const char *filename)
{
	struct image *image;
	int fd, error;

	if (!filename) {
		errno = EFAULT;
		return NULL;
	}
	/* Do not wait for the other end of a FIFO. */
	fd = open(filename, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	image = open_image(fd);
	error = errno;
	close(fd);
	errno = error;
	if (!image)
		return NULL;
	pthread_mutex_lock(&spe2_registry);
	image->next = images;
	images = image;
	pthread_mutex_unlock(&spe2_registry);
	return &image->handle;
}

SPE2_EXPORT int spe_image_close(struct spe_program_handle *program)
{
	struct image **p, *image;

	pthread_mutex_lock(&spe2_registry);
	for (p = &images; *p && &(*p)->handle != program; p = &(*p)->next)
		;
	image = *p;
	if (image)
		*p = image->next;
	pthread_mutex_unlock(&spe2_registry);
	if (!image) {
		errno = EINVAL;
		return -1;
	}
	munmap(image->handle.elf_image, image->size);
	free(image);
	return 0;
}

size_t spe2_image_size(const struct spe_program_handle *program)
{
	size_t size = SIZE_MAX;
	struct image *image;

	pthread_mutex_lock(&spe2_registry);
	for (image = images; image; image = image->next)
		if (&image->handle == program)
			size = image->size;
	pthread_mutex_unlock(&spe2_registry);
	return size;
}

/* oprofile and debuggers look here for the program. */
static void tell_object_id(struct spe_context *spe, const void *image)
{
	char text[32];
	int fd = openat(spe->base_private->dir, "object-id", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "%p", image);
	(void)!write(fd, text, strlen(text) + 1);
	close(fd);
}

SPE2_EXPORT __attribute__((noinline)) void __spe_context_update_event(void)
{
	/* Debuggers have a breakpoint here. */
	__asm__ volatile("");
}

SPE2_EXPORT int spe_program_load(struct spe_context *spe, struct spe_program_handle *program)
{
	struct spe_context_base_priv *p;
	uint32_t entry;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	if (!program || !program->elf_image) {
		errno = EINVAL;
		return -1;
	}
	p = spe->base_private;
	if (p->flags & SPE_ISOLATE) {
		/* An encrypted image is loaded by the SPE's own loader. */
		errno = ENOSYS;
		return -1;
	}
	reason = spe2_elf_load(program->elf_image, spe2_image_size(program), p->ls, &entry);
	if (reason) {
		errno = EINVAL;
		return -1;
	}
	p->entry = entry;
	spe->handle = *program;
	tell_object_id(spe, program->elf_image);
	__spe_context_update_event();
	return 0;
}
