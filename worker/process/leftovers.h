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
  std::uint64_t started = 0;  ///< Clock ticks since boot; distinguishes processes that had the same pid.
  bool dead = false;          ///< A zombie: its status has not been taken.

  friend bool operator==(const ChildProcess&, const ChildProcess&) = default;
};

/// The jobs that ended since the last look: one of them left the new children.
struct JobSpan {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint32_t count = 0;
  bool helpers = false;  ///< The handler of one of them has starts_helpers.

  void add(std::uint64_t id, bool starts_helpers) noexcept {
    if (count == 0) first = id;
    last = id;
    count += count != UINT32_MAX;
    helpers |= starts_helpers;
  }
  friend bool operator==(const JobSpan&, const JobSpan&) = default;
};

/// Decides what to do with processes that jobs leave behind. Pure: the children and the time go in, actions come out.
///
/// A worker is a subreaper, so orphans of a job's processes become its children. A child is one of
///   helper   was there before the first job, or was declared: never touched, its owner takes its status
///   seen     appeared between two looks; a thread of the handler may still wait for it
///   ended    still alive a second later, and killed by the pool's policy
///   kept     still alive a second later, and left alone by the pool's policy
/// The statuses of seen, ended and kept ones are taken, but only if they were dead at two looks a second apart: until
/// then a waitpid(), a system() or a subprocess library may still ask for them.
class Leftovers {
 public:
  static constexpr std::uint64_t kApartNs = 1'000'000'000;
  /// Time to the next look after one that found something new.
  static constexpr std::uint64_t kSettleNs = 10'000'000;
  /// Time to the next look while leftovers are alive.
  static constexpr std::uint64_t kLivingNs = 10'000'000'000;
  static constexpr std::size_t kMaxDeclared = 1024;

  /// Keeps the children that were there before the first job.
  void keep(std::span<const ChildProcess> children);
  /// A handler declares that this process stays; it need not be a child yet. At most kMaxDeclared that have not been
  /// seen as children are remembered.
  void declare(pid_t pid, std::uint64_t started);

  struct Found {
    ChildProcess process;
    JobSpan jobs;
  };
  struct Actions {
    std::vector<Found> end;                ///< To be killed for the first time.
    std::vector<pid_t> again;              ///< To be killed again: not dead yet.
    std::vector<Found> kept;               ///< To be reported as kept, once.
    std::vector<Found> reap;               ///< Dead for long enough to be reaped.
    std::size_t left = 0;                  ///< Leftovers that remain after this look, the dead included.
    std::optional<std::uint64_t> next_ns;  ///< When to look again even if no job ends.
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
  std::map<pid_t, std::uint64_t> declared_;  ///< Helpers that have not been seen among the children yet.
};

}  // namespace ringmaster::worker
