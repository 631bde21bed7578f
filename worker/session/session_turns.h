#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proto/worker_link.h"
#include "shm/port/worker_port.h"

namespace ringmaster::worker {

struct AttachedSession;

/// Whose turn it is among the hot sessions: the highest class first; within a class round robin over uids, then over a
/// uid's sessions, each for as many jobs as its weight. When a uid gets its first hot session it is placed by its last
/// turn: before all uids that have had one since. So a uid with few jobs does not wait for those that always have some.
///
/// Charged uids (shm/charges.h) come after all classes: claim_charged() gives them a turn, and claim_next() does only
/// when they have waited for kChargedWaitNs, so that they do not starve. Only the worker's thread touches it.
class SessionTurns {
 public:
  static constexpr std::uint64_t kChargedWaitNs = 1'000'000'000;

  /// REQUIRES: `session` is not in here; its charge does not change while it is.
  void add(AttachedSession& session);
  /// REQUIRES: `session` is in here.
  void remove(AttachedSession& session) noexcept;

  /// Claims the next job in turn; `from` is its session, or the one that was tampered with.
  [[nodiscard]] shm::ClaimStatus claim_next(const shm::WorkerSelf& self, std::uint64_t now_ns, shm::Claim& claimed,
                                            AttachedSession*& from) noexcept;
  [[nodiscard]] shm::ClaimStatus claim_charged(const shm::WorkerSelf& self, std::uint64_t now_ns, shm::Claim& claimed,
                                               AttachedSession*& from) noexcept;
  [[nodiscard]] bool someone_charged() const noexcept { return !charged_.users.empty(); }

 private:
  struct User {
    std::uint32_t uid = 0;
    std::vector<AttachedSession*> sessions;
    std::size_t turn = 0;
    std::uint32_t taken = 0;   ///< Jobs in a row that the session whose turn it is has had.
    std::uint64_t served = 0;  ///< The number of its last turn.
  };
  struct Class {
    std::vector<User> users;
    std::size_t turn = 0;
  };

  [[nodiscard]] Class& class_of(const AttachedSession& session) noexcept;
  [[nodiscard]] static User& place(Class& in, const AttachedSession& session);
  [[nodiscard]] shm::ClaimStatus claim_in(Class& one, const shm::WorkerSelf& self, std::uint64_t now_ns,
                                          shm::Claim& claimed, AttachedSession*& from) noexcept;
  [[nodiscard]] static shm::ClaimStatus claim_of_user(User& user, const shm::WorkerSelf& self, std::uint64_t now_ns,
                                                      shm::Claim& claimed, AttachedSession*& from) noexcept;

  std::array<Class, worker_link::kClasses> classes_;
  Class charged_;
  std::uint64_t charged_since_ns_ = 0;  ///< Since when charged uids wait; 0: not known yet.
  std::uint64_t turns_ = 0;             ///< Given so far.
};

}  // namespace ringmaster::worker
