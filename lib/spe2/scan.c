// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * scanf, with a format that was copied from local store, and results that go
 * there when the call is done (C99, 7.19.6.2). Numbers have the SPU's sizes.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

/* The longest number that is looked at as a whole */
#define MAX_NUMBER	512
/* The longest word: local store */
#define MAX_WORD	0x40000

struct scan {
	struct spe2_call *c;
	struct spe2_source *source;
	unsigned int next_target;
	long read;		/* characters */
	bool bad;		/* EFAULT or ENOMEM */
};

struct conversion {
	bool suppress;
	int width;		/* INT_MAX: none */
	size_t size;		/* of an integer, in bytes */
	bool is_double;
	char kind;
	char set[UCHAR_MAX + 1];
};

static int next(struct scan *s)
{
	int c = s->source->next(s->source);

	s->read += c != EOF;
	return c;
}

static void back(struct scan *s, int c)
{
	if (c == EOF)
		return;
	s->source->back(s->source, c);
	s->read--;
}

static void skip_space(struct scan *s)
{
	int c;

	do {
		c = next(s);
	} while (c != EOF && isspace(c));
	back(s, c);
}

static void store(struct scan *s, const void *data, uint32_t len)
{
	uint32_t to = ~0U;

	if (s->next_target < s->c->targets)
		to = s->c->target[s->next_target];
	s->next_target++;
	if (spe2_call_output(s->c, to, data, len))
		s->bad = true;
}

static void store_integer(struct scan *s, const struct conversion *conv, uint64_t value)
{
	uint32_t words[2] = { value >> 32, value };
	uint16_t half = value;
	uint8_t byte = value;

	switch (conv->size) {
	case 1:
		store(s, &byte, 1);
		break;
	case 2:
		store(s, &half, 2);
		break;
	case 8:
		store(s, words, 8);
		break;
	default:
		store(s, &words[1], 4);
	}
}

/* The set of "[...]"; *p is behind the bracket, and then on the closing one. */
static bool parse_set(const char **p, char set[UCHAR_MAX + 1])
{
	bool negate = **p == '^';
	const unsigned char *first, *q = (const unsigned char *)*p + negate;
	int i;

	memset(set, negate, UCHAR_MAX + 1);
	first = q;
	while (*q && (*q != ']' || q == first)) {
		if (q[1] == '-' && q[2] && q[2] != ']') {
			for (i = q[0]; i <= q[2]; i++)
				set[i] = !negate;
			q += 3;
		} else {
			set[*q++] = !negate;
		}
	}
	*p = (const char *)q;
	return *q == ']';
}

/* What follows a percent sign; *p is then on its last character. */
static bool parse(const char **p, struct conversion *conv)
{
	memset(conv, 0, sizeof(*conv));
	conv->width = INT_MAX;
	conv->size = 4;
	if (**p == '*') {
		conv->suppress = true;
		(*p)++;
	}
	if (isdigit((unsigned char)**p)) {
		conv->width = 0;
		for (; isdigit((unsigned char)**p); (*p)++)
			if (conv->width < INT_MAX / 16)
				conv->width = 10 * conv->width + **p - '0';
		if (!conv->width)
			return false;
	}
	for (; **p && strchr("hljztL", **p); (*p)++) {
		if (**p == 'h')
			conv->size = conv->size > 1 ? conv->size / 2 : 1;
		else if (**p == 'j' || (**p == 'l' && (*p)[1] == 'l'))
			conv->size = 8;
		if (**p == 'l' || **p == 'L')
			conv->is_double = true;
	}
	conv->kind = **p;
	if (conv->kind == '[') {
		(*p)++;
		return parse_set(p, conv->set);
	}
	return conv->kind && strchr("diouxXeEfFgGaAscnp%", conv->kind);
}

/*
 * Read as much input as can be the beginning of a number into @text, without "0x",
 * and its base into *used. Returns whether it is a number: "0x" without a digit is
 * not, nor is a sign alone (C99 7.19.6.2 paragraph 9).
 */
static bool take_integer(struct scan *s, int width, int base, char text[MAX_NUMBER], int *used)
{
	bool digits = false;
	size_t n = 0;
	int c = next(s), value;

	if (width > MAX_NUMBER - 1)
		width = MAX_NUMBER - 1;
	if (width && (c == '+' || c == '-')) {
		text[n++] = c;
		width--;
		c = next(s);
	}
	*used = base ? base : 10;
	if (width && c == '0' && (base == 0 || base == 16)) {
		text[n++] = c;
		width--;
		c = next(s);
		*used = base ? base : 8;
		digits = true;
		if (width && (c == 'x' || c == 'X')) {
			width--;
			c = next(s);
			*used = 16;
			digits = false;
		}
	}
	for (; width && c != EOF; width--, c = next(s)) {
		value = isdigit(c) ? c - '0' : isalpha(c) ? tolower(c) - 'a' + 10 : 99;
		if (value >= *used)
			break;
		text[n++] = c;
		digits = true;
	}
	back(s, c);
	text[n] = '\0';
	return digits;
}

static size_t take_real(struct scan *s, int width, char text[MAX_NUMBER])
{
	bool hex = false, point = false, exponent = false, digits = false;
	size_t n = 0;
	int c;

	if (width > MAX_NUMBER - 1)
		width = MAX_NUMBER - 1;
	for (c = next(s); width && c != EOF; width--, c = next(s)) {
		int last = n ? tolower(text[n - 1]) : 0;

		if ((c == '+' || c == '-') && (!n || (exponent && last == (hex ? 'p' : 'e')))) {
			/* a sign of the number or of its exponent */
		} else if (isdigit(c)) {
			digits = true;
		} else if (hex && !exponent && isxdigit(c)) {
			digits = true;
		} else if ((c == 'x' || c == 'X') && last == '0' && !hex && !point && !exponent &&
			   (n == 1 || (n == 2 && !isdigit((unsigned char)text[0])))) {
			hex = true;
			digits = false;
		} else if (c == '.' && !point && !exponent) {
			point = true;
		} else if (digits && !exponent && tolower(c) == (hex ? 'p' : 'e')) {
			exponent = true;
		} else if (isalpha(c) && !digits && !point && !hex && n < 10) {
			/* inf, infinity, nan: strtod() says whether it is one. */
		} else {
			break;
		}
		text[n++] = c;
	}
	back(s, c);
	text[n] = '\0';
	return n;
}

enum { MATCHED, FAILED, AT_END };

static int at_end_or(struct scan *s, int result)
{
	int c = next(s);

	back(s, c);
	return c == EOF ? AT_END : result;
}

static int convert_integer(struct scan *s, const struct conversion *conv)
{
	static const struct {
		char kind;
		int base;
	} bases[] = {
		{ 'd', 10 }, { 'u', 10 }, { 'i', 0 }, { 'o', 8 },
		{ 'x', 16 }, { 'X', 16 }, { 'p', 16 },
	};
	char text[MAX_NUMBER];
	int base = 10, used;
	size_t i;

	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		if (bases[i].kind == conv->kind)
			base = bases[i].base;
	if (!take_integer(s, conv->width, base, text, &used))
		return *text ? FAILED : at_end_or(s, FAILED);
	if (!conv->suppress)
		store_integer(s, conv, conv->kind == 'd' || conv->kind == 'i' ?
			      (uint64_t)strtoll(text, NULL, used) : strtoull(text, NULL, used));
	return MATCHED;
}

static int convert_real(struct scan *s, const struct conversion *conv)
{
	char text[MAX_NUMBER], *end;
	double value;
	float single;

	if (!take_real(s, conv->width, text))
		return at_end_or(s, FAILED);
	value = strtod(text, &end);
	if (end == text || *end)
		return FAILED;
	single = value;
	if (!conv->suppress && conv->is_double)
		store(s, &value, sizeof(value));
	else if (!conv->suppress)
		store(s, &single, sizeof(single));
	return MATCHED;
}

/* %s, %[ and %c: characters, with a terminating zero except for %c */
static int convert_characters(struct scan *s, const struct conversion *conv)
{
	int width = conv->width, c = EOF;
	size_t n = 0, room = 64;
	char *text = spe2_call_alloc(s->c, room), *more;

	if (conv->kind == 'c' && width == INT_MAX)
		width = 1;
	while (text && (int)n < width) {
		c = next(s);
		if (c == EOF || (conv->kind == 's' && isspace(c)) ||
		    (conv->kind == '[' && !conv->set[c])) {
			back(s, c);
			break;
		}
		/* It does not fit into local store, and may be endless. */
		if (n >= MAX_WORD) {
			s->bad = true;
			return FAILED;
		}
		if (n + 1 >= room) {
			more = spe2_call_alloc(s->c, 2 * room);
			if (more)
				memcpy(more, text, n);
			text = more;
			room *= 2;
		}
		if (text)
			text[n++] = c;
	}
	if (!text) {
		s->bad = true;
		return FAILED;
	}
	if (!n || (conv->kind == 'c' && (int)n < width))
		return c == EOF ? AT_END : FAILED;
	text[n] = '\0';
	if (!conv->suppress)
		store(s, text, n + (conv->kind != 'c'));
	return MATCHED;
}

static int convert(struct scan *s, const struct conversion *conv)
{
	int c;

	switch (conv->kind) {
	case 'n':
		if (!conv->suppress)
			store_integer(s, conv, s->read);
		return MATCHED;
	case 'c':
	case '[':
		return convert_characters(s, conv);
	}
	skip_space(s);
	switch (conv->kind) {
	case '%':
		c = next(s);
		if (c == '%')
			return MATCHED;
		back(s, c);
		return c == EOF ? AT_END : FAILED;
	case 's':
		return convert_characters(s, conv);
	case 'd':
	case 'i':
	case 'o':
	case 'u':
	case 'x':
	case 'X':
	case 'p':
		return convert_integer(s, conv);
	default:
		return convert_real(s, conv);
	}
}

/**
 * spe2_scan() - scanf
 * @c: the call; its targets are the addresses of the results
 * @source: where the characters come from
 * @format: the format
 *
 * Return: the number of results that were stored, or EOF and errno
 */
int spe2_scan(struct spe2_call *c, struct spe2_source *source, const char *format)
{
	struct scan s = { .c = c, .source = source };
	int results = 0, matched = MATCHED, ch;
	struct conversion conv;
	bool any = false;
	const char *p;

	for (p = format; *p && matched == MATCHED; p++) {
		if (isspace((unsigned char)*p)) {
			skip_space(&s);
			continue;
		}
		if (*p != '%') {
			ch = next(&s);
			if (ch != (unsigned char)*p) {
				back(&s, ch);
				matched = ch == EOF ? AT_END : FAILED;
			}
			continue;
		}
		p++;
		if (!parse(&p, &conv)) {
			errno = EINVAL;
			return any ? results : EOF;
		}
		matched = convert(&s, &conv);
		if (s.bad) {
			errno = errno ? errno : EFAULT;
			return EOF;
		}
		if (matched == MATCHED && conv.kind != 'n' && conv.kind != '%') {
			any = true;
			results += !conv.suppress;
		}
	}
	return matched == AT_END && !any ? EOF : results;
}
