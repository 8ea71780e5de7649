"""Calculates in the group of part3-dh (RFC 3526, section 3). Prints numbers as they stand on the wire.

Arguments: nothing, for the prime; an exponent, for its public value; an exponent and a public value, for the secret."""

import sys


def arctan(x, one):
    """Computes arctan(1 / x), times `one`."""
    total, power, n = 0, one // x, 1
    while power:
        total, power, n = total + power // n * (-1) ** (n // 2), power // x**2, n + 2
    return total


one = 2 ** (1918 + 64)  # 64 bits more, since the last ones are rounded
pi = 4 * (4 * arctan(5, one) - arctan(239, one)) // 2**64
p = 2**2048 - 2**1984 - 1 + 2**64 * (pi + 124476)

exponent, *theirs = sys.argv[1:] or [None]
base = int("".join(theirs).replace(" ", "").replace("\n", ""), 16) if theirs else 2
number = pow(base, int(exponent), p) if exponent else p
wire = number.to_bytes((number.bit_length() + 7) // 8, "big")
for start in range(0, len(wire), 16):
    print(wire[start : start + 16].hex(" "))
