// The structures of 64-bit ELF that the loader reads. macOS has no <elf.h>.
#pragma once

#include <cstdint>

namespace redbolt::runtime::elf {

struct FileHeader {
  std::uint8_t identification[16];
  std::uint16_t type;
  std::uint16_t machine;
  std::uint32_t version;
  std::uint64_t entry;
  std::uint64_t program_headers;
  std::uint64_t section_headers;
  std::uint32_t flags;
  std::uint16_t header_size;
  std::uint16_t program_header_size;
  std::uint16_t program_header_count;
  std::uint16_t section_header_size;
  std::uint16_t section_count;
  std::uint16_t section_names;
};

struct Section {
  std::uint32_t name;
  std::uint32_t type;
  std::uint64_t flags;
  std::uint64_t address;
  std::uint64_t offset;
  std::uint64_t size;
  std::uint32_t link;
  std::uint32_t info;
  std::uint64_t alignment;
  std::uint64_t entry_size;
};

struct Symbol {
  std::uint32_t name;
  std::uint8_t info;
  std::uint8_t other;
  std::uint16_t section;
  std::uint64_t value;
  std::uint64_t size;
};

struct Relocation {
  std::uint64_t offset;
  std::uint64_t info;  // symbol index in the high half, type in the low half
  std::int64_t addend;
};

struct Note {
  std::uint32_t name_size;
  std::uint32_t description_size;
  std::uint32_t type;
};

static_assert(sizeof(FileHeader) == 64 && sizeof(Section) == 64);
static_assert(sizeof(Symbol) == 24 && sizeof(Relocation) == 24 && sizeof(Note) == 12);

inline constexpr std::uint8_t identification[] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */,
                                                  1 /* little endian */};
inline constexpr std::uint16_t type_relocatable = 1;

inline constexpr std::uint32_t section_symbols = 2;
inline constexpr std::uint32_t section_relocations_with_addend = 4;
inline constexpr std::uint32_t section_note = 7;
inline constexpr std::uint32_t section_no_bits = 8;
inline constexpr std::uint32_t section_relocations = 9;
inline constexpr std::uint64_t flag_occupies_memory = 2;

}  // namespace redbolt::runtime::elf
