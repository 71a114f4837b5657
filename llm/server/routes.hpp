// Which request goes where.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>

#include "server/api_error.hpp"
#include "server/http/exchange.hpp"
#include "server/service.hpp"

namespace redbolt::llm::server {

struct Route {
  std::string_view method;
  std::string_view path;  // one that ends in "/" and is longer than that takes what follows too
  bool open = false;      // needs no key
  boost::asio::awaitable<void> (*handle)(Service&, const HttpRequest&, Exchange&) = nullptr;
};

// HEAD goes where GET does. Throws ApiError (404, 405).
const Route& find_route(std::string_view method, std::string_view path);

// The methods of a path, "GET, HEAD, OPTIONS"; empty: there is no such path.
std::string allowed_methods(std::string_view path);

// For counting: the route's path, or a word for what is none.
std::string route_label(const HttpRequest* request);

// In the form of the API that the path belongs to.
HttpResponse error_response(const HttpRequest* request, const ApiError& error);

}  // namespace redbolt::llm::server
