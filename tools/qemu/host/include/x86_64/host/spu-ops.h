/*
 * Synergistic Processor Unit: operations by instructions of an x86 host
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Translated code uses these, if the host has the instructions.  They are for
 * the few frequent operations that neither TCG nor the compiler can generate.
 */
#ifndef X86_64_HOST_SPU_OPS_H
#define X86_64_HOST_SPU_OPS_H

#include "hw/cell/spu.h"
#include "host/cpuinfo.h"
#include <immintrin.h>

/* cpuinfo has no flag for SSSE3, which is older than AVX, nor for FMA. */
#define HAVE_HOST_SPU_SHUFB     (cpuinfo & CPUINFO_AVX1)
#define HAVE_HOST_SPU_SP        (cpuinfo & CPUINFO_AVX2 && \
                                 __builtin_cpu_supports("fma"))
#define HOST_SPU_SP_ATTR        __attribute__((target("avx2,fma")))

/*
 * Single precision truncates.  MXCSR makes this thread truncate, or round to
 * the nearest as all other code does.  Exceptions are masked.
 */
static inline void host_spu_truncate(bool on)
{
    _mm_setcsr(_MM_MASK_MASK | (on ? _MM_ROUND_TOWARD_ZERO
                                   : _MM_ROUND_NEAREST));
}

/*
 * If the operands are zero or normal, truncating IEEE arithmetic gives the
 * SPU's result, too, provided that it is normal and not the largest number, to
 * which numbers that are too large are truncated; FPSCR is then left alone.
 * Zero is +0, and may stand for a number that is too small, unless a sum is
 * exactly zero or a factor is.  No other case is handled here.
 *
 * sp_normal() of an element ignores its sign.  It is 0 for the least normal
 * number, and SP_LIMIT + 1 or more for the largest, for infinities and NaNs,
 * and for zeros and denormals.
 */
#define SP_BIAS         0xff000000
#define SP_LIMIT        0xfdfffffc

static inline __m128i HOST_SPU_SP_ATTR sp_normal(__m128 x, __m128i bias)
{
    __m128i i = _mm_castps_si128(x);

    return _mm_add_epi32(_mm_add_epi32(i, i), bias);
}

#define SP_CONSTANT(x)                                                  \
    ({                                                                  \
        static const uint32_t words[4] QEMU_ALIGNED(16) = { x, x, x, x }; \
        /* volatile: a load, of which GCC would make three instructions */ \
        *(const volatile __m128i *)words;                               \
    })

/* Is no element of @n above SP_LIMIT? */
static inline bool HOST_SPU_SP_ATTR sp_usual(__m128i n)
{
    __m128i most = SP_CONSTANT(SP_LIMIT);

    return _mm_movemask_epi8(_mm_cmpeq_epi32(_mm_min_epu32(n, most), n)) ==
           0xffff;
}

static inline __m128i HOST_SPU_SP_ATTR sp_is_zero(__m128 x)
{
    return _mm_castps_si128(_mm_cmpeq_ps(x, _mm_setzero_ps()));
}

/* Like sp_result(), but allows zeros: as a result only where @zero is set */
static bool HOST_SPU_SP_ATTR G_GNUC_UNUSED
sp_exact(SPUReg *d, __m128 r, __m128 x, __m128 y, __m128 z, __m128i zero)
{
    __m128i zero_r = _mm_and_si128(sp_is_zero(r), zero);
    __m128i bias = SP_CONSTANT(SP_BIAS);
    __m128i n = _mm_max_epu32(
        _mm_andnot_si128(sp_is_zero(x), sp_normal(x, bias)),
        _mm_andnot_si128(sp_is_zero(y), sp_normal(y, bias)));

    n = _mm_max_epu32(n, _mm_andnot_si128(sp_is_zero(z), sp_normal(z, bias)));
    n = _mm_max_epu32(n, _mm_andnot_si128(zero_r, sp_normal(r, bias)));
    if (!sp_usual(n)) {
        return false;
    }
    *(__m128i *)d = _mm_andnot_si128(zero_r, _mm_castps_si128(r));
    return true;
}

/* Store @r, if it is the SPU's result; @n: sp_normal() of the operands */
static inline bool HOST_SPU_SP_ATTR
sp_result(SPUReg *d, __m128 r, __m128i n, __m128i bias)
{
    if (likely(sp_usual(_mm_max_epu32(n, sp_normal(r, bias))))) {
        *(__m128 *)d = r;
        return true;
    }
    return false;
}

#define HOST_SPU_RR(name, op, zero)                                     \
static inline bool HOST_SPU_SP_ATTR                                     \
host_spu_##name(SPUReg *d, const SPUReg *a, const SPUReg *b)            \
{                                                                       \
    __m128 x = *(__m128 *)a, y = *(__m128 *)b;                          \
    __m128 r = _mm_##op##_ps(x, y);                                     \
    __m128i bias = SP_CONSTANT(SP_BIAS);                                \
    __m128i n = _mm_max_epu32(sp_normal(x, bias), sp_normal(y, bias));  \
                                                                        \
    return sp_result(d, r, n, bias) || sp_exact(d, r, x, y, y, zero);   \
}

#define HOST_SPU_RRR(name, op)                                          \
static inline bool HOST_SPU_SP_ATTR                                     \
host_spu_##name(SPUReg *d, const SPUReg *a, const SPUReg *b,            \
                const SPUReg *c)                                        \
{                                                                       \
    __m128 x = *(__m128 *)a, y = *(__m128 *)b, z = *(__m128 *)c;        \
    __m128 r = _mm_##op##_ps(x, y, z);                                  \
    __m128i bias = SP_CONSTANT(SP_BIAS);                                \
    __m128i n = _mm_max_epu32(sp_normal(x, bias), sp_normal(y, bias));  \
                                                                        \
    n = _mm_max_epu32(n, sp_normal(z, bias));                           \
    return sp_result(d, r, n, bias) ||                                  \
           sp_exact(d, r, x, y, z,                                      \
                    _mm_or_si128(sp_is_zero(x), sp_is_zero(y)));        \
}

HOST_SPU_RR(fa, add, _mm_set1_epi32(-1))
HOST_SPU_RR(fs, sub, _mm_set1_epi32(-1))
HOST_SPU_RR(fm, mul, _mm_or_si128(sp_is_zero(x), sp_is_zero(y)))
HOST_SPU_RRR(fma, fmadd)
HOST_SPU_RRR(fnms, fnmadd)
HOST_SPU_RRR(fms, fmsub)

#undef HOST_SPU_RR
#undef HOST_SPU_RRR
#undef SP_BIAS
#undef SP_LIMIT
#undef SP_CONSTANT

#endif /* X86_64_HOST_SPU_OPS_H */
