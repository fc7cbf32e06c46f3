/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ordinary users against the rest: see users.c
 */
#ifndef SPUFS_STRESS_USERS_H
#define SPUFS_STRESS_USERS_H

#include <stdbool.h>

#define USERS		5	/* how many there are */
#define USERS_UID	2000	/* the first one's */

/* As root, before the processes begin: what the users need, or why not. */
const char *users_prepare(void);

/* What user @number does for @seconds; never returns. */
void users_run(int number, unsigned int seed, unsigned int seconds);

/* Does user @number go only when it is killed? */
bool users_endless(int number);

/* After the last process: take away what users_prepare() made. */
void users_clean(void);

#endif /* SPUFS_STRESS_USERS_H */
