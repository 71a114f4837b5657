// From device code to images: hashing, metadata, the loader, the compiler.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "finaliser/finalise.hpp"
#include "finaliser/message_pack.hpp"
#include "finaliser/object_loader.hpp"
#include "redbolt/runtime/operations.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

std::string hash_of(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return to_hex(hash.finish());
}

// FIPS 180-4's examples, and lengths around the padding's border.
TEST(Sha256Test, KnownAnswers) {
  EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.update(std::string(1000, 'a'));
  EXPECT_EQ(to_hex(million.finish()),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, PiecesAreOneMessage) {
  const std::string text(200, 'x');
  for (std::size_t split = 0; split <= text.size(); ++split) {
    Sha256 hash;
    hash.update(std::string_view(text).substr(0, split));
    hash.update(std::string_view(text).substr(split));
    ASSERT_EQ(to_hex(hash.finish()), hash_of(text)) << split;
  }
}

std::optional<MessagePackValue> parse(const std::string& bytes) {
  return parse_message_pack(std::as_bytes(std::span(bytes)));
}

TEST(MessagePackTest, Values) {
  const auto value =
      parse(std::string("\x84\xa1"
                        "a\x05\xa1"
                        "b\xcd\x01\x02\xa1"
                        "c\x92\xff\xa2hi\xa1"
                        "d\xd1\xff\x00",
                        22));
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->integer("a"), 5u);
  EXPECT_EQ(value->integer("b"), 258u);
  EXPECT_EQ(value->integer("c"), std::nullopt);
  EXPECT_EQ(value->integer("d"), std::nullopt);  // negative
  EXPECT_EQ(value->find("d")->number, -256);
  ASSERT_EQ(value->find("c")->elements.size(), 2u);
  EXPECT_EQ(value->find("c")->elements[0].number, -1);
  EXPECT_EQ(value->find("c")->elements[1].text, "hi");
}

TEST(MessagePackTest, MalformedIsRefused) {
  EXPECT_FALSE(parse("").has_value());
  EXPECT_FALSE(parse("\x81\xa1").has_value());
  EXPECT_FALSE(parse("\xdd\xff\xff\xff\xff").has_value());  // four billion elements
  EXPECT_FALSE(parse("\xdb\xff\xff\xff\xff").has_value());
  EXPECT_FALSE(parse("\xc1").has_value());
  EXPECT_FALSE(parse(std::string(100, '\x91')).has_value());  // nested without end
}

constexpr std::uint32_t unused = ~0u;

KernelRequest vector_request(WeightType type, std::uint32_t columns = 2048) {
  return {"linear_vector",
          "linear_vector",
          {{"columns", columns},
           {"lanes_per_row", 32},
           {"last_row", 0},
           {"normalise", 1},
           {"row_tile", 4},
           {"type_0", static_cast<std::uint32_t>(type)},
           {"type_1", unused},
           {"type_2", unused}}};
}

Finaliser uncached() {
  return Finaliser({"gfx1100", 0, std::nullopt});
}

// Every kernel in its heaviest form, from the operations themselves.
std::vector<KernelRequest> all_requests() {
  CommandGraph graph("all");
  const auto buffer = [](std::uint64_t id) {
    return BufferView{client::BufferId(id), Bytes(0), Bytes(1ull << 40)};
  };
  using Form = std::pair<std::uint32_t, StepRows>;
  const Form forms[] = {{1, StepRows::sequence}, {64, StepRows::sequence}, {32, StepRows::slots}};
  std::vector<Form> matrix_forms(std::begin(forms), std::end(forms));
  for (const std::uint32_t few : {4u, 8u, 16u}) matrix_forms.emplace_back(few, StepRows::slots);
  for (const WeightTypeInfo& type : weight_types())
    for (const auto& [capacity, step] : matrix_forms) {
      const WeightMatrix matrix{buffer(1), type.type, 65536, 11008};
      const RmsNormWeight norm{buffer(2), 1e-6f};
      linear(graph, {.parts = {{matrix, buffer(3), buffer(4), buffer(5)}},
                     .input = buffer(6),
                     .norm = norm,
                     .state = buffer(7),
                     .capacity = capacity,
                     .step = step});
      gated_linear(graph, {.gate = matrix,
                           .up = matrix,
                           .input = buffer(6),
                           .output = buffer(3),
                           .norm = norm,
                           .state = buffer(7),
                           .capacity = capacity,
                           .step = step});
      embedding(graph, {.table = matrix,
                        .tokens = buffer(2),
                        .output = buffer(3),
                        .state = buffer(7),
                        .capacity = capacity,
                        .step = step});
    }
  for (const std::uint32_t dimension : {64u, 80u, 96u, 128u, 192u, 256u})
    for (const std::uint32_t group : {1u, 2u, 5u, 8u})
      for (const std::uint32_t positions : {256u, 4096u})
        for (const auto& [capacity, step] : forms) {
          std::vector<KeyValueCache> caches = {{buffer(1), buffer(2), positions, 2, dimension}};
          if (group % 4 == 1 && dimension % 128 != 64) {
            caches.push_back(caches.front());
            caches.back().type = CacheType::q8_0;
          }
          for (const KeyValueCache& cache : caches) {
            attention(graph, {.queries = buffer(3),
                              .output = buffer(4),
                              .cache = cache,
                              .query_heads = 2 * group,
                              .scratch = buffer(5),
                              .state = buffer(7),
                              .capacity = capacity,
                              .step = step});
            rotary_store(graph, {.queries = buffer(3),
                                 .keys = buffer(4),
                                 .values = buffer(5),
                                 .cache = cache,
                                 .query_heads = 2 * group,
                                 .query_norm = RmsNormWeight{buffer(8), 1e-6f},
                                 .key_norm = RmsNormWeight{buffer(9), 1e-6f},
                                 .rope_frequencies = buffer(6),
                                 .rope_dimensions = dimension,
                                 .state = buffer(7),
                                 .capacity = capacity,
                                 .step = step});
          }
        }
  sample(graph, {.logits = buffer(1),
                 .vocabulary = 151936,
                 .parameters = buffer(2),
                 .scratch = buffer(3),
                 .ring = buffer(4),
                 .ring_entries = 64,
                 .state = buffer(7)});
  rms_norm(graph, {.input = buffer(1),
                   .output = buffer(2),
                   .norm = {buffer(3), 1e-6f},
                   .width = 4096,
                   .state = buffer(7)});
  add(graph,
      {.a = buffer(1), .b = buffer(2), .output = buffer(3), .width = 64, .state = buffer(7)});
  return {graph.requests().begin(), graph.requests().end()};
}

TEST(FinaliserTest, NoKernelSpillsOrUsesScratch) {
  const auto requests = all_requests();
  Finaliser finaliser = uncached();
  const FinalisedKernels kernels = finaliser.finalise(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const KernelFacts& facts = kernels.images[i].facts;
    EXPECT_EQ(facts.scratch_bytes, 0u) << requests[i].description();
    EXPECT_EQ(facts.vgpr_spills, 0u) << requests[i].description();
    EXPECT_EQ(facts.sgpr_spills, 0u) << requests[i].description();
    EXPECT_LE(facts.vgprs, 256u) << requests[i].description();
    EXPECT_LE(facts.lds_bytes, 64u << 10) << requests[i].description();
  }
}

// Each constant must change the code it specialises: a constant that is ignored shows here.
TEST(FinaliserTest, ConstantsReachTheCode) {
  const KernelRequest base = vector_request(WeightType::q4_k);
  Finaliser finaliser = uncached();
  const KernelImage reference = finaliser.finalise({&base, 1}).images.front();
  for (std::size_t i = 0; i < base.constants.size(); ++i) {
    KernelRequest changed = base;
    std::uint32_t& value = changed.constants[i].value;
    const std::string& name = changed.constants[i].name;
    if (name.starts_with("type"))
      value = static_cast<std::uint32_t>(WeightType::q6_k);
    else if (name == "columns" || name == "lanes_per_row" || name == "row_tile")
      value /= 2;
    else
      value = 1 - value;
    EXPECT_NE(finaliser.finalise({&changed, 1}).images.front().image, reference.image) << name;
  }
}

TEST(FinaliserTest, AMissingConstantIsNamed) {
  KernelRequest request = vector_request(WeightType::q4_k);
  std::erase_if(request.constants, [](const KernelConstant& c) { return c.name == "columns"; });
  try {
    uncached().finalise({&request, 1});
    FAIL();
  } catch (const RuntimeError& error) {
    EXPECT_EQ(error.code(), RuntimeErrorCode::compilation_failed);
    EXPECT_NE(std::string(error.what()).find("columns"), std::string::npos) << error.what();
  }
}

TEST(FinaliserTest, UnknownThingsAreRefused) {
  const KernelRequest no_kernel{"elementwise", "no_such_kernel", {}};
  const KernelRequest no_module{"no_such_module", "k", {}};
  EXPECT_THROW(uncached().finalise({&no_kernel, 1}), RuntimeError);
  EXPECT_THROW(uncached().finalise({&no_module, 1}), RuntimeError);
  EXPECT_THROW(Finaliser({"gfx906", 0, std::nullopt}), RuntimeError);
}

TEST(FinaliserTest, OtherChipsOfTheFamily) {
  const KernelRequest request = vector_request(WeightType::q4_k);
  for (const char* target : {"gfx1101", "gfx1102", "gfx1151"}) {
    Finaliser finaliser({target, 0, std::nullopt});
    EXPECT_GT(finaliser.finalise({&request, 1}).images.front().facts.code_bytes, 500u) << target;
  }
}

TEST(FinaliserTest, KeysDependOnEverything) {
  const Finaliser finaliser = uncached();
  const Finaliser other({"gfx1101", 0, std::nullopt});
  const KernelRequest base = vector_request(WeightType::q4_k);
  KernelRequest kernel = base, constant = base;
  kernel.kernel = "gated_vector";
  constant.constants[0].value += 256;
  EXPECT_EQ(finaliser.cache_key(base), finaliser.cache_key(base));
  EXPECT_NE(finaliser.cache_key(base), other.cache_key(base));
  EXPECT_NE(finaliser.cache_key(base), finaliser.cache_key(kernel));
  EXPECT_NE(finaliser.cache_key(base), finaliser.cache_key(constant));
}

std::vector<std::byte> some_object() {
  Compiler compiler;
  return compiler.compile(*find_device_code("linear_vector"), vector_request(WeightType::q6_k),
                          "gfx1100");
}

TEST(ObjectLoaderTest, DamagedObjectsAreRefusedOrHarmless) {
  const std::vector<std::byte> object = some_object();
  EXPECT_EQ(load_object(object, "linear_vector").descriptor_offset % 64, 0u);
  for (std::size_t size = 0; size < object.size(); size += 61)
    EXPECT_THROW(load_object(std::span(object).first(size), "linear_vector"), RuntimeError) << size;
  EXPECT_THROW(load_object(object, "another"), RuntimeError);
  // Flipped bits must never do worse than an exception; the sanitizers watch.
  for (std::size_t i = 0; i < object.size(); i += 7) {
    std::vector<std::byte> damaged = object;
    damaged[i] ^= static_cast<std::byte>(1u << i % 8);
    try {
      load_object(damaged, "linear_vector");
    } catch (const RuntimeError&) {
    }
  }
}

TEST(KernelImageTest, SurvivesSerialisation) {
  KernelImage kernel;
  kernel.facts.vgprs = 99;
  kernel.descriptor_offset = 64;
  kernel.image.assign(300, std::byte{7});
  kernel.relocations = {{8, -5, client::RelocationKind::abs32_hi}};
  const auto bytes = serialise(kernel);
  const auto back = deserialise(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->facts.vgprs, 99u);
  EXPECT_EQ(back->image, kernel.image);
  ASSERT_EQ(back->relocations.size(), 1u);
  EXPECT_EQ(back->relocations[0].addend, -5);
  EXPECT_EQ(back->relocations[0].kind, client::RelocationKind::abs32_hi);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(deserialise(std::span(bytes).first(size)).has_value()) << size;
}

// What of LLVM is mapped into this process.
bool llvm_is_mapped() {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line))
    if (line.find("libLLVM") != std::string::npos) return true;
  return false;
}

[[noreturn]] void compile_and_report() {
  Finaliser finaliser = uncached();
  const KernelRequest request{"elementwise", "add", {}};
  finaliser.cache_key(request);
  const bool before = llvm_is_mapped();
  finaliser.finalise({&request, 1});
  const bool after = llvm_is_mapped();
  std::_Exit(!before && after ? 0 : 1);
}

// Alone in a process of its own, in which nothing has been compiled yet.
TEST(CompilerDeathTest, LlvmIsLoadedOnlyToCompile) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(compile_and_report(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace redbolt::runtime
