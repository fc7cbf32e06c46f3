/*
 * Synergistic Processor Unit: the computations of its instructions
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One function for each computation of the SPU ISA v1.2, named after its
 * mnemonic.  They know only registers, so every execution engine can use
 * them.  @d may be the same register as any of the sources.  The floating-point
 * ones are here; all others are in spu_ops_int.h.
 *
 * An immediate form is its register form with the immediate splat over a
 * register: see spu_splat_b(), spu_splat_h(), spu_splat_w().
 */
#ifndef HW_CELL_SPU_OPS_H
#define HW_CELL_SPU_OPS_H

#include "qemu/bitops.h"
#include "hw/cell/spu.h"

static inline void spu_splat_b(SPUReg *d, uint8_t val)
{
    memset(d->u8, val, sizeof(d->u8));
}

static inline void spu_splat_h(SPUReg *d, uint16_t val)
{
    d->u64[0] = d->u64[1] = val * 0x0001000100010001ULL;
}

static inline void spu_splat_w(SPUReg *d, uint32_t val)
{
    d->u64[0] = d->u64[1] = val * 0x0000000100000001ULL;
}

/*
 * Doublewords 0 and 1, by one store: hosts forward a store that is under way
 * only to loads that read nothing beyond it.
 */
static inline void spu_set(SPUReg *d, uint64_t d0, uint64_t d1)
{
    typedef uint64_t Vector __attribute__((vector_size(16)));
    Vector val = { d0, d1 };

    memcpy(d, &val, sizeof(val));
}

/* The preferred slot's word, and zeros after it. */
static inline void spu_set_preferred(SPUReg *d, uint32_t val)
{
    spu_set(d, (uint64_t)val << 32, 0);
}

/*
 * A shufb control that takes everything from its second operand, except for
 * one element of @size bytes, which comes from the preferred slot of the
 * first: there it ends with byte 3, or 7 if it is a doubleword.
 */
static inline void spu_insertion_control(SPUReg *d, uint32_t addr,
                                         unsigned size)
{
    uint64_t d0 = 0x1011121314151617, d1 = 0x18191a1b1c1d1e1f;
    uint64_t from = size == 8 ? 0x0001020304050607 : 0x00010203;
    unsigned at = addr & 15 & -size;
    unsigned pos = (8 - size - at % 8) * 8, len = size * 8;

    if (at < 8) {
        d0 = deposit64(d0, pos, len, from);
    } else {
        d1 = deposit64(d1, pos, len, from);
    }
    spu_set(d, d0, d1);
}

/*
 * Short functions that are called often need not clear the host's registers
 * when they return: that would take a tenth of their time.
 */
#if __has_attribute(zero_call_used_regs)
#define SPU_LEAF    __attribute__((zero_call_used_regs("skip")))
#else
#define SPU_LEAF
#endif

/*
 * Floating point.  @fpscr collects the exception flags, and holds the rounding
 * modes of double precision.
 */
#define SPU_FP_R(name)                                                  \
    SPU_LEAF void spu_op_##name(SPUReg *fpscr, SPUReg *d, const SPUReg *a)
#define SPU_FP_RR(name)                                                 \
    SPU_LEAF void spu_op_##name(SPUReg *fpscr, SPUReg *d,               \
                                const SPUReg *a, const SPUReg *b)
#define SPU_FP_RRR(name)                                                \
    SPU_LEAF void spu_op_##name(SPUReg *fpscr, SPUReg *d,               \
                                const SPUReg *a, const SPUReg *b,       \
                                const SPUReg *c)
#define SPU_FP_RI(name)                                                 \
    SPU_LEAF void spu_op_##name(SPUReg *fpscr, SPUReg *d,               \
                                const SPUReg *a, unsigned imm)

/* Single precision */
SPU_FP_RR(fa);
SPU_FP_RR(fs);
SPU_FP_RR(fm);
SPU_FP_RRR(fma);
SPU_FP_RRR(fnms);
SPU_FP_RRR(fms);
SPU_FP_R(frest);
SPU_FP_R(frsqest);
SPU_FP_RR(fi);
/* @imm is the instruction's field, which holds the scale as a difference. */
SPU_FP_RI(csflt);
SPU_FP_RI(cflts);
SPU_FP_RI(cuflt);
SPU_FP_RI(cfltu);

/* Double precision; @d is the addend of the multiply-adds */
SPU_FP_RR(dfa);
SPU_FP_RR(dfs);
SPU_FP_RR(dfm);
SPU_FP_RR(dfma);
SPU_FP_RR(dfnms);
SPU_FP_RR(dfms);
SPU_FP_RR(dfnma);
SPU_FP_R(frds);
SPU_FP_R(fesd);
SPU_FP_RR(dfceq);
SPU_FP_RR(dfcmeq);
SPU_FP_RR(dfcgt);
SPU_FP_RR(dfcmgt);
/* dftsv: which kinds of operand to test for */
#define SPU_SV_NEG_DENORM   0x01
#define SPU_SV_POS_DENORM   0x02
#define SPU_SV_NEG_ZERO     0x04
#define SPU_SV_POS_ZERO     0x08
#define SPU_SV_NEG_INF      0x10
#define SPU_SV_POS_INF      0x20
#define SPU_SV_NAN          0x40
SPU_FP_RI(dftsv);

/* Only FPSCR's defined bits can be written: others stay zero. */
void spu_op_fscrwr(SPUReg *fpscr, const SPUReg *a);

#endif /* HW_CELL_SPU_OPS_H */
