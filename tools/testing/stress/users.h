/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ordinary users against the rest: see users.c
 */
#ifndef SPUFS_STRESS_USERS_H
#define SPUFS_STRESS_USERS_H

#include <stdbool.h>
#include <sys/types.h>

#define USERS		8	/* how many there are */
#define USERS_UID	2000	/* the first one's */

/* As root, before the processes begin: what the users need, or why not. */
const char *users_prepare(void);

/* What user @number does for @seconds; never returns. */
void users_run(int number, unsigned int seed, unsigned int seconds);

/* Does user @number end only when it is killed? */
bool users_endless(int number);

/* After the last process: take away what users_prepare() made. */
void users_clean(void);

/* What users have in common: a number below @n, ... */
unsigned int user_draw(unsigned int n);

/* ... to tell what went wrong, by errno too, and end, ... */
void user_fail(const char *what) __attribute__((noreturn));

/* ... to become the user, which all but "mount" are from the beginning, ... */
void user_become(void);

/* ... and to kill a child after a while: it must go, whatever it waits for. */
void user_kill_soon(pid_t child);

/* A child that does @be, and tells by a socket whose other end is left in @socket */
pid_t user_child(void (*be)(int socket), int *socket);

/* Those in borders.c */
void user_trace(void);
void user_mount(void);
void user_submit(void);

#endif /* SPUFS_STRESS_USERS_H */
