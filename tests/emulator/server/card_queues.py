"""Queues of the served card for `card_driver.Card`: a compute queue that takes PM4 or AQL packets,
a copy queue, and what a kernel's code object says of it.
"""
import struct

from card_driver import MQD, CardMemory, HostMemory, high, low, until
from remote_pci_client_test import MMIO_WRITE

RING_BYTES = 1 << 16
READ_POINTER, WRITE_POINTER = 0x80, 0x38  # in amd_queue_t
COMPUTE_DOORBELL, COPY_DOORBELL = 3, 0x100  # of 8 bytes
EQUAL, NOT_EQUAL, AT_LEAST = 3, 4, 5

(NOP, DISPATCH_DIRECT, WAIT_REG_MEM, INDIRECT_BUFFER, COPY_DATA, EVENT_WRITE, RELEASE_MEM,
 ACQUIRE_MEM, SET_SH_REG, SET_UCONFIG_REG) = (
     0x10, 0x15, 0x3c, 0x3f, 0x40, 0x46, 0x49, 0x58, 0x76, 0x79)


class Kernel:
    """One kernel of a code object, loaded into the card's memory."""

    def __init__(self, card, image, name):
        shoff, = struct.unpack_from("<Q", image, 40)
        count, = struct.unpack_from("<H", image, 60)
        sections = [struct.unpack_from("<IIQQQQIIQQ", image, shoff + i * 64) for i in range(count)]
        loaded = [s for s in sections if s[2] & 2 and s[1] != 8]
        memory = bytearray(max(s[3] + s[5] for s in loaded))
        for section in loaded:
            at, offset, size = section[3:6]
            memory[at:at + size] = image[offset:offset + size]
        symbols = next(s for s in sections if s[1] == 11)
        names = sections[symbols[6]]
        table = {}
        for at in range(symbols[4], symbols[4] + symbols[5], 24):
            text, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", image, at)
            begin = names[4] + text
            table[image[begin:image.index(b"\0", begin)].decode()] = value
        at = table[name + ".kd"]
        self.group_bytes, self.private_bytes = struct.unpack_from("<II", memory, at)
        entry, = struct.unpack_from("<q", memory, at + 16)
        self.rsrc3, self.rsrc1, self.rsrc2 = struct.unpack_from("<III", memory, at + 44)
        self.properties, = struct.unpack_from("<H", memory, at + 56)
        self.memory = CardMemory(card, len(memory) + 256)
        self.memory.write(0, bytes(memory))
        self.descriptor, self.entry = self.memory.va + at, self.memory.va + at + entry


class Queue:
    def __init__(self, card, unit):
        self.card, self.unit, self.put = card, unit, 0
        self.ring = HostMemory(card, RING_BYTES)
        self.own = HostMemory(card, 4096)

    def append(self, data):
        at = self.put * self.unit % RING_BYTES
        first = data[:RING_BYTES - at]
        self.ring.write(at, first)
        if len(first) < len(data):
            self.ring.write(0, data[len(first):])
        self.put += len(data) // self.unit

    def publish(self, doorbell, value):
        self.own.write(WRITE_POINTER, struct.pack("<Q", self.put))
        self.card.flush_hdp()
        self.card.client.write(MMIO_WRITE, 2, doorbell * 8, struct.pack("<Q", value))


class ComputeQueue(Queue):
    def __init__(self, card, aql=False):
        super().__init__(card, 64 if aql else 4)
        self.aql = aql
        self.end_of_pipe = CardMemory(card, 4096)
        self.scratch_bytes, self.scratch = 0, None
        self.kernargs = CardMemory(card, 1 << 20)
        self.kernargs_used = 0
        self.activate()

    def activate(self):
        """Programs the queue's registers as from a descriptor in memory, and sets it to work."""
        card, registers = self.card, self.card.registers
        self.put = 0
        self.own.write(READ_POINTER, bytes(8))
        self.own.write(WRITE_POINTER, bytes(8))
        first = registers.address["CP_MQD_BASE_ADDR"]
        count = registers.address["CP_HQD_PQ_WPTR_HI"] - first + 1
        words = [0] * 512
        words[0] = 0xC0310800
        for i in (23, 24, 26, 27, 44, 45, 46, 47):  # all compute units of all engines
            words[i] = 0xffffffff

        def put(name, value):
            words[0x80 + registers.address[name] - first] = value

        def pair(name, second, value):
            put(name, low(value))
            put(second, high(value))

        def encoded(name, **fields):
            put(name, registers.encode(name, **fields))

        pair("CP_MQD_BASE_ADDR", "CP_MQD_BASE_ADDR_HI", card.mc + MQD)
        put("CP_HQD_PIPE_PRIORITY", 2)
        put("CP_HQD_QUEUE_PRIORITY", 15)
        put("CP_HQD_QUANTUM", 0x111)
        encoded("CP_HQD_PERSISTENT_STATE", preload_size=0x55, preload_req=1)
        pair("CP_HQD_PQ_BASE", "CP_HQD_PQ_BASE_HI", self.ring.va >> 8)
        for name, at in (("RPTR_REPORT", READ_POINTER), ("WPTR_POLL", WRITE_POINTER)):
            pair(f"CP_HQD_PQ_{name}_ADDR", f"CP_HQD_PQ_{name}_ADDR_HI", self.own.va + at)
        encoded("CP_HQD_PQ_DOORBELL_CONTROL", doorbell_offset=COMPUTE_DOORBELL * 2, doorbell_en=1)
        aql = dict(queue_full_en=1, slot_based_wptr=2, no_update_rptr=1) if self.aql else {}
        encoded("CP_HQD_PQ_CONTROL", rptr_block_size=5,
                queue_size=(RING_BYTES // 4).bit_length() - 2, **aql)
        encoded("CP_HQD_IB_CONTROL", min_ib_avail_size=3)
        put("CP_HQD_HQ_STATUS0", 0x20004000)
        encoded("CP_MQD_CONTROL", priv_state=1)
        put("CP_HQD_AQL_CONTROL", int(self.aql))
        pair("CP_HQD_EOP_BASE_ADDR", "CP_HQD_EOP_BASE_ADDR_HI", self.end_of_pipe.va >> 8)
        encoded("CP_HQD_EOP_CONTROL", eop_size=(4096 // 4).bit_length() - 2)
        card.vram_write(MQD, struct.pack("<512I", *words))
        card.select(me=1)
        for i in range(count):
            card.write_at(first + i, words[0x80 + i])
        card.set("CP_HQD_ACTIVE", 1)
        card.flush_hdp()
        card.select()
        if self.aql:
            self.describe_queue()

    def describe_queue(self):
        """amd_queue_t: where its read index lies, its scratch, and that it wants times."""
        data = bytearray(self.own.read(0, 256))
        struct.pack_into("<I", data, 136, READ_POINTER)
        struct.pack_into("<I", data, 140, self.tmpring())
        struct.pack_into("<Q", data, 160, self.scratch.va if self.scratch else 0)
        struct.pack_into("<I", data, 180, 1 << 3 | 1 << 1)
        self.own.write(136, bytes(data[136:256]))

    # --- scratch: laid out for waves of 64 lanes, 32 of them on each of 96 compute units ---
    def tmpring(self):
        wave = -(-self.scratch_bytes * 64 // 256)
        return wave << 12 | 512 if wave else 0

    def need_scratch(self, size):
        size = max(size, 128)
        if size > self.scratch_bytes:
            self.scratch_bytes = size
            self.scratch = CardMemory(self.card, size * 64 * 32 * 96)
            if self.aql:
                self.describe_queue()

    # --- packets ---
    @staticmethod
    def packet(opcode, *words):
        return [3 << 30 | (len(words) - 1) << 16 | opcode << 8, *words]

    def set_registers(self, name, *values, **fields):
        registers = self.card.registers
        if fields:
            values = (registers.encode(name, **fields),)
        address = registers.address[name]
        opcode, base = (SET_SH_REG, 0x2c00) if address < 0xc000 else (SET_UCONFIG_REG, 0xc000)
        return self.packet(opcode, address - base, *values)

    def wait_memory(self, va, value, function=AT_LEAST, mask=0xffffffff):
        return self.packet(WAIT_REG_MEM, 1 << 4 | function, low(va), high(va), value, mask, 4)

    def wait_register(self, name, value, mask, function=EQUAL):
        address = self.card.registers.address[name]
        return self.packet(WAIT_REG_MEM, function, address, 0, value, mask, 4)

    def acquire(self):
        return self.packet(ACQUIRE_MEM, 0, 0xffffffff, 0xffffffff, 0, 0, 0, 0x7fff)

    def barrier(self):
        address = self.card.registers.address
        return self.packet(WAIT_REG_MEM, 1 << 6 | AT_LEAST,
                           address["BIF_BX_PF0_GPU_HDP_FLUSH_REQ"],
                           address["BIF_BX_PF0_GPU_HDP_FLUSH_DONE"], 0xffffffff, 0xffffffff,
                           4) + self.acquire()

    def release(self, va=0, value=0, data=0, interrupt=0, flush=False, context=0):
        cache = 0xff << 13 if flush else 0
        return self.packet(RELEASE_MEM, 0x14 | 5 << 8 | cache, interrupt << 24 | data << 29,
                           low(va), high(va), low(value), high(value), context)

    def timestamp(self, va):
        return self.release(interrupt=2) + self.release(va, data=3) + self.acquire()

    def copy_register(self, name, va):  # the register as a performance counter
        address = self.card.registers.address[name]
        return self.packet(COPY_DATA, 2 << 8 | 4, address, 0, low(va), high(va))

    def dispatch(self, kernel, arguments, groups, threads):
        self.need_scratch(kernel.private_bytes)
        kernarg = self.put_arguments(arguments)
        lds = (kernel.group_bytes + 511) // 512
        initiator = 1 | 1 << 2 | (kernel.properties >> 10 & 1) << 15
        words = self.packet(ACQUIRE_MEM, 0, 0xffffffff, 0xffffffff, 0, 0, 0, 0x3fe0)
        program = kernel.entry >> 8
        words += self.set_registers("COMPUTE_PGM_LO", low(program), high(program))
        words += self.set_registers("COMPUTE_PGM_RSRC1", kernel.rsrc1 | 1 << 20,
                                    kernel.rsrc2 | lds << 15)
        words += self.set_registers("COMPUTE_PGM_RSRC3", kernel.rsrc3)
        words += self.set_registers("COMPUTE_TMPRING_SIZE", self.tmpring())
        words += self.set_registers("COMPUTE_DISPATCH_SCRATCH_BASE_LO", low(self.scratch.va >> 8),
                                    high(self.scratch.va >> 8))
        words += self.set_registers("COMPUTE_RESTART_X", 0, 0, 0)
        words += self.set_registers("COMPUTE_USER_DATA_0", low(kernarg), high(kernarg))
        words += self.set_registers("COMPUTE_RESOURCE_LIMITS", 0)
        words += self.set_registers("COMPUTE_START_X", 0, 0, 0, *threads, 0, 0)
        words += self.packet(DISPATCH_DIRECT, *groups, initiator)
        return words + self.packet(EVENT_WRITE, 7 | 4 << 8)

    def put_arguments(self, arguments):
        at = self.kernargs_used
        self.kernargs.write(at, arguments)
        self.kernargs_used = at + (len(arguments) + 255) // 256 * 256
        return self.kernargs.va + at

    # --- work ---
    def submit(self, words):
        """PM4 packets, into the ring."""
        assert not self.aql
        self.append(struct.pack(f"<{len(words)}I", *words))
        self.publish(COMPUTE_DOORBELL, self.put)

    def call(self, buffer, words):
        """The packet that runs what it puts into `buffer`."""
        buffer.write(0, struct.pack(f"<{len(words)}I", *words))
        return self.packet(INDIRECT_BUFFER, low(buffer.va), high(buffer.va), len(words) | 1 << 23)

    HEADER = 1 << 8 | 2 << 9 | 2 << 11  # barrier bit, system scope

    def pm4_packet(self, buffer, words):
        """An AQL packet that runs PM4 packets from `buffer`."""
        return struct.pack("<16I", self.HEADER | 1 << 16, *self.call(buffer, words), 10, *[0] * 10)

    def kernel_packet(self, kernel, arguments, groups, threads, signal=0):
        self.need_scratch(kernel.private_bytes)
        grid = [g * t for g, t in zip(groups, threads)]
        return struct.pack("<HHHHHHIIIIIQQQQ", self.HEADER | 2, 3, *threads, 0, *grid,
                           kernel.private_bytes, kernel.group_bytes, kernel.descriptor,
                           self.put_arguments(arguments), 0, signal)

    def submit_packets(self, packets):
        """AQL packets; their doorbell tells the last one's index."""
        self.append(packets)
        self.publish(COMPUTE_DOORBELL, self.put - 1)


class CopyQueue(Queue):
    def __init__(self, card):
        super().__init__(card, 1)
        ring = "SDMA0_QUEUE0_"
        card.set(ring + "MINOR_PTR_UPDATE", 1)
        for name, second, value in (
                ("RB_RPTR", "RB_RPTR_HI", 0), ("RB_WPTR", "RB_WPTR_HI", 0),
                ("RB_BASE", "RB_BASE_HI", self.ring.va >> 8),
                ("RB_RPTR_ADDR_LO", "RB_RPTR_ADDR_HI", self.own.va + READ_POINTER),
                ("RB_WPTR_POLL_ADDR_LO", "RB_WPTR_POLL_ADDR_HI", self.own.va + WRITE_POINTER)):
            card.set_pair(ring + name, ring + second, value)
        card.update(ring + "DOORBELL_OFFSET", offset=COPY_DOORBELL * 2)
        card.update(ring + "DOORBELL", enable=1)
        card.set(ring + "MINOR_PTR_UPDATE", 0)
        card.set(ring + "RB_CNTL", f32_wptr_poll_enable=1, rptr_writeback_enable=1,
                 rptr_writeback_timer=4, rb_enable=1, rb_priv=1,
                 rb_size=(RING_BYTES // 4).bit_length() - 1)
        card.update(ring + "IB_CNTL", ib_enable=1)

    @staticmethod
    def copy(destination, source, size):
        words = []
        while size:
            step = min(size, 0x40000000)
            words += [1, step - 1, 0, low(source), high(source), low(destination),
                      high(destination)]
            destination, source, size = destination + step, source + step, size - step
        return words

    @staticmethod
    def wait_memory(va, value, function=AT_LEAST):
        return [8 | function << 28 | 1 << 31, low(va), high(va), value, 0xffffffff, 4 | 0xfff << 16]

    @staticmethod
    def fence(va, value, trap=False):
        return [5 | 3 << 16, low(va), high(va), value] + ([6, 0] if trap else [])

    @staticmethod
    def timestamp(va):
        return [13 | 2 << 8, low(va), high(va)]

    @staticmethod
    def write_words(va, *words):
        return [2, low(va), high(va), len(words) - 1, *words]

    def call(self, buffer, words):
        """An indirect buffer; its packet ends on a multiple of eight dwords of the ring."""
        words = words + [0] * (-len(words) % 8)
        buffer.write(0, struct.pack(f"<{len(words)}I", *words))
        fill = (8 - (self.put % 32 // 4 + 6) % 8) % 8
        return [0] * fill + [4, low(buffer.va), high(buffer.va), len(words), 0, 0]

    def submit(self, words):
        """Packets; what does not fit before the ring's end begins at its beginning again."""
        data = struct.pack(f"<{len(words)}I", *words)
        room = RING_BYTES - self.put % RING_BYTES
        if len(data) > room:
            self.append(bytes(room))
        self.append(data)
        self.publish(COPY_DOORBELL, self.put)


def reaches(memory, offset, value, what, seconds=60):
    until(lambda: memory.word(offset) >= value, what, seconds)
