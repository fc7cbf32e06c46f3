/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as spufs/event.c needs, for a program in userspace.
 *
 * The semantics are the kernel's.  Every operation that another CPU can see,
 * or that waits, is a point where actor.h may let another actor run, so that
 * explore.c can try them all; threads.c lets real threads run instead.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/types.h>

typedef uint8_t u8, __u8;
typedef uint16_t u16, __u16;
typedef uint32_t u32, __u32;
typedef unsigned long long u64, __u64;
typedef unsigned int __poll_t;
typedef unsigned short umode_t;

#include "actor.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define READ_ONCE(x)	(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))
#define __init
#define __user
#define __packed	__attribute__((packed))
#define offsetofend(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))
#define likely(x)	(x)
#define unlikely(x)	(x)
#define fallthrough	__attribute__((fallthrough))
#define THIS_MODULE	NULL
#define CONFIG_PROC_FS	1
#define HZ		250
#define ERESTARTSYS	512
#define WARN_ON(c)	({ bool __c = (c); if (__c) fail("WARN_ON(%s)", #c); __c; })
#define WARN_ON_ONCE(c)	WARN_ON(c)

#define test_bit(nr, p)		(!!(__atomic_load_n(p, __ATOMIC_RELAXED) & 1UL << (nr)))
#define set_bit(nr, p)		((void)__atomic_fetch_or(p, 1UL << (nr), __ATOMIC_SEQ_CST))
#define clear_bit(nr, p)	((void)__atomic_fetch_and(p, ~(1UL << (nr)), __ATOMIC_SEQ_CST))

/* Lists */
struct list_head {
	struct list_head *next, *prev;
};

#define INIT_LIST_HEAD(l)	((void)((l)->next = (l)->prev = (l)))
#define list_empty(l)		((l)->next == (l))
#define list_first_entry(l, type, member)	container_of((l)->next, type, member)
#define list_for_each_entry(pos, head, member)				\
	for (pos = container_of((head)->next, typeof(*pos), member);	\
	     &pos->member != (head);					\
	     pos = container_of(pos->member.next, typeof(*pos), member))

static inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	new->prev = head->prev;
	new->next = head;
	head->prev->next = new;
	head->prev = new;
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = entry->prev = NULL;
}

/* Memory: what is freed is never given out again within one run */
#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
void *kzalloc(size_t size, int flags);
void kfree(const void *p);

/* The current task */
#define current			self()
#define signal_pending(t)	((t)->signal)
#define cond_resched()		point("cond_resched")
#define pagefault_disable()	((void)self()->nofault++)
#define pagefault_enable()	((void)self()->nofault--)

/* Wait queues; what the kernel does under their lock is one step here. */
struct wait_entry {
	struct wait_entry *next;
	struct actor *who;
	__poll_t key;		/* what is waited for; 0: anything */
	bool exclusive;
	bool queued, woken;
};

typedef struct wait_queue_head {
	struct wait_entry *first;
} wait_queue_head_t;

void init_waitqueue_head(wait_queue_head_t *q);
void prepare_to_wait(wait_queue_head_t *q, struct wait_entry *e);
void finish_wait(wait_queue_head_t *q, struct wait_entry *e);
void wait_sleep(struct wait_entry *e, const char *what);
void __wake_up(wait_queue_head_t *q, int exclusive, __poll_t key);

#define wake_up_poll(q, key)	__wake_up(q, 1, key)
#define wake_up_all(q)		__wake_up(q, 0, 0)

#define wait_event_interruptible_lock_irq(q, condition, lock) ({	\
	struct wait_entry __e = { 0 };					\
	int __ret = 0;							\
									\
	for (;;) {							\
		prepare_to_wait(&(q), &__e);				\
		if (condition)						\
			break;						\
		if (signal_pending(current)) {				\
			__ret = -ERESTARTSYS;				\
			break;						\
		}							\
		spin_unlock_irq(&(lock));				\
		wait_sleep(&__e, "wait for an event");			\
		spin_lock_irq(&(lock));					\
	}								\
	finish_wait(&(q), &__e);					\
	__ret;								\
})

/* Work */
struct work_struct {
	void (*func)(struct work_struct *work);
	bool timer;		/* pending: the timer runs ... */
	bool queued;		/* ... or it is for the worker to begin */
};

struct delayed_work {
	struct work_struct work;
};

struct workqueue_struct;
#define WQ_UNBOUND	0
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)
#define INIT_WORK(w, f)		work_init(w, f)
#define INIT_DELAYED_WORK(w, f)	work_init(&(w)->work, f)
#define alloc_workqueue(...)	((struct workqueue_struct *)1)
#define destroy_workqueue(wq)	((void)(wq))
#define queue_work(wq, w)	work_queue(w, 0)
#define queue_delayed_work(wq, w, delay)	work_queue(&(w)->work, delay)
#define mod_delayed_work(wq, w, delay)		work_modify(&(w)->work, delay)
#define delayed_work_pending(w)	work_is_pending(&(w)->work)
#define cancel_work(w)		work_cancel(w)
#define cancel_delayed_work(w)	work_cancel(&(w)->work)

void work_init(struct work_struct *work, void (*func)(struct work_struct *));
bool work_queue(struct work_struct *work, unsigned long delay);
bool work_modify(struct work_struct *work, unsigned long delay);
bool work_is_pending(struct work_struct *work);
bool work_cancel(struct work_struct *work);

/* Files */
struct inode {
	int unused;
};

struct vfsmount;

struct file {
	void *private_data;
	unsigned int f_mode, f_flags;
	struct {
		struct vfsmount *mnt;
	} f_path;
};

struct fasync_struct;
struct poll_table_struct {
	struct wait_entry *entry;
	wait_queue_head_t *queue;	/* which the file named */
};
typedef struct poll_table_struct poll_table;
/* A caller without a table only looks, and waits for nothing. */
#define poll_requested_events(wait)	((wait) ? (wait)->entry->key : 0)
struct seq_file {
	char text[256];
};

struct iov_iter {
	char *data;
	size_t count;		/* bytes left */
	size_t valid;		/* bytes left until it faults */
	bool repairable;	/* fault_in_iov_iter_writeable() helps */
	void (*copied)(void *arg, const void *data, size_t size);
	void *arg;
};

struct kiocb {
	struct file *ki_filp;
	int ki_flags;
};

struct file_operations {
	void *owner;
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	ssize_t (*read_iter)(struct kiocb *iocb, struct iov_iter *to);
	ssize_t (*write_iter)(struct kiocb *iocb, struct iov_iter *from);
	__poll_t (*poll)(struct file *file, poll_table *wait);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	int (*fasync)(int fd, struct file *file, int on);
	void (*show_fdinfo)(struct seq_file *m, struct file *file);
};

#define min(a, b)	((a) < (b) ? (a) : (b))

#define FMODE_NOWAIT	1
#define FMODE_WRITE	2
#define __mnt_is_readonly(mnt)	((void)(mnt), false)
#define IOCB_NOWAIT	1
#define O_NONBLOCK	04000

#define FIONREAD	0x541B
#define compat_ptr_ioctl	NULL
#define put_user(x, p)		(*(p) = (x), 0)
#define get_unaligned(p)	({ typeof(*(p)) v_; memcpy(&v_, p, sizeof(v_)); v_; })
#define stream_open(inode, file)	((void)(inode), (void)(file), 0)
#define fasync_helper(fd, file, on, f)	((void)(f), (void)(fd), (void)(file), (void)(on), 0)
#define kill_fasync(f, sig, band)	((void)(f), (void)(sig), (void)(band))
#define iov_iter_count(i)		((i)->count)

size_t copy_to_iter(const void *from, size_t size, struct iov_iter *to);
size_t copy_from_iter(void *to, size_t size, struct iov_iter *from);
void iov_iter_revert(struct iov_iter *i, size_t size);
size_t fault_in_iov_iter_writeable(struct iov_iter *i, size_t size);
void poll_wait(struct file *file, wait_queue_head_t *q, poll_table *wait);
void seq_printf(struct seq_file *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* KERNEL_H */
