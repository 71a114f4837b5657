#include "server/page_handler.hpp"

namespace redbolt::llm::server {

boost::asio::awaitable<void> serve_page(Service& service, const HttpRequest&, Exchange& exchange) {
  HttpResponse response;
  if (!service.page) {
    response.content_type = "text/plain; charset=utf-8";
    response.body =
        "redbolt-llm serve " + service.version + " is running. --ui serves a web page here.\n";
    co_await exchange.respond(std::move(response));
    co_return;
  }
  const WebPage page = service.page();
  response.content_type = "text/html; charset=utf-8";
  response.body = page.html;
  response.headers = {{"Content-Security-Policy", std::string(page.security_policy)},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"}};
  co_await exchange.respond(std::move(response));
}

}  // namespace redbolt::llm::server
