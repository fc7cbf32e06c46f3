// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPU instruction tests: QEMU's SPU interpreter, by itself
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * mkcases.py had the SPU assembler make all the instructions used here.
 */
#include "qemu/osdep.h"
#include <math.h>
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "hw/cell/spu_engine.h"
#include "model.h"
#include "tap.h"

/* What QEMU would provide */
int qemu_loglevel;

void qemu_log(const char *fmt, ...)
{
}

/* TAP */

static int tap_points, tap_failed, tap_bad, tap_checks;

bool tap(bool pass, const char *fmt, ...)
{
	va_list ap;

	tap_failed += !pass;
	printf("%sok %d - ", pass ? "" : "not ", ++tap_points);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return pass;
}

bool tap_check(bool cond, const char *fmt, ...)
{
	va_list ap;

	tap_checks++;
	if (!cond && tap_bad++ < 5) {
		printf("# ");
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
	}
	return cond;
}

void tap_end(const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	/* A point that checked nothing has failed. */
	tap(tap_checks && !tap_bad, "%s (%d checks)", text, tap_checks);
	tap_checks = tap_bad = 0;
	g_free(text);
}

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

/* A second decoder, which only notes what it found */

typedef struct DisasContext {
	const char *name;
	struct fields fields;
} DisasContext;

#include "decode-spu.c.inc"
#include "recorder.h"

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

/* An SPU, and a channel unit of three channels */

static uint8_t *ls;
static SPUState spu;

static struct {
	bool data;			/* channel 29 has something to read */
	uint32_t written[4];		/* to channel 28 */
	int writes;
	bool full;			/* channel 28 cannot be written */
} chan;

static SPUChannelResult test_rdch(void *opaque, unsigned int ch, uint32_t *val)
{
	if (ch != 29)
		return SPU_CH_INVALID;
	if (!chan.data)
		return SPU_CH_STALL;
	chan.data = false;
	*val = 0xfeedface;
	return SPU_CH_OK;
}

static SPUChannelResult test_wrch(void *opaque, unsigned int ch, uint32_t val)
{
	if (ch == 2) {
		spu.event_pending = false;
		return SPU_CH_OK;
	}
	if (ch != 28)
		return SPU_CH_INVALID;
	if (chan.full)
		return SPU_CH_STALL;
	if (chan.writes < 4)
		chan.written[chan.writes] = val;
	chan.writes++;
	return SPU_CH_OK;
}

static SPUChannelResult test_rchcnt(void *opaque, unsigned int ch,
				    uint32_t *count)
{
	if (ch != 29)
		return SPU_CH_INVALID;
	*count = chan.data;
	return SPU_CH_OK;
}

static const SPUChannelOps chan_ops = {
	.rdch = test_rdch, .wrch = test_wrch, .rchcnt = test_rchcnt,
};

static void reset(void)
{
	memset(&spu, 0, sizeof(spu));
	memset(&chan, 0, sizeof(chan));
	spu.ls = ls;
	spu.ch_ops = &chan_ops;
	for (int r = 0; r < SPU_NUM_GPR; r++)
		for (int i = 0; i < 4; i++)
			SPU_W(&spu.gpr[r], i) = rnd();
}

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

static const char *hex(const struct quad *q)
{
	static char text[4][40];
	static int n;
	char *p = text[n = (n + 1) % 4];

	for (int i = 0; i < 16; i++)
		p += sprintf(p, i % 4 == 3 && i < 15 ? "%02x_" : "%02x",
			     q->b[i]);
	return text[n];
}

/* Run one instruction.  Returns how it ended. */
static SPUExit step(uint32_t pc, uint32_t word)
{
	uint64_t done;
	uint32_t code;

	stl_be_p(ls + pc, word);
	spu.pc = pc;
	return spu_interp_run(&spu, 1, false, &done, &code);
}

/* Roll call */

static bool seen[ARRAY_SIZE(patterns)];

static void roll_call_one(const struct insn_case *c)
{
	DisasContext ctx = { .name = "nothing", .fields = c->fields };
	SPUExit why;

	if (!tap_check(spu_decode(&ctx, c->word), "%s: 0x%08x not decoded",
		       c->text, c->word))
		return;
	tap_check(!strcmp(ctx.name, c->base), "%s: 0x%08x decoded as %s",
		  c->text, c->word, ctx.name);
	tap_check(!memcmp(&ctx.fields, &c->fields, sizeof(ctx.fields)),
		  "%s: 0x%08x has rt %d ra %d rb %d rc %d imm %d ca %d code %d",
		  c->text, c->word, ctx.fields.rt, ctx.fields.ra,
		  ctx.fields.rb, ctx.fields.rc, ctx.fields.imm, ctx.fields.ca,
		  ctx.fields.code);
	for (int i = 0; i < ARRAY_SIZE(patterns); i++)
		seen[i] |= !strcmp(patterns[i], c->base);

	reset();
	why = step(0x100, c->word);
	tap_check(why != SPU_EXIT_INVALID_INSN, "%s: not executed", c->text);
}

static void test_roll_call(void)
{
	const struct insn_case *c = insn_cases;

	for (int i = 0; i < ARRAY_SIZE(insn_cases); i++) {
		roll_call_one(&c[i]);
		if (i == ARRAY_SIZE(insn_cases) - 1 ||
		    strcmp(c[i].name, c[i + 1].name))
			tap_end("roll call: %s", c[i].name);
	}
	for (int i = 0; i < ARRAY_SIZE(patterns); i++)
		tap_check(seen[i], "%s is not the assembler's", patterns[i]);
	tap_end("roll call: no instruction but the assembler's");

	/* All opcodes; the other bits are operands, or not looked at. */
	for (unsigned int op = 0; op < 2048; op++) {
		bool valid = false;

		for (int i = 0; i < ARRAY_SIZE(opcodes); i++)
			valid |= op >> (11 - opcodes[i].width) ==
				 opcodes[i].bits;
		for (int i = 0; i < 8; i++) {
			uint32_t word = op << 21 | (rnd() & 0x1fffff);
			uint64_t done;
			uint32_t code = 0;
			SPUExit why;

			reset();
			stl_be_p(ls + 0x2000, word);
			spu.pc = 0x2000;
			why = spu_interp_run(&spu, 1, false, &done, &code);
			tap_check((why == SPU_EXIT_INVALID_INSN) == !valid,
				  "0x%08x: exit %d", word, why);
			if (!valid)
				tap_check(spu.pc == 0x2004 && code == word &&
					  !done && !spu.insns,
					  "0x%08x: pc 0x%x code 0x%x", word,
					  spu.pc, code);
		}
	}
	tap_end("roll call: all 2048 opcodes, valid and invalid");
}

/* Expected values */

static void test_values(void)
{
	for (int i = 0; i < ARRAY_SIZE(value_cases); i++) {
		const struct value_case *c = &value_cases[i];
		SPUExit why;

		reset();
		for (int j = 0; j < ARRAY_SIZE(c->before); j++)
			if (c->before[j].used)
				set_reg(c->before[j].reg == FPSCR ? &spu.fpscr :
					&spu.gpr[c->before[j].reg],
					&c->before[j].val);
		why = step(0x100, c->word);
		tap_check(why == SPU_EXIT_BUDGET, "exit %d", why);
		for (int j = 0; j < ARRAY_SIZE(c->after); j++) {
			const struct setting *s = &c->after[j];
			struct quad got;

			if (!s->used)
				continue;
			got = get_reg(s->reg == FPSCR ? &spu.fpscr :
				      &spu.gpr[s->reg]);
			tap_check(!memcmp(&got, &s->val, 16),
				  "%s %d is %s, not %s",
				  s->reg == FPSCR ? "fpscr" : "$",
				  s->reg, hex(&got), hex(&s->val));
		}
		tap_end("values.txt:%d: %s", c->line, c->text);
	}
}

/* Comparison with the model */

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

/* What is not a computation: test_flow() has it, or estimates(). */
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

/* What leaves everything as it is, or nearly. */
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

/* Execute one instruction, as the registers are. */
static void model_compare(const struct insn_case *c)
{
	const struct fields *f = &c->fields;
	static SPUReg before[SPU_NUM_GPR];
	struct quad fpscr, got;
	uint32_t pc = below(0x10000) * 4;
	struct model m;
	SPUExit why;
	int bad = -1;

	m.t = get_reg(&spu.gpr[f->rt]);
	m.a = get_reg(&spu.gpr[f->ra]);
	m.b = get_reg(&spu.gpr[f->rb]);
	m.c = get_reg(&spu.gpr[f->rc]);
	m.fpscr = get_reg(&spu.fpscr);
	m.imm = c->imm;
	fpscr = m.fpscr;
	if (!model_run(c->base, &m) && !model_of_nothing(c, &m)) {
		tap_check(false, "%s: the model does not know it", c->text);
		return;
	}

	memcpy(before, spu.gpr, sizeof(before));
	why = step(pc, c->word);
	tap_check(why == SPU_EXIT_BUDGET && spu.insns == 1 &&
		  spu.pc == ((pc + 4) & SPU_LS_MASK),
		  "%s: exit %d, pc 0x%x", c->text, why, spu.pc);
	got = get_reg(&spu.fpscr);
	tap_check(!memcmp(&got, &m.fpscr, 16),
		  "%s: fpscr is %s, not %s; was %s", c->text, hex(&got),
		  hex(&m.fpscr), hex(&fpscr));
	got = get_reg(&spu.gpr[f->rt]);
	tap_check(!memcmp(&got, &m.t, 16), "%s: is %s, not %s", c->text,
		  hex(&got), hex(&m.t));
	if (memcmp(&got, &m.t, 16) && tap_bad < 5) {
		struct quad t = get_reg(&before[f->rt]);

		printf("#   from %s, %s, %s,", hex(&m.a), hex(&m.b),
		       hex(&m.c));
		printf(" target %s, fpscr %s\n", hex(&t), hex(&fpscr));
	}
	before[f->rt] = spu.gpr[f->rt];
	for (int i = 0; i < SPU_NUM_GPR; i++)
		if (memcmp(&before[i], &spu.gpr[i], 16))
			bad = i;
	tap_check(bad < 0, "%s: $%d changed too", c->text, bad);
}

static void model_one(const struct insn_case *c)
{
	const struct fields *f = &c->fields;
	enum operands kind = operands_of(c->base);

	reset();
	random_operand(&spu.gpr[f->ra], kind);
	random_operand(&spu.gpr[f->rb], kind);
	if (kind != INTEGERS && below(8) == 0)	/* differences */
		for (int i = 0; i < 4; i++)
			SPU_W(&spu.gpr[f->rb], i) = SPU_W(&spu.gpr[f->ra], i) ^
				(i % 2 || kind == SINGLES ? below(4) : 0);
	random_operand(&spu.gpr[f->rc], kind);
	if (kind == DOUBLES || f->rt != f->rc)
		random_operand(&spu.gpr[f->rt], kind);
	cancel(kind == SINGLES ? &spu.gpr[f->rc] : &spu.gpr[f->rt],
	       &spu.gpr[f->ra], &spu.gpr[f->rb], kind);
	SPU_W(&spu.fpscr, 0) = below(2) ? rnd() & 0xf07 : rnd() & 0xf00;
	SPU_W(&spu.fpscr, 1) = below(2) ? rnd() & 0x3f07 : 0;
	SPU_W(&spu.fpscr, 2) = below(2) ? rnd() & 0x3f07 : 0;
	SPU_W(&spu.fpscr, 3) = below(2) ? rnd() & 0xf07 : 0;
	model_compare(c);
}

static void test_model(int depth)
{
	const struct insn_case *c = insn_cases;
	/* Big integers take their time. */
	static const int rounds[] = {
		[INTEGERS] = 200, [SINGLES] = 600, [DOUBLES] = 300,
	};

	for (int i = 0; i < ARRAY_SIZE(insn_cases); i++) {
		if (elsewhere(c[i].base))
			continue;
		for (int j = 0; j < rounds[operands_of(c[i].base)] * depth; j++)
			model_one(&c[i]);
		if (i == ARRAY_SIZE(insn_cases) - 1 ||
		    strcmp(c[i].name, c[i + 1].name))
			tap_end("model: %s", c[i].name);
	}
}

/* All edges of single precision as operands, four combinations at a time */
static void test_edges(void)
{
	const struct insn_case *c = insn_cases;
	const unsigned int n = 2 * ARRAY_SIZE(single_edges);

	for (int i = 0; i < ARRAY_SIZE(insn_cases); i++) {
		unsigned int all = n * n;
		int regs[3] = { c[i].fields.ra, c[i].fields.rb };

		/* The case with all registers different, from $3 */
		if (elsewhere(c[i].base) || c[i].fields.ra != 4 ||
		    operands_of(c[i].base) != SINGLES || c[i].has_imm)
			continue;
		if (c[i].fields.rc) {
			regs[2] = c[i].fields.rc;
			all *= n;
		}
		for (unsigned int j = 0; j < all; j += 4) {
			reset();
			for (int k = 0; k < 12; k++) {
				unsigned int at = j + k / 3;

				for (int l = 0; l < k % 3; l++)
					at /= n;
				SPU_W(&spu.gpr[regs[k % 3]], k / 3) =
					single_edges[at % n / 2] | at << 31;
			}
			model_compare(&c[i]);
		}
		tap_end("edges: %s", c[i].name);
	}
}

/*
 * Estimates: the ISA wants them, after fi, within 2^-12 of the reciprocal,
 * and 2^-12 for that of the root too.
 */
static uint32_t word_of(const char *text)
{
	for (int i = 0; i < ARRAY_SIZE(insn_cases); i++)
		if (!strcmp(insn_cases[i].text, text))
			return insn_cases[i].word;
	printf("Bail out! no case \"%s\"\n", text);
	exit(1);
}

static double as_double(uint32_t x)
{
	union { uint32_t w; float f; } u = { x };

	return u.f;
}

static void test_estimates(bool root)
{
	static const int exps[] = { 1, 2, 63, 126, 127, 128, 129, 200, 251 };
	uint32_t est = word_of(root ? "frsqest $3,$4" : "frest $3,$4");
	uint32_t fi = word_of("fi $9,$9,$9");
	double worst = 0;

	/* fi $9,$4,$3 */
	fi = (fi & ~0x1fffff) | 3 << 14 | 4 << 7 | 9;
	reset();
	for (int e = 0; e < ARRAY_SIZE(exps); e++) {
		for (uint32_t frac = 0; frac < 0x800000; frac += 0x95) {
			uint32_t x = (uint32_t)exps[e] << 23 | frac;
			double r, v = as_double(x);

			SPU_W(&spu.gpr[4], 1) = x;
			step(0x100, est);
			step(0x104, fi);
			r = as_double(SPU_W(&spu.gpr[9], 1));
			r = fabs((root ? r * r * v : r * v) - 1);
			worst = r > worst ? r : worst;
			/* r * r has twice the relative error of r */
			tap_check(r <= (root ? 0x1p-11 : 0x1p-12),
				  "of %08x: off by %g", x, r);
		}
	}
	tap_end("%s and fi: worst relative error %.3g (2^%.2f)",
		root ? "frsqest" : "frest", worst, log2(worst));
}

/* Control flow */

static void load_flow(void)
{
	memset(ls, 0, SPU_LS_SIZE);
	for (int i = 0; i < ARRAY_SIZE(flow); i++)
		stl_be_p(ls + flow[i].at, flow[i].word);
}

static uint64_t done;
static uint32_t code;

static SPUExit run(uint32_t pc, uint64_t budget)
{
	spu.pc = pc;
	return spu_interp_run(&spu, budget, false, &done, &code);
}

static void words(int reg, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3)
{
	SPU_W(&spu.gpr[reg], 0) = w0;
	SPU_W(&spu.gpr[reg], 1) = w1;
	SPU_W(&spu.gpr[reg], 2) = w2;
	SPU_W(&spu.gpr[reg], 3) = w3;
}

static bool is_words(int reg, uint32_t w0, uint32_t w1, uint32_t w2,
		     uint32_t w3)
{
	const SPUReg *r = &spu.gpr[reg];

	return SPU_W(r, 0) == w0 && SPU_W(r, 1) == w1 && SPU_W(r, 2) == w2 &&
	       SPU_W(r, 3) == w3;
}

enum { SAME, OFF, ON };		/* the interrupt, after the branch */

static void test_conditions(void)
{
	/* The preferred slot's word, and its lower halfword */
	static const struct { uint32_t w; bool z, hz; } vals[] = {
		{ 0, true, true }, { 1, false, false },
		{ 0x80000000, false, true }, { 0x00010000, false, true },
		{ 0x8000, false, false }, { 0xffff0000, false, true },
	};
	static const struct {
		const char *name;
		uint32_t at;
		bool half, not;
		int interrupt;
	} insns[] = {
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

	for (int i = 0; i < ARRAY_SIZE(insns); i++) {
		for (int j = 0; j < ARRAY_SIZE(vals) * 2; j++) {
			uint32_t w = vals[j / 2].w;
			bool was = j % 2;
			bool taken = insns[i].not ^ (insns[i].half ?
				     vals[j / 2].hz : vals[j / 2].z);
			bool on = !taken || insns[i].interrupt == SAME ? was :
				  insns[i].interrupt == ON;

			reset();
			/* The other words must not matter. */
			words(3, w, ~w, 0, 0xffffffff);
			words(4, 0xfffc0003 | AT_there, 0, 0, 0);
			spu.int_enabled = was;
			tap_check(run(insns[i].at, 1) == SPU_EXIT_BUDGET &&
				  spu.pc == (taken ? AT_there :
					     insns[i].at + 4) &&
				  spu.int_enabled == on,
				  "0x%08x: pc 0x%x, interrupt %d", w, spu.pc,
				  spu.int_enabled);
		}
		tap_end("%s: taken or not, by the preferred slot alone",
			insns[i].name);
	}
}

static void test_branches(void)
{
	static const struct {
		const char *name;
		uint32_t at;
		int link;
		int interrupt;
		bool event;
	} insns[] = {
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

	for (int i = 0; i < ARRAY_SIZE(insns); i++) {
		uint32_t at = insns[i].at;

		for (int j = 0; j < 4; j++) {
			bool was = j & 1, event = j & 2;
			bool taken = event || !insns[i].event;
			bool on = !taken || insns[i].interrupt == SAME ? was :
				  insns[i].interrupt == ON;

			/* Then the interrupt would come before it. */
			if (was && event)
				continue;
			reset();
			words(4, 0xfffc0003 | AT_there, 0, 0, 0);
			spu.srr0 = AT_there;
			spu.int_enabled = was;
			spu.event_pending = event;
			tap_check(run(at, 1) == SPU_EXIT_BUDGET &&
				  spu.pc == (taken ? AT_there : at + 4),
				  "pc 0x%x", spu.pc);
			tap_check(spu.int_enabled == on, "interrupt is %d",
				  spu.int_enabled);
			tap_check(!insns[i].link ||
				  is_words(insns[i].link, at + 4, 0, 0, 0),
				  "link 0x%x",
				  SPU_W(&spu.gpr[insns[i].link], 0));
		}
		tap_end("%s: target, link and interrupt", insns[i].name);
	}
}

static void test_halts(void)
{
	static const struct {
		const char *name;
		uint32_t at, a, b;
		bool halts;
	} insns[] = {
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

	for (int i = 0; i < ARRAY_SIZE(insns); i++) {
		SPUExit want = insns[i].halts ? SPU_EXIT_HALT : SPU_EXIT_BUDGET;
		SPUExit why;

		reset();
		words(3, insns[i].a, 1, 2, 3);
		words(4, insns[i].b, 1, 2, 3);
		why = run(insns[i].at, 1);
		tap(why == want && spu.pc == insns[i].at + 4 && done == 1,
		    "%s of 0x%x and 0x%x: exit %d, pc behind it", insns[i].name,
		    insns[i].a, insns[i].b, why);
	}
}

static void test_stops(void)
{
	reset();
	tap(run(AT_stop, 10) == SPU_EXIT_STOP && code == 0x2104 &&
	    spu.pc == AT_stop + 4 && done == 1 && spu.insns == 1,
	    "stop: its code, pc behind it, counted");
	reset();
	tap(run(AT_stopd, 10) == SPU_EXIT_STOP && code == 0x3fff &&
	    spu.pc == AT_stopd + 4 && done == 1, "stopd: code 0x3fff");
	reset();
	tap(run(AT_illegal, 10) == SPU_EXIT_INVALID_INSN &&
	    code == 0x00800000 && spu.pc == AT_illegal + 4 && done == 0 &&
	    spu.insns == 0, "illegal word: told, pc behind it, not counted");

	reset();
	words(11, 0, 0, 0, 0);
	tap(run(AT_loop, 100) == SPU_EXIT_STOP && code == 5 && done == 17 &&
	    is_words(11, 15, 15, 15, 15), "loop: 17 instructions");
	reset();
	tap(run(AT_loop, 16) == SPU_EXIT_BUDGET && done == 16 &&
	    run(spu.pc, 1) == SPU_EXIT_STOP && code == 5 && spu.insns == 17,
	    "loop: as many instructions as the budget, and then the stop");

	reset();
	spu.single_step = true;
	tap(run(AT_loop, 100) == SPU_EXIT_SINGLE_STEP && done == 1 &&
	    spu.pc == AT_loop + 4, "single step: one instruction");
	tap(run(AT_br, 100) == SPU_EXIT_SINGLE_STEP && done == 1 &&
	    spu.pc == AT_there, "single step: a branch");
	tap(run(AT_stop, 100) == SPU_EXIT_STOP && code == 0x2104 && done == 1,
	    "single step: a stop is a stop");
	tap(run(AT_rdch, 100) == SPU_EXIT_STALL && done == 0 &&
	    spu.pc == AT_rdch, "single step: a stalled channel is no step");
}

static void test_memory(void)
{
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

	for (int i = 0; i < ARRAY_SIZE(loads); i++) {
		reset();
		words(4, loads[i].a, 0, 0, 0);
		words(6, loads[i].b, 0, 0, 0);
		tap(run(loads[i].at, 1) == SPU_EXIT_BUDGET &&
		    is_words(5, 0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210),
		    "%s", loads[i].name);
	}
	for (int i = 0; i < ARRAY_SIZE(stores); i++) {
		uint8_t *before = g_memdup2(ls, SPU_LS_SIZE);

		reset();
		words(3, 0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210);
		words(4, stores[i].a, 0, 0, 0);
		words(6, stores[i].b, 0, 0, 0);
		run(stores[i].at, 1);
		tap(!memcmp(ls + AT_scratch, stored, 16) &&
		    !memcmp(ls, before, AT_scratch) &&
		    !memcmp(ls + AT_scratch + 16, before + AT_scratch + 16,
			    SPU_LS_SIZE - AT_scratch - 16),
		    "%s: these 16 bytes and no others", stores[i].name);
		memset(ls + AT_scratch, 0, 16);
		g_free(before);
	}
}

static void test_wrap(void)
{
	reset();
	words(53, 1, 1, 1, 1);
	tap(run(AT_last, 1) == SPU_EXIT_BUDGET && spu.pc == 0 &&
	    SPU_W(&spu.gpr[53], 0) == 2, "wrap: from the last word to 0");
	reset();
	run(AT_at_end, 2);
	tap(is_words(50, 0x11111111, ldl_be_p(ls + AT_br_over),
		     ldl_be_p(ls + AT_brsl_over), ldl_be_p(ls + AT_last)),
	    "wrap: lqr of the last quadword");
	tap(is_words(51, ldl_be_p(ls), ldl_be_p(ls + 4), ldl_be_p(ls + 8),
		     ldl_be_p(ls + 12)), "wrap: lqr over the end");
	reset();
	run(AT_br_over, 1);
	tap(spu.pc == 0x10, "wrap: br over the end to 0x%x", spu.pc);
	reset();
	run(AT_brsl_over, 1);
	tap(spu.pc == 0x10 && is_words(52, AT_last, 0, 0, 0),
	    "wrap: brsl over the end to 0x%x", spu.pc);
	reset();
	/* brsl $52 in the last word: its link is address 0. */
	step(AT_last, ldl_be_p(ls + AT_brsl_over));
	tap(is_words(52, 0, 0, 0, 0), "wrap: link of the last word is 0");
	load_flow();
}

static void test_self_modifying(void)
{
	reset();
	tap(run(AT_patch, 100) == SPU_EXIT_STOP && code == 7 &&
	    is_words(13, 42, 42, 42, 42),
	    "a store to the next instructions, without sync: stop %d", code);
	reset();
	tap(run(AT_patch_loop, 100) == SPU_EXIT_STOP && code == 8 &&
	    is_words(14, 10, 10, 10, 10),
	    "an instruction that changes in a loop: sum %d",
	    SPU_W(&spu.gpr[14], 0));
	load_flow();
}

static void test_interrupt(void)
{
	reset();
	words(21, 0, 0, 0, 0);
	words(70, 0, 0, 0, 0);
	spu.event_pending = true;
	tap(run(AT_interrupt, 100) == SPU_EXIT_STOP && code == 9 &&
	    SPU_W(&spu.gpr[70], 0) == 1 && SPU_W(&spu.gpr[21], 0) == 1 &&
	    spu.int_enabled, "interrupt: once, and back by irete");
	/* ila, bie; then ai, wrch, irete; then ai, stop */
	tap(done == 7, "interrupt: takes no instruction's place (%d)",
	    (int)done);

	reset();
	spu.int_enabled = true;
	spu.event_pending = true;
	tap(run(AT_loop, 1) == SPU_EXIT_BUDGET && spu.srr0 == AT_loop &&
	    spu.pc == AT_handler + 4 && !spu.int_enabled,
	    "interrupt: before the first instruction, and disables itself");
	reset();
	spu.event_pending = true;
	spu.srr0 = 0x1234;
	tap(run(AT_loop, 100) == SPU_EXIT_STOP && spu.srr0 == 0x1234,
	    "interrupt: not while disabled");
	reset();
	spu.int_enabled = true;
	tap(run(AT_loop, 100) == SPU_EXIT_STOP && code == 5,
	    "interrupt: not without an event");
}

static SPUExit run_timed(uint32_t pc, uint64_t budget)
{
	spu.pc = pc;
	return spu_interp_run(&spu, budget, true, &done, &code);
}

static void test_channels(void)
{
	reset();
	chan.data = true;
	tap(run(AT_rdch, 1) == SPU_EXIT_BUDGET &&
	    is_words(5, 0xfeedface, 0, 0, 0) && !chan.data,
	    "rdch: the value in word 0, zeros behind it");
	reset();
	words(5, 1, 2, 3, 4);
	tap(run(AT_rdch, 9) == SPU_EXIT_STALL && done == 0 &&
	    spu.pc == AT_rdch && spu.insns == 0 && is_words(5, 1, 2, 3, 4),
	    "rdch of an empty channel: stalls at it, nothing changed");
	reset();
	chan.data = true;
	tap(run(AT_rchcnt, 1) == SPU_EXIT_BUDGET && is_words(5, 1, 0, 0, 0),
	    "rchcnt");
	reset();
	words(3, 0xabad1dea, 2, 3, 4);
	tap(run(AT_wrch, 1) == SPU_EXIT_BUDGET && chan.writes == 1 &&
	    chan.written[0] == 0xabad1dea, "wrch: word 0");
	reset();
	chan.full = true;
	tap(run(AT_wrch, 9) == SPU_EXIT_STALL && done == 0 &&
	    spu.pc == AT_wrch, "wrch of a full channel: stalls at it");
	reset();
	tap(run(AT_rdch_none, 9) == SPU_EXIT_INVALID_CHANNEL &&
	    code == ldl_be_p(ls + AT_rdch_none) &&
	    spu.pc == AT_rdch_none + 4 && done == 0,
	    "rdch of no channel: told, pc behind it");
	reset();
	tap(run(AT_wrch_none, 9) == SPU_EXIT_INVALID_CHANNEL &&
	    spu.pc == AT_wrch_none + 4 && done == 0, "wrch of no channel");
	reset();
	tap(run(AT_rchcnt_none, 9) == SPU_EXIT_INVALID_CHANNEL &&
	    spu.pc == AT_rchcnt_none + 4 && done == 0, "rchcnt of no channel");

	reset();
	chan.data = true;
	tap(run_timed(AT_channels, 100) == SPU_EXIT_CHANNEL && done == 2 &&
	    !chan.writes, "timed: returns in front of wrch");
	tap(run_timed(spu.pc, 100) == SPU_EXIT_CHANNEL && done == 3 &&
	    chan.writes == 1 && chan.data,
	    "timed: wrch comes first, rchcnt within, returns before rdch");
	tap(run_timed(spu.pc, 100) == SPU_EXIT_STOP && done == 2 &&
	    code == 10 && is_words(34, 0xfeedface, 0, 0, 0) &&
	    is_words(32, 1, 0, 0, 0) && spu.insns == 7, "timed: to the end");
	reset();
	chan.data = true;
	tap(run(AT_channels, 100) == SPU_EXIT_STOP && done == 7,
	    "not timed: through");
}

static void test_flow(void)
{
	load_flow();
	test_conditions();
	test_branches();
	test_halts();
	test_stops();
	test_memory();
	test_wrap();
	test_self_modifying();
	test_interrupt();
	test_channels();
}

int main(void)
{
	const char *seed = getenv("SEED"), *depth = getenv("DEPTH");

	rnd_state = seed ? strtoull(seed, NULL, 0) : g_get_real_time();
	rnd_state += !rnd_state;
	printf("# SEED=0x%" PRIx64 "\n", rnd_state);
	ls = g_malloc0(SPU_LS_SIZE);

	test_roll_call();
	test_values();
	test_flow();
	test_engine();
	test_estimates(false);
	test_estimates(true);
	test_edges();
	test_model(depth ? atoi(depth) : 1);

	g_free(ls);
	printf("1..%d\n", tap_points);
	if (tap_failed)
		printf("# %d of %d failed\n", tap_failed, tap_points);
	return tap_failed != 0;
}
