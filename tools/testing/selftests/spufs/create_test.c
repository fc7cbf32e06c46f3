// SPDX-License-Identifier: GPL-2.0
/*
 * spu_create(2) that fails: it returns an error, leaves nothing behind, and the
 * next one works.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "spufs_hang.h"
#include "spufs_test.h"

#ifndef SPU_CREATE_AFFINITY_MEM
#define SPU_CREATE_AFFINITY_SPU		0x0010
#define SPU_CREATE_AFFINITY_MEM		0x0020
#endif

#define FAILSLAB			"/sys/kernel/debug/failslab/ignore-gfp-wait"

/* All the names in the root of spufs, except . and .. */
static int root_entries(void)
{
	DIR *dir = opendir(spufs_root());
	int count = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

FIXTURE(create) {
	int entries;
};

FIXTURE_VARIANT(create) {
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(create, context) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(create, gang) {
	.flags = SPU_CREATE_GANG,
};

FIXTURE_SETUP(create)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->entries = root_entries();
	ASSERT_LE(0, self->entries);
}

FIXTURE_TEARDOWN(create)
{
}

/* A kernel that locks a directory twice hangs here. */
TEST_F(create, without_a_descriptor_leaves_nothing)
{
	struct rlimit limit, none = { 0 };
	int fd;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none.rlim_max = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_ERROR(EMFILE, spu_create(variant->flags));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));

	EXPECT_EQ(self->entries, root_entries());
	fd = spu_create(variant->flags);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(self->entries, root_entries());
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret = write(fd, text, strlen(text));

	close(fd);
	return ret == (int)strlen(text) ? 0 : -1;
}

/* Make the nth allocation of this task fail; 0: tell whether it did. */
static int fail_nth(int n)
{
	char text[16] = "";
	int fd = open("/proc/thread-self/fail-nth", O_RDWR);
	int left;

	if (n) {
		snprintf(text, sizeof(text), "%d", n);
		left = write(fd, text, strlen(text));
	} else {
		left = read(fd, text, sizeof(text) - 1) > 0 ? atoi(text) : -1;
		pwrite(fd, "0", 1, 0);
	}
	close(fd);
	return left;
}

TEST_F_TIMEOUT(create, without_memory_leaves_nothing, 300)
{
	int n, left, fd, error;

	if (access("/sys/kernel/debug/kprobes", F_OK))
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (access(FAILSLAB, W_OK) || access("/proc/thread-self/fail-nth", W_OK))
		SKIP(return, "kernel without CONFIG_FAILSLAB and debugfs");
	ASSERT_EQ(0, write_text(FAILSLAB, "N"));

	for (n = 1, left = 0; !left; n++) {
		const char *path = spu_path(NULL);

		ASSERT_LT(0, fail_nth(n));
		fd = sys_spu_create(path, variant->flags, 0755, -1);
		error = errno;
		left = fail_nth(0);
		/* Not every failed allocation matters. */
		if (fd < 0) {
			/* EFAULT: of the memory to fetch the name from */
			EXPECT_TRUE(error == ENOMEM || error == ENOSPC ||
				    error == ENFILE || error == EFAULT) {
				TH_LOG("allocation %d: %s", n, strerror(error));
			}
		} else {
			close(fd);
		}
		ASSERT_EQ(self->entries, root_entries()) {
			TH_LOG("allocation %d", n);
		}
	}
	ASSERT_EQ(0, write_text(FAILSLAB, "Y"));
	/* a directory, its inode, what it stands for, a descriptor, a file */
	EXPECT_LT(5, n);
	EXPECT_LE(0, fd);
}

TEST(gang_forgets_its_reference_context)
{
	const char *gang;
	int fd, i, context;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	gang = strdup(spu_path(NULL));
	fd = sys_spu_create(gang, SPU_CREATE_GANG, 0755, -1);
	ASSERT_LE(0, fd);
	for (i = 0; i < 3; i++) {
		/* one to a gang: EEXIST as long as it lives */
		context = sys_spu_create(spu_path(gang), SPU_CREATE_AFFINITY_MEM,
					 0755, -1);
		if (!i && context < 0 && errno == EINVAL) {
			close(fd);
			SKIP(return, "the machine does not say where its SPEs are");
		}
		ASSERT_LE(0, context);
		EXPECT_ERROR(EEXIST, sys_spu_create(spu_path(gang),
						    SPU_CREATE_AFFINITY_MEM,
						    0755, -1));
		ASSERT_EQ(0, close(context));
	}
	close(fd);
}

/* EINVAL, spu_create(2): the neighbour is not in the same gang */
TEST(neighbour_is_of_the_same_gang)
{
	const char *ours, *theirs;
	int gangs[2], chain[3], i;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	ours = strdup(spu_path(NULL));
	theirs = strdup(spu_path(NULL));
	gangs[0] = sys_spu_create(ours, SPU_CREATE_GANG, 0755, -1);
	gangs[1] = sys_spu_create(theirs, SPU_CREATE_GANG, 0755, -1);
	ASSERT_LE(0, gangs[0]);
	ASSERT_LE(0, gangs[1]);
	/* each beside the one before it */
	for (i = 0; i < 3; i++) {
		chain[i] = sys_spu_create(spu_path(theirs),
					  i ? SPU_CREATE_AFFINITY_SPU :
					      SPU_CREATE_AFFINITY_MEM,
					  0755, i ? chain[i - 1] : -1);
		if (!i && chain[i] < 0 && errno == EINVAL)
			SKIP(return, "the machine does not say where its SPEs are");
		ASSERT_LE(0, chain[i]);
	}
	for (i = 0; i < 3; i++)
		EXPECT_ERROR(EINVAL, sys_spu_create(spu_path(ours),
						    SPU_CREATE_AFFINITY_SPU,
						    0755, chain[i]));
	/* in its own gang, the one in the middle has no side that is free */
	EXPECT_ERROR(EEXIST, sys_spu_create(spu_path(theirs),
					    SPU_CREATE_AFFINITY_SPU, 0755,
					    chain[1]));
	for (i = 0; i < 3; i++)
		close(chain[i]);
	close(gangs[0]);
	close(gangs[1]);
}

/*
 * A thread lists a directory into memory that never comes. Others make contexts
 * in that directory, and end them.
 */
FIXTURE(listing)
{
	struct hang hang;
	char *gang;
	int fd, context, dir;
};

FIXTURE_VARIANT(listing)
{
	enum { ROOT, GANG, CONTEXT } of;
};

FIXTURE_VARIANT_ADD(listing, of_the_root) { .of = ROOT, };
FIXTURE_VARIANT_ADD(listing, of_a_gang) { .of = GANG, };
FIXTURE_VARIANT_ADD(listing, of_the_context) { .of = CONTEXT, };

FIXTURE_SETUP(listing)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (no_patches())
		SKIP(return, "%s", no_patches());
	if (!hang_create(&self->hang, sysconf(_SC_PAGESIZE)))
		SKIP(return, "userfaultfd: %s", strerror(errno));
	self->gang = strdup(spu_path(NULL));
	self->fd = sys_spu_create(self->gang, SPU_CREATE_GANG, 0755, -1);
	ASSERT_LE(0, self->fd);
	self->context = sys_spu_create(spu_path(self->gang), 0, 0755, -1);
	ASSERT_LE(0, self->context);
	self->dir = variant->of == ROOT ? open(spufs_root(), O_RDONLY) :
		    openat(variant->of == GANG ? self->fd : self->context, ".",
			   O_RDONLY);
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(listing)
{
	close(self->dir);
	close(self->fd);
}

struct lister {
	struct hang *hang;
	const char *gang;
	int context, dir;
	bool done;	/* the others are */
};

static void *list(void *arg)
{
	struct lister *lister = arg;

	syscall(SYS_getdents64, lister->dir, lister->hang->memory,
		lister->hang->size);
	return NULL;
}

/* End the context, and others, in the gang and in the root. */
static void *make_and_end(void *arg)
{
	struct lister *lister = arg;

	close(lister->context);
	close(sys_spu_create(spu_path(lister->gang), 0, 0755, -1));
	close(spu_create(0));
	__atomic_store_n(&lister->done, true, __ATOMIC_RELEASE);
	return NULL;
}

TEST_F(listing, that_hangs_keeps_nobody_waiting)
{
	struct lister lister = {
		&self->hang, self->gang, self->context, self->dir
	};
	pthread_t lists, makes;
	char entries[4096];

	ASSERT_EQ(0, pthread_create(&lists, NULL, list, &lister));
	ASSERT_TRUE(hang_wait(&self->hang));
	ASSERT_EQ(0, pthread_create(&makes, NULL, make_and_end, &lister));
	EXPECT_TRUE(wait_until(__atomic_load_n(&lister.done, __ATOMIC_ACQUIRE)));
	hang_end(&self->hang);
	ASSERT_EQ(0, pthread_join(makes, NULL));
	ASSERT_EQ(0, pthread_join(lists, NULL));
	/* getdents(2): ENOENT if the directory itself went meanwhile */
	EXPECT_TRUE(syscall(SYS_getdents64, self->dir, entries,
			    sizeof(entries)) >= 0 ||
		    (variant->of == CONTEXT && errno == ENOENT));
}

TEST_HARNESS_MAIN
