// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Load an SPU program's ELF file into local store. The file is not trusted: the
 * bounds of every access to the file or to local store are checked first, and local
 * store is not touched unless the whole file is good.
 *
 * Sources: the ELF specification; "SPU Application Binary Interface" for
 * EM_SPU; "SPU Embedded and Toolchain Specification" (CESOF) for .toe and the
 * relocations against the image's own address.
 */
#include <elf.h>
#include <endian.h>
#include <string.h>

#include "spe2.h"

#ifndef EM_SPU
#define EM_SPU			23
#endif
#define R_SPU_PPU32		15
#define R_SPU_PPU64		16

struct image {
	const char *data;
	size_t size;
	unsigned int phnum, phentsize, shnum, shentsize;
	uint32_t phoff, shoff;
};

static bool inside(const struct image *image, uint32_t offset, uint32_t len)
{
	return offset <= image->size && len <= image->size - offset;
}

static bool in_ls(uint32_t address, uint32_t len)
{
	return address <= LS_SIZE && len <= LS_SIZE - address;
}

static bool read_at(const struct image *image, uint64_t offset, void *to, size_t len)
{
	if (offset > UINT32_MAX || !inside(image, offset, len))
		return false;
	memcpy(to, image->data + offset, len);
	return true;
}

static bool program_header(const struct image *image, unsigned int n, Elf32_Phdr *ph)
{
	return read_at(image, image->phoff + (uint64_t)n * image->phentsize, ph, sizeof(*ph));
}

static bool section_header(const struct image *image, unsigned int n, Elf32_Shdr *sh)
{
	return read_at(image, image->shoff + (uint64_t)n * image->shentsize, sh, sizeof(*sh));
}

static const char *check_header(struct image *image, uint32_t *entry)
{
	Elf32_Ehdr eh;

	if (!read_at(image, 0, &eh, sizeof(eh)) || memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return "not an ELF file";
	if (eh.e_ident[EI_CLASS] != ELFCLASS32 || eh.e_ident[EI_DATA] != ELFDATA2MSB ||
	    be16toh(eh.e_machine) != EM_SPU || be16toh(eh.e_type) != ET_EXEC)
		return "not a program for an SPU";
	image->phoff = be32toh(eh.e_phoff);
	image->phnum = be16toh(eh.e_phnum);
	image->phentsize = be16toh(eh.e_phentsize);
	image->shoff = be32toh(eh.e_shoff);
	image->shnum = be16toh(eh.e_shnum);
	image->shentsize = be16toh(eh.e_shentsize);
	if (image->phnum && image->phentsize < sizeof(Elf32_Phdr))
		return "its program headers are too small";
	/* A program without sections runs as well. */
	if (image->shentsize < sizeof(Elf32_Shdr))
		image->shnum = 0;
	*entry = be32toh(eh.e_entry);
	if (*entry >= LS_SIZE || *entry & 3)
		return "there is no instruction at its entry";
	return NULL;
}

static const char *check_segments(const struct image *image)
{
	unsigned int n, loaded = 0;
	Elf32_Phdr ph;

	for (n = 0; n < image->phnum; n++) {
		if (!program_header(image, n, &ph))
			return "a program header lies beyond the end of the file";
		if (be32toh(ph.p_type) != PT_LOAD)
			continue;
		if (be32toh(ph.p_filesz) > be32toh(ph.p_memsz))
			return "a segment is larger in the file than in memory";
		if (!inside(image, be32toh(ph.p_offset), be32toh(ph.p_filesz)))
			return "a segment lies beyond the end of the file";
		if (!in_ls(be32toh(ph.p_vaddr), be32toh(ph.p_memsz)))
			return "a segment does not fit into local store";
		loaded++;
	}
	return loaded ? NULL : "nothing in it to load";
}

/* Overlays share an address: the first is loaded, the program loads the others. */
static void load_segments(const struct image *image, char *ls)
{
	uint32_t begin = 0, end = 0;
	unsigned int n;
	Elf32_Phdr ph;

	for (n = 0; n < image->phnum; n++) {
		uint32_t address, in_file, in_memory;

		program_header(image, n, &ph);
		if (be32toh(ph.p_type) != PT_LOAD)
			continue;
		address = be32toh(ph.p_vaddr);
		in_file = be32toh(ph.p_filesz);
		in_memory = be32toh(ph.p_memsz);
		if (address >= begin && address < end)
			continue;
		begin = address;
		end = address + in_memory;
		memcpy(ls + address, image->data + be32toh(ph.p_offset), in_file);
		memset(ls + address + in_file, 0, in_memory - in_file);
	}
}

/* Words that hold an effective address inside the image */
static void relocate(const struct image *image, const Elf32_Shdr *rela, char *ls)
{
	uint32_t offset = be32toh(rela->sh_offset), size = be32toh(rela->sh_size), at;

	if (!inside(image, offset, size))
		return;
	for (at = 0; size - at >= sizeof(Elf32_Rela); at += sizeof(Elf32_Rela)) {
		uint32_t where, info;
		uint64_t ea, ea64;
		Elf32_Rela r;

		memcpy(&r, image->data + offset + at, sizeof(r));
		where = be32toh(r.r_offset);
		info = be32toh(r.r_info);
		ea = (uintptr_t)image->data + (int32_t)be32toh(r.r_addend);
		if (info == ELF32_R_INFO(0, R_SPU_PPU32) && in_ls(where, 4)) {
			uint32_t ea32 = htobe32(ea);

			memcpy(ls + where, &ea32, 4);
		} else if (info == ELF32_R_INFO(0, R_SPU_PPU64) && in_ls(where, 8)) {
			ea64 = htobe64(ea);
			memcpy(ls + where, &ea64, 8);
		}
	}
}

static void apply_sections(const struct image *image, char *ls)
{
	unsigned int n;
	Elf32_Shdr sh, target;

	for (n = 0; n < image->shnum; n++) {
		if (!section_header(image, n, &sh) || be32toh(sh.sh_type) != SHT_RELA)
			continue;
		/* A section that is not loaded (._ea) is not in local store. */
		if (section_header(image, be32toh(sh.sh_info), &target) &&
		    be32toh(target.sh_flags) & SHF_ALLOC)
			relocate(image, &sh, ls);
	}
}

/* The table of effective addresses has one entry: that of the image. */
static void fill_toe(const struct image *image, unsigned int strings, char *ls)
{
	uint64_t toe[2] = { htobe64((uintptr_t)image->data), 0 };
	unsigned int n;
	Elf32_Shdr sh, names;
	char name[5];

	if (!section_header(image, strings, &names))
		return;
	for (n = 0; n < image->shnum; n++) {
		if (section_header(image, n, &sh) &&
		    read_at(image, (uint64_t)be32toh(names.sh_offset) + be32toh(sh.sh_name),
			    name, sizeof(name)) && !memcmp(name, ".toe", 5) &&
		    be32toh(sh.sh_size) == sizeof(toe) &&
		    in_ls(be32toh(sh.sh_addr), sizeof(toe)))
			memcpy(ls + be32toh(sh.sh_addr), toe, sizeof(toe));
	}
}

/**
 * spe2_elf_load() - load an ELF file into local store
 * @data: the file
 * @size: its size in bytes; SIZE_MAX if it is not known, and trusted
 * @ls: LS_SIZE bytes, or NULL to check the file only
 * @entry: where the program begins
 *
 * Return: NULL, or what is wrong with the file
 */
const char *spe2_elf_load(const void *data, size_t size, char *ls, uint32_t *entry)
{
	struct image image = { .data = data, .size = size };
	const char *wrong = check_header(&image, entry);
	Elf32_Ehdr eh;

	if (!wrong)
		wrong = check_segments(&image);
	if (wrong || !ls)
		return wrong;
	load_segments(&image, ls);
	apply_sections(&image, ls);
	memcpy(&eh, data, sizeof(eh));
	fill_toe(&image, be16toh(eh.e_shstrndx), ls);
	return NULL;
}
