// Transfers between host memory and the card: through pinned staging memory in two halves, so that
// the card's copy engine works on one while the host fills or empties the other.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "device/device_connection.hpp"
#include "redbolt/runtime/buffer.hpp"

namespace redbolt::runtime {

// One transfer at a time; the caller holds a lock over it.
class Transfer {
 public:
  using Progress = std::function<void(Bytes done)>;

  explicit Transfer(std::shared_ptr<DeviceConnection> connection);

  // Fills a piece of staging memory with what is to lie at the offset; pieces come in order.
  using Reader = std::function<void(Bytes offset, std::span<std::byte> into)>;

  // A piece that the reader has filled is not touched before the call after the next.
  void upload(const BufferView& destination, const Reader& read, const Progress& progress);
  void download(std::span<std::byte> destination, const BufferView& source,
                const Progress& progress);

  static constexpr std::size_t half_bytes = std::size_t{4} << 20;

 private:
  struct Half {
    std::span<std::byte> memory;
    Bytes offset;
    std::optional<client::FenceId> busy;  // the copy that uses it
  };
  void wait(Half& half);

  std::shared_ptr<DeviceConnection> connection_;
  client::SharedMemory staging_;
  std::array<Half, 2> halves_;
};

}  // namespace redbolt::runtime
