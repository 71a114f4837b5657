// Which error a client's call ends with.
#pragma once

#include <gtest/gtest.h>

#include "redbolt/client/client_error.hpp"

namespace redbolt::daemon {

template <class Function>
client::ClientError client_error_of(Function&& function) {
  try {
    function();
  } catch (const client::ClientError& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {client::ClientErrorCode::internal, ""};
}

template <class Function>
std::string client_code_of(Function&& function) {
  return client::to_string(client_error_of(std::forward<Function>(function)).code());
}

}  // namespace redbolt::daemon
