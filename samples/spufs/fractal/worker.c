// SPDX-License-Identifier: GPL-2.0
/*
 * A context, its program and its parameters.
 */
#include <string.h>

#include "../spu-sample.h"
#include "fractal.h"
#include "fractal.h_shipped"

/* SPU_Status of a program that came to its end: stop and signal 0x1001 */
#define FINISHED	(0x1001 << 16 | 0x2)

void worker_create(struct worker *worker, struct job *job, unsigned int number,
		   bool async)
{
	__u32 args[2];
	__u64 ea;

	*worker = (struct worker){ .job = job, .number = number, .event_fd = -1 };
	snprintf(worker->name, sizeof(worker->name), "context %u", number);
	worker->context = spu_create_named("fractal", async ? SPU_CREATE_ASYNC :
					   SPU_CREATE_EVENTS_ENABLED);
	if (async) {
		worker->event_fd = openat(worker->context, "event", O_RDWR);
		if (worker->event_fd < 0)
			err(1, "%s: event", worker->name);
	}

	worker->params = aligned_alloc(__alignof__(*worker->params),
				       sizeof(*worker->params));
	if (!worker->params)
		err(1, "%s", worker->name);
	worker->params->view = job->view;

	ea = (uintptr_t)worker->params;
	args[0] = ea >> 32;
	args[1] = ea;
	spu_load(worker->context, 0, spu_fractal, sizeof(spu_fractal));
	spu_load(worker->context, SPU_FRACTAL_ARGS, args, sizeof(args));
}

/* The next start computes worker->chunk. */
void worker_prepare(struct worker *worker)
{
	const struct chunk *chunk = &worker->chunk;
	struct params *params = worker->params;
	const struct job *job = worker->job;
	__u64 ea = (uintptr_t)job_points(job, chunk->row, chunk->column);

	params->row = chunk->row;
	params->column = chunk->column;
	params->length = chunk->length;
	params->runs = chunk->runs;
	params->row_step = chunk->row_step;
	params->byte_step = (job_points(job, chunk->row_step, 0) - job->points) *
			    sizeof(struct points);
	params->eah = ea >> 32;
	params->eal = ea;
	/* A start is a system call, and so a barrier: the SPU sees all of it. */
}

/* Any stop except the SPU program's normal end ends this program, too. */
void worker_check_stop(const struct worker *worker, __u32 event, __u32 status,
		       __u32 npc)
{
	struct spu_event what = { event, status, npc };

	if (event == SPU_EVENT_STOP && status == FINISHED)
		return;
	fflush(stdout);
	spu_print_event(worker->name, &what);
	errx(1, "%s did not finish", worker->name);
}

void worker_destroy(struct worker *worker)
{
	if (worker->event_fd >= 0)
		close(worker->event_fd);
	close(worker->context);
	free(worker->params);
}
