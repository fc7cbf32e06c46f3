/*
 * Cell blade: run-time abstraction services
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The firmware calls that Linux makes on a blade (PAPR describes them).  The
 * code in guest memory does no more than store the address of its argument
 * block in a doorbell register; the calls are served here, at that store.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "cpu.h"
#include "hw/cell/ppe.h"
#include "hw/cell/rtas.h"
#include "hw/core/loader.h"
#include "hw/core/qdev-properties.h"
#include "hw/ppc/fdt.h"
#include "hw/ppc/ppc.h"
#include "migration/vmstate.h"
#include "system/address-spaces.h"
#include "system/cpus.h"
#include "system/rtc.h"
#include "system/runstate.h"
#include "system/runstate-action.h"
#include "system/system.h"
#include "trace.h"
#include <libfdt.h>

/* Status of a call */
#define RTAS_SUCCESS            0
#define RTAS_HARDWARE_ERROR     (-1)
#define RTAS_PARAMETER_ERROR    (-3)

/* Results of query-cpu-stopped-state */
#define RTAS_CPU_STOPPED        0
#define RTAS_CPU_NOT_STOPPED    2

#define RTAS_MAX_ARGS           16

/* token, number of arguments, number of results, arguments, results */
typedef struct CellRTASArgs {
    uint32_t nargs;
    uint32_t nret;
    uint32_t args[RTAS_MAX_ARGS];
    uint32_t ret[RTAS_MAX_ARGS];        /* of which 0 is the status */
} CellRTASArgs;

static int cell_rtas_power_off(CellRTASState *s, CellRTASArgs *a)
{
    qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_GUEST_SHUTDOWN,
                                           s->exit_status);
    cpu_stop_current();
    return RTAS_SUCCESS;
}

static int cell_rtas_system_reboot(CellRTASState *s, CellRTASArgs *a)
{
    if (reboot_action == REBOOT_ACTION_SHUTDOWN) {
        /* -no-reboot: whatever the guest meant, it did not power off */
        qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_GUEST_RESET,
                                               CELL_RTAS_EXIT_UNKNOWN);
        cpu_stop_current();
    } else {
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    }
    return RTAS_SUCCESS;
}

static int cell_rtas_os_term(CellRTASState *s, CellRTASArgs *a)
{
    qemu_system_guest_panicked(NULL);
    if (qemu_shutdown_requested_get()) {
        qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_GUEST_PANIC,
                                               CELL_RTAS_EXIT_UNKNOWN);
    }
    return RTAS_SUCCESS;
}

static int cell_rtas_start_cpu(CellRTASState *s, CellRTASArgs *a)
{
    PowerPCCPU *cpu = ppc_get_vcpu_by_pir(a->args[0]);

    if (!cpu) {
        return RTAS_PARAMETER_ERROR;
    }
    if (!cpu->env.quiesced) {
        return RTAS_HARDWARE_ERROR;
    }
    cell_ppe_start_thread(cpu, a->args[1], a->args[2]);
    return RTAS_SUCCESS;
}

static int cell_rtas_query_cpu_stopped_state(CellRTASState *s,
                                             CellRTASArgs *a)
{
    PowerPCCPU *cpu = ppc_get_vcpu_by_pir(a->args[0]);

    if (!cpu) {
        return RTAS_PARAMETER_ERROR;
    }
    a->ret[1] = cpu->env.quiesced ? RTAS_CPU_STOPPED : RTAS_CPU_NOT_STOPPED;
    return RTAS_SUCCESS;
}

static int cell_rtas_get_time_of_day(CellRTASState *s, CellRTASArgs *a)
{
    struct tm tm;

    qemu_get_timedate(&tm, s->rtc_offset);
    a->ret[1] = tm.tm_year + 1900;
    a->ret[2] = tm.tm_mon + 1;
    a->ret[3] = tm.tm_mday;
    a->ret[4] = tm.tm_hour;
    a->ret[5] = tm.tm_min;
    a->ret[6] = tm.tm_sec;
    a->ret[7] = qemu_clock_get_ns(rtc_clock) % NANOSECONDS_PER_SECOND;
    return RTAS_SUCCESS;
}

static int cell_rtas_set_time_of_day(CellRTASState *s, CellRTASArgs *a)
{
    struct tm tm = {
        .tm_year = a->args[0] - 1900,
        .tm_mon = a->args[1] - 1,
        .tm_mday = a->args[2],
        .tm_hour = a->args[3],
        .tm_min = a->args[4],
        .tm_sec = a->args[5],
    };

    s->rtc_offset = qemu_timedate_diff(&tm);
    return RTAS_SUCCESS;
}

static int cell_rtas_display_character(CellRTASState *s, CellRTASArgs *a)
{
    /* The firmware's console is the UART */
    address_space_stb(&address_space_memory, s->uart, a->args[0],
                      MEMTXATTRS_UNSPECIFIED, NULL);
    return RTAS_SUCCESS;
}

static int cell_rtas_set_indicator(CellRTASState *s, CellRTASArgs *a)
{
    /* Indicator, its index, its new state */
    if (a->args[0] != CELL_RTAS_INDICATOR_EXIT_STATUS || a->args[1] != 0 ||
        a->args[2] > UINT8_MAX) {
        return RTAS_PARAMETER_ERROR;
    }
    s->exit_status = a->args[2];
    return RTAS_SUCCESS;
}

/* A function's token is its place here, counted from 1. */
static const struct {
    const char *name;
    uint32_t nargs;
    uint32_t nret;
    int (*call)(CellRTASState *s, CellRTASArgs *a);
} cell_rtas_functions[] = {
    { "power-off", 2, 1, cell_rtas_power_off },
    { "system-reboot", 0, 1, cell_rtas_system_reboot },
    { "ibm,os-term", 1, 1, cell_rtas_os_term },
    { "start-cpu", 3, 1, cell_rtas_start_cpu },
    { "query-cpu-stopped-state", 1, 2, cell_rtas_query_cpu_stopped_state },
    { "get-time-of-day", 0, 8, cell_rtas_get_time_of_day },
    { "set-time-of-day", 7, 1, cell_rtas_set_time_of_day },
    { "display-character", 1, 1, cell_rtas_display_character },
    { "put-term-char", 1, 1, cell_rtas_display_character },
    { "set-indicator", 3, 1, cell_rtas_set_indicator },
};

static uint32_t cell_rtas_load_word(hwaddr block, unsigned n)
{
    return address_space_ldl_be(&address_space_memory, block + 4 * n,
                                MEMTXATTRS_UNSPECIFIED, NULL);
}

static void cell_rtas_call(CellRTASState *s, hwaddr block)
{
    uint32_t token = cell_rtas_load_word(block, 0);
    CellRTASArgs a = {
        .nargs = cell_rtas_load_word(block, 1),
        .nret = cell_rtas_load_word(block, 2),
    };
    const char *name;

    if (token - 1 >= ARRAY_SIZE(cell_rtas_functions)) {
        qemu_log_mask(LOG_GUEST_ERROR, "cell-rtas: unknown token %u\n",
                      token);
        return;
    }
    name = cell_rtas_functions[token - 1].name;
    if (a.nargs > RTAS_MAX_ARGS || a.nret > RTAS_MAX_ARGS || a.nret == 0) {
        qemu_log_mask(LOG_GUEST_ERROR, "cell-rtas: %s: %u arguments, "
                      "%u results\n", name, a.nargs, a.nret);
        return;
    }
    for (unsigned i = 0; i < a.nargs; i++) {
        a.args[i] = cell_rtas_load_word(block, 3 + i);
    }
    trace_cell_rtas_call(name, a.nargs, a.nret, a.args[0]);

    if (a.nargs == cell_rtas_functions[token - 1].nargs &&
        a.nret <= cell_rtas_functions[token - 1].nret) {
        a.ret[0] = cell_rtas_functions[token - 1].call(s, &a);
    } else {
        a.ret[0] = RTAS_PARAMETER_ERROR;
    }

    trace_cell_rtas_return(name, a.ret[0]);
    for (unsigned i = 0; i < a.nret; i++) {
        address_space_stl_be(&address_space_memory,
                             block + 4 * (3 + a.nargs + i), a.ret[i],
                             MEMTXATTRS_UNSPECIFIED, NULL);
    }
}

static uint64_t cell_rtas_read(void *opaque, hwaddr addr, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "cell-rtas: read of 0x%" HWADDR_PRIx "\n",
                  addr);
    return 0;
}

static void cell_rtas_write(void *opaque, hwaddr addr, uint64_t val,
                            unsigned size)
{
    if (addr != CELL_RTAS_DOORBELL) {
        qemu_log_mask(LOG_GUEST_ERROR, "cell-rtas: write of 0x%" HWADDR_PRIx
                      "\n", addr);
        return;
    }
    cell_rtas_call(opaque, val);
}

static const MemoryRegionOps cell_rtas_ops = {
    .read = cell_rtas_read,
    .write = cell_rtas_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = {
        .min_access_size = 4,
        .max_access_size = 4,
    },
};

void cell_rtas_load(hwaddr base, hwaddr doorbell)
{
    /*
     * Entered in real mode, with 32-bit addresses, and with the argument
     * block's address in r3; r0 and r3 to r12 are free.  Position independent.
     */
    uint32_t code[] = {
        cpu_to_be32(0x3c800000 | extract32(doorbell, 16, 16)),
                                        /* lis  r4,doorbell@h    */
        cpu_to_be32(0x60840000 | extract32(doorbell, 0, 16)),
                                        /* ori  r4,r4,doorbell@l */
        cpu_to_be32(0x90640000),        /* stw  r3,0(r4)         */
        cpu_to_be32(0x38600000),        /* li   r3,0             */
        cpu_to_be32(0x4e800020),        /* blr                   */
    };

    rom_add_blob_fixed("cell-rtas", code, sizeof(code), base);
}

int cell_rtas_dt_populate(void *fdt, hwaddr base)
{
    int offset = fdt_add_subnode(fdt, 0, "rtas");

    _FDT(offset);
    _FDT(fdt_setprop_cell(fdt, offset, "linux,rtas-base", base));
    _FDT(fdt_setprop_cell(fdt, offset, "linux,rtas-entry", base));
    _FDT(fdt_setprop_cell(fdt, offset, "rtas-size", CELL_RTAS_SIZE));
    _FDT(fdt_setprop_cell(fdt, offset, "rtas-version", 1));
    /* Linux calls ibm,os-term only if told that the call returns */
    _FDT(fdt_setprop(fdt, offset, "ibm,extended-os-term", NULL, 0));
    for (unsigned i = 0; i < ARRAY_SIZE(cell_rtas_functions); i++) {
        _FDT(fdt_setprop_cell(fdt, offset, cell_rtas_functions[i].name,
                              i + 1));
    }
    return offset;
}

static void cell_rtas_reset_hold(Object *obj, ResetType type)
{
    CELL_RTAS(obj)->exit_status = CELL_RTAS(obj)->exit_status_unset;
}

static void cell_rtas_init(Object *obj)
{
    CellRTASState *s = CELL_RTAS(obj);

    memory_region_init_io(&s->mmio, obj, &cell_rtas_ops, s, TYPE_CELL_RTAS,
                          CELL_RTAS_MMIO_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->mmio);
}

static const VMStateDescription vmstate_cell_rtas = {
    .name = TYPE_CELL_RTAS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT64(rtc_offset, CellRTASState),
        VMSTATE_UINT8(exit_status, CellRTASState),
        VMSTATE_END_OF_LIST()
    },
};

static const Property cell_rtas_properties[] = {
    DEFINE_PROP_UINT32("uart", CellRTASState, uart, 0),
    DEFINE_PROP_UINT8("exit-status", CellRTASState, exit_status_unset, 0),
};

static void cell_rtas_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "Cell blade run-time abstraction services";
    dc->user_creatable = false;
    dc->vmsd = &vmstate_cell_rtas;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, cell_rtas_properties);
    rc->phases.hold = cell_rtas_reset_hold;
}

static const TypeInfo cell_rtas_type = {
    .name = TYPE_CELL_RTAS,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(CellRTASState),
    .instance_init = cell_rtas_init,
    .class_init = cell_rtas_class_init,
};

static void cell_rtas_register_types(void)
{
    type_register_static(&cell_rtas_type);
}

type_init(cell_rtas_register_types)
