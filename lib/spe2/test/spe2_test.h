/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The common parts of the library's tests: SPU programs as ELF files, and
 * contexts that call the PPE.
 */
#ifndef SPE2_TEST_H
#define SPE2_TEST_H

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libspe2.h>

#include "kselftest_harness.h"
#include "spu/prog.h_shipped"

/* Does LIBSPE2_ASYNC make all contexts of the tests asynchronous? */
static inline bool runs_async(void)
{
	const char *value = getenv("LIBSPE2_ASYNC");

	return value && !strcmp(value, "1");
}

/* The letter of a task's state */
static inline char state_of(pid_t pid, pid_t tid)
{
	char path[64], line[256] = "", *end;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(path, O_RDONLY);
	(void)!read(fd, line, sizeof(line) - 1);
	close(fd);
	end = strrchr(line, ')');
	return end ? end[2] : 0;
}

/* What the machine has, according to its device tree */
#define DT_CHIPS	"/proc/device-tree/be@*"
#define DT_SPES		DT_CHIPS "/spe@*"

static inline int device_tree_count(const char *pattern)
{
	glob_t found;
	int n;

	if (glob(pattern, 0, NULL, &found))
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* A kernel without asynchronous contexts */
static inline bool old_kernel(void)
{
	spe_context_ptr_t spe = spe_context_create(SPE_ASYNC, NULL);

	if (spe)
		spe_context_destroy(spe);
	return !spe && errno == ENOSYS;
}

struct elf_file {
	Elf32_Ehdr eh;
	Elf32_Phdr ph;
	unsigned char data[4096];
};

/* An ELF file with one segment: @len bytes at address 0 */
static inline void make_elf(struct elf_file *elf, const void *words, size_t len, uint32_t entry)
{
	memset(elf, 0, sizeof(*elf));
	memcpy(elf->eh.e_ident, "\177ELF\1\2\1", 7);
	elf->eh.e_type = htobe16(ET_EXEC);
	elf->eh.e_machine = htobe16(23);	/* EM_SPU, from the ELF registry */
	elf->eh.e_version = htobe32(1);
	elf->eh.e_entry = htobe32(entry);
	elf->eh.e_phoff = htobe32(offsetof(struct elf_file, ph));
	elf->eh.e_ehsize = htobe16(sizeof(elf->eh));
	elf->eh.e_phentsize = htobe16(sizeof(elf->ph));
	elf->eh.e_phnum = htobe16(1);
	elf->ph.p_type = htobe32(PT_LOAD);
	elf->ph.p_offset = htobe32(offsetof(struct elf_file, data));
	elf->ph.p_filesz = htobe32(len);
	elf->ph.p_memsz = htobe32(len + 64);
	memcpy(elf->data, words, len);
}

static struct elf_file prog_elf;
static spe_program_handle_t prog = { sizeof(prog), &prog_elf, NULL };

__attribute__((constructor)) static void make_prog(void)
{
	make_elf(&prog_elf, spu_prog, sizeof(spu_prog), SPU_PROG_MAIN);
}

static inline uint32_t *ls_word(spe_context_ptr_t spe, uint32_t address)
{
	return (uint32_t *)((char *)spe_ls_area_get(spe) + address);
}

/* Where tests put code that calls the PPE, and its data: above the programs */
#define CALL_AT		0x8000
#define ARGS_AT		0x9000
#define DATA_AT		0xa000

/* stop @code; the word @word; stop 0x1001 */
static inline void put_call(spe_context_ptr_t spe, uint32_t code, uint32_t word)
{
	uint32_t *at = ls_word(spe, CALL_AT);

	at[0] = code;		/* the instruction stop has opcode 0 */
	at[1] = word;
	at[2] = 0x1001;
}

static inline void put_args(spe_context_ptr_t spe, unsigned int n, const uint32_t *args)
{
	for (unsigned int i = 0; i < n; i++)
		memcpy(ls_word(spe, ARGS_AT + 16 * i), (uint32_t[4]) { args[i] }, 16);
}

/* The result and errno of a call with these arguments */
static int call_error;

static inline int do_call(spe_context_ptr_t spe, uint32_t code, unsigned int op, unsigned int n,
			  const uint32_t *args)
{
	unsigned int entry = CALL_AT;
	spe_stop_info_t info;

	put_call(spe, code, op << 24 | ARGS_AT);
	put_args(spe, n, args);
	if (spe_context_run(spe, &entry, 0, NULL, NULL, &info) != 0x1001) {
		call_error = -1;
		return -12345;
	}
	call_error = ls_word(spe, ARGS_AT)[3];
	return ls_word(spe, ARGS_AT)[0];
}

#define WORDS(...)	((uint32_t[]) { __VA_ARGS__ })
#define CALL(spe, code, op, ...)	\
	do_call(spe, code, op, sizeof(WORDS(__VA_ARGS__)) / 4, WORDS(__VA_ARGS__))

/* A string in local store, at DATA_AT + @offset; its address */
static inline uint32_t put_string(spe_context_ptr_t spe, uint32_t offset, const char *s)
{
	strcpy((char *)ls_word(spe, DATA_AT + offset), s);
	return DATA_AT + offset;
}

#define ASSERT_ERRNO(expected, call)		\
	do {					\
		errno = 0;			\
		ASSERT_EQ(-1, (call));		\
		ASSERT_EQ(expected, errno);	\
	} while (0)

#define EXPECT_ERRNO(expected, call)		\
	do {					\
		errno = 0;			\
		EXPECT_EQ(-1, (call));		\
		EXPECT_EQ(expected, errno);	\
	} while (0)

#endif /* SPE2_TEST_H */
