// Who listens on a TCP port of this machine.
#pragma once

#include <cstdint>
#include <string>

namespace redbolt::llm::server {

// "redbolt-llm (process 1234)"; empty where that cannot be found out (another user's process, or a
// system that does not tell).
std::string describe_port_holder(std::uint16_t port);

}  // namespace redbolt::llm::server
