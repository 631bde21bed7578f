#include "daemon/sessions/session_ledger.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace ringmaster::daemon {

std::uint32_t SessionLedger::next_serial() {
  const std::uint32_t serial = shm::next_seq(ledger_.last_serial.load(std::memory_order_relaxed));
  ledger_.last_serial.store(serial, std::memory_order_relaxed);
  return serial;
}

void SessionLedger::publish(const Session& session) {
  shm::LedgerSession& record = ledger_.sessions[session.index];
  record.serial = session.serial;
  record.uid = session.uid;
  record.pool = session.pool;
  record.slots = session.geometry.slots;
  record.pid = session.pid;
  record.request_ring_bytes = session.geometry.request_ring_bytes;
  record.result_ring_bytes = session.geometry.result_ring_bytes;
  record.cookie[0] = session.cookie[0];
  record.cookie[1] = session.cookie[1];
  record.shortest_run_ms = session.shortest_run_ms;
  record.supervisor = session.supervisor;
  record.opened_ns = session.opened_ns;
  std::fill(std::begin(record.client), std::end(record.client), '\0');
  session.client.copy(record.client, sizeof record.client - 1);
  set_state(session.index, session.serial, shm::LedgerState::Live);
}

void SessionLedger::note_ending(std::uint16_t index, std::uint32_t serial) {
  set_state(index, serial, shm::LedgerState::Ending);
}

void SessionLedger::clear(std::uint16_t index, std::uint32_t serial) {
  set_state(index, serial, shm::LedgerState::Empty);
}

void SessionLedger::set_state(std::uint16_t index, std::uint32_t serial, shm::LedgerState state) {
  shm::LedgerSession& record = ledger_.sessions[index];
  if (record.serial != serial) return;
  // SYNC: release: a successor that reads Live or Ending reads the rest.
  record.state.store(static_cast<std::uint32_t>(state), std::memory_order_release);
}

shm::LedgerState SessionLedger::state(std::uint16_t index) const {
  // SYNC: acquire, pairs with set_state of the predecessor.
  return static_cast<shm::LedgerState>(ledger_.sessions[index].state.load(std::memory_order_acquire));
}

// Its client has wished it, unless its pool is being removed, with which all its sessions end.
Cause SessionLedger::end_of(std::uint16_t index) const {
  const shm::LedgerPool& pool = ledger_.pools[ledger_.sessions[index].pool];
  const auto draining = static_cast<std::uint32_t>(shm::LedgerPoolState::Draining);
  return pool.state.load(std::memory_order_relaxed) == draining ? Cause::PoolRemoved : Cause::Cancelled;
}

Session SessionLedger::recall(std::uint16_t index) const {
  const shm::LedgerSession& record = ledger_.sessions[index];
  Session session;
  session.index = index;
  session.serial = record.serial;
  session.uid = record.uid;
  session.pid = record.pid;
  session.pool = record.pool;
  session.cookie = {record.cookie[0], record.cookie[1]};
  session.geometry = {record.slots, record.request_ring_bytes, record.result_ring_bytes};
  session.shortest_run_ms = record.shortest_run_ms;
  session.supervisor = record.supervisor;
  session.opened_ns = record.opened_ns;
  session.client = clean_text({record.client, ::strnlen(record.client, sizeof record.client)});
  return session;
}

}  // namespace ringmaster::daemon
