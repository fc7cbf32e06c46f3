// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Copy the data of calls from and to local store. Data is checked only after it has
 * been copied, because the program may change the original meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "spe2.h"

void *spe2_call_alloc(struct spe2_call *c, size_t len)
{
	void **chunk = malloc(sizeof(*chunk) * 2 + len);

	if (!chunk) {
		errno = ENOMEM;
		return NULL;
	}
	*chunk = c->memory;
	c->memory = chunk;
	return chunk + 2;
}

void spe2_call_free_memory(struct spe2_call *c)
{
	void **chunk;

	while ((chunk = c->memory)) {
		c->memory = *chunk;
		free(chunk);
	}
}

static bool in_ls(uint32_t address, size_t len)
{
	return address <= LS_SIZE && len <= LS_SIZE - address;
}

int spe2_ls_copy(const char *ls, uint32_t address, void *to, size_t len)
{
	if (!in_ls(address, len)) {
		errno = EFAULT;
		return -1;
	}
	memcpy(to, ls + address, len);
	return 0;
}

char *spe2_ls_string(struct spe2_call *c, const char *ls, uint32_t address, uint32_t *len)
{
	size_t n;
	char *s;

	if (!in_ls(address, 1)) {
		errno = EFAULT;
		return NULL;
	}
	n = strnlen(ls + address, LS_SIZE - address);
	if (n == LS_SIZE - address) {
		errno = EFAULT;
		return NULL;
	}
	s = spe2_call_alloc(c, n + 1);
	if (!s)
		return NULL;
	memcpy(s, ls + address, n);
	/* The program may have changed the string meanwhile; the copy ends here. */
	s[n] = '\0';
	if (len)
		*len = strlen(s);
	return s;
}

int spe2_call_output(struct spe2_call *c, uint32_t to, const void *data, uint32_t len)
{
	struct spe2_output *more;
	void *copy;

	if (!in_ls(to, len)) {
		errno = EFAULT;
		return -1;
	}
	copy = spe2_call_alloc(c, len);
	/* Doubled at each power of two; the old ones are freed with the call. */
	if (copy && !(c->outputs & (c->outputs - 1))) {
		more = spe2_call_alloc(c, sizeof(*more) * (c->outputs ? 2 * c->outputs : 1));
		if (!more)
			return -1;
		if (c->outputs)
			memcpy(more, c->output, sizeof(*more) * c->outputs);
		c->output = more;
	}
	if (!copy)
		return -1;
	memcpy(copy, data, len);
	c->output[c->outputs++] = (struct spe2_output){ .to = to, .len = len, .data = copy };
	return 0;
}
