"""Recomputes what is in a saved run of part5-tls13 (RFC 8446), whose hash is SHA-256.

    schedule SECRET HASH            the secrets of a handshake: from what was agreed on, and the hash of both hellos
    keys LOG LABEL                  key and iv of the traffic secret that a key log has under this label
    transcript RUN MESSAGE          each message up to the first of this name, and the hash of all of them
    finished RUN LOG SIDE           the tag in the Finished of "client" or "server"
    certificate|signature|signed RUN    as bytes: the server's certificate, its signature, and what it signed
"""

import hashlib
import hmac
import json
import sys


# ANCHOR: schedule
def expand_label(secret, label, context, length):
    """HKDF-Expand-Label (section 7.1) of no more than one block: a single HMAC."""
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\x01", "sha256")[:length]


def schedule(agreed, said):
    """The first two extractions (section 7.1), and the secrets of the handshake."""
    nothing = hashlib.sha256().digest()
    early = hmac.digest(bytes(32), bytes(32), "sha256")
    secret = hmac.digest(expand_label(early, b"derived", nothing, 32), bytes.fromhex(agreed), "sha256")
    for label in ("c hs traffic", "s hs traffic"):
        print(label, expand_label(secret, label.encode(), bytes.fromhex(said), 32).hex())
# ANCHOR_END: schedule


def secret_of(log, label):
    return next(bytes.fromhex(line.split()[2]) for line in open(log) if line.split()[0] == label)


def keys(log, label):
    secret = secret_of(log, label)
    print("key", expand_label(secret, b"key", b"", 16).hex())
    print("iv ", expand_label(secret, b"iv", b"", 12).hex())


def messages(run):
    """Who sent which message of the handshake, in order. ChangeCipherSpec (1 byte) and alerts (2) are none."""
    for event in map(json.loads, open(run)):
        if event["event"] == "handshake" and event["direction"] == "sent" and len(event["message"]) > 4:
            yield event["role"], event["step"], bytes.fromhex(event["message"])


def transcript(run, side, last):
    """All messages up to this one, as they go into the hash (section 4.4.1)."""
    said = []
    for role, step, message in messages(run):
        if step == "HelloRetryRequest":
            first = hashlib.sha256(said.pop()[1]).digest()
            said.append(("message_hash", bytes([254, 0, 0, len(first)]) + first))
        said.append((step, message))
        if step == last and role in side:
            return said
    sys.exit(f"no {last} in {run}")


def hash_of(said):
    return hashlib.sha256(b"".join(message for _, message in said)).digest()


def print_transcript(run, last):
    said = transcript(run, ("client", "server"), last)
    for step, message in said:
        print(f"{step:20}{len(message):5} B  {message[:8].hex(' ')} …")
    print("hash", hash_of(said).hex())


# ANCHOR: finished
def finished(run, log, side):
    """The tag of section 4.4.4: over all that was said before it."""
    last = "CertificateVerify" if side == "server" else "Finished"
    key = expand_label(secret_of(log, f"{side.upper()}_HANDSHAKE_TRAFFIC_SECRET"), b"finished", b"", 32)
    print(hmac.digest(key, hash_of(transcript(run, "server", last)), "sha256").hex(" "))
# ANCHOR_END: finished


def message(run, name):
    return next(message for _, step, message in messages(run) if step == name)


def certificate(run):
    """The first of the list: behind the type, three lengths and an empty context, and as long as it says."""
    body = message(run, "Certificate")[8:]
    sys.stdout.buffer.write(body[3 : 3 + int.from_bytes(body[:3], "big")])


def signature(run):
    """Behind the type, the length, the scheme, and a length of its own."""
    sys.stdout.buffer.write(message(run, "CertificateVerify")[8:])


def signed(run):
    """64 blanks, who signs, a zero byte, and the hash up to Certificate (section 4.4.3)."""
    said = hash_of(transcript(run, "server", "Certificate"))
    sys.stdout.buffer.write(b" " * 64 + b"TLS 1.3, server CertificateVerify\x00" + said)


commands = {"transcript": print_transcript}
for command in (schedule, keys, finished, certificate, signature, signed):
    commands[command.__name__] = command
if sys.argv[1:2] and sys.argv[1] in commands:
    commands[sys.argv[1]](*sys.argv[2:])
else:
    sys.exit(__doc__)
