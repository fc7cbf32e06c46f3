// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a context: the allocations of spu_create() in the kernel's slabs
 * that it does not free, for plain contexts and for asynchronous ones, as the
 * kernel's own tracepoints (events/kmem) report them.  The save area of a context,
 * with its local store, is not from a slab, and is the same for both.  Also the
 * memory of a thread, which spu_run(2) needs for each context: slabs, its stack in
 * the kernel, and the touched part of its own stack.
 *
 * memory COUNT		means of this many contexts, each with one file open
 *
 * prints lines "memory,KIND,COUNT,SLABS,KERNEL_STACK,STACK", in bytes.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "spu-sample.h"

#define TRACING "/sys/kernel/tracing/"

struct allocation {
	char pointer[32];
	long bytes;
};

static void set(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		err(1, "%s", file);
	close(fd);
}

/* The value of "name=" in a line of the trace. */
static bool field(const char *line, const char *name, char *value, size_t size)
{
	const char *at = strstr(line, name);
	size_t n;

	if (!at)
		return false;
	at += strlen(name);
	n = strcspn(at, " \n");
	if (n >= size)
		return false;
	memcpy(value, at, n);
	value[n] = '\0';
	return true;
}

static long allocated(void)
{
	FILE *trace = fopen(TRACING "trace", "r");
	struct allocation *live = NULL;
	size_t n = 0, room = 0, i;
	char line[512], pointer[32], bytes[32];
	long sum = 0;

	if (!trace)
		err(1, TRACING "trace");
	while (fgets(line, sizeof(line), trace)) {
		if (strstr(line, "LOST"))
			errx(1, "the trace lost events");
		if (line[0] == '#' || !field(line, " ptr=", pointer, sizeof(pointer)))
			continue;
		if (field(line, " bytes_alloc=", bytes, sizeof(bytes))) {
			if (n == room) {
				room = room * 2 + 1024;
				live = realloc(live, room * sizeof(*live));
			}
			strcpy(live[n].pointer, pointer);
			live[n++].bytes = atol(bytes);
			continue;
		}
		for (i = n; i-- > 0;)
			if (!strcmp(live[i].pointer, pointer)) {
				live[i] = live[--n];
				break;
			}
	}
	fclose(trace);
	for (i = 0; i < n; i++)
		sum += live[i].bytes;
	free(live);
	return sum;
}

static void measure(const char *kind, unsigned int flags, const char *name, int count)
{
	int *fds = calloc(2 * count, sizeof(*fds)), i;
	char path[32];

	set(TRACING "trace", "\n");
	set(TRACING "tracing_on", "1");
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/spu/memory-%d", i);
		fds[2 * i] = syscall(SYS_spu_create, path, flags, 0755, -1);
		if (fds[2 * i] < 0)
			err(1, "context %d", i);
		fds[2 * i + 1] = openat(fds[2 * i], name, O_RDONLY);
		if (fds[2 * i + 1] < 0)
			err(1, "%s of context %d", name, i);
	}
	set(TRACING "tracing_on", "0");
	printf("memory,%s,%d,%ld,0,0\n", kind, count, allocated() / count);
	for (i = 0; i < 2 * count; i++)
		close(fds[i]);
	free(fds);
}

#define STACK_SIZE	0x40000

static long kernel_stacks(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "KernelStack: %ld kB", &kib);
	if (!kib)
		errx(1, "/proc/meminfo names no KernelStack");
	fclose(f);
	return kib * 1024;
}

static pthread_barrier_t barrier;

static void *sleeper(void *unused)
{
	pthread_barrier_wait(&barrier);
	pause();
	return unused;
}

static void measure_threads(int count)
{
	size_t page = sysconf(_SC_PAGESIZE), size = (size_t)count * STACK_SIZE, i;
	unsigned char *resident = malloc(size / page);
	long before = kernel_stacks(), touched = 0;
	pthread_attr_t attr;
	pthread_t thread;
	char *stacks;

	stacks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stacks == MAP_FAILED || !resident)
		err(1, "stacks");
	pthread_barrier_init(&barrier, NULL, count + 1);
	pthread_attr_init(&attr);
	set(TRACING "trace", "\n");
	set(TRACING "tracing_on", "1");
	for (i = 0; i < (size_t)count; i++) {
		errno = pthread_attr_setstack(&attr, stacks + i * STACK_SIZE, STACK_SIZE);
		if (!errno)
			errno = pthread_create(&thread, &attr, sleeper, NULL);
		if (errno)
			err(1, "thread %zu", i);
	}
	set(TRACING "tracing_on", "0");
	pthread_barrier_wait(&barrier);
	if (mincore(stacks, size, resident))
		err(1, "mincore");
	for (i = 0; i < size / page; i++)
		touched += resident[i] & 1;
	printf("memory,thread,%d,%ld,%ld,%ld\n", count, allocated() / count,
	       (kernel_stacks() - before) / count, touched * (long)page / count);
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0;
	struct rlimit files = { 2 * count + 64, 2 * count + 64 };
	char pid[32];

	if (count < 1) {
		fprintf(stderr, "usage: memory COUNT\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	if (access(TRACING "trace", F_OK) && mount("tracefs", TRACING, "tracefs", 0, NULL))
		err(1, TRACING);
	snprintf(pid, sizeof(pid), "%d", getpid());
	set(TRACING "tracing_on", "0");
	set(TRACING "buffer_size_kb", "16384");
	set(TRACING "set_event_pid", pid);
	set(TRACING "events/kmem/kmalloc/enable", "1");
	set(TRACING "events/kmem/kfree/enable", "1");
	set(TRACING "events/kmem/kmem_cache_alloc/enable", "1");
	set(TRACING "events/kmem/kmem_cache_free/enable", "1");

	/* The first ones fill the pools of the slabs. */
	measure("warm-up", 0, "mbox_stat", count);
	measure("plain", 0, "mbox_stat", count);
	measure("async", SPU_CREATE_ASYNC, "event", count);
	measure_threads(count);
	return 0;
}
