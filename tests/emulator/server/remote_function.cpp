#include "remote_function.hpp"

#include <sys/mman.h>

#include <cstring>

namespace redbolt::emulator::test {
namespace {

std::uint32_t number(pci::Bar bar) {
  return static_cast<std::uint32_t>(bar);
}

// Mapped from the descriptor; its pages are listed at its own beginning.
class MappedMemory final : public pci::HostMemory {
 public:
  MappedMemory(RemoteClient& client, Bytes size) {
    const Answer answer = client.call(cmd_map_sysmem_fd, 0, size.count());
    if (!answer.descriptor.valid()) throw ConnectionLost("no descriptor came with the response");
    size_ = answer.r0;
    void* const data =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, answer.descriptor.get(), 0);
    if (data == MAP_FAILED) throw ConnectionLost("the descriptor cannot be mapped");
    data_ = static_cast<std::byte*>(data);
    const auto* pair = reinterpret_cast<const std::uint64_t*>(data_);
    for (; pair[1] != 0; pair += 2) {
      for (std::uint64_t done = 0; done < pair[1]; done += 4096)
        pages_.emplace_back(pair[0] + done);
    }
    std::memset(data_, 0, (pages_.size() + 1) * 16);
  }
  ~MappedMemory() override { ::munmap(data_, size_); }

  Bytes size() const override { return Bytes(size_); }
  std::span<const pci::BusAddress> pages() const override { return pages_; }
  std::byte* data() override { return data_; }
  void read(Bytes offset, std::span<std::byte> into) override {
    std::memcpy(into.data(), data_ + offset.count(), into.size());
  }
  void write(Bytes offset, std::span<const std::byte> from) override {
    std::memcpy(data_ + offset.count(), from.data(), from.size());
  }
  int descriptor() const override { return -1; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::vector<pci::BusAddress> pages_;
};

class MemoryByHandle final : public pci::HostMemory {
 public:
  MemoryByHandle(RemoteClient& client, Bytes size) : client_(client), size_(size) {
    const Answer answer = client.call(cmd_map_sysmem, 0, size.count());
    handle_ = static_cast<std::uint32_t>(answer.r1);
    const auto list = client.receive(answer.r0);
    for (std::size_t at = 0; at < list.size(); at += 8) {
      std::uint64_t page = 0;
      std::memcpy(&page, list.data() + at, 8);
      pages_.emplace_back(page);
    }
  }
  Bytes size() const override { return size_; }
  std::span<const pci::BusAddress> pages() const override { return pages_; }
  std::byte* data() override { return nullptr; }
  void read(Bytes offset, std::span<std::byte> into) override {
    const auto bytes = client_.read(cmd_sysmem_read, handle_, offset.count(), into.size());
    std::memcpy(into.data(), bytes.data(), bytes.size());
  }
  void write(Bytes offset, std::span<const std::byte> from) override {
    client_.write(cmd_sysmem_write, handle_, offset.count(), from);
  }
  int descriptor() const override { return -1; }

 private:
  RemoteClient& client_;
  Bytes size_;
  std::uint32_t handle_ = 0;
  std::vector<pci::BusAddress> pages_;
};

}  // namespace

std::uint32_t RemoteFunction::read_config(pci::ConfigOffset offset, unsigned width) {
  return static_cast<std::uint32_t>(client_.call(cmd_cfg_read, 0, offset.value(), width).r0);
}

void RemoteFunction::write_config(pci::ConfigOffset offset, unsigned width, std::uint32_t value) {
  client_.call(cmd_cfg_write, 0, offset.value(), width, value);
}

pci::BarInfo RemoteFunction::bar(pci::Bar bar) {
  const Answer answer = client_.call(cmd_map_bar, number(bar));
  return {pci::BusAddress(answer.r0), Bytes(answer.r1)};
}

pci::BarInfo RemoteFunction::resize_bar(pci::Bar index, Bytes) {
  client_.call(cmd_resize_bar, number(index));
  return bar(index);
}

std::uint32_t RemoteFunction::read32(pci::Bar bar, pci::BarOffset offset) {
  return client_.read32(number(bar), offset.value());
}

std::uint64_t RemoteFunction::read64(pci::Bar bar, pci::BarOffset offset) {
  std::uint64_t value = 0;
  read_block(bar, offset, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void RemoteFunction::write32(pci::Bar bar, pci::BarOffset offset, std::uint32_t value) {
  client_.write32(number(bar), offset.value(), value);
}

void RemoteFunction::write64(pci::Bar bar, pci::BarOffset offset, std::uint64_t value) {
  write_block(bar, offset, std::as_bytes(std::span(&value, 1)));
}

void RemoteFunction::read_block(pci::Bar bar, pci::BarOffset offset, std::span<std::byte> into) {
  const auto bytes = client_.read(cmd_mmio_read, number(bar), offset.value(), into.size());
  std::memcpy(into.data(), bytes.data(), bytes.size());
}

void RemoteFunction::write_block(pci::Bar bar, pci::BarOffset offset,
                                 std::span<const std::byte> from) {
  client_.write(cmd_mmio_write, number(bar), offset.value(), from);
}

std::unique_ptr<pci::HostMemory> RemoteFunction::allocate_host_memory(Bytes size, pci::Contiguity) {
  if (client_.is_tcp()) return std::make_unique<MemoryByHandle>(client_, size);
  return std::make_unique<MappedMemory>(client_, size);
}

}  // namespace redbolt::emulator::test
