// SPDX-License-Identifier: GPL-2.0
/*
 * shutdown power-off|reboot|crash
 * shutdown kexec|crash KERNEL INITRD CONSOLE	where this program is /init
 *
 * Shut the system down while contexts are loaded and saved on all SPEs: those of
 * threads in spu_run(2), asynchronous ones if the kernel has them, and some whose
 * registers are read all the time. The kernel's log shows any failure.
 *
 * As /init, the program reports on the next kernel: whether its memory is its own,
 * and whether each SPE works. If not, init ends and the kernel panics, which is seen
 * even where the console is not.
 */
#include <err.h>
#include <linux/kexec.h>
#include <pthread.h>
#include <sys/reboot.h>
#include <sys/wait.h>

#include "async_test.h"

#include "spu/copy.h_shipped"
#include "spu/spin.h_shipped"
#include "spu/stop.h_shipped"

#define CONTEXTS	16	/* of each sort: more than there are SPEs */
#define SWITCHERS	2

/* All contexts copy this onto itself, for longer than anybody waits. */
static char buffer[4096] __attribute__((aligned(4096)));

static void load_copy(int fd)
{
	const struct copy_args args = {
		.src_hi = spu_eah(buffer), .src_lo = spu_eal(buffer),
		.dst_hi = spu_eah(buffer), .dst_lo = spu_eal(buffer),
		.size = sizeof(buffer), .chunks = ~0u,
	};

	if (spu_load(fd, spu_copy) || spu_poke(fd, SPU_COPY_ARGS, &args, sizeof(args)))
		err(1, "a context");
}

static void *run(void *arg)
{
	int fd = spu_create(0);
	__u32 npc = 0, event;

	load_copy(fd);
	sys_spu_run(fd, &npc, &event);
	err(1, "spu_run");
}

static void *start(void *arg)
{
	struct async ctx;

	if (no_async())
		return run(arg);
	if (async_create(&ctx, 0))
		err(1, "spu_create");
	load_copy(ctx.fd);
	if (async_start(&ctx, 0))
		err(1, "start");
	return NULL;
}

/* Only the registers of a saved context can be read. */
static void *start_and_look(void *arg)
{
	struct async ctx;
	char regs[2048];
	int fd;

	if (no_async())
		return run(arg);
	if (async_create(&ctx, 0) || spu_load(ctx.fd, spu_spin) || async_start(&ctx, 0))
		err(1, "start");
	fd = openat(ctx.fd, "regs", O_RDONLY);
	while (pread(fd, regs, sizeof(regs), 0) > 0)
		;
	err(1, "regs");
}

static void begin(void *(*what)(void *arg), int times)
{
	pthread_t thread;

	while (times--)
		if (pthread_create(&thread, NULL, what, NULL))
			errx(1, "pthread_create");
}

static void load_next(char **argv, unsigned long flags)
{
	int kernel = open(argv[0], O_RDONLY), initrd = open(argv[1], O_RDONLY);
	char line[64];

	snprintf(line, sizeof(line), "console=%s quiet", argv[2]);
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(line) + 1, line, flags))
		err(1, "kexec_file_load");
}

static void go_down(const char *how, int argc, char **argv)
{
	FILE *sysrq;

	if (!strcmp(how, "power-off")) {
		execl("/bin/poweroff", "poweroff", "0", NULL);
	} else if (!strcmp(how, "reboot")) {
		reboot(RB_AUTOBOOT);
	} else if (!strcmp(how, "crash")) {
		if (argc == 3)
			load_next(argv, KEXEC_FILE_ON_CRASH);
		sysrq = fopen("/proc/sysrq-trigger", "w");
		if (sysrq)
			fputs("c", sysrq);
		if (sysrq)
			fclose(sysrq);
	} else if (!strcmp(how, "kexec") && argc == 3) {
		load_next(argv, 0);
		reboot(RB_KEXEC);
	}
	err(1, "%s", how);
}

#define MEMORY		(64 << 20)
#define PATTERN		0x5aa5a55a5aa5a55aULL

/* Check that nobody else writes to our memory, for as long as some thousand DMAs take. */
static int memory_is_ours(void)
{
	__u64 *p = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i, round, wrong = 0;

	if (p == MAP_FAILED)
		err(1, "memory");
	for (i = 0; i < MEMORY / sizeof(*p); i++)
		p[i] = PATTERN;
	for (round = 0; round < 2; round++)
		for (i = 0; i < MEMORY / sizeof(*p); i++)
			wrong += *(volatile __u64 *)(p + i) != PATTERN;
	printf("%zu words of memory are not what they were\n", wrong);
	return wrong ? -1 : 0;
}

static int spes_work(void)
{
	int i, fd, ok = 0, count = spe_count();
	__u32 npc, event;

	for (i = 0; i < count; i++) {
		npc = SPU_STOP_STOP_1337;
		fd = spu_create(0);
		if (!spu_load(fd, spu_stop) &&
		    sys_spu_run(fd, &npc, &event) == SPU_STATUS_STOP(0x1337))
			ok++;
		/* it is left loaded, so that the next one takes another SPE */
	}
	printf("%d of %d SPEs work\n", ok, count);
	return ok && ok == count ? 0 : -1;
}

static int next_kernel(void)
{
	int status;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	freopen("/dev/console", "w", stdout);
	freopen("/dev/console", "w", stderr);
	status = !spufs_root() || memory_is_ours() || spes_work();
	if (status)
		return 1;
	printf("the next kernel has done\n");
	fflush(stdout);
	execl("/bin/poweroff", "poweroff", "0", NULL);
	return 1;
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		return next_kernel();
	if (argc < 2)
		errx(1, "power-off, reboot, crash, or kexec or crash KERNEL INITRD CONSOLE?");
	if (!spufs_root())
		errx(1, "no spufs");
	begin(run, CONTEXTS);
	begin(start, CONTEXTS);
	begin(start_and_look, SWITCHERS);
	/* until all are at it */
	if (!wait_until(spu_contexts() == 2 * CONTEXTS + SWITCHERS))
		errx(1, "%d contexts", spu_contexts());
	poll(NULL, 0, 300);
	go_down(argv[1], argc - 2, argv + 2);
	return 1;
}
