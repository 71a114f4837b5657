#include "server/server.hpp"

#include <boost/asio/io_context.hpp>

#include "server/http/listener.hpp"
#include "server/routes.hpp"

namespace redbolt::llm::server {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> answer_preflight(const HttpRequest& request, Exchange& exchange,
                                       Headers headers) {
  const std::string methods =
      request.path == "*" ? "GET, HEAD, POST, OPTIONS" : allowed_methods(request.path);
  if (methods.empty()) find_route("OPTIONS", request.path);
  HttpResponse response;
  response.status = 204;
  response.content_type.clear();
  response.headers = std::move(headers);
  response.headers.emplace_back("Allow", methods);
  co_await exchange.respond(std::move(response));
}

// Adds headers to whatever is answered.
class WithHeaders final : public Exchange {
 public:
  WithHeaders(Exchange& inner, Headers headers) : inner_(inner), headers_(std::move(headers)) {}

  asio::awaitable<void> respond(HttpResponse response) override {
    return inner_.respond(with_headers(std::move(response)));
  }
  asio::awaitable<void> begin(HttpResponse head) override {
    return inner_.begin(with_headers(std::move(head)));
  }
  asio::awaitable<void> write(std::string_view piece) override { return inner_.write(piece); }
  asio::awaitable<void> end() override { return inner_.end(); }
  bool begun() const override { return inner_.begun(); }
  asio::awaitable<bool> wait_until(Clock::time_point deadline) override {
    return inner_.wait_until(deadline);
  }
  std::shared_ptr<Waker> waker() override { return inner_.waker(); }
  void remark(std::string words) override { inner_.remark(std::move(words)); }

 private:
  HttpResponse with_headers(HttpResponse response) const {
    response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
    return response;
  }

  Exchange& inner_;
  Headers headers_;
};

}  // namespace

struct Server::Parts {
  explicit Parts(ServerOptions options, ServedModels models)
      : access(std::move(options.access)),
        service{.models = std::move(models),
                .limits = options.limits,
                .version = std::move(options.version),
                .read_card = std::move(options.read_card),
                .page = std::move(options.page),
                .metrics = {},
                .speed = {}},
        shared(std::make_shared<ConnectionShared>(context)),
        listener(prepare_shared(options), options.host, options.port) {}

  std::shared_ptr<ConnectionShared> prepare_shared(ServerOptions& options) {
    shared->limits = options.limits;
    shared->handler = [this](const HttpRequest& request, Exchange& exchange) {
      return handle(request, exchange);
    };
    shared->write_error = [this](const HttpRequest* request, const ApiError& error) {
      return write_error(request, error);
    };
    shared->answered = [this](const HttpRequest* request, unsigned status, bool complete) {
      service.metrics.answered(route_label(request), status);
      if (!complete) service.metrics.hung_up();
    };
    shared->log = std::move(options.log);
    return shared;
  }

  asio::awaitable<void> handle(const HttpRequest& request, Exchange& exchange) {
    access.check_host(request);
    access.check_origin(request);
    const Headers headers = access.cors_headers(request);
    if (request.method == "OPTIONS") {
      co_await answer_preflight(request, exchange, headers);
      co_return;
    }
    const Route& route = find_route(request.method, request.path);
    if (!route.open) access.check_key(request);
    WithHeaders answering(exchange, headers);
    co_await route.handle(service, request, answering);
  }

  HttpResponse write_error(const HttpRequest* request, const ApiError& error) const {
    HttpResponse response = error_response(request, error);
    if (request == nullptr) return response;
    const Headers headers = access.cors_headers(*request);
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
    return response;
  }

  // The workers' jobs wake connections through the context: it goes last.
  asio::io_context context{1};
  Access access;
  Service service;
  std::shared_ptr<ConnectionShared> shared;
  Listener listener;
};

Server::Server(ServerOptions options, ServedModels models)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(models))) {}

Server::~Server() {
  parts_->service.workers.stop();
  parts_->service.workers.join();
}

std::uint16_t Server::port() const {
  return parts_->listener.port();
}

void Server::run() {
  parts_->listener.start();
  parts_->context.run();
}

void Server::stop() {
  asio::post(parts_->context, [parts = parts_.get()] { parts->listener.stop(); });
}

std::size_t Server::connections() const {
  return parts_->listener.connections();
}

}  // namespace redbolt::llm::server
