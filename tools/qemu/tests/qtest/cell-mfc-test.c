/*
 * QTest for the Memory Flow Controller of an SPE of the cell-blade machine
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The expected values come from CBEA v1.02, the PowerPC Operating Environment
 * Architecture (page table) and the assumptions of Linux's spufs.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cell-spe.h"

#define MEM     0x2000000       /* some unused memory */

static QTestState *blade(void)
{
    QTestState *qts = qtest_init("-machine cell-blade -m 256M");

    /* Effective addresses are real ones, the SPUs may run. */
    priv1_write(qts, 0, MFC_SR1, 0x20);
    priv1_write(qts, 1, MFC_SR1, 0x20);
    return qts;
}

static void fill(QTestState *qts, uint64_t addr, size_t len, unsigned seed)
{
    g_autofree uint8_t *buf = g_malloc(len);
    size_t i;

    for (i = 0; i < len; i++) {
        buf[i] = i * 7 + (i >> 8) + seed;
    }
    qtest_memwrite(qts, addr, buf, len);
}

static bool same(QTestState *qts, uint64_t a, uint64_t b, size_t len)
{
    g_autofree uint8_t *x = g_malloc(len), *y = g_malloc(len);

    qtest_memread(qts, a, x, len);
    qtest_memread(qts, b, y, len);
    return !memcmp(x, y, len);
}

static void test_put_get(QTestState *qts)
{
    static const uint16_t sizes[] = { 1, 2, 4, 8, 16, 48, 128, 0x4000 };
    int i;

    ps_write(qts, 0, Prxy_QueryMask, 0xffffffff);
    g_assert_cmphex(ps_read(qts, 0, Prxy_TagStatus), ==, 0xffffffff);
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned n = sizes[i], off = n < 16 ? 16 - n : 0;

        fill(qts, MEM, 0x5000, i);
        qtest_memset(qts, SPE_LS(0) + 0x1000, 0xee, 0x5000);
        qtest_memset(qts, MEM + 0x10000, 0xdd, 0x5000);
        g_assert_cmphex(proxy(qts, 0, 0x40, 7, 0x1010 + off, MEM + 0x20 + off,
                              n), ==, 0);
        g_assert_cmphex(proxy(qts, 0, 0x20, 7, 0x1010 + off,
                              MEM + 0x10010 + off, n), ==, 0);
        g_assert_true(same(qts, MEM + 0x20 + off, SPE_LS(0) + 0x1010 + off,
                           n));
        g_assert_true(same(qts, MEM + 0x20 + off, MEM + 0x10010 + off, n));
        g_assert_cmphex(qtest_readb(qts, SPE_LS(0) + 0x1010 + off + n), ==,
                        0xee);
        g_assert_cmphex(qtest_readb(qts, SPE_LS(0) + 0x100f + off), ==, 0xee);
        g_assert_cmphex(qtest_readb(qts, MEM + 0x10010 + off + n), ==, 0xdd);
        g_assert_cmphex(qtest_readb(qts, MEM + 0x1000f + off), ==, 0xdd);
    }
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 0);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 0x80000008);

    /* Nothing to transfer is no error; the end of local store wraps. */
    g_assert_cmphex(proxy(qts, 0, 0x40, 7, 0x1000, MEM, 0), ==, 0);
    fill(qts, MEM, 0x40, 99);
    g_assert_cmphex(proxy(qts, 0, 0x40, 7, 0x3fff0, MEM, 0x20), ==, 0);
    g_assert_true(same(qts, SPE_LS(0) + 0x3fff0, MEM, 16));
    g_assert_true(same(qts, SPE_LS(0), MEM + 16, 16));
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 0);
}

/* To another SPE's local store and problem state, with the MFC's sndsig */
static void test_spe_to_spe(QTestState *qts)
{
    fill(qts, SPE_LS(0) + 0x1000, 0x100, 5);
    proxy(qts, 0, 0x20, 1, 0x1000, SPE_LS(1) + 0x2000, 0x100);
    g_assert_true(same(qts, SPE_LS(0) + 0x1000, SPE_LS(1) + 0x2000, 0x100));

    qtest_writel(qts, SPE_LS(0) + 0x100c, 0x12345678);
    proxy(qts, 0, 0xa0, 1, 0x100c, SPE_PS(1) + 0x1400c, 4);
    g_assert_cmphex(chnl_count(qts, 1, 3), ==, 1);
    g_assert_cmphex(chnl_data(qts, 1, 3), ==, 0x12345678);
    /* and to its own, which is an access from within an access */
    proxy(qts, 0, 0xa0, 1, 0x100c, SPE_PS(0) + 0x1c00c, 4);
    g_assert_cmphex(chnl_data(qts, 0, 4), ==, 0x12345678);
    proxy(qts, 0, 0x20, 1, 0x100c, SPE_PS(1) + 0x400c, 4);
    g_assert_cmphex(chnl_count(qts, 1, 29), ==, 1);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 0);
}

/* A bad command: it interrupts as @class0, and the queue stands still. */
static void bad(QTestState *qts, uint64_t class0, uint32_t cmd, uint32_t lsa,
                uint64_t ea, uint32_t size)
{
    g_assert_cmphex(proxy(qts, 0, cmd, 3, lsa, ea, size), ==, 0);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, class0);
    g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 7);
    priv1_write(qts, 0, 0x140, class0);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 0);
    /* Trying again has the same result; a purge helps. */
    priv2_write(qts, 0, MFC_CNTL, 1ULL << 32);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, class0);
    priv1_write(qts, 0, 0x140, class0);
    priv2_write(qts, 0, MFC_CNTL, 1 << 15);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL), ==, 3 << 24 | 1 << 14);
    g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 0x80000008);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL), ==, 1 << 14);
}

static void test_bad_command(QTestState *qts)
{
    static const uint8_t invalid[] = {
        0x00, 0x23, 0x60, 0xff,
        /* for the SPU's own queue only: lists, lock lines */
        0x24, 0x36, 0x44, 0xd0, 0xb4, 0xb0, 0xb8,
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(invalid); i++) {
        bad(qts, 2, invalid[i], 0x1000, MEM, 16);
    }
    bad(qts, 2, 0x0140, 0x1000, MEM, 16);
    bad(qts, 1, 0x40, 0x1000, MEM, 3);              /* sizes */
    bad(qts, 1, 0x40, 0x1000, MEM, 12);
    bad(qts, 1, 0x40, 0x1000, MEM, 24);
    bad(qts, 1, 0x20, 0x1000, MEM, 0x4010);
    bad(qts, 1, 0x40, 0x1004, MEM, 4);              /* the same quadword */
    bad(qts, 1, 0x40, 0x1002, MEM + 2, 4);          /* by its size */
    bad(qts, 1, 0x40, 0x1008, MEM + 8, 16);
    bad(qts, 1, 0xa0, 0x1008, SPE_PS(1) + 0x1400c, 4);
    bad(qts, 1, 0xa0, 0x100c, SPE_PS(1) + 0x1400c, 16);
    bad(qts, 1, 0xa2, 0x100c, SPE_PS(1) + 0x1400c, 0);
    g_assert_cmphex(chnl_count(qts, 1, 3), ==, 0);
}

static void test_start(QTestState *qts)
{
    static const uint8_t forms[] = { 0x28, 0x29, 0x2a, 0x48, 0x49, 0x4a };
    int i;

    qtest_writel(qts, MEM, SPU_STOP(0x123));
    ps_write(qts, 0, SPU_NPC, 0x1000);
    proxy(qts, 0, 0x4a, 0, 0x1000, MEM, 16);
    g_assert_cmphex(settle(qts, 0), ==, 0x1230002);

    /* Each form starts the SPU, after its transfer. */
    for (i = 0; i < ARRAY_SIZE(forms); i++) {
        bool get = forms[i] & 0x40;
        uint64_t ls = SPE_LS(0) + 0x1000;

        qtest_memset(qts, MEM, 0, 16);
        qtest_memset(qts, ls, 0, 16);
        qtest_writel(qts, get ? MEM : ls, SPU_STOP(0x200 + i));
        ps_write(qts, 0, SPU_NPC, 0x1000);
        proxy(qts, 0, forms[i], i, 0x1000, MEM, 16);
        g_assert_cmphex(settle(qts, 0), ==, (0x200 + i) << 16 | 2);
        g_assert_cmphex(qtest_readl(qts, get ? ls : MEM), ==,
                        SPU_STOP(0x200 + i));
    }

    /* Not from the SPU's own queue */
    START(qts, 0, 0, DMA(0x4a, 0, 0x1000, MEM, 16), SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0x10002);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 2);
}

static void test_proxy_queue(QTestState *qts)
{
    int i;

    priv1_write(qts, 0, 0x110, 0x8);
    ps_write(qts, 0, Prxy_QueryMask, 0xff);
    priv2_write(qts, 0, MFC_CNTL, 1);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL), ==, 1 | 3 << 8 | 1 << 14);
    for (i = 0; i < 8; i++) {
        qtest_writel(qts, SPE_LS(0) + 0x1000 + 16 * i, i);
        qtest_writel(qts, MEM + 16 * i, 0xffffffff);
        g_assert_cmphex(ps_read(qts, 0, MFC_QStatus) & 0xffff, ==, 8 - i);
        g_assert_cmphex(proxy(qts, 0, 0x20, i, 0x1000 + 16 * i, MEM + 16 * i,
                              4), ==, 0);
    }
    /* Full */
    g_assert_cmphex(proxy(qts, 0, 0x20, 9, 0x2000, MEM + 0x2000, 4), ==, 2);
    g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, Prxy_TagStatus), ==, 0);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL), ==, 1 | 3 << 8);
    g_assert_cmphex(qtest_readl(qts, MEM), ==, 0xffffffff);

    /* Sm leaves the suspension alone. */
    priv2_write(qts, 0, MFC_CNTL, 1 << 4);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL), ==, 1 | 3 << 8);

    ps_write(qts, 0, Prxy_QueryType, 2);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 8, ==, 0);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 8, ==, 8);
    g_assert_cmphex(ps_read(qts, 0, Prxy_QueryType), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, Prxy_TagStatus), ==, 0xff);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL), ==, 1 << 14);
    for (i = 0; i < 8; i++) {
        g_assert_cmphex(qtest_readl(qts, MEM + 16 * i), ==, i);
    }
    priv1_write(qts, 0, 0x150, 8);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 8, ==, 0);

    /* Already true */
    ps_write(qts, 0, Prxy_QueryType, 1);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 8, ==, 8);
}

static void test_spu_queue_full(QTestState *qts)
{
    const uint32_t again[] = { [0 ... 15] = SPU_WRCH(21, 79), SPU_STOP(3) };
    const uint32_t program[] = { DMA(0x20, 2, 0x1000, MEM, 16) };
    int i;

    /* One command, and the same sixteen times more */
    priv2_write(qts, 0, MFC_CNTL, 1);
    load_words(qts, 0, 0, program, ARRAY_SIZE(program));
    load_words(qts, 0, sizeof(program), again, ARRAY_SIZE(again));
    start(qts, 0, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, sizeof(program) + 15 * 4);
    g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 0x80000008);
    for (i = 0; i < 16; i++) {
        g_assert_cmphex(priv2_read(qts, 0, 0x2000 + 32 * i), !=, 0);
    }
    /* A purge makes room for the one that waits. */
    priv2_write(qts, 0, MFC_CNTL, 1 << 15 | 1 << 4);
    g_assert_cmphex(settle(qts, 0), ==, 0x30002);
    g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 15);

    /* So does finished work, and that is an event. */
    start(qts, 0, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(chnl_data(qts, 0, 0), ==, 0);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x30002);
    g_assert_cmphex(chnl_data(qts, 0, 0), ==, 8);
    g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 16);
}

/* A tag group with work, and the status that the SPU reads of it */
static void test_tag_status(QTestState *qts)
{
    priv2_write(qts, 0, MFC_CNTL, 1);
    START(qts, 0, 0,
          SPU_WRCHI(MFC_WrTagMask, 0x2c), DMA(0x20, 2, 0x8000, MEM, 16),
          SPU_WRCHI(MFC_WrTagUpdate, 0), SPU_RDCH(3, 24), SPU_WRCH(28, 3),
          SPU_WRCHI(MFC_WrTagUpdate, 1), SPU_RDCH(3, 24), SPU_WRCH(30, 3),
          SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24), SPU_WRCH(28, 3),
          SPU_STOP(3));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x28);
    g_assert_cmphex(priv2_read(qts, 0, SPU_Out_Intr_Mbox), ==, 0x28);
    g_assert_cmphex(priv2_read(qts, 0, 0x5008), ==, 2ULL << 32 | 0x2c);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x30002);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x2c);
}

static void list_element(QTestState *qts, uint32_t lsa, uint32_t word,
                         uint32_t eal)
{
    qtest_writel(qts, SPE_LS(0) + lsa, word);
    qtest_writel(qts, SPE_LS(0) + lsa + 4, eal);
}

/* As a PlayStation 3 does it, by the count of MFC_RdTagStat */
static void test_tag_update(QTestState *qts)
{
    /* A pending query is about a mask that is written later. */
    START(qts, 0, 0,
          SPU_WRCHI(MFC_WrTagMask, 0), SPU_WRCHI(MFC_WrTagUpdate, 1),
          SPU_RCHCNT(4, 24), SPU_STQA(4, 0x9000),
          SPU_WRCHI(MFC_WrTagMask, 3), SPU_RCHCNT(4, 24),
          SPU_STQA(4, 0x9010), SPU_RDCH(4, 24), SPU_STQA(4, 0x9020),
          SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0x10002);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9000), ==, 0);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9010), ==, 1);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9020), ==, 3);

    /* A status that was not read outlives a query that cannot be met. */
    list_element(qts, 0x4000, 0x80000000, MEM);
    list_element(qts, 0x4008, 0, MEM);
    START(qts, 0, 0,
          SPU_WRCHI(MFC_WrTagMask, 1), SPU_WRCHI(MFC_WrTagUpdate, 2),
          SPU_RCHCNT(4, 24), SPU_STQA(4, 0x9000),
          DMA(0x44, 0, 0x8000, 0x4000, 16), SPU_RDCH(3, 25),
          SPU_WRCHI(MFC_WrTagUpdate, 2),
          SPU_RCHCNT(4, 24), SPU_STQA(4, 0x9010),
          SPU_RCHCNT(4, 23), SPU_STQA(4, 0x9020),
          SPU_WRCHI(26, 0), SPU_RDCH(4, 24), SPU_STQA(4, 0x9030),
          SPU_STOP(2));
    g_assert_cmphex(settle(qts, 0), ==, 0x20002);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9000), ==, 1);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9010), ==, 1);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9020), ==, 1);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9030), ==, 1);
}

/*
 * On a PlayStation 3, an element of size 0 does not move the local address, or
 * by 16 bytes if its effective address is not aligned.
 */
static void test_list_of_nothing(QTestState *qts)
{
    fill(qts, MEM, 0x100, 9);
    qtest_memset(qts, SPE_LS(0) + 0x8000, 0, 0x100);
    list_element(qts, 0x4000, 0, MEM);
    list_element(qts, 0x4008, 16, MEM + 0x10);
    list_element(qts, 0x4010, 0, MEM + 0x28);
    list_element(qts, 0x4018, 16, MEM + 0x30);
    START(qts, 0, 0, SPU_WRCHI(MFC_WrTagMask, 1),
          DMA(0x44, 0, 0x8000, 0x4000, 32), SPU_WRCHI(MFC_WrTagUpdate, 2),
          SPU_RDCH(3, 24), SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0x10002);
    g_assert_true(same(qts, MEM + 0x10, SPE_LS(0) + 0x8000, 16));
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x8010), ==, 0);
    g_assert_true(same(qts, MEM + 0x30, SPE_LS(0) + 0x8020, 16));
}

/* Preemption while the SPU waits for a tag group: spufs/switch.c */
static void test_save_restore(QTestState *qts)
{
    uint64_t spuq[64], puq[32], tsq, cmd1, cmd2, cnt21;
    int i;

    priv2_write(qts, 0, MFC_CNTL, 1);
    fill(qts, SPE_LS(0) + 0x8000, 0x4000, 1);
    qtest_memset(qts, MEM, 0, 0x20000);
    proxy(qts, 0, 0x20, 4, 0x8000, MEM + 0x10000, 0x100);
    START(qts, 0, 0,
          SPU_WRCHI(MFC_WrTagMask, 4), DMA(0x20, 2, 0x8000, MEM, 0x4000),
          DMA(0x20, 31, 0x8010, MEM + 0x8000, 16),
          SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24), SPU_STOP(3));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);

    for (i = 0; i < 32; i++) {
        puq[i] = priv2_read(qts, 0, 0x2200 + 8 * i);
    }
    for (i = 0; i < 64; i++) {
        spuq[i] = priv2_read(qts, 0, 0x2000 + 8 * i);
    }
    tsq = priv2_read(qts, 0, 0x5008);
    cmd1 = priv2_read(qts, 0, 0x5010);
    cmd2 = priv2_read(qts, 0, 0x5018);
    cnt21 = chnl_count(qts, 0, 21);
    g_assert_cmpuint(cnt21, ==, 14);
    g_assert_cmphex(cmd1, ==, 0x801000000000);
    g_assert_cmphex(cmd2, ==, (uint64_t)(MEM + 0x8000) << 32 | 0x10001f);

    priv2_write(qts, 0, MFC_CNTL, 1 << 15 | 1 << 4);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL), ==,
                    3 << 24 | 1 << 14 | 3 << 8 | 1);
    /* The query is not answered by the purge. */
    g_assert_cmpuint(chnl_count(qts, 0, 24), ==, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(qtest_readq(qts, MEM + 0x8), ==, 0);

    for (i = 0; i < 32; i++) {
        priv2_write(qts, 0, 0x2200 + 8 * i, puq[i]);
    }
    for (i = 0; i < 64; i++) {
        priv2_write(qts, 0, 0x2000 + 8 * i, spuq[i]);
    }
    priv2_write(qts, 0, 0x5008, tsq);
    priv2_write(qts, 0, 0x5010, cmd1);
    priv2_write(qts, 0, 0x5018, cmd2);
    priv2_write(qts, 0, SPU_ChnlIndex, 21);
    priv2_write(qts, 0, SPU_ChnlCnt, cnt21);
    g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 14);
    g_assert_cmphex(priv2_read(qts, 0, 0x5008), ==, tsq);
    g_assert_cmphex(qtest_readq(qts, MEM + 0x8), ==, 0);

    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x30002);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x8000, 0x4000));
    g_assert_true(same(qts, MEM + 0x8000, SPE_LS(0) + 0x8010, 16));
    g_assert_true(same(qts, MEM + 0x10000, SPE_LS(0) + 0x8000, 0x100));
}

static void test_list(QTestState *qts)
{
    fill(qts, MEM, 0x1000, 3);
    qtest_memset(qts, SPE_LS(0) + 0x8000, 0, 0x1000);
    list_element(qts, 0x4000, 0x20, MEM + 0x100);
    /* Small ones: the low bits of the address say where in the quadword */
    list_element(qts, 0x4008, 0x80000004, MEM + 0x20c);
    list_element(qts, 0x4010, 0x10, MEM + 0x300);
    START(qts, 0, 0, SPU_WRCHI(MFC_WrTagMask, 1 << 6),
          DMA(0x44, 6, 0x8000, 0x4000, 24),
          /* a barrier, a command behind it, and one in another group */
          DMA(0x45, 6, 0x8800, 0x4000, 8),
          DMA(0x40, 6, 0x8a00, MEM, 16),
          DMA(0x40, 5, 0x8900, MEM, 16),
          /* and behind a barrier for all groups */
          DMA(0xc0, 7, 0, 0, 0),
          DMA(0x40, 8, 0x8b00, MEM, 16),
          SPU_RDCH(3, 25), SPU_WRCH(28, 3),
          SPU_RDCH(4, 29), SPU_WRCH(26, 4),
          SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24), SPU_STOP(3));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 1 << 6);
    g_assert_true(same(qts, MEM + 0x100, SPE_LS(0) + 0x8000, 0x20));
    g_assert_true(same(qts, MEM + 0x20c, SPE_LS(0) + 0x802c, 4));
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x8028), ==, 0);
    /* Those that wait for the list, and the one that does not */
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x8030), ==, 0);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x8800), ==, 0);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x8a00), ==, 0);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x8b00), ==, 0);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x8900, 16));
    g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 11);

    /* The element is read only now. */
    list_element(qts, 0x4010, 0x10, MEM + 0x400);
    ps_write(qts, 0, SPU_In_Mbox, 6);
    g_assert_cmphex(settle(qts, 0), ==, 0x30002);
    g_assert_true(same(qts, MEM + 0x400, SPE_LS(0) + 0x8030, 16));
    g_assert_true(same(qts, MEM + 0x100, SPE_LS(0) + 0x8800, 0x20));
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x8a00, 16));
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x8b00, 16));
    g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 16);

    /* Two stall before the SPU looks; only the second goes on. */
    list_element(qts, 0x4000, 0x80000010, MEM);
    START(qts, 0, 0, DMA(0x44, 6, 0x8000, 0x4000, 8),
          DMA(0x44, 9, 0x8000, 0x4000, 8),
          SPU_RDCH(3, 25), SPU_WRCH(28, 3), SPU_WRCHI(26, 9), SPU_STOP(5));
    g_assert_cmphex(settle(qts, 0), ==, 0x50002);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 1 << 6 | 1 << 9);
    g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 15);
}

static void test_zero(QTestState *qts)
{
    qtest_memset(qts, MEM, 0xaa, 0x400);
    proxy(qts, 0, 0x89, 0, 0, MEM + 0x80, 0x100);
    g_assert_cmphex(qtest_readb(qts, MEM + 0x7f), ==, 0xaa);
    g_assert_cmphex(qtest_readq(qts, MEM + 0x80), ==, 0);
    g_assert_cmphex(qtest_readq(qts, MEM + 0x178), ==, 0);
    g_assert_cmphex(qtest_readb(qts, MEM + 0x180), ==, 0xaa);
}

/* getllar, wait for the PPE, putllc; both results go out */
static const uint32_t lock_program[] = {
    DMA(0xd0, 0, 0x8000, MEM, 128), SPU_RDCH(3, 27), SPU_WRCH(28, 3),
    SPU_RDCH(4, 29), SPU_IL(5, 0x77), SPU_STQA(5, 0x8000),
    SPU_WRCHI(MFC_WrCmd, 0xb4), SPU_RDCH(3, 27), SPU_WRCH(30, 3),
    SPU_STOP(4),
};

static uint32_t lock(QTestState *qts, void (*meanwhile)(QTestState *qts))
{
    fill(qts, MEM, 0x100, 8);
    load_words(qts, 0, 0, lock_program, ARRAY_SIZE(lock_program));
    start(qts, 0, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 4);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x8000, 128));
    meanwhile(qts);
    ps_write(qts, 0, SPU_In_Mbox, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x40002);
    return priv2_read(qts, 0, SPU_Out_Intr_Mbox);
}

static void nothing(QTestState *qts)
{
}

static void ppe_stores(QTestState *qts)
{
    qtest_writel(qts, MEM + 0x7c, 0xabcd);
}

static void ppe_stores_behind(QTestState *qts)
{
    qtest_writel(qts, MEM + 0x80, 0xabcd);
}

/* Another MFC stores what is there already: in the line, or just behind it. */
static void other_mfc_stores(QTestState *qts)
{
    proxy(qts, 1, 0x40, 0, 0x9000, MEM + 0x70, 16);
    proxy(qts, 1, 0x20, 0, 0x9000, MEM + 0x70, 16);
}

static void other_mfc_stores_behind(QTestState *qts)
{
    proxy(qts, 1, 0x40, 0, 0x9000, MEM + 0x80, 16);
    proxy(qts, 1, 0x20, 0, 0x9000, MEM + 0x80, 16);
}

static void test_lock_line(QTestState *qts)
{
    g_assert_cmphex(lock(qts, nothing), ==, 0);
    g_assert_cmphex(qtest_readl(qts, MEM), ==, 0x77);
    g_assert_cmphex(lock(qts, ppe_stores), ==, 1);
    g_assert_cmphex(qtest_readl(qts, MEM), !=, 0x77);
    g_assert_cmphex(qtest_readl(qts, MEM + 0x7c), ==, 0xabcd);
    g_assert_cmphex(lock(qts, ppe_stores_behind), ==, 0);
    g_assert_cmphex(lock(qts, other_mfc_stores), ==, 1);
    g_assert_cmphex(lock(qts, other_mfc_stores_behind), ==, 0);

    /* Without a reservation, and after one was used */
    START(qts, 0, 0, DMA(0xb4, 0, 0x8000, MEM, 128), SPU_RDCH(3, 27),
          SPU_WRCH(28, 3), SPU_STOP(5));
    g_assert_cmphex(settle(qts, 0), ==, 0x50002);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 1);

    /* putlluc */
    fill(qts, SPE_LS(0) + 0x8000, 128, 77);
    START(qts, 0, 0, DMA(0xb0, 0, 0x8000, MEM, 128), SPU_RDCH(3, 27),
          SPU_WRCH(28, 3), SPU_STOP(5));
    g_assert_cmphex(settle(qts, 0), ==, 0x50002);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 2);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x8000, 128));
}

/*
 * putqlluc is a store with a tag and without a status, which ends the
 * reservations of its line: another SPE's is lost, and that is an event
 * there.
 */
static void test_putqlluc(QTestState *qts)
{
    START(qts, 1, 0, SPU_WRCHI(SPU_WrEventMask, 0x400),
          DMA(0xd0, 0, 0x8000, MEM, 128), SPU_RDCH(3, 27), SPU_RDCH(3, 0),
          SPU_WRCH(28, 3), DMA(0xb4, 0, 0x9000, MEM, 128), SPU_RDCH(3, 27),
          SPU_WRCH(30, 3), SPU_STOP(7));
    g_assert_cmphex(settle(qts, 1), ==, 0x9);

    /* All of the line is stored, wherever in it the addresses are. */
    fill(qts, SPE_LS(0) + 0x8000, 256, 55);
    qtest_memset(qts, MEM, 0x11, 256);
    START(qts, 0, 0, DMA(0xd0, 0, 0x9000, MEM, 128), SPU_RDCH(3, 27),
          DMA(0xb8, 9, 0x8010, MEM + 0x20, 128), SPU_RCHCNT(4, 27),
          SPU_STQA(4, 0xa000), SPU_WRCHI(MFC_WrTagMask, 1 << 9),
          SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(5, 24), SPU_STQA(5, 0xa010),
          DMA(0xb4, 0, 0x9000, MEM, 128), SPU_RDCH(3, 27),
          SPU_WRCH(28, 3), SPU_STOP(5));
    g_assert_cmphex(settle(qts, 0), ==, 0x50002);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0xa000), ==, 0);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0xa010), ==, 1 << 9);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 1);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x8000, 128));
    g_assert_cmphex(qtest_readl(qts, MEM + 128), ==, 0x11111111);

    g_assert_cmphex(settle(qts, 1), ==, 0x70002);
    g_assert_cmphex(ps_read(qts, 1, SPU_Out_Mbox), ==, 0x400);
    g_assert_cmphex(priv2_read(qts, 1, SPU_Out_Intr_Mbox), ==, 1);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x8000, 128));
}

/*
 * An SPE's own commands are no events to it: getllar, putllc and putlluc are
 * none on a PlayStation 3 (RPCS3's pull request 5435 has the results), and by
 * section 18.6.4 of the CBE Programming Handbook, the event is for stores of
 * others.  In this model any store to the line ends its reservation.  All lines
 * are zero, so that their values make no difference.
 */
static void test_own_stores(QTestState *qts)
{
    static const struct {
        uint8_t cmd;
        uint32_t lsa;
        uint64_t ea;
        uint32_t size;
        bool status;            /* in MFC_RdAtomicStat */
        bool kept;
    } own[] = {
        { MFC_PUT, 0x9070, MEM + 0x70, 16 },
        { MFC_PUT, 0x9080, MEM + 0x80, 16, .kept = true },
        { MFC_GET, 0x9000, MEM, 128, .kept = true },
        { MFC_PUTL, 0x9000, 0xa100, 8 },
        { MFC_SDCRZ, 0, MEM, 128 },
        { MFC_PUTQLLUC, 0x9000, MEM, 128 },
        { MFC_PUTLLUC, 0x9000, MEM, 128, .status = true },
        { MFC_PUTLLUC, 0x9000, MEM + 128, 128, .status = true, .kept = true },
        { MFC_PUTLLC, 0x9000, MEM + 128, 128, .status = true },
        { MFC_GETLLAR, 0x9000, MEM + 128, 128, .status = true },
    };
    int i;

    qtest_memset(qts, MEM, 0, 0x100);
    for (i = 0; i < ARRAY_SIZE(own); i++) {
        qtest_memset(qts, SPE_LS(0) + 0x8000, 0, 0x4000);
        list_element(qts, 0xa100, 16, MEM);
        START(qts, 0, 0, SPU_WRCHI(SPU_WrEventMask, 0x400),
              DMA(MFC_GETLLAR, 0, 0x8000, MEM, 128), SPU_RDCH(3, 27),
              DMA(own[i].cmd, 5, own[i].lsa, own[i].ea, own[i].size),
              own[i].status ? SPU_RDCH(3, 27) : SPU_NOP,
              SPU_WRCHI(MFC_WrTagMask, 1 << 5),
              SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24),
              SPU_RCHCNT(4, 0), SPU_STQA(4, 0xa000),
              DMA(MFC_PUTLLC, 0, 0x9000, MEM, 128), SPU_RDCH(3, 27),
              SPU_STQA(3, 0xa010), SPU_STOP(8));
        g_assert_cmphex(settle(qts, 0), ==, 0x80002);
        g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 0);
        g_assert_cmpuint(qtest_readl(qts, SPE_LS(0) + 0xa000), ==, 0);
        g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0xa010), ==,
                        !own[i].kept);
    }

    /* The PPE's stores are others', whichever MFC it uses. */
    START(qts, 0, 0, SPU_WRCHI(SPU_WrEventMask, 0x400),
          DMA(MFC_GETLLAR, 0, 0x8000, MEM, 128), SPU_RDCH(3, 27),
          SPU_RDCH(3, 0), SPU_WRCH(28, 3), SPU_STOP(9));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    proxy(qts, 0, MFC_PUT, 0, 0x9070, MEM + 0x70, 16);
    g_assert_cmphex(settle(qts, 0), ==, 0x90002);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x400);
}

static void test_line_lost(QTestState *qts)
{
    int i;

    for (i = 0; i < 2; i++) {
        START(qts, 0, 0, SPU_WRCHI(SPU_WrEventAck, 0x400),
              SPU_WRCHI(SPU_WrEventMask, 0x400),
              DMA(0xd0, 0, 0x8000, MEM, 128), SPU_RDCH(3, 27),
              SPU_RDCH(3, 0), SPU_WRCH(28, 3), SPU_STOP(6));
        g_assert_cmphex(settle(qts, 0), ==, 0x9);
        qtest_clock_step(qts, 1000000);
        g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0x9);
        if (i == 0) {
            /* The PPE's store is noticed after a slice at the latest. */
            qtest_writel(qts, MEM + 4, qtest_readl(qts, MEM + 4) + 1);
            qtest_clock_step(qts, 20000);
        } else {
            other_mfc_stores(qts);
        }
        g_assert_cmphex(settle(qts, 0), ==, 0x60002);
        g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x400);
    }
}

/* Translation: a page table of the smallest size, 256 KiB */

#define HTAB    0x4000000
#define VSID    0x123456789ULL
#define SEGMENT 0xc000000030000000ULL

/* The primary group of a page, according to OEA */
static uint64_t group(uint64_t vsid, uint64_t page)
{
    return HTAB + (((vsid ^ page) & 0x7ff) << 7);
}

static void slb_load(QTestState *qts, unsigned i, uint64_t esid,
                     uint64_t flags)
{
    priv2_write(qts, 0, SLB_Index, i);
    priv2_write(qts, 0, SLB_ESID, 0);
    priv2_write(qts, 0, SLB_VSID, VSID << 12 | flags);
    priv2_write(qts, 0, SLB_ESID, esid | 1 << 27);
}

static void relocate(QTestState *qts)
{
    qtest_memset(qts, HTAB, 0, 0x40000);
    priv1_write(qts, 0, MFC_SDR, HTAB);
    priv2_write(qts, 0, SLB_Invalidate_All, 0);
    priv1_write(qts, 0, MFC_TLB_Invalidate_All, 0);
    /* as spufs sets it for a user: D, T, Pr, R, S */
    priv1_write(qts, 0, MFC_SR1, 0x3b);
}

static void purge(QTestState *qts)
{
    priv2_write(qts, 0, MFC_CNTL, 1 << 15);
    priv2_write(qts, 0, MFC_CNTL, 0);
    priv1_write(qts, 0, 0x148, 3);
    priv1_write(qts, 0, MFC_DSISR, 0);
}

static void test_faults(QTestState *qts)
{
    uint64_t pte = group(VSID, 0x12) + 3 * 16;
    uint64_t second = (group(VSID, 0x13) ^ (0x7ff << 7)) + 7 * 16;
    uint64_t ea = SEGMENT + 0x12ff0;

    relocate(qts);
    fill(qts, MEM, 0x2000, 1);
    fill(qts, MEM + 0x8000, 0x2000, 2);
    qtest_memset(qts, SPE_LS(0) + 0x8000, 0, 0x1000);

    /* No segment */
    proxy(qts, 0, 0x40, 1, 0x8000, ea, 0x20);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 1);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DAR), ==, ea);
    priv1_write(qts, 0, 0x148, 1);

    /* No page: supervisor and user key as Linux sets them for a user */
    slb_load(qts, 5, SEGMENT, 0xc80);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);
    priv2_write(qts, 0, MFC_CNTL, 1ULL << 32);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 2);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DAR), ==, ea);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DSISR), ==, 1 << 30);
    priv1_write(qts, 0, MFC_DSISR, 0);
    priv1_write(qts, 0, 0x148, 2);

    /* One page, the next is missing: the first half is done. */
    qtest_writeq(qts, pte, VSID << 12 | 1);
    qtest_writeq(qts, pte + 8, MEM | 2);
    priv2_write(qts, 0, MFC_CNTL, 1ULL << 32);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 2);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DAR), ==, SEGMENT + 0x13000);
    g_assert_true(same(qts, SPE_LS(0) + 0x8000, MEM + 0xff0, 16));
    g_assert_cmphex(qtest_readq(qts, SPE_LS(0) + 0x8010), ==, 0);
    /* R, not C */
    g_assert_cmphex(qtest_readq(qts, pte + 8), ==, MEM | 0x102);
    priv1_write(qts, 0, 0x148, 2);

    /* It is not done again. */
    qtest_memset(qts, MEM, 0x55, 0x1000);
    /* a secondary entry; RPN as far as memory goes */
    qtest_writeq(qts, second, VSID << 12 | 3);
    qtest_writeq(qts, second + 8, (MEM + 0x8000) | 2);
    priv2_write(qts, 0, MFC_CNTL, 1ULL << 32);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);
    g_assert_cmphex(qtest_readb(qts, SPE_LS(0) + 0x8000), !=, 0x55);
    g_assert_true(same(qts, SPE_LS(0) + 0x8010, MEM + 0x8000, 16));
    g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 0x80000008);

    /* A put sets C. */
    proxy(qts, 0, 0x20, 1, 0x8000, ea, 0x10);
    g_assert_cmphex(qtest_readq(qts, pte + 8), ==, MEM | 0x182);
    g_assert_cmphex(qtest_readq(qts, second + 8), ==, (MEM + 0x8000) | 0x102);

    /* A fault that the PPE has not taken goes away when it is restarted. */
    qtest_writeq(qts, pte, 0);
    priv1_write(qts, 0, MFC_TLB_Invalidate_All, 0);
    proxy(qts, 0, 0x20, 1, 0x8000, ea, 0x10);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 2);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DSISR), ==, 1 << 30 | 1 << 25);
    qtest_writeq(qts, pte, VSID << 12 | 1);
    priv2_write(qts, 0, MFC_CNTL, 1ULL << 32);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);

    /* The segment is gone again. */
    priv2_write(qts, 0, SLB_Invalidate_Entry, SEGMENT);
    proxy(qts, 0, 0x20, 1, 0x8000, ea, 0x10);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 1);
    purge(qts);
}

/* Preempted half-way through a transfer: nothing lost, nothing done twice */
static void test_fault_save_restore(QTestState *qts)
{
    uint64_t pte = group(VSID, 0x12), next = group(VSID, 0x13);
    uint64_t spuq[64], tsq;
    int i;

    relocate(qts);
    slb_load(qts, 0, SEGMENT, 0xc80);
    qtest_writeq(qts, pte, VSID << 12 | 1);
    qtest_writeq(qts, pte + 8, MEM | 2);
    qtest_memset(qts, MEM, 0, 0x4000);
    fill(qts, SPE_LS(0) + 0x8000, 0x2000, 9);
    list_element(qts, 0x4000, 0x20, (uint32_t)SEGMENT + 0x12100);
    list_element(qts, 0x4008, 0x1000, (uint32_t)SEGMENT + 0x12800);
    list_element(qts, 0x4010, 0x10, (uint32_t)SEGMENT + 0x12200);
    START(qts, 0, 0, SPU_WRCHI(MFC_WrTagMask, 1),
          DMA(0x24, 0, 0x8000, (SEGMENT & ~0xffffffffULL) | 0x4000, 24),
          SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24), SPU_STOP(3));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 2);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DAR), ==, SEGMENT + 0x13000);

    priv2_write(qts, 0, MFC_CNTL, 1);
    for (i = 0; i < 64; i++) {
        spuq[i] = priv2_read(qts, 0, 0x2000 + 8 * i);
    }
    tsq = priv2_read(qts, 0, 0x5008);
    purge(qts);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL), ==, 1 << 14);

    g_assert_true(same(qts, MEM + 0x100, SPE_LS(0) + 0x8000, 0x20));
    g_assert_true(same(qts, MEM + 0x800, SPE_LS(0) + 0x8020, 0x800));
    qtest_memset(qts, MEM, 0x5a, 0x1000);

    qtest_writeq(qts, next, VSID << 12 | 1);
    qtest_writeq(qts, next + 8, (MEM + 0x2000) | 2);
    priv2_write(qts, 0, MFC_CNTL, 1);
    for (i = 0; i < 64; i++) {
        priv2_write(qts, 0, 0x2000 + 8 * i, spuq[i]);
    }
    priv2_write(qts, 0, 0x5008, tsq);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x30002);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);
    g_assert_true(same(qts, MEM + 0x2000, SPE_LS(0) + 0x8820, 0x800));
    g_assert_true(same(qts, MEM + 0x200, SPE_LS(0) + 0x9020, 0x10));
    g_assert_cmphex(qtest_readb(qts, MEM + 0x100), ==, 0x5a);
    g_assert_cmphex(qtest_readb(qts, MEM + 0xfff), ==, 0x5a);
    g_assert_cmphex(qtest_readb(qts, MEM + 0x2800), ==, 0);
}

/* OEA: what PP and the key allow */
static void test_protection(QTestState *qts)
{
    static const struct {
        unsigned pp, key;
        bool load, store;
    } rights[] = {
        { 0, 0, true, true }, { 0, 1, false, false },
        { 1, 0, true, true }, { 1, 1, true, false },
        { 2, 0, true, true }, { 2, 1, true, true },
        { 3, 0, true, false }, { 3, 1, true, false },
    };
    uint64_t pte = group(VSID, 1);
    uint64_t k;
    int i, n, user;

    relocate(qts);
    qtest_writeq(qts, pte, VSID << 12 | 1);
    for (n = 0; n < 4; n++) {
        /* By MFC_SR1[Pr], then by MFC_CNTL[K], which overrides it */
        user = n & 1;
        k = n < 2 ? 0 : (uint64_t)n << 33;
        priv1_write(qts, 0, MFC_SR1, user ^ n >> 1 ? 0x3b : 0x33);
        for (i = 0; i < ARRAY_SIZE(rights); i++) {
            /* Kp is for problem state, Ks otherwise: the other one differs */
            uint64_t key = rights[i].key == user ? 0x400 : 0x800;

            slb_load(qts, 0, SEGMENT, key);
            priv2_write(qts, 0, MFC_CNTL, k);
            qtest_writeq(qts, pte + 8, MEM | rights[i].pp);
            priv1_write(qts, 0, MFC_TLB_Invalidate_All, 0);
            proxy(qts, 0, 0x40, 1, 0x8000, SEGMENT + 0x1000, 16);
            g_assert_cmphex(priv1_read(qts, 0, 0x148), ==,
                            rights[i].load ? 0 : 2);
            g_assert_cmphex(priv1_read(qts, 0, MFC_DSISR), ==,
                            rights[i].load ? 0 : 1 << 27);
            g_assert_cmphex(qtest_readq(qts, pte + 8) & 0x180, ==,
                            rights[i].load ? 0x100 : 0);
            purge(qts);
            priv2_write(qts, 0, MFC_CNTL, k);
            proxy(qts, 0, 0x20, 1, 0x8000, SEGMENT + 0x1000, 16);
            g_assert_cmphex(priv1_read(qts, 0, 0x148), ==,
                            rights[i].store ? 0 : 2);
            g_assert_cmphex(priv1_read(qts, 0, MFC_DSISR), ==,
                            rights[i].store ? 0 : 1 << 27 | 1 << 25);
            purge(qts);
        }
    }
}

/* A new page is seen at the latest when the old one has been invalidated. */
static void test_tlb(QTestState *qts)
{
    const uint32_t invalidate[] = {
        MFC_TLB_Invalidate_Entry, MFC_TLB_Invalidate_All
    };
    uint64_t pte = group(VSID, 1);
    int i;

    relocate(qts);
    slb_load(qts, 0, SEGMENT, 0xc80);
    qtest_writeq(qts, pte, VSID << 12 | 1);
    qtest_writeq(qts, pte + 8, (MEM + 0x8000) | 2);
    proxy(qts, 0, 0x40, 1, 0x8000, SEGMENT + 0x1000, 0x10);
    for (i = 0; i < ARRAY_SIZE(invalidate); i++) {
        fill(qts, MEM + 0x1000 * i, 0x10, i + 1);
        qtest_writeq(qts, pte + 8, (MEM + 0x1000 * i) | 2);
        priv1_write(qts, 0, invalidate[i], 0);
        proxy(qts, 0, 0x40, 1, 0x8000, SEGMENT + 0x1000, 0x10);
        g_assert_true(same(qts, MEM + 0x1000 * i, SPE_LS(0) + 0x8000, 0x10));
        qtest_memset(qts, SPE_LS(0) + 0x8000, 0, 0x10);
    }
}

/* A tlbie of the PPE, which waits for a word to become nonzero. */
#define ASKED   0x3000000

static void tlbie(QTestState *qts)
{
    int64_t end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;

    qtest_writel(qts, ASKED, 1);
    while (qtest_readl(qts, ASKED)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

/* Get from the page a byte that tells which memory it is. */
static unsigned page_seen(QTestState *qts)
{
    proxy(qts, 0, MFC_GET, 1, 0x8000, SEGMENT + 0x1000, 0x10);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);
    return qtest_readb(qts, SPE_LS(0) + 0x8000);
}

/*
 * MFC_SR1[T] says whether the MFC obeys the PPE's tlbie.  (An MFC may forget
 * a translation at any time, but the model's does not.)
 */
static void test_tlbie(void)
{
    static const uint32_t words[] = {
        0x3ca00000 | ASKED >> 16,       /* lis r5,ASKED@h */
        0x38800000,                     /* li r4,0 */
        0x80650000,                     /* lwz r3,0(r5) */
        0x2c030000,                     /* cmpwi r3,0 */
        0x4182fff8,                     /* beq back to the lwz */
        0x7c002264,                     /* tlbie r4 */
        0x7c0006ac,                     /* eieio */
        0x7c00046c,                     /* tlbsync */
        0x7c4004ac,                     /* ptesync */
        0x38600000,                     /* li r3,0 */
        0x90650000,                     /* stw r3,0(r5) */
        0x4bffffdc,                     /* b back to the lwz */
    };
    static const struct {
        uint8_t sr1, sr1_after;         /* with T, 2, or without */
        uint8_t page;                   /* seen after the tlbie */
    } cases[] = {
        { 0x3b, 0x3b, 2 }, { 0x39, 0x39, 1 }, { 0x3b, 0x39, 2 },
    };
    g_autofree char *kernel = ppe_kernel(words, ARRAY_SIZE(words));
    QTestState *qts = qtest_initf("-machine cell-blade -accel tcg -m 256M "
                                  "-kernel %s", kernel);
    uint64_t pte = group(VSID, 1) + 8;
    int i;

    tlbie(qts);
    relocate(qts);
    slb_load(qts, 0, SEGMENT, 0xc80);
    qtest_writeq(qts, pte - 8, VSID << 12 | 1);
    for (i = 0; i < 3; i++) {
        qtest_memset(qts, MEM + 0x1000 * i, i, 0x10);
    }
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        priv1_write(qts, 0, MFC_SR1, cases[i].sr1);
        priv1_write(qts, 0, MFC_TLB_Invalidate_All, 0);
        qtest_writeq(qts, pte, (MEM + 0x1000) | 2);
        g_assert_cmpuint(page_seen(qts), ==, 1);
        qtest_writeq(qts, pte, (MEM + 0x2000) | 2);
        g_assert_cmpuint(page_seen(qts), ==, 1);
        tlbie(qts);
        priv1_write(qts, 0, MFC_SR1, cases[i].sr1_after);
        g_assert_cmpuint(page_seen(qts), ==, cases[i].page);
    }

    /* Without R there is no translation, whatever the SLB and TLB have. */
    qtest_memset(qts, MEM, 7, 0x10);
    priv1_write(qts, 0, MFC_SR1, 0x2b);
    proxy(qts, 0, MFC_GET, 1, 0x8000, MEM, 0x10);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);
    g_assert_cmpuint(qtest_readb(qts, SPE_LS(0) + 0x8000), ==, 7);
    priv1_write(qts, 0, MFC_SR1, 0x3b);
    proxy(qts, 0, MFC_GET, 1, 0x8000, MEM, 0x10);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 1);
    qtest_quit(qts);
    unlink(kernel);
}

/* One command is done, the next has no page: any is true, all is not. */
static void test_proxy_query(QTestState *qts)
{
    relocate(qts);
    slb_load(qts, 0, SEGMENT, 0xc80);
    qtest_writeq(qts, group(VSID, 1), VSID << 12 | 1);
    qtest_writeq(qts, group(VSID, 1) + 8, MEM | 2);
    ps_write(qts, 0, Prxy_QueryMask, 0x30);
    priv2_write(qts, 0, MFC_CNTL, 1);
    proxy(qts, 0, 0x40, 4, 0x8000, SEGMENT + 0x1000, 16);
    proxy(qts, 0, 0x40, 5, 0x8000, SEGMENT + 0x2000, 16);
    proxy(qts, 0, 0x40, 6, 0x8000, SEGMENT + 0x1000, 16);
    ps_write(qts, 0, Prxy_QueryType, 1);
    g_assert_cmphex(ps_read(qts, 0, Prxy_QueryType), ==, 1);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 8, ==, 0);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 2);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 8, ==, 8);
    g_assert_cmphex(ps_read(qts, 0, Prxy_TagStatus), ==, 0x10);
    priv1_write(qts, 0, 0x150, 8);

    ps_write(qts, 0, Prxy_QueryType, 2);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 8, ==, 0);
    /* Taken back, and asked again */
    ps_write(qts, 0, Prxy_QueryType, 0);
    ps_write(qts, 0, Prxy_QueryType, 2);
    qtest_writeq(qts, group(VSID, 2), VSID << 12 | 1);
    qtest_writeq(qts, group(VSID, 2) + 8, MEM | 2);
    priv2_write(qts, 0, MFC_CNTL, 1ULL << 32);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 8, ==, 8);
    g_assert_cmphex(ps_read(qts, 0, Prxy_TagStatus), ==, 0x30);
}

/* 64 KiB and 16 MiB pages, as SLB_VSID_LLP and penc of Linux's mmu-hash.h */
static void test_large_pages(QTestState *qts)
{
    uint64_t p64k = group(VSID, 0x123), p16m = group(VSID, 0x5);

    relocate(qts);
    fill(qts, 0x1230000 + 0x8f00, 0x200, 5);
    qtest_writeq(qts, p64k, VSID << 12 | 0x80 * (0x1230000 >> 23) | 4 | 1);
    qtest_writeq(qts, p64k + 8, 0x1230000 | 0x1000 | 2);
    slb_load(qts, 0, SEGMENT, 0xc80 | 0x110);
    proxy(qts, 0, 0x40, 1, 0x8000, SEGMENT + 0x1238f00, 0x200);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);
    g_assert_true(same(qts, 0x1238f00, SPE_LS(0) + 0x8000, 0x200));

    /* Not as 16 MiB, nor as 4 KiB */
    slb_load(qts, 0, SEGMENT, 0xc80 | 0x100);
    proxy(qts, 0, 0x40, 1, 0x8000, SEGMENT + 0x1238f00, 0x200);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DSISR), ==, 1 << 30);
    purge(qts);

    qtest_writeq(qts, p16m, VSID << 12 | 0x80 * (0x5000000 >> 23) | 4 | 1);
    qtest_writeq(qts, p16m + 8, 0x3000000 | 2);
    fill(qts, 0x3abcd00, 0x400, 6);
    proxy(qts, 0, 0x40, 1, 0x8000, SEGMENT + 0x5abcd00, 0x400);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 0);
    g_assert_true(same(qts, 0x3abcd00, SPE_LS(0) + 0x8000, 0x400));
    g_assert_cmphex(qtest_readq(qts, p16m + 8), ==, 0x3000000 | 0x102);
}

/*
 * Order within a tag group and beyond.  A list of tag 6 stalls, and other
 * commands wait behind it or do not: one command of the form to be tested,
 * then a plain one of the same tag group, then one of another.
 */
static void test_order(QTestState *qts)
{
    static const struct {
        uint8_t cmd;
        bool waits;         /* itself */
        bool same;          /* the next one of its tag group does */
        bool other;         /* that of another tag group does */
    } forms[] = {
        { 0x20 }, { 0x40 }, { 0x30 }, { 0x24 }, { 0x44 }, { 0x34 }, { 0xa0 },
        { 0x22, true }, { 0x42, true }, { 0x32, true }, { 0x26, true },
        { 0x46, true }, { 0x36, true }, { 0xa2, true }, { 0xb8, true },
        { 0x21, true, true }, { 0x41, true, true }, { 0x31, true, true },
        { 0x25, true, true }, { 0x45, true, true }, { 0x35, true, true },
        { 0xa1, true, true },
        /* mfceieio and mfcsync too, on a PlayStation 3 */
        { 0xc0, true, true, true }, { 0xc8, true, true, true },
        { 0xcc, true, true, true },
        { 0x80 }, { 0x81 }, { 0x8d }, { 0x8f }, { 0x89 },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(forms); i++) {
        bool list = (forms[i].cmd & 0x84) == 4;
        bool get = (forms[i].cmd & 0xf0) == 0x40;
        bool none = forms[i].cmd >= 0xc0 || (forms[i].cmd & 0xf0) == 0x80;

        fill(qts, MEM, 0x1000, i);
        qtest_memset(qts, MEM + 0x2000, 0xaa, 0x100);
        fill(qts, SPE_LS(0) + 0x9000, 0x100, i + 100);
        qtest_memset(qts, SPE_LS(0) + 0x8000, 0, 0x1000);
        qtest_memset(qts, SPE_LS(0) + 0x6000, 0, 0x100);
        list_element(qts, 0x4000, 0x80000010, MEM + 0x100);
        list_element(qts, 0x4100, 0x10, get ? MEM + 0x200 : MEM + 0x2000);
        START(qts, 0, 0, DMA(0x44, 6, 0x8000, 0x4000, 8),
              SPU_RDCH(3, 25),
              DMA(forms[i].cmd, 6, get ? 0x6000 : 0x9000,
                  list ? 0x4100 : get ? MEM + 0x200 : MEM + 0x2000,
                  list ? 8 : (forms[i].cmd & 0xfc) == 0xa0 ? 4 : 16),
              DMA(0x40, 6, 0x8200, MEM + 0x300, 16),
              DMA(0x40, 5, 0x8300, MEM + 0x400, 16),
              /* A lock line command has neither tag group nor order. */
              DMA(0xd0, 6, 0x8400, MEM + 0x400, 128), SPU_RDCH(4, 27),
              SPU_RDCH(4, 29), SPU_WRCHI(26, 6),
              SPU_WRCHI(MFC_WrTagMask, 0x60),
              SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24), SPU_STOP(3));
        g_assert_cmphex(settle(qts, 0), ==, 0x9);
        g_assert_true(same(qts, MEM + 0x400, SPE_LS(0) + 0x8400, 128));
        if (!none) {
            uint64_t to = get ? SPE_LS(0) + 0x6000 : MEM + 0x2000;
            uint64_t from = get ? MEM + 0x200 : SPE_LS(0) + 0x9000;

            g_assert_cmpint(same(qts, from, to, 4), ==, !forms[i].waits);
        }
        g_assert_cmpint(same(qts, MEM + 0x300, SPE_LS(0) + 0x8200, 16), ==,
                        !forms[i].same);
        g_assert_cmpint(same(qts, MEM + 0x400, SPE_LS(0) + 0x8300, 16), ==,
                        !forms[i].other);
        ps_write(qts, 0, SPU_In_Mbox, 0);
        g_assert_cmphex(settle(qts, 0), ==, 0x30002);
        g_assert_true(same(qts, MEM + 0x300, SPE_LS(0) + 0x8200, 16));
        g_assert_true(same(qts, MEM + 0x400, SPE_LS(0) + 0x8300, 16));
        g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 16);
        g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 0);
        /* sdcrz zeroes a line, the other hints do nothing. */
        if (forms[i].cmd == 0x89 || none) {
            g_assert_cmphex(qtest_readl(qts, MEM + 0x2000), ==,
                            forms[i].cmd == 0x89 ? 0 : 0xaaaaaaaa);
        }
    }
}

/*
 * The same forms in the proxy queue, between a put and a get of the same tag
 * group and effective address: each sees the effect of those before it.
 */
static void test_proxy_order(QTestState *qts)
{
    static const uint8_t forms[] = {
        0x21, 0x22, 0x31, 0x32, 0x41, 0x42, 0xc0, 0xc8, 0xcc,
    };
    int i;

    ps_write(qts, 0, Prxy_QueryMask, 1 << 3);
    for (i = 0; i < ARRAY_SIZE(forms); i++) {
        bool put = forms[i] < 0x40, get = (forms[i] & 0xf0) == 0x40;

        fill(qts, SPE_LS(0) + 0x1000, 0x40, i);
        qtest_memset(qts, MEM, 0xee, 0x10);
        priv2_write(qts, 0, MFC_CNTL, 1);
        proxy(qts, 0, MFC_PUT, 3, 0x1000, MEM, 16);
        proxy(qts, 0, forms[i], 3, 0x1010, MEM, 16);
        proxy(qts, 0, MFC_GETB, 3, 0x1020, MEM, 16);
        g_assert_cmphex(qtest_readl(qts, MEM), ==, 0xeeeeeeee);
        g_assert_cmphex(ps_read(qts, 0, Prxy_TagStatus), ==, 0);
        priv2_write(qts, 0, MFC_CNTL, 0);
        g_assert_cmphex(ps_read(qts, 0, Prxy_TagStatus), ==, 1 << 3);
        g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 0x80000008);
        g_assert_true(same(qts, MEM, SPE_LS(0) + (put ? 0x1010 : 0x1000), 16));
        g_assert_true(same(qts, MEM, SPE_LS(0) + 0x1020, 16));
        g_assert_cmpint(same(qts, SPE_LS(0) + 0x1000, SPE_LS(0) + 0x1010, 16),
                        ==, get);
    }
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 0);
}

/* A bad list, or a bad element of one: the elements before it are done. */
static void test_bad_list(QTestState *qts)
{
    static const struct {
        uint32_t list, list_size, element, eal;
    } bad[] = {
        { 0x4000, 12, 0x10, MEM }, { 0x4004, 8, 0x10, MEM },
        { 0x4000, 0x4008, 0x10, MEM }, { 0x4000, 16, 3, MEM },
        { 0x4000, 16, 0x4010, MEM }, { 0x4000, 16, 0x10, MEM + 4 },
        { 0x4000, 16, 24, MEM }, { 0x4000, 16, 4, MEM + 2 },
    };
    int i;

    fill(qts, MEM, 0x100, 4);
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        bool element = bad[i].list_size == 16;

        qtest_memset(qts, SPE_LS(0) + 0x8000, 0, 0x100);
        list_element(qts, 0x4000, 0x20, MEM);
        list_element(qts, 0x4008, bad[i].element, bad[i].eal);
        START(qts, 0, 0, DMA(0x44, 3, 0x8000, bad[i].list, bad[i].list_size),
              SPU_STOP(3));
        g_assert_cmphex(settle(qts, 0), ==, 0x30002);
        g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 1);
        /* The SPU's queue, its first entry */
        g_assert_cmphex(priv1_read(qts, 0, MFC_CER), ==, 1U << 31);
        g_assert_cmpint(same(qts, MEM, SPE_LS(0) + 0x8000, 0x20), ==, element);
        g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 15);
        priv1_write(qts, 0, 0x140, 1);
        priv2_write(qts, 0, MFC_CNTL, 1 << 15);
        priv2_write(qts, 0, MFC_CNTL, 0);
    }
}

/*
 * The PPE may write values to MFC_CQ_SR that it has never read there: a list at
 * the very end of local store, whose second element would begin in its last
 * byte.
 */
static void test_bad_restore(QTestState *qts)
{
    const uint32_t cq = MFC_CQ_SPU;

    list_element(qts, 0x3fff8, 0x10, MEM);
    priv2_write(qts, 0, MFC_CNTL, 1);
    priv2_write(qts, 0, cq + 8, 0x3fff8);
    priv2_write(qts, 0, cq + 16, 16ULL << 32 | MFC_GETL);
    priv2_write(qts, 0, cq + 24, 7ULL << 32);
    priv2_write(qts, 0, cq, 1ULL << 63 | 0x8000);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 1);
    g_assert_cmphex(priv1_read(qts, 0, MFC_CER), ==, 1U << 31);
    g_assert_cmpuint(chnl_count(qts, 0, 21), ==, 15);
}

/* Registers take words: smaller stores do not arrive. */
static void test_dma_to_registers(QTestState *qts)
{
    int i;

    fill(qts, SPE_LS(0) + 0x1000, 0x20, 1);
    proxy(qts, 0, 0x20, 1, 0x100c, SPE_PS(1) + SPU_In_Mbox, 1);
    proxy(qts, 0, 0x20, 1, 0x100c, SPE_PS(1) + SPU_In_Mbox, 2);
    g_assert_cmphex(ps_read(qts, 1, SPU_Mbox_Stat), ==, 0x400);
    /* One register of the four in a quadword */
    proxy(qts, 0, 0x20, 1, 0x1000, SPE_PS(1) + 0x4000, 16);
    g_assert_cmphex(ps_read(qts, 1, SPU_Mbox_Stat), ==, 0x300);
    g_assert_cmphex(chnl_data(qts, 1, 29), ==,
                    qtest_readl(qts, SPE_LS(0) + 0x100c));
    for (i = 0; i < 2; i++) {
        proxy(qts, 0, 0xa0 + i, 1, 0x100c, SPE_PS(1) + SPU_Sig_Notify_2, 4);
        proxy(qts, 0, 0xa2, 1, 0x100c, SPE_PS(1) + SPU_Sig_Notify_2, 4);
        g_assert_cmphex(chnl_data(qts, 1, 4), ==,
                        qtest_readl(qts, SPE_LS(0) + 0x100c));
    }
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 0);

    /* A lock line is memory. */
    START(qts, 0, 0, DMA(0xd0, 0, 0x8000, SPE_PS(1), 128), SPU_RDCH(3, 27));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(priv1_read(qts, 0, 0x148), ==, 2);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DSISR), ==, 1 << 26);
    g_assert_cmphex(priv1_read(qts, 0, MFC_DAR), ==, SPE_PS(1));
}

/* Within one local store: as if all was read before anything was written */
static void test_overlap(QTestState *qts)
{
    fill(qts, SPE_LS(0) + 0x1000, 0x4000, 6);
    fill(qts, MEM, 0x4000, 6);
    proxy(qts, 0, 0x40, 0, 0x1010, SPE_LS(0) + 0x1000, 0x2000);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x1010, 0x2000));
    proxy(qts, 0, 0x20, 0, 0x1010, SPE_LS(0) + 0x1000, 0x2000);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x1000, 0x2000));
    proxy(qts, 0, 0x20, 0, 0x1000, SPE_LS(0) + 0x1020, 0x2000);
    g_assert_true(same(qts, MEM, SPE_LS(0) + 0x1020, 0x2000));
}

static void proxy_write(QTestState *qts, uint32_t cmd, uint32_t lsa,
                        uint64_t ea)
{
    ps_write(qts, 0, MFC_LSA, lsa);
    ps_write(qts, 0, MFC_EAH, ea >> 32);
    ps_write(qts, 0, MFC_EAL, ea);
    ps_write(qts, 0, MFC_Size_Tag, 16 << 16);
    ps_write(qts, 0, MFC_ClassID_CMD, cmd);
}

/*
 * On a PlayStation 3 nothing happens before MFC_CMDStatus is read.  The read
 * executes the second command, which has replaced the first one.
 */
static void test_proxy_status(QTestState *qts)
{
    qtest_memset(qts, MEM, 0xff, 16);
    qtest_memset(qts, SPE_LS(0) + 0x1000, 0, 16);
    proxy_write(qts, 0x40, 0x1000, MEM);
    g_assert_cmphex(qtest_readb(qts, SPE_LS(0) + 0x1000), ==, 0);
    qtest_memset(qts, MEM, 0x80, 16);
    proxy_write(qts, 0x20, 0x1000, MEM);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(qtest_readb(qts, MEM), ==, 0x80);
    g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 0x80000008);
    g_assert_cmphex(ps_read(qts, 0, MFC_ClassID_CMD), ==, 0);
    g_assert_cmphex(qtest_readb(qts, MEM), ==, 0);
    g_assert_cmphex(qtest_readb(qts, SPE_LS(0) + 0x1000), ==, 0);

    /* The sequence was wrong: there is none, or another one has begun. */
    g_assert_cmphex(ps_read(qts, 0, MFC_ClassID_CMD), ==, 1);
    qtest_memset(qts, MEM, 0x80, 16);
    proxy_write(qts, 0x20, 0x1000, MEM);
    ps_write(qts, 0, MFC_EAL, MEM + 0x100);
    g_assert_cmphex(ps_read(qts, 0, MFC_ClassID_CMD), ==, 1);
    g_assert_cmphex(qtest_readb(qts, MEM), ==, 0x80);
    ps_write(qts, 0, MFC_ClassID_CMD, 0x20);
    g_assert_cmphex(ps_read(qts, 0, MFC_ClassID_CMD), ==, 0);
    g_assert_cmphex(qtest_readb(qts, MEM + 0x100), ==, 0);
}

/* An SPU that stops itself by DMA stops after that command. */
static void test_stop_itself(QTestState *qts)
{
    qtest_writel(qts, SPE_LS(0) + 0x900c, 0);
    qtest_writel(qts, SPE_LS(0) + 0x9010, 0);
    START(qts, 0, 0, DMA(0x20, 0, 0x900c, SPE_PS(0) + SPU_RunCntl, 4),
          SPU_IL(3, 1), SPU_STQA(3, 0x9010), SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 18 * 4);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9010), ==, 0);
    /* From there it goes on. */
    ps_write(qts, 0, SPU_RunCntl, 1);
    g_assert_cmphex(settle(qts, 0), ==, 0x10002);

    /* Stop, another program counter, run */
    list_element(qts, 0x4000, 4, (uint32_t)SPE_PS(0) + SPU_RunCntl);
    list_element(qts, 0x4008, 4, (uint32_t)SPE_PS(0) + SPU_NPC);
    list_element(qts, 0x4010, 4, (uint32_t)SPE_PS(0) + SPU_RunCntl);
    qtest_writel(qts, SPE_LS(0) + 0x900c, 0);
    qtest_writel(qts, SPE_LS(0) + 0x9014, 0x200);
    qtest_writel(qts, SPE_LS(0) + 0x902c, 1);
    qtest_writel(qts, SPE_LS(0) + 0x200, SPU_STOP(2));
    START(qts, 0, 0, DMA(0x24, 0, 0x9000, SPE_PS(0) >> 32 << 32 | 0x4000, 24),
          SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0x20002);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0x204);

    /* Without the run it stays there. */
    START(qts, 0, 0, DMA(0x24, 0, 0x9000, SPE_PS(0) >> 32 << 32 | 0x4000, 16),
          SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0x200);

    /* Without the program counter it goes on after the command. */
    list_element(qts, 0x4008, 4, (uint32_t)SPE_PS(0) + SPU_RunCntl);
    qtest_writel(qts, SPE_LS(0) + 0x901c, 1);
    START(qts, 0, 0, DMA(0x24, 0, 0x9000, SPE_PS(0) >> 32 << 32 | 0x4000, 16),
          SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0x10002);
}

static void run(const void *data)
{
    void (*func)(QTestState *) = data;
    QTestState *qts = blade();

    func(qts);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("/cell-mfc/put-get", test_put_get, run);
    qtest_add_data_func("/cell-mfc/spe-to-spe", test_spe_to_spe, run);
    qtest_add_data_func("/cell-mfc/bad-command", test_bad_command, run);
    qtest_add_data_func("/cell-mfc/start", test_start, run);
    qtest_add_data_func("/cell-mfc/proxy-queue", test_proxy_queue, run);
    qtest_add_data_func("/cell-mfc/spu-queue-full", test_spu_queue_full, run);
    qtest_add_data_func("/cell-mfc/tag-status", test_tag_status, run);
    qtest_add_data_func("/cell-mfc/tag-update", test_tag_update, run);
    qtest_add_data_func("/cell-mfc/list-of-nothing", test_list_of_nothing, run);
    qtest_add_data_func("/cell-mfc/save-restore", test_save_restore, run);
    qtest_add_data_func("/cell-mfc/list", test_list, run);
    qtest_add_data_func("/cell-mfc/zero", test_zero, run);
    qtest_add_data_func("/cell-mfc/lock-line", test_lock_line, run);
    qtest_add_data_func("/cell-mfc/putqlluc", test_putqlluc, run);
    qtest_add_data_func("/cell-mfc/own-stores", test_own_stores, run);
    qtest_add_data_func("/cell-mfc/line-lost", test_line_lost, run);
    qtest_add_data_func("/cell-mfc/faults", test_faults, run);
    qtest_add_data_func("/cell-mfc/fault-save-restore",
                        test_fault_save_restore, run);
    qtest_add_data_func("/cell-mfc/protection", test_protection, run);
    qtest_add_data_func("/cell-mfc/tlb", test_tlb, run);
    if (qtest_has_accel("tcg")) {
        qtest_add_func("/cell-mfc/tlbie", test_tlbie);
    }
    qtest_add_data_func("/cell-mfc/proxy-query", test_proxy_query, run);
    qtest_add_data_func("/cell-mfc/large-pages", test_large_pages, run);
    qtest_add_data_func("/cell-mfc/order", test_order, run);
    qtest_add_data_func("/cell-mfc/proxy-order", test_proxy_order, run);
    qtest_add_data_func("/cell-mfc/bad-list", test_bad_list, run);
    qtest_add_data_func("/cell-mfc/bad-restore", test_bad_restore, run);
    qtest_add_data_func("/cell-mfc/dma-to-registers", test_dma_to_registers,
                        run);
    qtest_add_data_func("/cell-mfc/overlap", test_overlap, run);
    qtest_add_data_func("/cell-mfc/proxy-status", test_proxy_status, run);
    qtest_add_data_func("/cell-mfc/stop-itself", test_stop_itself, run);
    return g_test_run();
}
