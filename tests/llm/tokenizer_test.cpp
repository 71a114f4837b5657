// Tokenizers on small vocabularies whose expected ids follow from the rules by hand, and the
// pre-tokenizers' pieces.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "redbolt/llm/gguf/file.hpp"
#include "redbolt/llm/tokenizer/streaming_decoder.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"
#include "tokenizer/byte_alphabet.hpp"
#include "tokenizer/pretokenizer.hpp"

namespace redbolt::llm {
namespace {

using test::GgufBuilder;
using Ids = std::vector<TokenId>;

// A vocabulary in memory, and its tokenizer.
class Made {
 public:
  explicit Made(const GgufBuilder& builder)
      : file_(builder.build()), tokenizer_(parse_gguf(file_).metadata) {}
  const Tokenizer* operator->() const { return &tokenizer_; }
  const Tokenizer& operator*() const { return tokenizer_; }

 private:
  std::vector<std::byte> file_;
  Tokenizer tokenizer_;
};

// The 256 bytes as tokens 0..255, then the given ones.
GgufBuilder byte_vocabulary(const std::string& pre, const std::vector<std::string>& more,
                            const std::vector<std::string>& merges,
                            std::vector<std::int32_t> more_types = {}) {
  std::vector<std::string> tokens;
  for (unsigned byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(byte_to_character(static_cast<std::uint8_t>(byte)));
  }
  tokens.insert(tokens.end(), more.begin(), more.end());
  more_types.resize(more.size(), 1);
  std::vector<std::int32_t> types(256, 1);
  types.insert(types.end(), more_types.begin(), more_types.end());
  return GgufBuilder()
      .text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", pre)
      .texts("tokenizer.ggml.tokens", tokens)
      .numbers("tokenizer.ggml.token_type", 5, types)
      .texts("tokenizer.ggml.merges", merges);
}

TEST(BytePair, LowestRankFirstThenLeftmost) {
  const Made tokenizer(
      byte_vocabulary("qwen2", {"bc", "ab", "aa", "abc"}, {"b c", "a b", "a a", "ab c"}));
  // "b c" has the lower rank, and afterwards "a bc" is no pair.
  EXPECT_EQ(tokenizer->encode("abc", SpecialTokens::none), (Ids{'a', 256}));
  EXPECT_EQ(tokenizer->encode("ab", SpecialTokens::none), (Ids{257}));
  EXPECT_EQ(tokenizer->encode("aaa", SpecialTokens::none), (Ids{258, 'a'}));
  EXPECT_EQ(tokenizer->encode("", SpecialTokens::none), Ids{});
}

TEST(BytePair, MergedTextThatIsNoTokenFallsBackToItsBytes) {
  const Made tokenizer(byte_vocabulary("qwen2", {"xyz"}, {"x y", "xy z"}));
  EXPECT_EQ(tokenizer->encode("xyz", SpecialTokens::none), (Ids{256}));
  EXPECT_EQ(tokenizer->encode("xy", SpecialTokens::none), (Ids{'x', 'y'}));
}

TEST(BytePair, WholeWordsOfLlama3IgnoreTheMerges) {
  const std::vector<std::string> more = {"ab", "abc"};
  const std::vector<std::string> merges = {"a b"};
  EXPECT_EQ(Made(byte_vocabulary("llama-bpe", more, merges))->encode("abc", SpecialTokens::none),
            (Ids{257}));
  EXPECT_EQ(Made(byte_vocabulary("qwen2", more, merges))->encode("abc", SpecialTokens::none),
            (Ids{256, 'c'}));
}

TEST(BytePair, LongWordsTakeNoQuadraticTime) {
  const Made tokenizer(byte_vocabulary("qwen2", {"aa", "aaaa"}, {"a a", "aa aa"}));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(tokenizer->encode(std::string(1 << 20, 'a'), SpecialTokens::none).size(),
            (1U << 20) / 4);
  EXPECT_EQ(tokenizer->encode(std::string(1 << 20, ' '), SpecialTokens::none).size(), 1U << 20);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(BytePair, BytesThatAreNotUtf8SurviveTheRoundTrip) {
  const Made tokenizer(byte_vocabulary("qwen2", {}, {}));
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  std::string decoded;
  for (const TokenId id : tokenizer->encode(all, SpecialTokens::all))
    decoded += tokenizer->bytes(id);
  EXPECT_EQ(decoded, all);
}

TEST(BytePair, DamagedVocabulariesAreRefused) {
  EXPECT_THROW(Made(byte_vocabulary("qwen2", {}, {"ab"})), LlmError) << "a merge that is no pair";
  EXPECT_THROW(Made(byte_vocabulary("qwen2", {}, {"ab "})), LlmError);
  EXPECT_THROW(Made(byte_vocabulary("no-such", {}, {})), LlmError);
  EXPECT_THROW(Made(byte_vocabulary("qwen2", {"x"}, {}, {9})), LlmError) << "an unknown token type";
  EXPECT_THROW(Made(byte_vocabulary("qwen2", {}, {}).u32("tokenizer.ggml.bos_token_id", 256)),
               LlmError);
  EXPECT_THROW(Made(GgufBuilder().text("tokenizer.ggml.model", "bert")), LlmError);
  EXPECT_THROW(Made(GgufBuilder().u32("x", 1)), LlmError) << "no tokenizer";
}

GgufBuilder special_vocabulary() {
  return byte_vocabulary("qwen2", {"<|im|>", "<|im|>x", "<think>", "<|end|>"}, {}, {3, 3, 4, 3});
}

TEST(SpecialTokenCutting, LongestFirstAndByKind) {
  const Made tokenizer(special_vocabulary());
  const Ids plain = tokenizer->encode("<|im|>", SpecialTokens::none);
  EXPECT_EQ(plain.size(), 6U);
  EXPECT_EQ(tokenizer->encode("<|im|>xy", SpecialTokens::all), (Ids{257, 'y'}));
  EXPECT_EQ(tokenizer->encode("a<|im|>b<|im|><think>", SpecialTokens::all),
            (Ids{'a', 256, 'b', 256, 258}));
  EXPECT_EQ(tokenizer->encode("<think>", SpecialTokens::user_defined), (Ids{258}));
  EXPECT_EQ(tokenizer->encode("<|im|>", SpecialTokens::user_defined), plain);
  EXPECT_EQ(tokenizer->encode("<think>", SpecialTokens::none).size(), 7U);
}

TEST(SpecialTokenCutting, SegmentsAreCutApartButTokenizedTogether) {
  const Made tokenizer(byte_vocabulary("qwen2", {"<|s|>", "hi"}, {"h i"}, {3, 1}));
  const std::vector<TextSegment> segments = {{"<|s|>h", SpecialTokens::all},
                                             {"i<|s|>", SpecialTokens::none},
                                             {"<|s|>", SpecialTokens::all}};
  EXPECT_EQ(tokenizer->encode(segments), (Ids{256, 257, '<', '|', 's', '|', '>', 256}));
  // The halves of a special token in two segments are no special token.
  EXPECT_EQ(tokenizer->encode(
                std::vector<TextSegment>{{"<|s", SpecialTokens::all}, {"|>", SpecialTokens::all}}),
            (Ids{'<', '|', 's', '|', '>'}));
}

TEST(SpecialTokenCutting, EndTokens) {
  const Made tokenizer(
      byte_vocabulary("qwen2", {"<|endoftext|>", "<|im_end|>", "<|eot_id|>"}, {}, {3, 3, 3})
          .u32("tokenizer.ggml.eos_token_id", 7));
  EXPECT_EQ(tokenizer->vocabulary().end_tokens(), (Ids{7, 256, 257, 258}));
}

// Scores as SentencePiece gives them: higher is joined first.
GgufBuilder piece_vocabulary() {
  const std::string space = "\xE2\x96\x81";
  return GgufBuilder()
      .text("tokenizer.ggml.model", "llama")
      .texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "<0xC3>", "<0xA4>", space, "a", "b",
                                       "ab", "ba", space + "a", space + "ab", "<0x0A>"})
      .numbers<float>("tokenizer.ggml.scores", 6, {0, 0, 0, 0, 0, -9, -8, -8, -3, -2, -4, -1, 0})
      .numbers<std::int32_t>("tokenizer.ggml.token_type", 5,
                             {2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1, 1, 6})
      .u32("tokenizer.ggml.unknown_token_id", 0)
      .u32("tokenizer.ggml.bos_token_id", 1);
}

TEST(SentencePiece, HighestScoreFirst) {
  const Made tokenizer(piece_vocabulary());
  // " ab": "ab" (-3) is joined before " a" (-4), and then " ab" is a token.
  EXPECT_EQ(tokenizer->encode("ab", SpecialTokens::none), (Ids{11}));
  // " aba": "ba" (-2) comes first, which leaves " a"'s halves apart from it: " a" (-4) then.
  EXPECT_EQ(tokenizer->encode("aba", SpecialTokens::none), (Ids{10, 9}));
  EXPECT_EQ(tokenizer->encode("", SpecialTokens::none), Ids{});
}

TEST(SentencePiece, BytesUnknownAndSpaces) {
  const Made tokenizer(piece_vocabulary());
  EXPECT_EQ(tokenizer->encode("\xC3\xA4", SpecialTokens::none), (Ids{5, 3, 4}));
  EXPECT_EQ(tokenizer->encode("\n", SpecialTokens::none), (Ids{5, 12}));
  EXPECT_EQ(tokenizer->encode("z", SpecialTokens::none), (Ids{5, 0}));
  EXPECT_EQ(tokenizer->encode("a a", SpecialTokens::none), (Ids{10, 10}));
  EXPECT_EQ(tokenizer->bytes(11), " ab");
  EXPECT_EQ(tokenizer->bytes(3), "\xC3");
  EXPECT_EQ(tokenizer->bytes(1), "");
  EXPECT_EQ(tokenizer->leading_token(), 1U);
}

TEST(SentencePiece, TheSpaceInFrontCanBeSwitchedOffAndComesAgainAfterSpecialTokens) {
  const Made with(piece_vocabulary());
  EXPECT_EQ(with->encode("b<s>b", SpecialTokens::all), (Ids{5, 7, 1, 5, 7}));
  const Made without(piece_vocabulary().boolean("tokenizer.ggml.add_space_prefix", false));
  EXPECT_EQ(without->encode("b<s>b", SpecialTokens::all), (Ids{7, 1, 7}));
}

TEST(SentencePiece, ScoresAreRequired) {
  EXPECT_THROW(Made(GgufBuilder()
                        .text("tokenizer.ggml.model", "llama")
                        .texts("tokenizer.ggml.tokens", {"a"})),
               LlmError);
}

TEST(StreamingDecoder, CharactersComeWhole) {
  const Made tokenizer(byte_vocabulary("qwen2", {}, {}));
  StreamingDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.push(0xF0), "");
  EXPECT_EQ(decoder.push(0x9F), "");
  EXPECT_EQ(decoder.push(0xA6), "");
  EXPECT_EQ(decoder.push(0x99), "\xF0\x9F\xA6\x99");
  EXPECT_EQ(decoder.push('!'), "!");
  EXPECT_EQ(decoder.push(0xC3), "");
  EXPECT_EQ(decoder.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(decoder.finish(), "");
}

TEST(StreamingDecoder, WhatCannotBecomeACharacterIsReplacedAtOnce) {
  const Made tokenizer(byte_vocabulary("qwen2", {}, {}));
  StreamingDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.push(0x80), "\xEF\xBF\xBD");
  EXPECT_EQ(decoder.push(0xE2), "");
  EXPECT_EQ(decoder.push('a'),
            "\xEF\xBF\xBD"
            "a");
  EXPECT_EQ(decoder.push(0xED), "");
  EXPECT_EQ(decoder.push(0xA0), "\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
  EXPECT_EQ(decoder.push(0xFF), "\xEF\xBF\xBD");
}

struct SplitCase {
  std::string pre;
  std::string text;
  std::vector<std::string> pieces;
};

class Pieces : public testing::TestWithParam<SplitCase> {};

TEST_P(Pieces, AreThose) {
  const auto pieces = PreTokenizer(GetParam().pre).split(GetParam().text);
  EXPECT_EQ(std::vector<std::string>(pieces.begin(), pieces.end()), GetParam().pieces);
}

// What the expressions of the reference mean, applied by hand.
INSTANTIATE_TEST_SUITE_P(
    ByHand, Pieces,
    testing::Values(
        SplitCase{
            "qwen2", "Hello  world'S 123", {"Hello", " ", " world", "'S", " ", "1", "2", "3"}},
        SplitCase{"qwen2", "a\n\n  b", {"a", "\n\n", " ", " b"}},
        SplitCase{"qwen2", "x!!\n\ny", {"x", "!!\n\n", "y"}},
        SplitCase{"llama-bpe", "12345", {"123", "45"}},
        SplitCase{"gpt-2", "we'LL 123\n\nx ", {"we", "'", "LL", " 123", "\n", "\n", "x", " "}},
        SplitCase{"starcoder", "a12 b", {"a", "1", "2", " b"}},
        SplitCase{"falcon", "a`1234", {"a", "`", "123", "4"}},
        SplitCase{"default", "a,b 12345 $5", {"a", ",", "b", " ", "123", "45", " ", "$", "5"}},
        SplitCase{"deepseek-coder", "ab  cd,\n12", {"ab", " ", " cd", ",", "\n", "1", "2"}},
        // U+3042 is a letter, which takes the space in front of it; the fourth stage cuts it off
        // again.
        SplitCase{"deepseek-coder", " \xE3\x81\x82", {" ", "\xE3\x81\x82"}},
        // No-break space and U+180E: the first is white space, the second is not.
        SplitCase{"qwen2", "a\xC2\xA0 b", {"a", "\xC2\xA0", " b"}},
        SplitCase{"qwen2", "a \xE1\xA0\x8E", {"a", " \xE1\xA0\x8E"}},
        SplitCase{"qwen2",
                  "a\xFF"
                  "b",
                  {"a", "\xFF", "b"}}));

}  // namespace
}  // namespace redbolt::llm
