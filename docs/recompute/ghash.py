"""Computes the tag of AES-GCM. Arguments in hexadecimal: H, mask, associated data, ciphertext."""

import sys


def times(x, y):
    """Multiplies two polynomials of 128 bits, xor for +, modulo x^128 + x^7 + x^2 + x + 1."""
    product = 0
    for bit in reversed(range(128)):  # GCM writes the lowest power first
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


h, mask, associated, ciphertext = map(bytes.fromhex, sys.argv[1:])
bits = b"".join((8 * len(part)).to_bytes(8, "big") for part in (associated, ciphertext))
padded = [part + bytes(-len(part) % 16) for part in (associated, ciphertext)]
message = b"".join(padded) + bits

value = 0
for start in range(0, len(message), 16):
    block = message[start : start + 16]
    value = times(value ^ int.from_bytes(block, "big"), int.from_bytes(h, "big"))
print((value ^ int.from_bytes(mask, "big")).to_bytes(16, "big").hex(" "))
