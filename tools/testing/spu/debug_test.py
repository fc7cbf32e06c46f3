#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test QEMU's own means of debugging with the SPUs of its engine tcg.

usage: debug_test.py QEMU DECODE OBJDUMP [SEED]

OBJDUMP is binutils' for the SPU.
"""

import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

import engine_diff
from engine_diff import CODE, LS, PS, SAVE, Machine

WORDS_EACH = 16

# Reserved bits that binutils takes for the P, D, E of other instructions
P, DE = 1 << 20, 3 << 18
DIFFERENT = {'hbr': DE, 'sync': DE}
DIFFERENT.update(dict.fromkeys(
    'bi iret bisl bisled biz binz bihz bihnz'.split(), P))


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
        return self.read().split('\n', 1)[1].rsplit('\n', 1)[0]


def machine(qemu, directory, *more):
    path = os.path.join(directory, 'monitor')
    if os.path.exists(path):
        os.unlink(path)
    m = Machine(qemu, 'tcg', 2, ['-monitor', f'unix:{path},server,nowait',
                                 *more])
    return m, Monitor(path)


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
    # Reserved bits are of no account; formats() has them as operands.
    return all(word & ~operands != fixed
               for fixed, operands, _ in table.values())


def normal(text):
    """An instruction without comments and symbols, with plain numbers"""
    text = re.sub(r'\s*(#.*|<.*>)', '', text).strip()
    text = re.sub(r'0x0*([0-9a-f]+)', lambda m: str(int(m.group(1), 16)), text)
    return re.sub(r'\s+', ' ', text)


def disassembler(qemu, table, objdump, directory, rng):
    """Both disassemble random instances of every instruction."""
    words = random_words(table, rng)
    code = struct.pack(f'>{len(words)}I', *words)
    path = os.path.join(directory, 'code')
    with open(path, 'wb') as f:
        f.write(code)
    out = subprocess.run([objdump, '-D', '-z', '-b', 'binary', '-m', 'spu:256K',
                          '-EB', path], stdout=subprocess.PIPE, check=True,
                         text=True).stdout
    theirs = {int(m.group(1), 16): normal(m.group(2)) for m in re.finditer(
        r'^ *([0-9a-f]+):\t(?:[0-9a-f]{2} ){4}\t(.*)$', out, re.M)}
    m, monitor = machine(qemu, directory)
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


def main():
    qemu, decode, objdump = sys.argv[1:4]
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    table = engine_diff.formats(decode)
    tests = (
        ('the disassembler writes what binutils does',
         lambda d, rng: disassembler(qemu, table, objdump, d, rng)),
    )
    print(f'TAP version 13\n1..{len(tests)}\n# seed {seed}, the last argument')
    status = 0
    for n, (name, test) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as directory:
            failed = test(directory, random.Random(seed))
        status |= bool(failed)
        print(f'{"not " if failed else ""}ok {n} {name}', flush=True)
    return status


if __name__ == '__main__':
    sys.exit(main())
