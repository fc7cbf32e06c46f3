// SPDX-License-Identifier: GPL-2.0
/*
 * Render the Mandelbrot set on SPUs. Needs spufs mounted at /spu.
 */
#include <getopt.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "../spu-sample.h"
#include "fractal.h"

#define WIDTH_AT_ZOOM_1	3.5
#define MAX_SIDE	16384
#define MAX_CONTEXTS	4096
#define MAX_I_MAX	0x1000000

static const char * const distributions[] = {
	[SLICES] = "slices", [INTERLEAVED] = "interleaved", [DYNAMIC] = "dynamic",
};

static struct options {
	unsigned int width, height, i_max, contexts;
	double re, im, zoom;
	enum distribution distribution;
	const struct engine *engine;
	const char *output;
	bool check, csv, quiet;
} options = {
	.width = 1024, .height = 768, .i_max = 1000,
	.re = -0.7446, .im = 0.1345, .zoom = 400,
	.distribution = DYNAMIC,
};

static const char usage[] =
"usage: spu-fractal [OPTION]...\n"
"Render the Mandelbrot set on SPUs, and say how long it took.\n"
"\n"
"  -s, --size WIDTHxHEIGHT  of the picture, in points (%ux%u)\n"
"  -c, --centre RE,IM       of the picture (%g,%g)\n"
"  -z, --zoom FACTOR        at 1 the picture is %g wide (%g)\n"
"  -i, --imax COUNT         iterations before a point is in the set (%u)\n"
"  -n, --contexts COUNT     SPU contexts to share the work (as many as SPEs)\n"
"  -d, --distribution HOW   slices: a block of rows for each context;\n"
"                           interleaved: every nth row for each of n contexts;\n"
"                           dynamic: the next chunk for each context that is\n"
"                           done (the default)\n"
"  -e, --engine HOW         threads: spu_run in a thread for each context;\n"
"                           async: one thread, epoll (the default);\n"
#ifdef HAVE_LIBURING
"                           uring: one thread, io_uring\n"
#else
"                           (uring: this program was built without liburing)\n"
#endif
"  -o, --output FILE        write the picture: " PICTURE_FORMAT "\n"
"      --check              compute it on the PPE, too, and compare every bit\n"
"      --csv                print one line: engine, distribution, contexts,\n"
"                           width, height, imax, chunks, ns to create the\n"
"                           contexts, ns elapsed from the first start to the\n"
"                           last stop, checksum of all points\n"
"  -q, --quiet              no progress bar (without a terminal there is none)\n"
"  -h, --help               print this\n"
"\n"
"On an emulator only the ratios of such times mean something.\n";

static unsigned int number(const char *what, const char *s, unsigned int max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno || n < 1 || n > max)
		errx(2, "--%s %s: a number from 1 to %u is wanted", what, s, max);
	return n;
}

static void parse_size(const char *s)
{
	char width[8], height[8], rest;

	if (sscanf(s, "%7[0-9]x%7[0-9]%c", width, height, &rest) != 2)
		errx(2, "--size %s: WIDTHxHEIGHT is wanted", s);
	options.width = number("size", width, MAX_SIDE);
	options.height = number("size", height, MAX_SIDE);
}

static void parse_centre(const char *s)
{
	char rest;

	if (sscanf(s, "%lf,%lf%c", &options.re, &options.im, &rest) != 2 ||
	    !(fabs(options.re) <= 4 && fabs(options.im) <= 4))
		errx(2, "--centre %s: RE,IM is wanted, of -4 to 4 each", s);
}

static void parse_zoom(const char *s)
{
	char rest;

	if (sscanf(s, "%lf%c", &options.zoom, &rest) != 1 ||
	    !(options.zoom >= 0.01 && options.zoom <= 1e9))
		errx(2, "--zoom %s: a factor from 0.01 to 1e9 is wanted", s);
}

static enum distribution parse_distribution(const char *s)
{
	for (enum distribution d = SLICES; d <= DYNAMIC; d++)
		if (!strcmp(s, distributions[d]))
			return d;
	errx(2, "--distribution %s: slices, interleaved or dynamic is wanted", s);
}

static const struct engine *parse_engine(const char *s)
{
	for (const struct engine *e = engines; e->name; e++)
		if (!strcmp(s, e->name))
			return e;
	if (!strcmp(s, "uring"))
		errx(2, "--engine uring: this program was built without liburing");
	errx(2, "--engine %s: threads, async or uring is wanted", s);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "size", required_argument, NULL, 's' },
		{ "centre", required_argument, NULL, 'c' },
		{ "zoom", required_argument, NULL, 'z' },
		{ "imax", required_argument, NULL, 'i' },
		{ "contexts", required_argument, NULL, 'n' },
		{ "distribution", required_argument, NULL, 'd' },
		{ "engine", required_argument, NULL, 'e' },
		{ "output", required_argument, NULL, 'o' },
		{ "check", no_argument, NULL, 'C' },
		{ "csv", no_argument, NULL, 'V' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int c;

	options.engine = parse_engine("async");
	while ((c = getopt_long(argc, argv, "s:c:z:i:n:d:e:o:qh", longs, NULL)) >= 0) {
		switch (c) {
		case 's':
			parse_size(optarg);
			break;
		case 'c':
			parse_centre(optarg);
			break;
		case 'z':
			parse_zoom(optarg);
			break;
		case 'i':
			options.i_max = number("imax", optarg, MAX_I_MAX);
			break;
		case 'n':
			options.contexts = number("contexts", optarg, MAX_CONTEXTS);
			break;
		case 'd':
			options.distribution = parse_distribution(optarg);
			break;
		case 'e':
			options.engine = parse_engine(optarg);
			break;
		case 'o':
			options.output = optarg;
			break;
		case 'C':
			options.check = true;
			break;
		case 'V':
			options.csv = true;
			break;
		case 'q':
			options.quiet = true;
			break;
		case 'h':
			printf(usage, options.width, options.height, options.re,
			       options.im, WIDTH_AT_ZOOM_1, options.zoom,
			       options.i_max);
			exit(0);
		default:
			errx(2, "see --help");
		}
	}
	if (optind < argc)
		errx(2, "%s: not an option; see --help", argv[optind]);
	if (!options.contexts)
		options.contexts = count_spes();
}

static struct points *alloc_points(const struct job *job)
{
	size_t size = job_vectors(job) * sizeof(struct points);
	struct points *points = aligned_alloc(128, (size + 127) & -128UL);

	if (!points)
		err(1, "%ux%u points", job->width, job->height);
	/* The SPUs must find memory there, and no old picture. */
	memset(points, 0xff, size);
	return points;
}

static void job_init(struct job *job)
{
	double step = WIDTH_AT_ZOOM_1 / options.zoom / options.width;
	double left = options.re - step * (options.width - 1) / 2;
	double top = options.im + step * (options.height - 1) / 2;
	float largest = fmax(fabs(options.re), fabs(options.im)) +
			step * fmax(options.width, options.height) / 2;

	/* Neighbouring points must not be the same number. */
	if (step < nextafterf(largest, INFINITY) - largest)
		errx(2, "--zoom %g: too deep for single precision", options.zoom);

	*job = (struct job){
		.view = {
			.x = left, .y = top, .dx = step, .dy = -step,
			.escaped = ESCAPED, .i_max = options.i_max,
			.pitch = (options.width + POINTS_PER_VECTOR - 1) &
				 -POINTS_PER_VECTOR,
		},
		.width = options.width, .height = options.height,
		.distribution = options.distribution,
		.contexts = options.contexts,
		.show_progress = !options.quiet && isatty(STDERR_FILENO),
	};
	job->points = alloc_points(job);
}

static unsigned long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* FNV-1a, word by word */
static unsigned long long checksum(const struct job *job)
{
	const __u32 *word = (const __u32 *)job->points;
	const __u32 *end = (const __u32 *)(job->points + job_vectors(job));
	unsigned long long hash = 0xcbf29ce484222325;

	while (word < end)
		hash = (hash ^ *word++) * 0x100000001b3;
	return hash;
}

static void check(const struct job *job)
{
	struct job reference = *job;
	unsigned long i, n = job_vectors(job);

	reference.points = alloc_points(job);
	reference_render(&reference);
	for (i = 0; i < n; i++)
		if (memcmp(&job->points[i], &reference.points[i],
			   sizeof(job->points[i])))
			errx(1, "row %lu, column %lu: not what the PPE computes",
			     i * POINTS_PER_VECTOR / job->view.pitch,
			     i * POINTS_PER_VECTOR % job->view.pitch);
	free(reference.points);
}

int main(int argc, char **argv)
{
	struct worker *workers;
	unsigned long long begin, first, last;
	struct job job;
	unsigned int i;

	parse(argc, argv);
	job_init(&job);

	begin = now_ns();
	workers = calloc(options.contexts, sizeof(*workers));
	if (!workers)
		err(1, "%u contexts", options.contexts);
	for (i = 0; i < options.contexts; i++)
		worker_create(&workers[i], &job, i, options.engine->async);
	first = now_ns();
	options.engine->run(workers, options.contexts);
	last = now_ns();
	for (i = 0; i < options.contexts; i++)
		worker_destroy(&workers[i]);
	free(workers);
	if (job.done != job_vectors(&job))
		errx(1, "%lu vectors of %lu were computed", job.done,
		     job_vectors(&job));

	if (options.check)
		check(&job);
	if (options.csv)
		printf("%s,%s,%u,%u,%u,%u,%u,%llu,%llu,%016llx\n",
		       options.engine->name, distributions[options.distribution],
		       options.contexts, job.width, job.height, job.view.i_max,
		       job.chunks, first - begin, last - first, checksum(&job));
	else
		printf("%ux%u points, %u contexts, %s, %s: elapsed %.6f s, %u chunks%s\n",
		       job.width, job.height, options.contexts,
		       distributions[options.distribution], options.engine->name,
		       (last - first) / 1e9, job.chunks,
		       options.check ? ", and the PPE computes the same" : "");
	if (fflush(stdout))
		err(1, "stdout");
	if (options.output)
		picture_write(&job, options.output);
	free(job.points);
	return 0;
}
