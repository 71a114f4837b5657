#include "daemon_error.hpp"

#include <array>
#include <new>

#include "printable.hpp"
#include "redbolt/driver/driver_error.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::daemon {
namespace {

struct DriverRow {
  driver::DriverErrorCode driver;
  protocol::ErrorCode wire;
};

// What is not here says that the card or its boot failed.
constexpr std::array driver_codes{
    DriverRow{driver::DriverErrorCode::invalid_argument, protocol::ERROR_CODE_INVALID_ARGUMENT},
    DriverRow{driver::DriverErrorCode::unsupported_kernel, protocol::ERROR_CODE_INVALID_ARGUMENT},
    DriverRow{driver::DriverErrorCode::out_of_vram, protocol::ERROR_CODE_OUT_OF_MEMORY},
    DriverRow{driver::DriverErrorCode::out_of_host_memory, protocol::ERROR_CODE_OUT_OF_MEMORY},
    DriverRow{driver::DriverErrorCode::out_of_contexts, protocol::ERROR_CODE_LIMIT_EXCEEDED},
    DriverRow{driver::DriverErrorCode::card_fault, protocol::ERROR_CODE_DEVICE_FAULT},
};

protocol::ErrorCode wire_code(driver::DriverErrorCode code) {
  for (const DriverRow& row : driver_codes) {
    if (row.driver == code) return row.wire;
  }
  return protocol::ERROR_CODE_DEVICE_LOST;
}

protocol::ErrorCode wire_code(pci::PciErrorCode code) {
  if (code == pci::PciErrorCode::no_host_memory) return protocol::ERROR_CODE_OUT_OF_MEMORY;
  if (code == pci::PciErrorCode::unsupported) return protocol::ERROR_CODE_UNSUPPORTED;
  return protocol::ERROR_CODE_DEVICE_LOST;
}

}  // namespace

protocol::Error make_error(protocol::ErrorCode code, const std::string& message) {
  protocol::Error error;
  error.set_code(code);
  error.set_message(printable(message));
  return error;
}

DaemonError::DaemonError(protocol::ErrorCode code, const std::string& message)
    : DaemonError(make_error(code, message)) {}

DaemonError invalid_argument(const std::string& message) {
  return DaemonError(protocol::ERROR_CODE_INVALID_ARGUMENT, message);
}

DaemonError not_found(const std::string& message) {
  return DaemonError(protocol::ERROR_CODE_NOT_FOUND, message);
}

DaemonError limit_exceeded(const std::string& message) {
  return DaemonError(protocol::ERROR_CODE_LIMIT_EXCEEDED, message);
}

DaemonError out_of_memory(const std::string& what, Bytes asked, Bytes free, Bytes largest_free,
                          const std::string& kept) {
  protocol::Error error = make_error(protocol::ERROR_CODE_OUT_OF_MEMORY,
                                     what + " needs " + std::to_string(asked.count()) + " bytes; " +
                                         std::to_string(free.count()) + " are free, at most " +
                                         std::to_string(largest_free.count()) + " in one piece" +
                                         (kept.empty() ? "" : "; in use: " + kept));
  error.mutable_shortage()->set_asked(asked.count());
  error.mutable_shortage()->set_free(free.count());
  error.mutable_shortage()->set_largest_free(largest_free.count());
  return DaemonError(std::move(error));
}

protocol::Error describe(std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const DaemonError& error) {
    return error.error();
  } catch (const driver::DriverError& error) {
    return make_error(wire_code(error.code()), error.what());
  } catch (const pci::PciError& error) {
    return make_error(wire_code(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return make_error(protocol::ERROR_CODE_OUT_OF_MEMORY, "redboltd has no memory left for this");
  } catch (const std::exception& error) {
    return make_error(protocol::ERROR_CODE_INTERNAL,
                      std::string("redboltd failed: ") + error.what());
  } catch (...) {
    return make_error(protocol::ERROR_CODE_INTERNAL, "redboltd failed for an unknown reason");
  }
}

}  // namespace redbolt::daemon
