// Protocol error codes and the client's codes, side by side.
#pragma once

#include <redbolt/protocol/messages.pb.h>

#include "redbolt/client/client_error.hpp"

namespace redbolt::client {

// The exception that an error reply stands for. A code of a newer daemon becomes `internal`.
ClientError to_client_error(const protocol::Error& error);

LeaseHolder to_lease_holder(const protocol::LeaseHolder& holder);

}  // namespace redbolt::client
