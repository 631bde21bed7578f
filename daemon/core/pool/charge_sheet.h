#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/core/worker/death.h"

namespace ringmaster::core {

/// What a dead worker's lane says of its last job.
struct LastJob {
  Uid uid = 0;
  bool running = false;        ///< it died in it
  Duration ago{};              ///< from that job's end to the death; 0 while running
  std::uint64_t finished = 0;  ///< jobs that the worker had finished
};

/// What a death says against the uid whose job was the last.
struct Evidence {
  Uid uid = 0;
  bool first = false;   ///< the job was the worker's first: no other's can have left a corrupted heap behind
  bool in_row = false;  ///< the worker had hardly done anything but die

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// Whom a death that nobody wanted speaks against. A uid: its job ran, or had ended less than 10 s before (what a job
/// leaves running can end the process behind its back). nullopt: the pool, for the worker died before its first job or
/// long after its last. `last`: nullopt, it never had a job.
[[nodiscard]] std::optional<Evidence> blame(const DeathCause& cause, const std::optional<LastJob>& last);

/// The uids whose jobs end the workers of one pool, and what that costs them.
///
/// Each such death puts a uid in debt, which time pays off: a worker that it ended with its first job stands for
/// window / budget, any other for half of that. A uid that owes for two workers or more is served last: others' jobs go
/// first. One that owes for more than `budget` is refused, until half of it is paid; what follows then is judged
/// against the other half. Deaths that are not in a row, or that somebody outside may have caused, make a uid wait but
/// never get it refused. At most kMost uids are held: who owes least makes room.
class ChargeSheet {
 public:
  static constexpr std::size_t kMost = 32;

  struct Terms {
    unsigned budget = 20;
    Duration window = std::chrono::seconds{60};
  };
  struct Charge {
    Uid uid = 0;
    std::uint32_t deaths = 0;      ///< since it last owed nothing
    std::uint32_t last_death = 0;  ///< a name of the last of them: none is charged twice
    TimePoint clear_at{};          ///< then it owes nothing
    TimePoint refused_until{};
    DeathCause cause;  ///< of the last one

    friend bool operator==(const Charge&, const Charge&) = default;
  };
  enum class Standing : std::uint8_t { Clear, Last, Refused };

  explicit ChargeSheet(const Terms& terms) : terms_(terms) {}

  /// `death`: not 0; the same one again changes nothing. `may_refuse`: false, it only makes the uid wait.
  void charge(TimePoint now, const Evidence& evidence, bool may_refuse, const DeathCause& cause, std::uint32_t death);
  /// What a predecessor has put on record.
  void restore(TimePoint now, const Charge& charge);
  /// Forgets whoever owes nothing any more.
  void settle(TimePoint now);

  [[nodiscard]] Standing standing(TimePoint now, Uid uid) const;
  [[nodiscard]] Standing standing(TimePoint now, const Charge& charge) const;
  [[nodiscard]] TimePoint last_until(const Charge& charge) const { return charge.clear_at - kLastFrom * unit(); }
  [[nodiscard]] const Charge* find(Uid uid) const;
  [[nodiscard]] const std::vector<Charge>& all() const noexcept { return charges_; }
  /// When somebody's standing changes by time alone.
  [[nodiscard]] std::optional<TimePoint> next_change(TimePoint now) const;

  /// "jobs of uid 1000 ended 21 workers of pool "x" lately, the last one killed by SIGSEGV".
  [[nodiscard]] static std::string to_string(const Charge& charge, const std::string& pool);

 private:
  /// Owed for less than two workers that died of their first job, nobody waits.
  static constexpr int kLastFrom = 3;
  /// The most that is owed for deaths that may be another's doing.
  static constexpr int kWaits = kLastFrom + 2;
  [[nodiscard]] Duration unit() const;

  Terms terms_;
  std::vector<Charge> charges_;
};
[[nodiscard]] const char* to_string(ChargeSheet::Standing standing);

}  // namespace ringmaster::core
