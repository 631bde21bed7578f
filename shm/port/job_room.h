#pragma once

#include <cstdint>
#include <optional>

#include "shm/heap/reserved_heap.h"
#include "shm/port/client_port.h"
#include "shm/reserved_ring.h"

/// Takes all that a job needs before it can be published, or nothing. For the client of a session: a program, or the
/// supervisor for jobs that come as messages.
namespace ringmaster::shm {

/// What a job could not get.
enum class Shortage : std::uint8_t { Slot, RequestRing, ResultRing, Memory };

/// In bytes; 0: no extent is needed.
struct JobNeeds {
  std::uint64_t request = 0;
  std::uint64_t arguments = 0;
  std::uint64_t result = 0;
};

struct JobRoom {
  std::uint32_t slot = 0;
  Extent request;
  Extent arguments;
  Extent result;
};

/// May throw std::bad_alloc, for the books of ring and heap; then nothing was taken.
/// nullopt: success; `room` belongs to the caller, who must publish its slot or give it back by untake_slot().
/// may_take: as for PageReserve::reaches.
template <typename MayTake>
[[nodiscard]] std::optional<Shortage> take_room(ClientPort& port, ReservedRing& requests, ReservedHeap& results,
                                                const JobNeeds& needs, MayTake&& may_take, JobRoom& room) {
  const auto slot = port.take_slot();
  if (!slot) return Shortage::Slot;
  room = {*slot, {}, {}, {}};
  const auto give_back = [&] {
    requests.give_back(room.arguments.id);
    requests.give_back(room.request.id);
    port.untake_slot(*slot);
  };
  Shortage none = Shortage::RequestRing;
  try {
    Taken taken = requests.take(needs.request, room.request, may_take);
    if (taken == Taken::Ok) taken = requests.take(needs.arguments, room.arguments, may_take);
    if (taken == Taken::Ok) {
      none = Shortage::ResultRing;
      taken = results.take(needs.result, room.result, may_take);
    }
    if (taken == Taken::Ok) return std::nullopt;
    if (taken == Taken::NoMemory) none = Shortage::Memory;
  } catch (...) {
    give_back();
    throw;
  }
  give_back();
  return none;
}

}  // namespace ringmaster::shm
