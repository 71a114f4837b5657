// OpenAI's endpoints.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "server/http/exchange.hpp"
#include "server/service.hpp"

namespace redbolt::llm::server::openai {

boost::asio::awaitable<void> chat_completions(Service& service, const HttpRequest& request,
                                              Exchange& exchange);
boost::asio::awaitable<void> completions(Service& service, const HttpRequest& request,
                                         Exchange& exchange);
boost::asio::awaitable<void> list_models(Service& service, const HttpRequest& request,
                                         Exchange& exchange);
// The id is what follows /v1/models/ in the path.
boost::asio::awaitable<void> show_model(Service& service, const HttpRequest& request,
                                        Exchange& exchange);
boost::asio::awaitable<void> embeddings(Service& service, const HttpRequest& request,
                                        Exchange& exchange);

}  // namespace redbolt::llm::server::openai
