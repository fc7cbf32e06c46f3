// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPU instruction tests on the blade: the cases of spu_test.c, through
 * spu_run(2) on a context of spufs.
 *
 * Computations are packed into one SPU program by the hundreds: load the
 * operands, execute the instruction, store the results. Pieces of flow.s run one
 * by one, each among stop instructions that show where it went.
 *
 * Not here: tests that need the interpreter itself (counts of instructions,
 * decoding, single steps, stalls), and the estimates' accuracy.
 */
#include <stdbool.h>
#include <stdlib.h>
#include "spufs_test.h"
#include "tap.h"

/* As in QEMU, for a big-endian machine */
typedef union {
	uint8_t b[16];
	uint32_t w[4];
	uint16_t h[8];
	uint64_t d[2];
} SPUReg;

#define SPU_B(r, i)	((r)->b[i])
#define SPU_H(r, i)	((r)->h[i])
#define SPU_W(r, i)	((r)->w[i])
#define SPU_D(r, i)	((r)->d[i])

#include "suite.h"

#define REGISTERS	128
#define SCRATCH		2	/* a register that no case uses */

/* Not 0x2104 and 0x3fff, with which spu_run() does more than return */
#define STOP_CODE	1

static int context;
static __u32 npc;

static int run(__u32 at)
{
	npc = at;
	return sys_spu_run(context, &npc, NULL);
}

/* A program of many cases */

static struct {
	uint32_t ls[LS_SIZE / 4];
	unsigned int code, data;	/* code grows upwards, data downwards */
	SPUReg gpr[REGISTERS], fpscr;	/* what they must be, so far */
	struct {
		const char *name, *text;
		struct setting after[2];
		unsigned int at[2];
	} c[4096];
	int cases;
} prog;

static int stray = -1;			/* a register that should not have changed */

static void emit(uint32_t word)
{
	prog.ls[prog.code / 4] = word;
	prog.code += 4;
}

static unsigned int room(const void *quad)
{
	prog.data -= 16;
	if (quad)
		memcpy((char *)prog.ls + prog.data, quad, 16);
	return prog.data;
}

/* lqa or stqa, and the instructions for the FPSCR */
static void emit_quad(uint32_t insn, int reg, unsigned int address)
{
	emit((insn & ~(0xffff << 7 | 0x7f)) | address / 4 << 7 | reg);
}

static void emit_load(int reg, const void *quad)
{
	static uint32_t lqa, fscrwr;

	if (!lqa) {
		lqa = word_of("lqa $3,0");
		fscrwr = word_of("fscrwr $3,$4") & ~(0x7f << 7 | 0x7f);
	}
	emit_quad(lqa, reg == FPSCR ? SCRATCH : reg, room(quad));
	if (reg == FPSCR)
		emit(fscrwr | SCRATCH << 7);
}

static unsigned int emit_store(int reg)
{
	static uint32_t stqa, fscrrd;
	unsigned int at = room(NULL);

	if (!stqa) {
		stqa = word_of("stqa $3,0");
		fscrrd = word_of("fscrrd $3") & ~0x7f;
	}
	if (reg == FPSCR) {
		emit(fscrrd | SCRATCH);
		reg = SCRATCH;
	}
	emit_quad(stqa, reg, at);
	return at;
}

static void prog_begin(void)
{
	prog.code = prog.cases = 0;
	prog.data = LS_SIZE;
	for (int r = 0; r < REGISTERS; r++) {
		for (int i = 0; i < 4; i++)
			SPU_W(&prog.gpr[r], i) = rnd();
		emit_load(r, &prog.gpr[r]);
	}
}

static struct quad quad_at(unsigned int address)
{
	struct quad q;

	memcpy(&q, (char *)prog.ls + address, 16);
	return q;
}

/* The checks to come are of the test point @name; NULL: there are no more. */
static void point(const char *name)
{
	static const char *last;

	if (last && (!name || strcmp(last, name)))
		tap_end("%s", last);
	last = name;
}

/* Run the cases gathered, and see what they left. */
static void prog_end(void)
{
	unsigned int at[REGISTERS];
	bool ran;
	int status;

	for (int r = 0; r < REGISTERS; r++)
		at[r] = emit_store(r);
	emit(word_of("stop 0") | STOP_CODE);
	if (spu_poke(context, 0, prog.ls, sizeof(prog.ls))) {
		printf("Bail out! no local store\n");
		exit(1);
	}
	status = run(0);
	ran = status == SPU_STATUS_STOP(STOP_CODE) && npc == prog.code;
	spu_peek(context, 0, prog.ls, sizeof(prog.ls));

	for (int i = 0; i < prog.cases; i++) {
		point(prog.c[i].name);
		tap_check(ran, "status 0x%x, npc 0x%x", status, npc);
		for (int j = 0; j < 2; j++) {
			const struct setting *s = &prog.c[i].after[j];
			struct quad got = quad_at(prog.c[i].at[j]);

			tap_check(!s->used || !memcmp(&got, &s->val, 16),
				  "%s: %s %d is %s, not %s", prog.c[i].text,
				  s->reg == FPSCR ? "fpscr" : "$", s->reg,
				  hex(&got), hex(&s->val));
		}
	}
	for (int r = 0; r < REGISTERS; r++) {
		struct quad got = quad_at(at[r]);

		if (r != SCRATCH && memcmp(&got, &prog.gpr[r], 16))
			stray = r;
	}
}

static void prog_add(const char *name, const char *text, uint32_t word,
		     const struct setting *before, int n,
		     const struct setting *after)
{
	for (int i = 0; i < n; i++)
		if (before[i].used)
			emit_load(before[i].reg, &before[i].val);
	emit(word);
	for (int i = 0; i < 2; i++) {
		prog.c[prog.cases].after[i] = after[i];
		if (!after[i].used)
			continue;
		if (after[i].reg != FPSCR)
			set_reg(&prog.gpr[after[i].reg], &after[i].val);
		prog.c[prog.cases].at[i] = emit_store(after[i].reg);
	}
	prog.c[prog.cases].name = name;
	prog.c[prog.cases].text = text;

	/* This takes less than 16 words and 8 quadwords; so does the end. */
	prog.cases++;
	if (prog.cases == ARRAY_SIZE(prog.c) ||
	    prog.code + 16 * 4 + (REGISTERS + 1) * 4 >
	    prog.data - 8 * 16 - REGISTERS * 16) {
		prog_end();
		prog_begin();
	}
}

static void test_values(void)
{
	static const struct setting fpscr0 = { true, FPSCR };

	for (int i = 0; i < ARRAY_SIZE(value_cases); i++) {
		const struct value_case *c = &value_cases[i];
		struct setting before[5] = { fpscr0 };

		memcpy(before + 1, c->before, sizeof(c->before));
		for (int j = 0; j < 5; j++)
			if (before[j].used && before[j].reg != FPSCR)
				set_reg(&prog.gpr[before[j].reg], &before[j].val);
		prog_add(c->text, c->text, c->word, before, 5, c->after);
	}
}

static void test_model(int rounds)
{
	for (int i = 0; i < ARRAY_SIZE(insn_cases) * rounds; i++) {
		const struct insn_case *c = &insn_cases[i / rounds];
		const struct fields *f = &c->fields;
		struct setting before[5], after[2];
		struct model m;
		bool known;

		if (elsewhere(c->base))
			continue;
		random_case(c, prog.gpr, &prog.fpscr);
		known = model_case(c, prog.gpr, &prog.fpscr, &m);
		tap_check(known, "%s: the model does not know it", c->text);
		before[0] = (struct setting){ true, FPSCR, get_reg(&prog.fpscr) };
		before[1] = (struct setting){ true, f->rt, get_reg(&prog.gpr[f->rt]) };
		before[2] = (struct setting){ true, f->ra, m.a };
		before[3] = (struct setting){ true, f->rb, m.b };
		before[4] = (struct setting){ true, f->rc, m.c };
		after[0] = (struct setting){ true, f->rt, m.t };
		after[1] = (struct setting){ true, FPSCR, m.fpscr };
		prog_add(c->name, c->text, c->word, before, 5, after);
	}
}

/* Control flow */

static uint32_t image[LS_SIZE / 4];
static SPUReg gpr[REGISTERS];

enum { SRR0 = 80, EVENT_MASK = 81 };
#define IN_MBOX_EVENT	0x10

#define NOWHERE		0x7fc	/* outside the first part: nothing but stops there */

/* All of flow.s, or only one word of its first part, among stops */
static void flow_image(int only)
{
	uint32_t stop = word_of("stop 0");

	memset(image, 0, sizeof(image));
	for (int i = 0; i < ARRAY_SIZE(flow); i++)
		image[flow[i].at / 4] = flow[i].word;
	if (only >= 0)
		for (int i = 0; i < AT_data / 4; i++)
			if (i != only / 4)
				image[i] = stop | i;
	memset(gpr, 0, sizeof(gpr));
}

static void flow_load(void)
{
	int status;

	memcpy((char *)image + AT_registers, gpr, sizeof(gpr));
	spu_poke(context, 0, image, sizeof(image));
	status = run(AT_load);
	tap_check(status == SPU_STATUS_STOP(0x1000), "load: status 0x%x", status);
}

static void flow_save(void)
{
	int status = run(AT_save);

	tap_check(status == SPU_STATUS_STOP(0x1000), "save: status 0x%x", status);
	spu_peek(context, AT_registers, gpr, sizeof(gpr));
}

/* Take a word out of the mailbox, and its event away if it is still @pending. */
static void flow_drain(bool pending)
{
	int status = run(pending ? AT_drain : AT_empty);

	tap_check(status == SPU_STATUS_STOP(0x1000), "drain: status 0x%x", status);
}

static void words(int reg, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3)
{
	gpr[reg] = (SPUReg){ .w = { w0, w1, w2, w3 } };
}

static bool is_words(int reg, uint32_t w0, uint32_t w1, uint32_t w2,
		     uint32_t w3)
{
	const uint32_t *w = gpr[reg].w;
	bool is = w[0] == w0 && w[1] == w1 && w[2] == w2 && w[3] == w3;

	return tap_check(is, "$%d is %08x_%08x_%08x_%08x", reg, w[0], w[1], w[2],
			 w[3]);
}

/* Did the run, with @status, end at the stop that stands at @at? */
static void stopped_at(int status, uint32_t at, bool interrupt)
{
	int want = SPU_STATUS_STOP(at / 4);

	tap_check(status == want && npc == at + 4 + interrupt,
		  "status 0x%x, not 0x%x; npc 0x%x, not 0x%x", status, want,
		  npc, at + 4 + interrupt);
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
			bool on = !taken || conditions[i].interrupt == SAME ?
				  was : conditions[i].interrupt == ON;

			flow_image(conditions[i].at);
			words(3, w, ~w, 0, 0xffffffff);
			words(4, 0xfffc0003 | AT_there, 0, 0, 0);
			flow_load();
			stopped_at(run(conditions[i].at | was),
				   taken ? AT_there : conditions[i].at + 4, on);
		}
		tap_end("%s: taken or not, by the preferred slot alone",
			conditions[i].name);
	}
}

static void test_branches(void)
{
	for (int i = 0; i < ARRAY_SIZE(branches); i++) {
		uint32_t at = branches[i].at;
		int link = branches[i].link;

		for (int j = 0; j < 4; j++) {
			bool was = j & 1, event = j & 2;
			bool taken = event || !branches[i].event;
			bool on = !taken || branches[i].interrupt == SAME ?
				  was : branches[i].interrupt == ON;

			/* Then the interrupt would come before or after it. */
			if (event && (was || on))
				continue;
			flow_image(at);
			words(4, 0xfffc0003 | AT_there, 0, 0, 0);
			words(SRR0, AT_there, 0, 0, 0);
			words(EVENT_MASK, event ? IN_MBOX_EVENT : 0, 0, 0, 0);
			if (event)
				spu_tell(context, 1);
			flow_load();
			stopped_at(run(at | was), taken ? AT_there : at + 4, on);
			flow_save();
			if (link)
				is_words(link, at + 4, 0, 0, 0);
			if (event)
				flow_drain(true);
		}
		tap_end("%s: target, link and interrupt", branches[i].name);
	}
}

static void test_halts(void)
{
	for (int i = 0; i < ARRAY_SIZE(halts); i++) {
		uint32_t at = halts[i].at;
		int status;

		flow_image(at);
		words(3, halts[i].a, 1, 2, 3);
		words(4, halts[i].b, 1, 2, 3);
		flow_load();
		status = run(at);
		if (halts[i].halts)
			tap_check(status == SPU_STATUS_STOPPED_BY_HALT &&
				  npc == at + 4, "status 0x%x, npc 0x%x",
				  status, npc);
		else
			stopped_at(status, at + 4, false);
		tap_end("%s of 0x%x and 0x%x: %s", halts[i].name, halts[i].a,
			halts[i].b, halts[i].halts ? "halts" : "goes on");
	}
}

static void test_memory(void)
{
	static uint32_t before[LS_SIZE / 4], after[LS_SIZE / 4];

	for (int i = 0; i < ARRAY_SIZE(loads); i++) {
		flow_image(loads[i].at);
		words(4, loads[i].a, 0, 0, 0);
		words(6, loads[i].b, 0, 0, 0);
		flow_load();
		stopped_at(run(loads[i].at), loads[i].at + 4, false);
		flow_save();
		is_words(5, 0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210);
		tap_end("%s", loads[i].name);
	}
	for (int i = 0; i < ARRAY_SIZE(stores); i++) {
		flow_image(stores[i].at);
		words(3, 0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210);
		words(4, stores[i].a, 0, 0, 0);
		words(6, stores[i].b, 0, 0, 0);
		flow_load();
		spu_peek(context, 0, before, LS_SIZE);
		memcpy((char *)before + AT_scratch, stored, 16);
		stopped_at(run(stores[i].at), stores[i].at + 4, false);
		spu_peek(context, 0, after, LS_SIZE);
		tap_check(!memcmp(before, after, LS_SIZE), "local store differs");
		tap_end("%s: these 16 bytes and no others", stores[i].name);
	}
}

static void test_wrap(void)
{
	flow_image(NOWHERE);
	words(53, 1, 1, 1, 1);
	flow_load();
	stopped_at(run(AT_last), 0, false);
	flow_save();
	is_words(53, 2, 2, 2, 2);
	tap_end("wrap: from the last word to 0");

	flow_image(NOWHERE);
	flow_load();
	/* Two loads, and then br goes to the last word. */
	stopped_at(run(AT_at_end), 0, false);
	flow_save();
	is_words(50, 0x11111111, image[AT_br_over / 4],
		 image[AT_brsl_over / 4], image[AT_last / 4]);
	is_words(51, image[0], image[1], image[2], image[3]);
	tap_end("wrap: lqr of the last quadword and over the end");

	flow_image(NOWHERE);
	flow_load();
	stopped_at(run(AT_br_over), 0x10, false);
	tap_end("wrap: br over the end");

	flow_load();
	stopped_at(run(AT_brsl_over), 0x10, false);
	flow_save();
	is_words(52, AT_last, 0, 0, 0);
	tap_end("wrap: brsl over the end");
}

static void ended(int status, int code)
{
	tap_check(status == SPU_STATUS_STOP(code), "status 0x%x, npc 0x%x",
		  status, npc);
}

static void test_programs(void)
{
	int mbox = openat(context, "mbox", O_RDONLY);
	uint32_t word;

	flow_image(-1);
	flow_load();
	ended(run(AT_loop), 5);
	flow_save();
	is_words(11, 15, 15, 15, 15);
	tap_end("a loop");

	flow_load();
	ended(run(AT_patch), 7);
	flow_save();
	is_words(13, 42, 42, 42, 42);
	tap_end("a store to the next instructions, without sync");

	flow_load();
	ended(run(AT_patch_loop), 8);
	flow_save();
	is_words(14, 10, 10, 10, 10);
	tap_end("an instruction that changes in a loop");

	flow_image(-1);
	words(71, IN_MBOX_EVENT, 0, 0, 0);
	words(EVENT_MASK, IN_MBOX_EVENT, 0, 0, 0);
	spu_tell(context, 1);
	flow_load();
	ended(run(AT_interrupt), 9);
	tap_check(npc & 1, "the interrupt is disabled, npc 0x%x", npc);
	flow_save();
	is_words(70, 1, 1, 1, 1);
	is_words(21, 1, 1, 1, 1);
	flow_drain(false);
	tap_end("interrupt: once, and back by irete");

	flow_image(-1);
	words(EVENT_MASK, IN_MBOX_EVENT, 0, 0, 0);
	spu_tell(context, 1);
	flow_load();
	ended(run(AT_loop), 5);
	flow_save();
	is_words(70, 0, 0, 0, 0);
	flow_drain(true);
	tap_end("interrupt: not while disabled");

	flow_image(-1);
	flow_load();
	ended(run(AT_loop | 1), 5);
	flow_save();
	is_words(70, 0, 0, 0, 0);
	tap_end("interrupt: not without an event");

	spu_tell(context, 0xfeedface);
	flow_image(-1);
	flow_load();
	ended(run(AT_channels), 10);
	flow_save();
	is_words(32, 1, 0, 0, 0);
	is_words(34, 0xfeedface, 0, 0, 0);
	tap_check(read(mbox, &word, 4) == 4 && word == 1, "mbox has 0x%x", word);
	close(mbox);
	tap_end("rdch, rchcnt and wrch of the mailboxes");
}

int main(int argc, char **argv)
{
	const char *skip = no_spufs();
	struct timespec now;

	printf("TAP version 13\n");
	if (skip) {
		printf("1..0 # SKIP %s\n", skip);
		return 4;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	rnd_state = argc > 1 ? strtoull(argv[1], NULL, 0) : now.tv_nsec | 1;
	printf("# again, on the blade: %s 0x%llx\n", argv[0],
	       (unsigned long long)rnd_state);
	context = spu_create(0);
	if (context < 0) {
		printf("Bail out! spu_create: %s\n", strerror(errno));
		return 1;
	}

	prog_begin();
	test_values();
	test_model(4);
	prog_end();
	point(NULL);
	tap(stray < 0, "no instruction changes another register (%d)", stray);

	test_conditions();
	test_branches();
	test_halts();
	test_memory();
	test_wrap();
	test_programs();
	return tap_done();
}
