// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPU instruction tests: TAP output
 *
 * Copyright (C) 2026 The spufs-async authors
 */
#include <stdarg.h>
#include <stdio.h>
#include "tap.h"

static int tap_points, tap_failed, tap_bad, tap_checks;

bool tap(bool pass, const char *fmt, ...)
{
	va_list ap;

	tap_failed += !pass;
	printf("%sok %d - ", pass ? "" : "not ", ++tap_points);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return pass;
}

bool tap_check(bool cond, const char *fmt, ...)
{
	va_list ap;

	tap_checks++;
	if (!cond && tap_bad++ < 5) {
		printf("# ");
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
	}
	return cond;
}

void tap_end(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* A point that checked nothing has failed. */
	tap(tap_checks && !tap_bad, "%s (%d checks)", text, tap_checks);
	tap_checks = tap_bad = 0;
}

int tap_done(void)
{
	printf("1..%d\n", tap_points);
	if (tap_failed)
		printf("# %d of %d failed\n", tap_failed, tap_points);
	return tap_failed != 0;
}
