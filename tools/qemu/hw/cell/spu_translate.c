/*
 * Synergistic Processor Unit: translation by TCG
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frequent and simple instructions are translated in line, the others call
 * the interpreter's operations (spu_ops.c).  Registers stay in memory.
 *
 * A block ends at a sync: an instruction that was modified by one further up
 * in the same block is seen only after that, which is what the SPU ISA v1.2
 * (chapter 10, sync) asks of programs.  After any branch it is seen too.
 */
#include "qemu/osdep.h"
#include "spu_tcg.h"
#include "exec/log.h"
#include "exec/translation-block.h"
#include "exec/translator.h"
#include "tcg/tcg-op.h"
#include "tcg/tcg-op-gvec.h"

#define HELPER_H "hw/cell/spu_helper.h"
#include "exec/helper-proto.h.inc"
#include "exec/helper-gen.h.inc"
#include "exec/helper-info.c.inc"
#undef  HELPER_H

/* decodetree's name for what it hands to the trans functions */
typedef struct DisasContext {
    DisasContextBase base;
    uint32_t pc;            /* of the instruction */
    uint32_t next;          /* the one after it */
    uint32_t insn;
    bool single_step;
} DisasContext;

#include "decode-spu.c.inc"

#define ENV_OFFSET(field)   ((int)offsetof(SPUCPU, field) - \
                             (int)offsetof(SPUCPU, env))
#define GPR(n)              (ENV_OFFSET(gpr) + (int)sizeof(SPUReg) * (n))
#define TMP                 ENV_OFFSET(tmp)
QEMU_BUILD_BUG_ON(GPR(0) % 16 || TMP % 16);
/* Of the architecture's element numbers, as the accessors in spu.h */
#define GPR_H(n, i)         (GPR(n) + (HOST_BIG_ENDIAN ? (i) : 7 - (i)) * 2)
#define GPR_W(n, i)         (GPR(n) + (HOST_BIG_ENDIAN ? (i) : 3 - (i)) * 4)
#define GPR_D(n, i)         (GPR(n) + (HOST_BIG_ENDIAN ? (i) : 1 - (i)) * 8)

/* Program counter and ends of blocks */

static void gen_set_pc(uint32_t pc)
{
    tcg_gen_st_i64(tcg_constant_i64(pc), tcg_env, offsetof(CPUPPCState, nip));
}

static void gen_set_pc_var(TCGv_i32 target)
{
    TCGv_i64 pc = tcg_temp_new_i64();

    tcg_gen_extu_i32_i64(pc, target);
    tcg_gen_andi_i64(pc, pc, SPU_LS_MASK & ~3);
    tcg_gen_st_i64(pc, tcg_env, offsetof(CPUPPCState, nip));
}

/* Go on at env.nip, in another block. */
static void gen_goto_pc(DisasContext *ctx)
{
    if (ctx->single_step) {
        gen_helper_spu_single_step(tcg_env);
    } else {
        tcg_gen_lookup_and_goto_ptr();
    }
    ctx->base.is_jmp = DISAS_NORETURN;
}

static void gen_goto(DisasContext *ctx, int slot, uint32_t target)
{
    target &= SPU_LS_MASK & ~3;
    if (!ctx->single_step && translator_use_goto_tb(&ctx->base, target)) {
        tcg_gen_goto_tb(slot);
        gen_set_pc(target);
        tcg_gen_exit_tb(ctx->base.tb, slot);
        ctx->base.is_jmp = DISAS_NORETURN;
    } else {
        gen_set_pc(target);
        gen_goto_pc(ctx);
    }
}

static void gen_exit(DisasContext *ctx, SPUExit why, uint32_t code)
{
    translator_io_start(&ctx->base);
    gen_set_pc(ctx->pc);
    gen_helper_spu_exit(tcg_env, tcg_constant_i32(why),
                        tcg_constant_i32(code));
    ctx->base.is_jmp = DISAS_NORETURN;
}

/* Computations by helpers */

static TCGv_ptr gen_ptr(int offset)
{
    TCGv_ptr p = tcg_temp_new_ptr();

    tcg_gen_addi_ptr(p, tcg_env, offset);
    return p;
}

#define PTR(n)      gen_ptr(GPR(n))

#define TRANS_R(name)                                                   \
static bool trans_##name(DisasContext *ctx, arg_r *a)                   \
{                                                                       \
    gen_helper_spu_##name(PTR(a->rt), PTR(a->ra));                      \
    return true;                                                        \
}

#define TRANS_RR(name)                                                  \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    gen_helper_spu_##name(PTR(a->rt), PTR(a->ra), PTR(a->rb));          \
    return true;                                                        \
}

#define TRANS_RRR(name)                                                 \
static bool trans_##name(DisasContext *ctx, arg_rrr *a)                 \
{                                                                       \
    gen_helper_spu_##name(PTR(a->rt), PTR(a->ra), PTR(a->rb),           \
                          PTR(a->rc));                                  \
    return true;                                                        \
}

/* @name: @op with an immediate in every word */
#define TRANS_RI(name, op)                                              \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    tcg_gen_gvec_dup_imm(MO_32, TMP, 16, 16, a->imm);                   \
    gen_helper_spu_##op(PTR(a->rt), PTR(a->ra), gen_ptr(TMP));          \
    return true;                                                        \
}

/* Computations by vector operations */

#define TRANS_VEC_RR(name, op, vece)                                    \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    tcg_gen_gvec_##op(vece, GPR(a->rt), GPR(a->ra), GPR(a->rb),         \
                      16, 16);                                          \
    return true;                                                        \
}

#define TRANS_VEC_RI(name, op, vece)                                    \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    tcg_gen_gvec_##op(vece, GPR(a->rt), GPR(a->ra),                     \
                      dup_const(vece, a->imm), 16, 16);                 \
    return true;                                                        \
}

/* Subtract from: the first operand from the second one */
#define TRANS_VEC_SF(name, vece)                                        \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    tcg_gen_gvec_sub(vece, GPR(a->rt), GPR(a->rb), GPR(a->ra), 16, 16); \
    return true;                                                        \
}                                                                       \
static bool trans_##name##i(DisasContext *ctx, arg_ri *a)               \
{                                                                       \
    tcg_gen_gvec_dup_imm(vece, TMP, 16, 16, a->imm);                    \
    tcg_gen_gvec_sub(vece, GPR(a->rt), TMP, GPR(a->ra), 16, 16);        \
    return true;                                                        \
}

#define TRANS_VEC_COMPARE(name, cond, vece)                             \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    tcg_gen_gvec_cmp(cond, vece, GPR(a->rt), GPR(a->ra), GPR(a->rb),    \
                     16, 16);                                           \
    return true;                                                        \
}                                                                       \
static bool trans_##name##i(DisasContext *ctx, arg_ri *a)               \
{                                                                       \
    tcg_gen_gvec_cmpi(cond, vece, GPR(a->rt), GPR(a->ra),               \
                      dup_const(vece, a->imm), 16, 16);                 \
    return true;                                                        \
}

/*
 * Shifts by an immediate: modulo twice the width, where such of a width or
 * more shift everything out; "rotate and mask" is to the right, by the
 * negated count.
 */
#define TRANS_VEC_SHIFT(name, op, vece, count)                          \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    unsigned n = (count) & ((16 << (vece)) - 1);                        \
                                                                        \
    if (n < 8 << (vece)) {                                              \
        tcg_gen_gvec_##op(vece, GPR(a->rt), GPR(a->ra), n, 16, 16);     \
    } else {                                                            \
        tcg_gen_gvec_dup_imm(MO_64, GPR(a->rt), 16, 16, 0);             \
    }                                                                   \
    return true;                                                        \
}

#define TRANS_VEC_SHIFT_ALGEBRAIC(name, vece)                           \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    unsigned n = -a->imm & ((16 << (vece)) - 1);                        \
                                                                        \
    tcg_gen_gvec_sari(vece, GPR(a->rt), GPR(a->ra),                     \
                      MIN(n, (8 << (vece)) - 1), 16, 16);               \
    return true;                                                        \
}

#define TRANS_VEC_ROTATE(name, vece)                                    \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    tcg_gen_gvec_rotli(vece, GPR(a->rt), GPR(a->ra),                    \
                       a->imm & ((8 << (vece)) - 1), 16, 16);           \
    return true;                                                        \
}

static bool gen_dup(unsigned vece, int rt, uint64_t val)
{
    tcg_gen_gvec_dup_imm(vece, GPR(rt), 16, 16, val);
    return true;
}

/* The preferred slot's word, and zeros after it */
static void gen_set_preferred(int rt, uint32_t val)
{
    tcg_gen_st_i64(tcg_constant_i64((uint64_t)val << 32), tcg_env,
                   GPR_D(rt, 0));
    tcg_gen_st_i64(tcg_constant_i64(0), tcg_env, GPR_D(rt, 1));
}

static TCGv_i32 gen_preferred(int n)
{
    TCGv_i32 t = tcg_temp_new_i32();

    tcg_gen_ld_i32(t, tcg_env, GPR_W(n, 0));
    return t;
}

/* Memory: load and store */

static bool gen_access(int rt, bool store, TCGv_i64 addr)
{
    MemOp mop = MO_128 | MO_BE | MO_ATOM_NONE;
    TCGv_i64 lo = tcg_temp_new_i64();
    TCGv_i64 hi = tcg_temp_new_i64();
    TCGv_i128 val = tcg_temp_new_i128();

    if (store) {
        tcg_gen_ld_i64(hi, tcg_env, GPR_D(rt, 0));
        tcg_gen_ld_i64(lo, tcg_env, GPR_D(rt, 1));
        tcg_gen_concat_i64_i128(val, lo, hi);
        tcg_gen_qemu_st_i128(val, addr, 0, mop);
    } else {
        tcg_gen_qemu_ld_i128(val, addr, 0, mop);
        tcg_gen_extr_i128_i64(lo, hi, val);
        tcg_gen_st_i64(hi, tcg_env, GPR_D(rt, 0));
        tcg_gen_st_i64(lo, tcg_env, GPR_D(rt, 1));
    }
    return true;
}

static TCGv_i64 const_addr(uint32_t addr)
{
    return tcg_constant_i64(addr & SPU_LS_MASK & ~15);
}

static TCGv_i64 gen_addr_d(arg_ri *a)
{
    TCGv_i64 addr = tcg_temp_new_i64();

    tcg_gen_ld32u_i64(addr, tcg_env, GPR_W(a->ra, 0));
    tcg_gen_addi_i64(addr, addr, a->imm * 16);
    tcg_gen_andi_i64(addr, addr, SPU_LS_MASK & ~15);
    return addr;
}

static TCGv_i64 gen_addr_x(arg_rr *a)
{
    TCGv_i64 addr = tcg_temp_new_i64();
    TCGv_i64 index = tcg_temp_new_i64();

    tcg_gen_ld32u_i64(addr, tcg_env, GPR_W(a->ra, 0));
    tcg_gen_ld32u_i64(index, tcg_env, GPR_W(a->rb, 0));
    tcg_gen_add_i64(addr, addr, index);
    tcg_gen_andi_i64(addr, addr, SPU_LS_MASK & ~15);
    return addr;
}

#define TRANS_ACCESS(name, type, store, addr)                           \
static bool trans_##name(DisasContext *ctx, type *a)                    \
{                                                                       \
    return gen_access(a->rt, store, addr);                              \
}

TRANS_ACCESS(lqd, arg_ri, false, gen_addr_d(a))
TRANS_ACCESS(lqx, arg_rr, false, gen_addr_x(a))
TRANS_ACCESS(lqa, arg_i, false, const_addr(a->imm * 4))
TRANS_ACCESS(lqr, arg_i, false, const_addr(ctx->pc + a->imm * 4))
TRANS_ACCESS(stqd, arg_ri, true, gen_addr_d(a))
TRANS_ACCESS(stqx, arg_rr, true, gen_addr_x(a))
TRANS_ACCESS(stqa, arg_i, true, const_addr(a->imm * 4))
TRANS_ACCESS(stqr, arg_i, true, const_addr(ctx->pc + a->imm * 4))

TRANS_RI(cbd, cbx)
TRANS_RI(chd, chx)
TRANS_RI(cwd, cwx)
TRANS_RI(cdd, cdx)
TRANS_RR(cbx)
TRANS_RR(chx)
TRANS_RR(cwx)
TRANS_RR(cdx)

/* Constant formation */

static bool trans_ilh(DisasContext *ctx, arg_i *a)
{
    return gen_dup(MO_16, a->rt, a->imm);
}

static bool trans_ilhu(DisasContext *ctx, arg_i *a)
{
    return gen_dup(MO_32, a->rt, (uint32_t)a->imm << 16);
}

static bool trans_il(DisasContext *ctx, arg_i *a)
{
    return gen_dup(MO_32, a->rt, a->imm);
}

static bool trans_ila(DisasContext *ctx, arg_i *a)
{
    return gen_dup(MO_32, a->rt, a->imm);
}

static bool trans_iohl(DisasContext *ctx, arg_i *a)
{
    tcg_gen_gvec_ori(MO_32, GPR(a->rt), GPR(a->rt), (uint16_t)a->imm,
                     16, 16);
    return true;
}

static bool trans_fsmbi(DisasContext *ctx, arg_i *a)
{
    for (int i = 0; i < 2; i++) {
        uint64_t mask = 0;

        for (int bit = 0; bit < 8; bit++) {
            if (a->imm & (0x8000 >> (8 * i + bit))) {
                mask |= 0xffULL << (56 - 8 * bit);
            }
        }
        tcg_gen_st_i64(tcg_constant_i64(mask), tcg_env, GPR_D(a->rt, i));
    }
    return true;
}

/* Integer and logical */

TRANS_VEC_RR(ah, add, MO_16)
TRANS_VEC_RI(ahi, addi, MO_16)
TRANS_VEC_RR(a, add, MO_32)
TRANS_VEC_RI(ai, addi, MO_32)
TRANS_VEC_SF(sfh, MO_16)
TRANS_VEC_SF(sf, MO_32)
TRANS_RR(addx)
TRANS_RR(cgx)
TRANS_RR(sfx)
TRANS_RR(bgx)

/* Carry generate: the sum is less than an operand */
static bool trans_cg(DisasContext *ctx, arg_rr *a)
{
    tcg_gen_gvec_add(MO_32, TMP, GPR(a->ra), GPR(a->rb), 16, 16);
    tcg_gen_gvec_cmp(TCG_COND_LTU, MO_32, GPR(a->rt), TMP, GPR(a->ra),
                     16, 16);
    tcg_gen_gvec_andi(MO_32, GPR(a->rt), GPR(a->rt), 1, 16, 16);
    return true;
}

/* Borrow generate: 1 where there is none */
static bool trans_bg(DisasContext *ctx, arg_rr *a)
{
    tcg_gen_gvec_cmp(TCG_COND_GEU, MO_32, GPR(a->rt), GPR(a->rb),
                     GPR(a->ra), 16, 16);
    tcg_gen_gvec_andi(MO_32, GPR(a->rt), GPR(a->rt), 1, 16, 16);
    return true;
}

TRANS_RR(mpy)
TRANS_RR(mpyu)
TRANS_RI(mpyi, mpy)
TRANS_RI(mpyui, mpyu)
TRANS_RRR(mpya)
TRANS_RR(mpyh)
TRANS_RR(mpys)
TRANS_RR(mpyhh)
TRANS_RR(mpyhha)
TRANS_RR(mpyhhu)
TRANS_RR(mpyhhau)
TRANS_R(clz)
TRANS_R(cntb)
TRANS_R(fsmb)
TRANS_R(fsmh)
TRANS_R(fsm)
TRANS_R(gbb)
TRANS_R(gbh)
TRANS_R(gb)
TRANS_RR(avgb)
TRANS_RR(absdb)
TRANS_RR(sumb)

/* Extend the sign of the right half of every element. */
static bool gen_extend_sign(unsigned vece, arg_r *a)
{
    tcg_gen_gvec_shli(vece, GPR(a->rt), GPR(a->ra), 4 << vece, 16, 16);
    tcg_gen_gvec_sari(vece, GPR(a->rt), GPR(a->rt), 4 << vece, 16, 16);
    return true;
}

static bool trans_xsbh(DisasContext *ctx, arg_r *a)
{
    return gen_extend_sign(MO_16, a);
}

static bool trans_xshw(DisasContext *ctx, arg_r *a)
{
    return gen_extend_sign(MO_32, a);
}

static bool trans_xswd(DisasContext *ctx, arg_r *a)
{
    return gen_extend_sign(MO_64, a);
}

TRANS_VEC_RR(and, and, MO_64)
TRANS_VEC_RR(andc, andc, MO_64)
TRANS_VEC_RI(andbi, andi, MO_8)
TRANS_VEC_RI(andhi, andi, MO_16)
TRANS_VEC_RI(andi, andi, MO_32)
TRANS_VEC_RR(or, or, MO_64)
TRANS_VEC_RR(orc, orc, MO_64)
TRANS_VEC_RI(orbi, ori, MO_8)
TRANS_VEC_RI(orhi, ori, MO_16)
TRANS_VEC_RI(ori, ori, MO_32)
TRANS_R(orx)
TRANS_VEC_RR(xor, xor, MO_64)
TRANS_VEC_RI(xorbi, xori, MO_8)
TRANS_VEC_RI(xorhi, xori, MO_16)
TRANS_VEC_RI(xori, xori, MO_32)
TRANS_VEC_RR(nand, nand, MO_64)
TRANS_VEC_RR(nor, nor, MO_64)
TRANS_VEC_RR(eqv, eqv, MO_64)

static bool trans_selb(DisasContext *ctx, arg_rrr *a)
{
    tcg_gen_gvec_bitsel(MO_64, GPR(a->rt), GPR(a->rc), GPR(a->rb),
                        GPR(a->ra), 16, 16);
    return true;
}

TRANS_RRR(shufb)

/* Shift and rotate */

TRANS_RR(shlh)
TRANS_VEC_SHIFT(shlhi, shli, MO_16, a->imm)
TRANS_RR(shl)
TRANS_VEC_SHIFT(shli, shli, MO_32, a->imm)
TRANS_RR(roth)
TRANS_VEC_ROTATE(rothi, MO_16)
TRANS_VEC_RR(rot, rotlv, MO_32)
TRANS_VEC_ROTATE(roti, MO_32)
TRANS_RR(rothm)
TRANS_VEC_SHIFT(rothmi, shri, MO_16, -a->imm)
TRANS_RR(rotm)
TRANS_VEC_SHIFT(rotmi, shri, MO_32, -a->imm)
TRANS_RR(rotmah)
TRANS_VEC_SHIFT_ALGEBRAIC(rotmahi, MO_16)
TRANS_RR(rotma)
TRANS_VEC_SHIFT_ALGEBRAIC(rotmai, MO_32)

TRANS_RR(shlqbi)
TRANS_RR(shlqby)
TRANS_RR(shlqbybi)
TRANS_RR(rotqbi)
TRANS_RR(rotqbybi)
TRANS_RR(rotqmbi)
TRANS_RR(rotqmby)
TRANS_RR(rotqmbybi)

static void gen_load_quad(TCGv_i64 *q, int n)
{
    for (int i = 0; i < 2; i++) {
        q[i] = tcg_temp_new_i64();
        tcg_gen_ld_i64(q[i], tcg_env, GPR_D(n, i));
    }
}

/* The 128 bits that start at bit @n of the doublewords of @q (three) */
static bool gen_store_funnel(int rt, TCGv_i64 *q, unsigned n)
{
    for (int i = 0; i < 2; i++) {
        TCGv_i64 t = q[i];

        if (n) {
            t = tcg_temp_new_i64();
            tcg_gen_extract2_i64(t, q[i + 1], q[i], 64 - n);
        }
        tcg_gen_st_i64(t, tcg_env, GPR_D(rt, i));
    }
    return true;
}

static bool gen_rotate_left(arg_ri *a, unsigned n)
{
    TCGv_i64 q[2];

    gen_load_quad(q, a->ra);
    return gen_store_funnel(a->rt,
                            n < 64 ? (TCGv_i64[]) { q[0], q[1], q[0] }
                                   : (TCGv_i64[]) { q[1], q[0], q[1] },
                            n % 64);
}

static bool gen_shift_left(arg_ri *a, unsigned n)
{
    TCGv_i64 zero = tcg_constant_i64(0);
    TCGv_i64 q[2];

    if (n >= 128) {
        return gen_dup(MO_64, a->rt, 0);
    }
    gen_load_quad(q, a->ra);
    return gen_store_funnel(a->rt,
                            n < 64 ? (TCGv_i64[]) { q[0], q[1], zero }
                                   : (TCGv_i64[]) { q[1], zero, zero },
                            n % 64);
}

static bool gen_shift_right(arg_ri *a, unsigned n)
{
    TCGv_i64 zero = tcg_constant_i64(0);
    TCGv_i64 q[2];

    if (n >= 128) {
        return gen_dup(MO_64, a->rt, 0);
    }
    gen_load_quad(q, a->ra);
    /* With 128 bits of zeros before it, to the left by 128 - n */
    n = 128 - n;
    return gen_store_funnel(a->rt,
                            n == 128 ? (TCGv_i64[]) { q[0], q[1], zero } :
                            n < 64 ? (TCGv_i64[]) { zero, zero, q[0] }
                                   : (TCGv_i64[]) { zero, q[0], q[1] },
                            n % 64);
}

static bool trans_shlqbii(DisasContext *ctx, arg_ri *a)
{
    return gen_shift_left(a, a->imm & 7);
}

static bool trans_shlqbyi(DisasContext *ctx, arg_ri *a)
{
    return gen_shift_left(a, (a->imm & 0x1f) * 8);
}

static bool trans_rotqbii(DisasContext *ctx, arg_ri *a)
{
    return gen_rotate_left(a, a->imm & 7);
}

static bool trans_rotqbyi(DisasContext *ctx, arg_ri *a)
{
    return gen_rotate_left(a, (a->imm & 0xf) * 8);
}

static bool trans_rotqmbii(DisasContext *ctx, arg_ri *a)
{
    return gen_shift_right(a, -a->imm & 7);
}

static bool trans_rotqmbyi(DisasContext *ctx, arg_ri *a)
{
    return gen_shift_right(a, (-a->imm & 0x1f) * 8);
}

/* How a scalar is brought from its place in memory to the preferred slot */
static bool trans_rotqby(DisasContext *ctx, arg_rr *a)
{
    TCGv_i64 n = tcg_temp_new_i64();
    TCGv_i64 swap = tcg_temp_new_i64();
    TCGv_i64 rest = tcg_temp_new_i64();
    TCGv_i64 zero = tcg_constant_i64(0);
    TCGv_i64 q[2], r[2], t[2];

    gen_load_quad(q, a->ra);
    tcg_gen_ld32u_i64(n, tcg_env, GPR_W(a->rb, 0));
    tcg_gen_andi_i64(swap, n, 8);
    tcg_gen_shli_i64(n, n, 3);
    tcg_gen_andi_i64(n, n, 56);
    /* By 64 - n in two steps, because n may be 0 */
    tcg_gen_xori_i64(rest, n, 63);
    for (int i = 0; i < 2; i++) {
        r[i] = tcg_temp_new_i64();
        tcg_gen_movcond_i64(TCG_COND_EQ, r[i], swap, zero, q[i], q[!i]);
    }
    for (int i = 0; i < 2; i++) {
        t[i] = tcg_temp_new_i64();
        tcg_gen_shri_i64(t[i], r[!i], 1);
        tcg_gen_shr_i64(t[i], t[i], rest);
        tcg_gen_shl_i64(q[i], r[i], n);
        tcg_gen_or_i64(q[i], q[i], t[i]);
        tcg_gen_st_i64(q[i], tcg_env, GPR_D(a->rt, i));
    }
    return true;
}

/* Compare and halt */

TRANS_VEC_COMPARE(ceqb, TCG_COND_EQ, MO_8)
TRANS_VEC_COMPARE(ceqh, TCG_COND_EQ, MO_16)
TRANS_VEC_COMPARE(ceq, TCG_COND_EQ, MO_32)
TRANS_VEC_COMPARE(cgtb, TCG_COND_GT, MO_8)
TRANS_VEC_COMPARE(cgth, TCG_COND_GT, MO_16)
TRANS_VEC_COMPARE(cgt, TCG_COND_GT, MO_32)
TRANS_VEC_COMPARE(clgtb, TCG_COND_GTU, MO_8)
TRANS_VEC_COMPARE(clgth, TCG_COND_GTU, MO_16)
TRANS_VEC_COMPARE(clgt, TCG_COND_GTU, MO_32)

static bool gen_halt_if(DisasContext *ctx, TCGCond cond, int ra, TCGv_i32 y)
{
    TCGLabel *over = gen_new_label();

    tcg_gen_brcond_i32(tcg_invert_cond(cond), gen_preferred(ra), y, over);
    gen_exit(ctx, SPU_EXIT_HALT, 0);
    gen_set_label(over);
    /* The helper must be its block's last instruction. */
    gen_goto(ctx, 0, ctx->next);
    return true;
}

#define TRANS_HALT(name, cond)                                          \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    return gen_halt_if(ctx, cond, a->ra, gen_preferred(a->rb));         \
}                                                                       \
static bool trans_##name##i(DisasContext *ctx, arg_ri *a)               \
{                                                                       \
    return gen_halt_if(ctx, cond, a->ra, tcg_constant_i32(a->imm));     \
}

TRANS_HALT(heq, TCG_COND_EQ)
TRANS_HALT(hgt, TCG_COND_GT)
TRANS_HALT(hlgt, TCG_COND_GTU)

/* Branch */

static bool trans_br(DisasContext *ctx, arg_i *a)
{
    gen_goto(ctx, 0, ctx->pc + a->imm * 4);
    return true;
}

static bool trans_bra(DisasContext *ctx, arg_i *a)
{
    gen_goto(ctx, 0, a->imm * 4);
    return true;
}

static bool trans_brsl(DisasContext *ctx, arg_i *a)
{
    gen_set_preferred(a->rt, ctx->next);
    return trans_br(ctx, a);
}

static bool trans_brasl(DisasContext *ctx, arg_i *a)
{
    gen_set_preferred(a->rt, ctx->next);
    return trans_bra(ctx, a);
}

/* To @target, with the interrupt enabled or disabled as @a says */
static void gen_branch_indirect(DisasContext *ctx, arg_bi *a,
                                TCGv_i32 target)
{
    if (a->d != a->e) {
        translator_io_start(&ctx->base);
        gen_set_pc(ctx->pc);
        gen_helper_spu_branch_enable(tcg_env, target, tcg_constant_i32(a->e));
    } else {
        /* Both at once are reserved, and change nothing. */
        gen_set_pc_var(target);
    }
    gen_goto_pc(ctx);
}

/* A branch to @label is one that is not taken. */
static bool gen_not_taken(DisasContext *ctx, TCGLabel *label)
{
    gen_set_label(label);
    gen_goto(ctx, 1, ctx->next);
    return true;
}

/* Conditions test the preferred slot: its word, or its halfword (1). */
#define TRANS_BRANCH_IF(name, cond, ld, element)                        \
static TCGLabel *gen_unless_##name(int rt)                              \
{                                                                       \
    TCGLabel *over = gen_new_label();                                   \
    TCGv_i32 t = tcg_temp_new_i32();                                    \
                                                                        \
    tcg_gen_##ld##_i32(t, tcg_env, element);                            \
    tcg_gen_brcondi_i32(tcg_invert_cond(cond), t, 0, over);             \
    return over;                                                        \
}                                                                       \
static bool trans_br##name(DisasContext *ctx, arg_i *a)                 \
{                                                                       \
    TCGLabel *over = gen_unless_##name(a->rt);                          \
                                                                        \
    gen_goto(ctx, 0, ctx->pc + a->imm * 4);                             \
    return gen_not_taken(ctx, over);                                    \
}                                                                       \
static bool trans_bi##name(DisasContext *ctx, arg_bi *a)                \
{                                                                       \
    TCGLabel *over = gen_unless_##name(a->rt);                          \
                                                                        \
    gen_branch_indirect(ctx, a, gen_preferred(a->ra));                  \
    return gen_not_taken(ctx, over);                                    \
}

TRANS_BRANCH_IF(z, TCG_COND_EQ, ld, GPR_W(rt, 0))
TRANS_BRANCH_IF(nz, TCG_COND_NE, ld, GPR_W(rt, 0))
TRANS_BRANCH_IF(hz, TCG_COND_EQ, ld16u, GPR_H(rt, 1))
TRANS_BRANCH_IF(hnz, TCG_COND_NE, ld16u, GPR_H(rt, 1))

static bool trans_bi(DisasContext *ctx, arg_bi *a)
{
    gen_branch_indirect(ctx, a, gen_preferred(a->ra));
    return true;
}

static bool trans_iret(DisasContext *ctx, arg_bi *a)
{
    TCGv_i32 target = tcg_temp_new_i32();

    gen_helper_spu_srr0(target, tcg_env);
    gen_branch_indirect(ctx, a, target);
    return true;
}

static bool trans_bisl(DisasContext *ctx, arg_bi *a)
{
    TCGv_i32 target = gen_preferred(a->ra);

    gen_set_preferred(a->rt, ctx->next);
    gen_branch_indirect(ctx, a, target);
    return true;
}

/* ... if external data: if an event is pending, enabled in the event mask */
static bool trans_bisled(DisasContext *ctx, arg_bi *a)
{
    TCGLabel *over = gen_new_label();
    TCGv_i32 pending = tcg_temp_new_i32();
    TCGv_i32 target = gen_preferred(a->ra);

    gen_helper_spu_event_pending(pending, tcg_env);
    gen_set_preferred(a->rt, ctx->next);
    tcg_gen_brcondi_i32(TCG_COND_EQ, pending, 0, over);
    gen_branch_indirect(ctx, a, target);
    return gen_not_taken(ctx, over);
}

/* Floating point */

#define TRANS_FP_R(name)                                                \
static bool trans_##name(DisasContext *ctx, arg_r *a)                   \
{                                                                       \
    gen_helper_spu_##name(tcg_env, PTR(a->rt), PTR(a->ra));             \
    return true;                                                        \
}

#define TRANS_FP_RR(name)                                               \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    gen_helper_spu_##name(tcg_env, PTR(a->rt), PTR(a->ra), PTR(a->rb)); \
    return true;                                                        \
}

#define TRANS_FP_RRR(name)                                              \
static bool trans_##name(DisasContext *ctx, arg_rrr *a)                 \
{                                                                       \
    gen_helper_spu_##name(tcg_env, PTR(a->rt), PTR(a->ra), PTR(a->rb),  \
                          PTR(a->rc));                                  \
    return true;                                                        \
}

/* The immediate is a parameter of the operation. */
#define TRANS_FP_RI(name)                                               \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    gen_helper_spu_##name(PTR(a->rt), PTR(a->ra),                       \
                          tcg_constant_i32(a->imm));                    \
    return true;                                                        \
}

#include "spu_trans_fp.c.inc"

static bool trans_fscrwr(DisasContext *ctx, arg_r *a)
{
    gen_helper_spu_fscrwr(tcg_env, PTR(a->ra));
    return true;
}

static bool trans_fscrrd(DisasContext *ctx, arg_r *a)
{
    gen_helper_spu_fscrrd(tcg_env, PTR(a->rt));
    return true;
}

#define TRANS_NOP(name)                                                 \
static bool trans_##name(DisasContext *ctx, arg_##name *a)              \
{                                                                       \
    return true;                                                        \
}

TRANS_NOP(hbr)
TRANS_NOP(hbra)
TRANS_NOP(hbrr)
TRANS_NOP(lnop)
TRANS_NOP(nop)
TRANS_NOP(dsync)

/* Control */

/* What follows may have been modified: it is for another block. */
static bool trans_sync(DisasContext *ctx, arg_sync *a)
{
    gen_goto(ctx, 0, ctx->next);
    return true;
}

static bool trans_stop(DisasContext *ctx, arg_stop *a)
{
    gen_exit(ctx, SPU_EXIT_STOP, a->code);
    return true;
}

/* Stop with dependencies, for breakpoints: its signal type is all ones. */
static bool trans_stopd(DisasContext *ctx, arg_stopd *a)
{
    gen_exit(ctx, SPU_EXIT_STOP, 0x3fff);
    return true;
}

/* The Cell has no special-purpose registers: they read as zero. */
static bool trans_mfspr(DisasContext *ctx, arg_r *a)
{
    return gen_dup(MO_64, a->rt, 0);
}

TRANS_NOP(mtspr)

/*
 * Channel
 *
 * The instruction's helper leaves the program counter where execution goes
 * on, and may have changed anything: DMA, code, the SPU's interrupt.
 */
#define TRANS_CHANNEL(name)                                             \
static bool trans_##name(DisasContext *ctx, arg_ch *a)                  \
{                                                                       \
    translator_io_start(&ctx->base);                                    \
    gen_set_pc(ctx->pc);                                                \
    gen_helper_spu_##name(tcg_env, tcg_constant_i32(ctx->insn));        \
    gen_goto_pc(ctx);                                                   \
    return true;                                                        \
}

TRANS_CHANNEL(rdch)
TRANS_CHANNEL(rchcnt)
TRANS_CHANNEL(wrch)

/* The translator */

static void spu_tr_init_disas_context(DisasContextBase *base, CPUState *cs)
{
    DisasContext *ctx = container_of(base, DisasContext, base);
    int bound = -(base->pc_first | TARGET_PAGE_MASK) / 4;

    ctx->single_step = base->tb->flags & SPU_HFLAG_SINGLE_STEP;
    base->max_insns = ctx->single_step ? 1 : MIN(base->max_insns, bound);
}

static void spu_tr_tb_start(DisasContextBase *base, CPUState *cs)
{
}

static void spu_tr_insn_start(DisasContextBase *base, CPUState *cs)
{
    tcg_gen_insn_start(base->pc_next);
}

static void spu_tr_translate_insn(DisasContextBase *base, CPUState *cs)
{
    DisasContext *ctx = container_of(base, DisasContext, base);

    ctx->pc = base->pc_next;
    ctx->next = (ctx->pc + 4) & SPU_LS_MASK;
    ctx->insn = translator_ldl(cpu_env(cs), base, ctx->pc);
    base->pc_next += 4;
    if (!spu_decode(ctx, ctx->insn)) {
        gen_exit(ctx, SPU_EXIT_INVALID_INSN, ctx->insn);
    }
}

static void spu_tr_tb_stop(DisasContextBase *base, CPUState *cs)
{
    DisasContext *ctx = container_of(base, DisasContext, base);

    if (base->is_jmp != DISAS_NORETURN) {
        gen_goto(ctx, 0, ctx->next);
    }
}

/* Words only: there is no disassembler to hand. */
static bool spu_tr_disas_log(const DisasContextBase *base, CPUState *cs,
                             FILE *f)
{
    for (vaddr pc = base->pc_first; pc < base->pc_next; pc += 4) {
        uint32_t insn;

        if (!translator_st(base, &insn, pc, 4)) {
            break;
        }
        fprintf(f, "0x%05" VADDR_PRIx ":  %08x\n", pc, be32_to_cpu(insn));
    }
    return true;
}

static const TranslatorOps spu_translator_ops = {
    .init_disas_context = spu_tr_init_disas_context,
    .tb_start = spu_tr_tb_start,
    .insn_start = spu_tr_insn_start,
    .translate_insn = spu_tr_translate_insn,
    .tb_stop = spu_tr_tb_stop,
    .disas_log = spu_tr_disas_log,
};

void spu_translate_code(CPUState *cs, TranslationBlock *tb, int *max_insns,
                        vaddr pc, void *host_pc)
{
    DisasContext ctx = { };

    translator_loop(cs, tb, max_insns, pc, host_pc, &spu_translator_ops,
                    &ctx.base);
}
