/*
 * Cell Broadband Engine: Memory Flow Controller
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_MFC_H
#define HW_CELL_MFC_H

#include "exec/hwaddr.h"
#include "hw/cell/spe_regs.h"
#include "hw/core/qdev.h"
#include "qemu/queue.h"
#include "qemu/timer.h"
#include "qom/object.h"
#include "system/memory.h"

#define MFC_SPU_SLOTS       16
#define MFC_PROXY_SLOTS     8
#define MFC_SLB_ENTRIES     8
#define MFC_TLB_ENTRIES     256

typedef struct CellSPEState CellSPEState;

typedef enum MFCQueueId {
    MFC_QUEUE_PROXY,
    MFC_QUEUE_SPU,
    MFC_QUEUES,
} MFCQueueId;

typedef struct MFCCommand {
    bool valid;
    bool stalled;           /* a list that awaits MFC_WrListStallAck */
    uint8_t cmd;
    uint8_t tag;
    uint16_t class_id;
    uint32_t lsa;           /* of what is transferred next */
    uint64_t ea;            /* of a list: EAH, and the list's address */
    uint32_t size;          /* of a list: of its elements together */
    uint32_t list_pos;      /* list elements done, in bytes */
    uint32_t done;          /* bytes of this command or element done */
} MFCCommand;

typedef struct MFCQueue {
    MFCCommand slot[MFC_SPU_SLOTS];     /* in the order of issue */
    unsigned count;
    /* parameters of the command to be issued */
    uint32_t lsa;
    uint64_t ea;
    uint32_t size;
    uint32_t tag;
} MFCQueue;

typedef struct MFCSLBEntry {
    uint64_t esid;
    uint64_t vsid;
} MFCSLBEntry;

/* What was found in the page table, until it is invalidated */
typedef struct MFCTLBEntry {
    uint64_t vsid;          /* with the size of the page */
    uint64_t page;          /* ... of the segment */
    uint64_t pte1;          /* 0: nothing was found */
    unsigned flushes;       /* ppc_global_tlb_flushes at that time */
} MFCTLBEntry;

/*
 * The Element Interconnect Bus: the state that the MFCs of a machine share.  A
 * store by one MFC ends the reservations of others, and they all take turns.
 */
#define TYPE_CELL_EIB "cell-eib"
OBJECT_DECLARE_SIMPLE_TYPE(CellEIB, CELL_EIB)

typedef struct CellMFC CellMFC;

struct CellEIB {
    DeviceState parent_obj;

    MemoryRegion *memory;               /* root of the real address space */
    AddressSpace as;
    QLIST_HEAD(, CellMFC) holders;      /* of reserved lock lines */
    QTAILQ_HEAD(, CellMFC) waiting;     /* their queues are to run */
    bool running;                       /* commands are being executed */
    int budget;                         /* what they may still cost */
    QEMUTimer refill;
};

struct CellMFC {
    CellSPEState *spe;

    MFCQueue queue[MFC_QUEUES];
    unsigned changes;       /* counts purges and writes to the queues */
    bool waits;             /* ... in the EIB's list */
    QTAILQ_ENTRY(CellMFC) waiting;
    bool suspended;         /* MFC_CNTL[Sc] */
    bool purged;            /* MFC_CNTL[Ps] */
    uint8_t key_state;      /* MFC_CNTL[K]: 2 is privileged, 3 problem state */
    bool faulted;           /* awaits MFC_CNTL[R] or a purge */
    bool exclusive_pending; /* cell_mfc_run_exclusive() will be called */

    uint32_t proxy_cmd;     /* MFC_ClassID_CMD */
    bool proxy_written;     /* ... since MFC_CMDStatus was read */
    uint32_t query_type;    /* Prxy_QueryType */
    uint32_t query_mask;    /* Prxy_QueryMask */

    uint32_t slb_index;
    MFCSLBEntry slb[MFC_SLB_ENTRIES];
    MFCTLBEntry tlb[MFC_TLB_ENTRIES];

    AddressSpace *table_as; /* of the addresses in MFC_SDR */
    uint64_t sdr;
    uint64_t dar;
    uint64_t dsisr;
    uint64_t dsir;
    uint64_t cer;

    CellEIB *eib;
    bool reserved;
    bool line_moves;        /* getllar cannot read it while CPUs execute */
    hwaddr line_addr;
    uint8_t line[MFC_LINE_SIZE];
    QLIST_ENTRY(CellMFC) holder;
    QEMUTimer line_watch;
};

/**
 * cell_mfc_init: set up the MFC, once, when the SPE is realized
 */
void cell_mfc_init(CellSPEState *spe);

/**
 * cell_mfc_reset: empty the queues, drop the reservation and translations
 */
void cell_mfc_reset(CellSPEState *spe);

/**
 * cell_mfc_post_load: check and complete the state that was loaded
 *
 * Returns false if it is not valid.
 */
bool cell_mfc_post_load(CellSPEState *spe);

/**
 * cell_mfc_run: execute the commands that may be executed
 *
 * They are executed at once.  If a command that is being executed has caused
 * the call, they are executed after it.  If the budget is used up, they wait.
 */
void cell_mfc_run(CellSPEState *spe);

/**
 * cell_mfc_run_exclusive: the same, called while no CPU executes translated
 *                         code
 */
void cell_mfc_run_exclusive(CellSPEState *spe);

/**
 * cell_mfc_charge: account for an access that an MFC's command may have made
 * @cost: in units of about 100 ns of host time
 */
void cell_mfc_charge(CellSPEState *spe, int cost);

/**
 * cell_mfc_issue: queue a command, whose other parameters were set before
 * @word: class ids and opcode, as written to MFC_ClassID_CMD or MFC_Cmd
 *
 * Returns false if the queue is full.
 */
bool cell_mfc_issue(CellSPEState *spe, MFCQueueId id, uint32_t word);

/**
 * cell_mfc_proxy_issue: queue the PPE's command, if one was written
 *
 * Returns MFC_CMDStatus.
 */
uint32_t cell_mfc_proxy_issue(CellSPEState *spe);

/* Free slots of a queue: the count of MFC_Cmd, MFC_QStatus. */
unsigned cell_mfc_free_slots(CellSPEState *spe, MFCQueueId id);

/* Tag groups that have no command in a queue. */
uint32_t cell_mfc_idle_tags(CellSPEState *spe, MFCQueueId id);

/* MFC_WrListStallAck */
void cell_mfc_list_ack(CellSPEState *spe, unsigned tag);

/* Watch the reserved line, if the SPU wants to be told of its loss. */
void cell_mfc_watch_line(CellSPEState *spe);

/* Registers */
uint64_t cell_mfc_cntl_read(CellSPEState *spe);
void cell_mfc_cntl_write(CellSPEState *spe, uint64_t val);
uint64_t cell_mfc_cq_read(CellSPEState *spe, hwaddr addr);
void cell_mfc_cq_write(CellSPEState *spe, hwaddr addr, uint64_t val);
void cell_mfc_query_write(CellSPEState *spe, uint32_t type);
void cell_mfc_slb_invalidate(CellSPEState *spe, uint64_t ea);
void cell_mfc_slb_invalidate_all(CellSPEState *spe);
void cell_mfc_tlb_invalidate_all(CellSPEState *spe);

#endif /* HW_CELL_MFC_H */
