// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The calls of class 0x2100, ISO C's stdio.h: numbers and arguments are those of
 * newlib's c99ppe.h. Functions that return a pointer fail with NULL.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "files.h"
#include "spe2.h"

static int32_t c99_clearerr(struct spe2_call *c)
{
	clearerr(c->stream);
	return 0;
}

static int32_t c99_fclose(struct spe2_call *c)
{
	return spe2_fclose(c->files, c->arg[0].word);
}

static int32_t c99_feof(struct spe2_call *c)
{
	return feof(c->stream);
}

static int32_t c99_ferror(struct spe2_call *c)
{
	return ferror(c->stream);
}

/* NULL means all streams of the program, and none of the process's others. */
static int32_t c99_fflush(struct spe2_call *c)
{
	int32_t ret = 0;
	uint32_t i;
	FILE *file;

	if (c->arg[0].word) {
		file = spe2_stream(c->files, c->arg[0].word);
		return file ? fflush(file) : EOF;
	}
	for (i = 1; i < SPE2_FILES; i++) {
		file = spe2_stream(c->files, i);
		if (file && fflush(file))
			ret = EOF;
	}
	if (!ret)
		errno = 0;
	return ret;
}

static int32_t c99_fgetc(struct spe2_call *c)
{
	return fgetc(c->stream);
}

static int32_t c99_fileno(struct spe2_call *c)
{
	return fileno(c->stream);
}

/* newlib's fpos_t has 16 bytes; the first eight are the offset. */
static int32_t c99_fgetpos(struct spe2_call *c)
{
	int64_t at = ftello(c->stream);

	if (at < 0)
		return -1;
	memset(c->arg[1].data, 0, 16);
	memcpy(c->arg[1].data, &at, sizeof(at));
	c->arg[1].give = 16;
	return 0;
}

static int32_t c99_fsetpos(struct spe2_call *c)
{
	int64_t at;

	memcpy(&at, c->arg[1].data, sizeof(at));
	return fseeko(c->stream, at, SEEK_SET);
}

/* A line may contain zeros: the program gets everything that was read. */
static int32_t get_line(struct spe2_call *c, uint32_t size, FILE *file)
{
	uint32_t n = 0;
	int ch = 0;

	if (!size || size > LS_SIZE) {
		errno = EINVAL;
		return 0;
	}
	flockfile(file);
	while (n < size - 1 && (n == 0 || c->arg[0].data[n - 1] != '\n')) {
		ch = getc_unlocked(file);
		if (ch == EOF)
			break;
		c->arg[0].data[n++] = ch;
	}
	funlockfile(file);
	if (ch == EOF && (!n || ferror(file)))
		return 0;
	c->arg[0].data[n++] = '\0';
	c->arg[0].give = n;
	return c->arg[0].word;
}

static int32_t c99_fgets(struct spe2_call *c)
{
	return get_line(c, c->arg[1].word, c->stream);
}

static int32_t c99_fopen(struct spe2_call *c)
{
	return spe2_fopen(c->files, c->arg[0].data, c->arg[1].data);
}

static int32_t c99_fputc(struct spe2_call *c)
{
	return fputc(c->arg[0].word, c->stream);
}

static int32_t c99_fputs(struct spe2_call *c)
{
	return fputs(c->arg[0].data, c->stream);
}

/* All elements must lie in local store. */
static int prepare_elements(struct spe2_call *c, const char *ls)
{
	uint64_t len = (uint64_t)c->arg[1].word * c->arg[2].word;
	struct spe2_arg *a = &c->arg[0];

	if (len > LS_SIZE) {
		errno = EFAULT;
		return -1;
	}
	a->len = len;
	a->data = spe2_call_alloc(c, len ? len : 1);
	return a->data ? spe2_ls_copy(ls, a->word, a->data, len) : -1;
}

static int32_t c99_fread(struct spe2_call *c)
{
	uint32_t n;

	if (!c->arg[0].len)
		return 0;
	n = fread(c->arg[0].data, c->arg[1].word, c->arg[2].word, c->stream);
	c->arg[0].give = c->arg[0].len;
	return n;
}

static int32_t c99_fwrite(struct spe2_call *c)
{
	if (!c->arg[0].len)
		return 0;
	return fwrite(c->arg[0].data, c->arg[1].word, c->arg[2].word, c->stream);
}

static int32_t c99_freopen(struct spe2_call *c)
{
	return spe2_freopen(c->files, c->arg[0].data, c->arg[1].data, c->arg[2].word);
}

static int32_t c99_fseek(struct spe2_call *c)
{
	return fseeko(c->stream, (int32_t)c->arg[1].word, c->arg[2].word);
}

static int32_t c99_ftell(struct spe2_call *c)
{
	off_t at = ftello(c->stream);

	if (at > INT32_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	return at;
}

static int32_t c99_getchar(struct spe2_call *c)
{
	return fgetc(c->stream);
}

/* Only the end of local store limits gets(): the program can harm nothing else. */
static int prepare_gets(struct spe2_call *c, const char *ls)
{
	struct spe2_arg *a = &c->arg[0];

	if (a->word >= LS_SIZE) {
		errno = EFAULT;
		return -1;
	}
	a->len = LS_SIZE - a->word;
	a->data = spe2_call_alloc(c, a->len);
	return a->data ? spe2_ls_copy(ls, a->word, a->data, a->len) : -1;
}

static int32_t c99_gets(struct spe2_call *c)
{
	char *end;

	if (!get_line(c, c->arg[0].len, c->stream))
		return 0;
	end = c->arg[0].data + c->arg[0].give - 2;
	if (end >= c->arg[0].data && *end == '\n')
		*end = '\0';
	return c->arg[0].word;
}

/* errno is the program's own, and comes as the second argument. */
static int32_t c99_perror(struct spe2_call *c)
{
	if (c->arg[0].len)
		fprintf(c->stream, "%s: ", c->arg[0].data);
	fprintf(c->stream, "%s\n", strerror(c->arg[1].word));
	return 0;
}

static int32_t c99_putchar(struct spe2_call *c)
{
	return fputc(c->arg[0].word, c->stream);
}

static int32_t c99_puts(struct spe2_call *c)
{
	int32_t ret = EOF;

	flockfile(c->stream);
	if (fputs_unlocked(c->arg[0].data, c->stream) != EOF &&
	    putc_unlocked('\n', c->stream) != EOF)
		ret = 0;
	funlockfile(c->stream);
	return ret;
}

static int32_t c99_remove(struct spe2_call *c)
{
	int ret = unlinkat(c->files->cwd, c->arg[0].data, 0);

	if (ret && (errno == EISDIR || errno == EPERM))
		ret = unlinkat(c->files->cwd, c->arg[0].data, AT_REMOVEDIR);
	return ret;
}

static int32_t c99_rename(struct spe2_call *c)
{
	return renameat(c->files->cwd, c->arg[0].data, c->files->cwd, c->arg[1].data);
}

static int32_t c99_rewind(struct spe2_call *c)
{
	rewind(c->stream);
	return 0;
}

/*
 * Only the mode counts. A buffer in local store is not used, as the program could
 * change it at any time.
 */
static int32_t c99_setbuf(struct spe2_call *c)
{
	setvbuf(c->stream, NULL, c->arg[1].word ? _IOFBF : _IONBF, BUFSIZ);
	return 0;
}

static int32_t c99_setvbuf(struct spe2_call *c)
{
	if (c->arg[2].word > 2) {
		errno = EINVAL;
		return -1;
	}
	/* newlib's modes are the host's: 0, 1, 2. */
	return setvbuf(c->stream, NULL, c->arg[2].word, c->arg[3].word % (LS_SIZE + 1));
}

/*
 * system(3) would change the signal handling of the process. The shell gets only
 * the standard descriptors.
 */
static int32_t c99_system(struct spe2_call *c)
{
	char *argv[] = { "sh", "-c", c->arg[0].data, NULL };
	posix_spawn_file_actions_t actions;
	int status, error;
	pid_t pid;

	if (!c->arg[0].word)
		return !access("/bin/sh", X_OK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	error = posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error) {
		errno = error;
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static int prepare_system(struct spe2_call *c, const char *ls)
{
	struct spe2_arg *a = &c->arg[0];

	if (!a->word)
		return 0;
	a->data = spe2_ls_string(c, ls, a->word, &a->len);
	return a->data ? 0 : -1;
}

static int32_t c99_tmpfile(struct spe2_call *c)
{
	return spe2_tmpfile(c->files);
}

/* Anybody could take a name that has no file yet. So there is none, as in libspe2. */
static int32_t c99_tmpnam(struct spe2_call *c)
{
	(void)c;
	return 0;
}

static int32_t c99_ungetc(struct spe2_call *c)
{
	return ungetc(c->arg[0].word, c->stream);
}

/* printf: argument @n is the format, and the next two are the va_list. */
static int format_at(struct spe2_call *c, const char *ls, unsigned int n)
{
	const uint32_t va[2] = { c->arg[n + 1].word, c->arg[n + 2].word };

	return spe2_format(c, ls, c->arg[n].word, va);
}

static int prepare_vprintf(struct spe2_call *c, const char *ls)
{
	return format_at(c, ls, 0);
}

static int prepare_vfprintf(struct spe2_call *c, const char *ls)
{
	return format_at(c, ls, 1);
}

static int32_t print(struct spe2_call *c)
{
	if (fwrite(c->text, 1, c->text_len, c->stream) != c->text_len)
		return -1;
	return c->text_len;
}

/* Copy to local store: at most @size bytes, including the terminating zero */
static int to_memory(struct spe2_call *c, uint32_t size)
{
	uint32_t n = c->text_len + 1;

	if (!size)
		return 0;
	if (n > size) {
		n = size;
		c->text[n - 1] = '\0';
	}
	return spe2_call_output(c, c->arg[0].word, c->text, n);
}

static int prepare_vsprintf(struct spe2_call *c, const char *ls)
{
	return format_at(c, ls, 1) ? -1 : to_memory(c, UINT32_MAX);
}

static int prepare_vsnprintf(struct spe2_call *c, const char *ls)
{
	return format_at(c, ls, 2) ? -1 : to_memory(c, c->arg[1].word);
}

static int32_t text_len(struct spe2_call *c)
{
	return c->text_len;
}

/*
 * scanf: read the addresses for as many results as the format could have. Surplus
 * ones are not used.
 */
static int fetch_targets(struct spe2_call *c, const char *ls, unsigned int n)
{
	uint32_t next = c->arg[n + 1].word, stack = c->arg[n + 2].word;
	struct spe2_arg *format = &c->arg[n];
	unsigned int i, count = 0;
	const char *p;

	format->data = spe2_ls_string(c, ls, format->word, &format->len);
	if (!format->data)
		return -1;
	for (p = format->data; (p = strchr(p, '%')); p++)
		count++;
	c->target = spe2_call_alloc(c, (count + 1) * sizeof(*c->target));
	if (!c->target)
		return -1;
	for (i = 0; i < count; i++) {
		if (spe2_ls_copy(ls, next, &c->target[i], sizeof(c->target[i])))
			break;
		next += 16;
		if (next == stack)
			next += 32;
	}
	c->targets = i;
	errno = 0;
	return 0;
}

static int prepare_vfscanf(struct spe2_call *c, const char *ls)
{
	return fetch_targets(c, ls, 1);
}

static int prepare_vscanf(struct spe2_call *c, const char *ls)
{
	return fetch_targets(c, ls, 0);
}

static int next_of_file(struct spe2_source *source)
{
	return getc_unlocked(source->file);
}

static void back_to_file(struct spe2_source *source, int ch)
{
	ungetc(ch, source->file);
}

static int next_of_string(struct spe2_source *source)
{
	return *source->string ? (unsigned char)*source->string++ : EOF;
}

static void back_to_string(struct spe2_source *source, int ch)
{
	(void)ch;
	source->string--;
}

static int32_t scan_file(struct spe2_call *c, const char *format)
{
	struct spe2_source source = {
		.next = next_of_file, .back = back_to_file, .file = c->stream,
	};
	int32_t ret;

	flockfile(c->stream);
	ret = spe2_scan(c, &source, format);
	funlockfile(c->stream);
	return ret;
}

static int32_t c99_vfscanf(struct spe2_call *c)
{
	return scan_file(c, c->arg[1].data);
}

static int32_t c99_vscanf(struct spe2_call *c)
{
	return scan_file(c, c->arg[0].data);
}

static int32_t c99_vsscanf(struct spe2_call *c)
{
	struct spe2_source source = {
		.next = next_of_string, .back = back_to_string, .string = c->arg[0].data,
	};

	return spe2_scan(c, &source, c->arg[1].data);
}

const struct spe2_op spe2_c99[256] = {
	[1] = { "F", NULL, c99_clearerr, 0, 0, true },
	[2] = { "F", NULL, c99_fclose, EOF, 0, false },
	[3] = { "F", NULL, c99_feof, 0, 0, true },
	[4] = { "F", NULL, c99_ferror, 1, 0, true },
	[5] = { "i", NULL, c99_fflush, EOF, 0, false },
	[6] = { "F", NULL, c99_fgetc, EOF, 0, false },
	[7] = { "Fo", NULL, c99_fgetpos, -1, 16, true },
	[8] = { "O1iF", NULL, c99_fgets, 0, 0, false },
	[9] = { "F", NULL, c99_fileno, -1, 0, true },
	[10] = { "ss", NULL, c99_fopen, 0, 0, false },
	[11] = { "iF", NULL, c99_fputc, EOF, 0, false },
	[12] = { "sF", NULL, c99_fputs, EOF, 0, false },
	[13] = { "iiiF", prepare_elements, c99_fread, 0, 0, false },
	[14] = { "ssi", NULL, c99_freopen, 0, 0, false },
	[15] = { "Fii", NULL, c99_fseek, -1, 0, false },
	[16] = { "Fn", NULL, c99_fsetpos, -1, 16, false },
	[17] = { "F", NULL, c99_ftell, -1, 0, true },
	[18] = { "iiiF", prepare_elements, c99_fwrite, 0, 0, false },
	[19] = { "F", NULL, c99_fgetc, EOF, 0, false },
	[20] = { "1", NULL, c99_getchar, EOF, 0, false },
	[21] = { "1i", prepare_gets, c99_gets, 0, 0, false },
	[22] = { "3si", NULL, c99_perror, 0, 0, false },
	[23] = { "iF", NULL, c99_fputc, EOF, 0, false },
	[24] = { "2i", NULL, c99_putchar, EOF, 0, false },
	[25] = { "2s", NULL, c99_puts, EOF, 0, false },
	[26] = { "s", NULL, c99_remove, -1, 0, true },
	[27] = { "ss", NULL, c99_rename, -1, 0, true },
	[28] = { "F", NULL, c99_rewind, 0, 0, false },
	[29] = { "Fi", NULL, c99_setbuf, 0, 0, false },
	[30] = { "Fiii", NULL, c99_setvbuf, -1, 0, false },
	[31] = { "i", prepare_system, c99_system, -1, 0, false },
	[32] = { "", NULL, c99_tmpfile, 0, 0, true },
	[33] = { "i", NULL, c99_tmpnam, 0, 0, true },
	[34] = { "iF", NULL, c99_ungetc, EOF, 0, false },
	[35] = { "Fiii", prepare_vfprintf, print, -1, 0, false },
	[36] = { "Fiii", prepare_vfscanf, c99_vfscanf, EOF, 0, false },
	[37] = { "2iii", prepare_vprintf, print, -1, 0, false },
	[38] = { "1iii", prepare_vscanf, c99_vscanf, EOF, 0, false },
	[39] = { "iiiii", prepare_vsnprintf, text_len, -1, 0, true },
	[40] = { "iiii", prepare_vsprintf, text_len, -1, 0, true },
	[41] = { "siii", prepare_vfscanf, c99_vsscanf, EOF, 0, true },
};
