/*
 * PlayStation 3: the hypervisor's repository
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A partition and four names select a node, which has two values.  The nodes
 * here are those that Linux's arch/powerpc/platforms/ps3/repository.c looks
 * for and that the machine can back.  A guest may create more in its own
 * partition.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/cell/ps3.h"
#include "migration/vmstate.h"

/* bi.spursv: the SPE is for this partition alone */
#define SPE_EXCLUSIVE   BIT_ULL(63)

/* A name: up to eight letters from the left, and an index added to them */
static uint64_t field(const char *text, uint64_t index)
{
    char letters[8] = "";

    memcpy(letters, text, strlen(text));
    return ldq_be_p(letters) + index;
}

/* The first name has its letters, up to four, on the right. */
static uint64_t first_field(const char *text, uint64_t index)
{
    return (field(text, 0) >> 32) + index;
}

static PS3Node *find_node(PS3Node *nodes, unsigned n, uint64_t lpar,
                          const uint64_t name[4])
{
    for (unsigned i = 0; i < n; i++) {
        if (nodes[i].lpar == lpar &&
            !memcmp(nodes[i].name, name, sizeof(nodes[i].name))) {
            return &nodes[i];
        }
    }
    return NULL;
}

static PS3Node *find_fixed(PS3MachineState *s, uint64_t lpar,
                           const uint64_t name[4])
{
    return lpar ? find_node(s->repository.fixed, PS3_FIXED_NODES, lpar, name)
                : NULL;
}

static PS3Node *find_guest(PS3MachineState *s, uint64_t lpar,
                           const uint64_t name[4])
{
    return lpar ? find_node(s->repository.guest, PS3_GUEST_NODES, lpar, name)
                : NULL;
}

/* LPAR, four names -> two values */
int64_t ps3_read_repository_node(PS3MachineState *s, PowerPCCPU *cpu,
                                 const uint64_t *in, uint64_t *out)
{
    PS3Node *node = find_fixed(s, in[0], in + 1) ?:
                    find_guest(s, in[0], in + 1);

    if (!node) {
        qemu_log_mask(LOG_UNIMP, "ps3: no repository node %" PRIu64
                      ": %016" PRIx64 " %016" PRIx64 " %016" PRIx64
                      " %016" PRIx64 "\n", in[0], in[1], in[2], in[3], in[4]);
        return LV1_NO_ENTRY;
    }
    out[0] = node->value[0];
    out[1] = node->value[1];
    return LV1_SUCCESS;
}

/* Four names, two values */
int64_t ps3_create_repository_node(PS3MachineState *s, PowerPCCPU *cpu,
                                   const uint64_t *in, uint64_t *out)
{
    if (find_fixed(s, PS3_LPAR_ID, in) || find_guest(s, PS3_LPAR_ID, in)) {
        return LV1_DUPLICATE_ENTRY;
    }
    for (unsigned i = 0; i < PS3_GUEST_NODES; i++) {
        PS3Node *node = &s->repository.guest[i];

        if (!node->lpar) {
            node->lpar = PS3_LPAR_ID;
            memcpy(node->name, in, sizeof(node->name));
            memcpy(node->value, in + 4, sizeof(node->value));
            return LV1_SUCCESS;
        }
    }
    return LV1_RESOURCE_SHORTAGE;
}

/* A node that the guest may change, or an error */
static int64_t find_own(PS3MachineState *s, const uint64_t name[4],
                        PS3Node **node)
{
    if (find_fixed(s, PS3_LPAR_ID, name)) {
        return LV1_NO_PRIVILEGE;
    }
    *node = find_guest(s, PS3_LPAR_ID, name);
    return *node ? LV1_SUCCESS : LV1_NO_ENTRY;
}

/* Four names, two values */
int64_t ps3_write_repository_node(PS3MachineState *s, PowerPCCPU *cpu,
                                  const uint64_t *in, uint64_t *out)
{
    PS3Node *node;
    int64_t status = find_own(s, in, &node);

    if (!status) {
        memcpy(node->value, in + 4, sizeof(node->value));
    }
    return status;
}

/* Four names */
int64_t ps3_delete_repository_node(PS3MachineState *s, PowerPCCPU *cpu,
                                   const uint64_t *in, uint64_t *out)
{
    PS3Node *node;
    int64_t status = find_own(s, in, &node);

    if (!status) {
        node->lpar = 0;
    }
    return status;
}

/* Life */

void ps3_repository_init(PS3MachineState *s)
{
    const uint64_t bi = first_field("bi", 0);
    unsigned n = 0;
    PS3Node nodes[] = {
        /* The PPE, and the boot memory that it reaches in real mode */
        { PS3_LPAR_ID, { bi, field("pun", 0) }, { 1 } },
        { PS3_LPAR_ID, { bi, field("pu", 0) }, { PS3_PPE_ID } },
        { PS3_LPAR_ID, { bi, field("pu", 0), PS3_PPE_ID, field("rm_size", 0) },
          { PS3_BOOT_SIZE } },
        /* All memory, the boot memory included */
        { PS3_LPAR_ID, { bi, field("rgntotal", 0) },
          { MACHINE(s)->ram_size } },
        /* SPEs, and how many of them are reserved */
        { PS3_LPAR_ID, { bi, field("spun", 0) }, { s->nr_spes } },
        { PS3_LPAR_ID, { bi, field("spursvn", 0) }, { s->nr_spes } },
        { PS3_LPAR_ID, { bi, field("vir_uart", 0), field("port", 0),
                         field("avset", 0) }, { PS3_VUART_AVSET } },
        { PS3_LPAR_ID, { bi, field("vir_uart", 0), field("port", 0),
                         field("sysmgr", 0) }, { PS3_VUART_SYSMGR } },
        /*
         * One BE.  Its node id is 0, which Linux takes for an index, too
         * (ps3_register_lpm_devices).
         */
        { PS3_LPAR_PME, { first_field("ben", 0) }, { 1 } },
        { PS3_LPAR_PME, { first_field("be", 0) }, { 0 } },
        { PS3_LPAR_PME, { first_field("be", 0), 0, field("clock", 0) },
          { PS3_TIMEBASE_FREQ } },
    };

    QEMU_BUILD_BUG_ON(ARRAY_SIZE(nodes) + PS3_MAX_SPES > PS3_FIXED_NODES);
    for (; n < ARRAY_SIZE(nodes); n++) {
        s->repository.fixed[n] = nodes[n];
    }
    for (unsigned i = 0; i < s->nr_spes; i++) {
        s->repository.fixed[n++] = (PS3Node) {
            PS3_LPAR_ID, { bi, field("spursv", 0), i },
            { SPE_EXCLUSIVE, PS3_RESOURCE_ID(i) }
        };
    }
}

void ps3_repository_reset(PS3MachineState *s)
{
    memset(s->repository.guest, 0, sizeof(s->repository.guest));
}

static const VMStateDescription vmstate_ps3_node = {
    .name = "ps3-repository-node",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(lpar, PS3Node),
        VMSTATE_UINT64_ARRAY(name, PS3Node, 4),
        VMSTATE_UINT64_ARRAY(value, PS3Node, 2),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_ps3_repository = {
    .name = "ps3-repository",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(guest, PS3Repository, PS3_GUEST_NODES, 1,
                             vmstate_ps3_node, PS3Node),
        VMSTATE_END_OF_LIST()
    },
};
