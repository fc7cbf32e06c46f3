// SPDX-License-Identifier: GPL-2.0
/*
 * The contexts of the system: from their directories, and for asynchronous ones
 * from /proc, where each process that has the event file open shows its state.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spuctl.h"

#define NOTHING		"-"

struct context {
	char name[2 * NAME_MAX + 2];	/* below the mount, maybe in a gang */
	bool async;
	char state[16], spe[16], npc[16];
	char starter[16];		/* the thread that started it last */
	/* from fdinfo; there is none if nobody holds the event file */
	char holder[16], records[24], runs[24], events[24];
};

static struct context *contexts;
static size_t count;

/* The first word of a file; false if it cannot be read, as it may have gone */
static bool read_word(int dir, const char *name, char *word, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char line[128];
	ssize_t len;

	snprintf(word, size, NOTHING);
	if (fd < 0)
		return false;
	len = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (len <= 0)
		return false;
	line[len] = 0;
	line[strcspn(line, "\n ")] = 0;
	snprintf(word, size, "%.*s", (int)size - 1, line);
	return true;
}

static void add(int dir, const char *gang, const char *name)
{
	struct context *c;
	char id[16];

	contexts = realloc(contexts, (count + 1) * sizeof(*contexts));
	if (!contexts)
		err(1, "contexts");
	c = &contexts[count];
	memset(c, 0, sizeof(*c));
	snprintf(c->name, sizeof(c->name), "%s%s%s", gang, *gang ? "/" : "", name);
	c->async = !faccessat(dir, "event", F_OK, 0);
	strcpy(c->spe, NOTHING);
	strcpy(c->holder, NOTHING);
	strcpy(c->records, NOTHING);
	strcpy(c->runs, NOTHING);
	strcpy(c->events, NOTHING);
	/* The context may go away meanwhile. */
	if (!read_word(dir, "stat", c->state, sizeof(c->state)))
		return;
	read_word(dir, "npc", c->npc, sizeof(c->npc));
	read_word(dir, "tid", c->starter, sizeof(c->starter));
	/* -1 as an unsigned number: it is on no SPE */
	if (read_word(dir, "phys-id", id, sizeof(id)) &&
	    strtoul(id, NULL, 0) < INT_MAX)
		snprintf(c->spe, sizeof(c->spe), "%lu", strtoul(id, NULL, 0));
	count++;
}

/* Directories below @fd: contexts, and gangs with contexts in them */
static void scan(int fd, const char *gang)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		err(1, "spufs");
	while ((entry = readdir(dir))) {
		int sub;

		if (entry->d_name[0] == '.')
			continue;
		sub = openat(dirfd(dir), entry->d_name,
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (sub < 0)
			continue;
		if (!faccessat(sub, "mem", F_OK, 0)) {
			add(sub, gang, entry->d_name);
			close(sub);
		} else if (!*gang) {
			scan(sub, entry->d_name);
		} else {
			close(sub);
		}
	}
	closedir(dir);
}

/* What fdinfo of an event file says */
static void read_fdinfo(struct context *c, const char *pid, const char *fd)
{
	char path[PATH_MAX], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	file = fopen(path, "re");
	if (!file)
		return;
	snprintf(c->holder, sizeof(c->holder), "%s", pid);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "spu-state: %15s", c->state) == 1 ||
		    sscanf(line, "spu-records: %23s", c->records) == 1 ||
		    sscanf(line, "spu-runs: %23s", c->runs) == 1 ||
		    sscanf(line, "spu-events: %23s", c->events) == 1)
			continue;
	}
	fclose(file);
}

/* A process's open files: is one an event file? */
static void scan_process(const char *pid, const char *root)
{
	size_t root_len = strlen(root);
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, path,
					 sizeof(path) - 1);
		char *end;

		if (len < 0)
			continue;
		path[len] = 0;
		end = strrchr(path, '/');
		if (!end || strcmp(end, "/event") ||
		    strncmp(path, root, root_len) || path[root_len] != '/')
			continue;
		*end = 0;
		for (size_t i = 0; i < count; i++)
			if (!strcmp(contexts[i].name, path + root_len + 1))
				read_fdinfo(&contexts[i], pid, entry->d_name);
	}
	closedir(dir);
}

static void scan_processes(const char *root)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		err(1, "/proc");
	while ((entry = readdir(dir)))
		if (isdigit(entry->d_name[0]))
			scan_process(entry->d_name, root);
	closedir(dir);
}

/* Where spufs is */
char *find_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char *root = NULL;

	if (!mounts)
		err(1, "/proc/self/mounts");
	while (!root && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "spufs"))
			root = strdup(entry->mnt_dir);
	endmntent(mounts);
	if (!root)
		errx(1, "spufs is not mounted");
	return root;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct context *)a)->name,
			  ((const struct context *)b)->name);
}

static void put_member(const char *name, const char *value, bool is_number)
{
	printf(", \"%s\": ", name);
	if (!strcmp(value, NOTHING))
		fputs("null", stdout);
	else if (is_number)
		printf("%lld", strtoll(value, NULL, 0));
	else
		json_string(stdout, value);
}

static void put_json(const struct context *c)
{
	fputs("{\"context\": ", stdout);
	json_string(stdout, c->name);
	printf(", \"async\": %s", c->async ? "true" : "false");
	put_member("state", c->state, false);
	put_member("spe", c->spe, true);
	put_member("npc", c->npc, true);
	put_member("starter", c->starter, true);
	put_member("holder", c->holder, true);
	put_member("runs", c->runs, true);
	put_member("events", c->events, true);
	put_member("unread", c->records, true);
	puts("}");
}

/* Escape as /proc/mounts does: a name is one word of one line, whatever is in it. */
static const char *escaped(const char *name)
{
	static char text[4 * sizeof(contexts->name)];
	char *to = text;

	for (; *name; name++) {
		unsigned char c = *name;

		if (c > ' ' && c < 0x7f && c != '\\')
			*to++ = c;
		else
			to += sprintf(to, "\\%03o", c);
	}
	*to = 0;
	return text;
}

int ps(bool json)
{
	char *root = find_mount();
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int width = 24;

	if (fd < 0)
		err(1, "%s", root);
	scan(fd, "");
	scan_processes(root);
	qsort(contexts, count, sizeof(*contexts), by_name);

	for (size_t i = 0; i < count; i++)
		if (width < (int)strlen(escaped(contexts[i].name)))
			width = strlen(escaped(contexts[i].name));
	if (!json)
		printf("%-*s %-5s %-8s %3s %7s %7s %7s %8s %8s %6s\n", width, "CONTEXT",
		       "TYPE", "STATE", "SPE", "NPC", "STARTER", "HOLDER", "RUNS",
		       "EVENTS", "UNREAD");
	for (size_t i = 0; i < count; i++) {
		const struct context *c = &contexts[i];

		if (json)
			put_json(c);
		else
			printf("%-*s %-5s %-8s %3s %7s %7s %7s %8s %8s %6s\n", width,
			       escaped(c->name), c->async ? "async" : "sync", c->state,
			       c->spe, c->npc, c->starter, c->holder, c->runs,
			       c->events, c->records);
	}
	free(contexts);
	free(root);
	return 0;
}
