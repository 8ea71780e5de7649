"""What a handshake costs in Python, with what the articles use: `pow` for the classic one, X25519, HKDF, RSA and the
verification of certificates of `cryptography`. `handshakes.py STAGE MILLISECONDS` does both sides of one after the
other, without a connection, and prints what the program beside it would: how many, in how many seconds. In place of
a stage, `sign`, `verify` or `verify-chain` does this part of one."""

import datetime
import hashlib
import json
import os
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.verification import PolicyBuilder, Store

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
LABELS_OF_PART_4 = [b"part4 client write key", b"part4 server write key"]
MESSAGE = bytes(64)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)


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


def keys(secret, labels):
    return [HKDF(hashes.SHA256(), 32, None, label).derive(secret) for label in labels]


def hkdf():
    return [keys(secret, LABELS) for secret in x25519()]


class Server:
    """A server with a leaf and an intermediate, and a client that trusts the root."""

    def __init__(self):
        def name(text):
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        def certify(issuer, issuer_key, subject, key, path_len):
            now, is_ca = datetime.datetime.now(datetime.timezone.utc), path_len is not None
            usages = dict.fromkeys(
                ("digital_signature content_commitment key_encipherment data_encipherment key_agreement "
                 "key_cert_sign crl_sign encipher_only decipher_only").split(), False)
            usages["key_cert_sign" if is_ca else "digital_signature"] = True
            made = x509.CertificateBuilder(name(issuer), name(subject), key.public_key(), x509.random_serial_number(),
                                           now, now + datetime.timedelta(days=1))
            made = made.add_extension(x509.BasicConstraints(is_ca, path_len), True)
            made = made.add_extension(x509.KeyUsage(**usages), True)
            made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
            made = made.add_extension(identifier, False)
            if not is_ca:
                made = made.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), False)
                made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            return made.sign(issuer_key, hashes.SHA256())

        root, intermediate, self.key = (rsa.generate_private_key(65537, 2048) for _ in range(3))
        anchor = certify("Root CA", root, "Root CA", root, 1)
        chain = [certify("Intermediate CA", intermediate, "localhost", self.key, None),
                 certify("Root CA", root, "Intermediate CA", intermediate, 0)]
        self.chain = [it.public_bytes(serialization.Encoding.DER) for it in chain]
        store, wanted = Store([anchor]), x509.DNSName("localhost")
        self.verifier = lambda: PolicyBuilder().store(store).build_server_verifier(wanted)
        self.public_key, self.signature = self.key.public_key(), self.sign()

    def sign(self, message=MESSAGE):
        return self.key.sign(message, PSS, hashes.SHA256())

    def verify(self):
        """With a key that is decoded already."""
        self.public_key.verify(self.signature, MESSAGE, PSS, hashes.SHA256())

    def verify_chain(self):
        """From the bytes that came."""
        leaf, *others = (x509.load_der_x509_certificate(der) for der in self.chain)
        self.verifier().verify(leaf, others)
        return leaf

    def cert(self):
        a, b = X25519PrivateKey.generate(), X25519PrivateKey.generate()
        sent = [key.public_key().public_bytes_raw() for key in (a, b)]
        signature = self.sign(b"".join(sent))
        self.verify_chain().public_key().verify(signature, b"".join(sent), PSS, hashes.SHA256())
        secrets = [key.exchange(X25519PublicKey.from_public_bytes(value)) for value, key in zip(sent, (b, a))]
        return [keys(secret, LABELS_OF_PART_4) for secret in secrets]


def agreed(agree):
    ours, theirs = agree()
    if ours != theirs:
        raise ValueError("the two sides disagree")


def work(what):
    """What is done over and over."""
    stages = {"dh": dh, "x25519": x25519, "hkdf": hkdf}
    if what in stages:
        return lambda: agreed(stages[what])
    server = Server()
    parts = {"sign": server.sign, "verify": server.verify, "verify-chain": server.verify_chain}
    return parts.get(what) or {"cert": lambda: agreed(server.cert)}[what]


def main():
    assert hashlib.sha256(number(P)).hexdigest().startswith("d66436f79bbd6b2e")
    once, millis = work(sys.argv[1]), int(sys.argv[2])
    count, began = 0, time.perf_counter()
    while time.perf_counter() < began + millis / 1000:
        once()
        count += 1
    print(json.dumps({"count": count, "seconds": time.perf_counter() - began}))


main()
