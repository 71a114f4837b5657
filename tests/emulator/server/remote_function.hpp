// The tests' client as a PciFunction, so that what plays against a card in this process also plays
// against a served one.
#pragma once

#include "redbolt/pci/pci_function.hpp"
#include "remote_client.hpp"

namespace redbolt::emulator::test {

class RemoteFunction final : public pci::PciFunction {
 public:
  // Host memory comes as descriptors over a Unix socket, and by handles over TCP.
  explicit RemoteFunction(const std::string& address) : client_(address) {}

  std::string name() const override { return "test"; }
  std::uint32_t read_config(pci::ConfigOffset offset, unsigned width) override;
  void write_config(pci::ConfigOffset offset, unsigned width, std::uint32_t value) override;
  pci::BarInfo bar(pci::Bar bar) override;
  pci::BarInfo resize_bar(pci::Bar bar, Bytes size) override;
  std::uint32_t read32(pci::Bar bar, pci::BarOffset offset) override;
  std::uint64_t read64(pci::Bar bar, pci::BarOffset offset) override;
  void write32(pci::Bar bar, pci::BarOffset offset, std::uint32_t value) override;
  void write64(pci::Bar bar, pci::BarOffset offset, std::uint64_t value) override;
  void read_block(pci::Bar bar, pci::BarOffset offset, std::span<std::byte> into) override;
  void write_block(pci::Bar bar, pci::BarOffset offset, std::span<const std::byte> from) override;
  void flush() override {}
  std::unique_ptr<pci::HostMemory> allocate_host_memory(Bytes size,
                                                        pci::Contiguity contiguity) override;
  void reset() override { client_.call(cmd_reset); }
  bool is_present() override { return read_config(pci::ConfigOffset(0), 4) != 0xffffffff; }

  RemoteClient& client() { return client_; }

 private:
  RemoteClient client_;
};

}  // namespace redbolt::emulator::test
