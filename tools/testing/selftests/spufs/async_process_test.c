// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous SPU contexts and processes: an owner that is stopped or traced
 * while its SPU runs, event files that go to another process, program or user,
 * debuggers, and core dumps.
 */
#include <grp.h>
#include <limits.h>
#include <linux/elf.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/mfc.h_shipped"
#include "spu/spin.h_shipped"
#include "spu/stop.h_shipped"
#include "spu/work.h_shipped"

/* The reason of an SPU's stop; none of them after a STOP request */
#define WHY_STOPPED	(SPU_STATUS_RUNNING | SPU_STATUS_STOPPED_BY_STOP |	\
			 SPU_STATUS_STOPPED_BY_HALT | SPU_STATUS_SINGLE_STEP |	\
			 SPU_STATUS_INVALID_INSTR)

/* The status that process @pid exits with, or -1 */
static int exit_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#define SEED	12345
#define STEPS	100

/* Load spu/work.s, which will put its result to @ea: 0 or -1 */
static int load_work(int fd, const void *ea)
{
	const struct work_args args = {
		.steps = STEPS, .eah = spu_eah(ea), .eal = spu_eal(ea),
	};

	return spu_load(fd, spu_work) ?:
		spu_poke(fd, SPU_WORK_ARGS, &args, sizeof(args));
}

/*
 * Another process owns a context, whose program waits for a word and puts data
 * into a page of its owner. In this process the address has another page. The
 * owner's page has to be present, because a page fault waits for the owner.
 */
FIXTURE(owner)
{
	__u32 *page;
	int socket;
	pid_t pid;
	struct async ctx;	/* with a directory, which its owner closes */
};

FIXTURE_VARIANT(owner)
{
	bool stopped, traced;
};

FIXTURE_VARIANT_ADD(owner, left_alone)
{
};

FIXTURE_VARIANT_ADD(owner, stopped)
{
	.stopped = true,
};

FIXTURE_VARIANT_ADD(owner, traced)
{
	.traced = true,
};

static int be_owner(int socket, const __u32 *page)
{
	struct spu_event event;
	struct async ctx;
	char byte;

	/* present, and in the hash table: an SPU has accessed it */
	if (async_create(&ctx, 0) || load_work(ctx.fd, page) ||
	    async_start(&ctx, 0) || spu_tell(ctx.fd, 1) ||
	    async_next(&ctx, &event) != sizeof(event) ||
	    write(socket, &ctx, sizeof(ctx)) != sizeof(ctx))
		return 1;
	/* the run is over */
	if (read(socket, &byte, 1) != 1)
		return 2;
	return page[0] == xorshift32(SEED, STEPS) ? 0 : 3;
}

FIXTURE_SETUP(owner)
{
	struct async theirs;
	int sockets[2];

	if (no_async())
		SKIP(return, "%s", no_async());
	self->page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->page != MAP_FAILED);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		close(sockets[0]);
		_exit(be_owner(sockets[1], self->page));
	}
	close(sockets[1]);
	self->socket = sockets[0];
	ASSERT_EQ(sizeof(theirs), read(self->socket, &theirs, sizeof(theirs)));
	self->ctx.fd = take_fd(self->pid, theirs.fd);
	self->ctx.event = take_fd(self->pid, theirs.event);
	ASSERT_LE(0, self->ctx.fd);
	ASSERT_LE(0, self->ctx.event);
}

FIXTURE_TEARDOWN(owner)
{
	kill(self->pid, SIGKILL);
	async_close(&self->ctx);
}

static int halt_owner(pid_t pid, bool stop, bool trace)
{
	int status;

	if (stop)
		kill(pid, SIGSTOP);
	else if (trace)
		ptrace(PTRACE_ATTACH, pid, NULL, NULL);
	else
		return 0;
	return waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) ?
		0 : -1;
}

static int resume_owner(pid_t pid, bool stopped, bool traced)
{
	if (stopped)
		return kill(pid, SIGCONT);
	if (traced)
		return ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return 0;
}

/* Let the program end while the owner cannot do anything. */
#define EXPECT_WORK_DONE(self) do {					\
	struct spu_event __event;					\
									\
	EXPECT_NO_EVENT(&(self)->ctx);					\
	ASSERT_EQ(0, spu_tell((self)->ctx.fd, SEED));			\
	ASSERT_EVENT(&(self)->ctx, SPU_EVENT_STOP, &__event);		\
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), __event.status);		\
	EXPECT_NO_EVENT(&(self)->ctx);					\
} while (0)

/* And the result is in its memory, not here. */
#define EXPECT_OWNER_HAS_RESULT(self) do {				\
	EXPECT_EQ(1, write((self)->socket, "", 1));			\
	EXPECT_EQ(0, exit_status((self)->pid));				\
	EXPECT_EQ(0, (self)->page[0]);					\
} while (0)

TEST_F(owner, during_a_run)
{
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	ASSERT_EQ(0, halt_owner(self->pid, variant->stopped, variant->traced));
	EXPECT_WORK_DONE(self);
	ASSERT_EQ(0, resume_owner(self->pid, variant->stopped, variant->traced));
	EXPECT_OWNER_HAS_RESULT(self);
}

TEST_F(owner, before_a_run)
{
	ASSERT_EQ(0, halt_owner(self->pid, variant->stopped, variant->traced));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	EXPECT_WORK_DONE(self);
	ASSERT_EQ(0, resume_owner(self->pid, variant->stopped, variant->traced));
	EXPECT_OWNER_HAS_RESULT(self);
}

/* An executed program finds the descriptors, or does not. */

#define EXECUTED	"SPUFS_TEST_EXECUTED"
#define TEXT		"from memory"

enum task { START_AND_READ, EVENT_IS_CLOSED, CONTEXT_IS_GONE };

/* The new program: 0, or the step that failed */
static int executed(const char *what)
{
	struct spu_event event;
	struct async ctx;
	char text[16];
	int task;

	if (sscanf(what, "%d %d %d", &task, &ctx.fd, &ctx.event) != 3)
		return 1;
	switch (task) {
	case START_AND_READ:
		if (async_start(&ctx, 0))
			return 2;
		if (async_next(&ctx, &event) != sizeof(event) ||
		    event.event != SPU_EVENT_STOP ||
		    event.status != SPU_STATUS_STOP(SPU_DONE))
			return 3;
		if (spu_peek(ctx.fd, 0x4000, text, sizeof(text)))
			return 4;
		return memcmp(text, TEXT, sizeof(TEXT)) ? 5 : 0;
	case EVENT_IS_CLOSED:
		return async_start(&ctx, 0) && errno == EBADF ? 0 : 6;
	case CONTEXT_IS_GONE:
		if (read(ctx.event, &event, sizeof(event)) != sizeof(event) ||
		    event.event != SPU_EVENT_STOP ||
		    event.status & SPU_STATUS_RUNNING)
			return 7;
		if (read(ctx.event, &event, sizeof(event)))
			return 8;
		return async_poll(&ctx) & POLLHUP ? 0 : 9;
	}
	return 10;
}

/* The arguments of execve(); vfork() needs them prepared */
static void prepare_exec(enum task task, const struct async *ctx)
{
	char what[64];

	snprintf(what, sizeof(what), "%d %d %d", task, ctx->fd, ctx->event);
	setenv(EXECUTED, what, 1);
}

static void do_exec(void)
{
	execl("/proc/self/exe", "executed", NULL);
	_exit(127);
}

/* A context of the calling process, which will get TEXT from its memory */
static int create_getter(struct async *ctx)
{
	static char text[16] __attribute__((aligned(16)));
	struct mfc_args args = {
		.cmd = MFC_GET, .lsa = 0x4000, .size = sizeof(text),
		.eah = spu_eah(text), .eal = spu_eal(text),
	};

	memcpy(text, TEXT, sizeof(TEXT));
	return async_create(ctx, 0) ?: spu_load(ctx->fd, spu_mfc) ?:
		spu_poke(ctx->fd, SPU_MFC_ARGS, &args, sizeof(args));
}

TEST(vfork_and_exec_inherit_the_event_file)
{
	struct async ctx;
	pid_t child;

	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, create_getter(&ctx));
	ASSERT_EQ(0, fcntl(ctx.fd, F_SETFD, 0));
	prepare_exec(START_AND_READ, &ctx);
	child = vfork();
	if (!child)
		do_exec();
	ASSERT_LE(0, child);
	EXPECT_EQ(0, exit_status(child));
	EXPECT_NO_EVENT(&ctx);
	EXPECT_EQ(CAN_START, async_poll(&ctx));
	async_close(&ctx);
}

TEST(exec_closes_an_event_file_that_is_close_on_exec)
{
	struct async ctx;
	pid_t child;

	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, create_getter(&ctx));
	close(ctx.event);
	ctx.event = openat(ctx.fd, "event", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, ctx.event);
	prepare_exec(EVENT_IS_CLOSED, &ctx);
	child = vfork();
	if (!child)
		do_exec();
	ASSERT_LE(0, child);
	EXPECT_EQ(0, exit_status(child));

	/* nothing has happened to it */
	ASSERT_EQ(0, async_start(&ctx, 0));
	EXPECT_STOP(&ctx, SPU_STATUS_STOP(SPU_DONE), SPU_MFC_WAITING + 8);
	async_close(&ctx);
}

/* The new program has another memory, even if it has the directory. */
TEST(exec_by_the_owner_ends_its_contexts)
{
	struct async ctx;
	pid_t child;
	int flags;

	if (no_async())
		SKIP(return, "%s", no_async());
	for (flags = 0; flags <= FD_CLOEXEC; flags += FD_CLOEXEC) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			if (async_create(&ctx, 0) || spu_load(ctx.fd, spu_spin) ||
			    fcntl(ctx.fd, F_SETFD, flags) || async_start(&ctx, 0))
				_exit(126);
			prepare_exec(CONTEXT_IS_GONE, &ctx);
			do_exec();
		}
		EXPECT_EQ(0, exit_status(child));
	}
}

/* Users */

#define USER	1000
#define GROUP	1001
#define OTHER	1002

static void become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setgid(gid) || setuid(uid))
		_exit(127);
}

FIXTURE(mode)
{
	char *path;
	struct async ctx;
};

FIXTURE_VARIANT(mode)
{
	mode_t mode;
};

FIXTURE_VARIANT_ADD(mode, 0000)
{
	.mode = 0000,
};

FIXTURE_VARIANT_ADD(mode, 0700)
{
	.mode = 0700,
};

FIXTURE_VARIANT_ADD(mode, 0711)
{
	.mode = 0711,
};

FIXTURE_VARIANT_ADD(mode, 0755)
{
	.mode = 0755,
};

FIXTURE_VARIANT_ADD(mode, 0777)
{
	.mode = 0777,
};

FIXTURE_SETUP(mode)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	if (geteuid())
		SKIP(return, "setuid needs root");
	umask(0);
	self->path = strdup(spu_path(NULL));
	self->ctx.fd = sys_spu_create(self->path, SPU_CREATE_ASYNC,
				      variant->mode, -1);
	ASSERT_LE(0, self->ctx.fd);
	self->ctx.event = openat(self->ctx.fd, "event", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->ctx.event);
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
}

FIXTURE_TEARDOWN(mode)
{
	async_close(&self->ctx);
}

static int open_error(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* The three ways to open it, by another user; a bit for each wrong result */
static int opens(const char *path, int reads, int writes)
{
	pid_t child = fork();

	if (!child) {
		become(USER, GROUP);
		_exit((open_error(path, O_RDONLY) != reads) |
		      (open_error(path, O_WRONLY) != writes) << 1 |
		      (open_error(path, O_RDWR) != (reads ?: writes)) << 2);
	}
	return child < 0 ? -1 : exit_status(child);
}

/* A read removes an event: only its owner may do that, whatever the mode. */
TEST_F(mode, does_not_open_the_event_file_to_others)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/event", self->path);
	EXPECT_EQ(0, opens(path, EACCES, EACCES));

	/* but the owner may share it with all who may search the directory */
	ASSERT_EQ(0, chmod(path, 0606));
	EXPECT_EQ(0, variant->mode & 1 ? opens(path, 0, 0) :
					 opens(path, EACCES, EACCES));
	ASSERT_EQ(0, chmod(path, 0604));
	EXPECT_EQ(0, variant->mode & 1 ? opens(path, 0, EACCES) :
					 opens(path, EACCES, EACCES));
}

TEST_F(mode, does_not_open_the_event_file_of_a_gang_to_others)
{
	const char *gang = strdup(spu_path(NULL));
	char path[PATH_MAX];
	int fd;

	fd = sys_spu_create(gang, SPU_CREATE_GANG | SPU_CREATE_ASYNC,
			    variant->mode, -1);
	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "%s/event", gang);
	EXPECT_EQ(0, opens(path, EACCES, EACCES));
	ASSERT_EQ(0, chmod(path, 0404));
	EXPECT_EQ(0, variant->mode & 1 ? opens(path, 0, EACCES) :
					 opens(path, EACCES, EACCES));
	close(fd);
}

/* A user who has it open may use it, whatever the mode is. */
TEST_F(mode, is_not_asked_again_of_an_open_file)
{
	struct spu_event event;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		become(USER, GROUP);
		if (async_start(&self->ctx, SPU_STOP_STOP_1337))
			_exit(1);
		if (async_next(&self->ctx, &event) != sizeof(event))
			_exit(2);
		_exit(event.status == SPU_STATUS_STOP(0x1337) ? 0 : 3);
	}
	EXPECT_EQ(0, exit_status(child));
	EXPECT_NO_EVENT(&self->ctx);
}

/* The mount options of spufs: one mount, since other mounts share them */
FIXTURE(mount)
{
	char root[256], options[256];
};

/* The options in /proc/self/mounts that are spufs' own */
static void own_options(char *own, size_t len, const char *all)
{
	char copy[256], *option;

	own[0] = 0;
	snprintf(copy, sizeof(copy), "%s", all);
	for (option = strtok(copy, ","); option; option = strtok(NULL, ","))
		if (!strncmp(option, "uid=", 4) || !strncmp(option, "gid=", 4) ||
		    !strncmp(option, "mode=", 5) || !strcmp(option, "debug"))
			snprintf(own + strlen(own), len - strlen(own), "%s%s",
				 own[0] ? "," : "", option);
}

FIXTURE_SETUP(mount)
{
	struct mntent *entry;
	FILE *mounts;
	int count = 0;

	if (no_async())
		SKIP(return, "%s", no_async());
	if (geteuid())
		SKIP(return, "mount needs root");
	snprintf(self->root, sizeof(self->root), "%s", spufs_root());
	mounts = setmntent("/proc/self/mounts", "r");
	ASSERT_TRUE(!!mounts);
	while ((entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "spufs") && !count++)
			own_options(self->options, sizeof(self->options),
				    entry->mnt_opts);
	endmntent(mounts);
	if (count != 1)
		SKIP(return, "spufs is mounted %d times", count);
	if (umount(self->root)) {
		ASSERT_EQ(EBUSY, errno);
		SKIP(return, "%s is in use", self->root);
	}
	EXPECT_EQ(0, mount("spufs", self->root, "spufs", 0,
			   "uid=1000,gid=1001,mode=0750"));
}

FIXTURE_TEARDOWN(mount)
{
	umount(self->root);
	mount("spufs", self->root, "spufs", 0, self->options);
}

/*
 * The owner of the root may create contexts, and owns them; a user who may not
 * enter the root may not. (spu_create never checks for permission to write
 * there.)
 */
TEST_F(mount, options_restrict_the_creation_of_contexts)
{
	struct stat st;
	pid_t child;

	ASSERT_EQ(0, stat(self->root, &st));
	EXPECT_EQ(USER, st.st_uid);
	EXPECT_EQ(GROUP, st.st_gid);
	EXPECT_EQ(S_IFDIR | 0750, st.st_mode);

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct spu_event event;
		struct async ctx;

		become(USER, OTHER);
		if (async_create(&ctx, 0) || spu_load(ctx.fd, spu_stop))
			_exit(1);
		if (fstat(ctx.event, &st) || st.st_uid != USER ||
		    st.st_gid != OTHER)
			_exit(2);
		if (async_start(&ctx, SPU_STOP_STOP_1337) ||
		    async_next(&ctx, &event) != sizeof(event))
			_exit(3);
		_exit(event.status == SPU_STATUS_STOP(0x1337) ? 0 : 4);
	}
	EXPECT_EQ(0, exit_status(child));

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		become(OTHER, OTHER);
		_exit(spu_create(SPU_CREATE_ASYNC) < 0 && errno == EACCES ?
		      0 : 1);
	}
	EXPECT_EQ(0, exit_status(child));
}

/* A debugger, which needs nothing but the context's files */
FIXTURE(debugger)
{
	struct async ctx;
	int regs;
};

FIXTURE_SETUP(debugger)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_spin));
	self->regs = openat(self->ctx.fd, "regs", O_RDWR);
	ASSERT_LE(0, self->regs);
}

FIXTURE_TEARDOWN(debugger)
{
	close(self->regs);
	async_close(&self->ctx);
}

/* spu/spin.s: its counter and its instructions */
#define COUNTER		2
#define ADD		SPU_SPIN_LOOP
#define STORE		(SPU_SPIN_LOOP + 4)
#define BRANCH		(SPU_SPIN_LOOP + 8)

#define BREAKPOINT	0x00003fff	/* the instruction stop 0x3fff */

/* Word 0 of a register */
static __u32 get_reg(int regs, int reg)
{
	__u32 words[4] = { ~0 };

	if (pread(regs, words, sizeof(words), reg * sizeof(words)) !=
	    sizeof(words))
		return ~0;
	return words[0];
}

static int set_reg(int regs, int reg, __u32 value)
{
	const __u32 words[4] = { value };

	return pwrite(regs, words, sizeof(words), reg * sizeof(words)) ==
		sizeof(words) ? 0 : -1;
}

static int async_step(const struct async *ctx, __u32 npc)
{
	const struct control step = { SPU_CONTROL_STEP_SPU, npc };

	return write(ctx->event, &step, START_LEN) == START_LEN ? 0 : -1;
}

/* Step at @from; the program is then at @to */
#define EXPECT_STEP(self, from, to) do {				\
	struct spu_event __event;					\
									\
	ASSERT_EQ(0, async_step(&(self)->ctx, from));			\
	ASSERT_EVENT(&(self)->ctx, SPU_EVENT_STOP, &__event);		\
	EXPECT_EQ(SPU_STATUS_SINGLE_STEP, __event.status & WHY_STOPPED); \
	EXPECT_EQ(to, __event.npc);					\
	EXPECT_NO_EVENT(&(self)->ctx);					\
} while (0)

/* The program's register, and its memory */
#define EXPECT_COUNT(self, reg, mem) do {				\
	EXPECT_EQ(reg, get_reg((self)->regs, COUNTER));			\
	EXPECT_EQ(mem, spu_peek_word((self)->ctx.fd, SPU_SPIN_COUNT));	\
} while (0)

/* Register and memory fit the npc at which it is stopped. */
#define EXPECT_STOPPED_CONSISTENTLY(self) do {				\
	struct spu_event __event;					\
	__u32 __count;							\
									\
	ASSERT_EQ(0, async_stop(&(self)->ctx));				\
	ASSERT_EVENT(&(self)->ctx, SPU_EVENT_STOP, &__event);		\
	EXPECT_EQ(0, __event.status & WHY_STOPPED);			\
	__count = spu_peek_word((self)->ctx.fd, SPU_SPIN_COUNT);	\
	EXPECT_EQ(__count + (__event.npc == STORE),			\
		  get_reg((self)->regs, COUNTER));			\
} while (0)

TEST_F(debugger, stops_reads_writes_and_continues)
{
	const struct async *ctx = &self->ctx;

	ASSERT_EQ(0, async_start(ctx, 0));
	ASSERT_TRUE(wait_until(spu_peek_word(ctx->fd, SPU_SPIN_COUNT)));
	EXPECT_STOPPED_CONSISTENTLY(self);

	ASSERT_EQ(0, set_reg(self->regs, COUNTER, 0x40000000));
	ASSERT_EQ(0, async_start(ctx, ADD));
	ASSERT_TRUE(wait_until(spu_peek_word(ctx->fd, SPU_SPIN_COUNT) >
			       0x40000000));
	EXPECT_STOPPED_CONSISTENTLY(self);
	EXPECT_GT(0x80000000, get_reg(self->regs, COUNTER));
}

TEST_F(debugger, steps_through_instructions)
{
	__u32 count;

	ASSERT_EQ(0, set_reg(self->regs, COUNTER, 6));
	for (count = 7; count < 10; count++) {
		EXPECT_STEP(self, ADD, STORE);
		EXPECT_COUNT(self, count, count == 7 ? 0 : count - 1);
		EXPECT_STEP(self, STORE, BRANCH);
		EXPECT_COUNT(self, count, count);
		EXPECT_STEP(self, BRANCH, ADD);
	}
	/* the program can be changed in between */
	ASSERT_EQ(0, set_reg(self->regs, COUNTER, 100));
	EXPECT_STEP(self, ADD, STORE);
	EXPECT_COUNT(self, 101, 9);
}

TEST_F(debugger, runs_from_breakpoint_to_breakpoint)
{
	const struct async *ctx = &self->ctx;
	const __u32 breakpoint = BREAKPOINT;
	const __u32 store = spu_spin[STORE / 4];
	__u32 count, npc = 0;

	for (count = 1; count < 4; count++) {
		ASSERT_EQ(0, spu_poke(ctx->fd, STORE, &breakpoint, 4));
		ASSERT_EQ(0, async_start(ctx, npc));
		/* an event like any other: no SIGTRAP, which would kill us */
		EXPECT_STOP(ctx, SPU_STATUS_STOP(0x3fff), STORE + 4);
		EXPECT_COUNT(self, count, count - 1);
		/* over it */
		ASSERT_EQ(0, spu_poke(ctx->fd, STORE, &store, 4));
		EXPECT_STEP(self, STORE, BRANCH);
		EXPECT_COUNT(self, count, count);
		npc = BRANCH;
	}
	ASSERT_EQ(0, async_start(ctx, npc));
	ASSERT_TRUE(wait_until(spu_peek_word(ctx->fd, SPU_SPIN_COUNT) > 100));
	EXPECT_STOPPED_CONSISTENTLY(self);
}

/*
 * A process dumps core with running contexts: a synchronous one, which is the
 * reference, an asynchronous one, and one with NOSCHED, for which the kernel
 * writes nothing.
 */
#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"

struct dumped {
	int sync, nosched;
	struct async async;
};

FIXTURE(core)
{
	char dir[32], path[64], pattern[256];
	int contexts, event;
	struct dumped theirs;
	pid_t pid;
};

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t done = write(fd, text, strlen(text));

	close(fd);
	return done == (ssize_t)strlen(text) ? 0 : -1;
}

static void *run_spu(void *arg)
{
	__u32 npc = 0, event;

	sys_spu_run(*(int *)arg, &npc, &event);
	return NULL;
}

static bool spins(int fd)
{
	return spu_peek_word(fd, SPU_SPIN_COUNT);
}

/* A signal that the program does not read stays in signal1. */
#define SIGNAL	0x600d

static int send_signal(int fd)
{
	const __u32 signal = SIGNAL;
	int file = openat(fd, "signal1", O_WRONLY);
	ssize_t done = write(file, &signal, sizeof(signal));

	close(file);
	return done == sizeof(signal) ? 0 : -1;
}

static int dump_core(int socket)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct dumped dumped;
	struct async nosched;
	pthread_t thread;
	char byte;

	if (setrlimit(RLIMIT_CORE, &limit))
		return 1;
	dumped.sync = spu_create(0);
	if (dumped.sync < 0 || spu_load(dumped.sync, spu_spin) ||
	    pthread_create(&thread, NULL, run_spu, &dumped.sync) ||
	    async_create(&dumped.async, 0) ||
	    spu_load(dumped.async.fd, spu_spin) ||
	    send_signal(dumped.async.fd) || async_start(&dumped.async, 0) ||
	    async_create(&nosched, SPU_CREATE_NOSCHED) ||
	    spu_load(nosched.fd, spu_spin) || async_start(&nosched, 0))
		return 2;
	dumped.nosched = nosched.fd;
	if (!wait_until(spins(dumped.sync) && spins(dumped.async.fd) &&
			spins(nosched.fd)))
		return 3;
	if (write(socket, &dumped, sizeof(dumped)) != sizeof(dumped))
		return 4;
	/* a signal ends it */
	return read(socket, &byte, 1) == 1 ? 5 : 6;
}

FIXTURE_SETUP(core)
{
	char pattern[64];
	int sockets[2];
	FILE *file;

	if (no_async())
		SKIP(return, "%s", no_async());
	file = fopen(CORE_PATTERN, "r");
	if (!file || access(CORE_PATTERN, W_OK))
		SKIP(return, CORE_PATTERN " cannot be changed");
	ASSERT_TRUE(!!fgets(self->pattern, sizeof(self->pattern), file));
	fclose(file);
	strcpy(self->dir, "/tmp/spufs-core-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->dir));
	self->contexts = spu_contexts();
	snprintf(pattern, sizeof(pattern), "%s/%%p", self->dir);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		close(sockets[0]);
		_exit(dump_core(sockets[1]));
	}
	close(sockets[1]);
	ASSERT_EQ(sizeof(self->theirs),
		  read(sockets[0], &self->theirs, sizeof(self->theirs)));
	self->event = take_fd(self->pid, self->theirs.async.event);
	ASSERT_LE(0, self->event);
	snprintf(self->path, sizeof(self->path), "%s/%d", self->dir, self->pid);
	ASSERT_EQ(0, write_text(CORE_PATTERN, pattern));
}

FIXTURE_TEARDOWN(core)
{
	write_text(CORE_PATTERN, self->pattern);
	unlink(self->path);
	rmdir(self->dir);
}

#ifdef __LP64__
#define elfhdr		elf64_hdr
#define elf_phdr	elf64_phdr
#define elf_note	elf64_note
#else
#define elfhdr		elf32_hdr
#define elf_phdr	elf32_phdr
#define elf_note	elf32_note
#endif

struct note {
	const char *name;
	const void *data;
	size_t size;
};

/* The notes "SPU/@fd/..." of the core file: their number, the first @max */
static int find_notes(const char *file, size_t len, int fd, struct note *notes,
		      int max)
{
	const struct elfhdr *header = (const void *)file;
	const struct elf_phdr *segment = (const void *)(file + header->e_phoff);
	char prefix[16];
	int found = 0, i;
	size_t at, end;

	snprintf(prefix, sizeof(prefix), "SPU/%d/", fd);
	for (i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type != PT_NOTE)
			continue;
		at = segment[i].p_offset;
		end = at + segment[i].p_filesz;
		while (end <= len && at + sizeof(struct elf_note) <= end) {
			const struct elf_note *note = (const void *)(file + at);
			const char *name = (const char *)(note + 1);
			size_t data = at + sizeof(*note) +
				((note->n_namesz + 3) & ~3UL);

			at = data + ((note->n_descsz + 3) & ~3UL);
			if (at > end)
				return -1;
			if (strncmp(name, prefix, strlen(prefix)))
				continue;
			if (found < max)
				notes[found] = (struct note) {
					name + strlen(prefix), file + data,
					note->n_descsz
				};
			found++;
		}
	}
	return found;
}

static const struct note *note_of(const struct note *notes, int count,
				  const char *name)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(notes[i].name, name))
			return &notes[i];
	return NULL;
}

#define MAX_NOTES	64

TEST_F(core, has_the_context_as_it_has_others)
{
	struct note sync[MAX_NOTES], async[MAX_NOTES], none;
	const struct async ctx = { .fd = -1, .event = self->event };
	const struct note *mem, *regs, *npc, *signal;
	struct spu_event event;
	int status, count, fd, i;
	const __u32 *words;
	struct stat st;
	const char *file;
	__u32 at;

	ASSERT_EQ(0, kill(self->pid, SIGABRT));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(SIGABRT, WTERMSIG(status));
	ASSERT_TRUE(WCOREDUMP(status));

	/* the run still ended despite the dump */
	ASSERT_EVENT(&ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(0, event.status & WHY_STOPPED);
	EXPECT_EQ(0, read(ctx.event, &event, sizeof(event)));
	/* and all contexts end */
	close(ctx.event);
	EXPECT_TRUE(wait_until(spu_contexts() == self->contexts));

	fd = open(self->path, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_TRUE(file != MAP_FAILED);
	close(fd);
	EXPECT_EQ(0, find_notes(file, st.st_size, self->theirs.nosched, &none, 0));
	count = find_notes(file, st.st_size, self->theirs.sync, sync, MAX_NOTES);
	ASSERT_LT(0, count);
	ASSERT_GE(MAX_NOTES, count);
	ASSERT_EQ(count, find_notes(file, st.st_size, self->theirs.async.fd,
				    async, MAX_NOTES));
	for (i = 0; i < count; i++) {
		EXPECT_STREQ(sync[i].name, async[i].name);
		EXPECT_EQ(sync[i].size, async[i].size) {
			TH_LOG("%s", sync[i].name);
		}
	}

	/* the program, and its state at one moment */
	mem = note_of(async, count, "mem");
	regs = note_of(async, count, "regs");
	npc = note_of(async, count, "npc");
	signal = note_of(async, count, "signal1");
	ASSERT_TRUE(mem && regs && npc && signal);
	ASSERT_EQ(LS_SIZE, mem->size);
	ASSERT_EQ(128 * 16, regs->size);
	words = mem->data;
	EXPECT_EQ(0, memcmp(words, spu_spin, SPU_SPIN_COUNT));
	EXPECT_LT(0, words[SPU_SPIN_COUNT / 4]);
	at = strtoul(npc->data, NULL, 16);
	EXPECT_LE(SPU_SPIN_LOOP, at);
	EXPECT_GE(BRANCH, at);
	EXPECT_EQ(words[SPU_SPIN_COUNT / 4] + (at == STORE),
		  ((const __u32 *)regs->data)[COUNTER * 4]);
	ASSERT_EQ(sizeof(__u32), signal->size);
	EXPECT_EQ(SIGNAL, *(const __u32 *)signal->data);
}

int main(int argc, char **argv)
{
	const char *what = getenv(EXECUTED);

	return what ? executed(what) : test_harness_run(argc, argv);
}
