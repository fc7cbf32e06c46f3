// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * printf, with a format and arguments in local store. The arguments are
 * quadwords, as in the SPU's ABI for va_list: they follow each other, except
 * for two quadwords between those from registers and those on the caller's stack.
 * An int, a long, a size_t and a pointer have 32 bits there.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "call.h"

#define FRAME_HEADER	32
/* Local store has 256 KiB: no program has this much to print in one call. */
#define MAX_TEXT	(4 << 20)

struct arguments {
	struct spe2_call *c;
	const char *ls;
	uint32_t next, stack;
	size_t room;
	bool bad;
};

/* The next argument: @len bytes at the beginning of a quadword */
static void next_argument(struct arguments *a, void *to, size_t len)
{
	memset(to, 0, len);
	if (spe2_ls_copy(a->ls, a->next, to, len))
		a->bad = true;
	a->next += 16;
	if (a->next == a->stack)
		a->next += FRAME_HEADER;
}

static int32_t next_int(struct arguments *a)
{
	int32_t value;

	next_argument(a, &value, sizeof(value));
	return value;
}

/* Make room for @more bytes and the terminating zero. 0, or -1 and errno */
static int make_room(struct arguments *a, size_t more)
{
	struct spe2_call *c = a->c;
	size_t want = c->text_len + more + 1, room = a->room ? a->room : 256;
	char *text;

	if (want <= a->room)
		return 0;
	if (want > MAX_TEXT) {
		errno = EOVERFLOW;
		return -1;
	}
	while (room < want)
		room *= 2;
	text = spe2_call_alloc(c, room);
	if (!text)
		return -1;
	memcpy(text, c->text ? c->text : "", c->text_len);
	c->text = text;
	a->room = room;
	return 0;
}

static int put(struct arguments *a, const char *s, size_t len)
{
	if (make_room(a, len))
		return -1;
	memcpy(a->c->text + a->c->text_len, s, len);
	a->c->text_len += len;
	return 0;
}

__attribute__((format(printf, 2, 3)))
static int print(struct arguments *a, const char *format, ...)
{
	va_list va;
	int n;

	va_start(va, format);
	n = vsnprintf(NULL, 0, format, va);
	va_end(va);
	if (n < 0 || make_room(a, n))
		return -1;
	va_start(va, format);
	vsnprintf(a->c->text + a->c->text_len, n + 1, format, va);
	va_end(va);
	a->c->text_len += n;
	return 0;
}

/*
 * A number in the format or, for "*", an argument. Returns whether there is one. *n
 * is out of bounds if it would print more than is allowed.
 */
static bool number(struct arguments *a, const char **p, int *n)
{
	*n = 0;
	if (**p == '*') {
		(*p)++;
		*n = next_int(a);
		return true;
	}
	if (**p < '0' || **p > '9')
		return false;
	while (**p >= '0' && **p <= '9') {
		if (*n < MAX_TEXT)
			*n = 10 * *n + **p - '0';
		(*p)++;
	}
	return true;
}

/* An integer that is @size bytes long, in 64 bits */
static long long next_integer(struct arguments *a, size_t size, bool is_signed)
{
	long long value;
	int32_t word;

	if (size == 8) {
		next_argument(a, &value, sizeof(value));
		return value;
	}
	word = next_int(a);
	switch (size) {
	case 1:
		return is_signed ? (signed char)word : (unsigned char)word;
	case 2:
		return is_signed ? (short)word : (unsigned short)word;
	default:
		return is_signed ? word : (long long)(uint32_t)word;
	}
}

/* Length modifiers: the size of an integer on an SPU */
static size_t integer_size(const char **p)
{
	size_t size = 4;

	for (;; (*p)++) {
		switch (**p) {
		case 'h':
			size = size > 1 ? size / 2 : 1;
			break;
		case 'l':
			size = (*p)[1] == 'l' ? 8 : size;
			break;
		case 'j':
			size = 8;
			break;
		case 'z':
		case 't':
		case 'L':
			break;
		default:
			return size;
		}
	}
}

/* %n: store the length of the text so far, in an integer of @size bytes */
static int store_count(struct arguments *a, size_t size)
{
	int64_t total = a->c->text_len;
	int32_t words[2] = { total >> 32, total };
	int16_t half = total;
	int8_t byte = total;
	uint32_t to = next_int(a);

	switch (size) {
	case 1:
		return spe2_call_output(a->c, to, &byte, 1);
	case 2:
		return spe2_call_output(a->c, to, &half, 2);
	case 8:
		return spe2_call_output(a->c, to, words, 8);
	default:
		return spe2_call_output(a->c, to, &words[1], 4);
	}
}

/* At most @precision bytes of a string; one of that length needs no terminating zero */
static char *string_argument(struct arguments *a, int precision)
{
	uint32_t address = next_int(a);
	char *s;

	if (precision >= 0 && precision < MAX_TEXT) {
		s = spe2_call_alloc(a->c, precision + 1);
		if (s && !spe2_ls_copy(a->ls, address, s, precision)) {
			s[precision] = '\0';
			return s;
		}
	}
	return spe2_ls_string(a->c, a->ls, address, NULL);
}

/* One conversion; *p is behind its percent sign, and then on its last character. */
static int convert(struct arguments *a, const char **p)
{
	int width, precision = -1, n;
	const char *flags = *p;
	bool has_precision;
	char format[24];
	size_t size;
	double real;
	char *s;

	*p += strspn(*p, "#0- +'");
	/* The host's format: flags, width and precision as arguments, the rest */
	n = *p - flags < 8 ? *p - flags : 8;
	number(a, p, &width);
	if (**p == '.') {
		(*p)++;
		/* A missing precision is 0, a negative one counts as none. */
		has_precision = number(a, p, &precision);
		if (has_precision && precision < 0)
			precision = -1;
	}
	if (width >= MAX_TEXT || width <= -MAX_TEXT || precision >= MAX_TEXT) {
		errno = EOVERFLOW;
		return -1;
	}
	size = integer_size(p);
	if (a->bad)
		return -1;

/* The formats are put together from parts that have been checked. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	switch (**p) {
	case 'd':
	case 'i':
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		snprintf(format, sizeof(format), "%%%.*s*.*ll%c", n, flags, **p);
		return print(a, format, width, precision,
			     next_integer(a, size, **p == 'd' || **p == 'i'));
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		next_argument(a, &real, sizeof(real));
		snprintf(format, sizeof(format), "%%%.*s*.*%c", n, flags, **p);
		return print(a, format, width, precision, real);
	case 'c':
		snprintf(format, sizeof(format), "%%%.*s*c", n, flags);
		return print(a, format, width, next_int(a));
	case 's':
		s = string_argument(a, precision);
		if (!s)
			return -1;
		snprintf(format, sizeof(format), "%%%.*s*.*s", n, flags);
		return print(a, format, width, precision, s);
	case 'p':
		snprintf(format, sizeof(format), "%%#%.*s*x", n, flags);
		return print(a, format, width, next_int(a));
	case 'n':
		return store_count(a, size);
	case '%':
		return put(a, "%", 1);
	default:
		/* Not a conversion, or the end of the format within one */
		errno = EINVAL;
		return -1;
	}
#pragma GCC diagnostic pop
}

/**
 * spe2_format() - print into ->text and ->text_len of @c
 * @c: the call
 * @ls: local store
 * @format: address of the format
 * @va: the next argument, and where the caller's stack begins
 *
 * Return: 0, or -1 and errno: EFAULT, EINVAL (not a conversion), EOVERFLOW (more
 * than four MiB), ENOMEM
 */
int spe2_format(struct spe2_call *c, const char *ls, uint32_t format, const uint32_t va[2])
{
	struct arguments a = { .c = c, .ls = ls, .next = va[0], .stack = va[1] };
	const char *p = spe2_ls_string(c, ls, format, NULL);

	if (!p || make_room(&a, 0))
		return -1;
	while (*p) {
		size_t plain = strcspn(p, "%");

		if (put(&a, p, plain))
			return -1;
		p += plain;
		if (!*p)
			break;
		p++;
		errno = 0;
		if (convert(&a, &p) || a.bad) {
			if (a.bad)
				errno = EFAULT;
			return -1;
		}
		p++;
	}
	c->text[c->text_len] = '\0';
	return 0;
}
