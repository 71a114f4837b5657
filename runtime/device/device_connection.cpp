#include "device/device_connection.hpp"

#include <exception>

namespace redbolt::runtime {

bool DeviceConnection::try_destroy(client::BufferId buffer) noexcept {
  try {
    connection_.destroy(buffer);
  } catch (const client::ClientError& error) {
    return error.code() != client::ClientErrorCode::invalid_argument;
  } catch (const std::exception&) {
    return true;
  }
  return true;
}

void DeviceConnection::destroy(client::BufferId buffer) noexcept {
  const std::lock_guard lock(mutex_);
  if (!try_destroy(buffer)) still_named_.push_back(buffer);
}

void DeviceConnection::destroy(client::GraphId graph) noexcept {
  const std::lock_guard lock(mutex_);
  try {
    connection_.destroy(graph);
  } catch (const std::exception&) {
    return;
  }
  std::erase_if(still_named_, [this](client::BufferId buffer) { return try_destroy(buffer); });
}

}  // namespace redbolt::runtime
