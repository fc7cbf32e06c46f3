/*
 * Cell Broadband Engine: the translating execution engine of an SPU
 *
 * Copyright (C) 2026 The spufs-async authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The SPU is a vCPU of a class of its own, in the same binary as the PPE.  Its
 * address space is its local store, so TCG's own bookkeeping discards
 * translations that a store or a DMA makes stale.
 *
 * It runs in a thread of its own if the accelerator's vCPUs do, and as fast as
 * it can: the model does not keep time.  With icount all vCPUs share one clock,
 * whose virtual time is the sum of the instructions that they execute.
 *
 * A vCPU executes without the BQL.  An instruction that involves the rest of
 * the machine is a helper that takes the BQL, and is the last one of its block.
 * Before it waits for the BQL, the SPU is between two instructions and says so
 * (SPUCPU.idle): a thread that holds the BQL and stops the SPU need not release
 * it to wait for the SPU, and finds the registers exact.
 */
#include "qemu/osdep.h"
#include "elf.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/qemu-print.h"
#include "accel/tcg/cpu-ldst.h"
#include "accel/tcg/cpu-ops.h"
#include "accel/tcg/getpc.h"
#include "exec/cputlb.h"
#include "exec/memopidx.h"
#include "exec/page-protection.h"
#include "exec/target_page.h"
#include "exec/translation-block.h"
#include "gdbstub/helpers.h"
#include "hw/cell/spe.h"
#include "hw/core/qdev-properties.h"
#include "hw/core/qdev.h"
#include "hw/core/sysemu-cpu-ops.h"
#include "hw/cpu/cluster.h"
#include "migration/vmstate.h"
#include "system/dump.h"
#include "system/tcg.h"
#include "host/spu-ops.h"
#include "spu_ops.h"
#include "spu_tcg.h"
#include "trace.h"

#define HELPER_H "hw/cell/spu_helper.h"
#include "exec/helper-proto.h.inc"
#undef  HELPER_H

/* State */

static bool spu_cpu_may_run(SPUCPU *s)
{
    return s->engine.running && !s->engine.stalled;
}

static void set_pc(SPUCPU *s, uint32_t pc)
{
    s->env.nip = pc & SPU_LS_MASK & ~3;
}

static uint32_t next_pc(SPUCPU *s)
{
    return (s->env.nip + 4) & spu_ls_mask(s->env.hflags);
}

static void state_from_spu(SPUCPU *s)
{
    SPUState *spu = s->engine.spu;

    memcpy(s->gpr, spu->gpr, sizeof(s->gpr));
    set_pc(s, spu->pc);
    s->env.hflags = (spu->single_step ? SPU_HFLAG_SINGLE_STEP : 0) |
                    spu->ls_off << SPU_HFLAG_LS_OFF_SHIFT;
}

static void state_to_spu(SPUCPU *s)
{
    SPUState *spu = s->engine.spu;

    memcpy(spu->gpr, s->gpr, sizeof(s->gpr));
    spu->pc = s->env.nip;
    spu->insns += s->insns;
    s->insns = 0;
}

/* The SPU's interrupt, between two instructions and under the BQL */
static void take_interrupt(SPUCPU *s)
{
    SPUState *spu = s->engine.spu;

    if (spu->int_enabled && spu->event_pending) {
        spu->srr0 = s->env.nip;
        spu->int_enabled = false;
        set_pc(s, 0);
    }
}

/*
 * If the host's instructions are used for single precision, the thread rounds
 * toward zero while it executes translated code.  QEMU's own code that it may
 * call then does not round, except between truncate_end() and truncate_begin().
 */
static void truncate_begin(void)
{
    if (HAVE_HOST_SPU_SP) {
        host_spu_truncate(true);
    }
}

static void truncate_end(void)
{
    if (HAVE_HOST_SPU_SP) {
        host_spu_truncate(false);
    }
}

/* Instructions that need the BQL */

/* End execution, or resume it at env.nip if the SPU may run. */
static G_NORETURN void leave(SPUCPU *s)
{
    CPUState *cs = CPU(s);

    cs->halted = 1;
    cs->exception_index = EXCP_HLT;
    bql_unlock();
    cpu_loop_exit(cs);
}

static SPUCPU *begin(CPUPPCState *env)
{
    SPUCPU *s = env_spu_cpu(env);
    unsigned epoch = s->epoch;

    truncate_end();
    qemu_event_set(&s->idle);
    bql_lock();
    if (!spu_cpu_may_run(s) || s->epoch != epoch) {
        /* Stopped before this instruction, which has been counted already */
        s->insns--;
        leave(s);
    }
    return s;
}

/* After a single step, the interrupt is taken before the next one. */
static void end(SPUCPU *s)
{
    if (!(s->env.hflags & SPU_HFLAG_SINGLE_STEP)) {
        take_interrupt(s);
    }
    qemu_event_reset(&s->idle);
    bql_unlock();
    truncate_begin();
}

static G_NORETURN void stopped(SPUCPU *s, SPUExit why, uint32_t code)
{
    SPUEngine *e = &s->engine;

    state_to_spu(s);
    e->running = false;
    trace_spu_engine_tcg_exit(e->spu, why, code, e->spu->pc, e->spu->insns);
    e->stopped(e->opaque, why, code);
    leave(s);
}

void HELPER(spu_exit)(CPUPPCState *env, uint32_t why, uint32_t code)
{
    SPUCPU *s = begin(env);

    if (why == SPU_EXIT_INVALID_INSN) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "spu: invalid instruction 0x%08x at 0x%05x\n",
                      code, (uint32_t)env->nip);
        s->insns--;
    }
    /* After an invalid one, too: Linux reports SPU_NPC - 4 (spufs/fault.c). */
    set_pc(s, next_pc(s));
    stopped(s, why, code);
}

void HELPER(spu_single_step)(CPUPPCState *env)
{
    SPUCPU *s = env_spu_cpu(env);
    unsigned epoch = s->epoch;

    /* The instruction is done: unlike begin(), do not take it back. */
    truncate_end();
    qemu_event_set(&s->idle);
    bql_lock();
    if (!s->engine.running || s->epoch != epoch) {
        leave(s);
    }
    stopped(s, SPU_EXIT_SINGLE_STEP, 0);
}

void HELPER(spu_branch_enable)(CPUPPCState *env, uint32_t target,
                               uint32_t enable)
{
    SPUCPU *s = begin(env);

    s->engine.spu->int_enabled = enable;
    set_pc(s, target & spu_ls_mask(env->hflags));
    end(s);
}

uint32_t HELPER(spu_event_pending)(CPUPPCState *env)
{
    return qatomic_read(&env_spu_cpu(env)->engine.spu->event_pending);
}

uint32_t HELPER(spu_srr0)(CPUPPCState *env)
{
    return env_spu_cpu(env)->engine.spu->srr0;
}

typedef SPUChannelResult ChannelFn(SPUState *spu, SPUCPU *s, unsigned ch,
                                   unsigned rt);

static SPUChannelResult do_rdch(SPUState *spu, SPUCPU *s, unsigned ch,
                                unsigned rt)
{
    uint32_t val = 0;
    SPUChannelResult res = spu->ch_ops->rdch(spu->ch_opaque, ch, &val);

    if (res == SPU_CH_OK) {
        spu_set_preferred(&s->gpr[rt], val);
    }
    return res;
}

static SPUChannelResult do_rchcnt(SPUState *spu, SPUCPU *s, unsigned ch,
                                  unsigned rt)
{
    spu_set_preferred(&s->gpr[rt], spu->ch_ops->rchcnt(spu->ch_opaque, ch));
    return SPU_CH_OK;
}

static SPUChannelResult do_wrch(SPUState *spu, SPUCPU *s, unsigned ch,
                                unsigned rt)
{
    return spu->ch_ops->wrch(spu->ch_opaque, ch, SPU_W(&s->gpr[rt], 0));
}

/*
 * Stop all CPUs, as for an atomic instruction that the host does not have, and
 * let the SPE do its exclusive work.  This CPU counts as stopped as well.  CPUs
 * that wait or sleep need not be waited for.
 */
static void run_exclusive(SPUCPU *s)
{
    CPUState *cs = CPU(s);

    s->exclusive = false;
    bql_unlock();
    cpu_exec_end(cs);
    start_exclusive();
    bql_lock();
    s->engine.exclusive(s->engine.opaque);
    bql_unlock();
    end_exclusive();
    cpu_exec_start(cs);
    bql_lock();
}

/*
 * A channel instruction, at env.nip.  A DMA that it starts may reach the SPE's
 * own registers and stop the SPU, or start it again.  That finds the state
 * after the instruction, and nothing here may change it any more.
 */
static void channel(CPUPPCState *env, uint32_t insn, ChannelFn *fn)
{
    SPUCPU *s = begin(env);
    SPUEngine *e = &s->engine;
    unsigned epoch = s->epoch;
    uint32_t pc = env->nip;
    SPUChannelResult res;

    set_pc(s, next_pc(s));
    s->in_channel = true;
    res = fn(e->spu, s, extract32(insn, 7, 7), extract32(insn, 0, 7));
    s->in_channel = false;
    if (s->exclusive) {
        run_exclusive(s);
    }
    if (!e->running || s->epoch != epoch) {
        leave(s);
    }
    switch (res) {
    case SPU_CH_OK:
        end(s);
        break;
    case SPU_CH_STALL:
        /* It is retried, unless the interrupt comes before it. */
        set_pc(s, pc);
        s->insns--;
        take_interrupt(s);
        e->stalled = env->nip == pc;
        trace_spu_engine_tcg_stall(e->spu, pc, e->spu->insns + s->insns);
        leave(s);
    case SPU_CH_INVALID:
        s->insns--;
        stopped(s, SPU_EXIT_INVALID_CHANNEL, insn);
    }
}

/* Without the BQL, and in the middle of a block */
uint32_t HELPER(spu_rchcnt_now)(CPUPPCState *env, uint32_t ch)
{
    SPUState *spu = env_spu_cpu(env)->engine.spu;

    return spu->ch_ops->rchcnt(spu->ch_opaque, ch);
}

/* The value, or -1 if there is none without the BQL */
uint64_t HELPER(spu_try_rdch)(CPUPPCState *env, uint32_t ch)
{
    SPUState *spu = env_spu_cpu(env)->engine.spu;
    uint32_t val;

    return spu->ch_ops->try_rdch(spu->ch_opaque, ch, &val) ? val : -1ULL;
}

void HELPER(spu_rdch)(CPUPPCState *env, uint32_t insn)
{
    channel(env, insn, do_rdch);
}

void HELPER(spu_rchcnt)(CPUPPCState *env, uint32_t insn)
{
    channel(env, insn, do_rchcnt);
}

void HELPER(spu_wrch)(CPUPPCState *env, uint32_t insn)
{
    channel(env, insn, do_wrch);
}

/* A store to a quadword that has been translated */
void HELPER(spu_store)(CPUPPCState *env, uint64_t addr, void *rt)
{
    MemOpIdx oi = make_memop_idx(MO_128 | MO_BE | MO_ATOM_NONE, 0);
    SPUReg *r = rt;

    cpu_st16_mmu(env, addr, int128_make128(SPU_D(r, 1), SPU_D(r, 0)), oi,
                 GETPC());
    env_spu_cpu(env)->code[addr / 16] = 0;
}

/* The engine */

static SPUCPU *to_cpu(SPUEngine *e)
{
    return container_of(e, SPUCPU, engine);
}

/*
 * The vCPU was told to stop: wait until it has.  QEMU takes the BQL in the
 * middle of an instruction that hits a watchpoint of gdb, so if there are any,
 * the BQL must be released.  Other threads may then start or stop the SPU, and
 * wait here as well.
 */
static void finish_stop(SPUCPU *s)
{
    if (!s->stopping) {
        return;
    }
    if (QTAILQ_EMPTY(&CPU(s)->watchpoints)) {
        qemu_event_wait(&s->idle);
    } else {
        bql_unlock();
        qemu_event_wait(&s->idle);
        bql_lock();
    }
    if (s->stopping) {
        s->stopping = false;
        state_to_spu(s);
        trace_spu_engine_tcg_stop(s->engine.spu, s->engine.spu->pc,
                                  s->engine.spu->insns);
    }
}

static void spu_engine_tcg_start(SPUEngine *e)
{
    SPUCPU *s = to_cpu(e);

    finish_stop(s);
    if (!e->running) {
        trace_spu_engine_tcg_start(e->spu, e->spu->pc);
        state_from_spu(s);
        s->epoch++;
        e->stalled = false;
        e->running = true;
        qemu_cpu_kick(CPU(s));
    }
}

static void spu_engine_tcg_stop(SPUEngine *e)
{
    SPUCPU *s = to_cpu(e);

    if (e->running) {
        e->running = false;
        e->stalled = false;
        s->stopping = true;
        qemu_cpu_kick(CPU(s));
    }
    finish_stop(s);
}

static void spu_engine_tcg_kick(SPUEngine *e)
{
    SPUCPU *s = to_cpu(e);

    if (e->stalled) {
        trace_spu_engine_tcg_kick(e->spu, s->env.nip);
        e->stalled = false;
        qemu_cpu_kick(CPU(s));
    } else if (e->running && e->spu->int_enabled &&
               qatomic_read(&e->spu->event_pending)) {
        /* The interrupt is taken when the vCPU begins to execute again. */
        qemu_cpu_kick(CPU(s));
    }
}

static bool spu_engine_tcg_exclusive(SPUEngine *e)
{
    SPUCPU *s = to_cpu(e);

    s->exclusive = s->in_channel;
    return s->exclusive;
}

static const SPUEngineOps spu_engine_tcg_ops = {
    .name = "tcg",
    .start = spu_engine_tcg_start,
    .stop = spu_engine_tcg_stop,
    .kick = spu_engine_tcg_kick,
    .exclusive = spu_engine_tcg_exclusive,
};

SPUEngine *spu_engine_tcg_new(SPUState *spu, MemoryRegion *ls_space,
                              Object *parent, uint32_t id,
                              SPUEngineStopped *stopped_fn, void *opaque,
                              Error **errp)
{
    Object *cluster, *cpu;
    SPUCPU *s;

    if (!tcg_enabled()) {
        error_setg(errp, "the SPU engine \"tcg\" needs the accelerator tcg");
        return NULL;
    }
    /* Translations and gdb's processes are told apart by clusters. */
    cluster = object_new(TYPE_CPU_CLUSTER);
    object_property_add_child(parent, "spu-cluster", cluster);
    object_unref(cluster);
    cpu = object_new(TYPE_SPU_CPU);
    object_property_add_child(cluster, "spu", cpu);
    object_unref(cpu);

    s = SPU_CPU(cpu);
    s->ls_space = ls_space;
    s->engine.ops = &spu_engine_tcg_ops;
    s->engine.spu = spu;
    s->engine.stopped = stopped_fn;
    s->engine.opaque = opaque;
    /* The PPE has the first one. */
    qdev_prop_set_uint32(DEVICE(cluster), "cluster-id", 1 + id);
    if (!qdev_realize(DEVICE(cluster), NULL, errp) ||
        !qdev_realize(DEVICE(cpu), NULL, errp)) {
        object_unparent(cluster);
        return NULL;
    }
    return &s->engine;
}

/* The vCPU */

static bool spu_cpu_has_work(CPUState *cs)
{
    return spu_cpu_may_run(SPU_CPU(cs));
}

static void spu_cpu_exec_enter(CPUState *cs)
{
    SPUCPU *s = SPU_CPU(cs);

    bql_lock();
    s->env.hflags = deposit32(s->env.hflags, ctz32(SPU_HFLAG_WATCHED), 1,
                              !QTAILQ_EMPTY(&cs->watchpoints));
    if (spu_cpu_may_run(s)) {
        take_interrupt(s);
        end(s);
    } else {
        cs->halted = 1;
        cs->exception_index = EXCP_HLT;
        bql_unlock();
    }
}

static void spu_cpu_exec_exit(CPUState *cs)
{
    truncate_end();
    qemu_event_set(&SPU_CPU(cs)->idle);
}

static void spu_cpu_set_pc(CPUState *cs, vaddr pc)
{
    set_pc(SPU_CPU(cs), pc);
}

static vaddr spu_cpu_get_pc(CPUState *cs)
{
    return SPU_CPU(cs)->env.nip;
}

static void spu_cpu_restore_state_to_opc(CPUState *cs,
                                         const TranslationBlock *tb,
                                         const uint64_t *data)
{
    SPUCPU *s = SPU_CPU(cs);

    set_pc(s, data[0]);
    s->insns += (data[0] - tb->pc) / 4;
}

static TCGTBCPUState spu_cpu_get_tb_cpu_state(CPUState *cs)
{
    CPUPPCState *env = cpu_env(cs);

    return (TCGTBCPUState){ .pc = env->nip, .flags = env->hflags };
}

static int spu_cpu_mmu_index(CPUState *cs, bool ifetch)
{
    return 0;
}

static bool spu_cpu_tlb_fill(CPUState *cs, vaddr addr, int size,
                             MMUAccessType access_type, int mmu_idx,
                             bool probe, uintptr_t ra)
{
    addr &= TARGET_PAGE_MASK;
    tlb_set_page(cs, addr, addr & SPU_LS_MASK,
                 PAGE_READ | PAGE_WRITE | PAGE_EXEC, mmu_idx,
                 TARGET_PAGE_SIZE);
    return true;
}

static hwaddr spu_cpu_get_phys_page_debug(CPUState *cs, vaddr addr)
{
    return addr & SPU_LS_MASK & TARGET_PAGE_MASK;
}

/* Events outside of the SPU reach it as changes of the engine's state. */
static bool spu_cpu_exec_interrupt(CPUState *cs, int interrupt_request)
{
    return false;
}

static void spu_cpu_do_interrupt(CPUState *cs)
{
    g_assert_not_reached();
}

static void spu_cpu_dump_state(CPUState *cs, FILE *f, int flags)
{
    SPUCPU *s = SPU_CPU(cs);
    SPUState *spu = s->engine.spu;
    const SPUReg *gpr = s->engine.running ? s->gpr : spu->gpr;

    qemu_fprintf(f, "SPU %s, NPC %05x, SRR0 %05x, interrupt %s%s\n",
                 !s->engine.running ? "stopped" :
                 s->engine.stalled ? "stalled" : "running",
                 s->engine.running ? (uint32_t)s->env.nip : spu->pc,
                 spu->srr0, spu->int_enabled ? "enabled" : "disabled",
                 spu->event_pending ? ", event pending" : "");
    for (int i = 0; i < SPU_NUM_GPR; i++) {
        qemu_fprintf(f, "$%-3d %016" PRIx64 "%016" PRIx64 "%s", i,
                     SPU_D(&gpr[i], 0), SPU_D(&gpr[i], 1),
                     i & 1 ? "\n" : "  ");
    }
}

/* gdb's numbers: gdb-xml/spu-core.xml */
enum {
    GDB_GPR = 0,                    /* the first 32: preferred words */
    GDB_PC = GDB_GPR + 32,
    GDB_MSR,
    GDB_CR,
    GDB_LR,
    GDB_CTR,
    GDB_XER,
    GDB_QUAD,                       /* all of them: whole quadwords */
    GDB_SRR0 = GDB_QUAD + SPU_NUM_GPR,
    GDB_FPSCR,
};

static SPUReg *gdb_reg(SPUCPU *s, int n)
{
    SPUReg *gpr = s->engine.running ? s->gpr : s->engine.spu->gpr;

    return n == GDB_FPSCR ? &s->engine.spu->fpscr :
           n >= GDB_QUAD ? &gpr[n - GDB_QUAD] :
           n == GDB_LR ? &gpr[0] : &gpr[n];
}

static int spu_cpu_gdb_read_register(CPUState *cs, GByteArray *buf, int n)
{
    SPUCPU *s = SPU_CPU(cs);
    SPUState *spu = s->engine.spu;

    switch (n) {
    case GDB_GPR ... GDB_PC - 1:
    case GDB_LR:
        return gdb_get_reg32(buf, SPU_W(gdb_reg(s, n), 0));
    case GDB_PC:
        return gdb_get_reg32(buf, s->engine.running ? s->env.nip : spu->pc);
    case GDB_MSR:
    case GDB_CR:
    case GDB_CTR:
    case GDB_XER:
        return gdb_get_reg32(buf, 0);
    case GDB_SRR0:
        return gdb_get_reg32(buf, spu->srr0);
    default:
        return gdb_get_reg128(buf, SPU_D(gdb_reg(s, n), 0),
                              SPU_D(gdb_reg(s, n), 1));
    }
}

static int spu_cpu_gdb_write_register(CPUState *cs, uint8_t *mem, int n)
{
    SPUCPU *s = SPU_CPU(cs);
    SPUState *spu = s->engine.spu;
    SPUReg val;

    switch (n) {
    case GDB_GPR ... GDB_PC - 1:
    case GDB_LR:
        SPU_W(gdb_reg(s, n), 0) = ldl_be_p(mem);
        return 4;
    case GDB_PC:
        spu->pc = ldl_be_p(mem) & SPU_LS_MASK & ~3;
        if (s->engine.running) {
            set_pc(s, spu->pc);
        }
        return 4;
    case GDB_MSR:
    case GDB_CR:
    case GDB_CTR:
    case GDB_XER:
        return 4;
    case GDB_SRR0:
        spu->srr0 = ldl_be_p(mem) & SPU_LS_MASK & ~3;
        return 4;
    default:
        SPU_D(&val, 0) = ldq_be_p(mem);
        SPU_D(&val, 1) = ldq_be_p(mem + 8);
        if (n == GDB_FPSCR) {
            spu_op_fscrwr(&spu->fpscr, &val);
        } else {
            *gdb_reg(s, n) = val;
        }
        return 16;
    }
}

/* gdb takes an SPU for a PowerPC: see gdb-xml/spu-core.xml. */
static const char *spu_cpu_gdb_arch_name(CPUState *cs)
{
    return "powerpc:common";
}

/*
 * dump-guest-memory wants a note for each vCPU, as long as one for the PPE.
 * Readers count the kernel's CPUs by their notes, so this one has a type that
 * they do not know.  A dump has no SPU's registers, whatever the engine.
 */
static int spu_cpu_write_elf64_note(WriteCoreDumpFunction f, CPUState *cs,
                                    int cpuid, DumpState *s)
{
    static const char name[] = "SPU";
    size_t size = cpu_get_note_size(s->dump_info.d_class,
                                    s->dump_info.d_machine, 1);
    g_autofree Elf64_Nhdr *note = g_malloc0(size);

    note->n_namesz = cpu_to_dump32(s, sizeof(name));
    note->n_descsz = cpu_to_dump32(s, size - sizeof(*note) - sizeof(name));
    memcpy(note + 1, name, sizeof(name));
    return f(note, size, s);
}

static void spu_cpu_disas_set_info(CPUState *cs, disassemble_info *info)
{
    info->endian = BFD_ENDIAN_BIG;
    info->print_insn = spu_print_insn;
}

static ObjectClass *spu_cpu_class_by_name(const char *name)
{
    return object_class_by_name(TYPE_SPU_CPU);
}

static void spu_cpu_init(Object *obj)
{
    SPUCPU *s = SPU_CPU(obj);

    CPU(obj)->start_powered_off = true;
    SPU_D(&s->left, 0) = -1;
    for (int i = 0; i < 16; i++) {
        SPU_B(&s->numbers, i) = i;
        s->special.u8[i] = i < 12 ? 0 : i < 14 ? 0xff : 0x80;
        for (int vece = MO_8; vece <= MO_64; vece++) {
            spu_insertion_control(&s->insertion[vece][i], i, 1 << vece);
        }
    }
    qemu_event_init(&s->idle, true);
}

static void spu_cpu_finalize(Object *obj)
{
    qemu_event_destroy(&SPU_CPU(obj)->idle);
}

static void spu_cpu_realize(DeviceState *dev, Error **errp)
{
    CPUState *cs = CPU(dev);
    SPUCPU *s = SPU_CPU(dev);
    DeviceClass *parent = DEVICE_CLASS(object_class_by_name(TYPE_CPU));

    cs->num_ases = 1;
    cpu_address_space_init(cs, 0, "spu", s->ls_space);
    if (!cpu_exec_realizefn(cs, errp)) {
        return;
    }
    qemu_init_vcpu(cs);
    cpu_reset(cs);
    parent->realize(dev, errp);
}

static bool spu_nip_valid(void *opaque, int version_id)
{
    SPUCPU *s = opaque;

    return !(s->env.nip & ~(uint64_t)(SPU_LS_MASK & ~3));
}

/* Between two instructions: all vCPUs are stopped when this is saved. */
static const VMStateDescription vmstate_spu_cpu = {
    .name = TYPE_SPU_CPU,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(parent_obj, SPUCPU, 0, vmstate_cpu_common, CPUState),
        VMSTATE_ARRAY(gpr, SPUCPU, SPU_NUM_GPR, 0, vmstate_info_spu_reg,
                      SPUReg),
        VMSTATE_UINT64(env.nip, SPUCPU),
        VMSTATE_VALIDATE("address in local store", spu_nip_valid),
        VMSTATE_UINT32(env.hflags, SPUCPU),
        VMSTATE_UINT64(insns, SPUCPU),
        VMSTATE_BOOL(engine.running, SPUCPU),
        VMSTATE_BOOL(engine.stalled, SPUCPU),
        VMSTATE_END_OF_LIST()
    },
};

static const TCGCPUOps spu_tcg_ops = {
    .mttcg_supported = true,
    /* The target's: it is done once, for the first vCPU of any class. */
    .initialize = ppc_translate_init,
    .translate_code = spu_translate_code,
    .get_tb_cpu_state = spu_cpu_get_tb_cpu_state,
    .restore_state_to_opc = spu_cpu_restore_state_to_opc,
    .cpu_exec_enter = spu_cpu_exec_enter,
    .cpu_exec_exit = spu_cpu_exec_exit,
    .mmu_index = spu_cpu_mmu_index,
    .cpu_exec_halt = spu_cpu_has_work,
    .cpu_exec_interrupt = spu_cpu_exec_interrupt,
    .cpu_exec_reset = cpu_reset,
    .do_interrupt = spu_cpu_do_interrupt,
    .tlb_fill = spu_cpu_tlb_fill,
    /* Local store is read and written by whole quadwords. */
    .pointer_wrap = cpu_pointer_wrap_notreached,
};

static const struct SysemuCPUOps spu_sysemu_ops = {
    .has_work = spu_cpu_has_work,
    .write_elf64_note = spu_cpu_write_elf64_note,
    .get_phys_page_debug = spu_cpu_get_phys_page_debug,
};

static void spu_cpu_class_init(ObjectClass *oc, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    CPUClass *cc = CPU_CLASS(oc);

    dc->realize = spu_cpu_realize;
    dc->vmsd = &vmstate_spu_cpu;
    dc->user_creatable = false;
    cc->class_by_name = spu_cpu_class_by_name;
    cc->set_pc = spu_cpu_set_pc;
    cc->get_pc = spu_cpu_get_pc;
    cc->disas_set_info = spu_cpu_disas_set_info;
    cc->dump_state = spu_cpu_dump_state;
    cc->gdb_core_xml_file = "spu-core.xml";
    cc->gdb_arch_name = spu_cpu_gdb_arch_name;
    cc->gdb_read_register = spu_cpu_gdb_read_register;
    cc->gdb_write_register = spu_cpu_gdb_write_register;
    cc->sysemu_ops = &spu_sysemu_ops;
    cc->tcg_ops = &spu_tcg_ops;
}

static const TypeInfo spu_cpu_type = {
    .name = TYPE_SPU_CPU,
    .parent = TYPE_CPU,
    .instance_size = sizeof(SPUCPU),
    .instance_align = __alignof(SPUCPU),
    .instance_init = spu_cpu_init,
    .instance_finalize = spu_cpu_finalize,
    .class_size = sizeof(CPUClass),
    .class_init = spu_cpu_class_init,
};

static void spu_cpu_register_types(void)
{
    type_register_static(&spu_cpu_type);
}

type_init(spu_cpu_register_types)
