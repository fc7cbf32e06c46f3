/*
 * Synergistic Processor Unit: operations by instructions of an x86 host
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For the few that are frequent, and that neither TCG has nor the compiler
 * makes of C.  spu_translate.c calls them if the host can.
 */
#include "qemu/osdep.h"
#include "spu_ops.h"
#include "spu_tcg.h"

#ifdef __x86_64__
/* gcc 12 finds uninitialised variables in its own header. */
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#define HELPER_H "hw/cell/spu_helper.h"
#include "exec/helper-proto.h.inc"
#undef  HELPER_H

/*
 * pshufb takes a byte of one register, and zero where the selector's first bit
 * is set.  Registers are held with the last byte of each doubleword first.
 */
void SPU_LEAF __attribute__((target("ssse3")))
HELPER(spu_shufb_ssse3)(void *d, void *a, void *b, void *c, uint32_t desc)
{
    const __m128i constants = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                            -1, -1, 0x80, 0x80);
    __m128i control = *(__m128i *)c;
    __m128i sel = _mm_xor_si128(control, _mm_set1_epi8(7));
    __m128i from_a = _mm_shuffle_epi8(*(__m128i *)a, sel);
    __m128i from_b = _mm_shuffle_epi8(*(__m128i *)b, sel);
    /* Bit 4 of each byte becomes its first */
    __m128i is_b = _mm_cmpgt_epi8(_mm_setzero_si128(),
                                  _mm_slli_epi16(control, 3));
    __m128i upper = _mm_and_si128(_mm_srli_epi16(control, 4),
                                  _mm_set1_epi8(15));

    *(__m128i *)d = _mm_or_si128(_mm_or_si128(_mm_and_si128(is_b, from_b),
                                              _mm_andnot_si128(is_b, from_a)),
                                 _mm_shuffle_epi8(constants, upper));
}

/*
 * Single precision: AVX-512 can truncate.  What it makes of operands that are
 * zero or normal is the SPU's result too, if that is normal and not the
 * largest number, to which IEEE's too large ones are truncated; and then FPSCR
 * is left alone.  Zero is +0, and may stand for a number that is too small,
 * unless a sum is exactly that or a factor is.  All else is for spu_ops.c.
 *
 * usual() is for what is neither, exact() for zeros too.
 */
#define AVX512      SPU_LEAF \
    __attribute__((target("avx512f,avx512dq,avx512vl")))
#define TRUNCATE    (_MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)
#define OR(m, n)    _kor_mask8(m, n)
/* Classes of vfpclassps */
#define ZERO        0x06
#define NOT_NORMAL  0xb9        /* NaNs, infinities, denormals */

static inline AVX512 __mmask8 is(__m128 x, const int class)
{
    return class == ZERO ? _mm_fpclass_ps_mask(x, ZERO)
                         : _mm_fpclass_ps_mask(x, NOT_NORMAL);
}

static inline AVX512 __m128i magnitude(__m128 x)
{
    return _mm_and_si128(_mm_castps_si128(x), _mm_set1_epi32(0x7fffffff));
}

/* Store @r512, if all is normal; @bad: of which operands are not */
static inline AVX512 bool usual(void *d, __m512 r512, __mmask8 bad)
{
    __m128 r = _mm512_castps512_ps128(r512);
    __m128i above = _mm_sub_epi32(magnitude(r), _mm_set1_epi32(0x00800000));
    __m128i most = _mm_set1_epi32(0x7f7fffff - 0x00800000);

    bad = OR(bad, _mm_cmpge_epu32_mask(above, most));
    if (unlikely(!_kortestz_mask8_u8(bad, bad))) {
        return false;
    }
    _mm_store_ps(d, r);
    return true;
}

/* Store @r512, if it is right; @zero: where it may be zero */
static AVX512 bool exact(void *d, __m512 r512, __mmask8 bad, __mmask8 zero)
{
    __m128 r = _mm512_castps512_ps128(r512);
    __mmask8 is_zero = is(r, ZERO);

    bad |= is(r, NOT_NORMAL) | (is_zero & ~zero) |
           _mm_cmpeq_epi32_mask(magnitude(r), _mm_set1_epi32(0x7f7fffff));
    if (bad) {
        return false;
    }
    _mm_store_ps(d, _mm_maskz_mov_ps(~is_zero, r));
    return true;
}

#define FPSCR       (&env_spu_cpu(env)->engine.spu->fpscr)
#define WIDE(x)     _mm512_castps128_ps512(x)

#define RR(name, op, may_be_zero)                                       \
void AVX512 HELPER(spu_##name##_avx512)(CPUPPCState *env, void *d,      \
                                        void *a, void *b)               \
{                                                                       \
    __m128 x = _mm_load_ps(a), y = _mm_load_ps(b);                      \
    __m512 r = _mm512_##op##_round_ps(WIDE(x), WIDE(y), TRUNCATE);      \
    __mmask8 bad = OR(is(x, NOT_NORMAL), is(y, NOT_NORMAL));            \
                                                                        \
    if (!usual(d, r, bad) && !exact(d, r, bad, may_be_zero)) {          \
        spu_op_##name(FPSCR, d, a, b);                                  \
    }                                                                   \
}

#define RRR(name, op)                                                   \
void AVX512 HELPER(spu_##name##_avx512)(CPUPPCState *env, void *d,      \
                                        void *a, void *b, void *c)      \
{                                                                       \
    __m128 x = _mm_load_ps(a), y = _mm_load_ps(b), z = _mm_load_ps(c);  \
    __m512 r = _mm512_##op##_round_ps(WIDE(x), WIDE(y), WIDE(z),        \
                                      TRUNCATE);                        \
    __mmask8 bad = OR(OR(is(x, NOT_NORMAL), is(y, NOT_NORMAL)),         \
                      is(z, NOT_NORMAL));                               \
                                                                        \
    if (!usual(d, r, bad) &&                                            \
        !exact(d, r, bad, is(x, ZERO) | is(y, ZERO))) {                 \
        spu_op_##name(FPSCR, d, a, b, c);                               \
    }                                                                   \
}

RR(fa, add, 15)
RR(fs, sub, 15)
RR(fm, mul, is(x, ZERO) | is(y, ZERO))
RRR(fma, fmadd)
RRR(fnms, fnmadd)
RRR(fms, fmsub)
#endif
