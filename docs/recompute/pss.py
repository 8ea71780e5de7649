"""Checks a signature of RSASSA-PSS with SHA-256 (RFC 8017, section 9.1.2). Arguments: the modulus of the public key in
hexadecimal, the files of the signature and of what was signed. The exponent is 65537."""

import hashlib
import sys

n = int(sys.argv[1].removeprefix("Modulus="), 16)
signature, message = (open(path, "rb").read() for path in sys.argv[2:])


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


# One power, and everyone can take it: the way back takes the private key.
power = pow(int.from_bytes(signature, "big"), 65537, n)
encoded = power.to_bytes((n.bit_length() + 6) // 8, "big")

masked, hashed, end = encoded[:-33], encoded[-33:-1], encoded[-1:]
mask = b"".join(sha256(hashed, i.to_bytes(4, "big")) for i in range(len(masked) // 32 + 1))
data = xor(masked, mask)
data = bytes([data[0] & 0x7F]) + data[1:]  # the number is one bit shorter than n
zeros, one, salt = data.partition(b"\1")

print("ends in      ", end.hex())
print("zeros        ", len(zeros))
print("salt         ", len(salt), "bytes")
print("hash in it   ", hashed.hex(" ", 4))
print("hash computed", sha256(bytes(8), sha256(message), salt).hex(" ", 4))
