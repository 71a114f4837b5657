#include "redbolt/base/quantity.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace redbolt {
namespace {

using namespace literals;
using Here = Address<struct HereTag>;
using There = Address<struct ThereTag>;

template <class A, class B>
concept Subtractable = requires(A a, B b) { a - b; };
template <class A, class B>
concept Addable = requires(A a, B b) { a + b; };

// The point of the types: what must not compile does not.
static_assert(Subtractable<Here, Here> && !Subtractable<Here, There>);
static_assert(Addable<Here, Bytes> && !Addable<Here, Here> && !Addable<Here, int>);
static_assert(!std::is_convertible_v<std::uint64_t, Here> && !std::is_convertible_v<Here, There>);
static_assert(!std::is_convertible_v<int, Bytes>);

TEST(Quantity, SizesAndAddresses) {
  EXPECT_EQ((3_KiB).count(), 3072U);
  EXPECT_EQ(1_GiB / 2_MiB, 512U);
  EXPECT_EQ(Here(0x1000) + 4_KiB, Here(0x2000));
  EXPECT_EQ(Here(0x2000) - Here(0x1800), 2_KiB);
  EXPECT_LT(Here(1), Here(2));
}

TEST(Quantity, IdentifiersHash) {
  using Id = Identifier<struct IdTag, std::uint32_t>;
  const std::unordered_set<Id> ids{Id(1), Id(2), Id(1)};
  EXPECT_EQ(ids.size(), 2U);
}

}  // namespace
}  // namespace redbolt
