/*
 * PlayStation 3: calls of the hypervisor (LV1)
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest executes "sc 1" with the number in r11 and arguments from r3 on,
 * and finds the status in r3 and results from r4 on.  Names and numbers are
 * those of Linux's arch/powerpc/include/asm/lv1call.h.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "cpu.h"
#include "hw/cell/ps3.h"
#include "hw/ppc/ppc.h"
#include "system/cpus.h"
#include "system/rtc.h"
#include "system/runstate.h"
#include "system/runstate-action.h"
#include "trace.h"

#define PS3_MAX_ARGS        8
#define PS3_MAX_RESULTS     6

/* The last system software that starts other operating systems is 3.15. */
#define PS3_VERSION         0x0000000300010005ULL   /* 0, 3, 1, 5 */

/* 1 January 2000: get_rtc counts from there */
#define PS3_EPOCH           946684800

/* The end */

void ps3_power_off(PS3MachineState *s)
{
    ps3_console_flush(s);
    qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
    cpu_stop_current();
}

void ps3_restart(PS3MachineState *s)
{
    ps3_console_flush(s);
    if (reboot_action == REBOOT_ACTION_SHUTDOWN) {
        /* -no-reboot: whatever the guest meant, it did not power off */
        qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_GUEST_RESET,
                                               PS3_EXIT_UNKNOWN);
        cpu_stop_current();
    } else {
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    }
}

void ps3_panic(PS3MachineState *s)
{
    ps3_console_flush(s);
    if (qemu_shutdown_requested_get()) {
        return;                 /* The guest gets here on its way down, too. */
    }
    qemu_system_guest_panicked(NULL);
    if (panic_action == PANIC_ACTION_SHUTDOWN ||
        panic_action == PANIC_ACTION_EXIT_FAILURE) {
        qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_GUEST_PANIC,
                                               PS3_EXIT_UNKNOWN);
    }
}

/* Threads */

unsigned ps3_thread_of(PS3MachineState *s, PowerPCCPU *cpu)
{
    return cpu == s->thread[1].cpu;
}

bool ps3_thread_exists(PS3MachineState *s, uint64_t ppe, uint64_t thread)
{
    return ppe == PS3_PPE_ID && thread < CELL_PPE_THREADS &&
           s->thread[thread].cpu;
}

/* Calls without state */

/* -> id */
static int64_t ps3_get_logical_ppe_id(PS3MachineState *s, PowerPCCPU *cpu,
                                      const uint64_t *in, uint64_t *out)
{
    out[0] = PS3_PPE_ID;
    return LV1_SUCCESS;
}

/* -> id */
static int64_t ps3_get_logical_partition_id(PS3MachineState *s,
                                            PowerPCCPU *cpu,
                                            const uint64_t *in, uint64_t *out)
{
    out[0] = PS3_LPAR_ID;
    return LV1_SUCCESS;
}

/* -> version, ? */
static int64_t ps3_get_version_info(PS3MachineState *s, PowerPCCPU *cpu,
                                    const uint64_t *in, uint64_t *out)
{
    out[0] = PS3_VERSION;
    out[1] = 0;
    return LV1_SUCCESS;
}

/* -> seconds, time base */
static int64_t ps3_get_rtc(PS3MachineState *s, PowerPCCPU *cpu,
                           const uint64_t *in, uint64_t *out)
{
    struct tm tm;

    qemu_get_timedate(&tm, 0);
    out[0] = mktimegm(&tm) - PS3_EPOCH;
    out[1] = cpu_ppc_load_tbl(&cpu->env);
    return LV1_SUCCESS;
}

/* 0: off, 1: restart */
static int64_t ps3_call_panic(PS3MachineState *s, PowerPCCPU *cpu,
                              const uint64_t *in, uint64_t *out)
{
    if (in[0] > 1) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (in[0]) {
        ps3_restart(s);
    } else {
        ps3_panic(s);
    }
    return LV1_SUCCESS;
}

/*
 * All calls that have a name, by number, with their numbers of arguments and
 * results.  Those without a function are not implemented.
 */
typedef struct PS3CallInfo {
    const char *name;
    uint8_t args;
    uint8_t results;
    PS3Call *function;
} PS3CallInfo;

static const PS3CallInfo ps3_calls[] = {
    [0] = { "allocate_memory", 4, 2, ps3_allocate_memory },
    [1] = { "write_htab_entry", 4, 0, ps3_write_htab_entry },
    [2] = { "construct_virtual_address_space", 3, 2,
            ps3_construct_virtual_address_space },
    [3] = { "invalidate_htab_entries", 5, 0 },
    [4] = { "get_virtual_address_space_id_of_ppe", 1, 1,
            ps3_get_virtual_address_space_id_of_ppe },
    [6] = { "query_logical_partition_address_region_info", 1, 5,
            ps3_query_address_region_info },
    [7] = { "select_virtual_address_space", 1, 0,
            ps3_select_virtual_address_space },
    [9] = { "pause", 1, 0, ps3_pause },
    [10] = { "destruct_virtual_address_space", 1, 0,
             ps3_destruct_virtual_address_space },
    [11] = { "configure_irq_state_bitmap", 3, 0,
             ps3_configure_irq_state_bitmap },
    [12] = { "connect_irq_plug_ext", 5, 0, ps3_connect_irq_plug_ext },
    [13] = { "release_memory", 1, 0, ps3_release_memory },
    [15] = { "put_iopte", 5, 0 },
    [17] = { "disconnect_irq_plug_ext", 3, 0, ps3_disconnect_irq_plug_ext },
    [18] = { "construct_event_receive_port", 0, 1,
             ps3_construct_event_receive_port },
    [19] = { "destruct_event_receive_port", 1, 0,
             ps3_destruct_event_receive_port },
    [24] = { "send_event_locally", 1, 0, ps3_send_event_locally },
    [27] = { "end_of_interrupt", 1, 0 },
    [28] = { "connect_irq_plug", 2, 0 },
    [29] = { "disconnect_irq_plug", 1, 0 },
    [30] = { "end_of_interrupt_ext", 3, 0, ps3_end_of_interrupt_ext },
    [31] = { "did_update_interrupt_mask", 2, 0,
             ps3_did_update_interrupt_mask },
    [44] = { "shutdown_logical_partition", 1, 0 },
    [54] = { "destruct_logical_spe", 1, 0, ps3_destruct_logical_spe },
    [57] = { "construct_logical_spe", 7, 6, ps3_construct_logical_spe },
    [61] = { "set_spe_interrupt_mask", 3, 0, ps3_set_spe_interrupt_mask },
    [64] = { "set_spe_transition_notifier", 3, 0 },
    [65] = { "disable_logical_spe", 2, 0, ps3_disable_logical_spe },
    [66] = { "clear_spe_interrupt_status", 4, 0,
             ps3_clear_spe_interrupt_status },
    [67] = { "get_spe_interrupt_status", 2, 1, ps3_get_spe_interrupt_status },
    [69] = { "get_logical_ppe_id", 0, 1, ps3_get_logical_ppe_id },
    [73] = { "set_interrupt_mask", 5, 0 },
    [74] = { "get_logical_partition_id", 0, 1, ps3_get_logical_partition_id },
    [77] = { "configure_execution_time_variable", 1, 0 },
    [78] = { "get_spe_irq_outlet", 2, 1, ps3_get_spe_irq_outlet },
    [79] = { "set_spe_privilege_state_area_1_register", 3, 0,
             ps3_set_spe_privilege_state_area_1_register },
    [90] = { "create_repository_node", 6, 0, ps3_create_repository_node },
    [91] = { "read_repository_node", 5, 2, ps3_read_repository_node },
    [92] = { "write_repository_node", 6, 0, ps3_write_repository_node },
    [93] = { "delete_repository_node", 4, 0, ps3_delete_repository_node },
    [95] = { "read_htab_entries", 2, 5, ps3_read_htab_entries },
    [96] = { "set_dabr", 2, 0 },
    [103] = { "get_total_execution_time", 2, 1 },
    [116] = { "allocate_io_segment", 3, 1 },
    [117] = { "release_io_segment", 2, 0 },
    [120] = { "construct_io_irq_outlet", 1, 1 },
    [121] = { "destruct_io_irq_outlet", 1, 0 },
    [122] = { "map_htab", 1, 1 },
    [123] = { "unmap_htab", 1, 0 },
    [127] = { "get_version_info", 0, 2, ps3_get_version_info },
    [140] = { "construct_lpm", 6, 3 },
    [141] = { "destruct_lpm", 1, 0 },
    [142] = { "start_lpm", 1, 0 },
    [143] = { "stop_lpm", 1, 1 },
    [144] = { "copy_lpm_trace_buffer", 3, 1 },
    [145] = { "add_lpm_event_bookmark", 5, 0 },
    [146] = { "delete_lpm_event_bookmark", 3, 0 },
    [147] = { "set_lpm_interrupt_mask", 3, 1 },
    [148] = { "get_lpm_interrupt_status", 1, 1 },
    [149] = { "set_lpm_general_control", 5, 2 },
    [150] = { "set_lpm_interval", 3, 1 },
    [151] = { "set_lpm_trigger_control", 3, 1 },
    [152] = { "set_lpm_counter_control", 4, 1 },
    [153] = { "set_lpm_group_control", 3, 1 },
    [154] = { "set_lpm_debug_bus_control", 3, 1 },
    [155] = { "set_lpm_counter", 5, 2 },
    [156] = { "set_lpm_signal", 7, 0 },
    [157] = { "set_lpm_spr_trigger", 2, 0 },
    [158] = { "insert_htab_entry", 6, 3, ps3_insert_htab_entry },
    [162] = { "read_virtual_uart", 3, 1, ps3_read_virtual_uart },
    [163] = { "write_virtual_uart", 3, 1, ps3_write_virtual_uart },
    [164] = { "set_virtual_uart_param", 3, 0, ps3_set_virtual_uart_param },
    [165] = { "get_virtual_uart_param", 2, 1, ps3_get_virtual_uart_param },
    [166] = { "configure_virtual_uart_irq", 1, 1,
              ps3_configure_virtual_uart_irq },
    [170] = { "open_device", 3, 0, ps3_open_device },
    [171] = { "close_device", 2, 0, ps3_close_device },
    [172] = { "map_device_mmio_region", 5, 1 },
    [173] = { "unmap_device_mmio_region", 3, 0 },
    [174] = { "allocate_device_dma_region", 5, 1,
              ps3_allocate_device_dma_region },
    [175] = { "free_device_dma_region", 3, 0, ps3_free_device_dma_region },
    [176] = { "map_device_dma_region", 6, 0, ps3_map_device_dma_region },
    [177] = { "unmap_device_dma_region", 4, 0, ps3_unmap_device_dma_region },
    [185] = { "net_add_multicast_address", 4, 0 },
    [186] = { "net_remove_multicast_address", 4, 0 },
    [187] = { "net_start_tx_dma", 4, 0, ps3_net_start_tx_dma },
    [188] = { "net_stop_tx_dma", 2, 0 },
    [189] = { "net_start_rx_dma", 4, 0 },
    [190] = { "net_stop_rx_dma", 2, 0 },
    [191] = { "net_set_interrupt_status_indicator", 4, 0 },
    [193] = { "net_set_interrupt_mask", 4, 0 },
    [194] = { "net_control", 6, 2, ps3_net_control },
    [197] = { "connect_interrupt_event_receive_port", 4, 0 },
    [198] = { "disconnect_interrupt_event_receive_port", 4, 0 },
    [199] = { "get_spe_all_interrupt_statuses", 1, 1 },
    [202] = { "deconfigure_virtual_uart_irq", 0, 0,
              ps3_deconfigure_virtual_uart_irq },
    [207] = { "enable_logical_spe", 2, 0, ps3_enable_logical_spe },
    [210] = { "gpu_open", 1, 0 },
    [211] = { "gpu_close", 0, 0 },
    [212] = { "gpu_device_map", 1, 2 },
    [213] = { "gpu_device_unmap", 1, 0 },
    [214] = { "gpu_memory_allocate", 5, 2 },
    [216] = { "gpu_memory_free", 1, 0 },
    [217] = { "gpu_context_allocate", 2, 5 },
    [218] = { "gpu_context_free", 1, 0 },
    [221] = { "gpu_context_iomap", 5, 0 },
    [225] = { "gpu_context_attribute", 6, 0 },
    [227] = { "gpu_context_intr", 1, 1 },
    [228] = { "gpu_attribute", 3, 0 },
    [232] = { "get_rtc", 0, 2, ps3_get_rtc },
    [240] = { "set_ppe_periodic_tracer_frequency", 1, 0 },
    [241] = { "start_ppe_periodic_tracer", 5, 0 },
    [242] = { "stop_ppe_periodic_tracer", 1, 1 },
    [245] = { "storage_read", 6, 1 },
    [246] = { "storage_write", 6, 1 },
    [248] = { "storage_send_device_command", 6, 1 },
    [249] = { "storage_get_async_status", 1, 2 },
    [254] = { "storage_check_async_status", 2, 1 },
    [255] = { "panic", 1, 0, ps3_call_panic },
};

/*
 * Change all that a call may change besides its results: the registers that a C
 * function may change, and SRR0 and SRR1, which change when the hypervisor
 * itself takes interrupts.
 */
static void clobber(CPUPPCState *env, unsigned results)
{
    const uint64_t junk = 0xdead0000c10bbe5eULL;

    env->gpr[0] = junk;
    for (unsigned i = 4 + results; i <= 12; i++) {
        env->gpr[i] = junk;
    }
    env->ctr = junk;
    env->lr = junk;
    cpu_write_xer(env, 0);
    env->crf[0] = env->crf[1] = 0xf;
    env->crf[5] = env->crf[6] = env->crf[7] = 0xf;
    env->spr[SPR_SRR0] = junk;
    env->spr[SPR_SRR1] = junk;
}

void ps3_hypercall(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    PS3MachineState *s = PS3_MACHINE(vhyp);
    CPUPPCState *env = &cpu->env;
    const PS3CallInfo *call = NULL;
    uint64_t number = env->gpr[11];
    uint64_t in[PS3_MAX_ARGS], out[PS3_MAX_RESULTS] = { };
    unsigned t = ps3_thread_of(s, cpu), results = 0;
    int64_t status;

    ps3_irq_not_paused(s, t);
    memcpy(in, &env->gpr[3], sizeof(in));
    if (number < ARRAY_SIZE(ps3_calls) && ps3_calls[number].name) {
        call = &ps3_calls[number];
    }
    if (FIELD_EX64(env->msr, MSR, PR)) {
        qemu_log_mask(LOG_GUEST_ERROR, "ps3: call %" PRIu64 " in problem "
                      "state\n", number);
        status = LV1_NO_PRIVILEGE;
    } else if (!call || !call->function) {
        qemu_log_mask(LOG_UNIMP, "ps3: call %" PRIu64 " (%s) is not "
                      "implemented\n", number, call ? call->name : "no name");
        status = LV1_NOT_IMPLEMENTED;
    } else {
        trace_ps3_call(t, call->name, in[0], in[1], in[2], in[3], in[4],
                       in[5]);
        status = call->function(s, cpu, in, out);
        trace_ps3_return(t, call->name, status, out[0], out[1], out[2]);
    }
    if (!status) {
        results = call->results;
        memcpy(&env->gpr[4], out, results * sizeof(out[0]));
    }
    env->gpr[3] = status;
    if (s->clobber) {
        clobber(env, results);
    }
}
