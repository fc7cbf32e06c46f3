/*
 * Synergistic Processor Unit: disassembler
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * It uses the notation of binutils, except for stop, which has its code.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "disas/dis-asm.h"
#include "hw/cell/spu.h"
#include "spu_tcg.h"

/* decodetree's name for the context that it passes to trans functions */
typedef struct DisasContext {
    disassemble_info *info;
    uint32_t pc;
    uint32_t insn;
} DisasContext;

#include "decode-spu.c.inc"

/* Register fields, also of instructions that ignore them */
#define RT      extract32(ctx->insn, 0, 7)
#define RA      extract32(ctx->insn, 7, 7)
#define RB      extract32(ctx->insn, 14, 7)

static bool G_GNUC_PRINTF(2, 3) print(DisasContext *ctx, const char *fmt, ...)
{
    g_autofree char *s = NULL;
    va_list ap;

    va_start(ap, fmt);
    s = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    ctx->info->fprintf_func(ctx->info->stream, "%s", s);
    return true;
}

#define INSN(name, ...)                                                 \
static bool trans_##name(DisasContext *ctx, arg_##name *a)              \
{                                                                       \
    return print(ctx, __VA_ARGS__);                                     \
}

#define NONE(name)      INSN(name, #name)
#define R(name)         INSN(name, #name "\t$%d,$%d", a->rt, a->ra)
#define RR(name)        INSN(name, #name "\t$%d,$%d,$%d", RT, RA, RB)
#define RRR(name)                                                       \
    INSN(name, #name "\t$%d,$%d,$%d,$%d", a->rt, a->ra, a->rb, a->rc)
#define RI(name)        INSN(name, #name "\t$%d,$%d,%d", RT, RA, a->imm)
#define I(name)         INSN(name, #name "\t$%d,%d", a->rt, a->imm)
#define I_HEX(name)                                                     \
    INSN(name, #name "\t$%d,%d", a->rt, (uint16_t)a->imm)
/* d(a); quadwords */
#define DISP(name, scale)                                               \
    INSN(name, #name "\t$%d,%d($%d)", a->rt, a->imm * (scale), a->ra)
/* A scale, which the instruction holds as its difference from @bias */
#define SCALE(name, bias)                                               \
    INSN(name, #name "\t$%d,$%d,%d", a->rt, a->ra, (bias) - a->imm)

/* Addresses, relative and absolute; a field of 0 is shown as address 0 */
#define RELATIVE    (a->imm ? (ctx->pc + a->imm * 4) & SPU_LS_MASK : 0)
#define ABSOLUTE    ((uint16_t)a->imm * 4)
#define ADDR(name, addr)                                                \
    INSN(name, #name "\t$%d,%#x", a->rt, addr)
#define ADDR_ONLY(name, addr)   INSN(name, #name "\t%#x", addr)

/* Enable and disable the SPU's interrupt */
#define DE      (a->d ? "d" : ""), (a->e ? "e" : "")
#define BI(name)        INSN(name, #name "%s%s\t$%d", DE, a->ra)
#define BI_RT(name)     INSN(name, #name "%s%s\t$%d,$%d", DE, a->rt, a->ra)

DISP(lqd, 16)
RR(lqx)
ADDR(lqa, ABSOLUTE)
ADDR(lqr, RELATIVE)
DISP(stqd, 16)
RR(stqx)
ADDR(stqa, ABSOLUTE)
ADDR(stqr, RELATIVE)
DISP(cbd, 1)
DISP(chd, 1)
DISP(cwd, 1)
DISP(cdd, 1)
RR(cbx)
RR(chx)
RR(cwx)
RR(cdx)

I_HEX(ilh)
I_HEX(ilhu)
I(il)
I(ila)
I_HEX(iohl)
I_HEX(fsmbi)

RR(ah)
RI(ahi)
RR(a)
RI(ai)
RR(sfh)
RI(sfhi)
RR(sf)
RI(sfi)
RR(addx)
RR(cg)
RR(cgx)
RR(sfx)
RR(bg)
RR(bgx)
RR(mpy)
RR(mpyu)
RI(mpyi)
RI(mpyui)
RRR(mpya)
RR(mpyh)
RR(mpys)
RR(mpyhh)
RR(mpyhha)
RR(mpyhhu)
RR(mpyhhau)
R(clz)
R(cntb)
R(fsmb)
R(fsmh)
R(fsm)
R(gbb)
R(gbh)
R(gb)
RR(avgb)
RR(absdb)
RR(sumb)
R(xsbh)
R(xshw)
R(xswd)
RR(and)
RR(andc)
RI(andbi)
RI(andhi)
RI(andi)
RR(or)
RR(orc)
RI(orbi)
RI(orhi)
RI(ori)
R(orx)
RR(xor)
RI(xorbi)
RI(xorhi)
RI(xori)
RR(nand)
RR(nor)
RR(eqv)
RRR(selb)
RRR(shufb)

RR(shlh)
RI(shlhi)
RR(shl)
RI(shli)
RR(shlqbi)
RI(shlqbii)
RR(shlqby)
RI(shlqbyi)
RR(shlqbybi)
RR(roth)
RI(rothi)
RR(rot)
RI(roti)
RR(rotqby)
RI(rotqbyi)
RR(rotqbybi)
RR(rotqbi)
RI(rotqbii)
RR(rothm)
RI(rothmi)
RR(rotm)
RI(rotmi)
RR(rotqmby)
RI(rotqmbyi)
RR(rotqmbybi)
RR(rotqmbi)
RI(rotqmbii)
RR(rotmah)
RI(rotmahi)
RR(rotma)
RI(rotmai)

RR(heq)
RI(heqi)
RR(hgt)
RI(hgti)
RR(hlgt)
RI(hlgti)
RR(ceqb)
RI(ceqbi)
RR(ceqh)
RI(ceqhi)
RR(ceq)
RI(ceqi)
RR(cgtb)
RI(cgtbi)
RR(cgth)
RI(cgthi)
RR(cgt)
RI(cgti)
RR(clgtb)
RI(clgtbi)
RR(clgth)
RI(clgthi)
RR(clgt)
RI(clgti)
ADDR_ONLY(br, RELATIVE)
ADDR_ONLY(bra, ABSOLUTE)
ADDR(brsl, RELATIVE)
ADDR(brasl, ABSOLUTE)
ADDR(brnz, RELATIVE)
ADDR(brz, RELATIVE)
ADDR(brhnz, RELATIVE)
ADDR(brhz, RELATIVE)
BI(bi)
BI(iret)
BI_RT(bisl)
BI_RT(bisled)
BI_RT(biz)
BI_RT(binz)
BI_RT(bihz)
BI_RT(bihnz)

/* Where the branch is: nine bits, the upper two of them in their own field */
static uint32_t hint(DisasContext *ctx, int upper)
{
    int32_t at = deposit32(extract32(ctx->insn, 0, 7), 7, 2,
                           extract32(ctx->insn, upper, 2));

    return ctx->pc + sextract32(at, 0, 9) * 4;
}

INSN(hbr, "hbr%s\t%#x,$%d", ctx->insn & BIT(20) ? "p" : "",
     hint(ctx, 14), RA)
INSN(hbra, "hbra\t%#x,%#x", hint(ctx, 23),
     extract32(ctx->insn, 7, 16) * 4)
INSN(hbrr, "hbrr\t%#x,%#x", hint(ctx, 23),
     extract32(ctx->insn, 7, 16) ?
     (ctx->pc + extract32(ctx->insn, 7, 16) * 4) & SPU_LS_MASK : 0)

RR(fa)
RR(fs)
RR(fm)
RRR(fma)
RRR(fnms)
RRR(fms)
R(frest)
R(frsqest)
RR(fi)
SCALE(csflt, 155)
SCALE(cflts, 173)
SCALE(cuflt, 155)
SCALE(cfltu, 173)
RR(fceq)
RR(fcmeq)
RR(fcgt)
RR(fcmgt)

RR(dfa)
RR(dfs)
RR(dfm)
RR(dfma)
RR(dfnms)
RR(dfms)
RR(dfnma)
R(frds)
R(fesd)
RR(dfceq)
RR(dfcmeq)
RR(dfcgt)
RR(dfcmgt)
RI(dftsv)
R(fscrwr)
INSN(fscrrd, "fscrrd\t$%d", a->rt)

INSN(stop, "stop\t%#x", a->code)
INSN(stopd, "stopd\t$%d,$%d,$%d", RT, RA, RB)
NONE(lnop)
INSN(nop, "nop\t$%d", RT)
INSN(sync, "sync%s", ctx->insn & BIT(20) ? "c" : "")
NONE(dsync)
INSN(mfspr, "mfspr\t$%d,$sp%d", a->rt, a->ra)
INSN(mtspr, "mtspr\t$sp%d,$%d", a->ra, a->rt)

INSN(rdch, "rdch\t$%d,$ch%d", a->rt, a->ca)
INSN(rchcnt, "rchcnt\t$%d,$ch%d", a->rt, a->ca)
INSN(wrch, "wrch\t$ch%d,$%d", a->ca, a->rt)

int spu_print_insn(bfd_vma addr, disassemble_info *info)
{
    DisasContext ctx = { .info = info, .pc = addr };
    bfd_byte buf[4];
    int status = info->read_memory_func(addr, buf, sizeof(buf), info);

    if (status) {
        info->memory_error_func(status, addr, info);
        return -1;
    }
    ctx.insn = ldl_be_p(buf);
    if (!spu_decode(&ctx, ctx.insn)) {
        print(&ctx, ".long\t0x%x", ctx.insn);
    }
    return sizeof(buf);
}
