// Which function of a session answers which request.
#pragma once

#include "session.hpp"

namespace redbolt::daemon {

struct Session::Handler {
  protocol::Request::BodyCase body;
  bool needs_lease;
  boost::asio::awaitable<Outgoing> (Session::*function)(const protocol::Request& request);
};

}  // namespace redbolt::daemon
