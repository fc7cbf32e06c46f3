#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The cost of an instruction of QEMU's SPU on this host.

usage: engine_bench.py QEMU DECODE NATIVE [options]

Runs loops of one kind of instruction each, with either engine, for some seconds,
and prints the CPU time of the thread that executes, and the wall time, for an
instruction; for some the time that NATIVE, native.c compiled for the host, needs
for the same arithmetic; and whether the goals of engine_goals.csv are met.
"""

import argparse
import csv
import glob
import os
import platform
import struct
import subprocess
import time

from engine_diff import LS, PS, STATUS, Machine, formats

HERE = os.path.dirname(os.path.realpath(__file__))
CONSTANTS = 0x7000
EVENT_STAT, EVENT_MASK, SYNC = 0, 1, 9
LSA, EAH, EAL, SIZE, TAG, CMD, TAG_MASK, TAG_UPDATE = 16, 17, 18, 19, 20, 21, 22, 23
RD_DEC, RD_TAG, RD_ATOMIC, RD_MBOX = 8, 24, 27, 29
# Registers of the loops' constants: quadwords at CONSTANTS, in this order
NAMES = '''reverse c_real c_imag two four x y lsa zero eal size get one tag_mask update
    getllar putllc to sync_event'''.split()
K = {name: 100 + n for n, name in enumerate(NAMES)}
COUNT = 99


def quadword(word):
    return struct.pack('>4I', *[word] * 4)


def constants():
    f = [struct.unpack('>I', struct.pack('>f', v))[0] for v in (0.3, 0.05, 2, 4)]
    words = [*f, 0x12345678, 0x9abcdef0, 0x8000, 0, 0x300000, 16, 0x40, 1, 2, 2, 0xd0,
             0xb4, 0xa000, 0x1000]
    return bytes(range(15, -1, -1)) + b''.join(quadword(w) for w in words)


class Loops:
    """{class: (instructions before the loop, the loop's)}"""
    def __init__(self, table):
        self.op = {name: entry[0] for name, entry in table.items()}
        each = range(16)
        rr, rrr = self.rr, self.rrr
        self.all = {
            'integer': sum(([
                self.shift('shli', t, x, 13), rr('xor', x, x, t),
                self.shift('rotmi', t, x, -17), rr('xor', x, x, t),
                self.shift('shli', t, x, 5), rr('xor', x, x, t), rr('a', s, s, x)]
                for x, t, s in ((K['x'], 11, 12), (K['y'], 21, 22))), []),
            'mandelbrot': sum((self.mandelbrot(z) for z in (10, 20)), []),
            'shuffle': sum(([self.quad('lqd', 10 + i, K['lsa'], i),
                             rrr('shufb', 30 + i, 10 + i, 10 + i, K['reverse']),
                             self.quad('stqd', 30 + i, K['to'], i)]
                            for i in range(8)), []),
            'fcgt': [rr('fcgt', 30 + i, K['c_real'], K['two']) for i in each],
            'fma': [rrr('fma', 30 + i, K['c_real'], K['two'], K['four']) for i in each],
            'double': [rr('dfma', 30 + i, K['zero'], K['zero']) for i in each],
            'rotqby': [rr('rotqby', 30 + i, 10 + i, K['one']) for i in each],
            'wrch': [self.channel('wrch', LSA, K['lsa']) for i in each],
            'rchcnt': [self.channel('rchcnt', RD_MBOX, 30 + i) for i in each],
            'rdch': [self.channel('rdch', RD_DEC, 30 + i) for i in each],
            # a pending event is readable again when the mask is written
            'mask': [self.channel('wrch', EVENT_MASK, K['sync_event']) for i in each],
            'event': [self.channel(*insn) for i in range(8) for insn in (
                ('wrch', EVENT_MASK, K['sync_event']), ('rdch', EVENT_STAT, 30 + i))],
            # a get of 16 bytes, and waiting for it
            'dma': [*[self.channel('wrch', ch, K[name]) for ch, name in (
                (LSA, 'lsa'), (EAH, 'zero'), (EAL, 'eal'), (SIZE, 'size'), (TAG, 'one'),
                (CMD, 'get'), (TAG_MASK, 'tag_mask'), (TAG_UPDATE, 'update'))],
                    self.channel('rdch', RD_TAG, 50)],
            'putllc': [*[self.channel('wrch', ch, K[name]) for ch, name in (
                (LSA, 'lsa'), (EAH, 'zero'), (EAL, 'eal'), (CMD, 'getllar'))],
                       self.channel('rdch', RD_ATOMIC, 50),
                       self.channel('wrch', CMD, K['putllc']),
                       self.channel('rdch', RD_ATOMIC, 51)],
        }

    def rr(self, name, rt, ra, rb):
        return self.op[name] | rb << 14 | ra << 7 | rt

    def rrr(self, name, rt, ra, rb, rc):
        return self.op[name] | rt << 21 | rb << 14 | ra << 7 | rc

    def shift(self, name, rt, ra, imm):
        return self.op[name] | (imm & 0x7f) << 14 | ra << 7 | rt

    def quad(self, name, rt, ra, n):
        return self.op[name] | n << 14 | ra << 7 | rt

    def channel(self, name, ch, rt):
        return self.op[name] | ch << 7 | rt

    def mandelbrot(self, z):
        """One step of four points: registers from z on"""
        zr, zi, r2, i2, t, n, m = range(z, z + 7)
        return [self.rr('fm', r2, zr, zr), self.rr('fm', i2, zi, zi),
                self.rr('fm', t, zr, zi), self.rr('fs', zr, r2, i2),
                self.rr('fa', m, r2, i2), self.rr('fa', zr, zr, K['c_real']),
                self.rrr('fma', zi, t, K['two'], K['c_imag']),
                self.rr('fcgt', m, K['four'], m), self.rr('sf', n, m, n)]

    def program(self, name, loops):
        lqa, il = self.op['lqa'], self.op['il']
        words = [lqa | (CONSTANTS + 16 * i) // 4 << 7 | K[n] for i, n in enumerate(NAMES)]
        words += [il | r for r in range(10, 60)]
        words.append(self.channel('wrch', SYNC, K['zero']))
        words += [self.op['ilhu'] | (loops >> 16) << 7 | COUNT,
                  self.op['iohl'] | (loops & 0xffff) << 7 | COUNT]
        body = self.all[name]
        words += body + [self.op['ai'] | 0x3ff << 14 | COUNT << 7 | COUNT,
                         self.op['brnz'] | (-1 - len(body) & 0xffff) << 7 | COUNT, 1]
        return struct.pack(f'>{len(words)}I', *words)


def threads(pid):
    times = {}
    for path in glob.glob(f'/proc/{pid}/task/*/schedstat'):
        with open(path) as f:
            times[path] = int(f.read().split()[0])
    return times


def run(m, loops, name, n):
    """CPU time of the thread that executed, and wall time, in ns"""
    m.write(LS, loops.program(name, n))
    m.write(LS + CONSTANTS, constants())
    before, begin = threads(m.proc.pid), time.monotonic()
    m.start(0)
    status = 1
    while status & 1:
        time.sleep(0.02)
        status = m.readl(PS + STATUS)
    wall = (time.monotonic() - begin) * 1e9
    if status != 0x10002:
        raise SystemExit(f'{name}: SPU_Status {status:#x}')
    after = threads(m.proc.pid)
    return max(t - before.get(path, 0) for path, t in after.items()), wall


def measure(m, loops, name, seconds):
    """ns of CPU and wall time for an instruction"""
    n = 1000
    while True:
        cpu, wall = run(m, loops, name, n)
        if cpu >= seconds * 0.9e9:
            insns = n * (len(loops.all[name]) + 2)
            return cpu / insns, wall / insns
        # At most ten times as long: the first runs say little.
        n = int(n * min(10, seconds * 1e9 / max(cpu, 1) * 1.1)) + 1


def host():
    found, flags = platform.machine(), set()
    with open('/proc/cpuinfo') as f:
        for line in f:
            name, _, value = line.partition(':')
            if name.strip() == 'model name':
                found = value.strip()
            elif name.strip() == 'flags':
                flags = set(value.split())
    known = 'ssse3 avx avx2 fma avx512f avx512dq avx512vl'.split()
    return f'{found}: {" ".join(n for n in known if n in flags) or "no such features"}'


def main():
    p = argparse.ArgumentParser()
    p.add_argument('qemu')
    p.add_argument('decode')
    p.add_argument('native')
    p.add_argument('--seconds', type=float, default=2, help='for each class')
    p.add_argument('--engines', default='reference,tcg')
    p.add_argument('--classes')
    p.add_argument('--without', help='what of the host is not to be used: avx512, '
                   'avx2, vectors, rotate')
    args = p.parse_args()
    Machine.without = args.without
    loops = Loops(formats(args.decode))
    native = dict(line.split() for line in subprocess.run(
        [args.native], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines())
    with open(os.path.join(HERE, 'engine_goals.csv')) as f:
        goals = {row[0]: float(row[1]) for row in csv.reader(f)
                 if row[0][0] != '#' and row[0] != 'class'}
    classes = args.classes.split(',') if args.classes else list(loops.all)
    print(host() + (f'; without {args.without}' if args.without else ''))
    print(f"{'ns per instruction':20}{'cpu':>9}{'wall':>9}{'native':>9}{'ratio':>7}"
          f"{'goal':>7}")
    for engine in args.engines.split(','):
        m = Machine(args.qemu, engine, 1, [])
        for name in classes:
            cpu, wall = measure(m, loops, name, args.seconds)
            line = f'{engine + " " + name:20}{cpu:9.3f}{wall:9.3f}'
            if name in native:
                own = float(native[name]) / (len(loops.all[name]) + 2)
                line += f'{own:9.3f}{cpu / own:7.1f}'
            else:
                line += f"{'':16}"
            if engine == 'tcg' and name in goals and not args.without:
                line += f"{goals[name]:7.2f}  {'met' if cpu <= goals[name] else 'missed'}"
            print(line.rstrip(), flush=True)
        m.quit()


main()
