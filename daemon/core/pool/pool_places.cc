#include "daemon/core/pool/pool_places.h"

namespace ringmaster::core {

std::optional<PoolPlace> PoolPlaces::take(std::uint32_t seats) {
  const auto index = free_index();
  if (!index || seats == 0) return std::nullopt;
  std::uint32_t first = 0;
  while (const auto last = in_the_way(first, seats)) first = *last + 1;
  if (first > workers_ || seats > workers_ - first) return std::nullopt;
  return taken_.emplace(*index, PoolPlace{*index, first, seats}).first->second;
}

bool PoolPlaces::take_again(const PoolPlace& place) {
  if (place.index >= pools_ || taken_.contains(place.index) || place.seats == 0) return false;
  if (place.first_worker > workers_ || place.seats > workers_ - place.first_worker) return false;
  if (in_the_way(place.first_worker, place.seats)) return false;
  taken_[place.index] = place;
  return true;
}

std::optional<std::uint32_t> PoolPlaces::pool_of(std::uint32_t worker) const {
  for (const auto& [index, place] : taken_) {
    if (worker >= place.first_worker && worker - place.first_worker < place.seats) return index;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> PoolPlaces::free_index() const {
  for (std::uint32_t index = 0; index < pools_; ++index) {
    if (!taken_.contains(index)) return index;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> PoolPlaces::in_the_way(std::uint32_t first, std::uint32_t seats) const {
  for (const auto& [index, place] : taken_) {
    if (first < place.first_worker + place.seats && place.first_worker < first + seats) {
      return place.first_worker + place.seats - 1;
    }
  }
  const auto blocked = blocked_.lower_bound(first);
  if (blocked != blocked_.end() && *blocked < first + seats) return *blocked;
  return std::nullopt;
}

}  // namespace ringmaster::core
