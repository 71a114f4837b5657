// GET /: the web page, if the server has one.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "server/http/exchange.hpp"
#include "server/service.hpp"

namespace redbolt::llm::server {

boost::asio::awaitable<void> serve_page(Service& service, const HttpRequest& request,
                                        Exchange& exchange);

}  // namespace redbolt::llm::server
