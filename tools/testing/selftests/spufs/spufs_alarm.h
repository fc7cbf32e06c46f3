/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals at short intervals, to interrupt calls that must cope with them.
 */
#ifndef __SPUFS_ALARM_H
#define __SPUFS_ALARM_H

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t alarms;

static inline void count_alarm(int sig)
{
	alarms++;
}

/* Have a SIGALRM come every @usec; @flags are those of sigaction(2) */
static inline void alarm_every(int usec, int flags, void (*handler)(int))
{
	const struct itimerval timer = {
		.it_value.tv_usec = usec, .it_interval.tv_usec = usec
	};
	const struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	alarms = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static inline void alarm_never(void)
{
	const struct itimerval timer = {};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* @how: SIG_BLOCK if other threads are to have the alarms, or SIG_UNBLOCK */
static inline void mask_alarms(int how)
{
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(how, &alarm, NULL);
}

/* Create a thread that leaves the alarms to this one. 0, or an error */
static inline int create_without_alarms(pthread_t *thread, void *(*start)(void *),
					void *arg)
{
	int ret;

	mask_alarms(SIG_BLOCK);
	ret = pthread_create(thread, NULL, start, arg);
	mask_alarms(SIG_UNBLOCK);
	return ret;
}

#endif /* __SPUFS_ALARM_H */
