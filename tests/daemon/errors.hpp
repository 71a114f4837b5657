// Which error a statement ends with.
#pragma once

#include <gtest/gtest.h>

#include "daemon_error.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::daemon {

template <class Function>
protocol::Error error_of(Function&& function) {
  try {
    function();
  } catch (const DaemonError& error) {
    return error.error();
  } catch (const driver::DriverError&) {
    return describe(std::current_exception());  // as the client would be told
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
  }
  return {};
}

template <class Function>
std::string code_of(Function&& function) {
  return protocol::ErrorCode_Name(error_of(std::forward<Function>(function)).code());
}

}  // namespace redbolt::daemon
