// SPDX-License-Identifier: GPL-2.0
/*
 * Is the counting right?  Pieces of code that execute a known number of
 * instructions, each between two marks.  Prints the expected counts:
 * "count,REGION,user,INSTRUCTIONS" and "count,REGION,calls,SYSCALLS".
 */
#include <stdio.h>
#include <sys/syscall.h>

#include "mark.h"

#define TURNS	100000
#define CALLS	1000

#define STRING(x)	#x
#define TEXT(x)		STRING(x)

int main(void)
{
	long turns;

	/* The mark at the beginning is counted, the one at the end is not. */
	bench_mark(BENCH_BEGIN);
	bench_mark(BENCH_END);
	puts("count,0,user,1");

	/* mark, mtctr, and a branch for each turn */
	turns = TURNS;
	__asm__ __volatile__("twi 0,0," TEXT(BENCH_BEGIN) "\n\t"
			     "mtctr %0\n\t"
			     "1: bdnz 1b\n\t"
			     "twi 0,0," TEXT(BENCH_END)
			     : : "r"(turns) : "ctr", "memory");
	printf("count,1,user,%d\n", 1 + 1 + TURNS);

	/* mark, mtctr, and three instructions with a store for each turn */
	turns = TURNS;
	__asm__ __volatile__("twi 0,0," TEXT(BENCH_BEGIN) "\n\t"
			     "mtctr %0\n\t"
			     "1: std %0,-8(1)\n\t"
			     "ld 0,-8(1)\n\t"
			     "bdnz 1b\n\t"
			     "twi 0,0," TEXT(BENCH_END)
			     : : "r"(turns) : "ctr", "r0", "memory");
	printf("count,2,user,%d\n", 1 + 1 + 3 * TURNS);

	/* mark, load, and for each call: li, sc, addi, cmpdi, bgt */
	__asm__ __volatile__("li 14,%0\n\t"
			     "twi 0,0," TEXT(BENCH_BEGIN) "\n\t"
			     "1: li 0,%1\n\t"
			     "sc\n\t"
			     "addi 14,14,-1\n\t"
			     "cmpdi 14,0\n\t"
			     "bgt 1b\n\t"
			     "twi 0,0," TEXT(BENCH_END)
			     : : "i"(CALLS), "i"(SYS_getppid)
			     : "r0", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10",
			       "r11", "r12", "r14", "ctr", "xer", "cr0", "memory");
	printf("count,3,user,%d\n", 1 + 5 * CALLS);
	printf("count,3,calls,%d\n", CALLS);
	return 0;
}
