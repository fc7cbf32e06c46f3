// SPDX-License-Identifier: GPL-2.0
/*
 * A program for the SPU in C. The PPE serves the C library's calls; the SPU itself
 * computes with vectors and moves data by DMA.
 *
 * make toolchain builds the compiler, and make run SPU= takes this file.
 */
#include <spu_intrinsics.h>
#include <spu_mfcio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define COUNT	32
#define TAG	3

/* The MFC is at its best with 128 bytes at a time. */
static float number[COUNT] __attribute__((aligned(128)));

static void wait_for_dma(void)
{
	mfc_write_tag_mask(1 << TAG);
	mfc_read_tag_status_all();
}

int main(void)
{
	vector float *four = (vector float *)number;
	unsigned long long memory;
	float sum = 0;
	int i;

	printf("Hello from an SPU, in C\n");

	for (i = 0; i < COUNT; i++)
		number[i] = i;
	for (i = 0; i < COUNT / 4; i++)
		four[i] = spu_mul(four[i], four[i]);

	/* To memory of the process, and back */
	memory = mmap_eaddr(0, sizeof(number), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED_EADDR) {
		perror("mmap_eaddr");
		return 1;
	}
	mfc_put(number, memory, sizeof(number), TAG, 0, 0);
	wait_for_dma();
	memset(number, 0, sizeof(number));
	mfc_get(number, memory, sizeof(number), TAG, 0, 0);
	wait_for_dma();

	for (i = 0; i < COUNT; i++)
		sum += number[i];
	printf("0 + 1 + 4 + ... + %d = %.0f\n", (COUNT - 1) * (COUNT - 1), sum);
	return 0;
}
