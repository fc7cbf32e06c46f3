/*
 * Cell Broadband Engine: the state of an SPU's reference engine
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_SPU_ENGINE_REF_H
#define HW_CELL_SPU_ENGINE_REF_H

#include "qemu/timer.h"
#include "hw/cell/spu_engine.h"

typedef struct SPUEngineRef {
    SPUEngine engine;
    SPUInterp *interp;
    QEMUTimer *timer;
    uint32_t hz;
    uint64_t slice_ns;
    /* The SPU began its @insns latest instructions at @base_ns. */
    int64_t base_ns;
    uint64_t insns;
    /* Counts starts: a channel instruction may stop and restart its SPU. */
    unsigned epoch;
    int64_t due_ns;             /* when the timer was to fire */
    /* How execution ended, if that is to be reported at due_ns */
    bool ended;
    SPUExit why;
    uint32_t code;
} SPUEngineRef;

#endif /* HW_CELL_SPU_ENGINE_REF_H */
