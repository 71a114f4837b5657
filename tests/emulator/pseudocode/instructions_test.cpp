// Every instruction against its definition.
#include <gtest/gtest.h>

#include "families.hpp"

namespace redbolt::pseudocode {
namespace {

TEST(Pseudocode, VectorInstructions) {
  check_family(vector_family(), Author::amd);
}
TEST(Pseudocode, ScalarInstructions) {
  check_family(scalar_family(), Author::amd);
}
TEST(Pseudocode, MemoryInstructions) {
  check_family(memory_family(), Author::amd);
}

TEST(OwnDefinitions, VectorInstructions) {
  check_family(vector_family(), Author::ours);
}
TEST(OwnDefinitions, ScalarInstructions) {
  check_family(scalar_family(), Author::ours);
}
TEST(OwnDefinitions, MemoryInstructions) {
  check_family(memory_family(), Author::ours);
}

}  // namespace
}  // namespace redbolt::pseudocode
