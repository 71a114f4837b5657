#include "main/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace redbolt::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

Options parse(std::vector<const char*> arguments, const Variables& variables = {}) {
  return parse_options(arguments, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

std::string problem_of(std::vector<const char*> arguments, const Variables& variables = {}) {
  try {
    parse(std::move(arguments), variables);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Options, ReadsFlagsInBothForms) {
  const Options options = parse({"--device", "emulated:vram=1G", "--socket=/a/b.sock", "--firmware",
                                 "/f", "--firmware=/g", "--arena", "8G", "--hang-timeout", "7",
                                 "--ready-fd", "5", "--exit-with-fd=6", "--quiet"});
  EXPECT_EQ(options.device, "emulated:vram=1G");
  EXPECT_EQ(options.socket, "/a/b.sock");
  EXPECT_THAT(options.firmware, ElementsAre("/f", "/g"));
  EXPECT_EQ(options.arena.count(), std::uint64_t{8} << 30);
  EXPECT_EQ(options.hang_timeout, std::chrono::seconds(7));
  EXPECT_EQ(options.ready_fd, 5);
  EXPECT_EQ(options.exit_with_fd, 6);
  EXPECT_TRUE(options.quiet);
}

TEST(Options, TakesTheEnvironmentWhereNoFlagIsGiven) {
  const Variables variables{{"REDBOLT_DEVICE", "emulated"}, {"REDBOLT_SOCKET", "/e.sock"},
                            {"REDBOLT_FIRMWARE", "/a:/b"},  {"REDBOLT_ARENA", "64M"},
                            {"REDBOLT_HANG_TIMEOUT", "9"},  {"REDBOLT_READY_FD", "3"},
                            {"REDBOLT_EXIT_WITH_FD", "4"},  {"REDBOLT_QUIET", "1"}};
  Options options = parse({}, variables);
  EXPECT_EQ(options.device, "emulated");
  EXPECT_EQ(options.socket, "/e.sock");
  EXPECT_THAT(options.firmware, ElementsAre("/a", "/b"));
  EXPECT_EQ(options.arena.count(), std::uint64_t{64} << 20);
  EXPECT_EQ(options.ready_fd, 3);
  EXPECT_TRUE(options.quiet);
  options =
      parse({"--socket", "/f.sock", "--firmware", "/c", "--device=emulated:seed=2"}, variables);
  EXPECT_EQ(options.socket, "/f.sock");
  EXPECT_EQ(options.device, "emulated:seed=2");
  EXPECT_THAT(options.firmware, ElementsAre("/c"));
}

TEST(Options, AFolderMayHaveAColonInItsName) {
  EXPECT_THAT(parse({"--device=emulated", "--firmware", "/a:b"}).firmware, ElementsAre("/a:b"));
}

TEST(Options, HelpIsGivenWhateverTheEnvironmentSays) {
  const Variables broken{{"REDBOLT_ARENA", "x"}, {"REDBOLT_QUIET", "perhaps"}};
  EXPECT_TRUE(parse({"--help"}, broken).help);
  EXPECT_TRUE(parse({"--version"}, broken).version);
  EXPECT_THAT(problem_of({"--device=emulated"}, broken), HasSubstr("REDBOLT_ARENA"));
}

TEST(Options, SaysWhatIsWrong) {
  EXPECT_THAT(problem_of({}), HasSubstr("--device emulated"));
  EXPECT_THAT(problem_of({"--device"}), HasSubstr("--device wants SPEC"));
  EXPECT_THAT(problem_of({"--nonsense"}), HasSubstr("--nonsense"));
  EXPECT_THAT(problem_of({"emulated"}), HasSubstr("emulated"));
  EXPECT_THAT(problem_of({"--quiet=1"}), HasSubstr("--quiet"));
  EXPECT_THAT(problem_of({"--arena", "12Q"}), HasSubstr("--arena"));
  EXPECT_THAT(problem_of({"--arena", ""}), HasSubstr("--arena"));
  EXPECT_THAT(problem_of({"--arena", "0"}), HasSubstr("--arena"));
  EXPECT_THAT(problem_of({"--arena", "100"}), HasSubstr("at least 4K"));
  EXPECT_THAT(problem_of({"--arena", "99999999999G"}), HasSubstr("--arena"));
  EXPECT_THAT(problem_of({"--ready-fd", "-1"}), HasSubstr("--ready-fd"));
  EXPECT_THAT(problem_of({"--ready-fd", "4294967296"}), HasSubstr("--ready-fd"));
  EXPECT_THAT(problem_of({"--hang-timeout", "0"}), HasSubstr("--hang-timeout"));
  EXPECT_THAT(problem_of({}, {{"REDBOLT_ARENA", "x"}}), HasSubstr("REDBOLT_ARENA"));
}

TEST(Options, LogLevelsAddUpAndAreCheckedAtOnce) {
  EXPECT_EQ(parse({"--device=emulated", "--log", "lease=debug", "--log=boot=off"},
                  {{"REDBOLT_LOG", "warning"}})
                .log,
            "warning,lease=debug,boot=off");
  EXPECT_THAT(problem_of({"--device=emulated", "--log", "loud"}), HasSubstr("--log"));
  EXPECT_THAT(problem_of({"--device=emulated", "--log", "toaster=info"}), HasSubstr("submission"));
}

TEST(Options, AServiceIsInstalledForADevice) {
  EXPECT_EQ(parse({"--uninstall-service"}).service, ServiceChange::uninstall);
  EXPECT_EQ(parse({"--install-service", "--device=emulated"}).service, ServiceChange::install);
  EXPECT_THAT(problem_of({"--install-service"}), HasSubstr("--device"));
  EXPECT_THAT(problem_of({"--print", "--device=emulated"}), HasSubstr("--install-service"));
}

TEST(Options, HelpNamesEveryFlagAndVariable) {
  const std::string help = help_text();
  for (const char* word : {"--device",
                           "--socket",
                           "--firmware",
                           "--arena",
                           "--hang-timeout",
                           "--ready-fd",
                           "--exit-with-fd",
                           "--quiet",
                           "--help",
                           "--version",
                           "REDBOLT_DEVICE",
                           "REDBOLT_SOCKET",
                           "REDBOLT_FIRMWARE",
                           "REDBOLT_ARENA",
                           "REDBOLT_HANG_TIMEOUT",
                           "REDBOLT_READY_FD",
                           "REDBOLT_EXIT_WITH_FD",
                           "REDBOLT_QUIET",
                           "--log",
                           "REDBOLT_LOG",
                           "--install-service",
                           "--uninstall-service",
                           "--print"}) {
    EXPECT_THAT(help, HasSubstr(word));
  }
  EXPECT_TRUE(parse({"--help"}).help);
  EXPECT_TRUE(parse({"--version"}).version);
}

}  // namespace
}  // namespace redbolt::daemon
