// The web page of `redbolt-llm serve --ui`: one document with its style and script in it. It asks
// only the server that it came from, and nothing is loaded from elsewhere.
#pragma once

#include <string_view>

namespace redbolt::llm {

// Served at / as text/html; charset=utf-8. It uses /v1/chat/completions, /v1/models, /health
// and /status.
std::string_view page_html();

// The value of the header Content-Security-Policy to send with it: only the document's own script
// and style, by their hashes. The document says the same itself, but for who may frame it.
std::string_view page_security_policy();

}  // namespace redbolt::llm
