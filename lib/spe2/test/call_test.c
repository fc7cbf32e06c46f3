// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * PPE-assisted calls: their results, and their limits for a hostile program.
 * Numbers and arguments are newlib's (c99ppe.h, jsre.h, ea_internal.h); results
 * are those of ISO C and POSIX.1.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "spe2_test.h"

#define C99(op, ...)	CALL(self->spe, 0x2100, op, __VA_ARGS__)
#define POSIX(op, ...)	CALL(self->spe, 0x2101, op, __VA_ARGS__)
#define LIBEA(op, ...)	CALL(self->spe, 0x2105, op, __VA_ARGS__)
#define STR(offset, s)	put_string(self->spe, offset, s)
#define LS(offset)	((char *)ls_word(self->spe, DATA_AT + (offset)))

enum {
	FCLOSE = 2, FEOF = 3, FFLUSH = 5, FGETC = 6, FGETPOS = 7, FGETS = 8, FILENO = 9,
	FOPEN = 10, FPUTS = 12, FREAD = 13, FREOPEN = 14, FSEEK = 15, FSETPOS = 16,
	FTELL = 17, FWRITE = 18, REMOVE = 26, RENAME = 27, SETVBUF = 30, SYSTEM = 31,
	TMPFILE = 32, TMPNAM = 33, UNGETC = 34, VFPRINTF = 35, VFSCANF = 36,
	VSNPRINTF = 39, VSPRINTF = 40, VSSCANF = 41,
};

enum {
	CLOSE = 2, FSTAT = 4, GETTIMEOFDAY = 7, KILL = 8, LSEEK = 9, MMAP = 11, MREMAP = 12,
	MSYNC = 13, MUNMAP = 14, OPEN = 15, READ = 16, SHM_OPEN = 21, STAT = 23, UNLINK = 24,
	WAIT = 25, WAITPID = 26, WRITE = 27, ACCESS = 29, DUP = 30, NANOSLEEP = 32, CHDIR = 33,
	MKDIR = 35, RMDIR = 37, GETCWD = 43, SYMLINK = 45, READLINK = 46, DUP2 = 50, MKSTEMP = 53,
	OPENDIR = 55, CLOSEDIR = 56, READDIR = 57, UMASK = 62, PREAD = 65, PWRITE = 66,
	READV = 67, WRITEV = 68,
};

FIXTURE(call) {
	spe_context_ptr_t spe;
};

FIXTURE_SETUP(call)
{
	self->spe = spe_context_create(SPE_EVENTS_ENABLE, NULL);
	ASSERT_NE(NULL, self->spe);
	ASSERT_EQ(0, spe_program_load(self->spe, &prog));
}

FIXTURE_TEARDOWN(call)
{
	EXPECT_EQ(0, spe_context_destroy(self->spe));
}

/* Arguments of printf and scanf: quadwords above the data */
#define VA_AT	(DATA_AT + 0x2000)

static void put_va(spe_context_ptr_t spe, unsigned int n, uint64_t first_two_words)
{
	uint32_t words[4] = { first_two_words >> 32, first_two_words };

	memcpy(ls_word(spe, VA_AT + 16 * n), words, 16);
}

static void put_va_word(spe_context_ptr_t spe, unsigned int n, uint32_t word)
{
	put_va(spe, n, (uint64_t)word << 32);
}

TEST_F(call, streams)
{
	int f;

	f = C99(FOPEN, STR(0, "/tmp/spe2-call"), STR(64, "w+"));
	ASSERT_LE(4, f);
	EXPECT_EQ(1, C99(FPUTS, STR(128, "one\ntwo\n"), f));
	EXPECT_EQ(2, C99(FWRITE, STR(128, "abcdef"), 3, 2, f));
	EXPECT_EQ(0, C99(FFLUSH, f));
	EXPECT_EQ(14, C99(FTELL, f));
	EXPECT_EQ(0, C99(FGETPOS, f, DATA_AT + 512));
	EXPECT_EQ(0, C99(FSEEK, f, 4, SEEK_SET));
	EXPECT_EQ(DATA_AT + 256, C99(FGETS, DATA_AT + 256, 64, f));
	EXPECT_STREQ("two\n", LS(256));
	EXPECT_EQ('x', C99(UNGETC, 'x', f));
	EXPECT_EQ('x', C99(FGETC, f));
	EXPECT_EQ(2, C99(FREAD, DATA_AT + 256, 3, 3, f));
	EXPECT_EQ(0, memcmp(LS(256), "abcdef", 6));
	EXPECT_EQ(1, C99(FEOF, f));
	EXPECT_EQ(0, C99(FSETPOS, f, DATA_AT + 512));
	EXPECT_EQ(14, C99(FTELL, f));
	EXPECT_EQ(f, C99(FREOPEN, STR(0, "/tmp/spe2-call"), STR(64, "r"), f));
	EXPECT_EQ('o', C99(FGETC, f));
	EXPECT_EQ(0, C99(FCLOSE, f));
	EXPECT_EQ(EOF, C99(FCLOSE, f));
	EXPECT_EQ(EBADF, call_error);
	EXPECT_EQ(0, C99(RENAME, STR(0, "/tmp/spe2-call"), STR(64, "/tmp/spe2-other")));
	EXPECT_EQ(0, C99(REMOVE, DATA_AT + 64));
	EXPECT_EQ(-1, C99(REMOVE, DATA_AT + 64));
	EXPECT_EQ(ENOENT, call_error);
}

/* Calls that return a pointer fail with NULL. */
TEST_F(call, pointers)
{
	int f = C99(TMPFILE, 0);

	EXPECT_LE(4, f);
	EXPECT_EQ(0, C99(FGETS, DATA_AT, 64, f));
	EXPECT_EQ(0, C99(FCLOSE, f));
	EXPECT_EQ(0, C99(TMPNAM, DATA_AT));
	EXPECT_EQ(0, C99(FOPEN, STR(0, "/nothing/there"), STR(64, "r")));
	EXPECT_EQ(ENOENT, call_error);
	EXPECT_EQ(0, C99(FOPEN, DATA_AT, STR(64, "q")));
	EXPECT_EQ(EINVAL, call_error);
	EXPECT_EQ(0, C99(FREOPEN, DATA_AT, DATA_AT, 63));
	EXPECT_EQ(EBADF, call_error);
	EXPECT_EQ(0, POSIX(GETCWD, DATA_AT, 1));
	EXPECT_EQ(ERANGE, call_error);
	EXPECT_EQ(0, POSIX(OPENDIR, STR(0, "/nothing")));
	EXPECT_EQ(0, POSIX(READDIR, 0, DATA_AT));
}

/* The host's own scanf says what is right. */
TEST_F(call, scanf)
{
	static const struct {
		const char *text, *format;
	} cases[] = {
		{ "12 -7 0x1f", "%d %d %i" }, { "077 ff", "%i %x" }, { "abc", "%d" },
		{ "", "%d" },
		{ "  5,6", "%d,%d" }, { "5;6", "%d,%d" }, { "123456", "%3d%2d" },
		{ "1 2", "%*d %d" },
		{ "-", "%d" }, { "+9", "%d" }, { "0", "%i" }, { "08", "%i" }, { "-0x10", "%i" },
		{ "7%", "%d%%" }, { "x7", "x%d" }, { "5 ", "%d %n" }, { "4294967295", "%u" },
	};
	unsigned int i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int want[3] = { 77, 77, 77 }, n;

		n = sscanf(cases[i].text, cases[i].format, &want[0], &want[1], &want[2]);
		for (j = 0; j < 3; j++) {
			*ls_word(self->spe, DATA_AT + 1024 + 4 * j) = 77;
			put_va_word(self->spe, j, DATA_AT + 1024 + 4 * j);
		}
		EXPECT_EQ(n, C99(VSSCANF, STR(0, cases[i].text), STR(64, cases[i].format), VA_AT,
				 0));
		EXPECT_EQ(0, memcmp(want, LS(1024), sizeof(want))) {
			TH_LOG("\"%s\" by \"%s\"", cases[i].text, cases[i].format);
		}
	}
	/* Not a number by C99 7.19.6.2 paragraph 9; glibc takes it. */
	EXPECT_EQ(0, C99(VSSCANF, STR(0, "0x"), STR(64, "%i"), VA_AT, 0));
	EXPECT_EQ(0, C99(VSSCANF, STR(0, "0xg"), STR(64, "%x"), VA_AT, 0));
	/* Other sizes than int */
	put_va_word(self->spe, 0, DATA_AT + 1024);
	put_va_word(self->spe, 1, DATA_AT + 1040);
	put_va_word(self->spe, 2, DATA_AT + 1056);
	EXPECT_EQ(3, C99(VSSCANF, STR(0, "1.5 word [in brackets]"), STR(64, "%lf %s [%[a-z ]]"),
			 VA_AT, 0));
	EXPECT_EQ(1.5, *(double *)LS(1024));
	EXPECT_STREQ("word", LS(1040));
	EXPECT_STREQ("in brackets", LS(1056));
	EXPECT_EQ(2, C99(VSSCANF, STR(0, "0.25 1234567890123"), STR(64, "%f%lld"), VA_AT, 0));
	EXPECT_EQ(0.25f, *(float *)LS(1024));
	EXPECT_EQ(1234567890123LL, *(long long *)LS(1040));
	memset(LS(1024), 'z', 8);
	EXPECT_EQ(2, C99(VSSCANF, STR(0, "300 xy"), STR(64, "%hhd %c"), VA_AT, 0));
	EXPECT_EQ(300 & 0xff, *(unsigned char *)LS(1024));
	EXPECT_EQ('z', *LS(1025));
	/* An address outside local store */
	put_va_word(self->spe, 0, 0x3ffff);
	EXPECT_EQ(EOF, C99(VSSCANF, STR(0, "1"), STR(64, "%d"), VA_AT, 0));
	EXPECT_EQ(EFAULT, call_error);
}

TEST_F(call, scanf_of_a_stream)
{
	int f = C99(FOPEN, STR(0, "/tmp/spe2-scan"), STR(64, "w+"));

	EXPECT_EQ(1, C99(FPUTS, STR(128, "10 20 rest\n"), f));
	EXPECT_EQ(0, C99(FSEEK, f, 0, SEEK_SET));
	put_va_word(self->spe, 0, DATA_AT + 1024);
	put_va_word(self->spe, 1, DATA_AT + 1028);
	EXPECT_EQ(2, C99(VFSCANF, f, STR(64, "%d %d"), VA_AT, 0));
	EXPECT_EQ(10, *ls_word(self->spe, DATA_AT + 1024));
	EXPECT_EQ(20, *ls_word(self->spe, DATA_AT + 1028));
	EXPECT_EQ(' ', C99(FGETC, f));
	EXPECT_EQ(0, C99(FCLOSE, f));
	unlink("/tmp/spe2-scan");
}

TEST_F(call, system)
{
	EXPECT_EQ(1, !!C99(SYSTEM, 0));
	EXPECT_EQ(3 << 8, C99(SYSTEM, STR(0, "exit 3")));
}

TEST_F(call, posix_files)
{
	int fd = POSIX(OPEN, STR(0, "/tmp/spe2-posix"), O_RDWR | O_CREAT | O_TRUNC, 0644), copy;
	uint32_t iov[4] = { DATA_AT + 512, 3, DATA_AT + 520, 4 };

	ASSERT_LE(3, fd);
	EXPECT_EQ(4, POSIX(WRITE, fd, STR(64, "abcd"), 4));
	EXPECT_EQ(2, POSIX(LSEEK, fd, -2, SEEK_END));
	EXPECT_EQ(2, POSIX(READ, fd, DATA_AT + 128, 16));
	EXPECT_EQ(0, memcmp(LS(128), "cd", 2));
	EXPECT_EQ(2, POSIX(PWRITE, fd, STR(64, "xy"), 2, 1));
	EXPECT_EQ(4, POSIX(PREAD, fd, DATA_AT + 128, 16, 0));
	EXPECT_EQ(0, memcmp(LS(128), "axyd", 4));
	memcpy(LS(256), iov, sizeof(iov));
	EXPECT_EQ(0, POSIX(LSEEK, fd, 0, SEEK_SET));
	EXPECT_EQ(4, POSIX(READV, fd, DATA_AT + 256, 2));
	EXPECT_EQ(0, memcmp(LS(512), "axy", 3));
	EXPECT_EQ('d', *LS(520));
	EXPECT_EQ(7, POSIX(WRITEV, fd, DATA_AT + 256, 2));
	EXPECT_EQ(0, POSIX(FSTAT, fd, DATA_AT + 640));
	EXPECT_EQ(11, ls_word(self->spe, DATA_AT + 640)[7]);
	copy = POSIX(DUP, fd);
	EXPECT_LE(3, copy);
	EXPECT_EQ(copy, POSIX(DUP2, fd, copy));
	EXPECT_EQ(0, POSIX(CLOSE, copy));
	EXPECT_EQ(0, POSIX(CLOSE, fd));
	EXPECT_EQ(-1, POSIX(CLOSE, fd));
	EXPECT_EQ(EBADF, call_error);
	EXPECT_EQ(0, POSIX(UNLINK, DATA_AT));
}

TEST_F(call, posix_directories)
{
	char here[256];
	bool found = false;
	int dir;

	ASSERT_NE(NULL, getcwd(here, sizeof(here)));
	rmdir("/tmp/spe2-dir");
	EXPECT_EQ(0, POSIX(UMASK, 027));
	EXPECT_EQ(027, POSIX(UMASK, 077));
	ASSERT_EQ(0, POSIX(MKDIR, STR(0, "/tmp/spe2-dir"), 0777));
	EXPECT_EQ(0, POSIX(STAT, DATA_AT, DATA_AT + 640));
	EXPECT_EQ(S_IFDIR | 0700, ls_word(self->spe, DATA_AT + 640)[2]);
	EXPECT_EQ(0, POSIX(CHDIR, DATA_AT));
	EXPECT_EQ(DATA_AT + 64, POSIX(GETCWD, DATA_AT + 64, 64));
	EXPECT_STREQ("/tmp/spe2-dir", LS(64));
	EXPECT_EQ(0, POSIX(SYMLINK, STR(128, "target"), STR(192, "link")));
	EXPECT_EQ(6, POSIX(READLINK, DATA_AT + 192, DATA_AT + 256, 64));
	EXPECT_EQ(0, memcmp(LS(256), "target", 6));
	EXPECT_EQ(0, POSIX(OPENDIR, STR(256, ".")));
	dir = ls_word(self->spe, ARGS_AT)[1];
	EXPECT_LE(1, dir);
	for (;;) {
		put_va(self->spe, 0, dir);
		/* A directory is two words. */
		put_call(self->spe, 0x2101, READDIR << 24 | VA_AT);
		put_va_word(self->spe, 1, DATA_AT + 1024);
		if (spe_context_run(self->spe, &(unsigned int){ CALL_AT }, 0, NULL, NULL, NULL) !=
		    0x1001 || !*ls_word(self->spe, VA_AT))
			break;
		found |= !strcmp(LS(1028), "link");
	}
	EXPECT_TRUE(found);
	EXPECT_EQ(0, POSIX(UNLINK, DATA_AT + 192));
	EXPECT_EQ(0, POSIX(CHDIR, STR(128, "/")));
	EXPECT_EQ(0, POSIX(RMDIR, DATA_AT));
	strcpy(LS(0), "/tmp/spe2-XXXXXX");
	dir = POSIX(MKSTEMP, DATA_AT);
	EXPECT_LE(3, dir);
	EXPECT_EQ(0, POSIX(UNLINK, DATA_AT));
	/* None of that has changed the process. */
	EXPECT_STREQ(here, getcwd((char[256]) {}, 256));
	EXPECT_NE(077, umask(022));
}

TEST_F(call, posix_time)
{
	uint32_t now = time(NULL);

	EXPECT_EQ(0, POSIX(GETTIMEOFDAY, DATA_AT, 0));
	EXPECT_LE(now, *ls_word(self->spe, DATA_AT));
	ls_word(self->spe, DATA_AT)[0] = 0;
	ls_word(self->spe, DATA_AT)[1] = 1000;
	EXPECT_EQ(0, POSIX(NANOSLEEP, DATA_AT, 0));
	ls_word(self->spe, DATA_AT)[1] = 1000000000;
	EXPECT_EQ(-1, POSIX(NANOSLEEP, DATA_AT, 0));
	EXPECT_EQ(EINVAL, call_error);
	EXPECT_EQ(-1, POSIX(SHM_OPEN, 0));
	EXPECT_EQ(ENOSYS, call_error);
}

/* A call with arguments of two words each */
static int call_ea(spe_context_ptr_t spe, uint32_t code, unsigned int op, unsigned int n,
		   const uint64_t *args)
{
	unsigned int i;

	put_call(spe, code, op << 24 | VA_AT);
	for (i = 0; i < n; i++)
		put_va(spe, i, args[i]);
	if (spe_context_run(spe, &(unsigned int){ CALL_AT }, 0, NULL, NULL, NULL) != 0x1001)
		return -12345;
	call_error = ls_word(spe, VA_AT)[3];
	return ls_word(spe, VA_AT)[0];
}

static uint64_t wide_answer(spe_context_ptr_t spe)
{
	return (uint64_t)ls_word(spe, VA_AT)[0] << 32 | ls_word(spe, VA_AT)[1];
}

#define EA(code, op, ...)	\
	call_ea(self->spe, code, op, sizeof((uint64_t[]) { __VA_ARGS__ }) / 8,	\
		(uint64_t[]) { __VA_ARGS__ })

TEST_F(call, memory)
{
	char *own = malloc(64), *p;
	uint64_t ea;

	EA(0x2105, 3, 100);
	ea = wide_answer(self->spe);
	p = (char *)(uintptr_t)ea;
	ASSERT_NE(NULL, p);
	strcpy(p, "kept");
	EA(0x2105, 4, ea, 100000);
	ea = wide_answer(self->spe);
	p = (char *)(uintptr_t)ea;
	EXPECT_STREQ("kept", p);
	EXPECT_EQ(0, EA(0x2105, 2, ea));
	/* freed twice, and memory that was given to others */
	EXPECT_EQ(-1, EA(0x2105, 2, ea));
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(-1, EA(0x2105, 2, (uintptr_t)own));
	EXPECT_EQ(0, EA(0x2105, 2, 0));
	EA(0x2105, 4, (uintptr_t)own, 10);
	EXPECT_EQ(0, wide_answer(self->spe));
	EXPECT_EQ(EFAULT, call_error);
	EA(0x2105, 1, 1ULL << 33, 1ULL << 33);
	EXPECT_EQ(0, wide_answer(self->spe));
	EXPECT_EQ(ENOMEM, call_error);
	EA(0x2105, 3, ~0ULL);
	EXPECT_EQ(0, wide_answer(self->spe));
	/* The first argument is an address in local store: one word. */
	EXPECT_EQ(0, EA(0x2105, 5, (uint64_t)DATA_AT << 32, 256, 1000));
	memcpy(&p, LS(0), sizeof(p));
	EXPECT_EQ(0, (uintptr_t)p % 256);
	EXPECT_EQ(0, EA(0x2105, 2, (uintptr_t)p));
	EXPECT_EQ(EINVAL, EA(0x2105, 5, (uint64_t)DATA_AT << 32, 3, 1000));
	free(own);
}

/* mmap() and its like touch nothing that the program did not map itself. */
TEST_F(call, mappings)
{
	char *own = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint64_t anonymous = (uint64_t)(MAP_PRIVATE | MAP_ANONYMOUS) << 32;
	const uint64_t rw = (uint64_t)(PROT_READ | PROT_WRITE) << 32;
	uint64_t ea;

	*own = 1;
	EA(0x2101, MMAP, 0, 65536ULL << 32, rw, anonymous, ~0ULL, 0);
	ea = wide_answer(self->spe);
	ASSERT_NE(~0ULL, ea);
	*(char *)(uintptr_t)ea = 5;
	EXPECT_EQ(0, EA(0x2101, MSYNC, ea, 65536ULL << 32, (uint64_t)MS_SYNC << 32));
	EA(0x2101, MMAP, (uintptr_t)own, 65536ULL << 32, rw, anonymous | (uint64_t)MAP_FIXED << 32,
	   ~0ULL, 0);
	EXPECT_EQ(~0ULL, wide_answer(self->spe));
	EXPECT_EQ(EINVAL, call_error);
	EXPECT_EQ(-1, EA(0x2101, MUNMAP, (uintptr_t)own, 65536ULL << 32));
	EXPECT_EQ(-1, EA(0x2101, MUNMAP, (uintptr_t)spe_ls_area_get(self->spe), 0x40000ULL << 32));
	EXPECT_EQ(-1, EA(0x2101, MSYNC, (uintptr_t)own, 65536ULL << 32, (uint64_t)MS_SYNC << 32));
	EA(0x2101, MREMAP, (uintptr_t)own, 65536ULL << 32, 131072ULL << 32, 1ULL << 32);
	EXPECT_EQ(~0ULL, wide_answer(self->spe));
	EXPECT_EQ(1, *own);
	EA(0x2101, MREMAP, ea, 65536ULL << 32, 131072ULL << 32, 1ULL << 32);
	ea = wide_answer(self->spe);
	EXPECT_EQ(5, *(char *)(uintptr_t)ea);
	EXPECT_EQ(0, EA(0x2101, MUNMAP, ea, 131072ULL << 32));
	EXPECT_EQ(-1, EA(0x2101, MUNMAP, ea, 131072ULL << 32));
	munmap(own, 65536);
}

/* Descriptors and children of the process are not the program's. */
TEST_F(call, not_its_own)
{
	int fd = open("/tmp/spe2-own", O_RDWR | O_CREAT | O_TRUNC, 0600), given, f, status;
	char path[64];
	pid_t child;

	ASSERT_LE(3, fd);
	EXPECT_EQ(-1, POSIX(WRITE, fd, DATA_AT, 1));
	EXPECT_EQ(EBADF, call_error);
	EXPECT_EQ(-1, POSIX(CLOSE, fd));
	EXPECT_EQ(-1, POSIX(DUP, fd));
	EXPECT_EQ(-1, POSIX(DUP2, 1, fd));
	EXPECT_EQ(-1, POSIX(DUP2, 2, 1));
	EXPECT_EQ(-1, POSIX(READ, 0xffffffff, DATA_AT, 1));
	EXPECT_EQ(-1, POSIX(READ, 0x7fffffff, DATA_AT, 1));
	EXPECT_EQ(0, fcntl(fd, F_GETFD) < 0);
	/* nor by names for them, nor contexts by theirs */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_EQ(-1, POSIX(OPEN, STR(0, path), O_RDWR, 0));
	EXPECT_EQ(ELOOP, call_error);
	EXPECT_EQ(-1, POSIX(OPEN, STR(0, "/proc/self/mem"), O_RDWR, 0));
	EXPECT_EQ(EACCES, call_error);
	EXPECT_EQ(-1, POSIX(OPEN, STR(0, "/spu"), O_RDONLY, 0));
	EXPECT_EQ(EACCES, call_error);
	EXPECT_EQ(0, C99(FOPEN, STR(0, path), STR(64, "w")));
	/* except one that it was given */
	given = spe_context_give_fd(self->spe, fd);
	ASSERT_LE(3, given);
	EXPECT_EQ(3, POSIX(WRITE, given, STR(0, "abc"), 3));
	EXPECT_EQ(0, POSIX(CLOSE, given));

	/* A stream's descriptor goes with its stream: its number may be reused. */
	f = C99(FOPEN, STR(0, "/tmp/spe2-own"), STR(64, "r"));
	given = C99(FILENO, f);
	EXPECT_EQ(0, POSIX(CLOSE, given));
	EXPECT_EQ(EOF, C99(FCLOSE, f));
	EXPECT_EQ(EBADF, call_error);

	/* The standard ones are everybody's: they are closed for this program only. */
	EXPECT_EQ(0, POSIX(CLOSE, 1));
	EXPECT_EQ(-1, POSIX(WRITE, 1, DATA_AT, 1));
	EXPECT_EQ(0, fcntl(1, F_GETFD) < 0);
	EXPECT_EQ(0, C99(FCLOSE, 2));

	child = fork();
	if (!child)
		_exit(5);
	EXPECT_EQ(-1, POSIX(WAITPID, -1, 0, 0));
	EXPECT_EQ(ECHILD, call_error);
	EXPECT_EQ(-1, POSIX(WAIT, 0));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(-1, POSIX(KILL, getpid(), SIGKILL));
	EXPECT_EQ(EPERM, call_error);
	EXPECT_EQ(-1, POSIX(KILL, 0, SIGKILL));
	EXPECT_EQ(-1, POSIX(KILL, -1, SIGKILL));
	EXPECT_EQ(0, POSIX(KILL, getpid(), 0));
	close(fd);
	unlink("/tmp/spe2-own");
}

/* A program cannot affect others, nor read for ever. */
TEST_F(call, leaves_others_alone)
{
	int fd = open("/tmp/spe2-lock", O_RDWR | O_CREAT, 0600), n, f;
	spe_context_ptr_t other = spe_context_create(0, NULL);
	char path[300] = "";
	struct stat st;
	FILE *names;

	/* lockf() of a descriptor that is not the program's */
	EXPECT_EQ(-1, POSIX(51, fd, F_TLOCK, 0));
	EXPECT_EQ(EBADF, call_error);

	/* the mode and owner of the files of another context */
	names = popen("ls -d /spu/*/mem | tail -n 1", "r");
	ASSERT_NE(NULL, fgets(path, sizeof(path), names));
	pclose(names);
	path[strcspn(path, "\n")] = 0;
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(-1, POSIX(38, STR(0, path), 0777));
	EXPECT_EQ(EACCES, call_error);
	EXPECT_EQ(-1, POSIX(40, STR(0, path), 1000, 1000));
	EXPECT_EQ(EACCES, call_error);
	EXPECT_EQ(0, POSIX(38, STR(0, "/tmp/spe2-lock"), 0640));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0640, st.st_mode & 0777);

	/* Descriptors: 256 with the standard ones, whatever the process may have */
	for (n = 0; n < 300 && POSIX(OPEN, STR(0, "/dev/null"), O_RDONLY, 0) >= 0; n++)
		;
	EXPECT_EQ(253, n);
	EXPECT_EQ(EMFILE, call_error);
	EXPECT_LE(0, dup(fd));
	EXPECT_EQ(0, POSIX(CLOSE, 0));

	/* A word without an end */
	f = C99(FOPEN, STR(0, "/dev/zero"), STR(64, "r"));
	ASSERT_LE(4, f);
	put_va_word(self->spe, 0, DATA_AT + 256);
	EXPECT_EQ(EOF, C99(VFSCANF, f, STR(64, "%s"), VA_AT, 0));
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(EOF, C99(VFSCANF, f, STR(64, "%*[^a]"), VA_AT, 0));

	EXPECT_EQ(0, spe_context_destroy(other));
	close(fd);
	unlink("/tmp/spe2-lock");
}

/* Addresses and sizes at the end of local store and beyond */
TEST_F(call, bad_addresses)
{
	int f = C99(FOPEN, STR(0, "/tmp/spe2-bad"), STR(64, "w+")), fd = C99(FILENO, f);
	unsigned int entry = CALL_AT;
	spe_stop_info_t info;

	EXPECT_EQ(0, C99(FREAD, 0x3fff0, 0xffffffff, 0xffffffff, f));
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(0, C99(FREAD, 0, 0x10000, 0x40000, f));
	EXPECT_EQ(0, C99(FWRITE, 0x3fff0, 1, 17, f));
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(16, C99(FWRITE, 0x3fff0, 1, 16, f));
	EXPECT_EQ(0, C99(FGETS, DATA_AT, 0x80000000, f));
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(0, C99(FGETS, DATA_AT, 0, f));
	memset(ls_word(self->spe, 0x3fff0), 'a', 16);
	EXPECT_EQ(EOF, C99(FPUTS, 0x3fff0, f));		/* a string without an end */
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(-1, POSIX(READ, fd, 0x3ffff, 2));
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(-1, POSIX(WRITE, fd, 0, 0x40001));
	EXPECT_EQ(-1, POSIX(FSTAT, fd, 0x40000 - 51));
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(0, POSIX(FSTAT, fd, 0x40000 - 52));
	EXPECT_EQ(-1, POSIX(READV, fd, DATA_AT, 0x80000000));
	EXPECT_EQ(EINVAL, call_error);
	EXPECT_EQ(-1, POSIX(READV, fd, 0x3fff8, 2));
	EXPECT_EQ(EFAULT, call_error);
	EXPECT_EQ(-1, C99(200, 0));
	EXPECT_EQ(ENOSYS, call_error);
	EXPECT_EQ(-1, POSIX(0, 0));
	EXPECT_EQ(ENOSYS, call_error);

	/* If there is no place for an answer, the run ends. */
	put_call(self->spe, 0x2100, FFLUSH << 24 | 0x3fff8);
	EXPECT_EQ(-1, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_CALLBACK_ERROR, info.stop_reason);
	put_call(self->spe, 0x2101, READ << 24 | 0xffffff);
	entry = CALL_AT;
	EXPECT_EQ(-1, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_CALLBACK_ERROR, info.stop_reason);
	unlink("/tmp/spe2-bad");
}

TEST_F(call, printf_is_bounded)
{
	int f = C99(FOPEN, STR(0, "/dev/null"), STR(64, "w"));
	char want[64];
	int n;

	/* The count overwrites the end of the format, which has been read by then. */
	memcpy(ls_word(self->spe, 0x3fffc), "A%n", 4);
	put_va_word(self->spe, 0, 0x3fffc);
	EXPECT_EQ(1, C99(VFPRINTF, f, 0x3fffc, VA_AT, 0));
	EXPECT_EQ(1, *ls_word(self->spe, 0x3fffc));
	/* More than an int can hold, or than anybody wants */
	put_va_word(self->spe, 0, 0x7ffffff0);
	put_va_word(self->spe, 1, 1);
	put_va_word(self->spe, 2, 0x7ffffff0);
	put_va_word(self->spe, 3, 1);
	EXPECT_EQ(-1, C99(VFPRINTF, f, STR(128, "%*d%*d"), VA_AT, 0));
	EXPECT_EQ(EOVERFLOW, call_error);
	EXPECT_EQ(-1, C99(VFPRINTF, f, STR(128, "%99999999999d"), VA_AT, 0));
	EXPECT_EQ(EOVERFLOW, call_error);
	EXPECT_EQ(-1, C99(VFPRINTF, f, STR(128, "%.*d"), VA_AT, 0));
	EXPECT_EQ(EOVERFLOW, call_error);
	put_va_word(self->spe, 0, 0x80000000);
	EXPECT_EQ(-1, C99(VFPRINTF, f, STR(128, "%*d"), VA_AT, 0));
	EXPECT_EQ(EOVERFLOW, call_error);
	/* A width of -1 is 1, left-justified; a negative precision counts as none. */
	put_va_word(self->spe, 0, -1);
	put_va_word(self->spe, 1, DATA_AT + 192);
	STR(192, "");
	EXPECT_EQ(3, C99(VSPRINTF, DATA_AT + 256, STR(128, "[%*s]"), VA_AT, 0));
	EXPECT_STREQ("[ ]", LS(256));
	put_va_word(self->spe, 0, -7);
	put_va(self->spe, 1, 0x3ff8000000000000ULL);	/* 1.5 */
	n = snprintf(want, sizeof(want), "%.*f", -7, 1.5);
	EXPECT_EQ(n, C99(VSPRINTF, DATA_AT + 256, STR(128, "%.*f"), VA_AT, 0));
	EXPECT_STREQ(want, LS(256));
	/* A precision ends a string that has no end. */
	memset(ls_word(self->spe, 0x3fff8), 'b', 8);
	put_va_word(self->spe, 0, 0x3fff8);
	EXPECT_EQ(8, C99(VSPRINTF, DATA_AT + 256, STR(128, "%.8s"), VA_AT, 0));
	EXPECT_STREQ("bbbbbbbb", LS(256));
	EXPECT_EQ(-1, C99(VSPRINTF, DATA_AT + 256, STR(128, "%s"), VA_AT, 0));
	EXPECT_EQ(EFAULT, call_error);
	/* Nothing is written beyond the given size, or beyond local store. */
	memset(LS(256), 'q', 16);
	put_va_word(self->spe, 0, 123456);
	EXPECT_EQ(6, C99(VSNPRINTF, DATA_AT + 256, 4, STR(128, "%d"), VA_AT, 0));
	EXPECT_EQ(0, memcmp(LS(256), "123\0qqq", 7));
	EXPECT_EQ(6, C99(VSNPRINTF, 0, 0, STR(128, "%d"), VA_AT, 0));
	EXPECT_EQ(-1, C99(VSPRINTF, 0x3fffc, STR(128, "%d"), VA_AT, 0));
	EXPECT_EQ(EFAULT, call_error);
	/* arguments that are not in local store */
	EXPECT_EQ(-1, C99(VSPRINTF, DATA_AT + 256, STR(128, "%d"), 0x40000, 0));
	EXPECT_EQ(EFAULT, call_error);
}

/* Two threads: one serves, one changes the length all the time. */
static volatile int flipping;

static void *flip(void *arg)
{
	volatile uint32_t *len = arg;

	while (flipping) {
		*len = 16;
		*len = 0x1000;
	}
	return NULL;
}

TEST_F(call, read_once)
{
	uint32_t (*args)[4] = (void *)ls_word(self->spe, ARGS_AT);
	int (*posix)(void *ls, unsigned int npc) = spe_callback_handler_query(1);
	int fd = POSIX(OPEN, STR(0, "/dev/zero"), O_RDONLY, 0);
	volatile char *base = spe_ls_area_get(self->spe);
	pthread_t thread;
	int i;

	ASSERT_NE(NULL, posix);
	flipping = 1;
	args[2][0] = 16;
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &args[2][0]));
	for (i = 0; i < 1000; i++) {
		args[0][0] = fd;
		args[1][0] = 0x40000 - 16;
		*ls_word(self->spe, CALL_AT + 4) = READ << 24 | ARGS_AT;
		ASSERT_EQ(0, posix((void *)base, CALL_AT + 4));
		if ((int)args[0][0] != 16) {
			ASSERT_EQ(-1, (int)args[0][0]);
			ASSERT_EQ(EFAULT, args[0][3]);
		}
	}
	flipping = 0;
	pthread_join(thread, NULL);
}

static int64_t linux_call(spe_context_ptr_t spe, uint64_t number, uint64_t a, uint64_t b,
			  uint64_t c)
{
	const uint64_t block[7] = { number, a, b, c };
	int64_t ret;

	put_call(spe, 0x2104, DATA_AT + 0x800);
	memcpy(ls_word(spe, DATA_AT + 0x800), block, sizeof(block));
	if (spe_context_run(spe, &(unsigned int){ CALL_AT }, 0, NULL, NULL, NULL) != 0x1001)
		return -12345;
	memcpy(&ret, ls_word(spe, DATA_AT + 0x800), sizeof(ret));
	return ret;
}

TEST_F(call, linux_system_calls)
{
	/* exit, fork, execve, ptrace, pause, clone, rt_sigreturn, exit_group, swapcontext */
	static const uint64_t refused[] = {
		1, 2, 11, 26, 29, 120, 172, 234, 249, 0x100000001ULL, ~0ULL,
	};
	static const char text[] = "linux";
	static char data[64];
	unsigned int i;
	int fd, own;

	EXPECT_EQ(getpid(), linux_call(self->spe, SYS_getpid, 0, 0, 0));
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		EXPECT_EQ(-ENOSYS, linux_call(self->spe, refused[i], 0, 0, 0))
			TH_LOG("system call %llu", (unsigned long long)refused[i]);
	if (!runs_async() || old_kernel())
		SKIP(return, "the kernel does the rest for spu_run()");

	fd = linux_call(self->spe, SYS_open, (uintptr_t)"/tmp/spe2-linux", O_RDWR | O_CREAT, 0600);
	ASSERT_LE(3, fd);
	EXPECT_EQ(5, linux_call(self->spe, SYS_write, fd, (uintptr_t)text, 5));
	/* pread64: the offset is the fourth argument */
	EXPECT_EQ(5, linux_call(self->spe, 179, fd, (uintptr_t)data, 10));
	EXPECT_STREQ("linux", data);
	EXPECT_EQ(-EFAULT, linux_call(self->spe, SYS_write, fd, 8, 5));
	EXPECT_EQ(0, linux_call(self->spe, SYS_close, fd, 0, 0));
	EXPECT_EQ(-EBADF, linux_call(self->spe, SYS_close, fd, 0, 0));
	own = open("/tmp/spe2-linux", O_RDONLY);
	EXPECT_EQ(-EBADF, linux_call(self->spe, SYS_close, own, 0, 0));
	EXPECT_EQ(-EBADF, linux_call(self->spe, SYS_read, own, (uintptr_t)data, 1));
	EXPECT_EQ(-EBADF, linux_call(self->spe, SYS_read, 0x100000000ULL, (uintptr_t)data, 1));
	EXPECT_EQ(-ENOSYS, linux_call(self->spe, SYS_munmap, (uintptr_t)data & ~0xffffULL, 65536,
				      0));
	/* two 64-bit numbers, whatever the process has */
	EXPECT_EQ(0, linux_call(self->spe, SYS_clock_gettime, 1, (uintptr_t)data, 0));
	EXPECT_LT(0, ((int64_t *)data)[1]);
	EXPECT_GT(1000000000, ((int64_t *)data)[1]);
	close(own);
	unlink("/tmp/spe2-linux");
}

/* Files that a program left open are closed, and written, with its context. */
TEST_F(call, files_go_with_the_context)
{
	spe_context_ptr_t spe = spe_context_create(0, NULL);
	char text[16] = "";
	int f, fd;

	ASSERT_EQ(0, spe_program_load(spe, &prog));
	f = CALL(spe, 0x2100, FOPEN, put_string(spe, 0, "/tmp/spe2-left"),
		 put_string(spe, 64, "w"));
	ASSERT_LE(4, f);
	EXPECT_EQ(1, CALL(spe, 0x2100, FPUTS, put_string(spe, 128, "kept"), f));
	fd = CALL(spe, 0x2100, FILENO, f);
	EXPECT_EQ(0, spe_context_destroy(spe));
	EXPECT_EQ(-1, fcntl(fd, F_GETFD));
	fd = open("/tmp/spe2-left", O_RDONLY);
	EXPECT_EQ(4, read(fd, text, sizeof(text)));
	close(fd);
	unlink("/tmp/spe2-left");
}

TEST_HARNESS_MAIN
