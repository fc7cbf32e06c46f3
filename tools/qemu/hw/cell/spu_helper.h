/*
 * Synergistic Processor Unit: helpers of translated code
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The operations of spu_ops.h that are not translated in line, or only for
 * hosts that have the vector operations for it.  The last argument is not used.
 */
#define R(name)                                                         \
    DEF_HELPER_FLAGS_3(spu_##name, TCG_CALL_NO_RWG, void, ptr, ptr, i32)
#define RR(name)                                                        \
    DEF_HELPER_FLAGS_4(spu_##name, TCG_CALL_NO_RWG, void, ptr, ptr, ptr, i32)
#define RRR(name)                                                       \
    DEF_HELPER_FLAGS_5(spu_##name, TCG_CALL_NO_RWG, void,               \
                       ptr, ptr, ptr, ptr, i32)
/* They use FPSCR. */
#define FP_R(name)                                                      \
    DEF_HELPER_FLAGS_3(spu_##name, TCG_CALL_NO_RWG, void, env, ptr, ptr)
#define FP_RR(name)                                                     \
    DEF_HELPER_FLAGS_4(spu_##name, TCG_CALL_NO_RWG, void, env, ptr, ptr, ptr)
#define FP_RRR(name)                                                    \
    DEF_HELPER_FLAGS_5(spu_##name, TCG_CALL_NO_RWG, void,               \
                       env, ptr, ptr, ptr, ptr)
#define FP_RI(name)                                                     \
    DEF_HELPER_FLAGS_4(spu_##name, TCG_CALL_NO_RWG, void, env, ptr, ptr, i32)

#include "spu_helper_ops.h.inc"

#undef R
#undef RR
#undef RRR
#undef FP_R
#undef FP_RR
#undef FP_RRR
#undef FP_RI

/* The same operations by the host's instructions, if it has them */
#define SP_RR(name)                                                     \
    DEF_HELPER_FLAGS_4(spu_##name##_host, TCG_CALL_NO_RWG, void,        \
                       env, ptr, ptr, ptr)
#define SP_RRR(name)                                                    \
    DEF_HELPER_FLAGS_5(spu_##name##_host, TCG_CALL_NO_RWG, void,        \
                       env, ptr, ptr, ptr, ptr)

SP_RR(fa)
SP_RR(fs)
SP_RR(fm)
SP_RRR(fma)
SP_RRR(fnms)
SP_RRR(fms)

#undef SP_RR
#undef SP_RRR

DEF_HELPER_FLAGS_2(spu_fscrwr, TCG_CALL_NO_RWG, void, env, ptr)
DEF_HELPER_FLAGS_2(spu_fscrrd, TCG_CALL_NO_RWG, void, env, ptr)

DEF_HELPER_FLAGS_3(spu_store, TCG_CALL_NO_WG, void, env, i64, ptr)

/* Instructions that involve the rest of the machine: spu_engine_tcg.c */
DEF_HELPER_FLAGS_2(spu_rchcnt_now, TCG_CALL_NO_RWG, i32, env, i32)
DEF_HELPER_FLAGS_2(spu_try_rdch, TCG_CALL_NO_RWG, i64, env, i32)
DEF_HELPER_2(spu_rdch, void, env, i32)
DEF_HELPER_2(spu_rchcnt, void, env, i32)
DEF_HELPER_2(spu_wrch, void, env, i32)
DEF_HELPER_3(spu_branch_enable, void, env, i32, i32)
DEF_HELPER_3(spu_exit, noreturn, env, i32, i32)
DEF_HELPER_1(spu_single_step, noreturn, env)
DEF_HELPER_1(spu_event_pending, i32, env)
DEF_HELPER_1(spu_srr0, i32, env)
