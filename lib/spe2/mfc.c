// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Proxy DMA through the file "mfc", and multisource synchronisation.
 *
 * The kernel reports each completion of a tag group once, for all groups
 * together, so reported tags are kept here, for a caller that asks for some of them.
 *
 * The kernel does none of this for a context that is not loaded: a caller sleeps
 * until a thread runs it. With SPE_ASYNC that is mostly the caller itself, so the
 * library waits only for a run in progress; without one it returns EAGAIN.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "spe2.h"

/* CBEA, "MFC Command Opcodes" */
#define MFC_PUT		0x20
#define MFC_PUTB	0x21
#define MFC_PUTF	0x22
#define MFC_GET		0x40
#define MFC_GETB	0x41
#define MFC_GETF	0x42

/* struct mfc_dma_command of the kernel's asm/spu.h */
struct command {
	int32_t pad;
	uint32_t lsa;
	uint64_t ea;
	uint16_t size, tag, class, cmd;
};

static int mfc_file(struct spe_context *spe)
{
	return spe2_file(spe, spe->base_private->flags & SPE_ASYNC ? FILE_MFC_NB : FILE_MFC);
}

/*
 * For an SPE_ASYNC context: wait until its file mfc is ready for @events, as long as
 * it runs and none of its events has to be served. 0, or -1 and EAGAIN
 */
static int wait_for(struct spe_context *spe, int fd, short events)
{
	struct spe_context_base_priv *p = spe->base_private;
	struct pollfd pollfd[2] = {
		{ .fd = fd, .events = events }, { .fd = p->event, .events = POLLIN },
	};
	bool runs;

	for (;;) {
		pthread_mutex_lock(&p->lock);
		runs = p->state != SPE2_IDLE || p->runner;
		if (p->runner)
			pollfd[1].fd = -1;	/* another thread serves it */
		pthread_mutex_unlock(&p->lock);
		if (poll(pollfd, 2, runs ? -1 : 0) < 0 && errno != EINTR)
			return -1;
		if (pollfd[0].revents)
			return 0;
		if (!runs || pollfd[1].revents) {
			errno = EAGAIN;
			return -1;
		}
	}
}

static int write_command(struct spe_context *spe, int fd, const struct command *command)
{
	while (spe2_write(fd, command, sizeof(*command))) {
		if (errno != EAGAIN || wait_for(spe, fd, POLLOUT))
			return -1;
	}
	return 0;
}

static int issue(struct spe_context *spe, unsigned int cmd, unsigned int ls, void *ea,
		 unsigned int size, unsigned int tag, unsigned int tid, unsigned int rid)
{
	const struct command command = {
		.lsa = ls, .ea = (uintptr_t)ea, .size = size, .tag = tag,
		.class = tid << 8 | rid, .cmd = cmd,
	};
	const uint32_t group = 1u << (tag & 31);
	struct spe_context_base_priv *p;
	uint32_t tags, done;
	int fd, ret;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	/* The kernel keeps tags 16 to 31 for itself, and the size has 16 bits. */
	if (tag > 15 || tid > 0xff || rid > 0xff || size > 0x4000) {
		errno = EINVAL;
		return -1;
	}
	fd = mfc_file(spe);
	if (fd < 0)
		return -1;
	p = spe->base_private;
	pthread_mutex_lock(&p->lock);
	tags = p->tags & group;
	done = p->done & group;
	p->tags |= group;
	p->done &= ~group;
	pthread_mutex_unlock(&p->lock);
	ret = write_command(spe, fd, &command);
	if (ret) {
		/* Nobody must wait for it. */
		pthread_mutex_lock(&p->lock);
		p->tags = (p->tags & ~group) | tags;
		p->done |= done;
		pthread_mutex_unlock(&p->lock);
	}
	return ret;
}

#define DEFINE_COMMAND(name, opcode)							\
SPE2_EXPORT int spe_mfcio_##name(struct spe_context *spe, unsigned int ls, void *ea,	\
				 unsigned int size, unsigned int tag,			\
				 unsigned int tid, unsigned int rid)			\
{											\
	return issue(spe, opcode, ls, ea, size, tag, tid, rid);				\
}

DEFINE_COMMAND(put, MFC_PUT)
DEFINE_COMMAND(putb, MFC_PUTB)
DEFINE_COMMAND(putf, MFC_PUTF)
DEFINE_COMMAND(get, MFC_GET)
DEFINE_COMMAND(getb, MFC_GETB)
DEFINE_COMMAND(getf, MFC_GETF)

/* Ask what has completed since; if @wait, wait until something has. 0, or -1 */
static int collect(struct spe_context *spe, int fd, bool wait)
{
	struct spe_context_base_priv *p = spe->base_private;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint32_t status;
	ssize_t n;

	if (wait && p->flags & SPE_ASYNC && wait_for(spe, fd, POLLIN))
		return -1;
	if (!wait) {
		int ready = poll(&pollfd, 1, 0);

		if (ready <= 0)
			return ready;
		if (!(pollfd.revents & POLLIN))
			return 0;
	}
	do {
		n = read(fd, &status, sizeof(status));
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;	/* another thread was faster */
	if (n != sizeof(status))
		return -1;
	pthread_mutex_lock(&p->lock);
	p->done |= status & p->tags;
	pthread_mutex_unlock(&p->lock);
	return 0;
}

SPE2_EXPORT int spe_mfcio_tag_status_read(struct spe_context *spe, unsigned int mask,
					  unsigned int behavior, unsigned int *tag_status)
{
	struct spe_context_base_priv *p;
	uint32_t wanted, done;
	int fd;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	if (!tag_status || behavior < SPE_TAG_ALL || behavior > SPE_TAG_IMMEDIATE) {
		errno = EINVAL;
		return -1;
	}
	fd = mfc_file(spe);
	if (fd < 0)
		return -1;
	p = spe->base_private;
	for (;;) {
		bool wait, satisfied;

		pthread_mutex_lock(&p->lock);
		wanted = p->tags & (mask ? mask : ~0u);
		done = p->done & wanted;
		satisfied = behavior == SPE_TAG_ALL ? done == wanted : !wanted || done;
		wait = !satisfied && behavior != SPE_TAG_IMMEDIATE;
		if (!wait && (satisfied || !wanted)) {
			/* A completion is reported only once. */
			p->tags &= ~done;
			p->done &= ~done;
		}
		pthread_mutex_unlock(&p->lock);
		if (satisfied)
			break;
		if (collect(spe, fd, wait))
			return -1;
		if (behavior == SPE_TAG_IMMEDIATE) {
			pthread_mutex_lock(&p->lock);
			done = p->done & wanted;
			p->tags &= ~done;
			p->done &= ~done;
			pthread_mutex_unlock(&p->lock);
			break;
		}
	}
	/* A group without commands is complete. */
	*tag_status = mask ? done | (mask & ~wanted) : done;
	return 0;
}

/*
 * The file "mss" can only be mapped, and a thread that touches a mapping sleeps until
 * the context is loaded. A system call that is given an address in there does not sleep:
 * it fails. This one reads the word, and compares it with a value that it never has.
 */
static bool is_loaded(volatile struct spe_mssync_area *area)
{
	const long no_time[4] = {};

	return !syscall(SYS_futex, &area->MFC_MSSync, FUTEX_WAIT_PRIVATE, ~0u, no_time, NULL, 0) ||
	       errno != EFAULT;
}

static volatile struct spe_mssync_area *mssync_area(struct spe_context *spe)
{
	volatile struct spe_mssync_area *area;

	if (!spe) {
		errno = ESRCH;
		return NULL;
	}
	if (!(spe->base_private->flags & SPE_MAP_PS)) {
		errno = ENOTSUP;
		return NULL;
	}
	area = spe_ps_area_get(spe, SPE_MSSYNC_AREA);
	if (spe->base_private->flags & SPE_ASYNC) {
		int fd = mfc_file(spe);

		while (!is_loaded(area))
			if (fd < 0 || wait_for(spe, fd, POLLOUT))
				return NULL;
	}
	return area;
}

SPE2_EXPORT int spe_mssync_start(struct spe_context *spe)
{
	volatile struct spe_mssync_area *area = mssync_area(spe);

	if (!area)
		return -1;
	area->MFC_MSSync = 1;
	return 0;
}

SPE2_EXPORT int spe_mssync_status(struct spe_context *spe)
{
	volatile struct spe_mssync_area *area = mssync_area(spe);

	return area ? (int)area->MFC_MSSync : -1;
}
