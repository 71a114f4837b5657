#include "profile.hpp"

namespace redbolt::emulator {
namespace {

using namespace literals;

// Indexed by Profile. Both boards are 1002:744c; the revision tells them apart.
constexpr ProfileFacts table[] = {
    {"rx7900xtx", 0x744c, 0xc8, 0x0e3b, 24_GiB, 6, 4, 6},
    // 84 of its 96 compute units work; the discovery table counts all of them, and the fuses that
    // say which are off are not in the reference and not modelled.
    {"rx7900xt", 0x744c, 0xcc, 0x0e3b, 20_GiB, 6, 4, 5},
};

}  // namespace

const ProfileFacts& facts_of(Profile profile) {
  return table[static_cast<unsigned>(profile)];
}

}  // namespace redbolt::emulator
