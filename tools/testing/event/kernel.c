// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of the kernel that event.c uses, for any kind of actor.
 */
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "model.h"

/* Wait queues */
void init_waitqueue_head(wait_queue_head_t *q)
{
	q->first = NULL;
}

static void unlink_entry(wait_queue_head_t *q, struct wait_entry *e)
{
	struct wait_entry **p = &q->first;

	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
}

/* Entries that do not wait exclusively come first. */
static void link_entry(wait_queue_head_t *q, struct wait_entry *e)
{
	struct wait_entry **p = &q->first;

	if (e->exclusive)
		while (*p)
			p = &(*p)->next;
	e->next = *p;
	e->who = self();
	*p = e;
}

void prepare_to_wait(wait_queue_head_t *q, struct wait_entry *e)
{
	hardware_begin("prepare_to_wait");
	if (!e->queued)
		link_entry(q, e);
	e->queued = true;
	e->woken = false;
	hardware_end();
}

void finish_wait(wait_queue_head_t *q, struct wait_entry *e)
{
	hardware_begin("finish_wait");
	if (e->queued)
		unlink_entry(q, e);
	e->queued = false;
	hardware_end();
}

static bool entry_woken(void *arg)
{
	struct wait_entry *e = arg;

	return READ_ONCE(e->woken) || e->who->signal;
}

void wait_sleep(struct wait_entry *e, const char *what)
{
	might_sleep(what);
	block(entry_woken, e, what);
}

/* Wake all if @exclusive is 0, otherwise that many of those that wait exclusively. */
void __wake_up(wait_queue_head_t *q, int exclusive, __poll_t key)
{
	struct wait_entry *e;

	hardware_begin("wake_up");
	for (e = q->first; e; e = e->next) {
		/* Only poll has keys, see pollwake(). */
		if (key && e->key && !(key & e->key))
			continue;
		e->woken = true;
		if (e->exclusive && !--exclusive)
			break;
	}
	hardware_end();
}

void poll_wait(struct file *file, wait_queue_head_t *q, poll_table *wait)
{
	if (!wait)
		return;
	prepare_to_wait(q, wait->entry);
	wait->queue = q;
}

/* Work: each has a worker of its own, see model.c; there is one at a time */
void work_init(struct work_struct *work, void (*func)(struct work_struct *))
{
	memset(work, 0, sizeof(*work));
	work->func = func;
	model_work(work);
}

bool work_queue(struct work_struct *work, unsigned long delay)
{
	bool pending;

	hardware_begin("queues work");
	released(work);
	pending = work->timer || work->queued;
	if (!pending) {
		work->timer = delay;
		work->queued = !delay;
	}
	hardware_end();
	return !pending;
}

bool work_modify(struct work_struct *work, unsigned long delay)
{
	bool pending;

	hardware_begin("queues work, or hastens it");
	released(work);
	pending = work->timer || work->queued;
	work->timer = delay;
	work->queued = !delay;
	hardware_end();
	return pending;
}

bool work_is_pending(struct work_struct *work)
{
	bool pending;

	hardware_begin("looks whether work is queued");
	released(work);
	pending = work->timer || work->queued;
	hardware_end();
	return pending;
}

bool work_cancel(struct work_struct *work)
{
	bool pending;

	hardware_begin("cancels work");
	pending = work->timer || work->queued;
	work->timer = false;
	work->queued = false;
	hardware_end();
	return pending;
}

/* User memory */
static size_t user_copy(struct iov_iter *i, size_t size)
{
	if (size > i->count)
		size = i->count;
	if (size > i->valid) {
		if (!current->nofault)
			might_sleep("a fault in user memory");
		size = i->valid;
	}
	i->data += size;
	i->count -= size;
	i->valid -= size;
	return size;
}

size_t copy_to_iter(const void *from, size_t size, struct iov_iter *to)
{
	char *data = to->data;

	if (!current->nofault)
		might_sleep("copy_to_iter");
	size = user_copy(to, size);
	memcpy(data, from, size);
	if (to->copied)
		to->copied(to->arg, from, size);
	return size;
}

size_t copy_from_iter(void *to, size_t size, struct iov_iter *from)
{
	char *data = from->data;

	if (!current->nofault)
		might_sleep("copy_from_iter");
	size = user_copy(from, size);
	memcpy(to, data, size);
	return size;
}

void iov_iter_revert(struct iov_iter *i, size_t size)
{
	i->data -= size;
	i->count += size;
	i->valid += size;
}

size_t fault_in_iov_iter_writeable(struct iov_iter *i, size_t size)
{
	might_sleep("fault_in_iov_iter_writeable");
	point("fault_in_iov_iter_writeable");
	if (!i->repairable)
		return size;
	i->valid = i->count;
	return 0;
}

void seq_printf(struct seq_file *m, const char *format, ...)
{
	size_t len = strlen(m->text);
	va_list args;

	va_start(args, format);
	vsnprintf(m->text + len, sizeof(m->text) - len, format, args);
	va_end(args);
}

const struct scenario *scenario;

void fail(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n# again: ");
	print_replay();
	printf("\nnot ok - %s: %s\n", scenario->name, scenario->what);
	fflush(stdout);
	_exit(1);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}
