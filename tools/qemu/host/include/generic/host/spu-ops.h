/*
 * Synergistic Processor Unit: operations by instructions of the host, generic
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * There are none: these functions have no callers.
 */
#ifndef GENERIC_HOST_SPU_OPS_H
#define GENERIC_HOST_SPU_OPS_H

#include "hw/cell/spu.h"

#define HAVE_HOST_SPU_SHUFB     false
#define HAVE_HOST_SPU_SP        false
#define HOST_SPU_SP_ATTR

static inline void host_spu_truncate(bool on)
{
}

#define HOST_SPU_RR(name)                                               \
static inline bool host_spu_##name(SPUReg *d, const SPUReg *a,          \
                                   const SPUReg *b)                     \
{                                                                       \
    return false;                                                       \
}

#define HOST_SPU_RRR(name)                                              \
static inline bool host_spu_##name(SPUReg *d, const SPUReg *a,          \
                                   const SPUReg *b, const SPUReg *c)    \
{                                                                       \
    return false;                                                       \
}

HOST_SPU_RR(fa)
HOST_SPU_RR(fs)
HOST_SPU_RR(fm)
HOST_SPU_RRR(fma)
HOST_SPU_RRR(fnms)
HOST_SPU_RRR(fms)

#undef HOST_SPU_RR
#undef HOST_SPU_RRR

#endif /* GENERIC_HOST_SPU_OPS_H */
