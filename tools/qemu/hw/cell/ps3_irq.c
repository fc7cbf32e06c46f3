/*
 * PlayStation 3: interrupts, and threads that wait for them
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each source of interrupts has an outlet.  Connected to a plug of a thread, it
 * sets that plug's bit in the thread's status bitmap, which lies in the
 * guest's memory with the mask behind it: 256 bits each, from the left.  A
 * thread has an external interrupt while there is a bit in both.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/host-utils.h"
#include "cpu.h"
#include "hw/cell/ps3.h"
#include "hw/ppc/ppc.h"
#include "migration/vmstate.h"
#include "system/address-spaces.h"
#include "trace.h"

#define BITMAP_SIZE     (PS3_PLUGS / 8)

/* Pausing threads */

/*
 * With MSR[EE] = 0 an interrupt ends a pause and stays pending, but does not
 * wake a halted vCPU.
 */
static void pause_end(PS3MachineState *s, unsigned t)
{
    CPUState *cs = CPU(s->thread[t].cpu);

    if (s->irq.paused[t]) {
        ps3_irq_not_paused(s, t);
        cpu_reset_interrupt(cs, CPU_INTERRUPT_HALT);
        cs->halted = 0;
        qemu_cpu_kick(cs);
    }
}

void ps3_irq_not_paused(PS3MachineState *s, unsigned t)
{
    s->irq.paused[t] = false;
    timer_del(s->irq.pause_end[t]);
}

static void pause_end_0(void *opaque)
{
    pause_end(opaque, 0);
}

static void pause_end_1(void *opaque)
{
    pause_end(opaque, 1);
}

/*
 * Pause until there is an interrupt on a plug that is not masked (1), or that
 * or the decrementer's interrupt (0).  MSR[EE] does not matter.
 *
 * Linux pauses without the decrementer only at its end: after a panic, or when
 * it has told the system manager that it halts (ps3_panic() and
 * ps3_sys_manager_fin()).
 */
int64_t ps3_pause(PS3MachineState *s, PowerPCCPU *cpu, const uint64_t *in,
                  uint64_t *out)
{
    CPUPPCState *env = &cpu->env;
    CPUState *cs = CPU(cpu);
    uint32_t wakes = PPC_INTERRUPT_EXT | (in[0] ? 0 : PPC_INTERRUPT_DECR);
    int32_t decr = cpu_ppc_load_decr(env);
    unsigned t = ps3_thread_of(s, cpu);

    if (in[0] > 1) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (in[0] == 1) {
        ps3_panic(s);
    }
    if (env->pending_interrupts & wakes || (!in[0] && decr < 0)) {
        return LV1_SUCCESS;
    }
    if (!FIELD_EX64(env->msr, MSR, EE)) {
        s->irq.paused[t] = true;
        if (!in[0]) {
            timer_mod(s->irq.pause_end[t],
                      qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                      muldiv64((uint64_t)decr + 1, NANOSECONDS_PER_SECOND,
                               PS3_TIMEBASE_FREQ));
        }
    }
    /*
     * Do not set cs->halted: this call is made in the middle of the vCPU's
     * loop, and an interrupt that comes before the loop ends would be delivered
     * to a vCPU that then halts, at the vector, with MSR[EE] = 0.
     */
    cpu_interrupt(cs, CPU_INTERRUPT_HALT);
    return LV1_SUCCESS;
}

/* Bitmaps */

/* Does the guest still have memory there? */
static bool has_bitmap(PS3MachineState *s, unsigned t)
{
    return s->irq.bitmap[t] &&
           ps3_memory_is_ram(s, s->irq.bitmap[t], 2 * BITMAP_SIZE);
}

static uint64_t bitmap_load(hwaddr addr)
{
    return address_space_ldq_be(&address_space_memory, addr,
                                MEMTXATTRS_UNSPECIFIED, NULL);
}

static void thread_update(PS3MachineState *s, unsigned t)
{
    hwaddr status = s->irq.bitmap[t];
    bool level = false;

    if (!s->thread[t].cpu) {
        return;
    }
    for (unsigned i = 0; has_bitmap(s, t) && i < BITMAP_SIZE; i += 8) {
        if (bitmap_load(status + i) & bitmap_load(status + BITMAP_SIZE + i)) {
            level = true;
        }
    }
    ppc_set_irq(s->thread[t].cpu, PPC_INTERRUPT_EXT, level);
    if (level) {
        pause_end(s, t);
    }
}

/* The guest may change other bits of the doubleword at the same time. */
static void status_set(PS3MachineState *s, unsigned t, unsigned plug, bool set)
{
    uint64_t bit = cpu_to_be64(BIT_ULL(63 - plug % 64));
    hwaddr len = sizeof(bit);
    uint64_t *p;

    if (has_bitmap(s, t)) {
        p = address_space_map(&address_space_memory,
                              s->irq.bitmap[t] + plug / 64 * 8, &len, true,
                              MEMTXATTRS_UNSPECIFIED);
        if (set) {
            qatomic_or(p, bit);
        } else {
            qatomic_and(p, ~bit);
        }
        address_space_unmap(&address_space_memory, p, len, true, len);
    }
    thread_update(s, t);
}

/* Outlets */

static void outlet_raise(PS3MachineState *s, PS3Outlet *o)
{
    if (o->exists && o->connected) {
        status_set(s, o->thread, o->plug, true);
    }
}

static void outlet_disconnect(PS3MachineState *s, PS3Outlet *o)
{
    if (o->connected) {
        o->connected = false;
        status_set(s, o->thread, o->plug, false);
    }
}

void ps3_outlet_create(PS3MachineState *s, unsigned outlet)
{
    s->irq.outlet[outlet].exists = true;
}

void ps3_outlet_destroy(PS3MachineState *s, unsigned outlet)
{
    outlet_disconnect(s, &s->irq.outlet[outlet]);
    s->irq.outlet[outlet].exists = false;
}

void ps3_outlet_set_level(PS3MachineState *s, unsigned outlet, bool level)
{
    PS3Outlet *o = &s->irq.outlet[outlet];
    bool rises = level && !o->level;

    o->level = level;
    if (rises) {
        trace_ps3_outlet_raise(outlet);
        outlet_raise(s, o);
    }
}

static PS3Outlet *outlet_of_plug(PS3MachineState *s, unsigned t, unsigned plug)
{
    for (unsigned i = 0; i < PS3_OUTLETS; i++) {
        PS3Outlet *o = &s->irq.outlet[i];

        if (o->connected && o->thread == t && o->plug == plug) {
            return o;
        }
    }
    return NULL;
}

/* Calls */

/* PPE, thread, address, or 0: none */
int64_t ps3_configure_irq_state_bitmap(PS3MachineState *s, PowerPCCPU *cpu,
                                       const uint64_t *in, uint64_t *out)
{
    if (!ps3_thread_exists(s, in[0], in[1]) || in[2] % (2 * BITMAP_SIZE)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (in[2] && !ps3_memory_is_ram(s, in[2], 2 * BITMAP_SIZE)) {
        return LV1_ACCESS_VIOLATION;
    }
    s->irq.bitmap[in[1]] = in[2];
    thread_update(s, in[1]);
    return LV1_SUCCESS;
}

/* PPE, thread, plug, outlet, 0 */
int64_t ps3_connect_irq_plug_ext(PS3MachineState *s, PowerPCCPU *cpu,
                                 const uint64_t *in, uint64_t *out)
{
    PS3Outlet *o;

    if (!ps3_thread_exists(s, in[0], in[1]) || in[2] >= PS3_PLUGS ||
        in[3] >= PS3_OUTLETS || !s->irq.outlet[in[3]].exists) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    o = &s->irq.outlet[in[3]];
    if (o->connected || outlet_of_plug(s, in[1], in[2])) {
        return LV1_BUSY;
    }
    trace_ps3_plug(in[1], in[2], in[3]);
    o->connected = true;
    o->thread = in[1];
    o->plug = in[2];
    if (o->level) {
        outlet_raise(s, o);
    }
    return LV1_SUCCESS;
}

/* PPE, thread, plug */
int64_t ps3_disconnect_irq_plug_ext(PS3MachineState *s, PowerPCCPU *cpu,
                                    const uint64_t *in, uint64_t *out)
{
    PS3Outlet *o;

    if (!ps3_thread_exists(s, in[0], in[1]) || in[2] >= PS3_PLUGS) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    o = outlet_of_plug(s, in[1], in[2]);
    if (!o) {
        return LV1_NO_ENTRY;
    }
    outlet_disconnect(s, o);
    return LV1_SUCCESS;
}

/* -> outlet */
int64_t ps3_construct_event_receive_port(PS3MachineState *s, PowerPCCPU *cpu,
                                         const uint64_t *in, uint64_t *out)
{
    for (unsigned i = PS3_OUTLET_PORT; i < PS3_OUTLETS; i++) {
        if (!s->irq.outlet[i].exists) {
            ps3_outlet_create(s, i);
            out[0] = i;
            return LV1_SUCCESS;
        }
    }
    return LV1_RESOURCE_SHORTAGE;
}

static bool is_event_port(PS3MachineState *s, uint64_t outlet)
{
    return outlet >= PS3_OUTLET_PORT && outlet < PS3_OUTLETS &&
           s->irq.outlet[outlet].exists;
}

/* Outlet */
int64_t ps3_destruct_event_receive_port(PS3MachineState *s, PowerPCCPU *cpu,
                                        const uint64_t *in, uint64_t *out)
{
    if (!is_event_port(s, in[0])) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    ps3_outlet_destroy(s, in[0]);
    return LV1_SUCCESS;
}

/* Outlet */
int64_t ps3_send_event_locally(PS3MachineState *s, PowerPCCPU *cpu,
                               const uint64_t *in, uint64_t *out)
{
    if (!is_event_port(s, in[0])) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    outlet_raise(s, &s->irq.outlet[in[0]]);
    return LV1_SUCCESS;
}

/* PPE, thread, plug: its status is cleared, unless its source is still up */
int64_t ps3_end_of_interrupt_ext(PS3MachineState *s, PowerPCCPU *cpu,
                                 const uint64_t *in, uint64_t *out)
{
    PS3Outlet *o;

    if (!ps3_thread_exists(s, in[0], in[1]) || in[2] >= PS3_PLUGS) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    o = outlet_of_plug(s, in[1], in[2]);
    status_set(s, in[1], in[2], o && o->level);
    return LV1_SUCCESS;
}

/* PPE, thread: its mask was changed */
int64_t ps3_did_update_interrupt_mask(PS3MachineState *s, PowerPCCPU *cpu,
                                      const uint64_t *in, uint64_t *out)
{
    if (!ps3_thread_exists(s, in[0], in[1])) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    thread_update(s, in[1]);
    return LV1_SUCCESS;
}

/* Life */

void ps3_irq_init(PS3MachineState *s)
{
    static QEMUTimerCB *const end[] = { pause_end_0, pause_end_1 };

    for (unsigned t = 0; t < CELL_PPE_THREADS; t++) {
        s->irq.pause_end[t] = timer_new_ns(QEMU_CLOCK_VIRTUAL, end[t], s);
    }
}

/* To be called after the SPEs' reset, so that their outlets are silent */
void ps3_irq_reset(PS3MachineState *s)
{
    memset(s->irq.outlet, 0, sizeof(s->irq.outlet));
    for (unsigned t = 0; t < CELL_PPE_THREADS; t++) {
        s->irq.bitmap[t] = 0;
        ps3_irq_not_paused(s, t);
        thread_update(s, t);
    }
}

/* The CPUs' own state does not include their interrupt lines. */
static int irq_post_load(void *opaque, int version_id)
{
    PS3MachineState *s = container_of(opaque, PS3MachineState, irq);

    for (unsigned t = 0; t < CELL_PPE_THREADS; t++) {
        thread_update(s, t);
    }
    return 0;
}

static bool outlet_valid(void *opaque, int version_id)
{
    PS3Outlet *o = opaque;

    return o->thread < CELL_PPE_THREADS;
}

static const VMStateDescription vmstate_ps3_outlet = {
    .name = "ps3-outlet",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(exists, PS3Outlet),
        VMSTATE_BOOL(level, PS3Outlet),
        VMSTATE_BOOL(connected, PS3Outlet),
        VMSTATE_UINT8(thread, PS3Outlet),
        VMSTATE_UINT8(plug, PS3Outlet),
        VMSTATE_VALIDATE("thread", outlet_valid),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_ps3_irq = {
    .name = "ps3-interrupts",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = irq_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(outlet, PS3Interrupts, PS3_OUTLETS, 1,
                             vmstate_ps3_outlet, PS3Outlet),
        VMSTATE_UINT64_ARRAY(bitmap, PS3Interrupts, CELL_PPE_THREADS),
        VMSTATE_BOOL_ARRAY(paused, PS3Interrupts, CELL_PPE_THREADS),
        VMSTATE_TIMER_PTR_ARRAY(pause_end, PS3Interrupts, CELL_PPE_THREADS),
        VMSTATE_END_OF_LIST()
    },
};
