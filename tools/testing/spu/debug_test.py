#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test QEMU's debugging facilities with the SPUs of its engine tcg.

usage: debug_test.py QEMU DECODE OBJDUMP PLUGIN [SEED]

OBJDUMP is binutils' for the SPU, PLUGIN is libinsn.so of QEMU's tests.
"""

import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

import engine_diff
from engine_diff import CODE, LS, PS, SAVE, Machine, monitored

WORDS_EACH = 16

# Reserved bits that binutils takes for the P, D, E of other instructions
P, DE = 1 << 20, 3 << 18
DIFFERENT = {'hbr': DE, 'sync': DE}
DIFFERENT.update(dict.fromkeys(
    'bi iret bisl bisled biz binz bihz bihnz'.split(), P))


def random_words(table, rng):
    words = []
    for name, (fixed, operands, _) in sorted(table.items()):
        for n in range(WORDS_EACH):
            word = fixed | rng.getrandbits(32) & operands
            if n == 0:
                word = fixed
            words.append(word & ~DIFFERENT.get(name, 0))
    # Invalid ones
    words += [w for w in (rng.getrandbits(32) for _ in range(4000))
              if invalid(table, w)][:WORDS_EACH]
    return words


def invalid(table, word):
    # Reserved bits do not matter; formats() has them as operands.
    return all(word & ~operands != fixed
               for fixed, operands, _ in table.values())


def normal(text):
    """An instruction without comments and symbols, with plain numbers"""
    text = re.sub(r'\s*(#.*|<.*>)', '', text).strip()
    text = re.sub(r'0x0*([0-9a-f]+)', lambda m: str(int(m.group(1), 16)), text)
    return re.sub(r'\s+', ' ', text)


def dump(objdump, path):
    """What binutils writes for the words of a file, by their addresses"""
    out = subprocess.run([objdump, '-D', '-z', '-b', 'binary', '-m', 'spu:256K',
                          '-EB', path], stdout=subprocess.PIPE, check=True,
                         text=True).stdout
    return {int(m.group(1), 16): normal(m.group(2)) for m in re.finditer(
        r'^ *([0-9a-f]+):\t(?:[0-9a-f]{2} ){4}\t(.*)$', out, re.M)}


def disassembler(qemu, table, objdump, directory, rng):
    """Both disassemble random instances of every instruction."""
    words = random_words(table, rng)
    code = struct.pack(f'>{len(words)}I', *words)
    path = os.path.join(directory, 'code')
    with open(path, 'wb') as f:
        f.write(code)
    theirs = dump(objdump, path)
    m, monitor = monitored(qemu, 'tcg', 2, directory)
    m.write(LS, code)
    monitor.cmd('cpu 1')
    out = monitor.cmd(f'x/{len(words)}i 0')
    ours = {int(m.group(1), 16): normal(m.group(2)) for m in re.finditer(
        r'^0x([0-9a-f]+):  (.*)$', out, re.M)}
    m.quit()
    failed = len(words) != len(theirs) or len(words) != len(ours)
    print(f'# {len(words)} instructions, {len(ours)} by QEMU, {len(theirs)} '
          'by binutils')
    for at in sorted(theirs):
        if theirs[at] == 'stop':        # binutils leaves out the code
            theirs[at] += f' {words[at // 4] & 0x3fff}'
        if theirs[at] != ours.get(at):
            failed += 1
            if failed < 20:
                print(f'# {words[at // 4]:08x}: {ours.get(at)}, binutils: '
                      f'{theirs[at]}')
    return failed


class Gdb:
    """The remote serial protocol, as gdb would speak it"""
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.file = self.sock.makefile('rb')
        self.cmd('qSupported:multiprocess+;swbreak+')

    def send(self, text):
        self.sock.sendall(b'$%s#%02x' % (text.encode(),
                                         sum(text.encode()) % 256))

    def reply(self):
        while self.file.read(1) != b'$':
            pass
        data = b''
        while not data.endswith(b'#'):
            data += self.file.read(1)
        self.file.read(2)
        self.sock.sendall(b'+')
        return data[:-1].decode()

    def cmd(self, text):
        self.send(text)
        return self.reply()

    def threads(self):
        ids = self.cmd('qfThreadInfo')[1:]
        while (more := self.cmd('qsThreadInfo')) != 'l':
            ids += ',' + more[1:]
        return ids.split(',')

    def feature(self, name):
        text = ''
        while True:
            part = self.cmd(f'qXfer:features:read:{name}:{len(text):x},400')
            text += part[1:]
            if part[0] != 'm':
                return text


# Those of a PowerPC, then the SPU's own
PPC = [f'r{n}' for n in range(32)] + ['pc', 'msr', 'cr', 'lr', 'ctr', 'xer']
OWN = [f'q{n}' for n in range(128)] + ['srr0', 'fpscr']
PC, Q, SRR0, FPSCR = 32, 38, 166, 167


def gdb(qemu, table, directory, rng):
    """
    A program counts register 3 in a loop: stop it there, look at its
    registers and at local store, change them, let it end.
    """
    path = os.path.join(directory, 'gdb')
    m = Machine(qemu, 'tcg', 2, ['-gdb', f'unix:{path},server=on,wait=off'])
    op = {name: entry[0] for name, entry in table.items()}
    regs = [rng.getrandbits(128) for _ in range(128)]
    words = [op['lqa'] | (engine_diff.INIT + 16 * n) // 4 << 7 | n
             for n in range(128)]
    loop = 4 * len(words)
    words += [op['ai'] | 1 << 14 | 3 << 7 | 3,              # loop:
              op['brz'] | (-1 & 0xffff) << 7 | 4,
              op['stqa'] | SAVE // 4 << 7 | 5, 0x1234]
    regs[4] = 0
    m.write(LS, struct.pack(f'>{len(words)}I', *words))
    m.write(LS + engine_diff.INIT,
            b''.join(r.to_bytes(16, 'big') for r in regs))
    failed = []

    def check(what, got, expected):
        if got != expected:
            failed.append(what)
            print(f'# {what}: {got}, not {expected}')

    m.start(CODE)
    g = Gdb(path)
    g.cmd('?')
    # The PPE's process comes first, then one for each SPU.
    for n in 2, 3:
        g.cmd(f'vAttach;{n}')
    check('threads', g.threads(), ['p01.01', 'p02.02', 'p03.03'])
    g.cmd('Hgp1.1')
    target = g.feature('target.xml')
    check('the PPE', 'power64-core.xml' in target, True)
    g.cmd('Hgp2.2')
    target = g.feature('target.xml')
    check('architecture', re.findall('<architecture>(.*)</architecture>',
                                     target), ['powerpc:common'])
    xml = g.feature('spu-core.xml')
    check('registers', re.findall('reg name="([^"]*)"', xml),
          PPC + OWN)

    # At the loop's start, by a breakpoint
    check('breakpoint', g.cmd(f'Z0,{loop:x},4'), 'OK')
    g.send('vCont;c')
    stop = g.reply()
    check('stop', 'thread:p02.02' in stop, True)
    check('pc', int(g.cmd(f'p{PC:x}'), 16), loop)
    all_regs = g.cmd('g')
    check('length of all', len(all_regs), 2 * (38 * 4 + 128 * 16 + 4 + 16))
    count = int(g.cmd(f'p{Q + 3:x}')[:8], 16)
    check('word of register 3', int(g.cmd('p3'), 16), count)
    words, quads = all_regs[:38 * 8], all_regs[38 * 8:]
    for n in range(128):
        if n != 3:
            check(f'register {n}', int(quads[32 * n:32 * n + 32], 16),
                  regs[n])
            if n < 32:
                check(f'word of register {n}',
                      int(words[8 * n:8 * n + 8], 16), regs[n] >> 96)
    check('lr', int(words[35 * 8:36 * 8], 16), regs[0] >> 96)
    check('msr, cr, ctr, xer', int(words[33 * 8:35 * 8], 16) +
          int(words[36 * 8:], 16), 0)
    check('fpscr', int(g.cmd(f'p{FPSCR:x}'), 16), 0)
    check('srr0', int(g.cmd(f'p{SRR0:x}'), 16), 0)
    check('local store', g.cmd(f'm{engine_diff.INIT:x},10'),
          f'{regs[0]:032x}')
    # One instruction, one turn
    check('breakpoint', g.cmd(f'z0,{loop:x},4'), 'OK')
    g.send('vCont;s:p2.2')
    g.reply()
    check('pc after a step', int(g.cmd(f'p{PC:x}'), 16), loop + 4)
    check('count', int(g.cmd('p3'), 16), (count + 1) & 0xffffffff)
    # The same one again
    check('write', g.cmd(f'P{PC:x}={loop:08x}'), 'OK')
    g.send('vCont;s:p2.2')
    g.reply()
    check('pc after another', int(g.cmd(f'p{PC:x}'), 16), loop + 4)
    check('count', int(g.cmd('p3'), 16), (count + 2) & 0xffffffff)
    # Register 4 ends the loop, 5 is what it saves then.
    val = rng.getrandbits(128)
    check('write', g.cmd(f'P{Q + 5:x}={val:032x}'), 'OK')
    check('write', g.cmd('P4=00000001'), 'OK')
    check('written', int(g.cmd(f'p{Q + 4:x}'), 16), 1 << 96)
    check('watchpoint', g.cmd(f'Z2,{SAVE:x},10'), 'OK')
    g.send('vCont;c')
    stop = g.reply()
    check('watchpoint', 'watch:' in stop and 'thread:p02.02' in stop, True)
    check('watchpoint', g.cmd(f'z2,{SAVE:x},10'), 'OK')
    g.cmd('D;1')
    g.cmd('D;2')
    g.cmd('D;3')
    check('status', m.wait() >> 16, 0x1234)
    check('saved', m.read(LS + SAVE, 16).hex(), f'{val:032x}')
    m.quit()
    return len(failed)


GDB = 'gdb-multiarch'


def by_gdb(qemu, table, directory, rng):
    """What the manual says to type: Debian's gdb at a breakpoint of an SPU"""
    path = os.path.join(directory, 'gdb')
    m = Machine(qemu, 'tcg', 2, ['-gdb', f'unix:{path},server=on,wait=off'])
    op = {name: entry[0] for name, entry in table.items()}
    start = 0x80 + 4 * rng.randrange(64)
    values = [rng.getrandbits(15) for _ in range(2)]
    words = [op['il'] | v << 7 | n for n, v in zip((3, 100), values)]
    words += [op['il'] | 9 << 7 | 4, op['br'] | (-3 & 0xffff) << 7]
    m.write(LS + start, struct.pack(f'>{len(words)}I', *words))
    m.start(start)
    ask = '$pc', '$r3', '$q100', '*(unsigned *)($pc - 4)'
    p = subprocess.run(
        [GDB, '-nx', '-q', '-batch', *(x for command in (
            'set confirm off', 'set endian big',
            f'target extended-remote {path}', 'add-inferior', 'inferior 2',
            'attach 2', f'break *{start + 8:#x}', 'continue',
            *(f'print/x {what}' for what in ask), 'stepi', 'print/x $pc')
         for x in ('-ex', command))],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    m.quit()
    said = [int(x, 16) for x in re.findall(r'^\$\d+ = (0x[0-9a-f]+)$',
                                           p.stdout, re.M)]
    expected = [start + 8, values[0], values[1] * (1 + 2**32 + 2**64 + 2**96),
                words[1], start + 12]
    if said != expected:
        print(f'# {said}, expected {expected}')
        print('# ' + (p.stdout + p.stderr)[-2000:].replace('\n', '\n# '))
    return said != expected


ROUNDS = 4000


def watched(qemu, directory):
    """
    An SPU is stopped while it hits a watchpoint.  For that, QEMU needs the lock
    that the thread which stops the SPU holds: it must not wait for ever.
    """
    path = os.path.join(directory, 'gdb-watched')
    m = Machine(qemu, 'tcg', 1, ['-gdb', f'unix:{path},server=on,wait=off'])
    # stqa $3,SAVE; br back to it
    m.write(LS, struct.pack('>2I', 0x20800003 | SAVE >> 2 << 7, 0x327fff80))
    m.cmd(f'writeq {engine_diff.PRIV1:#x} 0x23')
    g = Gdb(path)
    g.cmd('vAttach;2')
    if g.cmd('Hgp2.2') != 'OK' or g.cmd(f'Z2,{SAVE:x},10') != 'OK':
        print('# no watchpoint')
        return True
    g.send('vCont;c')
    m.sock.settimeout(20)
    g.sock.setblocking(False)
    hits = 0
    text = b''
    for n in range(ROUNDS):
        m.writel(PS + engine_diff.NPC, 0)
        m.writel(PS + engine_diff.RUN_CNTL, 1)
        for _ in range(n % 7):
            m.readl(PS + engine_diff.STATUS)
        m.writel(PS + engine_diff.RUN_CNTL, 0)
        try:
            text += g.sock.recv(4096)
        except BlockingIOError:
            pass
        while (end := text.find(b'#')) >= 0 and len(text) > end + 2:
            if b'watch:' in text[:end]:
                hits += 1
                g.sock.sendall(b'+')
                g.send('vCont;c')
            text = text[end + 3:]
    print(f'# {ROUNDS} rounds, {hits} hits')
    m.quit()
    return not hits


def count(qemu, table, plugin, directory, rng):
    """A loop with a store, a branch and a channel, on the second SPE"""
    turns, spe = rng.randrange(1000, 30000), 1
    op = {name: entry[0] for name, entry in table.items()}
    words = [op['il'] | turns << 7 | 3,
             op['stqa'] | SAVE // 4 << 7 | 3,               # loop:
             op['rchcnt'] | 29 << 7 | 4,
             op['brz'] | 2 << 7 | 4, op['heqi'] | 1 << 14 | 4 << 7,
             op['ai'] | (-1 & 0x3ff) << 14 | 3 << 7 | 3,
             op['brnz'] | (-5 & 0xffff) << 7 | 3, 0x99]
    m, monitor = monitored(qemu, 'tcg', 2, directory, '-plugin',
                           f'{plugin},inline=on', '-d',
                           'plugin,trace:spu_engine_tcg_exit')
    m.write(LS + spe * engine_diff.SPE_STRIDE,
            struct.pack(f'>{len(words)}I', *words))
    m.start(CODE, spe)
    status = m.wait(spe)
    expected = 1 + 5 * turns + 1            # the mailbox is empty
    counted = m.insns()
    # A busy host may not have let the PPE begin: it sleeps after 4 words.
    while 'NIP 0000000000000010' not in monitor.cmd('info registers'):
        pass
    m.proc.terminate()
    m.proc.wait(20)
    with open(os.path.join(m.dir.name, 'log')) as f:
        cpus = [int(n) for n in re.findall(r'cpu \d insns: (\d+)', f.read())]
    print(f'# status {status:#x}, expected {expected}, the SPU says '
          f'{counted}, by vCPU {cpus}')
    return (status >> 16 != 0x99 or counted != expected or
            cpus[1:] != [0, expected] or not 0 < cpus[0] < expected)


def listing(qemu, table, objdump, directory, rng):
    """-d in_asm lists a block of an SPU as binutils disassembles it."""
    at = rng.randrange(0x100) * 16
    words = [table[name][0] | rng.getrandbits(32) & table[name][1]
             for name in 'il ilhu iohl andi ai shlhi rotqbyi ceqi'.split()]
    code = struct.pack(f'>{len(words) + 1}I', *words, 0x77)
    path = os.path.join(directory, 'code')
    with open(path, 'wb') as f:
        f.write(bytes(at) + code)
    theirs = dump(objdump, path)
    m = Machine(qemu, 'tcg', 1, ['-d', 'in_asm'])
    m.write(LS + at, code)
    m.start(at)
    status = m.wait()
    m.proc.terminate()
    m.proc.wait(20)
    with open(os.path.join(m.dir.name, 'log')) as f:
        ours = {int(n, 16): normal(text) for n, text in re.findall(
            r'^0x([0-9a-f]+):  (.+)$', f.read(), re.M)}
    failed = status != 0x770002
    for n in range(at, at + 4 * len(words), 4):
        if theirs[n] != ours.get(n):
            failed = True
            print(f'# {n:#x}: {ours.get(n)}, binutils: {theirs[n]}')
    return failed


NT_PRSTATUS = 1
PT_LOAD, PT_NOTE = 1, 4


def dumped(qemu, directory, rng):
    """
    A dump of memory is an ELF file with what was in memory and local store, and
    with a CPU of the kernel for each of the PPE's threads.
    """
    path = os.path.join(directory, 'dump')
    m, monitor = monitored(qemu, 'tcg', 2, directory)
    places = 0x100000, LS + 0x1230
    data = [rng.randbytes(64) for _ in places]
    for at, what in zip(places, data):
        m.write(at, what)
    said = monitor.cmd(f'dump-guest-memory {path}')
    m.quit()
    if said:
        print(f'# {said}')
        return True
    with open(path, 'rb') as f:
        elf = f.read()
    phoff, = struct.unpack_from('>Q', elf, 32)
    size, number = struct.unpack_from('>HH', elf, 54)
    loads, cpus, failed = [], 0, False
    for n in range(number):
        kind, _, offset, _, address, length = struct.unpack_from(
            '>IIQQQQ', elf, phoff + n * size)
        if kind == PT_LOAD:
            loads.append((address, elf[offset:offset + length]))
        while kind == PT_NOTE and length > 0:
            name, desc, note = struct.unpack_from('>III', elf, offset)
            cpus += note == NT_PRSTATUS
            step = 12 + (name + 3 & ~3) + (desc + 3 & ~3)
            offset, length = offset + step, length - step
            failed |= length < 0
    found = [next((part[at - start:][:64] for start, part in loads
                   if start <= at < start + len(part)), None) for at in places]
    print(f'# {len(loads)} parts, notes of {cpus} CPUs')
    return failed or cpus != 1 or found != data


def main():
    qemu, decode, objdump, plugin = sys.argv[1:5]
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    table = engine_diff.formats(decode)
    tests = (
        ('the disassembler writes what binutils does',
         lambda d, rng: disassembler(qemu, table, objdump, d, rng)),
        ("gdb's protocol finds the SPUs, their registers and memory",
         lambda d, rng: gdb(qemu, table, d, rng)),
        ("Debian's gdb stops an SPU at a breakpoint, and shows where it is",
         lambda d, rng: by_gdb(qemu, table, d, rng), GDB),
        ('an SPU that hits a watchpoint can be stopped',
         lambda d, rng: watched(qemu, d)),
        ('dump-guest-memory writes memory and the registers of the PPE',
         lambda d, rng: dumped(qemu, d, rng)),
        ('-d in_asm lists what an SPU is to execute',
         lambda d, rng: listing(qemu, table, objdump, d, rng)),
        ('a plugin counts the instructions of each SPU',
         lambda d, rng: count(qemu, table, plugin, d, rng)),
    )
    print(f'TAP version 13\n1..{len(tests)}\n# seed {seed}, the last argument')
    status = 0
    for n, (name, test, *tool) in enumerate(tests, 1):
        if tool and not shutil.which(tool[0]):
            print(f'ok {n} {name} # SKIP {tool[0]} is not installed')
            continue
        with tempfile.TemporaryDirectory() as directory:
            try:
                failed = test(directory, random.Random(seed))
            except (IndexError, OSError, ValueError) as e:
                print(f'# {e!r}, in line {e.__traceback__.tb_next.tb_lineno}')
                failed = True
        status |= bool(failed)
        print(f'{"not " if failed else ""}ok {n} {name}', flush=True)
    return status


if __name__ == '__main__':
    sys.exit(main())
