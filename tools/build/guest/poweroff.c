// SPDX-License-Identifier: GPL-2.0
/*
 * poweroff [CODE]: power the machine off so that the emulator exits with CODE.
 *
 * The code goes to the blade's firmware as the state of an indicator
 * (PAPR: set-indicator; type 9000 and up is the vendor's) by way of rtas(2).
 * A PlayStation 3 has no such indicator: there the code is a line on the console,
 * for tools/build/boot.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define EXIT_CODE_INDICATOR	9000

/* What rtas(2) takes (arch/powerpc/include/asm/rtas-types.h), big endian */
struct rtas_args {
	uint32_t token;
	uint32_t nargs;
	uint32_t nret;
	uint32_t args[16];
	uint32_t unused;	/* the kernel's pointer to the results */
};

static int say_status(int code)
{
	FILE *console = fopen("/dev/console", "w");

	if (!console || fprintf(console, "\nexit-status %d\n", code) < 0 ||
	    fflush(console) || tcdrain(fileno(console)))
		return -1;
	return 0;
}

static int set_indicator(uint32_t type, uint32_t index, uint32_t state)
{
	struct rtas_args rtas = {
		.nargs = htonl(3),
		.nret = htonl(1),
		.args = { htonl(type), htonl(index), htonl(state), htonl(-1) },
	};
	FILE *token = fopen("/proc/device-tree/rtas/set-indicator", "r");

	if (!token || fread(&rtas.token, sizeof(rtas.token), 1, token) != 1)
		return -1;
	fclose(token);
	if (syscall(SYS_rtas, &rtas))
		return -1;
	return ntohl(rtas.args[3]);
}

int main(int argc, char **argv)
{
	int code = argc > 1 ? atoi(argv[1]) : 0;

	if (access("/proc/device-tree/rtas", F_OK) ? say_status(code) :
	    set_indicator(EXIT_CODE_INDICATOR, 0, code))
		perror("poweroff: exit code");
	sync();
	reboot(RB_POWER_OFF);
	perror("poweroff");
	return 1;
}
