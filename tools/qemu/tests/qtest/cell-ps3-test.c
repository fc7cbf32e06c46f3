/*
 * QTest of the ps3 machine: the calls of its hypervisor
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Only a guest can make calls: here the guest is a loop on each thread that
 * makes the calls which the test leaves in memory.  Arguments, results and
 * errors are expected as Linux uses them
 * (arch/powerpc/include/asm/lv1call.h, asm/ps3.h and platforms/ps3/); where
 * the hypervisor has a choice, the test takes what it gets.
 *
 * The hostile guest makes random calls, many of them almost right, from both
 * threads while SPEs run.  CELL_HOSTILE_ROUNDS is the number of machines for
 * the blade; here it is a tenth of that, because each call takes long.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "cell-spe.h"

#define MACHINE     "-machine ps3,clobber=on -accel tcg -m 256M "

#define BOOT_SIZE   (128 * MiB)
#define MAILBOX(t)  (0x2000 + 0x100 * (t))
#define BITMAP(t)   (0x3000 + 0x40 * (t))
#define BUFFER      0x4000ULL

/* Errors */
enum {
    OK = 0, SHORTAGE = -2, PRIVILEGE = -3, VIOLATION = -5, NO_ENTRY = -6,
    DUPLICATE = -7, BUSY = -9, WRONG_STATE = -11, ILLEGAL = -17,
    NOT_IMPLEMENTED = -20,
};

/* Calls */
enum {
    ALLOCATE_MEMORY = 0, WRITE_HTAB_ENTRY = 1, CONSTRUCT_VAS = 2,
    VAS_OF_PPE = 4, QUERY_REGION = 6, SELECT_VAS = 7, PAUSE = 9,
    DESTRUCT_VAS = 10, CONFIGURE_BITMAP = 11, CONNECT_PLUG = 12,
    RELEASE_MEMORY = 13, DISCONNECT_PLUG = 17, CONSTRUCT_PORT = 18,
    DESTRUCT_PORT = 19, SEND_EVENT = 24, END_OF_INTERRUPT = 30,
    UPDATED_MASK = 31, DESTRUCT_SPE = 54, CONSTRUCT_SPE = 57,
    SPE_MASK = 61, DISABLE_SPE = 65, SPE_CLEAR = 66, SPE_STATUS = 67,
    PPE_ID = 69, LPAR_ID = 74, SPE_OUTLET = 78, SPE_PRIV1 = 79,
    CREATE_NODE = 90, READ_NODE = 91, WRITE_NODE = 92, DELETE_NODE = 93,
    READ_HTAB = 95, MAP_HTAB = 122, VERSION = 127, INSERT_HTAB_ENTRY = 158,
    READ_VUART = 162, WRITE_VUART = 163, SET_VUART = 164, GET_VUART = 165,
    CONFIGURE_VUART = 166, OPEN_DEVICE = 170, CLOSE_DEVICE = 171,
    ALLOCATE_DMA = 174, FREE_DMA = 175, MAP_DMA = 176, UNMAP_DMA = 177,
    START_TX = 187, NET_CONTROL = 194, DECONFIGURE_VUART = 202,
    ENABLE_SPE = 207, RTC = 232, PANIC = 255,
};

/* The guest */

#define WORDS       (0x300 / 4)

static char *guest(void)
{
    static const uint32_t loop[] = {
        0xe81f0000,             /* 1: ld r0,0(r31) */
        0x2c200000,             /*    cmpdi r0,0 */
        0x4182fff8,             /*    beq 1b */
        0xe87f0008,             /*    ld r3,8(r31) ... */
        0xe89f0010, 0xe8bf0018, 0xe8df0020, 0xe8ff0028, 0xe91f0030,
        0xe93f0038, 0xe95f0040,
        0xe97f0048,             /*    ld r11,0x48(r31) */
        0x3d807fff,             /*    lis r12,0x7fff */
        0x7d9603a6,             /*    mtdec r12: 26.9 s */
        0x44000022,             /*    sc 1 */
        0xf87f0050,             /*    std r3,0x50(r31) ... */
        0xf89f0058, 0xf8bf0060, 0xf8df0068, 0xf8ff0070, 0xf91f0078,
        0xf93f0080,
        0x38000000,             /*    li r0,0 */
        0x7c2004ac,             /*    lwsync */
        0xf81f0000,             /*    std r0,0(r31) */
        0x4bffff9c,             /*    b 1b */
    };
    uint32_t words[WORDS] = { };

    words[0x00 / 4] = 0x3be00000 | MAILBOX(0);      /* li r31,... */
    words[0x04 / 4] = 0x480001fc;                   /* b 0x200 */
    words[0x60 / 4] = 0x3be00000 | MAILBOX(1);
    words[0x64 / 4] = 0x4800019c;
    memcpy(&words[0x200 / 4], loop, sizeof(loop));
    return ppe_kernel(words, ARRAY_SIZE(words));
}

static QTestState *boot(const char *more)
{
    g_autofree char *kernel = guest();
    QTestState *qts = qtest_initf(MACHINE "-kernel %s %s", kernel, more);

    unlink(kernel);
    return qts;
}

static bool calling(QTestState *qts, int t)
{
    return qtest_readq(qts, MAILBOX(t));
}

/* A pause that nothing else ends is ended by the decrementer, but too late. */
static void finish(QTestState *qts, int t)
{
    gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;

    while (calling(qts, t)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

static void begin(QTestState *qts, int t, uint64_t number, const uint64_t in[8])
{
    for (int i = 0; i < 8; i++) {
        qtest_writeq(qts, MAILBOX(t) + 8 + 8 * i, in[i]);
    }
    qtest_writeq(qts, MAILBOX(t) + 0x48, number);
    qtest_writeq(qts, MAILBOX(t), 1);
}

/* Results of the last call of thread 0, from r4 on */
static uint64_t out[6];

static int64_t call(QTestState *qts, uint64_t number, const uint64_t in[8])
{
    begin(qts, 0, number, in);
    finish(qts, 0);
    for (int i = 0; i < 6; i++) {
        out[i] = qtest_readq(qts, MAILBOX(0) + 0x58 + 8 * i);
    }
    return qtest_readq(qts, MAILBOX(0) + 0x50);
}

#define LV1(number, ...) \
    call(qts, number, (const uint64_t[8]) { __VA_ARGS__ })
#define EXPECT(status, number, ...) \
    g_assert_cmpint(LV1(number, __VA_ARGS__), ==, status)

static uint64_t ppe_id(QTestState *qts)
{
    EXPECT(OK, PPE_ID, 0);
    return out[0];
}

/* As Linux does, with a table of 256 KiB; returns the id */
static uint64_t address_space(QTestState *qts)
{
    uint64_t vas;

    EXPECT(OK, CONSTRUCT_VAS, 18, 2, 24ULL << 56 | 16ULL << 48);
    vas = out[0];
    g_assert_cmphex(out[1], ==, 0x40000);
    EXPECT(OK, SELECT_VAS, vas);
    return vas;
}

typedef struct SPE {
    uint64_t priv2, ps, ls, shadow, id;
} SPE;

static SPE construct_spe(QTestState *qts, uint64_t vas)
{
    EXPECT(OK, CONSTRUCT_SPE, 12, 12, 12, 12, 12, vas, 0);
    return (SPE) { out[0], out[1], out[2], out[4], out[5] };
}

/* The resource reserved as number @i */
static uint64_t resource(QTestState *qts, uint64_t i)
{
    /* bi, spursv */
    EXPECT(OK, READ_NODE, 2, 0x62690000, 0x7370757273760000, i, 0);
    g_assert_cmphex(out[0], ==, 1ULL << 63);
    return out[1];
}

static SPE enable_spe(QTestState *qts, uint64_t vas, uint64_t i)
{
    uint64_t id = resource(qts, i);
    SPE spe = construct_spe(qts, vas);

    EXPECT(OK, ENABLE_SPE, spe.id, id);
    return spe;
}

static void test_calls(void)
{
    QTestState *qts = boot("");
    uint64_t now;

    EXPECT(NOT_IMPLEMENTED, MAP_HTAB, 0);
    EXPECT(NOT_IMPLEMENTED, 5, 0);
    EXPECT(NOT_IMPLEMENTED, 256, 0);
    EXPECT(NOT_IMPLEMENTED, ~0ULL, 0);
    EXPECT(OK, LPAR_ID, 0);
    /* not the one of the whole machine */
    g_assert_cmpint(out[0], !=, 1);
    EXPECT(OK, VERSION, 0);
    /* 16 bits each: 0, major, minor, revision; Linux prints 3.1.5 */
    g_assert_cmphex(out[0], ==, 0x0000000300010005);
    EXPECT(OK, RTC, 0);
    now = g_get_real_time() / G_USEC_PER_SEC - 946684800;
    g_assert_cmpint(out[0], >=, now - 60);
    g_assert_cmpint(out[0], <=, now + 1);
    qtest_quit(qts);
}

static void test_memory(void)
{
    QTestState *qts = boot("");
    uint64_t high;

    EXPECT(OK, QUERY_REGION, 0);
    g_assert_cmpint(out[3], >=, 24);
    EXPECT(ILLEGAL, ALLOCATE_MEMORY, 0, 24, 0, 4);
    EXPECT(ILLEGAL, ALLOCATE_MEMORY, 16 * MiB + 1, 24, 0, 4);
    EXPECT(ILLEGAL, ALLOCATE_MEMORY, 16 * MiB, 63, 0, 4);
    EXPECT(SHORTAGE, ALLOCATE_MEMORY, 144 * MiB, 24, 0, 4);
    EXPECT(SHORTAGE, ALLOCATE_MEMORY, -16 * MiB, 24, 0, 4);
    EXPECT(OK, ALLOCATE_MEMORY, 112 * MiB, 24, 0, 4);
    high = out[0];
    /* Linux: not below boot memory, and pages of 16 MiB */
    g_assert_cmphex(high, >=, BOOT_SIZE);
    g_assert_cmphex(high % (16 * MiB), ==, 0);
    EXPECT(SHORTAGE, ALLOCATE_MEMORY, 16 * MiB, 24, 0, 4);

    qtest_writeq(qts, high, 0x1122334455667788);
    g_assert_cmphex(qtest_readq(qts, high), ==, 0x1122334455667788);
    /* There is no more than was asked for, and nothing behind boot memory. */
    qtest_writeq(qts, high + 112 * MiB, 1);
    g_assert_cmphex(qtest_readq(qts, high + 112 * MiB), ==, 0);
    qtest_writeq(qts, BOOT_SIZE, 1);
    g_assert_cmphex(qtest_readq(qts, BOOT_SIZE), ==, 0);

    EXPECT(ILLEGAL, RELEASE_MEMORY, high + 16 * MiB);
    EXPECT(OK, RELEASE_MEMORY, high);
    EXPECT(ILLEGAL, RELEASE_MEMORY, high);
    g_assert_cmphex(qtest_readq(qts, high), ==, 0);
    EXPECT(OK, ALLOCATE_MEMORY, 128 * MiB, 24, 0, 4);
    qtest_quit(qts);
}

#define V(vpn)  ((uint64_t)(vpn) << 7 | 1)
#define BOLTED  0x10

static void test_hash_table(void)
{
    QTestState *qts = boot("");
    const uint64_t slots = 0x40000 / 16;
    uint64_t vas;
    SPE spe;

    EXPECT(ILLEGAL, INSERT_HTAB_ENTRY, 0, 0, V(0), 0, 0, 0);
    EXPECT(ILLEGAL, CONSTRUCT_VAS, 17, 2, 24ULL << 56 | 16ULL << 48);
    EXPECT(ILLEGAL, CONSTRUCT_VAS, 21, 2, 24ULL << 56 | 16ULL << 48);
    EXPECT(ILLEGAL, CONSTRUCT_VAS, 18, 2, 16ULL << 56 | 24ULL << 48);
    EXPECT(ILLEGAL, CONSTRUCT_VAS, 18, 3, 24ULL << 56 | 16ULL << 48);
    vas = address_space(qts);
    EXPECT(SHORTAGE, CONSTRUCT_VAS, 18, 2, 24ULL << 56 | 16ULL << 48);
    EXPECT(OK, VAS_OF_PPE, 0);
    g_assert_cmpint(out[0], ==, vas);
    EXPECT(BUSY, DESTRUCT_VAS, vas);

    /* Bad address spaces, slots and entries */
    EXPECT(ILLEGAL, INSERT_HTAB_ENTRY, vas + 1, 8, V(1), 0x5000, 0, 0);
    EXPECT(ILLEGAL, INSERT_HTAB_ENTRY, 0, slots, V(1), 0x5000, 0, 0);
    EXPECT(ILLEGAL, INSERT_HTAB_ENTRY, 0, 8, V(1) & ~1ULL, 0x5000, 0, 0);
    EXPECT(VIOLATION, INSERT_HTAB_ENTRY, 0, 8, V(1), BOOT_SIZE, 0, 0);
    EXPECT(VIOLATION, INSERT_HTAB_ENTRY, 0, 8, V(1), 0xffffffffffff000, 0, 0);
    /* a page of 16 MiB: aligned, and all of it the partition's */
    EXPECT(ILLEGAL, INSERT_HTAB_ENTRY, 0, 8, V(1) | 4, 0x800000, 0, 0);
    EXPECT(VIOLATION, INSERT_HTAB_ENTRY, 0, 8, V(1) | 4, BOOT_SIZE, 0, 0);
    EXPECT(ILLEGAL, WRITE_HTAB_ENTRY, 0, slots, 0, 0);
    EXPECT(VIOLATION, WRITE_HTAB_ENTRY, 0, 8, V(1), BOOT_SIZE);
    EXPECT(ILLEGAL, READ_HTAB, 0, 2);
    EXPECT(ILLEGAL, READ_HTAB, 0, slots);

    /* Eight in the primary group, eight with V[H] in the secondary one */
    for (int i = 0; i < 16; i++) {
        EXPECT(OK, INSERT_HTAB_ENTRY, 0, 8,
               V(0x100 + i) | (i == 3 ? 0 : BOLTED),
               0x5190 + 0x1000 * i, BOLTED, 0);
        g_assert_cmphex(out[0] & ~7ULL, ==, i < 8 ? 8 : ~8ULL & (slots - 8));
        g_assert_cmphex(out[1] | out[2], ==, 0);
        EXPECT(OK, READ_HTAB, 0, out[0] & ~3ULL);
        g_assert_cmphex(out[i % 4], ==, V(0x100 + i) |
                        (i == 3 ? 0 : BOLTED) | (i < 8 ? 0 : 2));
        /* the low bits of each second word, the first entry's on the left */
        g_assert_cmphex(out[4] >> (48 - 16 * (i % 4)) & 0xffff, ==, 0x190);
    }
    /* Then the one goes that is not bolted, */
    EXPECT(OK, INSERT_HTAB_ENTRY, 0, 8, V(0x200) | BOLTED, 0x7000, BOLTED, 0);
    g_assert_cmphex(out[1], ==, V(0x103));
    g_assert_cmphex(out[2], ==, 0x8190);
    /* and there is no other. */
    EXPECT(SHORTAGE, INSERT_HTAB_ENTRY, 0, 8, V(0x201), 0x7000, BOLTED, 0);
    EXPECT(OK, WRITE_HTAB_ENTRY, 0, 8, 0, 0);
    EXPECT(OK, INSERT_HTAB_ENTRY, 0, 8, V(0x201), 0x7000, BOLTED, 0);
    g_assert_cmpint(out[0], ==, 8);

    /* An SPE's areas, once there is one; its shadow for reading only */
    spe = construct_spe(qts, vas);
    EXPECT(OK, INSERT_HTAB_ENTRY, 0, 16, V(1), spe.ls + 0x3f000, 0, 0);
    EXPECT(OK, INSERT_HTAB_ENTRY, 0, 16, V(1), spe.ps | 2, 0, 0);
    EXPECT(VIOLATION, INSERT_HTAB_ENTRY, 0, 16, V(1), spe.shadow | 2, 0, 0);
    EXPECT(OK, INSERT_HTAB_ENTRY, 0, 16, V(1), spe.shadow | 3, 0, 0);
    EXPECT(OK, DESTRUCT_SPE, spe.id);
    EXPECT(VIOLATION, INSERT_HTAB_ENTRY, 0, 16, V(1), spe.ls, 0, 0);

    EXPECT(ILLEGAL, SELECT_VAS, vas + 1);
    EXPECT(OK, SELECT_VAS, 0);
    EXPECT(ILLEGAL, READ_HTAB, 0, 0);
    EXPECT(OK, READ_HTAB, vas, 0);
    EXPECT(OK, DESTRUCT_VAS, vas);
    EXPECT(ILLEGAL, DESTRUCT_VAS, vas);
    qtest_quit(qts);
}

static bool plug_status(QTestState *qts, int t, int plug)
{
    return qtest_readq(qts, BITMAP(t) + plug / 64 * 8) >> (63 - plug % 64) & 1;
}

static void test_interrupts(void)
{
    QTestState *qts = boot("");
    uint64_t ppe = ppe_id(qts), port, other;

    EXPECT(ILLEGAL, CONFIGURE_BITMAP, ppe, 2, BITMAP(0));
    EXPECT(ILLEGAL, CONFIGURE_BITMAP, ppe + 1, 0, BITMAP(0));
    EXPECT(ILLEGAL, CONFIGURE_BITMAP, ppe, 0, BITMAP(0) + 32);
    EXPECT(VIOLATION, CONFIGURE_BITMAP, ppe, 0, BOOT_SIZE);
    EXPECT(VIOLATION, CONFIGURE_BITMAP, ppe, 0, -64ULL);
    for (int t = 0; t < 2; t++) {
        qtest_memset(qts, BITMAP(t), 0, 64);
        EXPECT(OK, CONFIGURE_BITMAP, ppe, t, BITMAP(t));
    }
    EXPECT(OK, CONSTRUCT_PORT, 0);
    port = out[0];
    EXPECT(OK, CONSTRUCT_PORT, 0);
    other = out[0];
    /* Linux takes them for numbers below 64. */
    g_assert_cmpint(port, <, 64);
    g_assert_cmpint(other, !=, port);

    EXPECT(ILLEGAL, CONNECT_PLUG, ppe, 1, 256, port, 0);
    EXPECT(ILLEGAL, CONNECT_PLUG, ppe, 1, 70, 63, 0);
    EXPECT(ILLEGAL, CONNECT_PLUG, ppe, 1, 70, 1 << 20, 0);
    EXPECT(OK, CONNECT_PLUG, ppe, 1, 70, port, 0);
    EXPECT(BUSY, CONNECT_PLUG, ppe, 1, 71, port, 0);
    EXPECT(BUSY, CONNECT_PLUG, ppe, 1, 70, other, 0);
    EXPECT(OK, CONNECT_PLUG, ppe, 0, 70, other, 0);
    EXPECT(NO_ENTRY, DISCONNECT_PLUG, ppe, 1, 71);

    EXPECT(ILLEGAL, SEND_EVENT, 63);
    EXPECT(OK, SEND_EVENT, port);
    g_assert_true(plug_status(qts, 1, 70));
    g_assert_false(plug_status(qts, 0, 70));
    EXPECT(OK, END_OF_INTERRUPT, ppe, 1, 70);
    g_assert_false(plug_status(qts, 1, 70));

    /*
     * A pause with MSR[EE] = 0 ends by an interrupt whose plug is not masked.
     */
    begin(qts, 1, PAUSE, (const uint64_t[8]) { 0 });
    EXPECT(OK, SEND_EVENT, port);
    for (int i = 0; i < 100; i++) {
        EXPECT(OK, VERSION, 0);
    }
    g_assert_true(calling(qts, 1));
    qtest_writeq(qts, BITMAP(1) + 32 + 8, 1ULL << (63 - 70 % 64));
    EXPECT(OK, UPDATED_MASK, ppe, 1);
    finish(qts, 1);
    /* The interrupt is still pending: another pause ends at once. */
    begin(qts, 1, PAUSE, (const uint64_t[8]) { 0 });
    finish(qts, 1);
    EXPECT(OK, END_OF_INTERRUPT, ppe, 1, 70);
    begin(qts, 1, PAUSE, (const uint64_t[8]) { 0 });
    for (int i = 0; i < 100; i++) {
        EXPECT(OK, VERSION, 0);
    }
    g_assert_true(calling(qts, 1));
    EXPECT(OK, SEND_EVENT, port);
    finish(qts, 1);
    EXPECT(ILLEGAL, PAUSE, 2);

    EXPECT(OK, DESTRUCT_PORT, port);
    EXPECT(ILLEGAL, DESTRUCT_PORT, port);
    g_assert_false(plug_status(qts, 1, 70));
    EXPECT(OK, DISCONNECT_PLUG, ppe, 0, 70);
    qtest_quit(qts);
}

/* Map a page at @ea in the SPE's segment 0xc... */
static void map_page(QTestState *qts, uint64_t vsid, uint64_t ea, uint64_t pa)
{
    uint64_t page = (ea & 0xfffffff) >> 12;
    /* OEA: the hash of VSID and page, the group in the smallest table */
    uint64_t group = (vsid ^ page) & 0x7ff;
    uint64_t v = vsid << 12 | (page >> 11) << 7 | 1;

    EXPECT(OK, INSERT_HTAB_ENTRY, 0, 8 * group, v, pa | 2, 0, 0);
    g_assert_cmphex(out[0] & ~7ULL, ==, 8 * group);
}

static void wait_for_status(QTestState *qts, uint64_t id, int class,
                            uint64_t status)
{
    gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    do {
        EXPECT(OK, SPE_STATUS, id, class);
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    } while (!(out[0] & status));
}

static void test_spes(void)
{
    static const uint32_t program[] = {
        /* get 16 bytes, put them elsewhere, stop */
        SPU_WRCHI(MFC_WrTagMask, 1), DMA(MFC_GET, 0, 0x1000, 0xc000000030005000,
                                         16),
        DMA(MFC_PUTF, 0, 0x1000, 0xc000000030006000, 16),
        SPU_WRCHI(MFC_WrTagUpdate, 2), SPU_RDCH(3, MFC_RdTagStat),
        SPU_STOP(0x123),
    };
    const uint64_t vsid = 0x123456;
    QTestState *qts = boot("");
    uint64_t ppe = ppe_id(qts), vas, spursvn, mask;
    SPE spe;

    /* bi.spursvn: six, as on a retail console */
    EXPECT(OK, READ_NODE, 2, 0x62690000, 0x7370757273766e00, 0, 0);
    spursvn = out[0];
    g_assert_cmpint(spursvn, ==, 6);

    EXPECT(ILLEGAL, CONSTRUCT_SPE, 12, 12, 12, 12, 12, 1, 0);
    vas = address_space(qts);
    EXPECT(ILLEGAL, CONSTRUCT_SPE, 12, 12, 12, 12, 13, vas, 0);
    EXPECT(ILLEGAL, CONSTRUCT_SPE, 12, 12, 12, 12, 12, vas, 1);
    EXPECT(ILLEGAL, SPE_STATUS, 0, 0);
    spe = construct_spe(qts, vas);
    g_assert_cmphex(qtest_readq(qts, spe.shadow + 0xf00), ==, 2);
    EXPECT(WRONG_STATE, SPE_PRIV1, spe.id, MFC_SR1, 0x33);
    EXPECT(WRONG_STATE, DISABLE_SPE, spe.id, 0);
    EXPECT(ILLEGAL, ENABLE_SPE, spe.id, 1000);
    mask = resource(qts, 1);
    EXPECT(OK, ENABLE_SPE, spe.id, mask);
    g_assert_cmphex(qtest_readq(qts, spe.shadow + 0xf00), ==, 3);
    EXPECT(WRONG_STATE, ENABLE_SPE, spe.id, mask);
    EXPECT(WRONG_STATE, DESTRUCT_SPE, spe.id);
    EXPECT(ILLEGAL, DISABLE_SPE, spe.id, 1);

    /* Of MFC_SR1 a guest may change D and Pr, and of the others one register */
    EXPECT(ILLEGAL, SPE_PRIV1, spe.id, MFC_SR1, 0x23);
    EXPECT(ILLEGAL, SPE_PRIV1, spe.id, MFC_SR1, 0);
    EXPECT(OK, SPE_PRIV1, spe.id, MFC_SR1, 0x3b);
    EXPECT(OK, SPE_PRIV1, spe.id, MFC_SR1, 0x33);
    EXPECT(OK, SPE_PRIV1, spe.id, MFC_TCLASS_ID, 0x10000000);
    EXPECT(VIOLATION, SPE_PRIV1, spe.id, MFC_SDR, 0);
    EXPECT(VIOLATION, SPE_PRIV1, spe.id, 1 << 20, 0);

    /* Its interrupts reach a plug. */
    qtest_memset(qts, BITMAP(0), 0, 64);
    EXPECT(OK, CONFIGURE_BITMAP, ppe, 0, BITMAP(0));
    EXPECT(ILLEGAL, SPE_OUTLET, spe.id, 3);
    EXPECT(OK, SPE_OUTLET, spe.id, 2);
    EXPECT(OK, CONNECT_PLUG, ppe, 0, 20, out[0], 0);
    EXPECT(OK, SPE_OUTLET, spe.id, 1);
    EXPECT(OK, CONNECT_PLUG, ppe, 0, 21, out[0], 0);
    EXPECT(OK, SPE_MASK, spe.id, 1, 3);
    EXPECT(OK, SPE_MASK, spe.id, 2, 2);

    for (int i = 0; i < ARRAY_SIZE(program); i++) {
        qtest_writel(qts, spe.ls + 4 * i, program[i]);
    }
    qtest_writeq(qts, spe.priv2 + SLB_Index, 0);
    qtest_writeq(qts, spe.priv2 + SLB_VSID, vsid << 12);
    qtest_writeq(qts, spe.priv2 + SLB_ESID, 0xc000000038000000);
    map_page(qts, vsid, 0xc000000030005000, BUFFER);
    qtest_writeq(qts, BUFFER, 0x0123456789abcdef);
    qtest_writel(qts, spe.ps + SPU_NPC, 0);
    qtest_writel(qts, spe.ps + SPU_RunCntl, 1);

    /* The second page is missing. */
    wait_for_status(qts, spe.id, 1, INT_CLASS1_STORAGE_FAULT);
    g_assert_true(plug_status(qts, 0, 21));
    g_assert_cmphex(qtest_readq(qts, spe.shadow + MFC_DAR), ==,
                    0xc000000030006000);
    /* DSISR: no translation, a store (asm/spu.h) */
    g_assert_cmphex(qtest_readq(qts, spe.shadow + MFC_DSISR), ==,
                    1 << 30 | 1 << 25);
    /* The interrupt is a level. */
    EXPECT(OK, END_OF_INTERRUPT, ppe, 0, 21);
    g_assert_true(plug_status(qts, 0, 21));
    EXPECT(OK, SPE_CLEAR, spe.id, 1, INT_CLASS1_STORAGE_FAULT, 0);
    EXPECT(OK, END_OF_INTERRUPT, ppe, 0, 21);
    g_assert_false(plug_status(qts, 0, 21));
    g_assert_cmphex(qtest_readq(qts, spe.shadow + MFC_DSISR), ==, 0);

    map_page(qts, vsid, 0xc000000030006000, BUFFER + 0x1000);
    qtest_writeq(qts, spe.priv2 + MFC_CNTL, MFC_CNTL_R);
    wait_for_status(qts, spe.id, 2, INT_CLASS2_STOP);
    g_assert_true(plug_status(qts, 0, 20));
    g_assert_cmphex(qtest_readq(qts, BUFFER + 0x1000), ==, 0x0123456789abcdef);
    g_assert_cmphex(qtest_readl(qts, spe.ps + SPU_Status) >> 16, ==, 0x123);

    EXPECT(OK, DISABLE_SPE, spe.id, 0);
    g_assert_cmphex(qtest_readq(qts, spe.shadow + 0xf00), ==, 2);
    EXPECT(OK, DESTRUCT_SPE, spe.id);
    g_assert_false(plug_status(qts, 0, 20));
    g_assert_cmphex(qtest_readl(qts, spe.ls), ==, 0);
    for (int i = 0; i < spursvn; i++) {
        enable_spe(qts, vas, i);
    }
    EXPECT(SHORTAGE, CONSTRUCT_SPE, 12, 12, 12, 12, 12, vas, 0);
    qtest_quit(qts);
}

static void test_repository(void)
{
    QTestState *qts = boot("");

    /* bi.pu.1.rm_size, bi.rgntotal; be0, and its clock */
    EXPECT(OK, READ_NODE, 2, 0x62690000, 0x7075000000000000, ppe_id(qts),
           0x726d5f73697a6500);
    g_assert_cmphex(out[0], ==, BOOT_SIZE);
    EXPECT(OK, READ_NODE, 2, 0x62690000, 0x72676e746f74616c, 0, 0);
    g_assert_cmphex(out[0], ==, 256 * MiB);
    EXPECT(OK, READ_NODE, 1, 0x62650000, 0, 0, 0);
    EXPECT(OK, READ_NODE, 1, 0x62650000, out[0], 0x636c6f636b000000, 0);
    g_assert_cmpint(out[0], ==, 79800000);
    EXPECT(NO_ENTRY, READ_NODE, 0, 0, 0, 0, 0);
    EXPECT(NO_ENTRY, READ_NODE, 2, 1, 2, 3, 4);

    EXPECT(NO_ENTRY, WRITE_NODE, 1, 2, 3, 4, 5, 6);
    EXPECT(OK, CREATE_NODE, 1, 2, 3, 4, 5, 6);
    EXPECT(DUPLICATE, CREATE_NODE, 1, 2, 3, 4, 5, 6);
    EXPECT(OK, READ_NODE, 2, 1, 2, 3, 4);
    g_assert_cmpint(out[0], ==, 5);
    g_assert_cmpint(out[1], ==, 6);
    EXPECT(OK, WRITE_NODE, 1, 2, 3, 4, 7, 8);
    EXPECT(OK, READ_NODE, 2, 1, 2, 3, 4);
    g_assert_cmpint(out[1], ==, 8);
    EXPECT(OK, DELETE_NODE, 1, 2, 3, 4);
    EXPECT(NO_ENTRY, READ_NODE, 2, 1, 2, 3, 4);
    EXPECT(PRIVILEGE, WRITE_NODE, 0x62690000, 0x72676e746f74616c, 0, 0, 0, 0);
    EXPECT(PRIVILEGE, DELETE_NODE, 0x62690000, 0x72676e746f74616c, 0, 0);
    qtest_quit(qts);
}

/* A message of the system manager's: drivers/ps3/ps3-sys-manager.c */
static void sysmgr(QTestState *qts, uint16_t service, uint8_t type)
{
    uint8_t message[32] = { 1, 16, [7] = 16, [9] = service, [16] = 1, type };

    qtest_memwrite(qts, BUFFER, message, sizeof(message));
    /* in two parts, as Linux sends them */
    EXPECT(OK, WRITE_VUART, 2, BUFFER, 16);
    g_assert_cmpint(out[0], ==, 16);
    EXPECT(OK, WRITE_VUART, 2, BUFFER + 16, 16);
}

static void test_vuart(void)
{
    QTestState *qts = boot("-no-shutdown");
    uint64_t ppe = ppe_id(qts), size;
    uint8_t message[32];

    EXPECT(ILLEGAL, SET_VUART, 3, 0, 1);
    EXPECT(ILLEGAL, SET_VUART, 2, 3, 1);
    EXPECT(ILLEGAL, GET_VUART, 2, 8);
    EXPECT(ILLEGAL, CONFIGURE_VUART, BUFFER + 0x108);
    EXPECT(VIOLATION, CONFIGURE_VUART, BOOT_SIZE);
    qtest_memset(qts, BITMAP(0), 0, 64);
    EXPECT(OK, CONFIGURE_BITMAP, ppe, 0, BITMAP(0));
    EXPECT(OK, CONFIGURE_VUART, BUFFER + 0x100);
    EXPECT(OK, CONNECT_PLUG, ppe, 0, 30, out[0], 0);
    EXPECT(BUSY, CONFIGURE_VUART, BUFFER + 0x100);

    /* Linux: an interrupt when 24 bytes are there */
    EXPECT(OK, GET_VUART, 2, 3);
    size = out[0];
    EXPECT(OK, SET_VUART, 2, 1, size - 24);
    EXPECT(OK, SET_VUART, 2, 2, 2);
    g_assert_false(plug_status(qts, 0, 30));

    EXPECT(VIOLATION, WRITE_VUART, 2, BOOT_SIZE, 16);
    EXPECT(VIOLATION, WRITE_VUART, 2, BUFFER, BOOT_SIZE);
    sysmgr(qts, 5, 1);                          /* next: off */
    sysmgr(qts, 1, 0);                          /* request */
    g_assert_true(plug_status(qts, 0, 30));
    g_assert_cmphex(qtest_readq(qts, BUFFER + 0x100), ==, 1ULL << 61);
    EXPECT(OK, GET_VUART, 2, 4);
    g_assert_cmpint(out[0], ==, 32);
    EXPECT(OK, READ_VUART, 2, BUFFER, 1000);
    g_assert_cmpint(out[0], ==, 32);
    qtest_memread(qts, BUFFER, message, sizeof(message));
    g_assert_cmpint(message[9], ==, 3);         /* command: shut down */
    g_assert_cmpint(message[17], ==, 1);
    EXPECT(OK, END_OF_INTERRUPT, ppe, 0, 30);
    g_assert_false(plug_status(qts, 0, 30));

    /* Bytes that are no message are dropped. */
    qtest_memset(qts, BUFFER, 0xff, 200);
    EXPECT(OK, WRITE_VUART, 2, BUFFER, 200);
    EXPECT(OK, GET_VUART, 2, 6);
    g_assert_cmpint(out[0], ==, 0);

    /* As Linux does it: an error of the second call would be a BUG() there. */
    EXPECT(OK, DECONFIGURE_VUART, 0);
    EXPECT(OK, DISCONNECT_PLUG, ppe, 0, 30);
    EXPECT(WRONG_STATE, DECONFIGURE_VUART, 0);

    qtest_memwrite(qts, BUFFER, ((uint8_t[32]) { 1, 16, [7] = 16, [9] = 2 }),
                   32);
    begin(qts, 0, WRITE_VUART, (const uint64_t[8]) { 2, BUFFER, 32 });
    qtest_qmp_eventwait(qts, "SHUTDOWN");
    qtest_quit(qts);
}

static void test_net(void)
{
    static const char text[] = "the first words\n";
    g_autofree char *log = NULL, *more = NULL, *said = NULL;
    QTestState *qts;
    uint64_t bus;
    /* Ethernet: IP; IP: UDP; the port that Linux's gelic_udbg.c uses */
    uint8_t frame[42 + sizeof(text) - 1] = {
        [12] = 0x08, [14] = 0x45, [23] = 17, [36] = 18194 >> 8, 18194 & 0xff,
    };

    close(g_file_open_tmp("ps3-console-XXXXXX", &log, NULL));
    more = g_strdup_printf("-serial file:%s", log);
    qts = boot(more);
    memcpy(frame + 42, text, sizeof(text) - 1);

    EXPECT(NO_ENTRY, OPEN_DEVICE, 1, 1, 0);
    EXPECT(WRONG_STATE, ALLOCATE_DMA, 1, 0, 0x1000, 12, 0);
    EXPECT(OK, OPEN_DEVICE, 1, 0, 0);
    EXPECT(BUSY, OPEN_DEVICE, 1, 0, 0);
    EXPECT(OK, NET_CONTROL, 1, 0, 1, 0, 0, 0);
    EXPECT(ILLEGAL, NET_CONTROL, 1, 0, 4, 2, 0, 0);
    EXPECT(ILLEGAL, ALLOCATE_DMA, 1, 0, 0x1001, 12, 0);
    EXPECT(ILLEGAL, ALLOCATE_DMA, 1, 0, 0x1000, 64, 0);
    EXPECT(OK, ALLOCATE_DMA, 1, 0, 0x2000, 12, 0);
    bus = out[0];
    g_assert_cmphex(bus, <, 1ULL << 32);
    EXPECT(VIOLATION, MAP_DMA, 1, 0, BOOT_SIZE, bus, 0x1000, 0);
    EXPECT(ILLEGAL, MAP_DMA, 1, 0, BUFFER, bus, 0x3000, 0);
    EXPECT(ILLEGAL, MAP_DMA, 1, 0, BUFFER + 0x10, bus, 0x1000, 0);
    EXPECT(OK, MAP_DMA, 1, 0, BUFFER, bus, 0x1000, 0);
    EXPECT(BUSY, MAP_DMA, 1, 0, BUFFER, bus, 0x2000, 0);

    qtest_memwrite(qts, BUFFER + 0x20, frame, sizeof(frame));
    qtest_writel(qts, BUFFER, bus + 0x20);
    qtest_writel(qts, BUFFER + 4, sizeof(frame));
    qtest_writel(qts, BUFFER + 12, 0xa0000000);
    EXPECT(ILLEGAL, START_TX, 1, 0, bus + 0x1000, 0);
    EXPECT(OK, START_TX, 1, 0, bus, 0);
    g_assert_cmphex(qtest_readl(qts, BUFFER + 12) >> 28, !=, 0xa);
    /* A frame that ends where nothing is mapped, and one without an end */
    qtest_writel(qts, BUFFER, bus + 0xff0);
    EXPECT(ILLEGAL, START_TX, 1, 0, bus, 0);
    qtest_writel(qts, BUFFER + 4, ~0);
    EXPECT(ILLEGAL, START_TX, 1, 0, bus, 0);

    EXPECT(OK, UNMAP_DMA, 1, 0, bus, 0x1000);
    EXPECT(ILLEGAL, START_TX, 1, 0, bus, 0);
    EXPECT(ILLEGAL, FREE_DMA, 1, 0, bus + 0x1000);
    EXPECT(OK, FREE_DMA, 1, 0, bus);
    EXPECT(OK, CLOSE_DEVICE, 1, 0);
    EXPECT(WRONG_STATE, CLOSE_DEVICE, 1, 0);
    qtest_quit(qts);
    g_assert_true(g_file_get_contents(log, &said, NULL, NULL));
    g_assert_cmpstr(said, ==, text);
    unlink(log);
}

static void test_panic(void)
{
    QTestState *qts = boot("-no-shutdown -action panic=pause");

    begin(qts, 0, PAUSE, (const uint64_t[8]) { 1 });
    qtest_qmp_eventwait(qts, "GUEST_PANICKED");
    qtest_quit(qts);

    qts = boot("-no-shutdown -action panic=pause");
    begin(qts, 0, PANIC, (const uint64_t[8]) { 0 });
    qtest_qmp_eventwait(qts, "GUEST_PANICKED");
    qtest_quit(qts);

    qts = boot("");
    qtest_memset(qts, BITMAP(0), 0, 64);
    EXPECT(OK, CONFIGURE_BITMAP, ppe_id(qts), 0, BITMAP(0));
    EXPECT(OK, ALLOCATE_MEMORY, 16 * MiB, 24, 0, 4);
    begin(qts, 0, PANIC, (const uint64_t[8]) { 1 });
    qtest_qmp_eventwait(qts, "RESET");
    /* All is as it was at first. */
    qtest_writeq(qts, MAILBOX(0) + 0x48, VERSION);
    qtest_writeq(qts, MAILBOX(0), 0);
    EXPECT(OK, ALLOCATE_MEMORY, 16 * MiB, 24, 0, 4);
    qtest_quit(qts);
}

/* A machine that is saved goes on elsewhere. */
static void test_migration(void)
{
    QTestState *qts = boot("");
    g_autofree char *state = NULL, *more = NULL;
    uint64_t ppe = ppe_id(qts), vas, high, port;
    SPE spe;

    close(g_file_open_tmp("ps3-state-XXXXXX", &state, NULL));
    for (int t = 0; t < 2; t++) {
        qtest_memset(qts, BITMAP(t), 0, 64);
        qtest_writeq(qts, BITMAP(t) + 32, 1ULL << (63 - 17));
        EXPECT(OK, CONFIGURE_BITMAP, ppe, t, BITMAP(t));
    }
    /* Thread 0 has an interrupt that it does not take, */
    EXPECT(OK, CONSTRUCT_PORT, 0);
    port = out[0];
    EXPECT(OK, CONNECT_PLUG, ppe, 0, 17, port, 0);
    EXPECT(OK, SEND_EVENT, port);
    /* and thread 1 is to wait for one. */
    EXPECT(OK, CONSTRUCT_PORT, 0);
    port = out[0];
    EXPECT(OK, CONNECT_PLUG, ppe, 1, 17, port, 0);
    EXPECT(OK, ALLOCATE_MEMORY, 64 * MiB, 24, 0, 4);
    high = out[0];
    qtest_writeq(qts, high + 0x1000, 0x42);
    vas = address_space(qts);
    EXPECT(OK, INSERT_HTAB_ENTRY, 0, 80, V(5), high, 0, 0);
    spe = enable_spe(qts, vas, 3);
    EXPECT(OK, SPE_MASK, spe.id, 2, 2);
    EXPECT(OK, CREATE_NODE, 1, 2, 3, 4, 5, 6);
    qtest_memwrite(qts, BUFFER, ((uint8_t[16]) { 1, 16, [7] = 16, [9] = 1 }),
                   16);
    EXPECT(OK, WRITE_VUART, 2, BUFFER, 16);     /* half of a request */
    EXPECT(OK, OPEN_DEVICE, 1, 0, 0);
    EXPECT(OK, ALLOCATE_DMA, 1, 0, 0x1000, 12, 0);
    /* SPU: a loop; thread 1: a pause */
    qtest_writel(qts, spe.ls, SPU_BR(0));
    qtest_writel(qts, spe.ps + SPU_NPC, 0);
    qtest_writel(qts, spe.ps + SPU_RunCntl, 1);
    begin(qts, 1, PAUSE, (const uint64_t[8]) { 0 });
    for (int i = 0; i < 100; i++) {
        EXPECT(OK, VERSION, 0);
    }
    g_assert_true(calling(qts, 1));

    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    more = g_strdup_printf("file:%s", state);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", more);
    for (bool done = false; !done;) {
        QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-migrate' }");
        const char *status = qdict_get_str(qdict_get_qdict(rsp, "return"),
                                           "status");

        done = !strcmp(status, "completed");
        g_assert_cmpstr(status, !=, "failed");
        qobject_unref(rsp);
    }
    qtest_quit(qts);

    g_free(more);
    more = g_strdup_printf("-incoming file:%s", state);
    qts = boot(more);
    for (bool there = false; !there;) {
        QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-status' }");

        there = strcmp(qdict_get_str(qdict_get_qdict(rsp, "return"), "status"),
                       "inmigrate");
        qobject_unref(rsp);
    }
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    unlink(state);

    EXPECT(OK, PAUSE, 0);
    g_assert_cmphex(qtest_readq(qts, high + 0x1000), ==, 0x42);
    EXPECT(SHORTAGE, ALLOCATE_MEMORY, 16 * MiB, 24, 0, 4);
    EXPECT(OK, READ_HTAB, vas, 80);
    g_assert_cmphex(out[0], ==, V(5));
    g_assert_cmphex(qtest_readq(qts, spe.shadow + 0xf00), ==, 3);
    g_assert_cmphex(qtest_readl(qts, spe.ps + SPU_Status), ==, SPU_Status_R);
    qtest_writel(qts, spe.ls, SPU_STOP(0x55));
    wait_for_status(qts, spe.id, 2, INT_CLASS2_STOP);
    EXPECT(OK, READ_NODE, 2, 1, 2, 3, 4);
    EXPECT(OK, WRITE_VUART, 2, BUFFER, 16);     /* the other half */
    EXPECT(OK, GET_VUART, 2, 4);
    g_assert_cmpint(out[0], ==, 32);
    EXPECT(BUSY, OPEN_DEVICE, 1, 0, 0);
    g_assert_true(calling(qts, 1));
    EXPECT(OK, SEND_EVENT, port);
    finish(qts, 1);
    qtest_quit(qts);
}

/* A hostile guest */

static uint32_t below(uint32_t n)
{
    return g_test_rand_int_range(0, n);
}

static uint64_t rand64(void)
{
    return (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
}

static const uint64_t numbers[] = {
    ALLOCATE_MEMORY, WRITE_HTAB_ENTRY, CONSTRUCT_VAS, VAS_OF_PPE, QUERY_REGION,
    SELECT_VAS, DESTRUCT_VAS, CONFIGURE_BITMAP, CONNECT_PLUG, RELEASE_MEMORY,
    DISCONNECT_PLUG, CONSTRUCT_PORT, DESTRUCT_PORT, SEND_EVENT,
    END_OF_INTERRUPT, UPDATED_MASK, DESTRUCT_SPE, CONSTRUCT_SPE, SPE_MASK,
    DISABLE_SPE, SPE_CLEAR, SPE_STATUS, SPE_OUTLET, SPE_PRIV1, CREATE_NODE,
    READ_NODE, WRITE_NODE, DELETE_NODE, READ_HTAB, MAP_HTAB,
    INSERT_HTAB_ENTRY, READ_VUART, WRITE_VUART, SET_VUART, GET_VUART,
    CONFIGURE_VUART, OPEN_DEVICE, CLOSE_DEVICE, ALLOCATE_DMA, FREE_DMA,
    MAP_DMA, UNMAP_DMA, START_TX, NET_CONTROL, DECONFIGURE_VUART, ENABLE_SPE,
    RTC,
};

/* Arguments that a call might take, but for addresses of the guest's loop */
static uint64_t argument(uint64_t vas, const SPE *spe, uint64_t high)
{
    const uint64_t places[] = {
        BUFFER, BITMAP(0), BOOT_SIZE, spe->ls, spe->ps, spe->priv2, spe->shadow,
        high, high + 64 * MiB, 0x10000000,
    };
    uint64_t val;

    switch (below(10)) {
    case 0 ... 3:
        return below(4);
    case 4:
        return below(70);
    case 5:
        return vas;
    case 6 ... 7:
        return places[below(ARRAY_SIZE(places))] +
               (below(2) ? 0 : below(8) * 16 - 64);
    case 8:
        return 1ULL << (14 + below(50));
    default:
        val = rand64() >> below(64);
        return val >= 256 && val < BUFFER ? val + BUFFER : val;
    }
}

/* Any call, except those that end the guest or wait */
static void random_call(QTestState *qts, int t, uint64_t vas, const SPE *spe,
                        uint64_t high)
{
    uint64_t number, in[8];

    do {
        number = below(16) ? numbers[below(ARRAY_SIZE(numbers))] : rand64();
    } while (number == PAUSE || number == PANIC);
    for (int i = 0; i < 8; i++) {
        in[i] = argument(vas, spe, high);
    }
    if (number == INSERT_HTAB_ENTRY || number == WRITE_HTAB_ENTRY) {
        in[1] = below(16) ? below(0x4000) : in[1];
        in[2] |= 1;
        in[3] = (in[3] & ~0xfffULL) | below(4);
    }
    begin(qts, t, number, in);
}

static void test_hostile(void)
{
    const char *rounds = getenv("CELL_HOSTILE_ROUNDS");

    for (int n = rounds ? MAX(atoi(rounds) / 10, 1) : 1; n > 0; n--) {
        QTestState *qts = boot("-serial null -no-shutdown");
        uint64_t vas = address_space(qts), high;
        SPE spe;

        EXPECT(OK, ALLOCATE_MEMORY, 64 * MiB, 24, 0, 4);
        high = out[0];
        for (int i = 0; i < 3; i++) {
            spe = enable_spe(qts, vas, i);
            /* It executes random instructions, as long as it runs. */
            for (int j = 0; j < 0x1000; j += 4) {
                qtest_writel(qts, spe.ls + j, rand64());
            }
            qtest_writel(qts, spe.ps + SPU_RunCntl, 1);
        }
        for (int i = 0; i < 1000; i++) {
            for (int t = 0; t < 2; t++) {
                /* A message that shuts down would end the guest. */
                qtest_writeq(qts, BUFFER, rand64() >> 8);
                random_call(qts, t, vas, &spe, high);
            }
            for (int t = 0; t < 2; t++) {
                finish(qts, t);
            }
        }
        /* The guest is still there. */
        EXPECT(OK, LPAR_ID, 0);
        qtest_quit(qts);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (qtest_has_accel("tcg")) {
        qtest_add_func("/ps3/calls", test_calls);
        qtest_add_func("/ps3/memory", test_memory);
        qtest_add_func("/ps3/hash-table", test_hash_table);
        qtest_add_func("/ps3/interrupts", test_interrupts);
        qtest_add_func("/ps3/spes", test_spes);
        qtest_add_func("/ps3/repository", test_repository);
        qtest_add_func("/ps3/vuart", test_vuart);
        qtest_add_func("/ps3/net", test_net);
        qtest_add_func("/ps3/panic", test_panic);
        qtest_add_func("/ps3/migration", test_migration);
        qtest_add_func("/ps3/hostile", test_hostile);
    }
    return g_test_run();
}
