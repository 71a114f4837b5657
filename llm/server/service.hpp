// What every handler may need: the models, the limits, who works beside the server's thread, and
// what has been counted.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/http/exchange.hpp"
#include "server/http/limits.hpp"
#include "server/metrics.hpp"
#include "server/models/served_model.hpp"

namespace redbolt::llm::server {

// Of the card, by its daemon; for people to look at.
struct CardReading {
  std::string device = {};
  bool emulated = false;
  std::uint64_t arena_bytes = 0, arena_free_bytes = 0, vram_bytes = 0;
  std::optional<double> temperature_celsius = {};
};

struct WebPage {
  std::string_view html = {};
  std::string_view security_policy = {};
};

struct Service {
  ServedModels models;
  Limits limits;
  std::string version;
  // Asks the daemon: may take a moment, or fail and return nothing. Not on the server's thread.
  std::function<std::optional<CardReading>()> read_card;
  std::function<WebPage()> page;  // empty: none is served
  Metrics metrics;
  SpeedGauge speed;
  boost::asio::thread_pool workers{2};
};

// Runs `job` on a worker while the server's thread goes on. What it throws is thrown here. It may
// still run when the client has hung up, so it owns, or shares, all that it uses.
template <class T>
boost::asio::awaitable<T> run_aside(Service& service, Exchange& exchange, std::function<T()> job) {
  struct State {
    std::mutex mutex;
    std::optional<T> result;
    std::exception_ptr failure;
  };
  const auto state = std::make_shared<State>();
  boost::asio::post(service.workers,
                    [state, job = std::move(job), waker = exchange.waker()]() mutable {
                      std::optional<T> result;
                      std::exception_ptr failure;
                      try {
                        result.emplace(job());
                      } catch (...) {
                        failure = std::current_exception();
                      }
                      job = nullptr;
                      {
                        const std::lock_guard lock(state->mutex);
                        state->result = std::move(result);
                        state->failure = std::move(failure);
                      }
                      waker->wake();
                    });
  for (;;) {
    {
      const std::lock_guard lock(state->mutex);
      // Taken out, so that the worker has no hand in the end of what this thread now handles.
      if (state->failure) std::rethrow_exception(std::exchange(state->failure, nullptr));
      if (state->result) co_return std::move(*state->result);
    }
    co_await exchange.wait_until(Clock::time_point::max());
  }
}

}  // namespace redbolt::llm::server
