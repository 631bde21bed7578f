#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringmaster::worker {

/// What a worker remembers of the rings of one session that told of no job.
struct RingTally {
  std::uint64_t count = 0;
  std::uint64_t window = 0;  ///< The one that it was muted in last.
  std::uint32_t storms = 0;  ///< Windows in which it was muted, less those since in which it was not.
  bool muted = false;
};

/// How often the sessions of one uid may wake a worker for nothing. One ring now and then is nobody's fault: another
/// worker was faster. So each uid has some free in each tenth of a second; what rings on is not heard until that is
/// over, which costs its own jobs that time at most, and ends when it goes on for seconds: no client that submits jobs
/// gets there. Pure; time is an argument.
class RingBudget {
 public:
  static constexpr std::uint64_t kWindowNs = 100'000'000;
  static constexpr std::uint32_t kFree = 1'000;  ///< Of one uid in a window: 2 to 5 percent of a CPU.
  static constexpr std::uint32_t kStorms = 50;   ///< Windows that end a session: 5 s without a pause.

  enum class Verdict { Heed, Mute, Storm };
  /// A session of `uid` has rung without a job.
  [[nodiscard]] Verdict rang(std::uint32_t uid, RingTally& session, std::uint64_t now_ns);
  /// From then on a session that was muted at `now_ns` is heard again.
  [[nodiscard]] static std::uint64_t heard_again(std::uint64_t now_ns) { return (now_ns / kWindowNs + 1) * kWindowNs; }

 private:
  struct User {
    std::uint32_t uid;
    std::uint32_t rings;
  };
  std::uint64_t window_ = 0;
  std::vector<User> users_;  ///< Of this window.
};

}  // namespace ringmaster::worker
