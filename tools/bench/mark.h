/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The marks that insn_count.c counts between: "trap word immediate" under no
 * condition does nothing (Power ISA), on any machine.
 */
#ifndef BENCH_MARK_H
#define BENCH_MARK_H

#define BENCH_BEGIN	0x5b00
#define BENCH_END	0x5b01

#ifdef __powerpc__
#define bench_mark(which)	__asm__ __volatile__("twi 0,0,%0" : : "i"(which) : "memory")
#endif

#endif /* BENCH_MARK_H */
