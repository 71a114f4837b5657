// Who wrote last to which part of a region of video memory, so that nobody is given what another
// left behind. Knows offsets only.
//
// Belongs to the device thread.
#pragma once

#include <map>
#include <vector>

#include "redbolt/base/quantity.hpp"

namespace redbolt::daemon {

// Somebody who uses video memory: a client, for as long as it has the card. 0 stands for whoever
// used it before the card was booted.
using OwnerId = Identifier<struct OwnerIdTag>;

class ContentMap {
 public:
  struct Range {
    Bytes offset;
    Bytes size;
    bool operator==(const Range&) const = default;
  };

  explicit ContentMap(Bytes size);

  // From now on the range holds what `owner` writes. Returns the parts of it that hold what
  // somebody else wrote: in order, as large as they can be. The range lies within the region.
  std::vector<Range> claim(Bytes offset, Bytes size, OwnerId owner);

 private:
  void split(Bytes at);

  Bytes size_;
  std::map<Bytes, OwnerId> owner_from_;  // each up to the next
};

}  // namespace redbolt::daemon
