// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions of the SPU as text, in the notation of binutils, except that stop
 * shows its code. Opcodes and formats: SPU ISA 1.2, chapters 3 to 11.
 */
#include <stdio.h>

#include "spuctl.h"

#define LS_MASK		0x3ffff

enum format {
	NONE, R, RR, RRR, RI7, RI10, I16, I18, U16, QUAD, BYTES, ABS, REL, BR_ABS, BR_REL,
	SCALE155, SCALE173, BI, BI_RT, HBR, HBRA, HBRR, STOP, NOP, SYNC, MFSPR, MTSPR,
	RDCH, WRCH
};

/* The @bits from the left that say which instruction it is */
static const struct insn {
	unsigned char bits;
	unsigned short opcode;
	unsigned char format;
	char name[10];
} insns[] = {
	{ 8, 0x034, QUAD, "lqd" }, { 11, 0x1c4, RR, "lqx" }, { 9, 0x061, ABS, "lqa" },
	{ 9, 0x067, REL, "lqr" }, { 8, 0x024, QUAD, "stqd" }, { 11, 0x144, RR, "stqx" },
	{ 9, 0x041, ABS, "stqa" }, { 9, 0x047, REL, "stqr" }, { 11, 0x1f4, BYTES, "cbd" },
	{ 11, 0x1f5, BYTES, "chd" }, { 11, 0x1f6, BYTES, "cwd" }, { 11, 0x1f7, BYTES, "cdd" },
	{ 11, 0x1d4, RR, "cbx" }, { 11, 0x1d5, RR, "chx" }, { 11, 0x1d6, RR, "cwx" },
	{ 11, 0x1d7, RR, "cdx" }, { 9, 0x083, U16, "ilh" }, { 9, 0x082, U16, "ilhu" },
	{ 9, 0x081, I16, "il" }, { 7, 0x021, I18, "ila" }, { 9, 0x0c1, U16, "iohl" },
	{ 9, 0x065, U16, "fsmbi" }, { 11, 0x0c8, RR, "ah" }, { 8, 0x01d, RI10, "ahi" },
	{ 11, 0x0c0, RR, "a" }, { 8, 0x01c, RI10, "ai" }, { 11, 0x048, RR, "sfh" },
	{ 8, 0x00d, RI10, "sfhi" }, { 11, 0x040, RR, "sf" }, { 8, 0x00c, RI10, "sfi" },
	{ 11, 0x340, RR, "addx" }, { 11, 0x0c2, RR, "cg" }, { 11, 0x342, RR, "cgx" },
	{ 11, 0x341, RR, "sfx" }, { 11, 0x042, RR, "bg" }, { 11, 0x343, RR, "bgx" },
	{ 11, 0x3c4, RR, "mpy" }, { 11, 0x3cc, RR, "mpyu" }, { 8, 0x074, RI10, "mpyi" },
	{ 8, 0x075, RI10, "mpyui" }, { 4, 0x00c, RRR, "mpya" }, { 11, 0x3c5, RR, "mpyh" },
	{ 11, 0x3c7, RR, "mpys" }, { 11, 0x3c6, RR, "mpyhh" }, { 11, 0x346, RR, "mpyhha" },
	{ 11, 0x3ce, RR, "mpyhhu" }, { 11, 0x34e, RR, "mpyhhau" }, { 11, 0x2a5, R, "clz" },
	{ 11, 0x2b4, R, "cntb" }, { 11, 0x1b6, R, "fsmb" }, { 11, 0x1b5, R, "fsmh" },
	{ 11, 0x1b4, R, "fsm" }, { 11, 0x1b2, R, "gbb" }, { 11, 0x1b1, R, "gbh" },
	{ 11, 0x1b0, R, "gb" }, { 11, 0x0d3, RR, "avgb" }, { 11, 0x053, RR, "absdb" },
	{ 11, 0x253, RR, "sumb" }, { 11, 0x2b6, R, "xsbh" }, { 11, 0x2ae, R, "xshw" },
	{ 11, 0x2a6, R, "xswd" }, { 11, 0x0c1, RR, "and" }, { 11, 0x2c1, RR, "andc" },
	{ 8, 0x016, RI10, "andbi" }, { 8, 0x015, RI10, "andhi" }, { 8, 0x014, RI10, "andi" },
	{ 11, 0x041, RR, "or" }, { 11, 0x2c9, RR, "orc" }, { 8, 0x006, RI10, "orbi" },
	{ 8, 0x005, RI10, "orhi" }, { 8, 0x004, RI10, "ori" }, { 11, 0x1f0, R, "orx" },
	{ 11, 0x241, RR, "xor" }, { 8, 0x046, RI10, "xorbi" }, { 8, 0x045, RI10, "xorhi" },
	{ 8, 0x044, RI10, "xori" }, { 11, 0x0c9, RR, "nand" }, { 11, 0x049, RR, "nor" },
	{ 11, 0x249, RR, "eqv" }, { 4, 0x008, RRR, "selb" }, { 4, 0x00b, RRR, "shufb" },
	{ 11, 0x05f, RR, "shlh" }, { 11, 0x07f, RI7, "shlhi" }, { 11, 0x05b, RR, "shl" },
	{ 11, 0x07b, RI7, "shli" }, { 11, 0x1db, RR, "shlqbi" }, { 11, 0x1fb, RI7, "shlqbii" },
	{ 11, 0x1df, RR, "shlqby" }, { 11, 0x1ff, RI7, "shlqbyi" },
	{ 11, 0x1cf, RR, "shlqbybi" }, { 11, 0x05c, RR, "roth" }, { 11, 0x07c, RI7, "rothi" },
	{ 11, 0x058, RR, "rot" }, { 11, 0x078, RI7, "roti" }, { 11, 0x1dc, RR, "rotqby" },
	{ 11, 0x1fc, RI7, "rotqbyi" }, { 11, 0x1cc, RR, "rotqbybi" },
	{ 11, 0x1d8, RR, "rotqbi" }, { 11, 0x1f8, RI7, "rotqbii" }, { 11, 0x05d, RR, "rothm" },
	{ 11, 0x07d, RI7, "rothmi" }, { 11, 0x059, RR, "rotm" }, { 11, 0x079, RI7, "rotmi" },
	{ 11, 0x1dd, RR, "rotqmby" }, { 11, 0x1fd, RI7, "rotqmbyi" },
	{ 11, 0x1cd, RR, "rotqmbybi" }, { 11, 0x1d9, RR, "rotqmbi" },
	{ 11, 0x1f9, RI7, "rotqmbii" }, { 11, 0x05e, RR, "rotmah" },
	{ 11, 0x07e, RI7, "rotmahi" }, { 11, 0x05a, RR, "rotma" }, { 11, 0x07a, RI7, "rotmai" },
	{ 11, 0x3d8, RR, "heq" }, { 8, 0x07f, RI10, "heqi" }, { 11, 0x258, RR, "hgt" },
	{ 8, 0x04f, RI10, "hgti" }, { 11, 0x2d8, RR, "hlgt" }, { 8, 0x05f, RI10, "hlgti" },
	{ 11, 0x3d0, RR, "ceqb" }, { 8, 0x07e, RI10, "ceqbi" }, { 11, 0x3c8, RR, "ceqh" },
	{ 8, 0x07d, RI10, "ceqhi" }, { 11, 0x3c0, RR, "ceq" }, { 8, 0x07c, RI10, "ceqi" },
	{ 11, 0x250, RR, "cgtb" }, { 8, 0x04e, RI10, "cgtbi" }, { 11, 0x248, RR, "cgth" },
	{ 8, 0x04d, RI10, "cgthi" }, { 11, 0x240, RR, "cgt" }, { 8, 0x04c, RI10, "cgti" },
	{ 11, 0x2d0, RR, "clgtb" }, { 8, 0x05e, RI10, "clgtbi" }, { 11, 0x2c8, RR, "clgth" },
	{ 8, 0x05d, RI10, "clgthi" }, { 11, 0x2c0, RR, "clgt" }, { 8, 0x05c, RI10, "clgti" },
	{ 9, 0x064, BR_REL, "br" }, { 9, 0x060, BR_ABS, "bra" }, { 9, 0x066, REL, "brsl" },
	{ 9, 0x062, ABS, "brasl" }, { 9, 0x042, REL, "brnz" }, { 9, 0x040, REL, "brz" },
	{ 9, 0x046, REL, "brhnz" }, { 9, 0x044, REL, "brhz" }, { 11, 0x1a8, BI, "bi" },
	{ 11, 0x1aa, BI, "iret" }, { 11, 0x1a9, BI_RT, "bisl" }, { 11, 0x1ab, BI_RT, "bisled" },
	{ 11, 0x128, BI_RT, "biz" }, { 11, 0x129, BI_RT, "binz" }, { 11, 0x12a, BI_RT, "bihz" },
	{ 11, 0x12b, BI_RT, "bihnz" }, { 11, 0x1ac, HBR, "hbr" }, { 7, 0x008, HBRA, "hbra" },
	{ 7, 0x009, HBRR, "hbrr" }, { 11, 0x2c4, RR, "fa" }, { 11, 0x2c5, RR, "fs" },
	{ 11, 0x2c6, RR, "fm" }, { 4, 0x00e, RRR, "fma" }, { 4, 0x00d, RRR, "fnms" },
	{ 4, 0x00f, RRR, "fms" }, { 11, 0x1b8, R, "frest" }, { 11, 0x1b9, R, "frsqest" },
	{ 11, 0x3d4, RR, "fi" }, { 10, 0x1da, SCALE155, "csflt" },
	{ 10, 0x1d8, SCALE173, "cflts" }, { 10, 0x1db, SCALE155, "cuflt" },
	{ 10, 0x1d9, SCALE173, "cfltu" }, { 11, 0x3c2, RR, "fceq" }, { 11, 0x3ca, RR, "fcmeq" },
	{ 11, 0x2c2, RR, "fcgt" }, { 11, 0x2ca, RR, "fcmgt" }, { 11, 0x2cc, RR, "dfa" },
	{ 11, 0x2cd, RR, "dfs" }, { 11, 0x2ce, RR, "dfm" }, { 11, 0x35c, RR, "dfma" },
	{ 11, 0x35e, RR, "dfnms" }, { 11, 0x35d, RR, "dfms" }, { 11, 0x35f, RR, "dfnma" },
	{ 11, 0x3b9, R, "frds" }, { 11, 0x3b8, R, "fesd" }, { 11, 0x3c3, RR, "dfceq" },
	{ 11, 0x3cb, RR, "dfcmeq" }, { 11, 0x2c3, RR, "dfcgt" }, { 11, 0x2cb, RR, "dfcmgt" },
	{ 11, 0x3bf, RI7, "dftsv" }, { 11, 0x3ba, R, "fscrwr" }, { 11, 0x398, NOP, "fscrrd" },
	{ 11, 0x000, STOP, "stop" }, { 11, 0x140, RR, "stopd" }, { 11, 0x001, NONE, "lnop" },
	{ 11, 0x201, NOP, "nop" }, { 11, 0x002, SYNC, "sync" }, { 11, 0x003, NONE, "dsync" },
	{ 11, 0x00c, MFSPR, "mfspr" }, { 11, 0x10c, MTSPR, "mtspr" },
	{ 11, 0x00d, RDCH, "rdch" }, { 11, 0x00f, RDCH, "rchcnt" }, { 11, 0x10d, WRCH, "wrch" },
};

/* @size bits of @word from bit @at on, counted from the least significant one */
static unsigned int bits(unsigned int word, int at, int size)
{
	return word >> at & ((1U << size) - 1);
}

static int sbits(unsigned int word, int at, int size)
{
	return (int)(word << (32 - at - size)) >> (32 - size);
}

/* The address for the offset in words of a branch or load; offset 0 is shown as 0. */
static unsigned int relative(unsigned int word, unsigned int pc)
{
	return bits(word, 7, 16) ? (pc + 4 * bits(word, 7, 16)) & LS_MASK : 0;
}

/* The address of the branch that a hint is for: nine bits, of which two are at @upper */
static unsigned int hinted(unsigned int word, unsigned int pc, int upper)
{
	return pc + 4 * sbits(bits(word, upper, 2) << 7 | bits(word, 0, 7), 0, 9);
}

void disassemble(FILE *out, unsigned int word, unsigned int pc)
{
	unsigned int rt = bits(word, 0, 7), ra = bits(word, 7, 7), rb = bits(word, 14, 7);
	const struct insn *insn = insns;

	while (insn < insns + ARRAY_SIZE(insns) &&
	       word >> (32 - insn->bits) != insn->opcode)
		insn++;
	if (insn == insns + ARRAY_SIZE(insns)) {
		fprintf(out, ".long\t0x%x", word);
		return;
	}
	fputs(insn->name, out);
	switch (insn->format) {
	case R:
		fprintf(out, "\t$%u,$%u", rt, ra);
		break;
	case RR:
		fprintf(out, "\t$%u,$%u,$%u", rt, ra, rb);
		break;
	case RRR:
		fprintf(out, "\t$%u,$%u,$%u,$%u", bits(word, 21, 7), ra, rb, rt);
		break;
	case RI7:
		fprintf(out, "\t$%u,$%u,%d", rt, ra, sbits(word, 14, 7));
		break;
	case RI10:
		fprintf(out, "\t$%u,$%u,%d", rt, ra, sbits(word, 14, 10));
		break;
	case I16:
		fprintf(out, "\t$%u,%d", rt, sbits(word, 7, 16));
		break;
	case I18:
		fprintf(out, "\t$%u,%u", rt, bits(word, 7, 18));
		break;
	case U16:
		fprintf(out, "\t$%u,%u", rt, bits(word, 7, 16));
		break;
	case QUAD:
		fprintf(out, "\t$%u,%d($%u)", rt, 16 * sbits(word, 14, 10), ra);
		break;
	case BYTES:
		fprintf(out, "\t$%u,%d($%u)", rt, sbits(word, 14, 7), ra);
		break;
	case ABS:
		fprintf(out, "\t$%u,%#x", rt, 4 * bits(word, 7, 16));
		break;
	case REL:
		fprintf(out, "\t$%u,%#x", rt, relative(word, pc));
		break;
	case BR_ABS:
		fprintf(out, "\t%#x", 4 * bits(word, 7, 16));
		break;
	case BR_REL:
		fprintf(out, "\t%#x", relative(word, pc));
		break;
	case SCALE155:
	case SCALE173:
		fprintf(out, "\t$%u,$%u,%d", rt, ra,
			(insn->format == SCALE155 ? 155 : 173) - (int)bits(word, 14, 8));
		break;
	case BI:
	case BI_RT:
		/* These bits disable and enable the SPU's interrupt. */
		fprintf(out, "%s%s\t", bits(word, 19, 1) ? "d" : "", bits(word, 18, 1) ? "e" : "");
		if (insn->format == BI_RT)
			fprintf(out, "$%u,", rt);
		fprintf(out, "$%u", ra);
		break;
	case HBR:
		fprintf(out, "%s\t%#x,$%u", bits(word, 20, 1) ? "p" : "",
			hinted(word, pc, 14), ra);
		break;
	case HBRA:
		fprintf(out, "\t%#x,%#x", hinted(word, pc, 23), 4 * bits(word, 7, 16));
		break;
	case HBRR:
		fprintf(out, "\t%#x,%#x", hinted(word, pc, 23), relative(word, pc));
		break;
	case STOP:
		fprintf(out, "\t%#x", bits(word, 0, 14));
		break;
	case NOP:
		fprintf(out, "\t$%u", rt);
		break;
	case SYNC:
		fputs(bits(word, 20, 1) ? "c" : "", out);
		break;
	case MFSPR:
		fprintf(out, "\t$%u,$sp%u", rt, ra);
		break;
	case MTSPR:
		fprintf(out, "\t$sp%u,$%u", ra, rt);
		break;
	case RDCH:
		fprintf(out, "\t$%u,$ch%u", rt, ra);
		break;
	case WRCH:
		fprintf(out, "\t$ch%u,$%u", ra, rt);
		break;
	}
}
