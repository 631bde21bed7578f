#pragma once

#include <optional>
#include <vector>

#include "daemon/core/worker/kill_ladder.h"
#include "daemon/core/worker/run_watch.h"

namespace ringmaster::core {

/// One worker's present run: when it must be over, whether somebody wants it to end, and the ladder on which it is. A
/// value, part of its seat. It decides which event its ladder is given; the caller gives it (handle), carries out the
/// effects, and settles.
///
/// A ladder that only told the worker something is dropped: the job goes on until its deadline.
class RunWatcher {
 public:
  /// For how long a run may last.
  struct Limits {
    Duration usual{};    ///< where the job says nothing
    Duration longest{};  ///< whatever the job says
  };
  /// What one look found in the worker's segments and in its job's session.
  struct Sight {
    std::optional<shm::Intent> intent{};
    TimePoint stamp{};     ///< of its claim; the worker's word
    Duration own_limit{};  ///< the job's; 0: it says nothing
    bool cancel_wanted = false;
    LadderConfig ladder{};
  };
  struct Finding {
    bool changed = false;                      ///< it runs another job than at the last look, or none
    std::optional<KillLadder::Event> event{};  ///< to be given to the ladder
  };

  [[nodiscard]] Finding look(TimePoint now, const Sight& sight, const Limits& limits);
  /// Takes over what a predecessor had seen of this run.
  void restore(TimePoint started, TimePoint now, const Sight& sight, const Limits& limits);
  /// A predecessor's verdict on this run stands: the event with which its ladder goes on.
  [[nodiscard]] KillLadder::Event resume(const shm::Verdict& verdict, const LadderConfig& config);

  /// Somebody wants the run to end, or the worker says that it faults in `intent`: there is a ladder for handle().
  void begin(const std::optional<shm::Intent>& intent, const LadderConfig& config);
  /// No effects where there is no ladder.
  [[nodiscard]] std::vector<KillLadder::Effect> handle(TimePoint now, const KillLadder::Event& event);
  /// After the effects of an event were carried out.
  void settle();

  /// The one who looks was late: a run and a grace get that much longer.
  void extend(TimePoint now, Duration late);
  /// The process is gone.
  void clear() { *this = RunWatcher{}; }

  [[nodiscard]] bool running() const { return watch_.running(); }
  [[nodiscard]] const std::optional<shm::Intent>& intent() const { return watch_.intent(); }
  [[nodiscard]] TimePoint started() const { return watch_.started(); }
  [[nodiscard]] const std::optional<KillLadder>& ladder() const { return ladder_; }
  [[nodiscard]] bool ladder_due(TimePoint now) const;
  /// When the deadline or the ladder's patience is over.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

 private:
  void arm(const Sight& sight, const Limits& limits);

  RunWatch watch_;
  std::optional<Duration> armed_;  ///< the limit of the present run
  std::optional<KillLadder> ladder_;
};

}  // namespace ringmaster::core
