#include "daemon/incidents/incident_log.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace ringmaster::daemon {
namespace {

using shm::LedgerIncident;

// Writes the first byte last: a supervisor that dies meanwhile leaves an empty text, not half of one.
template <std::size_t Size>
void write_text(char (&room)[Size], std::string_view text) {
  const std::string clean = clean_text(text, Size - 1);
  room[0] = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::memset(room + 1, 0, Size - 1);
  if (clean.empty()) return;
  clean.copy(room + 1, Size - 2, 1);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  room[0] = clean[0];
}

}  // namespace

LedgerIncident* IncidentLog::place_of(std::uint64_t serial) const {
  LedgerIncident& place = ledger_.incidents[serial % shm::kLedgerIncidents];
  // SYNC: acquire, pairs with open(), which a predecessor may have called.
  return serial != 0 && place.serial.load(std::memory_order_acquire) == serial ? &place : nullptr;
}

const LedgerIncident* IncidentLog::find(std::uint64_t serial) const { return place_of(serial); }

std::vector<const LedgerIncident*> IncidentLog::last(std::uint32_t pool, std::size_t most,
                                                     std::optional<core::SeatNumber> seat) const {
  std::vector<const LedgerIncident*> found;
  std::uint64_t serial = ledger_.last_incident.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < shm::kLedgerIncidents && serial != 0 && found.size() < most; ++i, --serial) {
    const LedgerIncident* one = place_of(serial);
    if (one == nullptr || one->pool != pool || (seat && one->seat != *seat)) continue;
    if (one->pool_generation == ledger_.pools[pool].generation) found.push_back(one);
  }
  return found;
}

const LedgerIncident* IncidentLog::of_job(std::uint64_t job_id) const {
  std::uint64_t serial = ledger_.last_incident.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < shm::kLedgerIncidents && serial != 0 && job_id != 0; ++i, --serial) {
    const LedgerIncident* one = place_of(serial);
    if (one != nullptr && one->job_id == job_id) return one;
  }
  return nullptr;
}

const LedgerIncident& IncidentLog::holder_of(const LedgerIncident& incident) const {
  const LedgerIncident* first = place_of(incident.same_as);
  return first != nullptr ? *first : incident;
}

std::string IncidentLog::pool_of(const shm::LedgerIncident& incident) const {
  const shm::LedgerPool& place = ledger_.pools[incident.pool % shm::kMaxPools];
  return place.generation == incident.pool_generation ? std::string(place.name) : "a removed pool";
}

const char* IncidentLog::stack_of(const LedgerIncident& incident) const { return holder_of(incident).stack; }
std::string IncidentLog::stack_at(std::uint64_t serial) const {
  const LedgerIncident* incident = place_of(serial);
  return incident != nullptr ? stack_of(*incident) : "";
}
const char* IncidentLog::full_stack_of(const LedgerIncident& incident) const { return holder_of(incident).full_stack; }

std::uint64_t IncidentLog::open(const Process& process, const Job& job, std::uint64_t now_ns) {
  for (const LedgerIncident* known : last(process.pool, 1, process.seat)) {
    const bool same = known->incarnation == process.incarnation && known->at_ns >= process.started_ns;
    if (same) return known->serial.load(std::memory_order_relaxed);
  }
  const std::uint64_t serial = ledger_.last_incident.load(std::memory_order_relaxed) + 1;
  LedgerIncident& place = ledger_.incidents[serial % shm::kLedgerIncidents];
  place.serial.store(0, std::memory_order_release);  // SYNC: from now on nobody reads the record, a successor included.
  place.at_ns = now_ns;
  place.pool = process.pool;
  place.pool_generation = ledger_.pools[process.pool].generation;
  place.seat = process.seat;
  place.incarnation = process.incarnation;
  place.closed.store(0, std::memory_order_relaxed);
  place.kind = place.detail = 0;
  place.job_id = job.id;
  place.uid = job.uid;
  place.same_as = 0;
  write_text(place.cause, {});
  write_text(place.handler, job.handler);
  write_text(place.label, job.label);
  write_text(place.stack, {});
  write_text(place.full_stack, {});
  write_text(place.core, {});
  write_text(place.what, {});
  ledger_.last_incident.store(serial, std::memory_order_release);  // SYNC: as below.
  place.serial.store(serial, std::memory_order_release);           // SYNC: after the rest, for a successor.
  return serial;
}

void IncidentLog::set_stack(std::uint64_t serial, std::string_view text, std::string_view full) {
  LedgerIncident* place = place_of(serial);
  if (place == nullptr) return;
  write_text(place->full_stack, full);
  write_text(place->stack, text);
}

void IncidentLog::share_stack(std::uint64_t serial, std::uint64_t first) {
  LedgerIncident* place = place_of(serial);
  const LedgerIncident* known = place_of(first);
  if (place == nullptr || known == nullptr) return;
  // A copy, for when the first one has been overwritten in the ring.
  set_stack(serial, stack_of(*known), full_stack_of(*known));
  place->same_as = first;
}

void IncidentLog::set_core(std::uint64_t serial, std::string_view text) {
  if (LedgerIncident* place = place_of(serial)) write_text(place->core, text);
}

void IncidentLog::set_what(std::uint64_t serial, std::string_view text) {
  if (LedgerIncident* place = place_of(serial)) write_text(place->what, text);
}

void IncidentLog::close(std::uint64_t serial, const core::DeathCause& cause, std::string_view text) {
  LedgerIncident* place = place_of(serial);
  if (place == nullptr || place->closed.load(std::memory_order_acquire) != 0)
    return;  // SYNC: pairs with the store below.
  place->kind = static_cast<std::uint32_t>(cause.kind);
  place->detail = static_cast<std::uint32_t>(cause.detail);
  write_text(place->cause, text);
  place->closed.store(1, std::memory_order_release);  // SYNC: after the rest.
}

}  // namespace ringmaster::daemon
