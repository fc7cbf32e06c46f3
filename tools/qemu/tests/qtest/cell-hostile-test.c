/*
 * QTest of the cell-blade machine with a hostile guest
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random accesses to all registers, random MFC commands and lists between
 * all kinds of addresses, and random programs on all SPUs.  None of these may
 * crash QEMU, make it hang, or make it access memory out of bounds; the
 * sanitizers see the latter.  The seed is printed first; CELL_HOSTILE_ROUNDS
 * says how many machines are to suffer.
 *
 * With the translating engine the SPUs execute in threads of their own while
 * all this goes on, so a seed gives the same attempts, but not at the same
 * moments.  The PPE then executes as well: it sleeps until an access to it or
 * to its memory wakes it, and executes whatever is in memory then.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "cell-spe.h"

#define RAM         (64 * MiB)
#define OPERATIONS  1500
#define UART        0xe0000000ULL
#define DOORBELL    0xe0010000ULL
#define HTAB        0x1000000
#define BE1_BASE    (BE_BASE + 0x2000000000ULL)

static const uint32_t ps_regs[] = {
    MFC_MSSync, MFC_LSA, MFC_EAH, MFC_EAL, MFC_Size_Tag, MFC_ClassID_CMD,
    MFC_QStatus, Prxy_QueryType, Prxy_QueryMask, Prxy_TagStatus, SPU_Out_Mbox,
    SPU_In_Mbox, SPU_Mbox_Stat, SPU_RunCntl, SPU_Status, SPU_NPC,
    SPU_Sig_Notify_1, SPU_Sig_Notify_2,
}, priv2_regs[] = {
    SLB_Index, SLB_ESID, SLB_VSID, SLB_Invalidate_Entry, SLB_Invalidate_All,
    MFC_CNTL, SPU_Out_Intr_Mbox, SPU_PrivCntl, SPU_LSLR, SPU_ChnlIndex,
    SPU_ChnlCnt, SPU_ChnlData, SPU_Cfg, PM_Trace_Tag_Wait_Mask, MFC_CSR_TSQ,
    MFC_CSR_CMD1, MFC_CSR_CMD2, MFC_CSR_ATO, MFC_CQ_SPU, MFC_CQ_SPU + 0x1f8,
    MFC_CQ_PROXY, MFC_CQ_PROXY + 0xf8,
}, priv1_regs[] = {
    MFC_SR1, MFC_SDR, INT_Mask_class0, INT_Mask_class0 + 8, INT_Mask_class2,
    INT_Stat_class0, INT_Stat_class0 + 8, INT_Stat_class2, INT_Route,
    MFC_DSISR, MFC_DAR, MFC_DSIR, MFC_CER, MFC_TLB_Invalidate_All,
    SPU_ECC_Cntl, SPU_Trace_Cntl,
};

static const uint8_t commands[] = {
    MFC_PUT, MFC_PUTB, MFC_PUTF, MFC_PUTL, MFC_PUTLB, MFC_PUTLF, MFC_PUTS,
    MFC_PUTR, MFC_GET, MFC_GETB, MFC_GETF, MFC_GETL, MFC_GETLB, MFC_GETLF,
    MFC_GETS, MFC_GETFS, MFC_SDCRT, MFC_SDCRZ, MFC_SDCRF, MFC_SNDSIG,
    MFC_SNDSIGB, MFC_SNDSIGF, MFC_PUTLLUC, MFC_PUTLLC, MFC_PUTQLLUC,
    MFC_BARRIER, MFC_EIEIO, MFC_SYNC, MFC_GETLLAR, MFC_GETLLAR,
};

static uint32_t below(uint32_t n)
{
    return g_test_rand_int_range(0, n);
}

static uint64_t rand64(void)
{
    return (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
}

#define ONE_OF(array)   ((array)[below(ARRAY_SIZE(array))])

/* Where things are, on both chips */
static uint64_t address(void)
{
    uint64_t be = below(4) ? 0 : BE1_BASE - BE_BASE;
    int spe = below(8);

    switch (below(14)) {
    case 0 ... 2:
        return below(RAM) & ~(below(2) ? 127 : 15);
    case 3:
        return RAM - 16 * below(40);
    case 4:
        return be + SPE_LS(spe) + (below(SPE_LS_SIZE) & ~15);
    case 5:
        return be + SPE_LS(spe) + SPE_LS_SIZE - 16 * below(40);
    case 6:
        return be + SPE_PS(spe) + ONE_OF(ps_regs);
    case 7:
        return be + SPE_PS(spe) + (ONE_OF(ps_regs) & ~15);
    case 8:
        return be + SPE_PRIV2(spe) + (ONE_OF(priv2_regs) & ~below(16));
    case 9:
        return be + SPE_PRIV1(spe) + (ONE_OF(priv1_regs) & ~below(16));
    case 10:
        return be + IIC_BASE + below(0x3000);    /* and what is behind it */
    case 11:
        return below(2) ? UART + below(16)
                        : DOORBELL + below(2) * below(0x1000);
    case 12:
        return 0xc000000030000000ULL + below(0x40000);
    default:
        return rand64() >> below(64);
    }
}

static uint64_t value(void)
{
    switch (below(6)) {
    case 0:
        return below(4);
    case 1:
        return BIT_ULL(below(64));
    case 2:
        return ~0ULL << below(64);
    case 3:
        return address();
    default:
        return rand64();
    }
}

static uint32_t size(void)
{
    switch (below(5)) {
    case 0:
        return below(0x10000);
    case 1:
        return 0x4000;
    case 2:
        return below(65) * 16;
    default:
        return 1 << below(8);
    }
}

static uint32_t command(void)
{
    return below(16) ? ONE_OF(commands) : (uint32_t)g_test_rand_int();
}

static uint32_t lsa(uint64_t ea)
{
    return (below(4) ? below(SPE_LS_SIZE) & ~127 : SPE_LS_SIZE - 128) |
           (below(8) ? ea & 15 : below(16));
}

/* Programs */

static uint32_t *emit(uint32_t *p, unsigned ch, uint32_t val)
{
    const uint32_t words[] = { SPU_WRCHI(ch, val) };

    memcpy(p, words, sizeof(words));
    return p + ARRAY_SIZE(words);
}

static uint32_t instruction(void)
{
    unsigned ch = below(32), rt = below(8);

    switch (below(8)) {
    case 0:
        return SPU_RDCH(rt, ch);
    case 1:
        return SPU_WRCH(ch, rt);
    case 2:
        return SPU_RCHCNT(rt, ch);
    case 3:
        return SPU_IL(rt, below(0x10000));
    case 4:
        return SPU_STQA(rt, below(SPE_LS_SIZE));
    case 5:
        return SPU_BRNZ(rt, below(64) - 40);
    case 6:
        return below(8) ? SPU_BIE(rt) : SPU_STOP(below(0x4000));
    default:
        return g_test_rand_int();
    }
}

static void program(QTestState *qts, int spe)
{
    uint32_t words[256], *p = words;
    uint32_t at = below(4) ? below(SPE_LS_SIZE) & ~3 : 0;
    int i, n = below(8);

    for (i = 0; i < n; i++) {
        uint64_t ea = address();

        p = emit(p, MFC_WrLSA, lsa(ea));
        p = emit(p, MFC_WrEAH, ea >> 32);
        p = emit(p, MFC_WrEAL, below(4) ? ea : below(SPE_LS_SIZE) & ~7);
        p = emit(p, MFC_WrSize, size());
        p = emit(p, MFC_WrTagID, below(40));
        p = emit(p, MFC_WrCmd, command());
    }
    while (p < words + ARRAY_SIZE(words)) {
        *p++ = instruction();
    }
    for (i = 0; i < ARRAY_SIZE(words); i++) {
        words[i] = cpu_to_be32(words[i]);
    }
    at = MIN(at, SPE_LS_SIZE - sizeof(words));
    if (below(4)) {
        ps_write(qts, spe, SPU_RunCntl, 0);
    }
    qtest_memwrite(qts, SPE_LS(spe) + at, words, sizeof(words));
    priv1_write(qts, spe, MFC_SR1, below(4) ? 0x21 : 0x3b);
    ps_write(qts, spe, SPU_NPC, at | below(2));
    ps_write(qts, spe, SPU_RunCntl, 1);
}

static void list(QTestState *qts, int spe)
{
    uint64_t element[64];
    int i;

    for (i = 0; i < ARRAY_SIZE(element); i++) {
        element[i] = cpu_to_be64((uint64_t)(below(4) ? 0 : 1U << 31) << 32 |
                                 (uint64_t)(size() & 0x7fff) << 32 |
                                 (uint32_t)address());
    }
    qtest_memwrite(qts, SPE_LS(spe) + (below(SPE_LS_SIZE - 512) & ~7), element,
                   sizeof(element));
}

static void proxy_command(QTestState *qts, int spe)
{
    uint64_t ea = address();

    proxy(qts, spe, command(), below(40), lsa(ea), ea, size());
}

/*
 * Commands that go to an MFC's registers for commands, where they are
 * commands that go to an MFC's registers...
 */
static void chain(QTestState *qts, int spe)
{
    uint64_t ea = SPE_PS(below(8)) + 0x3000;
    const uint32_t block[8] = {
        0, cpu_to_be32(0x7000), cpu_to_be32(ea >> 32), cpu_to_be32(ea),
        cpu_to_be32(32 << 16 | below(32)),
        cpu_to_be32(below(8) ? MFC_PUT : command()),
    };

    qtest_memwrite(qts, SPE_LS(spe) + 0x7000, block, sizeof(block));
    proxy(qts, spe, MFC_PUT, 0, 0x7000, ea, 32);
}

/* A would-be lock line that is different whenever it is read */
static void moving_line(QTestState *qts, int spe)
{
    const uint32_t words[] = {
        SPU_WRCHI(MFC_WrLSA, 0x8000), SPU_WRCHI(MFC_WrEAH, BE_BASE >> 32),
        SPU_WRCHI(MFC_WrEAL, (uint32_t)SPE_PRIV2(spe) + 0x4000),
        SPU_WRCHI(MFC_WrCmd, MFC_GETLLAR),
    };

    while ((ps_read(qts, spe, SPU_Mbox_Stat) >> 8 & 0xff) != 0) {
        ps_write(qts, spe, SPU_In_Mbox, g_test_rand_int());
    }
    priv2_write(qts, spe, SPU_ChnlIndex, 29);
    ps_write(qts, spe, SPU_RunCntl, 0);
    load_words(qts, spe, 0, words, ARRAY_SIZE(words));
    priv1_write(qts, spe, MFC_SR1, 0x21);
    ps_write(qts, spe, SPU_NPC, 0);
    ps_write(qts, spe, SPU_RunCntl, 1);
}

static void translation(QTestState *qts, int spe)
{
    uint64_t vsid = rand64() & 0xfff;
    uint64_t esid = below(2) ? 0xc000000030000000ULL : address();
    uint64_t pte[2] = {
        cpu_to_be64(vsid << 12 | (below(4) ? 1 : rand64() & 0x7f)),
        cpu_to_be64((address() & ~0xfffULL) | below(0x200)),
    };

    qtest_memwrite(qts, HTAB + ((vsid ^ below(64)) & 0x7ff) * 128, pte, 16);
    priv1_write(qts, spe, MFC_SDR, below(8) ? HTAB : value());
    priv2_write(qts, spe, SLB_Index, below(8));
    priv2_write(qts, spe, SLB_VSID, vsid << 12 | below(0x1000));
    priv2_write(qts, spe, SLB_ESID, esid | SLB_ESID_V);
}

static void access_register(QTestState *qts)
{
    uint64_t addr = address();
    uint8_t bytes[256];

    switch (below(9)) {
    case 0:
        qtest_readb(qts, addr);
        break;
    case 1:
        qtest_readw(qts, addr);
        break;
    case 2:
        qtest_readl(qts, addr);
        break;
    case 3:
        qtest_readq(qts, addr);
        break;
    case 4:
        qtest_writeb(qts, addr, value());
        break;
    case 5:
        qtest_writew(qts, addr, value());
        break;
    case 6:
        qtest_writel(qts, addr, value());
        break;
    case 7:
        qtest_writeq(qts, addr, value());
        break;
    default:
        qtest_memread(qts, addr, bytes, 1 + below(sizeof(bytes)));
    }
}

/* A call with its arguments anywhere: QEMU must survive whatever it does. */
static void rtas(QTestState *qts)
{
    uint32_t block = address();
    uint32_t word[20];
    int i;

    for (i = 0; i < ARRAY_SIZE(word); i++) {
        word[i] = below(2) ? below(20) : value();
        word[i] = cpu_to_be32(word[i]);
    }
    qtest_memwrite(qts, block, word, sizeof(word));
    qtest_writel(qts, DOORBELL, block);
}

/* The guest may have powered off or panicked, in whatever way. */
static void revive(QTestState *qts)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-status' }");
    bool running = qdict_get_bool(qdict_get_qdict(rsp, "return"), "running");

    qobject_unref(rsp);
    if (!running) {
        qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
        qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    }
}

/* QEMU's exit status is the one that the guest set last: set it to 0. */
static void power_off(QTestState *qts)
{
    static const uint32_t calls[][7] = {
        { 10, 3, 1, 9000, 0, 0 },       /* set-indicator: the exit status */
        { 1, 2, 1 },                    /* power-off */
    };
    uint32_t word[ARRAY_SIZE(calls[0])];
    int i, j;

    for (i = 0; i < ARRAY_SIZE(calls); i++) {
        for (j = 0; j < ARRAY_SIZE(word); j++) {
            word[j] = cpu_to_be32(calls[i][j]);
        }
        qtest_memwrite(qts, 0x1000, word, sizeof(word));
        qtest_writel(qts, DOORBELL, 0x1000);
    }
}

static void hung(int sig)
{
    static const char text[] = "Bail out! QEMU hangs\n";

    if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0) {
        abort();
    }
    abort();
}

static void torment(QTestState *qts, bool tcg)
{
    int i, spe;

    for (spe = 0; spe < 8; spe++) {
        priv1_write(qts, spe, MFC_SR1, 0x21);
        qtest_writeq(qts, IIC_BASE + 0x418, 0xff);
    }
    for (i = 0; i < OPERATIONS; i++) {
        spe = below(8);
        alarm(60);
        switch (below(32)) {
        case 0 ... 3:
            program(qts, spe);
            break;
        case 4 ... 9:
            proxy_command(qts, spe);
            break;
        case 10 ... 12:
            list(qts, spe);
            break;
        case 13:
            translation(qts, spe);
            break;
        case 14:
            rtas(qts);
            break;
        case 19:
            chain(qts, spe);
            break;
        case 20:
            moving_line(qts, spe);
            break;
        case 15 ... 16:
            priv2_write(qts, spe, MFC_CNTL, below(2) ? 1ULL << 32 : 1 << 15);
            priv2_write(qts, spe, MFC_CNTL, 0);
            break;
        case 17 ... 18:
            revive(qts);
            if (!tcg) {         /* otherwise time passes by itself */
                qtest_clock_step(qts, 1 + below(20000));
            }
            break;
        default:
            access_register(qts);
        }
        if (!below(OPERATIONS / 2)) {
            qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
        }
    }
    alarm(0);
}

/*
 * Each thread sleeps, by clearing CTRL, whether it enters at the start, at 0x60
 * as the second chip's do, or at 0x100 when it is woken.
 */
static char *sleeping_kernel(void)
{
    static const uint32_t sleep[] = {
        0x38600000,             /* li r3,0 */
        0x7c7823a6,             /* mtspr CTRL,r3 */
        0x4bfffff8,             /* b back to the li */
    };
    uint32_t words[0x110 / 4] = { };

    memcpy(&words[0], sleep, sizeof(sleep));
    memcpy(&words[0x60 / 4], sleep, sizeof(sleep));
    memcpy(&words[0x100 / 4], sleep, sizeof(sleep));
    return ppe_kernel(words, ARRAY_SIZE(words));
}

static void test_hostile(const void *engine)
{
    const char *rounds = getenv("CELL_HOSTILE_ROUNDS");
    struct sigaction act = { .sa_handler = hung };
    bool tcg = !strcmp(engine, "tcg");
    g_autofree char *kernel = tcg ? sleeping_kernel() : NULL;
    g_autofree char *more = tcg ? g_strdup_printf("-accel tcg -kernel %s -smp "
                                                  "4,maxcpus=20", kernel)
                                : g_strdup("-smp 4");
    int n;

    sigaction(SIGALRM, &act, NULL);
    for (n = rounds ? atoi(rounds) : 4; n > 0; n--) {
        QTestState *qts = qtest_initf("-machine cell-blade,chips=2,"
                                      "spu-engine=%s %s -m 64M -action "
                                      "shutdown=pause,panic=none",
                                      (const char *)engine, more);

        torment(qts, tcg);
        revive(qts);
        power_off(qts);
        qtest_quit(qts);
    }
    if (kernel) {
        unlink(kernel);
    }
}

/*
 * How long the monitor may take to answer, whatever SPEs do.  If no vCPU
 * executes, this is QEMU's CPU time, so that other load on the host does not
 * count.
 */
#define ANSWER_NS   50000000

static int64_t now(clockid_t clock)
{
    struct timespec t;

    g_assert_cmpint(clock_gettime(clock, &t), ==, 0);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void ask(QTestState *qts)
{
    qobject_unref(qtest_qmp(qts, "{ 'execute': 'query-status' }"));
}

/* A list of @n elements of 16 KiB each at @ea, restored into the SPU's queue */
static void restore_lists(QTestState *qts, uint32_t cmd, uint64_t ea, int n,
                          int lists)
{
    g_autofree uint64_t *element = g_new(uint64_t, n);
    int i;

    for (i = 0; i < n; i++) {
        element[i] = cpu_to_be64(0x4000ULL << 32 | (uint32_t)ea);
    }
    priv1_write(qts, 0, MFC_SR1, 0x21);
    qtest_memwrite(qts, SPE_LS(0), element, n * sizeof(*element));
    priv2_write(qts, 0, MFC_CNTL, 1);
    for (i = 0; i < lists; i++) {
        uint32_t slot = MFC_CQ_SPU + 32 * i;

        priv2_write(qts, 0, slot, BIT_ULL(63) | 0x4000);
        priv2_write(qts, 0, slot + 8, ea & ~0xffffffffULL);
        priv2_write(qts, 0, slot + 16, (uint64_t)n * 8 << 32 | cmd);
        priv2_write(qts, 0, slot + 24, 0);
    }
}

/* 16 lists of 2,048 elements: to and from registers, to and from memory */
static void test_lists(void)
{
    static const struct {
        uint32_t cmd;
        uint64_t ea;
    } to[] = {
        { MFC_PUTL, SPE_PS(1) + 0x8000 },
        { MFC_GETL, SPE_PS(1) + 0x8000 },
        { MFC_PUTL, UART & ~0x3fff },
        { MFC_PUTL, 0x10000 },
        { MFC_GETL, 0x10000 },
    };
    QTestState *qts = qtest_init("-machine cell-blade -m 64M -serial null");
    clockid_t clock;
    int i, slice;

    g_assert_cmpint(clock_getcpuclockid(qtest_pid(qts), &clock), ==, 0);
    for (i = 0; i < ARRAY_SIZE(to); i++) {
        restore_lists(qts, to[i].cmd, to[i].ea, 2048, 16);
        for (slice = 0; slice < 4; slice++) {
            int64_t then = now(clock);

            if (slice) {
                qtest_clock_step(qts, 20000);
            } else {
                priv2_write(qts, 0, MFC_CNTL, 0);
            }
            ask(qts);
            g_test_message("list command 0x%x, 0x%" PRIx64 ": %" PRId64 " us",
                           to[i].cmd, to[i].ea, (now(clock) - then) / 1000);
            g_assert_cmpint(now(clock) - then, <, ANSWER_NS);
        }
        priv2_write(qts, 0, MFC_CNTL, 1 << 15);
    }
    qtest_quit(qts);
}

/* A list that uses up the budget is continued, and none of it is left out. */
static void test_continued(void)
{
    QTestState *qts = qtest_init("-machine cell-blade -m 64M");
    uint8_t byte;
    int i;

    /* Eight times 16 KiB of registers that read as zeros */
    qtest_memset(qts, SPE_LS(0) + 0x4000, 0xff, 0x20000);
    restore_lists(qts, MFC_GETL, SPE_PS(1) + 0x8000, 8, 1);
    priv2_write(qts, 0, MFC_CNTL, 0);
    g_assert_false(priv2_read(qts, 0, MFC_CNTL) & MFC_CNTL_Q);
    for (i = 0; i < 100 && !(priv2_read(qts, 0, MFC_CNTL) & MFC_CNTL_Q); i++) {
        qtest_clock_step(qts, 20000);
    }
    g_assert_true(priv2_read(qts, 0, MFC_CNTL) & MFC_CNTL_Q);
    for (i = 0x4000; i < 0x24000; i += 16) {
        qtest_memread(qts, SPE_LS(0) + i, &byte, 1);
        g_assert_cmphex(byte, ==, 0);
    }
    qtest_quit(qts);
}

static QTestState *tcg_machine(char **kernel)
{
    struct sigaction act = { .sa_handler = hung };

    sigaction(SIGALRM, &act, NULL);
    *kernel = sleeping_kernel();
    return qtest_initf("-machine cell-blade,spu-engine=tcg -accel tcg "
                       "-kernel %s -smp 1,maxcpus=9 -m 64M", *kernel);
}

/*
 * All SPUs put to registers as fast as they can, and issue each other's
 * commands.  They execute meanwhile, so the median of the times counts.
 */
static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void test_answers(void)
{
    g_autofree char *kernel = NULL;
    QTestState *qts = tcg_machine(&kernel);
    int64_t took[41];
    int i, spe;

    for (spe = 0; spe < 8; spe++) {
        uint64_t next = SPE_PS((spe + 1) % 8);
        const uint32_t block[] = {
            0, cpu_to_be32(0x7000), cpu_to_be32(next >> 32),
            cpu_to_be32(next + 0x3000), cpu_to_be32(32 << 16),
            cpu_to_be32(MFC_PUT),
        };

        qtest_memwrite(qts, SPE_LS(spe) + 0x7000, block, sizeof(block));
        priv1_write(qts, spe, MFC_SR1, 0x21);
        START(qts, spe, 0, DMA(MFC_PUT, 0, 0x8000, next + 0x8000, 0x4000),
              DMA(MFC_PUT, 0, 0x7000, next + 0x3000, 32),
              DMA(MFC_GET, 0, 0x6010, next + 0x3010, 16), SPU_BR(-54));
    }
    alarm(60);
    for (i = 0; i < ARRAY_SIZE(took); i++) {
        int64_t then = now(CLOCK_MONOTONIC);

        ask(qts);
        took[i] = now(CLOCK_MONOTONIC) - then;
    }
    alarm(0);
    qsort(took, ARRAY_SIZE(took), sizeof(took[0]), compare);
    g_test_message("median %" PRId64 " us, at most %" PRId64 " us",
                   took[ARRAY_SIZE(took) / 2] / 1000,
                   took[ARRAY_SIZE(took) - 1] / 1000);
    g_assert_cmpint(took[ARRAY_SIZE(took) / 2], <, ANSWER_NS);
    for (spe = 0; spe < 8; spe++) {
        ps_write(qts, spe, SPU_RunCntl, 0);
    }
    qtest_quit(qts);
    unlink(kernel);
}

/* getllar of a line to which another SPU stores without end */
static void test_busy_line(void)
{
    g_autofree char *kernel = NULL;
    QTestState *qts = tcg_machine(&kernel);

    alarm(60);
    priv1_write(qts, 0, MFC_SR1, 0x21);
    START(qts, 1, 0, SPU_AI(3, 3, 1), SPU_STQA(3, 0x4000), SPU_STQA(3, 0x4070),
          SPU_BR(-3));
    START(qts, 0, 0, SPU_WRCHI(MFC_WrLSA, 0x8000),
          SPU_WRCHI(MFC_WrEAH, SPE_LS(1) >> 32),
          SPU_WRCHI(MFC_WrEAL, (uint32_t)SPE_LS(1) + 0x4000),
          SPU_WRCHI(MFC_WrCmd, MFC_GETLLAR), SPU_RDCH(3, MFC_RdAtomicStat),
          SPU_STQA(3, 0x1000), SPU_STOP(1));
    while (ps_read(qts, 0, SPU_Status) & SPU_Status_R) {
        /* alarm() is the limit. */
    }
    alarm(0);
    g_assert_cmphex(ps_read(qts, 0, SPU_Status), ==, 0x10002);
    g_assert_cmphex(qtest_readl(qts, SPE_LS(0) + 0x1000), ==,
                    MFC_ATOMIC_GETLLAR);
    ps_write(qts, 1, SPU_RunCntl, 0);
    qtest_quit(qts);
    unlink(kernel);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("/cell-hostile/reference", "reference", test_hostile);
    qtest_add_func("/cell-hostile/lists", test_lists);
    qtest_add_func("/cell-hostile/continued", test_continued);
    if (qtest_has_accel("tcg")) {
        qtest_add_data_func("/cell-hostile/tcg", "tcg", test_hostile);
        qtest_add_func("/cell-hostile/answers", test_answers);
        qtest_add_func("/cell-hostile/busy-line", test_busy_line);
    }
    return g_test_run();
}
