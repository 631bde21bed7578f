#include "shm/ledger/delivered.h"

#include <iterator>

namespace ringmaster::shm {
namespace {

template <typename Table>
auto& place_of(Table& table, std::uint32_t serial) {
  return table.sessions[serial % std::size(table.sessions)];
}

constexpr std::uint64_t bit_of(std::uint32_t slot) { return std::uint64_t{1} << slot % 64; }

}  // namespace

void mark_delivered(DeliveredTable& table, std::uint32_t serial, std::uint32_t slot) noexcept {
  DeliveredSlots& place = place_of(table, serial);
  if (place.serial.load(std::memory_order_relaxed) != serial) {
    // SYNC: release for all stores: a successor sees them in this order, as far as this process got.
    place.serial.store(0, std::memory_order_release);
    for (Word64& word : place.slots) word.store(0, std::memory_order_release);
    place.serial.store(serial, std::memory_order_release);
  }
  place.slots[slot / 64].fetch_or(bit_of(slot), std::memory_order_release);
}

void clear_delivered(DeliveredTable& table, std::uint32_t serial, std::uint32_t slot) noexcept {
  DeliveredSlots& place = place_of(table, serial);
  if (place.serial.load(std::memory_order_relaxed) != serial) return;
  place.slots[slot / 64].fetch_and(~bit_of(slot), std::memory_order_release);  // SYNC: as above, for a successor.
}

bool is_delivered(const DeliveredTable& table, std::uint32_t serial, std::uint32_t slot) noexcept {
  const DeliveredSlots& place = place_of(table, serial);
  // SYNC: acquire, pairs with the stores of a predecessor.
  return place.serial.load(std::memory_order_acquire) == serial &&
         (place.slots[slot / 64].load(std::memory_order_acquire) & bit_of(slot)) != 0;
}

}  // namespace ringmaster::shm
