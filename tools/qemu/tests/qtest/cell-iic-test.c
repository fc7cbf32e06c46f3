/*
 * QTest for the internal interrupt controller of the Cell BE
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The expected values come from the driver: struct cbe_iic_regs in
 * arch/powerpc/include/asm/cell-regs.h and platforms/cell/interrupt.c of
 * Linux.
 */
#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "libqtest.h"
#include "cell-spe.h"

#define BE(node)            (0x20000000000ULL + (node) * 0x2000000000ULL)
#define IIC(node)           (BE(node) + 0x1108000)
#define SPE0_INT_ROUTE      (BE(0) + 0x1000000 + 0x180)

/* struct cbe_iic_thread_regs */
#define PENDING(node, t)    (IIC(node) + 0x400 + (t) * 0x20)
#define DESTR(node, t)      (PENDING(node, t) + 0x08)
#define GENERATE(node, t)   (PENDING(node, t) + 0x10)
#define PRIO(node, t)       (PENDING(node, t) + 0x18)
#define IIC_IR(node)        (IIC(node) + 0x440)
#define IIC_IS(node)        (IIC(node) + 0x448)

/* struct cbe_iic_pending_bits: flags, class, source, prio */
#define IRQ(class, source, prio) \
    (0x80000000u | (class) << 16 | (source) << 8 | (prio))
#define IPI(prio)           (0xc0000000u | (prio))

/* Units, from enum in platforms/cell/interrupt.h */
#define UNIT_SPU_0          0x4
#define UNIT_SPU_1          0x7
#define UNIT_IIC            0xe

static const char *const iic_path[] = {
    "/machine/chip[0]/iic", "/machine/chip[1]/iic"
};

static QTestState *blade(void)
{
    return qtest_init("-machine cell-blade,chips=2,spes=1 -smp 4 -m 64");
}

static void set_input(QTestState *qts, int node, int class, int unit,
                      int level)
{
    qtest_set_irq_in(qts, iic_path[node], NULL, class * 16 + unit, level);
}

static void set_ioex(QTestState *qts, int node, int n, int level)
{
    qtest_set_irq_in(qts, iic_path[node], "io-exception", n, level);
}

/* After reset nothing interrupts before software opens the threads. */
static void test_reset(void)
{
    QTestState *qts = blade();

    qtest_irq_intercept_out(qts, iic_path[0]);
    for (int node = 0; node < 2; node++) {
        for (int t = 0; t < 2; t++) {
            g_assert_cmphex(qtest_readq(qts, PRIO(node, t)), ==, 0);
            g_assert_cmphex(qtest_readq(qts, PENDING(node, t)), ==, 0);
        }
    }
    set_input(qts, 0, 2, UNIT_SPU_1, 1);
    qtest_writeq(qts, GENERATE(0, 1), 0x10);
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, 0);
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 1)), ==, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_false(qtest_get_irq(qts, 1));

    /* The IPI is forgotten by a reset, the level is not */
    qtest_qmp_assert_success(qts, "{'execute': 'system_reset'}");
    qtest_qmp_eventwait(qts, "RESET");
    qtest_writeq(qts, PRIO(0, 0), 0xff);
    qtest_writeq(qts, PRIO(0, 1), 0xff);
    g_assert_cmphex(qtest_readq(qts, PENDING(0, 0)), ==,
                    IRQ(2, UNIT_SPU_1, 0));
    g_assert_cmphex(qtest_readq(qts, PENDING(0, 1)), ==, 0);
    qtest_quit(qts);
}

/* iic_get_irq() and iic_eoi(): take, serve, look again. */
static void test_level(void)
{
    QTestState *qts = blade();

    qtest_irq_intercept_out(qts, iic_path[0]);
    qtest_writeq(qts, PRIO(0, 0), 0xff);
    qtest_writeq(qts, PRIO(0, 1), 0xff);
    for (int class = 0; class < 3; class++) {
        uint64_t expected = IRQ(class, UNIT_SPU_1, 0);

        set_input(qts, 0, class, UNIT_SPU_1, 1);
        g_assert_true(qtest_get_irq(qts, 0));
        g_assert_false(qtest_get_irq(qts, 1));
        /* Looking does not take it */
        g_assert_cmphex(qtest_readq(qts, PENDING(0, 0)), ==, expected);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, 0)), ==, expected);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, 1)), ==, 0);

        g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, expected);
        g_assert_cmphex(qtest_readq(qts, PRIO(0, 0)), ==, 0);
        g_assert_false(qtest_get_irq(qts, 0));
        g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, 0);

        /* Not served: it interrupts again at the end of the interrupt */
        qtest_writeq(qts, PRIO(0, 0), 0xff);
        g_assert_true(qtest_get_irq(qts, 0));
        g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, expected);

        /* Served */
        set_input(qts, 0, class, UNIT_SPU_1, 0);
        qtest_writeq(qts, PRIO(0, 0), 0xff);
        g_assert_false(qtest_get_irq(qts, 0));
        g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, 0);
        g_assert_cmphex(qtest_readq(qts, PRIO(0, 0)), ==, 0xff);
    }
    qtest_quit(qts);
}

/* iic_message_pass(): message n goes out as (0xf - n) << 4. */
static void test_ipi(void)
{
    QTestState *qts = blade();

    qtest_irq_intercept_out(qts, iic_path[0]);
    qtest_writeq(qts, PRIO(0, 0), 0xff);
    qtest_writeq(qts, PRIO(0, 1), 0xff);
    for (int msg = 0; msg < 16; msg++) {
        uint64_t prio = (0xf - msg) << 4;

        qtest_writeq(qts, GENERATE(0, 1), prio);
        g_assert_false(qtest_get_irq(qts, 0));
        g_assert_true(qtest_get_irq(qts, 1));
        g_assert_cmphex(qtest_readq(qts, DESTR(0, 1)), ==, IPI(prio));
        g_assert_cmphex(qtest_readq(qts, PRIO(0, 1)), ==, prio);
        qtest_writeq(qts, PRIO(0, 1), 0xff);
        /* An event, not a level */
        g_assert_cmphex(qtest_readq(qts, PENDING(0, 1)), ==, 0);
        g_assert_false(qtest_get_irq(qts, 1));
    }

    /* Different ones wait for each other, equal ones become one */
    qtest_writeq(qts, GENERATE(0, 0), 0xe0);
    qtest_writeq(qts, GENERATE(0, 0), 0xf0);
    qtest_writeq(qts, GENERATE(0, 0), 0x30);
    qtest_writeq(qts, GENERATE(0, 0), 0xe0);
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, IPI(0x30));
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, 0);
    qtest_writeq(qts, PRIO(0, 0), 0xff);
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, IPI(0xe0));
    qtest_writeq(qts, PRIO(0, 0), 0xff);
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, IPI(0xf0));
    qtest_writeq(qts, PRIO(0, 0), 0xff);
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, 0);
    qtest_quit(qts);
}

/* Only sources more urgent than the current priority interrupt. */
static void test_priority(void)
{
    QTestState *qts = blade();

    qtest_irq_intercept_out(qts, iic_path[0]);
    qtest_writeq(qts, GENERATE(0, 0), 0x20);
    for (int prio = 0; prio < 0x100; prio++) {
        bool open = prio > 0x20;

        qtest_writeq(qts, PRIO(0, 0), prio);
        g_assert_cmphex(qtest_readq(qts, PRIO(0, 0)), ==, prio);
        g_assert_cmpint(qtest_get_irq(qts, 0), ==, open);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, 0)), ==,
                        open ? IPI(0x20) : 0);
    }

    /* A more urgent one interrupts a handler; the eoi_stack unwinds */
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==, IPI(0x20));
    set_input(qts, 0, 2, UNIT_SPU_1, 1);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 0)), ==,
                    IRQ(2, UNIT_SPU_1, 0));
    set_input(qts, 0, 2, UNIT_SPU_1, 0);
    qtest_writeq(qts, PRIO(0, 0), 0x20);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writeq(qts, PRIO(0, 0), 0xff);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

/* setup_iic() and iic_ioexc_cascade() */
static void test_io_exception(void)
{
    QTestState *qts = blade();

    for (int t = 0; t < 2; t++) {
        uint64_t expected = IRQ(1, UNIT_IIC, 0x10);

        qtest_writeq(qts, PRIO(0, t), 0xff);
        qtest_writeq(qts, IIC_IR(0), 1 << 12 | (0xe + t));
        qtest_writeq(qts, IIC_IS(0), ~0ULL);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, t)), ==, 0);

        /* IIC_IRQ_IOEX_PMI is 62, and CBE_IIC_IS_PMI is 0x2 */
        set_ioex(qts, 0, 62, 1);
        g_assert_cmphex(qtest_readq(qts, IIC_IS(0)), ==, 0x2);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, t)), ==, expected);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, !t)), ==, 0);

        /* Acknowledging does not help while the cause is there */
        qtest_writeq(qts, IIC_IS(0), 0x2);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, t)), ==, expected);

        /* And the cause's end needs acknowledging */
        set_ioex(qts, 0, 62, 0);
        g_assert_cmphex(qtest_readq(qts, IIC_IS(0)), ==, 0x2);
        qtest_writeq(qts, IIC_IS(0), 0x1);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, t)), ==, expected);
        qtest_writeq(qts, IIC_IS(0), 0x2);
        g_assert_cmphex(qtest_readq(qts, IIC_IS(0)), ==, 0);
        g_assert_cmphex(qtest_readq(qts, PENDING(0, t)), ==, 0);
    }
    qtest_quit(qts);
}

/* A chip's interrupts may go to the other one's threads. */
static void test_other_chip(void)
{
    QTestState *qts = blade();

    qtest_irq_intercept_out(qts, iic_path[0]);
    qtest_writeq(qts, PRIO(0, 1), 0xff);
    qtest_writeq(qts, PRIO(1, 1), 0xff);
    set_ioex(qts, 1, 62, 1);

    /* Target ids are those that init_one_iic() computes */
    qtest_writeq(qts, IIC_IR(1), 3 << 12 | 0x0f);
    g_assert_true(qtest_get_irq(qts, 1));
    g_assert_cmphex(qtest_readq(qts, PENDING(1, 1)), ==, 0);
    g_assert_cmphex(qtest_readq(qts, DESTR(0, 1)), ==,
                    IRQ(1, 0x10 | UNIT_IIC, 0x30));
    qtest_writeq(qts, PRIO(0, 1), 0xff);

    qtest_writeq(qts, IIC_IR(1), 3 << 12 | 0x1f);
    g_assert_false(qtest_get_irq(qts, 1));
    g_assert_cmphex(qtest_readq(qts, PENDING(0, 1)), ==, 0);
    g_assert_cmphex(qtest_readq(qts, PENDING(1, 1)), ==,
                    IRQ(1, 0x10 | UNIT_IIC, 0x30));

    /* A unit that is no thread: neither is interrupted */
    qtest_writeq(qts, IIC_IR(1), 3 << 12 | 0x10);
    g_assert_cmphex(qtest_readq(qts, PENDING(0, 1)), ==, 0);
    g_assert_cmphex(qtest_readq(qts, PENDING(1, 1)), ==, 0);
    qtest_quit(qts);
}

/* cpu_affinity_set() of spu_priv1_mmio.c: the same target for each class */
static void test_spe_route(void)
{
    static const uint8_t target[] = { 0x0e, 0x0f, 0x1e, 0x1f };
    QTestState *qts = blade();

    for (int cpu = 0; cpu < 4; cpu++) {
        qtest_writeq(qts, PRIO(cpu / 2, cpu % 2), 0xff);
    }
    for (int class = 0; class < 3; class++) {
        set_input(qts, 0, class, UNIT_SPU_0, 1);
        for (int cpu = 0; cpu < 4; cpu++) {
            uint64_t t = target[cpu];

            qtest_writeq(qts, SPE0_INT_ROUTE, t << 48 | t << 32 | t << 16);
            for (int other = 0; other < 4; other++) {
                g_assert_cmphex(qtest_readq(qts,
                                            PENDING(other / 2, other % 2)),
                                ==,
                                other == cpu ? IRQ(class, UNIT_SPU_0, 0) : 0);
            }
        }
        set_input(qts, 0, class, UNIT_SPU_0, 0);
    }
    qtest_quit(qts);
}

/* Things that no driver should do */
static void test_bad_access(void)
{
    QTestState *qts = blade();

    qtest_writeq(qts, PRIO(0, 0), 0xff);
    qtest_writeq(qts, PENDING(0, 0), ~0ULL);
    qtest_writeq(qts, DESTR(0, 0), ~0ULL);
    g_assert_cmphex(qtest_readq(qts, PENDING(0, 0)), ==, 0);
    g_assert_cmphex(qtest_readq(qts, GENERATE(0, 0)), ==, 0);
    /* The registers are 64 bits wide */
    qtest_writel(qts, PRIO(0, 0), 0);
    qtest_writel(qts, PRIO(0, 0) + 4, 0);
    g_assert_cmphex(qtest_readq(qts, PRIO(0, 0)), ==, 0xff);
    /* Holes and ends of the block */
    qtest_writeq(qts, IIC(0), ~0ULL);
    g_assert_cmphex(qtest_readq(qts, IIC(0)), ==, 0);
    qtest_writeq(qts, IIC(0) + 0xff8, ~0ULL);
    g_assert_cmphex(qtest_readq(qts, IIC(0) + 0xff8), ==, 0);
    g_assert_cmphex(qtest_readq(qts, PRIO(0, 0)), ==, 0xff);
    g_assert_cmphex(qtest_readq(qts, PENDING(0, 0)), ==, 0);
    qtest_quit(qts);
}

#define ASLEEP      0x4000      /* nonzero when the thread has got that far */
#define SEEN        0x2000      /* by PIR: SRR1 in the vector */

/*
 * An NMI enters the system reset vector of the threads that run, and of those
 * that are suspended.  SRR1 has none of the reasons to wake up for which
 * cbe_system_reset_exception() of Linux does anything but a reset.
 */
static void test_nmi(const void *suspended)
{
    static const uint32_t begin[] = {
        0x3c607fff,             /* lis r3,0x7fff */
        0x7c7603a6,             /* mtdec r3 */
        0x38600001,             /* li r3,1 */
        0x90604000,             /* stw r3,ASLEEP(0) */
    }, vector[] = {
        0x7c9ffaa6,             /* mfspr r4,PIR */
        0x78841f24,             /* sldi r4,r4,3 */
        0x7c7b02a6,             /* mfspr r3,SRR1 */
        0xf8642000,             /* std r3,SEEN(r4) */
        0x48000000,             /* b to itself */
    };
    uint32_t words[0x100 / 4 + ARRAY_SIZE(vector)] = { };
    g_autofree char *kernel = NULL, *cpus = NULL;
    QTestState *qts;

    memcpy(words, begin, sizeof(begin));
    if (suspended) {
        words[4] = 0x38600000;  /* li r3,0 */
        words[5] = 0x7c7823a6;  /* mtspr CTRL,r3 */
    } else {
        words[4] = 0x48000000;  /* b to itself */
    }
    memcpy(&words[0x100 / 4], vector, sizeof(vector));
    kernel = ppe_kernel(words, ARRAY_SIZE(words));
    qts = qtest_initf("-machine cell-blade,spes=0 -accel tcg -smp 2 -m 64M "
                      "-kernel %s", kernel);
    while (!qtest_readl(qts, ASLEEP)) {
        g_usleep(100);
    }
    do {
        g_free(cpus);
        cpus = qtest_hmp(qts, "info registers");
    } while (suspended && !strstr(cpus, "NIP 0000000000000018"));
    g_assert_cmphex(qtest_readq(qts, SEEN), ==, 0);

    qtest_qmp_assert_success(qts, "{ 'execute': 'inject-nmi' }");
    while (!qtest_readq(qts, SEEN)) {
        g_usleep(100);
    }
    g_assert_cmphex(qtest_readq(qts, SEEN) & 0x380000, ==, 0);
    /* The second thread was not started.  Once stopped, it has seen the NMI. */
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    g_free(cpus);
    cpus = qtest_hmp(qts, "info registers -a");
    g_assert_nonnull(strstr(cpus, "CPU#1"));
    g_assert_nonnull(strstr(strstr(cpus, "CPU#1"), "SRR1 0000000000000000"));
    qtest_quit(qts);
    unlink(kernel);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cell/iic/reset", test_reset);
    qtest_add_func("/cell/iic/level", test_level);
    qtest_add_func("/cell/iic/ipi", test_ipi);
    qtest_add_func("/cell/iic/priority", test_priority);
    qtest_add_func("/cell/iic/io-exception", test_io_exception);
    qtest_add_func("/cell/iic/other-chip", test_other_chip);
    qtest_add_func("/cell/iic/spe-route", test_spe_route);
    qtest_add_func("/cell/iic/bad-access", test_bad_access);
    if (qtest_has_accel("tcg")) {
        qtest_add_data_func("/cell/nmi/running", NULL, test_nmi);
        qtest_add_data_func("/cell/nmi/suspended", "", test_nmi);
    }
    return g_test_run();
}
