// The memory of which weights a file has: kept over processes, bounded, and never trusted.
#include "engine/weight_hashes.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/content_hasher.hpp"
#include "program.hpp"
#include "support/hex.hpp"
#include "temporary_folder.hpp"

namespace redbolt::llm {
namespace {

client::ContentHash number(unsigned value) {
  return content_hash(std::to_string(value));
}

TEST(ContentHash, IsSha256) {
  // FIPS 180-4's example.
  EXPECT_EQ(to_hex(content_hash("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  ContentHasher hasher;
  hasher.add("a");
  const std::string rest = "bc";
  hasher.add_later(std::as_bytes(std::span(rest)).first(1));
  hasher.add_later(std::as_bytes(std::span(rest)).last(1));
  EXPECT_EQ(hasher.finish(), content_hash("abc"));
}

TEST(ContentHash, AsHexAndBack) {
  EXPECT_EQ(hash_from_hex(to_hex(number(1))), number(1));
  EXPECT_FALSE(hash_from_hex("ab"));
  EXPECT_FALSE(hash_from_hex(std::string(64, 'g')));
  EXPECT_FALSE(hash_from_hex(std::string(64, 'A')));
}

class WeightHashesTest : public testing::Test {
 protected:
  std::filesystem::path folder() const { return folder_.path() / "cache" / "redbolt"; }
  test::TemporaryFolder folder_;
};

TEST_F(WeightHashesTest, AreRemembered) {
  EXPECT_FALSE(WeightHashes(folder()).find(number(1)));
  WeightHashes(folder()).remember(number(1), number(100));
  WeightHashes(folder()).remember(number(2), number(200));
  EXPECT_EQ(WeightHashes(folder()).find(number(1)), number(100));
  EXPECT_EQ(WeightHashes(folder()).find(number(2)), number(200));
  WeightHashes(folder()).remember(number(1), number(101));
  EXPECT_EQ(WeightHashes(folder()).find(number(1)), number(101));
  // No temporary file stays.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder()), {}), 1);
}

TEST_F(WeightHashesTest, AreBounded) {
  const WeightHashes hashes(folder());
  for (unsigned i = 0; i < WeightHashes::max_entries + 5; ++i)
    hashes.remember(number(i), number(i));
  EXPECT_FALSE(hashes.find(number(4)));
  EXPECT_EQ(hashes.find(number(5)), number(5));
  EXPECT_EQ(hashes.find(number(WeightHashes::max_entries + 4)),
            number(WeightHashes::max_entries + 4));
}

TEST_F(WeightHashesTest, OfADamagedFileAreForgottenAndTheFileIsMadeAnew) {
  const WeightHashes hashes(folder());
  hashes.remember(number(1), number(100));
  const std::string good = test::read_file(folder() / "weights");
  const auto damage = [&](const std::string& content) {
    std::ofstream(folder() / "weights", std::ios::binary | std::ios::trunc) << content;
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string altered = good;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    damage(altered);
    EXPECT_FALSE(hashes.find(number(1))) << "byte " << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, good.size() - 1}) {
    damage(good.substr(0, size));
    EXPECT_FALSE(hashes.find(number(1))) << size;
  }
  damage(std::string(10'000'000, 'x'));
  EXPECT_FALSE(hashes.find(number(1)));
  hashes.remember(number(3), number(300));
  EXPECT_EQ(hashes.find(number(3)), number(300));
}

TEST_F(WeightHashesTest, WithoutAFolderAreNotKept) {
  const WeightHashes none{std::filesystem::path()};
  none.remember(number(1), number(2));
  EXPECT_FALSE(none.find(number(1)));
  const WeightHashes impossible("/dev/null/redbolt");
  impossible.remember(number(1), number(2));
  EXPECT_FALSE(impossible.find(number(1)));
}

}  // namespace
}  // namespace redbolt::llm
