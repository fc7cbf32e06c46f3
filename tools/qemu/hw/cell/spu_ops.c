/*
 * Synergistic Processor Unit: its floating-point operations
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
 * At -O2 GCC's vectorizer leaves out many loops over a register's elements.
 * clang takes them, and does not know the pragma.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC optimize("O3")
#pragma GCC diagnostic pop

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
 *
 * The arithmetic is the host's, in double precision, two numbers at a time.
 * A product of two numbers is exact there, so it does not matter whether the
 * compiler contracts a product and a sum; a sum's rounding error is a double
 * too, and tells what the sum should have become.  As QEMU's softfloat does
 * when it uses the host's arithmetic, this needs IEEE doubles that are not
 * computed in excess precision, rounded to the nearest.
 */
QEMU_BUILD_BUG_ON(FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 1);

typedef uint32_t SPWords __attribute__((vector_size(16)));
typedef int32_t SPInts __attribute__((vector_size(16)));
typedef uint64_t SPBits __attribute__((vector_size(16)));
typedef float SPFloats __attribute__((vector_size(16)));
typedef double SPDoubles __attribute__((vector_size(16)));
typedef double SPWide __attribute__((vector_size(32)));

#define SP_MAX      0x7fffffff
#define SP_SIGN     0x80000000

/* Numbers from words 0 and 1, and 2 and 3, as the host counts */
typedef struct SPNums {
    SPDoubles x01, x23;
} SPNums;

/* Ones where x > y; neither has its sign bit set. */
static inline SPWords sp_above(SPWords x, uint32_t y)
{
    return (SPWords)((SPInts)x > (int32_t)y);
}

static inline SPWords sp_words(const SPUReg *r)
{
    SPWords w;

    memcpy(&w, r, sizeof(w));
    return w;
}

/*
 * Clear the lanes of @alike where an operand or a result means something else
 * in IEEE arithmetic; @normal has the lanes where it is not too small.
 */
static inline void sp_compare(SPWords *alike, SPWords mag, SPWords normal,
                              uint32_t huge)
{
    *alike &= (normal ^ sp_above(mag, huge - 1)) | (SPWords)(mag == 0);
}

static inline SPDoubles sp_join(uint32_t hi0, uint32_t lo0,
                                uint32_t hi1, uint32_t lo1)
{
    return (SPDoubles)(HOST_BIG_ENDIAN ? (SPWords){ hi0, lo0, hi1, lo1 }
                                       : (SPWords){ lo0, hi0, lo1, hi1 });
}

/* Widen exponent and fraction: hi and lo are a double's words. */
static inline SPNums sp_unpack(SPWords x, SPWords *alike)
{
    SPWords mag = x & SP_MAX;
    SPWords normal = sp_above(mag, 0x7fffff);
    SPWords hi, lo;

    sp_compare(alike, mag, normal, 0x7f800000);
    x &= normal;
    hi = ((SPWords)((SPInts)x >> 3) & 0x8fffffff) +
         (normal & (1023 - 127) << 20);
    lo = x << 29;
    return (SPNums){
        sp_join(hi[0], lo[0], hi[1], lo[1]),
        sp_join(hi[2], lo[2], hi[3], lo[3]),
    };
}

/*
 * The exact sum's upper 53 bits, truncated, but with the last one set if any
 * bit after it is: "rounded to odd".  Knuth's formula for the error is exact in
 * any order of magnitudes.  If the rounded sum is too far from zero, the
 * truncated one is its predecessor.
 */
static inline SPDoubles sp_sum(SPDoubles x, SPDoubles y)
{
    SPDoubles s = x + y, t = s - x;
    SPDoubles err = (x - (s - t)) + (y - t);
    SPBits bits = (SPBits)s + (SPBits)(err * s < 0.0);

    return (SPDoubles)(bits | ((SPBits)(err != 0.0) & 1));
}

static inline SPNums sp_add(SPNums x, SPNums y)
{
    return (SPNums){ sp_sum(x.x01, y.x01), sp_sum(x.x23, y.x23) };
}

static inline SPNums sp_mul(SPNums x, SPNums y)
{
    return (SPNums){ x.x01 * y.x01, x.x23 * y.x23 };
}

/* Truncate to single precision; @alike: where operands mean the same to IEEE */
static inline void sp_pack(SPUReg *fpscr, SPUReg *d, SPNums x, SPWords alike)
{
    SPWords x01 = (SPWords)x.x01, x23 = (SPWords)x.x23;
    SPWords even = { x01[0], x01[2], x23[0], x23[2] };
    SPWords odd = { x01[1], x01[3], x23[1], x23[3] };
    SPWords hi = HOST_BIG_ENDIAN ? even : odd;
    SPWords lo = HOST_BIG_ENDIAN ? odd : even;
    SPWords mag = hi & SP_MAX;
    SPWords normal = sp_above(mag, ((1023 - 126) << 20) - 1);
    SPWords over = sp_above(mag, ((1023 + 129) << 20) - 1);
    SPWords flags, r;

    sp_compare(&alike, mag, normal, (1023 + 128) << 20);
    r = ((mag - ((1023 - 127) << 20)) << 3 | lo >> 29 | over) & SP_MAX & normal;
    flags = (over & FPSCR_OVF) | (~(normal | (SPWords)(mag == 0)) & FPSCR_UNF) |
            (~alike & FPSCR_DIFF);
    r |= hi & SP_SIGN & normal;
    flags |= sp_words(fpscr);
    memcpy(d, &r, sizeof(r));
    memcpy(fpscr, &flags, sizeof(flags));
}

static inline SPNums sp_neg(SPNums x)
{
    return (SPNums){ -x.x01, -x.x23 };
}

/*
 * Numbers that are normal in IEEE's format need no more than the host's
 * conversions.  Returns ones where @x is not normal, or is the least normal
 * number, to which a denormal result would be rounded.
 */
static inline SPWords sp_special(SPWords x)
{
    const uint32_t least = 0x00800001, most = 0x7f7fffff;
    SPWords above = (x << 1) - (least << 1);

    return (SPWords)(above > (most - least) << 1);
}

static inline SPNums sp_widen(const SPUReg *r)
{
    SPFloats x;
    SPWide wide;
    SPNums n;

    memcpy(&x, r, sizeof(x));
    wide = __builtin_convertvector(x, SPWide);
    memcpy(&n, &wide, sizeof(n));
    return n;
}

static inline bool sp_any(SPWords x)
{
    return ((SPBits)x)[0] | ((SPBits)x)[1];
}

/* Truncate to single precision, unless the result is special. */
static inline bool sp_narrow(SPUReg *d, SPNums x)
{
    SPDoubles x01 = (SPDoubles)((SPBits)x.x01 & -1ULL << 29);
    SPDoubles x23 = (SPDoubles)((SPBits)x.x23 & -1ULL << 29);
    SPFloats r = { x01[0], x01[1], x23[0], x23[1] };

    if (sp_any(sp_special((SPWords)r))) {
        return false;
    }
    memcpy(d, &r, sizeof(r));
    return true;
}

/* @expr: the result, from x, y and z */
#define SP_OPERAND(r)       sp_unpack(sp_words(r), &alike)
#define SP_RR(name, expr)                                               \
SPU_FP_RR(name)                                                         \
{                                                                       \
    SPNums x = sp_widen(a), y = sp_widen(b);                            \
    SPWords alike = ~(SPWords){ };                                      \
                                                                        \
    if (sp_any(sp_special(sp_words(a)) | sp_special(sp_words(b))) ||    \
        !sp_narrow(d, expr)) {                                          \
        x = SP_OPERAND(a);                                              \
        y = SP_OPERAND(b);                                              \
        sp_pack(fpscr, d, expr, alike);                                 \
    }                                                                   \
}
#define SP_RRR(name, expr)                                              \
SPU_FP_RRR(name)                                                        \
{                                                                       \
    SPNums x = sp_widen(a), y = sp_widen(b), z = sp_widen(c);           \
    SPWords alike = ~(SPWords){ };                                      \
                                                                        \
    if (sp_any(sp_special(sp_words(a)) | sp_special(sp_words(b)) |      \
               sp_special(sp_words(c))) ||                              \
        !sp_narrow(d, expr)) {                                          \
        x = SP_OPERAND(a);                                              \
        y = SP_OPERAND(b);                                              \
        z = SP_OPERAND(c);                                              \
        sp_pack(fpscr, d, expr, alike);                                 \
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
 * exponent's lowest bit too.  The numbers are those that others have read from
 * the hardware; the emulator RPCS3 has them as well.
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

/* Whole numbers of up to 52 bits */
static inline SPDoubles sp_whole(SPBits n)
{
    return (SPDoubles)(n | 0x433ULL << 52) - 0x1p52;
}

/* 1.base - 0.000step * 0.y: all three have @est's exponent and sign. */
static inline SPDoubles sp_interpolate(SPDoubles est, SPBits y)
{
    SPBits bits = (SPBits)est;
    SPDoubles base = (SPDoubles)(bits & ~(0x3ffULL << 29));
    SPDoubles one = (SPDoubles)(bits & 0xfffULL << 52);

    return base - one * (sp_whole((bits >> 29 & 0x3ff) * y) / 0x1p32);
}

/* y: the 19 bits of @a's fraction below those that can select an estimate. */
SPU_FP_RR(fi)
{
    SPWords alike = ~(SPWords){ };
    SPNums est = sp_unpack(sp_words(b), &alike);
    SPWords y = sp_words(a) & 0x7ffff;

    est.x01 = sp_interpolate(est.x01, (SPBits){ y[0], y[1] });
    est.x23 = sp_interpolate(est.x23, (SPBits){ y[2], y[3] });
    sp_pack(fpscr, d, est, alike);
}

/*
 * Conversions divide or multiply by a power of two.  Those to integers
 * saturate, and leave FPSCR alone.  The text says that those from integers
 * leave it alone, too (9.3), but hardware records a result that is too small.
 */
static double power_of_2(int n)
{
    union { uint64_t bits; double d; } u = { (uint64_t)(1023 + n) << 52 };

    return u.d;
}

static void int_to_sp(SPUReg *fpscr, SPUReg *d, const SPUReg *a, unsigned i8,
                      bool is_signed)
{
    SPDoubles bias = sp_whole((SPBits){ } + (is_signed ? SP_SIGN : 0));
    double scale = power_of_2((int)i8 - 155);
    SPWords x = sp_words(a) ^ (is_signed ? SP_SIGN : 0);
    SPNums n = { (sp_whole((SPBits){ x[0], x[1] }) - bias) * scale,
                 (sp_whole((SPBits){ x[2], x[3] }) - bias) * scale };

    sp_pack(fpscr, d, n, ~(SPWords){ });
}

SPU_FP_RI(csflt)
{
    int_to_sp(fpscr, d, a, imm, true);
}

SPU_FP_RI(cuflt)
{
    int_to_sp(fpscr, d, a, imm, false);
}

static void sp_to_int(SPUReg *d, const SPUReg *a, unsigned i8, double min,
                      double max)
{
    SPWords unused = { };
    SPNums x = sp_unpack(sp_words(a), &unused);
    double scale = power_of_2(173 - (int)i8);

    for (int i = 0; i < 4; i++) {
        double val = scale * (i < 2 ? x.x01[i] : x.x23[i - 2]);

        d->u32[i] = (int64_t)MAX(min, MIN(max, val));
    }
}

SPU_FP_RI(cflts)
{
    sp_to_int(d, a, imm, INT32_MIN, INT32_MAX);
}

SPU_FP_RI(cfltu)
{
    sp_to_int(d, a, imm, 0, UINT32_MAX);
}

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

/* An operand; a denormal one becomes zero */
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

/* Infinity times zero: invalid even if a NaN is added to it */
static bool dp_no_product(float64 x, float64 y)
{
    return (float64_is_infinity(x) && float64_is_zero(y)) ||
           (float64_is_zero(x) && float64_is_infinity(y));
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
            if (uses_z && dp_no_product(x, y)) {                        \
                flags |= FPSCR_DINV;                                    \
            }                                                           \
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
 * Compares: false if an operand is a NaN.  This is an invalid operation if the
 * NaN is signaling, and always in a test for "greater".
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

SPU_FP_RI(dftsv)
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
        SPU_D(d, i) = imm & kind ? -1ULL : 0;
    }
}
