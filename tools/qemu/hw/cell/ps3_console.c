/*
 * PlayStation 3: a console
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hypervisor offers none to its guests.  A kernel with
 * CONFIG_PPC_EARLY_DEBUG_MEMCONS has two buffers for output and input in its
 * memory, described by its symbol "memcons": six pointers, to the start,
 * position and end of each (arch/powerpc/sysdev/udbg_memcons.c).  They are
 * checked every millisecond of virtual time, as if through a debugger, so
 * output beyond the size of a buffer is lost.  Output through the
 * network device comes here as well: ps3_net.c.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/cell/ps3.h"
#include "migration/vmstate.h"
#include "system/address-spaces.h"
#include "system/system.h"

#define POLL_NS         1000000

/* Pointers of memcons */
enum {
    OUTPUT_START,
    OUTPUT_POS,
    OUTPUT_END,
    INPUT_START,
    INPUT_POS,
    INPUT_END,
    POINTERS,
};

#define MAX_BUFFER      (16 * MiB)

/* A circular buffer must be in the guest's memory, its pointers in order. */
static bool buffer_valid(PS3MachineState *s, uint64_t start, uint64_t pos,
                         uint64_t end)
{
    return start < end && end - start <= MAX_BUFFER && pos >= start &&
           pos < end && ps3_memory_is_ram(s, start, end - start);
}

static void load_pointers(PS3MachineState *s, uint64_t p[POINTERS])
{
    for (unsigned i = 0; i < POINTERS; i++) {
        uint64_t val = address_space_ldq_be(&address_space_memory,
                                            s->console.memcons + 8 * i,
                                            MEMTXATTRS_UNSPECIFIED, NULL);

        p[i] = cell_kernel_to_real(val);
    }
}

void ps3_console_write(PS3MachineState *s, const uint8_t *text, size_t len)
{
    /* Without a chardev this does nothing. */
    qemu_chr_fe_write_all(&s->console.chr, text, len);
}

static void output(PS3MachineState *s, const uint64_t p[POINTERS])
{
    PS3Console *c = &s->console;
    uint8_t text[256];

    if (!buffer_valid(s, p[OUTPUT_START], p[OUTPUT_POS], p[OUTPUT_END])) {
        return;
    }
    if (c->read < p[OUTPUT_START] || c->read >= p[OUTPUT_END]) {
        c->read = p[OUTPUT_START];
    }
    while (c->read != p[OUTPUT_POS]) {
        uint64_t end = p[OUTPUT_POS] > c->read ? p[OUTPUT_POS] : p[OUTPUT_END];
        size_t len = MIN(end - c->read, sizeof(text));

        address_space_read(&address_space_memory, c->read,
                           MEMTXATTRS_UNSPECIFIED, text, len);
        ps3_console_write(s, text, len);
        c->read += len;
        if (c->read == p[OUTPUT_END]) {
            c->read = p[OUTPUT_START];
        }
    }
}

/*
 * Input may be written if the kernel has taken all earlier input: its position
 * is the start, and holds a zero.  The first character is written last, when
 * the others and the zero after them are in place.
 */
static void input(PS3MachineState *s, const uint64_t p[POINTERS])
{
    PS3Console *c = &s->console;
    AddressSpace *as = &address_space_memory;
    uint64_t start = p[INPUT_START];
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    size_t len;

    if (!c->input_len ||
        !buffer_valid(s, start, p[INPUT_POS], p[INPUT_END]) ||
        p[INPUT_POS] != start || p[INPUT_END] - start < 2 ||
        address_space_ldub(as, start, attrs, NULL)) {
        return;
    }
    len = MIN(c->input_len, p[INPUT_END] - start - 1);
    address_space_stb(as, start + len, 0, attrs, NULL);
    address_space_write(as, start + 1, attrs, c->input + 1, len - 1);
    /* The kernel reads all of it as soon as it sees the first character. */
    smp_wmb();
    address_space_stb(as, start, c->input[0], attrs, NULL);
    c->input_len -= len;
    memmove(c->input, c->input + len, c->input_len);
    qemu_chr_fe_accept_input(&c->chr);
}

void ps3_console_flush(PS3MachineState *s)
{
    uint64_t p[POINTERS];

    if (s->console.memcons) {
        load_pointers(s, p);
        output(s, p);
    }
}

static void console_poll(void *opaque)
{
    PS3MachineState *s = opaque;
    uint64_t p[POINTERS];

    load_pointers(s, p);
    output(s, p);
    input(s, p);
    timer_mod(s->console.poll,
              qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + POLL_NS);
}

static int console_can_receive(void *opaque)
{
    PS3MachineState *s = opaque;

    return PS3_CONSOLE_INPUT - s->console.input_len;
}

static void console_receive(void *opaque, const uint8_t *buf, int len)
{
    PS3Console *c = &PS3_MACHINE(opaque)->console;

    memcpy(c->input + c->input_len, buf, len);
    c->input_len += len;
}

/* Life */

void ps3_console_symbol(const char *name, int info, uint64_t value,
                        uint64_t size)
{
    /* The loader has no other way to tell for which machine this is. */
    PS3MachineState *s = PS3_MACHINE(qdev_get_machine());

    if (!strcmp(name, "memcons") && size == 8 * POINTERS &&
        cell_kernel_to_real(value) <= PS3_BOOT_SIZE - size) {
        s->console.memcons = cell_kernel_to_real(value);
    }
}

/* To be called when the kernel is known */
void ps3_console_init(PS3MachineState *s)
{
    PS3Console *c = &s->console;

    c->poll = timer_new_ns(QEMU_CLOCK_VIRTUAL, console_poll, s);
    if (!serial_hd(0)) {
        return;
    }
    qemu_chr_fe_init(&c->chr, serial_hd(0), &error_fatal);
    if (c->memcons) {
        qemu_chr_fe_set_handlers(&c->chr, console_can_receive,
                                 console_receive, NULL, NULL, s, NULL, true);
    }
}

void ps3_console_reset(PS3MachineState *s)
{
    s->console.read = 0;
    s->console.input_len = 0;
    if (s->console.memcons) {
        timer_mod(s->console.poll,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + POLL_NS);
    }
}

static bool console_valid(void *opaque, int version_id)
{
    PS3Console *c = opaque;

    return c->input_len <= PS3_CONSOLE_INPUT;
}

/* memcons itself comes from the kernel, with which both sides are started. */
const VMStateDescription vmstate_ps3_console = {
    .name = "ps3-console",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(poll, PS3Console),
        VMSTATE_UINT64(read, PS3Console),
        VMSTATE_UINT8_ARRAY(input, PS3Console, PS3_CONSOLE_INPUT),
        VMSTATE_UINT32(input_len, PS3Console),
        VMSTATE_VALIDATE("length", console_valid),
        VMSTATE_END_OF_LIST()
    },
};
