// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a context: its registers, its local store, its instructions, its
 * fault; single steps; and a program under the control of commands, with
 * breakpoints.
 *
 * All of this uses the files of the context, so it works on any machine
 * whose kernel has asynchronous contexts.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <asm/spufs.h>
#include <libspe2.h>

#include "spuctl.h"

#define LS_SIZE		0x40000
#define REGISTERS	128
#define INSTRUCTIONS	8		/* that dis shows */
#define BREAKPOINT	0x3fff		/* the stop code that debuggers use: libspe2 */
#define MAX_BREAKPOINTS	64

/* In a session, the next command is read when one fails; otherwise the program ends. */
static bool in_session, failed;

static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vwarnx(format, ap);
	va_end(ap);
	if (!in_session)
		exit(1);
	failed = true;
}

/* A number as in C; false, and a complaint, if it is not one up to @max */
static bool get_number(const char *s, unsigned int max, unsigned int *value)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 0);
	if (*s < '0' || *s > '9' || *end || errno || n > max) {
		complain("%s: a number up to 0x%x is wanted", s, max);
		return false;
	}
	*value = n;
	return true;
}

/* @size bytes of a context's file; false, and a complaint, if they cannot be read */
static bool read_file(int dir, const char *name, void *data, size_t size, off_t at)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < size) {
		ssize_t n = pread(fd, (char *)data + done, size - done, at + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += n;
	}
	if (done < size)
		complain("%s: %s", name, errno ? strerror(errno) : "too short");
	if (fd >= 0)
		close(fd);
	return done == size;
}

static bool write_word(int dir, unsigned int address, __u32 word)
{
	int fd = openat(dir, "mem", O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && pwrite(fd, &word, sizeof(word), address) == sizeof(word);

	if (!ok)
		complain("mem: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

static void write_npc(int dir, unsigned int npc)
{
	int fd = openat(dir, "npc", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "0x%x", npc) < 0)
		complain("npc: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static bool read_npc(int dir, unsigned int *npc)
{
	char text[32] = "";
	int fd = openat(dir, "npc", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
		complain("npc: %s", strerror(errno));
		return false;
	}
	close(fd);
	*npc = strtoul(text, NULL, 0);
	return true;
}

/* ---- the state of a context ---- */

static void show_registers(int dir, char **names)
{
	__u32 regs[REGISTERS][4];
	unsigned int i, npc;

	if (!read_npc(dir, &npc) || !read_file(dir, "regs", regs, sizeof(regs), 0))
		return;
	for (; *names; names++) {
		if (!get_number(*names + (**names == '$'), REGISTERS - 1, &i))
			return;
		printf("$%-3u %08x %08x %08x %08x\n", i, regs[i][0], regs[i][1],
		       regs[i][2], regs[i][3]);
		npc = UINT_MAX;
	}
	if (npc == UINT_MAX)
		return;
	/* All except those that are 0 */
	printf("npc  0x%05x\n", npc);
	for (i = 0; i < REGISTERS; i++)
		if (regs[i][0] | regs[i][1] | regs[i][2] | regs[i][3])
			printf("$%-3u %08x %08x %08x %08x\n", i, regs[i][0], regs[i][1],
			       regs[i][2], regs[i][3]);
}

static void show_memory(int dir, unsigned int address, unsigned int length)
{
	unsigned char bytes[LS_SIZE];
	unsigned int i, j;

	if (length > LS_SIZE - address)
		length = LS_SIZE - address;
	if (!read_file(dir, "mem", bytes, length, address))
		return;
	for (i = 0; i < length; i += 16) {
		printf("0x%05x:", address + i);
		for (j = i; j < i + 16; j++)
			if (j < length)
				printf("%s%02x", j % 4 ? "" : " ", bytes[j]);
			else
				fputs(j % 4 ? "  " : "   ", stdout);
		fputs("  ", stdout);
		for (j = i; j < i + 16 && j < length; j++)
			putchar(bytes[j] >= ' ' && bytes[j] < 0x7f ? bytes[j] : '.');
		putchar('\n');
	}
}

static void show_instructions(int dir, unsigned int address, unsigned int count)
{
	__u32 words[LS_SIZE / 4];
	unsigned int i;

	address &= LS_SIZE - 4;
	if (count > (LS_SIZE - address) / 4)
		count = (LS_SIZE - address) / 4;
	if (!read_file(dir, "mem", words, count * 4, address))
		return;
	for (i = 0; i < count; i++) {
		printf("0x%05x: %08x  ", address + 4 * i, words[i]);
		disassemble(stdout, words[i], address + 4 * i);
		putchar('\n');
	}
}

static const char *event_words(unsigned int event)
{
	switch (event) {
	case SPU_EVENT_DMA_ALIGNMENT:	return "misaligned DMA";
	case SPU_EVENT_SPE_ERROR:	return "illegal instruction or channel";
	case SPU_EVENT_DATA_STORAGE:	return "DMA to an address without memory";
	case SPU_EVENT_INVALID_DMA:	return "invalid DMA command";
	default:			return "an error of another kind";
	}
}

static void show_fault(int dir)
{
	int fd = openat(dir, "fault", O_RDONLY | O_CLOEXEC);
	struct spu_fault fault;
	ssize_t n = fd < 0 ? -1 : read(fd, &fault, sizeof(fault));

	if (n < 0 && errno == ENODATA) {
		puts("the last run had no error");
	} else if (n != sizeof(fault)) {
		complain("fault: %s", n < 0 ? strerror(errno) : "too short");
	} else {
		printf("%s (event 0x%x, class %u), at %.6f s\n", event_words(fault.event),
		       fault.event, fault.irq_class, fault.when / 1e9);
		if (fault.event == SPU_EVENT_DATA_STORAGE)
			printf("address 0x%llx, dsisr 0x%llx\n",
			       (unsigned long long)fault.ea, (unsigned long long)fault.dsisr);
	}
	if (fd >= 0)
		close(fd);
}

/* ---- a step ---- */

/*
 * Execute one instruction. True if that is all that happened. Otherwise the run ended
 * in another way, which was reported, or could not begin.
 */
static bool step_once(int event_fd, unsigned int *npc)
{
	const __u32 control[2] = { SPU_CONTROL_STEP_SPU, *npc };
	struct pollfd wait = { .fd = event_fd, .events = POLLIN };
	struct spu_event event = {};
	bool plain = true;

	if (write(event_fd, control, sizeof(control)) != sizeof(control)) {
		complain(errno == EBUSY ? "it runs, or its events were not read" :
			 "step: %s", strerror(errno));
		return false;
	}
	do {
		ssize_t n;

		/* A step is short, unless it waits for a channel: Ctrl-C ends that. */
		if (poll(&wait, 1, -1) < 0) {
			const __u32 stop = SPU_CONTROL_STOP_SPU;

			if (write(event_fd, &stop, sizeof(stop)) != sizeof(stop))
				err(1, "stop");
			continue;
		}
		n = read(event_fd, &event, sizeof(event));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n != sizeof(event))
			errx(1, "the context is gone");
		if (event.event != SPU_EVENT_STOP) {
			plain = false;
			printf("%s\n", event_words(event.event));
		}
	} while (event.event != SPU_EVENT_STOP);
	*npc = event.npc;

	if (event.status & SPU_STATUS_STOPPED_BY_STOP)
		printf("stop 0x%04x\n", event.status >> SPU_STOP_STATUS_SHIFT & 0x3fff);
	else if (event.status & SPU_STATUS_STOPPED_BY_HALT)
		puts("halt");
	else if (event.status & SPU_STATUS_SINGLE_STEP)
		return plain;
	else if (plain)
		puts("stopped");
	return false;
}

/* ---- commands on somebody's context ---- */

static int open_context(const char *name)
{
	char *root = find_mount();
	char path[PATH_MAX];
	int dir;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || faccessat(dir, "mem", F_OK, 0))
		errx(1, "%s: there is no such context; ps lists them", name);
	free(root);
	return dir;
}

/* The arguments that follow a command's name; false, and a complaint, if they are bad */
static bool get_range(char **args, unsigned int *first, unsigned int *second, unsigned int max)
{
	if (args[0] && !get_number(args[0], LS_SIZE - 1, first))
		return false;
	if (args[0] && args[1] && !get_number(args[1], max, second))
		return false;
	if (args[0] && args[1] && args[2]) {
		complain("%s: one argument too many", args[2]);
		return false;
	}
	return true;
}

/* Is @args[0] one of the commands that show something?  Then show it. */
static bool show(int dir, char **args, unsigned int npc)
{
	const char *command = args[0];
	unsigned int address, length = 64;

	if (!strcmp(command, "regs")) {
		show_registers(dir, args + 1);
	} else if (!strcmp(command, "mem")) {
		if (!args[1])
			complain("mem: at which address?");
		else if (get_range(args + 1, &address, &length, LS_SIZE))
			show_memory(dir, address, length);
	} else if (!strcmp(command, "dis")) {
		address = npc;
		length = INSTRUCTIONS;
		if (get_range(args + 1, &address, &length, LS_SIZE / 4))
			show_instructions(dir, address, length);
	} else if (!strcmp(command, "fault")) {
		show_fault(dir);
	} else {
		return false;
	}
	return true;
}

int look(char **args)
{
	char *command = args[0];
	int dir = open_context(args[1]), event_fd;
	unsigned int npc, count = 1;

	if (!read_npc(dir, &npc))
		return 1;
	args[1] = command;
	if (show(dir, args + 1, npc))
		return 0;
	/* step */
	if (args[2] && args[3])
		errx(2, "step: %s? See --help", args[3]);
	if (args[2])
		get_number(args[2], INT_MAX, &count);
	event_fd = openat(dir, "event", O_RDWR | O_CLOEXEC);
	if (event_fd < 0)
		errx(1, "it is not an asynchronous context, or it is another user's");
	while (count-- && step_once(event_fd, &npc))
		;
	show_instructions(dir, npc, 1);
	return 0;
}

/* ---- a session ---- */

static struct session {
	spe_context_ptr_t spe;
	int dir, event_fd;
	unsigned int npc;
	bool over;			/* the program has exited */
	int status;
	struct {
		unsigned int address;
		__u32 word;		/* the instruction there, if inserted */
		bool inserted;
	} breakpoints[MAX_BREAKPOINTS];
	unsigned int count;
} session;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	interrupted = signal;
}

static int find_breakpoint(unsigned int address)
{
	for (unsigned int i = 0; i < session.count; i++)
		if (session.breakpoints[i].address == address)
			return i;
	return -1;
}

/*
 * They are in local store only while the SPU runs, so that nobody sees them. There is
 * none where it begins.
 */
static void insert_breakpoints(unsigned int from)
{
	for (unsigned int i = 0; i < session.count; i++) {
		unsigned int at = session.breakpoints[i].address;

		session.breakpoints[i].inserted = at != (from & ~3u) &&
			read_file(session.dir, "mem", &session.breakpoints[i].word, 4, at) &&
			write_word(session.dir, at, BREAKPOINT);
	}
}

/* If the program has written there meanwhile, its word stays. */
static void remove_breakpoints(void)
{
	for (unsigned int i = 0; i < session.count; i++) {
		unsigned int at = session.breakpoints[i].address;
		__u32 word;

		if (session.breakpoints[i].inserted &&
		    read_file(session.dir, "mem", &word, 4, at) && word == BREAKPOINT)
			write_word(session.dir, at, session.breakpoints[i].word);
	}
}

static void set_breakpoint(unsigned int address)
{
	if (address & 3)
		complain("0x%x: instructions are at multiples of 4", address);
	else if (find_breakpoint(address) >= 0)
		complain("there is one at 0x%05x", address);
	else if (session.count == MAX_BREAKPOINTS)
		complain("there are %d already", MAX_BREAKPOINTS);
	else
		session.breakpoints[session.count++].address = address;
}

static void delete_breakpoint(unsigned int address)
{
	int i = find_breakpoint(address);

	if (i < 0)
		complain("there is none at 0x%05x", address);
	else
		session.breakpoints[i] = session.breakpoints[--session.count];
}

/* Run to the program's next stop, or to a breakpoint; calls are served. */
static void run_on(unsigned int from)
{
	struct pollfd wait = { .fd = session.event_fd, .events = POLLIN };
	spe_stop_info_t info;
	char text[80];
	int ret;

	insert_breakpoints(from);
	if (spe_context_start(session.spe, from, 0, NULL, NULL))
		err(1, "start");
	interrupted = 0;
	do {
		if (poll(&wait, 1, -1) < 0 && interrupted && spe_context_stop(session.spe))
			err(1, "stop");
		ret = spe_context_dispatch(session.spe, &session.npc, &info);
	} while (!ret);
	if (ret < 0)
		err(1, "event");
	remove_breakpoints();

	if (info.stop_reason == SPE_STOP_AND_SIGNAL &&
	    info.result.spe_signal_code == BREAKPOINT &&
	    find_breakpoint(((session.npc & ~3u) - 4) & (LS_SIZE - 4)) >= 0) {
		/* The stop was not the program's: the instruction there is still to come. */
		session.npc = (session.npc - 4) & (LS_SIZE - 1);
		write_npc(session.dir, session.npc);
		return;
	}
	printf("%s\n", stop_text(&info, text, sizeof(text)));
	if (info.stop_reason == SPE_EXIT) {
		session.over = true;
		session.status = info.result.spe_exit_code;
	}
}

/* Is there a call of the library, or an exit?  Only run_on() handles these. */
static bool at_call(unsigned int npc)
{
	__u32 word;

	return read_file(session.dir, "mem", &word, sizeof(word), npc & (LS_SIZE - 4)) &&
	       ((word & ~0xffu) == 0x2000 || (word & ~0xffu) == 0x2100);
}

/* Execute the next instruction, or a whole call; false if that was the end */
static bool next(void)
{
	unsigned int after = (session.npc + 8) & (LS_SIZE - 4);
	bool there = find_breakpoint(after) >= 0;

	if (!at_call(session.npc))
		return step_once(session.event_fd, &session.npc);
	/* The word after a call is its argument. */
	if (!there)
		set_breakpoint(after);
	run_on(session.npc);
	if (!there)
		delete_breakpoint(after);
	return !session.over && (session.npc & ~3u) == after;
}

static void go_on(void)
{
	/* past a breakpoint that is here */
	if (next() && find_breakpoint(session.npc & ~3u) < 0)
		run_on(session.npc);
}

static const char help[] =
"step [COUNT]            execute instructions; a call of the library is one\n"
"continue                run to a breakpoint, or until the program stops by itself\n"
"break [ADDRESS]         set a breakpoint, or list them\n"
"delete ADDRESS          remove one\n"
"regs [REGISTER]...      npc and the registers that are not 0, or the named ones\n"
"mem ADDRESS [LENGTH]    local store (64 bytes)\n"
"dis [ADDRESS [COUNT]]   instructions (8, from the next one on)\n"
"fault                   the first error of the last run\n"
"quit                    end; so does the end of the input\n"
"The first letters of a command are enough.\n";

static void change(char **args)
{
	const char *command = args[0];
	unsigned int n = 1;

	if (args[1] && !get_number(args[1], LS_SIZE - 1, &n))
		return;
	if (!strcmp(command, "break") && !args[1]) {
		for (unsigned int i = 0; i < session.count; i++)
			printf("0x%05x\n", session.breakpoints[i].address);
		return;
	} else if (!strcmp(command, "break")) {
		set_breakpoint(n);
		return;
	} else if (!strcmp(command, "delete")) {
		if (args[1])
			delete_breakpoint(n);
		else
			complain("delete: at which address?");
		return;
	}
	if (session.over) {
		complain("the program has exited");
		return;
	}
	if (!strcmp(command, "continue"))
		go_on();
	else
		while (n-- && next())
			;
	if (!session.over)
		show_instructions(session.dir, session.npc, 1);
}

/* The command that begins with these letters; of several, the one most used */
static char *full_name(char *name)
{
	static char * const commands[] = {
		"step", "continue", "regs", "mem", "dis", "break", "delete", "fault",
		"help", "quit",
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strncmp(commands[i], name, strlen(name)))
			return commands[i];
	return NULL;
}

/* The context's directory, from its event file's name */
static int directory_of(int event_fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", event_fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		err(1, "%s", link);
	path[n] = 0;
	*strrchr(path, '/') = 0;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int debug(const char *path)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	bool terminal = isatty(STDIN_FILENO);
	spe_program_handle_t *image;
	char *line = NULL, *args[16];
	size_t size = 0;

	image = spe_image_open(path);
	if (!image && errno == EINVAL)
		errx(1, "%s: %s", path, spe_image_error());
	if (!image)
		err(1, "%s", path);
	session.spe = spe_context_create(SPE_ASYNC, NULL);
	if (!session.spe && errno == ENOSYS)
		errx(1, "this kernel has no asynchronous SPU contexts");
	if (!session.spe || spe_program_load(session.spe, image))
		err(1, "%s: a context", path);
	session.event_fd = spe_context_fd(session.spe);
	session.dir = directory_of(session.event_fd);
	if (session.dir < 0)
		err(1, "the context's directory");
	in_session = true;
	sigaction(SIGINT, &action, NULL);

	/* Run to the first instruction: the library sets up the arguments and a stack. */
	session.npc = ((const __u32 *)image->elf_image)[6];	/* e_entry */
	set_breakpoint(session.npc);
	run_on(SPE_DEFAULT_ENTRY);
	delete_breakpoint(session.npc);
	show_instructions(session.dir, session.npc, 1);

	for (;;) {
		unsigned int n = 0;
		char *word;

		if (terminal)
			fputs("(spu) ", stdout);
		fflush(stdout);
		if (getline(&line, &size, stdin) < 0) {
			if (!interrupted)
				break;
			/* Ctrl-C at the prompt */
			interrupted = 0;
			clearerr(stdin);
			putchar('\n');
			continue;
		}
		for (word = strtok(line, " \t\n"); word && n < ARRAY_SIZE(args) - 1;
		     word = strtok(NULL, " \t\n"))
			args[n++] = word;
		args[n] = NULL;
		if (!n)
			continue;
		word = full_name(args[0]);
		if (!word) {
			complain("%s? Try help", args[0]);
			continue;
		}
		args[0] = word;
		if (!strcmp(word, "quit"))
			break;
		if (!strcmp(word, "help"))
			fputs(help, stdout);
		else if (!show(session.dir, args, session.npc))
			change(args);
	}
	free(line);
	close(session.dir);
	spe_context_destroy(session.spe);
	spe_image_close(image);
	return failed && !terminal ? 1 : session.status;
}
