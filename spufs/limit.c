// SPDX-License-Identifier: GPL-2.0
/*
 * SPU file system -- the number of contexts that a user may have
 *
 * A context is some 400 KB of memory that cannot be swapped and belongs to no
 * process.  A memory cgroup, if there is one, is charged for it; this limit
 * always exists.  A gang is not counted: it is a directory, and is removed when
 * neither it nor a context in it is open.
 */
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "spufs.h"

/* A user who has contexts */
struct spufs_user {
	struct list_head list;
	kuid_t uid;
	unsigned int contexts;
};

static LIST_HEAD(spufs_users);
static DEFINE_MUTEX(spufs_users_lock);

/*
 * A user namespace gives its owner any number of users: they all count as the
 * creator of the outermost one.
 */
static kuid_t spufs_current_user(void)
{
	struct user_namespace *ns = current_user_ns();
	kuid_t uid = current_uid();

	for (; ns != &init_user_ns; ns = ns->parent)
		uid = ns->owner;
	return uid;
}

/**
 * spufs_default_limit - the number of contexts for a user by default
 *
 * Return: the number whose save areas take an eighth of the memory.
 */
unsigned int spufs_default_limit(void)
{
	return totalram_pages() / 8 / (sizeof(struct spu_lscsa) / PAGE_SIZE);
}

/**
 * spufs_user_get - count a context for the current user
 * @limit: the number of contexts that the user may have
 *
 * With CAP_SYS_RESOURCE there is no limit.
 *
 * Context: process context; takes a mutex.
 * Return: the user, for spufs_user_put(); NULL if that is one context too many,
 *	or if there is no memory.
 */
struct spufs_user *spufs_user_get(unsigned int limit)
{
	/* Before the lock, which is everybody's: it may have to wait for memory. */
	struct spufs_user *new __free(kfree) = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	struct spufs_user *user = NULL, *other;
	kuid_t uid = spufs_current_user();

	guard(mutex)(&spufs_users_lock);
	list_for_each_entry(other, &spufs_users, list) {
		if (uid_eq(other->uid, uid)) {
			user = other;
			break;
		}
	}
	if ((user ? user->contexts : 0) >= limit && !capable(CAP_SYS_RESOURCE))
		return NULL;

	if (!user) {
		if (!new)
			return NULL;
		user = no_free_ptr(new);
		user->uid = uid;
		list_add(&user->list, &spufs_users);
	}
	user->contexts++;
	return user;
}

/**
 * spufs_user_put - a context is gone
 * @user: the result of spufs_user_get() for it
 *
 * Context: process context; takes a mutex.
 */
void spufs_user_put(struct spufs_user *user)
{
	guard(mutex)(&spufs_users_lock);
	if (--user->contexts)
		return;
	list_del(&user->list);
	kfree(user);
}
