/*
 * PlayStation 3: virtual UARTs, and the system manager at the end of one
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Messages to and from the system manager have a header of 16 bytes and a
 * payload (Linux's drivers/ps3/ps3-sys-manager.c).  The system manager takes a
 * message as soon as it is complete, so there is always room for more.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/cell/ps3.h"
#include "migration/vmstate.h"
#include "system/address-spaces.h"
#include "trace.h"

/* Parameters of a port */
enum {
    PARAM_TX_TRIGGER,
    PARAM_RX_TRIGGER,
    PARAM_INTERRUPT_MASK,
    PARAM_RX_BUF_SIZE,
    PARAM_RX_BYTES,
    PARAM_TX_BUF_SIZE,
    PARAM_TX_BYTES,
    PARAM_INTERRUPT_STATUS,
};

#define INTERRUPT_TX        1
#define INTERRUPT_RX        2

/* The bitmap of ports that want attention */
#define PORTS_BITMAP_SIZE   32

/* Messages: version, size of the header, sizes and numbers big endian */
#define SM_HEADER_SIZE      16
#define SM_PAYLOAD_SIZE     16
#define   SM_VERSION            0       /* u8: 1 */
#define   SM_SIZE               1       /* u8: 16 */
#define   SM_LENGTH             4       /* u32: of the payload */
#define   SM_SERVICE            8       /* u16 */

enum {
    SM_REQUEST          = 1,    /* guest: asks to shut down */
    SM_RESPONSE         = 2,    /* guest: is ready, shut it down now */
    SM_COMMAND          = 3,    /* system manager: shut down */
    SM_SET_NEXT_OP      = 5,    /* guest: what to do after that */
    SM_SET_ATTR         = 8,    /* guest: which events it wants to see */
};

enum {
    SM_NEXT_OP_SHUTDOWN     = 1,
    SM_NEXT_OP_REBOOT       = 2,
    SM_NEXT_OP_LPAR_REBOOT  = 0x82,
};

/* Interrupts: a level, for all ports together */

static uint64_t port_status(PS3VUART *u)
{
    uint64_t status = 0;

    if (sizeof(u->tx) - u->tx_len >= u->tx_trigger) {
        status |= INTERRUPT_TX;
    }
    /* The trigger is the room that is left when it is time to read. */
    if (u->rx_len && sizeof(u->rx) - u->rx_len <= u->rx_trigger) {
        status |= INTERRUPT_RX;
    }
    return status;
}

static void vuart_update(PS3MachineState *s)
{
    uint64_t ports = 0;

    for (unsigned i = 0; i < PS3_VUART_PORTS; i++) {
        PS3VUART *u = &s->vuart.port[i];

        if (port_status(u) & u->interrupt_mask) {
            ports |= BIT_ULL(63 - i);
        }
    }
    if (s->vuart.bitmap &&
        ps3_memory_is_ram(s, s->vuart.bitmap, PORTS_BITMAP_SIZE)) {
        address_space_stq_be(&address_space_memory, s->vuart.bitmap, ports,
                             MEMTXATTRS_UNSPECIFIED, NULL);
    }
    ps3_outlet_set_level(s, PS3_OUTLET_VUART, s->vuart.bitmap && ports);
}

/* The system manager */

static void sysmgr_send_shutdown(PS3MachineState *s)
{
    PS3VUART *u = &s->vuart.port[PS3_VUART_SYSMGR];
    uint8_t message[SM_HEADER_SIZE + SM_PAYLOAD_SIZE] = {
        [SM_VERSION] = 1,
        [SM_SIZE] = SM_HEADER_SIZE,
        [SM_LENGTH + 3] = SM_PAYLOAD_SIZE,
        [SM_SERVICE + 1] = SM_COMMAND,
        [SM_HEADER_SIZE] = 1,           /* version of the payload */
        [SM_HEADER_SIZE + 1] = 1,       /* shut down */
    };

    /* A guest that does not read its messages gets no more. */
    if (sizeof(u->rx) - u->rx_len >= sizeof(message)) {
        memcpy(u->rx + u->rx_len, message, sizeof(message));
        u->rx_len += sizeof(message);
    }
}

static void sysmgr_message(PS3MachineState *s, const uint8_t *message,
                           uint32_t payload_len)
{
    unsigned service = lduw_be_p(message + SM_SERVICE);
    /* The payload's second byte says what the message is about. */
    unsigned type = payload_len > 1 ? message[SM_HEADER_SIZE + 1] : 0;

    trace_ps3_sysmgr(service, type);
    switch (service) {
    case SM_REQUEST:
        sysmgr_send_shutdown(s);
        break;
    case SM_RESPONSE:
        if (s->vuart.next_op == SM_NEXT_OP_REBOOT ||
            s->vuart.next_op == SM_NEXT_OP_LPAR_REBOOT) {
            ps3_restart(s);
        } else {
            ps3_power_off(s);
        }
        break;
    case SM_SET_NEXT_OP:
        s->vuart.next_op = type;
        break;
    case SM_SET_ATTR:
        /* No such event happens here: there is neither a button nor heat. */
        break;
    default:
        qemu_log_mask(LOG_UNIMP, "ps3: system manager: service %u is not "
                      "implemented\n", service);
    }
}

/* Take complete messages. */
static void sysmgr_receive(PS3MachineState *s)
{
    PS3VUART *u = &s->vuart.port[PS3_VUART_SYSMGR];

    while (u->tx_len >= SM_HEADER_SIZE) {
        uint32_t payload_len = ldl_be_p(u->tx + SM_LENGTH);
        uint32_t len = SM_HEADER_SIZE + payload_len;

        if (u->tx[SM_VERSION] != 1 || u->tx[SM_SIZE] != SM_HEADER_SIZE ||
            payload_len > sizeof(u->tx) - SM_HEADER_SIZE) {
            qemu_log_mask(LOG_GUEST_ERROR, "ps3: system manager: not a "
                          "message, dropped %u bytes\n", u->tx_len);
            u->tx_len = 0;
            return;
        }
        if (u->tx_len < len) {
            return;
        }
        sysmgr_message(s, u->tx, payload_len);
        u->tx_len -= len;
        memmove(u->tx, u->tx + len, u->tx_len);
    }
}

/* Calls */

static PS3VUART *port_of(PS3MachineState *s, uint64_t n)
{
    return n < PS3_VUART_PORTS ? &s->vuart.port[n] : NULL;
}

/* Port, address, length -> length */
int64_t ps3_read_virtual_uart(PS3MachineState *s, PowerPCCPU *cpu,
                              const uint64_t *in, uint64_t *out)
{
    PS3VUART *u = port_of(s, in[0]);
    uint64_t len;

    if (!u) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (!ps3_memory_is_ram(s, in[1], in[2])) {
        return LV1_ACCESS_VIOLATION;
    }
    len = MIN(in[2], u->rx_len);
    address_space_write(&address_space_memory, in[1], MEMTXATTRS_UNSPECIFIED,
                        u->rx, len);
    u->rx_len -= len;
    memmove(u->rx, u->rx + len, u->rx_len);
    vuart_update(s);
    out[0] = len;
    return LV1_SUCCESS;
}

/* Port, address, length -> length */
int64_t ps3_write_virtual_uart(PS3MachineState *s, PowerPCCPU *cpu,
                               const uint64_t *in, uint64_t *out)
{
    PS3VUART *u = port_of(s, in[0]);
    uint64_t len;

    if (!u) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (!ps3_memory_is_ram(s, in[1], in[2])) {
        return LV1_ACCESS_VIOLATION;
    }
    len = MIN(in[2], sizeof(u->tx) - u->tx_len);
    address_space_read(&address_space_memory, in[1], MEMTXATTRS_UNSPECIFIED,
                       u->tx + u->tx_len, len);
    u->tx_len += len;
    if (in[0] == PS3_VUART_SYSMGR) {
        sysmgr_receive(s);
    } else {
        qemu_log_mask(LOG_UNIMP, "ps3: virtual UART %" PRIu64 " is not "
                      "connected\n", in[0]);
        u->tx_len = 0;
    }
    vuart_update(s);
    out[0] = len;
    return LV1_SUCCESS;
}

/* Port, parameter, value */
int64_t ps3_set_virtual_uart_param(PS3MachineState *s, PowerPCCPU *cpu,
                                   const uint64_t *in, uint64_t *out)
{
    PS3VUART *u = port_of(s, in[0]);

    if (!u) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    switch (in[1]) {
    case PARAM_TX_TRIGGER:
        u->tx_trigger = in[2];
        break;
    case PARAM_RX_TRIGGER:
        u->rx_trigger = in[2];
        break;
    case PARAM_INTERRUPT_MASK:
        u->interrupt_mask = in[2];
        break;
    default:
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    vuart_update(s);
    return LV1_SUCCESS;
}

/* Port, parameter -> value */
int64_t ps3_get_virtual_uart_param(PS3MachineState *s, PowerPCCPU *cpu,
                                   const uint64_t *in, uint64_t *out)
{
    PS3VUART *u = port_of(s, in[0]);

    if (!u) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    switch (in[1]) {
    case PARAM_TX_TRIGGER:
        out[0] = u->tx_trigger;
        break;
    case PARAM_RX_TRIGGER:
        out[0] = u->rx_trigger;
        break;
    case PARAM_INTERRUPT_MASK:
        out[0] = u->interrupt_mask;
        break;
    case PARAM_RX_BUF_SIZE:
        out[0] = sizeof(u->rx);
        break;
    case PARAM_RX_BYTES:
        out[0] = u->rx_len;
        break;
    case PARAM_TX_BUF_SIZE:
        out[0] = sizeof(u->tx);
        break;
    case PARAM_TX_BYTES:
        out[0] = u->tx_len;
        break;
    case PARAM_INTERRUPT_STATUS:
        out[0] = port_status(u);
        break;
    default:
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    return LV1_SUCCESS;
}

/* Address of the bitmap of ports -> outlet */
int64_t ps3_configure_virtual_uart_irq(PS3MachineState *s, PowerPCCPU *cpu,
                                       const uint64_t *in, uint64_t *out)
{
    if (!in[0] || in[0] % PORTS_BITMAP_SIZE) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (!ps3_memory_is_ram(s, in[0], PORTS_BITMAP_SIZE)) {
        return LV1_ACCESS_VIOLATION;
    }
    if (s->vuart.bitmap) {
        return LV1_BUSY;
    }
    s->vuart.bitmap = in[0];
    ps3_outlet_create(s, PS3_OUTLET_VUART);
    vuart_update(s);
    out[0] = PS3_OUTLET_VUART;
    return LV1_SUCCESS;
}

/* The plug stays connected: Linux disconnects it later, which must succeed. */
int64_t ps3_deconfigure_virtual_uart_irq(PS3MachineState *s, PowerPCCPU *cpu,
                                         const uint64_t *in, uint64_t *out)
{
    if (!s->vuart.bitmap) {
        return LV1_WRONG_STATE;
    }
    s->vuart.bitmap = 0;
    vuart_update(s);
    return LV1_SUCCESS;
}

/* Life */

void ps3_vuart_reset(PS3MachineState *s)
{
    memset(&s->vuart, 0, sizeof(s->vuart));
}

static bool vuart_valid(void *opaque, int version_id)
{
    PS3VUART *u = opaque;

    return u->tx_len <= sizeof(u->tx) && u->rx_len <= sizeof(u->rx);
}

static const VMStateDescription vmstate_ps3_vuart = {
    .name = "ps3-vuart",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(tx_trigger, PS3VUART),
        VMSTATE_UINT64(rx_trigger, PS3VUART),
        VMSTATE_UINT64(interrupt_mask, PS3VUART),
        VMSTATE_UINT8_ARRAY(tx, PS3VUART, PS3_VUART_BUFFER),
        VMSTATE_UINT8_ARRAY(rx, PS3VUART, PS3_VUART_BUFFER),
        VMSTATE_UINT32(tx_len, PS3VUART),
        VMSTATE_UINT32(rx_len, PS3VUART),
        VMSTATE_VALIDATE("lengths", vuart_valid),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_ps3_vuarts = {
    .name = "ps3-vuarts",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(port, PS3VUARTs, PS3_VUART_PORTS, 1,
                             vmstate_ps3_vuart, PS3VUART),
        VMSTATE_UINT64(bitmap, PS3VUARTs),
        VMSTATE_UINT8(next_op, PS3VUARTs),
        VMSTATE_END_OF_LIST()
    },
};
