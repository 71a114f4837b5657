// What clients ask for, as lines of the log at level debug, each in the part that it belongs to.
#pragma once

#include <string>

#include <redbolt/protocol/messages.pb.h>

#include "log.hpp"

namespace redbolt::daemon {

// who: "redbolt-llm run (pid 77)". Costs next to nothing where nobody wants the line.
void log_request(const Log& log, const std::string& who, const protocol::Request& request);
void log_refusal(const Log& log, const std::string& who, const protocol::Request& request,
                 const protocol::Error& error);

}  // namespace redbolt::daemon
