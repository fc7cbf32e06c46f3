// SPDX-License-Identifier: GPL-2.0
/*
 * The distribution of the work. With n contexts,
 *
 *	slices		each has an n-th of the rows, one below the other
 *	interleaved	each has every n-th row
 *	dynamic		each gets a chunk, and the next one when it is done
 */
#include <stdio.h>

#include "fractal.h"

/*
 * A dynamic chunk is a part of the work that is left: large at first, since each one
 * costs a stop and a start, and small at the end, when the others wait for the
 * last one. Points inside the set take many times as long as the average, so
 * the first chunks must be far smaller than the share of a context.
 */
#define PARTS_PER_CONTEXT	8
#define MIN_VECTORS		128

#define BAR_WIDTH		64

static unsigned long dynamic_vectors(const struct job *job, unsigned long left)
{
	unsigned long part = left / (PARTS_PER_CONTEXT * job->contexts);

	if (part < MIN_VECTORS)
		part = MIN_VECTORS;
	return part < left ? part : left;
}

/* The next chunk for @worker; false: there is none. */
bool work_next(struct worker *worker)
{
	struct job *job = worker->job;
	unsigned int n = job->contexts, k = worker->number;
	struct chunk *chunk = &worker->chunk;
	unsigned long first, length, end;

	*chunk = (struct chunk){ .length = job->view.pitch, .row_step = 1 };
	if (job->distribution != DYNAMIC && worker->had_share)
		return false;
	worker->had_share = true;

	switch (job->distribution) {
	case SLICES:
		chunk->row = (unsigned long)job->height * k / n;
		end = (unsigned long)job->height * (k + 1) / n;
		chunk->runs = end - chunk->row;
		break;
	case INTERLEAVED:
		chunk->row = k;
		chunk->row_step = n;
		if (k < job->height)
			chunk->runs = (job->height - k + n - 1) / n;
		break;
	case DYNAMIC:
		first = job->next * POINTS_PER_VECTOR;
		length = dynamic_vectors(job, job_vectors(job) - job->next);
		job->next += length;
		chunk->row = first / job->view.pitch;
		chunk->column = first % job->view.pitch;
		chunk->length = length * POINTS_PER_VECTOR;
		chunk->runs = length != 0;
		break;
	}
	if (!chunk->runs)
		return false;
	job->chunks++;
	return true;
}

/*
 * @worker's chunk is finished. The bar grows at its end: without a carriage
 * return it can go through any console, and into a log.
 */
void work_done(struct worker *worker)
{
	struct job *job = worker->job;
	unsigned long all = job_vectors(job);
	unsigned int before = job->done * BAR_WIDTH / all;

	job->done += (unsigned long)worker->chunk.length / POINTS_PER_VECTOR *
		     worker->chunk.runs;
	if (!job->show_progress)
		return;
	for (; before < job->done * BAR_WIDTH / all; before++)
		fputc('#', stderr);
	if (job->done == all)
		fputs("\n", stderr);
}
