// SPDX-License-Identifier: GPL-2.0
/*
 * The concurrent actions of each scenario.  Every order of them is tried.
 */
#include "model.h"
#include "spufs.h"

#define NOSCHED	SPU_CREATE_NOSCHED

const struct scenario scenarios[] = {
	{
		"stop", "a stop is told once, and the next run's after it", 1,
		.threads = {
			{ { START, PROGRAM_STOP }, { READ }, { START, PROGRAM_HALT }, { READ } },
		},
	}, {
		"step", "a single step is a stop", 1,
		.threads = {
			{ { STEP, PROGRAM_SPIN }, { READ }, { STEP, PROGRAM_STOP }, { READ } },
		},
	}, {
		"request", "STOP meets a program that stops", 1,
		.threads = {
			{ { START, PROGRAM_STOP }, { READ }, { START, PROGRAM_SPIN }, { STOP },
			  { READ } },
			{ { STOP } },
			{ { WAIT_IN }, { WAIT_OUT } },
		},
	}, {
		"preempt", "a context is preempted while it stops", 1,
		.threads = {
			{ { START, PROGRAM_STOP }, { READ }, { START, PROGRAM_STOP }, { READ } },
			{ { PREEMPT } },
		},
	}, {
		"regs", "registers are read while it runs, and while it stops", 1,
		.threads = {
			{ { START, PROGRAM_STOP }, { READ }, { START, PROGRAM_STOP }, { READ } },
			{ { REGS }, { REGS } },
		},
	}, {
		"regs-spin", "what is started while registers are read goes on", 1,
		.threads = {
			{ { START, PROGRAM_STOP }, { READ }, { START, PROGRAM_SPIN } },
			{ { REGS }, { REGS } },
		},
	}, {
		"close", "the context goes while it runs", 1,
		.threads = {
			{ { START, PROGRAM_STOP }, { READ }, { START, PROGRAM_SPIN }, { READ },
			  { READ } },
			{ { CLOSE } },
			{ { WAIT_IN }, { WAIT_OUT } },
		},
	}, {
		"close-fault", "the context goes while a fault is resolved", 1,
		.threads = {
			{ { START, PROGRAM_FAULT }, { READ }, { READ } },
			{ { CLOSE } },
		},
	}, {
		"fault", "a fault is resolved, whoever interferes", 1,
		.threads = {
			{ { START, PROGRAM_FAULT }, { READ }, { START, PROGRAM_STOP }, { READ } },
			{ { PREEMPT } },
		},
	}, {
		"fault-stop", "a fault and the stop of the same program", 1,
		.threads = {
			{ { START, PROGRAM_FAULT_STOP }, { READ_STOP },
			  { START, PROGRAM_STOP }, { READ_STOP } },
			{ { STOP } },
		},
	}, {
		"fault-bad", "a fault that is resolved, and one after it that cannot be", 1,
		.threads = {
			{ { START, PROGRAM_FAULT_BAD }, { READ_STOP } },
		},
	}, {
		"bad", "a fault that cannot be resolved, and is repaired", 1,
		.threads = {
			{ { START, PROGRAM_BAD }, { READ }, { READ }, { START, PROGRAM_BAD },
			  { READ_STOP }, { REPAIR }, { START, PROGRAM_BAD }, { READ_STOP } },
		},
	}, {
		"bad-stop", "a fault that cannot be resolved, and a STOP", 1,
		.threads = {
			{ { START, PROGRAM_BAD }, { READ_STOP } },
			{ { STOP } },
			{ { REGS } },
		},
	}, {
		"old-fault", "a fault that hangs, and the next run, which is not its", 1,
		.threads = {
			{ { START, PROGRAM_HANG }, { WAIT_FAULT }, { STOP }, { READ_STOP },
			  { START, PROGRAM_STOP }, { READ_STOP }, { REPAIR } },
			{ { PREEMPT } },
		},
	}, {
		"old-fault-close", "the context goes while a fault hangs", 1,
		.threads = {
			{ { START, PROGRAM_HANG }, { READ_STOP }, { REPAIR } },
			{ { CLOSE } },
		},
	}, {
		"error", "misaligned DMA of a program that waits for it", 1,
		.threads = {
			{ { START, PROGRAM_ALIGN }, { READ_STOP } },
			{ { PREEMPT }, { STOP } },
		},
	}, {
		"error-stop", "misaligned DMA of a program that stops", 1,
		.threads = {
			{ { START, PROGRAM_ALIGN_STOP }, { READ_STOP },
			  { START, PROGRAM_STOP }, { READ_STOP } },
			{ { REGS } },
		},
	}, {
		"illegal", "an illegal instruction, and a context switch", 1,
		.threads = {
			{ { START, PROGRAM_ILLEGAL }, { READ_STOP },
			  { START, PROGRAM_STOP }, { READ_STOP } },
			{ { REGS } },
		},
	}, {
		"illegal-stop", "an illegal instruction, and a STOP before its interrupt", 1,
		.threads = {
			{ { START, PROGRAM_ILLEGAL }, { READ_STOP },
			  { START, PROGRAM_STOP }, { READ_STOP } },
			{ { STOP } },
		},
	}, {
		"nowait", "what must not wait does not, and is done", 1,
		.threads = {
			{ { START, PROGRAM_SPIN }, { STOP_NOWAIT }, { READ } },
			{ { REGS } },
			{ { START_NOWAIT, PROGRAM_STOP } },
		},
	}, {
		"nowait-fault", "a STOP that must not wait while a fault is resolved", 1,
		.threads = {
			{ { START, PROGRAM_FAULT }, { READ }, { START, PROGRAM_SPIN }, { STOP },
			  { READ } },
			{ { STOP_NOWAIT } },
		},
	}, {
		"nowait-next", "a STOP that must not wait is not one of the next run", 1,
		.threads = {
			{ { START, PROGRAM_FAULT }, { READ }, { START, PROGRAM_STOP }, { READ } },
			{ { STOP_NOWAIT } },
		},
	}, {
		"nowait-close", "a STOP that must not wait while the context goes", 1,
		.threads = {
			{ { START, PROGRAM_SPIN }, { STOP_NOWAIT } },
			{ { CLOSE } },
			{ { REGS } },
		},
	}, {
		"starters", "two threads start", 1,
		.threads = {
			{ { START, PROGRAM_STOP }, { WAIT_IN }, { READ_STOP } },
			{ { WAIT_OUT }, { START, PROGRAM_STOP } },
		},
	}, {
		"readers", "two threads read what one run leaves", 1,
		.threads = {
			{ { START, PROGRAM_BAD } },
			{ { READ } },
			{ { READ } },
		},
	}, {
		"signal", "a signal comes at any time", 1,
		.threads = {
			{ { START, PROGRAM_STOP }, { READ }, { START, PROGRAM_STOP }, { READ } },
			{ { INTERRUPT }, { INTERRUPT } },
			{ { WAIT_OUT }, { WAIT_IN } },
		},
	}, {
		"two", "two contexts, one SPU: who stops gives way", 2,
		.threads = {
			{ { START, PROGRAM_STOP, 0 }, { READ, 0, 0 } },
			{ { START, PROGRAM_STOP, 1 }, { READ, 0, 1 } },
		},
	}, {
		"two-stop", "two contexts, one SPU: who is stopped gives way", 2,
		.threads = {
			{ { START, PROGRAM_SPIN, 0 }, { STOP, 0, 0 }, { READ, 0, 0 } },
			{ { START, PROGRAM_STOP, 1 }, { READ, 0, 1 } },
		},
	}, {
		"two-close", "two contexts, one SPU: who is closed gives way", 2,
		.threads = {
			{ { START, PROGRAM_SPIN, 0 }, { CLOSE, 0, 0 } },
			{ { START, PROGRAM_STOP, 1 }, { READ, 0, 1 } },
		},
	}, {
		"two-regs", "two contexts, one SPU: one is accessed while it stops", 2,
		.ticks = true,
		.threads = {
			{ { START, PROGRAM_STOP, 0 }, { READ, 0, 0 } },
			{ { START, PROGRAM_STOP, 1 }, { READ, 0, 1 } },
			{ { REGS, 0, 0 }, { PREEMPT, 0, 1 } },
		},
	}, {
		"gang", "one reader for two contexts", 2,
		.gang = true,
		.threads = {
			{ { START, PROGRAM_STOP, 0 } },
			{ { START, PROGRAM_BAD, 1 } },
			{ { READ_GANG }, { READ_GANG }, { READ_GANG } },
		},
	}, {
		"gang-close", "one of two contexts goes, with what it has told", 2,
		.gang = true,
		.threads = {
			{ { START, PROGRAM_STOP, 0 }, { CLOSE, 0, 0 }, { FORGET, 0, 0 } },
			{ { START, PROGRAM_STOP, 1 }, { WAIT_OUT, 0, 1 } },
			{ { READ_GANG } },
		},
	}, {
		"nosched", "contexts that are not scheduled", 1, NOSCHED,
		.threads = {
			{ { START, PROGRAM_STOP }, { READ }, { START, PROGRAM_STOP }, { READ } },
			{ { REGS }, { INTERRUPT } },
		},
	}, {
		"refused", "a start that fails never was", 1, NOSCHED | SPU_CREATE_ISOLATE,
		.threads = {
			{ { START, PROGRAM_STOP }, { WAIT_IN }, { WAIT_OUT } },
			{ { WAIT_OUT }, { START, PROGRAM_SPIN } },
			{ { STOP } },
		},
	}, {
		"nosched-close", "one that is not scheduled waits for an SPU, and goes", 2, NOSCHED,
		.threads = {
			{ { START, PROGRAM_SPIN, 0 } },
			{ { START, PROGRAM_STOP, 1 }, { READ, 0, 1 } },
			{ { CLOSE, 0, 1 } },
		},
	},
	{ }
};
