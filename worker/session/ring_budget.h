#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringmaster::worker {

/// What a worker remembers of a session's rings without a job.
struct RingTally {
  std::uint64_t count = 0;
  std::uint64_t window = 0;  ///< The last window in which the session was muted.
  std::uint32_t storms = 0;  ///< Windows in which it was muted, minus later ones in which it was not.
  bool muted = false;
};

/// Limits how often the sessions of one uid may wake a worker without a job. Now and then that is nobody's fault,
/// because another worker was faster: so each uid has some free rings in each window of a tenth of a second. A session
/// that rings more is muted until the window ends, which delays only its own jobs; one that does so for seconds has to
/// end. A client that really submits jobs never gets there. Pure; time is an argument.
class RingBudget {
 public:
  static constexpr std::uint64_t kWindowNs = 100'000'000;
  static constexpr std::uint32_t kFree = 1'000;  ///< Free rings of a uid in a window: 2 to 5 percent of a CPU.
  static constexpr std::uint32_t kStorms = 50;   ///< Muted windows after which a session must end: 5 s without a pause.

  enum class Verdict { Heed, Mute, Storm };
  /// A session of `uid` has rung without a job.
  [[nodiscard]] Verdict rang(std::uint32_t uid, RingTally& session, std::uint64_t now_ns);
  /// When a session that is muted at `now_ns` is heard again.
  [[nodiscard]] static std::uint64_t heard_again(std::uint64_t now_ns) { return (now_ns / kWindowNs + 1) * kWindowNs; }

 private:
  struct User {
    std::uint32_t uid;
    std::uint32_t rings;
  };
  std::uint64_t window_ = 0;
  std::vector<User> users_;  ///< Those that rang in this window.
};

}  // namespace ringmaster::worker
