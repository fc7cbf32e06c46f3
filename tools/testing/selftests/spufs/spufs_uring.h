/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of io_uring, as little of it as is needed here
 */
#ifndef __SPUFS_URING_H
#define __SPUFS_URING_H

#include <linux/io_uring.h>

#include "spufs_test.h"

#define RING_ENTRIES	256

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	unsigned int queued;
};

static inline int ring_open(struct ring *ring)
{
	struct io_uring_params p = { };
	size_t size;
	char *map;

	ring->fd = syscall(__NR_io_uring_setup, RING_ENTRIES, &p);
	if (ring->fd < 0)
		return -1;
	if (!(p.features & IORING_FEAT_SINGLE_MMAP))
		return -1;
	size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		   ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	if (map == MAP_FAILED || (void *)ring->sqes == MAP_FAILED)
		return -1;
	ring->sq_tail = (void *)(map + p.sq_off.tail);
	ring->sq_mask = (void *)(map + p.sq_off.ring_mask);
	ring->sq_array = (void *)(map + p.sq_off.array);
	ring->cq_head = (void *)(map + p.cq_off.head);
	ring->cq_tail = (void *)(map + p.cq_off.tail);
	ring->cq_mask = (void *)(map + p.cq_off.ring_mask);
	ring->cqes = (void *)(map + p.cq_off.cqes);
	ring->queued = 0;
	return 0;
}

static inline struct io_uring_sqe *ring_add(struct ring *ring, int opcode,
					    int fd, const void *buf,
					    unsigned int len, __u64 user_data)
{
	unsigned int tail = *ring->sq_tail, i = tail & *ring->sq_mask;
	struct io_uring_sqe *sqe = &ring->sqes[i];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buf;
	sqe->len = len;
	sqe->off = -1;
	sqe->user_data = user_data;
	ring->sq_array[i] = i;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	ring->queued++;
	return sqe;
}

static inline int ring_enter(struct ring *ring, unsigned int wait)
{
	unsigned int queued = ring->queued;

	ring->queued = 0;
	return syscall(__NR_io_uring_enter, ring->fd, queued, wait,
		       wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
}

/* The next completion, waited for by poll(2); false: none came */
static inline bool ring_next(struct ring *ring, struct io_uring_cqe *cqe)
{
	struct pollfd pollfd = { .fd = ring->fd, .events = POLLIN };
	unsigned int head = *ring->cq_head;

	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) &&
	    (poll(&pollfd, 1, TIMEOUT_MS) != 1 || ring_enter(ring, 1) < 0))
		return false;
	*cqe = ring->cqes[head & *ring->cq_mask];
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

#endif /* __SPUFS_URING_H */
