// SPDX-License-Identifier: GPL-2.0
/*
 * SPU programs in asynchronous contexts: one thread runs them all, and serves
 * the calls that they make.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "../spu-sample.h"
#include "spuctl.h"

/* SPU_Status, CBEA chapter "SPU Control" */
#define STOPPED_BY_STOP		0x2
#define STOPPED_BY_HALT		0x4

/* The C library's exit() stops with 0x2000 and the status. */
#define IS_EXIT(code)		(((code) & 0xff00) == 0x2000)
#define IS_CALL(code)		(((code) & 0xff00) == 0x2100)

#define STATUS_OTHER	1

struct program {
	char name[32];		/* of its context */
	const char *path;
	int context, event_fd;
	struct local_store ls;
	int status;
};

static void put_event(const struct program *program,
		      const struct run_options *o, const char *event,
		      long number, __u32 npc, const char *words)
{
	if (!o->json) {
		fprintf(stderr, "%s: %s at 0x%04x\n", program->name, words, npc);
		return;
	}
	fputs("{\"context\": ", stderr);
	json_string(stderr, program->name);
	fputs(", \"program\": ", stderr);
	json_string(stderr, program->path);
	fprintf(stderr, ", \"event\": \"%s\", ", event);
	if (number >= 0)
		fprintf(stderr, "\"number\": %ld, ", number);
	fprintf(stderr, "\"npc\": %u, \"text\": ", npc);
	json_string(stderr, words);
	fputs("}\n", stderr);
}

static void start(struct program *program, __u32 npc)
{
	const struct {
		__u32 op, npc;
	} control = { SPU_CONTROL_START_SPU, npc };

	if (write(program->event_fd, &control, sizeof(control)) != sizeof(control))
		err(1, "%s: start", program->name);
}

/* Its context, and the program in local store. Returns the entry point. */
static __u32 create(struct program *program, const char *path, unsigned int n)
{
	char name[64];
	int mem;

	snprintf(name, sizeof(name), "/spu/spuctl-%d-%u", getpid(), n);
	snprintf(program->name, sizeof(program->name), "ctx-%u", n);
	program->path = path;
	program->status = STATUS_OTHER;
	program->context = spu_create(name, SPU_CREATE_ASYNC, 0700);
	program->event_fd = openat(program->context, "event", O_RDWR | O_CLOEXEC);
	mem = openat(program->context, "mem", O_RDWR | O_CLOEXEC);
	if (program->event_fd < 0 || mem < 0)
		err(1, "%s", name);
	program->ls.base = mmap(NULL, LS_SIZE, PROT_READ | PROT_WRITE,
				MAP_SHARED, mem, 0);
	if (program->ls.base == MAP_FAILED)
		err(1, "%s: local store", name);
	close(mem);
	return elf_load(path, &program->ls);
}

/* A stop and signal. Returns whether the program goes on. */
static bool stop_and_signal(struct program *program, unsigned int code,
			    __u32 npc, const struct run_options *o)
{
	char words[160], why[96];
	/* Where it stopped is the instruction before. */
	__u32 at = (npc - 4) & (LS_SIZE - 1);
	long next;

	if (IS_EXIT(code)) {
		program->status = code & 0xff;
		snprintf(words, sizeof(words), "exit %u, stop 0x%04x",
			 code & 0xff, code);
		if (!o->quiet)
			put_event(program, o, "exit", program->status, at, words);
		return false;
	}
	if (!IS_CALL(code)) {
		snprintf(words, sizeof(words), "stop 0x%04x", code);
		put_event(program, o, "stop", code, at, words);
		return false;
	}
	next = call_serve(&program->ls, code, npc, why, sizeof(why));
	if (*why) {
		snprintf(words, sizeof(words), "call 0x%04x, %s", code, why);
		put_event(program, o, "call", code, at, words);
	}
	if (next < 0)
		return false;
	start(program, next);
	return true;
}

/* Returns whether the program goes on, or another event is to follow. */
static bool handle(struct program *program, const struct spu_event *event,
		   const struct run_options *o)
{
	static const struct {
		__u32 event;
		const char *name, *words;
	} errors[] = {
		{ SPU_EVENT_DMA_ALIGNMENT, "dma-alignment", "misaligned DMA" },
		{ SPU_EVENT_SPE_ERROR, "spe-error",
		  "illegal instruction or channel" },
		{ SPU_EVENT_DATA_STORAGE, "data-storage",
		  "DMA to an address without memory" },
		{ SPU_EVENT_INVALID_DMA, "invalid-dma", "invalid DMA command" },
	};

	if (event->event != SPU_EVENT_STOP) {
		for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
			if (errors[i].event == event->event)
				put_event(program, o, errors[i].name, -1,
					  event->npc, errors[i].words);
		return true;
	}
	if (event->status & STOPPED_BY_STOP)
		return stop_and_signal(program, event->status >> 16, event->npc, o);
	if (event->status & STOPPED_BY_HALT)
		put_event(program, o, "halt", -1, event->npc, "halt");
	else
		put_event(program, o, "stopped", -1, event->npc, "stopped");
	return false;
}

int run_programs(char **paths, unsigned int count, const struct run_options *o)
{
	unsigned int total = count * o->copies, running = total, i;
	struct program *programs = calloc(total, sizeof(*programs));
	__u32 *entries = calloc(total, sizeof(*entries));
	int epoll = epoll_create1(EPOLL_CLOEXEC), status = 0;

	if (!programs || !entries || epoll < 0)
		err(1, "%u programs", total);
	for (i = 0; i < total; i++) {
		struct epoll_event want = {
			.events = EPOLLIN, .data.ptr = &programs[i],
		};

		entries[i] = create(&programs[i], paths[i / o->copies], i);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, programs[i].event_fd, &want))
			err(1, "epoll_ctl");
	}
	/* No program runs unless all of them could be loaded. */
	for (i = 0; i < total; i++)
		start(&programs[i], entries[i]);
	free(entries);

	while (running) {
		struct epoll_event ready;
		struct spu_event event;
		struct program *program;

		if (epoll_wait(epoll, &ready, 1, -1) < 0) {
			if (errno == EINTR)
				continue;
			err(1, "epoll_wait");
		}
		program = ready.data.ptr;
		if (read(program->event_fd, &event, sizeof(event)) != sizeof(event))
			err(1, "%s: event", program->name);
		running -= !handle(program, &event, o);
	}

	for (i = 0; i < total; i++) {
		if (!status)
			status = programs[i].status;
		munmap(programs[i].ls.base, LS_SIZE);
		close(programs[i].event_fd);
		close(programs[i].context);
	}
	close(epoll);
	free(programs);
	return status;
}
