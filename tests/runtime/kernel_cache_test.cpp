// The cache of kernels on disk: what it gives back, what it refuses, and what it survives.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "finaliser/finalise.hpp"
#include "finaliser/kernel_cache.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

namespace fs = std::filesystem;

class KernelCacheTest : public testing::Test {
 protected:
  KernelCacheTest() {
    std::string name = (fs::temp_directory_path() / "redbolt-cache-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = name;
  }
  ~KernelCacheTest() override {
    std::error_code ignored;
    fs::permissions(folder, fs::perms::owner_all, ignored);
    fs::remove_all(folder, ignored);
  }

  KernelCacheOptions options() {
    KernelCacheOptions result;
    result.folder = folder / "cache";
    result.on_warning = [this](const std::string& text) { warnings.push_back(text); };
    return result;
  }
  std::vector<fs::path> files(const std::string& with = "") const {
    std::vector<fs::path> result;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file() &&
          entry.path().filename().string().find(with) != std::string::npos)
        result.push_back(entry.path());
    return result;
  }

  fs::path folder;
  std::vector<std::string> warnings;
};

Sha256Digest key(unsigned n) {
  Sha256 hash;
  hash.update(std::to_string(n));
  return hash.finish();
}

KernelImage image(unsigned n, std::size_t size = 5000) {
  KernelImage kernel;
  kernel.facts.vgprs = n;
  kernel.descriptor_offset = 128;
  std::minstd_rand random(n + 1);
  kernel.image.resize(size);
  for (std::byte& byte : kernel.image) byte = static_cast<std::byte>(random());
  return kernel;
}

TEST_F(KernelCacheTest, GivesBackWhatWasStored) {
  {
    KernelCache cache(options());
    EXPECT_FALSE(cache.find(key(1)).has_value());
    cache.store(key(1), image(1));
    EXPECT_EQ(cache.find(key(1))->image, image(1).image);
  }
  KernelCache another(options());
  EXPECT_EQ(another.find(key(1))->facts.vgprs, 1u);
  EXPECT_FALSE(another.find(key(2)).has_value());
  EXPECT_TRUE(files(".writing").empty());
  EXPECT_TRUE(warnings.empty());
}

TEST_F(KernelCacheTest, DamagedEntriesAreRemovedNotUsed) {
  KernelCache cache(options());
  cache.store(key(1), image(1));
  const fs::path path = cache.entry_path(key(1));
  const auto size = fs::file_size(path);
  for (std::uintmax_t at = 0; at < size; at += at < 200 ? 1 : 97) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 0x10));
    file.close();
    ASSERT_FALSE(cache.find(key(1)).has_value()) << "byte " << at;
    ASSERT_FALSE(fs::exists(path)) << "byte " << at;
    cache.store(key(1), image(1));
    ASSERT_TRUE(cache.find(key(1)).has_value());
  }
}

TEST_F(KernelCacheTest, TruncatedAndExtendedEntriesAreRemoved) {
  KernelCache cache(options());
  for (const std::intmax_t difference : {-1, -2000, -5000, 1}) {
    cache.store(key(1), image(1));
    const fs::path path = cache.entry_path(key(1));
    fs::resize_file(path, static_cast<std::uintmax_t>(
                              static_cast<std::intmax_t>(fs::file_size(path)) + difference));
    EXPECT_FALSE(cache.find(key(1)).has_value()) << difference;
    EXPECT_FALSE(fs::exists(path));
  }
}

// An entry under another's name is not what was asked for, whole as it is.
TEST_F(KernelCacheTest, AnEntryUnderAnotherNameIsRefused) {
  KernelCache cache(options());
  cache.store(key(1), image(1));
  fs::copy_file(cache.entry_path(key(1)), cache.entry_path(key(2)));
  EXPECT_FALSE(cache.find(key(2)).has_value());
  EXPECT_TRUE(cache.find(key(1)).has_value());
}

TEST_F(KernelCacheTest, AFolderInThePlaceOfAnEntry) {
  KernelCache cache(options());
  fs::create_directory(cache.entry_path(key(1)));
  EXPECT_FALSE(cache.find(key(1)).has_value());
  EXPECT_NO_THROW(cache.store(key(1), image(1)));
  EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(KernelCacheTest, ManyWritersAndReaders) {
  constexpr unsigned keys = 16;
  const auto work = [&](unsigned seed) {
    KernelCache cache(options());
    std::minstd_rand random(seed);
    for (int i = 0; i < 150; ++i) {
      const unsigned n = static_cast<unsigned>(random()) % keys;
      if (const auto found = cache.find(key(n))) {
        if (found->image != image(n).image) return false;
      } else {
        cache.store(key(n), image(n));
      }
    }
    return true;
  };
  std::vector<pid_t> children;
  for (unsigned process = 0; process < 4; ++process) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(work(process) ? 0 : 1);
    children.push_back(child);
  }
  std::vector<std::thread> threads;
  std::atomic<bool> good{true};
  for (unsigned t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      if (!work(100 + t)) good = false;
    });
  for (std::thread& thread : threads) thread.join();
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_TRUE(good);
  EXPECT_TRUE(files(".writing").empty());
}

// Writers killed at random moments leave entries whole or absent, and nothing that harms.
TEST_F(KernelCacheTest, WritersKilledInTheMiddle) {
  constexpr std::size_t size = 3u << 20;
  std::mt19937 random(std::random_device{}());
  unsigned abandoned = 0;
  for (unsigned round = 0; round < 25; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      KernelCache cache(options());
      for (unsigned n = 0;; ++n) cache.store(key(n % 8), image(n % 8, size));
    }
    // Every other writer is given time to open a file first, however slow the machine is.
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    const std::size_t left_before = files(".writing").size();
    while (round % 2 == 0 && files(".writing").size() == left_before &&
           std::chrono::steady_clock::now() < patience) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(
        std::uniform_int_distribution<int>(0, round % 2 == 0 ? 500 : 60000)(random)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    KernelCache cache(options());
    for (unsigned n = 0; n < 8; ++n) {
      const bool there = fs::exists(cache.entry_path(key(n)));
      const auto found = cache.find(key(n));
      ASSERT_EQ(found.has_value(), there) << "a broken entry was left under its final name";
      if (found) {
        ASSERT_EQ(found->image, image(n, size).image);
      }
    }
    abandoned += static_cast<unsigned>(files(".writing").size() > 0);
  }
  EXPECT_GT(abandoned, 0u) << "no writer was caught in the middle: the test shows nothing";
  // Young leftovers may belong to a living writer; old ones go.
  const auto old = fs::file_time_type::clock::now() - KernelCache::abandoned_after * 2;
  const auto leftovers = files(".writing");
  for (const fs::path& file : leftovers) fs::last_write_time(file, old);
  KernelCache cache(options());
  EXPECT_TRUE(files(".writing").empty());
}

TEST_F(KernelCacheTest, YoungTemporaryFilesAreLeftAlone) {
  KernelCache first(options());
  std::ofstream(folder / "cache" / "kernels" / ".writing-1-1") << "half";
  KernelCache second(options());
  EXPECT_EQ(files(".writing").size(), 1u);
}

TEST_F(KernelCacheTest, TheLeastRecentlyUsedGoFirst) {
  KernelCacheOptions small = options();
  small.limit = Bytes(100'000);
  KernelCache cache(small);
  const auto now = fs::file_time_type::clock::now();
  for (unsigned n = 0; n < 18; ++n) {
    cache.store(key(n), image(n));
    fs::last_write_time(cache.entry_path(key(n)), now - std::chrono::seconds(100 - n));
  }
  EXPECT_TRUE(cache.find(key(0)).has_value());  // and thereby used last
  for (unsigned n = 18; n < 24; ++n) cache.store(key(n), image(n));
  std::uintmax_t total = 0;
  for (const fs::path& file : files()) total += fs::file_size(file);
  EXPECT_LE(total, 100'000u + 100'000u / 16 + 6000u);
  EXPECT_TRUE(cache.find(key(0)).has_value());
  EXPECT_FALSE(cache.find(key(1)).has_value());
  EXPECT_TRUE(cache.find(key(23)).has_value());
}

// Root may write anywhere: the test needs a folder that even root cannot make.
TEST_F(KernelCacheTest, AFolderThatCannotBeMadeIsAWarning) {
  std::ofstream(folder / "cache") << "a file is in the way";
  KernelCache cache(options());
  EXPECT_FALSE(cache.find(key(1)).has_value());
  EXPECT_NO_THROW(cache.store(key(1), image(1)));
  EXPECT_FALSE(cache.find(key(1)).has_value());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find((folder / "cache").string()), std::string::npos) << warnings[0];
}

// A full disk, as the file size limit shows it: the write ends in the middle with EFBIG.
TEST_F(KernelCacheTest, AFullDiskIsAnErrorAndLeavesNothing) {
  KernelCache cache(options());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{2000, 2000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      cache.store(key(1), image(1));
    } catch (const RuntimeError& error) {
      const bool named = std::string(error.what()).find("REDBOLT_CACHE") != std::string::npos;
      ::_exit(error.code() == RuntimeErrorCode::cache_unusable && named ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(files().empty());
}

// Through the finaliser: compiled once, then from the cache; damage is made good.
TEST_F(KernelCacheTest, FinaliserUsesAndRepairsTheCache) {
  const std::vector<KernelRequest> requests{{"elementwise", "add", {}},
                                            {"elementwise", "rms_norm", {}}};
  std::vector<std::byte> first;
  {
    Finaliser finaliser({"gfx1100", 2, options()});
    const auto made = finaliser.finalise(requests);
    EXPECT_EQ(made.compiled, 2u);
    EXPECT_EQ(made.from_cache, 0u);
    first = made.images[0].image;
  }
  {
    Finaliser finaliser({"gfx1100", 2, options()});
    const auto made = finaliser.finalise(requests);
    EXPECT_EQ(made.compiled, 0u);
    EXPECT_EQ(made.from_cache, 2u);
    EXPECT_EQ(made.images[0].image, first);
    EXPECT_FALSE(finaliser.compiler().loaded());
  }
  for (const fs::path& file : files()) fs::resize_file(file, fs::file_size(file) / 2);
  Finaliser finaliser({"gfx1100", 2, options()});
  const auto made = finaliser.finalise(requests);
  EXPECT_EQ(made.compiled, 2u);
  EXPECT_EQ(made.images[0].image, first);
}

}  // namespace
}  // namespace redbolt::runtime
