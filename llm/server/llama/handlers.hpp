// Endpoints that are no API's but llama-server's and every operator's: health, metrics, slots,
// tokens.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "server/http/exchange.hpp"
#include "server/service.hpp"

namespace redbolt::llm::server::llama {

boost::asio::awaitable<void> health(Service& service, const HttpRequest& request,
                                    Exchange& exchange);
boost::asio::awaitable<void> metrics(Service& service, const HttpRequest& request,
                                     Exchange& exchange);
boost::asio::awaitable<void> slots(Service& service, const HttpRequest& request,
                                   Exchange& exchange);
// What the web page's strip shows.
boost::asio::awaitable<void> status(Service& service, const HttpRequest& request,
                                    Exchange& exchange);
boost::asio::awaitable<void> tokenize(Service& service, const HttpRequest& request,
                                      Exchange& exchange);
boost::asio::awaitable<void> detokenize(Service& service, const HttpRequest& request,
                                        Exchange& exchange);

}  // namespace redbolt::llm::server::llama
