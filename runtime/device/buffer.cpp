#include "redbolt/runtime/buffer.hpp"

#include <string>
#include <utility>

#include "device/device_connection.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {

BufferView BufferView::part(Bytes part_offset, Bytes part_size) const {
  if (!range_fits(part_offset.count(), part_size.count(), size.count()))
    throw RuntimeError(RuntimeErrorCode::invalid_argument,
                       "a view of " + std::to_string(part_size.count()) + " bytes at " +
                           std::to_string(part_offset.count()) + " does not lie inside " +
                           std::to_string(size.count()) + " bytes");
  return {buffer, offset + part_offset, part_size};
}

Buffer::Buffer(std::shared_ptr<DeviceConnection> connection, client::BufferId id, Bytes size)
    : connection_(std::move(connection)), id_(id), size_(size) {}

Buffer::~Buffer() {
  release();
}

Buffer::Buffer(Buffer&& other) noexcept
    : connection_(std::move(other.connection_)),
      id_(std::exchange(other.id_, {})),
      size_(std::exchange(other.size_, {})) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this == &other) return *this;
  release();
  connection_ = std::move(other.connection_);
  id_ = std::exchange(other.id_, {});
  size_ = std::exchange(other.size_, {});
  return *this;
}

void Buffer::release() noexcept {
  if (connection_) connection_->destroy(id_);
  connection_.reset();
}

}  // namespace redbolt::runtime
