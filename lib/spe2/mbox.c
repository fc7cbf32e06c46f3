// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mailboxes and signals, through the files of a context. These work whether the
 * context is loaded or not.
 */
#include <errno.h>
#include <unistd.h>

#include "spe2.h"

static int bad_args(struct spe_context *spe, const unsigned int *data, int count)
{
	if (!spe)
		errno = ESRCH;
	else if (!data || count < 1)
		errno = EINVAL;
	else
		return 0;
	return -1;
}

/* The word in the file @which */
static int status(struct spe_context *spe, unsigned int which)
{
	unsigned int value;
	int fd;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	fd = spe2_file(spe, which);
	if (fd < 0 || read(fd, &value, sizeof(value)) != sizeof(value)) {
		errno = EIO;
		return -1;
	}
	return value;
}

/*
 * Pass up to @count words: all of them if @all, otherwise as many as one read or write
 * takes. Returns the number of words, or -1 and EIO
 */
static int transfer(struct spe_context *spe, unsigned int which, unsigned int *data,
		    int count, bool all, bool out)
{
	int fd = spe2_file(spe, which), done = 0;
	ssize_t n;

	if (fd < 0) {
		errno = EIO;
		return -1;
	}
	do {
		size_t len = (count - done) * sizeof(*data);

		n = out ? write(fd, data + done, len) : read(fd, data + done, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return done;
		if (n < 0) {
			errno = EIO;
			return -1;
		}
		done += n / sizeof(*data);
	} while (done < count && (all || n < 0));
	return done;
}

SPE2_EXPORT int spe_out_mbox_read(struct spe_context *spe, unsigned int *mbox_data, int count)
{
	if (bad_args(spe, mbox_data, count))
		return -1;
	return transfer(spe, FILE_MBOX, mbox_data, count, false, false);
}

SPE2_EXPORT int spe_out_mbox_status(struct spe_context *spe)
{
	return status(spe, FILE_MBOX_STAT);
}

/* Which of the two files, the one that waits or the one that does not; -1: none */
static int file_for(unsigned int behavior, int waits, int does_not)
{
	switch (behavior) {
	case SPE_MBOX_ALL_BLOCKING:
	case SPE_MBOX_ANY_BLOCKING:
		return waits;
	case SPE_MBOX_ANY_NONBLOCKING:
		return does_not;
	default:
		errno = EINVAL;
		return -1;
	}
}

SPE2_EXPORT int spe_in_mbox_write(struct spe_context *spe, unsigned int *mbox_data, int count,
				  unsigned int behavior)
{
	int which = file_for(behavior, FILE_WBOX, FILE_WBOX_NB);

	if (bad_args(spe, mbox_data, count) || which < 0)
		return -1;
	return transfer(spe, which, mbox_data, count,
			behavior == SPE_MBOX_ALL_BLOCKING, true);
}

SPE2_EXPORT int spe_in_mbox_status(struct spe_context *spe)
{
	return status(spe, FILE_WBOX_STAT);
}

SPE2_EXPORT int spe_out_intr_mbox_read(struct spe_context *spe, unsigned int *mbox_data,
				       int count, unsigned int behavior)
{
	int which = file_for(behavior, FILE_IBOX, FILE_IBOX_NB);

	if (bad_args(spe, mbox_data, count) || which < 0)
		return -1;
	return transfer(spe, which, mbox_data, count,
			behavior == SPE_MBOX_ALL_BLOCKING, false);
}

SPE2_EXPORT int spe_out_intr_mbox_status(struct spe_context *spe)
{
	return status(spe, FILE_IBOX_STAT);
}

SPE2_EXPORT int spe_signal_write(struct spe_context *spe, unsigned int signal_reg,
				 unsigned int data)
{
	unsigned int which = FILE_SIGNAL1;
	int fd;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	if (signal_reg == SPE_SIG_NOTIFY_REG_2) {
		which = FILE_SIGNAL2;
	} else if (signal_reg != SPE_SIG_NOTIFY_REG_1) {
		errno = EINVAL;
		return -1;
	}
	fd = spe2_file(spe, which);
	if (fd < 0 || spe2_write(fd, &data, sizeof(data))) {
		errno = EIO;
		return -1;
	}
	return 0;
}
