// SPDX-License-Identifier: GPL-2.0
/*
 * ram-file FILE: print the place of a tmpfs file in the machine's memory, for a
 * reader of that memory, such as tools/build/boot --fetch. A line for each piece:
 * "ram-file ADDRESS LENGTH", and at the end "ram-file end SIZE".
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_FRAME	0x007fffffffffffffULL
#define PAGEMAP_PRESENT	0x8000000000000000ULL

int main(int argc, char **argv)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY), fd;
	uint64_t page = sysconf(_SC_PAGESIZE), address = 0, length = 0, done;
	struct stat st;
	uint8_t *map;

	if (argc != 2)
		errx(2, "usage: ram-file FILE");
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", argv[1]);
	map = mmap(NULL, st.st_size ?: 1, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		err(1, "%s", argv[1]);

	for (done = 0; done < (uint64_t)st.st_size; done += page) {
		uint64_t entry, left = st.st_size - done;

		if (pread(pagemap, &entry, sizeof(entry), ((uintptr_t)map + done) /
			  page * sizeof(entry)) != sizeof(entry))
			err(1, "/proc/self/pagemap");
		if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_FRAME))
			errx(1, "%s: not in memory, or this is not root", argv[1]);
		entry = (entry & PAGEMAP_FRAME) * page;
		if (entry != address + length) {
			if (length)
				printf("ram-file 0x%llx %llu\n",
				       (unsigned long long)address,
				       (unsigned long long)length);
			address = entry;
			length = 0;
		}
		length += left < page ? left : page;
	}
	if (length)
		printf("ram-file 0x%llx %llu\n", (unsigned long long)address,
		       (unsigned long long)length);
	printf("ram-file end %llu\n", (unsigned long long)st.st_size);
	return fflush(stdout) ? 1 : 0;
}
