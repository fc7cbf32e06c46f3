/*
 * PlayStation 3: logical SPEs
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest constructs a logical SPE, and enables it with one of the resources
 * that the repository names.  The guest can access the areas of an SPE except
 * privilege 1, of which it can read a few registers in a shadow, and change
 * even fewer by calls.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/cell/ps3.h"
#include "hw/core/irq.h"
#include "hw/core/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/address-spaces.h"
#include "trace.h"

/* Shadow registers have their offsets in the privilege 1 area, but for one: */
#define SHADOW_EXECUTION_STATUS     0xf00
#define   SPE_EX_STATE_UNEXECUTABLE     0       /* not constructed */
#define   SPE_EX_STATE_EXECUTABLE       2       /* not enabled */
#define   SPE_EX_STATE_EXECUTED         3

/*
 * MFC_SR1 of an enabled SPE: translation on, tlbie obeyed, local store decoded;
 * Linux takes this for granted.  Until it is enabled, the SPU may not run.
 */
#define SR1_DISABLED    (MFC_SR1_D | MFC_SR1_T | MFC_SR1_R)
#define SR1_ENABLED     (SR1_DISABLED | MFC_SR1_S)
/* What the guest may change */
#define SR1_GUEST       (MFC_SR1_D | MFC_SR1_Pr)

static const struct {
    hwaddr offset, size;
} spe_areas[] = {
    { PS3_SPE_LS, SPE_LS_SIZE },
    { PS3_SPE_PS, SPE_PS_SIZE },
    { PS3_SPE_PRIV2, SPE_PRIV2_SIZE },
    { PS3_SPE_SHADOW, PS3_SPE_SHADOW_SIZE },
};

/* Shadow registers */

static uint64_t shadow_read(void *opaque, hwaddr addr, unsigned size)
{
    PS3SPE *p = opaque;

    switch (addr) {
    case INT_Stat_class0 ... INT_Stat_class2:
    case MFC_DSISR:
    case MFC_DAR:
    case MFC_DSIR:
    case MFC_LSCRR:
    case MFC_CER:
        return cell_spe_priv1_read(&p->spe, addr);
    case SHADOW_EXECUTION_STATUS:
        return p->status;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "ps3: SPE %u: read of shadow register "
                      "0x%" HWADDR_PRIx "\n", p->spe.index, addr);
        return 0;
    }
}

static void shadow_write(void *opaque, hwaddr addr, uint64_t val,
                         unsigned size)
{
    PS3SPE *p = opaque;

    qemu_log_mask(LOG_GUEST_ERROR, "ps3: SPE %u: write of shadow register "
                  "0x%" HWADDR_PRIx "\n", p->spe.index, addr);
}

static const MemoryRegionOps shadow_ops = {
    .read = shadow_read,
    .write = shadow_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = { .min_access_size = 8, .max_access_size = 8 },
    .impl = { .min_access_size = 8, .max_access_size = 8 },
};

/* Areas, visible while the SPE is constructed */

static void spe_update(PS3SPE *p)
{
    bool visible = p->status != SPE_EX_STATE_UNEXECUTABLE;

    memory_region_transaction_begin();
    for (unsigned i = 0; i < 3; i++) {
        memory_region_set_enabled(
            sysbus_mmio_get_region(SYS_BUS_DEVICE(&p->spe), i), visible);
    }
    memory_region_set_enabled(&p->shadow, visible);
    memory_region_transaction_commit();
}

static bool in_area(PS3MachineState *s, unsigned area, uint64_t addr,
                    uint64_t len)
{
    for (unsigned n = 0; n < s->nr_spes; n++) {
        uint64_t offset = addr - PS3_SPE_BASE(n) - spe_areas[area].offset;

        if (s->spe[n].status != SPE_EX_STATE_UNEXECUTABLE &&
            offset < spe_areas[area].size &&
            len <= spe_areas[area].size - offset) {
            return true;
        }
    }
    return false;
}

bool ps3_spe_owns(PS3MachineState *s, uint64_t addr, uint64_t len)
{
    for (unsigned area = 0; area < ARRAY_SIZE(spe_areas); area++) {
        if (in_area(s, area, addr, len)) {
            return true;
        }
    }
    return false;
}

bool ps3_spe_owns_shadow(PS3MachineState *s, uint64_t addr)
{
    return in_area(s, ARRAY_SIZE(spe_areas) - 1, addr, 1);
}

/* Calls */

static PS3SPE *spe_of(PS3MachineState *s, uint64_t id)
{
    return id < s->nr_spes &&
           s->spe[id].status != SPE_EX_STATE_UNEXECUTABLE ? &s->spe[id] : NULL;
}

static void spe_destruct(PS3MachineState *s, unsigned n)
{
    PS3SPE *p = &s->spe[n];

    p->status = SPE_EX_STATE_UNEXECUTABLE;
    p->resource = 0;
    for (unsigned class = 0; class < 3; class++) {
        ps3_outlet_destroy(s, PS3_OUTLET_SPE(n, class));
    }
    spe_update(p);
}

/*
 * Log2 of five page sizes, VAS, type 0 -> lpar addresses of privilege 2,
 * problem state, local store, ?, shadow; id
 */
int64_t ps3_construct_logical_spe(PS3MachineState *s, PowerPCCPU *cpu,
                                  const uint64_t *in, uint64_t *out)
{
    unsigned n = 0;
    PS3SPE *p;

    for (unsigned i = 0; i < 5; i++) {
        if (in[i] != 12 && in[i] != 16 && in[i] != 24) {
            return LV1_ILLEGAL_PARAMETER_VALUE;
        }
    }
    if (!in[5] || !ps3_memory_is_vas(s, in[5]) || in[6]) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    while (n < s->nr_spes && s->spe[n].status != SPE_EX_STATE_UNEXECUTABLE) {
        n++;
    }
    if (n == s->nr_spes) {
        return LV1_RESOURCE_SHORTAGE;
    }
    p = &s->spe[n];
    device_cold_reset(DEVICE(&p->spe));
    cell_spe_priv1_write(&p->spe, MFC_SDR,
                         s->memory.table_shift - PS3_TABLE_MIN_SHIFT);
    cell_spe_priv1_write(&p->spe, MFC_SR1, SR1_DISABLED);
    p->status = SPE_EX_STATE_EXECUTABLE;
    for (unsigned class = 0; class < 3; class++) {
        ps3_outlet_create(s, PS3_OUTLET_SPE(n, class));
    }
    spe_update(p);
    out[0] = PS3_SPE_BASE(n) + PS3_SPE_PRIV2;
    out[1] = PS3_SPE_BASE(n) + PS3_SPE_PS;
    out[2] = PS3_SPE_BASE(n) + PS3_SPE_LS;
    out[3] = 0;
    out[4] = PS3_SPE_BASE(n) + PS3_SPE_SHADOW;
    out[5] = n;
    return LV1_SUCCESS;
}

/* Id */
int64_t ps3_destruct_logical_spe(PS3MachineState *s, PowerPCCPU *cpu,
                                 const uint64_t *in, uint64_t *out)
{
    PS3SPE *p = spe_of(s, in[0]);

    if (!p) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (p->status != SPE_EX_STATE_EXECUTABLE) {
        return LV1_WRONG_STATE;
    }
    device_cold_reset(DEVICE(&p->spe));
    spe_destruct(s, in[0]);
    return LV1_SUCCESS;
}

/* Id, resource */
int64_t ps3_enable_logical_spe(PS3MachineState *s, PowerPCCPU *cpu,
                               const uint64_t *in, uint64_t *out)
{
    PS3SPE *p = spe_of(s, in[0]);

    if (!p || in[1] < PS3_RESOURCE_ID(0) ||
        in[1] >= PS3_RESOURCE_ID(s->nr_spes)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (p->status != SPE_EX_STATE_EXECUTABLE) {
        return LV1_WRONG_STATE;
    }
    for (unsigned n = 0; n < s->nr_spes; n++) {
        if (s->spe[n].resource == in[1]) {
            return LV1_BUSY;
        }
    }
    p->resource = in[1];
    p->status = SPE_EX_STATE_EXECUTED;
    cell_spe_priv1_write(&p->spe, MFC_SR1, SR1_ENABLED);
    trace_ps3_spe_enable(in[0], in[1]);
    return LV1_SUCCESS;
}

/* Id, 0 */
int64_t ps3_disable_logical_spe(PS3MachineState *s, PowerPCCPU *cpu,
                                const uint64_t *in, uint64_t *out)
{
    PS3SPE *p = spe_of(s, in[0]);

    if (!p || in[1]) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (p->status != SPE_EX_STATE_EXECUTED) {
        return LV1_WRONG_STATE;
    }
    p->resource = 0;
    p->status = SPE_EX_STATE_EXECUTABLE;
    cell_spe_priv1_write(&p->spe, MFC_SR1, SR1_DISABLED);
    trace_ps3_spe_disable(in[0]);
    return LV1_SUCCESS;
}

/* Id, class -> outlet */
int64_t ps3_get_spe_irq_outlet(PS3MachineState *s, PowerPCCPU *cpu,
                               const uint64_t *in, uint64_t *out)
{
    if (!spe_of(s, in[0]) || in[1] > 2) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    out[0] = PS3_OUTLET_SPE(in[0], in[1]);
    return LV1_SUCCESS;
}

/* Id, class, mask */
int64_t ps3_set_spe_interrupt_mask(PS3MachineState *s, PowerPCCPU *cpu,
                                   const uint64_t *in, uint64_t *out)
{
    PS3SPE *p = spe_of(s, in[0]);

    if (!p || in[1] > 2) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    cell_spe_priv1_write(&p->spe, INT_Mask_class0 + 8 * in[1], in[2]);
    return LV1_SUCCESS;
}

/* Id, class -> status */
int64_t ps3_get_spe_interrupt_status(PS3MachineState *s, PowerPCCPU *cpu,
                                     const uint64_t *in, uint64_t *out)
{
    PS3SPE *p = spe_of(s, in[0]);

    if (!p || in[1] > 2) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    out[0] = cell_spe_priv1_read(&p->spe, INT_Stat_class0 + 8 * in[1]);
    return LV1_SUCCESS;
}

/* Id, class, bits to clear, 0.  Clearing a storage fault clears MFC_DSISR. */
int64_t ps3_clear_spe_interrupt_status(PS3MachineState *s, PowerPCCPU *cpu,
                                       const uint64_t *in, uint64_t *out)
{
    PS3SPE *p = spe_of(s, in[0]);

    if (!p || in[1] > 2) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (in[1] == 1 && in[2] & INT_CLASS1_STORAGE_FAULT) {
        cell_spe_priv1_write(&p->spe, MFC_DSISR, 0);
    }
    cell_spe_priv1_write(&p->spe, INT_Stat_class0 + 8 * in[1], in[2]);
    return LV1_SUCCESS;
}

/* Id, offset of the register, value */
int64_t ps3_set_spe_privilege_state_area_1_register(PS3MachineState *s,
                                                    PowerPCCPU *cpu,
                                                    const uint64_t *in,
                                                    uint64_t *out)
{
    PS3SPE *p = spe_of(s, in[0]);

    if (!p) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (p->status != SPE_EX_STATE_EXECUTED) {
        return LV1_WRONG_STATE;
    }
    switch (in[1]) {
    case MFC_SR1:
        if ((in[2] ^ SR1_ENABLED) & ~SR1_GUEST) {
            return LV1_ILLEGAL_PARAMETER_VALUE;
        }
        break;
    case MFC_TCLASS_ID:
        break;
    default:
        return LV1_ACCESS_VIOLATION;
    }
    cell_spe_priv1_write(&p->spe, in[1], in[2]);
    return LV1_SUCCESS;
}

/* Life */

static void spe_irq(void *opaque, int n, int level)
{
    ps3_outlet_set_level(opaque, n, level);
}

static void spe_init(PS3MachineState *s, unsigned n)
{
    PS3SPE *p = &s->spe[n];
    SysBusDevice *sbd;
    g_autofree char *name = g_strdup_printf("spe[%u]", n);

    object_initialize_child(OBJECT(s), name, &p->spe, TYPE_CELL_SPE);
    sbd = SYS_BUS_DEVICE(&p->spe);
    qdev_prop_set_uint32(DEVICE(sbd), "index", n);
    qdev_prop_set_bit(DEVICE(sbd), "tcg", s->spu_tcg);
    qdev_prop_set_uint32(DEVICE(sbd), "timebase-frequency",
                         PS3_TIMEBASE_FREQ);
    object_property_set_link(OBJECT(sbd), "eib", OBJECT(&s->eib),
                             &error_abort);
    object_property_set_link(OBJECT(sbd), "page-table",
                             OBJECT(&s->memory.table_space), &error_abort);
    sysbus_realize(sbd, &error_fatal);
    sysbus_mmio_map(sbd, 0, PS3_SPE_BASE(n) + PS3_SPE_LS);
    sysbus_mmio_map(sbd, 1, PS3_SPE_BASE(n) + PS3_SPE_PS);
    sysbus_mmio_map(sbd, 2, PS3_SPE_BASE(n) + PS3_SPE_PRIV2);
    memory_region_init_io(&p->shadow, OBJECT(s), &shadow_ops, p,
                          "ps3-spe-shadow", PS3_SPE_SHADOW_SIZE);
    memory_region_add_subregion(get_system_memory(),
                                PS3_SPE_BASE(n) + PS3_SPE_SHADOW, &p->shadow);
    for (unsigned class = 0; class < 3; class++) {
        sysbus_connect_irq(sbd, class,
                           qemu_allocate_irq(spe_irq, s,
                                             PS3_OUTLET_SPE(n, class)));
    }
    spe_update(p);
}

void ps3_spe_init(PS3MachineState *s)
{
    object_initialize_child(OBJECT(s), "eib", &s->eib, TYPE_CELL_EIB);
    object_property_set_link(OBJECT(&s->eib), "memory",
                             OBJECT(get_system_memory()), &error_abort);
    qdev_realize(DEVICE(&s->eib), NULL, &error_fatal);
    for (unsigned n = 0; n < s->nr_spes; n++) {
        spe_init(s, n);
    }
}

/* The SPEs themselves are devices, and have been reset. */
void ps3_spe_reset(PS3MachineState *s)
{
    for (unsigned n = 0; n < s->nr_spes; n++) {
        spe_destruct(s, n);
    }
}

static int ps3_spe_post_load(void *opaque, int version_id)
{
    PS3SPE *p = opaque;

    if (p->status != SPE_EX_STATE_UNEXECUTABLE &&
        p->status != SPE_EX_STATE_EXECUTABLE &&
        p->status != SPE_EX_STATE_EXECUTED) {
        return -EINVAL;
    }
    spe_update(p);
    return 0;
}

const VMStateDescription vmstate_ps3_spe = {
    .name = "ps3-spe",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = ps3_spe_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(status, PS3SPE),
        VMSTATE_UINT64(resource, PS3SPE),
        VMSTATE_END_OF_LIST()
    },
};
