/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPU instruction tests: an independent model of the computations
 *
 * Copyright (C) 2026 The spufs-async authors
 */
#ifndef SPU_TEST_MODEL_H
#define SPU_TEST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/* A quadword as it lies in local store: byte 0 is the most significant. */
struct quad {
	uint8_t b[16];
};

/* What an instruction reads, and in t and fpscr what it leaves behind. */
struct model {
	struct quad t, a, b, c;
	struct quad fpscr;
	int imm;		/* as written in the assembler's operand */
};

/*
 * Work out one instruction.  Returns false if @mnemonic is not a computation
 * (it moves data, control or channels) or is not known.
 */
bool model_run(const char *mnemonic, struct model *m);

#endif
