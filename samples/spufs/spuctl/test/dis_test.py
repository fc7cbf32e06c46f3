#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""dis_test.py OBJDUMP DIR [SEED]: compare spuctl's disassembler with that of binutils, on
random words and on each opcode of eleven bits, which is the greatest length.

Prints TAP; DIR is for its files."""

import os
import random
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
MAIN = """
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
void disassemble(FILE *out, unsigned int word, unsigned int pc);
int main(void)
{
	uint32_t word;
	unsigned int pc;

	for (pc = 0; fread(&word, 4, 1, stdin) == 1; pc += 4) {
		disassemble(stdout, ntohl(word), pc);
		putchar(10);
	}
	return 0;
}
"""


def normal(text):
    """An instruction without comments and symbols, with plain numbers"""
    text = re.sub(r"\s*(#.*|<.*>)", "", text).strip()
    text = re.sub(r"0x0*([0-9a-f]+)", lambda m: str(int(m[1], 16)), text)
    # binutils hides a stop's code, and takes reserved bits for other instructions' P, D, E
    return re.sub(r"^stop\s.*", "stop", re.sub(r"\s+", " ", text))


def different(word):
    """Reserved bits that binutils looks at."""
    top = word >> 21
    return (top in (0b00110101100, 0b00000000010) and word & 3 << 18) or \
        (top in (0b00110101000, 0b00110101010, 0b00110101001, 0b00110101011, 0b00100101000,
                 0b00100101001, 0b00100101010, 0b00100101011) and word & 1 << 20)


def main():
    objdump, directory = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    rng = random.Random(seed)
    # As many as fit into local store, so that all addresses are valid
    words = []
    while len(words) < 1 << 16:
        word = rng.getrandbits(32)
        if not different(word):
            words.append(word)
    # and every opcode, in case one was not among them
    words[:1 << 11] = [op << 21 | rng.getrandbits(18) for op in range(1 << 11)]
    code = struct.pack(f">{len(words)}I", *words)
    path = os.path.join(directory, "words")
    with open(path, "wb") as f:
        f.write(code)
    with open(path + ".c", "w") as f:
        f.write(MAIN)
    subprocess.run(["gcc", "-Wall", "-o", path + ".dis", path + ".c", f"{HERE}/../dis.c"], check=True)
    out = subprocess.run([objdump, "-D", "-z", "-b", "binary", "-m", "spu:256K", "-EB", path],
                         stdout=subprocess.PIPE, check=True, text=True).stdout
    theirs = [normal(m[1]) for m in re.finditer(
        r"^ *[0-9a-f]+:\t(?:[0-9a-f]{2} ){4}\t(.*)$", out, re.M)]
    ours = [normal(line) for line in subprocess.run(
        [path + ".dis"], input=code, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()]
    bad = [(4 * i, f"{words[i]:08x}", o, t) for i, (o, t) in enumerate(zip(ours, theirs)) if o != t]
    for b in bad[:20]:
        print("# at %#x, %s: %s; binutils: %s" % b)
    ok = not bad and len(ours) == len(theirs) == len(words)
    print(f"TAP version 13\n1..1\n{'ok' if ok else 'not ok'} 1 spuctl and binutils say the same of "
          f"{len(words)} words (seed {seed})")
    return not ok


if __name__ == "__main__":
    sys.exit(main())
