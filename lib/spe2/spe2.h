/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Internals of the library: states, owners, locks.
 *
 *	context.c	contexts and gangs, their files and areas; the machine
 *	image.c		ELF files in memory
 *	elf.c		an ELF file into local store		(no system calls)
 *	run.c		runs, by spu_run() and by the event file
 *	stop.c		the meaning of SPU_Status		(no system calls)
 *	event.c		event handlers
 *	mbox.c, mfc.c	mailboxes, signals; proxy DMA
 *	call.c		PPE-assisted calls: dispatch, workers and waiting
 *	ls.c		from local store and back to it		(no system calls)
 *	c99.c, posix1.c, libea.c, linux.c	the calls themselves
 *	format.c, scan.c	printf and scanf		(no system calls)
 *	files.c		the files, descriptors and memory that a program was given
 *
 * A run of an asynchronous context:
 *
 *	IDLE --start--> RUNNING --stop 0x21xx--> CALLING --answered--> RUNNING
 *	RUNNING --SPU_EVENT_STOP, read--> IDLE
 *
 * RUNNING: the kernel has the context, and will post one SPU_EVENT_STOP.
 * CALLING: the SPU stands still; the call belongs to the thread that serves it,
 * which starts the SPU again. If it is a worker (a thread for one call that may
 * block), the context's ->call is that call, until the worker has answered or
 * spe_context_stop() or spe_context_destroy() has taken the call away: then the
 * worker only frees it. A worker has no pointer into local store: the input of a
 * call is copied before, and its output is copied afterwards, with the lock held.
 *
 * ->runner: a thread is in spe_context_run() of an asynchronous context, and
 * reads its events; others wait for it (->idle) or get EBUSY.
 *
 * A thread is not cancelled while it has a lock: code that takes ->lock and makes
 * system calls has cancellation disabled, or uses syscall(), which is not a
 * cancellation point.
 *
 * Locks, in this order:
 *	spe2_registry	contexts, images, callback handlers, registrations, memory that
 *			programs were given
 *	->lock		everything of a context that changes
 *	files->lock	the program's resources
 * None is held while something may block, or while a program's function runs. fork()
 * waits for all of them, so every lock is either here or in a context.
 *
 * A context is freed when spe_context_destroy() finds no thread in it (->users,
 * the threads in spe_context_run()); otherwise the call fails with EAGAIN. The files
 * live on while a worker has a call (files->users).
 */
#ifndef SPE2_H
#define SPE2_H

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "libspe2.h"

#define LS_SIZE			0x40000
#define PSMAP_SIZE		0x20000

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define SPE2_EXPORT		__attribute__((visibility("default")))

/* spu_create(2) and the event file: asm/spufs.h of the kernel */
#define SPU_CREATE_EVENTS_ENABLED	0x0001
#define SPU_CREATE_GANG			0x0002
#define SPU_CREATE_NOSCHED		0x0004
#define SPU_CREATE_ISOLATE		0x0008
#define SPU_CREATE_AFFINITY_SPU		0x0010
#define SPU_CREATE_AFFINITY_MEM		0x0020
#define SPU_CREATE_ASYNC		0x0040

#define SPU_EVENT_STOP			0x0001
#define SPU_EVENT_SPE_ERROR		0x0010

#define SPU_CONTROL_START_SPU		1
#define SPU_CONTROL_STOP_SPU		2

struct spu_event {
	uint32_t event, status, npc;
};

/* Stop codes: newlib's SPU port, and asm/spu.h for 0x2104 */
#define STOP_CODE(status)	((unsigned int)(status) >> 16 & 0x3fff)
#define STOP_EXIT		0x2000
#define STOP_CALL		0x2100
#define STOP_ISOLATION		0x2200
#define STOP_BREAKPOINT		0x3fff

enum { CALL_C99 = 0x00, CALL_POSIX1 = 0x01, CALL_LINUX = 0x04, CALL_LIBEA = 0x05 };

/* Files of a context's directory; once opened, they stay open. */
enum {
	FILE_MBOX, FILE_MBOX_STAT, FILE_IBOX, FILE_IBOX_NB, FILE_IBOX_STAT,
	FILE_WBOX, FILE_WBOX_NB, FILE_WBOX_STAT, FILE_SIGNAL1, FILE_SIGNAL2,
	FILE_MFC, FILE_MFC_NB, FILE_EVENT_WAIT, NR_FILES
};

enum spe2_state { SPE2_IDLE, SPE2_RUNNING, SPE2_CALLING };

struct spe_context_base_priv {
	unsigned int flags;		/* of spe_context_create() */
	bool async;
	int dir, event;			/* descriptors; event: -1 unless async */
	char *ls, *psmap;
	uint32_t entry;
	struct spe2_files *files;
	struct spe_context *next;	/* spe2_registry */

	pthread_mutex_t lock;
	uint32_t idle;			/* a futex: counts the ends of runs */
	int fd[NR_FILES];
	unsigned int users, waiters;
	bool runner;
	uint32_t tags, done;		/* proxy DMA: tags issued, complete ones */
	/* the run of an asynchronous context */
	enum spe2_state state;
	unsigned int runflags;
	uint32_t errors;		/* events of this run, except SPU_EVENT_STOP */
	uint32_t npc;
	struct spe2_call *call;
	bool stop_wanted;
};

struct spe2_registration {
	uint64_t id;
	struct spe2_handler *handler;	/* NULL: not registered */
	unsigned int event;
	spe_event_data_t data;
	struct spe_context *spe;
	struct spe2_registration *next;	/* of the handler */
};

#define STOP_QUEUE	1024

struct spe_context_event_priv {
	int stopped;			/* eventfd: the queue has something */
	struct spe_stop_info *queue;	/* ->lock; the oldest goes if it is full */
	unsigned int head, count;
	struct spe2_registration registration[4];	/* spe2_registry */
	bool event_file;		/* it is in the handler's epoll set */
};

#define PATH_SIZE	80	/* of a context in a gang, the longest */

struct spe_gang_context_base_priv {
	int dir;
	char path[PATH_SIZE];
};

extern pthread_mutex_t spe2_registry;

/* context.c */
/* A descriptor of the context's file @which, or -1 and errno */
int spe2_file(struct spe_context *spe, unsigned int which);
/* The context whose local store is at @ls, with spe2_registry held */
struct spe_context *spe2_context_at(const void *ls);
int spe2_write(int fd, const void *data, size_t len);

/* image.c: the size of @program's image, SIZE_MAX if it was linked in */
size_t spe2_image_size(const struct spe_program_handle *program);

/* elf.c: NULL, or a text that says what is wrong; see there */
const char *spe2_elf_load(const void *image, size_t size, char *ls, uint32_t *entry);

/* stop.c */
bool spe2_is_call(const struct spe_context_base_priv *p, unsigned int runflags,
		  int status, unsigned int errors);
int spe2_stop_info(struct spe_stop_info *info, unsigned int flags, bool async,
		   int status, unsigned int errors, int error);

/* run.c */
int spe2_step(struct spe_context *spe, unsigned int *entry, struct spe_stop_info *info);
void spe2_answered(struct spe_context *spe);

/* event.c */
struct spe_context_event_priv *spe2_events_create(struct spe_context *spe);
void spe2_events_destroy(struct spe_context *spe);
void spe2_stop_push(struct spe_context *spe, const struct spe_stop_info *info);
int spe2_watch_event_file(struct spe_context *spe);
void spe2_unwatch_event_file(struct spe_context *spe);

/* call.c */
enum spe2_served { SPE2_SERVED, SPE2_PENDING, SPE2_INTERRUPTED };

int spe2_call(struct spe_context *spe, unsigned int number, uint32_t npc,
	      const int *cancel, enum spe2_served *served);
/* With ->lock held; @gone: the context goes, too, with spe2_registry held as well */
void spe2_call_take_away(struct spe2_call *call, bool gone);

#endif /* SPE2_H */
