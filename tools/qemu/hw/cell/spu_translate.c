/*
 * Synergistic Processor Unit: translation by TCG
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frequent and simple instructions are translated in line, the others call
 * the interpreter's operations (spu_ops.h).  Registers stay in memory.
 *
 * Loads and stores go straight to local store, which is always RAM.  A map
 * tells which of its quadwords were translated.  A store to one of these is
 * left to QEMU's own machinery, which discards the translations.  It ends the
 * block, so that a program sees its modified instructions at once.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "spu_tcg.h"
#include "exec/log.h"
#include "exec/target_page.h"
#include "exec/translation-block.h"
#include "exec/translator.h"
#include "tcg/tcg-op.h"
#include "tcg/tcg-op-gvec.h"

#include "host/spu-ops.h"
#include "host/spu-vec.h"
#include "hw/cell/spe_regs.h"

#define HELPER_H "hw/cell/spu_helper.h"
#include "exec/helper-proto.h.inc"
#include "exec/helper-gen.h.inc"
#include "exec/helper-info.c.inc"
#undef  HELPER_H

/* Of a load or store: the sum of up to two registers' words and an offset */
typedef struct Address {
    int num_regs;
    int regs[2];
    uint32_t offset;
} Address;

/*
 * Code that is placed after its block: for a store to code, for a channel that
 * cannot be read without the BQL, or for numbers that hosts treat otherwise
 */
typedef struct SlowPath {
    TCGLabel *label;
    uint32_t rdch;          /* the instruction, or 0 */
    uint32_t sp;            /* one of single precision, or 0 */
    Address addr;
    int rt;
    uint32_t pc;            /* of rdch, or what follows the others */
    int num_insns;
} SlowPath;

/* decodetree's name for the context that it passes to trans functions */
typedef struct DisasContext {
    DisasContextBase base;
    uint32_t pc;            /* of the instruction */
    uint32_t next;          /* the one after it */
    uint32_t insn;
    SPUState *spu;
    uint8_t *ls;
    uint32_t ls_mask;       /* of addresses */
    bool single_step;
    bool direct;            /* loads and stores go straight to local store */
    const SPUReg *gpr;      /* as they are before the block */
    uint8_t known;                          /* set by this instruction ... */
    uint8_t regs[SPU_NUM_GPR];              /* and of each register */
    bool usual[SPU_NUM_GPR];                /* numbers that gen_sp() knows */
    unsigned num_slow;
    SlowPath slow[64];
} DisasContext;

/* What is known of a register */
enum {
    /* It is as before the block. */
    REG_UNCHANGED,
    REG_UNKNOWN,
    /* A result of gen_sp() */
    REG_SP,
    /* shufb control: insert an element of 1 << (known - REG_INSERT) bytes */
    REG_INSERT,
    /* ... copy the preferred word to all words */
    REG_SPLAT_W = REG_INSERT + 4,
};

#include "decode-spu.c.inc"

#define ENV_OFFSET(field)   ((int)offsetof(SPUCPU, field) - \
                             (int)offsetof(SPUCPU, env))
#define GPR(n)              (ENV_OFFSET(gpr) + (int)sizeof(SPUReg) * (n))
/* Instructions may be given the temporary as a register. */
#define TMP_GPR             SPU_NUM_GPR
#define TMP                 GPR(TMP_GPR)
QEMU_BUILD_BUG_ON(GPR(0) % 16 || TMP != ENV_OFFSET(tmp));
/* By the architecture's element numbers, like the accessors in spu.h */
#define GPR_B(n, i)         (GPR(n) + ((i) ^ (HOST_BIG_ENDIAN ? 0 : 7)))
#define GPR_H(n, i)         (GPR(n) + ((i) ^ (HOST_BIG_ENDIAN ? 0 : 3)) * 2)
#define GPR_W(n, i)         (GPR(n) + ((i) ^ (HOST_BIG_ENDIAN ? 0 : 1)) * 4)
#define GPR_D(n, i)         (GPR(n) + (i) * 8)

/* Program counter and ends of blocks */

static void gen_set_pc(uint32_t pc)
{
    tcg_gen_st_i64(tcg_constant_i64(pc), tcg_env, offsetof(CPUPPCState, nip));
}

static void gen_set_pc_var(DisasContext *ctx, TCGv_i32 target)
{
    TCGv_i64 pc = tcg_temp_new_i64();

    tcg_gen_extu_i32_i64(pc, target);
    tcg_gen_andi_i64(pc, pc, ctx->ls_mask & ~3);
    tcg_gen_st_i64(pc, tcg_env, offsetof(CPUPPCState, nip));
}

/* Count so many instructions of the block as executed. */
static void gen_count(int insns)
{
    TCGv_i64 n = tcg_temp_new_i64();

    tcg_gen_ld_i64(n, tcg_env, ENV_OFFSET(insns));
    tcg_gen_addi_i64(n, n, insns);
    tcg_gen_st_i64(n, tcg_env, ENV_OFFSET(insns));
}

/* Go on at env.nip, in another block. */
static void gen_goto_counted(DisasContext *ctx)
{
    if (ctx->single_step) {
        gen_helper_spu_single_step(tcg_env);
    } else {
        tcg_gen_lookup_and_goto_ptr();
    }
    ctx->base.is_jmp = DISAS_NORETURN;
}

static void gen_goto_pc(DisasContext *ctx)
{
    gen_count(ctx->base.num_insns);
    gen_goto_counted(ctx);
}

static bool can_chain(DisasContext *ctx, uint32_t target)
{
    return !ctx->single_step &&
           translator_use_goto_tb(&ctx->base, target & ctx->ls_mask & ~3);
}

static void gen_goto(DisasContext *ctx, int slot, uint32_t target)
{
    bool chain = can_chain(ctx, target);

    target &= ctx->ls_mask & ~3;
    if (chain) {
        gen_count(ctx->base.num_insns);
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
    gen_count(ctx->base.num_insns);
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
    tcg_gen_gvec_2_ool(GPR(a->rt), GPR(a->ra), 16, 16, 0,               \
                       gen_helper_spu_##name);                          \
    return true;                                                        \
}

#define TRANS_RR(name)                                                  \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    tcg_gen_gvec_3_ool(GPR(a->rt), GPR(a->ra), GPR(a->rb), 16, 16, 0,   \
                       gen_helper_spu_##name);                          \
    return true;                                                        \
}

/* Features of the host */

static bool without_rotate;

bool spu_host_without(const char *what, Error **errp)
{
#ifdef __x86_64__
    const unsigned avx512 = CPUINFO_AVX512F | CPUINFO_AVX512VL |
                            CPUINFO_AVX512BW | CPUINFO_AVX512DQ |
                            CPUINFO_AVX512VBMI2;

    if (!strcmp(what, "avx512")) {
        cpuinfo &= ~avx512;
        return true;
    }
    if (!strcmp(what, "avx2")) {
        cpuinfo &= ~(avx512 | CPUINFO_AVX2);
        return true;
    }
    if (!strcmp(what, "vectors")) {
        cpuinfo &= ~(avx512 | CPUINFO_AVX2 | CPUINFO_AVX1);
        return true;
    }
#endif
    if (!strcmp(what, "rotate")) {
        without_rotate = true;
        return true;
    }
    error_setg(errp, "this host has no feature '%s' to do without", what);
    return false;
}

static bool have_vec(void)
{
    return tcg_op_supported(INDEX_op_mov_vec, TCG_TYPE_V128, 0);
}

/* For gen_swap_vec(): by bytes, or by rotation */
static bool have_swap(void)
{
    static const TCGOpcode ops[] = { INDEX_op_rotli_vec, 0 };

    if (HOST_BIG_ENDIAN) {
        return true;
    }
    if (HAVE_HOST_SPU_SHUFB) {
        return !without_rotate;
    }
    for (unsigned vece = MO_16; vece <= MO_64; vece++) {
        if (!tcg_can_emit_vecop_list(ops, TCG_TYPE_V128, vece)) {
            return false;
        }
    }
    return !without_rotate;
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

/*
 * By gen_@name_vec(), if the host has the optional operations that are listed,
 * otherwise by the helper
 */
#define TRANS_VEC_OPS(name, vece_, load_dest_, ...)                     \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    static const TCGOpcode ops[] = { __VA_ARGS__ };                     \
    static const GVecGen3 g = {                                         \
        .fniv = gen_##name##_vec,                                       \
        .fno = gen_helper_spu_##name,                                   \
        .opt_opc = ops,                                                 \
        .vece = vece_,                                                  \
        .load_dest = load_dest_,                                        \
    };                                                                  \
                                                                        \
    tcg_gen_gvec_3(GPR(a->rt), GPR(a->ra), GPR(a->rb), 16, 16, &g);     \
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
 * Shifts by an immediate.  It is taken modulo twice the width, and a count of
 * the width or more shifts everything out.  "Rotate and mask" is to the right,
 * by the negated count.
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

static void gen_load_quad(TCGv_i64 *q, int n)
{
    for (int i = 0; i < 2; i++) {
        q[i] = tcg_temp_new_i64();
        tcg_gen_ld_i64(q[i], tcg_env, GPR_D(n, i));
    }
}

/*
 * In one piece, if possible: a vector operation that reads two stores at once
 * would have to wait until they have left the host's store queue.
 */
static bool gen_store_quad(int rt, TCGv_i64 *q)
{
    if (have_vec()) {
        TCGv_vec mask = tcg_temp_new_vec(TCG_TYPE_V128);
        TCGv_vec d[2];

        for (int i = 0; i < 2; i++) {
            d[i] = tcg_temp_new_vec(TCG_TYPE_V128);
            tcg_gen_dup_i64_vec(MO_64, d[i], q[i]);
        }
        tcg_gen_ld_vec(mask, tcg_env, ENV_OFFSET(left));
        tcg_gen_bitsel_vec(MO_64, d[0], mask, d[0], d[1]);
        tcg_gen_st_vec(d[0], tcg_env, GPR(rt));
    } else {
        for (int i = 0; i < 2; i++) {
            tcg_gen_st_i64(q[i], tcg_env, GPR_D(rt, i));
        }
    }
    return true;
}

/* Memory: load and store */

#define ACCESS      (MO_128 | MO_BE | MO_ALIGN | MO_ATOM_NONE)

static void gen_swap_quad(TCGv_i64 *q)
{
    if (!HOST_BIG_ENDIAN) {
        for (int i = 0; i < 2; i++) {
            tcg_gen_bswap64_i64(q[i], q[i]);
        }
    }
}

static TCGv_vec gen_load_vec(int offset)
{
    TCGv_vec t = tcg_temp_new_vec(TCG_TYPE_V128);

    tcg_gen_ld_vec(t, tcg_env, offset);
    return t;
}

/* The same for a register's two doublewords */
static void gen_swap_vec(TCGv_vec v)
{
    if (HAVE_HOST_SPU_SHUFB) {
        gen_host_pshufb(v, v, gen_load_vec(ENV_OFFSET(numbers)));
    } else if (!HOST_BIG_ENDIAN) {
        tcg_gen_rotli_vec(MO_16, v, v, 8);
        tcg_gen_rotli_vec(MO_32, v, v, 16);
        tcg_gen_rotli_vec(MO_64, v, v, 32);
    }
}

static TCGv_i64 gen_addr(DisasContext *ctx, const Address *a)
{
    uint32_t mask = ctx->ls_mask & ~15;
    TCGv_i64 addr, t;

    if (!a->num_regs) {
        return tcg_constant_i64(a->offset & mask);
    }
    addr = tcg_temp_new_i64();
    tcg_gen_ld32u_i64(addr, tcg_env, GPR_W(a->regs[0], 0));
    if (a->num_regs == 2) {
        t = tcg_temp_new_i64();
        tcg_gen_ld32u_i64(t, tcg_env, GPR_W(a->regs[1], 0));
        tcg_gen_add_i64(addr, addr, t);
    }
    tcg_gen_addi_i64(addr, addr, (int32_t)a->offset);
    tcg_gen_andi_i64(addr, addr, mask);
    return addr;
}

/* The host's address for @addr in this SPU's local store */
static TCGv_ptr gen_host_addr(DisasContext *ctx, TCGv_i64 addr)
{
    TCGv_ptr p = tcg_temp_new_ptr();

    tcg_gen_trunc_i64_ptr(p, addr);
    tcg_gen_add_ptr(p, p, tcg_constant_ptr(ctx->ls));
    return p;
}

static bool gen_load(DisasContext *ctx, int rt, Address a)
{
    TCGv_i64 addr = gen_addr(ctx, &a);
    TCGv_i64 q[2];

    if (ctx->direct && have_vec() && have_swap()) {
        TCGv_vec v = tcg_temp_new_vec(TCG_TYPE_V128);

        tcg_gen_ld_vec(v, gen_host_addr(ctx, addr), 0);
        gen_swap_vec(v);
        tcg_gen_st_vec(v, tcg_env, GPR(rt));
        return true;
    }
    for (int i = 0; i < 2; i++) {
        q[i] = tcg_temp_new_i64();
    }
    if (ctx->direct) {
        TCGv_ptr p = gen_host_addr(ctx, addr);

        for (int i = 0; i < 2; i++) {
            tcg_gen_ld_i64(q[i], p, i * 8);
        }
        gen_swap_quad(q);
    } else {
        TCGv_i128 val = tcg_temp_new_i128();

        tcg_gen_qemu_ld_i128(val, addr, 0, ACCESS);
        tcg_gen_extr_i128_i64(q[1], q[0], val);
    }
    return gen_store_quad(rt, q);
}

static TCGLabel *add_slow_path(DisasContext *ctx, SlowPath s)
{
    s.label = gen_new_label();
    s.num_insns = ctx->base.num_insns;
    ctx->slow[ctx->num_slow++] = s;
    if (ctx->num_slow == ARRAY_SIZE(ctx->slow)) {
        ctx->base.is_jmp = DISAS_TOO_MANY;
    }
    return s.label;
}

static bool gen_store(DisasContext *ctx, int rt, Address a)
{
    TCGv_i64 addr = gen_addr(ctx, &a);
    TCGv_i32 slow = tcg_temp_new_i32();
    TCGv_ptr p = tcg_temp_new_ptr();
    TCGv_i64 line = tcg_temp_new_i64();
    TCGv_i64 q[2];
    TCGLabel *label;

    if (!ctx->direct) {
        TCGv_i128 val = tcg_temp_new_i128();

        gen_load_quad(q, rt);
        tcg_gen_concat_i64_i128(val, q[1], q[0]);
        tcg_gen_qemu_st_i128(val, addr, 0, ACCESS);
        gen_goto(ctx, 0, ctx->next);
        return true;
    }

    /* Has the quadword been translated? */
    tcg_gen_shri_i64(line, addr, 4);
    tcg_gen_trunc_i64_ptr(p, line);
    tcg_gen_add_ptr(p, p, tcg_env);
    tcg_gen_ld8u_i32(slow, p, ENV_OFFSET(code));
    label = add_slow_path(ctx, (SlowPath) {
        .addr = a, .rt = rt, .pc = ctx->next
    });
    tcg_gen_brcondi_i32(TCG_COND_NE, slow, 0, label);

    p = gen_host_addr(ctx, addr);
    if (have_vec() && have_swap()) {
        TCGv_vec v = gen_load_vec(GPR(rt));

        gen_swap_vec(v);
        tcg_gen_st_vec(v, p, 0);
        return true;
    }
    gen_load_quad(q, rt);
    gen_swap_quad(q);
    for (int i = 0; i < 2; i++) {
        tcg_gen_st_i64(q[i], p, i * 8);
    }
    return true;
}

static void gen_slow_paths(DisasContext *ctx)
{
    ctx->direct = false;    /* single precision by helpers */
    for (int i = 0; i < ctx->num_slow; i++) {
        SlowPath *s = &ctx->slow[i];

        gen_set_label(s->label);
        if (s->sp) {
            spu_decode(ctx, s->sp);
        } else if (!s->rdch) {
            gen_helper_spu_store(tcg_env, gen_addr(ctx, &s->addr), PTR(s->rt));
        }
        gen_set_pc(s->pc);
        gen_count(s->num_insns);
        if (s->rdch) {
            gen_helper_spu_rdch(tcg_env, tcg_constant_i32(s->rdch));
        }
        gen_goto_counted(ctx);
    }
}

#define TRANS_ACCESS(suffix, type, ...)                                 \
static bool trans_lq##suffix(DisasContext *ctx, type *a)                \
{                                                                       \
    return gen_load(ctx, a->rt, (Address) { __VA_ARGS__ });             \
}                                                                       \
static bool trans_stq##suffix(DisasContext *ctx, type *a)               \
{                                                                       \
    return gen_store(ctx, a->rt, (Address) { __VA_ARGS__ });            \
}

TRANS_ACCESS(d, arg_ri, 1, { a->ra }, a->imm * 16)
TRANS_ACCESS(x, arg_rr, 2, { a->ra, a->rb })
TRANS_ACCESS(a, arg_i, 0, { }, a->imm * 4)
TRANS_ACCESS(r, arg_i, 0, { }, ctx->pc + a->imm * 4)

/*
 * Controls for the insertion of an element with shufb: the address selects one
 * from a table.
 */
static bool gen_control(DisasContext *ctx, int rt, unsigned vece, TCGv_i32 addr)
{
    TCGv_ptr p = tcg_temp_new_ptr();
    intptr_t table = ENV_OFFSET(insertion[vece]);

    tcg_gen_andi_i32(addr, addr, 15);
    tcg_gen_shli_i32(addr, addr, 4);
    tcg_gen_ext_i32_ptr(p, addr);
    tcg_gen_add_ptr(p, p, tcg_env);
    if (have_vec()) {
        TCGv_vec t = tcg_temp_new_vec(TCG_TYPE_V128);

        tcg_gen_ld_vec(t, p, table);
        tcg_gen_st_vec(t, tcg_env, GPR(rt));
    } else {
        TCGv_i64 t = tcg_temp_new_i64();

        for (int i = 0; i < 16; i += 8) {
            tcg_gen_ld_i64(t, p, table + i);
            tcg_gen_st_i64(t, tcg_env, GPR(rt) + i);
        }
    }
    ctx->known = REG_INSERT + vece;
    return true;
}

#define TRANS_CONTROL(name, vece)                                       \
static bool trans_##name##d(DisasContext *ctx, arg_ri *a)               \
{                                                                       \
    TCGv_i32 addr = gen_preferred(a->ra);                               \
                                                                        \
    tcg_gen_addi_i32(addr, addr, a->imm);                               \
    return gen_control(ctx, a->rt, vece, addr);                         \
}                                                                       \
static bool trans_##name##x(DisasContext *ctx, arg_rr *a)               \
{                                                                       \
    TCGv_i32 addr = gen_preferred(a->ra);                               \
                                                                        \
    tcg_gen_add_i32(addr, addr, gen_preferred(a->rb));                  \
    return gen_control(ctx, a->rt, vece, addr);                         \
}

TRANS_CONTROL(cb, MO_8)
TRANS_CONTROL(ch, MO_16)
TRANS_CONTROL(cw, MO_32)
TRANS_CONTROL(cd, MO_64)

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
    if (a->imm == 0x10203) {
        ctx->known = REG_SPLAT_W;
    }
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
    TCGv_i64 q[2];

    for (int i = 0; i < 2; i++) {
        uint64_t mask = 0;

        for (int bit = 0; bit < 8; bit++) {
            if (a->imm & (0x8000 >> (8 * i + bit))) {
                mask |= 0xffULL << (56 - 8 * bit);
            }
        }
        q[i] = tcg_constant_i64(mask);
    }
    return gen_store_quad(a->rt, q);
}

/* Integer and logical */

TRANS_VEC_RR(ah, add, MO_16)
TRANS_VEC_RI(ahi, addi, MO_16)
TRANS_VEC_RR(a, add, MO_32)
TRANS_VEC_RI(ai, addi, MO_32)
TRANS_VEC_SF(sfh, MO_16)
TRANS_VEC_SF(sf, MO_32)

/* @d = @a + @b + carry, where the carry is the last bit of @d */
static void gen_add_carry_vec(unsigned vece, TCGv_vec d, TCGv_vec a,
                              TCGv_vec b)
{
    tcg_gen_and_vec(vece, d, d, tcg_constant_vec_matching(d, vece, 1));
    tcg_gen_add_vec(vece, d, d, a);
    tcg_gen_add_vec(vece, d, d, b);
}

/* Its carry, from the last column on the left: majority of a, b and not sum */
static void gen_carry_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec both = tcg_temp_new_vec_matching(d);
    TCGv_vec any = tcg_temp_new_vec_matching(d);

    gen_add_carry_vec(vece, d, a, b);
    tcg_gen_and_vec(vece, both, a, b);
    tcg_gen_or_vec(vece, any, a, b);
    tcg_gen_andc_vec(vece, any, any, d);
    tcg_gen_or_vec(vece, d, both, any);
    tcg_gen_shri_vec(vece, d, d, 31);
}

/* b - a is b + ~a + 1; a borrow is a carry that is missing. */
static void gen_sfx_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec t = tcg_temp_new_vec_matching(d);

    tcg_gen_not_vec(vece, t, a);
    gen_add_carry_vec(vece, d, t, b);
}

static void gen_bgx_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec t = tcg_temp_new_vec_matching(d);

    tcg_gen_not_vec(vece, t, a);
    gen_carry_vec(vece, d, t, b);
}

#define gen_addx_vec    gen_add_carry_vec
#define gen_cgx_vec     gen_carry_vec

TRANS_VEC_OPS(addx, MO_32, true, 0)
TRANS_VEC_OPS(cgx, MO_32, true, INDEX_op_shri_vec, 0)
TRANS_VEC_OPS(sfx, MO_32, true, 0)
TRANS_VEC_OPS(bgx, MO_32, true, INDEX_op_shri_vec, 0)

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

/* Products of halfwords */

typedef void GenHalf(unsigned, TCGv_vec, TCGv_vec);

static void gen_low(unsigned vece, TCGv_vec d, TCGv_vec a)
{
    tcg_gen_shli_vec(vece, d, a, 16);
    tcg_gen_sari_vec(vece, d, d, 16);
}

static void gen_low_u(unsigned vece, TCGv_vec d, TCGv_vec a)
{
    tcg_gen_and_vec(vece, d, a, tcg_constant_vec_matching(d, vece, 0xffff));
}

static void gen_high(unsigned vece, TCGv_vec d, TCGv_vec a)
{
    tcg_gen_sari_vec(vece, d, a, 16);
}

static void gen_high_u(unsigned vece, TCGv_vec d, TCGv_vec a)
{
    tcg_gen_shri_vec(vece, d, a, 16);
}

static void gen_product(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b,
                        GenHalf *half)
{
    TCGv_vec t = tcg_temp_new_vec_matching(d);
    TCGv_vec u = tcg_temp_new_vec_matching(d);

    half(vece, t, a);
    half(vece, u, b);
    tcg_gen_mul_vec(vece, d, t, u);
}

#define MPY(name, half)                                                 \
static void gen_##name##_vec(unsigned vece, TCGv_vec d, TCGv_vec a,     \
                             TCGv_vec b)                                \
{                                                                       \
    gen_product(vece, d, a, b, half);                                   \
}                                                                       \
TRANS_VEC_OPS(name, MO_32, false, INDEX_op_mul_vec, INDEX_op_shli_vec,  \
              INDEX_op_shri_vec, INDEX_op_sari_vec, 0)

#define MPY_ADD(name, half)                                             \
static void gen_##name##_vec(unsigned vece, TCGv_vec d, TCGv_vec a,     \
                             TCGv_vec b)                                \
{                                                                       \
    TCGv_vec t = tcg_temp_new_vec_matching(d);                          \
                                                                        \
    gen_product(vece, t, a, b, half);                                   \
    tcg_gen_add_vec(vece, d, d, t);                                     \
}                                                                       \
TRANS_VEC_OPS(name, MO_32, true, INDEX_op_mul_vec, INDEX_op_shri_vec,   \
              INDEX_op_sari_vec, 0)

MPY(mpy, gen_low)
MPY(mpyu, gen_low_u)
MPY(mpyhh, gen_high)
MPY(mpyhhu, gen_high_u)
MPY_ADD(mpyhha, gen_high)
MPY_ADD(mpyhhau, gen_high_u)

static void gen_mpys_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    gen_product(vece, d, a, b, gen_low);
    tcg_gen_sari_vec(vece, d, d, 16);
}

/* Only the lower half of the product is left. */
static void gen_mpyh_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec t = tcg_temp_new_vec_matching(d);

    tcg_gen_shri_vec(vece, t, a, 16);
    tcg_gen_mul_vec(vece, d, t, b);
    tcg_gen_shli_vec(vece, d, d, 16);
}

TRANS_VEC_OPS(mpys, MO_32, false, INDEX_op_mul_vec, INDEX_op_shli_vec,
              INDEX_op_sari_vec, 0)
TRANS_VEC_OPS(mpyh, MO_32, false, INDEX_op_mul_vec, INDEX_op_shli_vec,
              INDEX_op_shri_vec, 0)

static bool trans_mpyi(DisasContext *ctx, arg_ri *a)
{
    tcg_gen_gvec_dup_imm(MO_32, TMP, 16, 16, a->imm);
    return trans_mpy(ctx, &(arg_rr) {
        .rt = a->rt, .ra = a->ra, .rb = TMP_GPR
    });
}

static bool trans_mpyui(DisasContext *ctx, arg_ri *a)
{
    tcg_gen_gvec_dup_imm(MO_32, TMP, 16, 16, a->imm);
    return trans_mpyu(ctx, &(arg_rr) {
        .rt = a->rt, .ra = a->ra, .rb = TMP_GPR
    });
}

static void gen_mpya_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b,
                         TCGv_vec c)
{
    TCGv_vec t = tcg_temp_new_vec_matching(d);

    gen_product(vece, t, a, b, gen_low);
    tcg_gen_add_vec(vece, d, t, c);
}

static bool trans_mpya(DisasContext *ctx, arg_rrr *a)
{
    static const TCGOpcode ops[] = {
        INDEX_op_mul_vec, INDEX_op_shli_vec, INDEX_op_sari_vec, 0
    };
    static const GVecGen4 g = {
        .fniv = gen_mpya_vec,
        .fno = gen_helper_spu_mpya,
        .opt_opc = ops,
        .vece = MO_32,
    };

    tcg_gen_gvec_4(GPR(a->rt), GPR(a->ra), GPR(a->rb), GPR(a->rc), 16, 16, &g);
    return true;
}

TRANS_R(clz)
TRANS_R(cntb)
TRANS_R(fsmb)
TRANS_R(fsmh)
TRANS_R(fsm)
TRANS_R(gbb)
TRANS_R(gbh)
TRANS_R(gb)
TRANS_RR(sumb)

/* The average, rounded up: a | b less half of where they differ */
static void gen_avgb_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec t = tcg_temp_new_vec_matching(d);

    tcg_gen_xor_vec(vece, t, a, b);
    tcg_gen_and_vec(vece, t, t, tcg_constant_vec_matching(t, MO_8, 0xfe));
    tcg_gen_shri_vec(MO_16, t, t, 1);
    tcg_gen_or_vec(vece, d, a, b);
    tcg_gen_sub_vec(vece, d, d, t);
}

static void gen_absdb_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec t = tcg_temp_new_vec_matching(d);

    tcg_gen_umin_vec(vece, t, a, b);
    tcg_gen_umax_vec(vece, d, a, b);
    tcg_gen_sub_vec(vece, d, d, t);
}

TRANS_VEC_OPS(avgb, MO_8, false, INDEX_op_shri_vec, 0)
TRANS_VEC_OPS(absdb, MO_8, false, INDEX_op_umin_vec, INDEX_op_umax_vec, 0)

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

static bool trans_orx(DisasContext *ctx, arg_r *a)
{
    TCGv_i64 q[2];

    gen_load_quad(q, a->ra);
    tcg_gen_or_i64(q[0], q[0], q[1]);
    tcg_gen_shli_i64(q[1], q[0], 32);
    tcg_gen_or_i64(q[0], q[0], q[1]);
    tcg_gen_andi_i64(q[0], q[0], 0xffffffff00000000ULL);
    q[1] = tcg_constant_i64(0);
    return gen_store_quad(a->rt, q);
}

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

/* Registers hold the last byte of each doubleword first. */
static void gen_shufb_host(arg_rrr *a)
{
    TCGv_vec c = gen_load_vec(GPR(a->rc));
    TCGv_vec x = gen_load_vec(GPR(a->ra));
    TCGv_vec y = gen_load_vec(GPR(a->rb));
    TCGv_vec special = gen_load_vec(ENV_OFFSET(special));
    TCGv_vec t = tcg_temp_new_vec(TCG_TYPE_V128);

    /* A control whose first bit is set gives 0, and what is in the table. */
    tcg_gen_xor_vec(MO_8, t, c, tcg_constant_vec_matching(c, MO_8, 7));
    gen_host_pshufb(x, x, t);
    gen_host_pshufb(y, y, t);
    /* Bit 4 of each byte becomes its most significant one. */
    tcg_gen_shli_vec(MO_16, t, c, 3);
    tcg_gen_cmp_vec(TCG_COND_LT, MO_8, t, t,
                    tcg_constant_vec_matching(c, MO_8, 0));
    tcg_gen_bitsel_vec(MO_8, x, t, y, x);
    tcg_gen_shri_vec(MO_16, c, c, 4);
    tcg_gen_and_vec(MO_8, c, c, tcg_constant_vec_matching(c, MO_8, 0x0f));
    gen_host_pshufb(c, special, c);
    tcg_gen_or_vec(MO_8, x, x, c);
    tcg_gen_st_vec(x, tcg_env, GPR(a->rt));
}

/*
 * Most controls are made in the same block, for the insertion of a scalar: then
 * the scalar's element goes to all bytes where the control does not have the
 * second operand's own byte.
 */
static bool trans_shufb(DisasContext *ctx, arg_rrr *a)
{
    unsigned known = ctx->regs[a->rc];

    if (known == REG_SPLAT_W) {
        tcg_gen_gvec_dup_mem(MO_32, GPR(a->rt), GPR_W(a->ra, 0), 16, 16);
    } else if (known >= REG_INSERT && have_vec()) {
        unsigned vece = known - REG_INSERT;
        TCGv_vec c = tcg_temp_new_vec(TCG_TYPE_V128);
        TCGv_vec s = tcg_temp_new_vec(TCG_TYPE_V128);
        TCGv_vec t = tcg_temp_new_vec(TCG_TYPE_V128);

        tcg_gen_ld_vec(c, tcg_env, GPR(a->rc));
        tcg_gen_cmp_vec(TCG_COND_GT, MO_8, c, c,
                        tcg_constant_vec_matching(c, MO_8, 0x0f));
        tcg_gen_dup_mem_vec(vece, s, tcg_env,
                            vece == MO_64 ? GPR_D(a->ra, 0) :
                            vece == MO_32 ? GPR_W(a->ra, 0) :
                            vece == MO_16 ? GPR_H(a->ra, 1)
                                          : GPR_B(a->ra, 3));
        tcg_gen_ld_vec(t, tcg_env, GPR(a->rb));
        tcg_gen_bitsel_vec(MO_8, t, c, t, s);
        tcg_gen_st_vec(t, tcg_env, GPR(a->rt));
    } else if (HAVE_HOST_SPU_SHUFB) {
        gen_shufb_host(a);
    } else {
        tcg_gen_gvec_4_ool(GPR(a->rt), GPR(a->ra), GPR(a->rb), GPR(a->rc),
                           16, 16, 0, gen_helper_spu_shufb);
    }
    return true;
}

/* Shift and rotate */

/*
 * The ISA takes one more bit of a count than the width needs: if that is set,
 * nothing remains, or only the sign.
 */
static void gen_counts_vec(unsigned vece, TCGv_vec n, TCGv_vec b, bool negate)
{
    if (negate) {
        tcg_gen_neg_vec(vece, n, b);
        b = n;
    }
    tcg_gen_and_vec(vece, n, b,
                    tcg_constant_vec_matching(n, vece, (16 << vece) - 1));
}

/* Zero elements of @d whose count in @n is too large: hosts differ there. */
static void gen_shifted_out_vec(unsigned vece, TCGv_vec d, TCGv_vec n)
{
    tcg_gen_cmp_vec(TCG_COND_LT, vece, n, n,
                    tcg_constant_vec_matching(n, vece, 8 << vece));
    tcg_gen_and_vec(vece, d, d, n);
}

static void gen_shl_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec n = tcg_temp_new_vec_matching(d);

    gen_counts_vec(vece, n, b, false);
    tcg_gen_shlv_vec(vece, d, a, n);
    gen_shifted_out_vec(vece, d, n);
}

static void gen_rotm_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec n = tcg_temp_new_vec_matching(d);

    gen_counts_vec(vece, n, b, true);
    tcg_gen_shrv_vec(vece, d, a, n);
    gen_shifted_out_vec(vece, d, n);
}

static void gen_rotma_vec(unsigned vece, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec n = tcg_temp_new_vec_matching(d);

    gen_counts_vec(vece, n, b, true);
    tcg_gen_umin_vec(vece, n, n,
                     tcg_constant_vec_matching(n, vece, (8 << vece) - 1));
    tcg_gen_sarv_vec(vece, d, a, n);
}

#define gen_shlh_vec    gen_shl_vec
#define gen_rothm_vec   gen_rotm_vec
#define gen_rotmah_vec  gen_rotma_vec

TRANS_VEC_OPS(shlh, MO_16, false, INDEX_op_shlv_vec, 0)
TRANS_VEC_SHIFT(shlhi, shli, MO_16, a->imm)
TRANS_VEC_OPS(shl, MO_32, false, INDEX_op_shlv_vec, 0)
TRANS_VEC_SHIFT(shli, shli, MO_32, a->imm)
TRANS_VEC_RR(roth, rotlv, MO_16)
TRANS_VEC_ROTATE(rothi, MO_16)
TRANS_VEC_RR(rot, rotlv, MO_32)
TRANS_VEC_ROTATE(roti, MO_32)
TRANS_VEC_OPS(rothm, MO_16, false, INDEX_op_shrv_vec, 0)
TRANS_VEC_SHIFT(rothmi, shri, MO_16, -a->imm)
TRANS_VEC_OPS(rotm, MO_32, false, INDEX_op_shrv_vec, 0)
TRANS_VEC_SHIFT(rotmi, shri, MO_32, -a->imm)
TRANS_VEC_OPS(rotmah, MO_16, false, INDEX_op_sarv_vec, INDEX_op_umin_vec, 0)
TRANS_VEC_SHIFT_ALGEBRAIC(rotmahi, MO_16)
TRANS_VEC_OPS(rotma, MO_32, false, INDEX_op_sarv_vec, INDEX_op_umin_vec, 0)
TRANS_VEC_SHIFT_ALGEBRAIC(rotmai, MO_32)

/* The 128 bits that start at bit @n of the doublewords of @q (three) */
static bool gen_store_funnel(int rt, TCGv_i64 *q, unsigned n)
{
    TCGv_i64 r[2] = { q[0], q[1] };

    for (int i = 0; i < 2 && n; i++) {
        r[i] = tcg_temp_new_i64();
        tcg_gen_extract2_i64(r[i], q[i + 1], q[i], 64 - n);
    }
    return gen_store_quad(rt, r);
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

/*
 * The same by a count of bits that is in a register: up to 7 (@few), otherwise
 * up to 127 for rotates and up to 255 for shifts
 */
typedef enum { ROTATE, SHIFT_LEFT, SHIFT_RIGHT } QuadShift;

static bool gen_quad_shift(arg_rr *a, QuadShift how, bool few, TCGv_i64 n)
{
    bool right = how == SHIFT_RIGHT;
    void (*shift)(TCGv_i64, TCGv_i64, TCGv_i64) =
        right ? tcg_gen_shr_i64 : tcg_gen_shl_i64;
    void (*back)(TCGv_i64, TCGv_i64, TCGv_i64) =
        right ? tcg_gen_shl_i64 : tcg_gen_shr_i64;
    TCGv_i64 zero = tcg_constant_i64(0);
    TCGv_i64 one = tcg_constant_i64(1);
    TCGv_i64 rest = tcg_temp_new_i64();
    TCGv_i64 t = tcg_temp_new_i64();
    TCGv_i64 q[2], x, y, d[2];

    /* Bits move from y to x. */
    gen_load_quad(q, a->ra);
    x = q[right];
    y = q[!right];
    if (!few) {
        TCGv_i64 moved = tcg_temp_new_i64();

        tcg_gen_andi_i64(t, n, 64);
        tcg_gen_movcond_i64(TCG_COND_NE, moved, t, zero, y, x);
        tcg_gen_movcond_i64(TCG_COND_NE, y, t, zero,
                            how == ROTATE ? x : zero, y);
        x = moved;
        if (how != ROTATE) {
            tcg_gen_andi_i64(t, n, 128);
            tcg_gen_movcond_i64(TCG_COND_NE, x, t, zero, zero, x);
            tcg_gen_movcond_i64(TCG_COND_NE, y, t, zero, zero, y);
        }
        tcg_gen_andi_i64(n, n, 63);
    }
    /* By 64 - n in two steps, because n may be 0 */
    tcg_gen_xori_i64(rest, n, 63);
    for (int i = 0; i < 2; i++) {
        d[i] = tcg_temp_new_i64();
    }
    shift(d[right], x, n);
    back(t, y, one);
    back(t, t, rest);
    tcg_gen_or_i64(d[right], d[right], t);
    shift(d[!right], y, n);
    if (how == ROTATE) {
        back(t, x, one);
        back(t, t, rest);
        tcg_gen_or_i64(d[!right], d[!right], t);
    }
    return gen_store_quad(a->rt, d);
}

/* Bits @mask of the preferred word, or of its negative, shifted by @shift */
static TCGv_i64 gen_quad_count(int rb, bool negate, int shift, uint32_t mask)
{
    TCGv_i64 n = tcg_temp_new_i64();

    tcg_gen_ld32u_i64(n, tcg_env, GPR_W(rb, 0));
    if (shift < 0) {
        tcg_gen_shri_i64(n, n, -shift);
    }
    if (negate) {
        tcg_gen_neg_i64(n, n);
    }
    if (shift) {
        tcg_gen_shli_i64(n, n, 3);
    }
    tcg_gen_andi_i64(n, n, mask);
    return n;
}

#define TRANS_QUAD_SHIFT(name, how, few, negate, shift, mask)           \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    return gen_quad_shift(a, how, few,                                  \
                          gen_quad_count(a->rb, negate, shift, mask));  \
}

TRANS_QUAD_SHIFT(shlqbi, SHIFT_LEFT, true, false, 0, 7)
TRANS_QUAD_SHIFT(shlqby, SHIFT_LEFT, false, false, 3, 31 * 8)
TRANS_QUAD_SHIFT(shlqbybi, SHIFT_LEFT, false, false, 0, 31 * 8)
TRANS_QUAD_SHIFT(rotqbi, ROTATE, true, false, 0, 7)
TRANS_QUAD_SHIFT(rotqbybi, ROTATE, false, false, 0, 15 * 8)
TRANS_QUAD_SHIFT(rotqmbi, SHIFT_RIGHT, true, true, 0, 7)
TRANS_QUAD_SHIFT(rotqmby, SHIFT_RIGHT, false, true, 3, 31 * 8)
/* The count of bytes is negated, not that of bits. */
TRANS_QUAD_SHIFT(rotqmbybi, SHIFT_RIGHT, false, true, -3, 31 * 8)

/* Usual after the load of a scalar, so it must be fast */
static bool trans_rotqby(DisasContext *ctx, arg_rr *a)
{
    if (HAVE_HOST_SPU_SHUFB) {
        TCGv_vec from = gen_load_vec(ENV_OFFSET(numbers));
        TCGv_vec n = tcg_temp_new_vec(TCG_TYPE_V128);
        TCGv_vec v = gen_load_vec(GPR(a->ra));

        tcg_gen_dup_mem_vec(MO_8, n, tcg_env, GPR_B(a->rb, 3));
        tcg_gen_add_vec(MO_8, n, n, from);
        tcg_gen_and_vec(MO_8, n, n, tcg_constant_vec_matching(n, MO_8, 15));
        tcg_gen_xor_vec(MO_8, n, n, tcg_constant_vec_matching(n, MO_8, 7));
        gen_host_pshufb(v, v, n);
        tcg_gen_st_vec(v, tcg_env, GPR(a->rt));
        return true;
    }
    return gen_quad_shift(a, ROTATE, false,
                          gen_quad_count(a->rb, false, 3, 15 * 8));
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
        gen_count(ctx->base.num_insns);
        gen_helper_spu_branch_enable(tcg_env, target, tcg_constant_i32(a->e));
        gen_goto_counted(ctx);
    } else {
        /* Both at once are reserved, and change nothing. */
        gen_set_pc_var(ctx, target);
        gen_goto_pc(ctx);
    }
}

/*
 * ... which is in register @a->ra.  Most returns and calls always lead to the
 * same place: take the one to which the register points when the block is
 * translated, just before it is first executed, for a direct jump.
 */
static void gen_branch_register(DisasContext *ctx, arg_bi *a, TCGv_i32 target)
{
    uint32_t guess = SPU_W(&ctx->gpr[a->ra], 0);

    if (ctx->regs[a->ra] == REG_UNCHANGED && a->d == a->e &&
        can_chain(ctx, guess)) {
        TCGLabel *wrong = gen_new_label();

        tcg_gen_brcondi_i32(TCG_COND_NE, target, guess, wrong);
        gen_goto(ctx, 0, guess);
        gen_set_label(wrong);
    }
    gen_branch_indirect(ctx, a, target);
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
    gen_branch_register(ctx, a, gen_preferred(a->ra));                  \
    return gen_not_taken(ctx, over);                                    \
}

TRANS_BRANCH_IF(z, TCG_COND_EQ, ld, GPR_W(rt, 0))
TRANS_BRANCH_IF(nz, TCG_COND_NE, ld, GPR_W(rt, 0))
TRANS_BRANCH_IF(hz, TCG_COND_EQ, ld16u, GPR_H(rt, 1))
TRANS_BRANCH_IF(hnz, TCG_COND_NE, ld16u, GPR_H(rt, 1))

static bool trans_bi(DisasContext *ctx, arg_bi *a)
{
    gen_branch_register(ctx, a, gen_preferred(a->ra));
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
    gen_branch_register(ctx, a, target);
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
    gen_branch_register(ctx, a, target);
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

/*
 * Single precision in line, by the host's instruction, which truncates.
 * Numbers that are zero or not less than SP_LEAST, 2^-51, are multiples of
 * 2^-74, so any product or sum of them is a multiple of 2^-148, and is not
 * truncated to zero.  If the result is zero, or such a number, and less than
 * the largest one, it is the SPU's, but for the sign of a zero.  If an operand
 * is an infinity or a NaN to the host, so is the result, and is too large.
 *
 * All else is left to the helper.  Results need no test as operands of the
 * block's next instructions.
 */
#define SP_MAGNITUDE    0x7fffffff
#define SP_LARGEST      0x7f7fffff
#define SP_LEAST        0x26000000
/* Added to a magnitude: only if that is tiny, but not zero, the sum is more. */
#define SP_BIAS         (0x80000000 - SP_LEAST)

static TCGv_vec gen_const(uint32_t word)
{
    return tcg_constant_vec(TCG_TYPE_V128, MO_32, word);
}

static bool gen_sp(DisasContext *ctx, TCGOpcode op, int rt, int num,
                   const int *regs)
{
    TCGv_vec r, mag, tiny, t, v[3] = { };
    TCGv_i32 signs;

    if (!HAVE_HOST_SPU_SP || !ctx->direct) {
        return false;
    }
    for (int i = 0; i < num; i++) {
        v[i] = gen_load_vec(GPR(regs[i]));
    }
    r = tcg_temp_new_vec(TCG_TYPE_V128);
    gen_host_sp(op, r, v[0], v[1], v[2]);
    /* No zero is negative. */
    gen_host_sp(HOST_OP_fa, r, r, gen_const(0), NULL);

    mag = tcg_temp_new_vec(TCG_TYPE_V128);
    tiny = tcg_temp_new_vec(TCG_TYPE_V128);
    t = tcg_temp_new_vec(TCG_TYPE_V128);
    tcg_gen_and_vec(MO_32, mag, r, gen_const(SP_MAGNITUDE));
    tcg_gen_add_vec(MO_32, tiny, mag, gen_const(SP_BIAS));
    for (int i = 0; i < num; i++) {
        if (!ctx->usual[regs[i]]) {
            ctx->usual[regs[i]] = true;
            tcg_gen_and_vec(MO_32, t, v[i], gen_const(SP_MAGNITUDE));
            tcg_gen_add_vec(MO_32, t, t, gen_const(SP_BIAS));
            tcg_gen_smax_vec(MO_32, tiny, tiny, t);
        }
    }
    tcg_gen_cmp_vec(TCG_COND_GT, MO_32, tiny, tiny, gen_const(SP_BIAS));
    tcg_gen_cmp_vec(TCG_COND_GT, MO_32, mag, mag, gen_const(SP_LARGEST - 1));
    tcg_gen_or_vec(MO_32, tiny, tiny, mag);
    signs = tcg_temp_new_i32();
    gen_host_signs(signs, tiny);
    tcg_gen_brcondi_i32(TCG_COND_NE, signs, 0,
                        add_slow_path(ctx, (SlowPath) {
                            .sp = ctx->insn, .pc = ctx->next
                        }));
    tcg_gen_st_vec(r, tcg_env, GPR(rt));
    ctx->known = REG_SP;
    return true;
}

#define HOST_SP(name)                                                   \
    (HAVE_HOST_SPU_SP ? gen_helper_spu_##name##_host : gen_helper_spu_##name)

#define TRANS_SP_RR(name)                                               \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    const int regs[] = { a->ra, a->rb };                                \
                                                                        \
    if (!gen_sp(ctx, HOST_OP_##name, a->rt, 2, regs)) {                 \
        HOST_SP(name)(tcg_env, PTR(a->rt), PTR(a->ra), PTR(a->rb));     \
    }                                                                   \
    return true;                                                        \
}

#define TRANS_SP_RRR(name)                                              \
static bool trans_##name(DisasContext *ctx, arg_rrr *a)                 \
{                                                                       \
    const int regs[] = { a->ra, a->rb, a->rc };                         \
                                                                        \
    if (!gen_sp(ctx, HOST_OP_##name, a->rt, 3, regs)) {                 \
        HOST_SP(name)(tcg_env, PTR(a->rt), PTR(a->ra), PTR(a->rb),      \
                      PTR(a->rc));                                      \
    }                                                                   \
    return true;                                                        \
}

/*
 * Compare integers that are in the order of the numbers, with zeros for
 * denormals, and without signs if magnitudes are compared.
 */
static void gen_magnitude_vec(TCGv_vec d, TCGv_vec a)
{
    TCGv_vec t = tcg_temp_new_vec_matching(d);

    tcg_gen_and_vec(MO_32, d, a,
                    tcg_constant_vec_matching(d, MO_32, 0x7fffffff));
    tcg_gen_cmp_vec(TCG_COND_GT, MO_32, t, d,
                    tcg_constant_vec_matching(d, MO_32, 0x007fffff));
    tcg_gen_and_vec(MO_32, d, d, t);
}

static void gen_order_vec(TCGv_vec d, TCGv_vec a)
{
    TCGv_vec sign = tcg_temp_new_vec_matching(d);

    gen_magnitude_vec(d, a);
    tcg_gen_sari_vec(MO_32, sign, a, 31);
    tcg_gen_xor_vec(MO_32, d, d, sign);
    tcg_gen_sub_vec(MO_32, d, d, sign);
}

#define FP_COMPARE(name, cond, order)                                   \
static void gen_##name##_vec(unsigned vece, TCGv_vec d, TCGv_vec a,     \
                             TCGv_vec b)                                \
{                                                                       \
    TCGv_vec x = tcg_temp_new_vec_matching(d);                          \
    TCGv_vec y = tcg_temp_new_vec_matching(d);                          \
                                                                        \
    order(x, a);                                                        \
    order(y, b);                                                        \
    tcg_gen_cmp_vec(cond, vece, d, x, y);                               \
}

FP_COMPARE(fceq, TCG_COND_EQ, gen_order_vec)
FP_COMPARE(fcmeq, TCG_COND_EQ, gen_magnitude_vec)
FP_COMPARE(fcgt, TCG_COND_GT, gen_order_vec)
FP_COMPARE(fcmgt, TCG_COND_GT, gen_magnitude_vec)

#define TRANS_FP_COMPARE(name)                                          \
    TRANS_VEC_OPS(name, MO_32, false, INDEX_op_sari_vec, 0)

/* The immediate is a parameter of the operation. */
#define TRANS_FP_RI(name)                                               \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    gen_helper_spu_##name(tcg_env, PTR(a->rt), PTR(a->ra),              \
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

/* Control */

/* The PPE and other SPEs look at local store, too. */
static bool trans_dsync(DisasContext *ctx, arg_dsync *a)
{
    tcg_gen_mb(TCG_MO_ALL | TCG_BAR_SC);
    return true;
}

/* Later instructions may have been modified: they are for another block. */
static bool trans_sync(DisasContext *ctx, arg_sync *a)
{
    tcg_gen_mb(TCG_MO_ALL | TCG_BAR_SC);
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
 * The instruction's helper leaves the program counter where execution
 * continues.  It may have changed anything: memory, code, the SPU's interrupt.
 */
static bool gen_channel(DisasContext *ctx, void (*fn)(TCGv_env, TCGv_i32))
{
    translator_io_start(&ctx->base);
    gen_set_pc(ctx->pc);
    gen_count(ctx->base.num_insns);
    fn(tcg_env, tcg_constant_i32(ctx->insn));
    gen_goto_counted(ctx);
    return true;
}

/*
 * Some do not need the rest of the machine, and are like other instructions.
 * Loads after them must see the stores that they report.
 */
static bool gen_channel_value(DisasContext *ctx, int rt, TCGv_i64 val)
{
    TCGv_i64 q[2] = { val, tcg_constant_i64(0) };

    tcg_gen_mb(TCG_MO_LD_LD | TCG_MO_LD_ST | TCG_BAR_LDAQ);
    tcg_gen_shli_i64(val, val, 32);
    return gen_store_quad(rt, q);
}

static bool trans_rdch(DisasContext *ctx, arg_ch *a)
{
    TCGv_i64 val;

    switch (ctx->direct ? a->ca : -1) {
    case SPU_RdEventStat:
    case MFC_RdTagStat:
    case MFC_RdAtomicStat:
    case MFC_RdTagMask:
    case SPU_RdDec:
    case SPU_RdEventMask:
        break;
    default:
        return gen_channel(ctx, gen_helper_spu_rdch);
    }
    val = tcg_temp_new_i64();
    gen_helper_spu_try_rdch(val, tcg_env, tcg_constant_i32(a->ca));
    tcg_gen_brcondi_i64(TCG_COND_LT, val, 0,
                        add_slow_path(ctx, (SlowPath) {
                            .rdch = ctx->insn, .pc = ctx->pc
                        }));
    return gen_channel_value(ctx, a->rt, val);
}

static bool trans_rchcnt(DisasContext *ctx, arg_ch *a)
{
    TCGv_i32 count;
    TCGv_i64 val;

    if (!ctx->direct) {
        return gen_channel(ctx, gen_helper_spu_rchcnt);
    }
    count = tcg_temp_new_i32();
    val = tcg_temp_new_i64();
    gen_helper_spu_rchcnt_now(count, tcg_env, tcg_constant_i32(a->ca));
    tcg_gen_extu_i32_i64(val, count);
    return gen_channel_value(ctx, a->rt, val);
}

static bool trans_wrch(DisasContext *ctx, arg_ch *a)
{
    uint32_t mask, *kept = NULL;
    TCGv_i32 val;

    if (ctx->direct) {
        kept = ctx->spu->ch_ops->kept(ctx->spu->ch_opaque, a->ca, &mask);
    }
    if (!kept) {
        return gen_channel(ctx, gen_helper_spu_wrch);
    }
    val = gen_preferred(a->rt);
    tcg_gen_andi_i32(val, val, mask);
    tcg_gen_st_i32(val, tcg_constant_ptr(kept), 0);
    return true;
}

/* The translator */

static void spu_tr_init_disas_context(DisasContextBase *base, CPUState *cs)
{
    DisasContext *ctx = container_of(base, DisasContext, base);
    int bound = -(base->pc_first | TARGET_PAGE_MASK) / 4;

    ctx->spu = env_spu_cpu(cpu_env(cs))->engine.spu;
    ctx->ls = ctx->spu->ls;
    ctx->gpr = env_spu_cpu(cpu_env(cs))->gpr;
    ctx->ls_mask = spu_ls_mask(base->tb->flags);
    ctx->single_step = base->tb->flags & SPU_HFLAG_SINGLE_STEP;
    ctx->direct = !(base->tb->flags & SPU_HFLAG_WATCHED) &&
                  !(tb_cflags(base->tb) & CF_USE_ICOUNT) &&
                  !base->plugin_enabled;
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
    int rt;

    ctx->pc = base->pc_next;
    ctx->next = (ctx->pc + 4) & ctx->ls_mask;
    ctx->insn = translator_ldl(cpu_env(cs), base, ctx->pc);
    env_spu_cpu(cpu_env(cs))->code[ctx->pc / 16] = 1;
    base->pc_next += 4;
    /*
     * Straight-line code is long: end a block before TCG gives up on it, with
     * its slow paths.  End it also where addresses wrap.
     */
    if (tcg_ctx->nb_temps + 5 * ctx->num_slow > TCG_MAX_TEMPS - 64 ||
        ctx->next != base->pc_next) {
        base->is_jmp = DISAS_TOO_MANY;
    }
    ctx->known = REG_UNKNOWN;
    if (!spu_decode(ctx, ctx->insn)) {
        gen_exit(ctx, SPU_EXIT_INVALID_INSN, ctx->insn);
    }
    /* The target, if there is one: opcodes that begin with 1 are of form RRR */
    rt = extract32(ctx->insn, ctx->insn >> 31 ? 21 : 0, 7);
    ctx->regs[rt] = ctx->known;
    ctx->usual[rt] = ctx->known == REG_SP;
}

static void spu_tr_tb_stop(DisasContextBase *base, CPUState *cs)
{
    DisasContext *ctx = container_of(base, DisasContext, base);

    if (base->is_jmp != DISAS_NORETURN) {
        gen_goto(ctx, 0, ctx->next);
    }
    gen_slow_paths(ctx);
}

static const TranslatorOps spu_translator_ops = {
    .init_disas_context = spu_tr_init_disas_context,
    .tb_start = spu_tr_tb_start,
    .insn_start = spu_tr_insn_start,
    .translate_insn = spu_tr_translate_insn,
    .tb_stop = spu_tr_tb_stop,
};

void spu_translate_code(CPUState *cs, TranslationBlock *tb, int *max_insns,
                        vaddr pc, void *host_pc)
{
    DisasContext ctx = { };

    translator_loop(cs, tb, max_insns, pc, host_pc, &spu_translator_ops,
                    &ctx.base);
}
