// Memory that kernels use: on the card (Buffer) or on the host, pinned and reached by the card over
// the link (SharedBuffer). Both are freed with the object, and must not outlive the Device's
// connection usefully: after it they only release what they hold on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "redbolt/base/quantity.hpp"
#include "redbolt/client/types.hpp"

namespace redbolt::runtime {

class DeviceConnection;  // private: the client connection and its lock

// A range of a buffer: what an operation reads or writes. Does not keep the buffer alive.
struct BufferView {
  client::BufferId buffer;
  Bytes offset;
  Bytes size;

  // Part of this view. Throws RuntimeError::invalid_argument if it does not lie inside.
  BufferView part(Bytes part_offset, Bytes part_size) const;
};

class Buffer {
 public:
  Buffer() = default;
  Buffer(std::shared_ptr<DeviceConnection> connection, client::BufferId id, Bytes size);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  client::BufferId id() const { return id_; }
  Bytes size() const { return size_; }
  BufferView view() const { return {id_, Bytes(0), size_}; }
  BufferView view(Bytes offset, Bytes size) const { return view().part(offset, size); }

 private:
  void release() noexcept;

  std::shared_ptr<DeviceConnection> connection_;
  client::BufferId id_;
  Bytes size_;
};

class SharedBuffer {
 public:
  SharedBuffer() = default;
  SharedBuffer(Buffer buffer, std::shared_ptr<const void> mapping, std::span<std::byte> bytes)
      : mapping_(std::move(mapping)), bytes_(bytes), buffer_(std::move(buffer)) {}

  client::BufferId id() const { return buffer_.id(); }
  Bytes size() const { return buffer_.size(); }
  BufferView view() const { return buffer_.view(); }
  BufferView view(Bytes offset, Bytes size) const { return buffer_.view(offset, size); }
  // The same memory as the host sees it.
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::shared_ptr<const void> mapping_;
  std::span<std::byte> bytes_;
  Buffer buffer_;
};

}  // namespace redbolt::runtime
