#include "main/system/service_install.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "main/system/program_path.hpp"
#include "main/system/service_files.hpp"
#include "redbolt/protocol/socket_io.hpp"

extern char** environ;

namespace redbolt::daemon {
namespace {

namespace fs = std::filesystem;
using Command = std::vector<std::string>;

fs::path folder_named(const Environment& environment, const char* variable,
                      const char* below_home) {
  const char* folder = environment(variable);
  if (folder != nullptr && *folder == '/') return folder;
  const char* home = environment("HOME");
  if (home == nullptr || *home == '\0')
    throw ServiceInstallError("$HOME is not set, so there is no place for the service's files");
  return fs::path(home) / below_home;
}

// How a service manager is told. The commands are for this user.
struct Manager {
  ServiceManager kind;
  const char* name;
  fs::path (*folder)(const Environment&);
  std::vector<ServiceFile> (*files)(const ServiceSettings&);
  std::vector<Command> (*after_install)(const std::vector<ServiceFile>&);
  std::vector<Command> (*before_removal)(const std::vector<ServiceFile>&);
  std::vector<Command> (*after_removal)(const std::vector<ServiceFile>&);
  const char* start;  // what the user types to start it now
};

std::string launchd_domain() {
  return "gui/" + std::to_string(::getuid());
}

const Manager managers[] = {
    {ServiceManager::systemd, "systemd",
     [](const Environment& e) {
       return folder_named(e, "XDG_CONFIG_HOME", ".config") / "systemd/user";
     },
     systemd_files,
     [](const std::vector<ServiceFile>&) {
       return std::vector<Command>{
           {"systemctl", "--user", "daemon-reload"},
           {"systemctl", "--user", "enable", "redboltd.socket", "redboltd.service"}};
     },
     [](const std::vector<ServiceFile>&) {
       return std::vector<Command>{
           {"systemctl", "--user", "disable", "--now", "redboltd.socket", "redboltd.service"}};
     },
     [](const std::vector<ServiceFile>&) {
       return std::vector<Command>{{"systemctl", "--user", "daemon-reload"}};
     },
     "systemctl --user start redboltd"},
    {ServiceManager::launchd, "launchd",
     [](const Environment& e) { return folder_named(e, "", "Library/LaunchAgents"); },
     launchd_files,
     [](const std::vector<ServiceFile>& files) {
       return std::vector<Command>{
           {"launchctl", "bootstrap", launchd_domain(), files.front().path.string()}};
     },
     [](const std::vector<ServiceFile>&) {
       return std::vector<Command>{
           {"launchctl", "bootout", launchd_domain() + "/redbolt.redboltd"}};
     },
     [](const std::vector<ServiceFile>&) { return std::vector<Command>{}; },
     "launchctl kickstart gui/$(id -u)/redbolt.redboltd"},
};

const Manager& find_manager(ServiceManager kind) {
  for (const Manager& manager : managers)
    if (manager.kind == kind) return manager;
  return managers[0];
}

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool exists(const ServiceFile& file) {
  std::error_code ignored;
  return fs::symlink_status(file.path, ignored).type() != fs::file_type::not_found;
}

void refuse_foreign(const ServiceFile& file) {
  if (!exists(file) || read_file(file.path).find(service_file_mark) != std::string::npos) return;
  throw ServiceInstallError(file.path.string() +
                            " is there and was not written by redboltd; it is left alone. Move it "
                            "away first");
}

// Whole or not at all.
void write_file(const ServiceFile& file) {
  const fs::path fresh = file.path.string() + ".new";
  std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
  stream << file.content;
  stream.close();
  if (!stream) throw ServiceInstallError(fresh.string() + " cannot be written");
  fs::rename(fresh, file.path);
}

bool run(const Command& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t child = -1;
  if (::posix_spawnp(&child, words[0], nullptr, nullptr, words.data(), environ) != 0) return false;
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string text_of(const Command& command) {
  std::string text;
  for (const std::string& word : command) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Stops at the first that fails and says which are left.
bool run_all(const std::vector<Command>& commands, const char* manager, std::FILE* output) {
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (run(commands[i])) continue;
    std::fprintf(output, "%s could not be told (does it run for this user?); when it does:\n",
                 manager);
    for (; i < commands.size(); ++i) std::fprintf(output, "  %s\n", text_of(commands[i]).c_str());
    return false;
  }
  return true;
}

// The flags that make this daemon what it is, for the service to run with.
std::vector<std::string> service_arguments(const Options& options) {
  std::vector<std::string> arguments{"--device", options.device};
  for (const auto& folder : options.firmware)
    arguments.insert(arguments.end(), {"--firmware", fs::absolute(folder).string()});
  if (options.arena.count() != 0)
    arguments.insert(arguments.end(), {"--arena", std::to_string(options.arena.count())});
  if (options.hang_timeout)
    arguments.insert(arguments.end(),
                     {"--hang-timeout", std::to_string(options.hang_timeout->count() / 1000)});
  if (!options.log.empty()) arguments.insert(arguments.end(), {"--log", options.log});
  return arguments;
}

ServiceSettings settings_of(const Options& options, const Manager& manager,
                            const Environment& environment) {
  ServiceSettings settings;
  settings.program = program_path();
  settings.arguments = service_arguments(options);
  settings.folder = manager.folder(environment);
  const bool usual = options.socket == protocol::default_socket_path();
  // systemd names the user's runtime folder itself; launchd wants a path.
  if (!usual || manager.kind == ServiceManager::launchd)
    settings.socket = fs::absolute(options.socket);
  if (const char* home = environment("HOME"); home != nullptr)
    settings.log = fs::path(home) / "Library/Logs/redboltd.log";
  return settings;
}

void install(const std::vector<ServiceFile>& files, const Manager& manager, std::FILE* output) {
  for (const ServiceFile& file : files) refuse_foreign(file);
  for (const ServiceFile& file : files) {
    const bool is_there = exists(file);
    const bool same = is_there && read_file(file.path) == file.content;
    if (!same) {
      fs::create_directories(file.path.parent_path());
      write_file(file);
    }
    std::fprintf(output, "%s %s\n",
                 same       ? "unchanged"
                 : is_there ? "rewritten"
                            : "written",
                 file.path.c_str());
  }
  if (run_all(manager.after_install(files), manager.name, output))
    std::fprintf(output,
                 "redboltd starts at login, and when a program connects. To start it now:\n"
                 "  %s\n",
                 manager.start);
}

void uninstall(const std::vector<ServiceFile>& files, const Manager& manager, std::FILE* output) {
  bool any = false;
  for (const ServiceFile& file : files) {
    refuse_foreign(file);
    any = any || exists(file);
  }
  if (!any) {
    std::fprintf(output, "nothing is installed for %s\n", manager.name);
    return;
  }
  run_all(manager.before_removal(files), manager.name, output);
  for (const ServiceFile& file : files)
    if (fs::remove(file.path)) std::fprintf(output, "removed %s\n", file.path.c_str());
  run_all(manager.after_removal(files), manager.name, output);
}

}  // namespace

void change_service(const Options& options, const Environment& environment, std::FILE* output) {
  const Manager& manager = find_manager(options.service_manager);
  const auto files = manager.files(settings_of(options, manager, environment));
  if (options.print) {
    for (const ServiceFile& file : files)
      std::fprintf(output, "# %s\n%s\n", file.path.c_str(), file.content.c_str());
  } else if (options.service == ServiceChange::install) {
    install(files, manager, output);
  } else {
    uninstall(files, manager, output);
  }
}

}  // namespace redbolt::daemon
