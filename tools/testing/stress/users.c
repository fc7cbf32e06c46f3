// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile ordinary users: each repeats actions that might hurt others, and checks
 * whether they did. Meanwhile the processes of spufs-stress.c, of other users, go
 * on as usual.
 *
 *  prowl	changes modes and owners of others' files, takes their events,
 *		and creates contexts in their gangs
 *  leave	starts an SPU and exits, calls exec or is killed, while another
 *		process has the event file: the run must have ended then
 *  hang	makes SPUs touch memory that userfaultfd never gives them, and is
 *		killed
 *  stall	the same with a file of a FUSE that never answers
 *  devour	makes SPUs take more memory than its cgroup may have
 *
 * borders.c has more of them.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <grp.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "async_test.h"
#include "users.h"

#include "copy.h_shipped"
#include "spin.h_shipped"

#define CONTEXTS	4
#define PATIENCE	60000	/* ms, for what happens at once */
#define HANG_SIZE	(1 << 20)
#define GROUP_LIMIT	"8M"
#define DEVOUR_SIZE	(64 << 20)
#define FUSE_DIR	"/tmp/spufs-fuse"
#define GROUPS_DIR	"/tmp/spufs-cgroup"
#define GROUP		GROUPS_DIR "/devour"

static const char *name;
static unsigned int state;
static pid_t fuse_server;
static uid_t uid;

unsigned int user_draw(unsigned int n)
{
	return (state = xorshift32(state, 1)) % n;
}

void user_fail(const char *what)
{
	printf("# a user who is to %s: %s (%s)\n", name, what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

void user_become(void)
{
	if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
		user_fail("cannot become another user");
	/* or else the kernel takes its processes for root's, which nobody may look into */
	if (prctl(PR_SET_DUMPABLE, 1))
		user_fail("cannot be looked into");
}

/* An asynchronous context whose SPU touches the pages of @memory one by one */
static int create_toucher(struct async *ctx, char *memory, size_t size)
{
	long page = sysconf(_SC_PAGESIZE);
	struct copy_args args = {
		.size = 128, .chunks = size / page, .stride = page,
		.src_hi = spu_eah(memory), .src_lo = spu_eal(memory),
		.dst_hi = spu_eah(memory), .dst_lo = spu_eal(memory),
	};

	/* There may be too many contexts, or too little memory. */
	if (async_create(ctx, 0))
		return -1;
	return spu_load(ctx->fd, spu_copy) ?:
		spu_poke(ctx->fd, SPU_COPY_ARGS, &args, sizeof(args)) ?:
		async_start(ctx, 0);
}

/* Kill a child of this user's: it must go, whatever it waits for. */
void user_kill_soon(pid_t child)
{
	int status, tries = 0;

	usleep(user_draw(200000));
	kill(child, SIGKILL);
	while (!wait_until(waitpid(child, &status, WNOHANG) == child))
		if (++tries == 3)
			user_fail("has a process that cannot be killed");
	/* It has said why, by user_fail(). */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		user_fail("has a child that has failed");
}

static void prowl_file(const char *dir, const char *file)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	if (!chmod(path, 0666))
		user_fail("changed the mode of another's file");
	if (!chown(path, getuid(), -1))
		user_fail("owns another's file");
	fd = open(path, (user_draw(2) ? O_RDWR : O_WRONLY) | O_NONBLOCK);
	if (fd >= 0)
		user_fail("can write to another's file");
	fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd >= 0 && !strcmp(file, "event"))
		user_fail("can take another's events");
	close(fd);
}

static void prowl(void)
{
	static const char * const files[] = {
		"event", "mem", "regs", "cntl", "npc", "signal1", "mfc", "fault",
	};
	struct dirent *entry;
	char path[300];
	DIR *dir = opendir(spufs_root());
	unsigned int i;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", spufs_root(), entry->d_name);
		for (i = 0; i < sizeof(files) / sizeof(*files); i++)
			prowl_file(path, files[i]);
		if (sys_spu_create(spu_path(path), SPU_CREATE_ASYNC, 0700, -1) >= 0)
			user_fail("has a context in another's gang");
	}
	if (dir)
		closedir(dir);
	usleep(user_draw(20000));
}

/* The owner of a context, whose event file its parent takes */
static void be_owner(int socket)
{
	struct async ctx;
	char c;

	if (async_create(&ctx, 0) || spu_load(ctx.fd, spu_spin) || async_start(&ctx, 0))
		_exit(2);
	if (write(socket, &ctx.event, sizeof(ctx.event)) != sizeof(ctx.event) ||
	    read(socket, &c, 1) != 1)
		_exit(3);
	switch (user_draw(4)) {
	case 0:
		_exit(0);
	case 1:
		abort();
	case 2:
		execl("/proc/self/exe", "spufs-stress", "-x", NULL);
		_exit(4);
	}
	for (;;)
		pause();
}

pid_t user_child(void (*be)(int socket), int *socket)
{
	int sockets[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		user_fail("has no socket");
	child = fork();
	if (!child) {
		close(sockets[0]);
		be(sockets[1]);
	}
	close(sockets[1]);
	*socket = sockets[0];
	return child;
}

static void leave(void)
{
	struct spu_event event;
	struct pollfd poll_fd;
	int socket, fd, status, stops = 0;
	pid_t child;

	user_draw(4);
	child = user_child(be_owner, &socket);
	if (read(socket, &fd, sizeof(fd)) != sizeof(fd)) {
		/* no memory for it, or the OOM killer came */
		close(socket);
		waitpid(child, &status, 0);
		return;
	}
	fd = take_fd(child, fd);
	if (fd < 0 && errno == EPERM)
		user_fail("cannot take a descriptor of a process of its own");
	/* It may be dead by now, if memory has run out. */
	send(socket, "", 1, MSG_NOSIGNAL);
	usleep(user_draw(5000));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(socket);
	if (fd < 0)
		return;
	poll_fd = (struct pollfd) { .fd = fd, .events = 0 };
	if (poll(&poll_fd, 1, PATIENCE) != 1 || !(poll_fd.revents & POLLHUP))
		user_fail("has a run that goes on without its owner");
	while (read(fd, &event, sizeof(event)) == sizeof(event))
		stops += event.event == SPU_EVENT_STOP;
	if (stops != 1)
		user_fail("has no STOP of a run whose owner is gone");
	close(fd);
}

static void be_hung(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { };
	struct async ctx[CONTEXTS];
	int i, uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	char *memory = mmap(NULL, HANG_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	reg.range.start = (unsigned long)memory;
	reg.range.len = HANG_SIZE;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		_exit(2);
	for (i = 0; i < CONTEXTS; i++)
		create_toucher(&ctx[i], memory, HANG_SIZE);
	for (i = 0; i < 8; i++) {
		usleep(user_draw(10000));
		zero.range.start = reg.range.start + user_draw(16) * sysconf(_SC_PAGESIZE);
		zero.range.len = sysconf(_SC_PAGESIZE);
		ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
	}
	if (!user_draw(4))
		close(uffd);
	for (;;)
		pause();
}

static void hang(void)
{
	pid_t child;

	user_draw(4);
	child = fork();
	if (!child)
		be_hung();
	user_kill_soon(child);
}

/* Answer requests that open and map a file, and never a read of it */
static void serve_fuse(int fd)
{
	static char buffer[1 << 18];
	struct fuse_in_header *in = (void *)buffer;
	struct {
		struct fuse_out_header header;
		union {
			struct fuse_init_out init;
			struct fuse_entry_out entry;
			struct fuse_attr_out attr;
			struct fuse_open_out open;
		};
	} out;
	size_t len;

	for (;;) {
		if (read(fd, buffer, sizeof(buffer)) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			_exit(0);
		}
		memset(&out, 0, sizeof(out));
		out.header.unique = in->unique;
		len = 0;
		switch (in->opcode) {
		case FUSE_INIT:
			out.init.major = FUSE_KERNEL_VERSION;
			out.init.minor = FUSE_KERNEL_MINOR_VERSION;
			out.init.max_write = 4096;
			len = sizeof(out.init);
			break;
		case FUSE_LOOKUP:
			out.entry.nodeid = 2;
			out.entry.attr.ino = 2;
			out.entry.attr.mode = S_IFREG | 0666;
			out.entry.attr.nlink = 1;
			out.entry.attr.size = HANG_SIZE;
			len = sizeof(out.entry);
			break;
		case FUSE_GETATTR:
			out.attr.attr.ino = in->nodeid;
			out.attr.attr.nlink = 1;
			out.attr.attr.mode = in->nodeid == 1 ? S_IFDIR | 0777 : S_IFREG | 0666;
			out.attr.attr.size = HANG_SIZE;
			len = sizeof(out.attr);
			break;
		case FUSE_OPEN:
			len = sizeof(out.open);
			break;
		case FUSE_READ:
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			continue;
		default:
			out.header.error = -ENOSYS;
		}
		out.header.len = sizeof(out.header) + len;
		if (write(fd, &out, out.header.len) < 0)
			_exit(0);
	}
}

/*
 * Its page faults hang until the server ends, see users_clean(); nobody else's may
 * hang.
 */
static void stall(void)
{
	struct async ctx;
	char *memory;
	int fd = open(FUSE_DIR "/file", O_RDONLY);

	if (fd < 0)
		user_fail("cannot open the file of the FUSE");
	memory = mmap(NULL, HANG_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	while (memory != MAP_FAILED && !create_toucher(&ctx, memory, HANG_SIZE) &&
	       user_draw(CONTEXTS))
		;
	for (;;)
		pause();
}

/*
 * It should be killed. An error is right as well, where memory runs out for all. But
 * no run may come to its end: its pages are twice what it may have.
 */
static void be_greedy(void)
{
	struct async ctx[CONTEXTS];
	struct pollfd poll_fds[CONTEXTS];
	struct spu_event event;
	int i;
	char *memory = mmap(NULL, DEVOUR_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	for (i = 0; i < CONTEXTS; i++) {
		if (create_toucher(&ctx[i], memory + i * (DEVOUR_SIZE / CONTEXTS),
				   DEVOUR_SIZE / CONTEXTS))
			_exit(2);
		poll_fds[i] = (struct pollfd) { .fd = ctx[i].event, .events = POLLIN };
	}
	poll(poll_fds, CONTEXTS, -1);
	for (i = 0; i < CONTEXTS; i++)
		if (poll_fds[i].revents & POLLIN &&
		    read(ctx[i].event, &event, sizeof(event)) == sizeof(event) &&
		    event.event == SPU_EVENT_STOP)
			_exit(1);
	_exit(2);
}

/* How many pages a process got so far; see proc(5) */
static unsigned long faults_of(pid_t pid)
{
	char path[32], text[512], *after;
	unsigned long faults = 0;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = 0;
	after = strrchr(text, ')');
	if (after)
		sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %lu", &faults);
	return faults;
}

/* However slow the machine is: a child that still gets pages is not stuck. */
static void devour(void)
{
	unsigned long faults = 0, before;
	pid_t child = fork();
	int status;

	if (!child)
		be_greedy();
	while (!wait_until(waitpid(child, &status, WNOHANG) == child)) {
		before = faults;
		faults = faults_of(child);
		if (faults == before)
			user_fail("has a child that cannot have memory, and is not killed");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		user_fail("took more memory than its cgroup may have");
}

static const struct {
	const char *name;
	void (*act)(void);
} users[USERS] = {
	{ "prowl", prowl },
	{ "leave", leave },
	{ "hang", hang },
	{ "stall", stall },
	{ "devour", devour },
	{ "trace", user_trace },
	{ "mount", user_mount },
	{ "submit", user_submit },
};

bool users_endless(int number)
{
	return users[number].act == stall;
}

void users_run(int number, unsigned int seed, unsigned int seconds)
{
	unsigned int rounds = 0;
	struct timespec t;
	time_t end;

	name = users[number].name;
	state = (seed << 8 | number) * 2654435761U | 1;
	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + seconds;
	if (users[number].act == devour && put_text(GROUP, "cgroup.procs", "0"))
		user_fail("is in no cgroup");
	uid = USERS_UID + number;
	if (users[number].act != user_mount)
		user_become();
	if (users_endless(number))
		stall();
	do {
		users[number].act();
		rounds++;
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while (t.tv_sec < end);
	printf("# a user who is to %s: %u rounds\n", name, rounds);
	fflush(stdout);
	_exit(0);
}

const char *users_prepare(void)
{
	char options[100];
	int fd;

	if (getuid())
		return "not root";
	if (chmod(spufs_root(), 01777))
		return "spufs is not mounted";
	/* lets an ordinary user handle page faults of the kernel */
	put_text("/proc/sys/vm", "unprivileged_userfaultfd", "1");

	mkdir(GROUPS_DIR, 0755);
	if (mount("none", GROUPS_DIR, "cgroup2", 0, NULL))
		return "kernel without cgroup2";
	put_text(GROUPS_DIR, "cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	if (put_text(GROUP, "memory.max", GROUP_LIMIT))
		return "kernel without memory cgroups";

	mkdir(FUSE_DIR, 0755);
	fd = open("/dev/fuse", O_RDWR);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40777,user_id=0,group_id=0,allow_other",
		 fd);
	if (fd < 0 || mount("none", FUSE_DIR, "fuse", 0, options))
		return "kernel without FUSE";
	fuse_server = fork();
	if (!fuse_server)
		serve_fuse(fd);
	close(fd);
	return NULL;
}

void users_clean(void)
{
	kill(fuse_server, SIGKILL);
	waitpid(fuse_server, NULL, 0);
	umount2(FUSE_DIR, MNT_DETACH);
	rmdir(GROUP);
	umount2(GROUPS_DIR, MNT_DETACH);
	put_text("/proc/sys/vm", "unprivileged_userfaultfd", "0");
}
