// SPDX-License-Identifier: GPL-2.0
/*
 * printf, with a format and arguments in local store. The arguments are
 * quadwords, as the SPU's ABI has it for va_list: they follow each other but
 * for two quadwords between the registers' and those on the caller's stack.
 * An int, a long, a size_t and a pointer have 32 bits there.
 */
#include <errno.h>
#include <string.h>

#include "spuctl.h"

struct arguments {
	const struct local_store *ls;
	__u32 next, stack;
	bool bad;
};

#define FRAME_HEADER	32

/* The next argument: @len bytes at the begin of a quadword */
static void next_argument(struct arguments *a, void *to, size_t len)
{
	const void *from = ls_at(a->ls, a->next, len);

	memset(to, 0, len);
	if (from)
		memcpy(to, from, len);
	else
		a->bad = true;
	a->next += 16;
	if (a->next == a->stack)
		a->next += FRAME_HEADER;
}

static __s32 next_int(struct arguments *a)
{
	__s32 value;

	next_argument(a, &value, sizeof(value));
	return value;
}

/* A number of the format or, for "*", an argument; -1: neither is there */
static int number(struct arguments *a, const char **p)
{
	int n = 0;

	if (**p == '*') {
		(*p)++;
		return next_int(a);
	}
	if (**p < '0' || **p > '9')
		return -1;
	while (**p >= '0' && **p <= '9' && n < LS_SIZE)
		n = 10 * n + *(*p)++ - '0';
	return n;
}

/* An integer that is @size bytes long, in 64 bits */
static long long next_integer(struct arguments *a, size_t size, bool is_signed)
{
	long long value;
	__s32 word;

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
		return is_signed ? word : (long long)(__u32)word;
	}
}

/* Length modifiers: the size of an integer on an SPU */
static size_t integer_size(const char **p)
{
	size_t size = 4;

	for (;; (*p)++) {
		switch (**p) {
		case 'h':
			size /= 2;
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
			return size ?: 1;
		}
	}
}

/* One conversion; *p is behind its percent sign, and then behind all of it. */
static int convert(struct arguments *a, FILE *out, const char **p, int so_far)
{
	int width, precision = -1, n = 0;
	const char *flags = *p;
	char format[24];
	size_t size;
	__s32 *count;
	double real;
	char *s;

	*p += strspn(*p, "#0- +");
	/* The host's format: flags, width and precision as arguments, the rest */
	n = *p - flags < 8 ? *p - flags : 8;
	width = number(a, p);
	if (**p == '.') {
		(*p)++;
		precision = number(a, p);
		/* A precision that is not there is 0, a negative one is none. */
		if (precision < 0 && (*p)[-1] != '*')
			precision = 0;
	}
	size = integer_size(p);
	if (width == -1)
		width = 0;

	switch (**p) {
	case 'd':
	case 'i':
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		snprintf(format, sizeof(format), "%%%.*s*.*ll%c", n, flags, **p);
		return fprintf(out, format, width, precision,
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
		return fprintf(out, format, width, precision, real);
	case 'c':
		snprintf(format, sizeof(format), "%%%.*s*c", n, flags);
		return fprintf(out, format, width, next_int(a));
	case 's':
		s = ls_string(a->ls, next_int(a));
		if (!s) {
			a->bad = true;
			return 0;
		}
		snprintf(format, sizeof(format), "%%%.*s*.*s", n, flags);
		return fprintf(out, format, width, precision, s);
	case 'p':
		snprintf(format, sizeof(format), "%%#%.*s*x", n, flags);
		return fprintf(out, format, width, next_int(a));
	case 'n':
		count = ls_at(a->ls, next_int(a), sizeof(*count));
		if (count)
			memcpy(count, &so_far, sizeof(*count));
		else
			a->bad = true;
		return 0;
	case '%':
		return fputc('%', out) == EOF ? -1 : 1;
	default:
		/* Not a conversion, or the end of the format within one */
		errno = EINVAL;
		return -1;
	}
}

int ls_vfprintf(const struct local_store *ls, FILE *out, __u32 format, __u32 *va)
{
	struct arguments a = { .ls = ls, .next = va[0], .stack = va[1] };
	const char *p = ls_string(ls, format);
	int total = 0, n;

	if (!p)
		return -1;
	while (*p) {
		if (*p != '%') {
			if (fputc(*p++, out) == EOF)
				return -1;
			total++;
			continue;
		}
		p++;
		n = convert(&a, out, &p, total);
		if (n < 0)
			return -1;
		if (a.bad) {
			errno = EFAULT;
			return -1;
		}
		total += n;
		p++;
	}
	return total;
}
