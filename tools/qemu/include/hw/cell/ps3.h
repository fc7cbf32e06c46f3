/*
 * PlayStation 3, as a guest of its hypervisor (LV1) sees it
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Numbers, arguments and results of the hypervisor's calls are those of
 * Linux's arch/powerpc/include/asm/lv1call.h, errors those of its asm/ps3.h.
 * The addresses and identifiers that a call returns are the hypervisor's
 * choice: guests take whatever they are given.
 */
#ifndef HW_CELL_PS3_H
#define HW_CELL_PS3_H

#include "chardev/char-fe.h"
#include "hw/cell/ppe.h"
#include "hw/cell/spe.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "hw/core/boards.h"
#include "qom/object.h"
#include "system/memory.h"
#include "target/ppc/cpu.h"

#define PS3_MAX_SPES            8
#define PS3_DEFAULT_SPES        6       /* what a retail console leaves */
#define PS3_TIMEBASE_FREQ       79800000

/* QEMU's exit status when the guest panics, or reboots with -no-reboot */
#define PS3_EXIT_UNKNOWN        125

/*
 * Logical partition ("lpar") addresses, which are QEMU's physical ones: the
 * system's address space is the partition's, and has nothing else in it.
 */
#define PS3_BOOT_SIZE           (128 * MiB)     /* at 0; real mode reaches it */
#define PS3_MEMORY_UNIT         (16 * MiB)
#define PS3_MAX_MEMORY          (4 * GiB)
#define PS3_HIGH_BASE           0x700020000000ULL
#define PS3_SPE_BASE(n)         (0x4c0000000000ULL + (n) * 0x100000ULL)
#define   PS3_SPE_LS            0x00000
#define   PS3_SPE_PS            0x40000
#define   PS3_SPE_PRIV2         0x60000
#define   PS3_SPE_SHADOW        0x80000
#define   PS3_SPE_SHADOW_SIZE   0x1000

/* Identifiers */
#define PS3_LPAR_PME            1       /* the whole machine */
#define PS3_LPAR_ID             2       /* this partition */
#define PS3_PPE_ID              1
#define PS3_VAS_ID              11
#define PS3_RESOURCE_ID(n)      (1 + (n))       /* of SPEs */

/* Results of calls */
#define LV1_SUCCESS                     0
#define LV1_RESOURCE_SHORTAGE           (-2)
#define LV1_NO_PRIVILEGE                (-3)
#define LV1_ACCESS_VIOLATION            (-5)
#define LV1_NO_ENTRY                    (-6)
#define LV1_DUPLICATE_ENTRY             (-7)
#define LV1_BUSY                        (-9)
#define LV1_WRONG_STATE                 (-11)
#define LV1_ILLEGAL_PARAMETER_VALUE     (-17)
#define LV1_NOT_IMPLEMENTED             (-20)

/* Memory and the hash table */

#define PS3_TABLE_MIN_SHIFT     18
#define PS3_TABLE_MAX_SHIFT     20

typedef struct PS3Memory {
    MemoryRegion boot;
    MemoryRegion high;          /* visible while it is allocated */
    MemoryRegion table_space;   /* the addresses in MFC_SDR are in here */
    MemoryRegion table;         /* visible while its VAS is selected */
    uint8_t *hptes;

    uint64_t high_size;         /* 0: not allocated */
    uint8_t table_shift;        /* 0: there is no virtual address space */
    bool page_64k, page_16m;    /* its large page sizes */
    bool selected;
    uint8_t victim;             /* which entry of a full group goes next */
} PS3Memory;

/* Interrupts: outlets send them, plugs are where a thread receives them */

#define PS3_OUTLETS             64      /* Linux takes none above */
#define PS3_PLUGS               256
#define PS3_OUTLET_SPE(n, class)        (1 + 3 * (n) + (class))
#define PS3_OUTLET_VUART        PS3_OUTLET_SPE(PS3_MAX_SPES, 0)
#define PS3_OUTLET_PORT         (PS3_OUTLET_VUART + 1)  /* and all above */

typedef struct PS3Outlet {
    bool exists;
    bool level;                 /* its source wants an interrupt */
    bool connected;
    uint8_t thread;
    uint8_t plug;
} PS3Outlet;

typedef struct PS3Interrupts {
    PS3Outlet outlet[PS3_OUTLETS];
    uint64_t bitmap[CELL_PPE_THREADS];  /* lpar address; 0: none */
    bool paused[CELL_PPE_THREADS];      /* ... with MSR[EE] = 0 */
    QEMUTimer *pause_end[CELL_PPE_THREADS];
} PS3Interrupts;

/* Virtual UARTs */

#define PS3_VUART_PORTS         3
#define PS3_VUART_AVSET         0
#define PS3_VUART_SYSMGR        2
#define PS3_VUART_BUFFER        256

typedef struct PS3VUART {
    uint64_t tx_trigger;
    uint64_t rx_trigger;
    uint64_t interrupt_mask;
    uint8_t tx[PS3_VUART_BUFFER];       /* an incomplete message */
    uint8_t rx[PS3_VUART_BUFFER];
    uint32_t tx_len;
    uint32_t rx_len;
} PS3VUART;

typedef struct PS3VUARTs {
    PS3VUART port[PS3_VUART_PORTS];
    uint64_t bitmap;            /* lpar address; 0: no interrupts */
    uint8_t next_op;            /* of the system manager */
} PS3VUARTs;

/* Logical SPEs */

typedef struct PS3SPE {
    CellSPEState spe;
    MemoryRegion shadow;
    uint64_t status;            /* SPE_EX_STATE_..., as in its shadow */
    uint64_t resource;          /* with which it was enabled */
} PS3SPE;

/* Repository */

#define PS3_FIXED_NODES         32
#define PS3_GUEST_NODES         32

typedef struct PS3Node {
    uint64_t lpar;              /* 0: this place is free */
    uint64_t name[4];
    uint64_t value[2];
} PS3Node;

typedef struct PS3Repository {
    PS3Node fixed[PS3_FIXED_NODES];     /* the machine's own */
    PS3Node guest[PS3_GUEST_NODES];     /* what the guest has created */
} PS3Repository;

/* The network device */

#define PS3_NET_REGIONS         8
#define PS3_NET_MAPPINGS        32
#define PS3_NET_REGION_SIZE     (256 * MiB)     /* at most */

typedef struct PS3DMAMapping {
    uint64_t bus;
    uint64_t lpar;
    uint64_t len;               /* 0: this place is free */
} PS3DMAMapping;

typedef struct PS3Net {
    bool open;
    uint64_t region_len[PS3_NET_REGIONS];       /* 0: free */
    uint8_t region_shift[PS3_NET_REGIONS];      /* of its pages */
    PS3DMAMapping mapping[PS3_NET_MAPPINGS];
} PS3Net;

/* The console: see ps3_console.c */

#define PS3_CONSOLE_INPUT       128

typedef struct PS3Console {
    CharFrontend chr;
    QEMUTimer *poll;
    uint64_t memcons;           /* real address of the kernel's; 0: none */
    uint64_t read;              /* where to continue; 0: at the start */
    uint8_t input[PS3_CONSOLE_INPUT];
    uint32_t input_len;
} PS3Console;

#define TYPE_PS3_MACHINE MACHINE_TYPE_NAME("ps3")
OBJECT_DECLARE_SIMPLE_TYPE(PS3MachineState, PS3_MACHINE)

struct PS3MachineState {
    MachineState parent_obj;

    uint8_t nr_spes;
    bool spu_tcg;
    bool clobber;

    CellPPEThread thread[CELL_PPE_THREADS];
    CellEIB eib;
    PS3SPE spe[PS3_MAX_SPES];
    PS3Memory memory;
    PS3Interrupts irq;
    PS3VUARTs vuart;
    PS3Repository repository;
    PS3Net net;
    PS3Console console;

    bool otheros;               /* the kernel is an otheros.bld */
    uint64_t kernel_entry;
    hwaddr fdt_addr;
    hwaddr initrd_addr;
    uint64_t initrd_size;
};

/**
 * PS3Call: serve a call of the hypervisor
 * @s: the machine
 * @cpu: the thread that calls
 * @in: the arguments, from r3 and up
 * @out: the results, for r4 and up, which are used on success only
 *
 * Called with the BQL held.  The arguments come from the guest and may be
 * anything.
 *
 * Returns LV1_SUCCESS or an error.
 */
typedef int64_t PS3Call(PS3MachineState *s, PowerPCCPU *cpu,
                        const uint64_t *in, uint64_t *out);

/* ps3_hcall.c */
void ps3_hypercall(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu);

/**
 * ps3_power_off, ps3_restart, ps3_panic: the guest has ended
 *
 * They first pass on the output that it has left in its console.
 */
void ps3_power_off(PS3MachineState *s);
void ps3_restart(PS3MachineState *s);
void ps3_panic(PS3MachineState *s);

/* Which thread is it, 0 or 1? */
unsigned ps3_thread_of(PS3MachineState *s, PowerPCCPU *cpu);

/* Is there a thread with these ids, by which calls name it? */
bool ps3_thread_exists(PS3MachineState *s, uint64_t ppe, uint64_t thread);

/* ps3_memory.c */
void ps3_memory_init(PS3MachineState *s);
void ps3_memory_reset(PS3MachineState *s);
void ps3_memory_mmu_class_init(PPCVirtualHypervisorClass *vhc);
extern const VMStateDescription vmstate_ps3_memory;

/* Is all of this the partition's RAM?  @len may be 0. */
bool ps3_memory_is_ram(PS3MachineState *s, uint64_t addr, uint64_t len);

/* Is @id that of the virtual address space?  0 is the one selected. */
bool ps3_memory_is_vas(PS3MachineState *s, uint64_t id);

PS3Call ps3_allocate_memory;
PS3Call ps3_release_memory;
PS3Call ps3_query_address_region_info;
PS3Call ps3_construct_virtual_address_space;
PS3Call ps3_select_virtual_address_space;
PS3Call ps3_destruct_virtual_address_space;
PS3Call ps3_get_virtual_address_space_id_of_ppe;
PS3Call ps3_insert_htab_entry;
PS3Call ps3_write_htab_entry;
PS3Call ps3_read_htab_entries;

/* ps3_irq.c */
void ps3_irq_init(PS3MachineState *s);
void ps3_irq_reset(PS3MachineState *s);
/* A thread that makes a call does not pause. */
void ps3_irq_not_paused(PS3MachineState *s, unsigned thread);
extern const VMStateDescription vmstate_ps3_irq;

void ps3_outlet_create(PS3MachineState *s, unsigned outlet);
void ps3_outlet_destroy(PS3MachineState *s, unsigned outlet);
void ps3_outlet_set_level(PS3MachineState *s, unsigned outlet, bool level);

PS3Call ps3_configure_irq_state_bitmap;
PS3Call ps3_connect_irq_plug_ext;
PS3Call ps3_disconnect_irq_plug_ext;
PS3Call ps3_construct_event_receive_port;
PS3Call ps3_destruct_event_receive_port;
PS3Call ps3_send_event_locally;
PS3Call ps3_end_of_interrupt_ext;
PS3Call ps3_did_update_interrupt_mask;
PS3Call ps3_pause;

/* ps3_vuart.c */
void ps3_vuart_reset(PS3MachineState *s);
extern const VMStateDescription vmstate_ps3_vuarts;

PS3Call ps3_read_virtual_uart;
PS3Call ps3_write_virtual_uart;
PS3Call ps3_set_virtual_uart_param;
PS3Call ps3_get_virtual_uart_param;
PS3Call ps3_configure_virtual_uart_irq;
PS3Call ps3_deconfigure_virtual_uart_irq;

/* ps3_spe.c */
void ps3_spe_init(PS3MachineState *s);
void ps3_spe_reset(PS3MachineState *s);
extern const VMStateDescription vmstate_ps3_spe;

/* Are these addresses in an area of a logical SPE? */
bool ps3_spe_owns(PS3MachineState *s, uint64_t addr, uint64_t len);
/* ... in its shadow registers, which are read-only? */
bool ps3_spe_owns_shadow(PS3MachineState *s, uint64_t addr);

PS3Call ps3_construct_logical_spe;
PS3Call ps3_destruct_logical_spe;
PS3Call ps3_enable_logical_spe;
PS3Call ps3_disable_logical_spe;
PS3Call ps3_get_spe_irq_outlet;
PS3Call ps3_set_spe_interrupt_mask;
PS3Call ps3_get_spe_interrupt_status;
PS3Call ps3_clear_spe_interrupt_status;
PS3Call ps3_set_spe_privilege_state_area_1_register;

/* ps3_repository.c */
void ps3_repository_init(PS3MachineState *s);
void ps3_repository_reset(PS3MachineState *s);
extern const VMStateDescription vmstate_ps3_repository;

PS3Call ps3_read_repository_node;
PS3Call ps3_create_repository_node;
PS3Call ps3_write_repository_node;
PS3Call ps3_delete_repository_node;

/* ps3_net.c */
void ps3_net_reset(PS3MachineState *s);
extern const VMStateDescription vmstate_ps3_net;

PS3Call ps3_open_device;
PS3Call ps3_close_device;
PS3Call ps3_allocate_device_dma_region;
PS3Call ps3_free_device_dma_region;
PS3Call ps3_map_device_dma_region;
PS3Call ps3_unmap_device_dma_region;
PS3Call ps3_net_control;
PS3Call ps3_net_start_tx_dma;

/* ps3_console.c */
void ps3_console_init(PS3MachineState *s);
void ps3_console_reset(PS3MachineState *s);
/* A symbol of the kernel: is it the one of the in-memory console? */
void ps3_console_symbol(const char *name, int info, uint64_t value,
                        uint64_t size);
/* Write characters from the guest. */
void ps3_console_write(PS3MachineState *s, const uint8_t *text, size_t len);
/* Write the output that the guest has left in its memory so far. */
void ps3_console_flush(PS3MachineState *s);
extern const VMStateDescription vmstate_ps3_console;

#endif /* HW_CELL_PS3_H */
