// The document that the build makes of the page's files: it is whole, asks nobody, and its policy
// names what is in it.
#include "server/page/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <regex>
#include <string>

namespace redbolt::llm {
namespace {

using testing::HasSubstr;
using testing::Not;

// What stands between the first `open` and the next `close`.
std::string between(std::string_view text, std::string_view open, std::string_view close) {
  const std::size_t begin = text.find(open);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = text.find(close, begin + open.size());
  return std::string(text.substr(begin + open.size(), end - begin - open.size()));
}

// As Content Security Policy Level 3 (section 2.3.1) writes the hash of a text.
std::string hash_source(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 64> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
  return std::string("'sha256-").append(reinterpret_cast<const char*>(base64.data())).append("'");
}

TEST(WebPage, PolicyNamesScriptAndStyleByTheirHashes) {
  const std::string script = between(page_html(), "<script type=\"module\">", "</script>");
  const std::string style = between(page_html(), "<style>", "</style>");
  ASSERT_GT(script.size(), 10'000U);
  ASSERT_GT(style.size(), 1'000U);
  EXPECT_THAT(std::string(page_security_policy()),
              HasSubstr("script-src " + hash_source(script) + ";"));
  EXPECT_THAT(std::string(page_security_policy()),
              HasSubstr("style-src " + hash_source(style) + ";"));
}

TEST(WebPage, PolicyAllowsNothingElse) {
  const std::string policy(page_security_policy());
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(policy, HasSubstr("base-uri 'none'"));
  EXPECT_THAT(policy, HasSubstr("form-action 'none'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, HasSubstr("require-trusted-types-for 'script'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("*")));
  EXPECT_THAT(policy, Not(HasSubstr("\n")));
}

TEST(WebPage, DocumentSaysTheSamePolicyItself) {
  const std::string own =
      between(page_html(), "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
  EXPECT_EQ(std::string(page_security_policy()), own + "; frame-ancestors 'none'");
}

TEST(WebPage, IsWholeAndLoadsNothing) {
  const std::string html(page_html());
  EXPECT_EQ(html.rfind("<!doctype html>", 0), 0U);
  EXPECT_THAT(html, testing::EndsWith("</html>\n"));
  const std::regex loads(R"((src|href|srcset|action)=["']?(https?:|//|/|\.))");
  EXPECT_FALSE(std::regex_search(between(page_html(), "<html", "<script"), loads));
  const std::regex css_loads(R"(@import|url\()");
  EXPECT_FALSE(std::regex_search(between(page_html(), "<style>", "</style>"), css_loads));
  EXPECT_THAT(html, Not(HasSubstr("innerHTML")));
  EXPECT_THAT(html, Not(HasSubstr("@script@")));
}

}  // namespace
}  // namespace redbolt::llm
