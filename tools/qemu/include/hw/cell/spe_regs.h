/*
 * Cell Broadband Engine: the registers of a Synergistic Processor Element
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names are those of the Cell Broadband Engine Architecture (CBEA) v1.02;
 * offsets and bits agree with arch/powerpc/include/asm/spu.h of Linux.
 * Registers of the problem state area are 32 bits wide (MFC_MSSync and the
 * effective address may be accessed as 64 bits), those of the privileged
 * areas 64 bits.
 */
#ifndef HW_CELL_SPE_REGS_H
#define HW_CELL_SPE_REGS_H

#include "qemu/bitops.h"

#define SPE_LS_SIZE             0x40000
#define SPE_PS_SIZE             0x20000
#define SPE_PRIV2_SIZE          0x20000
#define SPE_PRIV1_SIZE          0x2000

/* Problem state area */

#define MFC_MSSync              0x00000
#define MFC_LSA                 0x03004
#define MFC_EAH                 0x03008
#define MFC_EAL                 0x0300c
#define MFC_Size_Tag            0x03010
#define MFC_ClassID_CMD         0x03014     /* read: MFC_CMDStatus */
#define   MFC_CMDStatus_SEQUENCE        0x1
#define   MFC_CMDStatus_QUEUE_FULL      0x2
#define MFC_QStatus             0x03104
#define   MFC_QStatus_EMPTY             BIT(31)
#define Prxy_QueryType          0x03204
#define   Prxy_QueryType_ANY            1
#define   Prxy_QueryType_ALL            2
#define Prxy_QueryMask          0x0321c
#define Prxy_TagStatus          0x0322c
#define SPU_Out_Mbox            0x04004
#define SPU_In_Mbox             0x0400c
#define SPU_Mbox_Stat           0x04014
#define SPU_RunCntl             0x0401c
#define   SPU_RunCntl_STOP              0
#define   SPU_RunCntl_RUN               1
#define   SPU_RunCntl_ISOLATE_EXIT      2
#define   SPU_RunCntl_ISOLATE_LOAD      3
#define SPU_Status              0x04024
#define   SPU_Status_R                  BIT(0)  /* running */
#define   SPU_Status_P                  BIT(1)  /* stop and signal */
#define   SPU_Status_H                  BIT(2)  /* halt */
#define   SPU_Status_W                  BIT(3)  /* waiting on a channel */
#define   SPU_Status_S                  BIT(4)  /* single step */
#define   SPU_Status_I                  BIT(5)  /* invalid instruction */
#define   SPU_Status_C                  BIT(6)  /* invalid channel */
#define   SPU_Status_SC_SHIFT           16      /* stop code */
#define SPU_NPC                 0x04034
#define   SPU_NPC_IE                    BIT(0)
#define SPU_Sig_Notify_1        0x1400c
#define SPU_Sig_Notify_2        0x1c00c

/* Privilege 2 area */

#define SLB_Index               0x01108
#define SLB_ESID                0x01110
#define   SLB_ESID_V                    BIT_ULL(27)
#define   SLB_ESID_MASK                 MAKE_64BIT_MASK(28, 36)
#define SLB_VSID                0x01118
#define   SLB_VSID_Ks                   BIT_ULL(11)
#define   SLB_VSID_Kp                   BIT_ULL(10)
#define   SLB_VSID_L                    BIT_ULL(8)
#define   SLB_VSID_LP_MASK              MAKE_64BIT_MASK(4, 2)
#define   SLB_VSID_LP_64K               BIT_ULL(4)
#define   SLB_VSID_MASK                 MAKE_64BIT_MASK(12, 52)
#define SLB_Invalidate_Entry    0x01120
#define SLB_Invalidate_All      0x01128
#define MFC_CQ_SPU              0x02000     /* 16 entries of four registers */
#define MFC_CQ_PROXY            0x02200     /* 8 entries of four registers */
#define MFC_CQ_END              0x02300
#define MFC_CNTL                0x03000
#define   MFC_CNTL_Sc                   BIT_ULL(0)      /* suspend */
#define   MFC_CNTL_Sm                   BIT_ULL(4)      /* leave Sc alone */
#define   MFC_CNTL_Ss_SUSPENDED         (3ULL << 8)
#define   MFC_CNTL_Q                    BIT_ULL(14)     /* queues empty */
#define   MFC_CNTL_Pc                   BIT_ULL(15)     /* purge */
#define   MFC_CNTL_Ps_COMPLETE          (3ULL << 24)
#define   MFC_CNTL_R                    BIT_ULL(32)     /* restart */
#define   MFC_CNTL_K_SHIFT              33      /* MFC_SR1[Pr], unless 2 or 3 */
#define   MFC_CNTL_Dh                   BIT_ULL(35)     /* halt decrementer */
#define   MFC_CNTL_Ds                   BIT_ULL(40)     /* it runs */
#define SPU_Out_Intr_Mbox       0x04000
#define SPU_PrivCntl            0x04040
#define   SPU_PrivCntl_S                BIT_ULL(0)      /* single step */
#define   SPU_PrivCntl_A                BIT_ULL(1)      /* attention event */
#define   SPU_PrivCntl_Le               BIT_ULL(2)      /* isolated load */
#define SPU_LSLR                0x04058
#define SPU_ChnlIndex           0x04060
#define SPU_ChnlCnt             0x04068
#define SPU_ChnlData            0x04070
#define SPU_Cfg                 0x04078
#define   SPU_Cfg_S1                    BIT_ULL(0)      /* OR mode */
#define   SPU_Cfg_S2                    BIT_ULL(1)
#define PM_Trace_Tag_Wait_Mask  0x05000
#define MFC_CSR_TSQ             0x05008
#define MFC_CSR_CMD1            0x05010
#define MFC_CSR_CMD2            0x05018
#define MFC_CSR_ATO             0x05020

/* Privilege 1 area */

#define MFC_SR1                 0x0000
#define   MFC_SR1_D                     BIT_ULL(0)      /* decode LS */
#define   MFC_SR1_T                     BIT_ULL(1)      /* obey tlbie */
#define   MFC_SR1_Pr                    BIT_ULL(3)      /* problem state */
#define   MFC_SR1_R                     BIT_ULL(4)      /* relocate */
#define   MFC_SR1_S                     BIT_ULL(5)      /* master run */
#define   MFC_SR1_TL                    BIT_ULL(6)
#define MFC_LPID                0x0008
#define SPU_IDR                 0x0010
#define MFC_VR                  0x0018
#define SPU_VR                  0x0020
#define INT_Mask_class0         0x0100
#define INT_Mask_class2         0x0110
#define INT_Stat_class0         0x0140
#define INT_Stat_class2         0x0150
#define   INT_CLASS0_DMA_ALIGNMENT      BIT_ULL(0)
#define   INT_CLASS0_INVALID_DMA        BIT_ULL(1)
#define   INT_CLASS0_SPU_ERROR          BIT_ULL(2)
#define   INT_CLASS1_SEGMENT_FAULT      BIT_ULL(0)
#define   INT_CLASS1_STORAGE_FAULT      BIT_ULL(1)
#define   INT_CLASS2_MAILBOX            BIT_ULL(0)
#define   INT_CLASS2_STOP               BIT_ULL(1)
#define   INT_CLASS2_HALT               BIT_ULL(2)      /* or single step */
#define   INT_CLASS2_TAG_GROUP          BIT_ULL(3)
#define   INT_CLASS2_MAILBOX_THRESHOLD  BIT_ULL(4)
#define INT_Route               0x0180
#define MFC_Atomic_Flush        0x0200
#define RA_Group_ID             0x0280
#define RA_Enable               0x0288
#define SMF_SBI_Signal_Sel      0x03c8
#define SMF_ATO_Signal_Sel      0x03d0
#define MFC_SDR                 0x0400
#define   MFC_SDR_HTABORG               MAKE_64BIT_MASK(18, 44)
#define   MFC_SDR_HTABSIZE              MAKE_64BIT_MASK(0, 5)
#define MFC_TLB_Index_Hint      0x0500
#define MFC_TLB_Index           0x0508
#define MFC_TLB_VPN             0x0510
#define MFC_TLB_RPN             0x0518
#define MFC_TLB_Invalidate_Entry 0x0540
#define MFC_TLB_Invalidate_All  0x0548
#define SMM_HID                 0x0580
#define MFC_ACCR                0x0600
#define MFC_DSISR               0x0610
#define   MFC_DSISR_PTE_NOT_FOUND       BIT_ULL(30)
#define   MFC_DSISR_ACCESS_DENIED       BIT_ULL(27)
#define   MFC_DSISR_ATOMIC              BIT_ULL(26)
#define   MFC_DSISR_PUT                 BIT_ULL(25)
#define MFC_DAR                 0x0620
#define MFC_RMT_Index           0x0700
#define MFC_RMT_Data1           0x0710
#define MFC_DSIR                0x0800
#define MFC_LSACR               0x0808
#define MFC_LSCRR               0x0810
#define MFC_TCLASS_ID           0x0820
#define MFC_RM_Boundary         0x0900
#define SMF_DMA_Signal_Sel      0x0938
#define SMM_Signal_Sel          0x0a38
#define MFC_CER                 0x0c00
#define   MFC_ERROR_SPU_QUEUE           BIT_ULL(31)     /* CER[Q], DSIR[Q] */
#define SPU_ECC_Cntl            0x1000
#define SPU_ECC_Stat            0x1008
#define SPU_ECC_Addr            0x1010
#define SPU_ERR_Mask            0x1018
#define SPU_Trig0_Sel           0x1028
#define SPU_Trace_Cntl          0x1070

/* SPU channels */

enum {
    SPU_RdEventStat     = 0,
    SPU_WrEventMask     = 1,
    SPU_WrEventAck      = 2,
    SPU_RdSigNotify1    = 3,
    SPU_RdSigNotify2    = 4,
    SPU_WrDec           = 7,
    SPU_RdDec           = 8,
    MFC_WrMSSyncReq     = 9,
    SPU_RdEventMask     = 11,
    MFC_RdTagMask       = 12,
    SPU_RdMachStat      = 13,
    SPU_WrSRR0          = 14,
    SPU_RdSRR0          = 15,
    MFC_WrLSA           = 16,
    MFC_WrEAH           = 17,
    MFC_WrEAL           = 18,
    MFC_WrSize          = 19,
    MFC_WrTagID         = 20,
    MFC_WrCmd           = 21,
    MFC_WrTagMask       = 22,
    MFC_WrTagUpdate     = 23,
    MFC_RdTagStat       = 24,
    MFC_RdListStallStat = 25,
    MFC_WrListStallAck  = 26,
    MFC_RdAtomicStat    = 27,
    SPU_WrOutMbox       = 28,
    SPU_RdInMbox        = 29,
    SPU_WrOutIntrMbox   = 30,
    SPU_NUM_CHANNELS    = 31,
    SPU_BkmkTag         = 69,
    SPU_PMStartEv       = 70,
    SPU_PMStopEv        = 71,
};

/* Events: channels 0 to 2 */
#define SPU_EVENT_TAG_STATUS    BIT(0)      /* Tg */
#define SPU_EVENT_LIST_STALL    BIT(1)      /* Sn */
#define SPU_EVENT_QUEUE_SPACE   BIT(3)      /* Qv */
#define SPU_EVENT_IN_MBOX       BIT(4)      /* Mb */
#define SPU_EVENT_DECREMENTER   BIT(5)      /* Tm */
#define SPU_EVENT_OUT_INTR_MBOX BIT(6)      /* Me */
#define SPU_EVENT_OUT_MBOX      BIT(7)      /* Le */
#define SPU_EVENT_SIGNAL2       BIT(8)      /* S2 */
#define SPU_EVENT_SIGNAL1       BIT(9)      /* S1 */
#define SPU_EVENT_LINE_LOST     BIT(10)     /* Lr */
#define SPU_EVENT_ATTENTION     BIT(11)     /* A */
#define SPU_EVENT_MSSYNC        BIT(12)     /* Ms */

/* MFC_RdAtomicStat */
#define MFC_ATOMIC_PUTLLC_FAILED    BIT(0)
#define MFC_ATOMIC_PUTLLUC          BIT(1)
#define MFC_ATOMIC_GETLLAR          BIT(2)

/* MFC commands */
enum {
    MFC_PUT         = 0x20,
    MFC_PUTB        = 0x21,
    MFC_PUTF        = 0x22,
    MFC_PUTL        = 0x24,
    MFC_PUTLB       = 0x25,
    MFC_PUTLF       = 0x26,
    MFC_PUTS        = 0x28,
    MFC_PUTBS       = 0x29,
    MFC_PUTFS       = 0x2a,
    MFC_PUTR        = 0x30,
    MFC_PUTRB       = 0x31,
    MFC_PUTRF       = 0x32,
    MFC_PUTRL       = 0x34,
    MFC_PUTRLB      = 0x35,
    MFC_PUTRLF      = 0x36,
    MFC_GET         = 0x40,
    MFC_GETB        = 0x41,
    MFC_GETF        = 0x42,
    MFC_GETL        = 0x44,
    MFC_GETLB       = 0x45,
    MFC_GETLF       = 0x46,
    MFC_GETS        = 0x48,
    MFC_GETBS       = 0x49,
    MFC_GETFS       = 0x4a,
    MFC_SDCRT       = 0x80,
    MFC_SDCRTST     = 0x81,
    MFC_SDCRZ       = 0x89,
    MFC_SDCRST      = 0x8d,
    MFC_SDCRF       = 0x8f,
    MFC_SNDSIG      = 0xa0,
    MFC_SNDSIGB     = 0xa1,
    MFC_SNDSIGF     = 0xa2,
    MFC_PUTLLUC     = 0xb0,
    MFC_PUTLLC      = 0xb4,
    MFC_PUTQLLUC    = 0xb8,
    MFC_BARRIER     = 0xc0,
    MFC_EIEIO       = 0xc8,
    MFC_SYNC        = 0xcc,
    MFC_GETLLAR     = 0xd0,
};

#define MFC_TAGS                32
#define MFC_MAX_SIZE            0x4000
#define MFC_LINE_SIZE           128

/* Hashed page table entries: PowerPC Operating Environment Architecture */
#define PTE0_V                  BIT_ULL(0)
#define PTE0_H                  BIT_ULL(1)
#define PTE0_L                  BIT_ULL(2)
#define PTE0_AVPN               MAKE_64BIT_MASK(7, 57)
#define PTE1_PP                 MAKE_64BIT_MASK(0, 2)
#define PTE1_PP0                BIT_ULL(63)
#define PTE1_R                  BIT_ULL(8)
#define PTE1_C                  BIT_ULL(7)
#define PTE1_RPN                MAKE_64BIT_MASK(12, 48)

#endif /* HW_CELL_SPE_REGS_H */
