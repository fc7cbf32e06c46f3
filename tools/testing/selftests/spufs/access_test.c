// SPDX-License-Identifier: GPL-2.0
/*
 * Permissions in spufs: each rule of the tables in
 * Documentation/filesystems/spufs/access.rst, for contexts that run by spu_run(2).
 * Children act as the users, which needs root.
 */
#include <grp.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_test.h"

#include "spu/echo.h_shipped"
#include "spu/stop.h_shipped"

#define OWNER	1000
#define MEMBER	1001	/* of the owner's group */
#define OTHER	1002
#define GROUP	2000

static void become(uid_t uid)
{
	gid_t gid = uid == OTHER ? uid : GROUP;

	if (setgroups(0, NULL) || setgid(gid) || setuid(uid))
		_exit(127);
}

/* The result of @op for user @uid: 0 or an errno, which fit an exit status */
static int as_user(uid_t uid, int (*op)(const void *arg), const void *arg)
{
	pid_t child = fork();
	int status;

	if (!child) {
		become(uid);
		_exit(op(arg));
	}
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int closed(int fd)
{
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int result(int ret)
{
	return ret < 0 ? errno : 0;
}

#define READ	0444
#define WRITE	0222
#define BOTH	0666

/* The files in spufs(7) and Documentation/filesystems/spufs/ */
static const struct {
	const char *name;
	mode_t mode;
} files[] = {
	{ "capabilities", READ },
	{ "mem", BOTH },
	{ "regs", BOTH },
	{ "mbox", READ },
	{ "ibox", READ },
	{ "wbox", WRITE },
	{ "mbox_stat", READ },
	{ "ibox_stat", READ },
	{ "wbox_stat", READ },
	{ "signal1", BOTH },
	{ "signal2", BOTH },
	{ "signal1_type", BOTH },
	{ "signal2_type", BOTH },
	{ "cntl", BOTH },
	{ "fpcr", BOTH },
	{ "lslr", READ },
	{ "mfc", BOTH },
	{ "mss", BOTH },
	{ "npc", BOTH },
	{ "srr0", BOTH },
	{ "decr", BOTH },
	{ "decr_status", BOTH },
	{ "event_mask", BOTH },
	{ "event_status", READ },
	{ "psmap", BOTH },
	{ "phys-id", BOTH },
	{ "object-id", BOTH },
	{ "mbox_info", READ },
	{ "ibox_info", READ },
	{ "wbox_info", READ },
	{ "dma_info", READ },
	{ "proxydma_info", READ },
	{ "tid", READ },
	{ "stat", READ },
	{ "switch_log", READ },
	{ "fault", READ },
	/* with the mount option debug */
	{ ".ctx", READ },
};

/* The mode of a file according to the table, or -1 */
static int file_mode(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(files[i].name, name))
			return files[i].mode;
	return -1;
}

/* A context of OWNER and GROUP, made by root */
FIXTURE(access)
{
	char *path;
	int fd;
};

FIXTURE_VARIANT(access)
{
	mode_t mode;
};

FIXTURE_VARIANT_ADD(access, 0700)
{
	.mode = 0700,
};

FIXTURE_VARIANT_ADD(access, 0711)
{
	.mode = 0711,
};

FIXTURE_VARIANT_ADD(access, 0750)
{
	.mode = 0750,
};

FIXTURE_VARIANT_ADD(access, 0755)
{
	.mode = 0755,
};

FIXTURE_VARIANT_ADD(access, 0777)
{
	.mode = 0777,
};

/* For all files of context @fd */
#define for_each_file(fd, dir, entry)						\
	for (dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY));		\
	     dir && ((entry = readdir(dir)) || closedir(dir));			\
	     entry = NULL)							\
		if (entry->d_name[0] != '.' || entry->d_name[1] == 'c')

FIXTURE_SETUP(access)
{
	struct dirent *entry;
	DIR *dir;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (geteuid())
		SKIP(return, "setuid needs root");
	umask(0);
	self->path = strdup(spu_path(NULL));
	self->fd = sys_spu_create(self->path, 0, variant->mode, -1);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, spu_load(self->fd, spu_stop));
	/* what root may */
	ASSERT_EQ(0, fchownat(self->fd, "", OWNER, GROUP, AT_EMPTY_PATH));
	for_each_file(self->fd, dir, entry)
		ASSERT_EQ(0, fchownat(self->fd, entry->d_name, OWNER, GROUP, 0));
}

FIXTURE_TEARDOWN(access)
{
	close(self->fd);
	free(self->path);
}

struct open_args {
	char path[PATH_MAX];
	int flags;
};

static int op_open(const void *arg)
{
	const struct open_args *args = arg;

	return closed(open(args->path, args->flags));
}

/* The bits of a mode that are for @uid */
static int bits(mode_t mode, uid_t uid)
{
	return mode >> (uid == OWNER ? 6 : uid == MEMBER ? 3 : 0) & 7;
}

/* The mode of a context is that of its files, as far as they can be read or written. */
TEST_F(access, mode_governs_opening_each_file)
{
	static const uid_t users[] = { OWNER, MEMBER, OTHER };
	static const struct {
		int flags, bits;
	} ways[] = {
		{ O_RDONLY, 4 }, { O_WRONLY, 2 }, { O_RDWR, 6 },
	};
	struct open_args args;
	struct dirent *entry;
	int mode, u, w, granted, count = 0;
	struct stat st;
	DIR *dir;

	for_each_file(self->fd, dir, entry) {
		mode = file_mode(entry->d_name);
		ASSERT_NE(-1, mode) {
			TH_LOG("%s: nobody has written down who may use it",
			       entry->d_name);
		}
		mode &= variant->mode;
		snprintf(args.path, sizeof(args.path), "%s/%s", self->path,
			 entry->d_name);
		ASSERT_EQ(0, stat(args.path, &st));
		EXPECT_EQ(S_IFREG | mode, st.st_mode) {
			TH_LOG("%s: 0%o", entry->d_name, st.st_mode);
		}
		for (u = 0; u < ARRAY_SIZE(users); u++) {
			granted = bits(variant->mode, users[u]) & 1 ?
				  bits(mode, users[u]) : 0;
			for (w = 0; w < ARRAY_SIZE(ways); w++) {
				int error = ways[w].bits & ~granted ? EACCES : 0;

				/* it is about the creator's memory */
				if (!error && !strcmp(entry->d_name, "mfc"))
					error = EINVAL;
				args.flags = ways[w].flags;
				EXPECT_EQ(error, as_user(users[u], op_open, &args)) {
					TH_LOG("%s, flags %x, uid %u",
					       entry->d_name, args.flags,
					       users[u]);
				}
			}
		}
		count++;
	}
	/* that the loop was one */
	EXPECT_LT(30, count);
}

TEST_F(access, mode_governs_listing_the_directory)
{
	static const uid_t users[] = { OWNER, MEMBER, OTHER };
	struct open_args args = { .flags = O_RDONLY | O_DIRECTORY };
	int u;

	snprintf(args.path, sizeof(args.path), "%s", self->path);
	for (u = 0; u < ARRAY_SIZE(users); u++)
		EXPECT_EQ(bits(variant->mode, users[u]) & 4 ? 0 : EACCES,
			  as_user(users[u], op_open, &args));
}

/* Attributes are changed through a descriptor: no mode prevents it. */
struct attr_args {
	int fd;		/* O_PATH */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

static const char *fd_path(int fd)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static int op_chmod(const void *arg)
{
	const struct attr_args *args = arg;

	return result(chmod(fd_path(args->fd), args->mode));
}

static int op_chown(const void *arg)
{
	const struct attr_args *args = arg;

	return result(chown(fd_path(args->fd), args->uid, args->gid));
}

static int op_utime(const void *arg)
{
	const struct attr_args *args = arg;
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	return result(utimensat(AT_FDCWD, fd_path(args->fd), times, 0));
}

/* chmod(2), chown(2), utimensat(2), as in any filesystem */
TEST_F(access, attributes_are_the_owners)
{
	struct attr_args args = { .mode = 0666, .gid = -1 };
	struct dirent *entry;
	struct stat was, is;
	DIR *dir;

	for_each_file(self->fd, dir, entry) {
		args.fd = openat(self->fd, entry->d_name, O_PATH);
		ASSERT_LE(0, args.fd);
		ASSERT_EQ(0, fstat(args.fd, &was));

		args.uid = OTHER;
		EXPECT_EQ(EPERM, as_user(OTHER, op_chmod, &args)) {
			TH_LOG("chmod %s", entry->d_name);
		}
		EXPECT_EQ(EPERM, as_user(OTHER, op_chown, &args)) {
			TH_LOG("chown %s", entry->d_name);
		}
		EXPECT_EQ(EPERM, as_user(MEMBER, op_chmod, &args));
		EXPECT_EQ(EPERM, as_user(OTHER, op_utime, &args));
		/* nor may the owner give it away */
		EXPECT_EQ(EPERM, as_user(OWNER, op_chown, &args));
		args.uid = -1;
		args.gid = OTHER;
		EXPECT_EQ(EPERM, as_user(OWNER, op_chown, &args));
		ASSERT_EQ(0, fstat(args.fd, &is));
		EXPECT_EQ(was.st_mode, is.st_mode);
		EXPECT_EQ(was.st_uid, is.st_uid);
		EXPECT_EQ(was.st_gid, is.st_gid);
		EXPECT_EQ(was.st_mtim.tv_sec, is.st_mtim.tv_sec);

		args.gid = GROUP;
		EXPECT_EQ(0, as_user(OWNER, op_chown, &args));
		EXPECT_EQ(0, as_user(OWNER, op_chmod, &args));
		ASSERT_EQ(0, fstat(args.fd, &is));
		EXPECT_EQ(S_IFREG | args.mode, is.st_mode);
		close(args.fd);
	}
}

/* The size of a file cannot be changed. */
TEST_F(access, sizes_cannot_be_changed)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/mem", self->path);
	EXPECT_ERROR(EINVAL, truncate(path, 0));
	EXPECT_ERROR(EINVAL, truncate(path, LS_SIZE + 1));
	EXPECT_EQ(0, truncate(path, LS_SIZE));
}

/* spu_create(2) makes a directory's entries; they go with its descriptor. */
TEST_F(access, names_cannot_be_changed)
{
	char file[PATH_MAX], new[PATH_MAX];

	snprintf(file, sizeof(file), "%s/mem", self->path);
	snprintf(new, sizeof(new), "%s/new", self->path);
	EXPECT_ERROR(EPERM, unlink(file));
	EXPECT_ERROR(EPERM, rename(file, new));
	EXPECT_ERROR(EPERM, link(file, new));
	EXPECT_ERROR(EPERM, symlink(file, new));
	EXPECT_ERROR(EPERM, mkdir(new, 0700));
	EXPECT_ERROR(EACCES, open(new, O_RDWR | O_CREAT, 0600));
	EXPECT_ERROR(EPERM, rmdir(self->path));
	snprintf(new, sizeof(new), "%s-new", self->path);
	EXPECT_ERROR(EPERM, rename(self->path, new));
	EXPECT_ERROR(EPERM, mkdir(new, 0700));
	/* spu_create(2) makes contexts in the root and in gangs */
	snprintf(new, sizeof(new), "%s/new", self->path);
	EXPECT_ERROR(EINVAL, sys_spu_create(new, 0, 0700, -1));
}

static int op_read_mem(const void *arg)
{
	__u32 word;

	return pread(*(const int *)arg, &word, sizeof(word), 0) == sizeof(word) ?
		0 : errno;
}

static int op_reopen(const void *arg)
{
	return closed(open(fd_path(*(const int *)arg), O_RDWR));
}

static int op_run(const void *arg)
{
	__u32 npc = SPU_STOP_STOP_1337, event;
	int ret = sys_spu_run(*(const int *)arg, &npc, &event);

	if (ret < 0)
		return errno;
	return ret == SPU_STATUS_STOP(0x1337) ? 0 : 126;
}

/*
 * Any user with a descriptor may use it in the mode in which it was opened. It
 * is inherited here, and could come by SCM_RIGHTS just as well.
 */
TEST_F(access, descriptor_is_the_permission)
{
	int mem = openat(self->fd, "mem", O_RDWR);
	int path = openat(self->fd, "mem", O_PATH);
	int dir = openat(self->fd, ".", O_RDONLY);
	int others = bits(variant->mode, OTHER);

	ASSERT_LE(0, mem);
	ASSERT_LE(0, path);
	ASSERT_LE(0, dir);
	EXPECT_EQ(0, as_user(OTHER, op_read_mem, &mem));
	/* reopening it checks again: the file, not its path */
	EXPECT_EQ(others & 2 ? 0 : EACCES, as_user(OTHER, op_reopen, &mem));
	EXPECT_EQ(EBADF, as_user(OTHER, op_read_mem, &path));
	EXPECT_EQ(others & 2 ? 0 : EACCES, as_user(OTHER, op_reopen, &path));
	/* likewise spu_run(2), which accepts only spu_create's descriptor */
	EXPECT_EQ(0, as_user(OTHER, op_run, &self->fd));
	EXPECT_EQ(EINVAL, as_user(OWNER, op_run, &dir));
	close(dir);
	close(path);
	close(mem);
}

static int send_fd(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec iov = { "", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(to, &msg, 0) == 1 ? 0 : -1;
}

static int receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(from, &msg, 0) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static int op_run_received(const void *arg)
{
	const int fd = receive_fd(*(const int *)arg);

	return op_run(&fd);
}

TEST_F(access, descriptor_can_be_sent)
{
	int sockets[2], status;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(sockets[0]);
		close(self->fd);
		become(OTHER);
		_exit(op_run_received(&sockets[1]));
	}
	close(sockets[1]);
	EXPECT_EQ(0, send_fd(sockets[0], self->fd));
	close(sockets[0]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

/* A mapping is for reading and writing, as its descriptor must be. */
TEST_F(access, descriptor_for_reading_maps_nothing)
{
	static const char *const names[] = {
		"mem", "signal1", "psmap",
		/* only where pages are no larger than these */
		"signal2", "cntl", "mss",
	};
	static const struct {
		int prot, flags, error;
	} ways[] = {
		{ PROT_READ | PROT_WRITE, MAP_SHARED, EACCES },
		{ PROT_READ, MAP_SHARED, EINVAL },
		{ PROT_READ, MAP_PRIVATE, EINVAL },
	};
	long page = sysconf(_SC_PAGESIZE);
	int count = page == 4096 ? ARRAY_SIZE(names) : 3, i, w, fd;
	void *map;

	for (i = 0; i < count; i++) {
		fd = openat(self->fd, names[i], O_RDONLY);
		ASSERT_LE(0, fd);
		for (w = 0; w < ARRAY_SIZE(ways); w++) {
			map = mmap(NULL, page, ways[w].prot, ways[w].flags, fd, 0);
			EXPECT_TRUE(map == MAP_FAILED && errno == ways[w].error) {
				TH_LOG("%s, %d: %s", names[i], w, strerror(errno));
			}
		}
		close(fd);

		fd = openat(self->fd, names[i], O_RDWR);
		ASSERT_LE(0, fd);
		map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		EXPECT_TRUE(map != MAP_FAILED);
		munmap(map, page);
		close(fd);
	}
}

/* A command for the MFC is about the creator's memory. */
TEST_F(access, mfc_is_for_the_owner_of_the_memory)
{
	struct open_args args = { .flags = O_RDWR };
	int fd = openat(self->fd, "mfc", O_RDWR);

	EXPECT_LE(0, fd);
	close(fd);
	snprintf(args.path, sizeof(args.path), "%s/mfc", self->path);
	EXPECT_EQ(EINVAL, as_user(OWNER, op_open, &args));
}

/* CBEA, "MFC Proxy Command": the registers' places in a context's psmap */
#define PROXY			0x3000
#define MFC_LSA			(0x3004 - PROXY)
#define MFC_EAH			(0x3008 - PROXY)
#define MFC_EAL			(0x300c - PROXY)
#define MFC_SIZE_TAG		(0x3010 - PROXY)
#define MFC_CLASS_CMD		(0x3014 - PROXY)

static char secret[128] __attribute__((aligned(128))) = "the creator's";

static int op_proxy_dma(const void *arg)
{
	const struct open_args *args = arg;
	const long page = sysconf(_SC_PAGESIZE);
	int fd = open(args->path, O_RDWR);
	char *map, *regs;

	if (fd < 0)
		return errno;
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   PROXY & -page);
	if (map == MAP_FAILED)
		return errno;
	regs = map + (PROXY & (page - 1));
#define put(reg, value)	(*(volatile __u32 *)(regs + (reg)) = (value))
	put(MFC_LSA, 0x8000);
	put(MFC_EAH, spu_eah(secret));
	put(MFC_EAL, spu_eal(secret));
	put(MFC_SIZE_TAG, sizeof(secret) << 16 | 1);
	put(MFC_CLASS_CMD, MFC_GET);
	/* a read of the last one queues the command, and returns its result */
	return *(volatile __u32 *)(regs + MFC_CLASS_CMD) & 3;
}

struct echo {
	int fd, ret;
	pid_t tid;
};

static void *run_echo(void *arg)
{
	struct echo *echo = arg;
	__u32 npc = 0, event;

	echo->tid = syscall(SYS_gettid);
	echo->ret = sys_spu_run(echo->fd, &npc, &event);
	return NULL;
}

/* A user who may open psmap of a running context has the creator's memory. */
TEST_F(access, psmap_is_the_creators_memory)
{
	struct echo echo = { .fd = self->fd };
	struct open_args args;
	char got[sizeof(secret)];
	pthread_t thread;
	int want = (variant->mode & 3) == 3 ? 0 : EACCES;

	ASSERT_EQ(0, spu_load(self->fd, spu_echo));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_echo, &echo));
	ASSERT_TRUE(wait_until(thread_sleeps(echo.tid) &&
			       loaded_on(self->fd) >= 0));
	snprintf(args.path, sizeof(args.path), "%s/psmap", self->path);
	EXPECT_EQ(want, as_user(OTHER, op_proxy_dma, &args));
	if (!want)
		EXPECT_TRUE(wait_until(!spu_peek(self->fd, 0x8000, got,
						 sizeof(got)) &&
				       !memcmp(got, secret, sizeof(got))));
	ASSERT_EQ(0, spu_tell(self->fd, 1));
	pthread_join(thread, NULL);
}

/* Where contexts are created */

FIXTURE(create)
{
	mode_t umask;
};

FIXTURE_SETUP(create)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (geteuid())
		SKIP(return, "setuid needs root");
	self->umask = umask(0);
}

FIXTURE_TEARDOWN(create)
{
	umask(self->umask);
}

struct create_args {
	const char *path;
	unsigned int flags;
};

static int op_create(const void *arg)
{
	const struct create_args *args = arg;

	return closed(sys_spu_create(args->path, args->flags, 0700, -1));
}

/* As for mkdir(2): permission to write to the directory and to search it. */
TEST_F(create, in_a_gang_needs_permission_to_write_there)
{
	static const uid_t users[] = { OWNER, MEMBER, OTHER };
	static const mode_t modes[] = {
		0700, 0500, 0600, 0300, 0730, 0733, 0755, 0766, 0777,
	};
	struct create_args args = {}, by_fd = {};
	const char *gang;
	char path[64];
	int m, u, fd;
	bool may;

	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		gang = strdup(spu_path(NULL));
		fd = sys_spu_create(gang, SPU_CREATE_GANG, modes[m], -1);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, chown(gang, OWNER, GROUP));
		args.path = strdup(spu_path(gang));
		for (u = 0; u < ARRAY_SIZE(users); u++) {
			may = (bits(modes[m], users[u]) & 3) == 3;
			EXPECT_EQ(may ? 0 : EACCES,
				  as_user(users[u], op_create, &args)) {
				TH_LOG("gang 0%o, uid %u", modes[m], users[u]);
			}
			/* nor does its descriptor help */
			snprintf(path, sizeof(path), "/proc/self/fd/%d/new", fd);
			by_fd.path = path;
			EXPECT_EQ(may ? 0 : EACCES,
				  as_user(users[u], op_create, &by_fd));
		}
		close(fd);
	}
}

TEST_F(create, in_the_root_needs_permission_to_search_it)
{
	struct create_args args = { .path = strdup(spu_path(NULL)) };
	struct stat st;

	ASSERT_EQ(0, stat(spufs_root(), &st));
	if (!(st.st_mode & 1))
		SKIP(return, "%s has mode 0%o", spufs_root(), st.st_mode & 0777);
	EXPECT_EQ(0, as_user(OTHER, op_create, &args));
	args.flags = SPU_CREATE_GANG;
	EXPECT_EQ(0, as_user(OTHER, op_create, &args));
	/* CAP_SYS_NICE */
	args.flags = SPU_CREATE_NOSCHED;
	EXPECT_EQ(EPERM, as_user(OTHER, op_create, &args));
}

/* Mounts */

FIXTURE(mounts)
{
	char dir[32];
	int gang;
	char *gang_path;
};

FIXTURE_SETUP(mounts)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (geteuid())
		SKIP(return, "mount needs root");
	strcpy(self->dir, "/tmp/spufs-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->dir));
	self->gang_path = strdup(spu_path(NULL));
	self->gang = sys_spu_create(self->gang_path, SPU_CREATE_GANG, 0700, -1);
	ASSERT_LE(0, self->gang);
}

FIXTURE_TEARDOWN(mounts)
{
	close(self->gang);
	free(self->gang_path);
	umount2(self->dir, MNT_DETACH);
	rmdir(self->dir);
}

/* The name of the entry at @path in the root, below @dir */
static const char *below(const char *dir, const char *path)
{
	static char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s%s", dir, path + strlen(spufs_root()));
	return name;
}

/* Even root creates and changes nothing through a read-only mount. */
TEST_F(mounts, read_only_is_for_looking)
{
	char *context = strdup(spu_path(NULL));
	int fd = sys_spu_create(context, 0, 0700, -1), file;
	char name[PATH_MAX + 8];
	__u32 word;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mount(spufs_root(), self->dir, NULL, MS_BIND, NULL));
	ASSERT_EQ(0, mount(NULL, self->dir, NULL,
			   MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));

	EXPECT_ERROR(EROFS, sys_spu_create(below(self->dir, spu_path(NULL)), 0,
					   0700, -1));
	EXPECT_ERROR(EROFS, sys_spu_create(below(self->dir, spu_path(NULL)),
					   SPU_CREATE_GANG, 0700, -1));
	EXPECT_ERROR(EROFS, sys_spu_create(below(self->dir,
						 spu_path(self->gang_path)),
					   0, 0700, -1));
	snprintf(name, sizeof(name), "%s/mem", below(self->dir, context));
	EXPECT_ERROR(EROFS, open(name, O_RDWR));
	EXPECT_ERROR(EROFS, chmod(name, 0666));
	file = open(name, O_RDONLY);
	EXPECT_LE(0, file);
	EXPECT_EQ(sizeof(word), pread(file, &word, sizeof(word), 0));
	close(file);
	/* the same by another way */
	snprintf(name, sizeof(name), "%s/mem", context);
	file = open(name, O_RDWR);
	EXPECT_LE(0, file);
	close(file);
	close(fd);
	free(context);
}

/* There is one spufs, with the options of its first mount. */
TEST_F(mounts, second_one_shows_the_same)
{
	struct stat first, second;

	ASSERT_EQ(0, stat(spufs_root(), &first));
	ASSERT_EQ(0, mount("spufs", self->dir, "spufs", 0,
			   "uid=1000,gid=1000,mode=0777"));
	ASSERT_EQ(0, stat(self->dir, &second));
	EXPECT_EQ(first.st_dev, second.st_dev);
	EXPECT_EQ(first.st_ino, second.st_ino);
	EXPECT_EQ(first.st_mode, second.st_mode);
	EXPECT_EQ(first.st_uid, second.st_uid);
	EXPECT_EQ(0, access(below(self->dir, self->gang_path), F_OK));
}

/* Whether something is mounted at a name with @part */
static bool is_mounted(const char *part)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "r");
	bool found = false;
	char line[2048];

	while (fgets(line, sizeof(line), mounts))
		found |= !!strstr(line, part);
	fclose(mounts);
	return found;
}

/* What is mounted in a context goes with it, as with what is removed by rmdir(2). */
TEST_F(mounts, in_a_context_go_with_it)
{
	char *context = strdup(spu_path(NULL)), mem[PATH_MAX];
	int fd, i;

	for (i = 0; i < 2; i++) {
		fd = sys_spu_create(context, 0, 0700, -1);
		ASSERT_LE(0, fd);
		snprintf(mem, sizeof(mem), "%s%s", context, i ? "" : "/mem");
		ASSERT_EQ(0, mount(i ? self->dir : "/dev/null", mem, NULL,
				   MS_BIND, NULL));
		EXPECT_TRUE(is_mounted(context));
		close(fd);
		EXPECT_FALSE(is_mounted(context));
	}
	free(context);
}

/* User namespaces */

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret = write(fd, text, strlen(text));

	close(fd);
	return ret == (int)strlen(text) ? 0 : -1;
}

#define NO_NAMESPACE	125
#define UNREADY		124

/* Become root in a new namespace; 0, or the result for as_user() */
static int enter_namespace(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %d 1", geteuid());
	/* or /proc/self is not for a process that has been root */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return NO_NAMESPACE;
	return write_text("/proc/self/uid_map", map) || geteuid() ? UNREADY : 0;
}

struct namespace_args {
	char file[PATH_MAX];
	struct create_args create;
};

static int op_namespace_open(const void *arg)
{
	const struct namespace_args *args = arg;

	return enter_namespace() ?: closed(open(args->file, O_RDONLY));
}

static int op_namespace_chmod(const void *arg)
{
	const struct namespace_args *args = arg;

	return enter_namespace() ?: result(chmod(args->file, 0666));
}

static int op_namespace_create(const void *arg)
{
	const struct namespace_args *args = arg;

	return enter_namespace() ?: op_create(&args->create);
}

static int op_namespace_mount(const void *arg)
{
	return enter_namespace() ?:
		result(mount("spufs", "/tmp", "spufs", 0, NULL));
}

/* To spufs, root of its own user namespace is the same user as before. */
TEST_F(access, root_of_a_namespace_has_no_privilege)
{
	struct namespace_args args = { .create.path = strdup(spu_path(NULL)) };
	int ret;

	snprintf(args.file, sizeof(args.file), "%s/mem", self->path);
	ret = as_user(OTHER, op_namespace_open, &args);
	if (ret == NO_NAMESPACE)
		SKIP(return, "no user namespaces for ordinary users");
	EXPECT_EQ((variant->mode & 5) == 5 ? 0 : EACCES, ret);
	EXPECT_EQ(variant->mode & 1 ? EPERM : EACCES,
		  as_user(OTHER, op_namespace_chmod, &args));
	EXPECT_EQ(0, as_user(OWNER, op_namespace_chmod, &args));
	EXPECT_EQ(EPERM, as_user(OTHER, op_namespace_mount, &args));
	args.create.flags = SPU_CREATE_NOSCHED;
	EXPECT_EQ(EPERM, as_user(OTHER, op_namespace_create, &args));
	args.create.flags = 0;
	EXPECT_EQ(0, as_user(OTHER, op_namespace_create, &args));
}

/* Security modules: the one that every user can use */

#define NO_LANDLOCK	125

static int op_landlocked_create(const void *arg)
{
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_DIR,
	};
	int ruleset = syscall(__NR_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (ruleset < 0)
		return NO_LANDLOCK;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(__NR_landlock_restrict_self, ruleset, 0))
		return UNREADY;
	return op_create(arg);
}

TEST_F(create, is_mkdir_to_landlock)
{
	struct create_args args = { .path = strdup(spu_path(NULL)) };
	int ret = as_user(OTHER, op_landlocked_create, &args);

	if (ret == NO_LANDLOCK)
		SKIP(return, "kernel without CONFIG_SECURITY_LANDLOCK");
	EXPECT_EQ(EACCES, ret);
	args.flags = SPU_CREATE_GANG;
	EXPECT_EQ(EACCES, as_user(OTHER, op_landlocked_create, &args));
	EXPECT_EQ(0, as_user(OTHER, op_create, &args));
}

TEST_HARNESS_MAIN
