#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// Where workers have faulted in the last minute: if one faults there again, its stack is known and need not be
/// captured. Bounded: the place seen longest ago is dropped.
class RecentFaults {
 public:
  static constexpr Duration kKept = std::chrono::minutes{1};
  static constexpr std::size_t kMost = 256;

  struct Place {
    std::string build_id;
    std::uint64_t offset = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
  };

  /// The label of the first fault at this place; 0: none in the last minute.
  [[nodiscard]] std::uint64_t find(TimePoint now, const Place& place) const {
    const auto known = places_.find(place);
    return known == places_.end() || now - known->second.at >= kKept ? 0 : known->second.label;
  }
  /// REQUIRES: label is not 0.
  void note(TimePoint now, const Place& place, std::uint64_t label) {
    places_[place] = {now, label};
    if (places_.size() <= kMost) return;
    auto oldest = places_.begin();
    for (auto at = places_.begin(); at != places_.end(); ++at) {
      if (at->second.at < oldest->second.at) oldest = at;
    }
    places_.erase(oldest);
  }

 private:
  struct Seen {
    TimePoint at;
    std::uint64_t label;
  };
  std::map<Place, Seen> places_;
};

}  // namespace ringmaster::core
