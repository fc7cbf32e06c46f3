/*
 * Synergistic Processor Unit: what its instructions compute
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One function for each computation of the SPU ISA v1.2, named after its
 * mnemonic.  They know registers only, so every execution engine can use
 * them.  @d may be the same register as any of the sources.
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
 * Doublewords 0 and 1, by one store: hosts forward what they are about to
 * store only to loads of no more than that.
 */
static inline void spu_set(SPUReg *d, uint64_t d0, uint64_t d1)
{
    typedef uint64_t Vector __attribute__((vector_size(16)));
    Vector val = { HOST_BIG_ENDIAN ? d0 : d1, HOST_BIG_ENDIAN ? d1 : d0 };

    memcpy(d, &val, sizeof(val));
}

/* The preferred slot's word, and zeros after it. */
static inline void spu_set_preferred(SPUReg *d, uint32_t val)
{
    spu_set(d, (uint64_t)val << 32, 0);
}

#define SPU_OP_R(name)                                                  \
    void spu_op_##name(SPUReg *d, const SPUReg *a)
/* @d is a source too in the extended adds and in mpyhha, mpyhhau. */
#define SPU_OP_RR(name)                                                 \
    void spu_op_##name(SPUReg *d, const SPUReg *a, const SPUReg *b)
#define SPU_OP_RRR(name)                                                \
    void spu_op_##name(SPUReg *d, const SPUReg *a, const SPUReg *b,     \
                       const SPUReg *c)

/* Constant formation */
void spu_op_fsmbi(SPUReg *d, uint16_t imm);

/* Controls for the insertion of an element at address a + b, with shufb */
SPU_OP_RR(cbx);
SPU_OP_RR(chx);
SPU_OP_RR(cwx);
SPU_OP_RR(cdx);

/* Integer and logical */
SPU_OP_RR(ah);
SPU_OP_RR(a);
SPU_OP_RR(sfh);
SPU_OP_RR(sf);
SPU_OP_RR(addx);
SPU_OP_RR(cg);
SPU_OP_RR(cgx);
SPU_OP_RR(sfx);
SPU_OP_RR(bg);
SPU_OP_RR(bgx);
SPU_OP_RR(mpy);
SPU_OP_RR(mpyu);
SPU_OP_RRR(mpya);
SPU_OP_RR(mpyh);
SPU_OP_RR(mpys);
SPU_OP_RR(mpyhh);
SPU_OP_RR(mpyhha);
SPU_OP_RR(mpyhhu);
SPU_OP_RR(mpyhhau);
SPU_OP_R(clz);
SPU_OP_R(cntb);
SPU_OP_R(fsmb);
SPU_OP_R(fsmh);
SPU_OP_R(fsm);
SPU_OP_R(gbb);
SPU_OP_R(gbh);
SPU_OP_R(gb);
SPU_OP_RR(avgb);
SPU_OP_RR(absdb);
SPU_OP_RR(sumb);
SPU_OP_R(xsbh);
SPU_OP_R(xshw);
SPU_OP_R(xswd);
SPU_OP_RR(and);
SPU_OP_RR(andc);
SPU_OP_RR(or);
SPU_OP_RR(orc);
SPU_OP_R(orx);
SPU_OP_RR(xor);
SPU_OP_RR(nand);
SPU_OP_RR(nor);
SPU_OP_RR(eqv);
SPU_OP_RRR(selb);
SPU_OP_RRR(shufb);

/* Shift and rotate */
SPU_OP_RR(shlh);
SPU_OP_RR(shl);
SPU_OP_RR(shlqbi);
SPU_OP_RR(shlqby);
SPU_OP_RR(shlqbybi);
SPU_OP_RR(roth);
SPU_OP_RR(rot);
SPU_OP_RR(rotqby);
SPU_OP_RR(rotqbybi);
SPU_OP_RR(rotqbi);
SPU_OP_RR(rothm);
SPU_OP_RR(rotm);
SPU_OP_RR(rotqmby);
SPU_OP_RR(rotqmbybi);
SPU_OP_RR(rotqmbi);
SPU_OP_RR(rotmah);
SPU_OP_RR(rotma);

/* Compare */
SPU_OP_RR(ceqb);
SPU_OP_RR(ceqh);
SPU_OP_RR(ceq);
SPU_OP_RR(cgtb);
SPU_OP_RR(cgth);
SPU_OP_RR(cgt);
SPU_OP_RR(clgtb);
SPU_OP_RR(clgth);
SPU_OP_RR(clgt);

/*
 * Floating point.  @fpscr collects the exception flags, and tells the
 * rounding modes of double precision.
 */
#define SPU_FP_R(name)                                                  \
    void spu_op_##name(SPUReg *fpscr, SPUReg *d, const SPUReg *a)
#define SPU_FP_RR(name)                                                 \
    void spu_op_##name(SPUReg *fpscr, SPUReg *d, const SPUReg *a,       \
                       const SPUReg *b)
#define SPU_FP_RRR(name)                                                \
    void spu_op_##name(SPUReg *fpscr, SPUReg *d, const SPUReg *a,       \
                       const SPUReg *b, const SPUReg *c)

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
/* @i8 is the instruction's field, which holds the scale as a difference. */
void spu_op_csflt(SPUReg *d, const SPUReg *a, unsigned i8);
void spu_op_cflts(SPUReg *d, const SPUReg *a, unsigned i8);
void spu_op_cuflt(SPUReg *d, const SPUReg *a, unsigned i8);
void spu_op_cfltu(SPUReg *d, const SPUReg *a, unsigned i8);
SPU_OP_RR(fceq);
SPU_OP_RR(fcmeq);
SPU_OP_RR(fcgt);
SPU_OP_RR(fcmgt);

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
void spu_op_dftsv(SPUReg *d, const SPUReg *a, unsigned kinds);

/* Only FPSCR's defined bits can be written: others stay zero. */
void spu_op_fscrwr(SPUReg *fpscr, const SPUReg *a);

#endif /* HW_CELL_SPU_OPS_H */
