/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One PPE-assisted call: read from local store, served, and answered there.
 *
 * The program is not trusted, and may change local store at any time. So the
 * input of a call is read once, into memory of our own, before it is checked.
 * serve() has no access to local store. It may block.
 */
#ifndef SPE2_CALL_H
#define SPE2_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct spe2_files;
struct spe2_call;

/**
 * struct spe2_op - what a call takes and what it does
 * @args: its arguments, one letter each:
 *	i a word; e an effective address, two words
 *	f a descriptor, F a stream, that the program was given
 *	1, 2, 3 not an argument: the call is about this standard stream
 *	s a string
 *	I, O a buffer to read, to write; the number that follows is that of the
 *	  argument with its length
 *	n, o a buffer to read, to write, of @size bytes; q, p the same, or NULL
 * @prepare: read more from local store; NULL: nothing. 0, or -1 and errno
 * @serve: do it; the result, or @fail and errno
 * @fail: the result if an argument is bad
 * @size: see @args
 * @quick: it never waits for anybody
 */
struct spe2_op {
	const char *args;
	int (*prepare)(struct spe2_call *c, const char *ls);
	int32_t (*serve)(struct spe2_call *c);
	int32_t fail;
	uint32_t size;
	bool quick;
};

struct spe2_arg {
	uint32_t word;		/* as it was passed */
	uint64_t ea;		/* the first two words */
	char *data;		/* the string or the buffer; NULL: none */
	uint32_t len;		/* of data */
	uint32_t give;		/* this many bytes of data go to local store */
};

struct spe2_output {
	uint32_t to;		/* address in local store */
	uint32_t len;
	const void *data;
};

struct spe2_call {
	struct spe_context *spe;	/* spe2_registry; NULL: gone */
	bool taken;			/* the context's lock; nobody waits for it */
	struct spe2_files *files;
	const struct spe2_op *op;
	uint32_t at;			/* the arguments; the answer goes there */
	struct spe2_arg arg[6];
	FILE *stream;			/* the stream in its arguments, or a standard one */
	int fd;				/* the descriptor in its arguments; -1: none */
	uint32_t answer[4];
	bool wide;			/* the answer is value, 64 bits */
	uint64_t value;
	struct spe2_output *output;	/* more that goes to local store */
	unsigned int outputs;
	char *text;			/* printf's */
	uint32_t text_len;
	uint32_t *target;		/* scanf's */
	unsigned int targets;
	uint64_t block[7];		/* a Linux system call's */
	bool quick;			/* it waits for nobody, like op->quick */
	bool interrupted;		/* by a signal, and is to be made again */
	void *memory;			/* all that was allocated for it */
};

/* @len bytes that are freed with the call; NULL and ENOMEM */
void *spe2_call_alloc(struct spe2_call *c, size_t len);
void spe2_call_free_memory(struct spe2_call *c);
/* Copy from local store. 0, or -1 and EFAULT if it is not all in there */
int spe2_ls_copy(const char *ls, uint32_t address, void *to, size_t len);
/* A copy of a string; NULL and EFAULT if it does not end in there */
char *spe2_ls_string(struct spe2_call *c, const char *ls, uint32_t address, uint32_t *len);
/* Have @len bytes go to @to when the call is done. 0, or -1 and errno */
int spe2_call_output(struct spe2_call *c, uint32_t to, const void *data, uint32_t len);

extern const struct spe2_op spe2_c99[256], spe2_posix1[256], spe2_libea[256];
extern const struct spe2_op spe2_linux;

/* format.c: fills in ->text. @va: the next argument, and the caller's stack */
int spe2_format(struct spe2_call *c, const char *ls, uint32_t format, const uint32_t va[2]);

/* scan.c: where characters come from; next() returns EOF at the end */
struct spe2_source {
	int (*next)(struct spe2_source *source);
	void (*back)(struct spe2_source *source, int c);
	FILE *file;
	const char *string;
};

int spe2_scan(struct spe2_call *c, struct spe2_source *source, const char *format);

#endif /* SPE2_CALL_H */
