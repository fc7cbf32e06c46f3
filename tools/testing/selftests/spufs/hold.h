/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keep the mutex of a context: a child that has it dumps core into a pipe, from
 * which nobody reads, and sleeps there.
 */
#ifndef __SPUFS_HOLD_H
#define __SPUFS_HOLD_H

#include <signal.h>
#include <sys/wait.h>

#include "spufs_test.h"

#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"
#define HOLD_HELPER	"hold"

struct holder {
	char pattern[128], dir[32], fifo[40];
	int go;
	pid_t child;
};

/* First thing in main(): the process that the kernel starts as core_pattern says */
static inline void hold_helper(int argc, char **argv)
{
	char buf[4096];

	if (argc < 3 || strcmp(argv[1], HOLD_HELPER))
		return;
	/* which waits for a writer, and for the writer to close it */
	if (read(open(argv[2], O_RDONLY), buf, 1))
		_exit(1);
	while (read(STDIN_FILENO, buf, sizeof(buf)) > 0)
		;
	_exit(0);
}

/* A reason to SKIP, or NULL */
static inline const char *no_hold(void)
{
	return access(CORE_PATTERN, W_OK) ? CORE_PATTERN " cannot be changed" :
					    NULL;
}

static inline int hold_set_pattern(const char *pattern)
{
	int fd = open(CORE_PATTERN, O_WRONLY);
	ssize_t done = write(fd, pattern, strlen(pattern));

	close(fd);
	return done == (ssize_t)strlen(pattern) ? 0 : -1;
}

static inline char process_state(pid_t pid)
{
	char path[64], state = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "r");
	if (!stat)
		return 0;
	if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(stat);
	return state;
}

/*
 * The mutex of the context with the lowest descriptor that this process has: its
 * local store alone is more than fits into a pipe. 0 or -1
 */
static inline int hold_begin(struct holder *holder)
{
	char exe[80] = "", pattern[128];
	FILE *file = fopen(CORE_PATTERN, "r");

	if (!file || !fgets(holder->pattern, sizeof(holder->pattern), file))
		return -1;
	fclose(file);
	strcpy(holder->dir, "/tmp/spufs-XXXXXX");
	if (!mkdtemp(holder->dir))
		return -1;
	snprintf(holder->fifo, sizeof(holder->fifo), "%s/go", holder->dir);
	if (mkfifo(holder->fifo, 0600) ||
	    readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return -1;
	snprintf(pattern, sizeof(pattern), "|%s " HOLD_HELPER " %s", exe,
		 holder->fifo);
	if (hold_set_pattern(pattern))
		return -1;

	holder->child = fork();
	if (!holder->child) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	holder->go = open(holder->fifo, O_WRONLY);
	return wait_until(process_state(holder->child) == 'S') ? 0 : -1;
}

static inline int hold_end(struct holder *holder)
{
	int status;

	close(holder->go);
	while (waitpid(holder->child, &status, 0) != holder->child)
		if (errno != EINTR)
			return -1;
	unlink(holder->fifo);
	rmdir(holder->dir);
	return hold_set_pattern(holder->pattern);
}

#endif /* __SPUFS_HOLD_H */
