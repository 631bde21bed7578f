#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "proto/worker_link.h"
#include "shm/base/unique_fd.h"
#include "shm/mapping.h"
#include "shm/worker_port.h"

namespace ringmaster {

/// One session as a worker holds it: both segments mapped, the client's bell, and the place of the last claim.
struct AttachedSession {
  worker_link::Attach about;
  Mapping request_memory;
  Mapping reply_memory;
  UniqueFd bell;  ///< Watched, never read or written.
  WorkerSession port;
};

/// Why a session could not be attached.
struct AttachFailure {
  worker_link::BrokenReason reason = worker_link::BrokenReason::BadSegment;
  std::uint64_t detail = 0;
};

/// Maps the segments and checks them against what the supervisor says of them: seals, sizes, headers.
[[nodiscard]] std::unique_ptr<AttachedSession> open_session(const worker_link::Attach& about, int request_fd,
                                                            int reply_fd, UniqueFd bell, AttachFailure& failure);

/// The sessions of one worker, and whose turn it is: highest class first; within a class round robin over uids, then
/// over a uid's sessions, each for as many jobs as its weight. Only the worker's thread touches it.
class SessionTable {
 public:
  [[nodiscard]] AttachedSession* at(std::uint32_t index) const noexcept { return sessions_[index].get(); }
  /// REQUIRES: the session's place is empty.
  AttachedSession& add(std::unique_ptr<AttachedSession> session);
  void remove(std::uint32_t index);
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

  /// True when a job could be claimed: a load per session, nothing is written.
  [[nodiscard]] bool may_have_work() const noexcept;
  /// True when some session's next slot is Ready: what a spinning worker looks at, because its client is busy
  /// elsewhere.
  [[nodiscard]] bool next_is_ready() const noexcept;
  /// True when a job with a ready bit waits in some session.
  [[nodiscard]] bool has_ready_job() const noexcept;
  /// Takes the next job in turn; `from` is its session.
  [[nodiscard]] ClaimStatus claim_next(const WorkerSelf& self, std::uint64_t now_ns, Claim& claimed,
                                       AttachedSession*& from) noexcept;

 private:
  template <typename Test>
  [[nodiscard]] bool any_session(Test&& test) const noexcept;
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

  std::array<std::unique_ptr<AttachedSession>, worker_link::kMaxSessions> sessions_;
  std::array<Class, worker_link::kClasses> classes_;
  std::size_t count_ = 0;
};

}  // namespace ringmaster
