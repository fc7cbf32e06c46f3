/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPU instruction tests: TAP output
 *
 * Copyright (C) 2026 The spufs-async authors
 */
#ifndef SPU_TEST_TAP_H
#define SPU_TEST_TAP_H

#include <stdbool.h>

/* One line of TAP.  Returns @pass. */
bool tap(bool pass, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A test point of many checks: note @cond, with a line of explanation for
 * the first few that fail; tap_end() prints the point.
 */
bool tap_check(bool cond, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void tap_end(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print the plan, and how many points failed.  Returns main()'s status. */
int tap_done(void);

/* tests of the reference engine: engine_test.c */
void test_engine(void);

#endif
