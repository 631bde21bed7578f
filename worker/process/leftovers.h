#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace ringmaster::worker {

/// A child of this process, as one look sees it.
struct ChildProcess {
  pid_t pid = 0;
  std::uint64_t started = 0;  ///< Clock ticks since boot; tells a number's second user from its first.
  bool dead = false;          ///< A zombie: its status has not been taken.

  friend bool operator==(const ChildProcess&, const ChildProcess&) = default;
};

/// The jobs that ended since the last look: one of them left what is new.
struct JobSpan {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint32_t count = 0;
  bool helpers = false;  ///< One of them is of a handler that starts helpers which stay.

  void add(std::uint64_t id, bool starts_helpers) noexcept {
    if (count == 0) first = id;
    last = id;
    count += count != UINT32_MAX;
    helpers |= starts_helpers;
  }
  friend bool operator==(const JobSpan&, const JobSpan&) = default;
};

/// What jobs left behind and what is to become of it. Pure: a list of children and the time go in, decisions come out.
///
/// A worker is a subreaper: whatever a job's processes leave becomes its child. A child is one of
///   helper   was there before the first job, or was declared: never touched, its status is its owner's
///   seen     appeared between two looks; a handler's own thread may still be about to wait for it
///   ended    living a second later and ended by policy; kept: likewise, and left alone by policy
/// A status is taken from seen, ended and kept ones only, and only if they were dead at two looks a second apart: until
/// then a waitpid(), a system() or a subprocess library may still come for it.
class Leftovers {
 public:
  static constexpr std::uint64_t kApartNs = 1'000'000'000;
  /// So soon a look follows one that found something new.
  static constexpr std::uint64_t kSettleNs = 10'000'000;
  /// And so soon while there is something that lives on.
  static constexpr std::uint64_t kLivingNs = 10'000'000'000;
  static constexpr std::size_t kMaxDeclared = 1024;

  /// What was there before the first job.
  void keep(std::span<const ChildProcess> children);
  /// A handler's word that this process stays, child or not yet. Of those never seen as a child the latest kMaxDeclared
  /// are known.
  void declare(pid_t pid, std::uint64_t started);

  struct Found {
    ChildProcess process;
    JobSpan jobs;
  };
  struct Actions {
    std::vector<Found> end;                ///< To be killed; for the first time.
    std::vector<pid_t> again;              ///< Killed before and not dead yet.
    std::vector<Found> kept;               ///< To be reported, once.
    std::vector<Found> reap;               ///< Dead long enough.
    std::size_t left = 0;                  ///< Leftovers that are there after this look, the dead included.
    std::optional<std::uint64_t> next_ns;  ///< When to look again although no job has ended.
  };
  /// `keep`: the pool's policy. REQUIRES: called between jobs.
  [[nodiscard]] Actions look(std::uint64_t now_ns, std::span<const ChildProcess> children, const JobSpan& jobs,
                             bool keep);

 private:
  enum class Kind : std::uint8_t { Helper, Seen, Ended, Kept };
  struct Known {
    std::uint64_t started = 0;
    Kind kind = Kind::Seen;
    bool present = false;
    std::uint64_t seen_ns = 0;
    std::optional<std::uint64_t> dead_ns;
    JobSpan jobs;
  };
  Known& known(const ChildProcess& child, std::uint64_t now_ns, const JobSpan& jobs);

  std::map<pid_t, Known> known_;
  std::map<pid_t, std::uint64_t> declared_;  ///< Not yet seen among the children.
};

}  // namespace ringmaster::worker
