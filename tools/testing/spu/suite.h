/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPU instruction tests: the cases, for both programs that run them
 *
 * spu_test.c runs them in QEMU's interpreter on the host, guest_test.c on the
 * blade.  To be included once, where SPUReg and its accessors are known.
 */
#ifndef SPU_TEST_SUITE_H
#define SPU_TEST_SUITE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
#endif

/* What mkcases.py made */

struct fields {
	int rt, ra, rb, rc, imm, ca, code, d, e;
};

struct insn_case {
	const char *text, *name, *base;
	uint32_t word;
	int imm;
	bool has_imm;
	struct fields fields;
};

struct opcode {
	unsigned int bits;
	int width;
};

enum { FPSCR = 128 };

struct setting {
	bool used;
	int reg;
	struct quad val;
};

struct value_case {
	int line;
	const char *text;
	uint32_t word;
	struct setting before[4], after[2];
};

#include "cases.h"
#include "flow.h"

static uint32_t word_of(const char *text)
{
	for (int i = 0; i < ARRAY_SIZE(insn_cases); i++)
		if (!strcmp(insn_cases[i].text, text))
			return insn_cases[i].word;
	printf("Bail out! no case \"%s\"\n", text);
	exit(1);
}

/* Random numbers (xorshift64*) */

static uint64_t rnd_state;

static uint64_t rnd(void)
{
	rnd_state ^= rnd_state >> 12;
	rnd_state ^= rnd_state << 25;
	rnd_state ^= rnd_state >> 27;
	return rnd_state * 0x2545f4914f6cdd1dULL;
}

static unsigned int below(unsigned int n)
{
	return (rnd() >> 32) % n;
}

static const char *hex(const struct quad *q)
{
	static char text[8][40];
	static int n;
	char *p = text[n = (n + 1) % 8];

	for (int i = 0; i < 16; i++)
		p += sprintf(p, i % 4 == 3 && i < 15 ? "%02x_" : "%02x",
			     q->b[i]);
	return text[n];
}

/* Operands */

static void set_reg(SPUReg *r, const struct quad *q)
{
	for (int i = 0; i < 16; i++)
		SPU_B(r, i) = q->b[i];
}

static struct quad get_reg(const SPUReg *r)
{
	struct quad q;

	for (int i = 0; i < 16; i++)
		q.b[i] = SPU_B(r, i);
	return q;
}

enum operands { INTEGERS, SINGLES, DOUBLES };

static void random_integers(SPUReg *r)
{
	static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff };
	int kind = below(4);

	for (int i = 0; i < 16; i++)
		SPU_B(r, i) = kind == 0 || (kind == 1 && below(2)) ?
			      rnd() : edges[below(ARRAY_SIZE(edges))];
	/* Small words, negative or not: counts and addresses */
	if (kind == 2)
		for (int i = 0; i < 4; i++)
			SPU_W(r, i) = (int)below(300) - 150;
	if (kind == 3 && below(2))
		for (int i = 0; i < 8; i++)
			SPU_H(r, i) = (int)below(80) - 40;
}

/*
 * Ends of the range and of binades, 1 and its neighbours, the last place of
 * these, integers' limits, and roots of all of them
 */
static const uint32_t single_edges[] = {
	0, 1, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000,
	0x0c000000, 0x1f800000, 0x20000000, 0x33000000, 0x337fffff, 0x33800000,
	0x33ffffff, 0x3effffff, 0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001,
	0x3fffffff, 0x40000000, 0x4b000000, 0x4b800000, 0x4effffff, 0x4f000000,
	0x4f7fffff, 0x4f800000, 0x5f7fffff, 0x5f800000, 0x73ffffff, 0x7f7fffff,
	0x7f800000, 0x7f800001, 0x7fc00000, 0x7ffffffe, 0x7fffffff,
};

static uint32_t random_single(void)
{
	uint32_t sign = below(2) << 31;

	switch (below(4)) {
	case 0:
		return sign | single_edges[below(ARRAY_SIZE(single_edges))];
	case 1:		/* the whole range */
		return rnd();
	default:	/* near 1, where sums need alignment */
		return sign | (100 + below(55)) << 23 | (rnd() & 0x7fffff);
	}
}

static uint64_t random_double(void)
{
	static const uint64_t edges[] = {
		0, 1, 0x000fffffffffffff, 0x0010000000000000,
		0x0010000000000001, 0x1ff0000000000000, 0x3690000000000000,
		0x36a0000000000000, 0x380fffffffffffff, 0x3810000000000000,
		0x3cb0000000000000, 0x3fefffffffffffff, 0x3ff0000000000000,
		0x3ff0000000000001, 0x47efffffe0000000, 0x47effffff0000000,
		0x47f0000000000000, 0x7fefffffffffffff, 0x7ff0000000000000,
		0x7ff0000000000001, 0x7ff7ffffffffffff, 0x7ff8000000000000,
	};
	uint64_t sign = (uint64_t)below(2) << 63;

	switch (below(5)) {
	case 0:
		return sign | edges[below(ARRAY_SIZE(edges))];
	case 1:
		return rnd();
	case 2:		/* products and results about the denormal range */
		return sign | (uint64_t)(480 + below(60)) << 52 | rnd() >> 12;
	default:
		return sign | (uint64_t)(990 + below(70)) << 52 | rnd() >> 12;
	}
}

static void random_operand(SPUReg *r, enum operands kind)
{
	if (kind == INTEGERS)
		random_integers(r);
	else if (kind == SINGLES)
		for (int i = 0; i < 4; i++)
			SPU_W(r, i) = random_single();
	else
		for (int i = 0; i < 2; i++)
			SPU_D(r, i) = random_double();
}

/* Make the addend of some slices nearly the product's opposite. */
static void cancel(SPUReg *addend, const SPUReg *a, const SPUReg *b,
		   enum operands kind)
{
	if (kind == SINGLES && below(2)) {
		for (int i = 0; i < 4; i++) {
			union { uint32_t w; float f; } x = { SPU_W(a, i) },
				y = { SPU_W(b, i) };

			x.f *= -y.f;
			SPU_W(addend, i) = x.w + below(3) - 1;
		}
	} else if (kind == DOUBLES && below(2)) {
		for (int i = 0; i < 2; i++) {
			union { uint64_t w; double f; } x = { SPU_D(a, i) },
				y = { SPU_D(b, i) };

			x.f *= -y.f;
			SPU_D(addend, i) = x.w + below(3) - 1;
		}
	}
}

static enum operands operands_of(const char *base)
{
	if (!strncmp(base, "df", 2) || !strcmp(base, "frds"))
		return DOUBLES;
	if ((base[0] == 'f' && strncmp(base, "fsm", 3) &&
	     strncmp(base, "fscr", 4)) ||
	    !strncmp(base, "cflt", 4))
		return SINGLES;
	return INTEGERS;
}

/* Instructions that are not computations: test_flow() or estimates() has them. */
static bool elsewhere(const char *base)
{
	static const char *const names[] = {
		"lqd", "lqx", "lqa", "lqr", "stqd", "stqx", "stqa", "stqr",
		"br", "bra", "brsl", "brasl", "brnz", "brz", "brhnz", "brhz",
		"bi", "iret", "bisl", "bisled", "biz", "binz", "bihz", "bihnz",
		"heq", "heqi", "hgt", "hgti", "hlgt", "hlgti", "stop",
		"stopd", "rdch", "rchcnt", "wrch", "frest", "frsqest",
	};

	for (int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(base, names[i]))
			return true;
	return false;
}

/* Instructions that leave everything as it is, or nearly */
static bool model_of_nothing(const struct insn_case *c, struct model *m)
{
	static const char *const names[] = {
		"hbr", "hbra", "hbrr", "nop", "lnop", "sync", "dsync", "mtspr",
	};

	if (!strcmp(c->base, "mfspr")) {
		memset(&m->t, 0, sizeof(m->t));
		return true;
	}
	for (int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(c->base, names[i]))
			return true;
	return false;
}

/* Random operands for an instruction */
static void random_case(const struct insn_case *c, SPUReg *gpr, SPUReg *fpscr)
{
	const struct fields *f = &c->fields;
	enum operands kind = operands_of(c->base);

	random_operand(&gpr[f->ra], kind);
	random_operand(&gpr[f->rb], kind);
	if (kind != INTEGERS && below(8) == 0)	/* differences */
		for (int i = 0; i < 4; i++)
			SPU_W(&gpr[f->rb], i) = SPU_W(&gpr[f->ra], i) ^
				(i % 2 || kind == SINGLES ? below(4) : 0);
	random_operand(&gpr[f->rc], kind);
	if (kind == DOUBLES || f->rt != f->rc)
		random_operand(&gpr[f->rt], kind);
	cancel(kind == SINGLES ? &gpr[f->rc] : &gpr[f->rt],
	       &gpr[f->ra], &gpr[f->rb], kind);
	SPU_W(fpscr, 0) = below(2) ? rnd() & 0xf07 : rnd() & 0xf00;
	SPU_W(fpscr, 1) = below(2) ? rnd() & 0x3f07 : 0;
	SPU_W(fpscr, 2) = below(2) ? rnd() & 0x3f07 : 0;
	SPU_W(fpscr, 3) = below(2) ? rnd() & 0xf07 : 0;
}

/*
 * What the model makes of an instruction with these operands. Returns false if
 * it does not know it.
 */
static bool model_case(const struct insn_case *c, const SPUReg *gpr,
		       const SPUReg *fpscr, struct model *m)
{
	const struct fields *f = &c->fields;

	m->t = get_reg(&gpr[f->rt]);
	m->a = get_reg(&gpr[f->ra]);
	m->b = get_reg(&gpr[f->rb]);
	m->c = get_reg(&gpr[f->rc]);
	m->fpscr = get_reg(fpscr);
	m->imm = c->imm;
	return model_run(c->base, m) || model_of_nothing(c, m);
}

/* Control flow: what comes of the pieces of flow.s */

enum { SAME, OFF, ON };		/* the interrupt, after the branch */

/* The preferred slot's word, and its lower halfword */
static const struct { uint32_t w; bool z, hz; } condition_vals[] = {
	{ 0, true, true }, { 1, false, false },
	{ 0x80000000, false, true }, { 0x00010000, false, true },
	{ 0x8000, false, false }, { 0xffff0000, false, true },
};

static const struct {
	const char *name;
	uint32_t at;
	bool half, not;
	int interrupt;
} conditions[] = {
	{ "brz", AT_brz, false, false },
	{ "brnz", AT_brnz, false, true },
	{ "brhz", AT_brhz, true, false },
	{ "brhnz", AT_brhnz, true, true },
	{ "biz", AT_biz, false, false },
	{ "binz", AT_binz, false, true },
	{ "bihz", AT_bihz, true, false },
	{ "bihnz", AT_bihnz, true, true },
	{ "bizd", AT_bizd, false, false, OFF },
	{ "bize", AT_bize, false, false, ON },
	{ "binzd", AT_binzd, false, true, OFF },
	{ "binze", AT_binze, false, true, ON },
	{ "bihzd", AT_bihzd, true, false, OFF },
	{ "bihze", AT_bihze, true, false, ON },
	{ "bihnzd", AT_bihnzd, true, true, OFF },
	{ "bihnze", AT_bihnze, true, true, ON },
};

static const struct {
	const char *name;
	uint32_t at;
	int link;
	int interrupt;
	bool event;
} branches[] = {
	{ "br", AT_br },
	{ "bra", AT_bra },
	{ "brsl", AT_brsl, 5 },
	{ "brasl", AT_brasl, 5 },
	{ "bi", AT_bi },
	{ "bid", AT_bid, 0, OFF },
	{ "bie", AT_bie, 0, ON },
	{ "bisl", AT_bisl, 5 },
	{ "bisl to its link register", AT_bisl_same, 4 },
	{ "bisld", AT_bisld, 5, OFF },
	{ "bisle", AT_bisle, 5, ON },
	{ "bisled", AT_bisled, 5, SAME, true },
	{ "bisled to its link register", AT_bisled_same, 4, SAME, true },
	{ "bisledd", AT_bisledd, 5, OFF, true },
	{ "bislede", AT_bislede, 5, ON, true },
	{ "iret", AT_iret },
	{ "iretd", AT_iretd, 0, OFF },
	{ "irete", AT_irete, 0, ON },
};

static const struct {
	const char *name;
	uint32_t at, a, b;
	bool halts;
} halts[] = {
	{ "heq", AT_heq, 5, 5, true },
	{ "heq", AT_heq, 5, 6, false },
	{ "heqi", AT_heqi, 0xffffffff, 0, true },
	{ "heqi", AT_heqi, 0xffff, 0, false },
	{ "hgt", AT_hgt, 0, 0xffffffff, true },
	{ "hgt", AT_hgt, 0xffffffff, 0, false },
	{ "hgt", AT_hgt, 7, 7, false },
	{ "hgti", AT_hgti, 0, 0, true },
	{ "hgti", AT_hgti, 0x80000000, 0, false },
	{ "hlgt", AT_hlgt, 0xffffffff, 0, true },
	{ "hlgt", AT_hlgt, 0, 0xffffffff, false },
	{ "hlgti", AT_hlgti, 0, 0, false },
	{ "hlgti", AT_hlgti, 0xffffffff, 0, false },
};

static const struct {
	const char *name;
	uint32_t at, a, b;
} loads[] = {
	{ "lqd", AT_lqd, AT_data + 32, 0 },
	{ "lqd, unaligned and beyond the end", AT_lqd,
	  0xabc00000 + AT_data + 32 + 15, 0 },
	{ "lqx", AT_lqx, AT_data - 0x1000, 0x1000 },
	{ "lqx, the sum overflows", AT_lqx, 0xffffffff,
	  AT_data + 1 + 15 },
	{ "lqa", AT_lqa, 0, 0 },
	{ "lqr", AT_lqr, 0, 0 },
}, stores[] = {
	{ "stqd", AT_stqd, AT_scratch - 16, 0 },
	{ "stqd, unaligned and beyond the end", AT_stqd,
	  0xabc00000 + AT_scratch - 16 + 7, 0 },
	{ "stqx", AT_stqx, AT_scratch + 1, 0xffffffff },
	{ "stqa", AT_stqa, 0, 0 },
	{ "stqr", AT_stqr, 0, 0 },
};

static const uint8_t stored[16] = {
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
};

#endif
