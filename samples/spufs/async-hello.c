// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest program with an asynchronous SPU context: start it by a write,
 * go on, read its event. Needs spufs mounted at /spu.
 */
#include <string.h>

#include "spu-sample.h"
#include "../../tools/testing/selftests/spufs/spu/hello.h_shipped"

struct context {
	int fd, event_fd;
};

int main(void)
{
	char *greeting = aligned_alloc(32, 32);
	__u32 args[2] = {
		(__u64)(uintptr_t)greeting >> 32, (uintptr_t)greeting
	};
	struct context context;
	__u32 buf[2], npc = 0;
	struct spu_event event;

	memset(greeting, 0, 32);
	context.fd = spu_create_named("hello", SPU_CREATE_ASYNC);
	context.event_fd = openat(context.fd, "event", O_RDWR);
	if (context.event_fd < 0)
		err(1, "event");

	spu_load(context.fd, 0, spu_hello, sizeof(spu_hello));
	spu_load(context.fd, SPU_HELLO_ARGS, args, sizeof(args));

	buf[0] = SPU_CONTROL_START_SPU;
	buf[1] = npc;
	/* does not block while the SPU runs */
	if (write(context.event_fd, buf, sizeof(buf)) != sizeof(buf))
		err(1, "start");

	for (;;) {
		if (read(context.event_fd, &event, sizeof(event)) != sizeof(event))
			err(1, "read");
		spu_print_event("hello", &event);
		if (event.event == SPU_EVENT_STOP)
			break;
	}

	printf("memory says \"%s\"\n", greeting);
	return event.status != (0x1337 << 16 | 0x2) ||
	       strcmp(greeting, "Hello from an SPU");
}
