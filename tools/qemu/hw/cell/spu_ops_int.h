/*
 * Synergistic Processor Unit: its operations on integers, bits and bytes
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The operations of spu_ops.h that are short enough to be inlined.
 *
 * Source: Synergistic Processor Unit Instruction Set Architecture,
 * version 1.2.  Sections are its chapters.
 */
#ifndef HW_CELL_SPU_OPS_INT_H
#define HW_CELL_SPU_OPS_INT_H

#include "qemu/host-utils.h"
#include "spu_ops.h"

/*
 * At -O2 GCC's vectorizer leaves out many loops over a register's elements.
 * So -O3 is for the files that include this one, too, because functions of
 * different levels are not inlined into each other.  clang vectorizes the
 * loops, and does not know the pragma.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC optimize("O3")
#pragma GCC diagnostic pop

#define SPU_OP_R(name)                                                  \
    static inline void spu_op_##name(SPUReg *d, const SPUReg *a)
/* @d is a source too in the extended adds and in mpyhha, mpyhhau. */
#define SPU_OP_RR(name)                                                 \
    static inline void spu_op_##name(SPUReg *d, const SPUReg *a,        \
                                     const SPUReg *b)
#define SPU_OP_RRR(name)                                                \
    static inline void spu_op_##name(SPUReg *d, const SPUReg *a,        \
                                     const SPUReg *b, const SPUReg *c)

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

/* Memory: controls for insertion */

SPU_OP_RR(cbx)
{
    spu_insertion_control(d, SPU_W(a, 0) + SPU_W(b, 0), 1);
}

SPU_OP_RR(chx)
{
    spu_insertion_control(d, SPU_W(a, 0) + SPU_W(b, 0), 2);
}

SPU_OP_RR(cwx)
{
    spu_insertion_control(d, SPU_W(a, 0) + SPU_W(b, 0), 4);
}

SPU_OP_RR(cdx)
{
    spu_insertion_control(d, SPU_W(a, 0) + SPU_W(b, 0), 8);
}

/* Constant formation: mask bits, the most significant for element 0 */

static inline void spu_op_fsmbi(SPUReg *d, uint16_t imm)
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

static inline uint32_t sum_of_bytes(uint32_t x)
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
static inline uint64_t select_bytes(const uint8_t *from, uint64_t sel)
{
    uint64_t ones = 0x0101010101010101;
    uint64_t is_1 = sel >> 7 & ones;
    uint64_t is_11 = sel >> 6 & is_1;
    uint64_t is_111 = sel >> 5 & is_11;
    uint64_t at = (HOST_BIG_ENDIAN ? sel : sel ^ ones * 7) & ones * 31;
    uint64_t val = 0;

    for (int i = 0; i < 64; i += 8) {
        val |= (uint64_t)from[at >> i & 0xff] << i;
    }
    return (val & ~(is_1 * 0xff)) | (is_11 * 0xff ^ is_111 * 0x7f);
}

SPU_OP_RRR(shufb)
{
    SPUReg from[2] = { *a, *b };

    spu_set(d, select_bytes(from->u8, SPU_D(c, 0)),
            select_bytes(from->u8, SPU_D(c, 1)));
}

/*
 * Shift and rotate
 *
 * "Rotate and mask" is a shift to the right by the negated count.  Counts are
 * taken modulo twice the width; those of the width or more shift everything
 * out.
 */
static inline uint16_t shl16(uint16_t x, unsigned n)
{
    return n < 16 ? x << n : 0;
}

static inline uint16_t shr16(uint16_t x, unsigned n)
{
    return n < 16 ? x >> n : 0;
}

static inline uint32_t shl32(uint32_t x, unsigned n)
{
    return n < 32 ? x << n : 0;
}

static inline uint32_t shr32(uint32_t x, unsigned n)
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

static inline Int128 get_i128(const SPUReg *a)
{
    return int128_make128(SPU_D(a, 1), SPU_D(a, 0));
}

static inline void set_i128(SPUReg *d, Int128 val)
{
    spu_set(d, int128_gethi(val), int128_getlo(val));
}

static inline void shlq(SPUReg *d, const SPUReg *a, unsigned n)
{
    set_i128(d, n < 128 ? int128_lshift(get_i128(a), n) : int128_zero());
}

static inline void shrq(SPUReg *d, const SPUReg *a, unsigned n)
{
    set_i128(d, n < 128 ? int128_urshift(get_i128(a), n) : int128_zero());
}

static inline void rolq(SPUReg *d, const SPUReg *a, unsigned n)
{
    Int128 val = get_i128(a);
    Int128 over = n ? int128_urshift(val, 128 - n) : int128_zero();

    set_i128(d, int128_or(int128_lshift(val, n), over));
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

/* Compare of single precision (9.1) */

/* Integers in the order of the numbers; zeros and denormals are all equal */
static inline int32_t sp_order_mag(uint32_t x)
{
    return extract32(x, 23, 8) ? x & 0x7fffffff : 0;
}

static inline int32_t sp_order(uint32_t x)
{
    return x >> 31 ? -sp_order_mag(x) : sp_order_mag(x);
}

EACH_RR(fceq, u32, -(sp_order(x) == sp_order(y)))
EACH_RR(fcmeq, u32, -(sp_order_mag(x) == sp_order_mag(y)))
EACH_RR(fcgt, u32, -(sp_order(x) > sp_order(y)))
EACH_RR(fcmgt, u32, -(sp_order_mag(x) > sp_order_mag(y)))

#endif /* HW_CELL_SPU_OPS_INT_H */
