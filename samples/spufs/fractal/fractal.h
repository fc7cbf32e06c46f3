/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A picture of the Mandelbrot set: the common parts of the renderer.
 *
 *	main.c		options, and the main sequence
 *	work.c		the distribution of points to contexts
 *	worker.c	a context: its program, its parameters, its stop
 *	engine.c	the ways to start contexts and wait for them
 *	reference.c	the same arithmetic on the PPE
 *	picture.c	points become colours, and colours a file
 */
#ifndef FRACTAL_H
#define FRACTAL_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <asm/types.h>

/* Four points, as fractal.s leaves them */
struct points {
	__u32 iterations[4];
	/* |z|^2, a float, with which each escaped; 0 if it did not before i_max */
	__u32 norm[4];
};

#define POINTS_PER_VECTOR	4

/* Points escape when |z|^2 gets there: far out, for the sake of the colours. */
#define ESCAPED			65536.0f

/* The picture, as fractal.s needs it */
struct view {
	float x, y;		/* the first point */
	float dx, dy;		/* from column to column, from row to row */
	float escaped;
	__u32 i_max;
	__u32 pitch;		/* points in a row: whole vectors */
	__u32 pad;
};

/* Work for a context: runs of consecutive points */
struct chunk {
	__u32 row, column;	/* of the first run */
	__u32 length;		/* points in a run: whole vectors */
	__u32 runs;
	__u32 row_step;		/* from run to run */
};

/* What fractal.s gets by DMA */
struct params {
	struct view view;
	__u32 row, column, length, runs;
	__u32 row_step, byte_step;
	__u32 eah, eal;
} __attribute__((aligned(128)));

static_assert(sizeof(struct points) == 32, "points of fractal.s");
static_assert(offsetof(struct params, row) == 32, "params of fractal.s");
static_assert(offsetof(struct params, eal) == 60, "params of fractal.s");

enum distribution { SLICES, INTERLEAVED, DYNAMIC };

/* A rendering: main.c writes it, except for the members that are work.c's own */
struct job {
	struct view view;
	unsigned int width, height;
	struct points *points;	/* pitch * height of them */
	enum distribution distribution;
	unsigned int contexts;
	bool show_progress;
	/* work.c's */
	unsigned long next;	/* DYNAMIC: the first vector without a context */
	unsigned long done;	/* vectors that are finished */
	unsigned int chunks;	/* handed out so far */
};

static inline unsigned long job_vectors(const struct job *job)
{
	return (unsigned long)job->view.pitch / POINTS_PER_VECTOR * job->height;
}

/* The vector of a point */
static inline struct points *job_points(const struct job *job,
					unsigned int row, unsigned int column)
{
	return job->points + ((unsigned long)row * job->view.pitch + column) /
			     POINTS_PER_VECTOR;
}

struct worker {
	struct job *job;
	unsigned int number;
	char name[16];
	int context;
	int event_fd;		/* -1: for spu_run */
	struct params *params;
	struct chunk chunk;	/* its work */
	bool had_share;		/* work.c: SLICES and INTERLEAVED have one each */
};

/* work.c; with one thread, or under a lock of the caller */
bool work_next(struct worker *worker);
void work_done(struct worker *worker);

/* worker.c; errors end the program */
void worker_create(struct worker *worker, struct job *job, unsigned int number,
		   bool async);
void worker_prepare(struct worker *worker);
void worker_check_stop(const struct worker *worker, __u32 event, __u32 status,
		       __u32 npc);
void worker_destroy(struct worker *worker);

/* engine.c; runs all workers of a job, until there is no more work */
struct engine {
	const char *name;
	bool async;
	void (*run)(struct worker *workers, unsigned int count);
};

extern const struct engine engines[];	/* the last one has no name */

/* reference.c; computes all points of a job on the PPE */
void reference_render(struct job *job);

/* picture.c */
#ifdef HAVE_LIBPNG
#define PICTURE_FORMAT	"PNG"
#else
#define PICTURE_FORMAT	"a portable pixmap (PPM)"
#endif

void picture_write(const struct job *job, const char *path);

#endif /* FRACTAL_H */
