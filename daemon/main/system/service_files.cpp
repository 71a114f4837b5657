#include "main/system/service_files.hpp"

#include <string_view>

namespace redbolt::daemon {
namespace {

struct Replacement {
  char of;
  std::string_view by;
};

template <std::size_t count>
std::string replaced(std::string_view text, const Replacement (&table)[count]) {
  std::string result;
  for (const char c : text) {
    std::string_view by(&c, 1);
    for (const Replacement& entry : table)
      if (entry.of == c) by = entry.by;
    result += by;
  }
  return result;
}

// systemd.service(5), "Command lines", and systemd.unit(5), "Specifiers".
constexpr Replacement in_command[] = {
    {'"', "\\\""}, {'\\', "\\\\"}, {'$', "$$"}, {'%', "%%"}, {'\n', "\\n"}};
constexpr Replacement in_value[] = {{'%', "%%"}, {'\n', " "}};
constexpr Replacement in_xml[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}};

std::string quoted(const std::string& word) {
  std::string text = "\"";
  text += replaced(word, in_command);
  text += '"';
  return text;
}

std::string command_line(const ServiceSettings& settings) {
  std::string line = quoted(settings.program.string());
  for (const std::string& argument : settings.arguments) line += ' ' + quoted(argument);
  return line;
}

std::string service_unit(const ServiceSettings& settings) {
  return std::string("# ") + service_file_mark + R"(: gone with --uninstall-service.
[Unit]
Description=Redbolt: the card for this user's programs
Documentation=man:redboltd(1)
Requires=redboltd.socket
After=redboltd.socket

[Service]
Type=notify
NotifyAccess=main
ExecStart=)" +
         command_line(settings) + R"(
Restart=on-failure
RestartSec=2
# 2: the command line is wrong, and stays so.
RestartPreventExitStatus=2
# A cold boot takes seconds; READY comes after it.
TimeoutStartSec=300
TimeoutStopSec=10
WatchdogSec=60
# What a user's service can shut off without privileges. It needs: Unix and TCP sockets, memory
# files, the card.
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077

[Install]
WantedBy=default.target
Also=redboltd.socket
)";
}

std::string socket_unit(const ServiceSettings& settings) {
  const std::string path = settings.socket.empty() ? "%t/redbolt/redboltd.sock"
                                                   : replaced(settings.socket.string(), in_value);
  return std::string("# ") + service_file_mark + R"(: gone with --uninstall-service.
[Unit]
Description=Redbolt's socket
Documentation=man:redboltd(1)

[Socket]
ListenStream=)" +
         path + R"(
SocketMode=0600
DirectoryMode=0700
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
)";
}

std::string xml(std::string_view text) {
  return "<string>" + replaced(text, in_xml) + "</string>";
}

}  // namespace

std::vector<ServiceFile> systemd_files(const ServiceSettings& settings) {
  return {{settings.folder / "redboltd.service", service_unit(settings)},
          {settings.folder / "redboltd.socket", socket_unit(settings)}};
}

std::vector<ServiceFile> launchd_files(const ServiceSettings& settings) {
  std::string words = "    " + xml(settings.program.string()) + "\n";
  for (const std::string& argument : settings.arguments) words += "    " + xml(argument) + "\n";
  const std::string content =
      R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- )" +
      std::string(service_file_mark) + R"(. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>redbolt.redboltd</string>
  <key>ProgramArguments</key>
  <array>
)" + words +
      R"(  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>2</integer>
  <key>ExitTimeOut</key>
  <integer>10</integer>
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>Umask</key>
  <integer>63</integer>
  <key>Sockets</key>
  <dict>
    <key>Listeners</key>
    <dict>
      <key>SockType</key>
      <string>stream</string>
      <key>SockPathName</key>
      )" +
      xml(settings.socket.string()) +
      R"(
      <key>SockPathMode</key>
      <integer>384</integer>
    </dict>
  </dict>
  <key>StandardErrorPath</key>
  )" + xml(settings.log.string()) +
      R"(
</dict>
</plist>
)";
  return {{settings.folder / "redbolt.redboltd.plist", content}};
}

}  // namespace redbolt::daemon
