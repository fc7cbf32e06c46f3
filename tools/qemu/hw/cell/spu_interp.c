/*
 * Synergistic Processor Unit: interpreter, the reference semantics
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every instruction word is fetched from local store.  The decoded form is kept
 * with the word, and reused as long as the word is the same, so code that
 * modifies itself, or that a DMA replaces, needs no special care.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/cell/spu_engine.h"
#include "spu_ops_int.h"

/*
 * Each instruction itself calls the next one.  So it has an indirect branch
 * of its own, whose target hosts can predict; a branch that all instructions
 * shared would be mispredicted nearly every time.  A compiler that does not
 * turn the call at a function's end into a jump uses the stack, so the
 * instructions return after this many of them.
 */
#define CHAIN 256

typedef struct DisasContext DisasContext;
typedef struct SPUInsn SPUInsn;

/* A decoded instruction: the function for it, and decodetree's operands */
struct SPUInsn {
    void (*exec)(DisasContext *ctx, const SPUInsn *insn);
    uint32_t word;          /* as it is in local store: big endian */
    int args[4];
};

/* decodetree's name for the context that it passes to trans functions */
struct DisasContext {
    SPUState *s;            /* its pc is the instruction's */
    SPUInsn *insns;         /* one for each word of local store */
    SPUInsn *insn;          /* to be filled by the decoder */
    uint32_t next;          /* where execution goes on */
    uint64_t done;          /* instructions completed, with this one */
    uint64_t until;         /* return when so many are */
    bool timed;
    SPUExit exit;           /* SPU_EXIT_BUDGET: goes on */
    uint32_t code;
};

struct SPUInterp {
    SPUState *s;
    SPUInsn insns[SPU_LS_SIZE / 4];
};

#include "decode-spu.c.inc"

#define R(n)    (&ctx->s->gpr[n])

/* Every address is masked with SPU_LSLR, and so wraps. */
static inline uint32_t limit(DisasContext *ctx, uint32_t addr)
{
    return addr & SPU_LS_MASK & ~ctx->s->ls_off;
}

static void invalid(DisasContext *ctx, const SPUInsn *insn);

static __attribute__((noinline))
SPUInsn *decode(DisasContext *ctx, SPUInsn *insn, uint32_t word)
{
    *insn = (SPUInsn) { .word = word };
    ctx->insn = insn;
    if (!spu_decode(ctx, be32_to_cpu(word))) {
        insn->exec = invalid;
    }
    return insn;
}

static inline void execute_next(DisasContext *ctx)
{
    uint32_t pc = ctx->next;
    SPUInsn *insn = &ctx->insns[pc / 4];
    uint32_t word;

    ctx->s->pc = pc;
    ctx->next = limit(ctx, pc + 4);
    ctx->done++;

    /* One read: the word may change at any time. */
    memcpy(&word, ctx->s->ls + pc, sizeof(word));
    if (unlikely(insn->word != word || !insn->exec)) {
        insn = decode(ctx, insn, word);
    }
    insn->exec(ctx, insn);
}

/*
 * An instruction, given as a function of its operands @a.  The trans function
 * that the decoder calls stores both for execution.
 */
#define INSN(name)                                                      \
static void insn_##name(DisasContext *ctx, const arg_##name *a);        \
static void exec_##name(DisasContext *ctx, const SPUInsn *insn)         \
{                                                                       \
    insn_##name(ctx, (const void *)insn->args);                         \
    if (ctx->done < ctx->until) {                                       \
        execute_next(ctx);                                              \
    }                                                                   \
}                                                                       \
static bool trans_##name(DisasContext *ctx, arg_##name *a)              \
{                                                                       \
    QEMU_BUILD_BUG_ON(sizeof(*a) > sizeof(ctx->insn->args));            \
    memcpy(ctx->insn->args, a, sizeof(*a));                             \
    ctx->insn->exec = exec_##name;                                      \
    return true;                                                        \
}                                                                       \
static inline void insn_##name(DisasContext *ctx, const arg_##name *a)

/* Computations */

#define TRANS_R(name)                                                   \
INSN(name)                                                              \
{                                                                       \
    spu_op_##name(R(a->rt), R(a->ra));                                  \
}

#define TRANS_RR(name)                                                  \
INSN(name)                                                              \
{                                                                       \
    spu_op_##name(R(a->rt), R(a->ra), R(a->rb));                        \
}

#define TRANS_RRR(name)                                                 \
INSN(name)                                                              \
{                                                                       \
    spu_op_##name(R(a->rt), R(a->ra), R(a->rb), R(a->rc));              \
}

/* @name: @op with an immediate in every byte, halfword or word */
#define TRANS_RI(name, op, splat)                                       \
INSN(name)                                                              \
{                                                                       \
    SPUReg imm;                                                         \
                                                                        \
    spu_splat_##splat(&imm, a->imm);                                    \
    spu_op_##op(R(a->rt), R(a->ra), &imm);                              \
}

/* Memory: load and store */

static uint8_t *quadword(DisasContext *ctx, uint32_t addr)
{
    return ctx->s->ls + (limit(ctx, addr) & ~15);
}

static void load(DisasContext *ctx, int rt, uint32_t addr)
{
    uint8_t *p = quadword(ctx, addr);

    spu_set(R(rt), ldq_be_p(p), ldq_be_p(p + 8));
}

static void store(DisasContext *ctx, int rt, uint32_t addr)
{
    uint8_t *p = quadword(ctx, addr);

    stq_be_p(p, SPU_D(R(rt), 0));
    stq_be_p(p + 8, SPU_D(R(rt), 1));
}

INSN(lqd)
{
    load(ctx, a->rt, SPU_W(R(a->ra), 0) + a->imm * 16);
}

INSN(lqx)
{
    load(ctx, a->rt, SPU_W(R(a->ra), 0) + SPU_W(R(a->rb), 0));
}

INSN(lqa)
{
    load(ctx, a->rt, a->imm * 4);
}

INSN(lqr)
{
    load(ctx, a->rt, ctx->s->pc + a->imm * 4);
}

INSN(stqd)
{
    store(ctx, a->rt, SPU_W(R(a->ra), 0) + a->imm * 16);
}

INSN(stqx)
{
    store(ctx, a->rt, SPU_W(R(a->ra), 0) + SPU_W(R(a->rb), 0));
}

INSN(stqa)
{
    store(ctx, a->rt, a->imm * 4);
}

INSN(stqr)
{
    store(ctx, a->rt, ctx->s->pc + a->imm * 4);
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

INSN(ilh)
{
    spu_splat_h(R(a->rt), a->imm);
}

INSN(ilhu)
{
    spu_splat_w(R(a->rt), (uint32_t)a->imm << 16);
}

INSN(il)
{
    spu_splat_w(R(a->rt), a->imm);
}

INSN(ila)
{
    spu_splat_w(R(a->rt), a->imm);
}

INSN(iohl)
{
    SPUReg imm;

    spu_splat_w(&imm, (uint16_t)a->imm);
    spu_op_or(R(a->rt), R(a->rt), &imm);
}

INSN(fsmbi)
{
    spu_op_fsmbi(R(a->rt), a->imm);
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

/* Return to spu_interp_run() after this instruction ... */
static void leave(DisasContext *ctx, SPUExit why)
{
    ctx->exit = why;
    ctx->until = 0;
}

/* ... which is not completed. */
static void refuse(DisasContext *ctx, SPUExit why)
{
    leave(ctx, why);
    ctx->done--;
}

#define TRANS_HALT(name, type, other, cond)                             \
INSN(name)                                                              \
{                                                                       \
    type x = SPU_W(R(a->ra), 0), y = other;                             \
                                                                        \
    if (cond) {                                                         \
        leave(ctx, SPU_EXIT_HALT);                                      \
    }                                                                   \
}

TRANS_HALT(heq, uint32_t, SPU_W(R(a->rb), 0), x == y)
TRANS_HALT(heqi, uint32_t, a->imm, x == y)
TRANS_HALT(hgt, int32_t, SPU_W(R(a->rb), 0), x > y)
TRANS_HALT(hgti, int32_t, a->imm, x > y)
TRANS_HALT(hlgt, uint32_t, SPU_W(R(a->rb), 0), x > y)
TRANS_HALT(hlgti, uint32_t, a->imm, x > y)

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

static void branch(DisasContext *ctx, uint32_t target)
{
    ctx->next = limit(ctx, target) & ~3;
}

static void set_link(DisasContext *ctx, int rt)
{
    spu_set_preferred(R(rt), ctx->next);
}

INSN(br)
{
    branch(ctx, ctx->s->pc + a->imm * 4);
}

INSN(bra)
{
    branch(ctx, a->imm * 4);
}

INSN(brsl)
{
    set_link(ctx, a->rt);
    branch(ctx, ctx->s->pc + a->imm * 4);
}

INSN(brasl)
{
    set_link(ctx, a->rt);
    branch(ctx, a->imm * 4);
}

/*
 * A taken indirect branch can enable or disable the SPU's interrupt.  Both
 * bits at once are reserved, and leave it as it is.
 */
static void branch_indirect(DisasContext *ctx, const arg_bi *a, uint32_t target)
{
    if (a->d != a->e) {
        ctx->s->int_enabled = a->e;
        leave(ctx, SPU_EXIT_BUDGET);
    } else if (a->d) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "spu: branch at 0x%05x has both D and E set\n",
                      ctx->s->pc);
    }
    branch(ctx, target);
}

/* Conditions test the preferred slot: its word, or its halfword (1). */
#define TRANS_BR_IF(name, cond)                                         \
INSN(name)                                                              \
{                                                                       \
    SPUReg *t = R(a->rt);                                               \
                                                                        \
    if (cond) {                                                         \
        branch(ctx, ctx->s->pc + a->imm * 4);                              \
    }                                                                   \
}
#define TRANS_BI_IF(name, cond)                                         \
INSN(name)                                                              \
{                                                                       \
    SPUReg *t = R(a->rt);                                               \
                                                                        \
    if (cond) {                                                         \
        branch_indirect(ctx, a, SPU_W(R(a->ra), 0));                    \
    }                                                                   \
}

TRANS_BR_IF(brz, SPU_W(t, 0) == 0)
TRANS_BR_IF(brnz, SPU_W(t, 0) != 0)
TRANS_BR_IF(brhz, SPU_H(t, 1) == 0)
TRANS_BR_IF(brhnz, SPU_H(t, 1) != 0)
TRANS_BI_IF(biz, SPU_W(t, 0) == 0)
TRANS_BI_IF(binz, SPU_W(t, 0) != 0)
TRANS_BI_IF(bihz, SPU_H(t, 1) == 0)
TRANS_BI_IF(bihnz, SPU_H(t, 1) != 0)

INSN(bi)
{
    branch_indirect(ctx, a, SPU_W(R(a->ra), 0));
}

INSN(iret)
{
    branch_indirect(ctx, a, ctx->s->srr0);
}

INSN(bisl)
{
    uint32_t target = SPU_W(R(a->ra), 0);

    set_link(ctx, a->rt);
    branch_indirect(ctx, a, target);
}

/* ... if external data: if an event is pending, enabled in the event mask */
INSN(bisled)
{
    uint32_t target = SPU_W(R(a->ra), 0);

    set_link(ctx, a->rt);
    if (ctx->s->event_pending) {
        branch_indirect(ctx, a, target);
    }
}

/* Floating point */

#define TRANS_FP_R(name)                                                \
INSN(name)                                                              \
{                                                                       \
    spu_op_##name(&ctx->s->fpscr, R(a->rt), R(a->ra));                  \
}

#define TRANS_FP_RR(name)                                               \
INSN(name)                                                              \
{                                                                       \
    spu_op_##name(&ctx->s->fpscr, R(a->rt), R(a->ra), R(a->rb));        \
}

#define TRANS_FP_RRR(name)                                              \
INSN(name)                                                              \
{                                                                       \
    spu_op_##name(&ctx->s->fpscr, R(a->rt), R(a->ra), R(a->rb),         \
                  R(a->rc));                                            \
}

/* The immediate is a parameter of the operation. */
#define TRANS_FP_RI(name)                                               \
INSN(name)                                                              \
{                                                                       \
    spu_op_##name(&ctx->s->fpscr, R(a->rt), R(a->ra), a->imm);          \
}

#define TRANS_FP_COMPARE(name)  TRANS_RR(name)
#define TRANS_SP_RR(name)       TRANS_FP_RR(name)
#define TRANS_SP_RRR(name)      TRANS_FP_RRR(name)

#include "spu_trans_fp.c.inc"

INSN(fscrwr)
{
    spu_op_fscrwr(&ctx->s->fpscr, R(a->ra));
}

INSN(fscrrd)
{
    *R(a->rt) = ctx->s->fpscr;
}

/* Hints and the like, which have no effect here */
#define TRANS_NOP(name)                                                 \
INSN(name)                                                              \
{                                                                       \
}

TRANS_NOP(hbr)
TRANS_NOP(hbra)
TRANS_NOP(hbrr)
TRANS_NOP(lnop)
TRANS_NOP(nop)

INSN(sync)
{
    /* The PPE and other SPEs look at local store, too. */
    smp_mb();
}

INSN(dsync)
{
    /* As above: unlike the interpreter, the host does not execute in order. */
    smp_mb();
}

/* Control */

static void stop(DisasContext *ctx, uint32_t code)
{
    leave(ctx, SPU_EXIT_STOP);
    ctx->code = code;
}

INSN(stop)
{
    stop(ctx, a->code);
}

/* Stop with dependencies, for breakpoints: its signal type is all ones. */
INSN(stopd)
{
    stop(ctx, 0x3fff);
}

/* Execution stops after it: Linux reports SPU_NPC - 4 (spufs/fault.c). */
static void offend(DisasContext *ctx, SPUExit why)
{
    refuse(ctx, why);
    ctx->code = be32_to_cpu(ctx->insns[ctx->s->pc / 4].word);
}

/* exec for a word that the decoder does not know */
static void invalid(DisasContext *ctx, const SPUInsn *insn)
{
    qemu_log_mask(LOG_GUEST_ERROR, "spu: invalid instruction at 0x%05x\n",
                  ctx->s->pc);
    offend(ctx, SPU_EXIT_INVALID_INSN);
}

/* The Cell has no special-purpose registers: they read as zero. */
INSN(mfspr)
{
    spu_splat_w(R(a->rt), 0);
}

TRANS_NOP(mtspr)

/* Channel */

/* The instruction is to be retried: SPU_EXIT_CHANNEL or SPU_EXIT_STALL */
static void retry(DisasContext *ctx, SPUExit why)
{
    refuse(ctx, why);
    ctx->next = ctx->s->pc;
}

static bool channel_done(DisasContext *ctx, SPUChannelResult res)
{
    if (res == SPU_CH_STALL) {
        retry(ctx, SPU_EXIT_STALL);
    } else if (res == SPU_CH_INVALID) {
        offend(ctx, SPU_EXIT_INVALID_CHANNEL);
    } else {
        /* It may have made an event pending. */
        leave(ctx, SPU_EXIT_BUDGET);
    }
    return res == SPU_CH_OK;
}

/* Has the time come for an rdch or wrch? */
static bool in_time(DisasContext *ctx)
{
    if (ctx->timed && ctx->done > 1) {
        retry(ctx, SPU_EXIT_CHANNEL);
        return false;
    }
    return true;
}

INSN(rdch)
{
    SPUState *s = ctx->s;
    uint32_t val = 0;

    if (in_time(ctx) &&
        channel_done(ctx, s->ch_ops->rdch(s->ch_opaque, a->ca, &val))) {
        spu_set_preferred(R(a->rt), val);
    }
}

INSN(rchcnt)
{
    SPUState *s = ctx->s;

    spu_set_preferred(R(a->rt), s->ch_ops->rchcnt(s->ch_opaque, a->ca));
    channel_done(ctx, SPU_CH_OK);
}

/*
 * A DMA that it starts may reach the SPE's own registers, stop the SPU, and
 * then set its program counter.  So that must already be the next one.
 */
INSN(wrch)
{
    SPUState *s = ctx->s;
    uint32_t pc = s->pc;
    SPUChannelResult res;

    if (!in_time(ctx)) {
        return;
    }
    s->pc = ctx->next;
    res = s->ch_ops->wrch(s->ch_opaque, a->ca, SPU_W(R(a->rt), 0));
    ctx->next = s->pc;
    s->pc = pc;
    channel_done(ctx, res);
}

SPUExit spu_interp_run(SPUInterp *p, uint64_t budget, bool timed,
                       uint64_t *done, uint32_t *code)
{
    SPUState *s = p->s;
    DisasContext ctx = {
        .s = s,
        .insns = p->insns,
        .next = s->pc,
        .timed = timed,
        .exit = SPU_EXIT_BUDGET,
    };

    while (ctx.done < budget && ctx.exit == SPU_EXIT_BUDGET) {
        /* An interrupt may precede a stalled instruction: it has not begun. */
        if (unlikely(s->int_enabled && s->event_pending)) {
            s->srr0 = ctx.next;
            ctx.next = 0;
            s->int_enabled = false;
        }

        ctx.until = MIN(budget, ctx.done + (s->single_step ? 1 : CHAIN));
        execute_next(&ctx);

        if (s->single_step && ctx.exit == SPU_EXIT_BUDGET) {
            ctx.exit = SPU_EXIT_SINGLE_STEP;
        }
    }

    s->pc = ctx.next;
    s->insns += ctx.done;
    *done = ctx.done;
    *code = ctx.code;
    return ctx.exit;
}

SPUInterp *spu_interp_new(SPUState *s)
{
    SPUInterp *p = g_new0(SPUInterp, 1);

    p->s = s;
    return p;
}

void spu_interp_free(SPUInterp *p)
{
    g_free(p);
}
