#!/usr/bin/env python3
"""Gives back what a tapped command printed.

Reads messages as `pls follow --jsonl` or `pls fetch` print them (one JSON object per line) from stdin
and writes the exact bytes of one stream to stdout:

    pls follow build --tail 1000000000 --jsonl --timeout 1s | decode_tap.py --stream stderr

Other records (lifecycle, the other stream) are passed over. Exits with 1 when a line in parts is not
complete, so that a hash of the output never passes by accident.
"""

import argparse
import base64
import json
import sys


class IncompleteLine(Exception):
    """A part of a long line is missing."""


def line_bytes(data, next_part, usual_end):
    """The bytes that one line record stands for. `next_part` maps ids of unfinished lines to n."""
    encoded = data.get("line_base64")
    text = data["line"].encode() if encoded is None else base64.b64decode(encoded, validate=True)
    part = data.get("part")
    if part is not None:
        expected = next_part.pop(part["id"], 0)
        if part["n"] != expected:
            raise IncompleteLine(f"line {part['id']}: part {expected} is missing")
        if not part["last"]:
            next_part[part["id"]] = expected + 1
            return text
    eol = data.get("eol")
    return text + (usual_end if eol is None else eol.encode())


def decode(messages, stream, usual_end=b"\n"):
    """Yields the bytes of `stream`, record by record. `messages` are lines of JSON text.

    `usual_end` ends lines whose start record is not there; others end as that says (`"pty":true`: CR LF).
    Lines belong to the start record before them, or to the run that a tag `run:ID` names.
    """
    next_part = {}
    ends = {}
    parse = json.loads
    for message in messages:
        message = parse(message)
        data = message["data"]
        kind = data.get("kind")
        if kind == "start":
            usual_end = b"\r\n" if data.get("pty") else b"\n"
            ends[f"run:{data['run']}"] = usual_end
        if kind != "line" or data["stream"] != stream:
            continue
        end = usual_end
        for tag in message["meta"]["tags"]:
            end = ends.get(tag, end)
        if len(data) == 3:  # kind, line, stream: nearly all
            yield data["line"].encode() + end
        else:
            yield line_bytes(data, next_part, end)
    if next_part:
        raise IncompleteLine(f"lines without their last part: {', '.join(sorted(next_part))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stream", choices=["stdout", "stderr"], default="stdout")
    parser.add_argument("--pty", action="store_true",
                        help="lines before the first start record came from a terminal")
    arguments = parser.parse_args()
    end = b"\r\n" if arguments.pty else b"\n"
    pieces, size = [], 0
    output = sys.stdout.buffer
    try:
        for piece in decode(sys.stdin.buffer, arguments.stream, end):
            pieces.append(piece)
            size += len(piece)
            if size >= 1 << 20:
                output.write(b"".join(pieces))
                pieces, size = [], 0
        output.write(b"".join(pieces))
        output.flush()
    except IncompleteLine as problem:
        output.write(b"".join(pieces))
        output.flush()
        print(f"decode_tap: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
