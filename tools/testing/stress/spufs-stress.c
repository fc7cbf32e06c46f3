// SPDX-License-Identifier: GPL-2.0
/*
 * Random system calls on asynchronous SPU contexts, from several processes at
 * once, for a time: nothing may hang, warn or be left behind, and the
 * event file must keep its contract.
 *
 * Everything is drawn from one seed. Where time is counted in instructions (QEMU's
 * -icount), a seed gives the same run again, failures included.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "async_test.h"
#include "users.h"

#include "mfc.h_shipped"
#include "spin.h_shipped"
#include "stop.h_shipped"

#define CONTEXTS	6
#define PROCESSES	4
#define HANG_SECONDS	60
#define TARGET_SIZE	(1 << 20)
#define VICTIM_STEP	(1 << 20)
#define VICTIM_PAUSE	16	/* seconds at most from one to the next */
#define FREE_LS		0x3000	/* behind the programs */
#define MEMORY_SLACK	16384	/* kB, which slabs may keep */

/* A context of this process, and what was seen of its runs */
struct context {
	struct async async;
	unsigned int starts, stops, seen;
	bool shared;	/* others may have its event file: nothing is known */
	bool gone;	/* its directory was closed */
	bool nosched;	/* it is not scheduled: it may wait for an SPE */
	bool in_gang;	/* it was created in the gang */
	__u64 cookie;	/* by which the gang's event file knows it, or 0 */
	__u64 born;	/* the last cookie that was given before it was created */
};

static struct context contexts[CONTEXTS];
/* Its event file, if it has one, may stay open when its directory was closed. */
static struct async gang = { -1, -1 };
static int friends[2], process;
static bool memory;	/* runs out: anybody may be killed */
static bool users;	/* ordinary ones, who want to hurt */
static char *target;	/* of DMA */
static unsigned int seed = 1, seconds = 10;
static unsigned long long random_state, calls, runs, gang_stops;
static __u64 last_cookie;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators, scrambled" (2016)
 */
static unsigned int draw(unsigned int n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return ((random_state * 0x2545f4914f6cdd1dULL) >> 33) % n;
}

static void seed_process(unsigned int number)
{
	random_state = ((unsigned long long)seed << 20 | number) * 0x9e3779b97f4a7c15ULL;
	random_state |= 1;
	draw(1);
}

static void fail(const char *format, ...)
{
	va_list args;

	printf("# process %d, call %llu: ", process, calls);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void new_context(struct context *c)
{
	static const unsigned int flags[] = {
		0, 0, 0, SPU_CREATE_EVENTS_ENABLED, SPU_CREATE_NOSCHED
	};
	char link[256] = "", path[64];
	unsigned int flag;

	memset(c, 0, sizeof(*c));
	c->async.event = -1;
	c->born = last_cookie;
	if (gang.fd >= 0 && draw(2)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", gang.fd);
		if (readlink(path, link, sizeof(link) - 1) < 0)
			link[0] = 0;
	}
	flag = flags[draw(5)];
	c->nosched = flag == SPU_CREATE_NOSCHED;
	c->async.fd = sys_spu_create(spu_path(link[0] == '/' ? link : NULL),
				     SPU_CREATE_ASYNC | flag, 0755, -1);
	if (c->async.fd < 0)
		return;
	c->in_gang = link[0] == '/' && gang.event >= 0;
	c->async.event = openat(c->async.fd, "event", O_RDWR | O_NONBLOCK);
}

static void close_directory(struct context *c)
{
	if (c->async.fd >= 0)
		close(c->async.fd);
	c->async.fd = -1;
	c->gone = true;
}

/* Some calls do not wait for others that are busy with the context. */
static int nowait(void)
{
	return draw(4) ? 0 : RWF_NOWAIT;
}

static void count_event(struct context *c, const struct spu_event *e)
{
	if (!strcmp(async_name(e->event), "unknown"))
		fail("event %x", e->event);
	if (c->shared)
		return;
	if (c->stops == c->starts)
		fail("event %x of no run", e->event);
	if (c->seen & e->event)
		fail("event %x twice", e->event);
	c->seen |= e->event;
	if (e->event != SPU_EVENT_STOP)
		return;
	if (e->status & SPU_STATUS_RUNNING)
		fail("STOP with status %x", e->status);
	c->seen = 0;
	c->stops++;
}

/* Take what there is to read, a random number of records at once. */
static int read_records(int event, void *records, size_t size)
{
	struct iovec iov = { records, (draw(6) + 1) * size };
	ssize_t n = preadv2(event, &iov, 1, -1, nowait());

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != EBADF)
			fail("read: %s", strerror(errno));
		return 0;
	}
	if (n % size)
		fail("read: %zd bytes", n);
	return n / size;
}

static void read_events(struct context *c)
{
	struct spu_event events[6];
	int i, n = read_records(c->async.event, events, sizeof(*events));

	if (n && c->cookie)
		fail("event %x of a context in a gang", events[0].event);
	for (i = 0; i < n; i++)
		count_event(c, &events[i]);
}

/* The rest of the cookie is the number of the context. */
static void read_gang(void)
{
	struct spu_gang_event events[6];
	int i, n = read_records(gang.event, events, sizeof(*events));

	for (i = 0; i < n; i++) {
		struct context *c = &contexts[events[i].cookie % CONTEXTS];

		if (!events[i].cookie || events[i].cookie > last_cookie || events[i].flags)
			fail("cookie %llu, flags %x", events[i].cookie, events[i].flags);
		/* one whose place this has taken, and which is being freed */
		if (events[i].cookie <= c->born)
			continue;
		if (events[i].cookie != c->cookie)
			fail("cookie %llu, not %llu", events[i].cookie, c->cookie);
		count_event(c, &events[i].event);
		gang_stops += events[i].event.event == SPU_EVENT_STOP;
	}
}

static ssize_t write_records(const struct context *c, const void *records, size_t len,
			     int flags)
{
	struct iovec iov = { (void *)records, len };

	return pwritev2(c->async.event, &iov, 1, -1, flags);
}

/* Start it; perhaps say before where its events go, and stop it at once. */
static void start(struct context *c, __u32 op, __u32 npc)
{
	struct {
		__u32 set, cookie[2];
		struct control start;
		__u32 stop;
	} records = {
		SPU_CONTROL_SET_COOKIE, { }, { op, npc }, SPU_CONTROL_STOP_SPU
	};
	const ssize_t set_end = offsetof(typeof(records), start);
	const ssize_t start_end = offsetof(typeof(records), stop);
	bool busy = c->starts != c->stops, join = draw(c->in_gang ? 2 : 20) == 0;
	__u64 cookie = (last_cookie / CONTEXTS + 1) * CONTEXTS + (c - contexts);
	ssize_t from = join ? 0 : set_end, done;

	memcpy(records.cookie, &cookie, sizeof(cookie));
	done = write_records(c, (char *)&records + from,
			     (draw(8) ? start_end : (ssize_t)sizeof(records)) - from, nowait());
	if (done > 0) {
		if (busy && !c->shared)
			fail("started twice");
		if (join) {
			c->cookie = cookie;
			last_cookie = cookie;
		}
		if (from + done >= start_end) {
			c->starts++;
			runs++;
		}
	} else if (errno == EBUSY) {
		if (!busy && !c->shared)
			fail("EBUSY");
	} else if (errno != EINTR && errno != EAGAIN && errno != EBADF &&
		   !(errno == EINVAL && join && !c->in_gang) &&
		   !(errno == ENODEV && c->gone)) {
		fail("START: %s", strerror(errno));
	}
}

static void stop(struct context *c, int flags)
{
	const __u32 record = SPU_CONTROL_STOP_SPU;

	while (write_records(c, &record, STOP_LEN, flags) != STOP_LEN) {
		if (errno != EINTR) {
			if (errno != EBADF && !(errno == ENODEV && c->gone))
				fail("STOP: %s", strerror(errno));
			break;
		}
	}
}

static void check_poll(struct context *c)
{
	int bits = async_poll(&c->async);

	if (bits < 0 || c->shared || c->async.event < 0)
		return;
	if (!(bits & POLLHUP) != !c->gone)
		fail("poll: %x", bits);
	/* One that is not scheduled may wait for its SPE. */
	if (!bits && c->nosched && c->starts == c->stops)
		return;
	if (!(bits & CAN_START) != (c->gone || c->starts != c->stops))
		fail("poll: %x with %u of %u runs over", bits, c->stops, c->starts);
	if (bits & CAN_READ && c->cookie)
		fail("poll: %x of a context in a gang", bits);
}

static void check_gang(void)
{
	int bits = async_poll(&gang), bytes, i;
	bool open = gang.fd >= 0;

	if (bits < 0 || gang.event < 0)
		return;
	for (i = 0; i < CONTEXTS; i++)
		open |= contexts[i].in_gang && !contexts[i].gone;
	if (!(bits & POLLHUP) != open || bits & ~(CAN_READ | POLLHUP))
		fail("poll: %x of %s gang", bits, open ? "a" : "no");
	if (ioctl(gang.event, FIONREAD, &bytes) || bytes % sizeof(struct spu_gang_event))
		fail("FIONREAD: %d", bytes);
}

/*
 * Close the gang's directory; or, once there is no context of the last gang any
 * more, create another one.
 */
static void new_gang(void)
{
	bool asynchronous = draw(4);
	int i;

	if (gang.fd >= 0 && draw(4))
		return;
	if (gang.fd >= 0) {
		close(gang.fd);
		gang.fd = -1;
		return;
	}
	for (i = 0; i < CONTEXTS; i++)
		if (contexts[i].in_gang)
			return;
	if (gang.event >= 0)
		close(gang.event);
	gang.event = -1;
	gang.fd = spu_create(SPU_CREATE_GANG | (asynchronous ? SPU_CREATE_ASYNC : 0));
	if (gang.fd < 0 || !asynchronous)
		return;
	gang.event = openat(gang.fd, "event", O_RDONLY | O_NONBLOCK);
	if (gang.event < 0) {
		close(gang.fd);
		gang.fd = -1;
	}
}

/* DMA from and to memory that may go away meanwhile */
static void load_dma(struct context *c)
{
	char *address = target + draw(TARGET_SIZE / 4096) * 4096;
	struct mfc_args mfc = {
		.lsa = 0x2000, .eah = spu_eah(address), .eal = spu_eal(address),
		.size = draw(4) ? 16u << draw(10) : draw(64),
		.cmd = draw(8) ? (draw(2) ? MFC_PUT : MFC_GET) : draw(256),
	};

	if (draw(8) == 0)
		mfc.eah ^= 1u << draw(32);
	spu_load(c->async.fd, spu_mfc);
	spu_poke(c->async.fd, SPU_MFC_ARGS, &mfc, sizeof(mfc));
}

static void load(struct context *c)
{
	__u32 words[64];
	int i;

	switch (draw(4)) {
	case 0:
		spu_load(c->async.fd, spu_spin);
		break;
	case 1:
		spu_load(c->async.fd, spu_stop);
		break;
	case 2:
		load_dma(c);
		break;
	case 3:
		/* whatever it may do */
		for (i = 0; i < 64; i++)
			words[i] = draw(4) ? draw(1u << 31) : 0;
		spu_poke(c->async.fd, draw(16) * 256, words, sizeof(words));
		break;
	}
}

/* The local store of a context, mapped; or MAP_FAILED */
static char *map_mem(const struct context *c)
{
	int fd = openat(c->async.fd, "mem", O_RDWR);
	char *map = mmap(NULL, LS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	return map;
}

static void touch_mem(struct context *c)
{
	volatile char *map = map_mem(c);

	if (map == MAP_FAILED)
		return;
	map[FREE_LS + draw(0x1000)] = draw(256);
	munmap((void *)map, LS_SIZE);
}

/* A file of the context: read it, write the same, or map it. */
static void access_file(struct context *c)
{
	static const char * const names[] = {
		"regs", "fpcr", "lslr", "npc", "decr", "decr_status", "srr0",
		"event_mask", "mbox", "ibox", "wbox", "mbox_stat", "ibox_stat",
		"wbox_stat", "signal1", "signal2", "signal1_type", "mfc",
		"mbox_info", "ibox_info", "wbox_info", "dma_info",
		"proxydma_info", "phys-id", "stat", "capabilities", "tid",
		"object-id", "mem", "fault",
	};
	static const char * const maps[] = { "mem", "psmap", "signal1", "cntl", "mss" };
	char plain[128], *buffer = plain, *map;
	ssize_t n;
	int fd;

	if (draw(4) == 0) {
		fd = openat(c->async.fd, maps[draw(5)], O_RDWR);
		map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		/* "mem" only: the others block until the context is loaded */
		if (map != MAP_FAILED)
			munmap(map, 4096);
		return;
	}
	fd = openat(c->async.fd, names[draw(sizeof(names) / sizeof(*names))],
		    O_RDWR | O_NONBLOCK);
	if (fd < 0)
		return;
	/* copied to and from a context's local store, this one's or another's */
	map = draw(4) ? MAP_FAILED : map_mem(&contexts[draw(CONTEXTS)]);
	if (map != MAP_FAILED)
		buffer = map + FREE_LS;
	n = pread(fd, buffer, draw(2) ? 4 : sizeof(plain), 0);
	if (n > 0 && draw(3) == 0)
		n = pwrite(fd, buffer, n, 0);
	close(fd);
	if (map != MAP_FAILED)
		munmap(map, LS_SIZE);
}

/* A child with all that this process has, for a moment */
static void have_child(void)
{
	struct context *c = &contexts[draw(CONTEXTS)];
	bool was_shared = c->shared;
	pid_t pid;
	int status, i;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return;
	if (!pid) {
		/* the parent does not know what it starts and reads */
		process += 100;
		for (i = 0; i < CONTEXTS; i++)
			contexts[i].shared = true;
		if (draw(4) == 0) {
			execl("/proc/self/exe", "spufs-stress", "-x", NULL);
			_exit(1);
		}
		for (i = draw(6); i; i--) {
			if (draw(2))
				async_poll(&c->async);
			else
				access_file(c);
		}
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status && !(memory && status == SIGKILL))
		fail("a child: status %x", status);
	c->shared = was_shared;
}

/* Give an event file away, or take one and use it. */
static void share(void)
{
	struct context *c = &contexts[draw(CONTEXTS)];
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = u.buffer, .msg_controllen = sizeof(u.buffer),
	};
	struct cmsghdr *cmsg;
	struct context guest;

	if (draw(2) && c->async.event >= 0) {
		memset(&u, 0, sizeof(u));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &c->async.event, sizeof(int));
		if (sendmsg(friends[0], &msg, MSG_DONTWAIT) == 1)
			c->shared = true;
		return;
	}
	if (recvmsg(friends[1], &msg, MSG_DONTWAIT) != 1)
		return;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return;
	memset(&guest, 0, sizeof(guest));
	guest.shared = true;
	guest.gone = true;	/* or not */
	guest.async.fd = -1;
	memcpy(&guest.async.event, CMSG_DATA(cmsg), sizeof(int));
	read_events(&guest);
	stop(&guest, nowait());
	async_poll(&guest.async);
	read_events(&guest);
	close(guest.async.event);
}

static void interrupt_later(void)
{
	struct itimerval timer = { .it_value.tv_usec = 1 + draw(2000) };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void remap_target(void)
{
	size_t from = draw(TARGET_SIZE / 4096) * 4096, size = 4096 * (1 + draw(16));
	int prot = draw(3) ? PROT_READ | PROT_WRITE : draw(2) ? PROT_READ : PROT_NONE;

	if (from + size > TARGET_SIZE)
		size = TARGET_SIZE - from;
	if (draw(2))
		munmap(target + from, size);
	else
		mmap(target + from, size, prot,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void press_memory(void)
{
	size_t size = 4096ul << draw(12);
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (map != MAP_FAILED)
		munmap(map, size);
}

static void one_call(void)
{
	struct context *c = &contexts[draw(CONTEXTS)];

	calls++;
	if (c->async.event < 0) {
		close_directory(c);
		new_context(c);
		return;
	}
	switch (draw(45)) {
	case 0 ... 7:
		start(c, SPU_CONTROL_START_SPU,
		      draw(4) ? draw(2) * SPU_STOP_STOP_1337 : draw(LS_SIZE / 4) * 4);
		break;
	case 8:
		start(c, SPU_CONTROL_STEP_SPU, draw(64) * 4);
		break;
	case 9 ... 11:
		stop(c, nowait());
		break;
	case 12 ... 20:
		read_events(c);
		break;
	case 21 ... 22:
		check_poll(c);
		break;
	case 23 ... 25:
		if (!c->gone)
			load(c);
		break;
	case 26 ... 29:
		if (!c->gone)
			access_file(c);
		break;
	case 30:
		if (!c->gone)
			touch_mem(c);
		break;
	case 31:
		close_directory(c);
		break;
	case 32:
		close(c->async.event);
		c->async.event = -1;
		break;
	case 33:
		have_child();
		break;
	case 34:
		share();
		break;
	case 35:
		interrupt_later();
		break;
	case 36:
		remap_target();
		break;
	case 37:
		press_memory();
		break;
	case 38:
		new_gang();
		break;
	case 39:
		fcntl(draw(4) ? c->async.event : gang.event, F_SETFL,
		      O_NONBLOCK | (draw(2) ? O_ASYNC : 0));
		break;
	case 40 ... 43:
		read_gang();
		break;
	case 44:
		check_gang();
		break;
	}
}

/* Every run of a context that only this process knows has its STOP. */
static void settle(struct context *c)
{
	unsigned int tries;

	if (c->async.event < 0 || c->shared)
		return;
	stop(c, 0);
	for (tries = 0; c->starts != c->stops && tries < 100; tries++)
		c->cookie ? read_gang() : read_events(c);
	if (c->starts != c->stops)
		fail("%u runs, %u STOPs", c->starts, c->stops);
	if (c->seen)
		fail("an error without a STOP");
	check_poll(c);
}

static void ignore(int signal)
{
}

static void begin_process(int number)
{
	struct sigaction action = { .sa_handler = ignore };
	int i;

	process = number;
	seed_process(number);
	/* without SA_RESTART: every wait may be interrupted */
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	target = mmap(NULL, TARGET_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < CONTEXTS; i++)
		contexts[i].async = (struct async) { -1, -1 };
}

static int run_process(int number)
{
	unsigned long long end = now() + seconds;
	int i;

	begin_process(number);
	do {
		one_call();
	} while (calls % 16 || now() < end);
	for (i = 0; i < CONTEXTS; i++)
		settle(&contexts[i]);
	/* The end of the process closes what is open. */
	check_gang();
	printf("# process %d: %llu calls, %llu runs, %llu STOPs read from gangs\n",
	       number, calls, runs, gang_stops);
	fflush(stdout);
	return 0;
}

/*
 * One for the OOM killer.  It takes memory until it is killed, together with its
 * contexts, whatever they do, and the memory that their DMA goes to.
 */
static void run_victim(int number)
{
	int file = open("/proc/self/oom_score_adj", O_WRONLY);

	begin_process(number);
	if (write(file, "1000", 4) != 4)
		fail("oom_score_adj: %s", strerror(errno));
	close(file);
	for (;;) {
		one_call();
		mmap(NULL, VICTIM_STEP, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	}
}

static void tell_where(pid_t pid)
{
	static const char * const names[] = { "wchan", "stack", "status" };
	char path[64], text[2048];
	ssize_t n;
	int i, fd;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		fd = open(path, O_RDONLY);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (n > 0) {
			text[n] = 0;
			printf("# %s:\n%s\n", path, text);
		}
	}
}

/* Free memory, in kB, after caches have been dropped */
static long free_memory(void)
{
	char text[256] = "";
	int fd;

	sync();
	put_text("/proc/sys/vm", "drop_caches", "3");
	fd = open("/proc/meminfo", O_RDONLY);
	if (read(fd, text, sizeof(text) - 1) < 0)
		fail("/proc/meminfo: %s", strerror(errno));
	close(fd);
	return atol(strstr(text, "MemFree:") + strlen("MemFree:"));
}

int main(int argc, char **argv)
{
	pid_t pids[PROCESSES + USERS], pid, victim = 0;
	unsigned long long end, next;
	bool failed = false;
	int c, i, status, left = PROCESSES, before, victims = 0, kills = 0;
	const char *reason;
	long had = 0;

	while ((c = getopt(argc, argv, "mt:s:ux")) != -1) {
		switch (c) {
		case 'u':
			users = true;
			break;
		case 'm':
			memory = true;
			break;
		case 't':
			seconds = atoi(optarg);
			break;
		case 's':
			seed = atoi(optarg);
			break;
		case 'x':
			/* what have_child() executes */
			return 0;
		default:
			fprintf(stderr, "usage: %s [-m] [-u] [-t SECONDS] [-s SEED]\n"
				"-m: memory runs out, and the OOM killer comes\n"
				"-u: ordinary users do what might hurt others\n", argv[0]);
			return 2;
		}
	}
	printf("TAP version 13\n1..1\n");
	if (no_async()) {
		printf("ok 1 random calls # SKIP %s\n", no_async());
		return 0;
	}
	reason = users ? users_prepare() : NULL;
	if (reason) {
		printf("ok 1 random calls, and users who want to hurt # SKIP %s\n", reason);
		return 0;
	}
	before = spu_contexts();
	if (users)
		had = free_memory();
	socketpair(AF_UNIX, SOCK_DGRAM, 0, friends);
	fflush(stdout);
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (!pids[i])
			return run_process(i);
	}
	for (; i < PROCESSES + USERS; i++) {
		pids[i] = users ? fork() : 0;
		if (users && !pids[i])
			users_run(i - PROCESSES, seed, seconds);
		left += users && !users_endless(i - PROCESSES);
	}

	seed_process(PROCESSES);
	next = now();
	end = next + seconds + HANG_SECONDS;
	while (left || (memory && !kills)) {
		if (memory && !victim && left && now() >= next) {
			victim = fork();
			victims++;
			if (!victim)
				run_victim(PROCESSES + victims);
		}
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0 && pid == victim) {
			if (status == SIGKILL) {
				kills++;
			} else {
				printf("# the victim: status %x\n", status);
				failed = true;
			}
			victim = 0;
			next = now() + draw(VICTIM_PAUSE);
		} else if (pid > 0) {
			left--;
			/* A worker may keep a victim's memory beyond its end. */
			if (memory && status == SIGKILL) {
				kills++;
			} else if (status) {
				printf("# process %d: status %x\n", pid, status);
				failed = true;
			}
			for (i = 0; i < PROCESSES + USERS; i++)
				if (pids[i] == pid)
					pids[i] = 0;
		} else if (now() > end) {
			for (i = 0; i < PROCESSES + USERS; i++)
				if (pids[i] && (i < PROCESSES || !users_endless(i - PROCESSES))) {
					tell_where(pids[i]);
					kill(pids[i], SIGKILL);
				}
			if (left)
				printf("# %d processes do not end\n", left);
			failed = true;
			break;
		} else {
			poll(NULL, 0, 10);
		}
	}
	if (victim > 0) {
		kill(victim, SIGKILL);
		waitpid(victim, &status, 0);
	}
	if (memory)
		printf("# the OOM killer came %d times\n", kills);
	if (memory && !kills)
		failed = true;
	close(friends[0]);
	close(friends[1]);
	for (i = PROCESSES; users && i < PROCESSES + USERS; i++)
		if (pids[i])
			kill(pids[i], SIGKILL);
	if (users)
		users_clean();
	while (waitpid(-1, &status, 0) > 0)
		;
	if (!wait_until(spu_contexts() == before)) {
		printf("# %d contexts are left\n", spu_contexts() - before);
		failed = true;
	}
	/* The last of it is freed by RCU and by work. */
	if (users && !wait_until(free_memory() > had - MEMORY_SLACK)) {
		printf("# %ld kB were free, and %ld are\n", had, free_memory());
		failed = true;
	}
	if (failed)
		printf("# again: spufs-stress %s%s-t %u -s %u\n", memory ? "-m " : "",
		       users ? "-u " : "", seconds, seed);
	printf("%sok 1 random calls for %u s, seed %u%s%s: nothing hangs, is lost or left behind\n",
	       failed ? "not " : "", seconds, seed, memory ? ", memory runs out" : "",
	       users ? ", users want to hurt" : "");
	return failed;
}
