// SPDX-License-Identifier: GPL-2.0
/*
 * A gang lives as long as its last context. A kernel that counts its contexts
 * wrongly removes the gang's directory when its file is closed, with contexts
 * still in it, and warns in fs/dcache.c; run this test last on such a kernel.
 */
#include "../kselftest_harness.h"
#include "spufs_test.h"

FIXTURE(gang)
{
	char *path, *name;
	int fd, context;
};

FIXTURE_SETUP(gang)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());

	self->path = strdup(spu_path(NULL));
	self->fd = sys_spu_create(self->path, SPU_CREATE_GANG, 0755, -1);
	ASSERT_LE(0, self->fd);
	self->name = strdup(spu_path(self->path));
	self->context = sys_spu_create(self->name, 0, 0755, -1);
	ASSERT_LE(0, self->context);
}

FIXTURE_TEARDOWN(gang)
{
	close(self->context);
	close(self->fd);
}

TEST_F(gang, goes_with_its_last_context)
{
	struct stat st;
	int mem;

	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;

	/* nlink of a directory that was removed is 0 */
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(3, st.st_nlink);
	ASSERT_EQ(0, fstat(self->context, &st));
	EXPECT_NE(0, st.st_nlink);
	mem = openat(self->context, "mem", O_RDONLY);
	EXPECT_LE(0, mem);
	close(mem);

	ASSERT_EQ(0, close(self->context));
	self->context = -1;
	EXPECT_ERROR(ENOENT, stat(self->path, &st));
}

TEST_F(gang, goes_when_closed_after_its_contexts)
{
	struct stat st;

	ASSERT_EQ(0, close(self->context));
	self->context = -1;
	EXPECT_EQ(0, stat(self->path, &st));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_ERROR(ENOENT, stat(self->path, &st));
}

TEST_F(gang, survives_a_refused_context)
{
	struct stat st;

	/* a gang in a gang, an unknown flag, a name twice */
	EXPECT_ERROR(EINVAL, sys_spu_create(spu_path(self->path), SPU_CREATE_GANG,
					    0755, -1));
	EXPECT_ERROR(EINVAL, sys_spu_create(spu_path(self->path), 0x80000000,
					    0755, -1));
	EXPECT_ERROR(EEXIST, sys_spu_create(self->name, 0, 0755, -1));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_EQ(0, stat(self->path, &st));
	ASSERT_EQ(0, close(self->context));
	self->context = -1;
	EXPECT_EQ(-1, stat(self->path, &st));
}

TEST_HARNESS_MAIN
