// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loops of engine_bench.py as a compiler makes them for the host: vectors of
 * four words, and the minimum of work in each iteration.
 *
 * Prints, for each, the nanoseconds of CPU time of an iteration: the best of
 * some runs.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define RUNS	5
#define LOOPS	20000000

typedef uint32_t Words __attribute__((vector_size(16)));
typedef int32_t Ints __attribute__((vector_size(16)));
typedef float Floats __attribute__((vector_size(16)));
typedef uint8_t Bytes __attribute__((vector_size(16)));

/* What the compiler must have computed */
#define KEEP(x)	__asm__ volatile("" : "+m"(x))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void integer(void)
{
	Words x[2] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 } }, sum[2] = { };

	for (int i = 0; i < LOOPS; i++) {
		for (int k = 0; k < 2; k++) {
			x[k] ^= x[k] << 13;
			x[k] ^= x[k] >> 17;
			x[k] ^= x[k] << 5;
			sum[k] += x[k];
		}
	}
	KEEP(sum);
}

static void mandelbrot(void)
{
	const Floats cr = { 0.3, 0.3, 0.3, 0.3 }, four = { 4, 4, 4, 4 };
	const Floats ci = { 0.05, 0.05, 0.05, 0.05 };
	Floats zr[2] = { }, zi[2] = { };
	Ints n[2] = { };

	for (int i = 0; i < LOOPS; i++) {
		for (int k = 0; k < 2; k++) {
			Floats r2 = zr[k] * zr[k], i2 = zi[k] * zi[k];

			zi[k] = zr[k] * zi[k] * 2.0f + ci;
			zr[k] = r2 - i2 + cr;
			n[k] -= four > r2 + i2;
		}
	}
	KEEP(n);
	KEEP(zr);
}

static void shuffle(void)
{
	static Bytes in[8], out[8];
	const Bytes reverse = {
		15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
	};

	for (int i = 0; i < LOOPS; i++) {
		for (int k = 0; k < 8; k++)
			out[k] = __builtin_shuffle(in[k], reverse);
		KEEP(in);
		KEEP(out);
	}
}

static void measure(const char *name, void (*fn)(void))
{
	double best = 1e30;

	for (int i = 0; i < RUNS; i++) {
		double t = now();

		fn();
		t = (now() - t) / LOOPS;
		if (t < best)
			best = t;
	}
	printf("%s %f\n", name, best);
}

int main(void)
{
	measure("integer", integer);
	measure("mandelbrot", mandelbrot);
	measure("shuffle", shuffle);
	return 0;
}
