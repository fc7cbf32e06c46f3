// SPDX-License-Identifier: GPL-2.0
/*
 * spuctl: run SPU programs, and look at contexts.
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "spuctl.h"

static const char usage[] =
"usage: spuctl run [-n COPIES] [-q] [--json] PROGRAM...\n"
"       spuctl ps [--json]\n"
"       spuctl trace [--json] COMMAND [ARGUMENT]...\n"
"       spuctl trace --list\n"
"       spuctl debug PROGRAM\n"
"       spuctl regs CONTEXT [REGISTER]...\n"
"       spuctl mem CONTEXT ADDRESS [LENGTH]\n"
"       spuctl dis CONTEXT [ADDRESS [COUNT]]\n"
"       spuctl fault CONTEXT\n"
"       spuctl step CONTEXT [COUNT]\n"
"\n"
"run    load SPU programs (ELF files) into asynchronous contexts, run them all\n"
"       from one thread, and print each event on the standard error\n"
"ps     list the contexts of the system\n"
"trace  run a command, and then show the activity of spufs\n"
"debug  load an SPU program, and read commands from the standard input: step,\n"
"       break, continue, regs, ...; the command help lists them\n"
"regs, mem, dis, fault  show the registers, the local store, the instructions, or\n"
"       the first error of the last run, of a context that ps lists\n"
"step   execute instructions of an asynchronous context that is stopped\n"
"\n"
"  -n, --copies COPIES  contexts for each program (1)\n"
"  -q, --quiet          print nothing about programs that exit\n"
"      --json           print a line of JSON for each event or context\n"
"      --list           name the tracepoints that this kernel has\n"
"  -h, --help           print this\n"
"\n"
"run ends with the status of the first program whose status is not 0. The status\n"
"of a program that did not end by an exit is 1.\n";

void json_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			/* Bytes, of whatever encoding: they need not be valid in any. */
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static unsigned int number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || *end || n < 1 || n > 4096)
		errx(2, "--copies %s: a number from 1 to 4096 is wanted", s);
	return n;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "copies", required_argument, NULL, 'n' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "json", no_argument, NULL, 'J' },
		{ "list", no_argument, NULL, 'L' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct run_options o = { .copies = 1 };
	const char *command;
	bool list = false;
	int c, status;

	/* The options of a command that is traced are its own. */
	while ((c = getopt_long(argc, argv, "+n:qh", longs, NULL)) >= 0 ||
	       (optind == 1 && optind < argc)) {
		switch (c) {
		case -1:
			/* the name of the command comes first */
			optind++;
			break;
		case 'n':
			o.copies = number(optarg);
			break;
		case 'q':
			o.quiet = true;
			break;
		case 'J':
			o.json = true;
			break;
		case 'L':
			list = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			errx(2, "see --help");
		}
	}
	if (argc < 2)
		errx(2, "run, ps, trace or debug? See --help");

	command = argv[1];
	argv += optind;
	argc -= optind;
	if (!strcmp(command, "run")) {
		if (!argc)
			errx(2, "run: what? See --help");
		status = run_programs(argv, argc, &o);
	} else if (!strcmp(command, "ps")) {
		if (argc)
			errx(2, "ps: %s? See --help", argv[0]);
		status = ps(o.json);
	} else if (!strcmp(command, "trace")) {
		if (!list != !!argc)
			errx(2, "trace: a command or --list? See --help");
		status = trace(o.json, list, argv);
	} else if (!strcmp(command, "debug")) {
		if (argc != 1)
			errx(2, "debug: one program? See --help");
		status = debug(argv[0]);
	} else if (!strcmp(command, "regs") || !strcmp(command, "mem") ||
		   !strcmp(command, "dis") || !strcmp(command, "fault") ||
		   !strcmp(command, "step")) {
		if (!argc)
			errx(2, "%s: of which context? See --help", command);
		/* its own name before its arguments */
		argv[-1] = (char *)command;
		status = look(argv - 1);
	} else {
		errx(2, "%s: run, ps, trace or debug is wanted; see --help", command);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "stdout");
	return status;
}
