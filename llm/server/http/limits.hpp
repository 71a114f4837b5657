// How much of anything a client may ask of the server before it is refused.
#pragma once

#include <chrono>
#include <cstddef>

namespace redbolt::llm::server {

struct Limits {
  std::size_t connections = 256;                   // open at once; further ones get 503
  std::size_t header_bytes = 16 * 1024;            // request line and headers: 431
  std::size_t body_bytes = 16 << 20;               // one body: 413
  std::size_t bodies_bytes = 128 << 20;            // all bodies being received at once: 503
  std::size_t json_depth = 64;                     // nesting of a body: 400
  std::size_t json_values = 500'000;               // values in a body: 400
  std::size_t json_members = 2048;                 // names in one of its objects: 400
  std::size_t answers = 16;                        // "n" of a request
  std::size_t prompts = 64;                        // of a request for completions, times "n"
  std::size_t unread_tokens = 4096;                // that a slow reader has not taken: disconnected
  std::chrono::milliseconds header_time{10'000};   // from the first byte to the end of the headers
  std::chrono::milliseconds body_time{60'000};     // from there to the end of the body: 408
  std::chrono::milliseconds idle_time{75'000};     // a connection kept alive, without a request
  std::chrono::milliseconds write_time{30'000};    // until a client has taken what is written
  std::chrono::milliseconds ping_interval{5'000};  // comments while a stream has nothing to say
  // When the server stops, what is under way may end in this time; what does not is told so, and
  // has this much longer to take it.
  std::chrono::milliseconds stop_time{2'500};
  std::chrono::milliseconds last_word_time{500};
};

}  // namespace redbolt::llm::server
