// SPDX-License-Identifier: GPL-2.0
/*
 * PPE-assisted calls: a program in an SPU asks for something that only a
 * processor with an operating system can do, by a stop instruction.
 *
 * The word after it says what is asked for in its first byte, and in the rest
 * where the arguments are in local store, a quadword each. The answer goes to
 * the first quadword: the result to its first word, errno to the last. These
 * conventions, and the numbers below, are those of newlib for the SPU (c99ppe.h,
 * jsre.h) and libspe2 (default_c99_handler.c, default_posix1_handler.c).
 *
 * A Linux system call (0x2104) has a block of its own, with 64-bit arguments
 * that are effective addresses where they are addresses: struct spu_syscall_block
 * of the kernel's asm/spu.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spuctl.h"

/* Files that programs have opened; they know them by their numbers. */
#define MAX_FILES	64

enum c99 {
	C99_CLEARERR = 1, C99_FCLOSE, C99_FEOF, C99_FERROR, C99_FFLUSH,
	C99_FGETC, C99_FGETPOS, C99_FGETS, C99_FILENO, C99_FOPEN, C99_FPUTC,
	C99_FPUTS, C99_FREAD, C99_FREOPEN, C99_FSEEK, C99_FSETPOS, C99_FTELL,
	C99_FWRITE, C99_GETC, C99_GETCHAR, C99_GETS, C99_PERROR, C99_PUTC,
	C99_PUTCHAR, C99_PUTS, C99_REMOVE, C99_RENAME, C99_REWIND, C99_SETBUF,
	C99_SETVBUF, C99_SYSTEM, C99_TMPFILE, C99_TMPNAM, C99_UNGETC,
	C99_VFPRINTF, C99_VFSCANF, C99_VPRINTF, C99_VSCANF, C99_VSNPRINTF,
	C99_VSPRINTF, C99_VSSCANF,
};

enum posix1 {
	POSIX1_CLOSE = 2, POSIX1_CREAT = 3, POSIX1_FSTAT = 4,
	POSIX1_GETPAGESIZE = 6, POSIX1_LSEEK = 9, POSIX1_LSTAT = 10,
	POSIX1_OPEN = 15, POSIX1_READ = 16, POSIX1_STAT = 23,
	POSIX1_UNLINK = 24, POSIX1_WRITE = 27, POSIX1_FTRUNCATE = 28,
	POSIX1_ACCESS = 29, POSIX1_MKDIR = 35, POSIX1_RMDIR = 37,
};

/* How a program sees struct stat */
struct spu_stat {
	__u32 dev, ino, mode, nlink, uid, gid, rdev, size, blksize, blocks;
	__u32 atime, mtime, ctime;
};

struct spu_syscall_block {
	__u64 nr_ret;
	__u64 parm[6];
};

/* A call's arguments: quadwords of which the first word counts */
struct args {
	const struct local_store *ls;
	__u32 at;
};

void *ls_at(const struct local_store *ls, __u32 address, size_t len)
{
	if (address <= LS_SIZE && len <= LS_SIZE - address)
		return ls->base + address;
	errno = EFAULT;
	return NULL;
}

char *ls_string(const struct local_store *ls, __u32 address)
{
	char *s = ls_at(ls, address, 1);

	if (s && memchr(s, 0, LS_SIZE - address))
		return s;
	errno = EFAULT;
	return NULL;
}

static __u32 arg(const struct args *args, unsigned int n)
{
	const __u32 *word = ls_at(args->ls, args->at + 16 * n, sizeof(*word));

	/* None there is as good as a bad one. */
	return word ? *word : ~0U;
}

static char *arg_string(const struct args *args, unsigned int n)
{
	return ls_string(args->ls, arg(args, n));
}

static void *arg_buffer(const struct args *args, unsigned int n, size_t len)
{
	return ls_at(args->ls, arg(args, n), len);
}

static FILE *files[MAX_FILES];

static FILE *file_of(__u32 number)
{
	files[1] = stdin;
	files[2] = stdout;
	files[3] = stderr;
	if (number < MAX_FILES && files[number])
		return files[number];
	errno = EBADF;
	return NULL;
}

/* 0 and errno if it cannot be opened */
static int open_file(const char *path, const char *mode)
{
	for (unsigned int i = 4; i < MAX_FILES; i++) {
		if (files[i])
			continue;
		files[i] = path && mode ? fopen(path, mode) : NULL;
		return files[i] ? i : 0;
	}
	errno = EMFILE;
	return 0;
}

static int close_file(__u32 number)
{
	FILE *file = file_of(number);
	int ret;

	if (!file)
		return EOF;
	/* Those of the first three are other programs', too. */
	ret = number < 4 ? fflush(file) : fclose(file);
	files[number] = NULL;
	return ret;
}

/* fread and fwrite: elements of a size, all of which must be in local store */
static int transfer(const struct args *args, bool read)
{
	size_t size = arg(args, 1), count = arg(args, 2);
	FILE *file = file_of(arg(args, 3));
	void *buffer;

	if (!size || !count || !file)
		return 0;
	buffer = count <= LS_SIZE ? arg_buffer(args, 0, size * count) : NULL;
	if (!buffer) {
		errno = EFAULT;
		return 0;
	}
	return read ? fread(buffer, size, count, file) :
		      fwrite(buffer, size, count, file);
}

static int print_to_file(const struct args *args, FILE *file, unsigned int format)
{
	__u32 va[2] = { arg(args, format + 1), arg(args, format + 2) };

	return file ? ls_vfprintf(args->ls, file, arg(args, format), va) : -1;
}

/* With @size bytes, or as many as it takes */
static int print_to_memory(const struct args *args, size_t size, unsigned int format)
{
	char *text = NULL, *to;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);
	int ret = print_to_file(args, file, format);

	if (file && fclose(file))
		ret = -1;
	if (ret >= 0 && size) {
		if (length >= size)
			length = size - 1;
		to = arg_buffer(args, 0, length + 1);
		if (to) {
			memcpy(to, text, length);
			to[length] = 0;
		} else {
			ret = -1;
		}
	}
	free(text);
	return ret;
}

/* Returns false if there is no such call. */
static bool serve_c99(unsigned int op, const struct args *args, int *ret)
{
	FILE *file;
	char *s, *t;

	*ret = EOF;
	switch (op) {
	case C99_CLEARERR:
	case C99_REWIND:
		file = file_of(arg(args, 0));
		if (file && op == C99_CLEARERR)
			clearerr(file);
		else if (file)
			rewind(file);
		*ret = 0;
		return true;
	case C99_FCLOSE:
		*ret = close_file(arg(args, 0));
		return true;
	case C99_FEOF:
		file = file_of(arg(args, 0));
		*ret = file && feof(file);
		return true;
	case C99_FERROR:
		file = file_of(arg(args, 0));
		*ret = !file || ferror(file);
		return true;
	case C99_FFLUSH:
		file = arg(args, 0) ? file_of(arg(args, 0)) : NULL;
		if (file || !arg(args, 0))
			*ret = fflush(file);
		return true;
	case C99_FGETC:
	case C99_GETC:
		file = file_of(arg(args, 0));
		if (file)
			*ret = fgetc(file);
		return true;
	case C99_GETCHAR:
		*ret = getchar();
		return true;
	case C99_FGETS:
		s = arg_buffer(args, 0, arg(args, 1));
		file = file_of(arg(args, 2));
		*ret = s && file && fgets(s, arg(args, 1), file) ? arg(args, 0) : 0;
		return true;
	case C99_FILENO:
		file = file_of(arg(args, 0));
		if (file)
			*ret = fileno(file);
		return true;
	case C99_FOPEN:
		*ret = open_file(arg_string(args, 0), arg_string(args, 1));
		return true;
	case C99_FPUTC:
	case C99_PUTC:
		file = file_of(arg(args, 1));
		if (file)
			*ret = fputc(arg(args, 0), file);
		return true;
	case C99_PUTCHAR:
		*ret = putchar(arg(args, 0));
		return true;
	case C99_FPUTS:
		s = arg_string(args, 0);
		file = file_of(arg(args, 1));
		if (s && file)
			*ret = fputs(s, file);
		return true;
	case C99_PUTS:
		s = arg_string(args, 0);
		if (s)
			*ret = puts(s);
		return true;
	case C99_FREAD:
	case C99_FWRITE:
		*ret = transfer(args, op == C99_FREAD);
		return true;
	case C99_FSEEK:
		file = file_of(arg(args, 0));
		if (file)
			*ret = fseek(file, (int)arg(args, 1), arg(args, 2));
		return true;
	case C99_FTELL:
		file = file_of(arg(args, 0));
		if (file)
			*ret = ftell(file);
		return true;
	case C99_PERROR:
		/* errno is the program's own, and comes as the second argument. */
		s = arg_string(args, 0);
		if (s)
			fprintf(stderr, "%s: %s\n", s, strerror(arg(args, 1)));
		*ret = 0;
		return true;
	case C99_REMOVE:
		s = arg_string(args, 0);
		if (s)
			*ret = remove(s);
		return true;
	case C99_RENAME:
		s = arg_string(args, 0);
		t = arg_string(args, 1);
		if (s && t)
			*ret = rename(s, t);
		return true;
	case C99_UNGETC:
		file = file_of(arg(args, 1));
		if (file)
			*ret = ungetc(arg(args, 0), file);
		return true;
	case C99_VPRINTF:
		*ret = print_to_file(args, stdout, 0);
		return true;
	case C99_VFPRINTF:
		*ret = print_to_file(args, file_of(arg(args, 0)), 1);
		return true;
	case C99_VSPRINTF:
		*ret = print_to_memory(args, LS_SIZE, 1);
		return true;
	case C99_VSNPRINTF:
		*ret = print_to_memory(args, arg(args, 1), 2);
		return true;
	default:
		return false;
	}
}

static int give_stat(const struct args *args, int ret, const struct stat *st)
{
	struct spu_stat *to = arg_buffer(args, 1, sizeof(*to));

	if (ret)
		return ret;
	if (!to)
		return -1;
	*to = (struct spu_stat){
		st->st_dev, st->st_ino, st->st_mode, st->st_nlink, st->st_uid,
		st->st_gid, st->st_rdev, st->st_size, st->st_blksize,
		st->st_blocks, st->st_atime, st->st_mtime, st->st_ctime,
	};
	return 0;
}

static bool serve_posix1(unsigned int op, const struct args *args, int *ret)
{
	struct stat st;
	void *buffer;
	char *path;

	*ret = -1;
	switch (op) {
	case POSIX1_READ:
	case POSIX1_WRITE:
		buffer = arg_buffer(args, 1, arg(args, 2));
		if (buffer)
			*ret = op == POSIX1_READ ?
			       read(arg(args, 0), buffer, arg(args, 2)) :
			       write(arg(args, 0), buffer, arg(args, 2));
		return true;
	case POSIX1_CLOSE:
		*ret = close(arg(args, 0));
		return true;
	case POSIX1_FSTAT:
		*ret = give_stat(args, fstat(arg(args, 0), &st), &st);
		return true;
	case POSIX1_FTRUNCATE:
		*ret = ftruncate(arg(args, 0), arg(args, 1));
		return true;
	case POSIX1_GETPAGESIZE:
		*ret = getpagesize();
		return true;
	case POSIX1_LSEEK:
		*ret = lseek(arg(args, 0), (int)arg(args, 1), arg(args, 2));
		return true;
	case POSIX1_ACCESS:
	case POSIX1_CREAT:
	case POSIX1_LSTAT:
	case POSIX1_MKDIR:
	case POSIX1_OPEN:
	case POSIX1_RMDIR:
	case POSIX1_STAT:
	case POSIX1_UNLINK:
		break;
	default:
		return false;
	}

	/* The others have a path. */
	path = arg_string(args, 0);
	if (!path)
		return true;
	switch (op) {
	case POSIX1_ACCESS:
		*ret = access(path, arg(args, 1));
		break;
	case POSIX1_CREAT:
		*ret = creat(path, arg(args, 1));
		break;
	case POSIX1_LSTAT:
		*ret = give_stat(args, lstat(path, &st), &st);
		break;
	case POSIX1_MKDIR:
		*ret = mkdir(path, arg(args, 1));
		break;
	case POSIX1_OPEN:
		*ret = open(path, arg(args, 1), arg(args, 2));
		break;
	case POSIX1_RMDIR:
		*ret = rmdir(path);
		break;
	case POSIX1_STAT:
		*ret = give_stat(args, stat(path, &st), &st);
		break;
	case POSIX1_UNLINK:
		*ret = unlink(path);
		break;
	}
	return true;
}

/* Calls that would be about this process rather than about the program */
static bool is_of_the_process(__u64 nr)
{
	static const int refused[] = {
		SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_clone,
		SYS_clone3, SYS_execve, SYS_execveat, SYS_rt_sigreturn,
		SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_sigaltstack,
		SYS_restart_syscall,
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (nr == (__u64)refused[i])
			return true;
	return false;
}

/* As the kernel does it for spu_run: the result or -errno instead of the number */
static bool serve_linux(struct spu_syscall_block *block, char *why, size_t size)
{
	long ret;

	if (is_of_the_process(block->nr_ret)) {
		snprintf(why, size, "system call %llu is refused: ENOSYS",
			 (unsigned long long)block->nr_ret);
		block->nr_ret = -ENOSYS;
		return true;
	}
	ret = syscall(block->nr_ret, block->parm[0], block->parm[1],
		      block->parm[2], block->parm[3], block->parm[4],
		      block->parm[5]);
	block->nr_ret = ret == -1 ? -errno : ret;
	return true;
}

long call_serve(const struct local_store *ls, unsigned int code, __u32 npc,
		char *why, size_t size)
{
	struct args args = { .ls = ls };
	const __u32 *word;
	unsigned int op;
	__u32 *answer;
	bool known;
	int ret;

	*why = 0;
	npc &= LS_SIZE - 4;
	word = ls_at(ls, npc, sizeof(*word));
	if (code == CALL_LINUX) {
		struct spu_syscall_block *block = ls_at(ls, *word, sizeof(*block));

		if (!block || *word % 8) {
			snprintf(why, size, "a block of arguments at 0x%x", *word);
			return -1;
		}
		serve_linux(block, why, size);
		return npc + 4;
	}
	if (code != CALL_C99 && code != CALL_POSIX1) {
		snprintf(why, size, "%sis not served", code == CALL_LIBEA ?
			 "an operation on effective addresses, " : "");
		return -1;
	}

	op = *word >> 24;
	args.at = *word & 0xffffff;
	answer = ls_at(ls, args.at, 16);
	if (!answer || args.at % 16) {
		snprintf(why, size, "arguments at 0x%x", args.at);
		return -1;
	}
	errno = 0;
	known = code == CALL_C99 ? serve_c99(op, &args, &ret) :
				   serve_posix1(op, &args, &ret);
	if (!known) {
		snprintf(why, size, "function %u is not served: ENOSYS", op);
		ret = -1;
		errno = ENOSYS;
	}
	answer[0] = ret;
	answer[1] = 0;
	answer[2] = 0;
	answer[3] = errno;
	return npc + 4;
}
