/*
 * Cell blade: run-time abstraction services
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CELL_RTAS_H
#define HW_CELL_RTAS_H

#include "hw/core/sysbus.h"
#include "qom/object.h"

#define TYPE_CELL_RTAS "cell-rtas"
OBJECT_DECLARE_SIMPLE_TYPE(CellRTASState, CELL_RTAS)

/* The doorbell: storing an argument block's address makes the call. */
#define CELL_RTAS_MMIO_SIZE     0x1000
#define CELL_RTAS_DOORBELL      0x0

/* Memory that the code takes; Linux asks for this size. */
#define CELL_RTAS_SIZE          0x1000

/*
 * set-indicator with this token sets QEMU's exit status at power-off.  PAPR
 * leaves 9000 to 9999 to vendors.
 */
#define CELL_RTAS_INDICATOR_EXIT_STATUS 9000

/* QEMU's exit status when the guest panics, or reboots with -no-reboot */
#define CELL_RTAS_EXIT_UNKNOWN  125

struct CellRTASState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    uint32_t uart;              /* address of the UART, the console */
    int64_t rtc_offset;         /* guest's clock - QEMU's, in seconds */
    uint8_t exit_status;
    uint8_t exit_status_unset;  /* used until the guest sets it: a property */
};

/**
 * cell_rtas_load: put the code into guest memory
 * @base: where, below 4 GiB
 * @doorbell: address of the doorbell, below 4 GiB
 */
void cell_rtas_load(hwaddr base, hwaddr doorbell);

/**
 * cell_rtas_dt_populate: add the rtas node
 * @fdt: the device tree
 * @base: where cell_rtas_load() put the code
 *
 * Returns: the node's offset
 */
int cell_rtas_dt_populate(void *fdt, hwaddr base);

#endif /* HW_CELL_RTAS_H */
