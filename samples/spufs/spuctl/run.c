// SPDX-License-Identifier: GPL-2.0
/*
 * SPU programs in asynchronous contexts: one thread runs them all. The library
 * serves the calls that they make.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <libspe2.h>

#include "spuctl.h"

#define STATUS_OTHER	1

struct program {
	char name[32];		/* for its lines */
	const char *path;
	spe_program_handle_t *image;
	spe_context_ptr_t spe;
	int status;
};

static void put_event(const struct program *program,
		      const struct run_options *o, const char *event,
		      long number, unsigned int npc, const char *words)
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

static void create(struct program *program, const char *path, unsigned int n)
{
	snprintf(program->name, sizeof(program->name), "ctx-%u", n);
	program->path = path;
	program->status = STATUS_OTHER;
	program->image = spe_image_open(path);
	if (!program->image && errno == EINVAL)
		errx(1, "%s: %s", path, spe_image_error());
	if (!program->image)
		err(1, "%s", path);
	program->spe = spe_context_create(SPE_ASYNC, NULL);
	if (!program->spe && errno == ENOSYS)
		errx(1, "this kernel has no asynchronous SPU contexts");
	if (!program->spe || spe_program_load(program->spe, program->image))
		err(1, "%s: a context", path);
}

static const char *error_words(const spe_stop_info_t *info, const char **event)
{
	static const struct {
		unsigned int reason;
		int value;
		const char *event, *words;
	} errors[] = {
		{ SPE_RUNTIME_ERROR, SPE_SPU_HALT, "halt", "halt" },
		{ SPE_RUNTIME_ERROR, SPE_SPU_INVALID_INSTR, "spe-error", "illegal instruction" },
		{ SPE_RUNTIME_ERROR, SPE_SPU_INVALID_CHANNEL, "spe-error", "illegal channel" },
		{ SPE_RUNTIME_EXCEPTION, SPE_DMA_ALIGNMENT, "dma-alignment", "misaligned DMA" },
		{ SPE_RUNTIME_EXCEPTION, SPE_DMA_STORAGE, "data-storage",
		  "DMA to an address without memory" },
		{ SPE_RUNTIME_EXCEPTION, SPE_INVALID_DMA, "invalid-dma", "invalid DMA command" },
		{ SPE_CALLBACK_ERROR, -1, "call", "a call that is not served" },
		{ SPE_CALLBACK_ERROR, 1, "call", "a call without a place for its answer" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		if (errors[i].reason == info->stop_reason &&
		    errors[i].value == info->result.spe_runtime_error) {
			*event = errors[i].event;
			return errors[i].words;
		}
	}
	*event = "stopped";
	return "stopped";
}

const char *stop_text(const spe_stop_info_t *info, char *text, size_t size)
{
	const char *event;
	int code;

	switch (info->stop_reason) {
	case SPE_EXIT:
		code = info->result.spe_exit_code;
		snprintf(text, size, "exit %d, stop 0x%04x", code, 0x2000 | code);
		return text;
	case SPE_STOP_AND_SIGNAL:
		snprintf(text, size, "stop 0x%04x", info->result.spe_signal_code);
		return text;
	case SPE_CALLBACK_ERROR:
		snprintf(text, size, "stop 0x%04x, %s", (unsigned int)info->spu_status >> 16,
			 error_words(info, &event));
		return text;
	default:
		return error_words(info, &event);
	}
}

static void tell(struct program *program, const spe_stop_info_t *info,
		 unsigned int npc, const struct run_options *o)
{
	/* It stopped at the instruction before. */
	unsigned int at = (npc - 4) & (spe_ls_size_get(program->spe) - 4);
	const char *event;
	char text[64];
	long code = -1;

	switch (info->stop_reason) {
	case SPE_EXIT:
		event = "exit";
		code = info->result.spe_exit_code;
		program->status = code;
		if (o->quiet)
			return;
		break;
	case SPE_STOP_AND_SIGNAL:
		event = "stop";
		code = info->result.spe_signal_code;
		break;
	case SPE_CALLBACK_ERROR:
		error_words(info, &event);
		code = (unsigned int)info->spu_status >> 16;
		break;
	default:
		error_words(info, &event);
		at = npc & ~3u;
	}
	put_event(program, o, event, code, at, stop_text(info, text, sizeof(text)));
}

int run_programs(char **paths, unsigned int count, const struct run_options *o)
{
	unsigned int total = count * o->copies, running = total, i;
	struct program *programs = calloc(total, sizeof(*programs));
	int epoll = epoll_create1(EPOLL_CLOEXEC), status = 0;

	if (!programs || epoll < 0)
		err(1, "%u programs", total);
	for (i = 0; i < total; i++) {
		struct epoll_event want = {
			.events = EPOLLIN, .data.ptr = &programs[i],
		};

		create(&programs[i], paths[i / o->copies], i);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, spe_context_fd(programs[i].spe), &want))
			err(1, "epoll_ctl");
	}
	/* No program runs unless all of them could be loaded. */
	for (i = 0; i < total; i++)
		if (spe_context_start(programs[i].spe, SPE_DEFAULT_ENTRY, 0, NULL, NULL))
			err(1, "%s: start", programs[i].name);

	while (running) {
		struct epoll_event ready;
		struct program *program;
		spe_stop_info_t info;
		unsigned int npc;

		if (epoll_wait(epoll, &ready, 1, -1) < 0) {
			if (errno == EINTR)
				continue;
			err(1, "epoll_wait");
		}
		program = ready.data.ptr;
		switch (spe_context_dispatch(program->spe, &npc, &info)) {
		case 0:
			break;
		case 1:
			tell(program, &info, npc, o);
			running--;
			break;
		default:
			err(1, "%s: event", program->name);
		}
	}

	for (i = 0; i < total; i++) {
		if (!status)
			status = programs[i].status;
		spe_context_destroy(programs[i].spe);
		spe_image_close(programs[i].image);
	}
	close(epoll);
	free(programs);
	return status;
}
