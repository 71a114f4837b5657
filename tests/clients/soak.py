"""Crowds of clients for redbolt-llm serve: most read, some slowly, some hang up, some send nonsense.

usage: soak.py FOLDER_OF_PROGRAMS [CROWDS] [CLIENTS]
"""

import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

MOST_GROWTH = 16 << 20
PATIENCE = 600  # seconds, for one answer on a machine that has other things to do
MODEL = pathlib.Path(__file__).parents[2] / "tools/demo-model/redbolt-demo-Q4_K_M.gguf"
QUESTION = {"model": "demo", "stream": True, "max_tokens": 12, "temperature": 0,
            "messages": [{"role": "user", "content": "What is 2+2?"}]}


def resident(pid):
    """Bytes, or None where /proc does not say."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10


class Client(threading.Thread):
    def __init__(self, port, number):
        super().__init__()
        self.port, self.kind, self.problem = port, number % 10, None

    def run(self):
        try:
            self.ask()
        except Exception as problem:  # said by the main thread
            self.problem = f"client of kind {self.kind}: {problem!r}"

    def ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        body = "{nonsense" if self.kind == 6 else json.dumps(QUESTION)
        connection.request("POST", "/v1/chat/completions", body,
                           {"Content-Type": "application/json"})
        if self.kind == 4:  # without waiting for anything
            connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()
            return
        response = connection.getresponse()
        expected = 400 if self.kind == 6 else 200
        if response.status != expected:
            raise RuntimeError(f"status {response.status}: {response.read(300)}")
        if self.kind == 2:
            response.read(1)
            connection.close()
            return
        text = b""
        while piece := response.read(64):
            text += piece
            if self.kind in (1, 8):
                time.sleep(0.005)
        connection.close()
        if self.kind != 6 and not text.endswith(b"[DONE]\n\n"):
            raise RuntimeError(f"no end: {text[-100:]}")


class Server:
    def __init__(self, programs, folder, clients):
        self.log = folder / "log"
        path = folder / "redboltd.sock"
        with open(folder / "daemon.log", "w") as log:
            self.daemon = subprocess.Popen(
                [programs / "redboltd", "--device", "emulated:vram=1G", "--socket", path],
                stdout=log, stderr=log)
        self.wait_for(lambda: path.exists())
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [programs / "redbolt-llm", "serve", "-m", MODEL, "--alias", "demo", "--port", "0",
                 "--parallel", "8", "--queue", str(clients), "--socket", path],
                stdout=log, stderr=log)
        self.port = int(self.wait_for(
            lambda: re.search(r"listening at http://127.0.0.1:(\d+)\n", self.log.read_text()))[1])
        self.wait_for(lambda: "ready:" in self.log.read_text())

    def wait_for(self, condition):
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError("the server does not start")
            time.sleep(0.02)
        return found

    def status(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/slots")
        return json.loads(connection.getresponse().read())

    def wait_until_idle(self):
        self.wait_for(lambda: not any(slot["is_processing"] for slot in self.status()))

    def stop(self):
        for process in (self.process, self.daemon):
            process.terminate()
            process.wait(60)


def main():
    programs = pathlib.Path(sys.argv[1])
    crowds, count = (int(text) for text in (sys.argv[2:] + ["10", "100"][len(sys.argv) - 2:]))
    problems, first = [], None
    with tempfile.TemporaryDirectory() as folder:
        server = Server(programs, pathlib.Path(folder), count)
        for crowd in range(1, crowds + 1):
            start = time.monotonic()
            clients = [Client(server.port, i) for i in range(count)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            server.wait_until_idle()
            problems += [client.problem for client in clients if client.problem]
            held = [resident(p.pid) for p in (server.process, server.daemon)]
            first = first or held
            print(f"crowd {crowd}: {time.monotonic() - start:.1f} s, resident: "
                  + ", ".join(f"{name} {size / (1 << 20):.1f} MiB" if size else f"{name} unknown"
                              for name, size in zip(("server", "daemon"), held)), flush=True)
            for name, now, then in zip(("server", "daemon"), held, first):
                if now and now - then > MOST_GROWTH:
                    problems.append(f"the {name} has grown by {(now - then) / (1 << 20):.1f} MiB")
        server.stop()
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


main()
