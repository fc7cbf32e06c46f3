// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The meaning of the end of a run. The order in which errors are checked, and the
 * values of errno, are those of libspe2.
 */
#include <errno.h>
#include <string.h>

#include "spe2.h"

/* Errors that end a run as an exception, whatever SPU_Status says */
static unsigned int exceptions(unsigned int flags, bool async, unsigned int errors)
{
	if (flags & SPE_EVENTS_ENABLE)
		return errors;
	/*
	 * Without EVENTS_ENABLE spu_run() sends a signal. An event file does
	 * not; SPU_Status has the details of an illegal channel.
	 */
	return async ? errors & ~SPU_EVENT_SPE_ERROR : 0;
}

/**
 * spe2_is_call() - is this stop a PPE-assisted call that is to be served?
 * @p: the context
 * @runflags: of spe_context_run()
 * @status: SPU_Status, as spu_run() returns it
 * @errors: events of the run
 */
bool spe2_is_call(const struct spe_context_base_priv *p, unsigned int runflags,
		  int status, unsigned int errors)
{
	if (status == -1 || status & SPE_SPU_INVALID_INSTR ||
	    !(status & SPE_SPU_STOPPED_BY_STOP) ||
	    (STOP_CODE(status) & 0xff00) != STOP_CALL ||
	    exceptions(p->flags, p->async, errors))
		return false;
	/* spu_run() serves this one itself, whatever the flags. */
	if (p->runner && STOP_CODE(status) == (STOP_CALL | CALL_LINUX))
		return true;
	return !(runflags & SPE_NO_CALLBACKS);
}

/**
 * spe2_stop_info() - fill in why a run ended
 * @info: to fill in
 * @flags: the context's
 * @async: whether @status and @errors come from an event file
 * @status: SPU_Status; -1: the run failed with @error
 * @errors: events of the run (spu_run(2), event argument)
 * @error: an errno
 *
 * Return: what spe_context_run() returns, with errno set if that is -1
 */
int spe2_stop_info(struct spe_stop_info *info, unsigned int flags, bool async,
		   int status, unsigned int errors, int error)
{
	unsigned int code = STOP_CODE(status);
	int ret = -1;

	memset(info, 0, sizeof(*info));
	info->spu_status = status;
	errors = exceptions(flags, async, errors);
	if (status == -1) {
		info->stop_reason = SPE_RUNTIME_FATAL;
		info->result.spe_runtime_fatal = error;
		errno = flags & SPE_ISOLATE && error == EPERM ? EPERM : EFAULT;
	} else if (status & SPE_SPU_INVALID_INSTR) {
		info->stop_reason = SPE_RUNTIME_ERROR;
		info->result.spe_runtime_error = SPE_SPU_INVALID_INSTR;
		errno = EFAULT;
	} else if (errors) {
		info->stop_reason = SPE_RUNTIME_EXCEPTION;
		info->result.spe_runtime_exception = errors;
		info->spu_status = -1;
		errno = EIO;
	} else if (status & SPE_SPU_STOPPED_BY_STOP) {
		if ((code & 0xff00) == STOP_EXIT) {
			info->stop_reason = SPE_EXIT;
			info->result.spe_exit_code = code & 0xff;
			return 0;
		}
		if ((code & 0xfff0) == STOP_ISOLATION) {
			info->stop_reason = SPE_ISOLATION_ERROR;
			info->result.spe_isolation_error = code & 0xf;
			errno = EFAULT;
			return -1;
		}
		info->stop_reason = SPE_STOP_AND_SIGNAL;
		info->result.spe_signal_code = code;
		ret = code;
	} else if (status & (SPE_SPU_HALT | SPE_SPU_INVALID_CHANNEL)) {
		info->stop_reason = SPE_RUNTIME_ERROR;
		info->result.spe_runtime_error = status & SPE_SPU_HALT ?
			SPE_SPU_HALT : SPE_SPU_INVALID_CHANNEL;
		errno = EFAULT;
	} else if (async) {
		/* None of these bits is set: it was stopped. */
		info->stop_reason = SPE_STOPPED_ON_REQUEST;
		ret = 0;
	} else if (status & SPE_SPU_WAITING_ON_CHANNEL) {
		info->stop_reason = SPE_RUNTIME_EXCEPTION;
		info->spu_status = -1;
		errno = EIO;
	} else {
		info->stop_reason = SPE_RUNTIME_FATAL;
		info->result.spe_runtime_fatal = -1;
		info->spu_status = -1;
		errno = EFAULT;
	}
	return ret;
}
