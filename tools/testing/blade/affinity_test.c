// SPDX-License-Identifier: GPL-2.0
/*
 * Affinity of SPU contexts, on as many chips as there are.
 *
 * The ring of SPEs comes from the device tree (vicinity). The interrupts of a
 * context show its SPE: spufs's phys-id is the N of the interrupts speN.* in
 * /proc/interrupts, whose number on the controller (node, class, unit) is that of
 * a device-tree node.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <endian.h>
#include <glob.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include "spufs_test.h"
#include <asm/spufs.h>
#include "tap.h"
#include "echo.h_shipped"

#define SPU_CREATE_AFFINITY_SPU	0x0010
#define SPU_CREATE_AFFINITY_MEM	0x0020

#define MAX_SPES	16
#define SPES_PER_CHIP	8
#define MAX_CHIPS	(MAX_SPES / SPES_PER_CHIP)

/* The ring of a QS20, by physical-id: Linux, spu_manage.c, qs20_reg_idxs */
static const unsigned int qs20_ring[SPES_PER_CHIP] = { 0, 2, 4, 6, 7, 5, 3, 1 };

static struct spe {
	__u32 phandle, id, vicinity[2];
	__u32 irq;		/* of class 2, on the controller */
	int node;
} spe[MAX_SPES];
static int spes, nodes;
static __u32 mic[MAX_CHIPS];		/* each chip's memory controller: its phandle */

static bool read_words(const char *dir, const char *name, __u32 *words, int n)
{
	char path[512];
	FILE *file;
	int got;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	if (!file)
		return false;
	got = fread(words, sizeof(*words), n, file);
	fclose(file);
	for (int i = 0; i < got; i++)
		words[i] = be32toh(words[i]);
	return got == n;
}

/* All SPEs, by their nodes in the device tree */
static bool read_device_tree(void)
{
	glob_t chips, found;
	char pattern[512];
	bool good = true;

	glob("/proc/device-tree/be@*", 0, NULL, &chips);
	nodes = chips.gl_pathc < MAX_CHIPS ? chips.gl_pathc : MAX_CHIPS;
	for (int node = 0; node < nodes; node++) {
		snprintf(pattern, sizeof(pattern), "%s/mic-tm", chips.gl_pathv[node]);
		good &= read_words(pattern, "phandle", &mic[node], 1);
		snprintf(pattern, sizeof(pattern), "%s/spe@*", chips.gl_pathv[node]);
		glob(pattern, 0, NULL, &found);
		for (size_t i = 0; i < found.gl_pathc && spes < MAX_SPES; i++) {
			struct spe *s = &spe[spes++];
			const char *dir = found.gl_pathv[i];
			__u32 irq[3];

			good &= read_words(dir, "phandle", &s->phandle, 1) &&
				read_words(dir, "physical-id", &s->id, 1) &&
				read_words(dir, "vicinity", s->vicinity, 2) &&
				read_words(dir, "interrupts", irq, 3);
			/* node, class and unit, as interrupt.c's xlate packs them */
			s->irq = irq[2] >> 24 << 8 | (irq[2] >> 8 & 0xff) << 4 |
				 (irq[2] & 0xff);
			s->node = node;
		}
		globfree(&found);
	}
	globfree(&chips);
	return good && spes;
}

/* The SPE that Linux calls @number, and how often it stopped */
static struct spe *spe_of(unsigned int number, unsigned int *stops)
{
	FILE *file = fopen("/proc/interrupts", "r");
	char line[512], name[16];
	struct spe *s = NULL;
	unsigned int irq;
	char *p;

	snprintf(name, sizeof(name), "spe%02u.2\n", number);
	while (file && !s && fgets(line, sizeof(line), file)) {
		p = strstr(line, "CELL-IIC");
		if (!p || !strstr(p, name) || sscanf(p, "CELL-IIC %u", &irq) != 1)
			continue;
		for (int i = 0; i < spes; i++)
			if (spe[i].irq == irq)
				s = &spe[i];
		*stops = 0;
		for (p = strchr(line, ':') + 1; ; ) {
			char *end;
			unsigned int n = strtoul(p, &end, 10);

			if (end == p)
				break;
			*stops += n;
			p = end;
		}
	}
	fclose(file);
	return s;
}

/* Next to each other on the ring, not counting memory controller and interface */
static bool adjacent(const struct spe *a, const struct spe *b)
{
	for (int i = 0; i < 2; i++) {
		if (a->vicinity[i] == b->phandle)
			return true;
		for (int j = 0; j < 2; j++)
			if (a->vicinity[i] == b->vicinity[j] &&
			    a->node == b->node && a != b) {
				bool is_spe = false;

				for (int k = 0; k < spes; k++)
					is_spe |= spe[k].phandle == a->vicinity[i];
				if (!is_spe)
					return true;
			}
	}
	return false;
}

static bool near_memory(const struct spe *s)
{
	return s->vicinity[0] == mic[s->node] || s->vicinity[1] == mic[s->node];
}

/* A gang, and contexts in it that wait for a word and stop */

#define MAX_CONTEXTS	SPES_PER_CHIP

static struct gang {
	char *path;
	int fd, n;
	struct context {
		int fd, event;
		unsigned int number;	/* Linux's, of the SPE */
		struct spe *spe;
	} c[MAX_CONTEXTS];
} gangs[MAX_CHIPS];

static void gang_new(struct gang *g)
{
	memset(g, 0, sizeof(*g));
	g->path = strdup(spu_path(NULL));
	g->fd = sys_spu_create(g->path, SPU_CREATE_GANG, 0755, -1);
}

/* Returns the context's number in the gang, or minus errno */
static int gang_add(struct gang *g, unsigned int flags, int neighbour)
{
	struct context *c = &g->c[g->n];

	c->fd = sys_spu_create(spu_path(g->path), flags | SPU_CREATE_ASYNC, 0755,
			       neighbour < 0 ? -1 : g->c[neighbour].fd);
	if (c->fd < 0)
		return -errno;
	c->event = openat(c->fd, "event", O_RDWR);
	spu_load(c->fd, spu_echo);
	return g->n++;
}

/* A context and its neighbours, one by one: @n in all */
static bool gang_chain(struct gang *g, int n, unsigned int flags)
{
	gang_new(g);
	gang_add(g, flags, -1);
	while (g->n < n && gang_add(g, SPU_CREATE_AFFINITY_SPU, g->n - 1) >= 0)
		;
	return g->n == n;
}

/* Start all, and see where they run. */
static bool gang_start(struct gang *g)
{
	static const __u32 start[2] = { SPU_CONTROL_START_SPU, SPU_ECHO_WAIT };
	unsigned int stops;

	for (int i = 0; i < g->n; i++)
		tap_check(write(g->c[i].event, start, sizeof(start)) == sizeof(start),
			  "start of context %d: %s", i, strerror(errno));
	for (int i = 0; i < g->n; i++) {
		int id = openat(g->c[i].fd, "phys-id", O_RDONLY);
		char text[32] = "";

		if (read(id, text, sizeof(text) - 1) > 0)
			g->c[i].number = strtoul(text, NULL, 0);
		close(id);
		g->c[i].spe = spe_of(g->c[i].number, &stops);
		if (!tap_check(g->c[i].spe, "context %d runs on no known SPE: %s", i,
			       text))
			return false;
	}
	printf("# on chip %d:", g->c[0].spe->node);
	for (int i = 0; i < g->n; i++)
		printf(" SPE %u", g->c[i].spe->id);
	printf("\n");
	return true;
}

/* Let them stop, one by one: only that SPE interrupts, and just once. */
static void gang_stop(struct gang *g)
{
	unsigned int before, after;
	struct spu_event event;

	for (int i = 0; i < g->n; i++) {
		spe_of(g->c[i].number, &before);
		tap_check(!spu_tell(g->c[i].fd, 0) &&
			  read(g->c[i].event, &event, sizeof(event)) == sizeof(event) &&
			  event.status == SPU_STATUS_STOP(SPU_DONE),
			  "context %d does not stop as it should", i);
		spe_of(g->c[i].number, &after);
		tap_check(after == before + 1, "SPE %u: %u interrupts, %u before",
			  g->c[i].number, after, before);
	}
}

static bool gang_run(struct gang *g)
{
	if (!gang_start(g))
		return false;
	gang_stop(g);
	return true;
}

static void gang_delete(struct gang *g)
{
	for (int i = 0; i < g->n; i++) {
		close(g->c[i].event);
		close(g->c[i].fd);
	}
	close(g->fd);
	free(g->path);
}

static void check_chain(struct gang *g, int from, int to)
{
	for (int i = from; i < to; i++)
		tap_check(adjacent(g->c[i].spe, g->c[i + 1].spe),
			  "contexts %d and %d are on SPEs %u and %u", i, i + 1,
			  g->c[i].spe->id, g->c[i + 1].spe->id);
	for (int i = 0; i < g->n; i++)
		for (int j = 0; j < i; j++)
			tap_check(g->c[i].spe != g->c[j].spe,
				  "contexts %d and %d share an SPE", i, j);
}

static void test_ring(void)
{
	for (int i = 0; i < spes; i++) {
		int next = 0;

		for (int j = 0; j < spes; j++)
			next += adjacent(&spe[i], &spe[j]);
		tap_check(next == 2, "SPE %u: %d neighbours", spe[i].id, next);
	}
	for (int node = 0; node < nodes; node++) {
		struct spe *on[SPES_PER_CHIP] = { };

		for (int i = 0; i < spes; i++)
			if (spe[i].node == node && spe[i].id < SPES_PER_CHIP)
				on[spe[i].id] = &spe[i];
		for (int i = 0; i < SPES_PER_CHIP; i++) {
			struct spe *a = on[qs20_ring[i]];
			struct spe *b = on[qs20_ring[(i + 1) % SPES_PER_CHIP]];

			tap_check(a && b && adjacent(a, b), "chip %d: SPE %u and its next",
				  node, qs20_ring[i]);
			/* as qs20_reg_memory says */
			tap_check(a && near_memory(a) == (qs20_ring[i] < 2),
				  "chip %d: SPE %u and memory", node, qs20_ring[i]);
		}
	}
	tap_end("the device tree's ring is a QS20's, and which SPEs are at the memory");
}

static void test_nodes(void)
{
	glob_t found;
	char pattern[64];

	for (int node = 0; node < nodes; node++) {
		snprintf(pattern, sizeof(pattern),
			 "/sys/devices/system/node/node%d/spu*", node);
		glob(pattern, 0, NULL, &found);
		tap_check(found.gl_pathc == SPES_PER_CHIP, "node %d has %zu SPEs", node,
			  found.gl_pathc);
		for (size_t i = 0; i < found.gl_pathc; i++) {
			unsigned int n = atoi(strstr(found.gl_pathv[i], "/spu") + 4);
			unsigned int stops;
			struct spe *s = spe_of(n, &stops);

			tap_check(s && s->node == node, "spu%u is not on chip %d", n,
				  node);
		}
		globfree(&found);
	}
	tap_end("each of %d nodes has its chip's %d SPEs", nodes, SPES_PER_CHIP);
}

static void test_chains(void)
{
	struct gang *g = gangs;
	int ret;

	for (int n = 2; n <= SPES_PER_CHIP; n++) {
		tap_check(gang_chain(g, n, 0), "no chain of %d", n);
		if (gang_run(g))
			check_chain(g, 0, n - 1);
		gang_delete(g);
	}
	tap_end("chains of 2 to 8 contexts: neighbours run on neighbours");

	tap_check(gang_chain(g, 3, 0), "no chain");
	ret = gang_add(g, SPU_CREATE_AFFINITY_SPU, 0);
	tap_check(ret == 3, "spu_create: %s", strerror(-ret));
	if (gang_run(g)) {
		check_chain(g, 0, 1);
		tap_check(adjacent(g->c[3].spe, g->c[0].spe), "3 is not next to 0");
	}
	gang_delete(g);
	tap_end("a second neighbour of a chain's head comes before it");

	gang_chain(g, 3, 0);
	ret = gang_add(g, SPU_CREATE_AFFINITY_SPU, 1);
	tap_check(ret == -EEXIST, "%d", ret);
	gang_delete(g);
	tap_end("a third neighbour is refused");

	gang_chain(g, SPES_PER_CHIP, 0);
	ret = gang_add(g, SPU_CREATE_AFFINITY_SPU, SPES_PER_CHIP - 1);
	tap_check(ret == -EEXIST, "%d", ret);
	gang_delete(g);
	tap_end("a chain longer than a chip is refused");
}

static void test_memory(void)
{
	struct gang *g = gangs;
	int ret;

	gang_new(g);
	gang_add(g, SPU_CREATE_AFFINITY_MEM, -1);
	ret = gang_add(g, SPU_CREATE_AFFINITY_SPU, 0);
	tap_check(ret == 1, "spu_create: %s", strerror(-ret));
	gang_add(g, SPU_CREATE_AFFINITY_SPU, 1);
	if (gang_run(g)) {
		tap_check(near_memory(g->c[0].spe), "on SPE %u", g->c[0].spe->id);
		check_chain(g, 0, 2);
	}
	gang_delete(g);
	tap_end("a context near memory, and a chain that begins there");

	gang_new(g);
	gang_add(g, 0, -1);
	gang_add(g, SPU_CREATE_AFFINITY_SPU, 0);
	ret = gang_add(g, SPU_CREATE_AFFINITY_SPU | SPU_CREATE_AFFINITY_MEM, 1);
	tap_check(ret == 2, "spu_create: %s", strerror(-ret));
	gang_add(g, SPU_CREATE_AFFINITY_SPU, 2);
	if (gang_run(g)) {
		tap_check(near_memory(g->c[2].spe), "on SPE %u", g->c[2].spe->id);
		check_chain(g, 0, 3);
	}
	gang_delete(g);
	tap_end("a context near memory amid a chain");

	gang_new(g);
	gang_add(g, SPU_CREATE_AFFINITY_MEM, -1);
	ret = gang_add(g, SPU_CREATE_AFFINITY_MEM, -1);
	tap_check(ret == -EEXIST, "%d", ret);
	gang_delete(g);
	tap_end("a second context near memory is refused");
}

static void test_chips(void)
{
	cpu_set_t cpus, all;
	bool used[MAX_CHIPS] = { };

	sched_getaffinity(0, sizeof(all), &all);
	for (int node = 0; node < nodes; node++) {
		struct gang *g = gangs;

		CPU_ZERO(&cpus);
		CPU_SET(2 * node, &cpus);
		sched_setaffinity(0, sizeof(cpus), &cpus);
		gang_chain(g, 4, 0);
		if (gang_run(g)) {
			check_chain(g, 0, 3);
			for (int i = 0; i < 4; i++)
				tap_check(g->c[i].spe->node == node,
					  "context %d on chip %d", i,
					  g->c[i].spe->node);
		}
		gang_delete(g);
	}
	sched_setaffinity(0, sizeof(all), &all);
	tap_end("a chain runs on the chip whose CPU started it");

	for (int n = 0; n < nodes; n++) {
		gang_chain(&gangs[n], SPES_PER_CHIP, 0);
		if (!gang_start(&gangs[n]))
			continue;
		check_chain(&gangs[n], 0, SPES_PER_CHIP - 1);
		tap_check(!used[gangs[n].c[0].spe->node], "chip %d is used twice",
			  gangs[n].c[0].spe->node);
		used[gangs[n].c[0].spe->node] = true;
	}
	for (int n = 0; n < nodes; n++) {
		gang_stop(&gangs[n]);
		gang_delete(&gangs[n]);
	}
	tap_end("chains as long as a chip, on all chips at once");
}

int main(void)
{
	const char *skip = no_spufs();

	printf("TAP version 13\n");
	if (skip) {
		printf("1..0 # SKIP %s\n", skip);
		return 4;
	}
	if (!read_device_tree()) {
		printf("Bail out! SPEs in the device tree are not as expected\n");
		return 1;
	}
	test_nodes();
	test_ring();
	test_chains();
	test_memory();
	test_chips();
	return tap_done();
}
