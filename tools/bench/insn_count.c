// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A QEMU plugin that counts the instructions of the PPE, by function, between
 * marks that the guest sets.
 *
 * A mark is "twi 0,0,imm": trap under no condition, that is, never
 * (Power ISA, Trap Word Immediate), so that a program with marks runs anywhere.
 *
 *	BENCH_BEGIN	from here on, count
 *	BENCH_END	write the counts, as the next region, to the file
 *
 * All vCPUs are counted between the marks, whoever sets them.  An instruction
 * is counted when it begins: one that faults and is executed again counts
 * twice.
 *
 * Options: map=System.map, for the kernel's functions; out=FILE, of lines
 *
 *	region,vcpu,function,instructions,entries
 *
 * where "entries" is the number of times that the first instruction of a function
 * was executed.  The function of all code outside the kernel is "user", that of
 * its modules "module".
 * Use it with -icount, which runs one vCPU at a time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

#include "mark.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

#define TWI_NEVER	0x0c000000u	/* twi 0,0,0 */

#define KERNEL_START	0xc000000000000000ull
/*
 * Exception handlers begin in real mode; no program is linked so low, and no
 * kernel is so large.
 */
#define REAL_MODE_END	0x04000000ull

struct function {
	uint64_t start;
	char name[64];
};

/* By address; functions[0] is everything outside the kernel. */
static struct function *functions;
static size_t n_functions;

struct count {
	uint64_t insns, entries;
};

/* One struct count for each function, and what they were at BENCH_BEGIN. */
static struct qemu_plugin_scoreboard *counts;
static struct count *begin;
static int n_vcpus;
static unsigned int region;
static FILE *out;

static int by_address(const void *a, const void *b)
{
	const struct function *f = a, *g = b;

	return f->start < g->start ? -1 : f->start > g->start;
}

static bool read_map(const char *name)
{
	FILE *map = fopen(name, "r");
	size_t room;
	char line[256], type;

	if (!map)
		return false;
	room = 2;
	functions = calloc(room, sizeof(*functions));
	functions[0] = (struct function) { 0, "user" };
	functions[1] = (struct function) { KERNEL_START + REAL_MODE_END, "module" };
	n_functions = 2;
	while (fgets(line, sizeof(line), map)) {
		struct function f;

		/* Code has a dot before its name in the ABI of big-endian ppc64. */
		if (sscanf(line, "%" SCNx64 " %c %*1[.]%63s", &f.start, &type, f.name) != 3 &&
		    sscanf(line, "%" SCNx64 " %c %63s", &f.start, &type, f.name) != 3)
			continue;
		if (!strchr("tTwW", type) || f.start < KERNEL_START)
			continue;
		if (n_functions == room) {
			room *= 2;
			functions = realloc(functions, room * sizeof(*functions));
		}
		functions[n_functions++] = f;
	}
	fclose(map);
	qsort(functions, n_functions, sizeof(*functions), by_address);
	return n_functions > 2;
}

/* The last function that starts at or before @address. */
static size_t function_of(uint64_t address)
{
	size_t low = 0, high = n_functions;

	if (address < REAL_MODE_END)
		address |= KERNEL_START;
	if (address < KERNEL_START)
		return 0;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (functions[middle].start <= address)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void mark_begin(unsigned int vcpu, void *data)
{
	size_t size = n_functions * sizeof(*begin);
	int i;

	n_vcpus = qemu_plugin_num_vcpus();
	begin = realloc(begin, n_vcpus * size);
	for (i = 0; i < n_vcpus; i++)
		memcpy(begin + i * n_functions, qemu_plugin_scoreboard_find(counts, i), size);
}

static void mark_end(unsigned int vcpu, void *data)
{
	int i;
	size_t f;

	for (i = 0; i < n_vcpus; i++) {
		const struct count *was = begin + i * n_functions;
		const struct count *now = qemu_plugin_scoreboard_find(counts, i);

		for (f = 0; f < n_functions; f++)
			if (now[f].insns != was[f].insns)
				fprintf(out, "%u,%d,%s,%" PRIu64 ",%" PRIu64 "\n",
					region, i, functions[f].name,
					now[f].insns - was[f].insns,
					now[f].entries - was[f].entries);
	}
	region++;
	n_vcpus = 0;
	fflush(out);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		size_t f = function_of(address);
		qemu_plugin_u64 entry = { counts, f * sizeof(struct count) };
		uint8_t b[4] = { 0 };
		uint32_t word;

		qemu_plugin_insn_data(insn, b, sizeof(b));
		word = (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
		if (word == (TWI_NEVER | BENCH_BEGIN) || word == (TWI_NEVER | BENCH_END))
			qemu_plugin_register_vcpu_insn_exec_cb(insn,
				word & 1 ? mark_end : mark_begin, QEMU_PLUGIN_CB_NO_REGS, NULL);

		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn,
			QEMU_PLUGIN_INLINE_ADD_U64, entry, 1);
		if (f && (address | KERNEL_START) == functions[f].start) {
			entry.offset += offsetof(struct count, entries);
			qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn,
				QEMU_PLUGIN_INLINE_ADD_U64, entry, 1);
		}
	}
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	const char *map = NULL, *file = NULL;
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "map=", 4))
			map = argv[i] + 4;
		else if (!strncmp(argv[i], "out=", 4))
			file = argv[i] + 4;
		else {
			fprintf(stderr, "insn_count: unknown option %s\n", argv[i]);
			return -1;
		}
	}
	if (!map || !read_map(map)) {
		fprintf(stderr, "insn_count: map=%s: no kernel functions in it\n", map ?: "");
		return -1;
	}
	out = file ? fopen(file, "w") : NULL;
	if (!out) {
		fprintf(stderr, "insn_count: out=%s: %s\n", file ?: "", strerror(errno));
		return -1;
	}
	counts = qemu_plugin_scoreboard_new(n_functions * sizeof(struct count));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
