/*
 * PlayStation 3: memory, the virtual address space, and its hash table
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A partition has boot memory at 0, and the rest of its RAM once it has
 * allocated it.  The hash table belongs to the hypervisor: the guest changes it
 * by calls, which make sure that entries are for the partition's own memory
 * and areas.  The PPE's MMU and the MFCs read the table in place, and set R and
 * C.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qapi/error.h"
#include "cpu.h"
#include "hw/cell/ps3.h"
#include "migration/vmstate.h"
#include "system/address-spaces.h"
#include "target/ppc/helper_regs.h"
#include "trace.h"

/* A hash table entry is two doublewords; R and C are in bytes of the second. */
#define HPTE_SIZE               16
#define HPTE_DW1                8
#define HPTE_R_BYTE             14
#define HPTE_C_BYTE             15
#define HPTES_PER_GROUP         8

/* Flag of allocate_memory: another page size will do */
#define ALLOCATE_TRY_ALT_UNIT   0x4

/* RAM */

bool ps3_memory_is_ram(PS3MachineState *s, uint64_t addr, uint64_t len)
{
    if (addr < PS3_BOOT_SIZE) {
        return len <= PS3_BOOT_SIZE - addr;
    }
    addr -= PS3_HIGH_BASE;
    return addr < s->memory.high_size && len <= s->memory.high_size - addr;
}

/* Let the guest see the memory that it has now. */
static void memory_update(PS3MachineState *s)
{
    PS3Memory *m = &s->memory;

    memory_region_transaction_begin();
    memory_region_set_size(&m->high, m->high_size);
    memory_region_set_enabled(&m->high, m->high_size != 0);
    memory_region_set_enabled(&m->table, m->selected);
    memory_region_transaction_commit();
}

/* Size, log2 of the page size, 0, flags -> address, identifier of its kind */
int64_t ps3_allocate_memory(PS3MachineState *s, PowerPCCPU *cpu,
                            const uint64_t *in, uint64_t *out)
{
    PS3Memory *m = &s->memory;

    if (!in[0] || in[0] % PS3_MEMORY_UNIT ||
        (in[1] != 12 && in[1] != 16 && in[1] != 24) || in[2] ||
        in[3] & ~ALLOCATE_TRY_ALT_UNIT) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (m->high_size || in[0] > MACHINE(s)->ram_size - PS3_BOOT_SIZE) {
        return LV1_RESOURCE_SHORTAGE;
    }
    m->high_size = in[0];
    memory_update(s);
    out[0] = PS3_HIGH_BASE;
    out[1] = 0;
    return LV1_SUCCESS;
}

/* Address */
int64_t ps3_release_memory(PS3MachineState *s, PowerPCCPU *cpu,
                           const uint64_t *in, uint64_t *out)
{
    if (in[0] != PS3_HIGH_BASE || !s->memory.high_size) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    s->memory.high_size = 0;
    memory_update(s);
    return LV1_SUCCESS;
}

/* Address -> start, size, rights, log2 of the largest page, flags */
int64_t ps3_query_address_region_info(PS3MachineState *s, PowerPCCPU *cpu,
                                      const uint64_t *in, uint64_t *out)
{
    if (!ps3_memory_is_ram(s, in[0], 1)) {
        return LV1_NO_ENTRY;
    }
    out[0] = in[0] < PS3_BOOT_SIZE ? 0 : PS3_HIGH_BASE;
    out[1] = in[0] < PS3_BOOT_SIZE ? PS3_BOOT_SIZE : s->memory.high_size;
    out[2] = 0;
    out[3] = 24;
    out[4] = 0;
    return LV1_SUCCESS;
}

/* The virtual address space: there is at most one */

bool ps3_memory_is_vas(PS3MachineState *s, uint64_t id)
{
    return id ? id == PS3_VAS_ID && s->memory.table_shift
              : s->memory.selected;
}

/*
 * Log2 of the table's size, number of large page sizes, log2 of each in a byte,
 * from the left -> id, size in bytes
 *
 * Their order is that of the LP field: the MMU here has 16 MiB at 0 and
 * 64 KiB at 1.
 */
int64_t ps3_construct_virtual_address_space(PS3MachineState *s,
                                            PowerPCCPU *cpu,
                                            const uint64_t *in, uint64_t *out)
{
    PS3Memory *m = &s->memory;

    if (in[0] < PS3_TABLE_MIN_SHIFT || in[0] > PS3_TABLE_MAX_SHIFT ||
        in[1] > 2 || (in[1] >= 1 && extract64(in[2], 56, 8) != 24) ||
        (in[1] >= 2 && extract64(in[2], 48, 8) != 16)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (m->table_shift) {
        return LV1_RESOURCE_SHORTAGE;
    }
    m->table_shift = in[0];
    m->page_16m = in[1] >= 1;
    m->page_64k = in[1] >= 2;
    memset(m->hptes, 0, 1 << m->table_shift);
    memory_region_set_dirty(&m->table, 0, 1 << m->table_shift);
    out[0] = PS3_VAS_ID;
    out[1] = 1 << m->table_shift;
    return LV1_SUCCESS;
}

/* Discard all translations that TLBs hold. */
static void forget_translations(PowerPCCPU *cpu)
{
    cpu->env.tlb_need_flush |= TLB_NEED_GLOBAL_FLUSH | TLB_NEED_LOCAL_FLUSH;
    check_tlb_flush(&cpu->env, true);
}

/* Id, or 0: none */
int64_t ps3_select_virtual_address_space(PS3MachineState *s, PowerPCCPU *cpu,
                                         const uint64_t *in, uint64_t *out)
{
    if (in[0] && !ps3_memory_is_vas(s, in[0])) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    s->memory.selected = in[0];
    memory_update(s);
    forget_translations(cpu);
    return LV1_SUCCESS;
}

/* Id */
int64_t ps3_destruct_virtual_address_space(PS3MachineState *s,
                                           PowerPCCPU *cpu,
                                           const uint64_t *in, uint64_t *out)
{
    if (!in[0] || !ps3_memory_is_vas(s, in[0])) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (s->memory.selected) {
        return LV1_BUSY;
    }
    s->memory.table_shift = 0;
    return LV1_SUCCESS;
}

/*
 * -> id.  Linux's table of calls has no argument for the PPE's id, so r3 is
 * ignored.
 */
int64_t ps3_get_virtual_address_space_id_of_ppe(PS3MachineState *s,
                                                PowerPCCPU *cpu,
                                                const uint64_t *in,
                                                uint64_t *out)
{
    out[0] = s->memory.selected ? PS3_VAS_ID : 0;
    return LV1_SUCCESS;
}

/* Entries */

static uint64_t nr_hptes(PS3Memory *m)
{
    return m->table_shift ? (1ULL << m->table_shift) / HPTE_SIZE : 0;
}

static uint64_t hpte_word(PS3Memory *m, uint64_t slot, int offset)
{
    return ldq_be_p(m->hptes + slot * HPTE_SIZE + offset);
}

static uint64_t hpte_v(PS3Memory *m, uint64_t slot)
{
    return hpte_word(m, slot, 0);
}

static uint64_t hpte_r(PS3Memory *m, uint64_t slot)
{
    return hpte_word(m, slot, HPTE_DW1);
}

/*
 * Threads and MFCs read entries at any time, the valid bit first: without it
 * they do not look at the second word.  If the old entry was valid, no TLB has
 * it any more when this has returned and the thread goes on.
 */
static void hpte_store(PS3Memory *m, PowerPCCPU *cpu, uint64_t slot,
                       uint64_t v, uint64_t r)
{
    uint8_t *p = m->hptes + slot * HPTE_SIZE;
    bool was_valid = hpte_v(m, slot) & PTE0_V;

    stq_be_p(p, 0);
    /* No reader takes the new second word for the old entry's, */
    smp_wmb();
    stq_be_p(p + HPTE_DW1, r);
    /* nor the old one for the new entry's. */
    smp_wmb();
    stq_be_p(p, v);
    memory_region_set_dirty(&m->table, slot * HPTE_SIZE, HPTE_SIZE);
    if (was_valid) {
        forget_translations(cpu);
    }
}

/* May a partition have this entry?  One that is not valid may be anything. */
static int64_t hpte_check(PS3MachineState *s, uint64_t v, uint64_t r)
{
    uint64_t page = r & PTE1_RPN;
    unsigned shift = 12;

    if (!(v & PTE0_V)) {
        return LV1_SUCCESS;
    }
    if (v & PTE0_L) {
        shift = r & BIT_ULL(12) ? 16 : 24;
        if (!(shift == 16 ? s->memory.page_64k : s->memory.page_16m)) {
            return LV1_ILLEGAL_PARAMETER_VALUE;
        }
        page &= shift == 16 ? ~BIT_ULL(12) : ~0ULL;
    }
    if (page & MAKE_64BIT_MASK(0, shift)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    if (!ps3_memory_is_ram(s, page, 1ULL << shift) &&
        !ps3_spe_owns(s, page, 1ULL << shift)) {
        return LV1_ACCESS_VIOLATION;
    }
    /* PP: both keys may read, neither may write */
    if (ps3_spe_owns_shadow(s, page) && (r & PTE1_PP) != 3) {
        return LV1_ACCESS_VIOLATION;
    }
    return LV1_SUCCESS;
}

/* Find a place in one of two groups; returns false if all are bolted. */
static bool hpte_place(PS3Memory *m, uint64_t primary, uint64_t bolted,
                       uint64_t *slot)
{
    const uint64_t secondary = ~primary & (nr_hptes(m) - HPTES_PER_GROUP);
    const uint64_t group[] = { primary, secondary };

    for (unsigned n = 0; n < 2 * HPTES_PER_GROUP; n++) {
        *slot = group[n / HPTES_PER_GROUP] + n % HPTES_PER_GROUP;
        if (!(hpte_v(m, *slot) & PTE0_V)) {
            return true;
        }
    }
    for (unsigned n = 0; n < 2 * HPTES_PER_GROUP; n++) {
        m->victim = (m->victim + 1) % (2 * HPTES_PER_GROUP);
        *slot = group[m->victim / HPTES_PER_GROUP] +
                m->victim % HPTES_PER_GROUP;
        if (!(hpte_v(m, *slot) & bolted)) {
            return true;
        }
    }
    return false;
}

/*
 * VAS, slot of the primary group, first word, second word, bits of first words
 * that must stay, 0 -> slot, what was there: first word, second word
 */
int64_t ps3_insert_htab_entry(PS3MachineState *s, PowerPCCPU *cpu,
                              const uint64_t *in, uint64_t *out)
{
    PS3Memory *m = &s->memory;
    uint64_t primary = QEMU_ALIGN_DOWN(in[1], HPTES_PER_GROUP);
    uint64_t v = in[2] & ~PTE0_H;
    int64_t status;
    uint64_t slot;

    if (!ps3_memory_is_vas(s, in[0]) || in[1] >= nr_hptes(m) ||
        !(v & PTE0_V)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    status = hpte_check(s, v, in[3]);
    if (status) {
        return status;
    }
    if (!hpte_place(m, primary, in[4], &slot)) {
        return LV1_RESOURCE_SHORTAGE;
    }
    out[0] = slot;
    out[1] = hpte_v(m, slot);
    out[2] = hpte_r(m, slot);
    if (!(out[1] & PTE0_V)) {
        out[1] = out[2] = 0;
    }
    hpte_store(m, cpu, slot,
               v | (slot - primary < HPTES_PER_GROUP ? 0 : PTE0_H), in[3]);
    return LV1_SUCCESS;
}

/* VAS, slot, first word, second word */
int64_t ps3_write_htab_entry(PS3MachineState *s, PowerPCCPU *cpu,
                             const uint64_t *in, uint64_t *out)
{
    int64_t status;

    if (!ps3_memory_is_vas(s, in[0]) || in[1] >= nr_hptes(&s->memory)) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    status = hpte_check(s, in[2], in[3]);
    if (status) {
        return status;
    }
    hpte_store(&s->memory, cpu, in[1], in[2], in[3]);
    return LV1_SUCCESS;
}

/*
 * VAS, slot, a multiple of 4 -> four first words, and the low 12 bits of the
 * second words, 16 bits for each, the first one's on the left
 */
int64_t ps3_read_htab_entries(PS3MachineState *s, PowerPCCPU *cpu,
                              const uint64_t *in, uint64_t *out)
{
    PS3Memory *m = &s->memory;

    if (!ps3_memory_is_vas(s, in[0]) || in[1] >= nr_hptes(m) || in[1] % 4) {
        return LV1_ILLEGAL_PARAMETER_VALUE;
    }
    out[4] = 0;
    for (unsigned n = 0; n < 4; n++) {
        out[n] = hpte_v(m, in[1] + n);
        out[4] |= (hpte_r(m, in[1] + n) & 0xfff) << (48 - 16 * n);
    }
    return LV1_SUCCESS;
}

/* The PPE's MMU */

static hwaddr ps3_hpt_mask(PPCVirtualHypervisor *vhyp)
{
    return nr_hptes(&PS3_MACHINE(vhyp)->memory) / HPTES_PER_GROUP - 1;
}

static const ppc_hash_pte64_t *ps3_map_hptes(PPCVirtualHypervisor *vhyp,
                                             hwaddr ptex, int n)
{
    PS3Memory *m = &PS3_MACHINE(vhyp)->memory;

    if (!m->selected || ptex + n > nr_hptes(m)) {
        return NULL;
    }
    return (const ppc_hash_pte64_t *)(m->hptes + ptex * HPTE_SIZE);
}

static void ps3_unmap_hptes(PPCVirtualHypervisor *vhyp,
                            const ppc_hash_pte64_t *hptes, hwaddr ptex, int n)
{
}

static void hpte_set_byte(PPCVirtualHypervisor *vhyp, hwaddr ptex, int offset,
                          uint8_t byte)
{
    PS3Memory *m = &PS3_MACHINE(vhyp)->memory;
    hwaddr addr = ptex * HPTE_SIZE + offset;

    if (ptex < nr_hptes(m)) {
        stb_p(m->hptes + addr, byte);
        memory_region_set_dirty(&m->table, addr, 1);
    }
}

static void ps3_hpte_set_c(PPCVirtualHypervisor *vhyp, hwaddr ptex,
                           uint64_t pte1)
{
    hpte_set_byte(vhyp, ptex, HPTE_C_BYTE, (pte1 & 0xff) | 0x80);
}

static void ps3_hpte_set_r(PPCVirtualHypervisor *vhyp, hwaddr ptex,
                           uint64_t pte1)
{
    hpte_set_byte(vhyp, ptex, HPTE_R_BYTE, ((pte1 >> 8) & 0xff) | 0x01);
}

void ps3_memory_mmu_class_init(PPCVirtualHypervisorClass *vhc)
{
    vhc->hpt_mask = ps3_hpt_mask;
    vhc->map_hptes = ps3_map_hptes;
    vhc->unmap_hptes = ps3_unmap_hptes;
    vhc->hpte_set_c = ps3_hpte_set_c;
    vhc->hpte_set_r = ps3_hpte_set_r;
}

/* Life */

void ps3_memory_init(PS3MachineState *s)
{
    PS3Memory *m = &s->memory;
    MemoryRegion *ram = MACHINE(s)->ram;

    memory_region_init_alias(&m->boot, OBJECT(s), "ps3-boot-memory", ram, 0,
                             PS3_BOOT_SIZE);
    memory_region_add_subregion(get_system_memory(), 0, &m->boot);
    memory_region_init_alias(&m->high, OBJECT(s), "ps3-high-memory", ram,
                             PS3_BOOT_SIZE, 0);
    memory_region_add_subregion(get_system_memory(), PS3_HIGH_BASE, &m->high);

    memory_region_init(&m->table_space, OBJECT(s), "ps3-hash-table-space",
                       1 << PS3_TABLE_MAX_SHIFT);
    memory_region_init_ram(&m->table, NULL, "ps3-hash-table",
                           1 << PS3_TABLE_MAX_SHIFT, &error_fatal);
    memory_region_add_subregion(&m->table_space, 0, &m->table);
    m->hptes = memory_region_get_ram_ptr(&m->table);
    memory_update(s);
}

void ps3_memory_reset(PS3MachineState *s)
{
    s->memory.high_size = 0;
    s->memory.table_shift = 0;
    s->memory.selected = false;
    s->memory.victim = 0;
    memory_update(s);
}

static int memory_post_load(void *opaque, int version_id)
{
    PS3MachineState *s = container_of(opaque, PS3MachineState, memory);
    PS3Memory *m = &s->memory;

    if (m->high_size % PS3_MEMORY_UNIT ||
        m->high_size > MACHINE(s)->ram_size - PS3_BOOT_SIZE ||
        (m->table_shift && (m->table_shift < PS3_TABLE_MIN_SHIFT ||
                            m->table_shift > PS3_TABLE_MAX_SHIFT)) ||
        (m->selected && !m->table_shift)) {
        return -EINVAL;
    }
    memory_update(s);
    return 0;
}

const VMStateDescription vmstate_ps3_memory = {
    .name = "ps3-memory",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = memory_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(high_size, PS3Memory),
        VMSTATE_UINT8(table_shift, PS3Memory),
        VMSTATE_BOOL(page_64k, PS3Memory),
        VMSTATE_BOOL(page_16m, PS3Memory),
        VMSTATE_BOOL(selected, PS3Memory),
        VMSTATE_UINT8(victim, PS3Memory),
        VMSTATE_END_OF_LIST()
    },
};
