// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The calls of class 0x2105: memory of the process. Numbers and arguments are
 * those of newlib's ea_internal.h; effective addresses and sizes have 64 bits.
 * Programs can free only memory that they got from here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "files.h"
#include "spe2.h"

/* The answer is an address: 0 if there is no memory, or if it cannot be recorded. */
static int32_t give(struct spe2_call *c, void *memory, uint64_t size)
{
	c->wide = true;
	if (memory && !spe2_memory_add((uintptr_t)memory, size, false)) {
		free(memory);
		memory = NULL;
	}
	if (!memory)
		errno = ENOMEM;
	c->value = (uintptr_t)memory;
	return 0;
}

static int32_t libea_calloc(struct spe2_call *c)
{
	uint64_t count = c->arg[0].ea, size = c->arg[1].ea, all;
	void *memory = NULL;

	if (!__builtin_mul_overflow(count, size, &all) && all <= SIZE_MAX / 2)
		memory = calloc(1, all ? all : 1);
	return give(c, memory, all);
}

static int32_t libea_malloc(struct spe2_call *c)
{
	uint64_t size = c->arg[0].ea;

	return give(c, size <= SIZE_MAX / 2 ? malloc(size ? size : 1) : NULL, size);
}

static int32_t libea_free(struct spe2_call *c)
{
	uint64_t ea = c->arg[0].ea;

	if (!ea)
		return 0;
	if (!spe2_memory_remove(ea, false)) {
		errno = EFAULT;
		return -1;
	}
	free((void *)(uintptr_t)ea);
	return 0;
}

static int32_t libea_realloc(struct spe2_call *c)
{
	uint64_t ea = c->arg[0].ea, size = c->arg[1].ea, old;
	void *memory;

	if (!ea) {
		c->arg[0].ea = size;
		return libea_malloc(c);
	}
	c->wide = true;
	old = spe2_memory_remove(ea, false);
	if (!old) {
		errno = EFAULT;
		return 0;
	}
	memory = size <= SIZE_MAX / 2 ?
		 realloc((void *)(uintptr_t)ea, size ? size : 1) : NULL;
	if (memory)
		return give(c, memory, size);
	/* The old memory is still there. */
	spe2_memory_add(ea, old, false);
	errno = ENOMEM;
	return 0;
}

/* The address goes to local store, with as many bits as a pointer of the process. */
static int32_t libea_posix_memalign(struct spe2_call *c)
{
	uint64_t align = c->arg[1].ea, size = c->arg[2].ea;
	void *memory = NULL;
	int error;

	if (align > SIZE_MAX / 2 || size > SIZE_MAX / 2)
		return ENOMEM;
	error = posix_memalign(&memory, align, size ? size : 1);
	if (error)
		return error;
	if (!spe2_memory_add((uintptr_t)memory, size, false) ||
	    spe2_call_output(c, c->arg[0].word, &memory, sizeof(memory))) {
		error = errno;
		spe2_memory_remove((uintptr_t)memory, false);
		free(memory);
		errno = 0;
		return error;
	}
	return 0;
}

const struct spe2_op spe2_libea[256] = {
	[1] = { "ee", NULL, libea_calloc, 0, 0, true },
	[2] = { "e", NULL, libea_free, -1, 0, true },
	[3] = { "e", NULL, libea_malloc, 0, 0, true },
	[4] = { "ee", NULL, libea_realloc, 0, 0, true },
	[5] = { "iee", NULL, libea_posix_memalign, EINVAL, 0, true },
};
