// SPDX-License-Identifier: GPL-2.0
/*
 * The activity of spufs while a command runs, from all its tracepoints in this
 * kernel, in a separate trace instance.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spuctl.h"

static char instance[PATH_MAX];

static const char *tracefs(void)
{
	static const char * const places[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/events/spufs", places[i]);
		if (!access(path, F_OK))
			return places[i];
	}
	errx(1, "no tracepoints of spufs in %s: that needs CONFIG_FTRACE, a mount, and root",
	     places[0]);
}

static int is_event(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

static int list_events(const char *root, bool json)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int n, i;

	snprintf(path, sizeof(path), "%s/events/spufs", root);
	n = scandir(path, &entries, is_event, alphasort);
	if (n < 0)
		err(1, "%s", path);
	for (i = 0; i < n; i++) {
		if (json)
			printf("{\"event\": \"%s\"}\n", entries[i]->d_name);
		else
			puts(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%.*s/%s", PATH_MAX - 64, instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

static void remove_instance(void)
{
	if (rmdir(instance))
		warn("%s", instance);
}

static int run(char **command)
{
	int status;
	pid_t pid;

	/* A key that ends the command must not end spuctl. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		execvp(command[0], command);
		warn("%s", command[0]);
		/* as in a shell */
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(1, "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * A line of the kernel is "TASK-PID [CPU] FLAGS SECONDS: EVENT: TEXT".
 * @first: the time of the first line, which sets it
 */
static void put_line(char *line, double *first, bool json)
{
	char *cpu = strstr(line, " ["), *time, *event, *text, *task = line;
	double seconds;

	line[strcspn(line, "\n")] = 0;
	if (line[0] == '#' || !cpu)
		return;
	task += strspn(task, " ");
	*cpu = 0;
	task[strcspn(task, " ")] = 0;
	cpu += 2;
	time = strchr(cpu, ' ');
	time = time ? strchr(time + 1, ' ') : NULL;
	event = time ? strstr(time, ": ") : NULL;
	text = event ? strstr(event + 2, ": ") : NULL;
	if (!text)
		return;
	*event = 0;
	event += 2;
	*text = 0;
	text += 2;
	text += strspn(text, " ");

	seconds = atof(time);
	if (*first < 0)
		*first = seconds;
	if (!json) {
		printf("%12.6f  %2d  %-20s %s: %s\n", seconds - *first, atoi(cpu),
		       task, event, text);
		return;
	}
	printf("{\"time\": %.6f, \"cpu\": %d, \"task\": ", seconds, atoi(cpu));
	json_string(stdout, task);
	fputs(", \"event\": ", stdout);
	json_string(stdout, event);
	fputs(", \"text\": ", stdout);
	json_string(stdout, text);
	puts("}");
}

static void put_timeline(bool json)
{
	char path[PATH_MAX], *line = NULL;
	double first = -1;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%.*s/trace", PATH_MAX - 64, instance);
	file = fopen(path, "re");
	if (!file)
		err(1, "%s", path);
	if (!json)
		printf("%12s %3s  %-20s %s\n", "SECONDS", "CPU", "TASK", "EVENT");
	while (getline(&line, &size, file) >= 0)
		put_line(line, &first, json);
	free(line);
	fclose(file);
}

int trace(bool json, bool list, char **command)
{
	const char *root = tracefs();
	int status;

	if (list)
		return list_events(root, json);

	snprintf(instance, sizeof(instance), "%s/instances/spuctl-%d", root,
		 getpid());
	if (mkdir(instance, 0755))
		err(1, "%s", instance);
	atexit(remove_instance);
	write_file("events/spufs/enable", "1");
	status = run(command);
	write_file("events/spufs/enable", "0");
	put_timeline(json);
	return status;
}
