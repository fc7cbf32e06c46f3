/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spuctl: run SPU programs, and look at contexts.
 *
 *	spuctl.c	the command line
 *	run.c		asynchronous contexts, and what their events mean
 *	elf.c		an SPU program's file into local store
 *	call.c		the calls by which a program has the PPE do something
 *	format.c	printf, with a format and arguments in local store
 *	ps.c		the contexts of the system
 *	trace.c		the kernel's tracepoints in spufs
 */
#ifndef SPUCTL_H
#define SPUCTL_H

#include <stdbool.h>
#include <stdio.h>
#include <asm/types.h>

#define LS_SIZE		0x40000

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Local store of a context, mapped */
struct local_store {
	char *base;
};

/*
 * @len bytes at @address of local store, or NULL with EFAULT if they are not
 * in there: what a program passes is not to be trusted.
 */
void *ls_at(const struct local_store *ls, __u32 address, size_t len);
/* The same for a string with its end in local store */
char *ls_string(const struct local_store *ls, __u32 address);

/* run.c; the exit status */
struct run_options {
	unsigned int copies;
	bool json, quiet;
};

int run_programs(char **paths, unsigned int count, const struct run_options *o);

/* elf.c; the entry point. Says what is wrong with the file, and exits. */
__u32 elf_load(const char *path, const struct local_store *ls);

/* call.c */
#define CALL_C99	0x2100
#define CALL_POSIX1	0x2101
#define CALL_LIBEA	0x2102
#define CALL_LINUX	0x2104

/*
 * Serve the call of stop code @code; the word after the stop instruction is at
 * @npc. Where the program goes on, or -1 and a reason in words in @why.
 */
long call_serve(const struct local_store *ls, unsigned int code, __u32 npc,
		char *why, size_t size);

/* format.c; the length, or -1 and errno. @va: next argument, caller's stack */
int ls_vfprintf(const struct local_store *ls, FILE *out, __u32 format, __u32 *va);

/* ps.c, trace.c; the exit status */
int ps(bool json);
int trace(bool json, bool list, char **command);

/* spuctl.c: @s as a string of JSON */
void json_string(FILE *out, const char *s);

#endif /* SPUCTL_H */
