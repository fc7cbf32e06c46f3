/*
 * Synergistic Processor Unit: operations called by translated code
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The operations of spu_ops.h, as helpers.
 */
#include "qemu/osdep.h"
#include "spu_tcg.h"
#include "spu_ops_int.h"
#include "host/spu-ops.h"

#define HELPER_H "hw/cell/spu_helper.h"
#include "exec/helper-proto.h.inc"
#undef  HELPER_H

#define R(name)                                                         \
void HELPER(spu_##name)(void *d, void *a, uint32_t desc)                \
{                                                                       \
    spu_op_##name(d, a);                                                \
}

#define RR(name)                                                        \
void HELPER(spu_##name)(void *d, void *a, void *b, uint32_t desc)       \
{                                                                       \
    spu_op_##name(d, a, b);                                             \
}

#define RRR(name)                                                       \
void HELPER(spu_##name)(void *d, void *a, void *b, void *c,             \
                        uint32_t desc)                                  \
{                                                                       \
    spu_op_##name(d, a, b, c);                                          \
}

#define FPSCR       (&env_spu_cpu(env)->engine.spu->fpscr)

#define FP_R(name)                                                      \
void HELPER(spu_##name)(CPUPPCState *env, void *d, void *a)             \
{                                                                       \
    spu_op_##name(FPSCR, d, a);                                         \
}

#define FP_RR(name)                                                     \
void HELPER(spu_##name)(CPUPPCState *env, void *d, void *a, void *b)    \
{                                                                       \
    spu_op_##name(FPSCR, d, a, b);                                      \
}

#define FP_RRR(name)                                                    \
void HELPER(spu_##name)(CPUPPCState *env, void *d, void *a, void *b,    \
                        void *c)                                        \
{                                                                       \
    spu_op_##name(FPSCR, d, a, b, c);                                   \
}

#define FP_RI(name)                                                     \
void HELPER(spu_##name)(CPUPPCState *env, void *d, void *a,             \
                        uint32_t imm)                                   \
{                                                                       \
    spu_op_##name(FPSCR, d, a, imm);                                    \
}

#include "spu_helper_ops.h.inc"

/* The vCPU's thread truncates; spu_ops.h's operations round to the nearest. */
#define SP_RR(name)                                                     \
void SPU_LEAF HOST_SPU_SP_ATTR                                          \
HELPER(spu_##name##_host)(CPUPPCState *env, void *d, void *a, void *b)  \
{                                                                       \
    if (!host_spu_##name(d, a, b)) {                                    \
        host_spu_truncate(false);                                       \
        spu_op_##name(FPSCR, d, a, b);                                  \
        host_spu_truncate(true);                                        \
    }                                                                   \
}

#define SP_RRR(name)                                                    \
void SPU_LEAF HOST_SPU_SP_ATTR                                          \
HELPER(spu_##name##_host)(CPUPPCState *env, void *d, void *a, void *b,  \
                          void *c)                                      \
{                                                                       \
    if (!host_spu_##name(d, a, b, c)) {                                 \
        host_spu_truncate(false);                                       \
        spu_op_##name(FPSCR, d, a, b, c);                               \
        host_spu_truncate(true);                                        \
    }                                                                   \
}

SP_RR(fa)
SP_RR(fs)
SP_RR(fm)
SP_RRR(fma)
SP_RRR(fnms)
SP_RRR(fms)

void HELPER(spu_fscrwr)(CPUPPCState *env, void *a)
{
    spu_op_fscrwr(FPSCR, a);
}

void HELPER(spu_fscrrd)(CPUPPCState *env, void *d)
{
    *(SPUReg *)d = *FPSCR;
}
