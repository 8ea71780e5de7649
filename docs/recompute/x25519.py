"""Computes X25519 (RFC 7748, section 5). Arguments in hexadecimal: a private key, and a public key or nothing."""

import sys

P = 2**255 - 19


def x25519(private, public):
    k = int.from_bytes(private, "little") & ~7 & ~(1 << 255) | 1 << 254
    u = int.from_bytes(public, "little") & ~(1 << 255)  # the top bit is ignored
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in reversed(range(255)):
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        sum2, difference2, sum3, difference3 = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        x3 = (difference3 * sum2 + sum3 * difference2) ** 2 % P
        z3 = u * (difference3 * sum2 - sum3 * difference2) ** 2 % P
        e = sum2**2 - difference2**2
        x2, z2 = sum2**2 * difference2**2 % P, e * (sum2**2 + 121665 * e) % P
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


private, public = (sys.argv[1:] + ["09" + "00" * 31])[:2]
print(x25519(bytes.fromhex(private), bytes.fromhex(public)).hex(" "))
