#include "trace_player.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "firmware_payload.hpp"

namespace redbolt::emulator::test {
namespace {

// Reads whose value on the mock card of the trace was invented, with what holds instead.
struct Exception {
  std::uint32_t address;
  const char* why;
  bool (*holds)(std::uint32_t);
};
constexpr Exception exceptions[] = {
    {0x15, "RSMU_DATA: RCC_DEV0_EPF2_STRAP2 has its strap set at power-on",
     [](std::uint32_t value) { return value == 0 || value == 0x80; }},
    {0x16091, "C2PMSG_81 is the version of sOS: zero, or not", [](std::uint32_t) { return true; }},
    {0xa980, "RLC_SAFE_MODE: the card clears the command bit, the mock the whole register",
     [](std::uint32_t value) { return (value & 1) == 0; }},
    {0x1a71b, "BANK_SELECT_RESERVED_CID2: the mock knew what the driver was about to write",
     [](std::uint32_t value) { return value == 0 || value == 0x2000000; }},
};

const Exception* exception_for(std::uint32_t address) {
  const auto* const found = std::find_if(std::begin(exceptions), std::end(exceptions),
                                         [&](const Exception& e) { return e.address == address; });
  return found == std::end(exceptions) ? nullptr : found;
}

// Places in VRAM that the driver used (boot_order_gfx1100.md, step 2).
constexpr std::uint64_t psp_command_at = 0x85000, psp_fence_at = 0x86000, psp_ring_at = 0x87000,
                        psp_ring_end = 0x97000, queue_descriptor_at = 0x9b000,
                        firmware_at = 0x100000;
constexpr std::uint64_t mc_base = 0x8000000000;

// PSP_BL__LOAD_* -> PSP_FW_TYPE_* (psp_ids.csv). The driver sends the KDB where it has no SPL.
const std::map<std::uint64_t, std::uint32_t> bootloader_kinds = {
    {0x80000, 3}, {0x10000000, 3}, {0x10000, 2},  {0xb0000, 7},
    {0xd0000, 8}, {0xc0000, 9},    {0xe0000, 10}, {0x20000, 1}};
constexpr std::uint32_t toc_kind = 4;
constexpr std::uint32_t load_toc = 32, load_ip_fw = 6;

std::vector<std::byte> bytes_of(const std::vector<std::uint32_t>& words) {
  std::vector<std::byte> bytes(words.size() * 4);
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

// packets_dispatch_and_copy.md: wait for the signal to be `before`, copy, store `after` to the
// signal.
std::vector<std::byte> copy_packets(std::uint32_t before, std::uint32_t after, std::uint32_t bytes,
                                    std::uint32_t source, std::uint32_t destination) {
  constexpr std::uint32_t signal = 0x1003ff0, high = 0x2000;
  return bytes_of({0xd0000008, signal, high, before, 0xffffffff, 0x0fff0004,  // POLL_REGMEM
                   1, bytes - 1, 0, source, high, destination, high,          // COPY_LINEAR
                   0x00030005, signal, high, after});                         // FENCE
}

// The kernel of the trace doubles four 32-bit integers; this one does too.
//   s_load_b128 s[4:7], s[0:1], 0x0;  v_lshlrev_b32 v1, 4, v0;  s_waitcnt lgkmcnt(0)
//   global_load_b128 v[2:5], v1, s[6:7];  s_waitcnt vmcnt(0);  v_lshlrev_b32 v2..v5, 1, v2..v5
//   global_store_b128 v1, v[2:5], s[4:5];  s_endpgm          (encodings by llvm-mc)
std::vector<std::byte> kernel_image() {
  std::vector<std::byte> image = bytes_of(
      {0xf4080100, 0xf8000000, 0x30020084, 0xbf89fc07, 0xdc5e0000, 0x02060001, 0xbf8903f7,
       0x30040481, 0x30060681, 0x30080881, 0x300a0a81, 0xdc760000, 0x00040201, 0xbfb00000});
  image.resize(576);
  return image;
}

// The bytes that the trace only holds a hash of, by event.
std::vector<std::byte> host_bytes(unsigned event) {
  switch (event) {
    case 27183:
      return bytes_of({1, 2, 3, 4});
    case 27185:
      return copy_packets(0, 1, 16, 0x1400000, 0x1004000);
    case 27281:
      return kernel_image();
    case 27283:
      return copy_packets(1, 2, 0x240, 0x1600000, 0x1006000);
    case 27386:
      return copy_packets(3, 4, 16, 0x1005000, 0x1200000);
    default:
      return {};
  }
}

}  // namespace

void TracePlayer::play(unsigned first, unsigned last) {
  for (std::size_t index = 0; index < events_.size(); ++index) {
    if (events_[index].number < first || events_[index].number > last) continue;
    play(index);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

void TracePlayer::play(std::size_t index) {
  const TraceEvent& event = events_[index];
  SCOPED_TRACE("event " + std::to_string(event.number) + " " + event.op + " " + event.address +
               " " + event.value);
  if (event.op == "WR") {
    card_.function->write32(pci::Bar::k5,
                            TestCard::dword(static_cast<std::uint32_t>(event.address_value())),
                            static_cast<std::uint32_t>(event.value_number()));
  } else if (event.op == "RD") {
    compare_register(event);
  } else if (event.op == "VRAM_WR") {
    write_vram(index);
  } else if (event.op == "VRAM_RD") {
    compare_vram(event);
  } else if (event.op == "SYS_WR") {
    write_host(event);
  } else if (event.op == "SYS_RD") {
    compare_host(event);
  } else if (event.op == "MAP_SYSMEM") {
    map_host(event);
  } else if (event.op == "DOORBELL") {
    card_.function->write64(pci::Bar::k2, pci::BarOffset(event.address_value()),
                            event.value_number());
  } else if (event.op == "CFG_WR") {
    card_.set_config(static_cast<std::uint32_t>(event.address_value()),
                     static_cast<unsigned>(event.size),
                     static_cast<std::uint32_t>(event.value_number()));
  } else if (event.op == "CFG_RD") {
    ASSERT_EQ(card_.config(static_cast<std::uint32_t>(event.address_value()),
                           static_cast<unsigned>(event.size)),
              event.value_number());
  } else if (event.op == "MAP_BAR") {
    const pci::BarInfo bar = card_.function->bar(static_cast<pci::Bar>(event.address_value()));
    const bool is_small = bar0_ && event.address_value() == 0;
    ASSERT_EQ(bar.size.count(), is_small ? bar0_->count() : event.size);
    ASSERT_EQ(bar.base.value(), event.value_number());
  }
}

void TracePlayer::expect_a_warm_card() {
  for (const TraceEvent& event : events_) {
    if (event.op == "WR")
      left_behind_[static_cast<std::uint32_t>(event.address_value())] =
          static_cast<std::uint32_t>(event.value_number());
  }
}

void TracePlayer::compare_register(const TraceEvent& event) {
  const auto address = static_cast<std::uint32_t>(event.address_value());
  const auto expected = static_cast<std::uint32_t>(event.value_number());
  std::uint32_t value = 0;
  const auto read = [&] {
    return value = card_.function->read32(pci::Bar::k5, TestCard::dword(address));
  };
  if (const Exception* exception = exception_for(address)) {
    ASSERT_TRUE(eventually([&] { return exception->holds(read()); }))
        << exception->why << ", but it reads " << value;
    return;
  }
  const auto left = left_behind_.find(address);
  const std::uint32_t or_this = left == left_behind_.end() ? expected : left->second;
  ASSERT_TRUE(eventually([&] { return read() == expected || value == or_this; }))
      << "reads 0x" << std::hex << value;
  ++compared_;
}

const TraceEvent& TracePlayer::next_psp_command(std::size_t index) const {
  while (events_[index].op.rfind("PSP_", 0) != 0) ++index;
  return events_[index];
}

std::vector<std::byte> TracePlayer::firmware_for(std::size_t index) const {
  const TraceEvent& command = next_psp_command(index);
  Payload payload;
  if (command.op == "PSP_BOOTLOADER") {
    payload.kind = bootloader_kinds.at(command.value_number());
  } else {
    const auto id = std::stoul(command.value),
               type = std::stoul(command.value.substr(command.value.find(':') + 1));
    payload.kind = id == load_toc ? toc_kind : 0x10000 | static_cast<std::uint32_t>(type);
  }
  // As large as the image of the trace (which is padded to 16 bytes).
  payload.body = std::max<std::size_t>(events_[index].size, 512 + 64) - 512 - 16;
  return make_payload(payload);
}

// psp_gfx_cmd_resp: command id at 8, arguments from 28.
std::vector<std::byte> TracePlayer::command_for(std::size_t index) const {
  const TraceEvent& event = next_psp_command(index);
  const auto id = static_cast<std::uint32_t>(std::stoul(event.value));
  const auto type =
      static_cast<std::uint32_t>(std::stoul(event.value.substr(event.value.find(':') + 1)));
  std::vector<std::byte> command(1024);
  put_word(command, 8, id);
  put_word(command, 28, static_cast<std::uint32_t>(event.address_value()));
  put_word(command, 32, static_cast<std::uint32_t>(event.address_value() >> 32));
  const bool is_image = id == load_toc || id == load_ip_fw;
  put_word(command, 36, static_cast<std::uint32_t>(is_image ? firmware_bytes_ : event.size));
  if (id == load_ip_fw) put_word(command, 40, type);
  if (id == 5) put_word(command, 44, 0x200000);  // SETUP_TMR: where it lies in VRAM
  return command;
}

// A page table entry that names host memory, with the page that we were given.
std::uint64_t TracePlayer::with_our_page(std::uint64_t entry) const {
  constexpr std::uint64_t valid_and_system = 3, address_bits = 0x0000fffffffff000;
  if ((entry & valid_and_system) != valid_and_system) return entry;
  const auto found = pages_.find(entry & address_bits);
  return found == pages_.end() ? entry : (entry & ~address_bits) | found->second;
}

void TracePlayer::write_vram(std::size_t index) {
  const TraceEvent& event = events_[index];
  const std::uint64_t at = event.address_value();
  std::vector<std::byte> data(event.size);
  if (event.has_value()) {
    const std::uint64_t value = with_our_page(event.value_number());
    std::memcpy(data.data(), &value, std::min<std::size_t>(data.size(), sizeof value));
  } else if (at == firmware_at) {
    data = firmware_for(index);
    firmware_bytes_ = data.size();
    data.resize(data.size() + (16 - data.size() % 16) % 16);
  } else if (at == psp_command_at) {
    data = command_for(index);
  } else if (at >= psp_ring_at && at < psp_ring_end) {
    // psp_gfx_rb_frame; the fence value is one more than the write pointer before.
    const std::uint64_t command = mc_base + psp_command_at, fence = mc_base + psp_fence_at;
    std::memcpy(data.data(), &command, 8);
    put_word(data, 8, 1024);
    std::memcpy(data.data() + 12, &fence, 8);
    put_word(data, 20, static_cast<std::uint32_t>((at - psp_ring_at) / 4 + 1));
  } else if (at == queue_descriptor_at) {
    // v11_compute_mqd: header, all compute units enabled. Its register image follows as register
    // writes.
    put_word(data, 0, 0xc0310800);
    for (const unsigned dword : {23u, 24u, 26u, 27u, 45u, 46u, 47u, 48u})
      put_word(data, dword * 4, ~0u);
  } else {
    ASSERT_EQ(event.value, "zero") << "nothing is known of these bytes";
  }
  card_.write_vram(at, data);
  const bool unflushed = at == queue_descriptor_at || (at >= psp_ring_at && at < psp_ring_end);
  if (flush_ && unflushed) card_.write(card_.read(0xe4d) / 4, 0);
}

// Its header: a signature, and at 8 and 10 the sum and the number of the bytes from 10 on.
void TracePlayer::compare_table_of_ip_blocks(const TraceEvent& event) {
  const auto table = card_.read_vram_by_index(event.address_value(), event.size);
  ++reads_by_index_;
  const auto load = [&](std::size_t at, auto value) {
    std::memcpy(&value, &table[at], sizeof value);
    return value;
  };
  constexpr std::size_t sum_from = 10;
  ASSERT_EQ(load(0, std::uint32_t{}), 0x28211407u);
  const std::size_t size = load(10, std::uint16_t{});
  ASSERT_GT(size, 64u);
  ASSERT_LE(size, table.size());
  std::uint16_t sum = 0;
  for (std::size_t at = sum_from; at < size; ++at)
    sum = static_cast<std::uint16_t>(sum + std::to_integer<unsigned>(table[at]));
  ASSERT_EQ(load(8, std::uint16_t{}), sum);
}

void TracePlayer::compare_vram(const TraceEvent& event) {
  if (bar0_ && event.address_value() + event.size > bar0_->count())
    return compare_table_of_ip_blocks(event);
  if (!event.has_value()) return;
  ASSERT_TRUE(eventually([&] {
    const auto data = card_.read_vram(event.address_value(), event.size);
    std::uint64_t value = 0;
    std::memcpy(&value, data.data(), data.size());
    return value == with_our_page(event.value_number());
  }));
}

void TracePlayer::map_host(const TraceEvent& event) {
  auto memory = card_.function->allocate_host_memory(Bytes(event.size), pci::Contiguity::any);
  ASSERT_EQ(memory->pages().size(), event.size / pci::HostMemory::page_size.count());
  std::uint64_t page = event.value_number();  // the mock gave out neighbours
  for (const pci::BusAddress ours : memory->pages()) {
    pages_[page] = ours.value();
    page += pci::HostMemory::page_size.count();
  }
  host_memory_[event.handle()] = std::move(memory);
}

void TracePlayer::write_host(const TraceEvent& event) {
  std::vector<std::byte> data(event.size);
  if (event.has_value()) {
    const std::uint64_t value = event.value_number();
    std::memcpy(data.data(), &value, data.size());
  } else {
    data = host_bytes(event.number);
    ASSERT_EQ(data.size(), event.size) << "nothing is known of these bytes";
  }
  host_memory(event.handle()).write(Bytes(event.address_value()), data);
}

void TracePlayer::compare_host(const TraceEvent& event) {
  if (!event.has_value()) return;
  ASSERT_TRUE(eventually([&] {
    std::uint64_t value = 0;
    host_memory(event.handle())
        .read(Bytes(event.address_value()), std::as_writable_bytes(std::span(&value, 1)));
    return value == event.value_number();
  }));
}

}  // namespace redbolt::emulator::test
