/*
 * Synergistic Processor Unit: what its instructions compute
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Source: Synergistic Processor Unit Instruction Set Architecture,
 * version 1.2.  Sections are its chapters.
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "fpu/softfloat.h"
#include "spu_ops.h"

/*
 * Operations that treat all elements alike do not care how the elements are
 * numbered.  Sources are copied first: the target may be one of them, and
 * the compiler may use the host's vectors.
 */
#define EACH_R(name, el, expr)                                          \
SPU_OP_R(name)                                                          \
{                                                                       \
    SPUReg ra = *a, r;                                                  \
                                                                        \
    for (int i = 0; i < ARRAY_SIZE(r.el); i++) {                        \
        __typeof__(r.el[0]) x = ra.el[i];                               \
        r.el[i] = (expr);                                               \
    }                                                                   \
    *d = r;                                                             \
}

#define EACH_RR(name, el, expr)                                         \
SPU_OP_RR(name)                                                         \
{                                                                       \
    SPUReg ra = *a, rb = *b, r;                                         \
                                                                        \
    for (int i = 0; i < ARRAY_SIZE(r.el); i++) {                        \
        __typeof__(r.el[0]) x = ra.el[i], y = rb.el[i];                 \
        r.el[i] = (expr);                                               \
    }                                                                   \
    *d = r;                                                             \
}

/* The same, for operations that read their target (z). */
#define EACH_RRT(name, el, expr)                                        \
SPU_OP_RR(name)                                                         \
{                                                                       \
    SPUReg ra = *a, rb = *b, r = *d;                                    \
                                                                        \
    for (int i = 0; i < ARRAY_SIZE(r.el); i++) {                        \
        __typeof__(r.el[0]) x = ra.el[i], y = rb.el[i], z = r.el[i];    \
        r.el[i] = (expr);                                               \
    }                                                                   \
    *d = r;                                                             \
}

#define EACH_RRR(name, el, expr)                                        \
SPU_OP_RRR(name)                                                        \
{                                                                       \
    SPUReg ra = *a, rb = *b, rc = *c, r;                                \
                                                                        \
    for (int i = 0; i < ARRAY_SIZE(r.el); i++) {                        \
        __typeof__(r.el[0]) x = ra.el[i], y = rb.el[i], z = rc.el[i];   \
        r.el[i] = (expr);                                               \
    }                                                                   \
    *d = r;                                                             \
}

/*
 * Memory: controls for insertion
 *
 * A shufb control that takes everything from its second operand, except for
 * one element of @size bytes, which comes from the preferred slot of the
 * first: there it ends with byte 3, or 7 if it is a doubleword.
 */
static void insertion_control(SPUReg *d, uint32_t addr, unsigned size)
{
    unsigned at = addr & 15 & -size;
    unsigned from = size > 4 ? 0 : 4 - size;
    int i;

    for (i = 0; i < 16; i++) {
        SPU_B(d, i) = 0x10 + i;
    }
    for (i = 0; i < size; i++) {
        SPU_B(d, at + i) = from + i;
    }
}

SPU_OP_RR(cbx)
{
    insertion_control(d, SPU_W(a, 0) + SPU_W(b, 0), 1);
}

SPU_OP_RR(chx)
{
    insertion_control(d, SPU_W(a, 0) + SPU_W(b, 0), 2);
}

SPU_OP_RR(cwx)
{
    insertion_control(d, SPU_W(a, 0) + SPU_W(b, 0), 4);
}

SPU_OP_RR(cdx)
{
    insertion_control(d, SPU_W(a, 0) + SPU_W(b, 0), 8);
}

/* Constant formation: mask bits, the most significant for element 0 */

void spu_op_fsmbi(SPUReg *d, uint16_t imm)
{
    for (int i = 0; i < 16; i++) {
        SPU_B(d, i) = -(imm >> (15 - i) & 1);
    }
}

/* Integer */

EACH_RR(ah, u16, x + y)
EACH_RR(a, u32, x + y)
EACH_RR(sfh, u16, y - x)
EACH_RR(sf, u32, y - x)

/*
 * Adds and subtracts of more than a word.  The incoming carry is bit 31 of
 * the target, and a borrow is a carry that is missing.
 */
EACH_RRT(addx, u32, x + y + (z & 1))
EACH_RR(cg, u32, ((uint64_t)x + y) >> 32)
EACH_RRT(cgx, u32, ((uint64_t)x + y + (z & 1)) >> 32)
EACH_RRT(sfx, u32, y + ~x + (z & 1))
EACH_RR(bg, u32, y >= x)
EACH_RRT(bgx, u32, ((uint64_t)y + (uint32_t)~x + (z & 1)) >> 32)

EACH_RR(mpy, u32, (int16_t)x * (int16_t)y)
EACH_RR(mpyu, u32, (uint32_t)(uint16_t)x * (uint16_t)y)
EACH_RRR(mpya, u32, (int16_t)x * (int16_t)y + z)
EACH_RR(mpyh, u32, ((x >> 16) * (y & 0xffff)) << 16)
EACH_RR(mpys, u32, ((int16_t)x * (int16_t)y) >> 16)
EACH_RR(mpyhh, u32, ((int32_t)x >> 16) * ((int32_t)y >> 16))
EACH_RRT(mpyhha, u32, ((int32_t)x >> 16) * ((int32_t)y >> 16) + z)
EACH_RR(mpyhhu, u32, (x >> 16) * (y >> 16))
EACH_RRT(mpyhhau, u32, (x >> 16) * (y >> 16) + z)

EACH_R(clz, u32, clz32(x))
EACH_R(cntb, u8, ctpop8(x))

SPU_OP_R(fsmb)
{
    spu_op_fsmbi(d, SPU_W(a, 0));
}

SPU_OP_R(fsmh)
{
    uint32_t bits = SPU_W(a, 0);

    for (int i = 0; i < 8; i++) {
        SPU_H(d, i) = -(bits >> (7 - i) & 1);
    }
}

SPU_OP_R(fsm)
{
    uint32_t bits = SPU_W(a, 0);

    for (int i = 0; i < 4; i++) {
        SPU_W(d, i) = -(bits >> (3 - i) & 1);
    }
}

SPU_OP_R(gbb)
{
    uint32_t bits = 0;

    for (int i = 0; i < 16; i++) {
        bits = bits << 1 | (SPU_B(a, i) & 1);
    }
    spu_set_preferred(d, bits);
}

SPU_OP_R(gbh)
{
    uint32_t bits = 0;

    for (int i = 0; i < 8; i++) {
        bits = bits << 1 | (SPU_H(a, i) & 1);
    }
    spu_set_preferred(d, bits);
}

SPU_OP_R(gb)
{
    uint32_t bits = 0;

    for (int i = 0; i < 4; i++) {
        bits = bits << 1 | (SPU_W(a, i) & 1);
    }
    spu_set_preferred(d, bits);
}

static uint32_t sum_of_bytes(uint32_t x)
{
    return (x & 0xff) + (x >> 8 & 0xff) + (x >> 16 & 0xff) + (x >> 24);
}

EACH_RR(avgb, u8, (x + y + 1) >> 1)
EACH_RR(absdb, u8, x > y ? x - y : y - x)
EACH_RR(sumb, u32, sum_of_bytes(y) << 16 | sum_of_bytes(x))

EACH_R(xsbh, u16, (int8_t)x)
EACH_R(xshw, u32, (int16_t)x)
EACH_R(xswd, u64, (int32_t)x)

/* Logical */

EACH_RR(and, u64, x & y)
EACH_RR(andc, u64, x & ~y)
EACH_RR(or, u64, x | y)
EACH_RR(orc, u64, x | ~y)
EACH_RR(xor, u64, x ^ y)
EACH_RR(nand, u64, ~(x & y))
EACH_RR(nor, u64, ~(x | y))
EACH_RR(eqv, u64, ~(x ^ y))
EACH_RRR(selb, u64, (x & ~z) | (y & z))

SPU_OP_R(orx)
{
    uint64_t both = a->u64[0] | a->u64[1];

    spu_set_preferred(d, both | both >> 32);
}

/*
 * A control byte selects one of the 32 bytes of @a and @b, or, with its two
 * most significant bits set to 10, 0x00; to 110, 0xff; to 111, 0x80.
 */
SPU_OP_RRR(shufb)
{
    SPUReg ra = *a, rb = *b, rc = *c;

    for (int i = 0; i < 16; i++) {
        uint8_t sel = SPU_B(&rc, i);
        uint8_t val;

        if (sel & 0x80) {
            val = !(sel & 0x40) ? 0 : !(sel & 0x20) ? 0xff : 0x80;
        } else {
            val = SPU_B(sel & 0x10 ? &rb : &ra, sel & 15);
        }
        SPU_B(d, i) = val;
    }
}

/*
 * Shift and rotate
 *
 * "Rotate and mask" is a shift to the right by the negated count.  Counts
 * are taken modulo twice the width, and such of a width or more shift
 * everything out.
 */
static uint16_t shl16(uint16_t x, unsigned n)
{
    return n < 16 ? x << n : 0;
}

static uint16_t shr16(uint16_t x, unsigned n)
{
    return n < 16 ? x >> n : 0;
}

static uint32_t shl32(uint32_t x, unsigned n)
{
    return n < 32 ? x << n : 0;
}

static uint32_t shr32(uint32_t x, unsigned n)
{
    return n < 32 ? x >> n : 0;
}

EACH_RR(shlh, u16, shl16(x, y & 0x1f))
EACH_RR(shl, u32, shl32(x, y & 0x3f))
EACH_RR(roth, u16, rol16(x, y & 0xf))
EACH_RR(rot, u32, rol32(x, y & 0x1f))
EACH_RR(rothm, u16, shr16(x, -y & 0x1f))
EACH_RR(rotm, u32, shr32(x, -y & 0x3f))
EACH_RR(rotmah, u16, (int16_t)x >> MIN(-y & 0x1f, 15))
EACH_RR(rotma, u32, (int32_t)x >> MIN(-y & 0x3f, 31))

/* Shifts of the quadword; the count comes from @b's preferred slot. */

static void shlq(SPUReg *d, const SPUReg *a, unsigned n)
{
    d->i128 = n < 128 ? int128_lshift(a->i128, n) : int128_zero();
}

static void shrq(SPUReg *d, const SPUReg *a, unsigned n)
{
    d->i128 = n < 128 ? int128_urshift(a->i128, n) : int128_zero();
}

static void rolq(SPUReg *d, const SPUReg *a, unsigned n)
{
    SPUReg low;

    shrq(&low, a, 128 - n);
    shlq(d, a, n);
    d->i128 = int128_or(d->i128, low.i128);
}

SPU_OP_RR(shlqbi)
{
    shlq(d, a, SPU_W(b, 0) & 7);
}

SPU_OP_RR(shlqby)
{
    shlq(d, a, (SPU_W(b, 0) & 0x1f) * 8);
}

SPU_OP_RR(shlqbybi)
{
    shlq(d, a, (SPU_W(b, 0) >> 3 & 0x1f) * 8);
}

SPU_OP_RR(rotqbi)
{
    rolq(d, a, SPU_W(b, 0) & 7);
}

SPU_OP_RR(rotqby)
{
    rolq(d, a, (SPU_W(b, 0) & 0xf) * 8);
}

SPU_OP_RR(rotqbybi)
{
    rolq(d, a, (SPU_W(b, 0) >> 3 & 0xf) * 8);
}

SPU_OP_RR(rotqmbi)
{
    shrq(d, a, -SPU_W(b, 0) & 7);
}

SPU_OP_RR(rotqmby)
{
    shrq(d, a, (-SPU_W(b, 0) & 0x1f) * 8);
}

SPU_OP_RR(rotqmbybi)
{
    shrq(d, a, (-(SPU_W(b, 0) >> 3) & 0x1f) * 8);
}

/* Compare: ones where it holds, otherwise zeros */

EACH_RR(ceqb, u8, -(x == y))
EACH_RR(ceqh, u16, -(x == y))
EACH_RR(ceq, u32, -(x == y))
EACH_RR(cgtb, u8, -((int8_t)x > (int8_t)y))
EACH_RR(cgth, u16, -((int16_t)x > (int16_t)y))
EACH_RR(cgt, u32, -((int32_t)x > (int32_t)y))
EACH_RR(clgtb, u8, -(x > y))
EACH_RR(clgth, u16, -(x > y))
EACH_RR(clgt, u32, -(x > y))

/*
 * FPSCR (2.2 and chapter 9).  In every word: the single-precision flags of
 * that word's slice.  In words 1 and 2: the double-precision flags of slices
 * 0 and 1.  In word 0: their rounding modes.  In word 3: divide by zero, for
 * each slice.
 */
#define FPSCR_OVF           0x0004
#define FPSCR_UNF           0x0002
#define FPSCR_DIFF          0x0001
#define FPSCR_DOVF          0x2000
#define FPSCR_DUNF          0x1000
#define FPSCR_DINX          0x0800
#define FPSCR_DINV          0x0400
#define FPSCR_DNAN          0x0200
#define FPSCR_DDENORM       0x0100
#define FPSCR_RN(word, slice)   ((word) >> (10 - 2 * (slice)) & 3)
#define FPSCR_DBZ(slice)        (0x0800 >> (slice))

void spu_op_fscrwr(SPUReg *fpscr, const SPUReg *a)
{
    SPU_W(fpscr, 0) = SPU_W(a, 0) & 0x0f07;
    SPU_W(fpscr, 1) = SPU_W(a, 1) & 0x3f07;
    SPU_W(fpscr, 2) = SPU_W(a, 2) & 0x3f07;
    SPU_W(fpscr, 3) = SPU_W(a, 3) & 0x0f07;
}

/*
 * Single precision (9.1): the format of IEEE 754, in an extended range.  An
 * exponent of 255 is like any other; there are no infinities and no NaNs.
 * Denormal operands are zero.  Results are truncated; too large ones become
 * the largest magnitude, too small ones, and all zeros, +0.
 */
typedef struct SPNum {
    bool neg;
    int exp;
    uint64_t frac;          /* 0, or with bit 61 set: frac * 2^(exp - 61) */
} SPNum;

#define SP_MSB      61
#define SP_SHIFT    (SP_MSB - 23)
#define SP_MAX      0x7fffffff

/* IEEE arithmetic would take the operand for something else. */
static bool sp_differs(uint32_t x)
{
    uint32_t exp = extract32(x, 23, 8);

    return exp == 255 || (exp == 0 && extract32(x, 0, 23));
}

/* Shift to the right, keeping a one where bits are lost. */
static uint64_t shr_jam(uint64_t x, unsigned n)
{
    if (n > 63) {
        return x != 0;
    }
    return x >> n | ((x >> n << n) != x);
}

/* A number from any @frac of less than 64 bits, times 2^@exp */
static SPNum sp_norm(bool neg, uint64_t frac, int exp)
{
    SPNum n = { .neg = neg };
    int shift = clz64(frac) - (63 - SP_MSB);

    if (frac) {
        n.frac = shift < 0 ? shr_jam(frac, -shift) : frac << shift;
        n.exp = exp + SP_MSB - shift;
    }
    return n;
}

static SPNum sp_unpack(uint32_t x)
{
    int exp = extract32(x, 23, 8);

    return sp_norm(x >> 31, exp ? extract32(x, 0, 23) | 1 << 23 : 0,
                   exp - 127 - 23);
}

static SPNum sp_neg(SPNum x)
{
    x.neg = !x.neg;
    return x;
}

/* Exact: the significands have 24 bits. */
static SPNum sp_mul(SPNum x, SPNum y)
{
    return sp_norm(x.neg ^ y.neg, (x.frac >> SP_SHIFT) * (y.frac >> SP_SHIFT),
                   x.exp + y.exp - 2 * 23);
}

/*
 * Exact as far as sp_round() can tell: neither operand has more than 48
 * bits, so when bits are lost nothing cancels, and the jammed one is enough.
 */
static SPNum sp_add(SPNum x, SPNum y)
{
    uint64_t low;

    if (!y.frac || (x.frac && (x.exp > y.exp ||
                               (x.exp == y.exp && x.frac >= y.frac)))) {
        SPNum t = x;

        x = y;
        y = t;
    }
    /* Now y is the larger one. */
    if (!x.frac) {
        return y;
    }
    low = shr_jam(x.frac, y.exp - x.exp);
    return sp_norm(y.neg, x.neg == y.neg ? y.frac + low : y.frac - low,
                   y.exp - SP_MSB);
}

static uint32_t sp_round(SPNum x, uint32_t *flags)
{
    uint32_t frac = x.frac >> SP_SHIFT;
    bool inexact = x.frac & MAKE_64BIT_MASK(0, SP_SHIFT);
    int exp = x.exp + 127;
    uint32_t sign = (uint32_t)x.neg << 31;

    if (!frac) {
        return 0;
    }
    if (exp <= 0) {
        *flags |= FPSCR_UNF | FPSCR_DIFF;
        return 0;
    }
    if (exp >= 255) {
        *flags |= FPSCR_DIFF;
    }
    if (exp > 255) {
        *flags |= FPSCR_OVF;
        return sign | SP_MAX;
    }
    if (exp == 255 && frac == 0xffffff && inexact) {
        *flags |= FPSCR_OVF;
    }
    return sign | exp << 23 | (frac & 0x7fffff);
}

/* @expr: the result as a number, from the unpacked x, y and z */
#define SP_RR(name, expr)                                               \
SPU_FP_RR(name)                                                         \
{                                                                       \
    for (int i = 0; i < 4; i++) {                                       \
        uint32_t wx = SPU_W(a, i), wy = SPU_W(b, i);                    \
        uint32_t flags = sp_differs(wx) | sp_differs(wy);               \
        SPNum x = sp_unpack(wx), y = sp_unpack(wy);                     \
                                                                        \
        SPU_W(d, i) = sp_round(expr, &flags);                           \
        SPU_W(fpscr, i) |= flags;                                       \
    }                                                                   \
}

#define SP_RRR(name, expr)                                              \
SPU_FP_RRR(name)                                                        \
{                                                                       \
    for (int i = 0; i < 4; i++) {                                       \
        uint32_t wx = SPU_W(a, i), wy = SPU_W(b, i), wz = SPU_W(c, i);  \
        uint32_t flags = sp_differs(wx) | sp_differs(wy) |              \
                         sp_differs(wz);                                \
        SPNum x = sp_unpack(wx), y = sp_unpack(wy), z = sp_unpack(wz);  \
                                                                        \
        SPU_W(d, i) = sp_round(expr, &flags);                           \
        SPU_W(fpscr, i) |= flags;                                       \
    }                                                                   \
}

SP_RR(fa, sp_add(x, y))
SP_RR(fs, sp_add(x, sp_neg(y)))
SP_RR(fm, sp_mul(x, y))
SP_RRR(fma, sp_add(sp_mul(x, y), z))
SP_RRR(fnms, sp_add(z, sp_neg(sp_mul(x, y))))
SP_RRR(fms, sp_add(sp_mul(x, y), sp_neg(z)))

/*
 * Estimates: a base (13 bits) and a step (10 bits), from which fi
 * interpolates linearly.  The ISA defines their format and what fi makes of
 * them, and leaves the values to the implementation: these are the Cell's,
 * which the fraction's upper bits select, and for the square root the
 * exponent's lowest bit too.  The numbers are those that others read off the
 * hardware; the emulator RPCS3 has them as well.
 */
#define EST(base, step)     ((base) << 10 | (step))

static const uint32_t frest_table[32] = {
    EST(0x1ffe, 0x3e0), EST(0x1fe1, 0x3a6), EST(0x1c3b, 0x372),
    EST(0x1c22, 0x340), EST(0x18e2, 0x312), EST(0x18ce, 0x2ea),
    EST(0x15e4, 0x2c4), EST(0x15d2, 0x2a0), EST(0x1332, 0x27e),
    EST(0x1324, 0x262), EST(0x10c2, 0x244), EST(0x10b5, 0x22a),
    EST(0x0e8b, 0x212), EST(0x0e7f, 0x1fa), EST(0x0c85, 0x1e4),
    EST(0x0c7c, 0x1d2), EST(0x0aaa, 0x1be), EST(0x0aa1, 0x1ac),
    EST(0x08f5, 0x19a), EST(0x08ef, 0x18e), EST(0x0761, 0x176),
    EST(0x0761, 0x176), EST(0x05eb, 0x15a), EST(0x05eb, 0x15a),
    EST(0x0491, 0x143), EST(0x0491, 0x143), EST(0x034e, 0x12d),
    EST(0x034e, 0x12d), EST(0x0221, 0x11a), EST(0x0221, 0x11a),
    EST(0x0107, 0x107), EST(0x0107, 0x107),
};

static const uint32_t frsqest_table[64] = {
    EST(0x0d40, 0x160), EST(0x0d3a, 0x154), EST(0x0be6, 0x13d),
    EST(0x0be6, 0x13d), EST(0x0aa9, 0x123), EST(0x0aa9, 0x123),
    EST(0x0986, 0x10d), EST(0x0986, 0x10d), EST(0x0879, 0x0f9),
    EST(0x0879, 0x0f9), EST(0x0780, 0x0e9), EST(0x0780, 0x0e9),
    EST(0x0697, 0x0d9), EST(0x0697, 0x0d9), EST(0x05be, 0x0cb),
    EST(0x05be, 0x0cb), EST(0x04f3, 0x0c0), EST(0x04f3, 0x0c0),
    EST(0x0433, 0x0b3), EST(0x0433, 0x0b3), EST(0x0380, 0x0aa),
    EST(0x0380, 0x0aa), EST(0x02d6, 0x0a1), EST(0x02d6, 0x0a1),
    EST(0x0235, 0x098), EST(0x0235, 0x098), EST(0x019d, 0x091),
    EST(0x019d, 0x091), EST(0x010c, 0x089), EST(0x010c, 0x089),
    EST(0x0083, 0x083), EST(0x0083, 0x083), EST(0x1fff, 0x1f4),
    EST(0x1ff4, 0x1de), EST(0x1e16, 0x1c8), EST(0x1e0f, 0x1ba),
    EST(0x1c55, 0x19c), EST(0x1c55, 0x19c), EST(0x1ab9, 0x17c),
    EST(0x1ab9, 0x17c), EST(0x193d, 0x161), EST(0x193d, 0x161),
    EST(0x17dc, 0x149), EST(0x17dc, 0x149), EST(0x1693, 0x133),
    EST(0x1693, 0x133), EST(0x1560, 0x11f), EST(0x1560, 0x11f),
    EST(0x1441, 0x10f), EST(0x1441, 0x10f), EST(0x1332, 0x0fe),
    EST(0x1332, 0x0fe), EST(0x1234, 0x0f0), EST(0x1234, 0x0f0),
    EST(0x1144, 0x0e4), EST(0x1144, 0x0e4), EST(0x1060, 0x0d7),
    EST(0x1060, 0x0d7), EST(0x0f89, 0x0cc), EST(0x0f89, 0x0cc),
    EST(0x0ebd, 0x0c3), EST(0x0ebd, 0x0c3), EST(0x0dfa, 0x0ba),
    EST(0x0dfa, 0x0ba),
};

SPU_FP_R(frest)
{
    for (int i = 0; i < 4; i++) {
        uint32_t x = SPU_W(a, i);
        int exp = extract32(x, 23, 8);

        if (!exp) {
            SPU_W(fpscr, 3) |= FPSCR_DBZ(i);
        }
        exp = exp ? MAX(253 - exp, 0) : 255;
        SPU_W(d, i) = (x & 0x80000000) | exp << 23 |
                      frest_table[extract32(x, 18, 5)];
    }
}

SPU_FP_R(frsqest)
{
    for (int i = 0; i < 4; i++) {
        uint32_t x = SPU_W(a, i);
        int exp = extract32(x, 23, 8);

        if (!exp) {
            SPU_W(fpscr, 3) |= FPSCR_DBZ(i);
        }
        exp = exp ? 190 - (exp + 1) / 2 : 255;
        SPU_W(d, i) = exp << 23 | frsqest_table[extract32(x, 18, 6)];
    }
}

/*
 * 1.base - 0.000step * 0.y, where y are the 19 bits of @a's fraction below
 * those that can select an estimate.
 */
SPU_FP_RR(fi)
{
    for (int i = 0; i < 4; i++) {
        uint32_t est = SPU_W(b, i);
        uint32_t flags = sp_differs(est);
        bool neg = est >> 31;
        int exp = extract32(est, 23, 8);
        uint64_t y = extract32(SPU_W(a, i), 0, 19);
        SPNum base = sp_norm(neg, exp ? extract32(est, 10, 13) | 1 << 13 : 0,
                             exp - 127 - 13);
        SPNum less = sp_norm(!neg, exp ? extract32(est, 0, 10) * y : 0,
                             exp - 127 - 13 - 19);

        SPU_W(d, i) = sp_round(sp_add(base, less), &flags);
        SPU_W(fpscr, i) |= flags;
    }
}

/*
 * Conversions divide or multiply by a power of two.  Those to integers
 * saturate; none touches FPSCR.
 */
void spu_op_csflt(SPUReg *d, const SPUReg *a, unsigned i8)
{
    for (int i = 0; i < 4; i++) {
        int64_t x = (int32_t)SPU_W(a, i);
        uint32_t flags = 0;

        SPU_W(d, i) = sp_round(sp_norm(x < 0, ABS(x), (int)i8 - 155), &flags);
    }
}

void spu_op_cuflt(SPUReg *d, const SPUReg *a, unsigned i8)
{
    for (int i = 0; i < 4; i++) {
        uint32_t flags = 0;

        SPU_W(d, i) = sp_round(sp_norm(false, SPU_W(a, i), (int)i8 - 155),
                               &flags);
    }
}

/* The magnitude, truncated, or UINT32_MAX if it is larger */
static uint32_t sp_to_int(SPNum x, unsigned i8)
{
    int exp = x.exp + 173 - (int)i8;

    if (!x.frac || exp < 0) {
        return 0;
    }
    return exp > 31 ? UINT32_MAX : x.frac >> (SP_MSB - exp);
}

void spu_op_cflts(SPUReg *d, const SPUReg *a, unsigned i8)
{
    for (int i = 0; i < 4; i++) {
        SPNum x = sp_unpack(SPU_W(a, i));
        uint32_t max = INT32_MAX + (uint32_t)x.neg;
        uint32_t val = MIN(sp_to_int(x, i8), max);

        SPU_W(d, i) = x.neg ? -val : val;
    }
}

void spu_op_cfltu(SPUReg *d, const SPUReg *a, unsigned i8)
{
    for (int i = 0; i < 4; i++) {
        SPNum x = sp_unpack(SPU_W(a, i));

        SPU_W(d, i) = x.neg ? 0 : sp_to_int(x, i8);
    }
}

/* Integers in the order of the numbers, both zeros and denormals alike */
static int32_t sp_order_mag(uint32_t x)
{
    return extract32(x, 23, 8) ? x & SP_MAX : 0;
}

static int32_t sp_order(uint32_t x)
{
    return x >> 31 ? -sp_order_mag(x) : sp_order_mag(x);
}

EACH_RR(fceq, u32, -(sp_order(x) == sp_order(y)))
EACH_RR(fcmeq, u32, -(sp_order_mag(x) == sp_order_mag(y)))
EACH_RR(fcgt, u32, -(sp_order(x) > sp_order(y)))
EACH_RR(fcmgt, u32, -(sp_order_mag(x) > sp_order_mag(y)))

/*
 * Double precision (9.2): IEEE 754, except that denormal operands are zeros
 * of their sign, and that any NaN result is the default one.
 */
#define DP_NAN      0x7ff8000000000000ULL
#define SP_NAN      0x7fc00000

static float_status dp_status(const SPUReg *fpscr, int slice)
{
    static const FloatRoundMode modes[4] = {
        float_round_nearest_even, float_round_to_zero,
        float_round_up, float_round_down,
    };
    float_status st = { };

    set_float_rounding_mode(modes[FPSCR_RN(SPU_W(fpscr, 0), slice)], &st);
    set_float_detect_tininess(float_tininess_before_rounding, &st);
    set_float_default_nan_pattern(0x40, &st);
    set_default_nan_mode(true, &st);
    return st;
}

static void dp_set_flags(SPUReg *fpscr, int slice, uint32_t flags,
                         const float_status *st)
{
    int ex = get_float_exception_flags(st);

    flags |= (ex & float_flag_overflow ? FPSCR_DOVF : 0) |
             (ex & float_flag_underflow ? FPSCR_DUNF : 0) |
             (ex & float_flag_inexact ? FPSCR_DINX : 0) |
             (ex & float_flag_invalid ? FPSCR_DINV : 0);
    SPU_W(fpscr, slice + 1) |= flags;
}

/* An operand, a denormal one made zero */
static float64 dp_operand(uint64_t x, uint32_t *flags)
{
    float64 f = make_float64(x);

    if (float64_is_denormal(f)) {
        *flags |= FPSCR_DDENORM;
        return float64_set_sign(float64_zero, float64_is_neg(f));
    }
    return f;
}

/* Account for @f if it is a NaN. */
static bool dp_nan(float64 f, uint32_t *flags, float_status *st)
{
    if (!float64_is_any_nan(f)) {
        return false;
    }
    *flags |= FPSCR_DNAN;
    if (float64_is_signaling_nan(f, st)) {
        *flags |= FPSCR_DINV;
    }
    return true;
}

/* @expr: the result, from x, y, the target's z, and &st */
#define DP_RR(name, uses_z, expr)                                       \
SPU_FP_RR(name)                                                         \
{                                                                       \
    for (int i = 0; i < 2; i++) {                                       \
        float_status st = dp_status(fpscr, i);                          \
        uint32_t flags = 0;                                             \
        float64 x = dp_operand(SPU_D(a, i), &flags);                    \
        float64 y = dp_operand(SPU_D(b, i), &flags);                    \
        float64 z = uses_z ? dp_operand(SPU_D(d, i), &flags)            \
                           : float64_zero;                              \
                                                                        \
        if (dp_nan(x, &flags, &st) | dp_nan(y, &flags, &st) |           \
            dp_nan(z, &flags, &st)) {                                   \
            SPU_D(d, i) = DP_NAN;                                       \
        } else {                                                        \
            SPU_D(d, i) = float64_val(expr);                            \
        }                                                               \
        dp_set_flags(fpscr, i, flags, &st);                             \
    }                                                                   \
}

/* The negative forms negate the rounded result, if it is not a NaN. */
static float64 dp_negate(float64 f)
{
    return float64_is_any_nan(f) ? f : float64_chs(f);
}

DP_RR(dfa, false, float64_add(x, y, &st))
DP_RR(dfs, false, float64_sub(x, y, &st))
DP_RR(dfm, false, float64_mul(x, y, &st))
DP_RR(dfma, true, float64_muladd(x, y, z, 0, &st))
DP_RR(dfms, true, float64_muladd(x, y, float64_chs(z), 0, &st))
DP_RR(dfnms, true,
      dp_negate(float64_muladd(x, y, float64_chs(z), 0, &st)))
DP_RR(dfnma, true, dp_negate(float64_muladd(x, y, z, 0, &st)))

/*
 * Conversions between the formats (9.3): here single precision is IEEE's,
 * with infinities, NaNs and denormal results.  The single-precision number
 * is in the left word of its doubleword.
 */
SPU_FP_R(frds)
{
    for (int i = 0; i < 2; i++) {
        float_status st = dp_status(fpscr, i);
        uint32_t flags = 0;
        float64 x = dp_operand(SPU_D(a, i), &flags);
        uint64_t r = dp_nan(x, &flags, &st)
                     ? SP_NAN : float32_val(float64_to_float32(x, &st));

        SPU_D(d, i) = r << 32;
        dp_set_flags(fpscr, i, flags, &st);
    }
}

SPU_FP_R(fesd)
{
    for (int i = 0; i < 2; i++) {
        float_status st = dp_status(fpscr, i);
        float32 x = make_float32(SPU_D(a, i) >> 32);
        uint32_t flags = 0;

        if (float32_is_any_nan(x)) {
            flags = FPSCR_DNAN;
            if (float32_is_signaling_nan(x, &st)) {
                flags |= FPSCR_DINV;
            }
            SPU_D(d, i) = DP_NAN;
        } else {
            if (float32_is_denormal(x)) {
                flags = FPSCR_DDENORM;
                x = float32_set_sign(float32_zero, float32_is_neg(x));
            }
            SPU_D(d, i) = float64_val(float32_to_float64(x, &st));
        }
        dp_set_flags(fpscr, i, flags, &st);
    }
}

/*
 * Compares: false if an operand is a NaN, which is invalid in a test for
 * "greater", or if it is a signaling one.
 */
#define DP_COMPARE(name, expr)                                          \
SPU_FP_RR(name)                                                         \
{                                                                       \
    for (int i = 0; i < 2; i++) {                                       \
        float_status st = dp_status(fpscr, i);                          \
        uint32_t flags = 0;                                             \
        float64 x = dp_operand(SPU_D(a, i), &flags);                    \
        float64 y = dp_operand(SPU_D(b, i), &flags);                    \
                                                                        \
        SPU_D(d, i) = -(uint64_t)(expr);                                \
        dp_set_flags(fpscr, i, flags, &st);                             \
    }                                                                   \
}

DP_COMPARE(dfceq, float64_eq_quiet(x, y, &st))
DP_COMPARE(dfcmeq, float64_eq_quiet(float64_abs(x), float64_abs(y), &st))
DP_COMPARE(dfcgt, float64_lt(y, x, &st))
DP_COMPARE(dfcmgt, float64_lt(float64_abs(y), float64_abs(x), &st))

void spu_op_dftsv(SPUReg *d, const SPUReg *a, unsigned kinds)
{
    for (int i = 0; i < 2; i++) {
        float64 x = make_float64(SPU_D(a, i));
        bool neg = float64_is_neg(x);
        unsigned kind = 0;

        if (float64_is_any_nan(x)) {
            kind = SPU_SV_NAN;
        } else if (float64_is_infinity(x)) {
            kind = neg ? SPU_SV_NEG_INF : SPU_SV_POS_INF;
        } else if (float64_is_zero(x)) {
            kind = neg ? SPU_SV_NEG_ZERO : SPU_SV_POS_ZERO;
        } else if (float64_is_denormal(x)) {
            kind = neg ? SPU_SV_NEG_DENORM : SPU_SV_POS_DENORM;
        }
        SPU_D(d, i) = kinds & kind ? -1ULL : 0;
    }
}
