/*
 * QTest helpers for the SPEs of the cell-blade machine
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_CELL_SPE_H
#define TESTS_CELL_SPE_H

#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "elf.h"
#include "libqtest.h"
#include "hw/cell/spe_regs.h"

/* Where the machine has its first chip, and SPE @n of it. */
#define BE_BASE         0x20000000000ULL
#define SPE_LS(n)       (BE_BASE + (n) * 0x80000)
#define SPE_PS(n)       (SPE_LS(n) + 0x40000)
#define SPE_PRIV2(n)    (SPE_LS(n) + 0x60000)
#define SPE_PRIV1(n)    (BE_BASE + 0x1000000 + (n) * 0x2000)
#define IIC_BASE        (BE_BASE + 0x1108000)

#define TIMEBASE_HZ     14318000ULL

/*
 * SPU instructions, from the SPU ISA's tables of opcodes; checked against
 * what the binutils for spu-elf assemble.
 */
#define SPU_STOP(code)          (code)
#define SPU_NOP                 0x40200000
#define SPU_HEQ(ra, rb)         (0x7b000000 | (rb) << 14 | (ra) << 7)
#define SPU_IL(rt, imm)         (0x40800000 | ((imm) & 0xffff) << 7 | (rt))
#define SPU_ILHU(rt, imm)       (0x41000000 | (imm) << 7 | (rt))
#define SPU_IOHL(rt, imm)       (0x60800000 | (imm) << 7 | (rt))
#define SPU_AI(rt, ra, imm)     (0x1c000000 | ((imm) & 0x3ff) << 14 | \
                                 (ra) << 7 | (rt))
#define SPU_FSCRRD(rt)          (0x73000000 | (rt))
#define SPU_FSCRWR(ra)          (0x77400000 | (ra) << 7)
#define SPU_BRNZ(rt, words)     (0x21000000 | ((words) & 0xffff) << 7 | (rt))
#define SPU_BR(words)           (0x32000000 | ((words) & 0xffff) << 7)
#define SPU_BIE(ra)             (0x35040000 | (ra) << 7)
#define SPU_RDCH(rt, ch)        (0x01a00000 | (ch) << 7 | (rt))
#define SPU_WRCH(ch, rt)        (0x21a00000 | (ch) << 7 | (rt))
#define SPU_RCHCNT(rt, ch)      (0x01e00000 | (ch) << 7 | (rt))
#define SPU_STQA(rt, addr)      (0x20800000 | ((addr) >> 2 & 0xffff) << 7 | \
                                 (rt))
/* Two instructions: a whole word */
#define SPU_LI(rt, val)         SPU_ILHU(rt, (uint32_t)(val) >> 16), \
                                SPU_IOHL(rt, (val) & 0xffff)
/* Three instructions, through register 79 */
#define SPU_WRCHI(ch, val)      SPU_LI(79, val), SPU_WRCH(ch, 79)
/* An MFC command, in 18 instructions */
#define DMA(cmd, tag, lsa, ea, size)                                    \
    SPU_WRCHI(MFC_WrLSA, lsa), SPU_WRCHI(MFC_WrEAH, (uint64_t)(ea) >> 32), \
    SPU_WRCHI(MFC_WrEAL, ea), SPU_WRCHI(MFC_WrSize, size),              \
    SPU_WRCHI(MFC_WrTagID, tag), SPU_WRCHI(MFC_WrCmd, cmd)

static inline uint32_t ps_read(QTestState *qts, int spe, uint32_t reg)
{
    return qtest_readl(qts, SPE_PS(spe) + reg);
}

static inline void ps_write(QTestState *qts, int spe, uint32_t reg,
                            uint32_t val)
{
    qtest_writel(qts, SPE_PS(spe) + reg, val);
}

static inline uint64_t priv2_read(QTestState *qts, int spe, uint32_t reg)
{
    return qtest_readq(qts, SPE_PRIV2(spe) + reg);
}

static inline void priv2_write(QTestState *qts, int spe, uint32_t reg,
                               uint64_t val)
{
    qtest_writeq(qts, SPE_PRIV2(spe) + reg, val);
}

static inline uint64_t priv1_read(QTestState *qts, int spe, uint32_t reg)
{
    return qtest_readq(qts, SPE_PRIV1(spe) + reg);
}

static inline void priv1_write(QTestState *qts, int spe, uint32_t reg,
                               uint64_t val)
{
    qtest_writeq(qts, SPE_PRIV1(spe) + reg, val);
}

static inline uint64_t chnl_count(QTestState *qts, int spe, unsigned ch)
{
    priv2_write(qts, spe, SPU_ChnlIndex, ch);
    return priv2_read(qts, spe, SPU_ChnlCnt);
}

static inline uint64_t chnl_data(QTestState *qts, int spe, unsigned ch)
{
    priv2_write(qts, spe, SPU_ChnlIndex, ch);
    return priv2_read(qts, spe, SPU_ChnlData);
}

/* Put a program into local store. */
static inline void load_words(QTestState *qts, int spe, uint32_t lsa,
                              const uint32_t *words, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        qtest_writel(qts, SPE_LS(spe) + lsa + 4 * i, words[i]);
    }
}

/* An MFC command of the PPE; returns MFC_CMDStatus. */
static inline uint32_t proxy(QTestState *qts, int spe, uint32_t cmd,
                             unsigned tag, uint32_t lsa, uint64_t ea,
                             uint32_t size)
{
    ps_write(qts, spe, MFC_LSA, lsa);
    qtest_writeq(qts, SPE_PS(spe) + MFC_EAH, ea);
    ps_write(qts, spe, MFC_Size_Tag, size << 16 | tag);
    ps_write(qts, spe, MFC_ClassID_CMD, cmd);
    return ps_read(qts, spe, MFC_ClassID_CMD) & 3;
}

static inline void start(QTestState *qts, int spe, uint32_t npc)
{
    priv1_write(qts, spe, MFC_SR1,
                priv1_read(qts, spe, MFC_SR1) | MFC_SR1_S);
    ps_write(qts, spe, SPU_NPC, npc);
    ps_write(qts, spe, SPU_RunCntl, 1);
}

#define START(qts, spe, npc, ...)                                       \
    do {                                                                \
        const uint32_t words[] = { __VA_ARGS__ };                       \
                                                                        \
        load_words(qts, spe, npc, words, ARRAY_SIZE(words));            \
        start(qts, spe, npc);                                           \
    } while (0)

/*
 * Let virtual time pass, at most a millisecond, until SPU_Status is not just R;
 * then return it.
 */
static inline uint32_t settle(QTestState *qts, int spe)
{
    int i;

    for (i = 0; i < 100; i++) {
        if (ps_read(qts, spe, SPU_Status) != SPU_Status_R) {
            break;
        }
        qtest_clock_step(qts, 10000);
    }
    return ps_read(qts, spe, SPU_Status);
}

/*
 * A kernel, for the PPE to execute with the accelerator tcg: instructions at
 * address 0.  Returns a file's name; unlink the file and free the name.
 */
static inline char *ppe_kernel(const uint32_t *words, unsigned n)
{
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr segment;
    } elf = {
        .head.e_ident = {
            ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2MSB,
        },
        .head.e_type = cpu_to_be16(ET_EXEC),
        .head.e_machine = cpu_to_be16(EM_PPC64),
        .head.e_phoff = cpu_to_be64(sizeof(Elf64_Ehdr)),
        .head.e_phentsize = cpu_to_be16(sizeof(Elf64_Phdr)),
        .head.e_phnum = cpu_to_be16(1),
        .segment.p_type = cpu_to_be32(PT_LOAD),
        .segment.p_offset = cpu_to_be64(sizeof(elf)),
        .segment.p_filesz = cpu_to_be64(4 * n),
        .segment.p_memsz = cpu_to_be64(4 * n),
    };
    g_autoptr(GByteArray) file = g_byte_array_new();
    char *name;
    unsigned i;

    g_byte_array_append(file, (const uint8_t *)&elf, sizeof(elf));
    for (i = 0; i < n; i++) {
        uint32_t word = cpu_to_be32(words[i]);

        g_byte_array_append(file, (const uint8_t *)&word, sizeof(word));
    }
    close(g_file_open_tmp("cell-kernel-XXXXXX", &name, NULL));
    g_assert_true(g_file_set_contents(name, (const char *)file->data,
                                      file->len, NULL));
    return name;
}

#endif /* TESTS_CELL_SPE_H */
