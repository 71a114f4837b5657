// Schemas from tests/data/schemas against an oracle: what random walks write is valid, and what is
// valid can be written.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "constraint_walk.hpp"
#include "schema_oracle.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

using test::ConstraintModel;
using test::Json;

const std::vector<std::string> kEndings = {"\"", "}", "]"};

const Json& schemas() {
  static const Json all = [] {
    std::ifstream stream(std::filesystem::path(REDBOLT_TEST_DATA) / "schemas" / "schemas.json");
    return Json::parse(stream);
  }();
  return all;
}

// Walks that end; most do, since they are drawn towards the end.
unsigned check_walks(const ConstraintModel& model, unsigned rounds, unsigned seed) {
  std::mt19937 random(seed);
  unsigned ended = 0;
  for (const Json& row : schemas()["accepted"]) {
    const std::string name = row["name"];
    for (unsigned round = 0; round < rounds; ++round) {
      const auto constraint = model.compiler->json_schema(row["schema"].dump());
      const test::Walk walk = test::random_walk(*constraint, model, random, kEndings);
      EXPECT_FALSE(walk.tokens.empty() && !walk.ended) << name;
      if (!walk.ended) continue;
      ++ended;
      const Json document = Json::parse(walk.text, nullptr, false);
      EXPECT_FALSE(document.is_discarded()) << name << ": " << walk.text;
      if (document.is_discarded()) return ended;
      EXPECT_EQ(test::find_violation(row["schema"], row["schema"], document), "")
          << name << ": " << walk.text;
    }
  }
  return ended;
}

TEST(JsonSchema, WhatIsWrittenIsValidForTheDemoModel) {
  const std::size_t count = schemas()["accepted"].size();
  EXPECT_GT(check_walks(test::demo_model(), 20, 1), count * 20 * 3 / 4);
}

TEST(JsonSchema, WhatIsWrittenIsValidForQwen3) {
  const std::size_t count = schemas()["accepted"].size();
  EXPECT_GT(check_walks(test::qwen3_model(), 1, 2), count * 3 / 4);
}

TEST(JsonSchema, WhatIsValidCanBeWritten) {
  std::mt19937 random(3);
  const ConstraintModel* models[] = {&test::demo_model(), &test::qwen3_model()};
  for (const Json& row : schemas()["accepted"]) {
    const Json& schema = row["schema"];
    for (unsigned round = 0; round < 12; ++round) {
      const ConstraintModel& model = *models[round % 4 == 3 ? 1 : 0];
      const Json document = test::make_document(schema, schema, random);
      ASSERT_EQ(test::find_violation(schema, schema, document), "") << row["name"];
      // Enumerated objects are written without spaces.
      const bool spaced =
          !schema.is_object() || (!schema.contains("enum") && !schema.contains("const"));
      const std::string text = document.dump(spaced && round % 3 == 0 ? 2 : -1);
      const auto constraint = model.compiler->json_schema(schema.dump());
      const auto bad = test::feed_text(*constraint, model, text, SpecialTokens::none);
      EXPECT_FALSE(bad) << row["name"] << ": " << *bad << " in " << text;
    }
  }
}

TEST(JsonSchema, SpacesBetweenTokensAreBounded) {
  const ConstraintModel& model = test::demo_model();
  const char* schema = R"({"type": "object", "properties": {"a": {"type": "array", "items": {}}}})";
  const auto fits = [&](const std::string& text) {
    return !test::feed_text(*model.compiler->json_schema(schema), model, text, SpecialTokens::none,
                            false);
  };
  EXPECT_TRUE(fits("{\"a\": [1, 2]}"));
  EXPECT_TRUE(fits("{\n  \"a\": [\n\t\t1,\n\n2\n]\n}"));
  EXPECT_FALSE(fits("{  "));
  EXPECT_FALSE(fits("{\n\n\n"));
  EXPECT_FALSE(fits("{\n" + std::string(21, ' ')));
  EXPECT_TRUE(fits("{\n" + std::string(20, ' ')));
  EXPECT_FALSE(fits("{} "));
  // No indent in front: a model that likes blanks would write nothing else for a while.
  EXPECT_TRUE(fits("{\"a\": []}") && fits(" {") && fits("\n{") && fits("\n\n{"));
  EXPECT_FALSE(fits("  "));
  EXPECT_FALSE(fits("\n "));
  EXPECT_FALSE(fits("\n\n\n"));
}

TEST(JsonSchema, WhatIsNotSupportedIsNamedWithItsPlace) {
  const ConstraintCompiler& compiler = *test::demo_model().compiler;
  for (const Json& row : schemas()["refused"]) {
    const std::string name = row["name"];
    const std::string text =
        row.contains("text") ? row["text"].get<std::string>() : row["schema"].dump();
    try {
      compiler.json_schema(text);
      ADD_FAILURE() << name << " was accepted";
    } catch (const SchemaError& error) {
      EXPECT_EQ(to_string(error.code()), row["code"].get<std::string>())
          << name << ": " << error.what();
      if (!row["path"].is_null()) {
        EXPECT_EQ(error.path(), row["path"].get<std::string>()) << name;
      }
      EXPECT_EQ(error.keyword(), row["keyword"].get<std::string>()) << name << ": " << error.what();
      EXPECT_GT(std::string(error.what()).size(), 10U);
    }
  }
}

TEST(JsonSchema, ALargeSchemaIsCompiledAndAHostileOneRefused) {
  const ConstraintModel& model = test::demo_model();
  Json large = {{"type", "object"}, {"properties", Json::object()}, {"required", Json::array()}};
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "property_" + std::to_string(i);
    large["properties"][name] = {{"enum", {"one", "two", "three"}}};
  }
  const auto constraint = model.compiler->json_schema(large.dump());
  EXPECT_FALSE(test::feed_text(
      *constraint, model, R"({"property_0": "two", "property_998": "one"})", SpecialTokens::none));
  // Alternatives that nobody can tell apart, within each other.
  Json ambiguous = {{"$defs", {{"a", {{"anyOf", Json::array()}}}}}, {"$ref", "#/$defs/a"}};
  for (int i = 0; i < 8; ++i) {
    ambiguous["$defs"]["a"]["anyOf"].push_back(
        {{"type", "array"}, {"items", {{"$ref", "#/$defs/a"}}}});
  }
  const auto many = model.compiler->json_schema(ambiguous.dump());
  EXPECT_FALSE(test::feed_text(*many, model, "[[[[[[[[[[[[[[]]]]]]]]]]]]]]", SpecialTokens::none));
  std::string deep(100'000, '[');
  EXPECT_THROW(model.compiler->json_schema(deep), SchemaError);
  EXPECT_THROW(model.compiler->json_schema(std::string(2'000'000, ' ')), SchemaError);
}

TEST(JsonObject, IsAnyObjectAndNothingElse) {
  const ConstraintModel& model = test::qwen3_model();
  const auto problem = [&](const std::string& text) {
    return test::feed_text(*model.compiler->json_object(), model, text, SpecialTokens::none);
  };
  EXPECT_FALSE(problem("{}"));
  EXPECT_FALSE(problem(R"({"a": [1, -2.5e3, true, null, "x\n\u00e9\ud83d\ude00 é😀"], "b": {}})"));
  EXPECT_TRUE(problem("[]"));
  EXPECT_TRUE(problem("1"));
  EXPECT_TRUE(problem("{\"a\"}"));
  EXPECT_TRUE(problem("{\"a\":01}"));
  EXPECT_TRUE(problem(R"({"a":"\ud83d"})"));
  EXPECT_TRUE(problem(R"({"a":"\q"})"));
  EXPECT_TRUE(problem("{\"a\":\"\n\"}"));
  std::string nested, closed;
  for (int i = 0; i < 64; ++i) {
    nested += "{\"a\":";
    closed += "}";
  }
  EXPECT_FALSE(problem(nested + "1" + closed));
}

TEST(JsonObject, IsNeverLeftWithoutAWayOut) {
  // Nesting as deep as it goes: at its end the constraint leads back out.
  const ConstraintModel& model = test::gpt2_model();
  const auto constraint = model.compiler->json_object();
  std::string text;
  const TokenId open = model.tokenizer->encode("{", SpecialTokens::none).front();
  const TokenId key = model.tokenizer->encode("\"", SpecialTokens::none).front();
  const TokenId colon = model.tokenizer->encode(":", SpecialTokens::none).front();
  const auto take = [&](TokenId id) {
    if (!test::is_allowed(test::mask_of(*constraint, model), id)) return false;
    constraint->accept(id);
    text += model.pieces[id];
    return true;
  };
  unsigned depth = 0;
  while (take(open) && take(key) && take(key) && take(colon)) ++depth;
  EXPECT_GE(depth, 64U);
  EXPECT_LT(depth, 100U);
  std::mt19937 random(4);
  const test::Walk walk = test::random_walk(*constraint, model, random, kEndings, 1000);
  EXPECT_TRUE(walk.ended);
  EXPECT_TRUE(Json::accept(text + walk.text)) << text << walk.text;
}

}  // namespace
}  // namespace redbolt::llm
