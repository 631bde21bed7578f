#include "tests/fuzz/memory/scribbler.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace ringmaster::fuzz {
namespace {

// A slot word that the protocol knows: any state, near the last seq, of either worker or of nobody.
std::uint64_t plausible(House& house, const Tenant& tenant, Script& script) {
  const auto raw = script.next<std::uint16_t>();
  const auto state = static_cast<shm::SlotState>(raw & 7);
  const std::uint32_t seq = tenant.last_seq() - (raw >> 3 & 3);
  const unsigned attempt = raw >> 5 & 15;
  if ((raw >> 9 & 1) != 0)
    return shm::SlotWord::terminal(seq, state, attempt, static_cast<Cause>(raw >> 10 & 31), 7).bits();
  const shm::Owner owner = (raw >> 10 & 3) == 3 ? shm::Owner{9, 9} : house.hand(raw >> 10 & 1).owner;
  return shm::SlotWord::owned(seq, state, attempt, owner).bits();
}

const Tenant& chosen(House& house, Stranger who, Script& script) {
  return house.tenant(who == Stranger::Client ? 1 : script.next<std::uint8_t>());
}

void write_word(House& house, Stranger who, Script& script) {
  const Tenant& tenant = chosen(house, who, script);
  const std::uint32_t slot = script.next<std::uint8_t>() % tenant.reply().slots();
  tenant.reply().word(slot).store(plausible(house, tenant, script));
}

void copy_word(House& house, Stranger who, Script& script) {
  const Tenant& tenant = chosen(house, who, script);
  const std::uint32_t from = script.next<std::uint8_t>() % tenant.reply().slots();
  const std::uint32_t to = script.next<std::uint8_t>() % tenant.reply().slots();
  tenant.reply().word(to).store(tenant.reply().word(from).load());
}

void set_bit(House& house, Stranger who, Script& script) {
  const Tenant& tenant = chosen(house, who, script);
  const auto which = script.next<std::uint8_t>();
  const shm::HintWords& hints = (which & 1) != 0 ? tenant.reply().ready() : tenant.reply().done();
  hints.bits[0].fetch_xor(std::uint64_t{1} << (which >> 1 & 63));
}

// What a worker says that it runs.
void write_lane(House& house, Script& script) {
  shm::LaneWords& words = house.hand(1).self.lane->words;
  const auto raw = script.next<std::uint16_t>();
  const Tenant& tenant = house.tenant(raw & 1);
  const auto index = static_cast<std::uint16_t>((raw & 2) != 0 ? tenant.index() : raw);
  const auto slot = static_cast<std::uint16_t>((raw & 4) != 0 ? tenant.last_slot() : raw >> 3);
  words.intent.store(shm::Intent{index, slot, tenant.last_seq() - (raw >> 4 & 3)}.pack());
  words.stamp_ns.store(script.next<std::uint64_t>());
}

void write_anything(House& house, Stranger who, Script& script) {
  std::vector<std::span<std::byte>> segments;
  if (who == Stranger::Client) {
    segments = {house.tenant(1).request_memory(), house.tenant(1).reply_memory()};
  } else {
    segments = {house.hand(1).lane_memory.span(), house.tenant(0).reply_memory(), house.tenant(1).reply_memory(),
                house.board_memory()};
  }
  const auto which = script.next<std::uint8_t>();
  const std::span<std::byte> segment = segments[which % segments.size()];
  // Headers, hints and the first slots are hit as often as all the rest.
  const std::size_t range = (which & 0x80) != 0 ? std::min<std::size_t>(segment.size(), 512) : segment.size();
  const std::size_t at = script.next<std::uint16_t>() % (range / 8) * 8;
  const auto value = script.next<std::uint64_t>();
  std::memcpy(segment.data() + at, &value, sizeof value);
}

}  // namespace

void scribble(House& house, Stranger who, Script& script) {
  switch (script.next<std::uint8_t>() % 6) {
    case 0:
    case 1:
      return write_word(house, who, script);
    case 2:
      return copy_word(house, who, script);
    case 3:
      return set_bit(house, who, script);
    case 4:
      if (who == Stranger::Worker) return write_lane(house, script);
      [[fallthrough]];
    default:
      return write_anything(house, who, script);
  }
}

}  // namespace ringmaster::fuzz
