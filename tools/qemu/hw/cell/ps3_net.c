/*
 * PlayStation 3: the network device, as far as a console needs it
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Linux prints its first messages as UDP broadcasts of the built-in Ethernet
 * ("gelic": arch/powerpc/platforms/ps3/gelic_udbg.c).  Such frames go to the
 * console, other frames are dropped, and nothing is received.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/cell/ps3.h"
#include "migration/vmstate.h"
#include "net/eth.h"
#include "system/address-spaces.h"
#include "trace.h"

#define GELIC_BUS_ID            1
#define GELIC_DEVICE_ID         0

/* net_control */
#define GELIC_GET_MAC_ADDRESS   1
#define GELIC_MAC_ADDRESS       0x525400123456ULL

/* A descriptor's words: buffer, its size, next descriptor, command or status */
#define DESCRIPTOR_SIZE         32
#define DESCRIPTOR_STATUS       12

#define DEBUG_PORT              18194
#define FRAME_HEADER            (sizeof(struct eth_header) + \
                                 sizeof(struct ip_header) + \
                                 sizeof(struct udp_header))
#define MAX_FRAME               1520

/* DMA: each region has its own part of the bus's 32-bit addresses. */

static uint64_t region_base(unsigned region)
{
    return (1 + region) * (uint64_t)PS3_NET_REGION_SIZE;
}

/* The region that has all of these bus addresses, or -1 */
static int region_of(PS3Net *net, uint64_t bus, uint64_t len)
{
    for (int i = 0; i < PS3_NET_REGIONS; i++) {
        uint64_t offset = bus - region_base(i);

        if (offset < net->region_len[i] &&
            len <= net->region_len[i] - offset) {
            return i;
        }
    }
    return -1;
}

static void unmap(PS3Net *net, uint64_t bus, uint64_t len)
{
    for (unsigned i = 0; i < PS3_NET_MAPPINGS; i++) {
        if (net->mapping[i].bus - bus < len) {
            net->mapping[i].len = 0;
        }
    }
}

/* The RAM behind bus addresses; false if it is not all there */
static bool dma_translate(PS3MachineState *s, uint64_t bus, uint64_t len,
                          hwaddr *addr)
{
    for (unsigned i = 0; i < PS3_NET_MAPPINGS; i++) {
        PS3DMAMapping *m = &s->net.mapping[i];
        uint64_t offset = bus - m->bus;

        if (offset < m->len && len <= m->len - offset) {
            *addr = m->lpar + offset;
            return ps3_memory_is_ram(s, *addr, len);
        }
    }
    return false;
}

/* Calls */

static bool is_gelic(const uint64_t *in)
{
    return in[0] == GELIC_BUS_ID && in[1] == GELIC_DEVICE_ID;
}

/* LV1_SUCCESS if the device is there and open */
static int64_t check_device(PS3MachineState *s, const uint64_t *in)
{
    if (!is_gelic(in)) {
        return LV1_NO_ENTRY;
    }
    return s->net.open ? LV1_SUCCESS : LV1_WRONG_STATE;
}

/* Bus, device, 0 */
int64_t ps3_open_device(PS3MachineState *s, PowerPCCPU *cpu,
                        const uint64_t *in, uint64_t *out)
{
    if (!is_gelic(in)) {
        return LV1_NO_ENTRY;
    }
    if (s->net.open) {
        return LV1_BUSY;
    }
    s->net.open = true;
    return LV1_SUCCESS;
}

/* Bus, device */
int64_t ps3_close_device(PS3MachineState *s, PowerPCCPU *cpu,
                         const uint64_t *in, uint64_t *out)
{
    int64_t status = check_device(s, in);

    if (!status) {
        ps3_net_reset(s);
    }
    return status;
}

/* Bus, device, size, log2 of the page size, flags -> bus address */
int64_t ps3_allocate_device_dma_region(PS3MachineState *s, PowerPCCPU *cpu,
                                       const uint64_t *in, uint64_t *out)
{
    PS3Net *net = &s->net;
    int64_t status = check_device(s, in);

    if (status) {
        return status;
    }
    if ((in[3] != 12 && in[3] != 16 && in[3] != 20 && in[3] != 24) ||
        !in[2] || in[2] > PS3_NET_REGION_SIZE || in[2] % (1ULL << in[3])) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    for (unsigned i = 0; i < PS3_NET_REGIONS; i++) {
        if (!net->region_len[i]) {
            net->region_len[i] = in[2];
            net->region_shift[i] = in[3];
            out[0] = region_base(i);
            return LV1_SUCCESS;
        }
    }
    return LV1_RESOURCE_SHORTAGE;
}

/* Bus, device, bus address */
int64_t ps3_free_device_dma_region(PS3MachineState *s, PowerPCCPU *cpu,
                                   const uint64_t *in, uint64_t *out)
{
    PS3Net *net = &s->net;
    int64_t status = check_device(s, in);
    int region;

    if (status) {
        return status;
    }
    region = region_of(net, in[2], 1);
    if (region < 0 || in[2] != region_base(region)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    unmap(net, in[2], net->region_len[region]);
    net->region_len[region] = 0;
    return LV1_SUCCESS;
}

/* Bus, device, lpar address, bus address, size, flags */
int64_t ps3_map_device_dma_region(PS3MachineState *s, PowerPCCPU *cpu,
                                  const uint64_t *in, uint64_t *out)
{
    PS3Net *net = &s->net;
    int64_t status = check_device(s, in);
    PS3DMAMapping *place = NULL;
    int region;

    if (status) {
        return status;
    }
    region = region_of(net, in[3], in[4]);
    if (region < 0 || !in[4] ||
        (in[2] | in[3] | in[4]) % (1ULL << net->region_shift[region])) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (!ps3_memory_is_ram(s, in[2], in[4])) {
        return LV1_ACCESS_VIOLATION;
    }
    for (unsigned i = 0; i < PS3_NET_MAPPINGS; i++) {
        PS3DMAMapping *m = &net->mapping[i];

        if (!m->len) {
            place = m;
        } else if (m->bus < in[3] + in[4] && in[3] < m->bus + m->len) {
            return LV1_BUSY;
        }
    }
    if (!place) {
        return LV1_RESOURCE_SHORTAGE;
    }
    *place = (PS3DMAMapping) { .bus = in[3], .lpar = in[2], .len = in[4] };
    return LV1_SUCCESS;
}

/* Bus, device, bus address, size */
int64_t ps3_unmap_device_dma_region(PS3MachineState *s, PowerPCCPU *cpu,
                                    const uint64_t *in, uint64_t *out)
{
    int64_t status = check_device(s, in);

    if (status) {
        return status;
    }
    if (region_of(&s->net, in[2], in[3]) < 0) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    unmap(&s->net, in[2], in[3]);
    return LV1_SUCCESS;
}

/* Bus, device, what, three arguments -> two values */
int64_t ps3_net_control(PS3MachineState *s, PowerPCCPU *cpu,
                        const uint64_t *in, uint64_t *out)
{
    int64_t status = check_device(s, in);

    if (status) {
        return status;
    }
    if (in[2] != GELIC_GET_MAC_ADDRESS) {
        /* Linux asks for the id of a VLAN as well: there is none */
        qemu_log_mask(LOG_UNIMP, "ps3: net_control %" PRIu64 " is not "
                      "implemented\n", in[2]);
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    out[0] = GELIC_MAC_ADDRESS;
    out[1] = 0;
    return LV1_SUCCESS;
}

static void send_frame(PS3MachineState *s, const uint8_t *frame, size_t len)
{
    const struct eth_header *eth = (const void *)frame;
    const struct ip_header *ip = (const void *)(eth + 1);
    const struct udp_header *udp = (const void *)(ip + 1);

    trace_ps3_net_send(len);
    if (len > FRAME_HEADER && be16_to_cpu(eth->h_proto) == ETH_P_IP &&
        ip->ip_p == IP_PROTO_UDP && be16_to_cpu(udp->uh_dport) == DEBUG_PORT) {
        ps3_console_write(s, frame + FRAME_HEADER, len - FRAME_HEADER);
    }
}

/* Bus, device, bus address of a descriptor (one, not a chain), 0 */
int64_t ps3_net_start_tx_dma(PS3MachineState *s, PowerPCCPU *cpu,
                             const uint64_t *in, uint64_t *out)
{
    AddressSpace *as = &address_space_memory;
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    int64_t status = check_device(s, in);
    hwaddr descriptor, buffer;
    uint8_t frame[MAX_FRAME];
    uint32_t len;

    if (status) {
        return status;
    }
    if (!dma_translate(s, in[2], DESCRIPTOR_SIZE, &descriptor)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    len = address_space_ldl_be(as, descriptor + 4, attrs, NULL);
    if (len > MAX_FRAME ||
        !dma_translate(s, address_space_ldl_be(as, descriptor, attrs, NULL),
                       len, &buffer)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    address_space_read(as, buffer, attrs, frame, len);
    send_frame(s, frame, len);
    /* Done: the descriptor is the guest's again. */
    address_space_stl_be(as, descriptor + DESCRIPTOR_STATUS, 0, attrs, NULL);
    return LV1_SUCCESS;
}

/* Life */

void ps3_net_reset(PS3MachineState *s)
{
    memset(&s->net, 0, sizeof(s->net));
}

static bool net_valid(void *opaque, int version_id)
{
    PS3Net *net = opaque;

    for (unsigned i = 0; i < PS3_NET_REGIONS; i++) {
        if (net->region_len[i] > PS3_NET_REGION_SIZE ||
            net->region_shift[i] > 24) {
            return false;
        }
    }
    return true;
}

static const VMStateDescription vmstate_ps3_dma_mapping = {
    .name = "ps3-dma-mapping",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(bus, PS3DMAMapping),
        VMSTATE_UINT64(lpar, PS3DMAMapping),
        VMSTATE_UINT64(len, PS3DMAMapping),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_ps3_net = {
    .name = "ps3-net",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(open, PS3Net),
        VMSTATE_UINT64_ARRAY(region_len, PS3Net, PS3_NET_REGIONS),
        VMSTATE_UINT8_ARRAY(region_shift, PS3Net, PS3_NET_REGIONS),
        VMSTATE_STRUCT_ARRAY(mapping, PS3Net, PS3_NET_MAPPINGS, 1,
                             vmstate_ps3_dma_mapping, PS3DMAMapping),
        VMSTATE_VALIDATE("regions", net_valid),
        VMSTATE_END_OF_LIST()
    },
};
