#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the two execution engines of QEMU's SPU.

usage: engine_diff.py QEMU DECODE [options]

Starts QEMU's cell-blade machine twice, with spu-engine=reference and =tcg,
drives both by the qtest protocol, gives them the same random programs, and
compares the results, in TAP: all of local store, to which a program's end saves
the registers and FPSCR; SPU_Status; and SPU_NPC.  Instructions are taken from
DECODE, QEMU's spu.decode, with random operands.
"""

import argparse
import atexit
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

LS_SIZE = 0x40000
BE = 0x20000000000
# SPE 0's areas (hw/cell/blade.h) and registers (CBEA)
LS, PS, PRIV1 = BE, BE + 0x40000, BE + 0x1000000
SPE_STRIDE, PRIV1_STRIDE = 0x80000, 0x2000
RUN_CNTL, STATUS, NPC = 0x401c, 0x4024, 0x4034
PRIV_CNTL = BE + 0x60000 + 0x4040
LSLR = BE + 0x60000 + 0x4058

# Registers that hold instructions
CODE_REGS = 100

CODE, DATA, INIT, SAVE = 0x0, 0x20000, 0x30000, 0x38000
# Some memory that nobody uses
MEMORY_COPY = 0x2000000

# Those that end or leave a program, or differ in time, get tests of their own.
CONTROL = set('''br bra brsl brasl brnz brz brhnz brhz bi iret bisl bisled biz
    binz bihz bihnz stop stopd rdch wrch rchcnt heq heqi hgt hgti hlgt
    hlgti'''.split())
MEMORY = set('lqd lqx lqa lqr stqd stqx stqa stqr'.split())


def elf(words):
    """A PPE program at address 0, entered at its start."""
    code = b''.join(struct.pack('>I', w) for w in words)
    head = struct.pack('>16sHHIQQQIHHHHHH',
                       b'\x7fELF\x02\x02\x01' + bytes(9), 2, 21, 1, 0, 64, 0,
                       0, 64, 56, 1, 64, 0, 0)
    head += struct.pack('>IIQQQQQQ', 1, 7, 120, 0, 0, len(code), len(code), 8)
    return head + code


class Machine:
    without = None      # what of the host is not to be used, None or a name

    def __init__(self, qemu, engine, spes, more):
        self.dir = tempfile.TemporaryDirectory()
        kernel = os.path.join(self.dir.name, 'kernel')
        path = os.path.join(self.dir.name, 'qtest')
        with open(kernel, 'wb') as f:
            # Sleep, by clearing CTRL, after the decrementer is set to
            # 0x7fff0000 (lis, mtdec, li); when woken, at 0x100, too
            loop = [0x3c807fff, 0x7c9603a6, 0x38600000, mtctrl(), 0x4bfffff0]
            f.write(elf(loop + [0x60000000] * 59 + loop))
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen()
        self.proc = subprocess.Popen(
            [qemu, '-nodefaults', '-display', 'none', '-accel', 'tcg', '-M',
             f'cell-blade,chips=1,spes={spes}' +
             (f',spu-engine={engine}' if engine != 'reference' else '') +
             (f',x-host-without={self.without}' if self.without else ''), '-smp',
             f'1,maxcpus={1 + spes}' if engine == 'tcg' else '1', '-m', '64M', '-kernel', kernel,
             '-qtest', f'unix:{path}', '-qtest-log', '/dev/null', '-D',
             os.path.join(self.dir.name, 'log')] + more)
        atexit.register(self.quit)
        server.settimeout(20)
        self.sock, _ = server.accept()
        self.file = self.sock.makefile('rb')

    def cmd(self, text):
        self.sock.sendall(text.encode() + b'\n')
        while True:
            line = self.file.readline().decode().split()
            if not line:
                raise SystemExit('QEMU is gone')
            if line[0] == 'OK':
                return line[1] if len(line) > 1 else None
            if line[0] != 'IRQ':
                raise SystemExit(f'{text[:80]}: {line}')

    def write(self, addr, data):
        self.cmd(f'write {addr:#x} {len(data):#x} 0x{data.hex()}')

    def read(self, addr, size):
        return bytes.fromhex(self.cmd(f'read {addr:#x} {size:#x}')[2:])

    def writel(self, addr, val):
        self.cmd(f'writel {addr:#x} {val:#x}')

    def readl(self, addr):
        return int(self.cmd(f'readl {addr:#x}'), 16)

    def start(self, npc, spe=0):
        ps = PS + spe * SPE_STRIDE
        self.cmd(f'writeq {PRIV1 + spe * PRIV1_STRIDE:#x} 0x23')   # S, T, D
        self.writel(ps + NPC, npc)
        self.writel(ps + RUN_CNTL, 1)

    def wait(self, spe=0, limit=60):
        ps = PS + spe * SPE_STRIDE
        end = time.monotonic() + limit
        while True:
            status = self.readl(ps + STATUS)
            if not status & 1:
                return status
            if time.monotonic() > end:
                raise SystemExit('the SPU does not stop')

    def insns(self):
        """How many instructions the SPU has executed, by its own count"""
        with open(os.path.join(self.dir.name, 'log')) as f:
            return int(re.findall(r'exit.* after (\d+) insns', f.read())[-1])

    def state(self, status):
        return self.read(LS, LS_SIZE), status, self.readl(PS + NPC)

    def quit(self):
        self.proc.kill()
        self.proc.wait()


class Monitor:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + 20
        while self.sock.connect_ex(path):
            if time.monotonic() > end:
                sys.exit('no monitor')
        self.read()

    def read(self):
        data = b''
        while not data.endswith(b'(qemu) '):
            more = self.sock.recv(65536)
            if not more:
                sys.exit('the monitor is gone')
            data += more
        return data.decode().replace('\r', '')

    def cmd(self, text):
        self.sock.sendall(text.encode() + b'\n')
        # The echo comes with the terminal's control characters.
        return self.read().split('\n', 1)[1].rpartition('\n')[0]


def monitored(qemu, engine, spes, directory, *more):
    path = os.path.join(directory, 'monitor')
    if os.path.exists(path):
        os.unlink(path)
    m = Machine(qemu, engine, spes,
                ['-monitor', f'unix:{path},server,nowait', *more])
    return m, Monitor(path)


def mtctrl():
    # mtspr 152, r3: the halves of the SPR number are swapped
    return 31 << 26 | 3 << 21 | (152 & 31) << 16 | (152 >> 5) << 11 | 467 << 1


def formats(decode):
    """name -> (fixed bits, mask of operand bits, format)"""
    table = {}
    for line in open(decode):
        m = re.match(r'([a-z][a-z0-9]*)\s+([01.\-\s]+)(.*)', line)
        if not m:
            continue
        bits, rest = m.group(2), m.group(3)
        for width in re.findall(r'\w+:(\d+)', rest):
            bits += '.' * int(width)
        bits = re.sub(r'\s', '', bits)
        if len(bits) != 32:
            sys.exit(f'{decode}: {line}')
        at = re.search(r'@\w+', rest)
        table[m.group(1)] = (int(re.sub('[^1]', '0', bits), 2),
                             int(re.sub('[^01]', 'x', bits).replace('0', '0')
                                 .replace('1', '0').replace('x', '1'), 2),
                             at.group() if at else '')
    return table


# register fields: where the target is
def set_reg(word, pos, val):
    return word & ~(0x7f << pos) | val << pos


class Program:
    def __init__(self, rng, table):
        self.rng = rng
        self.table = table
        self.words = []
        self.targets = 120
        self.code = []
        # 126 and 127 address memory, 125 counts
        for n in range(128):
            self.add('lqa', n, (INIT + 16 * n) // 4)
        self.emit(self.table['fscrwr'][0] | 1 << 7)

    def emit(self, word):
        self.words.append(word)

    def add(self, name, rt, i16):
        self.emit(self.table[name][0] | (i16 & 0xffff) << 7 | rt)

    def target(self):
        return self.rng.randrange(self.targets)

    def source(self):
        # Few registers, so that results are used, but all occur
        return self.rng.choice((self.rng.randrange(128),
                                self.rng.randrange(8)))

    def random(self, name):
        fixed, operands, fmt = self.table[name]
        word = fixed | self.rng.getrandbits(32) & operands
        rt = self.rng.choice((self.rng.randrange(8), self.target()))
        if fmt == '@rrr':
            word = set_reg(word, 21, rt)
            for pos in 0, 7, 14:
                word = set_reg(word, pos, self.source())
        elif fmt:
            word = set_reg(word, 0, rt)
            if fmt in ('@rr', '@r', '@ri7', '@ri8', '@ri10'):
                word = set_reg(word, 7, self.source())
            if fmt == '@rr':
                word = set_reg(word, 14, self.source())
        return word

    def memory(self, name):
        """Within DATA: a store must not hit the program."""
        fixed = self.table[name][0]
        rt = self.target()
        place = DATA + 16 * self.rng.randrange(64)
        if name in ('lqa', 'stqa'):
            return fixed | (place // 4 & 0xffff) << 7 | rt
        if name in ('lqr', 'stqr'):
            at = (place - 4 * len(self.words)) // 4
            return fixed | (at & 0xffff) << 7 | rt
        if name in ('lqd', 'stqd'):
            return fixed | self.rng.randrange(64) << 14 | 126 << 7 | rt
        return fixed | 127 << 14 | 126 << 7 | rt

    def take_flags(self):
        """Mix FPSCR's flags into register 122, and clear them."""
        table = self.table
        self.emit(table['fscrrd'][0] | 121)
        self.emit(table['roti'][0] | 1 << 14 | 122 << 7 | 122)
        self.emit(table['xor'][0] | 121 << 14 | 122 << 7 | 122)
        self.emit(table['xor'][0] | 121 << 14 | 121 << 7 | 121)
        self.emit(table['fscrwr'][0] | 121 << 7)

    def store_code(self, start, length):
        """Overwrite some of the program, near to here, with code."""
        here = len(self.words)
        line = self.rng.randrange(max(here - 16, start), here + 32) // 4
        if start <= 4 * line < start + length - 4:
            rt = CODE_REGS + self.rng.randrange(len(self.code))
            self.add('stqr', rt, 4 * line - here)

    def modified(self, length):
        """Straight on, except for the loop: stores change what is executed."""
        plain = [n for n in self.table
                 if n not in CONTROL and n not in MEMORY]
        self.targets = CODE_REGS
        self.code = [self.random(self.rng.choice(plain)) for _ in range(64)]
        self.code = [self.code[i:i + 4] for i in range(0, 64, 4)]
        start = len(self.words)
        while len(self.words) < start + length:
            self.emit(self.random(self.rng.choice(plain)))
            if self.rng.random() < 0.1:
                self.store_code(start, length)

    def function(self, plain):
        """It returns to the place in 124: where it was called from"""
        self.emit(self.random(self.rng.choice(plain)))
        name = self.rng.choice('biz binz bihz bihnz'.split())
        self.emit(self.table[name][0] | 124 << 7 | self.target())
        self.emit(self.table['bi'][0] | 124 << 7)
        return len(self.words) - 3

    def body(self, length, halts=True):
        plain = [n for n in self.table
                 if n not in CONTROL and n not in MEMORY]
        self.add('br', 0, 1 + 4 * 3)
        functions = [self.function(plain) for _ in range(4)]
        start = len(self.words)
        while len(self.words) < start + length:
            kind = self.rng.random()
            if kind < 0.1:
                self.emit(self.memory(self.rng.choice(sorted(MEMORY))))
            elif kind < 0.18:
                # A branch forwards, over a few
                name = self.rng.choice('br brsl brnz brz brhnz brhz'.split())
                self.add(name, self.target(), self.rng.randrange(1, 6))
            elif kind < 0.20:
                # A few instructions further, with the target in 124, which
                # brsl sets.  No earlier branch leads into the midst of this.
                for _ in range(5):
                    self.emit(self.table['nop'][0])
                self.add('brsl', 124, 1)
                self.emit(self.table['ai'][0] | 12 << 14 | 124 << 7 | 124)
                name = self.rng.choice(('bi', 'bisl', 'biz', 'binz',
                                        'bihz', 'bihnz'))
                self.emit(self.table[name][0] | 124 << 7 | self.target())
            elif kind < 0.22:
                self.add('brsl', 124,
                         self.rng.choice(functions) - len(self.words))
            elif kind < 0.24:
                insert(self, self.rng.randrange(8))
            elif kind < 0.25 and halts:
                name = self.rng.choice('heq heqi hgt hgti hlgt hlgti'.split())
                self.emit(self.random(name))
            else:
                self.emit(self.random(self.rng.choice(plain)))
        for _ in range(8):          # where branches may lead
            self.emit(self.table['nop'][0])

    def end(self):
        back = len(self.words)
        self.emit(self.table['ai'][0] | 0x3ff << 14 | 125 << 7 | 125)
        self.add('brnz', 125, 129 - back - 1)
        for n in range(128):
            self.add('stqa', n, (SAVE + 16 * n) // 4)
        self.emit(self.table['fscrrd'][0] | 1)
        self.add('stqa', 1, (SAVE + 16 * 128) // 4)
        self.emit(self.rng.randrange(0x4000))


# Bit patterns that are special to some instruction
WORDS = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7f800000, 0xff800000,
         0x00800000, 0x007fffff, 0x3f800000, 0x7fc00000, 0x7ff00000,
         0x7ff80000, 0x3ff00000, 0x00100000, 0x8000, 0xffff, 0x00ff00ff]


def insert(program, between=0):
    """The control for an element at an address, and its use in a shufb"""
    control = (program.rng.randrange(8) if between
               else 120 + program.rng.randrange(4))
    name = program.rng.choice(('cbd', 'chd', 'cwd', 'cdd', 'cbx', 'chx', 'cwx',
                               'cdx', 'ila'))
    if name == 'ila':           # the preferred word, everywhere
        program.emit(program.table[name][0] | 0x10203 << 7 | control)
    else:
        program.emit(set_reg(program.random(name), 0, control))
    for _ in range(between):
        program.emit(program.random(program.rng.choice(
            ('a', 'ori', 'selb', 'shufb', 'rotqbyi', 'cwd'))))
    program.emit(set_reg(program.random('shufb'), 0, control))


def init_regs(rng, loops):
    data = b''
    for n in range(128):
        words = [rng.choice((rng.getrandbits(32), rng.choice(WORDS),
                             rng.randrange(64))) for _ in range(4)]
        if rng.random() < 0.3:      # numbers of about the same magnitude
            exponent = rng.randrange(1, 255)
            words = [rng.getrandbits(1) << 31 | rng.getrandbits(23) |
                     min(exponent + rng.randrange(3), 255) << 23
                     for _ in range(4)]
        if n == 126:
            words[0] = DATA + rng.randrange(16)
        elif n == 127:
            words[0] = rng.randrange(1024)
        elif n == 125:
            words[0] = loops
        data += struct.pack('>4I', *words)
    return data


def difference(ref, tcg):
    if ref[1:] != tcg[1:]:
        print('# status, NPC: reference %#x %#x, tcg %#x %#x' %
              (ref[1:] + tcg[1:]))
    for at in range(0, LS_SIZE, 16):
        a, b = ref[0][at:at + 16], tcg[0][at:at + 16]
        if a != b:
            name = f' (register {(at - SAVE) // 16})' if at >= SAVE else ''
            print(f'# LS {at:#07x}{name}: reference {a.hex()}, tcg {b.hex()}')


def run_one(machines, image, ls_end):
    states = []
    for m in machines:
        m.write(LS, image[:ls_end])
        m.write(LS + DATA, image[DATA:])
        m.start(CODE)
    for m in machines:
        states.append(m.state(m.wait()))
    return states


def image_of(program, rng, loops):
    image = bytearray(LS_SIZE)
    code = b''.join(struct.pack('>I', w) for w in program.words)
    image[:len(code)] = code
    image[DATA:DATA + 2048] = rng.randbytes(2048)
    image[INIT:INIT + 2048] = init_regs(rng, loops)
    for n, words in enumerate(program.code):
        struct.pack_into('>4I', image, INIT + 16 * (CODE_REGS + n), *words)
    return bytes(image), len(code)


def diff(machines, table, args, modified=False):
    failed = 0
    for n in range(args.programs):
        seed = args.seed + n
        rng = random.Random(seed)
        program = Program(rng, table)
        if modified:
            program.modified(args.length)
        else:
            program.body(args.length)
        program.end()
        image, size = image_of(program, rng, rng.randrange(1, 20))
        ref, tcg = run_one(machines, image, size)
        if ref != tcg:
            failed += 1
            print(f'# differs: seed {seed}')
            difference(ref, tcg)
            if failed > args.max_failures:
                break
    return failed


def each(machines, table, args):
    """Each instruction by itself, many operands, no loop"""
    failed = 0
    for name in sorted(n for n in table if n not in CONTROL):
        rng = random.Random(f'{args.seed} {name}')
        program = Program(rng, table)
        for _ in range(args.each * (4 if name[0] in 'df' else 1)):
            if name in MEMORY:
                program.emit(program.memory(name))
            else:
                program.emit(program.random(name))
            if name[0] in 'df':
                program.take_flags()
        program.end()
        image, size = image_of(program, rng, 1)
        ref, tcg = run_one(machines, image, size)
        if ref != tcg:
            failed += 1
            print(f'# differs: {name}')
            difference(ref, tcg)
    return failed


def denormals(machines, table, args):
    """Registers hold now a result of single precision, now what may be a denormal."""
    failed = 0
    for n in range(max(args.programs // 4, 20)):
        rng = random.Random(f'{args.seed} denormal {n}')
        program = Program(rng, table)
        for _ in range(args.length):
            name = rng.choice(('fa', 'fs', 'fm', 'fma', 'fnms', 'fms', 'or', 'or'))
            rt, ra, rb, rc = (rng.randrange(8) for _ in range(4))
            if name == 'or':        # a copy of a number from outside
                ra = rb = 8 + rng.randrange(8)
            fields = (rt << 21 | rc if name in ('fma', 'fnms', 'fms') else rt)
            program.emit(table[name][0] | rb << 14 | ra << 7 | fields)
            if rng.random() < 0.2:
                program.take_flags()
        program.end()
        image, size = image_of(program, rng, 1)
        image = bytearray(image)
        # about 1, or small, with products that are tiny, or truncated to zero
        least = rng.choice((124, 73, 61, 47))
        for at in range(INIT, INIT + 16 * 16, 4):
            exponent = 0 if rng.random() < 0.03 else rng.randrange(least, least + 6)
            struct.pack_into('>I', image, at, rng.getrandbits(1) << 31 |
                             exponent << 23 | rng.getrandbits(23))
        ref, tcg = run_one(machines, bytes(image), size)
        if ref != tcg:
            failed += 1
            print(f'# differs: {n}')
            difference(ref, tcg)
    return failed


def interrupted(machines, table, args, single_step):
    """Stop the second machine's SPU over and over; or, step it."""
    failed = 0
    ref, tcg = machines
    total = 0
    for n in range(args.programs // 10):
        rng = random.Random(args.seed + n)
        program = Program(rng, table)
        program.body(60 if single_step else args.length, False)
        program.end()
        loops = 2 if single_step else 20000
        image, size = image_of(program, rng, loops)
        for m in machines:
            m.write(LS, image[:size])
            m.write(LS + DATA, image[DATA:])
        ref.start(CODE)
        expect = ref.state(ref.wait())
        if single_step:
            tcg.cmd(f'writeq {PRIV_CNTL:#x} 1')
        tcg.start(CODE)
        stops = 0
        while True:
            if single_step:
                status = tcg.wait()
            else:
                tcg.writel(PS + RUN_CNTL, 0)
                status = tcg.readl(PS + STATUS)
            if status & 0x26:           # stop, halt, invalid instruction
                break
            stops += 1
            tcg.writel(PS + RUN_CNTL, 1)
        tcg.cmd(f'writeq {PRIV_CNTL:#x} 0')
        total += stops
        got = tcg.state(status & ~0x10)
        if got != expect:
            failed += 1
            print(f'# differs: seed {args.seed + n}, {stops} stops')
            difference(expect, got)
    print(f'# {args.programs // 10} programs, '
          f'with {total} '
          f'{"single steps" if single_step else "stops"}: {failed} differ')
    return failed


def self_modifying(machines, table, args):
    """Overwrite a quadword of instructions at each turn of a loop."""
    rng = random.Random(args.seed)
    turns = 64
    ai = table['ai'][0]
    words = [table['ila'][0] | DATA << 7 | 11, table['il'][0] | turns << 7 | 12,
             table['il'][0] | 20, table['lnop'][0],
             table['lqd'][0] | 11 << 7 | 10,                    # 0x10
             table['stqa'][0] | 0x20 // 4 << 7 | 10,
             ai | 16 << 14 | 11 << 7 | 11,
             table['br'][0] | 1 << 7]
    words += [0] * 4                                            # 0x20
    words += [ai | 0x3ff << 14 | 12 << 7 | 12,
              table['brnz'][0] | (0x10 - 0x34) // 4 % 65536 << 7 | 12,
              table['stqa'][0] | SAVE // 4 << 7 | 20, 0x77]
    image = bytearray(LS_SIZE)
    image[:64] = struct.pack('>16I', *words)
    total = 0
    for n in range(turns * 4):
        val = rng.randrange(512)
        total += val
        image[DATA + 4 * n:DATA + 4 * n + 4] = struct.pack(
            '>I', ai | val << 14 | 20 << 7 | 20)
    failed = 0
    for m in machines:
        m.write(LS, bytes(image))
        m.start(CODE)
        ls, status, npc = m.state(m.wait())
        got = struct.unpack_from('>4I', ls, SAVE)
        if status != 0x770002 or got != (total,) * 4:
            failed += 1
            print(f'# differs: modified code: {status:#x}, {got}, not {total}')
    print(f'# self-modifying code: {failed} failed')
    return failed


def accumulated(m, words, code, total):
    """Run a program that takes its instructions from @code and adds up to register 20."""
    image = bytearray(LS_SIZE)
    struct.pack_into(f'>{len(words)}I', image, 0, *words)
    struct.pack_into(f'>{len(code)}I', image, DATA, *code)
    m.write(LS, bytes(image))
    m.write(MEMORY_COPY, bytes(image[DATA:DATA + 4 * len(code)]))
    m.start(CODE)
    ls, status, _ = m.state(m.wait())
    got = struct.unpack_from('>4I', ls, SAVE)
    return status == 0x770002 and got == (total,) * 4


def stored_ahead(machines, table, args):
    """
    Overwrite instructions ahead of the store, in a straight line with it.  With
    sync that is what the ISA says; without, what the model does.
    """
    op = {name: entry[0] for name, entry in table.items()}
    turns = 6
    failed = 0
    for barrier in (None, op['sync'], op['sync'] | 1 << 20, op['dsync']):
        for slot in range(4):                   # of the store, in its quadword
            for between in range(3):            # quadwords
                rng = random.Random(args.seed)
                words = [op['ila'] | DATA << 7 | 11, op['il'] | turns << 7 | 12, op['il'] | 20,
                         op['nop']]
                words += [op['lqd'] | 11 << 7 | 10, op['ai'] | 16 << 14 | 11 << 7 | 11]
                words += [op['nop']] * (2 + slot)
                at = 4 * len(words) + 4         # behind the store
                target = (at + (4 if barrier else 0) + 15 & ~15) + 16 * between
                words += [op['stqa'] | target // 4 << 7 | 10] + [barrier] * bool(barrier)
                words += [op['nop']] * ((target - 4 * len(words)) // 4)
                words += [op['stop'] | 0x66] * 4
                words += [op['ai'] | 0x3ff << 14 | 12 << 7 | 12]
                words += [op['brnz'] | (0x10 - 4 * len(words)) // 4 % 65536 << 7 | 12,
                          op['stqa'] | SAVE // 4 << 7 | 20, 0x77]
                vals = [rng.randrange(512) for _ in range(4 * turns)]
                code = [op['ai'] | val << 14 | 20 << 7 | 20 for val in vals]
                for m in machines:
                    if not accumulated(m, words, code, sum(vals)):
                        failed += 1
                        print(f'# machine {machines.index(m)}: barrier {barrier}, slot {slot}, '
                              f'{between} between')
    return failed


def fetched(machines, table, args):
    """The SPU's own get brings what it executes next, again and again."""
    op = {name: entry[0] for name, entry in table.items()}
    turns = 32
    wrch = lambda ch, rt: op['wrch'] | ch << 7 | rt
    words = [op['ila'] | target << 7 | rt for rt, target in
             ((3, 0x80), (5, MEMORY_COPY & 0xffff), (6, 16), (7, 0x40), (8, 1), (9, 2))]
    words += [op['ilhu'] | MEMORY_COPY >> 16 << 7 | 4, op['or'] | 5 << 14 | 4 << 7 | 4,
              op['il'] | turns << 7 | 12, op['il'] | 20, op['il'] | 10]
    loop = 4 * len(words)
    words += [wrch(16, 3), wrch(17, 10), wrch(18, 4), wrch(19, 6), wrch(20, 10), wrch(21, 7),
              op['ai'] | 16 << 14 | 4 << 7 | 4, wrch(22, 8), wrch(23, 9),
              op['rdch'] | 24 << 7 | 13]
    words += [op['nop']] * (0x80 // 4 - len(words))
    words += [op['stop'] | 0x66] * 4
    words += [op['ai'] | 0x3ff << 14 | 12 << 7 | 12]
    words += [op['brnz'] | (loop - 4 * len(words)) // 4 % 65536 << 7 | 12,
              op['stqa'] | SAVE // 4 << 7 | 20, 0x77]
    rng = random.Random(args.seed)
    vals = [rng.randrange(512) for _ in range(4 * turns)]
    code = [op['ai'] | val << 14 | 20 << 7 | 20 for val in vals]
    return sum(not accumulated(m, words, code, sum(vals)) for m in machines)


def changed_outside(machines, table, args):
    """A loop ends because somebody else makes a stop of its branch."""
    op = {name: entry[0] for name, entry in table.items()}
    here, stop = 0x100, struct.pack('>4I', op['nop'], op['nop'], 0x77, 0x66)
    loops = {
        'a branch to itself': [op['nop'], op['nop'], op['br'], 0],
        'with a store': [op['ai'] | 1 << 14 | 20 << 7 | 20, op['stqa'] | SAVE // 4 << 7 | 20,
                         op['br'] | (-2 & 0xffff) << 7, 0],
    }

    def proxy(m, command, lsa, ea):
        for at, val in ((0x3004, lsa), (0x3008, ea >> 32), (0x300c, ea & 0xffffffff),
                        (0x3010, 16 << 16), (0x3014, command)):
            m.writel(PS + at, val)
        m.readl(PS + 0x3014)        # MFC_CMDStatus: it is queued

    ways = {
        "the PPE's store": lambda m: m.writel(LS + here + 8, 0x77),
        'a get from memory': lambda m: proxy(m, 0x40, here, MEMORY_COPY),
        'a put to its own local store': lambda m: proxy(m, 0x20, DATA, LS + here),
    }
    failed = 0
    for loop, words in loops.items():
        for way, change in ways.items():
            for m in machines:
                m.write(LS + SAVE, bytes(16))
                m.write(LS + DATA, stop)
                m.write(MEMORY_COPY, stop)
                m.write(LS + here, struct.pack('>4I', *words))
                m.start(here)
                end = time.monotonic() + 20
                while loop == 'with a store' and not m.readl(LS + SAVE):
                    if time.monotonic() > end:
                        raise SystemExit('the SPU does not run')
                change(m)
                try:
                    status = m.wait(limit=10)
                except SystemExit:
                    status = 1
                    m.writel(PS + RUN_CNTL, 0)
                if status != 0x770002:
                    failed += 1
                    print(f'# machine {machines.index(m)}: {loop}, {way}: {status:#x}')
    return failed


def limited(machines, table, args):
    """
    SPU_LSLR takes bits away from all addresses (SPU ISA v1.2: they are ANDed
    with it): what is at or leads to 0x2nnnn is at 0x0nnnn.
    """
    return sum(limited_to(lslr, machines, table, args)
               for lslr in (0x1ffff, 0x1f7ff))


def limited_to(lslr, machines, table, args):
    rng = random.Random(args.seed)
    image = bytearray(rng.randbytes(LS_SIZE))
    i16 = lambda name, rt, val: table[name][0] | (val & 0xffff) << 7 | rt
    ila = lambda rt, val: table['ila'][0] | val << 7 | rt
    ri = lambda name, rt, ra, val: (table[name][0] | (val & 0x3ff) << 14 |
                                    ra << 7 | rt)
    bi = lambda name, ra, bits=0: table[name][0] | bits << 18 | ra << 7

    def relative(name, rt, pc, to):
        return i16(name, rt, (to - pc) // 4)

    def code(at, *words):
        struct.pack_into(f'>{len(words)}I', image, at, *words)

    code(0x1000,                # each form: stores, then loads
         ila(3, 0x29000), ila(4, 0x40), ila(5, 0x555), ila(6, 0x666),
         ila(7, 0x777), ila(8, 0x888), i16('stqa', 5, 0x29000 // 4),
         ri('stqd', 6, 3, 1), relative('stqr', 7, 0x1020, 0x29020),
         table['stqx'][0] | 4 << 14 | 3 << 7 | 8,               # 0x29040
         i16('lqa', 10, 0x2a000 // 4), ri('lqd', 11, 3, 0x101),  # 0x2a010
         relative('lqr', 12, 0x1030, 0x2a020), ila(4, 0x1040),
         table['lqx'][0] | 4 << 14 | 3 << 7 | 13,               # 0x2a040
         i16('bra', 0, 0x24000 // 4))
    code(0x4000, relative('brsl', 20, 0x4000, 0x20010))
    code(0x10, ila(3, 0x25000), bi('bi', 3))
    code(0x5000, ila(3, 0x26000), bi('bi', 3, 1))               # and enable
    code(0x6000, relative('brnz', 3, 0x6000, 0x27000))
    code(0x7000, ila(3, 0x3fff8), bi('bi', 3, 2))               # and disable
    # The last instructions before a limit, and straight on
    top = 0x1fff8 & lslr
    on = top + 8 & lslr
    code(top, ila(21, 0x111), ila(22, 0x222))
    code(on, ri('ai', 21, 21, 1), relative('br', 0, on + 4, 0x100))
    regs = [10, 11, 12, 13, 20, 21, 22]
    code(0x100, *(i16('stqa', r, (SAVE + 16 * r) // 4) for r in regs), 0x66)
    expect = bytearray(image)
    save = SAVE & 0x1ffff
    for at, val in (0x9000, 0x555), (0x9010, 0x666), (0x9020, 0x777), \
                   (0x9040, 0x888), (save + 21 * 16, 0x112), \
                   (save + 22 * 16, 0x222):
        struct.pack_into('>4I', expect, at, *[val] * 4)
    for r, at in (10, 0xa000), (11, 0xa010), (12, 0xa020), (13, 0xa040):
        expect[save + 16 * r:save + 16 * r + 16] = image[at:at + 16]
    struct.pack_into('>4I', expect, save + 16 * 20, 0x4004, 0, 0, 0)
    failed = 0
    for m in machines:
        m.cmd(f'writeq {LSLR:#x} {lslr:#x}')
        m.write(LS, bytes(image))
        m.start(0x1000)
        status = m.wait()
        m.cmd(f'writeq {LSLR:#x} 0x3ffff')
        want = (bytes(expect), 0x660002, 0x100 + 4 * len(regs) + 4)
        got = m.state(status)
        if got != want:
            failed += 1
            print('# differs, where "reference" is what is expected')
            difference(want, got)
    return failed


def counters(machines, table, args):
    """Both have executed the same programs, however often they stopped."""
    ref, tcg = (m.insns() for m in machines)
    print(f'# {ref} instructions in all')
    if ref != tcg:
        print(f'# differs: {ref} instructions, {tcg} with tcg')
    return ref != tcg


def spu_interrupt(machines, table, args):
    """Add up what comes by mailbox, in the SPU's interrupt."""
    rdch, wrch = table['rdch'][0], table['wrch'][0]
    words = [0] * 64
    # The event is acknowledged first: the next one comes after the rdch.
    words[0] = rdch | 0 << 7 | 7                                # 0x00
    words[1] = wrch | 2 << 7 | 7
    words[2] = rdch | 29 << 7 | 6
    words[3] = table['brz'][0] | 5 << 7 | 6                     # to 0x20
    words[4] = table['a'][0] | 6 << 14 | 4 << 7 | 4
    words[5] = table['iret'][0] | 1 << 18
    words[8] = table['stqa'][0] | SAVE // 4 << 7 | 4            # 0x20
    words[9] = 0x55
    words[16] = table['il'][0] | 0x10 << 7 | 2                  # 0x40
    words[17] = wrch | 1 << 7 | 2                               # In_Mbox event
    words[18] = table['il'][0] | 4
    words[19] = table['ila'][0] | 0x60 << 7 | 5
    words[20] = table['bi'][0] | 1 << 18 | 5 << 7               # and enable
    words[24] = table['ai'][0] | 1 << 14 | 8 << 7 | 8           # 0x60
    words[25] = table['br'][0] | 0xffff << 7
    failed = 0
    vals = [random.Random(args.seed + n).randrange(1, 1000)
            for n in range(2000)]
    for m in machines:
        m.write(LS, struct.pack('>64I', *words))
        m.start(0x40)
        for val in vals + [0]:
            # One at a time: a second one in the mailbox is not a new event
            limit = time.monotonic() + 20
            while (m.readl(PS + 0x4014) >> 8 & 0xff) < 4:
                if time.monotonic() > limit:
                    raise SystemExit('the interrupt is not taken')
            m.writel(PS + 0x400c, val)
        ls, status, npc = m.state(m.wait())
        got = struct.unpack_from('>I', ls, SAVE)[0]
        if status != 0x550002 or got != sum(vals):
            failed += 1
            print(f'# differs: interrupt: {status:#x}, {got}, not {sum(vals)}')
    print(f'# SPU interrupts: {failed} failed')
    return failed


def line_order(machines, table, args):
    """
    A getllar sees what the putlluc before it has stored, though the putlluc waits
    until the PPE is stopped, and the getllar does not.
    """
    op = {name: entry[0] for name, entry in table.items()}
    rounds, source, copy = 500, 0x8000, 0x9000
    words = [op['il'] | 2, op['ilhu'] | 0x200 << 7 | 3,
             op['ila'] | source << 7 | 4, op['ila'] | copy << 7 | 5,
             op['il'] | 0xb0 << 7 | 6, op['il'] | 0xd0 << 7 | 7,
             op['il'] | rounds << 7 | 8, op['il'] | 9,
             op['wrch'] | 17 << 7 | 2, op['wrch'] | 18 << 7 | 3,    # the EA
             op['stqa'] | source // 4 << 7 | 8,                     # loop:
             op['wrch'] | 16 << 7 | 4, op['wrch'] | 21 << 7 | 6,
             op['wrch'] | 16 << 7 | 5, op['wrch'] | 21 << 7 | 7,
             op['rdch'] | 27 << 7 | 10, op['lqa'] | copy // 4 << 7 | 11,
             op['xor'] | 8 << 14 | 11 << 7 | 11,
             op['or'] | 11 << 14 | 9 << 7 | 9,
             op['ai'] | (-1 & 0x3ff) << 14 | 8 << 7 | 8,
             op['brnz'] | (-10 & 0xffff) << 7 | 8,
             op['stqa'] | SAVE // 4 << 7 | 9, 0x66]
    failed = 0
    for m in machines:
        m.write(LS, struct.pack(f'>{len(words)}I', *words))
        m.start(CODE)
        ls, status, npc = m.state(m.wait())
        got = ls[SAVE:SAVE + 16]
        if status != 0x660002 or any(got):
            failed += 1
            print(f'# {status:#x}, differences {got.hex()}')
    return failed


def stepped_interrupt(machines, table, args):
    """
    An interrupt that bie enables is taken in the next step, not at the end of
    the step that enabled it.
    """
    op = {name: entry[0] for name, entry in table.items()}
    enable = [op['il'] | 0x200 << 7 | 4, op['wrch'] | 1 << 7 | 4,
              op['il'] | 0x180 << 7 | 5, op['bi'] | 1 << 18 | 5 << 7]
    expected = [0x104, 0x108, 0x10c, 0x180 | 1, 4, 8]   # 1: interrupt enabled
    failed = 0
    for m in machines:
        m.write(LS, struct.pack('>2I', op['nop'], op['nop']))
        m.write(LS + 0x100, struct.pack('>4I', *enable))
        m.writel(PS + 0x1400c, 1)                       # a signal
        m.cmd(f'writeq {PRIV_CNTL:#x} 1')
        m.writel(PS + NPC, 0x100)
        got = []
        for _ in expected:
            m.writel(PS + RUN_CNTL, 1)
            m.wait()
            got.append(m.readl(PS + NPC))
        m.cmd(f'writeq {PRIV_CNTL:#x} 0')
        if got != expected:
            failed += 1
            print('# behind each step: ' + ' '.join(f'{n:#x}' for n in got))
    return failed


def snapshot(qemu, engine, table, rng):
    """
    Save a machine whose SPU counts until there is something in its mailbox,
    and once more when it waits for something else there; load both after it has
    gone on to a stop, and everything has been overwritten.
    """
    op = {name: entry[0] for name, entry in table.items()}
    words = [op['lqa'] | (INIT + 16 * n) // 4 << 7 | n for n in range(128)]
    words += [op['ai'] | 1 << 14 | 3 << 7 | 3,                  # loop:
              op['stqa'] | DATA // 4 << 7 | 3,
              op['rchcnt'] | 29 << 7 | 4,
              op['brz'] | (-3 & 0xffff) << 7 | 4,
              op['rdch'] | 29 << 7 | 5, op['rdch'] | 29 << 7 | 6]
    words += [op['stqa'] | (SAVE + 16 * n) // 4 << 7 | n for n in range(128)]
    words += [op['lqa'] | n // 4 << 7 | n for n in range(128)]
    regs = [rng.randbytes(16) for _ in range(128)]
    failed = 0

    def expect(what, *pairs):
        nonlocal failed
        for n, (got, want) in enumerate(pairs):
            if got != want:
                failed += 1
                print(f'# {engine}: {what}, {n}: {got}, not {want}')

    def count():
        return m.readl(LS + DATA)

    def wait_for(condition):
        end = time.monotonic() + 20
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f'the SPU of {engine} does not go on')

    def status():
        return m.readl(PS + STATUS)

    def first_word():
        before = count()
        wait_for(lambda: count() != before)
        m.writel(PS + 0x400c, 0x111)
        wait_for(lambda: status() == 9)

    def second_word(what):
        m.writel(PS + 0x400c, 0x222)
        ends = m.wait()
        saved = m.read(LS + SAVE, 16 * 128)
        got = [saved[16 * n:16 * n + 16] for n in range(128)]
        expect(what, (ends, 0x660002), (got[0:3] + got[7:], regs[0:3] + regs[7:]),
               (got[3], m.read(LS + DATA, 16)), (got[5][:4], b'\0\0\1\x11'),
               (got[6][:4], b'\0\0\2\x22'))
        m.write(LS, bytes(LS_SIZE))

    def save(name):
        expect('savevm', (monitor.cmd('stop'), ''),
               (monitor.cmd(f'savevm {name}'), ''))
        state = m.read(LS, LS_SIZE), status()
        monitor.cmd('cont')
        return state

    def load(name, state):
        expect('loadvm', (monitor.cmd('stop'), ''),
               (monitor.cmd(f'loadvm {name}'), ''),
               (m.read(LS, LS_SIZE) == state[0], True), (status(), state[1]))
        monitor.cmd('cont')

    with tempfile.TemporaryDirectory() as directory:
        # QEMU itself makes an image over this for what it saves, and deletes it.
        m, monitor = monitored(qemu, engine, 1, directory, '-drive',
                               'if=none,driver=null-co,size=1M,snapshot=on')
        m.write(LS, struct.pack(f'>{len(words) + 1}I', *words, 0x66))
        m.write(LS + INIT, b''.join(regs))
        m.start(CODE)
        wait_for(count)
        counting = save('counting')
        first_word()
        waiting = save('waiting')
        second_word('at first')
        load('waiting', waiting)
        second_word('that waited')
        load('counting', counting)
        first_word()
        second_word('that counted')
        # In use when it is reset: as new, and to be used again
        load('counting', counting)
        m.writel(PS + 0x1400c, 1)
        monitor.cmd('system_reset')
        wait_for(lambda: status() == 0)
        expect('reset', (m.readl(PS + NPC), 0), (m.readl(PS + RUN_CNTL), 0),
               (m.readl(PS + 0x4014), 0x400), (m.readl(PS + 0x1400c), 0))
        m.start(CODE)
        first_word()
        second_word('that was reset')
        m.quit()
    return failed


def snapshots(machines, table, args):
    return sum(snapshot(args.qemu, engine, table, random.Random(args.seed))
               for engine in ('reference', 'tcg'))


def bad_state(machines, table, args):
    """A migrated SPU whose program counter leads out of its local store"""
    op = {name: entry[0] for name, entry in table.items()}
    at, last = 0x1230, random.Random(args.seed).randbytes(16)
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'state')
        m, monitor = monitored(args.qemu, 'tcg', 1, directory)
        m.write(LS + at - 8, struct.pack(
            '>3I', op['lqa'] | INIT // 4 << 7 | 127,
            op['stqa'] | DATA // 4 << 7 | 127, op['br']))
        m.write(LS + INIT, last)
        m.start(at - 8)
        while m.read(LS + DATA, 16) != last:
            continue
        monitor.cmd(f'migrate file:{path}')
        m.quit()
        with open(path, 'rb') as f:
            state = f.read()
        # Behind the last register
        good = last + struct.pack('>Q', at)
        found = state.count(good)
        failed = found != 1
        print(f'# {len(state)} bytes, there {found} times')
        for nip in at, at + 2, LS_SIZE + at, 1 << 40 | at:
            with open(path, 'wb') as f:
                f.write(state.replace(good, last + struct.pack('>Q', nip)))
            m = Machine(args.qemu, 'tcg', 1, ['-incoming', f'file:{path}'])
            try:
                while not m.readl(PS + STATUS):
                    continue
                status = None           # the SPU runs, or has done so
            except (OSError, SystemExit):
                status = m.proc.wait(20)
            if status != (None if nip == at else 1):
                failed = True
                print(f'# {nip:#x}: QEMU has ended with {status}')
            m.quit()
    return failed


INTEGER = {'a': 4, 'sf': 1, 'ai': 3, 'xor': 1, 'and': 2, 'andi': 1, 'ori': 2,
           'il': 2, 'ceqi': 1, 'cgt': 1, 'clgti': 1, 'selb': 2, 'shli': 1,
           'rotmi': 1, 'rotmai': 1, 'mpy': 1, 'fsmbi': 1}
MEMORY_MIX = {'lqd': 4, 'lqx': 1, 'lqa': 1, 'stqd': 2, 'stqx': 1, 'stqa': 1}
SHUFFLE = {'shufb': 2, 'insert': 2, 'rotqbyi': 1, 'rotqby': 1, 'shlqbyi': 1,
           'rotqmbyi': 1}
BRANCH = {'brz': 1, 'brnz': 2, 'br': 1, 'call': 0.5}

FLOAT = {'fm': 1, 'fa': 1, 'fma': 2, 'lqd': 1, 'stqd': 1}
DOUBLE = {'dfm': 1, 'dfa': 1, 'dfma': 2, 'lqd': 1, 'stqd': 1}


def mixed(*parts):
    """(share, instructions and their weights), each part's total its share"""
    return {name: share * weight / sum(mix.values())
            for share, mix in parts for name, weight in mix.items()}


# class: (instructions and their weights, length of the loop)
MIXES = {
    'loop': ({'a': 1, 'xor': 1}, 2),
    'integer': (INTEGER, 3000),
    'memory': (mixed((50, MEMORY_MIX), (50, INTEGER)), 3000),
    'shuffle': (mixed((50, SHUFFLE), (50, INTEGER)), 3000),
    'branch': (mixed((25, BRANCH), (75, INTEGER)), 3000),
    # 8 bits by 8 bits, and all that shifts by counts in registers
    'multiply': (dict.fromkeys('mpy mpyu mpyi mpya mpyh mpys mpyhh mpyhhu shl '
                               'shlh rot roth rotm rotma'.split(), 1), 3000),
    # A scalar in memory: to the preferred slot, an operation, and back
    'scalar': ({'lqd': 2, 'rotqbyi': 1, 'rotqby': 1, 'a': 2, 'shli': 1,
                'ceqi': 1, 'selb': 1, 'insert': 1, 'stqd': 1}, 3000),
    # About what a compiler makes
    'mix': (mixed((55, INTEGER), (22, MEMORY_MIX), (13, SHUFFLE),
                  (10, BRANCH)), 3000),
    # Numbers of ordinary size, and any
    'float': (FLOAT, 3000),
    'float-any': (FLOAT, 3000),
    'double': (DOUBLE, 3000),
}


def speed_program(rng, table, name, loops):
    program = Program(rng, table)
    mix, length = MIXES[name]
    program.ordinary = name == 'float'
    program.targets = 112
    names, weights = zip(*mix.items())
    start = len(program.words)
    while len(program.words) < start + length:
        name = rng.choices(names, weights)[0]
        if name in MEMORY:
            word = program.memory(name)
            program.emit(word | 8 if program.ordinary else word)
        elif name == 'insert':
            insert(program)
        elif name == 'call':        # to the third, from there to the second
            program.add('brsl', 124, 2)
            program.add('br', 0, 2)
            program.emit(table['bi'][0] | 124 << 7)
        elif name in BRANCH:        # to the next one, taken or not
            program.add(name, program.source(), 1)
        elif program.ordinary:      # 8 operands that stay as they are
            word = table[name][0]
            for pos in 0, 7, 14:
                word = set_reg(word, pos, rng.randrange(8))
            at = 21 if table[name][2] == '@rrr' else 0
            program.emit(set_reg(word, at, 8 | program.target()))
        else:
            program.emit(program.random(name))
    count = len(program.words) - start + 2
    back = len(program.words)
    program.emit(table['ai'][0] | 0x3ff << 14 | 125 << 7 | 125)
    program.add('brnz', 125, start - back - 1)
    program.emit(1)
    loops = max(loops // count, 1)
    image, _ = image_of(program, rng, loops)
    if program.ordinary:
        words = [struct.pack('>f', rng.choice((-1, 1)) * rng.uniform(1, 2))
                 for _ in range(32)]
        image = image[:INIT] + b''.join(words) + image[INIT + 128:]
    return image, loops * count


def speed(args, table):
    """
    A line for each: SPEs, class, engine, millions of instructions per second
    of all SPEs together, the best of some runs
    """
    print('# SPEs class engine M/s', flush=True)
    classes = args.classes.split(',') if args.classes else list(MIXES)
    for engine in args.engines.split(','):
        for spes in args.spes:
            m = Machine(args.qemu, engine, spes, [])
            for name in classes:
                loops = args.speed * 1000000
                if engine == 'reference':
                    loops //= 10
                if MIXES[name][0] in (FLOAT, DOUBLE):
                    loops //= 5
                image, count = speed_program(random.Random(args.seed), table,
                                             name, loops)
                best = took = 0
                for _ in range(args.runs):
                    for n in range(spes):
                        m.write(LS + n * SPE_STRIDE, image)
                    begin = time.monotonic()
                    for n in range(spes):
                        m.start(CODE, n)
                    # Looking takes time that the SPEs may need
                    time.sleep(0.9 * took)
                    for n in range(spes):
                        while m.readl(PS + n * SPE_STRIDE + STATUS) & 1:
                            time.sleep(0.001)
                    took = time.monotonic() - begin
                    best = max(best, count * spes / took / 1e6)
                print(f'{spes} {name} {engine} {best:.0f}', flush=True)
            m.quit()


def main():
    p = argparse.ArgumentParser()
    p.add_argument('qemu')
    p.add_argument('decode')
    p.add_argument('--engines', default='reference,tcg',
                   help='those that --speed measures')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--programs', type=int, default=200)
    p.add_argument('--length', type=int, default=300)
    p.add_argument('--each', type=int, default=40)
    p.add_argument('--max-failures', type=int, default=3)
    p.add_argument('--speed', type=int, metavar='M', nargs='?', const=500,
                   help='measure instead, with M million instructions')
    p.add_argument('--classes', help='those of --speed: ' + ', '.join(MIXES))
    p.add_argument('--spes', type=int, nargs='+', default=[1, 2],
                   help='how many at once')
    p.add_argument('--runs', type=int, default=3,
                   help='of which the best counts')
    p.add_argument('--without', help='what of the host is not to be used: avx512, '
                   'avx2, vectors, rotate')
    args = p.parse_args()
    Machine.without = args.without
    table = formats(args.decode)
    if args.speed:
        speed(args, table)
        return 0
    machines = [Machine(args.qemu, e, 1, ['-d', f'trace:spu_engine_{t}_exit'])
                for e, t in (('reference', 'ref'), ('tcg', 'tcg'))]
    tests = (
        ('each instruction by itself', each),
        (f'{args.programs} random programs', diff),
        ('programs that are stopped from outside',
         lambda *a: interrupted(*a, False)),
        ('results of single precision and denormals', denormals),
        ('programs in single steps', lambda *a: interrupted(*a, True)),
        (f'{args.programs} random programs that modify themselves',
         lambda *a: diff(*a, True)),
        ('a program that modifies itself', self_modifying),
        ('code that is stored just ahead, with sync and without', stored_ahead),
        ("code that the SPU's own get brings", fetched),
        ('addresses are cut down by SPU_LSLR', limited),
        ('the number of instructions executed', counters),
        ('interrupts of the SPU', spu_interrupt),
        ('code that others change while it runs', changed_outside),
        ('lock line commands stay in order', line_order),
        ('an interrupt between two single steps', stepped_interrupt),
        ('a program counter that leads out of local store is not migrated',
         bad_state),
        ('snapshots, and a reset, of an SPU that runs or waits', snapshots),
    )
    print(f'TAP version 13\n1..{len(tests)}')
    print(f'# seed {args.seed}; again: engine_diff.py --seed {args.seed}')
    failures = 0
    for n, (name, test) in enumerate(tests, 1):
        failed = test(machines, table, args)
        failures += failed
        print(f'{"not " if failed else ""}ok {n} both engines agree: {name}',
              flush=True)
    for m in machines:
        m.quit()
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
