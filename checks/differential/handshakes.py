"""The stages of parts 3 and 4 a second time, from the description of the wire in the book, with Python's integers and
the library `cryptography`. For tests alone: it prints its secrets.

    handshakes.py server STAGE COUNT [CHAIN KEY]         listens at a free port, whose number is its first line
    handshakes.py client STAGE COUNT PORT [ROOTS NAME]   connects to 127.0.0.1

COUNT connections follow one another. Each prints a line: the fingerprint of the secret, the secret, and the two keys
where there are any. The first public value of `part3-dh` has 255 bytes, and every other one its natural length.
CHAIN, KEY and ROOTS are PEM files, for `part4-cert`.
"""

import datetime
import hashlib
import hmac
import os
import socket
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.verification import PolicyBuilder, Store

REQUEST = b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def arctan_of_one_over(n, one):
    total = power = one // n
    odd, sign = 3, -1
    while power:
        power //= n * n
        total += sign * (power // odd)
        odd, sign = odd + 2, -sign
    return total


GUARD = 64
PI = 4 * (4 * arctan_of_one_over(5, 1 << (1918 + GUARD)) - arctan_of_one_over(239, 1 << (1918 + GUARD))) >> GUARD
P = 2**2048 - 2**1984 - 1 + 2**64 * (PI + 124476)


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def field(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


def fields(message):
    found = []
    while message:
        tag, length = struct.unpack(">HH", message[:4])
        assert len(message) >= 4 + length, "a field is cut"
        found.append((tag, message[4 : 4 + length]))
        message = message[4 + length :]
    return found


def exactly(stream, length):
    received = b""
    while len(received) < length:
        more = stream.recv(length - len(received))
        assert more, "the stream ended"
        received += more
    return received


def send(stream, payload):
    stream.sendall(struct.pack(">I", len(payload)) + payload)


def recv(stream):
    return exactly(stream, struct.unpack(">I", exactly(stream, 4))[0])


def draw(short):
    while True:
        private = int.from_bytes(os.urandom(32), "big")
        public = number(pow(2, private, P))
        if len(public) == 255 or not short:
            return private, public


def agree_by_dh(stream, is_client, private, public):
    if is_client:
        send(stream, field(1, number(P)) + field(2, b"\x02") + field(3, public))
        ((tag, theirs),) = fields(recv(stream))
    else:
        *group, (tag, theirs) = fields(recv(stream))
        assert group == [(1, number(P)), (2, b"\x02")]
        send(stream, field(3, public))
    assert tag == 3 and theirs[0] != 0
    return number(pow(int.from_bytes(theirs, "big"), private, P))


def agree_by_x25519(stream, is_client, identity):
    private = X25519PrivateKey.generate()
    ours = private.public_key().public_bytes_raw()
    if is_client:
        send(stream, field(0x10, ours))
    ((tag, theirs),) = fields(recv(stream))
    assert tag == 0x10
    if not is_client:
        send(stream, field(0x10, ours))
    if identity and is_client:
        believe(fields(recv(stream)), ours + theirs, *identity)
    elif identity:
        send(stream, proof(theirs + ours, *identity))
    return private.exchange(X25519PublicKey.from_public_bytes(theirs))


def pss(salt_length):
    return padding.PSS(padding.MGF1(hashes.SHA256()), salt_length), hashes.SHA256()


def proof(keys, chain, key):
    """The server's ServerAuth, over the two keys of the connection."""
    certificates = x509.load_pem_x509_certificates(content_of(chain))
    key = serialization.load_pem_private_key(content_of(key), password=None)
    der = (certificate.public_bytes(serialization.Encoding.DER) for certificate in certificates)
    signature = key.sign(keys, *pss(padding.PSS.MAX_LENGTH))
    return b"".join(field(0x20, it) for it in der) + field(0x21, signature)


def believe(auth, keys, roots, name):
    """Fails unless the fields prove that the server has this name. A salt of any length is taken."""
    *certificates, (tag, signature) = auth
    assert tag == 0x21 and all(tag == 0x20 for tag, _ in certificates)
    leaf, *others = (x509.load_der_x509_certificate(der) for _, der in certificates)
    builder = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(content_of(roots))))
    builder = builder.time(datetime.datetime.now(datetime.timezone.utc))
    builder.build_server_verifier(x509.DNSName(name)).verify(leaf, others)
    leaf.public_key().verify(signature, keys, *pss(padding.PSS.AUTO))


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def derive(secret, label):
    return hmac_sha256(hmac_sha256(bytes(32), secret), label + b"\x01")


def seal(key, seq, plaintext):
    seq, nonce = struct.pack(">Q", seq), os.urandom(12)
    return seq + nonce + AESGCM(key).encrypt(nonce, plaintext, seq)


def open_sealed(key, seq, payload):
    assert payload[:8] == struct.pack(">Q", seq), "another record was due"
    return AESGCM(key).decrypt(payload[8:20], payload[20:], payload[:8])


def converse(stream, stage, is_client, drawn, identity):
    if stage == "part3-dh":
        secret = agree_by_dh(stream, is_client, *(drawn or draw(False)))
    else:
        secret = agree_by_x25519(stream, is_client, identity)
    keys = []
    if stage in ("part3-hkdf", "part4-cert"):
        part = stage[:5].encode()
        keys = [derive(secret, b"%s %s write key" % (part, side)) for side in (b"client", b"server")]
        client, server = keys
        if is_client:
            send(stream, seal(client, 0, REQUEST))
            assert len(open_sealed(server, 0, recv(stream))) == 78
        else:
            assert open_sealed(client, 0, recv(stream)) == REQUEST
            send(stream, seal(server, 0, REQUEST))
    fingerprint = hmac_sha256(b"rebuilding-tls fingerprint", secret)[:4]
    print(*(value.hex() for value in [fingerprint, secret, *keys]), flush=True)


def main(role, stage, count, *more):
    identity = more[-2:] if stage == "part4-cert" else None
    # It can take longer than a peer waits.
    drawn = draw(True) if stage == "part3-dh" else None
    if role == "client":
        connections = (socket.create_connection(("127.0.0.1", int(more[0]))) for _ in range(int(count)))
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        connections = (listener.accept()[0] for _ in range(int(count)))
    for stream in connections:
        with stream:
            converse(stream, stage, role == "client", drawn, identity)
        drawn = None


if __name__ == "__main__":
    main(*sys.argv[1:])
