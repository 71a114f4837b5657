"""A small driver of the served card, independent of Redbolt's: it boots the card in the documented
order, writes page tables and reads interrupts, all over the socket. Its queues are in card_queues.

Register names, addresses and fields come from the tables that are given to `Registers`.
"""
import csv
import os
import socket
import struct
import time

from remote_pci_client_test import (CFG_READ, CFG_WRITE, MAP_BAR, MAP_SYSMEM, MMIO_READ, MMIO_WRITE,
                                    RESIZE_BAR, SYSMEM_READ, SYSMEM_WRITE, Client, Failure)

PAGE = 4096
VA_BASE = 0x200000000000
MARK = 0xA0000008
# Where things lie in VRAM: what outlives a client first, then page tables, then everything else.
ROOT, SCRATCH_PAGE, DUMMY_PAGE, IH_RING, IH_RING_BYTES = 0, 0x1000, 0x2000, 0x3000, 256 << 10
PSP_COMMAND, PSP_FENCE, PSP_RING, SMU_TABLE, MQD = 0x85000, 0x86000, 0x87000, 0x97000, 0x9b000
PSP_MESSAGE, TMR, TMR_BYTES = 0x100000, 0x200000, 0x1300000
TABLES, POOL = 32 << 20, 64 << 20

BLOCKS = {"gc_11_0_0": "GC", "mmhub_3_0_0": "MMHUB", "nbio_4_3_0": "NBIO", "osssys_6_0_0": "OSSSYS",
          "hdp_6_0_0": "HDP", "mp_13_0_0": "MP0", "mp_11_0": "MP1"}


class Timeout(Exception):
    pass


def until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    tries = 0
    while not condition():
        if time.monotonic() > end:
            raise Timeout(what)
        tries += 1
        if tries > 20:  # others want to run too
            time.sleep(0.0005)


def low(value):
    return value & 0xffffffff


def high(value):
    return value >> 32


class Registers:
    def __init__(self, folder):
        bases = {}
        with open(os.path.join(folder, "navi31_ip_bases.csv"), newline="") as file:
            for row in csv.DictReader(file):
                if row["instance"] == "0":
                    bases[row["hwip"], int(row["segment"])] = int(row["base_dword"], 16)
        self.address, self.fields = {}, {}
        for name in sorted(os.listdir(folder)):
            block = next((b for prefix, b in BLOCKS.items() if name.startswith(prefix)), None)
            if block is None:
                continue
            with open(os.path.join(folder, name), newline="") as file:
                for row in csv.DictReader(file):
                    if (block, int(row["base_idx"])) not in bases:
                        continue
                    key = row["name"]
                    for prefix in ("reg", "mm"):
                        key = key.removeprefix(prefix)
                    base = bases[block, int(row["base_idx"])]
                    self.address[key] = base + int(row["offset_dword"])
                    self.fields[key] = {
                        field: (int(first), int(last)) for field, first, last in
                        (text.split(":") for text in row["fields"].split(";") if text)}

    def encode(self, name, **values):
        word = 0
        for field, value in values.items():
            first, last = self.fields[name][field]
            assert value < 1 << (last - first + 1), (name, field, value)
            word |= value << first
        return word

    def decode(self, name, word):
        return {field: word >> first & ((1 << (last - first + 1)) - 1)
                for field, (first, last) in self.fields[name].items()}

    def mask(self, name, fields):
        return sum(((1 << (last - first + 1)) - 1) << first
                   for first, last in (self.fields[name][field] for field in fields))


class HostMemory:
    """Memory of the server's host that the card reaches, at `va` for the card."""

    def __init__(self, card, size):
        answer, self.handle = card.client.call(MAP_SYSMEM, a0=size)
        self.pages = struct.unpack(f"<{answer // 8}Q", card.client.take(answer))
        self.card = card
        self.va = card.map([(page, PAGE) for page in self.pages], system=True)

    def read(self, offset, size):
        return self.card.client.read(SYSMEM_READ, self.handle, offset, size)

    def write(self, offset, data):
        self.card.client.write(SYSMEM_WRITE, self.handle, offset, data)

    def word(self, offset):
        return struct.unpack("<Q", self.read(offset, 8))[0]


class CardMemory:
    """Memory of the card; read and written through BAR0, which may not reach it."""

    def __init__(self, card, size):
        self.card, self.size, self.at = card, size, card.allocate(size)
        self.va = card.map([(self.at, (size + PAGE - 1) // PAGE * PAGE)])

    def read(self, offset, size):
        return self.card.client.read(MMIO_READ, 0, self.at + offset, size)

    def write(self, offset, data):
        self.card.client.write(MMIO_WRITE, 0, self.at + offset, data)


class Card:
    def __init__(self, address, registers):
        self.client, self.registers = Client(address), registers
        if not self.client.is_unix:
            self.client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client.probe(0x1002, [(0xffff, 0x744c)])
        try:
            self.client.call(RESIZE_BAR, 0)
        except Failure:  # the machine's window takes no more: BAR0 stays small
            pass
        self.bar_sizes = {bar: self.client.call(MAP_BAR, bar)[1] for bar in (0, 2, 5)}
        self.next_va, self.tables, self.pool, self.known_tables = VA_BASE, TABLES, POOL, {}
        self.discover()
        self.boot()

    # --- registers ---
    def read_at(self, address):
        if address >= self.bar_sizes[5] // 4:
            self.write_at(self.registers.address["BIF_BX_PF0_RSMU_INDEX"], address * 4)
            address = self.registers.address["BIF_BX_PF0_RSMU_DATA"]
        return self.client.read_register(address * 4)

    def write_at(self, address, value):
        if address >= self.bar_sizes[5] // 4:
            self.write_at(self.registers.address["BIF_BX_PF0_RSMU_INDEX"], address * 4)
            address = self.registers.address["BIF_BX_PF0_RSMU_DATA"]
        self.client.write(MMIO_WRITE, 5, address * 4, struct.pack("<I", value))

    def get(self, name):
        return self.read_at(self.registers.address[name])

    def fields(self, name):
        return self.registers.decode(name, self.get(name))

    def set(self, name, value=0, **fields):
        self.write_at(self.registers.address[name], value | self.registers.encode(name, **fields))

    def update(self, name, **fields):
        kept = self.get(name) & ~self.registers.mask(name, fields)
        self.set(name, kept, **fields)

    def set_pair(self, first, second, value):
        self.set(first, low(value))
        self.set(second, high(value))

    def wait(self, name, mask, value):
        until(lambda: self.get(name) & mask == value, f"{name} & {mask:#x} == {value:#x}")

    # --- VRAM ---
    def vram_read(self, offset, size):
        return self.client.read(MMIO_READ, 0, offset, size)

    def vram_write(self, offset, data):
        self.client.write(MMIO_WRITE, 0, offset, data)

    def discover(self):
        self.vram_size = self.read_at(0xde3) << 20
        table = self.vram_size - (64 << 10)
        if self.bar_sizes[0] >= self.vram_size:
            first = self.vram_read(table, 4)
        else:
            self.write_at(6, table >> 31)
            self.write_at(0, table & 0x7fffffff | 1 << 31)
            first = struct.pack("<I", self.read_at(1))
        assert first == struct.pack("<I", 0x28211407), first

    def flush_hdp(self):
        self.write_at(self.get("BIF_BX0_REMAP_HDP_MEM_FLUSH_CNTL") // 4, 0)

    # --- boot ---
    def boot(self):
        self.mc = (self.get("MMMC_VM_FB_LOCATION_BASE") & 0xffffff) << 24
        self.top = (self.get("MMMC_VM_FB_LOCATION_TOP") & 0xffffff) << 24
        self.warm = (self.get("SCRATCH_REG7") == MARK and self.get("SCRATCH_REG6") == 0 and
                     self.get("GCVM_L2_PROTECTION_FAULT_STATUS") == 0)
        if not self.warm:
            self.reset_if_alive()
        self.vram_write(ROOT, bytes(PAGE))  # nothing walks it any more
        if not self.warm:
            command, _ = self.client.call(CFG_READ, 0, 4, 2)
            self.client.call(CFG_WRITE, 0, 4, 2, command | 4)
            self.set("RCC_DEV0_EPF0_RCC_DOORBELL_APER_EN", 1)
            self.start_hub("MM")
            self.start_interrupts()
            self.start_security_processor()
            self.start_power_controller()
        until(lambda: self.get("CP_STAT") == 0 or
              self.fields("RLC_RLCS_BOOTLOAD_STATUS")["bootload_complete"] == 0, "RLC autoload")
        self.start_hub("GC")
        if self.warm:
            self.reset_mec()
        else:
            self.start_graphics()
        self.start_copy_engine()
        self.set_clocks(-1)
        self.set("SCRATCH_REG7", MARK)
        self.set("SCRATCH_REG6", 1)

    def reset_if_alive(self):
        self.was_reset = self.get("MP0_SMN_C2PMSG_81") != 0
        if not self.was_reset:
            return
        self.message(2)  # its version: the controller answers
        command, _ = self.client.call(CFG_READ, 0, 4, 2)
        self.client.call(CFG_WRITE, 0, 4, 2, command & ~4)
        self.set("MP1_SMN_C2PMSG_54", 0)
        self.set("MP1_SMN_C2PMSG_53", 0)
        self.set("MP1_SMN_C2PMSG_75", 2)  # mode 1, by the debug mailbox
        self.wait("MP1_SMN_C2PMSG_54", 0xffffffff, 1)
        until(lambda: self.get("MP0_SMN_C2PMSG_81") == 0, "the reset")  # all ones meanwhile
        assert self.get("SCRATCH_REG7") == 0

    def start_hub(self, hub):
        mc, vm = f"{hub}MC_VM_", f"{hub}VM_"
        self.set(mc + "AGP_BASE", 0)
        self.set(mc + "AGP_BOT", 0xffffff)
        self.set(mc + "AGP_TOP", 0)
        self.set(mc + "SYSTEM_APERTURE_LOW_ADDR", self.mc >> 18)
        self.set(mc + "SYSTEM_APERTURE_HIGH_ADDR", self.top >> 18)
        self.set_pair(mc + "SYSTEM_APERTURE_DEFAULT_ADDR_LSB",
                      mc + "SYSTEM_APERTURE_DEFAULT_ADDR_MSB", SCRATCH_PAGE >> 12)
        self.set_pair(vm + "L2_PROTECTION_FAULT_DEFAULT_ADDR_LO32",
                      vm + "L2_PROTECTION_FAULT_DEFAULT_ADDR_HI32", DUMMY_PAGE >> 12)
        self.update(mc + "MX_L1_TLB_CNTL", enable_l1_tlb=1, system_access_mode=3,
                    enable_advanced_driver_model=1, mtype=3)
        self.set(vm + "L2_CNTL", 0x80801)
        self.update(vm + "L2_CNTL2", invalidate_all_l1_tlbs=1, invalidate_l2_cache=1)
        context = vm + "CONTEXT0_"
        for part, value in (("START_ADDR", VA_BASE >> 12), ("END_ADDR", 0x7ffffffff),
                            ("BASE_ADDR", ROOT | 1)):
            name = f"{context}PAGE_TABLE_{part}_"
            self.set_pair(name + "LO32", name + "HI32", value)
        self.set(context + "CNTL", 0x1fffe07)  # four levels; every fault interrupts, to the dummy
        for engine in range(18):
            self.set_pair(f"{vm}INVALIDATE_ENG{engine}_ADDR_RANGE_LO32",
                          f"{vm}INVALIDATE_ENG{engine}_ADDR_RANGE_HI32", 0x1fffffffff)

    def start_interrupts(self):
        self.set_pair("IH_RB_BASE", "IH_RB_BASE_HI", (self.mc + IH_RING) >> 8)
        self.set("IH_RB_CNTL", mc_space=4, wptr_overflow_clear=1, wptr_overflow_enable=1,
                 rptr_rearm=1, rb_size=(IH_RING_BYTES // 4 - 1).bit_length(), mc_snoop=1)
        self.set("IH_RB_WPTR", 0)
        self.set("IH_RB_RPTR", 0)
        self.update("IH_RB_CNTL", rb_enable=1, enable_intr=1)

    def start_security_processor(self):
        image = os.urandom(5000)
        for command in 0x80000, 0x10000000, 0x10000, 0xb0000, 0xd0000, 0xc0000, 0xe0000, 0x20000:
            self.wait("MP0_SMN_C2PMSG_35", 1 << 31, 1 << 31)
            self.vram_write(PSP_MESSAGE, image)
            self.flush_hdp()
            self.set("MP0_SMN_C2PMSG_36", (self.mc + PSP_MESSAGE) >> 20)
            self.set("MP0_SMN_C2PMSG_35", command)
        until(lambda: self.get("MP0_SMN_C2PMSG_81") != 0, "sOS")
        self.wait("MP0_SMN_C2PMSG_64", 1 << 31, 1 << 31)
        self.set_pair("MP0_SMN_C2PMSG_69", "MP0_SMN_C2PMSG_70", self.mc + PSP_RING)
        self.set("MP0_SMN_C2PMSG_71", 0x10000)
        self.set("MP0_SMN_C2PMSG_64", 2 << 16)
        self.wait("MP0_SMN_C2PMSG_64", 0x8000ffff, 1 << 31)
        self.vram_write(PSP_FENCE, bytes(4))
        self.security_command(0x20, self.mc + PSP_MESSAGE, len(image))
        self.security_command(6, self.mc + PSP_MESSAGE, len(image), 18)
        self.security_command(5, self.mc + TMR, TMR_BYTES)
        for kind in 72, 71, 89, 94, 68, 69, 26, 48, 25, 7, 8:
            self.security_command(6, self.mc + PSP_MESSAGE, len(image), kind)
        self.security_command(33, 0, 0)

    def security_command(self, command, address, size, kind=0):
        block = bytearray(1024)
        struct.pack_into("<I", block, 8, command)
        struct.pack_into("<QII", block, 28, address, size, kind)
        pointer = self.get("MP0_SMN_C2PMSG_67")
        self.vram_write(PSP_COMMAND, bytes(block))
        frame = struct.pack("<QIQI", self.mc + PSP_COMMAND, 1024, self.mc + PSP_FENCE, pointer + 1)
        self.vram_write(PSP_RING + pointer * 4, frame.ljust(64, b"\0"))
        self.flush_hdp()
        self.set("MP0_SMN_C2PMSG_67", pointer + 16)
        until(lambda: self.vram_read(PSP_FENCE, 4) == struct.pack("<I", pointer + 1), "PSP fence")
        assert self.vram_read(PSP_COMMAND + 864, 4) == bytes(4), (command, kind)

    def message(self, message, argument=0):
        self.set("MP1_SMN_C2PMSG_90", 0)
        self.set("MP1_SMN_C2PMSG_82", argument)
        self.set("MP1_SMN_C2PMSG_66", message)
        self.wait("MP1_SMN_C2PMSG_90", 0xffffffff, 1)
        return self.get("MP1_SMN_C2PMSG_82")

    def start_power_controller(self):
        self.message(14, high(self.mc + SMU_TABLE))
        self.message(15, low(self.mc + SMU_TABLE))
        self.message(6)

    def set_clocks(self, level):
        for clock in 2, 3, 1, 0:
            levels = self.message(31, clock << 16 | 0xff) & 0x7fffffff
            at = self.message(31, clock << 16 | level % levels) & 0x7fffffff
            self.message(25, clock << 16 | at)
            self.message(26, clock << 16 | at)

    def select(self, me=0, pipe=0, queue=0, vmid=0):
        self.set("GRBM_GFX_CNTL", meid=me, pipeid=pipe, queueid=queue, vmid=vmid)

    def start_graphics(self):
        self.configure_mec()
        self.set("TCP_CNTL", self.get("TCP_CNTL") | 0x20000000)
        self.set("RLC_CNTL", 1)
        self.update("RLC_SRM_CNTL", srm_enable=1, auto_incr_addr=1)
        for port, awid in (0, 3), (3, 6):
            self.route_doorbells(port, awid)
        for vmid in range(16):
            self.select(vmid=vmid)
            self.set("SH_MEM_CONFIG", 0xc00c)
            self.set("SH_MEM_BASES", shared_base=1, private_base=2)
        self.select()
        self.set("CP_MEC_DOORBELL_RANGE_LOWER", 0)
        self.set("CP_MEC_DOORBELL_RANGE_UPPER", 0xf8)
        self.enable_mec()

    def route_doorbells(self, port, awid, offset=0, size=0):
        p = f"s2a_doorbell_port{port}_"
        self.set(f"S2A_DOORBELL_ENTRY_{port}_CTRL", **{
            p + "enable": 1, p + "awid": awid, p + "range_offset": offset, p + "range_size": size,
            p + "awaddr_31_28_value": 3})

    def configure_mec(self):
        self.select(me=1)
        self.set_pair("CP_MEC_RS64_PRGRM_CNTR_START", "CP_MEC_RS64_PRGRM_CNTR_START_HI", 0xc00)
        self.select()
        self.update("CP_MEC_RS64_CNTL", mec_pipe0_reset=1)
        self.update("CP_MEC_RS64_CNTL", mec_pipe0_reset=0)

    def enable_mec(self):
        self.update("CP_MEC_RS64_CNTL", mec_pipe0_reset=0, mec_pipe0_active=1, mec_halt=0)

    def dequeue(self, wait=True):
        for queue in range(2):
            self.select(me=1, queue=queue)
            if self.get("CP_HQD_ACTIVE") & 1:
                self.set("CP_HQD_DEQUEUE_REQUEST", 2)
                self.set("SPI_COMPUTE_QUEUE_RESET", 1)
                if wait:
                    self.wait("CP_HQD_ACTIVE", 1, 0)
        self.select()

    def reset_mec(self, wait=True):
        self.dequeue(wait)
        self.set("GRBM_SOFT_RESET", soft_reset_cp=1, soft_reset_cpc=1)
        self.set("GRBM_SOFT_RESET", 0)
        self.configure_mec()
        self.enable_mec()

    def start_copy_engine(self):
        self.update("SDMA0_WATCHDOG_CNTL", queue_hang_count=100)
        self.update("SDMA0_F32_CNTL", halt=0, th1_reset=0)
        self.update("SDMA0_CNTL", trap_enable=1)
        self.route_doorbells(2, 0xe, 0x200, 4)

    def finish(self, failed=False):
        """Leaves the card to the next client."""
        for name, field in (("RB_CNTL", "rb_enable"), ("IB_CNTL", "ib_enable"),
                            ("DOORBELL", "enable")):
            self.update("SDMA0_QUEUE0_" + name, **{field: 0})
        self.set("GRBM_SOFT_RESET", soft_reset_sdma0=1)
        self.set("GRBM_SOFT_RESET", 0)
        self.dequeue(not failed)
        self.set_clocks(0)
        self.interrupts()
        self.set("SCRATCH_REG6", int(failed))
        assert self.get("SCRATCH_REG6") == int(failed)  # writes are posted: this one has arrived
        self.client.socket.close()

    # --- addresses ---
    def allocate(self, size):
        at = self.pool
        self.pool += (size + PAGE - 1) // PAGE * PAGE
        if size >= 2 << 20:
            at = (at + (2 << 20) - 1) & -(2 << 20)
            self.pool = at + (size + (2 << 20) - 1) // (2 << 20) * (2 << 20)
        return at

    def table_of(self, index):
        """The table below `index` (of the levels from the root on), made where it is missing."""
        if not index:
            return ROOT
        if index not in self.known_tables:
            self.known_tables[index] = at = self.tables
            self.tables += PAGE
            self.vram_write(at, bytes(PAGE))
            self.vram_write(self.table_of(index[:-1]) + index[-1] * 8, struct.pack("<Q", at | 1))
        return self.known_tables[index]

    def map(self, pieces, system=False, flags=0x70):
        """Maps (physical, size) pieces one behind the other, by the largest pages that fit."""
        size = sum(length for _, length in pieces)
        alignment = 1 << 30 if size >= 1 << 30 else 2 << 20 if size >= 2 << 20 else PAGE
        va = (self.next_va + alignment - 1) & -alignment
        self.next_va = va + size
        at = va
        for physical, length in pieces:
            while length:
                shift = next(s for s in (30, 21, 12) if length >= 1 << s and at % (1 << s) == 0 and
                             physical % (1 << s) == 0)
                index = tuple((at - VA_BASE) >> s & 511 for s in (39, 30, 21, 12) if s >= shift)
                entry = physical | flags | 1 | (6 if system else 0) | (shift - 12) << 7
                if shift != 12:
                    entry |= 1 << 54
                if system:
                    entry |= 3 << 48
                self.vram_write(self.table_of(index[:-1]) + index[-1] * 8, struct.pack("<Q", entry))
                step = 1 << shift
                at, physical, length = at + step, physical + step, length - step
        self.flush_translations()
        return va

    def flush_translations(self):
        for hub in "GC", "MM":
            self.flush_hdp()
            engine = f"{hub}VM_INVALIDATE_ENG17_"
            if hub == "MM":
                self.wait(engine + "SEM", 1, 1)
            self.set(engine + "REQ", 0xf80001)
            self.wait(engine + "ACK", 1, 1)
            if hub == "MM":
                self.set(engine + "SEM", 0)

    # --- interrupts ---
    def interrupts(self):
        """The entries since the last call: (client, source, context words)."""
        write = self.fields("IH_RB_WPTR")["offset"]
        read = self.get("IH_RB_RPTR") >> 2
        entries = []
        while read != write:
            words = struct.unpack("<8I", self.vram_read(IH_RING + read * 4, 32))
            entries.append((words[0] & 0xff, words[0] >> 8 & 0xff, words[4:]))
            read = (read + 8) % (IH_RING_BYTES // 4)
        self.set("IH_RB_RPTR", write << 2)
        return entries
