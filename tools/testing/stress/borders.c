// SPDX-License-Identifier: GPL-2.0
/*
 * Users whose contexts are used from outside their process: through a debugger,
 * another mount or a ring of io_uring.
 *
 *  trace	debugs a process that has contexts: its mapping of local store, its
 *		threads, and spu_run() step by step; then one of the two dies
 *  mount	has spufs in a namespace of its own at other places, read-only and
 *		not, and takes mounts away under contexts
 *  submit	gives descriptors to a ring, starts, stops and reads contexts through
 *		it, and leaves behind a ring and contexts that hold each other
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "async_test.h"
#include "spufs_uring.h"
#include "users.h"

#include "count.h_shipped"
#include "spin.h_shipped"

#define STEPS		8
#define REFUSED		3	/* exit status of a debugger that failed to do something */
#define MOUNTS		3
#define MOUNTS_DIR	"/tmp/spufs-mounts"

/* What spin does not touch, and a page of it */
#define DATA		0x20000

/* A context that runs until it is told to stop; -1 if there can be none */
static int create_spinner(struct async *ctx, const char *dir, unsigned int mode)
{
	ctx->event = -1;
	ctx->fd = sys_spu_create(spu_path(dir), SPU_CREATE_ASYNC, mode, -1);
	if (ctx->fd < 0)
		return -1;
	ctx->event = openat(ctx->fd, "event", O_RDWR | O_NONBLOCK);
	if (ctx->event >= 0 && !spu_load(ctx->fd, spu_spin) && !async_start(ctx, 0))
		return 0;
	async_close(ctx);
	return -1;
}

/* The run of create_spinner() ends when it is told to, and leaves one event. */
static void stop_spinner(struct async *ctx)
{
	struct spu_event event;

	if (async_stop(ctx))
		user_fail("cannot stop a context");
	if (read(ctx->event, &event, sizeof(event)) != sizeof(event) ||
	    event.event != SPU_EVENT_STOP || event.status & SPU_STATUS_RUNNING)
		user_fail("has no STOP of a context that was stopped");
	if (read(ctx->event, &event, sizeof(event)) >= 0 || errno != EAGAIN)
		user_fail("has an event after the STOP");
}

/* What a process that is debugged tells its debugger */
struct traced {
	char *map;	/* local store from DATA on */
	int mem;	/* what is mapped there */
};

static void be_traced(int socket)
{
	struct traced traced;
	struct async ctx;
	__u32 npc, event;
	int fd;

	if (create_spinner(&ctx, NULL, 0700))
		_exit(2);
	fd = spu_create(SPU_CREATE_EVENTS_ENABLED);
	if (fd < 0 || spu_load(fd, spu_count))
		_exit(2);
	traced.mem = openat(ctx.fd, "mem", O_RDWR);
	traced.map = mmap(NULL, DATA, PROT_READ | PROT_WRITE, MAP_SHARED, traced.mem, DATA);
	if (traced.map == MAP_FAILED)
		_exit(2);
	if (write(socket, &traced, sizeof(traced)) != sizeof(traced))
		_exit(3);
	/* It never ends by itself; a signal interrupts it, a step is one of the SPU's. */
	for (npc = 0;;)
		sys_spu_run(fd, &npc, &event);
}

/* Wait until thread @tid stops: false if it is gone. */
static bool wait_stop(pid_t tid)
{
	int status = 0, tries = 0;
	pid_t pid;

	while (!wait_until((pid = waitpid(tid, &status, __WALL | WNOHANG))))
		if (++tries == 3)
			user_fail("has a thread that a debugger cannot stop");
	return pid == tid && WIFSTOPPED(status);
}

/* That is right only if the process is gone: its parent knows. */
static void refused(const char *what)
{
	printf("# a debugger %s (%s)\n", what, strerror(errno));
	fflush(stdout);
	_exit(REFUSED);
}

static bool is_dead(pid_t child)
{
	siginfo_t info = { };

	return !waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

/* The word at @offset of the mapping, as the debugger and as a file sees it */
static void check_word(pid_t pid, const struct traced *traced, int mem, size_t offset)
{
	unsigned long word = user_draw(1u << 30), seen = 0;
	unsigned long was;

	errno = 0;
	was = ptrace(PTRACE_PEEKDATA, pid, traced->map + offset, 0);
	if (errno || pread(mem, &seen, sizeof(seen), DATA + offset) != sizeof(seen))
		refused("cannot peek at a mapping of mem");
	if (seen != was)
		user_fail("sees another word in a mapping of mem than there is");
	if (ptrace(PTRACE_POKEDATA, pid, traced->map + offset, word))
		refused("cannot poke a mapping of mem");
	if (pread(mem, &seen, sizeof(seen), DATA + offset) != sizeof(seen) || seen != word)
		user_fail("has poked another word of mem than it was told to");
}

/* A thread of the process that is debugged, which may be one of spufs's workers */
static pid_t draw_thread(pid_t pid)
{
	struct dirent *entry;
	pid_t tids[8] = { pid };
	char path[64];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && n < 8 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			tids[n++] = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return n ? tids[user_draw(n)] : pid;
}

static void trace_thread(pid_t tid)
{
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) || ptrace(PTRACE_INTERRUPT, tid, 0, 0))
		return;
	if (!wait_stop(tid))
		return;
	if (user_draw(2) && !ptrace(PTRACE_CONT, tid, 0, 0) &&
	    !ptrace(PTRACE_INTERRUPT, tid, 0, 0) && !wait_stop(tid))
		return;
	if (user_draw(2))
		ptrace(PTRACE_DETACH, tid, 0, 0);
}

static void be_debugger(pid_t pid, const struct traced *traced, int mem)
{
	bool seize = user_draw(2);
	pid_t tid;
	int i;

	if (ptrace(seize ? PTRACE_SEIZE : PTRACE_ATTACH, pid, 0, 0) ||
	    (seize && ptrace(PTRACE_INTERRUPT, pid, 0, 0)))
		refused("cannot debug a process of its own");
	if (!wait_stop(pid))
		_exit(0);
	for (i = 0; i < STEPS; i++)
		check_word(pid, traced, mem, user_draw(DATA / 8) * 8);
	/* one instruction of the PPE, or of the SPU, after the other */
	for (i = user_draw(4 * STEPS); i; i--)
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) || !wait_stop(pid))
			_exit(0);
	check_word(pid, traced, mem, user_draw(DATA / 8) * 8);
	tid = draw_thread(pid);
	if (tid != pid)
		trace_thread(tid);
	switch (user_draw(4)) {
	case 0:
		ptrace(PTRACE_DETACH, pid, 0, 0);
		break;
	case 1:
		ptrace(PTRACE_CONT, pid, 0, 0);
		break;
	case 2:
		kill(pid, SIGKILL);
		break;
	}
	/* What it still traces goes on without it. */
	_exit(0);
}

void user_trace(void)
{
	struct traced traced;
	pid_t pid, debugger;
	int socket, mem, status, tries = 0;

	pid = user_child(be_traced, &socket);
	if (read(socket, &traced, sizeof(traced)) == sizeof(traced)) {
		mem = take_fd(pid, traced.mem);
		if (mem < 0 && errno == EPERM)
			user_fail("cannot take a descriptor of a process of its own");
		user_draw(4);
		debugger = mem < 0 ? 0 : fork();
		if (mem >= 0 && !debugger)
			be_debugger(pid, &traced, mem);
		while (debugger > 0 && !wait_until(waitpid(debugger, &status, WNOHANG) == debugger))
			if (++tries == 3)
				user_fail("has a debugger that does not end");
		if (debugger > 0 && WIFEXITED(status) && WEXITSTATUS(status) &&
		    !(WEXITSTATUS(status) == REFUSED && wait_until(is_dead(pid))))
			user_fail("has a debugger that has failed");
		close(mem);
	}
	close(socket);
	user_kill_soon(pid);
}

/* A directory of spufs, through one mount or another */
static void use_mount(const char *dir, bool readonly)
{
	struct async ctx;

	errno = 0;
	if (create_spinner(&ctx, dir, 0700)) {
		if (errno != (readonly ? EROFS : ENOSPC) && errno != ENOMEM)
			user_fail("has another error than that of a mount");
		return;
	}
	if (readonly)
		user_fail("has a context in a mount that is read-only");
	if (user_draw(2)) {
		/* the mount goes, and what is open there stays */
		umount2(dir, MNT_DETACH);
		if (user_draw(2) && spu_peek_word(ctx.fd, 0) != *(const __u32 *)spu_spin)
			user_fail("cannot read the context of a mount that is gone");
		stop_spinner(&ctx);
	} else if (!umount2(dir, 0)) {
		user_fail("could unmount spufs under an open context");
	}
	async_close(&ctx);
}

/* Bind a context's directory, or one of its files, and use that. */
static void bind_context(const char *dir)
{
	struct async ctx;
	char path[300], file[300];
	int fd;

	if (create_spinner(&ctx, NULL, 0700))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ctx.fd);
	if (mount(path, dir, NULL, MS_BIND, NULL)) {
		async_close(&ctx);
		return;
	}
	if (user_draw(2) && !mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL)) {
		snprintf(file, sizeof(file), "%s/event", dir);
		fd = open(file, O_RDWR | O_NONBLOCK);
		if (fd >= 0)
			user_fail("can write to a context by a mount that is read-only");
	}
	if (sys_spu_create(spu_path(dir), 0, 0700, -1) >= 0)
		user_fail("has a context in a context");
	if (user_draw(2))
		stop_spinner(&ctx);
	async_close(&ctx);
	snprintf(file, sizeof(file), "%s/mem", dir);
	if (open(file, O_RDONLY) >= 0)
		user_fail("finds a file of a context that is gone");
	umount2(dir, user_draw(2) ? 0 : MNT_DETACH);
}

static void be_mounter(bool root)
{
	static const char * const options[] = {
		NULL, "mode=0777", "mode=0", "max_contexts=x", "no-such-option",
	};
	char dir[MOUNTS][64];
	struct stat before, after;
	bool readonly;
	int i, n;

	char map[32];

	snprintf(map, sizeof(map), "0 %d 1", getuid());
	if (unshare(CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER)))
		_exit(0);
	if (!root && (put_text("/proc/self", "setgroups", "deny") ||
		      put_text("/proc/self", "uid_map", map) ||
		      put_text("/proc/self", "gid_map", map)))
		user_fail("cannot have users of its own");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", MOUNTS_DIR, "tmpfs", 0, NULL))
		_exit(0);
	for (i = 0; i < MOUNTS; i++) {
		snprintf(dir[i], sizeof(dir[i]), MOUNTS_DIR "/%d", i);
		mkdir(dir[i], 0755);
	}
	stat(spufs_root(), &before);
	for (n = STEPS; n; n--) {
		i = user_draw(MOUNTS);
		switch (user_draw(5)) {
		case 0:
			/* the same one again, whatever the options say */
			if (mount("spufs", dir[i], "spufs", 0, options[user_draw(5)]))
				break;
			if (!root)
				user_fail("could mount spufs without being root");
			use_mount(dir[i], false);
			break;
		case 1:
		case 2:
			if (mount(spufs_root(), dir[i], NULL, MS_BIND, NULL))
				break;
			readonly = user_draw(2) &&
				   !mount(NULL, dir[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
					  NULL);
			use_mount(dir[i], readonly);
			break;
		case 3:
			bind_context(dir[i]);
			break;
		case 4:
			if (!mount(NULL, spufs_root(), NULL, MS_REMOUNT, options[user_draw(3)]) &&
			    !root)
				user_fail("could change spufs without being root");
			break;
		}
		if (user_draw(2))
			umount2(dir[i], user_draw(2) ? 0 : MNT_DETACH);
	}
	if (stat(spufs_root(), &after) || after.st_mode != before.st_mode ||
	    after.st_ino != before.st_ino)
		user_fail("has changed spufs itself");
	/* the namespace goes, with what is mounted there, and perhaps with a run */
	if (user_draw(2) && !mount(spufs_root(), dir[0], NULL, MS_BIND, NULL)) {
		struct async ctx;

		create_spinner(&ctx, dir[0], 0700);
	}
	_exit(0);
}

void user_mount(void)
{
	int status, tries = 0;
	pid_t child;

	mkdir(MOUNTS_DIR, 0755);
	user_draw(4);
	child = fork();
	if (!child) {
		bool root = user_draw(2);

		if (!root)
			user_become();
		be_mounter(root);
	}
	while (!wait_until(waitpid(child, &status, WNOHANG) == child))
		if (++tries == 3)
			user_fail("has a child among mounts that does not end");
	if (WIFEXITED(status) && WEXITSTATUS(status))
		user_fail("has a child that has failed");
}

enum { DIRECTORY, EVENT, GANG_EVENT, DESCRIPTORS };

/* Complete @opcode on registered descriptor @number: what it returns */
static int submit_one(struct ring *ring, int opcode, int number, void *buf, unsigned int len)
{
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	int tries = 0;

	sqe = ring_add(ring, opcode, number, buf, len, opcode);
	sqe->flags = IOSQE_FIXED_FILE;
	if (ring_enter(ring, 0) != 1)
		_exit(2);
	while (!ring_next(ring, &cqe))
		if (++tries == 3)
			user_fail("has a request that a ring does not complete");
	return cqe.res;
}

/* Start it, look for events, stop it, and read the one event. */
static void submit_run(struct ring *ring, int where, size_t size)
{
	static struct control start = { SPU_CONTROL_START_SPU, 0 };
	static struct control stop = { SPU_CONTROL_STOP_SPU };
	struct spu_gang_event event = { };
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	int ret, i, tries = 0;
	bool polled;

	ret = submit_one(ring, IORING_OP_WRITE, EVENT, &start, START_LEN);
	if (ret == -ENOMEM || ret == -EINTR || ret == -ECANCELED)
		_exit(2);
	if (ret != START_LEN) {
		errno = -ret;
		user_fail("cannot start by a ring");
	}
	/* waits for the event that the STOP will make */
	polled = user_draw(2);
	if (polled) {
		sqe = ring_add(ring, IORING_OP_POLL_ADD, where, NULL, 0, IORING_OP_POLL_ADD);
		sqe->off = 0;
		/* big-endian: the halves are swapped */
		sqe->poll32_events = (__u32)POLLIN << 16;
	} else {
		sqe = ring_add(ring, IORING_OP_READ, where, &event, size, IORING_OP_READ);
	}
	sqe->flags = IOSQE_FIXED_FILE;
	sqe = ring_add(ring, IORING_OP_WRITE, EVENT, &stop, STOP_LEN, IORING_OP_WRITE);
	sqe->flags = IOSQE_FIXED_FILE;
	if (ring_enter(ring, 0) != 2)
		_exit(2);
	for (i = 0; i < 2; i++) {
		while (!ring_next(ring, &cqe))
			if (++tries == 3)
				user_fail("has a request that a ring does not complete");
		ret = cqe.res;
		if (cqe.user_data == IORING_OP_WRITE ? ret != STOP_LEN :
		    cqe.user_data == IORING_OP_READ ? ret != (int)size : !(ret & POLLIN)) {
			errno = ret < 0 ? -ret : 0;
			user_fail("cannot stop by a ring, or read the event");
		}
	}
	if (polled && submit_one(ring, IORING_OP_READ, where, &event, size) != (int)size)
		user_fail("cannot read an event by a ring that has reported it");
	if (event.event.event != SPU_EVENT_STOP || event.event.status & SPU_STATUS_RUNNING)
		user_fail("has another event than STOP by a ring");
}

/* The owner of contexts that only a ring has; tells its parent the ring's descriptor */
static void be_submitter(int socket)
{
	static struct control start = { SPU_CONTROL_START_SPU, 0 };
	int fds[DESCRIPTORS] = { -1, -1, -1 }, gang = -1, where = EVENT, i;
	size_t size = sizeof(struct spu_event);
	char path[64], link[256] = "";
	struct async ctx;
	struct ring ring;
	void *map;
	char c;

	if (ring_open(&ring))
		_exit(2);
	if (user_draw(2)) {
		gang = spu_create(SPU_CREATE_GANG | SPU_CREATE_ASYNC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", gang);
		if (gang < 0 || readlink(path, link, sizeof(link) - 1) < 0 ||
		    async_create_in(&ctx, link, 0, -1) || async_join(&ctx, 1))
			_exit(2);
		fds[GANG_EVENT] = openat(gang, "event", O_RDONLY);
		where = GANG_EVENT;
		size = sizeof(struct spu_gang_event);
	} else if (async_create(&ctx, 0)) {
		_exit(2);
	}
	fds[DIRECTORY] = ctx.fd;
	fds[EVENT] = ctx.event;
	if (spu_load(ctx.fd, spu_spin))
		_exit(2);
	/* so that the address space has a mapping of what holds its contexts */
	i = openat(ctx.fd, "mem", O_RDWR);
	map = mmap(NULL, LS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, i, 0);
	close(i);
	/* A blocking event file: a read by the ring waits for the event. */
	fcntl(ctx.event, F_SETFL, 0);
	if (syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_FILES, fds, DESCRIPTORS))
		_exit(2);
	close(ctx.fd);
	close(ctx.event);
	close(fds[GANG_EVENT]);
	close(gang);
	for (i = user_draw(4); i; i--)
		submit_run(&ring, where, size);
	if (user_draw(2))
		submit_one(&ring, IORING_OP_WRITE, EVENT, &start, START_LEN);
	if (write(socket, &ring.fd, sizeof(ring.fd)) != sizeof(ring.fd) ||
	    read(socket, &c, 1) != 1)
		_exit(3);
	switch (user_draw(6)) {
	case 0:
		_exit(0);
	case 1:
		close(ring.fd);
		break;
	case 2:
		syscall(__NR_io_uring_register, ring.fd, IORING_UNREGISTER_FILES, NULL, 0);
		break;
	case 3:
		if (map != MAP_FAILED)
			munmap(map, LS_SIZE);
		close(ring.fd);
		break;
	case 4:
		execl("/proc/self/exe", "spufs-stress", "-x", NULL);
		_exit(4);
	}
	for (;;)
		pause();
}

void user_submit(void)
{
	int socket, ring;
	pid_t child;

	user_draw(4);
	child = user_child(be_submitter, &socket);
	if (read(socket, &ring, sizeof(ring)) == sizeof(ring)) {
		/* a ring that outlives its owner, or not */
		ring = user_draw(2) ? take_fd(child, ring) : -1;
		/* It may be dead by now, if memory has run out. */
		send(socket, "", 1, MSG_NOSIGNAL);
	} else {
		ring = -1;
	}
	close(socket);
	user_kill_soon(child);
	close(ring);
}
