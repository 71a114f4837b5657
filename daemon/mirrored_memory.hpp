// Pinned memory of a card whose host memory lies with its server, as over TCP: a file that the
// client maps, and the block that the card reaches. push() and pull() bring the two together.
//
// Beside them is kept what both last had in common. Only words that differ from it travel to the
// other side: what the host wrote since goes to the card, what the card wrote since comes here, and
// neither undoes the other's. Words are aligned, of 4 bytes; aligned 8 bytes that changed together
// appear here together. Between words there is no order before the submission is complete.
//
// Belongs to the device thread.
#pragma once

#include <cstddef>
#include <vector>

#include "backend.hpp"
#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::daemon {

class MirroredMemory : public PinnedMemory {
 public:
  // Takes a zeroed block. Throws DaemonError (out_of_memory) if there is no file to be had.
  explicit MirroredMemory(driver::HostBlock block);
  ~MirroredMemory() override;
  MirroredMemory(const MirroredMemory&) = delete;
  MirroredMemory& operator=(const MirroredMemory&) = delete;

  driver::GpuAddress address() const override { return block_.address(); }
  Bytes size() const override { return block_.size(); }
  int descriptor() const override { return file_.get(); }
  void read(Bytes offset, std::span<std::byte> into) const override;  // what the client wrote

  bool mirrored() const override { return true; }
  void push(Bytes offset, Bytes size, Neighbours neighbours) override;
  void pull(Bytes offset, Bytes size, Written written) override;

 private:
  struct Range {
    std::size_t begin;
    std::size_t end;
  };
  Range words(Bytes offset, Bytes size) const;
  void push_changes(std::size_t start, std::span<const std::byte> now, std::size_t gap);
  void publish_changes(std::size_t start, std::span<const std::byte> now);

  driver::HostBlock block_;
  FileDescriptor file_;
  std::byte* data_ = nullptr;      // of the file
  std::vector<std::byte> common_;  // as both last had it
};

}  // namespace redbolt::daemon
