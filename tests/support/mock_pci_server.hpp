// A server of the remote-PCI protocol that a test scripts: a card of plain memory behind one end of
// a socket pair, on a thread of its own. Written apart from the client and from the emulator's
// server, from the same description of the protocol.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::test {

class MockPciServer {
 public:
  struct Message {
    std::uint8_t command = 0;
    std::uint32_t device = 0;
    std::uint32_t target = 0;
    std::array<std::uint64_t, 3> arguments{};
    std::vector<std::byte> payload;
  };
  // What is sent back instead of the right answer, and a descriptor to go with it. An empty answer
  // closes the connection.
  struct Answer {
    std::vector<std::byte> bytes;
    std::vector<int> descriptors;
  };

  MockPciServer();
  ~MockPciServer();  // hangs up

  // The client's end.
  FileDescriptor client_end() { return std::move(client_); }
  void hang_up();
  // How often anything arrived to be read, since the beginning: batches, as far as one can tell.
  std::vector<Message> messages() const;
  // Waits until so many messages have come; false after ten seconds.
  bool wait_for_messages(std::size_t count) const;

  std::vector<std::byte>& bar(unsigned index) { return bars_[index]; }
  std::array<std::byte, 4096>& config() { return config_; }
  // Before the first message: answers requests of a command in the test's own way.
  void answer(std::uint8_t command, std::function<Answer(const Message&)> how) {
    answers_[command] = std::move(how);
  }
  static std::vector<std::byte> reply(std::uint8_t status, std::uint64_t first = 0,
                                      std::uint64_t second = 0, const std::string& data = "");

 private:
  void serve();
  bool receive(void* into, std::size_t size);
  void send(const Answer& answer);
  Answer right_answer(const Message& message);
  Answer lend_file(std::uint64_t size);

  FileDescriptor client_;
  FileDescriptor server_;
  std::map<unsigned, std::vector<std::byte>> bars_;
  std::array<std::byte, 4096> config_{};
  std::vector<std::vector<std::byte>> lent_;  // by handle
  std::map<std::uint8_t, std::function<Answer(const Message&)>> answers_;
  mutable std::mutex mutex_;
  std::vector<Message> messages_;
  std::vector<FileDescriptor> files_;
  std::thread thread_;
};

}  // namespace redbolt::test
