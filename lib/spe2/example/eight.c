// SPDX-License-Identifier: LGPL-2.1-or-later
/* eight PROGRAM: an SPU program in eight contexts, driven by one thread. */
#include <err.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include <libspe2.h>

#define CONTEXTS	8

int main(int argc, char **argv)
{
	int epoll = epoll_create1(0), left = CONTEXTS, status = 0, i;
	spe_context_ptr_t spe[CONTEXTS];
	struct epoll_event event = { .events = EPOLLIN };
	spe_program_handle_t *program;
	spe_stop_info_t info;

	if (argc != 2 || epoll < 0)
		errx(2, "usage: eight PROGRAM");
	program = spe_image_open(argv[1]);
	if (!program)
		err(1, "%s", argv[1]);

	for (i = 0; i < CONTEXTS; i++) {
		spe[i] = spe_context_create(SPE_ASYNC, NULL);
		if (!spe[i] || spe_program_load(spe[i], program))
			err(1, "context %d", i);
		event.data.u32 = i;
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, spe_context_fd(spe[i]), &event))
			err(1, "epoll_ctl");
		/* The second argument tells the program which one it is. */
		if (spe_context_start(spe[i], SPE_DEFAULT_ENTRY, 0, (void *)(long)i, NULL))
			err(1, "start of %d", i);
	}

	while (left) {
		if (epoll_wait(epoll, &event, 1, -1) < 1)
			continue;
		i = event.data.u32;
		/* Calls of the program are served here. */
		if (spe_context_dispatch(spe[i], NULL, &info) == 0)
			continue;
		left--;
		if (info.stop_reason == SPE_EXIT)
			printf("context %d: exit %d\n", i, info.result.spe_exit_code);
		else
			printf("context %d: stopped, reason %u\n", i, info.stop_reason);
		status |= info.stop_reason != SPE_EXIT;
	}
	for (i = 0; i < CONTEXTS; i++)
		spe_context_destroy(spe[i]);
	spe_image_close(program);
	return status;
}
