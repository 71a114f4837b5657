// redboltd --install-service and --uninstall-service: writes or removes the service's files for
// this user and tells the service manager.
#pragma once

#include <cstdio>
#include <stdexcept>

#include "main/options.hpp"
#include "main/system/notifier.hpp"

namespace redbolt::daemon {

class ServiceInstallError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Does what options.service says; with options.print, shows the files and does nothing. Says on
// `output` what was done and what is left to do. Doing it twice is the same as doing it once.
// Throws ServiceInstallError, having changed nothing, where a file of that name is somebody else's,
// and std::filesystem::filesystem_error.
void change_service(const Options& options, const Environment& environment, std::FILE* output);

}  // namespace redbolt::daemon
