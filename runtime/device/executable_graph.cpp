#include <utility>

#include "device/device_connection.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::runtime {

ExecutableGraph::ExecutableGraph(std::shared_ptr<DeviceConnection> connection, client::GraphId id,
                                 std::size_t dispatches)
    : connection_(std::move(connection)), id_(id), dispatches_(dispatches) {}

ExecutableGraph::~ExecutableGraph() {
  release();
}

ExecutableGraph::ExecutableGraph(ExecutableGraph&& other) noexcept
    : connection_(std::move(other.connection_)),
      id_(std::exchange(other.id_, {})),
      dispatches_(std::exchange(other.dispatches_, 0)) {}

ExecutableGraph& ExecutableGraph::operator=(ExecutableGraph&& other) noexcept {
  if (this == &other) return *this;
  release();
  connection_ = std::move(other.connection_);
  id_ = std::exchange(other.id_, {});
  dispatches_ = std::exchange(other.dispatches_, 0);
  return *this;
}

void ExecutableGraph::release() noexcept {
  if (connection_) connection_->destroy(id_);
  connection_.reset();
}

}  // namespace redbolt::runtime
