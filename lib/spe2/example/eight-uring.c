// SPDX-License-Identifier: LGPL-2.1-or-later
/* eight-uring PROGRAM: eight.c with io_uring: cc eight-uring.c -lspe2 -luring */
#include <err.h>
#include <liburing.h>
#include <poll.h>
#include <string.h>

#include <libspe2.h>

#define CONTEXTS	8

static spe_context_ptr_t spe[CONTEXTS];
static struct io_uring ring;

/* A request that is complete when there is something to do for context @i */
static void wait_for(int i)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_poll_add(sqe, spe_context_fd(spe[i]), POLLIN);
	io_uring_sqe_set_data64(sqe, i);
}

int main(int argc, char **argv)
{
	spe_program_handle_t *program = spe_image_open(argc == 2 ? argv[1] : "");
	int left = CONTEXTS, status = 0, ret, i;
	struct io_uring_cqe *cqe;
	spe_stop_info_t info;

	ret = io_uring_queue_init(CONTEXTS, &ring, 0);
	if (ret)
		errx(1, "io_uring: %s", strerror(-ret));
	for (i = 0; i < CONTEXTS; i++) {
		spe[i] = spe_context_create(SPE_ASYNC, NULL);
		if (!spe[i] || spe_program_load(spe[i], program) ||
		    spe_context_start(spe[i], SPE_DEFAULT_ENTRY, 0, (void *)(long)i, NULL))
			err(1, "context %d", i);
		wait_for(i);
	}
	while (left) {
		/* This submits all requests made since the last time. */
		io_uring_submit_and_wait(&ring, 1);
		if (io_uring_peek_cqe(&ring, &cqe))
			continue;
		i = cqe->user_data;
		io_uring_cqe_seen(&ring, cqe);
		if (spe_context_dispatch(spe[i], NULL, &info) == 0) {
			wait_for(i);	/* a call of the program was served */
			continue;
		}
		left--;
		if (info.stop_reason == SPE_EXIT)
			printf("context %d: exit %d\n", i, info.result.spe_exit_code);
		status |= info.stop_reason != SPE_EXIT;
	}
	for (i = 0; i < CONTEXTS; i++)
		spe_context_destroy(spe[i]);
	return status;
}
