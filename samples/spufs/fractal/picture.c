// SPDX-License-Identifier: GPL-2.0
/*
 * Points become colours, and colours a file.
 */
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LIBPNG
#include <png.h>
#endif

#include "fractal.h"

/* The palette is cyclic. */
#define COLOURS			8

static const unsigned char palette[COLOURS][3] = {
	{ 8, 12, 48 }, { 20, 60, 140 }, { 60, 150, 210 }, { 225, 245, 250 },
	{ 255, 215, 110 }, { 225, 120, 30 }, { 110, 30, 50 }, { 30, 10, 50 },
};

/* By how many colours to advance when the iterations double */
#define COLOURS_PER_OCTAVE	2.5

static void colour(__u32 iterations, __u32 norm, unsigned char *rgb)
{
	double smooth, position, part;
	unsigned int from, i;
	float escaped;

	memset(rgb, 0, 3);
	memcpy(&escaped, &norm, sizeof(escaped));
	if (!escaped)
		return;

	/*
	 * |z| about squares in each iteration out there: between the border of
	 * one number of iterations and that of the next, this goes from 0 to -1.
	 */
	smooth = iterations - log2(log2(escaped) / log2(ESCAPED));
	position = log2(fmax(smooth, 1)) * COLOURS_PER_OCTAVE;
	from = position;
	part = position - from;
	for (i = 0; i < 3; i++)
		rgb[i] = palette[from % COLOURS][i] * (1 - part) +
			 palette[(from + 1) % COLOURS][i] * part + 0.5;
}

static void colour_row(const struct job *job, unsigned int row,
		       unsigned char *rgb)
{
	for (unsigned int column = 0; column < job->width; column++) {
		const struct points *points = job_points(job, row, column);
		unsigned int i = column % POINTS_PER_VECTOR;

		colour(points->iterations[i], points->norm[i], rgb + 3 * column);
	}
}

#ifdef HAVE_LIBPNG
static void write_rows(const struct job *job, FILE *file, unsigned char *rgb)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL,
						  NULL, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	if (!info)
		errx(1, "libpng");
	/* libpng has said why. */
	if (setjmp(png_jmpbuf(png)))
		exit(1);
	png_init_io(png, file);
	png_set_IHDR(png, info, job->width, job->height, 8, PNG_COLOR_TYPE_RGB,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (unsigned int row = 0; row < job->height; row++) {
		colour_row(job, row, rgb);
		png_write_row(png, rgb);
	}
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
}
#else
static void write_rows(const struct job *job, FILE *file, unsigned char *rgb)
{
	fprintf(file, "P6\n%u %u\n255\n", job->width, job->height);
	for (unsigned int row = 0; row < job->height; row++) {
		colour_row(job, row, rgb);
		fwrite(rgb, 3, job->width, file);
	}
}
#endif

/* As PICTURE_FORMAT says */
void picture_write(const struct job *job, const char *path)
{
	unsigned char *rgb = malloc(3 * job->width);
	FILE *file = fopen(path, "wb");
	bool failed;

	if (!file || !rgb)
		err(1, "%s", path);
	write_rows(job, file, rgb);
	failed = ferror(file);
	if (fclose(file) || failed)
		err(1, "%s", path);
	free(rgb);
}
