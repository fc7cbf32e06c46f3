// SPDX-License-Identifier: GPL-2.0
/*
 * An SPU program's file into local store.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spuctl.h"

/* The file, mapped */
struct file {
	const char *path;
	const char *data;
	size_t size;
};

static const void *file_at(const struct file *file, __u32 offset, size_t len,
			   const char *what)
{
	if (offset > file->size || len > file->size - offset)
		errx(1, "%s: %s lies beyond the end of the file", file->path, what);
	return file->data + offset;
}

static void map_file(struct file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	if (!S_ISREG(st.st_mode) || !st.st_size)
		errx(1, "%s: not an ELF file", path);
	file->path = path;
	file->size = st.st_size;
	file->data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file->data == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
}

static void load_segment(const struct file *file, unsigned int n,
			 const struct elf32_phdr *phdr, const struct local_store *ls)
{
	__u32 address = be32toh(phdr->p_vaddr);
	__u32 in_file = be32toh(phdr->p_filesz);
	__u32 in_memory = be32toh(phdr->p_memsz);
	const void *from;
	char *to;

	if (in_file > in_memory)
		errx(1, "%s: segment %u is larger in the file than in memory",
		     file->path, n);
	from = file_at(file, be32toh(phdr->p_offset), in_file, "a segment");
	to = ls_at(ls, address, in_memory);
	if (!to)
		errx(1, "%s: segment %u, 0x%x bytes at 0x%x, does not fit into local store",
		     file->path, n, in_memory, address);
	memcpy(to, from, in_file);
	memset(to + in_file, 0, in_memory - in_file);
}

__u32 elf_load(const char *path, const struct local_store *ls)
{
	unsigned int n, count, size, loaded = 0;
	const struct elf32_hdr *ehdr;
	struct file file;
	__u32 entry;

	map_file(&file, path);
	if (file.size < sizeof(*ehdr) || memcmp(file.data, ELFMAG, SELFMAG))
		errx(1, "%s: not an ELF file", path);
	ehdr = (const void *)file.data;
	if (ehdr->e_ident[EI_CLASS] != ELFCLASS32 ||
	    ehdr->e_ident[EI_DATA] != ELFDATA2MSB ||
	    be16toh(ehdr->e_machine) != EM_SPU ||
	    be16toh(ehdr->e_type) != ET_EXEC)
		errx(1, "%s: not a program for an SPU", path);

	count = be16toh(ehdr->e_phnum);
	size = be16toh(ehdr->e_phentsize);
	if (count && size < sizeof(struct elf32_phdr))
		errx(1, "%s: program headers of %u bytes", path, size);
	for (n = 0; n < count; n++) {
		struct elf32_phdr phdr;

		/* It need not be aligned. */
		memcpy(&phdr, file_at(&file, be32toh(ehdr->e_phoff) + n * size,
				      sizeof(phdr), "a program header"), sizeof(phdr));
		if (be32toh(phdr.p_type) != PT_LOAD)
			continue;
		load_segment(&file, n, &phdr, ls);
		loaded++;
	}
	if (!loaded)
		errx(1, "%s: nothing in it to load", path);

	entry = be32toh(ehdr->e_entry);
	if (entry >= LS_SIZE || entry & 3)
		errx(1, "%s: there is no instruction at its entry, 0x%x", path, entry);
	munmap((void *)file.data, file.size);
	return entry;
}
