#include "residents.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "daemon_error.hpp"

namespace redbolt::daemon {
namespace {

// Adds a range to ranges that do not touch each other, and joins it with its neighbours. Returns
// the size of what it became.
Bytes join(std::map<Bytes, Bytes>& ranges, Bytes offset, Bytes size) {
  const auto after = ranges.lower_bound(offset);
  if (after != ranges.end() && offset + size == after->first) {
    size += after->second;
    ranges.erase(after);
  }
  const auto behind = ranges.lower_bound(offset);
  if (behind != ranges.begin()) {
    const auto before = std::prev(behind);
    if (before->first + before->second == offset) {
      before->second += size;
      return before->second;
    }
  }
  ranges[offset] = size;
  return size;
}

}  // namespace

ResidentUse::ResidentUse(std::shared_ptr<ResidentSet> set, std::string user)
    : set_(std::move(set)), user_(std::move(user)) {
  set_->users.push_back(user_);
}

ResidentUse& ResidentUse::operator=(ResidentUse&& other) noexcept {
  if (this == &other) return *this;
  release();
  set_ = std::move(other.set_);
  user_ = std::move(other.user_);
  return *this;
}

ResidentUse::~ResidentUse() {
  release();
}

void ResidentUse::release() noexcept {
  if (!set_) return;
  const auto user = std::find(set_->users.begin(), set_->users.end(), user_);
  set_->users.erase(user);
  set_->last_used = ResidentSet::Clock::now();
  set_.reset();
}

ResidentUse Residents::find(const ContentHash& hash, Bytes size, const std::string& user) {
  const auto found =
      std::find_if(sets_.begin(), sets_.end(), [&](const Set& set) { return set->hash == hash; });
  if (found == sets_.end()) return {};
  if ((*found)->size != size) {
    throw invalid_argument("the resident weights \"" + (*found)->name + "\" of that hash have " +
                           std::to_string((*found)->size.count()) + " bytes, not " +
                           std::to_string(size.count()));
  }
  ++(*found)->uses;
  return {*found, user};
}

ResidentUse Residents::add(const ContentHash& hash, const std::string& name, Bytes size,
                           ArenaBlock&& block, const std::string& user) {
  if (sets_.size() >= max_sets) {
    const auto candidates = unused();
    if (candidates.empty()) {
      throw limit_exceeded("more than " + std::to_string(max_sets) +
                           " sets of resident weights are in use");
    }
    erase(candidates.front());
  }
  const auto now = ResidentSet::Clock::now();
  auto set = std::make_shared<ResidentSet>();
  set->hash = hash;
  set->name = name;
  set->size = size;
  set->block = std::move(block);
  set->created = now;
  set->last_used = now;
  sets_.push_back(set);
  return {std::move(set), user};
}

std::vector<Residents::Set> Residents::unused() const {
  std::vector<Set> result;
  std::copy_if(sets_.begin(), sets_.end(), std::back_inserter(result),
               [](const Set& set) { return set->users.empty(); });
  std::stable_sort(result.begin(), result.end(),
                   [](const Set& a, const Set& b) { return a->last_used < b->last_used; });
  return result;
}

bool Residents::make_room(const Arena& arena, Bytes size) {
  const std::vector<Set> candidates = unused();
  std::map<Bytes, Bytes> ranges = arena.free_ranges();
  for (std::size_t count = 0; count < candidates.size(); ++count) {
    const ArenaBlock& block = candidates[count]->block;
    if (join(ranges, block.offset(), block.size()) < size) continue;
    for (std::size_t i = 0; i <= count; ++i) erase(candidates[i]);
    return true;
  }
  return false;
}

void Residents::erase(const Set& set) {
  sets_.remove(set);
}

void Residents::drop_one(const Set& set, Dropped& dropped) {
  if (!set->users.empty()) {
    ++dropped.in_use;
    return;
  }
  ++dropped.sets;
  dropped.bytes += set->block.size();
  erase(set);
}

Residents::Dropped Residents::drop(const std::vector<ContentHash>& hashes) {
  Dropped dropped;
  for (const ContentHash& hash : hashes) {
    const auto found =
        std::find_if(sets_.begin(), sets_.end(), [&](const Set& set) { return set->hash == hash; });
    if (found == sets_.end()) {
      ++dropped.not_found;
    } else {
      drop_one(Set(*found), dropped);
    }
  }
  return dropped;
}

Residents::Dropped Residents::drop_all() {
  Dropped dropped;
  for (const Set& set : std::list<Set>(sets_)) drop_one(set, dropped);
  return dropped;
}

std::vector<const ResidentSet*> Residents::sets() const {
  std::vector<const ResidentSet*> result;
  for (const Set& set : sets_) result.push_back(set.get());
  std::stable_sort(result.begin(), result.end(), [](const ResidentSet* a, const ResidentSet* b) {
    if (a->users.empty() != b->users.empty()) return !a->users.empty();
    return a->last_used > b->last_used;
  });
  return result;
}

Bytes Residents::reclaimable() const {
  Bytes total;
  for (const Set& set : sets_) {
    if (set->users.empty()) total += set->block.size();
  }
  return total;
}

std::string Residents::in_use_text() const {
  std::string text;
  for (const Set& set : sets_) {
    if (set->users.empty()) continue;
    if (!text.empty()) text += ", ";
    text += "\"" + set->name + "\" (" + std::to_string(set->size.count()) + " bytes) by " +
            set->users.front();
    if (set->users.size() > 1) text += " and others";
  }
  return text;
}

}  // namespace redbolt::daemon
