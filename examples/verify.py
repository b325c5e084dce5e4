"""Ask a Hufu verifier about QR texts over its stream, with Python's standard library alone.

    python3 examples/verify.py ws://127.0.0.1:8080 [PURPOSE] < cards.txt

One QR text a line in, one verdict a line out as JSON, in the order of the lines. What is sent and heard is in
docs/protocol.md; this speaks the notation hufu.v1+json. The token, where the server demands one, is in HUFU_TOKEN.
"""

import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import sys
from urllib.parse import urlsplit

TEXTS_PER_FRAME = 128
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Lost(Exception):
    """The stream has ended. `code` is that of the close frame, or None where there was none."""

    def __init__(self, code, reason):
        super().__init__(f"the server closed the stream: {code} {reason}" if code else reason)
        self.code = code


class Stream:
    """A WebSocket (RFC 6455), as far as a client of a verifier needs one."""

    def __init__(self, url, subprotocols):
        where = urlsplit(url)
        secure = where.scheme in ("wss", "https")
        try:
            line = socket.create_connection((where.hostname, where.port or (443 if secure else 80)), timeout=30)
        except OSError as error:
            raise Lost(None, f"no stream: {error}") from error
        if secure:
            line = ssl.create_default_context().wrap_socket(line, server_hostname=where.hostname)
        self.line, self.input = line, line.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        line.sendall(
            (
                f"GET /v1/stream HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}\r\n\r\n"
            ).encode()
        )
        status = self.input.readline().decode().strip()
        headers = {}
        while (header := self.input.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        # Section 4.1: the answer shows that the server has read this very request.
        proof = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if " 101 " not in status + " " or headers.get("sec-websocket-accept") != base64.b64encode(proof).decode():
            raise Lost(None, f"no stream: {status}")

    def send(self, payload, opcode=TEXT):
        """Section 5.2: one frame; a client masks what it sends."""
        size, mask = len(payload), os.urandom(4)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        keys = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        masked = (int.from_bytes(payload, "big") ^ keys).to_bytes(size, "big")
        self.line.sendall(head + mask + masked)

    def receive(self):
        """The next message, pings answered on the way. Raises Lost where there is none."""
        message = b""
        while True:
            first, size = self.take(2)
            if size == 126:
                (size,) = struct.unpack("!H", self.take(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self.take(8))
            payload, opcode = self.take(size), first & 15
            if opcode == PING:
                self.send(payload, PONG)
            elif opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                raise Lost(code, payload[2:].decode())
            elif opcode != PONG:
                message += payload
                if first & 0x80:
                    return message

    def take(self, count):
        try:
            data = self.input.read(count)
        except OSError:
            data = b""
        if len(data) < count:
            raise Lost(None, "the line was lost")
        return data


def main(url, purpose=None):
    token = os.environ.get("HUFU_TOKEN")
    stream = Stream(url, ["hufu.v1+json"] + ([f"hufu.token.{token}"] if token else []))
    stream.send(json.dumps({"type": "hello", "lane": "bulk", **({"purpose": purpose} if purpose else {})}).encode())
    welcome = json.loads(stream.receive())
    allowed = credits = welcome["credits"]["items"]
    most = min(TEXTS_PER_FRAME, welcome["limits"]["items"])
    texts = [line.rstrip("\r\n") for line in sys.stdin]
    asked, printed, frames, answers = 0, 0, {}, {}
    while printed < len(texts):
        # Each text costs a credit, until the frame that it is in has been answered.
        while asked < len(texts) and credits > 0:
            part = texts[asked : asked + min(most, credits)]
            stream.send(json.dumps({"type": "verify", "seq": asked, "items": part}).encode())
            frames[asked] = len(part)
            asked += len(part)
            credits -= len(part)
        answer = json.loads(stream.receive())
        if answer["type"] == "drain":
            continue  # what was asked is answered first
        if answer["type"] == "credits":
            # More or fewer from now on; what is unanswered already counts.
            credits += answer["credits"]["items"] - allowed
            allowed = answer["credits"]["items"]
            continue
        if answer["type"] == "error":
            sys.exit(f"{answer['code']}: {answer['message']}")
        # Frames are answered in any order; here a frame's number is the place of its first text.
        answers[answer["seq"]] = answer["verdicts"]
        credits += frames.pop(answer["seq"])
        while printed in answers:
            verdicts = answers.pop(printed)
            printed += len(verdicts)
            for verdict in verdicts:
                print(json.dumps(verdict, ensure_ascii=False))
    stream.send(struct.pack("!H", 1000), CLOSE)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except Lost as lost:
        sys.exit(str(lost))
