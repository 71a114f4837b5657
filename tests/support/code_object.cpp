#include "code_object.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

namespace redbolt::test {
namespace {

template <class T>
T read_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) {
    throw std::runtime_error("the code object is shorter than its headers say");
  }
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

constexpr std::uint32_t relocation_abs64 = 3;
constexpr std::uint32_t relocation_relative64 = 13;

// The image as it will lie in memory, from address 0.
std::vector<std::byte> make_image(std::span<const std::byte> file, const Elf64_Ehdr& header) {
  std::vector<std::byte> image;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = read_at<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_LOAD) continue;
    image.resize(std::max<std::size_t>(image.size(), segment.p_vaddr + segment.p_memsz));
    if (segment.p_offset + segment.p_filesz > file.size())
      throw std::runtime_error("a segment is cut off");
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(segment.p_offset), segment.p_filesz,
                image.begin() + static_cast<std::ptrdiff_t>(segment.p_vaddr));
  }
  return image;
}

}  // namespace

CodeObject::CodeObject(std::span<const std::byte> file, FlatMemory& memory) : memory_(&memory) {
  const auto header = read_at<Elf64_Ehdr>(file, 0);
  constexpr std::uint16_t machine_amdgpu = 224;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_machine != machine_amdgpu) {
    throw std::runtime_error("not an AMDGPU code object");
  }
  std::vector<std::byte> image = make_image(file, header);
  // Code, constants and variables in one region: executable, and writable only through bytes().
  const std::uint64_t base = memory.allocate(image.size(), FlatMemory::Use::code);
  const auto sections = [&](unsigned i) {
    return read_at<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr));
  };
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    const auto section = sections(i);
    if (section.sh_type == SHT_DYNSYM || section.sh_type == SHT_SYMTAB) {
      const auto names = sections(section.sh_link);
      for (std::uint64_t at = 0; at < section.sh_size; at += sizeof(Elf64_Sym)) {
        const auto symbol = read_at<Elf64_Sym>(file, section.sh_offset + at);
        const auto* name =
            reinterpret_cast<const char*>(file.data() + names.sh_offset + symbol.st_name);
        if (symbol.st_shndx != SHN_UNDEF) symbols_[name] = base + symbol.st_value;
      }
    }
    if (section.sh_type != SHT_RELA) continue;
    for (std::uint64_t at = 0; at < section.sh_size; at += sizeof(Elf64_Rela)) {
      const auto relocation = read_at<Elf64_Rela>(file, section.sh_offset + at);
      std::uint64_t value = base + static_cast<std::uint64_t>(relocation.r_addend);
      if (ELF64_R_TYPE(relocation.r_info) == relocation_abs64) {
        const auto table = sections(section.sh_link);
        value += read_at<Elf64_Sym>(
                     file, table.sh_offset + ELF64_R_SYM(relocation.r_info) * sizeof(Elf64_Sym))
                     .st_value;
      } else if (ELF64_R_TYPE(relocation.r_info) != relocation_relative64) {
        throw std::runtime_error("the code object has a relocation that is not supported");
      }
      std::memcpy(image.data() + relocation.r_offset, &value, sizeof(value));
    }
  }
  std::copy(image.begin(), image.end(), memory.bytes(base, image.size()).begin());
}

CodeObject CodeObject::load(const std::string& path, FlatMemory& memory) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  const std::vector<char> text((std::istreambuf_iterator<char>(stream)), {});
  return CodeObject(std::as_bytes(std::span(text)), memory);
}

std::uint64_t CodeObject::symbol(const std::string& name) const {
  const auto found = symbols_.find(name);
  if (found == symbols_.end()) throw std::runtime_error("the code object has no symbol " + name);
  return found->second;
}

KernelDescriptor CodeObject::kernel(const std::string& name) const {
  const std::uint64_t address = symbol(name + ".kd");
  const std::span<const std::byte> bytes = memory_->bytes(address, 64);
  KernelDescriptor result;
  result.lds_bytes = read_at<std::uint32_t>(bytes, 0);
  result.scratch_bytes = read_at<std::uint32_t>(bytes, 4);
  result.kernarg_bytes = read_at<std::uint32_t>(bytes, 8);
  result.entry = address + static_cast<std::uint64_t>(read_at<std::int64_t>(bytes, 16));
  result.rsrc3 = read_at<std::uint32_t>(bytes, 44);
  result.rsrc1 = read_at<std::uint32_t>(bytes, 48);
  result.rsrc2 = read_at<std::uint32_t>(bytes, 52);
  result.properties = read_at<std::uint16_t>(bytes, 56);
  return result;
}

}  // namespace redbolt::test
