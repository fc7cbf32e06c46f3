#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the two execution engines of QEMU's SPU with random instructions.

usage: fuzz.py QEMU DECODE [--seed N] [--programs N | --time SECONDS]

Unlike engine_diff.py's programs, these may do anything: branch anywhere, store
into themselves, run over the end of local store, stop or halt at once.  The
reference engine executes a program one step at a time, for LENGTH steps or to
its end; the translating one does the same or, if there is an end, runs to it
freely.  Then all of local store, all registers, FPSCR, SRR0, SPU_Status,
SPU_NPC, the interrupt enable bit and the counts of channels are compared.  A
program that makes a difference is reduced to the instructions that matter.
"""

import argparse
from base64 import b64decode
import random
import struct
import sys
import time

from engine_diff import (LS, LS_SIZE, MEMORY, NPC, PRIV_CNTL, PS, RUN_CNTL, STATUS, WORDS,
                         Machine, formats, set_reg)

STEPS = 120                     # at most, of each program
NOP = 0x40200000
READABLE = (11, 13, 15)         # event mask, machine status, SRR0: always, no effect
COUNTED = (0, 1, 2, 3, 4, 7, 8, 9, 11, 13, 14, 15, 16, 21, 23, 24, 25, 27, 28, 29, 30)
ENDS = set('stop stopd heq heqi hgt hgti hlgt hlgti'.split())
SAVED = 0x8000                  # where the program that saves the registers puts them


def pack(words):
    return struct.pack(f'>{len(words)}I', *words)


class Program:
    """Instructions at @base, registers to begin with, and how to set them"""

    def __init__(self, rng, table):
        self.rng = rng
        self.table = table
        self.base = rng.choice((0, 0x400, rng.randrange(LS_SIZE // 4) * 4, LS_SIZE - 32))
        self.size = rng.randrange(8, 80)
        self.words = [self.instruction() for _ in range(self.size)]
        self.regs = [self.value() for _ in range(128)]
        self.fpscr = bytes(rng.getrandbits(8) for _ in range(16))
        self.srr0 = struct.pack('>4I', self.near(), 0, 0, 0)

    def near(self):
        """An address in or near the program, or anywhere"""
        if self.rng.random() < 0.9:
            return (self.base + self.rng.randrange(4 * self.size)) % LS_SIZE
        return self.rng.getrandbits(32)

    def value(self):
        rng = self.rng
        return struct.pack('>4I', *(rng.choice((rng.getrandbits(32), rng.choice(WORDS),
                                                rng.randrange(64), self.near()))
                                    for _ in range(4)))

    def instruction(self):
        rng = self.rng
        kind = rng.random()
        names = sorted(self.table)
        if kind < 0.15:
            names = sorted(MEMORY)
        elif kind < 0.3:
            names = [n for n in names if n[0] == 'b' and n not in ('bg', 'bgx')]
        name = rng.choice(names)
        fixed, operands, fmt = self.table[name]
        word = fixed | rng.getrandbits(32) & operands
        if fmt == '@ri16' and name[:2] in ('br', 'lq', 'st') or fmt == '@i16':
            if rng.random() < 0.9:
                far = rng.randrange(-8, 16)
                if name in ('bra', 'brasl', 'lqa', 'stqa'):
                    far += self.base // 4
                word = word & ~(0xffff << 7) | (far & 0xffff) << 7
        if name == 'rdch':
            word = set_reg(word, 7, rng.choice(READABLE))
        elif name == 'rchcnt':
            word = set_reg(word, 7, rng.choice(COUNTED))
        elif name == 'wrch':
            word = set_reg(word, 7, 14)
        elif name in ENDS and rng.random() < 0.8:
            word = NOP
        elif fmt and rng.random() < 0.7:        # so that results are used
            for pos in (0, 7, 14) if fmt in ('@rr', '@rrr') else (0, 7) if fmt in (
                    '@r', '@ri7', '@ri8', '@ri10', '@bi') else (0,):
                word = set_reg(word, pos, rng.randrange(8))
        return word

    def load(self, m):
        """Fill local store.  Returns where the code is that sets the registers."""
        table = self.table
        code = (self.base + 0x10000) % 0x30000 & ~15
        data = code + 0x8000
        quads = self.regs + [self.fpscr, self.srr0]

        def lqa(n):
            return table['lqa'][0] | (data // 4 + 4 * n & 0xffff) << 7

        words = [lqa(128), table['fscrwr'][0], lqa(129), set_reg(table['wrch'][0], 7, 14)]
        words += [lqa(n) | n for n in range(128)]
        words.append(table['bra'][0] | (self.base // 4 & 0xffff) << 7)
        m.cmd(f'memset {LS:#x} {LS_SIZE:#x} 0')
        m.write(LS + code, pack(words))
        m.write(LS + data, b''.join(quads))
        before_end = (LS_SIZE - self.base) // 4
        m.write(LS + self.base, pack(self.words[:before_end]))
        if self.words[before_end:]:
            m.write(LS, pack(self.words[before_end:]))
        return code

    def saver(self):
        table = self.table
        words = [table['stqa'][0] | (SAVED + 16 * n) // 4 << 7 | n for n in range(128)]
        readers = [table['fscrrd'][0]]
        readers += [set_reg(table['rdch'][0], 7, ch) for ch in READABLE]
        readers += [set_reg(table['rchcnt'][0], 7, ch) for ch in COUNTED]
        for n, word in enumerate(readers, 128):
            words += [word, table['stqa'][0] | (SAVED + 16 * n) // 4 << 7]
        return words + [table['stop'][0]], 16 * (128 + len(readers))


def until_stopped(m, limit):
    """Wait; stop an SPU that stalls.  Returns SPU_Status."""
    end = time.monotonic() + limit
    while True:
        status = m.readl(PS + STATUS)
        if not status & 1:
            return status
        if time.monotonic() > end:
            m.writel(PS + RUN_CNTL, 0)
            return 'stalls'


def run(m, program, steps):
    """Execute @steps instructions, or with 0 all.  Returns (state, steps)."""
    begin = program.load(m)
    if steps:
        # to the program's start, which is the first instruction to be stepped
        m.writel(LS + program.base, program.table['stop'][0])
        m.start(begin)
        until_stopped(m, 10)
        m.writel(LS + program.base, program.words[0])
        m.cmd(f'writeq {PRIV_CNTL:#x} 1')
        m.writel(PS + NPC, program.base)
        for n in range(steps):
            m.writel(PS + RUN_CNTL, 1)
            status = until_stopped(m, 1)
            if status == 'stalls' or status & 0x66:     # stop, halt, invalid
                break
        m.cmd(f'writeq {PRIV_CNTL:#x} 0')
    else:
        n = 0
        m.start(begin)
        status = until_stopped(m, 2)
    # Whether it was stepping is not compared.
    state = [status if status == 'stalls' else status & ~0x10, m.readl(PS + NPC)]
    after = m.cmd(f'b64read {LS:#x} {LS_SIZE:#x}')
    words, size = program.saver()
    m.write(LS, pack(words))
    m.start(0)
    if until_stopped(m, 10) != 2:
        raise SystemExit('the registers cannot be saved')
    return state + [after, m.read(LS + SAVED, size)], n + 1


def compare(machines, program):
    """Returns the differences, and how many steps were compared."""
    ref, tcg = machines
    expect, steps = run(ref, program, STEPS)
    ended = steps < STEPS or expect[0] != 0
    differences = []
    for freely in (False, True) if ended and expect[0] != 'stalls' else (False,):
        got, _ = run(tcg, program, 0 if freely else steps)
        for what, a, b in zip(('SPU_Status', 'SPU_NPC'), expect, got):
            if a != b:
                differences.append(f'{what}: reference {a if a == "stalls" else hex(a)}, '
                                   f'tcg {b if b == "stalls" else hex(b)}')
        if expect[2:] == got[2:]:
            continue
        for area, a, b in (('LS', b64decode(expect[2]), b64decode(got[2])),
                           ('register', expect[3], got[3])):
            for at in range(0, len(a), 16):
                if a[at:at + 16] != b[at:at + 16]:
                    name = f'{area} {at:#x}' if area == 'LS' else f'{area} {at // 16}'
                    differences.append(f'{name}: reference {a[at:at + 16].hex()}, '
                                       f'tcg {b[at:at + 16].hex()}')
    return differences, steps


def reduce(machines, program):
    """Replace instructions by nop as long as there is a difference."""
    for n, word in enumerate(program.words):
        program.words[n] = NOP
        if not compare(machines, program)[0]:
            program.words[n] = word


def name_of(table, word):
    for name, (fixed, operands, _) in table.items():
        if word & ~operands == fixed:
            return name
    return '?'


def main():
    p = argparse.ArgumentParser()
    p.add_argument('qemu')
    p.add_argument('decode')
    p.add_argument('--seed', type=lambda s: int(s, 0), default=1)
    p.add_argument('--programs', type=int, default=400)
    p.add_argument('--time', type=int, help='go on for so many seconds instead')
    args = p.parse_args()
    table = formats(args.decode)
    machines = [Machine(args.qemu, e, 1, []) for e in ('reference', 'tcg')]
    begin = time.monotonic()
    n = steps = failed = 0
    print(f'TAP version 13\n1..1\n# seed {args.seed}')
    while (time.monotonic() < begin + args.time if args.time else n < args.programs):
        seed = args.seed + n
        program = Program(random.Random(seed), table)
        differences, count = compare(machines, program)
        n += 1
        steps += count
        if not differences:
            continue
        failed += 1
        print(f'# differs; again: {sys.argv[0]} {args.qemu} {args.decode} '
              f'--seed {seed} --programs 1')
        reduce(machines, program)
        for d in compare(machines, program)[0][:8] or differences[:8]:
            print(f'#   {d}')
        for at, word in enumerate(program.words):
            if word != NOP:
                print(f'#   {(program.base + 4 * at) % LS_SIZE:#07x}: {word:08x} '
                      f'{name_of(table, word)}')
        if failed == 3:
            break
    print(f'{"not " if failed else ""}ok 1 both engines agree on {n} programs of any '
          f'instructions, {steps} steps', flush=True)
    for m in machines:
        m.quit()
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
