// The card's side of the PCI link (NBIO): doorbells and who they go to.
#pragma once

#include "register_file.hpp"

namespace redbolt::driver {

// Opens the doorbell BAR.
void open_doorbells(RegisterFile& registers);

// Routes the doorbells of the compute micro engine.
void route_compute_doorbells(RegisterFile& registers);

// Routes the doorbells of copy engine 0, whose first one has this index (in 64-bit doorbells).
void route_copy_doorbells(RegisterFile& registers, unsigned first_doorbell);

// Whether the link reported an uncorrectable error to the card.
bool has_fatal_link_error(RegisterFile& registers);

}  // namespace redbolt::driver
