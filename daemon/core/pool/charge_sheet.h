#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/core/worker/death.h"

namespace ringmaster::core {

/// What a dead worker's lane says about its last job.
struct LastJob {
  Uid uid = 0;
  bool running = false;        ///< the worker died in that job
  Duration ago{};              ///< from that job's end to the death; 0 if it was running
  std::uint64_t finished = 0;  ///< jobs that the worker had finished
};

/// What a death proves about the uid whose job was the last one.
struct Evidence {
  Uid uid = 0;
  bool first = false;   ///< the job was the worker's first, so no other job can have corrupted the process
  bool in_row = false;  ///< the worker had done hardly anything before, and no client forced its end

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// Who is to blame for a death that was unwanted, or that a client forced. A uid if its job ran, or had ended less than
/// 10 s before, because threads that a job leaves can end the process later. nullopt: the pool, because the worker died
/// before its first job or long after its last. `last`: nullopt if it never had a job.
[[nodiscard]] std::optional<Evidence> blame(const DeathCause& cause, const std::optional<LastJob>& last);

/// The uids whose jobs end workers of one pool, and what follows for them.
///
/// Each such death gives the uid a debt, which shrinks with time: a worker that died in its first job counts
/// window / budget, any other half of that. A uid that owes for two workers or more is served last, after others' jobs.
/// One that owes for more than `budget` is refused until half of the debt is gone; later deaths add to the other half.
/// Deaths that are not in a row, that somebody outside may have caused, or that a client forced, make a uid wait, but
/// never get it refused.
/// At most kMost uids are kept; the one that owes least is dropped.
class ChargeSheet {
 public:
  static constexpr std::size_t kMost = 32;

  struct Terms {
    unsigned budget = 20;
    Duration window = std::chrono::seconds{60};
  };
  struct Charge {
    Uid uid = 0;
    std::uint32_t deaths = 0;      ///< since the uid last owed nothing
    std::uint32_t last_death = 0;  ///< identifies the last death, so that none is charged twice
    TimePoint clear_at{};          ///< when it will owe nothing
    TimePoint refused_until{};
    DeathCause cause;  ///< of the last death

    friend bool operator==(const Charge&, const Charge&) = default;
  };
  enum class Standing : std::uint8_t { Clear, Last, Refused };

  explicit ChargeSheet(const Terms& terms) : terms_(terms) {}

  /// `death`: identifies the death, not 0; the same one again changes nothing. `may_refuse` false: the death only makes
  /// the uid wait.
  void charge(TimePoint now, const Evidence& evidence, bool may_refuse, const DeathCause& cause, std::uint32_t death);
  /// Takes up a charge that a predecessor has recorded.
  void restore(TimePoint now, const Charge& charge);
  /// Forgets uids that owe nothing any more.
  void settle(TimePoint now);

  [[nodiscard]] Standing standing(TimePoint now, Uid uid) const;
  [[nodiscard]] Standing standing(TimePoint now, const Charge& charge) const;
  [[nodiscard]] TimePoint last_until(const Charge& charge) const { return charge.clear_at - kLastFrom * unit(); }
  [[nodiscard]] const Charge* find(Uid uid) const;
  [[nodiscard]] const std::vector<Charge>& all() const noexcept { return charges_; }
  /// When the standing of a uid changes by time alone.
  [[nodiscard]] std::optional<TimePoint> next_change(TimePoint now) const;

  /// "jobs of uid 1000 ended 21 workers of pool "x" lately, the last one killed by SIGSEGV".
  [[nodiscard]] static std::string to_string(const Charge& charge, const std::string& pool);

 private:
  /// Below the debt for two workers that died in their first job no uid has to wait.
  static constexpr int kLastFrom = 3;
  /// The highest debt from deaths that others may have caused.
  static constexpr int kWaits = kLastFrom + 2;
  [[nodiscard]] Duration unit() const;

  Terms terms_;
  std::vector<Charge> charges_;
};
[[nodiscard]] const char* to_string(ChargeSheet::Standing standing);

}  // namespace ringmaster::core
