/*
 * Synergistic Processor Unit: vector operations that only x86 hosts have
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Like those of tcg/tcg-op.h, these generate one instruction of the host.  They
 * are for translated code; host/spu-ops.h says where they are available.
 */
#ifndef X86_64_HOST_SPU_VEC_H
#define X86_64_HOST_SPU_VEC_H

#include "tcg/tcg.h"
#include "tcg/tcg-internal.h"

/* Bytes of @a that the last four bits of @sel's bytes select; else 0 */
static inline void gen_host_pshufb(TCGv_vec d, TCGv_vec a, TCGv_vec sel)
{
    vec_gen_3(INDEX_op_x86_pshufb_vec, TCG_TYPE_V128, MO_8, tcgv_vec_arg(d),
              tcgv_vec_arg(a), tcgv_vec_arg(sel));
}

/* The signs of four words, as the lowest bits */
static inline void gen_host_signs(TCGv_i32 d, TCGv_vec a)
{
    vec_gen_2(INDEX_op_x86_movmskps_vec, TCG_TYPE_V128, MO_32, tcgv_i32_arg(d),
              tcgv_vec_arg(a));
}

/* Single precision: HOST_OP_*; @c is NULL if there are two operands. */
static inline void gen_host_sp(TCGOpcode op, TCGv_vec d, TCGv_vec a,
                               TCGv_vec b, TCGv_vec c)
{
    if (c) {
        vec_gen_4(op, TCG_TYPE_V128, MO_32, tcgv_vec_arg(d), tcgv_vec_arg(a),
                  tcgv_vec_arg(b), tcgv_vec_arg(c));
    } else {
        vec_gen_3(op, TCG_TYPE_V128, MO_32, tcgv_vec_arg(d), tcgv_vec_arg(a),
                  tcgv_vec_arg(b));
    }
}

#define HOST_OP_fa      INDEX_op_x86_addps_vec
#define HOST_OP_fs      INDEX_op_x86_subps_vec
#define HOST_OP_fm      INDEX_op_x86_mulps_vec
#define HOST_OP_fma     INDEX_op_x86_vfmaddps_vec
#define HOST_OP_fnms    INDEX_op_x86_vfnmaddps_vec
#define HOST_OP_fms     INDEX_op_x86_vfmsubps_vec

#endif /* X86_64_HOST_SPU_VEC_H */
