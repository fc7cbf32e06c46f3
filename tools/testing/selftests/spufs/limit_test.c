// SPDX-License-Identifier: GPL-2.0
/*
 * The accounting of the memory of contexts, the number that a user may have,
 * and the options of a mount that limit it.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_hang.h"
#include "spufs_test.h"

#define CONTEXTS	16
#define LIMIT		3
#define NOBODY		65534
#define ELSE		65533

static long long read_number(const char *dir, const char *name)
{
	char path[300];
	long long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fscanf(file, "%lld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

/* A number that a child counts up, or MAP_FAILED */
static int *shared_count(void)
{
	return mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* A memory cgroup, in a mount of its own */
FIXTURE(memory)
{
	char mount[32], group[40];
};

FIXTURE_SETUP(memory)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	strcpy(self->mount, "/tmp/spufs-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->mount));
	if (mount("none", self->mount, "cgroup2", 0, NULL)) {
		rmdir(self->mount);
		SKIP(return, "no cgroup2: %s", strerror(errno));
	}
	snprintf(self->group, sizeof(self->group), "%s/spufs", self->mount);
	if (put_text(self->mount, "cgroup.subtree_control", "+memory")) {
		umount(self->mount);
		rmdir(self->mount);
		SKIP(return, "no memory cgroups");
	}
	ASSERT_EQ(0, mkdir(self->group, 0755));
}

FIXTURE_TEARDOWN(memory)
{
	/* its processes may not be quite gone yet */
	EXPECT_TRUE(wait_until(!rmdir(self->group)));
	umount(self->mount);
	rmdir(self->mount);
}

/* Local store, at least, is charged to the creator of the context. */
TEST_F(memory, of_a_context_is_charged)
{
	long long before, after;
	int status, i, go[2];
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (put_text(self->group, "cgroup.procs", "0"))
			_exit(1);
		before = read_number(self->group, "memory.current");
		for (i = 0; i < CONTEXTS; i++)
			if (spu_create(0) < 0)
				_exit(2);
		after = read_number(self->group, "memory.current");
		_exit(before >= 0 && after - before >= CONTEXTS * LS_SIZE ? 0 : 3);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

#define COPIES	64

/* Local store, to which threads write when all of them are there */
static struct {
	int mem;
	pthread_barrier_t go;
} copies;

static void *write_mem(void *from)
{
	pthread_barrier_wait(&copies.go);
	(void)!pwrite(copies.mem, from, LS_SIZE, 0);
	return NULL;
}

/* Memory that the kernel uses while threads wait in a copy is small: 16 KiB each. */
TEST_F(memory, of_copies_that_hang_is_small)
{
	long long before, after;
	struct hang hang;
	pthread_t thread;
	int status, i;
	pid_t child;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	if (!hang_create(&hang, LS_SIZE))
		SKIP(return, "userfaultfd: %s", strerror(errno));
	hang_end(&hang);
	child = fork();
	if (!child) {
		if (put_text(self->group, "cgroup.procs", "0") ||
		    !hang_create(&hang, COPIES * LS_SIZE))
			_exit(1);
		copies.mem = openat(spu_create(0), "mem", O_WRONLY);
		pthread_barrier_init(&copies.go, NULL, COPIES + 1);
		for (i = 0; i < COPIES; i++)
			if (copies.mem < 0 ||
			    pthread_create(&thread, NULL, write_mem,
					   hang.memory + i * LS_SIZE))
				_exit(2);
		before = read_number(self->group, "memory.current");
		pthread_barrier_wait(&copies.go);
		for (i = 0; i < COPIES; i++)
			if (!hang_wait(&hang))
				_exit(3);
		after = read_number(self->group, "memory.current");
		hang_end(&hang);
		_exit(before >= 0 && after - before < COPIES * LS_SIZE / 4 * 3 ? 0 : 4);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* They are within the limit of the cgroup, and charged to no other one. */
TEST_F(memory, of_contexts_is_limited)
{
	int *made = shared_count(), status;
	pid_t child;

	ASSERT_TRUE(made != MAP_FAILED);
	ASSERT_EQ(0, put_text(self->group, "memory.max", "8M"));
	child = fork();
	if (!child) {
		if (put_text(self->group, "cgroup.procs", "0"))
			_exit(1);
		/* twice as many as there is room for their local store */
		while (*made < 2 * (8 << 20) / LS_SIZE && spu_create(0) >= 0)
			++*made;
		_exit(2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_LT(0, *made);
	EXPECT_GE((8 << 20) / LS_SIZE, *made);
	EXPECT_TRUE(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL :
					  WEXITSTATUS(status) == 2);
	munmap(made, sizeof(*made));
}

#define MS	1000000ULL

/* rename(2) locks both directories, the upper one first, before it refuses. */
static void rename_out_of(const char *dir)
{
	char from[1024], to[1024];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(from, sizeof(from), "%s/x", dir);
	snprintf(to, sizeof(to), "%s/y", spufs_root());
	for (;;)
		rename(from, to);
}

/*
 * A process above memory.high sleeps for up to 2 s with each context that it makes:
 * Documentation/admin-guide/cgroup-v2.rst. Others do not wait, even if somebody
 * else looks for something in the directory that is not ready.
 */
TEST_F_TIMEOUT(memory, is_waited_for_by_nobody_else, 60)
{
	unsigned long long longest = 0, first = nanoseconds();
	int *made = shared_count();
	pid_t child;

	ASSERT_TRUE(made != MAP_FAILED);
	ASSERT_EQ(0, put_text(self->group, "memory.high", "0"));
	child = fork();
	if (!child) {
		const char *dir = spu_path(NULL);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!fork())
			rename_out_of(dir);
		if (put_text(self->group, "cgroup.procs", "0"))
			_exit(1);
		for (;; ++*made)
			close(sys_spu_create(dir, 0, 0755, -1));
	}
	while (__atomic_load_n(made, __ATOMIC_RELAXED) < 4) {
		time_creation(&longest);
		if (waitpid(child, NULL, WNOHANG))
			break;
		usleep(100000);
	}
	EXPECT_EQ(0, kill(child, SIGKILL));
	waitpid(child, NULL, 0);
	EXPECT_LE(4, *made);
	/* or it did not wait, and this says nothing */
	EXPECT_LT(1000 * MS, nanoseconds() - first);
	EXPECT_GT(500 * MS, longest);
	munmap(made, sizeof(*made));
}

#define PLACES	512
#define APART	(sizeof(long) == 8 ? 16 << 20 : 2 << 20)

/*
 * Copy into mappings of @mem that are so far apart that each of them needs a page
 * table: memory for which a process above memory.high waits.
 */
static void copy_to_mappings(int mem)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct iovec where[PLACES];
	int i, zero = open("/dev/zero", O_RDONLY);
	char *area;

	area = mmap(NULL, (size_t)PLACES * APART, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		_exit(2);
	for (i = 0; i < PLACES; i++) {
		where[i].iov_base = mmap(area + (size_t)i * APART, page,
					 PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_FIXED, mem, 0);
		where[i].iov_len = 4;
	}
	readv(zero, where, PLACES);
}

/* The context's lock is not held for that: the scheduler takes it, too. */
TEST_F_TIMEOUT(memory, of_page_tables_is_waited_for_without_the_contexts_lock, 60)
{
	unsigned long long begin, longest = 0, first = nanoseconds();
	int fd, mem, i, status;
	pid_t child;
	__u32 word;

	fd = spu_create(0);
	ASSERT_LE(0, fd);
	mem = openat(fd, "mem", O_RDWR);
	ASSERT_LE(0, mem);
	ASSERT_EQ(0, put_text(self->group, "memory.high", "0"));
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (put_text(self->group, "cgroup.procs", "0"))
			_exit(1);
		copy_to_mappings(mem);
		_exit(0);
	}
	for (i = 0; i < 100 && !waitpid(child, &status, WNOHANG); i++) {
		begin = nanoseconds();
		EXPECT_EQ(sizeof(word), pread(mem, &word, sizeof(word), 0));
		begin = nanoseconds() - begin;
		if (longest < begin)
			longest = begin;
		usleep(100000);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* or it did not wait, and this says nothing */
	EXPECT_LT(1000 * MS, nanoseconds() - first);
	EXPECT_GT(500 * MS, longest);
	close(mem);
	close(fd);
}

/* spufs, mounted as the test likes, in a namespace of mounts of its own */
FIXTURE(mount)
{
	char root[300];
};

/* The options that /proc/self/mounts has, or "" */
static const char *options(const char *root)
{
	static char found[256];
	struct mntent *entry;
	FILE *mounts = setmntent("/proc/self/mounts", "r");

	found[0] = 0;
	while ((entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_dir, root))
			snprintf(found, sizeof(found), "%s", entry->mnt_opts);
	endmntent(mounts);
	return found;
}

/* A new mount of spufs; there is but one superblock, so it has to be gone */
static int mount_again(const char *root, const char *data)
{
	while (!umount(root))
		;
	return mount("spufs", root, "spufs", 0, data);
}

FIXTURE_SETUP(mount)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	snprintf(self->root, sizeof(self->root), "%s", spufs_root());
	if (geteuid())
		SKIP(return, "not root");
	while (!umount(self->root))
		;
	if (errno != EINVAL)
		SKIP(return, "%s: %s", self->root, strerror(errno));
}

FIXTURE_TEARDOWN(mount)
{
	mount_again(self->root, NULL);
}

static mode_t root_mode(const char *root)
{
	struct stat stat_buf;

	return stat(root, &stat_buf) ? 0 : stat_buf.st_mode;
}

/* The default is not shown: 0775 since Linux 2.6.16. */
TEST_F(mount, has_a_mode)
{
	ASSERT_EQ(0, mount_again(self->root, NULL));
	EXPECT_EQ(S_IFDIR | 0775, root_mode(self->root));
	EXPECT_FALSE(!!strstr(options(self->root), "mode"));
	ASSERT_EQ(0, mount_again(self->root, "mode=1777"));
	EXPECT_EQ(S_IFDIR | 01777, root_mode(self->root));
	EXPECT_TRUE(!!strstr(options(self->root), "mode=1777"));
}

/* The owner; by default the user who mounts it. */
TEST_F(mount, has_an_owner)
{
	struct stat st;

	ASSERT_EQ(0, mount_again(self->root, NULL));
	ASSERT_EQ(0, stat(self->root, &st));
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	EXPECT_FALSE(!!strstr(options(self->root), "id="));
	ASSERT_EQ(0, mount_again(self->root, "uid=65534,gid=65533"));
	ASSERT_EQ(0, stat(self->root, &st));
	EXPECT_EQ(NOBODY, st.st_uid);
	EXPECT_EQ(ELSE, st.st_gid);
	EXPECT_TRUE(!!strstr(options(self->root), ",uid=65534,gid=65533"));
}

/* Contexts have one more file, with the scheduler's data about them. */
TEST_F(mount, can_be_for_debugging)
{
	static const char * const data[] = { NULL, "debug" };
	int fd, i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, mount_again(self->root, data[i]));
		EXPECT_EQ(i, !!strstr(options(self->root), ",debug"));
		fd = spu_create(0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(i ? 0 : -1, faccessat(fd, ".ctx", F_OK, 0));
		close(fd);
	}
}

/* An option that it does not understand is refused. */
TEST_F(mount, refuses_bad_options)
{
	static const char * const bad[] = {
		"uid=", "uid=root", "uid=-1", "uid=4294967295", "uid=4294967296",
		"gid=", "gid=root", "gid=-1", "gid=4294967295", "gid=4294967296",
		"mode=", "mode=rwx", "mode=0888", "mode=-1",
		"max_contexts=", "max_contexts=many", "max_contexts=-1",
		"max_contexts=4294967296", "max_contexts",
		"debug=1", "colour=red", "nonsense", "mode=0700,nonsense",
	};
	char before[256];
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-1, mount("spufs", self->root, "spufs", 0, bad[i]));
		EXPECT_EQ(EINVAL, errno)
			TH_LOG("%s", bad[i]);
		EXPECT_STREQ("", options(self->root));
	}
	/* nor does a remount, and existing contexts stay */
	ASSERT_EQ(0, mount_again(self->root, "uid=65534,mode=0750,max_contexts=3"));
	snprintf(before, sizeof(before), "%s", options(self->root));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-1, mount("spufs", self->root, "spufs", MS_REMOUNT, bad[i]));
		EXPECT_EQ(EINVAL, errno)
			TH_LOG("%s", bad[i]);
		EXPECT_STREQ(before, options(self->root));
	}
}

/*
 * mount(8) repeats all options in a remount. The owner and mode are those of
 * the root directory, which chown and chmod change, as with tmpfs.
 */
TEST_F(mount, remount_changes_the_limit_alone)
{
	char before[256];
	struct stat st;

	ASSERT_EQ(0, mount_again(self->root, "uid=65534,gid=65533,mode=0750,max_contexts=3"));
	snprintf(before, sizeof(before), "%s", options(self->root));
	EXPECT_EQ(0, mount("spufs", self->root, "spufs", MS_REMOUNT, NULL));
	EXPECT_STREQ(before, options(self->root));
	EXPECT_EQ(0, mount("spufs", self->root, "spufs", MS_REMOUNT,
			   "uid=65533,gid=65534,mode=0777,debug"));
	EXPECT_STREQ(before, options(self->root));
	ASSERT_EQ(0, stat(self->root, &st));
	EXPECT_EQ(NOBODY, st.st_uid);
	EXPECT_EQ(ELSE, st.st_gid);
	EXPECT_EQ(S_IFDIR | 0750, st.st_mode);
	EXPECT_EQ(0, mount("spufs", self->root, "spufs", MS_REMOUNT,
			   "uid=65534,gid=65533,mode=0750,max_contexts=4"));
	EXPECT_TRUE(!!strstr(options(self->root),
			     ",uid=65534,gid=65533,mode=750,max_contexts=4"));
}

static int become(uid_t uid)
{
	return setresgid(uid, uid, uid) ?: setresuid(uid, uid, uid);
}

/*
 * The number of contexts that a process of @uid gets in @tries, or -1; in a new
 * user namespace if @apart. They end with the process.
 */
static int contexts_of(uid_t uid, bool apart, int tries)
{
	const struct rlimit files = { tries + 64, tries + 64 };
	int *made = shared_count(), status, ret = -1;
	pid_t child;

	if (made == MAP_FAILED)
		return -1;
	child = fork();
	if (!child) {
		if (setrlimit(RLIMIT_NOFILE, &files) || become(uid) ||
		    (apart && unshare(CLONE_NEWUSER)))
			_exit(1);
		while (*made < tries && spu_create(0) >= 0)
			++*made;
		_exit(*made < tries && errno != ENOSPC);
	}
	if (waitpid(child, &status, 0) == child && !status)
		ret = *made;
	munmap(made, sizeof(*made));
	return ret;
}

/* ENOSPC, spu_create(2): the user-specific limit has been reached */
TEST_F(mount, has_a_limit_for_a_user)
{
	int i, pipes[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, mount_again(self->root, "mode=1777,max_contexts=3"));
	EXPECT_TRUE(!!strstr(options(self->root), "max_contexts=3"));
	EXPECT_EQ(LIMIT, contexts_of(NOBODY, false, LIMIT + 1));
	/* they are gone, and can be created again */
	EXPECT_EQ(LIMIT, contexts_of(NOBODY, false, LIMIT + 1));
	/* a user who may exceed limits may exceed this one */
	EXPECT_EQ(LIMIT + 1, contexts_of(0, false, LIMIT + 1));

	/* those of one user do not count for another, wherever they are */
	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	if (!child) {
		if (become(NOBODY))
			_exit(1);
		for (i = 0; i < LIMIT; i++)
			spu_create(0);
		write(pipes[1], "", 1);
		pause();
	}
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	EXPECT_EQ(0, contexts_of(NOBODY, false, 1));
	EXPECT_EQ(LIMIT, contexts_of(ELSE, false, LIMIT + 1));
	/* a user namespace is not another user */
	EXPECT_EQ(0, contexts_of(NOBODY, true, 1));
	/* and the limit can be changed */
	ASSERT_EQ(0, mount("spufs", self->root, "spufs", MS_REMOUNT,
			   "max_contexts=5"));
	EXPECT_EQ(5 - LIMIT, contexts_of(NOBODY, false, LIMIT + 1));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_EQ(5, contexts_of(NOBODY, false, 6));
}

/* An eighth of the memory for save areas, which are larger than local store */
TEST_F_TIMEOUT(mount, has_a_limit_by_default, 300)
{
	long long memory = (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	int most = memory / 8 / LS_SIZE, made;

	ASSERT_EQ(0, mount_again(self->root, "mode=1777"));
	EXPECT_FALSE(!!strstr(options(self->root), "max_contexts"));
	made = contexts_of(NOBODY, false, most + 1);
	EXPECT_LT(0, made);
	EXPECT_GE(most, made);
}

TEST_HARNESS_MAIN
