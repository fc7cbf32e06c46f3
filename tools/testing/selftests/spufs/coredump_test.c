// SPDX-License-Identifier: GPL-2.0
/*
 * The notes about contexts in a core dump: of those that the process could read
 * by their files, and of no others. Children of another user dump core, which
 * needs root.
 */
#include <grp.h>
#include <limits.h>
#include <linux/elf.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_test.h"

#ifdef __LP64__
#define elf_hdr		elf64_hdr
#define elf_phdr	elf64_phdr
#define elf_note	elf64_note
#else
#define elf_hdr		elf32_hdr
#define elf_phdr	elf32_phdr
#define elf_note	elf32_note
#endif

#define USER		1000
#define PATTERN		"/proc/sys/kernel/core_pattern"
#define SECRET_LSA	0x1000
#define SECRET_LEN	16

/* Secret number @n, which no program has in its data */
static void make_secret(char *secret, int n)
{
	for (int i = 0; i < SECRET_LEN; i++)
		secret[i] = "the local store."[i] ^ (0x80 + n);
}

/* A context with a secret that this process forgets, and so do its children. */
static int secret_context(mode_t mode, int n)
{
	int fd = sys_spu_create(spu_path(NULL), 0, mode, -1);
	char secret[SECRET_LEN];

	make_secret(secret, n);
	if (fd >= 0 && spu_poke(fd, SECRET_LSA, secret, SECRET_LEN)) {
		close(fd);
		fd = -1;
	}
	explicit_bzero(secret, SECRET_LEN);
	return fd;
}

/* Give a context and its files to @uid: 0 or -1. */
static int give_context(int fd, uid_t uid)
{
	DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY));
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ret |= fchownat(fd, entry->d_name, uid, uid, 0);
	closedir(dir);
	return ret | fchownat(fd, "", uid, uid, AT_EMPTY_PATH);
}

struct core {
	char dir[32];
	char *data;
	size_t size;
};

/* The sizes of so many contexts do not fit into an int. */
#define DUPLICATES	(INT_MAX / LS_SIZE + 64)

static int duplicate(int fd)
{
	struct rlimit limit = { DUPLICATES + 64, DUPLICATES + 64 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		return -1;
	for (int i = 0; i < DUPLICATES; i++)
		if (dup(fd) < 0)
			return -1;
	return 0;
}

/*
 * The core file of a child that is @uid, with up to @limit bytes, and with the
 * duplicates of @fd unless that is -1. 0, or 1 if the kernel writes none, or -1.
 */
static int dump_core(struct core *core, uid_t uid, rlim_t limit, int fd)
{
	struct rlimit rlimit = { limit, limit };
	struct stat stat;
	char path[64];
	pid_t child;
	int status;

	child = fork();
	if (!child) {
		if ((fd >= 0 && duplicate(fd)) ||
		    setrlimit(RLIMIT_CORE, &rlimit) || setgroups(0, NULL) ||
		    setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ||
		    prctl(PR_SET_DUMPABLE, 1))
			_exit(1);
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		return -1;
	snprintf(path, sizeof(path), "%s/core.%d", core->dir, child);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return WCOREDUMP(status) ? -1 : 1;
	unlink(path);
	if (fstat(fd, &stat) || stat.st_size < (off_t)sizeof(struct elf_hdr)) {
		close(fd);
		return -1;
	}
	core->size = stat.st_size;
	core->data = mmap(NULL, core->size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return core->data == MAP_FAILED ? -1 : 0;
}

/* The first program header of this @type in the core file, or NULL */
static const struct elf_phdr *segment(struct core *core, __u32 type)
{
	const struct elf_hdr *ehdr = (void *)core->data;
	const struct elf_phdr *phdr = (void *)(core->data + ehdr->e_phoff);

	for (int i = 0; i < ehdr->e_phnum; i++)
		if (core->data + core->size < (char *)(phdr + i + 1))
			return NULL;
		else if (phdr[i].p_type == type)
			return phdr + i;
	return NULL;
}

/*
 * The notes "SPU/@fd/...", how many there are, and the contents of that which is
 * called @file. -1 if the notes are not as long as the file says.
 */
static int notes(struct core *core, int fd, const char *file,
		 const char **contents, size_t *size)
{
	const struct elf_phdr *phdr = segment(core, PT_NOTE);
	const char *at, *end;
	char prefix[32];
	int count = 0;

	*contents = NULL;
	if (!phdr || phdr->p_offset + phdr->p_filesz > core->size)
		return -1;
	snprintf(prefix, sizeof(prefix), "SPU/%d/", fd);
	at = core->data + phdr->p_offset;
	end = at + phdr->p_filesz;
	while (at + sizeof(struct elf_note) <= end) {
		const struct elf_note *note = (void *)at;
		const char *name = at + sizeof(*note);
		const char *data = name + ((note->n_namesz + 3) & ~3);

		if (!note->n_namesz ||
		    (size_t)(end - name) < (size_t)(data - name) ||
		    (size_t)(end - data) < note->n_descsz)
			return -1;
		at = data + ((note->n_descsz + 3) & ~3);
		if (note->n_namesz <= strlen(prefix) ||
		    strncmp(name, prefix, strlen(prefix)))
			continue;
		count++;
		if (!strcmp(name + strlen(prefix), file)) {
			*contents = data;
			*size = note->n_descsz;
		}
	}
	return at == end ? count : -1;
}

/* Does the core file have the context's registers, and secret @n in its place? */
static bool dumped(struct core *core, int fd, int n)
{
	char secret[SECRET_LEN];
	const char *contents;
	size_t size;

	if (notes(core, fd, "regs", &contents, &size) <= 0 || !contents ||
	    size != 128 * 16)
		return false;
	if (notes(core, fd, "mem", &contents, &size) <= 0 || !contents ||
	    size != LS_SIZE)
		return false;
	make_secret(secret, n);
	return !memcmp(contents + SECRET_LSA, secret, SECRET_LEN);
}

/* Has it neither a note of the context nor secret @n anywhere? */
static bool left_out(struct core *core, int fd, int n)
{
	char secret[SECRET_LEN];
	const char *contents;
	size_t size;

	make_secret(secret, n);
	return !notes(core, fd, "mem", &contents, &size) &&
	       !memmem(core->data, core->size, secret, SECRET_LEN);
}

FIXTURE(coredump)
{
	char pattern[256];
	struct core core;
	/* before and after those of a test: anybody may read them */
	int first, last;
};

#define restore() ({							\
	rmdir(self->core.dir) |						\
	put_text("/proc/sys/kernel", "core_pattern", self->pattern);	\
})

FIXTURE_SETUP(coredump)
{
	char pattern[64];
	int fd, ret;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (geteuid())
		SKIP(return, "setuid and core_pattern need root");
	fd = open(PATTERN, O_RDONLY);
	if (fd < 0)
		SKIP(return, "kernel without core dumps: %s: %s", PATTERN,
		     strerror(errno));
	ASSERT_LT(0, read(fd, self->pattern, sizeof(self->pattern) - 1));
	close(fd);

	umask(0);
	self->first = secret_context(0755, 0);
	ASSERT_LE(0, self->first);
	strcpy(self->core.dir, "/tmp/spufs-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->core.dir));
	ASSERT_EQ(0, chmod(self->core.dir, 0777));
	snprintf(pattern, sizeof(pattern), "%s/core.%%p", self->core.dir);
	if (put_text("/proc/sys/kernel", "core_pattern", pattern)) {
		rmdir(self->core.dir);
		SKIP(return, "%s cannot be changed", PATTERN);
	}
	/* If this fails, there is no teardown. */
	ret = dump_core(&self->core, USER, RLIM_INFINITY, -1);
	if (ret)
		restore();
	if (ret == 1)
		SKIP(return, "kernel without core dumps: CONFIG_ELF_CORE");
	ASSERT_EQ(0, ret);
	munmap(self->core.data, self->core.size);
}

FIXTURE_TEARDOWN_PARENT(coredump)
{
	EXPECT_EQ(0, restore());
}

/* The last context, and the core file of user @uid: see fixture */
#define DUMP_CORE(uid) do {						\
	self->last = secret_context(0755, 0);				\
	ASSERT_LE(0, self->last);					\
	ASSERT_EQ(0, dump_core(&self->core, uid, RLIM_INFINITY, -1));	\
	EXPECT_TRUE(dumped(&self->core, self->first, 0));			\
	EXPECT_TRUE(dumped(&self->core, self->last, 0));			\
} while (0)

TEST_F(coredump, has_own_contexts)
{
	int fd = secret_context(0700, 1);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, give_context(fd, USER));
	DUMP_CORE(USER);
	EXPECT_TRUE(dumped(&self->core, fd, 1));
}

/* Its capabilities count, as in open(2). */
TEST_F(coredump, of_root_has_all_contexts)
{
	int fd = secret_context(0700, 1);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, give_context(fd, USER));
	DUMP_CORE(0);
	EXPECT_TRUE(dumped(&self->core, fd, 1));
}

TEST_F(coredump, has_no_private_context_of_others)
{
	int fd = secret_context(0700, 1);

	ASSERT_LE(0, fd);
	DUMP_CORE(USER);
	EXPECT_TRUE(left_out(&self->core, fd, 1));
}

/* A context is dumped as a whole or not at all. */
TEST_F(coredump, needs_to_read_every_file)
{
	static const char *const names[] = { "regs", "mem", "npc" };
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		fd[i] = secret_context(0755, 1);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, fchmodat(fd[i], names[i], 0600, 0));
	}
	DUMP_CORE(USER);
	for (i = 0; i < 3; i++) {
		bool out = left_out(&self->core, fd[i], 1);

		EXPECT_TRUE(out) {
			TH_LOG("%s has mode 0600", names[i]);
		}
	}
}

/* Nobody could open files in such a directory. */
TEST_F(coredump, needs_to_search_the_directory)
{
	int fd = secret_context(0755, 1);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fchmod(fd, 0744));
	DUMP_CORE(USER);
	EXPECT_TRUE(left_out(&self->core, fd, 1));
}

/* What cannot be read need not be listed, and what need not be read, read. */
TEST_F(coredump, needs_nothing_else)
{
	int fd = secret_context(0755, 1);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fchmod(fd, 0711));
	ASSERT_EQ(0, fchmodat(fd, "mbox", 0, 0));
	ASSERT_EQ(0, fchmodat(fd, "mfc", 0, 0));
	DUMP_CORE(USER);
	EXPECT_TRUE(dumped(&self->core, fd, 1));
}

/* The modes that count are those of one time. */
TEST_F(coredump, has_whole_notes_while_modes_change)
{
	int fd[16], count, i;
	const char *contents;
	size_t size;
	pid_t child;

	for (i = 0; i < 16; i++) {
		fd[i] = secret_context(0755, 0);
		ASSERT_LE(0, fd[i]);
	}
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (mode_t mode = 0644;; mode ^= 0044)
			for (i = 0; i < 16; i++)
				fchmodat(fd[i], "npc", mode, 0);
	}
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, dump_core(&self->core, USER, RLIM_INFINITY, -1));
		count = notes(&self->core, self->first, "mem", &contents,
			      &size);
		munmap(self->core.data, self->core.size);
		ASSERT_LT(0, count);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Only the headers are written: a limit cuts off the rest. */
TEST_F(coredump, of_many_descriptors_has_sizes_that_fit)
{
	const struct elf_phdr *note, *load;

	ASSERT_EQ(0, dump_core(&self->core, USER, 0x20000, self->first));
	note = segment(&self->core, PT_NOTE);
	load = segment(&self->core, PT_LOAD);
	ASSERT_TRUE(note && load);
	EXPECT_GE((size_t)INT_MAX, note->p_filesz);
	/* a thousand contexts at least */
	EXPECT_LE((size_t)1000 * LS_SIZE, note->p_filesz);
	EXPECT_LE(note->p_offset + note->p_filesz, load->p_offset);
}

TEST_HARNESS_MAIN
