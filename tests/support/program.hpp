// Runs Redbolt's programs as a user does and keeps what they printed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace redbolt::test {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string output;
  std::string errors;
};

// <build>/bin/NAME. Where the variable REDBOLT_TEST_CARD names a folder, redboltd and
// redbolt-emulator are those in it: an emulated card under ThreadSanitizer is some fifty times
// slower, so what uses the card is checked against one of another build.
std::filesystem::path program_path(const std::string& name);

// Starts a program with standard output and error going to the files named; it dies with the test.
pid_t start_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& input, const std::filesystem::path& output,
                    const std::filesystem::path& errors);

// Runs <build>/bin/NAME to its end, or kills it after `limit`.
ProgramResult run_program(const std::string& name, const std::vector<std::string>& arguments,
                          const std::string& input = "",
                          std::chrono::seconds limit = std::chrono::seconds(240));

std::string read_file(const std::filesystem::path& path);

}  // namespace redbolt::test
