// From an endpoint to a connected socket.
#pragma once

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/pci/remote.hpp"

namespace redbolt::pci::remote {

// Starts the endpoint's server if nobody listens and it names one. Throws PciError.
FileDescriptor open_socket(const RemoteEndpoint& endpoint, std::chrono::milliseconds timeout);

}  // namespace redbolt::pci::remote
