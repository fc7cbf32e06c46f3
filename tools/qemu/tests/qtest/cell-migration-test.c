/*
 * QTest for migration of the cell-blade machine
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Eight SPEs are caught in operations that take time, and the state of their
 * machine is saved to a file meanwhile.  A second machine goes on from there,
 * as the first one does.  The same actions on both must have the same results,
 * and those of a machine that was never saved.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "cell-spe.h"

#define MACHINE "-machine cell-blade -m 64M "

#define MEM     0x2000000ULL    /* some unused memory */
#define HTAB    0x1000000
#define VSID    0x123456789ULL
#define SEGMENT 0xc000000030000000ULL
#define PAGE    0x12            /* the one that is there, the next is not */

/* The primary group of a page, according to OEA, in the smallest page table */
static uint64_t group(uint64_t page)
{
    return HTAB + (((VSID ^ page) & 0x7ff) << 7);
}

static void page_insert(QTestState *qts, uint64_t page, uint64_t pa)
{
    qtest_writeq(qts, group(page) + 8, pa | 2);
    qtest_writeq(qts, group(page), VSID << 12 | 1);
}

static void setup(QTestState *qts)
{
    static const uint32_t put[] = {
        SPU_WRCHI(MFC_WrTagMask, 4), DMA(0x120020, 2, 0x8000, MEM, 16),
    }, again[] = {
        [0 ... 15] = SPU_WRCH(MFC_WrCmd, 79),
    }, done[] = {
        SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24), SPU_STOP(0x13),
    };
    int i;

    /* A time that is no multiple of anything */
    qtest_clock_step(qts, 123457);
    qtest_memset(qts, MEM, 0x11, 0x10000);
    qtest_memset(qts, HTAB, 0, 0x40000);
    for (i = 0; i < 8; i++) {
        priv1_write(qts, i, MFC_SR1, 0x20);
        priv1_write(qts, i, INT_Route, 0x000e100e200e0000);
        priv1_write(qts, i, 0x100, 7);
        priv1_write(qts, i, 0x108, 3);
        priv1_write(qts, i, MFC_TCLASS_ID, 0x1000 + i);
        qtest_memset(qts, SPE_LS(i) + 0x8000, 0x80 + i, 0x38000);
    }
    qtest_writeq(qts, IIC_BASE + 0x418, 0xff);
    qtest_writeq(qts, IIC_BASE + 0x438, 0x20);
    qtest_writeq(qts, IIC_BASE + 0x430, 0x30);
    qtest_writel(qts, BE_BASE + 0x1109100, 0x12345678);

    /* An address bit that is not used otherwise, and the MFC's key */
    priv2_write(qts, 4, SPU_LSLR, 0x2ffff);
    priv2_write(qts, 4, MFC_CNTL, 2ULL << 33);

    /*
     * SPE 0 counts in a register and in local store, interrupts enabled; the
     * PPE has not read the status of its command yet
     */
    priv2_write(qts, 0, SPU_Cfg, 3);
    qtest_memset(qts, SPE_LS(0) + 0xa000, 0x80, 16);
    ps_write(qts, 0, MFC_LSA, 0xa000);
    ps_write(qts, 0, MFC_EAH, MEM >> 32);
    ps_write(qts, 0, MFC_EAL, MEM + 0x7000);
    ps_write(qts, 0, MFC_Size_Tag, 16 << 16);
    ps_write(qts, 0, MFC_ClassID_CMD, 0x20);
    START(qts, 0, 0x100, SPU_IL(4, 0x200), SPU_WRCH(SPU_WrEventMask, 4),
          SPU_IL(5, 0x110), SPU_BIE(5),
          SPU_AI(3, 3, 1), SPU_STQA(3, 0x9000), SPU_BR(-2));
    load_words(qts, 0, 0,
               (const uint32_t[]) { SPU_RDCH(6, 3), SPU_WRCH(30, 6),
                                    SPU_STOP(0x10) }, 3);

    /*
     * SPE 1 waits for a mailbox, with values in its registers, and an event
     * that will interrupt it once it enables interrupts
     */
    qtest_writel(qts, SPE_LS(1), SPU_STOP(0x11));
    START(qts, 1, 0x100, SPU_WRCHI(SPU_WrEventMask, 0x100),
          SPU_LI(7, 0xabc), SPU_FSCRWR(7), SPU_IL(8, 0x3fc),
          SPU_WRCH(14, 8), SPU_RDCH(3, 29), SPU_FSCRRD(9),
          SPU_STQA(9, 0x9000), SPU_RDCH(10, 15), SPU_STQA(10, 0x9010),
          SPU_STQA(7, 0x9020), SPU_RDCH(4, 29), SPU_STQA(4, 0x9030),
          SPU_WRCH(28, 3), SPU_IL(5, 0x300), SPU_BIE(5));
    qtest_writel(qts, SPE_LS(1) + 0x300, SPU_STOP(0x1));
    g_assert_cmphex(settle(qts, 1), ==, 9);
    ps_write(qts, 1, SPU_Sig_Notify_2, 0x1234);

    /* SPE 2 waits for its decrementer, with a command that is in error */
    priv2_write(qts, 2, MFC_CNTL, 1 << 15);
    START(qts, 2, 0, DMA(0x40, 0, 0x8000, MEM, 3),
          SPU_IL(4, 0x20), SPU_WRCH(SPU_WrEventMask, 4),
          SPU_IL(4, 1000), SPU_WRCH(SPU_WrDec, 4), SPU_RDCH(3, 0),
          SPU_RDCH(5, SPU_RdDec), SPU_STQA(5, 0x9000), SPU_STOP(0x12));

    /* SPE 3 has filled its queue and waits for room */
    priv2_write(qts, 3, MFC_CNTL, 1);
    priv2_write(qts, 3, PM_Trace_Tag_Wait_Mask, 0x77);
    load_words(qts, 3, 0, put, ARRAY_SIZE(put));
    load_words(qts, 3, sizeof(put), again, ARRAY_SIZE(again));
    load_words(qts, 3, sizeof(put) + sizeof(again), done, ARRAY_SIZE(done));
    start(qts, 3, 0);

    /* SPE 4 has a list that stalled, and a command behind a fence */
    qtest_writel(qts, SPE_LS(4) + 0x4000, 0x80000010);
    qtest_writel(qts, SPE_LS(4) + 0x4004, MEM + 0x100);
    qtest_writel(qts, SPE_LS(4) + 0x4008, 0x10);
    qtest_writel(qts, SPE_LS(4) + 0x400c, MEM + 0x200);
    START(qts, 4, 0, SPU_WRCHI(MFC_WrTagMask, 0x40),
          DMA(0x24, 6, 0x8000, 0x4000, 16), DMA(0x22, 6, 0x8000, MEM + 0x300,
                                                16),
          SPU_RDCH(3, 29), SPU_RDCH(4, 25), SPU_WRCHI(26, 6),
          SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24), SPU_STOP(0x14));

    /* SPE 5 has a put of which one page is there */
    priv1_write(qts, 5, MFC_SDR, HTAB);
    priv1_write(qts, 5, MFC_SR1, 0x3b);
    priv2_write(qts, 5, SLB_Index, 3);
    priv2_write(qts, 5, SLB_VSID, VSID << 12 | 0xc80);
    priv2_write(qts, 5, SLB_ESID, SEGMENT | SLB_ESID_V);
    page_insert(qts, PAGE, MEM + 0x1000);
    START(qts, 5, 0, SPU_WRCHI(MFC_WrTagMask, 1),
          DMA(0x20, 0, 0x8000, SEGMENT + (PAGE << 12) + 0xf00, 0x200),
          SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, 24), SPU_STOP(0x15));

    /* SPE 6 has reserved a line and waits for its loss, in a single step */
    START(qts, 6, 0, SPU_WRCHI(SPU_WrEventMask, 0x400),
          DMA(0xd0, 0, 0x8000, MEM + 0x4000, 128), SPU_RDCH(3, 27),
          SPU_STOP(1), SPU_RDCH(3, 0), SPU_WRCH(28, 3), SPU_STOP(0x16));
    g_assert_cmphex(settle(qts, 6), ==, 0x10002);
    priv2_write(qts, 6, SPU_PrivCntl, 1);
    ps_write(qts, 6, SPU_RunCntl, 1);

    /*
     * SPE 7 has a proxy queue, a halted decrementer, and three words in its
     * mailbox, of which the PPE has seen one; it stops in 5 us
     */
    priv2_write(qts, 7, MFC_CNTL, 1 | MFC_CNTL_Dh);
    for (i = 0; i < 3; i++) {
        ps_write(qts, 7, SPU_In_Mbox, 0x700 + i);
    }
    priv2_write(qts, 7, SPU_ChnlIndex, 29);
    priv2_read(qts, 7, SPU_ChnlData);
    ps_write(qts, 7, Prxy_QueryMask, 0xf0);
    for (i = 0; i < 8; i++) {
        proxy(qts, 7, 0x20, i, 0x8000, MEM + 0x5000 + 16 * i, 16);
    }
    ps_write(qts, 7, Prxy_QueryType, 2);
    /* Full: MFC_CMDStatus says so. */
    g_assert_cmphex(proxy(qts, 7, 0x20, 0, 0x8000, MEM + 0x6000, 16), ==, 2);
    START(qts, 7, 0, SPU_IL(3, 8000), SPU_AI(3, 3, -1), SPU_BRNZ(3, -1),
          SPU_STOP(0x17));

    qtest_clock_step(qts, 3333);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 1);
    for (i = 1; i < 7; i++) {
        g_assert_cmphex(ps_read(qts, i, SPU_Status), ==, 9);
    }
    g_assert_cmphex(ps_read(qts, 7, SPU_Status), ==, 1);
}

/* What the PPE does then */
static void proceed(QTestState *qts)
{
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(ps_read(qts, 7, SPU_Status), ==, 1);
    qtest_clock_step(qts, 50000);
    g_assert_cmphex(ps_read(qts, 7, SPU_Status), ==, 0x170002);
    g_assert_cmphex(ps_read(qts, 1, SPU_Status), ==, 9);
    g_assert_cmphex(ps_read(qts, 0, MFC_ClassID_CMD), ==, 0);
    ps_write(qts, 0, SPU_Sig_Notify_1, 1);
    ps_write(qts, 0, SPU_Sig_Notify_1, 2);
    ps_write(qts, 1, SPU_In_Mbox, 0x100);
    ps_write(qts, 1, SPU_In_Mbox, 0x200);
    priv2_write(qts, 3, MFC_CNTL, 0);
    ps_write(qts, 4, SPU_In_Mbox, 0);
    g_assert_cmphex(qtest_readb(qts, MEM + 0x20f), ==, 0x11);
    page_insert(qts, PAGE + 1, MEM + 0x2000);
    g_assert_cmphex(priv1_read(qts, 5, 0x148), ==, 2);
    priv2_write(qts, 5, MFC_CNTL, 1ULL << 32);
    g_assert_cmphex(ps_read(qts, 6, SPU_Status), ==, 9);
    qtest_writel(qts, MEM + 0x4008, 0x5555);
    g_assert_cmphex(priv1_read(qts, 7, 0x150) & 8, ==, 0);
    priv2_write(qts, 7, MFC_CNTL, 0);
    g_assert_cmphex(priv1_read(qts, 7, 0x150) & 8, ==, 8);
    qtest_clock_step(qts, 50000);
}

static void finish(QTestState *qts)
{
    static const uint32_t status[8] = {
        0x100002, 0x110002, 0x120002, 0x130002,
        0x140002, 0x150002, 0x10, 0x170002,
    };
    int i;

    for (i = 0; i < 8; i++) {
        g_assert_cmphex(ps_read(qts, i, SPU_Status), ==, status[i]);
    }
    g_assert_cmphex(ps_read(qts, 0, MFC_QStatus), ==, 0x80000008);
    g_assert_cmphex(priv2_read(qts, 0, SPU_Out_Intr_Mbox), ==, 3);
    g_assert_cmphex(priv1_read(qts, 2, 0x140), ==, 1);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(1) + 0x9020), ==, 0xabc);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(1) + 0x9010), ==, 0x3fc);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(1) + 0x9030), ==, 0x200);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(2) + 0x9000), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, MEM), ==, 0x83838383);
    g_assert_cmphex(qtest_readl(qts, MEM + 0x700c), ==, 0x80808080);
    g_assert_cmphex(qtest_readl(qts, MEM + 0x20c), ==, 0x84848484);
    g_assert_cmphex(qtest_readl(qts, MEM + 0x30c), ==, 0x84848484);
    g_assert_cmphex(qtest_readl(qts, MEM + 0x1ffc), ==, 0x85858585);
    g_assert_cmphex(qtest_readl(qts, MEM + 0x20fc), ==, 0x85858585);
    g_assert_cmphex(qtest_readl(qts, MEM + 0x2100), ==, 0x11111111);
    g_assert_cmphex(chnl_data(qts, 6, 0), ==, 0x400);
    g_assert_cmphex(qtest_readl(qts, MEM + 0x507c), ==, 0x87878787);
}

/* The same bytes?  Of registers, eight are read at once. */
static void same(QTestState *a, QTestState *b, const char *what, uint64_t base,
                 size_t len)
{
    g_autofree uint8_t *x = g_malloc(len), *y = g_malloc(len);
    size_t i;

    qtest_memread(a, base, x, len);
    qtest_memread(b, base, y, len);
    for (i = 0; i < len && x[i] == y[i]; i++) {
        continue;
    }
    if (i < len) {
        i &= ~7;
        g_test_message("%s: 0x%" PRIx64 " + 0x%zx is %016" PRIx64 " and %016"
                       PRIx64, what, base, i, ldq_be_p(x + i),
                       ldq_be_p(y + i));
        g_test_fail();
    }
}

/* Every register, in the same order: some change when they are read. */
static void compare(QTestState *a, QTestState *b)
{
    int spe, i;

    for (spe = 0; spe < 8; spe++) {
        uint64_t priv2 = SPE_PRIV2(spe);

        same(a, b, "SLB index", priv2 + SLB_Index, 8);
        for (i = 0; i < 8; i++) {
            priv2_write(a, spe, SLB_Index, i);
            priv2_write(b, spe, SLB_Index, i);
            same(a, b, "SLB", priv2 + SLB_ESID, 16);
        }
        same(a, b, "MFC queues", priv2 + MFC_CQ_SPU, 0x300);
        same(a, b, "MFC_CNTL", priv2 + MFC_CNTL, 8);
        same(a, b, "privilege 2", priv2 + SPU_ChnlIndex, 0x20);
        for (i = 0; i < SPU_NUM_CHANNELS; i++) {
            priv2_write(a, spe, SPU_ChnlIndex, i);
            priv2_write(b, spe, SPU_ChnlIndex, i);
            same(a, b, "channel", priv2 + SPU_ChnlCnt, 16);
        }
        same(a, b, "privilege 2", priv2 + PM_Trace_Tag_Wait_Mask, 0x28);
        /* Except MFC_CMDStatus, because reading it has an effect */
        same(a, b, "problem state", SPE_PS(spe) + 0x3000, 0x14);
        same(a, b, "problem state", SPE_PS(spe) + 0x3100, 0x200);
        same(a, b, "problem state", SPE_PS(spe) + 0x4000, 0x40);
        same(a, b, "signal 1", SPE_PS(spe) + SPU_Sig_Notify_1, 4);
        same(a, b, "signal 2", SPE_PS(spe) + SPU_Sig_Notify_2, 4);
        same(a, b, "privilege 2", priv2 + 0x4000, 0x60);
        same(a, b, "privilege 1", SPE_PRIV1(spe), SPE_PRIV1_SIZE);
        same(a, b, "local store", SPE_LS(spe), SPE_LS_SIZE);
    }
    same(a, b, "memory", MEM, 0x10000);
    same(a, b, "page table", HTAB, 0x40000);
    same(a, b, "IIC", IIC_BASE, 0x1000);
    same(a, b, "pervasive", BE_BASE + 0x1109000, 0x1000);
}

static void wait_for_status(QTestState *qts, const char *command,
                            const char *want)
{
    for (;;) {
        g_autofree char *now = NULL;
        QDict *rsp = qtest_qmp(qts, "{ 'execute': %s }", command);

        now = g_strdup(qdict_get_try_str(qdict_get_qdict(rsp, "return"),
                                         "status"));
        qobject_unref(rsp);
        if (!g_strcmp0(now, want)) {
            return;
        }
        g_assert_cmpstr(now, !=, !strcmp(want, "failed") ? "completed"
                                                         : "failed");
        g_usleep(1000);
    }
}

static int64_t remaining(QTestState *qts)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-migrate' }");
    QDict *ret = qdict_get_qdict(rsp, "return");
    int64_t bytes = INT64_MAX;

    g_assert_cmpstr(qdict_get_try_str(ret, "status"), !=, "completed");
    if (qdict_haskey(ret, "ram")) {
        bytes = qdict_get_int(qdict_get_qdict(ret, "ram"), "remaining");
    }
    qobject_unref(rsp);
    return bytes;
}

static void set_bandwidth(QTestState *qts, int64_t bytes)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-set-parameters',"
                             "  'arguments': { 'max-bandwidth': %" PRId64
                             " } }", bytes);
}

/*
 * Saves the machine, which runs for @ns while that is done, and returns
 * another one that goes on from there.
 */
static QTestState *migrate(QTestState *from, const char *file, int ns)
{
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    QTestState *to = qtest_init(MACHINE "-incoming defer");
    int64_t now;

    set_bandwidth(from, 1000000);
    qtest_qmp_assert_success(from, "{ 'execute': 'migrate',"
                             "  'arguments': { 'uri': %s } }", uri);
    /* Local stores come last: wait until the first of them are done. */
    while (remaining(from) > 6 * SPE_LS_SIZE) {
        g_usleep(1000);
    }
    set_bandwidth(from, 1);
    now = qtest_clock_step(from, ns);
    set_bandwidth(from, INT32_MAX);
    wait_for_status(from, "query-migrate", "completed");
    /* The test sets the virtual clock of a qtest. */
    qtest_clock_set(to, now);
    qtest_qmp_assert_success(to, "{ 'execute': 'migrate-incoming',"
                             "  'arguments': { 'uri': %s } }", uri);
    wait_for_status(to, "query-status", "running");
    return to;
}

static void test_migration(void)
{
    g_autofree char *dir = g_dir_make_tmp("cell-migration-XXXXXX", NULL);
    g_autofree char *file = g_strdup_printf("%s/state", dir);
    QTestState *from = qtest_init(MACHINE), *to, *third;

    setup(from);
    to = migrate(from, file, 100);
    qtest_qmp_assert_success(from, "{ 'execute': 'cont' }");
    proceed(from);
    proceed(to);
    /* A machine that was loaded can be saved again, in a different state. */
    unlink(file);
    third = migrate(to, file, 100);
    qtest_qmp_assert_success(to, "{ 'execute': 'cont' }");
    qtest_quit(to);
    qtest_clock_step(from, 200000);
    qtest_clock_step(third, 200000);
    compare(from, third);
    finish(from);
    finish(third);
    qtest_quit(from);
    qtest_quit(third);
    unlink(file);
    rmdir(dir);
}

/* As soon as it is loaded, before anything has changed again */
static void test_at_once(void)
{
    g_autofree char *dir = g_dir_make_tmp("cell-migration-XXXXXX", NULL);
    g_autofree char *file = g_strdup_printf("%s/state", dir);
    QTestState *from = qtest_init(MACHINE), *to;

    setup(from);
    /* Longer than a slice: local stores change. */
    to = migrate(from, file, 30000);
    qtest_qmp_assert_success(from, "{ 'execute': 'cont' }");
    compare(from, to);
    qtest_quit(from);
    qtest_quit(to);
    unlink(file);
    rmdir(dir);
}

/*
 * An end of execution that does not exist, in place of a stop that the engine
 * has yet to report
 */
static void test_bad_state(void)
{
    static const uint8_t told[] = { 1, 0, 0, 0, 3, 0, 0, 0x2a, 0xbc };
    g_autofree char *dir = g_dir_make_tmp("cell-migration-XXXXXX", NULL);
    g_autofree char *file = g_strdup_printf("%s/state", dir);
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    g_autofree char *state = NULL;
    QTestState *from = qtest_init(MACHINE), *to;
    char *at;
    gsize len;

    START(from, 0, 0, SPU_IL(3, 1), SPU_STQA(3, 0x9000), SPU_STOP(0x2abc));
    while (!qtest_readl(from, SPE_LS(0) + 0x9000)) {
        g_usleep(1000);
    }
    g_assert_cmphex(ps_read(from, 0, SPU_Status), ==, 1);
    qtest_qmp_assert_success(from, "{ 'execute': 'migrate',"
                             "  'arguments': { 'uri': %s } }", uri);
    wait_for_status(from, "query-migrate", "completed");
    qtest_quit(from);

    g_assert_true(g_file_get_contents(file, &state, &len, NULL));
    at = memmem(state, len, told, sizeof(told));
    g_assert_nonnull(at);
    g_assert_null(memmem(at + 1, len - (at + 1 - state), told, sizeof(told)));
    at[4] = 0x63;
    g_assert_true(g_file_set_contents(file, state, len, NULL));
    to = qtest_init(MACHINE "-incoming defer");
    qtest_qmp_assert_success(to, "{ 'execute': 'migrate-incoming', 'arguments':"
                             "  { 'uri': %s, 'exit-on-error': false } }", uri);
    wait_for_status(to, "query-migrate", "failed");
    qtest_quit(to);
    unlink(file);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cell-migration/at-once", test_at_once);
    qtest_add_func("/cell-migration/goes-on", test_migration);
    qtest_add_func("/cell-migration/bad-state", test_bad_state);
    return g_test_run();
}
