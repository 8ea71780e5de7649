"""What a record costs in Python, with the libraries that the articles use: AES of `cryptography`, HMAC of the
standard library. `articles.py STAGE BYTES MILLISECONDS` seals and opens one record after the other and prints
what the program beside it would: how many, in how many seconds."""

import hashlib
import hmac
import json
import os
import struct
import sys
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = bytes(range(32))
MAC_KEY = bytes(range(32, 64))


def ctr(nonce, data):
    stream = Cipher(algorithms.AES(KEY), modes.CTR(nonce)).encryptor()
    return stream.update(data) + stream.finalize()


def tag_of(data):
    return hmac.new(MAC_KEY, data, hashlib.sha256).digest()


def ctr_record(_, plaintext):
    nonce = os.urandom(16)
    payload = nonce + ctr(nonce, plaintext)
    return ctr(payload[:16], payload[16:])


def hmac_record(_, plaintext):
    nonce = os.urandom(16)
    covered = nonce + ctr(nonce, plaintext)
    payload = covered + tag_of(covered)
    covered, tag = payload[:-32], payload[-32:]
    if not hmac.compare_digest(tag_of(covered), tag):
        raise ValueError("the tag does not verify")
    return ctr(covered[:16], covered[16:])


def hmac_seq_record(seq, plaintext):
    nonce = os.urandom(16)
    covered = struct.pack(">Q", seq) + nonce + ctr(nonce, plaintext)
    payload = covered + tag_of(covered)
    covered, tag = payload[:-32], payload[-32:]
    if not hmac.compare_digest(tag_of(covered), tag):
        raise ValueError("the tag does not verify")
    if struct.unpack(">Q", covered[:8])[0] != seq:
        raise ValueError("another record was due")
    return ctr(covered[8:24], covered[24:])


def aead_record(seq, plaintext):
    number, nonce = struct.pack(">Q", seq), os.urandom(12)
    payload = number + nonce + AESGCM(KEY).encrypt(nonce, plaintext, number)
    number, nonce, sealed = payload[:8], payload[8:20], payload[20:]
    if struct.unpack(">Q", number)[0] != seq:
        raise ValueError("another record was due")
    return AESGCM(KEY).decrypt(nonce, sealed, number)


def main():
    stage, length, millis = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seal_and_open = {
        "ctr": ctr_record,
        "hmac": hmac_record,
        "hmac-seq": hmac_seq_record,
        "aead": aead_record,
    }[stage]
    plaintext = bytes(length)
    count, began = 0, time.perf_counter()
    end = began + millis / 1000
    while time.perf_counter() < end:
        for _ in range(100):
            if seal_and_open(count, plaintext) != plaintext:
                raise ValueError("another plaintext came out")
            count += 1
    print(json.dumps({"count": count, "seconds": time.perf_counter() - began}))


main()
