#include "remote/function.hpp"

#include <algorithm>
#include <utility>

#include "redbolt/base/checked.hpp"

namespace redbolt::pci::remote {
namespace {

constexpr std::uint64_t kConfigSize = 4096;
constexpr ConfigOffset kVendorId{0};
constexpr std::uint32_t kNoVendor = 0xffff;

// What one message carries at most: large enough that its header does not count, small enough for
// any server's buffer.
constexpr std::size_t kTransfer = std::size_t{1} << 20;

constexpr std::uint32_t mask(unsigned width) {
  return 0xffffffffu >> (32 - 8 * width);
}

std::string describe(Bar bar) {
  return "BAR" + std::to_string(static_cast<unsigned>(bar));
}

std::uint32_t index(Bar bar) {
  return static_cast<std::uint32_t>(bar);
}

}  // namespace

RemoteFunction::RemoteFunction(std::shared_ptr<Connection> connection, bool with_descriptors,
                               std::vector<LockFile> locks)
    : connection_(std::move(connection)),
      memory_(std::make_shared<LentMemoryPool>(connection_, with_descriptors)),
      locks_(std::move(locks)) {}

RemoteFunction::~RemoteFunction() {
  try {
    connection_->flush();
  } catch (const PciError&) {
    // There is nobody to tell.
  }
}

void RemoteFunction::gone() const {
  throw PciError(PciErrorCode::transport_closed,
                 name() + ": the server that serves the card is gone");
}

std::uint32_t RemoteFunction::read_config(ConfigOffset offset, unsigned width) {
  if ((width != 1 && width != 2 && width != 4) || offset.value() % width != 0 ||
      !range_fits(offset.value(), width, kConfigSize)) {
    throw PciError(PciErrorCode::out_of_range, name() + ": configuration space has no " +
                                                   std::to_string(width) + " bytes at " +
                                                   std::to_string(offset.value()));
  }
  const auto reply =
      connection_->call(Command::cfg_read, 0, {offset.value(), width, 0}, PciErrorCode::refused);
  return (reply ? static_cast<std::uint32_t>(reply->results[0]) : ~0u) & mask(width);
}

void RemoteFunction::write_config(ConfigOffset offset, unsigned width, std::uint32_t value) {
  if ((width != 1 && width != 2 && width != 4) || offset.value() % width != 0 ||
      !range_fits(offset.value(), width, kConfigSize)) {
    throw PciError(PciErrorCode::out_of_range, name() + ": configuration space has no " +
                                                   std::to_string(width) + " bytes at " +
                                                   std::to_string(offset.value()));
  }
  connection_->call(Command::cfg_write, 0, {offset.value(), width, value & mask(width)},
                    PciErrorCode::refused);
}

BarInfo RemoteFunction::bar(Bar bar) {
  auto& known = bars_.at(index(bar));
  if (known) return *known;
  std::optional<Reply> reply;
  try {
    reply = connection_->call(Command::map_bar, index(bar), {}, PciErrorCode::no_such_bar);
  } catch (const PciError& error) {
    // A server may refuse a BAR that is not there instead of giving it no size.
    if (error.code() != PciErrorCode::no_such_bar) throw;
    return known.emplace();
  }
  if (!reply) return {};
  if (!checked_add(reply->results[0], reply->results[1])) {
    connection_->distrust(describe(bar) + " runs over the end of the address space");
  }
  return known.emplace(BarInfo{BusAddress(reply->results[0]), Bytes(reply->results[1])});
}

void RemoteFunction::forget_bars() {
  bars_.fill(std::nullopt);
}

// The protocol knows "the largest" only.
BarInfo RemoteFunction::resize_bar(Bar bar, Bytes size) {
  forget_bars();
  if (!connection_->call(Command::resize_bar, index(bar), {}, PciErrorCode::unsupported)) gone();
  const BarInfo now = this->bar(bar);
  if (size != Bytes{} && now.size != size) {
    throw PciError(PciErrorCode::unsupported, name() + ": " + describe(bar) + " has " +
                                                  std::to_string(now.size.count()) +
                                                  " bytes now; other sizes cannot be asked for");
  }
  return now;
}

bool RemoteFunction::check(Bar bar, BarOffset offset, std::size_t size, std::size_t alignment) {
  const BarInfo info = this->bar(bar);
  if (!connection_->is_open()) return false;
  if (info.size == Bytes{}) {
    throw PciError(PciErrorCode::no_such_bar, name() + ": there is no " + describe(bar));
  }
  if (!range_fits(offset.value(), size, info.size.count()) || offset.value() % alignment != 0) {
    throw PciError(PciErrorCode::out_of_range, name() + ": " + describe(bar) + " has no " +
                                                   std::to_string(size) + " bytes at " +
                                                   std::to_string(offset.value()));
  }
  return true;
}

void RemoteFunction::read_piece(Bar bar, BarOffset offset, std::span<std::byte> into) {
  if (into.empty()) return;
  const auto reply =
      connection_->call(Command::mmio_read, index(bar), {offset.value(), into.size(), 0},
                        PciErrorCode::refused, into);
  if (!reply) std::ranges::fill(into, std::byte{0xff});
}

std::uint32_t RemoteFunction::read32(Bar bar, BarOffset offset) {
  std::array<std::byte, 8> bytes;
  bytes.fill(std::byte{0xff});
  if (check(bar, offset, 4, 4)) read_piece(bar, offset, std::span(bytes).first(4));
  return static_cast<std::uint32_t>(load64(bytes.data()));
}

std::uint64_t RemoteFunction::read64(Bar bar, BarOffset offset) {
  std::array<std::byte, 8> bytes;
  bytes.fill(std::byte{0xff});
  if (check(bar, offset, 8, 8)) read_piece(bar, offset, bytes);
  return load64(bytes.data());
}

void RemoteFunction::write32(Bar bar, BarOffset offset, std::uint32_t value) {
  std::array<std::byte, 4> bytes;
  store32(bytes.data(), value);
  if (check(bar, offset, 4, 4)) {
    connection_->post(Command::mmio_write, index(bar), offset.value(), bytes);
  }
}

void RemoteFunction::write64(Bar bar, BarOffset offset, std::uint64_t value) {
  std::array<std::byte, 8> bytes;
  store64(bytes.data(), value);
  if (check(bar, offset, 8, 8)) {
    connection_->post(Command::mmio_write, index(bar), offset.value(), bytes);
  }
}

void RemoteFunction::read_block(Bar bar, BarOffset offset, std::span<std::byte> into) {
  if (!check(bar, offset, into.size(), 1)) {
    std::ranges::fill(into, std::byte{0xff});
    return;
  }
  for (std::size_t done = 0; done < into.size(); done += kTransfer) {
    read_piece(bar, offset + Bytes(done),
               into.subspan(done, std::min(kTransfer, into.size() - done)));
  }
}

void RemoteFunction::write_block(Bar bar, BarOffset offset, std::span<const std::byte> from) {
  if (!check(bar, offset, from.size(), 1)) return;
  for (std::size_t done = 0; done < from.size(); done += kTransfer) {
    connection_->post(Command::mmio_write, index(bar), offset.value() + done,
                      from.subspan(done, std::min(kTransfer, from.size() - done)));
  }
}

std::unique_ptr<HostMemory> RemoteFunction::allocate_host_memory(Bytes size,
                                                                 Contiguity contiguity) {
  return memory_->allocate(size, contiguity);
}

void RemoteFunction::reset() {
  forget_bars();
  if (!connection_->call(Command::reset, 0, {}, PciErrorCode::unsupported)) gone();
}

bool RemoteFunction::is_present() {
  try {
    return !connection_->notice_hangup() && read_config(kVendorId, 2) != kNoVendor;
  } catch (const PciError&) {
    return false;
  }
}

std::map<std::string, std::uint64_t> RemoteFunction::counters() const {
  const ConnectionCounters counters = connection_->counters();
  return {{"remote_messages", counters.messages},
          {"remote_replies", counters.replies},
          {"remote_bytes_sent", counters.bytes_sent},
          {"remote_bytes_received", counters.bytes_received}};
}

}  // namespace redbolt::pci::remote
