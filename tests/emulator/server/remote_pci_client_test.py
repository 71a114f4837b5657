#!/usr/bin/env python3
"""The served card, seen by a client in another language.

usage: remote_pci_client_test.py REDBOLT_EMULATOR

Starts the program on a Unix socket and on a TCP port, and checks both, with the standard library
and what the protocol's table says.
"""
import array
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile

(PROBE, MAP_BAR, MAP_SYSMEM_FD, CFG_READ, CFG_WRITE, RESET, MMIO_READ, MMIO_WRITE, MAP_SYSMEM,
 SYSMEM_READ, SYSMEM_WRITE, RESIZE_BAR, PING) = range(13)
PATIENCE = 60  # seconds
VRAM_MIB = 512
MEMORY_SIZE = 0xde3 * 4   # register: MiB of memory
SCRATCH = 0xc047 * 4      # register: holds what is written
DISCOVERY_SIGNATURE = 0x28211407


class Failure(Exception):
    pass


class Client:
    def __init__(self, address):
        kind, place = address.split(":", 1)
        if kind == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(place)
        else:
            host, port = place.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.is_unix = kind == "unix"

    def take(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError("the server closed the connection")
            data += piece
        return bytes(data)

    def send(self, command, target=0, a0=0, a1=0, a2=0, payload=b"", device=0):
        self.socket.sendall(struct.pack("<BIIQQQ", command, device, target, a0, a1, a2) + payload)

    def answer(self, response):
        status, r0, r1 = struct.unpack("<BQQ", response)
        if status:
            raise Failure(self.take(r0).decode("utf-8"))
        return r0, r1

    def call(self, *arguments, **more):
        self.send(*arguments, **more)
        return self.answer(self.take(17))

    def call_for_descriptor(self, size):
        self.send(MAP_SYSMEM_FD, a0=size)
        response, control, _, _ = self.socket.recvmsg(17, socket.CMSG_LEN(4))
        result = self.answer(response)
        (level, kind, data), = control
        assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
        return result, array.array("i", data)[0]

    def probe(self, vendor, pairs, base_class=0):
        payload = b"".join(struct.pack("<II", mask, device) for mask, device in pairs)
        size, count = self.call(PROBE, a0=base_class, a1=len(payload), a2=vendor, payload=payload)
        return count, self.take(size).decode()

    def read(self, command, target, offset, size):
        promised, _ = self.call(command, target, offset, size)
        assert promised == size, promised
        return self.take(size)

    def read_register(self, offset):
        return struct.unpack("<I", self.read(MMIO_READ, 5, offset, 4))[0]

    def write(self, command, target, offset, data):
        self.send(command, target, offset, len(data), payload=data)


def equal(found, expected):
    assert found == expected, f"{found!r}, expected {expected!r}"


def fails(action):
    try:
        action()
    except Failure as failure:
        assert str(failure), "a failure without a reason"
        return
    raise AssertionError("no failure")


def check_identity(client):
    equal(client.probe(0x1002, [(0xffff, 0x74a1), (0xffff, 0x744c)]), (1, "emulated:0000:03:00.0:0"))
    equal(client.probe(0x1002, [(0xffff, 0x744c)], 0x03), (1, "emulated:0000:03:00.0:0"))
    equal(client.probe(0x1002, [(0xffff, 0x744c)], 0x02), (0, ""))
    equal(client.probe(0x1002, [(0xffff, 0x7550)]), (0, ""))
    equal(client.probe(0x10de, [(0xffff, 0x744c)]), (0, ""))
    equal(client.call(CFG_READ, 0, 0, 2), (0x1002, 0))
    equal(client.call(CFG_READ, 0, 2, 2), (0x744c, 0))
    equal(client.call(CFG_READ, 0, 8, 4)[0] >> 24, 3)
    command, _ = client.call(CFG_READ, 0, 4, 2)
    client.call(CFG_WRITE, 0, 4, 2, command | 4)
    equal(client.call(CFG_READ, 0, 4, 2), (command | 4, 0))
    client.call(PING)


def check_bars(client):
    client.call(RESIZE_BAR, 0)
    sizes = {bar: client.call(MAP_BAR, bar)[1] for bar in (0, 2, 5)}
    equal(sizes, {0: VRAM_MIB << 20, 2: 256 << 20, 5: 1 << 20})
    fails(lambda: client.call(MAP_BAR, 3))
    memory = client.read_register(MEMORY_SIZE) << 20
    equal(memory, (VRAM_MIB - 16) << 20)
    table = client.read(MMIO_READ, 0, memory - (64 << 10), 10240)
    equal(struct.unpack("<I", table[:4])[0], DISCOVERY_SIGNATURE)
    for value in range(1000):  # posted: nothing is waited for
        client.write(MMIO_WRITE, 5, SCRATCH, struct.pack("<I", value))
    equal(client.read_register(SCRATCH), 999)
    block = os.urandom((1 << 20) + 4)
    client.write(MMIO_WRITE, 0, 0x100000, block)
    equal(client.read(MMIO_READ, 0, 0x100000, len(block)), block)
    fails(lambda: client.read(MMIO_READ, 5, 1 << 20, 4))
    fails(lambda: client.read(MMIO_READ, 5, 0, (1 << 64) - 1))


def check_host_memory(client):
    size, handle = client.call(MAP_SYSMEM, a0=40000)
    pages = struct.unpack(f"<{size // 8}Q", client.take(size))
    equal(len(pages), 10)
    assert all(page and page % 4096 == 0 for page in pages) and len(set(pages)) == 10
    data = os.urandom(10000)
    client.write(SYSMEM_WRITE, handle, 4090, data)
    equal(client.read(SYSMEM_READ, handle, 4090, len(data)), data)
    fails(lambda: client.read(SYSMEM_READ, handle, 40960, 1))
    fails(lambda: client.read(SYSMEM_READ, handle + 1, 0, 1))


def check_shared_memory(client):
    if not client.is_unix:
        fails(lambda: client.call(MAP_SYSMEM_FD, a0=4096))
        return
    (size, zero), descriptor = client.call_for_descriptor(40000)
    equal((size, zero), (40960, 0))
    with mmap.mmap(descriptor, size) as memory:
        covered, at = 0, 0
        while True:
            address, length = struct.unpack_from("<QQ", memory, at)
            if length == 0:
                break
            assert address % 4096 == 0 and length % 4096 == 0
            covered, at = covered + length, at + 16
        equal(covered, size)
        memory[:] = os.urandom(size)
    os.close(descriptor)


def check_drops(address):
    client = Client(address)
    client.send(MMIO_WRITE, 5, 1 << 20, 4, payload=b"\0\0\0\0")  # cannot be answered
    try:
        equal(client.socket.recv(1), b"")
    except ConnectionResetError:
        pass
    client = Client(address)
    fails(lambda: client.call(200))
    equal(Client(address).read_register(SCRATCH), 999)


def run(program, folder):
    unix = f"unix:{folder}/card.sock"
    ready, told = os.pipe()
    process = subprocess.Popen(
        [program, "--listen", unix, "--listen", "tcp:0", "--vram", f"{VRAM_MIB}M", "--quiet",
         "--ready-fd", str(told)], stdout=subprocess.PIPE, text=True, pass_fds=[told])
    os.close(told)
    try:
        equal(os.read(ready, 100), b"ready\n")
        addresses = [process.stdout.readline().split()[-1] for _ in range(2)]
        equal(addresses[0], unix)
        for address in addresses:
            client = Client(address)
            for check in check_identity, check_bars, check_host_memory, check_shared_memory:
                check(client)
                print(address.split(":")[0], check.__name__, "ok")
            check_drops(address)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(PATIENCE), 0)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        os.close(ready)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        run(sys.argv[1], temporary)
