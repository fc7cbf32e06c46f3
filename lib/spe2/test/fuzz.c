// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz ROUNDS [SEED]: the parts of the library that read a program's data
 * and make no system calls, with random input, on the host under sanitizers:
 * files for the ELF loader, formats for printf and scanf, stop information.
 * Everything has memory of exactly its size, so that reads and writes beyond it
 * are caught. Prints TAP.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../call.h"
#include "../spe2.h"

static uint64_t state;

/* xorshift64* */
static uint32_t any(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL >> 32;
}

static uint32_t below(uint32_t n)
{
	return any() % n;
}

/* Values that are often handled wrongly */
static uint32_t interesting(void)
{
	static const uint32_t values[] = {
		0, 1, 3, 4, 16, 0x34, 0x7fff, 0x8000, 0xffff, 0x10000, 0x3ffff, 0x40000, 0x40001,
		0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
	};

	return below(3) ? values[below(ARRAY_SIZE(values))] : any();
}

/* A file with segments, relocations, a .toe and names: all that the loader looks at */
struct file {
	Elf32_Ehdr eh;
	Elf32_Phdr ph[2];
	Elf32_Shdr sh[5];
	Elf32_Rela rela[3];
	char names[32];
	unsigned char data[256];
};

static void make_file(struct file *f)
{
	uint32_t i;

	memset(f, 0, sizeof(*f));
	memcpy(f->eh.e_ident, "\177ELF\1\2\1", 7);
	f->eh.e_type = htobe16(ET_EXEC);
	f->eh.e_machine = htobe16(23);
	f->eh.e_phoff = htobe32(offsetof(struct file, ph));
	f->eh.e_shoff = htobe32(offsetof(struct file, sh));
	f->eh.e_phentsize = htobe16(sizeof(f->ph[0]));
	f->eh.e_phnum = htobe16(2);
	f->eh.e_shentsize = htobe16(sizeof(f->sh[0]));
	f->eh.e_shnum = htobe16(5);
	f->eh.e_shstrndx = htobe16(4);
	for (i = 0; i < 2; i++) {
		f->ph[i].p_type = htobe32(PT_LOAD);
		f->ph[i].p_offset = htobe32(offsetof(struct file, data));
		f->ph[i].p_vaddr = htobe32(i ? 0x3ff00 : 0);
		f->ph[i].p_filesz = htobe32(256);
		f->ph[i].p_memsz = htobe32(256);
	}
	memcpy(f->names, "\0.text\0.rela\0.toe\0.shstrtab", 28);
	f->sh[1].sh_name = htobe32(1);
	f->sh[1].sh_flags = htobe32(SHF_ALLOC);
	f->sh[1].sh_size = htobe32(256);
	f->sh[2].sh_name = htobe32(7);
	f->sh[2].sh_type = htobe32(SHT_RELA);
	f->sh[2].sh_offset = htobe32(offsetof(struct file, rela));
	f->sh[2].sh_size = htobe32(sizeof(f->rela));
	f->sh[2].sh_info = htobe32(1);
	f->sh[3].sh_name = htobe32(13);
	f->sh[3].sh_addr = htobe32(0x3fff0);
	f->sh[3].sh_size = htobe32(16);
	f->sh[4].sh_name = htobe32(18);
	f->sh[4].sh_offset = htobe32(offsetof(struct file, names));
	f->sh[4].sh_size = htobe32(sizeof(f->names));
	for (i = 0; i < 3; i++) {
		f->rela[i].r_offset = htobe32(i ? 0x3fff8 : 0);
		f->rela[i].r_info = htobe32(15 + i % 2);	/* R_SPU_PPU32, 64 */
		f->rela[i].r_addend = htobe32(16 * i);
	}
	memset(f->data, 0xaa, sizeof(f->data));
}

/* The good file is loaded as it should be, and bad ones do no harm. */
static bool fuzz_elf(unsigned long rounds)
{
	struct file good;
	uint32_t entry, ea32;
	unsigned long loaded = 0, i;
	char *ls = malloc(LS_SIZE);
	uint64_t ea64;

	make_file(&good);
	if (spe2_elf_load(&good, sizeof(good), ls, &entry))
		return false;
	memcpy(&ea32, ls, 4);
	memcpy(&ea64, ls + 0x3fff8, 8);
	/* The .toe overwrites what the relocations put there. */
	if (be32toh(ea32) != (uint32_t)(uintptr_t)&good || ea64 ||
	    memcmp(ls + 0x3fff0, &(uint64_t){ htobe64((uintptr_t)&good) }, 8) ||
	    memcmp(ls + 0x3ff00, good.data, 0xf0))
		return false;

	for (i = 0; i < rounds; i++) {
		size_t size = below(8) ? sizeof(good) : below(sizeof(good) + 1);
		unsigned int changes = 1 + below(6);
		char *file = malloc(size ? size : 1);

		memcpy(file, &good, size);
		while (size >= 4 && changes--) {
			size_t at = below(4) ? below(size < 0x140 ? size : 0x140) : below(size);
			uint32_t value = htobe32(interesting());

			at &= ~(below(3) ? 3u : 1u);
			memcpy(file + at, &value, size - at < 4 ? size - at : 4);
		}
		loaded += !spe2_elf_load(file, size, ls, &entry);
		if (size && !spe2_elf_load(file, size, NULL, &entry) && entry >= LS_SIZE)
			return false;
		free(file);
	}
	free(ls);
	/* If all were refused, or none, it would not be a test. */
	printf("# %lu of %lu files were loaded\n", loaded, rounds);
	return loaded > rounds / 100 && loaded < rounds;
}

static void random_text(char *to, size_t len, const char *from)
{
	size_t n = strlen(from), i;

	for (i = 0; i < len; i++)
		to[i] = below(64) ? from[below(n)] : (char)any();
}

static void fill(char *ls, uint32_t at, const char *letters, size_t len)
{
	uint32_t i;

	for (i = 0; i < 64; i++) {
		uint32_t word = interesting();

		memcpy(ls + 0x1000 + 4 * i, &word, 4);
	}
	random_text(ls + at, len, letters);
	ls[at + len] = '\0';
}

static bool fuzz_printf(unsigned long rounds)
{
	char *ls = calloc(1, LS_SIZE);
	unsigned long i, good = 0;

	memset(ls, 'x', LS_SIZE);
	for (i = 0; i < rounds; i++) {
		uint32_t va[2] = { below(16) ? 0x1000 : interesting(), below(2) ? 0x1040 : 0 };
		size_t len = 1 + below(24);
		uint32_t at = below(4) ? 0x2000 : LS_SIZE - len - 1;
		struct spe2_call c = {};

		fill(ls, at, "%%%%dioxXcspnefgaA0123456789.*-+ #lhhjztL'", len);
		good += !spe2_format(&c, ls, below(16) ? at : interesting(), va);
		if (c.text_len >= 4 << 20)
			return false;
		spe2_call_free_memory(&c);
	}
	free(ls);
	printf("# %lu of %lu formats were printed\n", good, rounds);
	return good > rounds / 100 && good < rounds;
}

static int next_of(struct spe2_source *source)
{
	return *source->string ? (unsigned char)*source->string++ : EOF;
}

static void back_to(struct spe2_source *source, int c)
{
	(void)c;
	source->string--;
}

static bool fuzz_scanf(unsigned long rounds)
{
	unsigned long i, results = 0;

	for (i = 0; i < rounds; i++) {
		size_t format_len = 1 + below(24), text_len = below(200);
		char *format = calloc(1, format_len + 1), *text = calloc(1, text_len + 1);
		struct spe2_source source = { .next = next_of, .back = back_to, .string = text };
		struct spe2_call c = {};
		uint32_t target[32];
		unsigned int n;
		int ret;

		for (n = 0; n < ARRAY_SIZE(target); n++)
			target[n] = below(8) ? below(LS_SIZE) : interesting();
		c.target = target;
		c.targets = below(ARRAY_SIZE(target) + 1);
		random_text(format, format_len, "%%%%%dioxXcspnefgaA[]^-0123456789* lhhjztL,");
		random_text(text, text_len, "0123456789abcdefxXpP.+-einfa ,\n%[]");
		/* Long words, too, of every length */
		if (!below(8)) {
			memset(text, '7', text_len);
			strcpy(format, format_len > 1 ? "%s" : "");
		}
		ret = spe2_scan(&c, &source, format);
		results += ret > 0;
		if (source.string < text || source.string > text + text_len)
			return false;
		for (n = 0; n < c.outputs; n++)
			if (c.output[n].to > LS_SIZE || c.output[n].len > LS_SIZE - c.output[n].to)
				return false;
		spe2_call_free_memory(&c);
		free(format);
		free(text);
	}
	printf("# %lu of %lu scans had results\n", results, rounds);
	return results > rounds / 100 && results < rounds;
}

/* Every status gives a reason, and -1 with an errno or a stop code. */
static bool fuzz_stop(unsigned long rounds)
{
	unsigned long i;

	for (i = 0; i < rounds; i++) {
		struct spe_context_base_priv p = {
			.flags = below(2) ? SPE_EVENTS_ENABLE : 0, .async = below(2),
		};
		int status = below(16) ? (int)(below(0x4000) << 16 | below(0x80)) : -1, ret;
		unsigned int errors = below(4) ? 0 : 1u << below(12);
		struct spe_stop_info info;

		errno = 0;
		ret = spe2_stop_info(&info, p.flags, p.async, status, errors, EINTR);
		if (info.stop_reason < SPE_EXIT || info.stop_reason > SPE_STOPPED_ON_REQUEST ||
		    (ret < 0 ? !errno : errno) || ret > 0x3fff ||
		    (ret > 0 && info.stop_reason != SPE_STOP_AND_SIGNAL))
			return false;
		/* A call has no other reason to stop. */
		if (spe2_is_call(&p, 0, status, errors) &&
		    (ret & 0xff00) != 0x2100 && info.stop_reason != SPE_RUNTIME_EXCEPTION)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		bool (*run)(unsigned long rounds);
	} parts[] = {
		{ "ELF files", fuzz_elf }, { "printf", fuzz_printf },
		{ "scanf", fuzz_scanf }, { "stop information", fuzz_stop },
	};
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	unsigned int i, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%u\n# again: %s %lu %llu\n", (unsigned int)ARRAY_SIZE(parts),
	       argv[0], rounds, (unsigned long long)seed);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		bool ok;

		state = seed * 2 + 1;
		ok = parts[i].run(rounds);
		printf("%sok %u fuzz: %s\n", ok ? "" : "not ", i + 1, parts[i].what);
		failed |= !ok;
	}
	return failed;
}
