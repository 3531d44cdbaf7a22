"""A program that stands in for the process of a VirtualBox VM.

It bears its name and arguments, listens on forwarded ports, serves one small page, uses a little processor time, and ends when it is told to. Commands come
on standard input, one a line, each answered by a line: ``open PORT``, ``close PORT``, ``link on``, ``link off``, ``uptime``, ``end``.
"""

from __future__ import annotations

import json
import socket
import stat
import sys
import threading
import time
from pathlib import Path


def install(folder: Path) -> str:
    """Put the program into ``folder`` under the name of VirtualBox's own; its path."""
    program = folder / "VBoxHeadless"
    program.write_text(f"#!{sys.executable} -ISB\n{Path(__file__).read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


class _Guest:
    def __init__(self, uptime: float) -> None:
        self.begun = time.monotonic() - uptime
        self.link = True
        self.servers: dict[int, socket.socket] = {}

    def uptime(self) -> float:
        return time.monotonic() - self.begun

    def serve(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.recv(1000)
                if self.link:
                    body = json.dumps({"uptime": self.uptime()}).encode()
                    client.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    def obey(self, word: str, value: str) -> str:
        if word == "open":
            try:
                server = socket.create_server(("127.0.0.1", int(value)))
            except OSError:
                return "busy"
            self.servers[int(value)] = server
            threading.Thread(target=self.serve, args=(server,), daemon=True).start()
        elif word == "close":
            server = self.servers.pop(int(value))
            server.shutdown(socket.SHUT_RDWR)
            server.close()
        elif word == "link":
            self.link = value == "on"
        elif word == "uptime":
            return str(self.uptime())
        return "done"


def _work() -> None:
    while True:
        end = time.process_time() + 0.001
        while time.process_time() < end:
            pass
        time.sleep(0.02)


def _main() -> None:
    guest = _Guest(float(sys.argv[3]))
    threading.Thread(target=_work, daemon=True).start()
    for line in sys.stdin:
        word, _, value = line.strip().partition(" ")
        print(guest.obey(word, value), flush=True)  # noqa: T201 - it is an answer
        if word == "end":
            time.sleep(0.05)  # a VM's process outlives the state a little
            return


if __name__ == "__main__":
    _main()
