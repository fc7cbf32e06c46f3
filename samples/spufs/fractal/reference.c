// SPDX-License-Identifier: GPL-2.0
/*
 * The points of fractal.s, computed on the PPE to the last bit.
 *
 * An SPU's single precision is not IEEE's: results are truncated, there are
 * neither denormal numbers, infinities nor NaNs, and the largest exponent is an
 * ordinary one (SPU ISA v1.2, chapter 9). But a double can hold each of its numbers
 * exactly, and the product of two. The sum of a product and a number need not fit, but
 * the processor can truncate it to a double. A result that is truncated to 53 bits
 * and then to 24 is the same as one truncated to 24 at once.
 */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "fractal.h"

#define FLOAT_BITS	24
#define DOUBLE_BITS	53

/* IEEE's smallest normal number; and one exponent more at the other end */
#define SPU_MIN		((double)FLT_MIN)
#define SPU_MAX		(2 * (double)FLT_MAX)

/* The SPU's result, if the exact one truncated to a double is @x */
static double spu(double x)
{
	__u64 bits;

	if (fabs(x) < SPU_MIN)
		return 0;
	if (fabs(x) > SPU_MAX)
		return copysign(SPU_MAX, x);
	memcpy(&bits, &x, sizeof(bits));
	bits &= ~0ULL << (DOUBLE_BITS - FLOAT_BITS);
	memcpy(&x, &bits, sizeof(x));
	return x;
}

static void compute(const struct view *view, int row, int column,
		    __u32 *iterations, __u32 *norm)
{
	double cx = spu(column * (double)view->dx + view->x);
	double cy = spu(row * (double)view->dy + view->y);
	double x = 0, y = 0, n = 0;
	float escaped;
	__u32 i;

	for (i = 0; i < view->i_max; i++) {
		double rest;

		n = spu(x * x + spu(y * y));
		if (n >= view->escaped)
			break;
		rest = spu(cx - y * y);
		y = spu(spu(x + x) * y + cy);
		x = spu(x * x + rest);
	}
	*iterations = i;
	/* Far from a float's limits, and as exact as one */
	escaped = i < view->i_max ? n : 0;
	memcpy(norm, &escaped, sizeof(*norm));
}

void reference_render(struct job *job)
{
	const struct view *view = &job->view;
	int rounding = fegetround();
	unsigned int row, column, i;

	fesetround(FE_TOWARDZERO);
	for (row = 0; row < job->height; row++) {
		for (column = 0; column < view->pitch; column++) {
			struct points *points = job_points(job, row, column);

			i = column % POINTS_PER_VECTOR;
			compute(view, row, column, &points->iterations[i],
				&points->norm[i]);
		}
	}
	fesetround(rounding);
}
