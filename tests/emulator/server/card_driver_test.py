#!/usr/bin/env python3
"""A driver that is not Redbolt's boots the served card and works with it, over the socket: cold,
warm, after a mode-1 reset and after a client that died; PM4 and AQL; what goes wrong and how it
recovers.

usage: card_driver_test.py REDBOLT_EMULATOR REGISTER_TABLES KERNELS SCENARIO

The order of its accesses follows the reference's boot order and packets, and what is publicly known
of the driver that the protocol comes from; it shares no code with the one in driver/.
"""
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile

from card_driver import Card, CardMemory, HostMemory, Registers, until
from card_queues import EQUAL, EVENT_WRITE, RING_BYTES, ComputeQueue, CopyQueue, Kernel, reaches
from remote_pci_client_test import equal

PATIENCE = 60
END_OF_PIPE, TRAP, FAULT, WAVE = (20, 181), (10, 49), (10, 0), (20, 239)
ILLEGAL_INSTRUCTION, MEMORY_VIOLATION = 1, 2
NOWHERE = 0xdeadbeef0000


class Bench:
    """A booted card with a queue of each kind, a timeline and the kernels."""

    def __init__(self, served, aql=False):
        self.card = Card(served.address, served.registers)
        self.compute = ComputeQueue(self.card, aql)
        self.copy = CopyQueue(self.card)
        self.signals = HostMemory(self.card, 4096)
        self.staging = HostMemory(self.card, 2 << 20)
        self.time = 0
        self.kernels = {name: Kernel(self.card, served.code, name) for name in (
            "add_one", "reverse", "scatter_in_scratch", "load", "store", "illegal", "endless")}
        self.buffers = [CardMemory(self.card, 64 << 10) for _ in range(2)]
        self.commands = HostMemory(self.card, 64 << 10)

    # Each submission waits for the one before it and then moves the timeline on.
    def run(self, words, interrupt=0):
        self.time += 1
        queue = self.compute
        words = (queue.wait_memory(self.signals.va, self.time - 1) + queue.barrier() + words +
                 queue.release(self.signals.va, self.time, data=1, interrupt=interrupt, flush=True))
        if queue.aql:
            queue.submit_packets(queue.pm4_packet(self.commands, words))
        else:
            queue.submit(words)

    def move(self, words, trap=False):
        self.time += 1
        copy = self.copy
        copy.submit(copy.wait_memory(self.signals.va, self.time - 1) + words +
                    copy.fence(self.signals.va, self.time, trap))

    def wait(self, seconds=PATIENCE):
        reaches(self.signals, 0, self.time, "the timeline", seconds)

    def copy_in(self, memory, data, trap=False):
        self.staging.write(0, data)
        self.move(self.copy.copy(memory.va, self.staging.va, len(data)), trap)
        self.wait()

    def copy_out(self, memory, size):
        self.move(self.copy.copy(self.staging.va, memory.va, size))
        self.wait()
        return self.staging.read(0, size)

    def call(self, kernel, arguments, groups=1, interrupt=0):
        self.run(self.compute.dispatch(self.kernels[kernel], arguments, (groups, 1, 1), (32, 1, 1)),
                 interrupt)

    def check_work(self, groups=8):
        first, second = self.buffers
        values = [random.randrange(1 << 20) / 4 for _ in range(32 * groups)]
        self.copy_in(first, struct.pack(f"<{len(values)}f", *values))
        self.call("add_one", struct.pack("<QQ", second.va, first.va), groups)
        self.call("add_one", struct.pack("<QQ", first.va, second.va), groups)
        found = struct.unpack(f"<{len(values)}f", self.copy_out(first, 4 * len(values)))
        equal(found, tuple(value + 2 for value in values))

    def recover(self, failed):
        """As after a fault or a hang: the compute queue begins anew,
        its timeline counts as reached."""
        entries = self.card.interrupts()
        self.card.reset_mec(wait=not failed)
        self.compute.activate()
        self.signals.write(0, struct.pack("<Q", self.time))
        return entries


class Served:
    """The running program."""

    def __init__(self, program, tables, code, folder, *options, transport="unix"):
        self.registers = Registers(tables)
        with open(code, "rb") as file:
            self.code = file.read()
        listen = f"unix:{folder}/card.sock" if transport == "unix" else "tcp:0"
        ready, told = os.pipe()
        self.process = subprocess.Popen(
            [program, "--listen", listen, "--quiet", "--ready-fd", str(told), "--card",
             "firmware=automatic", *options], stdout=subprocess.PIPE, text=True, pass_fds=[told])
        os.close(told)
        try:
            equal(os.read(ready, 100), b"ready\n")
        finally:
            os.close(ready)
        self.address = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            equal(self.process.wait(PATIENCE), 0)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def sources(entries):
    return {(client, source) for client, source, _ in entries}


def wave_errors(entries):
    return {context[0] >> 21 & 15 for client, source, context in entries
            if (client, source) == WAVE and context[1] >> 6 & 3 == 2}


def check_lives(served):
    """Cold; warm after a clean end; by mode 1 after an unclean one and after a client that died."""
    bench = Bench(served)
    assert not bench.card.warm and not bench.card.was_reset
    bench.check_work()
    bench.card.finish()
    bench = Bench(served)
    assert bench.card.warm
    bench.check_work()
    bench.card.finish(failed=True)
    bench = Bench(served)
    assert not bench.card.warm and bench.card.was_reset
    bench.check_work()
    running = bench.buffers[0]
    running.write(0, bytes(8))
    bench.call("endless", struct.pack("<Q", running.va))
    until(lambda: running.read(0, 4) != bytes(4), "the endless kernel")
    bench.card.client.socket.close()  # in the middle of it
    bench = Bench(served)
    assert not bench.card.warm and bench.card.was_reset
    bench.check_work()
    bench.card.finish()


def check_kernels(bench):
    values = [random.randrange(1 << 32) for _ in range(64)]
    first, second = bench.buffers
    bench.copy_in(first, struct.pack("<64I", *values))
    bench.call("reverse", struct.pack("<QQ", second.va, first.va), 2)
    expected = values[31::-1] + values[:31:-1]
    equal(struct.unpack("<64I", bench.copy_out(second, 256)), tuple(expected))
    bench.call("scatter_in_scratch", struct.pack("<QQ", second.va, first.va), 2)
    equal(struct.unpack("<64I", bench.copy_out(second, 256)), scattered(values[:8]))


def scattered(places):
    """What scatter_in_scratch finds in 64 work-items."""
    sums = []
    for item in range(64):
        values = [i * 1000 for i in range(64)]
        for place in places:
            values[place & 63] += item
        total = 0
        for value in values:
            total = (total * 31 + value) & 0xffffffff
        sums.append(total)
    return tuple(sums)


def check_queues(served):
    bench = Bench(served)
    check_kernels(bench)
    check_interrupts(bench)
    check_times(bench)
    check_buffers(bench)
    check_wraps(bench)
    check_late_signals(bench)
    check_profiling(bench)
    check_power(bench.card)
    bench.card.finish()


def check_interrupts(bench):
    bench.card.interrupts()
    bench.call("store", struct.pack("<QI", bench.buffers[0].va, 77), interrupt=2)
    bench.wait()
    bench.copy_in(bench.buffers[0], bytes(4096), trap=True)
    seen = set()

    def both():
        entries = bench.card.interrupts()
        seen.update(sources(entries))
        return len(seen) >= 2
    until(both, f"both interrupts, not only {seen}")
    equal(seen, {END_OF_PIPE, TRAP})


def check_times(bench):
    va, signals = bench.signals.va, bench.signals
    bench.run(bench.compute.timestamp(va + 64))
    bench.call("store", struct.pack("<QI", bench.buffers[0].va, 78))
    bench.move(bench.copy.timestamp(va + 72) + bench.copy.copy(
        bench.buffers[1].va, bench.buffers[0].va, 32 << 10) + bench.copy.timestamp(va + 80))
    bench.run(bench.compute.timestamp(va + 88))
    bench.wait()
    times = [signals.word(offset) for offset in (64, 72, 80, 88)]
    assert times == sorted(times) and len(set(times)) > 2 and times[0] > 0, times


def check_buffers(bench):
    """Packets from buffers that the rings call, the copy queue's at every place in its ring."""
    compute, copy, first = bench.compute, bench.copy, bench.buffers[0]
    buffer = HostMemory(bench.card, 8192)
    bench.time += 1
    compute.submit(compute.call(buffer, compute.wait_memory(bench.signals.va, bench.time - 1) +
                                compute.dispatch(bench.kernels["store"], struct.pack(
                                    "<QI", first.va, 12345), (1, 1, 1), (32, 1, 1)) +
                                compute.release(bench.signals.va, bench.time, data=1, flush=True)))
    bench.wait()
    equal(first.read(0, 4), struct.pack("<I", 12345))
    for fill in range(9):
        bench.time += 1
        copy.submit([0] * fill)
        copy.submit(copy.call(buffer, copy.write_words(first.va + 16, fill, fill + 1, fill + 2) +
                              copy.fence(bench.signals.va, bench.time)))
        bench.wait()
        equal(first.read(16, 12), struct.pack("<III", fill, fill + 1, fill + 2))


def check_wraps(bench):
    """Rings that are filled several times; their read pointers arrive at the write pointers."""
    for queue, one in ((bench.compute, lambda: bench.run([])),
                       (bench.copy, lambda: bench.move([]))):
        before = queue.put
        while queue.put - before < 3 * RING_BYTES // queue.unit:
            one()
            if bench.time % 64 == 0:
                bench.wait()
        bench.wait()
        reaches(queue.own, 0x80, queue.put, "the read pointer")
        equal(queue.own.word(0x80), queue.put)


def check_late_signals(bench):
    late = HostMemory(bench.card, 4096)
    bench.run(bench.compute.wait_memory(late.va, 0x30))
    bench.move(bench.copy.wait_memory(late.va + 8, 5, EQUAL))
    late.write(8, struct.pack("<Q", 5))
    late.write(0, struct.pack("<Q", 0x30))
    bench.wait()


def check_profiling(bench):
    """Counters and thread traces may be asked for; of an empty trace the write pointer is where its
    buffer begins, in 32 bytes."""
    compute, registers = bench.compute, bench.card.registers
    trace, results = CardMemory(bench.card, 2 << 20), HostMemory(bench.card, 4096)
    everything = compute.set_registers("GRBM_GFX_INDEX", se_broadcast_writes=1,
                                       sa_broadcast_writes=1, instance_broadcast_writes=1)
    words = everything + compute.set_registers("CP_PERFMON_CNTL", 0)
    words += compute.set_registers("SQ_PERFCOUNTER_CTRL", cs_en=1, ps_en=1, gs_en=1, hs_en=1)
    words += compute.set_registers("SQ_PERFCOUNTER_CTRL2", force_en=1, vmid_en=0xffff)
    words += compute.set_registers("SQ_PERFCOUNTER0_SELECT", perf_sel=4)
    words += compute.set_registers("COMPUTE_PERFCOUNT_ENABLE", 1)
    words += compute.set_registers("CP_PERFMON_CNTL", perfmon_state=1)
    for engine in range(6):
        at = (trace.va + engine * 0x40000) >> 12
        words += compute.set_registers("GRBM_GFX_INDEX", se_index=engine, sa_index=0,
                                       instance_broadcast_writes=1)
        words += compute.set_registers("SQ_THREAD_TRACE_BUF0_SIZE", registers.encode(
            "SQ_THREAD_TRACE_BUF0_SIZE", base_hi=at >> 32, size=0x40))
        words += compute.set_registers("SQ_THREAD_TRACE_BUF0_BASE", at & 0xffffffff)
        words += compute.set_registers("SQ_THREAD_TRACE_CTRL", mode=1)
    words += everything + compute.set_registers("COMPUTE_THREAD_TRACE_ENABLE", 1)
    bench.run(words)
    bench.call("store", struct.pack("<QI", bench.buffers[0].va, 79))
    thread_trace_finish = 55
    words = everything + compute.set_registers("COMPUTE_THREAD_TRACE_ENABLE", 0)
    words += compute.packet(EVENT_WRITE, thread_trace_finish)
    for engine in range(6):
        words += compute.set_registers("GRBM_GFX_INDEX", se_index=engine, sa_index=0,
                                       instance_broadcast_writes=1)
        for field in "finish_pending", "busy":
            words += compute.wait_register("SQ_THREAD_TRACE_STATUS", 0, registers.mask(
                "SQ_THREAD_TRACE_STATUS", [field]))
            words += compute.set_registers("SQ_THREAD_TRACE_CTRL", mode=0)
        words += compute.copy_register("SQ_THREAD_TRACE_WPTR", results.va + 4 * engine)
    words += everything + compute.copy_register("SQ_PERFCOUNTER0_LO", results.va + 64)
    bench.run(words)
    bench.wait()
    for engine in range(6):
        pointer = struct.unpack("<I", results.read(4 * engine, 4))[0] & 0x1fffffff
        equal(pointer, (trace.va + engine * 0x40000) // 32 & 0x1fffffff)


def check_power(card):
    for clock in range(4):  # no limits: the lowest and the highest there are
        card.message(25, clock << 16)
        card.message(26, clock << 16 | 0xffff)
    card.set_clocks(-1)


def check_faults(served):
    bench = Bench(served)
    spare = bench.buffers[1]
    cases = [("load", struct.pack("<QQ", spare.va, NOWHERE), MEMORY_VIOLATION),
             ("store", struct.pack("<QI", NOWHERE, 1), MEMORY_VIOLATION),
             ("load", struct.pack("<QQ", spare.va, 0), MEMORY_VIOLATION),
             ("illegal", b"", ILLEGAL_INSTRUCTION)]
    for kernel, arguments, error in cases:
        bench.call(kernel, arguments)
        entries = []

        def reported():
            entries.extend(bench.card.interrupts())
            return wave_errors(entries)
        until(reported, f"the interrupt of {kernel}")
        equal(wave_errors(entries), {error})
        status = bench.card.fields("GCVM_L2_PROTECTION_FAULT_STATUS")
        if error == MEMORY_VIOLATION:
            assert FAULT in sources(entries), entries
            equal(status["vmid"], 0)
            page = (bench.card.get("GCVM_L2_PROTECTION_FAULT_ADDR_HI32") << 32 |
                    bench.card.get("GCVM_L2_PROTECTION_FAULT_ADDR_LO32"))
            equal(page, (NOWHERE if NOWHERE.to_bytes(8, "little") in arguments else 0) >> 12)
            bench.card.update("GCVM_L2_PROTECTION_FAULT_CNTL", clear_protection_fault_status_addr=1)
        equal(bench.card.get("GCVM_L2_PROTECTION_FAULT_STATUS"), 0)
        assert bench.signals.word(0) < bench.time
        bench.recover(failed=True)
        bench.check_work()
    check_hangs(bench)
    bench.card.finish()
    bench = Bench(served)
    assert bench.card.warm  # faults that were dealt with leave a clean card
    bench.check_work()
    check_own_resets(bench)
    bench.card.client.socket.close()
    bench = Bench(served)
    bench.check_work()
    bench.card.finish()


def check_hangs(bench):
    never = HostMemory(bench.card, 4096)
    bench.run(bench.compute.wait_memory(never.va, 1))
    bench.recover(failed=False)
    bench.check_work()
    running = bench.buffers[0]
    for _ in range(3):
        running.write(0, bytes(8))
        bench.call("endless", struct.pack("<Q", running.va))
        until(lambda: running.read(0, 4) != bytes(4), "the endless kernel")
        bench.move([])  # waits behind it, until the timeline is said to have got there
        bench.recover(failed=False)
        bench.check_work()


def check_own_resets(bench):
    """Packets that reset the engine which executes them. The card serves the next client."""
    registers = bench.card.registers
    reset = registers.encode("GRBM_SOFT_RESET", soft_reset_sdma0=1)
    bench.copy.submit([14 | 15 << 28, registers.address["GRBM_SOFT_RESET"], reset])
    until(lambda: bench.card.get("SDMA0_QUEUE0_RB_CNTL") == 0, "the reset of the engine")
    # WRITE_DATA of 0 and 1 to the same register.
    bench.compute.submit(
        bench.compute.packet(0x37, 1 << 16, registers.address["CP_HQD_ACTIVE"], 0, 0, 1) +
        bench.compute.release(bench.signals.va, 1 << 20, data=1))
    reaches(bench.signals, 0, 1 << 20, "the queue after itself")


def check_aql(served):
    bench = Bench(served, aql=True)
    compute, first, second = bench.compute, *bench.buffers
    done = HostMemory(bench.card, 4096)
    rounds = 3 * RING_BYTES // 64 // 4
    bench.copy_in(first, bytes(128))
    commands = [HostMemory(bench.card, 4096) for _ in range(2)]
    kernel = bench.kernels["add_one"]
    for turn in range(rounds):
        # Two kernels between PM4 packets: what a submission is made of.
        compute.kernargs_used = turn % 2048 * 512 % (1 << 20)
        bench.time += 1
        packets = compute.pm4_packet(commands[0], compute.wait_memory(
            bench.signals.va, bench.time - 1) + compute.barrier())
        packets += compute.kernel_packet(kernel, struct.pack("<QQ", second.va, first.va), (1, 1, 1),
                                         (32, 1, 1))
        packets += compute.kernel_packet(kernel, struct.pack("<QQ", first.va, second.va), (1, 1, 1),
                                         (32, 1, 1))
        packets += compute.pm4_packet(commands[1], compute.release(
            bench.signals.va, bench.time, data=1, interrupt=2, flush=True))
        compute.submit_packets(packets)
        bench.wait()
    equal(struct.unpack("<32f", bench.copy_out(first, 128)), (2.0 * rounds,) * 32)
    reaches(compute.own, 0x80, compute.put, "the read index")
    check_aql_scratch(bench, done)
    never = HostMemory(bench.card, 4096)
    bench.run(compute.wait_memory(never.va, 1))
    bench.recover(failed=False)
    check_aql_scratch(bench, done)
    bench.card.finish()


def check_aql_scratch(bench, done):
    compute, (places, out) = bench.compute, bench.buffers
    values = [random.randrange(64) for _ in range(8)]
    bench.copy_in(places, struct.pack("<8I", *values))
    done.write(0, struct.pack("<QQQQQQQQ", 1, 1, 0, 0, 0, 0, 0, 0))
    compute.submit_packets(compute.kernel_packet(
        bench.kernels["scatter_in_scratch"], struct.pack("<QQ", out.va, places.va), (2, 1, 1),
        (32, 1, 1), signal=done.va))
    until(lambda: done.word(8) == 0, "the completion signal")
    assert 0 < done.word(32) <= done.word(40), "times"
    equal(struct.unpack("<64I", bench.copy_out(out, 256)), scattered(values))


def check_small_window(served):
    """BAR0 of 256 MiB over 4 GiB; host pages anywhere; copies through pages of 1 GiB."""
    bench = Bench(served)
    equal(bench.card.bar_sizes[0], 256 << 20)
    bench.check_work()
    check_kernels(bench)
    far = bench.card.map([(1 << 30, 1 << 30), (3 << 30, 512 << 20)])
    pattern = os.urandom(1 << 20)
    bench.staging.write(0, pattern)
    # Across the end of the large page, into what lies elsewhere in memory.
    edge = far + (1 << 30) - 4096 * 3 - 5
    bench.move(bench.copy.copy(edge, bench.staging.va, len(pattern)))
    bench.move(bench.copy.copy(bench.staging.va + (1 << 20), edge, len(pattern)))
    bench.wait()
    equal(bench.staging.read(1 << 20, len(pattern)), pattern)
    bench.card.finish()
    bench = Bench(served)
    assert bench.card.warm
    bench.check_work()
    bench.card.finish()


SCENARIOS = {
    "lives": (check_lives, ["--vram", "1G"], "unix"),
    "queues": (check_queues, ["--vram", "1G"], "unix"),
    "faults": (check_faults, ["--vram", "1G"], "tcp"),
    "aql": (check_aql, ["--vram", "1G"], "unix"),
    "small-window": (check_small_window, ["--vram", "4G", "--bar0", "256M", "--scatter"], "tcp"),
}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        check, options, transport = SCENARIOS[sys.argv[4]]
        with Served(*sys.argv[1:4], temporary, *options, transport=transport) as card:
            check(card)
