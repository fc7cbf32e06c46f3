// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPU instruction tests: QEMU's SPU interpreter alone
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * mkcases.py used the SPU assembler to make all the instructions used here.
 */
#include "qemu/osdep.h"
#include <math.h>
#include <sys/resource.h>
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "hw/cell/spu_engine.h"
#include "suite.h"
#include "tap.h"

/* What QEMU would provide */
int qemu_loglevel;

void qemu_log(const char *fmt, ...)
{
}

/* A second decoder, which only notes what it found */

typedef struct DisasContext {
	const char *name;
	struct fields fields;
} DisasContext;

#include "decode-spu.c.inc"
#include "recorder.h"

/* An SPU, and a channel unit of three channels */

static uint8_t *ls;
static SPUState spu;
static SPUInterp *interp;

static struct {
	bool data;			/* channel 29 has something to read */
	uint32_t written[4];		/* to channel 28 */
	int writes;
	bool full;			/* channel 28 cannot be written */
} chan;

static SPUChannelResult test_rdch(void *opaque, unsigned int ch, uint32_t *val)
{
	if (ch == 0) {
		spu.event_pending = false;
		*val = 0x10;
		return SPU_CH_OK;
	}
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
	if (ch == 1)
		spu.event_pending = val & 0x10;
	if (ch == 1 || ch == 2)
		return SPU_CH_OK;
	if (ch != 28)
		return SPU_CH_INVALID;
	if (chan.full)
		return SPU_CH_STALL;
	if (chan.writes < 4)
		chan.written[chan.writes] = val;
	chan.writes++;
	return SPU_CH_OK;
}

static uint32_t test_rchcnt(void *opaque, unsigned int ch)
{
	return ch == 29 && chan.data;
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

/* Run one instruction.  Returns how it ended. */
static SPUExit step(uint32_t pc, uint32_t word)
{
	uint64_t done;
	uint32_t code;

	stl_be_p(ls + pc, word);
	spu.pc = pc;
	return spu_interp_run(interp, 1, false, &done, &code);
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
			why = spu_interp_run(interp, 1, false, &done, &code);
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

/* Each computation has its line of values.txt. */
static void test_coverage(void)
{
	const struct insn_case *c = insn_cases;
	struct model nothing = { };

	for (int i = 0; i < ARRAY_SIZE(insn_cases); i++) {
		bool found = elsewhere(c[i].base) ||
			     model_of_nothing(&c[i], &nothing);

		for (int j = 0; j < ARRAY_SIZE(value_cases) && !found; j++) {
			size_t n = strlen(c[i].base);

			found = !strncmp(value_cases[j].text, c[i].base, n) &&
				value_cases[j].text[n] == ' ';
		}
		tap_check(found, "%s has none", c[i].base);
	}
	tap_end("values.txt: every computation has expected values");
}

/* Execute one instruction, as the registers are. */
static void model_compare(const struct insn_case *c)
{
	const struct fields *f = &c->fields;
	static SPUReg before[SPU_NUM_GPR];
	struct quad fpscr, got, t;
	uint32_t pc = below(0x10000) * 4;
	struct model m;
	SPUExit why;
	int bad = -1;

	if (!model_case(c, spu.gpr, &spu.fpscr, &m)) {
		tap_check(false, "%s: the model does not know it", c->text);
		return;
	}

	fpscr = get_reg(&spu.fpscr);
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
	t = get_reg(&before[f->rt]);
	tap_check(!memcmp(&got, &m.t, 16),
		  "%s: is %s, not %s; from %s, %s, %s, target %s, fpscr %s",
		  c->text, hex(&got), hex(&m.t), hex(&m.a), hex(&m.b),
		  hex(&m.c), hex(&t), hex(&fpscr));
	before[f->rt] = spu.gpr[f->rt];
	for (int i = 0; i < SPU_NUM_GPR; i++)
		if (memcmp(&before[i], &spu.gpr[i], 16))
			bad = i;
	tap_check(bad < 0, "%s: $%d changed too", c->text, bad);
}

static void model_one(const struct insn_case *c)
{
	reset();
	random_case(c, spu.gpr, &spu.fpscr);
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
	return spu_interp_run(interp, budget, false, &done, &code);
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

static void test_conditions(void)
{

	for (int i = 0; i < ARRAY_SIZE(conditions); i++) {
		for (int j = 0; j < ARRAY_SIZE(condition_vals) * 2; j++) {
			uint32_t w = condition_vals[j / 2].w;
			bool was = j % 2;
			bool taken = conditions[i].not ^ (conditions[i].half ?
				     condition_vals[j / 2].hz :
				     condition_vals[j / 2].z);
			bool on = !taken || conditions[i].interrupt == SAME ? was :
				  conditions[i].interrupt == ON;

			reset();
			/* The other words must not matter. */
			words(3, w, ~w, 0, 0xffffffff);
			words(4, 0xfffc0003 | AT_there, 0, 0, 0);
			spu.int_enabled = was;
			tap_check(run(conditions[i].at, 1) == SPU_EXIT_BUDGET &&
				  spu.pc == (taken ? AT_there :
					     conditions[i].at + 4) &&
				  spu.int_enabled == on,
				  "0x%08x: pc 0x%x, interrupt %d", w, spu.pc,
				  spu.int_enabled);
		}
		tap_end("%s: taken or not, by the preferred slot alone",
			conditions[i].name);
	}
}

static void test_branches(void)
{

	for (int i = 0; i < ARRAY_SIZE(branches); i++) {
		uint32_t at = branches[i].at;

		for (int j = 0; j < 4; j++) {
			bool was = j & 1, event = j & 2;
			bool taken = event || !branches[i].event;
			bool on = !taken || branches[i].interrupt == SAME ? was :
				  branches[i].interrupt == ON;

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
			tap_check(!branches[i].link ||
				  is_words(branches[i].link, at + 4, 0, 0, 0),
				  "link 0x%x",
				  SPU_W(&spu.gpr[branches[i].link], 0));
		}
		tap_end("%s: target, link and interrupt", branches[i].name);
	}
}

static void test_halts(void)
{

	for (int i = 0; i < ARRAY_SIZE(halts); i++) {
		SPUExit want = halts[i].halts ? SPU_EXIT_HALT : SPU_EXIT_BUDGET;
		SPUExit why;

		reset();
		words(3, halts[i].a, 1, 2, 3);
		words(4, halts[i].b, 1, 2, 3);
		why = run(halts[i].at, 1);
		tap(why == want && spu.pc == halts[i].at + 4 && done == 1,
		    "%s of 0x%x and 0x%x: exit %d, pc behind it", halts[i].name,
		    halts[i].a, halts[i].b, why);
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
	/* ila, bie; then ai, rdch, wrch, irete; then ai, stop */
	tap(done == 8, "interrupt: takes no instruction's place (%d)",
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
	reset();
	words(70, 0, 0, 0, 0);
	tap(run(AT_unmask, 100) == SPU_EXIT_STOP && code == 0xb &&
	    SPU_W(&spu.gpr[70], 0) == 1 && done == 9,
	    "interrupt: right after the wrch that makes the event pending");
}

static SPUExit run_timed(uint32_t pc, uint64_t budget)
{
	spu.pc = pc;
	return spu_interp_run(interp, budget, true, &done, &code);
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
	words(5, 1, 2, 3, 4);
	tap(run(AT_rchcnt_none, 1) == SPU_EXIT_BUDGET && done == 1 &&
	    is_words(5, 0, 0, 0, 0), "rchcnt of no channel: 0");

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

/* Any instruction; few that end a program, and branches not too far */
static uint32_t random_insn(void)
{
	static const char *const ends[] = {
		"stop", "stopd", "rdch", "rchcnt", "wrch", "heq", "heqi",
		"hgt", "hgti", "hlgt", "hlgti",
	};
	const struct opcode *o = &opcodes[below(ARRAY_SIZE(opcodes))];
	uint32_t word = (uint32_t)rnd() >> o->width | o->bits << (32 - o->width);
	DisasContext ctx;

	spu_decode(&ctx, word);
	for (int i = 0; i < ARRAY_SIZE(ends); i++)
		if (!strcmp(ctx.name, ends[i]) && below(16))
			return random_insn();
	if (!strncmp(ctx.name, "br", 2))
		word = (word & ~(0xffff << 7)) | (below(32) - 8) % 0x10000 << 7;
	return word;
}

/*
 * Any instructions, in any order: whatever they do, it is the same in one run
 * and in single instructions by an interpreter that has not seen any before.
 */
static void test_programs(int depth)
{
	const unsigned int budget = 400;
	uint8_t *begin = g_malloc(SPU_LS_SIZE), *end = g_malloc(SPU_LS_SIZE);
	uint64_t total = 0;

	for (int i = 0; i < 300 * depth; i++) {
		uint32_t base = below(SPU_LS_SIZE / 4) * 4;
		SPUInterp *other = spu_interp_new(&spu);
		SPUState before, after;
		uint64_t n = 0;
		SPUExit why, again;
		uint32_t stop;

		reset();
		memset(ls, 0, SPU_LS_SIZE);
		for (int j = 0; j < 64; j++)
			stl_be_p(ls + (base + 4 * j) % SPU_LS_SIZE,
				 random_insn());
		for (int j = 0; j < SPU_NUM_GPR; j++)
			if (below(2))
				SPU_W(&spu.gpr[j], 0) = base + below(256);
		chan.data = true;
		spu.pc = base;
		before = spu;
		memcpy(begin, ls, SPU_LS_SIZE);
		why = spu_interp_run(interp, budget, false, &done, &code);
		after = spu;
		memcpy(end, ls, SPU_LS_SIZE);
		stop = code;
		total += done;
		tap_check(spu.pc % 4 == 0 && spu.pc < SPU_LS_SIZE &&
			  done <= budget && spu.insns == done,
			  "pc 0x%x, %d instructions", spu.pc, (int)done);

		spu = before;
		memset(&chan, 0, sizeof(chan));
		chan.data = true;
		memcpy(ls, begin, SPU_LS_SIZE);
		do {
			again = spu_interp_run(other, 1, false, &done, &code);
			n += done;
		} while (again == SPU_EXIT_BUDGET && n < budget);
		tap_check(again == why && code == stop && n == after.insns &&
			  !memcmp(&spu, &after, sizeof(spu)) &&
			  !memcmp(ls, end, SPU_LS_SIZE),
			  "program %d: exit %d, pc 0x%x; in steps %d, 0x%x", i,
			  why, after.pc, again, spu.pc);
		spu_interp_free(other);
	}
	tap_end("programs: at once as in steps, %d instructions", (int)total);
	g_free(begin);
	g_free(end);
}

/* Of CPU time, for DEPTH=1: it takes 10 s, or a minute or two with sanitizers. */
#define LIMIT_S	120

static void too_long(int sig)
{
	static const char text[] = "Bail out! Still running: see the last test\n";

	_exit(write(STDOUT_FILENO, text, strlen(text)) < 0 ? 2 : 1);
}

static void limit_time(int depth)
{
	struct rlimit limit = { LIMIT_S * depth, RLIM_INFINITY };

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGXCPU, too_long);
	setrlimit(RLIMIT_CPU, &limit);
}

int main(void)
{
	const char *seed = getenv("SEED"), *times = getenv("DEPTH");
	int depth = times ? atoi(times) : 1;

	limit_time(MAX(depth, 1));
	rnd_state = seed ? strtoull(seed, NULL, 0) : g_get_real_time();
	rnd_state += !rnd_state;
	printf("# SEED=0x%" PRIx64 "\n", rnd_state);
	ls = g_malloc0(SPU_LS_SIZE);
	interp = spu_interp_new(&spu);

	test_roll_call();
	test_values();
	test_coverage();
	test_flow();
	test_engine();
	test_estimates(false);
	test_estimates(true);
	test_edges();
	test_model(depth);
	test_programs(depth);

	spu_interp_free(interp);
	g_free(ls);
	return tap_done();
}
