/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spuctl: run SPU programs, and look at contexts.
 *
 *	spuctl.c	the command line
 *	run.c		programs in asynchronous contexts of lib/spe2
 *	ps.c		the contexts of the system
 *	trace.c		the kernel's tracepoints in spufs
 */
#ifndef SPUCTL_H
#define SPUCTL_H

#include <stdbool.h>
#include <stdio.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* run.c; the exit status */
struct run_options {
	unsigned int copies;
	bool json, quiet;
};

int run_programs(char **paths, unsigned int count, const struct run_options *o);

/* ps.c, trace.c; the exit status */
int ps(bool json);
int trace(bool json, bool list, char **command);

/* spuctl.c: @s as a string of JSON */
void json_string(FILE *out, const char *s);

#endif /* SPUCTL_H */
