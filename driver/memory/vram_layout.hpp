// Who owns which part of the video memory. The first 32 MiB hold what boot needs, at the places
// the reference boot uses; then page tables; the rest is given out. Everything up to kDataStart is
// visible through even the smallest BAR0.
#pragma once

#include "redbolt/driver/gpu_address.hpp"

namespace redbolt::driver::vram_layout {

inline constexpr VramOffset kRootPageTable{0x0};
inline constexpr VramOffset kDefaultPage{0x1000};  // system aperture default: stray accesses
inline constexpr VramOffset kFaultPage{0x2000};    // protection fault default
inline constexpr VramOffset kInterruptRing0{0x3000};
inline constexpr VramOffset kInterruptWritePointer{0x43000};
inline constexpr VramOffset kInterruptRing1{0x44000};
inline constexpr Bytes kInterruptRingSize{256 << 10};
inline constexpr VramOffset kPspCommand{0x85000};
inline constexpr VramOffset kPspFence{0x86000};
inline constexpr VramOffset kPspRing{0x87000};
inline constexpr Bytes kPspRingSize{64 << 10};
inline constexpr VramOffset kSmuTable{0x97000};
inline constexpr Bytes kSmuTableSize{16 << 10};
inline constexpr VramOffset kComputeMqd{0x9b000};
inline constexpr VramOffset kEmptyRoot{0x9c000};    // root page table of the contexts not in use
inline constexpr VramOffset kPspMessage{0x100000};  // firmware on its way to the PSP
inline constexpr Bytes kPspMessageSize{1 << 20};
inline constexpr VramOffset kTrustedMemory{0x200000};  // TMR: belongs to the PSP once set up
inline constexpr Bytes kTrustedMemorySize{19 << 20};

inline constexpr VramOffset kPageTables{32 << 20};
inline constexpr Bytes kPageTablesSize{32 << 20};
inline constexpr VramOffset kDataStart{64 << 20};

// Kept free at the end: the discovery table and what the card's firmware keeps there.
inline constexpr Bytes kReservedAtEnd{16 << 20};

// How much of the video memory BAR0 has to show.
inline constexpr Bytes kMinimumVisible{64 << 20};

}  // namespace redbolt::driver::vram_layout
