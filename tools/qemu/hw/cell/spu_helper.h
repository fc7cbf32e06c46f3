/*
 * Synergistic Processor Unit: helpers of translated code
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/* The operations of spu_ops.h that are not translated in line */
#define R(name)                                                         \
    DEF_HELPER_FLAGS_2(spu_##name, TCG_CALL_NO_RWG, void, ptr, ptr)
#define RR(name)                                                        \
    DEF_HELPER_FLAGS_3(spu_##name, TCG_CALL_NO_RWG, void, ptr, ptr, ptr)
#define RRR(name)                                                       \
    DEF_HELPER_FLAGS_4(spu_##name, TCG_CALL_NO_RWG, void, ptr, ptr, ptr, ptr)

R(clz)
R(cntb)
R(fsmb)
R(fsmh)
R(fsm)
R(gbb)
R(gbh)
R(gb)
R(orx)
RR(cbx)
RR(chx)
RR(cwx)
RR(cdx)
RR(addx)
RR(cgx)
RR(sfx)
RR(bgx)
RR(mpy)
RR(mpyu)
RR(mpyh)
RR(mpys)
RR(mpyhh)
RR(mpyhha)
RR(mpyhhu)
RR(mpyhhau)
RR(avgb)
RR(absdb)
RR(sumb)
RR(shlh)
RR(shl)
RR(roth)
RR(rothm)
RR(rotm)
RR(rotmah)
RR(rotma)
RR(shlqbi)
RR(shlqby)
RR(shlqbybi)
RR(rotqbi)
RR(rotqbybi)
RR(rotqmbi)
RR(rotqmby)
RR(rotqmbybi)
RR(fceq)
RR(fcmeq)
RR(fcgt)
RR(fcmgt)
RRR(mpya)
RRR(shufb)

#undef R
#undef RR
#undef RRR

/* The same, of operations that use FPSCR */
#define FP_R(name)                                                      \
    DEF_HELPER_FLAGS_3(spu_##name, TCG_CALL_NO_RWG, void, env, ptr, ptr)
#define FP_RR(name)                                                     \
    DEF_HELPER_FLAGS_4(spu_##name, TCG_CALL_NO_RWG, void, env, ptr, ptr, ptr)
#define FP_RRR(name)                                                    \
    DEF_HELPER_FLAGS_5(spu_##name, TCG_CALL_NO_RWG, void,               \
                       env, ptr, ptr, ptr, ptr)

FP_R(frest)
FP_R(frsqest)
FP_R(frds)
FP_R(fesd)
FP_RR(fa)
FP_RR(fs)
FP_RR(fm)
FP_RR(fi)
FP_RR(dfa)
FP_RR(dfs)
FP_RR(dfm)
FP_RR(dfma)
FP_RR(dfnms)
FP_RR(dfms)
FP_RR(dfnma)
FP_RR(dfceq)
FP_RR(dfcmeq)
FP_RR(dfcgt)
FP_RR(dfcmgt)
FP_RRR(fma)
FP_RRR(fnms)
FP_RRR(fms)

#undef FP_R
#undef FP_RR
#undef FP_RRR

DEF_HELPER_FLAGS_3(spu_csflt, TCG_CALL_NO_RWG, void, ptr, ptr, i32)
DEF_HELPER_FLAGS_3(spu_cflts, TCG_CALL_NO_RWG, void, ptr, ptr, i32)
DEF_HELPER_FLAGS_3(spu_cuflt, TCG_CALL_NO_RWG, void, ptr, ptr, i32)
DEF_HELPER_FLAGS_3(spu_cfltu, TCG_CALL_NO_RWG, void, ptr, ptr, i32)
DEF_HELPER_FLAGS_3(spu_dftsv, TCG_CALL_NO_RWG, void, ptr, ptr, i32)
DEF_HELPER_FLAGS_2(spu_fscrwr, TCG_CALL_NO_RWG, void, env, ptr)
DEF_HELPER_FLAGS_2(spu_fscrrd, TCG_CALL_NO_RWG, void, env, ptr)

/* What the rest of the machine takes part in: spu_engine_tcg.c */
DEF_HELPER_2(spu_rdch, void, env, i32)
DEF_HELPER_2(spu_rchcnt, void, env, i32)
DEF_HELPER_2(spu_wrch, void, env, i32)
DEF_HELPER_3(spu_branch_enable, void, env, i32, i32)
DEF_HELPER_3(spu_exit, noreturn, env, i32, i32)
DEF_HELPER_1(spu_single_step, noreturn, env)
DEF_HELPER_1(spu_event_pending, i32, env)
DEF_HELPER_1(spu_srr0, i32, env)
