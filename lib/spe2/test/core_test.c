// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The features of libspe2: contexts, images, runs, stop information, mailboxes,
 * signals, DMA, areas. Results and errno are those of "SPE Runtime Management
 * Library" (SDK 3.1) where it defines them. With LIBSPE2_ASYNC=1 the contexts run by
 * event files.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "spe2_test.h"

FIXTURE(context) {
	spe_context_ptr_t spe;
};

FIXTURE_SETUP(context)
{
	self->spe = spe_context_create(0, NULL);
	ASSERT_NE(NULL, self->spe);
	ASSERT_EQ(0, spe_program_load(self->spe, &prog));
}

FIXTURE_TEARDOWN(context)
{
	EXPECT_EQ(0, spe_context_destroy(self->spe));
}

TEST_F(context, main_gets_its_arguments)
{
	unsigned int entry = SPE_DEFAULT_ENTRY;
	spe_stop_info_t info;
	uint64_t regs[5][2];

	ASSERT_EQ(0, spe_context_run(self->spe, &entry, 0, (void *)0x1234, (void *)0x5678, &info));
	EXPECT_EQ(SPE_EXIT, info.stop_reason);
	EXPECT_EQ(7, info.result.spe_exit_code);
	memcpy(regs, ls_word(self->spe, SPU_PROG_REGS), sizeof(regs));
	/* $1: the last quadword of local store */
	EXPECT_EQ(0x3fff0ULL << 32, regs[0][0]);
	EXPECT_EQ((uintptr_t)self->spe, regs[1][0]);
	EXPECT_EQ(0x1234, regs[2][0]);
	EXPECT_EQ(0x5678, regs[3][0]);
	EXPECT_EQ((uintptr_t)spe_ls_area_get(self->spe), regs[4][0]);
}

TEST_F(context, user_registers)
{
	uint32_t user[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	unsigned int entry = SPE_DEFAULT_ENTRY;

	ASSERT_EQ(0, spe_context_run(self->spe, &entry, SPE_RUN_USER_REGS, user, NULL, NULL));
	EXPECT_EQ(0, memcmp(ls_word(self->spe, SPU_PROG_REGS + 16), user, sizeof(user)));
}

TEST_F(context, wrong_arguments)
{
	unsigned int entry = SPE_DEFAULT_ENTRY;
	spe_context_ptr_t empty = spe_context_create(0, NULL);

	EXPECT_ERRNO(ESRCH, spe_context_run(NULL, &entry, 0, NULL, NULL, NULL));
	EXPECT_ERRNO(EINVAL, spe_context_run(self->spe, NULL, 0, NULL, NULL, NULL));
	EXPECT_ERRNO(EINVAL, spe_context_run(self->spe, &entry, 4, NULL, NULL, NULL));
	EXPECT_ERRNO(EINVAL, spe_context_run(self->spe, &entry, SPE_RUN_USER_REGS, NULL, NULL,
					     NULL));
	EXPECT_ERRNO(EINVAL, spe_context_run(empty, &entry, 0, NULL, NULL, NULL));
	EXPECT_ERRNO(ESRCH, spe_context_destroy(NULL));
	EXPECT_ERRNO(ESRCH, spe_program_load(NULL, &prog));
	EXPECT_ERRNO(EINVAL, spe_program_load(self->spe, NULL));
	EXPECT_ERRNO(ENOTSUP, spe_stop_info_read(self->spe, &(spe_stop_info_t){}));
	EXPECT_ERRNO(ESRCH, spe_stop_info_read(NULL, NULL));
	EXPECT_EQ(0, spe_context_destroy(empty));
}

TEST_F(context, stop_and_signal_goes_on)
{
	unsigned int entry = CALL_AT;
	spe_stop_info_t info;

	ls_word(self->spe, CALL_AT)[0] = 0x1234;
	ls_word(self->spe, CALL_AT)[1] = 0x3ffe;
	ls_word(self->spe, CALL_AT)[2] = 0x20ff;
	ASSERT_EQ(0x1234, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_STOP_AND_SIGNAL, info.stop_reason);
	EXPECT_EQ(0x1234, info.result.spe_signal_code);
	EXPECT_EQ(0x12340002, info.spu_status);
	EXPECT_EQ(CALL_AT + 4, entry);
	ASSERT_EQ(0x3ffe, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	ASSERT_EQ(0, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_EXIT, info.stop_reason);
	EXPECT_EQ(255, info.result.spe_exit_code);
}

TEST_F(context, isolation_code)
{
	unsigned int entry = CALL_AT;
	spe_stop_info_t info;

	*ls_word(self->spe, CALL_AT) = 0x2205;
	ASSERT_ERRNO(EFAULT, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_ISOLATION_ERROR, info.stop_reason);
	EXPECT_EQ(5, info.result.spe_isolation_error);
}

TEST_F(context, runtime_errors)
{
	unsigned int entry = SPU_PROG_HALTED;
	spe_stop_info_t info;

	ASSERT_ERRNO(EFAULT, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_RUNTIME_ERROR, info.stop_reason);
	EXPECT_EQ(SPE_SPU_HALT, info.result.spe_runtime_error);
}

FIXTURE(events) {
	spe_context_ptr_t spe;
};

FIXTURE_SETUP(events)
{
	self->spe = spe_context_create(SPE_EVENTS_ENABLE, NULL);
	ASSERT_NE(NULL, self->spe);
	ASSERT_EQ(0, spe_program_load(self->spe, &prog));
}

FIXTURE_TEARDOWN(events)
{
	EXPECT_EQ(0, spe_context_destroy(self->spe));
}

TEST_F(events, illegal_instruction)
{
	unsigned int entry = SPU_PROG_ILLEGAL;
	spe_stop_info_t info, again;

	ASSERT_ERRNO(EFAULT, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_RUNTIME_ERROR, info.stop_reason);
	EXPECT_EQ(SPE_SPU_INVALID_INSTR, info.result.spe_runtime_error);
	/* The same can be read again, once. */
	ASSERT_EQ(0, spe_stop_info_read(self->spe, &again));
	EXPECT_EQ(0, memcmp(&info, &again, sizeof(info)));
	EXPECT_ERRNO(EAGAIN, spe_stop_info_read(self->spe, &again));
	EXPECT_ERRNO(EINVAL, spe_stop_info_read(self->spe, NULL));
}

TEST_F(events, exceptions)
{
	unsigned int entry = SPU_PROG_MISALIGNED;
	spe_fault_info_t fault;
	spe_stop_info_t info;

	ASSERT_ERRNO(EIO, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_RUNTIME_EXCEPTION, info.stop_reason);
	EXPECT_EQ(SPE_DMA_ALIGNMENT, info.result.spe_runtime_exception);
	EXPECT_EQ(-1, info.spu_status);
	if (old_kernel()) {
		EXPECT_ERRNO(ENOSYS, spe_fault_info_read(self->spe, &fault));
		return;
	}
	ASSERT_EQ(0, spe_fault_info_read(self->spe, &fault));
	EXPECT_EQ(SPE_DMA_ALIGNMENT, fault.exception);
	EXPECT_EQ(0, fault.interrupt_class);
}

TEST_F(events, storage)
{
	unsigned int entry = SPU_PROG_UNMAPPED;
	spe_fault_info_t fault;
	spe_stop_info_t info;

	EXPECT_ERRNO(old_kernel() ? ENOSYS : ENODATA, spe_fault_info_read(self->spe, &fault));
	EXPECT_ERRNO(EINVAL, spe_fault_info_read(self->spe, NULL));
	ASSERT_ERRNO(EIO, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_RUNTIME_EXCEPTION, info.stop_reason);
	EXPECT_EQ(SPE_DMA_STORAGE, info.result.spe_runtime_exception);
	if (old_kernel())
		return;
	ASSERT_EQ(0, spe_fault_info_read(self->spe, &fault));
	EXPECT_EQ(SPE_DMA_STORAGE, fault.exception);
	EXPECT_EQ(1, fault.interrupt_class);
	EXPECT_EQ(16, fault.ea);
}

TEST_F(events, queue_keeps_the_newest)
{
	unsigned int entry, i, count = 0;
	spe_stop_info_t info;

	for (i = 0; i < 1100; i++) {
		*ls_word(self->spe, CALL_AT) = 0x1000 + i;
		entry = CALL_AT;
		ASSERT_EQ(0x1000 + i, spe_context_run(self->spe, &entry, 0, NULL, NULL, NULL));
	}
	while (!spe_stop_info_read(self->spe, &info))
		count++;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(1024, count);
	EXPECT_EQ(0x1000 + 1099, info.result.spe_signal_code);
}

TEST(flags)
{
	static const unsigned int good[] = {
		0, SPE_CFG_SIGNOTIFY1_OR, SPE_CFG_SIGNOTIFY2_OR, SPE_MAP_PS, SPE_EVENTS_ENABLE,
		SPE_NOSCHED, SPE_MAP_PS | SPE_EVENTS_ENABLE,
	};
	static const unsigned int bad[] = { 1, 2, 0x200, 0x80000000, SPE_ISOLATE_EMULATE };
	spe_context_ptr_t spe;
	unsigned int i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		spe = spe_context_create(good[i], NULL);
		ASSERT_NE(NULL, spe) TH_LOG("flags %#x: %s", good[i], strerror(errno));
		EXPECT_EQ(0, spe_context_destroy(spe));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		EXPECT_EQ(NULL, spe_context_create(bad[i], NULL));
		EXPECT_EQ(EINVAL, errno);
	}
	/* This machine isolates nothing. */
	EXPECT_EQ(NULL, spe_context_create(SPE_ISOLATE, NULL));
	EXPECT_EQ(ENODEV, errno);
}

TEST(gangs)
{
	spe_gang_context_ptr_t gang = spe_gang_context_create(0);
	spe_context_ptr_t first, second, third;
	unsigned int entry = SPE_DEFAULT_ENTRY;

	if (getenv("SPUFS_UNPATCHED"))
		SKIP(return, "affinity needs a fix that the kernel lacks");
	ASSERT_NE(NULL, gang);
	first = spe_context_create(0, gang);
	ASSERT_NE(NULL, first);
	second = spe_context_create_affinity(0, first, gang);
	ASSERT_NE(NULL, second);
	third = spe_context_create(SPE_AFFINITY_MEMORY, gang);
	EXPECT_NE(NULL, third);
	/* Only one can be next to the memory. */
	errno = 0;
	EXPECT_EQ(NULL, spe_context_create(SPE_AFFINITY_MEMORY, gang));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(0, spe_context_destroy(third));
	ASSERT_EQ(0, spe_program_load(second, &prog));
	EXPECT_EQ(0, spe_context_run(second, &entry, 0, NULL, NULL, NULL));
	errno = 0;
	EXPECT_EQ(NULL, spe_context_create_affinity(0, first, NULL));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(NULL, spe_gang_context_create(1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, spe_context_destroy(second));
	EXPECT_EQ(0, spe_context_destroy(first));
	EXPECT_EQ(0, spe_gang_context_destroy(gang));
	EXPECT_ERRNO(ESRCH, spe_gang_context_destroy(NULL));
}

/* Directories of this process in /spu, as tools find them: by KIND-PID- */
static int count_named(const char *kind)
{
	char pattern[64];
	glob_t found;
	int n;

	snprintf(pattern, sizeof(pattern), "/spu/%s-%d-*", kind, getpid());
	if (glob(pattern, 0, NULL, &found))
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* /spu is everybody's: somebody has taken the names that a process would use by counting. */
TEST(names_that_can_be_guessed_are_taken)
{
	static const char * const kinds[] = { "spethread", "gang" };
	spe_gang_context_ptr_t gang;
	spe_context_ptr_t spe, in_gang;
	char path[64];
	int i, kind;

	for (kind = 0; kind < 2; kind++) {
		for (i = 0; i < 64; i++) {
			snprintf(path, sizeof(path), "/spu/%s-%d-%d", kinds[kind], getpid(), i);
			/* SPU_CREATE_GANG */
			ASSERT_LE(0, syscall(SYS_spu_create, path, 2, 0700, -1));
		}
		EXPECT_EQ(64, count_named(kinds[kind]));
	}
	spe = spe_context_create(0, NULL);
	EXPECT_NE(NULL, spe) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(65, count_named("spethread"));
	gang = spe_gang_context_create(0);
	ASSERT_NE(NULL, gang) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(65, count_named("gang"));
	in_gang = spe_context_create(0, gang);
	EXPECT_NE(NULL, in_gang) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(0, spe_context_destroy(in_gang));
	EXPECT_EQ(0, spe_gang_context_destroy(gang));
	EXPECT_EQ(0, spe_context_destroy(spe));
	EXPECT_EQ(64, count_named("spethread"));
	EXPECT_EQ(64, count_named("gang"));
}

/*
 * The kernel's random numbers for a thread with a filter: getrandom(2) fills its buffer
 * with the next byte of @bytes, whose last one stays for ever. For '!' it fails with
 * ENOSYS.
 */
static struct {
	const char *bytes;
	unsigned int asked;
	int listener[2];	/* a pipe that the listener's descriptor comes through */
} randomness;

static void *serve_randomness(void *unused)
{
	int fd;

	if (read(randomness.listener[0], &fd, sizeof(fd)) != sizeof(fd))
		return NULL;
	for (;;) {
		struct seccomp_notif call = {};
		struct seccomp_notif_resp answer = {};

		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call))
			return NULL;
		randomness.asked++;
		answer.id = call.id;
		if (*randomness.bytes == '!') {
			answer.error = -ENOSYS;
		} else {
			answer.val = call.data.args[1];
			memset((void *)(uintptr_t)call.data.args[0], *randomness.bytes, answer.val);
		}
		if (randomness.bytes[1])
			randomness.bytes++;
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* From here on the calling thread gets @randomness. False: the kernel cannot do that */
static bool filter_randomness(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	pthread_t thread;
	int fd;

	if (pipe(randomness.listener) ||
	    pthread_create(&thread, NULL, serve_randomness, NULL) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return false;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		     &filter);
	return fd >= 0 && write(randomness.listener[1], &fd, sizeof(fd)) == sizeof(fd);
}

/* If a name is taken, others are tried, but not for ever; random numbers may be missing. */
TEST(names_are_tried_again)
{
	spe_gang_context_ptr_t gang[3];
	spe_context_ptr_t spe[4];

	/* An old kernel refuses the first flags, which takes another name: do not count it. */
	if (old_kernel())
		unsetenv("LIBSPE2_ASYNC");
	if (!filter_randomness())
		SKIP(return, "no filter of getrandom(2): %s", strerror(errno));
	randomness.bytes = "A";
	spe[0] = spe_context_create(0, NULL);
	ASSERT_NE(NULL, spe[0]);
	gang[0] = spe_gang_context_create(0);
	ASSERT_NE(NULL, gang[0]);
	EXPECT_EQ(2, randomness.asked);

	/* The first name is taken, and then the first two are. */
	randomness.bytes = "AB";
	spe[1] = spe_context_create(0, NULL);
	ASSERT_NE(NULL, spe[1]) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(4, randomness.asked);
	randomness.bytes = "AAB";
	gang[1] = spe_gang_context_create(0);
	ASSERT_NE(NULL, gang[1]) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(7, randomness.asked);
	/* What is taken in /spu is free in a gang. */
	randomness.bytes = "A";
	spe[2] = spe_context_create(0, gang[1]);
	ASSERT_NE(NULL, spe[2]) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(8, randomness.asked);

	errno = 0;
	EXPECT_EQ(NULL, spe_context_create(0, NULL));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_GT(30, randomness.asked);
	errno = 0;
	EXPECT_EQ(NULL, spe_gang_context_create(0));
	EXPECT_EQ(EEXIST, errno);

	randomness.bytes = "!";
	spe[3] = spe_context_create(0, NULL);
	ASSERT_NE(NULL, spe[3]) TH_LOG("%s", strerror(errno));
	gang[2] = spe_gang_context_create(0);
	ASSERT_NE(NULL, gang[2]) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(3, count_named("spethread"));
	EXPECT_EQ(3, count_named("gang"));

	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, spe_context_destroy(spe[i]));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, spe_gang_context_destroy(gang[i]));
}

TEST(areas)
{
	spe_context_ptr_t spe = spe_context_create(SPE_MAP_PS, NULL), none;
	char *base;
	int area;

	ASSERT_NE(NULL, spe);
	EXPECT_EQ(0x40000, spe_ls_size_get(spe));
	EXPECT_ERRNO(ESRCH, spe_ls_size_get(NULL));
	EXPECT_EQ(NULL, spe_ls_area_get(NULL));
	base = spe_ps_area_get(spe, SPE_MSSYNC_AREA);
	ASSERT_NE(NULL, base);
	/* CBEA, problem state memory map */
	EXPECT_EQ(base + 0x3000, spe_ps_area_get(spe, SPE_MFC_COMMAND_AREA));
	EXPECT_EQ(base + 0x4000, spe_ps_area_get(spe, SPE_CONTROL_AREA));
	EXPECT_EQ(base + 0x14000, spe_ps_area_get(spe, SPE_SIG_NOTIFY_1_AREA));
	EXPECT_EQ(base + 0x1c000, spe_ps_area_get(spe, SPE_SIG_NOTIFY_2_AREA));
	for (area = 5; area < 7; area++) {
		errno = 0;
		EXPECT_EQ(NULL, spe_ps_area_get(spe, area));
		EXPECT_EQ(EINVAL, errno);
	}
	none = spe_context_create(0, NULL);
	EXPECT_EQ(NULL, spe_ps_area_get(none, SPE_CONTROL_AREA));
	EXPECT_EQ(EACCES, errno);
	EXPECT_ERRNO(ENOTSUP, spe_mssync_start(none));
	EXPECT_EQ(0, spe_context_destroy(none));
	EXPECT_EQ(0, spe_context_destroy(spe));
}

TEST(images)
{
	static const char name[] = "/tmp/spe2-image";
	spe_context_ptr_t spe = spe_context_create(0, NULL);
	unsigned int entry = SPE_DEFAULT_ENTRY;
	spe_program_handle_t *image;
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	ASSERT_EQ((ssize_t)sizeof(prog_elf), write(fd, &prog_elf, sizeof(prog_elf)));
	image = spe_image_open(name);
	ASSERT_NE(NULL, image);
	/* The file may go, or change: it has been read. */
	ASSERT_EQ(0, ftruncate(fd, 0));
	ASSERT_EQ(0, spe_program_load(spe, image));
	EXPECT_EQ(0, spe_context_run(spe, &entry, 0, NULL, NULL, NULL));
	errno = 0;
	EXPECT_EQ(NULL, spe_image_open(name));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, spe_image_close(image));
	EXPECT_ERRNO(EINVAL, spe_image_close(image));
	EXPECT_ERRNO(EINVAL, spe_image_close(NULL));
	EXPECT_EQ(NULL, spe_image_open("/nothing"));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(NULL, spe_image_open(NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(NULL, spe_image_open("/tmp"));
	EXPECT_EQ(EINVAL, errno);
	/* A FIFO is not waited for. */
	unlink(name);
	ASSERT_EQ(0, mkfifo(name, 0600));
	EXPECT_EQ(NULL, spe_image_open(name));
	EXPECT_EQ(EINVAL, errno);
	unlink(name);
	close(fd);
	EXPECT_EQ(0, spe_context_destroy(spe));
}

struct runner {
	spe_context_ptr_t spe;
	unsigned int entry, flags;
	spe_stop_info_t info;
	int ret, error;
	volatile pid_t tid;
};

static void *run(void *arg)
{
	struct runner *r = arg;

	r->tid = gettid();
	r->ret = spe_context_run(r->spe, &r->entry, r->flags, NULL, NULL, &r->info);
	r->error = errno;
	return NULL;
}

/*
 * Stop a program that does not end by itself. One signal: more of them, one after
 * the other, would leave the thread no time for anything else.
 */
static void end_by_signal(pthread_t thread, struct runner *r)
{
	while (!r->tid || state_of(getpid(), r->tid) != 'S')
		sched_yield();
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
}

static void nothing(int sig)
{
	(void)sig;
}

TEST_F(context, mailboxes)
{
	struct runner r = { .spe = self->spe, .entry = SPU_PROG_BOX };
	const struct sigaction action = { .sa_handler = nothing };
	unsigned int words[6] = { 1, 2, 3, 4, 5, 6 }, got[6];
	pthread_t thread;
	int n = 0;

	sigaction(SIGUSR1, &action, NULL);
	/* Four words fit, whether the SPU runs or not. */
	EXPECT_EQ(4, spe_in_mbox_status(self->spe));
	EXPECT_EQ(4, spe_in_mbox_write(self->spe, words, 6, SPE_MBOX_ANY_NONBLOCKING));
	EXPECT_EQ(0, spe_in_mbox_write(self->spe, words, 1, SPE_MBOX_ANY_NONBLOCKING));
	EXPECT_EQ(0, spe_in_mbox_status(self->spe));
	EXPECT_EQ(0, spe_out_mbox_status(self->spe));
	EXPECT_EQ(0, spe_out_intr_mbox_status(self->spe));
	EXPECT_EQ(0, spe_out_mbox_read(self->spe, got, 1));
	EXPECT_EQ(0, spe_out_intr_mbox_read(self->spe, got, 1, SPE_MBOX_ANY_NONBLOCKING));

	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &r));
	EXPECT_EQ(1, spe_out_intr_mbox_read(self->spe, got, 1, SPE_MBOX_ALL_BLOCKING));
	EXPECT_EQ(1, got[0]);
	while (n < 4) {
		int m = spe_out_mbox_read(self->spe, &got[n], 4 - n);

		ASSERT_LE(0, m);
		n += m;
		if (n > 1 && n < 5)
			spe_out_intr_mbox_read(self->spe, &words[5], 1, SPE_MBOX_ANY_NONBLOCKING);
	}
	EXPECT_EQ(0, memcmp(got, (unsigned int[]){ 1, 2, 3, 4 }, 16));
	EXPECT_EQ(2, spe_in_mbox_write(self->spe, words, 2, SPE_MBOX_ALL_BLOCKING));
	EXPECT_LE(1, spe_in_mbox_write(self->spe, words, 2, SPE_MBOX_ANY_BLOCKING));

	EXPECT_ERRNO(ESRCH, spe_out_mbox_read(NULL, got, 1));
	EXPECT_ERRNO(EINVAL, spe_out_mbox_read(self->spe, NULL, 1));
	EXPECT_ERRNO(EINVAL, spe_out_mbox_read(self->spe, got, 0));
	EXPECT_ERRNO(EINVAL, spe_in_mbox_write(self->spe, got, 1, 0));
	EXPECT_ERRNO(EINVAL, spe_in_mbox_write(self->spe, got, -1, SPE_MBOX_ANY_NONBLOCKING));
	EXPECT_ERRNO(EINVAL, spe_out_intr_mbox_read(self->spe, got, 1, 4));
	EXPECT_ERRNO(ESRCH, spe_in_mbox_status(NULL));
	end_by_signal(thread, &r);
	/* EINTR from spu_run() is a fatal error. */
	EXPECT_EQ(-1, r.ret);
	EXPECT_EQ(EFAULT, r.error);
	EXPECT_EQ(SPE_RUNTIME_FATAL, r.info.stop_reason);
	EXPECT_EQ(EINTR, r.info.result.spe_runtime_fatal);
}

TEST(signals)
{
	spe_context_ptr_t spe = spe_context_create(SPE_CFG_SIGNOTIFY1_OR, NULL);
	unsigned int entry = SPU_PROG_SIGNALS;

	ASSERT_NE(NULL, spe);
	ASSERT_EQ(0, spe_program_load(spe, &prog));
	EXPECT_EQ(0, spe_signal_write(spe, SPE_SIG_NOTIFY_REG_1, 1));
	EXPECT_EQ(0, spe_signal_write(spe, SPE_SIG_NOTIFY_REG_1, 2));
	EXPECT_EQ(0, spe_signal_write(spe, SPE_SIG_NOTIFY_REG_2, 4));
	EXPECT_EQ(0, spe_signal_write(spe, SPE_SIG_NOTIFY_REG_2, 8));
	EXPECT_ERRNO(EINVAL, spe_signal_write(spe, 0, 1));
	EXPECT_ERRNO(ESRCH, spe_signal_write(NULL, SPE_SIG_NOTIFY_REG_1, 1));
	EXPECT_EQ(0x1001, spe_context_run(spe, &entry, 0, NULL, NULL, NULL));
	EXPECT_EQ(3, *ls_word(spe, SPU_PROG_SEEN));		/* or */
	EXPECT_EQ(8, *ls_word(spe, SPU_PROG_SEEN + 16));	/* overwrite */
	EXPECT_EQ(0, spe_context_destroy(spe));
}

TEST_F(context, proxy_dma)
{
	static char memory[256] __attribute__((aligned(128)));
	struct runner r = { .spe = self->spe, .entry = SPU_PROG_SPIN };
	const struct sigaction action = { .sa_handler = nothing };
	unsigned int status = ~0u;
	pthread_t thread;

	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &r));
	strcpy(memory, "from memory");
	EXPECT_EQ(0, spe_mfcio_get(self->spe, DATA_AT, memory, 128, 3, 0, 0));
	EXPECT_EQ(0, spe_mfcio_tag_status_read(self->spe, 1 << 3, SPE_TAG_ALL, &status));
	EXPECT_EQ(1 << 3, status);
	EXPECT_STREQ("from memory", (char *)ls_word(self->spe, DATA_AT));
	EXPECT_EQ(0, spe_mfcio_put(self->spe, DATA_AT, memory + 128, 128, 5, 0, 0));
	EXPECT_EQ(0, spe_mfcio_putb(self->spe, DATA_AT, memory + 128, 16, 4, 0, 0));
	EXPECT_EQ(0, spe_mfcio_tag_status_read(self->spe, 0, SPE_TAG_ALL, &status));
	EXPECT_EQ(1 << 5 | 1 << 4, status);
	EXPECT_STREQ("from memory", memory + 128);
	EXPECT_EQ(0, spe_mfcio_putf(self->spe, DATA_AT, memory + 128, 16, 0, 0, 0));
	EXPECT_EQ(0, spe_mfcio_getf(self->spe, DATA_AT, memory, 16, 1, 0, 0));
	EXPECT_EQ(0, spe_mfcio_getb(self->spe, DATA_AT, memory, 16, 2, 0, 0));
	do {
		status = 0;
		ASSERT_EQ(0, spe_mfcio_tag_status_read(self->spe, 1, SPE_TAG_ANY, &status));
	} while (!status);
	EXPECT_EQ(1, status);
	EXPECT_EQ(0, spe_mfcio_tag_status_read(self->spe, 6, SPE_TAG_ALL, &status));
	EXPECT_EQ(6, status);
	/* Nothing is under way. */
	EXPECT_EQ(0, spe_mfcio_tag_status_read(self->spe, 0, SPE_TAG_IMMEDIATE, &status));
	EXPECT_EQ(0, status);

	EXPECT_ERRNO(EINVAL, spe_mfcio_get(self->spe, 0, memory, 16, 16, 0, 0));
	EXPECT_ERRNO(EINVAL, spe_mfcio_get(self->spe, 0, memory, 16, 0, 256, 0));
	EXPECT_ERRNO(EINVAL, spe_mfcio_get(self->spe, 0, memory, 0x8000, 0, 0, 0));
	EXPECT_ERRNO(EIO, spe_mfcio_get(self->spe, 8, memory, 16, 0, 0, 0));
	/* The command that failed is not waited for. */
	EXPECT_EQ(0, spe_mfcio_tag_status_read(self->spe, 0, SPE_TAG_ALL, &status));
	EXPECT_EQ(0, status);
	EXPECT_ERRNO(ESRCH, spe_mfcio_get(NULL, 0, memory, 16, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, spe_mfcio_tag_status_read(self->spe, 0, 4, &status));
	EXPECT_ERRNO(EINVAL, spe_mfcio_tag_status_read(self->spe, 0, SPE_TAG_ALL, NULL));
	end_by_signal(thread, &r);
}

struct tag_reader {
	spe_context_ptr_t spe;
	unsigned int status;
	volatile pid_t tid;
	volatile bool returned;
};

static void *read_all(void *arg)
{
	struct tag_reader *r = arg;

	r->tid = gettid();
	spe_mfcio_tag_status_read(r->spe, 1 << 3 | 1 << 4, SPE_TAG_ALL, &r->status);
	r->returned = true;
	return NULL;
}

/* Tag groups 4 to 6 are complete; 3 waits for a page that comes by userfaultfd. */
TEST_F(context, tag_groups)
{
	const size_t size = sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct runner r = { .spe = self->spe, .entry = SPU_PROG_SPIN };
	const struct sigaction action = { .sa_handler = nothing };
	struct tag_reader reader = { .spe = self->spe };
	static char memory[16] __attribute__((aligned(16)));
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	pthread_t thread, other;
	unsigned int status;
	char *page;

	if (getenv("SPUFS_UNPATCHED"))
		SKIP(return, "DMA to such a page needs a fix that the kernel lacks");
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	reg.range.start = (unsigned long)page;
	reg.range.len = size;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg));

	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &r));
	ASSERT_EQ(0, spe_mfcio_get(self->spe, DATA_AT, memory, 16, 6, 0, 0));
	ASSERT_EQ(0, spe_mfcio_get(self->spe, DATA_AT, memory, 16, 5, 0, 0));
	ASSERT_EQ(0, spe_mfcio_get(self->spe, DATA_AT, memory, 16, 4, 0, 0));
	ASSERT_EQ(0, spe_mfcio_get(self->spe, DATA_AT, page, 16, 3, 0, 0));
	ASSERT_EQ(0, spe_mfcio_tag_status_read(self->spe, 1 << 3 | 1 << 5, SPE_TAG_ANY, &status));
	EXPECT_EQ(1 << 5, status);
	/* The kernel has reported 6, too, and does not do so again. */
	ASSERT_EQ(0, spe_mfcio_tag_status_read(self->spe, 1 << 6, SPE_TAG_ALL, &status));
	EXPECT_EQ(1 << 6, status);
	ASSERT_EQ(0, spe_mfcio_tag_status_read(self->spe, 1 << 3, SPE_TAG_IMMEDIATE, &status));
	EXPECT_EQ(0, status);
	/* A group without a command is complete. */
	ASSERT_EQ(0, spe_mfcio_tag_status_read(self->spe, 1 << 7, SPE_TAG_ALL, &status));
	EXPECT_EQ(1 << 7, status);
	ASSERT_EQ(0, pthread_create(&other, NULL, read_all, &reader));
	while (!reader.tid || state_of(getpid(), reader.tid) != 'S')
		sched_yield();
	EXPECT_FALSE(reader.returned);
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_ZEROPAGE,
			   &((struct uffdio_zeropage){ .range = reg.range })));
	ASSERT_EQ(0, pthread_join(other, NULL));
	EXPECT_EQ(1 << 3 | 1 << 4, reader.status);
	end_by_signal(thread, &r);
	munmap(page, size);
	close(uffd);
}

static int handled, handler_ret;
static unsigned int handled_npc;

static int handler(void *ls, unsigned int npc)
{
	handled++;
	handled_npc = npc;
	(void)ls;
	return handler_ret;
}

TEST_F(context, callbacks)
{
	unsigned int entry = SPU_PROG_LOOP;
	spe_stop_info_t info;

	EXPECT_ERRNO(EACCES, spe_callback_handler_register(handler, 0, SPE_CALLBACK_NEW));
	EXPECT_ERRNO(EINVAL, spe_callback_handler_register(handler, 256, SPE_CALLBACK_NEW));
	EXPECT_ERRNO(EINVAL, spe_callback_handler_register(handler, 16, 3));
	EXPECT_ERRNO(EINVAL, spe_callback_handler_register(NULL, 16, SPE_CALLBACK_NEW));
	EXPECT_ERRNO(ESRCH, spe_callback_handler_register(handler, 16, SPE_CALLBACK_UPDATE));
	EXPECT_ERRNO(EACCES, spe_callback_handler_deregister(1));
	EXPECT_ERRNO(ESRCH, spe_callback_handler_deregister(16));
	EXPECT_EQ(NULL, spe_callback_handler_query(16));
	EXPECT_EQ(ESRCH, errno);

	/* Without a handler the run ends. */
	*ls_word(self->spe, SPU_PROG_COUNT) = 3;
	ASSERT_ERRNO(EFAULT, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_CALLBACK_ERROR, info.stop_reason);
	EXPECT_EQ(-1, info.result.spe_callback_error);

	ASSERT_EQ(0, spe_callback_handler_register(handler, 16, SPE_CALLBACK_NEW));
	EXPECT_ERRNO(EACCES, spe_callback_handler_register(handler, 16, SPE_CALLBACK_NEW));
	EXPECT_EQ((void *)handler, spe_callback_handler_query(16));
	entry = SPU_PROG_LOOP;
	*ls_word(self->spe, SPU_PROG_COUNT) = 11;
	ASSERT_EQ(0, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_EXIT, info.stop_reason);
	EXPECT_EQ(10, handled);
	/* the word after the stop, which is the fifth instruction */
	EXPECT_EQ(SPU_PROG_LOOP + 20, handled_npc);

	/* With SPE_NO_CALLBACKS calls are not served. */
	entry = SPU_PROG_LOOP;
	*ls_word(self->spe, SPU_PROG_COUNT) = 3;
	EXPECT_EQ(0x2110, spe_context_run(self->spe, &entry, SPE_NO_CALLBACKS, NULL, NULL, &info));
	EXPECT_EQ(SPE_STOP_AND_SIGNAL, info.stop_reason);
	EXPECT_EQ(10, handled);

	handler_ret = 42;
	entry = SPU_PROG_LOOP;
	ASSERT_ERRNO(EFAULT, spe_context_run(self->spe, &entry, 0, NULL, NULL, &info));
	EXPECT_EQ(SPE_CALLBACK_ERROR, info.stop_reason);
	EXPECT_EQ(42, info.result.spe_callback_error);
	handler_ret = 0;
	EXPECT_EQ(0, spe_callback_handler_deregister(16));
}

/*
 * A call that a thread serves in spe_context_run() is a cancellation point if it does
 * something that is one, here read(). What was in use is given back.
 */
TEST_F(context, cancelled_in_a_call)
{
	struct runner r = { .spe = self->spe, .entry = CALL_AT };
	unsigned int entry = CALL_AT;
	pthread_t thread;
	int pipefd[2], fd;
	void *ret;

	ASSERT_EQ(0, pipe(pipefd));
	fd = spe_context_give_fd(self->spe, pipefd[0]);
	put_call(self->spe, 0x2101, 16 << 24 | ARGS_AT);
	put_args(self->spe, 3, (uint32_t[]){ fd, DATA_AT, 16 });
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &r));
	ASSERT_EQ(0, pthread_cancel(thread));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(PTHREAD_CANCELED, ret);
	/* The call is made again. */
	ASSERT_EQ(5, write(pipefd[1], "input", 5));
	ASSERT_EQ(0x1001, spe_context_run(self->spe, &entry, 0, NULL, NULL, NULL));
	EXPECT_EQ(5, *ls_word(self->spe, ARGS_AT));
	close(pipefd[0]);
	close(pipefd[1]);
}

/* A program that asks for something that the kernel cannot do is told so. */
TEST(new_functions_of_old_contexts)
{
	spe_context_ptr_t spe = spe_context_create(0, NULL);
	const int error = old_kernel() ? ENOSYS : ENOTSUP;

	ASSERT_NE(NULL, spe);
	if (runs_async() && error == ENOTSUP) {
		EXPECT_LE(0, spe_context_fd(spe));
	} else {
		EXPECT_ERRNO(error, spe_context_start(spe, 0, 0, NULL, NULL));
		EXPECT_ERRNO(error, spe_context_fd(spe));
		EXPECT_ERRNO(error, spe_context_stop(spe));
		EXPECT_ERRNO(error, spe_context_dispatch(spe, NULL, NULL));
	}
	EXPECT_EQ(0, spe_context_destroy(spe));
}

TEST(cpu_info)
{
	const int chips = device_tree_count(DT_CHIPS), spes = device_tree_count(DT_SPES);
	int node, sum = 0;

	ASSERT_LT(0, spes);
	EXPECT_EQ(spes, spe_cpu_info_get(SPE_COUNT_PHYSICAL_SPES, -1));
	EXPECT_EQ(spes, spe_cpu_info_get(SPE_COUNT_USABLE_SPES, -1));
	EXPECT_EQ(chips, spe_cpu_info_get(SPE_COUNT_PHYSICAL_CPU_NODES, -1));
	for (node = 0; node < chips; node++) {
		EXPECT_EQ(spes / chips, spe_cpu_info_get(SPE_COUNT_PHYSICAL_SPES, node));
		sum += spe_cpu_info_get(SPE_COUNT_USABLE_SPES, node);
	}
	EXPECT_EQ(spes, sum);
	EXPECT_ERRNO(EINVAL, spe_cpu_info_get(SPE_COUNT_PHYSICAL_SPES, chips));
	EXPECT_ERRNO(EINVAL, spe_cpu_info_get(SPE_COUNT_PHYSICAL_SPES, -2));
	EXPECT_ERRNO(EINVAL, spe_cpu_info_get(SPE_COUNT_PHYSICAL_CPU_NODES, 0));
	EXPECT_ERRNO(EINVAL, spe_cpu_info_get(0, -1));
}

TEST_HARNESS_MAIN
