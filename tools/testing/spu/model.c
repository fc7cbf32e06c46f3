// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPU instruction tests: an independent model of the computations
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * Written from the SPU ISA v1.2, and unlike the code under test: quadwords
 * are strings of 128 bits with the architecture's numbering, adders ripple,
 * multipliers add, and floating-point numbers are integers so large that
 * every finite number and product is one.
 */
#include <stddef.h>
#include <string.h>
#include "model.h"

/* Bit strings */

static int bit(const struct quad *q, int n)
{
	return q->b[n / 8] >> (7 - n % 8) & 1;
}

static uint64_t get(const struct quad *q, int pos, int len)
{
	uint64_t v = 0;

	while (len--)
		v = v << 1 | bit(q, pos++);
	return v;
}

static void put(struct quad *q, int pos, int len, uint64_t v)
{
	while (len--) {
		int mask = 0x80 >> pos % 8;

		if (v >> len & 1)
			q->b[pos / 8] |= mask;
		else
			q->b[pos / 8] &= ~mask;
		pos++;
	}
}

static int64_t sext(uint64_t v, int len)
{
	int64_t half = (int64_t)1 << (len - 1);

	return v >> (len - 1) & 1 ? (int64_t)(v - half) - half : (int64_t)v;
}

static struct quad splat(int len, int64_t v)
{
	struct quad q;

	for (int p = 0; p < 128; p += len)
		put(&q, p, len, v);
	return q;
}

/* Integers */

static uint64_t ripple(uint64_t x, uint64_t y, int carry, int len, int *out)
{
	uint64_t sum = 0;

	for (int i = 0; i < len; i++) {
		int n = (x >> i & 1) + (y >> i & 1) + carry;

		sum |= (uint64_t)(n & 1) << i;
		carry = n >> 1;
	}
	*out = carry;
	return sum;
}

/* The carry in: none, one, or the lowest bit of the target's word. */
enum carry { CIN_0, CIN_1, CIN_T };

static void add(struct model *m, int len, bool minus_a, enum carry cin,
		bool want_carry)
{
	struct quad r = m->t;

	for (int p = 0; p < 128; p += len) {
		uint64_t x = get(&m->a, p, len), y = get(&m->b, p, len);
		int c = cin == CIN_T ? bit(&m->t, p + len - 1) : cin == CIN_1;
		uint64_t sum;

		if (minus_a)
			x = ~x;
		sum = ripple(x, y, c, len, &c);
		put(&r, p, len, want_carry ? (uint64_t)c : sum);
	}
	m->t = r;
}

/* Multiply halfwords by shifting and adding, in sign and magnitude. */
static int64_t times(int64_t x, int64_t y)
{
	bool neg = (x < 0) != (y < 0);
	uint64_t u = x < 0 ? -x : x, v = y < 0 ? -y : y, p = 0;

	for (int i = 0; i < 17; i++)
		if (v >> i & 1)
			p += u << i;
	return neg ? -(int64_t)p : (int64_t)p;
}

enum { LO = 16, HI = 0 };

static int64_t product(struct model *m, int word, int half_a, int half_b,
		       bool is_signed)
{
	uint64_t x = get(&m->a, word * 32 + half_a, 16);
	uint64_t y = get(&m->b, word * 32 + half_b, 16);

	return is_signed ? times(sext(x, 16), sext(y, 16)) : times(x, y);
}

static void words(struct model *m, int64_t w0, int64_t w1, int64_t w2,
		  int64_t w3)
{
	put(&m->t, 0, 32, w0);
	put(&m->t, 32, 32, w1);
	put(&m->t, 64, 32, w2);
	put(&m->t, 96, 32, w3);
}

#define EACH_WORD(expr) do {					\
		int64_t r_[4];					\
		for (int w = 0; w < 4; w++)			\
			r_[w] = (expr);				\
		words(m, r_[0], r_[1], r_[2], r_[3]);		\
	} while (0)

/* @table: the results for the pairs of bits 11, 10, 01, 00 */
static void logical(struct model *m, int table)
{
	for (int i = 0; i < 128; i++)
		put(&m->t, i, 1,
		    table >> (bit(&m->a, i) * 2 + bit(&m->b, i)) & 1);
}

/*
 * Shift the elements of @len bits: bit i of the result is bit i + n of the
 * source; beyond the end comes @fill, or with @around the other end.
 */
static void shift_element(struct quad *r, const struct quad *a, int pos,
			  int len, int n, bool around, int fill)
{
	for (int i = 0; i < len; i++) {
		int from = i + n;
		int v = fill;

		if (around)
			v = bit(a, pos + (from % len + len) % len);
		else if (from >= 0 && from < len)
			v = bit(a, pos + from);
		put(r, pos + i, 1, v);
	}
}

enum kind { LEFT, ROTATE, RIGHT, RIGHT_SIGN };

static void shift(struct model *m, int len, enum kind kind)
{
	struct quad r = m->t;

	for (int p = 0; p < 128; p += len) {
		int n = get(&m->b, p, len) % (2 * len);
		int sign = bit(&m->a, p);

		switch (kind) {
		case LEFT:
			shift_element(&r, &m->a, p, len, n, false, 0);
			break;
		case ROTATE:
			shift_element(&r, &m->a, p, len, n, true, 0);
			break;
		case RIGHT:
		case RIGHT_SIGN:
			/* The count is a negative number of 6 (5) bits. */
			n = (2 * len - n) % (2 * len);
			shift_element(&r, &m->a, p, len, -n, false,
				      kind == RIGHT_SIGN && sign);
			break;
		}
	}
	m->t = r;
}

/* @count: the low bits of the preferred slot's word; see the ISA for each */
static void shift_quad(struct model *m, enum kind kind, int count, int unit)
{
	struct quad a = m->a;

	if (kind == RIGHT)
		shift_element(&m->t, &a, 0, 128, -count * unit, false, 0);
	else
		shift_element(&m->t, &a, 0, 128, count * unit, kind == ROTATE,
			      0);
}

enum rel { EQ, GT, LGT };

static void compare(struct model *m, int len, enum rel rel)
{
	struct quad r = m->t;

	for (int p = 0; p < 128; p += len) {
		uint64_t x = get(&m->a, p, len), y = get(&m->b, p, len);
		bool yes = rel == EQ ? x == y :
			   rel == GT ? sext(x, len) > sext(y, len) : x > y;

		put(&r, p, len, yes ? ~(uint64_t)0 : 0);
	}
	m->t = r;
}

static void form_mask(struct model *m, uint64_t bits, int n)
{
	for (int i = 0; i < 128; i++)
		put(&m->t, i, 1, bits >> (n - 1 - i / (128 / n)) & 1);
}

static void gather(struct model *m, int n)
{
	uint64_t bits = 0;

	for (int i = 1; i <= n; i++)
		bits = bits << 1 | bit(&m->a, i * (128 / n) - 1);
	words(m, bits, 0, 0, 0);
}

/* Controls for insertion: what each must be, spelt out */
static void insertion(struct model *m, int size, uint64_t addr)
{
	static const uint8_t element[9][8] = {
		[1] = { 3 },
		[2] = { 2, 3 },
		[4] = { 0, 1, 2, 3 },
		[8] = { 0, 1, 2, 3, 4, 5, 6, 7 },
	};
	int at = addr % 16 / size * size;

	for (int i = 0; i < 16; i++)
		m->t.b[i] = i >= at && i < at + size ? element[size][i - at]
						     : 16 + i;
}

static void shufb(struct model *m)
{
	uint8_t both[32];

	memcpy(both, m->a.b, 16);
	memcpy(both + 16, m->b.b, 16);
	for (int i = 0; i < 16; i++) {
		uint8_t c = m->c.b[i];

		m->t.b[i] = c < 0x80 ? both[c % 32] :
			    c < 0xc0 ? 0x00 :
			    c < 0xe0 ? 0xff : 0x80;
	}
}

/*
 * Floating point: integers of 4,480 bits, in units of 2^-2200.  Finite
 * doubles, their products and their sums fit, all exact.
 */
#define NW	140
#define UNIT	2200

struct big {
	bool neg;
	uint32_t w[NW];
};

static struct big big(bool neg, unsigned __int128 mant, int exp)
{
	struct big r = { .neg = neg };
	int pos = exp + UNIT;

	for (int i = 0; i < 128; i++)
		if (mant >> i & 1)
			r.w[(pos + i) / 32] |= (uint32_t)1 << (pos + i) % 32;
	return r;
}

static int big_top(const struct big *x)
{
	for (int i = NW - 1; i >= 0; i--)
		if (x->w[i])
			return i * 32 + 31 - __builtin_clz(x->w[i]);
	return -1;
}

static int big_cmp(const struct big *x, const struct big *y)
{
	for (int i = NW - 1; i >= 0; i--)
		if (x->w[i] != y->w[i])
			return x->w[i] > y->w[i] ? 1 : -1;
	return 0;
}

static struct big big_add(struct big x, struct big y)
{
	int64_t c = 0;

	if (x.neg != y.neg && big_cmp(&x, &y) < 0) {
		struct big t = x;

		x = y;
		y = t;
	}
	for (int i = 0; i < NW; i++) {
		c += x.neg == y.neg ? (int64_t)x.w[i] + y.w[i]
				    : (int64_t)x.w[i] - y.w[i];
		x.w[i] = c;
		c >>= 32;
	}
	return x;
}

/* @n bits from 2^@exp upwards, and whether there are ones below them */
static uint64_t big_bits(const struct big *x, int exp, int n, bool *below)
{
	int pos = exp + UNIT;
	uint64_t v = 0;

	for (int i = pos + n - 1; i >= pos; i--)
		v = v << 1 | (x->w[i / 32] >> i % 32 & 1);
	*below = false;
	for (int i = 0; i < pos; i++)
		if (x->w[i / 32] >> i % 32 & 1)
			*below = true;
	return v;
}

/* Single precision, in the SPU's extended range */

enum { OVF = 4, UNF = 2, DIFF = 1 };

static void sp_parts(uint32_t v, bool *neg, uint64_t *mant, int *exp)
{
	int e = v >> 23 & 255;

	*neg = v >> 31;
	*mant = e ? (v & 0x7fffff) + 0x800000 : 0;
	*exp = e - 150;
}

static struct big sp_big(uint32_t v)
{
	bool neg;
	uint64_t mant;
	int exp;

	sp_parts(v, &neg, &mant, &exp);
	return big(neg, mant, exp);
}

static struct big sp_product(uint32_t v, uint32_t w)
{
	bool nv, nw;
	uint64_t mv, mw;
	int ev, ew;

	sp_parts(v, &nv, &mv, &ev);
	sp_parts(w, &nw, &mw, &ew);
	return big(nv != nw, mv * mw, ev + ew);
}

static uint32_t sp_result(const struct big *x, int *flags)
{
	int e = big_top(x) - UNIT;
	uint32_t sign = x->neg ? 0x80000000 : 0;
	uint32_t mant;
	bool below;

	if (big_top(x) < 0)
		return 0;
	if (e < -126) {
		*flags |= UNF | DIFF;
		return 0;
	}
	mant = big_bits(x, e - 23, 24, &below);
	/* truncation to the largest number is not an overflow: hardware, see the manual */
	if (e > 128) {
		*flags |= OVF | DIFF;
		return sign | 0x7fffffff;
	}
	if (e == 128)
		*flags |= DIFF;
	return sign + ((uint32_t)(e + 127) << 23) + (mant - 0x800000);
}

static int sp_odd(uint32_t v)
{
	int e = v >> 23 & 255;

	return e == 255 || (e == 0 && v << 9) ? DIFF : 0;
}

static void sp_flags(struct model *m, int slice, int flags)
{
	put(&m->fpscr, slice * 32 + 29, 3,
	    get(&m->fpscr, slice * 32 + 29, 3) | flags);
}

enum spop { FA, FS, FM, FMA, FMS, FNMS };

static void sp(struct model *m, enum spop op)
{
	struct quad r = m->t;

	for (int i = 0; i < 4; i++) {
		uint32_t a = get(&m->a, i * 32, 32);
		uint32_t b = get(&m->b, i * 32, 32);
		uint32_t c = get(&m->c, i * 32, 32);
		int flags = sp_odd(a) | sp_odd(b);
		struct big x, y = big(false, 0, 0);

		if (op == FA || op == FS) {
			x = sp_big(a);
			y = sp_big(op == FS ? b ^ 0x80000000 : b);
		} else {
			x = sp_product(op == FNMS ? a ^ 0x80000000 : a, b);
		}
		if (op >= FMA) {
			flags |= sp_odd(c);
			y = sp_big(op == FMS ? c ^ 0x80000000 : c);
		}
		x = big_add(x, y);
		put(&r, i * 32, 32, sp_result(&x, &flags));
		sp_flags(m, i, flags);
	}
	m->t = r;
}

static void fi(struct model *m)
{
	struct quad r = m->t;

	for (int i = 0; i < 4; i++) {
		bool neg = bit(&m->b, i * 32);
		int e = get(&m->b, i * 32 + 1, 8);
		uint64_t base = get(&m->b, i * 32 + 9, 13) + 0x2000;
		uint64_t step = get(&m->b, i * 32 + 22, 10);
		uint64_t y = get(&m->a, i * 32 + 13, 19);
		int flags = sp_odd(get(&m->b, i * 32, 32));
		/* (base * 2^-13 - step * 2^-13 * y * 2^-19) * 2^(e - 127) */
		struct big x = big(neg, e ? (base << 19) - step * y : 0,
				   e - 127 - 32);

		put(&r, i * 32, 32, sp_result(&x, &flags));
		sp_flags(m, i, flags);
	}
	m->t = r;
}

static void sp_compare(struct model *m, bool magnitude, bool gt)
{
	struct quad r = m->t;

	for (int i = 0; i < 4; i++) {
		uint32_t mask = magnitude ? 0x7fffffff : 0xffffffff;
		struct big x = sp_big(get(&m->a, i * 32, 32) & mask);
		struct big y = sp_big(get(&m->b, i * 32, 32) & mask);

		y.neg = !y.neg;
		x = big_add(x, y);
		put(&r, i * 32, 32,
		    (gt ? big_top(&x) >= 0 && !x.neg : big_top(&x) < 0) ?
		    0xffffffff : 0);
	}
	m->t = r;
}

static void to_float(struct model *m, bool is_signed)
{
	struct quad r = m->t;

	for (int i = 0; i < 4; i++) {
		uint64_t v = get(&m->a, i * 32, 32);
		bool neg = is_signed && v >> 31;
		struct big x = big(neg, neg ? (1ULL << 32) - v : v, -m->imm);
		int flags = 0;

		put(&r, i * 32, 32, sp_result(&x, &flags));
		sp_flags(m, i, flags);
	}
	m->t = r;
}

static void to_int(struct model *m, bool is_signed)
{
	struct quad r = m->t;

	for (int i = 0; i < 4; i++) {
		uint32_t v = get(&m->a, i * 32, 32);
		bool neg, below;
		uint64_t mant, n, max;
		int exp;
		struct big x;

		sp_parts(v, &neg, &mant, &exp);
		x = big(neg, mant, exp + m->imm);
		max = !is_signed ? (neg ? 0 : 0xffffffff) :
		      neg ? 0x80000000 : 0x7fffffff;
		n = big_bits(&x, 0, 40, &below);
		if (big_top(&x) - UNIT >= 40 || n > max)
			n = max;
		put(&r, i * 32, 32, neg ? -n : n);
	}
	m->t = r;
}

/* Double precision */

enum { DOVF = 32, DUNF = 16, DINX = 8, DINV = 4, DNAN = 2, DDENORM = 1 };
enum { NEAREST, ZERO, UP, DOWN };

static const uint64_t dp_inf = 0x7ff0000000000000, dp_nan = 0x7ff8000000000000;
static const uint64_t dp_sign = 0x8000000000000000;

static void dp_flags(struct model *m, int slice, int flags)
{
	int pos = slice ? 82 : 50;

	put(&m->fpscr, pos, 6, get(&m->fpscr, pos, 6) | flags);
}

static bool is_nan(uint64_t v)
{
	return (v & ~dp_sign) > dp_inf;
}

static bool is_inf(uint64_t v)
{
	return (v & ~dp_sign) == dp_inf;
}

/* Forced to zero if denormal; accounted for if a NaN */
static uint64_t dp_operand(uint64_t v, int *flags)
{
	if (is_nan(v)) {
		*flags |= DNAN;
		if (!(v & 0x0008000000000000))
			*flags |= DINV;
	}
	if (!(v & dp_inf) && v << 12) {
		*flags |= DDENORM;
		v &= dp_sign;
	}
	return v;
}

static int dp_exp(uint64_t v)
{
	return (int)(v >> 52 & 2047) - 1075;
}

static uint64_t dp_mant(uint64_t v)
{
	return v << 1 ? (v & 0xfffffffffffff) + 0x10000000000000 : 0;
}

/*
 * Round to @prec bits with exponents @emin to -@emin + 1: returns the
 * encoding without its sign.  UNF is that of a tiny result, before rounding.
 */
static uint64_t ieee_round(const struct big *x, int prec, int emin, int mode,
			   int *flags)
{
	int e = big_top(x) - UNIT;
	int lsb = (e < emin ? emin : e) - (prec - 1);
	uint64_t inf = (uint64_t)(3 - 2 * emin) << (prec - 1);
	uint64_t mant, half;
	bool below, rest, up;

	if (big_top(x) < 0)
		return 0;
	mant = big_bits(x, lsb, prec, &below);
	half = big_bits(x, lsb - 1, 1, &rest);
	up = mode == NEAREST ? half && (rest || (mant & 1)) :
	     mode == UP ? below && !x->neg :
	     mode == DOWN ? below && x->neg : false;
	if (below) {
		*flags |= DINX;
		if (e < emin)
			*flags |= DUNF;
	}
	/*
	 * In the encoding the significand's leading one counts as one in the
	 * exponent, and so does a carry out of it.
	 */
	mant += up;
	if (e > emin)
		mant += (uint64_t)(e - emin) << (prec - 1);
	if (mant >= inf) {
		*flags |= DOVF | DINX;
		mant = inf;
		if (mode == ZERO || (mode == UP && x->neg) ||
		    (mode == DOWN && !x->neg))
			mant--;
	}
	return mant;
}

enum dpop { DFA, DFS, DFM, DFMA, DFMS, DFNMS, DFNMA };

static void dp(struct model *m, enum dpop op)
{
	struct quad r = m->t;

	for (int i = 0; i < 2; i++) {
		int mode = get(&m->fpscr, 20 + 2 * i, 2);
		int flags = 0;
		uint64_t a = dp_operand(get(&m->a, i * 64, 64), &flags);
		uint64_t b = dp_operand(get(&m->b, i * 64, 64), &flags);
		uint64_t t = op < DFMA ? 0 :
			     dp_operand(get(&m->t, i * 64, 64), &flags);
		uint64_t p = 0, q, v;	/* the result is p + q */
		bool negate = op == DFNMS || op == DFNMA;
		struct big x, y;

		if (flags & DNAN) {
			/* infinity times zero is invalid whatever is added */
			if (op >= DFMA && ((is_inf(a) && !(b << 1)) ||
					   (is_inf(b) && !(a << 1))))
				flags |= DINV;
			v = dp_nan;
			goto done;
		}
		if (op == DFA || op == DFS) {
			p = a;
			q = op == DFS ? b ^ dp_sign : b;
			x = big(p >> 63, dp_mant(p), dp_exp(p));
		} else {
			q = op == DFMS || op == DFNMS ? t ^ dp_sign : t;
			/* What matters of the product: sign, infinity, zero */
			p = (a ^ b) & dp_sign;
			if (is_inf(a) || is_inf(b)) {
				if (!(a << 1) || !(b << 1)) {
					flags |= DINV;
					v = dp_nan;
					goto done;
				}
				p |= dp_inf;
			}
			if (op == DFM)
				q = p & dp_sign;
			x = big(p >> 63, 0, 0);
			if (!is_inf(p))
				x = big(p >> 63, (unsigned __int128)
					dp_mant(a) * dp_mant(b),
					dp_exp(a) + dp_exp(b));
		}
		if (is_inf(p) && is_inf(q) && p != q) {
			flags |= DINV;
			v = dp_nan;
			goto done;
		}
		if (is_inf(p) || is_inf(q)) {
			v = is_inf(p) ? p : q;
		} else {
			bool minus = p >> 63 && q >> 63;

			y = big(q >> 63, dp_mant(q), dp_exp(q));
			if (p >> 63 != q >> 63 && mode == DOWN)
				minus = true;
			x = big_add(x, y);
			if (big_top(&x) < 0)
				v = minus ? dp_sign : 0;
			else
				v = ieee_round(&x, 53, -1022, mode, &flags) |
				    (x.neg ? dp_sign : 0);
		}
		if (negate)
			v ^= dp_sign;
done:
		put(&r, i * 64, 64, v);
		dp_flags(m, i, flags);
	}
	m->t = r;
}

static void frds(struct model *m)
{
	struct quad r = m->t;

	for (int i = 0; i < 2; i++) {
		int mode = get(&m->fpscr, 20 + 2 * i, 2);
		int flags = 0;
		uint64_t a = dp_operand(get(&m->a, i * 64, 64), &flags);
		uint32_t sign = a >> 63 ? 0x80000000 : 0, v;
		struct big x;

		if (is_nan(a)) {
			v = 0x7fc00000;
		} else if (is_inf(a)) {
			v = sign | 0x7f800000;
		} else {
			x = big(sign, dp_mant(a), dp_exp(a));
			v = sign | ieee_round(&x, 24, -126, mode, &flags);
		}
		put(&r, i * 64, 32, v);
		put(&r, i * 64 + 32, 32, 0);
		dp_flags(m, i, flags);
	}
	m->t = r;
}

static void fesd(struct model *m)
{
	struct quad r = m->t;

	for (int i = 0; i < 2; i++) {
		uint32_t a = get(&m->a, i * 64, 32);
		uint64_t sign = a >> 31 ? dp_sign : 0;
		int e = a >> 23 & 255, flags = 0;
		uint32_t frac = a & 0x7fffff;
		uint64_t v;

		if (e == 255 && frac) {
			flags = DNAN | (frac & 0x400000 ? 0 : DINV);
			v = dp_nan;
		} else if (e == 255) {
			v = sign | dp_inf;
		} else if (e == 0) {
			flags = frac ? DDENORM : 0;
			v = sign;
		} else {
			v = sign | (uint64_t)(e + 896) << 52 |
			    (uint64_t)frac << 29;
		}
		put(&r, i * 64, 64, v);
		dp_flags(m, i, flags);
	}
	m->t = r;
}

static void dp_compare(struct model *m, bool magnitude, bool gt)
{
	struct quad r = m->t;

	for (int i = 0; i < 2; i++) {
		int flags = 0;
		uint64_t a = dp_operand(get(&m->a, i * 64, 64), &flags);
		uint64_t b = dp_operand(get(&m->b, i * 64, 64), &flags);
		bool yes = false;

		if (magnitude) {
			a &= ~dp_sign;
			b &= ~dp_sign;
		}
		if (flags & DNAN) {
			flags &= ~DNAN;
			if (gt)
				flags |= DINV;
		} else if (!gt) {
			yes = a == b || !((a | b) << 1);
		} else if (a >> 63 != b >> 63) {
			yes = !(a >> 63) && ((a | b) << 1);
		} else {
			yes = a >> 63 ? a < b : a > b;
		}
		put(&r, i * 64, 64, yes ? ~(uint64_t)0 : 0);
		dp_flags(m, i, flags);
	}
	m->t = r;
}

static void dftsv(struct model *m)
{
	struct quad r = m->t;

	for (int i = 0; i < 2; i++) {
		uint64_t a = get(&m->a, i * 64, 64);
		bool neg = a >> 63, zero = !(a << 1);
		bool denorm = !(a & dp_inf) && !zero;
		bool yes = ((m->imm & 0x40) && is_nan(a)) ||
			   ((m->imm & 0x20) && is_inf(a) && !neg) ||
			   ((m->imm & 0x10) && is_inf(a) && neg) ||
			   ((m->imm & 0x08) && zero && !neg) ||
			   ((m->imm & 0x04) && zero && neg) ||
			   ((m->imm & 0x02) && denorm && !neg) ||
			   ((m->imm & 0x01) && denorm && neg);

		put(&r, i * 64, 64, yes ? ~(uint64_t)0 : 0);
	}
	m->t = r;
}

static void fscrwr(struct model *m)
{
	static const struct { int pos, len; } fields[] = {
		{ 20, 2 }, { 22, 2 }, { 29, 3 }, { 50, 6 }, { 61, 3 },
		{ 82, 6 }, { 93, 3 }, { 116, 4 }, { 125, 3 },
	};
	struct quad r = { { 0 } };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		put(&r, fields[i].pos, fields[i].len,
		    get(&m->a, fields[i].pos, fields[i].len));
	m->fpscr = r;
}

/* The instructions */

#define IS(name)	(!strcmp(mn, name))

/* A register operation @name, or its immediate form with the suffix "i" */
static bool form(const char *mn, const char *name, struct model *m, int len)
{
	size_t n = strlen(name);

	if (strncmp(mn, name, n))
		return false;
	if (!strcmp(mn + n, "i")) {
		m->b = splat(len, m->imm);
		return true;
	}
	return !mn[n];
}

static bool integer(const char *mn, struct model *m)
{
	if (form(mn, "ah", m, 16))
		add(m, 16, false, CIN_0, false);
	else if (form(mn, "a", m, 32))
		add(m, 32, false, CIN_0, false);
	else if (form(mn, "sfh", m, 16))
		add(m, 16, true, CIN_1, false);
	else if (form(mn, "sf", m, 32))
		add(m, 32, true, CIN_1, false);
	else if (IS("addx"))
		add(m, 32, false, CIN_T, false);
	else if (IS("sfx"))
		add(m, 32, true, CIN_T, false);
	else if (IS("cg"))
		add(m, 32, false, CIN_0, true);
	else if (IS("cgx"))
		add(m, 32, false, CIN_T, true);
	else if (IS("bg"))
		add(m, 32, true, CIN_1, true);
	else if (IS("bgx"))
		add(m, 32, true, CIN_T, true);
	else if (form(mn, "mpy", m, 32))
		EACH_WORD(product(m, w, LO, LO, true));
	else if (form(mn, "mpyu", m, 32))
		EACH_WORD(product(m, w, LO, LO, false));
	else if (IS("mpya"))
		EACH_WORD(product(m, w, LO, LO, true) +
			  (int64_t)get(&m->c, w * 32, 32));
	else if (IS("mpyh"))
		EACH_WORD(product(m, w, HI, LO, false) * 65536);
	else if (IS("mpys"))
		EACH_WORD(sext(product(m, w, LO, LO, true) >> 16 & 0xffff, 16));
	else if (IS("mpyhh"))
		EACH_WORD(product(m, w, HI, HI, true));
	else if (IS("mpyhha"))
		EACH_WORD(product(m, w, HI, HI, true) +
			  (int64_t)get(&m->t, w * 32, 32));
	else if (IS("mpyhhu"))
		EACH_WORD(product(m, w, HI, HI, false));
	else if (IS("mpyhhau"))
		EACH_WORD(product(m, w, HI, HI, false) +
			  (int64_t)get(&m->t, w * 32, 32));
	else
		return false;
	return true;
}

static int leading_zeros(const struct quad *q, int pos)
{
	int n = 0;

	while (n < 32 && !bit(q, pos + n))
		n++;
	return n;
}

static bool bytes(const char *mn, struct model *m)
{
	struct quad a = m->a, b = m->b;

	if (IS("clz")) {
		EACH_WORD(leading_zeros(&a, w * 32));
	} else if (IS("cntb")) {
		for (int i = 0; i < 16; i++) {
			m->t.b[i] = 0;
			for (int j = 0; j < 8; j++)
				m->t.b[i] += bit(&a, i * 8 + j);
		}
	} else if (IS("avgb")) {
		for (int i = 0; i < 16; i++)
			m->t.b[i] = (a.b[i] + b.b[i] + 1) / 2;
	} else if (IS("absdb")) {
		for (int i = 0; i < 16; i++)
			m->t.b[i] = a.b[i] > b.b[i] ? a.b[i] - b.b[i]
						    : b.b[i] - a.b[i];
	} else if (IS("sumb")) {
		for (int w = 0; w < 16; w += 4) {
			put(&m->t, w * 8, 16,
			    b.b[w] + b.b[w + 1] + b.b[w + 2] + b.b[w + 3]);
			put(&m->t, w * 8 + 16, 16,
			    a.b[w] + a.b[w + 1] + a.b[w + 2] + a.b[w + 3]);
		}
	} else if (IS("xsbh") || IS("xshw") || IS("xswd")) {
		int len = IS("xsbh") ? 8 : IS("xshw") ? 16 : 32;

		for (int p = 0; p < 128; p += 2 * len)
			put(&m->t, p, 2 * len, sext(get(&a, p + len, len), len));
	} else if (IS("orx")) {
		words(m, get(&a, 0, 32) | get(&a, 32, 32) | get(&a, 64, 32) |
		      get(&a, 96, 32), 0, 0, 0);
	} else if (IS("selb")) {
		for (int i = 0; i < 128; i++)
			put(&m->t, i, 1, bit(bit(&m->c, i) ? &b : &a, i));
	} else if (IS("shufb")) {
		shufb(m);
	} else if (IS("fsmbi")) {
		form_mask(m, m->imm, 16);
	} else if (IS("fsmb")) {
		form_mask(m, get(&a, 16, 16), 16);
	} else if (IS("fsmh")) {
		form_mask(m, get(&a, 24, 8), 8);
	} else if (IS("fsm")) {
		form_mask(m, get(&a, 28, 4), 4);
	} else if (IS("gbb")) {
		gather(m, 16);
	} else if (IS("gbh")) {
		gather(m, 8);
	} else if (IS("gb")) {
		gather(m, 4);
	} else {
		return false;
	}
	return true;
}

static bool logic(const char *mn, struct model *m)
{
	static const struct { const char *name; int table; } ops[] = {
		{ "and", 8 }, { "andc", 4 }, { "or", 14 }, { "orc", 13 },
		{ "xor", 6 }, { "nand", 7 }, { "nor", 1 }, { "eqv", 9 },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		const char *name = ops[i].name;
		size_t n = strlen(name);

		if (strncmp(mn, name, n))
			continue;
		if (!strcmp(mn + n, "bi"))
			m->b = splat(8, m->imm);
		else if (!strcmp(mn + n, "hi"))
			m->b = splat(16, m->imm);
		else if (!strcmp(mn + n, "i"))
			m->b = splat(32, m->imm);
		else if (mn[n])
			continue;
		logical(m, ops[i].table);
		return true;
	}
	return false;
}

static bool shifts(const char *mn, struct model *m)
{
	/* The preferred slot's count, or the immediate one: low bits of it. */
	bool imm = mn[strlen(mn) - 1] == 'i' && mn[strlen(mn) - 2] != 'b';
	int n;

	if (IS("shlqbii") || IS("rotqbii") || IS("rotqmbii"))
		imm = true;
	n = imm ? m->imm & 0x7f : (int)get(&m->b, 0, 32) & 0xff;

	if (form(mn, "shlh", m, 16))
		shift(m, 16, LEFT);
	else if (form(mn, "shl", m, 32))
		shift(m, 32, LEFT);
	else if (form(mn, "roth", m, 16))
		shift(m, 16, ROTATE);
	else if (form(mn, "rot", m, 32))
		shift(m, 32, ROTATE);
	else if (form(mn, "rothm", m, 16))
		shift(m, 16, RIGHT);
	else if (form(mn, "rotm", m, 32))
		shift(m, 32, RIGHT);
	else if (form(mn, "rotmah", m, 16))
		shift(m, 16, RIGHT_SIGN);
	else if (form(mn, "rotma", m, 32))
		shift(m, 32, RIGHT_SIGN);
	else if (IS("shlqbi") || IS("shlqbii"))
		shift_quad(m, LEFT, n % 8, 1);
	else if (IS("shlqby") || IS("shlqbyi"))
		shift_quad(m, LEFT, n % 32, 8);
	else if (IS("shlqbybi"))
		shift_quad(m, LEFT, n / 8, 8);
	else if (IS("rotqbi") || IS("rotqbii"))
		shift_quad(m, ROTATE, n % 8, 1);
	else if (IS("rotqby") || IS("rotqbyi"))
		shift_quad(m, ROTATE, n % 16, 8);
	else if (IS("rotqbybi"))
		shift_quad(m, ROTATE, n / 8, 8);
	else if (IS("rotqmbi") || IS("rotqmbii"))
		shift_quad(m, RIGHT, (8 - n % 8) % 8, 1);
	else if (IS("rotqmby") || IS("rotqmbyi"))
		shift_quad(m, RIGHT, (32 - n % 32) % 32, 8);
	else if (IS("rotqmbybi"))
		shift_quad(m, RIGHT, (32 - n / 8) % 32, 8);
	else
		return false;
	return true;
}

static bool compares(const char *mn, struct model *m)
{
	static const struct { const char *name; enum rel rel; } ops[] = {
		{ "ceq", EQ }, { "cgt", GT }, { "clgt", LGT },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t n = strlen(ops[i].name);
		int len = 32;

		if (strncmp(mn, ops[i].name, n))
			continue;
		if (mn[n] == 'b')
			len = 8;
		else if (mn[n] == 'h')
			len = 16;
		if (mn[strlen(mn) - 1] == 'i')
			m->b = splat(len, m->imm);
		compare(m, len, ops[i].rel);
		return true;
	}
	return false;
}

static bool constants(const char *mn, struct model *m)
{
	static const int sizes[128] = { ['b'] = 1, ['h'] = 2, ['w'] = 4,
					['d'] = 8 };

	if (IS("il") || IS("ila"))
		m->t = splat(32, m->imm);
	else if (IS("ilh"))
		m->t = splat(16, m->imm);
	else if (IS("ilhu"))
		m->t = splat(32, (int64_t)m->imm * 65536);
	else if (IS("iohl"))
		EACH_WORD(get(&m->t, w * 32, 32) | m->imm);
	else if (IS("cbd") || IS("chd") || IS("cwd") || IS("cdd"))
		insertion(m, sizes[(int)mn[1]], get(&m->a, 0, 32) + m->imm);
	else if (IS("cbx") || IS("chx") || IS("cwx") || IS("cdx"))
		insertion(m, sizes[(int)mn[1]],
			  get(&m->a, 0, 32) + get(&m->b, 0, 32));
	else
		return false;
	return true;
}

static bool floats(const char *mn, struct model *m)
{
	static const char *const sp_ops[] = {
		"fa", "fs", "fm", "fma", "fms", "fnms",
	};
	static const char *const dp_ops[] = {
		"dfa", "dfs", "dfm", "dfma", "dfms", "dfnms", "dfnma",
	};

	for (int i = 0; i < 6; i++)
		if (IS(sp_ops[i])) {
			sp(m, i);
			return true;
		}
	for (int i = 0; i < 7; i++)
		if (IS(dp_ops[i])) {
			dp(m, i);
			return true;
		}
	if (IS("fi"))
		fi(m);
	else if (IS("fceq"))
		sp_compare(m, false, false);
	else if (IS("fcmeq"))
		sp_compare(m, true, false);
	else if (IS("fcgt"))
		sp_compare(m, false, true);
	else if (IS("fcmgt"))
		sp_compare(m, true, true);
	else if (IS("csflt"))
		to_float(m, true);
	else if (IS("cuflt"))
		to_float(m, false);
	else if (IS("cflts"))
		to_int(m, true);
	else if (IS("cfltu"))
		to_int(m, false);
	else if (IS("frds"))
		frds(m);
	else if (IS("fesd"))
		fesd(m);
	else if (IS("dfceq"))
		dp_compare(m, false, false);
	else if (IS("dfcmeq"))
		dp_compare(m, true, false);
	else if (IS("dfcgt"))
		dp_compare(m, false, true);
	else if (IS("dfcmgt"))
		dp_compare(m, true, true);
	else if (IS("dftsv"))
		dftsv(m);
	else if (IS("fscrwr"))
		fscrwr(m);
	else if (IS("fscrrd"))
		m->t = m->fpscr;
	else
		return false;
	return true;
}

bool model_run(const char *mn, struct model *m)
{
	return integer(mn, m) || bytes(mn, m) || logic(mn, m) ||
	       shifts(mn, m) || compares(mn, m) || constants(mn, m) ||
	       floats(mn, m);
}
