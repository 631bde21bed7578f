#include "shm/ledger/ledger.h"

#include <algorithm>
#include <cstring>

namespace ringmaster::shm {
namespace {

LedgerCrash* find_crash(LedgerRecord& ledger, std::uint64_t job_id) {
  for (LedgerCrash& crash : ledger.crashes)
    if (crash.job_id.load(std::memory_order_relaxed) == job_id) return &crash;
  return nullptr;
}

LedgerCrash& place_for(LedgerRecord& ledger, std::uint64_t job_id) {
  LedgerCrash* place = find_crash(ledger, job_id);
  if (place != nullptr) return place->last_use = ++ledger.crash_uses, *place;
  place = find_crash(ledger, 0);
  if (place == nullptr) {
    const auto older = [](const LedgerCrash& a, const LedgerCrash& b) { return a.last_use < b.last_use; };
    place = std::min_element(std::begin(ledger.crashes), std::end(ledger.crashes), older);
    place->job_id.store(0, std::memory_order_release);  // SYNC: before the count is reset, for a successor.
  }
  place->count = 0;
  place->last_use = ++ledger.crash_uses;
  place->job_id.store(job_id, std::memory_order_release);  // SYNC: after the count, for a successor.
  return *place;
}

}  // namespace

LedgerRecord* open_ledger(std::span<std::byte> memory, std::uint64_t pools) noexcept {
  if (pools > kMaxPools || memory.size() < ledger_bytes(pools)) return nullptr;
  auto* ledger = reinterpret_cast<LedgerRecord*>(memory.data());
  const bool ours = ledger->header.magic == static_cast<std::uint64_t>(SegmentMagic::Ledger) &&
                    ledger->header.layout_version == kLayoutVersion && ledger->header.total_bytes == memory.size();
  return ours ? ledger : nullptr;
}

LedgerRecord* format_ledger(std::span<std::byte> memory) noexcept {
  auto* ledger = reinterpret_cast<LedgerRecord*>(memory.data());
  ledger->header.magic = static_cast<std::uint64_t>(SegmentMagic::Ledger);
  ledger->header.layout_version = kLayoutVersion;
  ledger->header.total_bytes = memory.size();
  return ledger;
}

bool write_verdict(LedgerWorker& worker, const Verdict& verdict) noexcept {
  if (worker.verdict_intent.load(std::memory_order_relaxed) != 0) return false;
  worker.verdict_cause = static_cast<std::uint32_t>(verdict.cause);
  worker.verdict_detail = verdict.detail;
  // SYNC: release: a successor that sees the verdict also sees its cause.
  worker.verdict_intent.store(verdict.intent.pack(), std::memory_order_release);
  return true;
}

void withdraw_verdict(LedgerWorker& worker) noexcept {
  worker.verdict_intent.store(0, std::memory_order_release);  // SYNC: pairs with read_verdict's acquire.
}

std::optional<Verdict> standing_verdict(const LedgerWorker& worker) noexcept {
  // SYNC: acquire, pairs with write_verdict.
  const auto intent = Intent::unpack(worker.verdict_intent.load(std::memory_order_acquire));
  if (!intent) return std::nullopt;
  return Verdict{*intent, static_cast<Cause>(worker.verdict_cause), static_cast<std::uint16_t>(worker.verdict_detail)};
}

std::uint32_t count_crash(LedgerRecord& ledger, LedgerWorker& worker, std::uint64_t job_id,
                          std::uint16_t detail) noexcept {
  LedgerCrash& crash = place_for(ledger, job_id);
  if (worker.counted_job.load(std::memory_order_relaxed) == job_id) return crash.count;
  crash.last_detail = detail;
  // The mark comes first: a supervisor that dies between the two counts one crash too few, so the job at most gets one
  // retry more.
  worker.counted_job.store(job_id, std::memory_order_release);  // SYNC: before the count, for a successor.
  ++crash.count;
  return crash.count;
}

void forget_crashes(LedgerRecord& ledger, std::uint64_t job_id) noexcept {
  if (LedgerCrash* crash = find_crash(ledger, job_id))
    crash->job_id.store(0, std::memory_order_release);  // SYNC: as above.
}

LedgerTally& tally_of(LedgerPool& pool) noexcept {
  return pool.tally[pool.published.load(std::memory_order_relaxed) & 1];
}

}  // namespace ringmaster::shm
