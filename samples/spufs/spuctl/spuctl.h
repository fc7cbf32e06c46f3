/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spuctl: run SPU programs, and look at contexts.
 *
 *	spuctl.c	the command line
 *	run.c		programs in asynchronous contexts of lib/spe2
 *	ps.c		the contexts of the system
 *	trace.c		the kernel's tracepoints in spufs
 *	debug.c		steps, breakpoints, and the state of a context
 *	dis.c		instructions as text
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

/* Why a run ended, in words: @text, or a constant */
struct spe_stop_info;
const char *stop_text(const struct spe_stop_info *info, char *text, size_t size);

/* ps.c, trace.c; the exit status */
int ps(bool json);
int trace(bool json, bool list, char **command);

/* ps.c: where spufs is mounted, to be freed; ends the program if it is not */
char *find_mount(void);

/*
 * debug.c; the exit status. look: @args are regs, mem, dis, fault or step, the name
 * of a context, and the command's arguments, with a NULL at their end.
 */
int debug(const char *path);
int look(char **args);

/* dis.c: the instruction @word, if it is at address @pc */
void disassemble(FILE *out, unsigned int word, unsigned int pc);

/* spuctl.c: @s as a string of JSON */
void json_string(FILE *out, const char *s);

#endif /* SPUCTL_H */
