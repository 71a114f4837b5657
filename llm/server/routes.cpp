#include "server/routes.hpp"

#include <algorithm>

#include "server/llama/handlers.hpp"
#include "server/ollama/errors.hpp"
#include "server/ollama/handlers.hpp"
#include "server/openai/errors.hpp"
#include "server/openai/handlers.hpp"
#include "server/page_handler.hpp"

namespace redbolt::llm::server {
namespace {

constexpr bool kOpen = true;

constexpr Route kRoutes[] = {
    {"GET", "/", kOpen, serve_page},
    {"GET", "/health", kOpen, llama::health},
    {"GET", "/v1/health", kOpen, llama::health},
    {"GET", "/metrics", false, llama::metrics},
    {"GET", "/slots", false, llama::slots},
    {"GET", "/status", false, llama::status},
    {"POST", "/tokenize", false, llama::tokenize},
    {"POST", "/detokenize", false, llama::detokenize},
    {"POST", "/v1/chat/completions", false, openai::chat_completions},
    {"POST", "/chat/completions", false, openai::chat_completions},
    {"POST", "/v1/completions", false, openai::completions},
    {"POST", "/v1/embeddings", false, openai::embeddings},
    {"GET", "/v1/models", false, openai::list_models},
    {"GET", "/v1/models/", false, openai::show_model},
    {"GET", "/models", false, openai::list_models},
    {"GET", "/api/version", kOpen, ollama::version},
    {"GET", "/api/tags", false, ollama::tags},
    {"GET", "/api/ps", false, ollama::running},
    {"POST", "/api/show", false, ollama::show},
    {"POST", "/api/chat", false, ollama::chat},
    {"POST", "/api/generate", false, ollama::generate},
    {"POST", "/api/embed", false, openai::embeddings},
    {"POST", "/api/embeddings", false, openai::embeddings},
};

bool matches(const Route& route, std::string_view path) {
  if (route.path == path) return true;
  const bool prefix = route.path.size() > 1 && route.path.ends_with('/');
  return prefix && path.size() > route.path.size() && path.starts_with(route.path);
}

}  // namespace

std::string allowed_methods(std::string_view path) {
  std::string methods;
  for (const Route& route : kRoutes) {
    if (!matches(route, path)) continue;
    methods += std::string(route.method) + ", ";
    if (route.method == "GET") methods += "HEAD, ";
  }
  return methods.empty() ? methods : methods + "OPTIONS";
}

const Route& find_route(std::string_view method, std::string_view path) {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  const auto* const found = std::ranges::find_if(
      kRoutes, [&](const Route& route) { return route.method == wanted && matches(route, path); });
  if (found != std::end(kRoutes)) return *found;
  const std::string methods = allowed_methods(path);
  if (methods.empty()) {
    ApiError error(404, "There is nothing at this path. docs/api.md lists what there is.");
    error.code = "unknown_url";
    throw error;
  }
  ApiError error(405, "This path takes " + methods + ".");
  error.code = "method_not_allowed";
  throw error;
}

std::string route_label(const HttpRequest* request) {
  if (request == nullptr) return "bad request";
  if (request->method == "OPTIONS") return "options";
  try {
    return std::string(find_route(request->method, request->path).path);
  } catch (const ApiError&) {
    return "unknown";
  }
}

HttpResponse error_response(const HttpRequest* request, const ApiError& error) {
  HttpResponse response;
  response.status = error.status;
  const bool ollama = request != nullptr && request->path.starts_with("/api/");
  response.body = to_text(ollama ? ollama::error_body(error) : openai::error_body(error));
  if (error.retry_after) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after->count()));
  }
  if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.status == 405 && request != nullptr) {
    response.headers.emplace_back("Allow", allowed_methods(request->path));
  }
  return response;
}

}  // namespace redbolt::llm::server
