#include "crowd.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace redbolt::test {
namespace {

const std::string kText = "one two three four five six seven eight nine ten eleven twelve";

enum class Kind { reader, slow, hang_up, reset, nonsense };

Kind kind_of(int client) {
  constexpr Kind kinds[] = {Kind::reader, Kind::slow,   Kind::hang_up,  Kind::reader,
                            Kind::reset,  Kind::reader, Kind::nonsense, Kind::reader,
                            Kind::slow,   Kind::reader};
  return kinds[client % 10];
}

std::string content_of(const std::string& stream) {
  std::string text;
  for (const std::string& data : events_of(stream).data) {
    if (data == "[DONE]") return text;
    text += Json::parse(data).at("choices").at(0).at("delta").value("content", "");
  }
  return text + " without an end";
}

void read_to_the_end(HttpClient& client, bool slowly) {
  EXPECT_EQ(client.head().status, 200U);
  std::string stream;
  while (const auto piece = client.chunk()) {
    stream += *piece;
    if (slowly) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(content_of(stream), kText);
}

void be_a_client(std::uint16_t port, Kind kind) {
  HttpClient client(port);
  if (kind == Kind::nonsense) {
    client.send(post("/v1/chat/completions", "{\"messages\": nonsense"));
    EXPECT_EQ(client.reply().status, 400U);
    return;
  }
  if (kind == Kind::slow) client.shrink_receive_buffer();
  client.send(post("/v1/chat/completions", question("Count", {{"stream", true}}).dump()));
  if (kind == Kind::reader || kind == Kind::slow) {
    read_to_the_end(client, kind == Kind::slow);
    return;
  }
  client.head();
  client.chunk();
  kind == Kind::reset ? client.reset() : client.hang_up();
}

}  // namespace

FakeAnswer crowd_answer() {
  FakeAnswer answer = says(kText);
  answer.pace = std::chrono::milliseconds(1);
  return answer;
}

void meet_a_crowd(TestServer& server, std::uint64_t before) {
  std::vector<std::thread> clients;
  for (int i = 0; i < kCrowd; ++i) {
    clients.emplace_back([&, i] { be_a_client(server.port(), kind_of(i)); });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(server.engine().wait_for_ends(before + kCrowdAsks));
  EXPECT_TRUE(eventually([&] { return server.server().connections() == 0; }));
}

}  // namespace redbolt::test
