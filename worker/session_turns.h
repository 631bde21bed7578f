#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proto/worker_link.h"
#include "shm/worker_port.h"

namespace ringmaster {

struct AttachedSession;

/// Whose turn it is among the sessions that a worker looks at: highest class first; within a class round robin over
/// uids, then over a uid's sessions, each for as many jobs as its weight. Sessions come and go; who stays keeps its
/// place. Only the worker's thread touches it.
class SessionTurns {
 public:
  /// REQUIRES: not in it. Its turn comes last.
  void add(AttachedSession& session);
  /// REQUIRES: in it.
  void remove(AttachedSession& session) noexcept;

  /// Takes the next job in turn; `from` is its session.
  [[nodiscard]] ClaimStatus claim_next(const WorkerSelf& self, std::uint64_t now_ns, Claim& claimed,
                                       AttachedSession*& from) noexcept;

 private:
  struct User {
    std::uint32_t uid = 0;
    std::vector<AttachedSession*> sessions;
    std::size_t turn = 0;
    std::uint32_t taken = 0;  ///< Jobs in a row of the session whose turn it is.
  };
  struct Class {
    std::vector<User> users;
    std::size_t turn = 0;
  };

  [[nodiscard]] static ClaimStatus claim_of_user(User& user, const WorkerSelf& self, std::uint64_t now_ns,
                                                 Claim& claimed, AttachedSession*& from) noexcept;

  std::array<Class, worker_link::kClasses> classes_;
};

}  // namespace ringmaster
