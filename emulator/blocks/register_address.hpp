// Where the registers of the tables lie on this card: absolute dword addresses.
#pragma once

#include <cstdint>
#include <string_view>

#include "blocks/register_space.hpp"
#include "redbolt/registers/navi31_bases.hpp"
#include "redbolt/registers/register.hpp"

namespace redbolt::emulator {

constexpr std::string_view ip_name(registers::HardwareBlock block) {
  switch (block) {
    case registers::HardwareBlock::gc:
      return "GC";
    case registers::HardwareBlock::mmhub:
      return "MMHUB";
    case registers::HardwareBlock::mp0:
      return "MP0";
    case registers::HardwareBlock::mp1:
      return "MP1";
    case registers::HardwareBlock::nbio:
      return "NBIO";
    case registers::HardwareBlock::hdp:
      return "HDP";
    case registers::HardwareBlock::osssys:
      return "OSSSYS";
  }
  return "";
}

constexpr RegisterAddress address_of(const registers::RegisterDefinition& definition) {
  // A base that the list of nonzero bases does not hold is zero.
  for (const registers::IpBase& base : registers::kNavi31Bases) {
    if (base.instance == 0 && base.segment == definition.base_index &&
        base.block == ip_name(definition.block)) {
      return base.dword_address + definition.offset;
    }
  }
  return definition.offset;
}

constexpr RegisterAddress address_of(const registers::Register& register_object) {
  return address_of(register_object.definition);
}

}  // namespace redbolt::emulator
