"""Takes the handshake of part4-cert out of a saved run, as bytes. Arguments: the run; `client_key`, `server_key`,
`certificate` (the leaf), `issuer` (the intermediate) or `signature`; several are joined."""

import json
import sys

path, *wanted = sys.argv[1:]
found = {}
for event in map(json.loads, open(path)):
    if event["event"] != "handshake" or event["direction"] != "sent":
        continue
    rest = bytes.fromhex(event["message"])
    while rest:
        tag, length = rest[:2], int.from_bytes(rest[2:4], "big")
        value, rest = rest[4 : 4 + length], rest[4 + length :]
        names = {
            "0010": [event["role"] + "_key"],
            "0020": ["certificate", "issuer"],
            "0021": ["signature"],
        }
        name = next(name for name in names[tag.hex()] if name not in found)
        found[name] = value
sys.stdout.buffer.write(b"".join(found[name] for name in wanted))
