"""A gate that asks a Hufu verifier about each scan, with Python's standard library alone.

    python3 examples/gate.py ws://127.0.0.1:8080 [PURPOSE]

A scanner that types gives one QR text a line on standard input; for each, one line says what the gate does: `open`, `shut`
or `ask` (a person decides), and the code. What is sent and heard is in docs/protocol.md. The token, where the server
demands one, is in HUFU_TOKEN.
"""

import json
import os
import sys
import time
import uuid

from verify import Lost, Stream

# Who has shown a card waits so long; then it is shown again.
FRESH_SECONDS = 2
# A close code that asking again does not mend: the frame, the token or its scope is wrong.
FINAL = (4400, 4401, 4403, 4413)
DOES = {"accepted": "open", "refused": "shut", "undetermined": "ask"}


class Gate:
    def __init__(self, url, purpose):
        self.url, self.purpose = url, purpose
        self.session, self.seq, self.stream = os.urandom(16).hex(), 0, None

    def line(self):
        """The stream, opened anew where it was lost: the same session, so that nothing is asked twice."""
        if self.stream is None:
            token = os.environ.get("HUFU_TOKEN")
            stream = Stream(self.url, ["hufu.v1+json"] + ([f"hufu.token.{token}"] if token else []))
            hello = {"type": "hello", "session": self.session, "lane": "gate"}
            stream.send(json.dumps({**hello, **({"purpose": self.purpose} if self.purpose else {})}).encode())
            json.loads(stream.receive())  # the welcome; one scan at a time is within all credits
            self.stream = stream
        return self.stream

    def ask(self, item):
        """The verdict on one item. Raises Lost; asked again under the same number it is answered once."""
        stream = self.line()
        stream.send(json.dumps({"type": "verify", "seq": self.seq, "items": [item]}).encode())
        while True:
            answer = json.loads(stream.receive())
            if answer.get("seq") != self.seq:
                continue  # news of credits, a server that drains, or what an older line was owed
            self.seq += 1
            if answer["type"] == "error":
                return {"outcome": "undetermined", "code": answer["code"]}
            return answer["verdicts"][0]

    def scan(self, text):
        """What becomes of one scan. The scan's own number keeps a presentation from being REPLAYED to itself."""
        item, until = {"qr": text, "scan": str(uuid.uuid4())}, time.monotonic() + FRESH_SECONDS
        verdict = {"outcome": "undetermined", "code": "UNREACHABLE"}
        while time.monotonic() < until:
            try:
                verdict = self.ask(item)
                if verdict["code"] != "BUSY" or "retryAfterMs" not in verdict:
                    break
                time.sleep(verdict["retryAfterMs"] / 1000)
            except (Lost, OSError) as error:
                self.stream = None
                if getattr(error, "code", None) in FINAL:
                    sys.exit(str(error))
                time.sleep(0.05)
        return f"{DOES[verdict['outcome']]} {verdict['code']}"


def main(url, purpose=None):
    gate = Gate(url, purpose)
    for line in sys.stdin:
        print(gate.scan(line.rstrip("\r\n")), flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
