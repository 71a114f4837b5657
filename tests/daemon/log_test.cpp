#include "log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::daemon {
namespace {

using testing::HasSubstr;

// What is written, with these levels and this style.
class LogTest : public testing::Test {
 protected:
  LogTest() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
    reader_ = FileDescriptor(ends[0]);
    writer_ = FileDescriptor(ends[1]);
  }
  Log log(const char* levels, LogStyle style = LogStyle::plain) {
    LogLevels parsed;
    if (*levels != '\0') parsed.apply(levels);
    return Log(parsed, style, writer_.get());
  }
  std::string written() {
    writer_ = FileDescriptor();
    std::string text(4096, '\0');
    const auto size = ::read(reader_.get(), text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  FileDescriptor reader_, writer_;
};

TEST_F(LogTest, SaysInfoAndWorseUnlessToldOtherwise) {
  const Log log = this->log("");
  log.info(LogPart::boot, "  connect");
  log.debug(LogPart::lease, "given");
  log.warning(LogPart::device, "hung");
  EXPECT_EQ(written(), "redboltd:   connect\nredboltd: hung\n");
}

TEST_F(LogTest, ALevelPerPart) {
  const Log log = this->log("error,lease=debug,boot=off");
  log.info(LogPart::service, "no");
  log.error(LogPart::boot, "no");
  log.error(LogPart::service, "yes");
  log.debug(LogPart::lease, "given");
  EXPECT_EQ(written(), "redboltd: yes\nredboltd: lease: given\n");
}

TEST_F(LogTest, LaterWordsWin) {
  const Log log = this->log("lease=debug,warning");
  EXPECT_FALSE(log.wants(LogPart::lease, LogLevel::info));
  EXPECT_TRUE(log.wants(LogPart::lease, LogLevel::warning));
}

TEST_F(LogTest, TheJournalGetsPrioritiesForEachLine) {
  const Log log = this->log("debug", LogStyle::journal);
  log.error(LogPart::device, "one\ntwo");
  log.warning(LogPart::device, "w");
  log.info(LogPart::device, "i");
  log.debug(LogPart::memory, "d");
  EXPECT_EQ(written(), "<3>one\n<3>two\n<4>w\n<6>i\n<7>memory: d\n");
}

TEST(LogLevelsTest, WhatDoesNotExistIsNamed) {
  LogLevels levels;
  for (const char* text : {"loud", "lease=loud", "toaster=debug", "", "info,", "=debug"}) {
    try {
      levels.apply(text);
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), testing::AnyOf(HasSubstr("warning"), HasSubstr("submission")));
    }
  }
}

TEST(LogStyleTest, IsForTheJournalOnlyWhereStandardErrorGoesThere) {
  struct stat status {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const std::string right = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  const std::string wrong = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino + 1);
  EXPECT_EQ(style_of_standard_error(right.c_str()), LogStyle::journal);
  EXPECT_EQ(style_of_standard_error(wrong.c_str()), LogStyle::plain);
  EXPECT_EQ(style_of_standard_error("rubbish"), LogStyle::plain);
  EXPECT_EQ(style_of_standard_error(nullptr), LogStyle::plain);
}

}  // namespace
}  // namespace redbolt::daemon
