// The files that make redboltd start at login: systemd user units, or a launchd agent. Text only;
// service_install.hpp puts them where they belong.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace redbolt::daemon {

struct ServiceFile {
  std::filesystem::path path;
  std::string content;
};

struct ServiceSettings {
  std::filesystem::path program;       // this redboltd, absolute
  std::vector<std::string> arguments;  // after the program's name
  std::filesystem::path socket;        // where clients connect; empty: the usual place
  std::filesystem::path folder;        // for the files
  std::filesystem::path log;           // launchd: standard error
};

// In the first lines of every file made here; a file without it is somebody else's.
inline constexpr const char* service_file_mark = "Written by redboltd's install-service";

// redboltd.service and redboltd.socket.
std::vector<ServiceFile> systemd_files(const ServiceSettings& settings);

// redbolt.redboltd.plist.
std::vector<ServiceFile> launchd_files(const ServiceSettings& settings);

}  // namespace redbolt::daemon
