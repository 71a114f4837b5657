#include "session.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "redbolt/base/checked.hpp"

namespace redbolt::emulator {
namespace {

constexpr std::size_t largest_filter = 1u << 16;
constexpr std::size_t read_piece = 1u << 20;
constexpr std::size_t largest_register = 8;
constexpr pci::ConfigOffset identity(0x00), class_code(0x08);

pci::Bar bar_of(const Request& request) {
  if (request.target > 5) {
    throw pci::PciError(pci::PciErrorCode::no_such_bar,
                        "there is no BAR" + std::to_string(request.target));
  }
  return static_cast<pci::Bar>(request.target);
}

// Registers and doorbells are dwords; memory has bytes.
std::size_t granule_of(pci::Bar bar) {
  return bar == pci::Bar::k0 ? 1 : 4;
}

std::size_t piece_of(std::uint64_t size) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(size, read_piece));
}

void check_range(std::string_view what, std::uint64_t offset, std::uint64_t size,
                 std::uint64_t limit, std::size_t granule = 1) {
  if (range_fits(offset, size, limit) && offset % granule == 0 && size % granule == 0) return;
  throw pci::PciError(pci::PciErrorCode::out_of_range,
                      std::string(what) + " (" + std::to_string(limit) + " bytes) has no " +
                          std::to_string(size) + " bytes at " + std::to_string(offset) +
                          (granule > 1 ? " that are whole dwords" : ""));
}

pci::ConfigOffset config_offset(const Request& request) {
  return pci::ConfigOffset(request.arguments[0]);
}

unsigned config_width(const Request& request) {
  const std::uint64_t width = request.arguments[1];
  if (width == 1 || width == 2 || width == 4) return static_cast<unsigned>(width);
  throw pci::PciError(
      pci::PciErrorCode::out_of_range,
      "configuration space is accessed by 1, 2 or 4 bytes, not by " + std::to_string(width));
}

pci::Contiguity contiguity_of(const Request& request) {
  return request.arguments[1] != 0 ? pci::Contiguity::contiguous : pci::Contiguity::any;
}

std::string hexadecimal(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "\"0x%" PRIx64 "\"", value);
  return text;
}

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + '"';
}

}  // namespace

// In the order of the protocol's numbers.
struct Session::Operation {
  const char* name;
  void (Session::*run)(const Request&);
  bool posted;         // has no response, so that a failure can only end the connection
  bool of_one_device;  // names a device that PROBE has shown, or 0
};

const Session::Operation Session::operations[] = {
    {"PROBE", &Session::probe, false, false},
    {"MAP_BAR", &Session::map_bar, false, true},
    {"MAP_SYSMEM_FD", &Session::map_sysmem_fd, false, true},
    {"CFG_READ", &Session::config_read, false, true},
    {"CFG_WRITE", &Session::config_write, false, true},
    {"RESET", &Session::reset, false, true},
    {"MMIO_READ", &Session::mmio_read, false, true},
    {"MMIO_WRITE", &Session::mmio_write, true, true},
    {"MAP_SYSMEM", &Session::map_sysmem, false, true},
    {"SYSMEM_READ", &Session::sysmem_read, false, true},
    {"SYSMEM_WRITE", &Session::sysmem_write, true, true},
    {"RESIZE_BAR", &Session::resize_bar, false, true},
    {"PING", &Session::ping, false, false},
};

Session::Session(std::uint64_t number, std::unique_ptr<pci::PciFunction> function, Stream& stream,
                 const ServerOptions& options, ServerCounters& counters, SessionActivity& activity)
    : number_(number),
      function_(std::move(function)),
      channel_(stream),
      options_(options),
      counters_(counters),
      activity_(activity),
      memory_(counters.host_bytes, options.limits.host_memory, options.limits.host_allocations) {}

Session::~Session() {
  count_bytes();
}

void Session::serve() {
  for (;;) step();
}

void Session::step() {
  const Request request = channel_.next_request();
  activity_.last_message.store(counters_.messages.fetch_add(1, std::memory_order_relaxed),
                               std::memory_order_relaxed);
  count_bytes();
  if (request.command >= std::size(operations)) {
    // What follows may be this command's payload, so the stream cannot be followed any further.
    const std::string message = "there is no command " + std::to_string(request.command);
    refuse({"?", nullptr, false, false}, message);
    channel_.flush();
    throw ClientMisbehaved(message);
  }
  carry_out(operations[request.command], request);
}

void Session::carry_out(const Operation& operation, const Request& request) {
  try {
    if (operation.of_one_device) check_device(request);
    (this->*operation.run)(request);
  } catch (const pci::PciError& error) {
    refuse(operation, error.what());
  } catch (const std::bad_alloc&) {
    refuse(operation, "the host has no memory for this");
  }
}

void Session::refuse(const Operation& operation, const std::string& message) {
  if (traced()) {
    options_.trace->line(
        number_, std::string("\"op\":\"") + operation.name + "\",\"error\":" + json_text(message));
  }
  if (operation.posted) throw ClientMisbehaved(std::string(operation.name) + ": " + message);
  counters_.errors.fetch_add(1, std::memory_order_relaxed);
  channel_.reply({1, {message.size(), 0}}, std::as_bytes(std::span(message)));
}

void Session::check_device(const Request& request) const {
  if (request.device == 0) return;
  throw pci::PciError(pci::PciErrorCode::out_of_range,
                      "there is no device " + std::to_string(request.device));
}

void Session::count_bytes() {
  counters_.bytes_in.fetch_add(channel_.bytes_in() - counted_in_, std::memory_order_relaxed);
  counters_.bytes_out.fetch_add(channel_.bytes_out() - counted_out_, std::memory_order_relaxed);
  counted_in_ = channel_.bytes_in();
  counted_out_ = channel_.bytes_out();
}

void Session::trace(const Request& request, std::string_view target, const std::string& fields) {
  std::string line = std::string("\"op\":\"") + operations[request.command].name + '"';
  if (!target.empty()) {
    line += ",\"" + std::string(target) + "\":" + std::to_string(request.target);
  }
  options_.trace->line(number_, fields.empty() ? line : line + "," + fields);
}

// As the card is called in this process, "emulated:0000:03:00.0": a client may want to know that its
// figures are those of an emulated card.
std::string Session::bus_name() const {
  return function_->name();
}

bool Session::matches(const Request& request, std::span<const std::byte> filters) {
  const std::uint32_t ids = function_->read_config(identity, 4);
  const std::uint32_t vendor = ids & 0xffff, device = ids >> 16;
  const std::uint32_t base_class = function_->read_config(class_code, 4) >> 24;
  if (vendor != request.arguments[2]) return false;
  if (request.arguments[0] != 0 && request.arguments[0] != base_class) return false;
  if (filters.empty()) return true;
  for (; !filters.empty(); filters = filters.subspan(8)) {
    const auto mask = read_little_endian<std::uint32_t>(filters);
    if ((device & mask) == read_little_endian<std::uint32_t>(filters.subspan(4))) return true;
  }
  return false;
}

void Session::probe(const Request& request) {
  const std::uint64_t size = request.arguments[1];
  if (size > largest_filter) {
    const std::string message =
        "a filter of " + std::to_string(size) + " bytes is more than anyone needs";
    refuse(operations[request.command], message);
    channel_.flush();
    throw ClientMisbehaved(message);
  }
  const auto filters = channel_.whole_payload(static_cast<std::size_t>(size));
  if (filters.size() % 8 != 0) {
    throw pci::PciError(pci::PciErrorCode::out_of_range,
                        "a filter consists of pairs of a mask and a device, 8 bytes each");
  }
  const bool found = matches(request, filters);
  const std::string line = found ? bus_name() + ":0" : "";
  if (traced()) {
    trace(request, "",
          "\"class\":" + hexadecimal(request.arguments[0]) +
              ",\"vendor\":" + hexadecimal(request.arguments[2]) + ",\"reply\":" + json_text(line));
  }
  channel_.reply({0, {line.size(), found ? 1u : 0u}}, std::as_bytes(std::span(line)));
}

void Session::map_bar(const Request& request) {
  const pci::BarInfo info = function_->bar(bar_of(request));
  if (info.size == Bytes{}) {
    throw pci::PciError(pci::PciErrorCode::no_such_bar,
                        "there is no BAR" + std::to_string(request.target));
  }
  if (traced()) {
    trace(
        request, "bar",
        "\"n\":" + std::to_string(info.size.count()) + ",\"v\":" + hexadecimal(info.base.value()));
  }
  channel_.reply({0, {info.base.value(), info.size.count()}});
}

void Session::resize_bar(const Request& request) {
  const pci::Bar bar = bar_of(request);
  if (bar == pci::Bar::k0 && options_.bar0_is_fixed) {
    throw pci::PciError(pci::PciErrorCode::unsupported,
                        "BAR0 cannot be resized: this machine's window for it takes no more");
  }
  const pci::BarInfo info = function_->resize_bar(bar, Bytes{});
  if (traced()) trace(request, "bar", "\"n\":" + std::to_string(info.size.count()));
  channel_.reply({});
}

// Bus addresses as pairs of an address and a size, ended by a pair of zeros, at the beginning of
// the memory itself. 16 bytes for each page at most, so that they always fit.
void write_segments(pci::HostMemory& memory) {
  std::vector<std::uint64_t> segments;
  for (const pci::BusAddress page : memory.pages()) {
    const bool continues =
        !segments.empty() && segments[segments.size() - 2] + segments.back() == page.value();
    if (!continues) segments.insert(segments.end(), {page.value(), 0});
    segments.back() += pci::HostMemory::page_size.count();
  }
  segments.insert(segments.end(), {0, 0});
  std::vector<std::byte> bytes(segments.size() * sizeof segments[0]);
  for (std::size_t i = 0; i < segments.size(); ++i)
    write_little_endian(std::span(bytes).subspan(i * sizeof segments[0]), segments[i]);
  memory.write(Bytes{}, bytes);
}

void Session::map_sysmem_fd(const Request& request) {
  if (!channel_.passes_descriptors()) {
    throw pci::PciError(pci::PciErrorCode::unsupported,
                        "a file descriptor cannot travel over TCP; ask for MAP_SYSMEM");
  }
  pci::HostMemory& memory =
      memory_.allocate_to_share(*function_, Bytes(request.arguments[0]), contiguity_of(request));
  activity_.holds_memory.store(true);
  write_segments(memory);
  if (traced()) {
    trace(request, "",
          "\"n\":" + std::to_string(memory.size().count()) +
              ",\"v\":" + hexadecimal(memory.pages().front().value()));
  }
  channel_.reply_with_descriptor({0, {memory.size().count(), 0}}, memory.descriptor());
}

void Session::map_sysmem(const Request& request) {
  const std::uint32_t handle =
      memory_.allocate_by_handle(*function_, Bytes(request.arguments[0]), contiguity_of(request));
  activity_.holds_memory.store(true);
  const pci::HostMemory& memory = memory_.find(handle);
  std::vector<std::byte> list(memory.pages().size() * 8);
  for (std::size_t i = 0; i < memory.pages().size(); ++i)
    write_little_endian(std::span(list).subspan(i * 8), memory.pages()[i].value());
  if (traced()) {
    trace(request, "",
          "\"h\":" + std::to_string(handle) + ",\"n\":" + std::to_string(memory.size().count()) +
              ",\"v\":" + hexadecimal(memory.pages().front().value()));
  }
  channel_.reply({0, {list.size(), handle}}, list);
}

void Session::config_read(const Request& request) {
  const unsigned width = config_width(request);
  const std::uint32_t value = function_->read_config(config_offset(request), width);
  if (traced()) {
    trace(request, "",
          "\"off\":" + hexadecimal(request.arguments[0]) + ",\"n\":" + std::to_string(width) +
              ",\"v\":" + hexadecimal(value));
  }
  channel_.reply({0, {value, 0}});
}

void Session::config_write(const Request& request) {
  const unsigned width = config_width(request);
  const auto value = static_cast<std::uint32_t>(request.arguments[2]);
  function_->write_config(config_offset(request), width, value);
  if (traced()) {
    trace(request, "",
          "\"off\":" + hexadecimal(request.arguments[0]) + ",\"n\":" + std::to_string(width) +
              ",\"v\":" + hexadecimal(value));
  }
  channel_.reply({});
}

void Session::reset(const Request& request) {
  function_->reset();
  if (traced()) trace(request, "", "");
  channel_.reply({});
}

// Replies with `size` bytes which `read` puts into one piece of memory after the other. The first
// piece is read before anything is promised; a failure later can only end the connection.
template <class Read>
TracedBytes Session::send_data(std::uint64_t size, const Read& read) {
  buffer_.resize(std::max(buffer_.size(), piece_of(size)));
  TracedBytes traced_bytes;
  std::uint64_t done = 0;
  do {
    const std::span<std::byte> into(buffer_.data(), piece_of(size - done));
    try {
      read(done, into);
    } catch (const pci::PciError& error) {
      if (done > 0) throw ClientMisbehaved(error.what());
      throw;
    }
    if (done == 0) channel_.reply({0, {size, 0}});
    channel_.data(into);
    if (traced()) traced_bytes.add(into);
    done += into.size();
  } while (done < size);
  return traced_bytes;
}

template <class Write>
TracedBytes Session::take_data(std::uint64_t size, const Write& write) {
  TracedBytes traced_bytes;
  for (std::uint64_t done = 0; done < size;) {
    const auto piece = channel_.payload(size - done, largest_register);
    write(done, piece);
    if (traced()) traced_bytes.add(piece);
    done += piece.size();
  }
  return traced_bytes;
}

void Session::trace_data(const Request& request, std::string_view target,
                         const TracedBytes& bytes) {
  if (!traced()) return;
  trace(request, target, "\"off\":" + hexadecimal(request.arguments[0]) + "," + bytes.fields());
}

void Session::check_bar_range(const Request& request) {
  const pci::Bar bar = bar_of(request);
  check_range("BAR" + std::to_string(request.target), request.arguments[0], request.arguments[1],
              function_->bar(bar).size.count(), granule_of(bar));
}

void Session::mmio_read(const Request& request) {
  check_bar_range(request);
  const pci::BarOffset offset(request.arguments[0]);
  trace_data(request, "bar",
             send_data(request.arguments[1], [&](std::uint64_t done, std::span<std::byte> into) {
               function_->read_block(bar_of(request), offset + Bytes(done), into);
             }));
}

void Session::mmio_write(const Request& request) {
  check_bar_range(request);
  const pci::BarOffset offset(request.arguments[0]);
  trace_data(
      request, "bar",
      take_data(request.arguments[1], [&](std::uint64_t done, std::span<const std::byte> piece) {
        function_->write_block(bar_of(request), offset + Bytes(done), piece);
      }));
}

void Session::sysmem_read(const Request& request) {
  const auto [offset, size, unused] = request.arguments;
  pci::HostMemory& memory = memory_.find(request.target);
  check_range("host memory", offset, size, memory.size().count());
  trace_data(request, "h", send_data(size, [&](std::uint64_t done, std::span<std::byte> into) {
               memory.read(Bytes(offset + done), into);
             }));
}

void Session::sysmem_write(const Request& request) {
  const auto [offset, size, unused] = request.arguments;
  pci::HostMemory& memory = memory_.find(request.target);
  check_range("host memory", offset, size, memory.size().count());
  trace_data(request, "h",
             take_data(size, [&](std::uint64_t done, std::span<const std::byte> piece) {
               memory.write(Bytes(offset + done), piece);
             }));
}

void Session::ping(const Request& request) {
  if (traced()) trace(request, "", "");
  channel_.reply({});
}

}  // namespace redbolt::emulator
