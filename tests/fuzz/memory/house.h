#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "shm/ledger/ledger.h"
#include "shm/port/reap.h"
#include "shm/port/worker_port.h"
#include "tests/fuzz/memory/tenant.h"

namespace ringmaster::fuzz {

inline constexpr std::size_t kTenants = 2;
inline constexpr std::size_t kHands = 2;

/// One worker, at its incarnation.
struct Hand {
  Hand(std::uint16_t number, shm::BoardRecord* board);
  void be_born();

  shm::Owner owner;
  Block lane_memory{sizeof(shm::LaneRecord)};
  Block control_memory{sizeof(shm::ControlRecord)};
  shm::ControlRecord* control = nullptr;
  shm::WorkerSelf self;
  std::array<shm::WorkerSession, kTenants> sessions;
  std::optional<shm::Claim> claimed;
  std::size_t at = 0;  ///< the tenant of `claimed`
  shm::LedgerWorker record{};
};

/// One pool in one thread: sessions, workers and supervisor take the steps of a real daemon one at a time, with the
/// code of shm/. A Stranger (scribbler.h) writes into the memory between the steps; the house checks that no part
/// trusts these bytes.
class House {
 public:
  /// `safe`: nobody else can write into tenant 0's memory.
  explicit House(bool safe);

  // ---- workers ----
  void claim(std::size_t hand, std::size_t tenant);
  void finish(std::size_t hand);
  void look(std::size_t hand);
  /// Awake, asleep and taking roles: the board's hints.
  void turn(std::size_t hand, unsigned how);

  // ---- the supervisor ----
  void sentence(std::size_t hand);
  void force(std::size_t hand);
  void bury(std::size_t hand);
  void expire(std::size_t tenant);
  void adopt();
  void end_session(std::size_t tenant);

  /// Honest work until nothing is left to do: every job of a safe tenant ends.
  void settle();

  [[nodiscard]] Tenant& tenant(std::size_t number) { return tenants_[number % kTenants]; }
  [[nodiscard]] Hand& hand(std::size_t number) { return hands_[number % kHands]; }
  [[nodiscard]] std::span<std::byte> board_memory() const { return board_memory_.span(); }
  [[nodiscard]] std::uint64_t tick() { return now_ += 1'000'000; }

 private:
  [[nodiscard]] std::array<shm::ReapTarget, kTenants> targets() const;
  /// True if nobody else writes into this worker's lane.
  [[nodiscard]] bool honest(std::size_t hand) const { return tenants_[0].safe() || hand % kHands == 0; }
  Tenant* tenant_of(std::uint16_t index);
  Fate* fate_of(const shm::Intent& intent);
  void check_extents(const Hand& hand, const shm::JobExtents& extents) const;
  /// An idle worker looks at that tenant's words until it may sleep, or ends the session for tampering.
  void rest(std::size_t tenant);
  [[nodiscard]] static std::optional<shm::Verdict> verdict_on_last_job(const Hand& worker);
  void die(Hand& hand, const std::optional<shm::Verdict>& verdict);
  shm::AfterCrash after(Hand& hand, std::uint64_t job_id, bool idempotent, unsigned attempts);

  Block board_memory_{sizeof(shm::BoardRecord)};
  shm::BoardRecord* board_ = nullptr;
  shm::LedgerRecord& ledger_;
  std::array<Tenant, kTenants> tenants_;
  std::array<Hand, kHands> hands_;
  std::array<bool, kTenants> ended_{};
  std::uint64_t now_ = 1'000'000'000;
  std::uint64_t sum_ = 0;
};

}  // namespace ringmaster::fuzz
