#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Assemble the SPU instruction tests.

usage: mkcases.py AS INSNS DECODE VALUES FLOW OUTDIR

Reads the assembler's own table of instructions (binutils'
include/opcode/spu-insns.h), makes lines of assembly from it, assembles them with
AS, and writes OUTDIR/cases.h: each line beside the resulting word.  So the
encodings come from binutils, and none of them is kept here.
DECODE is QEMU's spu.decode, VALUES the table of expected values, FLOW the
assembly of the tests of control flow, which goes to OUTDIR/flow.h.
"""

import os
import re
import struct
import subprocess
import sys

# Values for each kind of immediate operand of binutils' table.
IMMEDIATES = {
    'A_S3': [-7, -4, -1, 0, 1, 7],
    'A_S6': [-32, -31, -17, -16, -15, -1, 0, 1, 31],
    'A_S7': [-64, -63, -33, -32, -31, -1, 0, 1, 63],
    'A_S7N': [-64, -17, -16, -1, 0, 1, 7, 15, 16, 31, 63],
    'A_U3': [0, 1, 4, 7],
    'A_U5': [0, 1, 15, 16, 17, 31],
    'A_U6': [0, 1, 31, 32, 33, 63],
    'A_U7': [0, 1, 2, 3, 4, 7, 8, 15, 16, 32, 63],
    'A_U7A': [0, 1, 10, 31, 32, 64, 127],
    'A_U7B': [0, 1, 10, 31, 32, 64, 127],
    'A_S10B': [-128, -1, 0, 1, 127],
    'A_S10': [-512, -128, -1, 0, 1, 127, 511],
    'A_S11': [-1024, -4, 0, 4, 1020],
    'A_S11I': [-1024, -4, 0, 4, 1020],
    'A_S14': [-8192, -16, 0, 16, 8176],
    'A_S16': [-32768, -1, 0, 1, 32767],
    'A_S18': [-131072, -4, 0, 4, 131068],
    'A_R18': [-131072, -4, 0, 4, 131068],
    'A_U14': [0, 1, 0x2104, 0x3fff],
    'A_X16': [0, 1, 0x5a5a, 0x7fff, 0x8000, 0xffff],
    'A_U18': [0, 1, 0x20000, 0x3ffff],
}

# What decodetree's imm is for an operand of this value.
FIELD = {
    'A_S14': lambda v: v >> 4,
    'A_S18': lambda v: v >> 2,
    'A_R18': lambda v: v >> 2,
    'A_U7A': lambda v: 173 - v,
    'A_U7B': lambda v: 155 - v,
    'A_X16': lambda v: v - 0x10000 if v & 0x8000 else v,
}

# Which registers to use: all different; target and sources the same ones.
REGISTERS = [
    {'A_T': 3, 'A_A': 4, 'A_B': 5, 'A_C': 6},
    {'A_T': 127, 'A_A': 64, 'A_B': 85, 'A_C': 42},
    {'A_T': 7, 'A_A': 7, 'A_B': 8, 'A_C': 9},
    {'A_T': 8, 'A_A': 7, 'A_B': 8, 'A_C': 7},
    {'A_T': 9, 'A_A': 9, 'A_B': 9, 'A_C': 9},
]

R_SPU_ADDR18 = 5
R_SPU_REL16 = 7

WIDTH = {'RRR': 4, 'RI18': 7, 'RI16': 9, 'RI10': 8, 'RI8': 10, 'RI7': 11,
         'RR': 11, 'LBT': 7, 'LBTI': 11}


def read_insns(path):
    """Return (mnemonic, format, opcode, feature bits, operands) of each."""
    insns = []
    pattern = re.compile(r'^APUOP(?:FB)?\(\s*\w+,\s*(\w+),\s*(0x\w+),\s*'
                         r'(?:(0x\w+),\s*)?"(\w+)",\s*_A\d\(([^)]*)\)', re.M)
    with open(path, encoding='ascii') as f:
        table = f.read()
    for m in pattern.finditer(table):
        fmt, opcode, feature, name, args = m.groups()
        insns.append((name, fmt, int(opcode, 16), int(feature or '0', 16),
                      [a for a in args.split(',') if a]))
    if len(insns) != table.count('APUOP'):
        raise SystemExit('%s: %d of %d instructions understood'
                         % (path, len(insns), table.count('APUOP')))
    return insns


def read_decode(path):
    """Return {instruction: its argument set's fields} of a decode file."""
    sets = {'@i16': ['imm']}
    patterns = {}
    with open(path, encoding='ascii') as f:
        for line in f:
            words = line.split()
            if line.startswith('&'):
                sets.setdefault('@' + words[0][1:], words[1:])
            elif line.startswith('@'):
                ref = next(w for w in words if w.startswith('&'))
                sets.setdefault(words[0], sets['@' + ref[1:]])
            elif line[:1].isalpha():
                fields = []
                for word in words[1:]:
                    if word.startswith('@'):
                        fields = sets[word]
                    elif ':' in word:
                        fields = [word.split(':')[0]]
                patterns[words[0]] = fields
    return patterns


def assemble(assembler, name, lines, outdir):
    """Assemble @lines; return the words of .text and the symbols."""
    source = os.path.join(outdir, name + '.s')
    binary = os.path.join(outdir, name + '.o')
    with open(source, 'w', encoding='ascii') as f:
        f.write('\n'.join(lines) + '\n')
    subprocess.run([assembler, '-W', source, '-o', binary], check=True)
    with open(binary, 'rb') as f:
        elf = f.read()
    return sections(elf)


def sections(elf):
    """Return .text's bytes and {symbol: value}, of a 32-bit big-endian ELF."""
    shoff, = struct.unpack_from('>I', elf, 32)
    shentsize, shnum, shstrndx = struct.unpack_from('>HHH', elf, 46)
    headers = [struct.unpack_from('>10I', elf, shoff + i * shentsize)
               for i in range(shnum)]
    strings = headers[shstrndx][4]
    text, symbols, relocations = bytearray(), {}, []
    for name, kind, _, _, offset, size, link, _, _, entsize in headers:
        start = strings + name
        label = elf[start:elf.index(b'\0', start)]
        if label == b'.text':
            text += elf[offset:offset + size]
        elif label == b'.rela.text':
            relocations = [struct.unpack_from('>IIi', elf, at)
                           for at in range(offset, offset + size, entsize)]
        elif kind == 2:
            for at in range(offset, offset + size, entsize):
                sym, value = struct.unpack_from('>II', elf, at)
                begin = headers[link][4] + sym
                sym = elf[begin:elf.index(b'\0', begin)].decode()
                if sym:
                    symbols[sym] = value
    # gas leaves calls and addresses to the linker; .text starts at 0 here.
    for at, info, addend in relocations:
        word, = struct.unpack_from('>I', text, at)
        if info & 0xff == R_SPU_REL16:
            word |= ((addend - at) >> 2 & 0xffff) << 7
        elif info & 0xff == R_SPU_ADDR18:
            word |= addend << 7
        else:
            raise SystemExit('the assembler left relocation 0x%x' % info)
        struct.pack_into('>I', text, at, word)
    return text, symbols


class Case:
    """One line of assembly, and what it says."""

    def __init__(self, name, base, args, feature, regs, values):
        self.name, self.base = name, base
        self.fields = {}
        self.imm = 0
        self.has_imm = False
        operands = []
        values = list(values)
        form_rrr = 'A_C' in args
        for arg in args:
            if arg in regs:
                reg = regs[arg]
                operands.append('$%d' % reg)
                field = {'A_T': 'rt', 'A_A': 'ra', 'A_B': 'rb',
                         'A_C': 'rc'}[arg]
                if form_rrr:
                    field = {'rt': 'rc', 'rc': 'rt'}.get(field, field)
                self.fields[field] = reg
            elif arg in ('A_S', 'A_H'):
                operands.append(('$sp%d' if arg == 'A_S' else '$ch%d')
                                % regs['A_A'])
                self.fields['ra' if arg == 'A_S' else 'ca'] = regs['A_A']
            elif arg == 'A_P':
                operands.append('(')
            else:
                value = values.pop(0)
                relative = arg in ('A_R18', 'A_S11', 'A_S11I')
                operands.append('.+%d' % value if relative else str(value))
                if not base.startswith('hbr'):
                    self.imm, self.has_imm = value, True
                    value = FIELD.get(arg, lambda v: v)(value)
                    self.fields['code' if arg == 'A_U14' else 'imm'] = value
        if base == 'stop':
            self.fields.setdefault('code', 0)
        if base.startswith('bi') or base == 'iret':
            self.fields['d'] = feature >> 5 & 1
            self.fields['e'] = feature >> 4 & 1
        if base == 'lr':
            self.fields['imm'] = 0
        text = ','.join(operands).replace(',(,', '(')
        if 'A_P' in args:
            text += ')'
        self.text = (name + ' ' + text).strip()


def immediate_lists(args):
    """All combinations of edge values of the immediates among @args."""
    lists = [[]]
    for arg in args:
        if arg in IMMEDIATES:
            lists = [done + [v] for done in lists for v in IMMEDIATES[arg]]
    return lists


def make_cases(insns):
    first = {}
    for name, fmt, opcode, _, _ in insns:
        first.setdefault((opcode, WIDTH[fmt]), name)
    cases = []
    for name, fmt, opcode, feature, args in insns:
        base = first[(opcode, WIDTH[fmt])]
        # gas reads "nop $n" as its own directive .nop.
        if name == 'nop' and args:
            continue
        for number, regs in enumerate(REGISTERS):
            for values in immediate_lists(args)[:None if number < 3 else 1]:
                case = Case(name, base, args, feature, regs, values)
                # A synonym of an immediate form: its immediate is 0.
                if name == 'lr':
                    case.fields['imm'] = 0
                if name == 'syscall':
                    # mtspr's opcode; its immediate is in a reserved field.
                    case.fields = {k: v for k, v in case.fields.items()
                                   if k in ('rt', 'ra')}
                cases.append(case)
            if not any(a in regs or a in ('A_S', 'A_H') for a in args):
                break
    missing = {insn[0] for insn in insns} - {case.name for case in cases}
    if missing:
        raise SystemExit('no case for ' + ' '.join(sorted(missing)))
    return cases


def quad(text):
    """A quadword: 32 digits; or fewer, repeated; '_' may divide them."""
    digits = text.replace('_', '')
    if 32 % len(digits):
        raise SystemExit('bad quadword ' + text)
    digits *= 32 // len(digits)
    return '{ { ' + ', '.join('0x' + digits[i:i + 2]
                              for i in range(0, 32, 2)) + ' } }'


def read_values(path):
    """Lines "insn | register=quadword ... | register=quadword"."""
    rows = []
    with open(path, encoding='ascii') as f:
        for number, line in enumerate(f, 1):
            line = line.split('#')[0].strip()
            if not line:
                continue
            parts = [p.strip() for p in line.split('|')]
            if len(parts) != 3:
                raise SystemExit('%s:%d: three parts, please'
                                 % (path, number))
            sets = [[s.split('=') for s in p.split()] for p in parts[1:]]
            rows.append((number, parts[0], sets[0], sets[1]))
    return rows


def register(name):
    return 'FPSCR' if name == 'fpscr' else name.lstrip('$')


def main():
    (assembler, insns_path, decode_path, values_path, flow_path,
     outdir) = sys.argv[1:]
    insns = read_insns(insns_path)
    patterns = read_decode(decode_path)
    cases = make_cases(insns)
    rows = read_values(values_path)

    # Relative operands must stay within the section, or gas relocates them.
    lines = (['\t.space 0x20000'] + ['\t' + c.text for c in cases] +
             ['\t.space 0x20000'])
    text, _ = assemble(assembler, 'cases', lines, outdir)
    text = text[0x20000:-0x20000]
    if len(text) != 4 * len(cases):
        raise SystemExit('%d cases, but %d bytes' % (len(cases), len(text)))
    words = struct.unpack('>%dI' % len(cases), text)
    text, _ = assemble(assembler, 'values', ['\t' + r[1] for r in rows],
                       outdir)
    value_words = struct.unpack('>%dI' % len(rows), text)

    with open(os.path.join(outdir, 'cases.h'), 'w', encoding='ascii') as f:
        def out(*args):
            print(*args, file=f)

        out('/* Made by mkcases.py */')
        out('static const struct insn_case insn_cases[] = {')
        for case, word in zip(cases, words):
            fields = ', '.join('.%s = %d' % kv for kv in case.fields.items())
            out('    { "%s", "%s", "%s", 0x%08x, %d, %d, { %s } },'
                % (case.text, case.name, case.base, word, case.imm,
                   case.has_imm, fields))
        out('};')

        out('static const struct opcode opcodes[] = {')
        for opcode, width in sorted({(o, WIDTH[fmt])
                                     for _, fmt, o, _, _ in insns}):
            out('    { 0x%03x, %d },' % (opcode >> (11 - width), width))
        out('};')

        out('static const struct value_case value_cases[] = {')
        for (number, text, before, after), word in zip(rows, value_words):
            out('    { %d, "%s", 0x%08x,' % (number, text, word))
            for part in before, after:
                out('      { %s },' % ', '.join(
                    '{ true, %s, %s }' % (register(r), quad(q))
                    for r, q in part))
            out('    },')
        out('};')

    # Trans functions that note what they were called with
    with open(os.path.join(outdir, 'recorder.h'), 'w',
              encoding='ascii') as f:
        for name, fields in patterns.items():
            notes = ''.join(' ctx->fields.%s = a->%s;' % (x, x)
                            for x in fields)
            print('static bool trans_%s(DisasContext *ctx, arg_%s *a)\n'
                  '{ ctx->name = "%s";%s return true; }'
                  % (name, name, name, notes), file=f)
        print('static const char *const patterns[] = {', file=f)
        for name in patterns:
            print('    "%s",' % name, file=f)
        print('};', file=f)

    with open(flow_path, encoding='ascii') as f:
        text, symbols = assemble(assembler, 'flow', f.read().splitlines(),
                                 outdir)
    with open(os.path.join(outdir, 'flow.h'), 'w', encoding='ascii') as f:
        print('enum {', file=f)
        for name, value in symbols.items():
            print('    AT_%s = 0x%x,' % (name, value), file=f)
        print('};\nstatic const struct { uint32_t at, word; } flow[] = {',
              file=f)
        for at in range(0, len(text), 4):
            word, = struct.unpack_from('>I', text, at)
            if word:
                print('    { 0x%05x, 0x%08x },' % (at, word), file=f)
        print('};', file=f)


if __name__ == '__main__':
    main()
