/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The resources of a context's program: the descriptors, streams and
 * directories that it opened itself, the standard ones, a working directory and
 * a umask. It reaches no others by its calls.
 */
#ifndef SPE2_FILES_H
#define SPE2_FILES_H

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* newlib's FOPEN_MAX for the SPU allows no more; 1 to 3 are the standard ones. */
#define SPE2_FILES	64
#define SPE2_DIRS	16	/* open directories */

/* Other programs of the process need some, too. */
#define SPE2_DESCRIPTORS	256

struct spe2_files {
	pthread_mutex_t lock;
	unsigned int users;	/* the context, and calls of workers */
	FILE *file[SPE2_FILES];
	void *dir[SPE2_DIRS];	/* DIR each */
	unsigned char *may;	/* a bit for each descriptor that it may use */
	unsigned int max;	/* bits in there */
	unsigned int count;	/* bits that are set */
	int cwd;		/* AT_FDCWD or a descriptor */
	mode_t mask;		/* cleared in modes, on top of the process's umask */
};

struct spe2_files *spe2_files_create(void);
struct spe2_files *spe2_files_get(struct spe2_files *files);
void spe2_files_put(struct spe2_files *files);

bool spe2_may_use(struct spe2_files *files, uint32_t fd);
int spe2_give(struct spe2_files *files, int fd);
int spe2_close(struct spe2_files *files, uint32_t fd);
int spe2_dup2(struct spe2_files *files, uint32_t from, uint32_t to);

int spe2_open_path(struct spe2_files *files, const char *path, int flags, mode_t mode);
int spe2_open(struct spe2_files *files, const char *path, int flags, mode_t mode);
mode_t spe2_mode(struct spe2_files *files, uint32_t mode);

FILE *spe2_stream(struct spe2_files *files, uint32_t number);
uint32_t spe2_fopen(struct spe2_files *files, const char *path, const char *mode);
uint32_t spe2_tmpfile(struct spe2_files *files);
int spe2_fclose(struct spe2_files *files, uint32_t number);
uint32_t spe2_freopen(struct spe2_files *files, const char *path, const char *mode,
		      uint32_t number);

/*
 * Memory that programs were given: a number of bytes at an address, by malloc()
 * or by mmap(). It belongs to the process, and outlives the context.
 */
bool spe2_memory_add(uint64_t ea, uint64_t len, bool mapped);
/* Forget the memory that begins at @ea. Returns its length, or 0 if there is none */
uint64_t spe2_memory_remove(uint64_t ea, bool mapped);
/* Do the @len bytes at @ea lie in one mapping? */
bool spe2_memory_mapped(uint64_t ea, uint64_t len);

#endif /* SPE2_FILES_H */
