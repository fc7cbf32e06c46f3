// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * PPE-assisted calls: with a stop instruction a program requests services that
 * only a processor with an operating system has.
 *
 * The first byte of the word after it is the request; the rest is the address of
 * the arguments in local store, a quadword each. The answer goes to the first
 * quadword: the result to its first word or two, errno to its last word.
 * Sources: newlib for the SPU (c99ppe.h, ea_internal.h); libspe2.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "files.h"
#include "spe2.h"

#define MAX_CALLNUM	255
#define RESERVED	4	/* the numbers below this one are the library's */
#define STACK_SIZE	(256 * 1024)

static void free_call(struct spe2_call *c)
{
	spe2_call_free_memory(c);
	spe2_files_put(c->files);
	free(c);
}

static bool in_ls(uint32_t address, size_t len)
{
	return address <= LS_SIZE && len <= LS_SIZE - address;
}

/* A buffer in local store. It is read even if the call will only write it. */
static int fetch_buffer(struct spe2_call *c, struct spe2_arg *a, const char *ls,
			uint32_t len, bool optional)
{
	if (optional && !a->word)
		return 0;
	if (!in_ls(a->word, len)) {
		errno = EFAULT;
		return -1;
	}
	a->len = len;
	a->data = spe2_call_alloc(c, len ? len : 1);
	if (!a->data)
		return -1;
	memcpy(a->data, ls + a->word, len);
	return 0;
}

static int fetch(struct spe2_call *c, struct spe2_arg *a, char kind, uint32_t len,
		 const char *ls)
{
	switch (kind) {
	case 'f':
		c->fd = a->word;
		return spe2_may_use(c->files, a->word) ? 0 : -1;
	case 'F':
		c->stream = spe2_stream(c->files, a->word);
		return c->stream ? 0 : -1;
	case 's':
		a->data = spe2_ls_string(c, ls, a->word, &a->len);
		return a->data ? 0 : -1;
	case 'I':
	case 'O':
		return fetch_buffer(c, a, ls, len, false);
	case 'n':
	case 'o':
		return fetch_buffer(c, a, ls, c->op->size, false);
	case 'p':
	case 'q':
		return fetch_buffer(c, a, ls, c->op->size, true);
	default:
		return 0;
	}
}

/* Read all that the call needs. 0, or -1 and errno if an argument is bad */
static int fetch_arguments(struct spe2_call *c, const char *ls)
{
	const char *kind = c->op->args;
	unsigned int n = 0;

	if (*kind >= '1' && *kind <= '3') {
		c->stream = spe2_stream(c->files, *kind++ - '0');
		if (!c->stream)
			return -1;
	}
	for (n = 0; n < ARRAY_SIZE(c->arg); n++) {
		uint32_t words[4] = { ~0U, ~0U, ~0U, ~0U };

		/* A missing argument counts as a bad one. */
		spe2_ls_copy(ls, c->at + 16 * n, words, sizeof(words));
		c->arg[n].word = words[0];
		c->arg[n].ea = (uint64_t)words[0] << 32 | words[1];
	}
	errno = 0;
	for (n = 0; *kind; kind++, n++) {
		bool sized = *kind == 'I' || *kind == 'O';

		if (fetch(c, &c->arg[n], *kind, sized ? c->arg[kind[1] - '0'].word : 0, ls))
			return -1;
		kind += sized;
	}
	return c->op->prepare ? c->op->prepare(c, ls) : 0;
}

static void set_answer(struct spe2_call *c, int32_t ret, int error)
{
	c->answer[0] = c->wide ? c->value >> 32 : (uint32_t)ret;
	c->answer[1] = c->wide ? (uint32_t)c->value : 0;
	c->answer[2] = 0;
	c->answer[3] = error;
}

static void serve(struct spe2_call *c)
{
	int32_t ret;

	errno = 0;
	ret = c->op->serve(c);
	set_answer(c, ret, errno);
}

static void give_back(struct spe2_call *c, char *ls)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c->arg); i++)
		if (c->arg[i].give)
			memcpy(ls + c->arg[i].word, c->arg[i].data, c->arg[i].give);
	for (i = 0; i < c->outputs; i++)
		memcpy(ls + c->output[i].to, c->output[i].data, c->output[i].len);
	if (c->op == &spe2_linux)
		memcpy(ls + c->at, &c->block[0], sizeof(c->block[0]));
	else
		memcpy(ls + c->at, c->answer, sizeof(c->answer));
	/* The SPU must see it before it goes on. */
	__sync_synchronize();
}

static int32_t no_such_call(struct spe2_call *c)
{
	(void)c;
	errno = ENOSYS;
	return -1;
}

static const struct spe2_op unknown = { "", NULL, no_such_call, -1, 0, true };

static const struct spe2_op *op_of(unsigned int number, unsigned int op)
{
	const struct spe2_op *found;

	switch (number) {
	case CALL_C99:
		found = &spe2_c99[op];
		break;
	case CALL_POSIX1:
		found = &spe2_posix1[op];
		break;
	case CALL_LIBEA:
		found = &spe2_libea[op];
		break;
	default:
		return &spe2_linux;
	}
	return found->serve ? found : &unknown;
}

/*
 * Read the call @number that stopped at @npc. *ready: the answer is known already,
 * because an argument is bad. NULL: no memory, or no place for an answer
 */
static struct spe2_call *make_call(struct spe_context *spe, unsigned int number, uint32_t npc,
				   bool *ready)
{
	const char *ls = spe->base_private->ls;
	struct spe2_call *c = calloc(1, sizeof(*c));
	uint32_t word;

	if (!c)
		return NULL;
	c->spe = spe;
	c->fd = -1;
	c->files = spe2_files_get(spe->base_private->files);
	spe2_ls_copy(ls, npc & (LS_SIZE - 4), &word, sizeof(word));
	c->op = op_of(number, word >> 24);
	c->at = c->op == &spe2_linux ? word : word & 0xffffff;
	if (!in_ls(c->at, c->op == &spe2_linux ? sizeof(c->block) : sizeof(c->answer))) {
		free_call(c);
		return NULL;
	}
	if (c->at % (c->op == &spe2_linux ? 8 : 16)) {
		free_call(c);
		return NULL;
	}
	errno = 0;
	*ready = fetch_arguments(c, ls);
	if (*ready)
		set_answer(c, c->op->fail, errno);
	return c;
}

/* May it wait for somebody else? Files on disks count as memory. */
static bool may_wait(const struct spe2_call *c)
{
	int fd = c->stream ? fileno(c->stream) : c->fd;
	struct stat st;

	if (c->op->quick || c->quick)
		return false;
	return fd < 0 || fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

void spe2_call_take_away(struct spe2_call *c, bool gone)
{
	c->taken = true;
	if (gone)
		c->spe = NULL;
}

static void *work(void *arg)
{
	struct spe2_call *c = arg;
	struct spe_context *spe;

	serve(c);
	pthread_mutex_lock(&spe2_registry);
	spe = c->spe;
	if (spe) {
		pthread_mutex_lock(&spe->base_private->lock);
		if (!c->taken) {
			give_back(c, spe->base_private->ls);
			spe2_answered(spe);
		}
		pthread_mutex_unlock(&spe->base_private->lock);
	}
	pthread_mutex_unlock(&spe2_registry);
	free_call(c);
	return NULL;
}

/*
 * A thread for this call: it has the priority, policy and CPUs of this one, and
 * gives them to the run that it starts. It takes no signals.
 */
static int start_worker(struct spe2_call *c)
{
	struct spe_context_base_priv *p = c->spe->base_private;
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&p->lock);
	p->call = c;
	error = pthread_create(&thread, &attr, work, c);
	if (error)
		p->call = NULL;
	pthread_mutex_unlock(&p->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

static void free_cancelled(void *arg)
{
	free_call(arg);
}

static void serve_or_be_cancelled(struct spe2_call *c, int cancel)
{
	pthread_cleanup_push(free_cancelled, c);
	pthread_setcancelstate(cancel, &cancel);
	serve(c);
	pthread_setcancelstate(cancel, NULL);
	pthread_cleanup_pop(0);
}

/* For a thread that dispatches: a signal is no reason to end a run. */
static void serve_to_the_end(struct spe2_call *c)
{
	do {
		serve(c);
	} while (c->interrupted);
}

static int call_default(struct spe_context *spe, unsigned int number, uint32_t npc,
			const int *cancel, enum spe2_served *served)
{
	struct spe2_call *c;
	bool ready = false;

	c = make_call(spe, number, npc, &ready);
	if (!c)
		return 1;
	if (!ready && !cancel && may_wait(c)) {
		int error = start_worker(c);

		if (!error) {
			*served = SPE2_PENDING;
			return 0;
		}
		set_answer(c, c->op->fail, error);
		ready = true;
	}
	if (!ready && cancel)
		serve_or_be_cancelled(c, *cancel);
	else if (!ready)
		serve_to_the_end(c);
	if (c->interrupted)
		*served = SPE2_INTERRUPTED;
	else
		give_back(c, spe->base_private->ls);
	free_call(c);
	return 0;
}

/* The default handlers, as spe_callback_handler_query() returns them */
static int default_handler(void *ls, unsigned int npc, unsigned int number)
{
	enum spe2_served served;
	struct spe_context *spe;
	int cancel, ret;

	pthread_mutex_lock(&spe2_registry);
	spe = spe2_context_at(ls);
	pthread_mutex_unlock(&spe2_registry);
	if (!spe)
		return 1;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	ret = call_default(spe, number, npc, &cancel, &served);
	pthread_setcancelstate(cancel, NULL);
	return ret;
}

static int default_c99(void *ls, unsigned int npc)
{
	return default_handler(ls, npc, CALL_C99);
}

static int default_posix1(void *ls, unsigned int npc)
{
	return default_handler(ls, npc, CALL_POSIX1);
}

static int default_libea(void *ls, unsigned int npc)
{
	return default_handler(ls, npc, CALL_LIBEA);
}

static void *handlers[MAX_CALLNUM + 1] = {	/* spe2_registry */
	[CALL_C99] = default_c99,
	[CALL_POSIX1] = default_posix1,
	[CALL_LIBEA] = default_libea,
};

/**
 * spe2_call() - serve a call
 * @spe: the context that called
 * @number: the low byte of the stop code
 * @npc: where the word after the stop instruction is
 * @cancel: this thread may wait, and meanwhile has this cancellation state; NULL:
 *	it must not wait
 * @served: SPE2_PENDING: a worker serves it, which then calls spe2_answered();
 *	SPE2_INTERRUPTED: a signal came, and the call is to be made again
 *
 * A function that the program registered runs in this thread in any case.
 *
 * Context: no lock is held, and cancellation is disabled
 *
 * Return: 0, or the reason of an SPE_CALLBACK_ERROR
 */
int spe2_call(struct spe_context *spe, unsigned int number, uint32_t npc, const int *cancel,
	      enum spe2_served *served)
{
	int (*handler)(void *ls, unsigned int npc);
	int ret, disabled;

	*served = SPE2_SERVED;

	pthread_mutex_lock(&spe2_registry);
	handler = handlers[number];
	pthread_mutex_unlock(&spe2_registry);
	if ((!handler && number == CALL_LINUX) || handler == default_c99 ||
	    handler == default_posix1 || handler == default_libea)
		return call_default(spe, handler == default_c99 ? CALL_C99 :
				    handler == default_posix1 ? CALL_POSIX1 :
				    handler == default_libea ? CALL_LIBEA : CALL_LINUX,
				    npc, cancel, served);
	if (!handler)
		return -1;
	if (!cancel)
		return handler(spe->base_private->ls, npc & (LS_SIZE - 4));
	pthread_setcancelstate(*cancel, &disabled);
	ret = handler(spe->base_private->ls, npc & (LS_SIZE - 4));
	pthread_setcancelstate(disabled, NULL);
	return ret;
}

SPE2_EXPORT int spe_callback_handler_register(void *handler, unsigned int callnum,
					      unsigned int mode)
{
	int error = 0;

	if (callnum > MAX_CALLNUM || (mode != SPE_CALLBACK_NEW && mode != SPE_CALLBACK_UPDATE)) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&spe2_registry);
	if (mode == SPE_CALLBACK_NEW && (callnum < RESERVED || handlers[callnum]))
		error = EACCES;
	else if (mode == SPE_CALLBACK_UPDATE && !handlers[callnum])
		error = ESRCH;
	else if (!handler)
		error = EINVAL;
	else
		handlers[callnum] = handler;
	pthread_mutex_unlock(&spe2_registry);
	errno = error;
	return error ? -1 : 0;
}

SPE2_EXPORT int spe_callback_handler_deregister(unsigned int callnum)
{
	int error = 0;

	if (callnum > MAX_CALLNUM) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&spe2_registry);
	if (callnum < RESERVED)
		error = EACCES;
	else if (!handlers[callnum])
		error = ESRCH;
	else
		handlers[callnum] = NULL;
	pthread_mutex_unlock(&spe2_registry);
	errno = error;
	return error ? -1 : 0;
}

SPE2_EXPORT void *spe_callback_handler_query(unsigned int callnum)
{
	void *handler;

	if (callnum > MAX_CALLNUM) {
		errno = EINVAL;
		return NULL;
	}
	pthread_mutex_lock(&spe2_registry);
	handler = handlers[callnum];
	pthread_mutex_unlock(&spe2_registry);
	errno = handler ? 0 : ESRCH;
	return handler;
}

/**
 * spe_context_give_fd() - let the program of a context use a descriptor
 * @spe: the context
 * @fd: a descriptor of the process; the program gets a duplicate of its own
 *
 * Return: the number by which the program knows it, or -1 and errno
 */
SPE2_EXPORT int spe_context_give_fd(struct spe_context *spe, int fd)
{
	int own;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own >= 0 && spe2_give(spe->base_private->files, own)) {
		close(own);
		return -1;
	}
	return own;
}
