"""What a handshake costs in Python, with what the articles use: `pow` for the classic one, X25519 and HKDF of
`cryptography`. `handshakes.py STAGE MILLISECONDS` does both sides of one after the other, without a connection,
and prints what the program beside it would: how many, in how many seconds."""

import hashlib
import json
import os
import sys
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

P = int(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"
    "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
    "4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05"
    "98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb"
    "9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
    "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718"
    "3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff",
    16,
)
LABELS = [b"part3 client write key", b"part3 server write key"]


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def dh():
    a, b = (int.from_bytes(os.urandom(32), "big") for _ in range(2))
    sent = [number(pow(2, exponent, P)) for exponent in (a, b)]
    return [number(pow(int.from_bytes(value, "big"), exponent, P)) for value, exponent in zip(sent, (b, a))]


def x25519():
    a, b = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    sent = [key.public_key().public_bytes_raw() for key in (a, b)]
    return [key.exchange(X25519PublicKey.from_public_bytes(value)) for value, key in zip(sent, (b, a))]


def hkdf():
    def keys(secret):
        return [HKDF(hashes.SHA256(), 32, None, label).derive(secret) for label in LABELS]

    return [keys(secret) for secret in x25519()]


def main():
    assert hashlib.sha256(number(P)).hexdigest().startswith("d66436f79bbd6b2e")
    agree, millis = {"dh": dh, "x25519": x25519, "hkdf": hkdf}[sys.argv[1]], int(sys.argv[2])
    count, began = 0, time.perf_counter()
    while time.perf_counter() < began + millis / 1000:
        ours, theirs = agree()
        if ours != theirs:
            raise ValueError("the two sides disagree")
        count += 1
    print(json.dumps({"count": count, "seconds": time.perf_counter() - began}))


main()
