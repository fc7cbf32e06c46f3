/*
 * QTest for an SPE of the cell-blade machine: run control, interrupts,
 * channels
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The expected values come from CBEA v1.02 and the assumptions of Linux's spufs
 * (arch/powerpc/platforms/cell/spufs/, spu_base.c, asm/spu.h).
 */
#include "qemu/osdep.h"
#include "cell-spe.h"

static QTestState *blade(void)
{
    return qtest_init("-machine cell-blade");
}

static void test_reset(void)
{
    /* spu_init_channels() and spufs's init_prob() of the kernel */
    static const struct {
        unsigned ch, count;
    } counts[] = {
        { 0, 0 }, { 3, 0 }, { 4, 0 }, { 9, 1 }, { 21, 16 }, { 23, 1 },
        { 24, 0 }, { 25, 0 }, { 27, 0 }, { 28, 1 }, { 29, 0 }, { 30, 1 },
    };
    QTestState *qts = blade();
    int spe, i;

    for (spe = 0; spe < 8; spe++) {
        g_assert_cmphex(ps_read(qts, spe, 0x4024), ==, 0);
        g_assert_cmphex(ps_read(qts, spe, 0x401c), ==, 0);
        g_assert_cmphex(ps_read(qts, spe, 0x4014), ==, 0x000400);
        g_assert_cmphex(ps_read(qts, spe, 0x3104), ==, 0x80000008);
        g_assert_cmphex(priv2_read(qts, spe, 0x3000), ==, 1 << 14);
        g_assert_cmphex(priv2_read(qts, spe, 0x4058), ==, 0x3ffff);
        g_assert_cmphex(priv1_read(qts, spe, 0x0000), ==, 0);
        for (i = 0; i < ARRAY_SIZE(counts); i++) {
            g_assert_cmpuint(chnl_count(qts, spe, counts[i].ch), ==,
                             counts[i].count);
        }
    }
    qtest_quit(qts);
}

/* The registers that the manual says are kept, or zero */
static void test_storage(void)
{
    static const uint32_t zero[] = { 0x018, 0x020, 0x500, 0x810 };
    static const uint32_t regs[] = {
        0x008, 0x010, 0x200, 0x280, 0x288, 0x3c8, 0x3d0, 0x508, 0x510, 0x518,
        0x580, 0x600, 0x700, 0x710, 0x808, 0x820, 0x900, 0x938, 0xa38, 0x1000,
        0x1008, 0x1010, 0x1018, 0x1028, 0x1030, 0x1038, 0x1040, 0x1048,
        0x1050, 0x1058, 0x1060, 0x1068, 0x1070,
    };
    QTestState *qts = blade();
    int i;

    for (i = 0; i < ARRAY_SIZE(regs); i++) {
        priv1_write(qts, 3, regs[i], 0x0123456789abcd00 + i);
    }
    for (i = 0; i < ARRAY_SIZE(regs); i++) {
        g_assert_cmphex(priv1_read(qts, 3, regs[i]), ==,
                        0x0123456789abcd00 + i);
        g_assert_cmphex(priv1_read(qts, 2, regs[i]), ==, 0);
    }
    /* Registers that are always zero, and one that does not exist */
    for (i = 0; i < ARRAY_SIZE(zero); i++) {
        priv1_write(qts, 3, zero[i], ~0ULL);
        g_assert_cmphex(priv1_read(qts, 3, zero[i]), ==, 0);
    }
    ps_write(qts, 3, 0x402c, ~0);
    g_assert_cmphex(ps_read(qts, 3, 0x402c), ==, 0);
    /* spufs saves and restores these by reading and writing. */
    priv2_write(qts, 3, 0x5000, 0x123);
    g_assert_cmphex(priv2_read(qts, 3, 0x5000), ==, 0x123);
    priv2_write(qts, 3, 0x5010, 0x0003abcd12345678);
    priv2_write(qts, 3, 0x5018, 0x9abcdef04000001f);
    priv2_write(qts, 3, 0x5020, 4);
    g_assert_cmphex(priv2_read(qts, 3, 0x5010), ==, 0x0003abcd12345678);
    g_assert_cmphex(priv2_read(qts, 3, 0x5018), ==, 0x9abcdef04000001f);
    g_assert_cmphex(priv2_read(qts, 3, 0x5020), ==, 4);
    qtest_quit(qts);
}

static void test_stop(void)
{
    QTestState *qts = blade();

    START(qts, 0, 0x100, SPU_STOP(0x1337));
    g_assert_cmphex(settle(qts, 0), ==, 0x13370002);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0x104);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0xf, ==, 2);
    priv1_write(qts, 0, 0x150, 2);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0xf, ==, 0);

    /* A new run clears what the last one left; stopping by hand adds none. */
    START(qts, 0, 0x200, SPU_BR(0));
    g_assert_cmphex(settle(qts, 0), ==, 1);
    ps_write(qts, 0, SPU_RunCntl, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0x200);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0xf, ==, 0);
    qtest_quit(qts);
}

/* SPU_RunCntl in all states of the SPU */
static void test_run_control(void)
{
    QTestState *qts = blade();

    ps_write(qts, 0, SPU_RunCntl, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0);

    /* It goes on after a stop, a halt and an invalid instruction. */
    START(qts, 0, 0x100, SPU_STOP(1), SPU_HEQ(0, 0), 0x00800000, SPU_IL(3, 7),
          SPU_WRCH(28, 3), SPU_AI(3, 3, 1), SPU_BR(-1));
    g_assert_cmphex(settle(qts, 0), ==, 0x10002);
    g_assert_cmphex(ps_read(qts, 0, SPU_RunCntl), ==, 1);
    ps_write(qts, 0, SPU_RunCntl, 1);
    g_assert_cmphex(settle(qts, 0), ==, 0x4);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0x108);
    ps_write(qts, 0, SPU_RunCntl, 1);
    g_assert_cmphex(settle(qts, 0), ==, 0x20);
    ps_write(qts, 0, SPU_RunCntl, 1);
    g_assert_cmphex(settle(qts, 0), ==, 1);

    /* While it runs it cannot be started, nor sent elsewhere. */
    ps_write(qts, 0, SPU_NPC, 0x100);
    ps_write(qts, 0, SPU_RunCntl, 1);
    qtest_clock_step(qts, 100000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 1);
    g_assert_cmphex(ps_read(qts, 0, SPU_Mbox_Stat) & 0xff, ==, 1);

    /* Stopped twice, started once, still running where it was */
    ps_write(qts, 0, SPU_RunCntl, 0);
    ps_write(qts, 0, SPU_RunCntl, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC) & ~7, ==, 0x110);
    ps_write(qts, 0, SPU_RunCntl, 1);
    qtest_clock_step(qts, 100000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 1);

    /* Nothing but the runs' own ends has interrupted. */
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0xf, ==, 6);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 4);
    qtest_quit(qts);
}

static void test_halt(void)
{
    QTestState *qts = blade();

    START(qts, 1, 0x3fff0, SPU_HEQ(0, 0));
    g_assert_cmphex(settle(qts, 1), ==, 0x4);
    g_assert_cmphex(priv1_read(qts, 1, 0x150) & 0xf, ==, 4);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0xf, ==, 0);
    qtest_quit(qts);
}

static void test_invalid(void)
{
    QTestState *qts = blade();

    /* The word with which spufs's spu_restore.c makes this status */
    START(qts, 0, 0x80, SPU_NOP, 0x00800000);
    g_assert_cmphex(settle(qts, 0), ==, 0x20);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 4);
    /* SIGILL's si_addr is the NPC less 4. */
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC) - 4, ==, 0x84);
    priv1_write(qts, 0, 0x140, 4);

    START(qts, 0, 0x80, SPU_RDCH(3, 5));
    g_assert_cmphex(settle(qts, 0), ==, 0x40);
    g_assert_cmphex(priv1_read(qts, 0, 0x140), ==, 4);
    priv1_write(qts, 0, 0x140, 4);

    /* Channel 28 cannot be read, and 29 cannot be written. */
    START(qts, 0, 0x80, SPU_RDCH(3, 28));
    g_assert_cmphex(settle(qts, 0), ==, 0x40);
    START(qts, 0, 0x80, SPU_WRCH(29, 3));
    g_assert_cmphex(settle(qts, 0), ==, 0x40);
    qtest_quit(qts);
}

static void test_master_run(void)
{
    QTestState *qts = blade();

    START(qts, 0, 0x100, SPU_BR(0));
    g_assert_cmphex(settle(qts, 0), ==, 1);
    priv1_write(qts, 0, MFC_SR1, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0);
    priv1_write(qts, 0, MFC_SR1, 0x20);
    qtest_clock_step(qts, 100000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0);

    priv1_write(qts, 0, MFC_SR1, 0);
    ps_write(qts, 0, SPU_RunCntl, 1);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0);
    priv1_write(qts, 0, MFC_SR1, 0x20);
    ps_write(qts, 0, SPU_RunCntl, 1);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 1);
    qtest_quit(qts);
}

static void test_channel_stall(void)
{
    QTestState *qts = blade();

    START(qts, 0, 0x100, SPU_RDCH(3, 29), SPU_STOP(7));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    ps_write(qts, 0, SPU_RunCntl, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0x100);

    /* The instruction is tried again. */
    start(qts, 0, 0x100);
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    ps_write(qts, 0, SPU_In_Mbox, 1);
    g_assert_cmphex(settle(qts, 0), ==, 0x70002);
    qtest_quit(qts);
}

static void test_single_step(void)
{
    QTestState *qts = blade();

    priv2_write(qts, 0, SPU_PrivCntl, 1);
    START(qts, 0, 0x100, SPU_NOP, SPU_NOP, SPU_STOP(3));
    g_assert_cmphex(settle(qts, 0), ==, 0x10);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0x104);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0xf, ==, 4);
    ps_write(qts, 0, SPU_RunCntl, 1);
    g_assert_cmphex(settle(qts, 0), ==, 0x10);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0x108);
    /* spufs knows the combination as SPU_STOPPED_STATUS_S_P. */
    ps_write(qts, 0, SPU_RunCntl, 1);
    g_assert_cmphex(settle(qts, 0), ==, 0x30012);
    qtest_quit(qts);
}

static void test_interrupt(void)
{
    QTestState *qts = blade();
    uint64_t pending;

    /* Class 0 to thread 0, class 2 to thread 1 with priority 0x20 */
    priv1_write(qts, 0, INT_Route, 0x000e0000200f0000);
    qtest_writeq(qts, IIC_BASE + 0x438, 0xff);
    START(qts, 0, 0, SPU_STOP(1));
    settle(qts, 0);
    g_assert_cmphex(qtest_readq(qts, IIC_BASE + 0x420) & 0x80000000, ==, 0);
    priv1_write(qts, 0, 0x110, 2);
    /* The kernel's cbe_iic_pending_bits: valid, class 2, unit 4 */
    pending = qtest_readq(qts, IIC_BASE + 0x420);
    g_assert_cmphex(pending & 0xffffffff, ==, 0x80020420);
    priv1_write(qts, 0, 0x150, 2);
    pending = qtest_readq(qts, IIC_BASE + 0x420);
    g_assert_cmphex(pending & 0x80000000, ==, 0);
    qtest_quit(qts);
}

/* From the inbound to both outbound mailboxes, one after the other */
static const uint32_t echo[] = {
    SPU_RDCH(3, 29), SPU_WRCH(28, 3), SPU_RDCH(3, 29), SPU_WRCH(30, 3),
    SPU_BR(-4),
};

static void test_mailbox(void)
{
    QTestState *qts = blade();
    int i;

    for (i = 0; i < 4; i++) {
        g_assert_cmphex(ps_read(qts, 0, SPU_Mbox_Stat), ==, (4 - i) << 8);
        g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0x10, ==, 0x10);
        ps_write(qts, 0, SPU_In_Mbox, 0x100 + i);
    }
    g_assert_cmphex(ps_read(qts, 0, SPU_Mbox_Stat), ==, 0);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0x10, ==, 0);
    /* One too many replaces the last. */
    ps_write(qts, 0, SPU_In_Mbox, 0x200);

    load_words(qts, 0, 0, echo, ARRAY_SIZE(echo));
    start(qts, 0, 0);
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    /* 0x100 and 0x101 are out, 0x102 is in a register, 0x200 left. */
    g_assert_cmphex(ps_read(qts, 0, SPU_Mbox_Stat), ==, 0x010301);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0x11, ==, 0x11);

    /* A level: acknowledging does not help. */
    priv1_write(qts, 0, 0x150, 1);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0x1, ==, 1);
    g_assert_cmphex(priv2_read(qts, 0, SPU_Out_Intr_Mbox), ==, 0x101);
    g_assert_cmphex(priv1_read(qts, 0, 0x150) & 0x1, ==, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_Mbox_Stat), ==, 0x000301);

    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x100);
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0x9);
    g_assert_cmphex(ps_read(qts, 0, SPU_Mbox_Stat), ==, 0x010401);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x102);
    g_assert_cmphex(priv2_read(qts, 0, SPU_Out_Intr_Mbox), ==, 0x200);
    qtest_quit(qts);
}

static void test_signal(void)
{
    QTestState *qts = blade();

    ps_write(qts, 0, SPU_Sig_Notify_1, 0x11);
    ps_write(qts, 0, SPU_Sig_Notify_1, 0x22);
    priv2_write(qts, 0, SPU_Cfg, 2);
    ps_write(qts, 0, SPU_Sig_Notify_2, 0x11);
    ps_write(qts, 0, SPU_Sig_Notify_2, 0x22);
    g_assert_cmphex(chnl_count(qts, 0, 3), ==, 1);
    g_assert_cmphex(chnl_count(qts, 0, 4), ==, 1);
    START(qts, 0, 0, SPU_RDCH(3, 3), SPU_WRCH(28, 3), SPU_RDCH(3, 4),
          SPU_WRCH(30, 3), SPU_RDCH(3, 4));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x22);
    g_assert_cmphex(priv2_read(qts, 0, SPU_Out_Intr_Mbox), ==, 0x33);
    g_assert_cmphex(chnl_count(qts, 0, 3), ==, 0);
    qtest_quit(qts);
}

/* As spufs does it: switch.c, steps 42 to 45 of save, 59 to 67 of restore */
static void test_channel_save(void)
{
    QTestState *qts = blade();
    uint64_t mbox[4];
    int i;

    for (i = 0; i < 3; i++) {
        ps_write(qts, 0, SPU_In_Mbox, 0x10 + i);
    }
    priv2_write(qts, 0, SPU_ChnlIndex, 29);
    g_assert_cmpuint(priv2_read(qts, 0, SPU_ChnlCnt), ==, 3);
    for (i = 0; i < 4; i++) {
        mbox[i] = priv2_read(qts, 0, SPU_ChnlData);
    }
    g_assert_cmphex(mbox[0], ==, 0x10);
    g_assert_cmphex(mbox[2], ==, 0x12);
    /* The index starts it all over again. */
    g_assert_cmphex(priv2_read(qts, 0, SPU_ChnlData), ==, 0x10);
    g_assert_cmphex(chnl_data(qts, 0, 29), ==, 0x10);
    priv2_write(qts, 0, SPU_ChnlCnt, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_Mbox_Stat), ==, 0x400);

    priv2_write(qts, 0, SPU_ChnlIndex, 29);
    priv2_write(qts, 0, SPU_ChnlCnt, 2);
    for (i = 0; i < 4; i++) {
        priv2_write(qts, 0, SPU_ChnlData, mbox[i]);
    }
    g_assert_cmphex(ps_read(qts, 0, SPU_Mbox_Stat), ==, 0x200);
    priv2_write(qts, 0, SPU_ChnlIndex, 3);
    priv2_write(qts, 0, SPU_ChnlData, 0x77);
    priv2_write(qts, 0, SPU_ChnlCnt, 1);
    START(qts, 0, 0, SPU_RDCH(3, 29), SPU_WRCH(28, 3), SPU_RDCH(3, 29),
          SPU_WRCH(30, 3), SPU_RDCH(3, 3), SPU_STOP(2));
    g_assert_cmphex(settle(qts, 0), ==, 0x20002);
    g_assert_cmphex(priv2_read(qts, 0, SPU_Out_Intr_Mbox), ==, 0x11);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x10);
    qtest_quit(qts);
}

static void test_event(void)
{
    QTestState *qts = blade();

    /* A masked event is pending but does not wake; the mask's change does. */
    START(qts, 0, 0,
          SPU_IL(4, 0x10), SPU_WRCH(SPU_WrEventMask, 4),
          SPU_RDCH(3, SPU_RdEventStat), SPU_WRCH(28, 3),
          SPU_WRCH(SPU_WrEventAck, 3),
          SPU_IL(4, 0x300), SPU_WRCH(SPU_WrEventMask, 4),
          SPU_RDCH(3, SPU_RdEventStat), SPU_WRCH(30, 3),
          SPU_RDCH(3, SPU_RdSigNotify1), SPU_RDCH(3, SPU_RdEventStat));
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    ps_write(qts, 0, SPU_Sig_Notify_1, 1);
    g_assert_cmphex(settle(qts, 0), ==, 0x9);
    g_assert_cmphex(chnl_data(qts, 0, 0), ==, 0x200);
    g_assert_cmphex(chnl_count(qts, 0, 0), ==, 0);
    ps_write(qts, 0, SPU_In_Mbox, 1);
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0x9);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x10);
    g_assert_cmphex(priv2_read(qts, 0, SPU_Out_Intr_Mbox), ==, 0x200);
    /* 0x200 was not acknowledged: a second signal is no new event. */
    g_assert_cmphex(chnl_count(qts, 0, 3), ==, 0);
    ps_write(qts, 0, SPU_Sig_Notify_1, 1);
    g_assert_cmphex(chnl_count(qts, 0, 3), ==, 1);
    g_assert_cmphex(chnl_count(qts, 0, 0), ==, 0);
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0x9);
    qtest_quit(qts);
}

static void test_event_interrupt(void)
{
    QTestState *qts = blade();

    /* Interrupts enabled by bie; the handler is at address 0. */
    load_words(qts, 0, 0,
               (const uint32_t[]) { SPU_RDCH(5, 15), SPU_WRCH(28, 5),
                                    SPU_STOP(0x21) }, 3);
    START(qts, 0, 0x100,
          SPU_IL(4, 0x200), SPU_WRCH(SPU_WrEventMask, 4),
          SPU_IL(4, 0x110), SPU_BIE(4), SPU_NOP, SPU_BR(-1));
    g_assert_cmphex(settle(qts, 0), ==, 1);
    ps_write(qts, 0, SPU_Sig_Notify_1, 1);
    qtest_clock_step(qts, 100000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0x210002);
    /* SRR0: one of the loop's two instructions */
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox) & ~4, ==, 0x110);
    /* Taking it disabled interrupts: SPU_NPC[IE]. */
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 0xc);
    qtest_quit(qts);
}

static void test_decrementer(void)
{
    QTestState *qts = blade();
    /* 1000 ticks and one more until it is negative */
    const uint64_t ns = 1001 * 1000000000ULL / TIMEBASE_HZ;

    START(qts, 0, 0,
          SPU_IL(4, 0x20), SPU_WRCH(SPU_WrEventMask, 4),
          SPU_IL(4, 1000), SPU_WRCH(SPU_WrDec, 4),
          SPU_RDCH(3, SPU_RdEventStat), SPU_RDCH(5, SPU_RdDec),
          SPU_WRCH(28, 3), SPU_WRCH(30, 5),
          SPU_IL(4, 0), SPU_WRCH(SPU_WrEventMask, 4),
          SPU_WRCH(SPU_WrEventAck, 3), SPU_STOP(5));
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0x9);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL) >> 40 & 1, ==, 1);
    /* A tick is 70 ns, the SPU needs 2 ns up to its SPU_WrDec. */
    qtest_clock_step(qts, ns - 1000 - 30);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0x9);
    qtest_clock_step(qts, 60);
    g_assert_cmphex(settle(qts, 0), ==, 0x50002);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0x20);
    g_assert_cmphex(priv2_read(qts, 0, SPU_Out_Intr_Mbox), ==, 0xffffffff);
    /* Acknowledging the masked event stops it. */
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL) >> 40 & 1, ==, 0);

    /* So does MFC_CNTL[Dh], and ending that does not start it. */
    START(qts, 0, 0, SPU_IL(4, 1000), SPU_WRCH(SPU_WrDec, 4), SPU_STOP(6));
    g_assert_cmphex(settle(qts, 0), ==, 0x60002);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL) >> 40 & 1, ==, 1);
    priv2_write(qts, 0, MFC_CNTL, 1ULL << 35 | 0x10);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL) >> 40 & 1, ==, 0);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_cmphex(priv2_read(qts, 0, MFC_CNTL) >> 40 & 1, ==, 0);
    qtest_quit(qts);
}

/* The channel map of CBEA: direction, and the count after a reset */
static const struct {
    char dir;
    bool blocking;
    uint8_t count;
} channel_map[128] = {
    [0]  = { 'r', true, 0 },    /* SPU_RdEventStat */
    [1]  = { 'w', false, 1 },   /* SPU_WrEventMask */
    [2]  = { 'w', false, 1 },   /* SPU_WrEventAck */
    [3]  = { 'r', true, 0 },    /* SPU_RdSigNotify1 */
    [4]  = { 'r', true, 0 },    /* SPU_RdSigNotify2 */
    [7]  = { 'w', false, 1 },   /* SPU_WrDec */
    [8]  = { 'r', false, 1 },   /* SPU_RdDec */
    [9]  = { 'w', true, 1 },    /* MFC_WrMSSyncReq */
    [11] = { 'r', false, 1 },   /* SPU_RdEventMask */
    [12] = { 'r', false, 1 },   /* MFC_RdTagMask */
    [13] = { 'r', false, 1 },   /* SPU_RdMachStat */
    [14] = { 'w', false, 1 },   /* SPU_WrSRR0 */
    [15] = { 'r', false, 1 },   /* SPU_RdSRR0 */
    [16] = { 'w', false, 1 },   /* MFC_LSA */
    [17] = { 'w', false, 1 },   /* MFC_EAH */
    [18] = { 'w', false, 1 },   /* MFC_EAL */
    [19] = { 'w', false, 1 },   /* MFC_Size */
    [20] = { 'w', false, 1 },   /* MFC_TagID */
    [21] = { 'w', true, 16 },   /* MFC_Cmd */
    [22] = { 'w', false, 1 },   /* MFC_WrTagMask */
    [23] = { 'w', true, 1 },    /* MFC_WrTagUpdate */
    [24] = { 'r', true, 0 },    /* MFC_RdTagStat */
    [25] = { 'r', true, 0 },    /* MFC_RdListStallStat */
    [26] = { 'w', false, 1 },   /* MFC_WrListStallAck */
    [27] = { 'r', true, 0 },    /* MFC_RdAtomicStat */
    [28] = { 'w', true, 1 },    /* SPU_WrOutMbox */
    [29] = { 'r', true, 0 },    /* SPU_RdInMbox */
    [30] = { 'w', true, 1 },    /* SPU_WrOutIntrMbox */
    [69] = { 'w', false, 1 },   /* bookmark; a PlayStation 3 has these three */
    [70] = { 'w', false, 1 },   /* performance monitor, start */
    [71] = { 'w', false, 1 },   /* ... and stop */
    [127] = { 0 },
};

static void test_channel_map(void)
{
    QTestState *qts = blade();
    unsigned ch;

    for (ch = 0; ch < ARRAY_SIZE(channel_map); ch++) {
        char dir = channel_map[ch].dir;

        /* The count of a channel that does not exist is 0 (ISA, rchcnt). */
        START(qts, 0, 0, SPU_RCHCNT(3, ch), SPU_STQA(3, 0x9000), SPU_STOP(1));
        g_assert_cmphex(settle(qts, 0), ==, 0x10002);
        g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9000), ==,
                        channel_map[ch].count);
        START(qts, 0, 0, SPU_RDCH(3, ch), SPU_STOP(2));
        g_assert_cmphex(settle(qts, 0), ==,
                        dir != 'r' ? 0x40 :
                        channel_map[ch].blocking ? 0x9 : 0x20002);
        ps_write(qts, 0, SPU_RunCntl, 0);
        START(qts, 0, 0, SPU_IL(3, 0), SPU_WRCH(ch, 3), SPU_STOP(3));
        g_assert_cmphex(settle(qts, 0), ==, dir != 'w' ? 0x40 : 0x30002);

        /* Limited channels have less room now; reading makes room again. */
        START(qts, 0, 0, SPU_RCHCNT(3, ch), SPU_STQA(3, 0x9000), SPU_STOP(1));
        g_assert_cmphex(settle(qts, 0), ==, 0x10002);
        g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9000), ==,
                        ch == 21 ? 15 : ch == 28 || ch == 30 ? 0 :
                        channel_map[ch].count);
        priv2_write(qts, 0, MFC_CNTL, 1 << 15);
        priv2_write(qts, 0, MFC_CNTL, 0);
        priv2_read(qts, 0, SPU_Out_Intr_Mbox);
        ps_read(qts, 0, SPU_Out_Mbox);
        priv2_write(qts, 0, SPU_ChnlIndex, 24);
        priv2_write(qts, 0, SPU_ChnlCnt, 0);
    }
    qtest_quit(qts);
}

/*
 * Every source of events: SPU_RdEventStat's bits are CBEA's.  The program
 * prepares, waits, acknowledges and waits once more for the other event that
 * it enables then: one that was acknowledged does not come again.
 */
static void event_source(QTestState *qts, uint32_t event,
                         const uint32_t *prepare, unsigned n,
                         void (*cause)(QTestState *qts))
{
    const uint32_t begin[] = {
        SPU_WRCHI(SPU_WrEventMask, 0), SPU_WRCHI(SPU_WrEventAck, 0xffffffff),
    }, wait[] = {
        SPU_WRCHI(SPU_WrEventMask, event), SPU_RCHCNT(3, 0),
        SPU_STQA(3, 0x9000), SPU_RDCH(3, 0), SPU_STQA(3, 0x9010),
        SPU_RCHCNT(4, 0), SPU_STQA(4, 0x9020), SPU_RDCH(5, 11),
        SPU_STQA(5, 0x9030),
        SPU_WRCH(SPU_WrEventAck, 3), SPU_WRCHI(SPU_WrEventMask, event | 0x800),
        SPU_RDCH(3, 0), SPU_STQA(3, 0x9040), SPU_STOP(0x77),
    };
    uint32_t at = 0;

    load_words(qts, 0, at, begin, ARRAY_SIZE(begin));
    at += sizeof(begin);
    load_words(qts, 0, at, prepare, n);
    at += 4 * n;
    load_words(qts, 0, at, wait, ARRAY_SIZE(wait));
    start(qts, 0, 0);
    if (cause) {
        g_assert_cmphex(settle(qts, 0), ==, 9);
        g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9000), ==, 0);
        cause(qts);
        qtest_clock_step(qts, 2000);
    }
    if (event != 0x800) {
        g_assert_cmphex(settle(qts, 0), ==, 9);
    }
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9010), ==, event);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9020), ==, 0);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9030), ==, event);
    g_assert_cmphex(chnl_data(qts, 0, 0) & event, ==, 0);
    priv2_write(qts, 0, SPU_PrivCntl, SPU_PrivCntl_A);
    g_assert_cmphex(settle(qts, 0), ==, 0x770002);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9040), ==, 0x800);
}

static void resume_queue(QTestState *qts)
{
    priv2_write(qts, 0, MFC_CNTL, 0);
}

static void write_in_mbox(QTestState *qts)
{
    ps_write(qts, 0, SPU_In_Mbox, 1);
}

static void read_out_mbox(QTestState *qts)
{
    ps_read(qts, 0, SPU_Out_Mbox);
}

static void read_out_intr_mbox(QTestState *qts)
{
    priv2_read(qts, 0, SPU_Out_Intr_Mbox);
}

static void write_signal1(QTestState *qts)
{
    ps_write(qts, 0, SPU_Sig_Notify_1, 1);
}

static void write_signal2(QTestState *qts)
{
    ps_write(qts, 0, SPU_Sig_Notify_2, 1);
}

static void let_it_expire(QTestState *qts)
{
    qtest_clock_step(qts, 101 * 1000000000ULL / TIMEBASE_HZ);
}

/* SPE 1's MFC stores to the line that SPE 0 has reserved. */
static void store_to_line(QTestState *qts)
{
    proxy(qts, 1, 0x20, 0, 0x8000, 0x2000010, 16);
}

static void attention(QTestState *qts)
{
    priv2_write(qts, 0, SPU_PrivCntl, SPU_PrivCntl_A);
}

#define SOURCE(event, cause, ...)                                       \
    do {                                                                \
        const uint32_t words[] = { __VA_ARGS__ };                       \
                                                                        \
        event_source(qts, event, words, ARRAY_SIZE(words), cause);      \
    } while (0)

static void test_event_sources(void)
{
    QTestState *qts = blade();

    priv1_write(qts, 0, MFC_SR1, 0x20);
    priv1_write(qts, 1, MFC_SR1, 0x20);

    /* Tg: a command that is held back, and the query for its end */
    priv2_write(qts, 0, MFC_CNTL, 1);
    SOURCE(0x1, resume_queue, DMA(0x40, 3, 0x8000, 0x2000000, 16),
           SPU_WRCHI(MFC_WrTagMask, 8), SPU_WRCHI(MFC_WrTagUpdate, 2));
    /* Sn: a list with an element that stalls and notifies */
    priv2_write(qts, 0, MFC_CNTL, 1);
    qtest_writel(qts, SPE_LS(0) + 0x4000, 0x80000010);
    qtest_writel(qts, SPE_LS(0) + 0x4004, 0x2000000);
    SOURCE(0x2, resume_queue, DMA(0x44, 3, 0x8000, 0x4000, 8));
    priv2_write(qts, 0, MFC_CNTL, 1 << 15);
    /* Qv: sixteen commands */
    priv2_write(qts, 0, MFC_CNTL, 1);
    SOURCE(0x8, resume_queue, DMA(0x40, 3, 0x8000, 0x2000000, 16),
           SPU_WRCH(21, 79), SPU_WRCH(21, 79), SPU_WRCH(21, 79),
           SPU_WRCH(21, 79), SPU_WRCH(21, 79), SPU_WRCH(21, 79),
           SPU_WRCH(21, 79), SPU_WRCH(21, 79), SPU_WRCH(21, 79),
           SPU_WRCH(21, 79), SPU_WRCH(21, 79), SPU_WRCH(21, 79),
           SPU_WRCH(21, 79), SPU_WRCH(21, 79), SPU_WRCH(21, 79));
    SOURCE(0x10, write_in_mbox, SPU_NOP);                       /* Mb */
    SOURCE(0x20, let_it_expire, SPU_WRCHI(SPU_WrDec, 100));     /* Tm */
    SOURCE(0x40, read_out_intr_mbox, SPU_WRCHI(30, 1));         /* Me */
    SOURCE(0x80, read_out_mbox, SPU_WRCHI(28, 1));              /* Le */
    SOURCE(0x100, write_signal2, SPU_NOP);                      /* S2 */
    SOURCE(0x200, write_signal1, SPU_NOP);                      /* S1 */
    SOURCE(0x400, store_to_line,                                /* Lr */
           DMA(0xd0, 0, 0x8000, 0x2000000, 128), SPU_RDCH(3, 27));
    SOURCE(0x800, attention, SPU_NOP);                          /* A */
    SOURCE(0x1000, NULL, SPU_WRCHI(9, 0));                      /* Ms */
    qtest_quit(qts);
}

/*
 * Both directions of multisource synchronization: nothing is under way when
 * it is asked for, so that it is done at once.
 */
static void test_mssync(void)
{
    QTestState *qts = blade();

    qtest_writeq(qts, SPE_PS(0) + MFC_MSSync, 1);
    g_assert_cmphex(qtest_readq(qts, SPE_PS(0) + MFC_MSSync) & 1, ==, 0);
    START(qts, 0, 0, SPU_WRCHI(9, 0), SPU_RCHCNT(3, 9), SPU_WRCH(28, 3),
          SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0x10002);
    g_assert_cmphex(chnl_data(qts, 0, 0), ==, 0x1000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 1);
    qtest_quit(qts);
}

/* SPU ISA v1.2: the SPU's addresses are ANDed with LSLR, the MFC's are not. */
static void test_lslr(void)
{
    QTestState *qts = blade();

    priv2_write(qts, 0, SPU_LSLR, 0x1ffff);
    g_assert_cmphex(priv2_read(qts, 0, SPU_LSLR), ==, 0x1ffff);
    qtest_memset(qts, SPE_LS(0), 0, SPE_LS_SIZE);
    load_words(qts, 0, 0, (const uint32_t[]) { SPU_STOP(2) }, 1);
    /* A store, and on over the limit to address 0 */
    START(qts, 0, 0x1fff8, SPU_IL(3, 0x77), SPU_STQA(3, 0x29000),
          SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0x20002);
    g_assert_cmphex(ps_read(qts, 0, SPU_NPC), ==, 4);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x9000), ==, 0x77);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x29000), ==, 0);
    /* A branch */
    START(qts, 0, 0x10000, SPU_BR(0x4000));
    g_assert_cmphex(settle(qts, 0), ==, 0x20002);

    qtest_writel(qts, 0x2000000, 0x55);
    proxy(qts, 0, 0x40, 0, 0x29000, 0x2000000, 16);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x29000), ==, 0x55);

    /* A reset, and then all of local store again */
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(qts, "RESET");
    g_assert_cmphex(priv2_read(qts, 0, SPU_LSLR), ==, 0x3ffff);
    START(qts, 0, 0x1fff8, SPU_IL(3, 0x77), SPU_STQA(3, 0x29000),
          SPU_STOP(1));
    g_assert_cmphex(settle(qts, 0), ==, 0x10002);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x29000), ==, 0x77);
    qtest_quit(qts);
}

/*
 * As spu_setup_isolated() does it: it finds that the load is over, and that the
 * SPU neither runs nor is isolated.  The SPU then works like any other.
 */
static void test_isolation(void)
{
    QTestState *qts = blade();
    const uint32_t isolated = 0x80 | 0x200 | 0x400;

    priv1_write(qts, 0, MFC_SR1, 0x20);
    priv2_write(qts, 0, SPU_PrivCntl, 4);
    g_assert_cmphex(priv2_read(qts, 0, SPU_PrivCntl), ==, 4);
    ps_write(qts, 0, SPU_Sig_Notify_1, 0);
    ps_write(qts, 0, SPU_Sig_Notify_2, 0x1000);
    ps_write(qts, 0, SPU_RunCntl, 3);
    qtest_clock_step(qts, 100000);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status) & (isolated | 1), ==, 0);
    g_assert_cmphex(ps_read(qts, 0, SPU_RunCntl), ==, 3);
    START(qts, 0, 0, SPU_RDCH(3, SPU_RdMachStat), SPU_WRCH(28, 3),
          SPU_STOP(0x55));
    g_assert_cmphex(settle(qts, 0), ==, 0x550002);
    g_assert_cmphex(ps_read(qts, 0, SPU_Out_Mbox), ==, 0);
    /* Nothing to exit from */
    ps_write(qts, 0, SPU_RunCntl, 2);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status) & (isolated | 1), ==, 0);
    qtest_quit(qts);
}

/* Clocks out of range are refused; the limits of the range are accepted. */
static void test_properties(void)
{
    static const struct {
        const char *property;
        int status;
    } settings[] = {
        { "frequency=0", 1 }, { "frequency=1", 0 },
        { "frequency=4294967295", 0 }, { "frequency=4294967296", 1 },
        { "slice-ns=0", 1 }, { "slice-ns=10000000", 0 },
        { "slice-ns=10000001", 1 }, { "slice-ns=18446744073709551615", 1 },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(settings); i++) {
        g_autofree char *command = g_strdup_printf(
            "echo quit | %s -machine cell-blade -accel qtest -nodefaults "
            "-display none -monitor stdio -S -global cell-spe.%s",
            getenv("QTEST_QEMU_BINARY"), settings[i].property);
        const char *const argv[] = { "/bin/sh", "-c", command, NULL };
        g_autofree char *err = NULL;
        int status;

        g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL,
                                   G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                                   NULL, &err, &status, NULL));
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, settings[i].status);
        /* The device names the property; it is no failed assertion. */
        g_assert_cmpint(settings[i].status, ==,
                        strstr(err, "frequency") || strstr(err, "slice-ns"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cell-spe/reset", test_reset);
    qtest_add_func("/cell-spe/storage", test_storage);
    qtest_add_func("/cell-spe/stop", test_stop);
    qtest_add_func("/cell-spe/run-control", test_run_control);
    qtest_add_func("/cell-spe/halt", test_halt);
    qtest_add_func("/cell-spe/invalid", test_invalid);
    qtest_add_func("/cell-spe/master-run", test_master_run);
    qtest_add_func("/cell-spe/channel-stall", test_channel_stall);
    qtest_add_func("/cell-spe/single-step", test_single_step);
    qtest_add_func("/cell-spe/interrupt", test_interrupt);
    qtest_add_func("/cell-spe/mailbox", test_mailbox);
    qtest_add_func("/cell-spe/signal", test_signal);
    qtest_add_func("/cell-spe/channel-save", test_channel_save);
    qtest_add_func("/cell-spe/event", test_event);
    qtest_add_func("/cell-spe/event-interrupt", test_event_interrupt);
    qtest_add_func("/cell-spe/decrementer", test_decrementer);
    qtest_add_func("/cell-spe/channel-map", test_channel_map);
    qtest_add_func("/cell-spe/event-sources", test_event_sources);
    qtest_add_func("/cell-spe/mssync", test_mssync);
    qtest_add_func("/cell-spe/lslr", test_lslr);
    qtest_add_func("/cell-spe/isolation", test_isolation);
    qtest_add_func("/cell-spe/properties", test_properties);
    return g_test_run();
}
