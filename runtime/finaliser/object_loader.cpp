#include "finaliser/object_loader.hpp"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "finaliser/elf.hpp"
#include "finaliser/message_pack.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

constexpr std::uint16_t machine_amdgpu = 224;
constexpr std::uint32_t note_amdgpu_metadata = 32;
constexpr std::uint64_t descriptor_bytes = 64;
constexpr std::uint64_t largest_image = 64ull << 20;

// Relocation types of LLVM's AMDGPU guide, "Relocation Records".
enum RelocationType : std::uint32_t {
  abs32_lo = 1,
  abs32_hi = 2,
  abs64 = 3,
  rel32 = 4,
  rel64 = 5,
  rel32_lo = 10,
  rel32_hi = 11,
};

[[noreturn]] void refuse(const std::string& what) {
  throw RuntimeError(RuntimeErrorCode::bad_code_object,
                     "the compiled kernel cannot be loaded: " + what);
}

template <class T>
T read(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (!range_fits(offset, sizeof(T), bytes.size())) refuse("it is truncated");
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

class Object {
 public:
  explicit Object(std::span<const std::byte> bytes) : bytes_(bytes) {
    const auto header = read<elf::FileHeader>(bytes_, 0);
    if (std::memcmp(header.identification, elf::identification, sizeof(elf::identification)) != 0 ||
        header.type != elf::type_relocatable || header.machine != machine_amdgpu ||
        header.section_header_size != sizeof(elf::Section))
      refuse("it is not a relocatable AMDGPU object");
    for (std::uint64_t i = 0; i < header.section_count; ++i)
      sections_.push_back(
          read<elf::Section>(bytes_, header.section_headers + i * sizeof(elf::Section)));
    read_symbols();
  }

  const std::vector<elf::Section>& sections() const { return sections_; }
  const std::vector<elf::Symbol>& symbols() const { return symbols_; }

  std::span<const std::byte> contents(const elf::Section& section) const {
    if (!range_fits(section.offset, section.size, bytes_.size()))
      refuse("a section reaches beyond its end");
    return bytes_.subspan(section.offset, section.size);
  }

  std::string symbol_name(const elf::Symbol& symbol) const {
    std::string name;
    for (std::uint64_t i = symbol.name; read<char>(names_, i) != '\0'; ++i)
      name += read<char>(names_, i);
    return name;
  }

 private:
  void read_symbols() {
    for (const elf::Section& section : sections_) {
      if (section.type != elf::section_symbols) continue;
      if (section.link >= sections_.size()) refuse("its symbols have no names");
      names_ = contents(sections_[section.link]);
      const auto table = contents(section);
      for (std::uint64_t at = 0; at < table.size(); at += sizeof(elf::Symbol))
        symbols_.push_back(read<elf::Symbol>(table, at));
    }
  }

  std::span<const std::byte> bytes_;
  std::vector<elf::Section> sections_;
  std::vector<elf::Symbol> symbols_;
  std::span<const std::byte> names_;
};

struct Layout {
  std::vector<std::optional<std::uint64_t>> offsets;  // by section; only those that occupy memory
  std::uint64_t size = 0;
};

Layout lay_out(const Object& object) {
  Layout layout;
  for (const elf::Section& section : object.sections()) {
    layout.offsets.emplace_back();
    if ((section.flags & elf::flag_occupies_memory) == 0 || section.size == 0) continue;
    if (section.type == elf::section_note) continue;
    const std::uint64_t alignment = section.alignment == 0 ? 1 : section.alignment;
    if ((alignment & (alignment - 1)) != 0 || alignment > 4096) refuse("a section's alignment");
    const auto offset = checked_align_up(layout.size, alignment);
    const auto end = offset ? checked_add<std::uint64_t>(*offset, section.size) : std::nullopt;
    if (!end || *end > largest_image) refuse("it is too large");
    layout.offsets.back() = *offset;
    layout.size = *end;
  }
  return layout;
}

std::uint64_t address_of(const Layout& layout, const elf::Symbol& symbol) {
  if (symbol.section >= layout.offsets.size() || !layout.offsets[symbol.section])
    refuse("it refers to a symbol that it does not define");
  return *layout.offsets[symbol.section] + symbol.value;
}

template <class T>
void store(std::vector<std::byte>& image, std::uint64_t offset, T value) {
  if (!range_fits(offset, sizeof(T), image.size())) refuse("a relocation lies outside");
  std::memcpy(image.data() + offset, &value, sizeof(T));
}

// `target` is where the symbol plus addend lies in the image, `place` where the field does.
void relocate(KernelImage& kernel, std::uint32_t type, std::uint64_t place, std::uint64_t target) {
  const std::uint64_t distance = target - place;
  const auto absolute = [&](client::RelocationKind kind) {
    store<std::uint32_t>(kernel.image, place, 0);
    kernel.relocations.push_back({place, static_cast<std::int64_t>(target), kind});
  };
  switch (type) {
    case rel32:
    case rel32_lo:
      return store(kernel.image, place, static_cast<std::uint32_t>(distance));
    case rel32_hi:
      return store(kernel.image, place, static_cast<std::uint32_t>(distance >> 32));
    case rel64:
      return store(kernel.image, place, distance);
    case abs64:
      store<std::uint64_t>(kernel.image, place, 0);
      return absolute(client::RelocationKind::abs64);
    case abs32_lo:
      return absolute(client::RelocationKind::abs32_lo);
    case abs32_hi:
      return absolute(client::RelocationKind::abs32_hi);
    default:
      refuse("it needs the unknown relocation " + std::to_string(type));
  }
}

void apply_relocations(const Object& object, const Layout& layout, KernelImage& kernel) {
  for (const elf::Section& section : object.sections()) {
    if (section.type == elf::section_relocations) refuse("it has relocations without addends");
    if (section.type != elf::section_relocations_with_addend ||
        section.info >= layout.offsets.size())
      continue;
    const auto base = layout.offsets[section.info];
    if (!base) continue;  // of sections that are not loaded
    const auto table = object.contents(section);
    for (std::uint64_t at = 0; at < table.size(); at += sizeof(elf::Relocation)) {
      const auto rela = read<elf::Relocation>(table, at);
      const std::uint64_t index = rela.info >> 32;
      if (index >= object.symbols().size()) refuse("a relocation names no symbol");
      const std::uint64_t target =
          address_of(layout, object.symbols()[index]) + static_cast<std::uint64_t>(rela.addend);
      relocate(kernel, static_cast<std::uint32_t>(rela.info), *base + rela.offset, target);
    }
  }
}

const elf::Symbol& find_symbol(const Object& object, const std::string& name) {
  for (const elf::Symbol& symbol : object.symbols())
    if (object.symbol_name(symbol) == name) return symbol;
  refuse("it has no symbol " + name);
}

// The metadata of the one note that holds it.
std::optional<MessagePackValue> find_metadata(const Object& object) {
  for (const elf::Section& section : object.sections()) {
    if (section.type != elf::section_note) continue;
    const auto bytes = object.contents(section);
    std::uint64_t at = 0;
    while (at < bytes.size()) {
      const auto note = read<elf::Note>(bytes, at);
      const auto name_bytes = checked_align_up(note.name_size, 4);
      const std::uint64_t description = at + sizeof(note) + *name_bytes;
      if (!range_fits(description, note.description_size, bytes.size()))
        refuse("a note is truncated");
      if (note.type == note_amdgpu_metadata)
        return parse_message_pack(bytes.subspan(description, note.description_size));
      at = description + *checked_align_up(note.description_size, 4);
    }
  }
  return std::nullopt;
}

KernelFacts read_facts(const Object& object, const std::string& name) {
  const auto metadata = find_metadata(object);
  const MessagePackValue* kernels = metadata ? metadata->find("amdhsa.kernels") : nullptr;
  if (kernels == nullptr || kernels->elements.size() != 1)
    refuse("it has no metadata of one kernel");
  const MessagePackValue& kernel = kernels->elements.front();
  const auto field = [&](const char* key) {
    const auto value = kernel.integer(key);
    if (!value) refuse("the metadata of " + name + " lack " + key);
    return *value;
  };
  KernelFacts facts;
  facts.kernarg_bytes = field(".kernarg_segment_size");
  facts.lds_bytes = field(".group_segment_fixed_size");
  facts.scratch_bytes = field(".private_segment_fixed_size");
  facts.vgprs = field(".vgpr_count");
  facts.sgprs = field(".sgpr_count");
  facts.vgpr_spills = field(".vgpr_spill_count");
  facts.sgpr_spills = field(".sgpr_spill_count");
  return facts;
}

// LLVM's AMDGPU guide has COMPUTE_PGM_RSRC1.GRANULATED_WAVEFRONT_SGPR_COUNT (bits 9:6) reserved and
// 0 from gfx10 on; LLVM 19 writes the count there nevertheless.
void clear_reserved_sgpr_count(KernelImage& kernel) {
  constexpr std::uint64_t rsrc1_offset = 48;
  constexpr std::uint32_t sgpr_count = 0xfu << 6;
  const std::uint64_t at = kernel.descriptor_offset + rsrc1_offset;
  store(kernel.image, at, read<std::uint32_t>(kernel.image, at) & ~sgpr_count);
}

}  // namespace

KernelImage load_object(std::span<const std::byte> bytes, std::string_view kernel_name) {
  const std::string name(kernel_name);
  const Object object(bytes);
  const Layout layout = lay_out(object);
  KernelImage kernel;
  kernel.facts = read_facts(object, name);
  kernel.image.resize(layout.size);
  for (std::size_t i = 0; i < layout.offsets.size(); ++i) {
    const elf::Section& section = object.sections()[i];
    if (!layout.offsets[i] || section.type == elf::section_no_bits) continue;
    const auto contents = object.contents(section);
    std::memcpy(kernel.image.data() + *layout.offsets[i], contents.data(), contents.size());
  }
  apply_relocations(object, layout, kernel);
  const elf::Symbol& code = find_symbol(object, name);
  kernel.facts.code_bytes = static_cast<std::uint32_t>(code.size);
  kernel.descriptor_offset = address_of(layout, find_symbol(object, name + ".kd"));
  if (kernel.descriptor_offset % descriptor_bytes != 0 ||
      !range_fits(kernel.descriptor_offset, descriptor_bytes, kernel.image.size()))
    refuse("its kernel descriptor is misplaced");
  clear_reserved_sgpr_count(kernel);
  return kernel;
}

}  // namespace redbolt::runtime
