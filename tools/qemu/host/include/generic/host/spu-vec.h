/*
 * Synergistic Processor Unit: vector operations of the host, generic
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * There are none: these functions have no callers.
 */
#ifndef GENERIC_HOST_SPU_VEC_H
#define GENERIC_HOST_SPU_VEC_H

#include "tcg/tcg.h"

static inline void gen_host_pshufb(TCGv_vec d, TCGv_vec a, TCGv_vec sel)
{
}

static inline void gen_host_signs(TCGv_i32 d, TCGv_vec a)
{
}

static inline void gen_host_sp(TCGOpcode op, TCGv_vec d, TCGv_vec a,
                               TCGv_vec b, TCGv_vec c)
{
}

#define HOST_OP_fa      INDEX_op_discard
#define HOST_OP_fs      INDEX_op_discard
#define HOST_OP_fm      INDEX_op_discard
#define HOST_OP_fma     INDEX_op_discard
#define HOST_OP_fnms    INDEX_op_discard
#define HOST_OP_fms     INDEX_op_discard

#endif /* GENERIC_HOST_SPU_VEC_H */
