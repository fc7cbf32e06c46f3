// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The library's locks, at each moment that a thread holds one. A child that another
 * thread forks at that moment can use the library. A thread that is cancelled from then
 * on leaves no lock held. The test is linked with -Wl,--wrap, and sees every lock.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "spe2_test.h"

typeof(pthread_mutex_lock) __real_pthread_mutex_lock, __wrap_pthread_mutex_lock;
typeof(pthread_mutex_unlock) __real_pthread_mutex_unlock, __wrap_pthread_mutex_unlock;

/* For this thread: what to do at its locks, and how many it has */
static __thread struct {
	bool forks;
	unsigned int cancel_at;		/* the number of the lock; 0: none */
	unsigned int taken, held;
} locks;

/* A thread that forks while another one has a lock */
struct forker {
	pthread_t thread;
	pid_t tid;
	bool forking, done;
	int status;
};

static char program_path[32];

/* Take each kind of lock, in a child; SIGALRM ends it if a lock stays held. */
static void use_everything(void)
{
	spe_context_ptr_t spe;
	spe_program_handle_t *image;
	unsigned int entry = CALL_AT;

	alarm(5);
	image = spe_image_open(program_path);
	spe = spe_context_create(0, NULL);
	if (!image || !spe || spe_image_close(image) || spe_program_load(spe, &prog))
		_exit(2);
	/* libea's malloc(), of 100 bytes */
	put_call(spe, 0x2105, 3 << 24 | ARGS_AT);
	put_args(spe, 1, (uint32_t[]) { 0 });
	ls_word(spe, ARGS_AT)[1] = 100;
	if (spe_context_run(spe, &entry, 0, NULL, NULL, NULL) != 0x1001)
		_exit(3);
	_exit(spe_context_destroy(spe) ? 4 : 0);
}

static void *fork_and_use(void *arg)
{
	struct forker *f = arg;
	pid_t child;

	__atomic_store_n(&f->tid, gettid(), __ATOMIC_SEQ_CST);
	__atomic_store_n(&f->forking, true, __ATOMIC_SEQ_CST);
	child = fork();
	if (!child)
		use_everything();
	if (child < 0 || waitpid(child, &f->status, 0) != child)
		f->status = -1;
	__atomic_store_n(&f->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static unsigned int forks;
static int bad_status;

/* The thread sleeps once it waits for a lock in fork(), or in waitpid(). */
static void begin_fork(struct forker *f)
{
	if (pthread_create(&f->thread, NULL, fork_and_use, f))
		abort();
	while (!__atomic_load_n(&f->done, __ATOMIC_SEQ_CST) &&
	       (!__atomic_load_n(&f->forking, __ATOMIC_SEQ_CST) ||
		state_of(getpid(), f->tid) != 'S'))
		sched_yield();
}

static void end_fork(struct forker *f)
{
	pthread_join(f->thread, NULL);
	forks++;
	if (f->status)
		bad_status = f->status;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	int ret = __real_pthread_mutex_lock(mutex);

	locks.held++;
	if (++locks.taken == locks.cancel_at)
		pthread_cancel(pthread_self());
	return ret;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	static struct forker f;
	int ret;

	if (locks.forks && !f.forking)
		begin_fork(&f);
	ret = __real_pthread_mutex_unlock(mutex);
	/* The fork may wait for the other locks that this thread has. */
	if (!--locks.held && locks.forks) {
		end_fork(&f);
		f = (struct forker) {};
	}
	return ret;
}

/* ---- what takes locks ---- */

#define CREATE_FLAGS	(SPE_EVENTS_ENABLE | SPE_MAP_PS | SPE_CFG_SIGNOTIFY1_OR)

struct target {
	spe_context_ptr_t spe;		/* with a program; it does not run */
	spe_event_handler_ptr_t handler;
	int null;			/* /dev/null, as the program knows it */
};

static unsigned int flags(void)
{
	return CREATE_FLAGS | (runs_async() ? SPE_ASYNC : 0);
}

static void create(struct target *t)
{
	spe_context_ptr_t spe = spe_context_create(flags(), NULL);

	spe_context_destroy(spe);
}

static void gang(struct target *t)
{
	spe_gang_context_ptr_t gang = spe_gang_context_create(0);
	spe_context_ptr_t spe = spe_context_create_affinity(flags(), NULL, gang);

	spe_context_destroy(spe);
	spe_gang_context_destroy(gang);
}

static void destroy(struct target *t)
{
	spe_context_ptr_t spe = t->spe;

	t->spe = NULL;
	spe_context_destroy(spe);
}

static void image(struct target *t)
{
	spe_program_handle_t *image = spe_image_open(program_path);

	spe_program_load(t->spe, image);
	spe_image_close(image);
}

static void run(struct target *t)
{
	unsigned int entry = SPE_DEFAULT_ENTRY;
	spe_stop_info_t info;

	spe_context_run(t->spe, &entry, 0, NULL, NULL, NULL);
	spe_stop_info_read(t->spe, &info);
	spe_stop_info_read(t->spe, &info);
}

/* Numbers of calls and their arguments: as in call_test.c */
static void streams(struct target *t)
{
	const uint32_t name = put_string(t->spe, 0, "/dev/null");
	const uint32_t mode = put_string(t->spe, 64, "r");
	uint32_t file = CALL(t->spe, 0x2100, 10, name, mode);

	CALL(t->spe, 0x2100, 14, name, mode, file);
	CALL(t->spe, 0x2100, 6, file);
	CALL(t->spe, 0x2100, 2, file);
}

static void temporary_stream(struct target *t)
{
	CALL(t->spe, 0x2100, 32, 0);
}

static void posix_files(struct target *t)
{
	const uint32_t name = put_string(t->spe, 0, "/dev/null");

	CALL(t->spe, 0x2101, 2, CALL(t->spe, 0x2101, 15, name, O_RDONLY, 0));
	CALL(t->spe, 0x2101, 16, t->null, DATA_AT, 16);
	CALL(t->spe, 0x2101, 50, t->null, t->null);
}

static void directories(struct target *t)
{
	CALL(t->spe, 0x2101, 55, put_string(t->spe, 0, "/"));
	CALL(t->spe, 0x2101, 57, 0, DATA_AT);
	CALL(t->spe, 0x2101, 56, 0);
}

static void umask_and_getpid(struct target *t)
{
	CALL(t->spe, 0x2101, 62, 0);
	CALL(t->spe, 0x2104, 20, 0);
}

static void memory(struct target *t)
{
	unsigned int entry = CALL_AT;

	put_call(t->spe, 0x2105, 3 << 24 | ARGS_AT);
	put_args(t->spe, 1, (uint32_t[]) { 0 });
	ls_word(t->spe, ARGS_AT)[1] = 100;
	spe_context_run(t->spe, &entry, 0, NULL, NULL, NULL);
	put_call(t->spe, 0x2105, 2 << 24 | ARGS_AT);	/* free() of that memory */
	entry = CALL_AT;
	spe_context_run(t->spe, &entry, 0, NULL, NULL, NULL);
}

static void dispatch(struct target *t)
{
	struct pollfd pollfd = { .fd = spe_context_fd(t->spe), .events = POLLIN };

	if (pollfd.fd < 0)
		return;
	do {
		poll(&pollfd, 1, -1);
	} while (!spe_context_dispatch(t->spe, NULL, NULL));
}

static void start(struct target *t)
{
	if (spe_context_start(t->spe, SPU_PROG_SPIN, 0, NULL, NULL))
		return;
	spe_context_stop(t->spe);
	dispatch(t);
}

/* A worker serves it. */
static void start_and_call(struct target *t)
{
	put_call(t->spe, 0x2101, 16 << 24 | ARGS_AT);
	put_args(t->spe, 3, (uint32_t[]) { t->null, DATA_AT, 16 });
	if (!spe_context_start(t->spe, CALL_AT, 0, NULL, NULL))
		dispatch(t);
}

static void events(struct target *t)
{
	spe_event_unit_t event = {
		.events = SPE_EVENT_OUT_INTR_MBOX | SPE_EVENT_IN_MBOX | SPE_EVENT_TAG_GROUP |
			  SPE_EVENT_SPE_STOPPED,
		.spe = t->spe,
	};
	unsigned int entry = SPE_DEFAULT_ENTRY;
	spe_event_unit_t ready[4];
	spe_stop_info_t info;

	spe_event_handler_register(t->handler, &event);
	if (spe_context_start(t->spe, entry, 0, NULL, NULL))
		spe_context_run(t->spe, &entry, 0, NULL, NULL, NULL);
	do {
		spe_event_wait(t->handler, ready, 4, -1);
	} while (spe_stop_info_read(t->spe, &info));
	spe_event_handler_deregister(t->handler, &event);
}

static void callbacks(struct target *t)
{
	spe_callback_handler_register(callbacks, 16, SPE_CALLBACK_NEW);
	spe_callback_handler_register(callbacks, 16, SPE_CALLBACK_UPDATE);
	spe_callback_handler_query(16);
	spe_callback_handler_deregister(16);
}

static void mailboxes(struct target *t)
{
	unsigned int word = 1;

	spe_in_mbox_status(t->spe);
	spe_in_mbox_write(t->spe, &word, 1, SPE_MBOX_ANY_NONBLOCKING);
	spe_in_mbox_write(t->spe, &word, 1, SPE_MBOX_ALL_BLOCKING);
	spe_out_mbox_status(t->spe);
	spe_out_mbox_read(t->spe, &word, 1);
	spe_out_intr_mbox_status(t->spe);
	spe_out_intr_mbox_read(t->spe, &word, 1, SPE_MBOX_ANY_NONBLOCKING);
	spe_signal_write(t->spe, SPE_SIG_NOTIFY_REG_1, 1);
	spe_signal_write(t->spe, SPE_SIG_NOTIFY_REG_2, 1);
}

/* Without SPE_ASYNC these wait until another thread runs the context. */
static void proxy(struct target *t)
{
	static char data[128] __attribute__((aligned(128)));
	unsigned int status;

	if (spe_context_start(t->spe, SPU_PROG_SPIN, 0, NULL, NULL))
		return;
	spe_mfcio_get(t->spe, DATA_AT, data, sizeof(data), 3, 0, 0);
	spe_mfcio_tag_status_read(t->spe, 0, SPE_TAG_ALL, &status);
	spe_mfcio_put(t->spe, DATA_AT, data, sizeof(data), 3, 0, 0);
	spe_mfcio_tag_status_read(t->spe, 0, SPE_TAG_IMMEDIATE, &status);
	spe_mssync_start(t->spe);
	spe_mssync_status(t->spe);
	spe_context_stop(t->spe);
	dispatch(t);
}

static void descriptors(struct target *t)
{
	spe_fault_info_t fault;

	spe_context_give_fd(t->spe, 0);
	spe_fault_info_read(t->spe, &fault);
}

static void event_handlers(struct target *t)
{
	spe_event_unit_t event = { .events = SPE_EVENT_IN_MBOX, .spe = t->spe };
	spe_event_handler_ptr_t handler = spe_event_handler_create();

	spe_event_handler_register(handler, &event);
	spe_event_handler_destroy(handler);
}

#define F(name)	{ #name, name }
static const struct {
	const char *name;
	void (*call)(struct target *t);
} functions[] = {
	/* The first one runs when there is no context yet. */
	F(callbacks), F(create), F(gang), F(destroy), F(image), F(run), F(streams),
	F(temporary_stream), F(posix_files), F(directories), F(umask_and_getpid), F(memory),
	F(start), F(start_and_call), F(events), F(mailboxes), F(proxy), F(descriptors),
	F(event_handlers),
};

#define NR_FUNCTIONS	(sizeof(functions) / sizeof(functions[0]))

static bool make_target(struct target *t)
{
	t->spe = spe_context_create(flags(), NULL);
	t->handler = spe_event_handler_create();
	t->null = t->spe ? spe_context_give_fd(t->spe, open("/dev/null", O_RDONLY)) : -1;
	return t->handler && t->null >= 0 && !spe_program_load(t->spe, &prog);
}

static void make_program(void)
{
	int fd = memfd_create("program", 0);

	snprintf(program_path, sizeof(program_path), "/proc/%d/fd/%d", getpid(), fd);
	(void)!write(fd, &prog_elf, sizeof(prog_elf));
}

/* ---- the tests ---- */

struct attempt {
	void (*call)(struct target *t);
	struct target target;
	unsigned int cancel_at, taken, held;
	bool forks;
};

static void note(void *arg)
{
	struct attempt *a = arg;

	a->taken = locks.taken;
	a->held = locks.held;
}

static void *attempt(void *arg)
{
	struct attempt *a = arg;

	locks.cancel_at = a->cancel_at;
	locks.forks = a->forks;
	pthread_cleanup_push(note, a);
	a->call(&a->target);
	pthread_cleanup_pop(1);
	return NULL;
}

/* Locks are taken in the same way, however contexts run. */
TEST(fork_at_each_lock)
{
	struct attempt a = { .forks = true };
	pthread_t thread;

	if (runs_async())
		SKIP(return, "the locks are those of the run without LIBSPE2_ASYNC=1");
	make_program();
	for (unsigned int i = 0; i < NR_FUNCTIONS; i++) {
		a.call = functions[i].call;
		if (i)
			ASSERT_TRUE(make_target(&a.target));
		ASSERT_EQ(0, pthread_create(&thread, NULL, attempt, &a));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		ASSERT_EQ(0, bad_status) TH_LOG("%s, fork %u", functions[i].name, forks);
	}
	EXPECT_LT(NR_FUNCTIONS, forks);
}

TEST(cancelled_from_each_lock)
{
	unsigned int cancelled = 0;

	make_program();
	for (unsigned int i = 0; i < NR_FUNCTIONS; i++) {
		struct attempt a = { .call = functions[i].call };

		do {
			pthread_t thread;
			void *ret;

			a.cancel_at++;
			ASSERT_TRUE(make_target(&a.target));
			ASSERT_EQ(0, pthread_create(&thread, NULL, attempt, &a));
			ASSERT_EQ(0, pthread_join(thread, &ret));
			ASSERT_EQ(0, a.held)
				TH_LOG("%s, lock %u", functions[i].name, a.cancel_at);
			cancelled += ret == PTHREAD_CANCELED;
			/* no thread is in it */
			ASSERT_EQ(0, spe_event_handler_destroy(a.target.handler));
			if (a.target.spe)
				ASSERT_EQ(0, spe_context_destroy(a.target.spe))
					TH_LOG("%s, lock %u", functions[i].name, a.cancel_at);
		} while (a.taken >= a.cancel_at);
	}
	/* It is only a test if threads were cancelled. */
	EXPECT_LT(NR_FUNCTIONS, cancelled);
}

TEST_HARNESS_MAIN
