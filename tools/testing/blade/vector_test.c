// SPDX-License-Identifier: GPL-2.0
/*
 * The PPE's unaligned vector loads and stores, in a 64- and a 32-bit program:
 * lvlx, lvrx, stvlx, stvrx and their forms that end in l (hints for the cache).
 *
 * The test defines their results byte by byte: "left" is from the address to
 * the end of its quadword, at the left of the register; "right" is from the
 * start of the quadword up to the address, at its right, and nothing if the
 * address is aligned (CBE Programming Handbook, PPE's VXU; GCC's altivec.h).
 * No other byte is touched: there are pages without access next to them.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tap.h"

struct quad {
	uint8_t b[16];
};

/* The register has @q before; rA is 0, or a register. */
#define LOAD(insn)							\
static void insn(struct quad *q, char *p, bool indexed)			\
{									\
	if (indexed)							\
		asm volatile("lvx 0,0,%0; " #insn " 0,%1,%2; stvx 0,0,%0" \
			     :: "r"(q), "b"(p - 0x1234), "r"(0x1234)	\
			     : "v0", "memory");				\
	else								\
		asm volatile("lvx 0,0,%0; " #insn " 0,0,%1; stvx 0,0,%0" \
			     :: "r"(q), "r"(p) : "v0", "memory");	\
}

#define STORE(insn)							\
static void insn(struct quad *q, char *p, bool indexed)			\
{									\
	if (indexed)							\
		asm volatile("lvx 0,0,%0; " #insn " 0,%1,%2"		\
			     :: "r"(q), "b"(p - 0x1234), "r"(0x1234)	\
			     : "v0", "memory");				\
	else								\
		asm volatile("lvx 0,0,%0; " #insn " 0,0,%1"		\
			     :: "r"(q), "r"(p) : "v0", "memory");	\
}

LOAD(lvlx)
LOAD(lvlxl)
LOAD(lvrx)
LOAD(lvrxl)
STORE(stvlx)
STORE(stvlxl)
STORE(stvrx)
STORE(stvrxl)

static const struct insn {
	const char *name;
	void (*run)(struct quad *q, char *p, bool indexed);
	bool store, right;
} insns[] = {
	{ "lvlx", lvlx, false, false },
	{ "lvlxl", lvlxl, false, false },
	{ "lvrx", lvrx, false, true },
	{ "lvrxl", lvrxl, false, true },
	{ "stvlx", stvlx, true, false },
	{ "stvlxl", stvlxl, true, false },
	{ "stvrx", stvrx, true, true },
	{ "stvrxl", stvrxl, true, true },
};

#define INSNS	(sizeof(insns) / sizeof(insns[0]))

/* The model: @q and memory at @p, which may be @len bytes at most */
static void model(const struct insn *i, struct quad *q, char *p)
{
	unsigned int low = (uintptr_t)p & 15;
	struct quad old = *q;

	if (!i->store)
		memset(q, 0, sizeof(*q));
	for (unsigned int n = 0; n < 16; n++) {
		/* byte n of the register, and the one of memory it goes with */
		char *at = i->right ? p - 16 + n : p + n;
		bool belongs = i->right ? n >= 16 - low : n < 16 - low;

		if (!belongs)
			continue;
		if (i->store)
			*at = old.b[n];
		else
			q->b[n] = *at;
	}
}

static sigjmp_buf fault;
static volatile uintptr_t fault_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_address = (uintptr_t)info->si_addr;
	siglongjmp(fault, sig);
}

static char *page;		/* between two without access */
static size_t size;

static void fill(char *p, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (i * 37 + seed * 101) ^ (i >> 8);
}

/* One access at @p, compared with the model's on a copy of the page */
static void one(const struct insn *i, char *p, bool indexed)
{
	static struct quad q __attribute__((aligned(16)));
	static char *copy;
	struct quad want;
	int sig;

	if (!copy)
		copy = malloc(3 * size) + size;
	copy += (page - copy) & 15;
	fill(page, size, (uintptr_t)p);
	fill((char *)&q, sizeof(q), (uintptr_t)p + 7);
	memcpy(copy, page, size);
	want = q;
	model(i, &want, copy + (p - page));
	sig = sigsetjmp(fault, 1);
	if (!sig)
		i->run(&q, p, indexed);
	tap_check(!sig, "%s %p: signal %d at %#lx, page %p", i->name, (void *)p,
		  sig, (long)fault_address, (void *)page);
	tap_check(!memcmp(&q, &want, sizeof(q)), "%s %p: wrong register", i->name,
		  (void *)p);
	tap_check(!memcmp(page, copy, size), "%s %p: wrong memory", i->name,
		  (void *)p);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_fault,
				    .sa_flags = SA_SIGINFO };
	char *area;

	printf("TAP version 13\n");
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	size = sysconf(_SC_PAGESIZE);
	area = mmap(NULL, 3 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page = area + size;
	mprotect(page, size, PROT_READ | PROT_WRITE);

	for (unsigned int n = 0; n < INSNS; n++) {
		const struct insn *i = &insns[n];

		for (int k = 0; k < 16; k++) {
			one(i, page + 64 + k, false);
			one(i, page + 64 + k, true);
		}
		tap_end("%s: at all alignments, these bytes and no others", i->name);

		/* The last quadword, and the first; right: up to the page's end */
		for (int k = 0; k < 16; k++) {
			one(i, page + size - 16 + k, false);
			one(i, page + k, false);
		}
		if (i->right)
			one(i, page + size, false);
		tap_end("%s: at both ends of a page, without touching the next",
			i->name);
	}

	for (unsigned int n = 0; n < INSNS; n++) {
		static struct quad q __attribute__((aligned(16)));
		const struct insn *i = &insns[n];
		int sig;

		fault_address = 0;
		sig = sigsetjmp(fault, 1);
		if (!sig)
			i->run(&q, page + size + 24, false);
		tap_check(sig == SIGSEGV, "%s: signal %d", i->name, sig);
		tap_check(fault_address / size == (uintptr_t)(page + size) / size,
			  "%s: at %#lx", i->name, (long)fault_address);
	}
	tap_end("a page without access: SIGSEGV with an address in it");

	mprotect(page + size, size, PROT_READ | PROT_WRITE);
	for (int k = 0; k < 16; k++) {
		static struct quad l __attribute__((aligned(16)));
		static struct quad r __attribute__((aligned(16)));
		char *p = page + size - 16 + k;

		fill(page, 2 * size, k);
		lvlx(&l, p, false);
		lvrx(&r, p + 16, true);
		for (int b = 0; b < 16; b++)
			tap_check((l.b[b] | r.b[b]) == (uint8_t)p[b],
				  "offset %d, byte %d", k, b);
	}
	tap_end("lvlx and lvrx: the halves of a quadword across two pages");
	return tap_done();
}
