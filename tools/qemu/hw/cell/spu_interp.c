/*
 * Synergistic Processor Unit: interpreter, the reference semantics
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every instruction word is fetched from local store and decoded anew, so
 * code that modifies itself, or that a DMA replaces, needs no care.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/cell/spu_engine.h"
#include "spu_ops.h"

/* decodetree's name for what it hands to the trans functions */
typedef struct DisasContext {
    SPUState *s;
    uint32_t pc;            /* of the instruction */
    uint32_t next;          /* where execution goes on after it */
    uint32_t code;
    SPUExit exit;           /* SPU_EXIT_BUDGET: goes on */
    bool want_exact;        /* stop before an rdch or wrch */
} DisasContext;

#include "decode-spu.c.inc"

#define R(n)    (&ctx->s->gpr[n])

/* Computations */

#define TRANS_R(name)                                                   \
static bool trans_##name(DisasContext *ctx, arg_r *a)                   \
{                                                                       \
    spu_op_##name(R(a->rt), R(a->ra));                                  \
    return true;                                                        \
}

#define TRANS_RR(name)                                                  \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    spu_op_##name(R(a->rt), R(a->ra), R(a->rb));                        \
    return true;                                                        \
}

#define TRANS_RRR(name)                                                 \
static bool trans_##name(DisasContext *ctx, arg_rrr *a)                 \
{                                                                       \
    spu_op_##name(R(a->rt), R(a->ra), R(a->rb), R(a->rc));              \
    return true;                                                        \
}

/* @name: @op with an immediate in every byte, halfword or word */
#define TRANS_RI(name, op, splat)                                       \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    SPUReg imm;                                                         \
                                                                        \
    spu_splat_##splat(&imm, a->imm);                                    \
    spu_op_##op(R(a->rt), R(a->ra), &imm);                              \
    return true;                                                        \
}

/* Memory: load and store */

/* Every address is cut down by SPU_LSLR, and so wraps. */
static uint32_t limit(DisasContext *ctx, uint32_t addr)
{
    return addr & SPU_LS_MASK & ~ctx->s->ls_off;
}

static uint8_t *quadword(DisasContext *ctx, uint32_t addr)
{
    return ctx->s->ls + (limit(ctx, addr) & ~15);
}

static bool load(DisasContext *ctx, int rt, uint32_t addr)
{
    uint8_t *p = quadword(ctx, addr);

    SPU_D(R(rt), 0) = ldq_be_p(p);
    SPU_D(R(rt), 1) = ldq_be_p(p + 8);
    return true;
}

static bool store(DisasContext *ctx, int rt, uint32_t addr)
{
    uint8_t *p = quadword(ctx, addr);

    stq_be_p(p, SPU_D(R(rt), 0));
    stq_be_p(p + 8, SPU_D(R(rt), 1));
    return true;
}

static bool trans_lqd(DisasContext *ctx, arg_ri *a)
{
    return load(ctx, a->rt, SPU_W(R(a->ra), 0) + a->imm * 16);
}

static bool trans_lqx(DisasContext *ctx, arg_rr *a)
{
    return load(ctx, a->rt, SPU_W(R(a->ra), 0) + SPU_W(R(a->rb), 0));
}

static bool trans_lqa(DisasContext *ctx, arg_i *a)
{
    return load(ctx, a->rt, a->imm * 4);
}

static bool trans_lqr(DisasContext *ctx, arg_i *a)
{
    return load(ctx, a->rt, ctx->pc + a->imm * 4);
}

static bool trans_stqd(DisasContext *ctx, arg_ri *a)
{
    return store(ctx, a->rt, SPU_W(R(a->ra), 0) + a->imm * 16);
}

static bool trans_stqx(DisasContext *ctx, arg_rr *a)
{
    return store(ctx, a->rt, SPU_W(R(a->ra), 0) + SPU_W(R(a->rb), 0));
}

static bool trans_stqa(DisasContext *ctx, arg_i *a)
{
    return store(ctx, a->rt, a->imm * 4);
}

static bool trans_stqr(DisasContext *ctx, arg_i *a)
{
    return store(ctx, a->rt, ctx->pc + a->imm * 4);
}

TRANS_RI(cbd, cbx, w)
TRANS_RI(chd, chx, w)
TRANS_RI(cwd, cwx, w)
TRANS_RI(cdd, cdx, w)
TRANS_RR(cbx)
TRANS_RR(chx)
TRANS_RR(cwx)
TRANS_RR(cdx)

/* Constant formation */

static bool trans_ilh(DisasContext *ctx, arg_i *a)
{
    spu_splat_h(R(a->rt), a->imm);
    return true;
}

static bool trans_ilhu(DisasContext *ctx, arg_i *a)
{
    spu_splat_w(R(a->rt), (uint32_t)a->imm << 16);
    return true;
}

static bool trans_il(DisasContext *ctx, arg_i *a)
{
    spu_splat_w(R(a->rt), a->imm);
    return true;
}

static bool trans_ila(DisasContext *ctx, arg_i *a)
{
    spu_splat_w(R(a->rt), a->imm);
    return true;
}

static bool trans_iohl(DisasContext *ctx, arg_i *a)
{
    SPUReg imm;

    spu_splat_w(&imm, (uint16_t)a->imm);
    spu_op_or(R(a->rt), R(a->rt), &imm);
    return true;
}

static bool trans_fsmbi(DisasContext *ctx, arg_i *a)
{
    spu_op_fsmbi(R(a->rt), a->imm);
    return true;
}

/* Integer and logical */

TRANS_RR(ah)
TRANS_RI(ahi, ah, h)
TRANS_RR(a)
TRANS_RI(ai, a, w)
TRANS_RR(sfh)
TRANS_RI(sfhi, sfh, h)
TRANS_RR(sf)
TRANS_RI(sfi, sf, w)
TRANS_RR(addx)
TRANS_RR(cg)
TRANS_RR(cgx)
TRANS_RR(sfx)
TRANS_RR(bg)
TRANS_RR(bgx)
TRANS_RR(mpy)
TRANS_RR(mpyu)
TRANS_RI(mpyi, mpy, w)
TRANS_RI(mpyui, mpyu, w)
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
TRANS_R(xsbh)
TRANS_R(xshw)
TRANS_R(xswd)
TRANS_RR(and)
TRANS_RR(andc)
TRANS_RI(andbi, and, b)
TRANS_RI(andhi, and, h)
TRANS_RI(andi, and, w)
TRANS_RR(or)
TRANS_RR(orc)
TRANS_RI(orbi, or, b)
TRANS_RI(orhi, or, h)
TRANS_RI(ori, or, w)
TRANS_R(orx)
TRANS_RR(xor)
TRANS_RI(xorbi, xor, b)
TRANS_RI(xorhi, xor, h)
TRANS_RI(xori, xor, w)
TRANS_RR(nand)
TRANS_RR(nor)
TRANS_RR(eqv)
TRANS_RRR(selb)
TRANS_RRR(shufb)

/* Shift and rotate */

TRANS_RR(shlh)
TRANS_RI(shlhi, shlh, h)
TRANS_RR(shl)
TRANS_RI(shli, shl, w)
TRANS_RR(shlqbi)
TRANS_RI(shlqbii, shlqbi, w)
TRANS_RR(shlqby)
TRANS_RI(shlqbyi, shlqby, w)
TRANS_RR(shlqbybi)
TRANS_RR(roth)
TRANS_RI(rothi, roth, h)
TRANS_RR(rot)
TRANS_RI(roti, rot, w)
TRANS_RR(rotqby)
TRANS_RI(rotqbyi, rotqby, w)
TRANS_RR(rotqbybi)
TRANS_RR(rotqbi)
TRANS_RI(rotqbii, rotqbi, w)
TRANS_RR(rothm)
TRANS_RI(rothmi, rothm, h)
TRANS_RR(rotm)
TRANS_RI(rotmi, rotm, w)
TRANS_RR(rotqmby)
TRANS_RI(rotqmbyi, rotqmby, w)
TRANS_RR(rotqmbybi)
TRANS_RR(rotqmbi)
TRANS_RI(rotqmbii, rotqmbi, w)
TRANS_RR(rotmah)
TRANS_RI(rotmahi, rotmah, h)
TRANS_RR(rotma)
TRANS_RI(rotmai, rotma, w)

/* Compare and halt */

static bool halt_if(DisasContext *ctx, bool cond)
{
    if (cond) {
        ctx->exit = SPU_EXIT_HALT;
    }
    return true;
}

#define TRANS_HALT(name, type, cond)                                    \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    type x = SPU_W(R(a->ra), 0), y = SPU_W(R(a->rb), 0);                \
                                                                        \
    return halt_if(ctx, cond);                                          \
}                                                                       \
static bool trans_##name##i(DisasContext *ctx, arg_ri *a)               \
{                                                                       \
    type x = SPU_W(R(a->ra), 0), y = a->imm;                            \
                                                                        \
    return halt_if(ctx, cond);                                          \
}

TRANS_HALT(heq, uint32_t, x == y)
TRANS_HALT(hgt, int32_t, x > y)
TRANS_HALT(hlgt, uint32_t, x > y)

TRANS_RR(ceqb)
TRANS_RI(ceqbi, ceqb, b)
TRANS_RR(ceqh)
TRANS_RI(ceqhi, ceqh, h)
TRANS_RR(ceq)
TRANS_RI(ceqi, ceq, w)
TRANS_RR(cgtb)
TRANS_RI(cgtbi, cgtb, b)
TRANS_RR(cgth)
TRANS_RI(cgthi, cgth, h)
TRANS_RR(cgt)
TRANS_RI(cgti, cgt, w)
TRANS_RR(clgtb)
TRANS_RI(clgtbi, clgtb, b)
TRANS_RR(clgth)
TRANS_RI(clgthi, clgth, h)
TRANS_RR(clgt)
TRANS_RI(clgti, clgt, w)

/* Branch */

static bool branch(DisasContext *ctx, uint32_t target)
{
    ctx->next = limit(ctx, target) & ~3;
    return true;
}

static void set_link(DisasContext *ctx, int rt)
{
    spu_set_preferred(R(rt), limit(ctx, ctx->pc + 4));
}

static bool trans_br(DisasContext *ctx, arg_i *a)
{
    return branch(ctx, ctx->pc + a->imm * 4);
}

static bool trans_bra(DisasContext *ctx, arg_i *a)
{
    return branch(ctx, a->imm * 4);
}

static bool trans_brsl(DisasContext *ctx, arg_i *a)
{
    set_link(ctx, a->rt);
    return branch(ctx, ctx->pc + a->imm * 4);
}

static bool trans_brasl(DisasContext *ctx, arg_i *a)
{
    set_link(ctx, a->rt);
    return branch(ctx, a->imm * 4);
}

/* Conditions test the preferred slot: its word, or its halfword (1). */
#define TRANS_BRANCH_IF(name, cond)                                     \
static bool trans_br##name(DisasContext *ctx, arg_i *a)                 \
{                                                                       \
    SPUReg *t = R(a->rt);                                               \
                                                                        \
    return !(cond) || branch(ctx, ctx->pc + a->imm * 4);                \
}                                                                       \
static bool trans_bi##name(DisasContext *ctx, arg_bi *a)                \
{                                                                       \
    SPUReg *t = R(a->rt);                                               \
                                                                        \
    return !(cond) || branch_indirect(ctx, a, SPU_W(R(a->ra), 0));      \
}

/*
 * A taken indirect branch can enable or disable the SPU's interrupt.  Both
 * bits at once are reserved, and leave it as it is.
 */
static bool branch_indirect(DisasContext *ctx, arg_bi *a, uint32_t target)
{
    if (a->d != a->e) {
        ctx->s->int_enabled = a->e;
    } else if (a->d) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "spu: branch at 0x%05x has both D and E set\n", ctx->pc);
    }
    return branch(ctx, target);
}

TRANS_BRANCH_IF(z, SPU_W(t, 0) == 0)
TRANS_BRANCH_IF(nz, SPU_W(t, 0) != 0)
TRANS_BRANCH_IF(hz, SPU_H(t, 1) == 0)
TRANS_BRANCH_IF(hnz, SPU_H(t, 1) != 0)

static bool trans_bi(DisasContext *ctx, arg_bi *a)
{
    return branch_indirect(ctx, a, SPU_W(R(a->ra), 0));
}

static bool trans_iret(DisasContext *ctx, arg_bi *a)
{
    return branch_indirect(ctx, a, ctx->s->srr0);
}

static bool trans_bisl(DisasContext *ctx, arg_bi *a)
{
    uint32_t target = SPU_W(R(a->ra), 0);

    set_link(ctx, a->rt);
    return branch_indirect(ctx, a, target);
}

/* ... if external data: if an event is pending, enabled in the event mask */
static bool trans_bisled(DisasContext *ctx, arg_bi *a)
{
    uint32_t target = SPU_W(R(a->ra), 0);

    set_link(ctx, a->rt);
    return !ctx->s->event_pending || branch_indirect(ctx, a, target);
}

/* Floating point */

#define TRANS_FP_R(name)                                                \
static bool trans_##name(DisasContext *ctx, arg_r *a)                   \
{                                                                       \
    spu_op_##name(&ctx->s->fpscr, R(a->rt), R(a->ra));                  \
    return true;                                                        \
}

#define TRANS_FP_RR(name)                                               \
static bool trans_##name(DisasContext *ctx, arg_rr *a)                  \
{                                                                       \
    spu_op_##name(&ctx->s->fpscr, R(a->rt), R(a->ra), R(a->rb));        \
    return true;                                                        \
}

#define TRANS_FP_RRR(name)                                              \
static bool trans_##name(DisasContext *ctx, arg_rrr *a)                 \
{                                                                       \
    spu_op_##name(&ctx->s->fpscr, R(a->rt), R(a->ra), R(a->rb),         \
                  R(a->rc));                                            \
    return true;                                                        \
}

/* The immediate is a parameter of the operation. */
#define TRANS_FP_RI(name)                                               \
static bool trans_##name(DisasContext *ctx, arg_ri *a)                  \
{                                                                       \
    spu_op_##name(R(a->rt), R(a->ra), a->imm);                          \
    return true;                                                        \
}

#include "spu_trans_fp.c.inc"

static bool trans_fscrwr(DisasContext *ctx, arg_r *a)
{
    spu_op_fscrwr(&ctx->s->fpscr, R(a->ra));
    return true;
}

static bool trans_fscrrd(DisasContext *ctx, arg_r *a)
{
    *R(a->rt) = ctx->s->fpscr;
    return true;
}

/*
 * Without effect here: hints, and the instructions that order execution,
 * which the interpreter does in order anyway.
 */
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
TRANS_NOP(sync)
TRANS_NOP(dsync)

/* Control */

static bool stop(DisasContext *ctx, uint32_t code)
{
    ctx->exit = SPU_EXIT_STOP;
    ctx->code = code;
    return true;
}

static bool trans_stop(DisasContext *ctx, arg_stop *a)
{
    return stop(ctx, a->code);
}

/* Stop with dependencies, for breakpoints: its signal type is all ones. */
static bool trans_stopd(DisasContext *ctx, arg_stopd *a)
{
    return stop(ctx, 0x3fff);
}

/* The Cell has no special-purpose registers: they read as zero. */
static bool trans_mfspr(DisasContext *ctx, arg_r *a)
{
    spu_splat_w(R(a->rt), 0);
    return true;
}

TRANS_NOP(mtspr)

/* Channel */

static bool channel_done(DisasContext *ctx, SPUChannelResult res)
{
    if (res == SPU_CH_STALL) {
        ctx->exit = SPU_EXIT_STALL;
    } else if (res == SPU_CH_INVALID) {
        ctx->exit = SPU_EXIT_INVALID_CHANNEL;
    }
    return res == SPU_CH_OK;
}

static bool trans_rdch(DisasContext *ctx, arg_ch *a)
{
    SPUState *s = ctx->s;
    uint32_t val = 0;

    if (ctx->want_exact) {
        ctx->exit = SPU_EXIT_CHANNEL;
    } else if (channel_done(ctx, s->ch_ops->rdch(s->ch_opaque, a->ca, &val))) {
        spu_set_preferred(R(a->rt), val);
    }
    return true;
}

static bool trans_rchcnt(DisasContext *ctx, arg_ch *a)
{
    SPUState *s = ctx->s;
    uint32_t count = 0;

    if (channel_done(ctx, s->ch_ops->rchcnt(s->ch_opaque, a->ca, &count))) {
        spu_set_preferred(R(a->rt), count);
    }
    return true;
}

static bool trans_wrch(DisasContext *ctx, arg_ch *a)
{
    SPUState *s = ctx->s;

    if (ctx->want_exact) {
        ctx->exit = SPU_EXIT_CHANNEL;
    } else {
        channel_done(ctx, s->ch_ops->wrch(s->ch_opaque, a->ca,
                                          SPU_W(R(a->rt), 0)));
    }
    return true;
}

SPUExit spu_interp_run(SPUState *s, uint64_t budget, bool timed,
                       uint64_t *done, uint32_t *code)
{
    DisasContext ctx = { .s = s, .exit = SPU_EXIT_BUDGET };
    uint64_t n;

    for (n = 0; n < budget && ctx.exit == SPU_EXIT_BUDGET; n++) {
        uint32_t insn;

        /* A stalled channel instruction has not begun: this may precede it. */
        if (unlikely(s->int_enabled && s->event_pending)) {
            s->srr0 = s->pc;
            s->pc = 0;
            s->int_enabled = false;
        }

        insn = ldl_be_p(s->ls + s->pc);
        ctx.pc = s->pc;
        ctx.next = limit(&ctx, s->pc + 4);
        ctx.want_exact = timed && n;

        if (unlikely(!spu_decode(&ctx, insn))) {
            qemu_log_mask(LOG_GUEST_ERROR,
                          "spu: invalid instruction 0x%08x at 0x%05x\n",
                          insn, s->pc);
            ctx.exit = SPU_EXIT_INVALID_INSN;
        }

        if (unlikely(ctx.exit != SPU_EXIT_BUDGET)) {
            if (ctx.exit == SPU_EXIT_CHANNEL || ctx.exit == SPU_EXIT_STALL) {
                break;
            }
            if (ctx.exit == SPU_EXIT_INVALID_INSN ||
                ctx.exit == SPU_EXIT_INVALID_CHANNEL) {
                /*
                 * The next program counter is behind the offender: Linux
                 * reports SPU_NPC - 4 (spufs/fault.c).
                 */
                s->pc = ctx.next;
                ctx.code = insn;
                break;
            }
        } else if (unlikely(s->single_step)) {
            ctx.exit = SPU_EXIT_SINGLE_STEP;
        }
        s->pc = ctx.next;
    }

    s->insns += n;
    *done = n;
    *code = ctx.code;
    return ctx.exit;
}
