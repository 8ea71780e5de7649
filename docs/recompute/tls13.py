#!/usr/bin/env python3
"""Recomputes what a run of part5-tls13 says, from the run and its key log: TLS_AES_128_GCM_SHA256 (RFC 8446).

    tls13.py keys KEYS.log LABEL            key and iv of the traffic secret that the key log has under this label
    tls13.py transcript RUN.jsonl MESSAGE   the hash of all messages up to the first MESSAGE
    tls13.py finished RUN.jsonl KEYS.log SIDE   the Finished of a side, "server" or "client"
    tls13.py record RUN.jsonl SIDE N        the payload of record N of data that a side sent
"""

import hashlib
import hmac
import json
import sys


def expand_label(secret, label, context, length):
    """HKDF-Expand-Label (section 7.1), for no more than one block of the hash."""
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\x01", "sha256")[:length]


def secret_of(keys, label):
    for line in open(keys):
        name, _, secret = line.split()
        if name == label:
            return bytes.fromhex(secret)
    sys.exit(f"no {label} in {keys}")


def events(run):
    return [json.loads(line) for line in open(run)]


def messages(run):
    """The messages of the handshake as they were sent, with who sent them. A ChangeCipherSpec and an alert are none."""
    for event in events(run):
        if event["event"] == "handshake" and event["direction"] == "sent":
            message = bytes.fromhex(event["message"])
            if len(message) >= 4:
                yield event["role"], event["step"], message


def transcript(run, is_last):
    said = hashlib.sha256()
    for role, step, message in messages(run):
        said.update(message)
        if is_last(role, step):
            return said.digest()
    sys.exit("no such message in the run")


def finished(run, keys, side):
    if side == "server":
        said = transcript(run, lambda role, step: step == "CertificateVerify")
    else:
        said = transcript(run, lambda role, step: (role, step) == ("server", "Finished"))
    secret = secret_of(keys, f"{side.upper()}_HANDSHAKE_TRAFFIC_SECRET")
    return hmac.digest(expand_label(secret, b"finished", b"", 32), said, "sha256")


def main(command, *arguments):
    if command == "keys":
        secret = secret_of(*arguments)
        print("key", expand_label(secret, b"key", b"", 16).hex())
        print("iv ", expand_label(secret, b"iv", b"", 12).hex())
    elif command == "transcript":
        run, message = arguments
        print(transcript(run, lambda _, step: step == message).hex())
    elif command == "finished":
        print(finished(*arguments).hex())
    elif command == "record":
        run, side, number = arguments
        sent = (it for it in events(run) if it["event"] == "sent" and it["role"] == side)
        print(next(it["record"] for it in sent if it["index"] == int(number)))


main(*sys.argv[1:])
