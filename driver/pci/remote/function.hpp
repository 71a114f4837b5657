// The PciFunction of a connection.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "redbolt/pci/pci_function.hpp"
#include "remote/connection.hpp"
#include "remote/host_memory.hpp"
#include "remote/lock_file.hpp"

namespace redbolt::pci::remote {

class RemoteFunction final : public PciFunction {
 public:
  // with_descriptors: the connection is a Unix socket. The locks are held as long as the object is.
  RemoteFunction(std::shared_ptr<Connection> connection, bool with_descriptors,
                 std::vector<LockFile> locks = {});
  ~RemoteFunction() override;  // what was posted still leaves
  RemoteFunction(const RemoteFunction&) = delete;
  RemoteFunction& operator=(const RemoteFunction&) = delete;

  std::string name() const override { return connection_->name(); }
  std::uint32_t read_config(ConfigOffset offset, unsigned width) override;
  void write_config(ConfigOffset offset, unsigned width, std::uint32_t value) override;
  BarInfo bar(Bar bar) override;
  BarInfo resize_bar(Bar bar, Bytes size) override;
  std::uint32_t read32(Bar bar, BarOffset offset) override;
  std::uint64_t read64(Bar bar, BarOffset offset) override;
  void write32(Bar bar, BarOffset offset, std::uint32_t value) override;
  void write64(Bar bar, BarOffset offset, std::uint64_t value) override;
  void read_block(Bar bar, BarOffset offset, std::span<std::byte> into) override;
  void write_block(Bar bar, BarOffset offset, std::span<const std::byte> from) override;
  void flush() override { connection_->flush(); }
  std::unique_ptr<HostMemory> allocate_host_memory(Bytes size, Contiguity contiguity) override;
  void reset() override;
  bool is_present() override;
  // remote_messages, remote_replies, remote_bytes_sent, remote_bytes_received.
  std::map<std::string, std::uint64_t> counters() const override;

 private:
  // False when the server is gone, and the access comes to nothing.
  bool check(Bar bar, BarOffset offset, std::size_t size, std::size_t alignment);
  void read_piece(Bar bar, BarOffset offset, std::span<std::byte> into);
  void forget_bars();
  [[noreturn]] void gone() const;

  std::shared_ptr<Connection> connection_;
  std::shared_ptr<LentMemoryPool> memory_;
  std::array<std::optional<BarInfo>, 6> bars_;
  std::vector<LockFile> locks_;
};

}  // namespace redbolt::pci::remote
