// Ollama's endpoints, as far as its clients need them to chat with what is served.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "server/http/exchange.hpp"
#include "server/service.hpp"

namespace redbolt::llm::server::ollama {

boost::asio::awaitable<void> version(Service& service, const HttpRequest& request,
                                     Exchange& exchange);
boost::asio::awaitable<void> tags(Service& service, const HttpRequest& request, Exchange& exchange);
// GET /api/ps
boost::asio::awaitable<void> running(Service& service, const HttpRequest& request,
                                     Exchange& exchange);
boost::asio::awaitable<void> show(Service& service, const HttpRequest& request, Exchange& exchange);
boost::asio::awaitable<void> chat(Service& service, const HttpRequest& request, Exchange& exchange);
boost::asio::awaitable<void> generate(Service& service, const HttpRequest& request,
                                      Exchange& exchange);

}  // namespace redbolt::llm::server::ollama
