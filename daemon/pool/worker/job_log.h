#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/mapping.h"
#include "shm/slot_word.h"

namespace ringmaster::daemon {

struct Session;

/// The message log of the job that a dead worker had, for the supervisor, which owns it until it has written the job's
/// word. Mapped for a moment: otherwise the supervisor maps no results. Bounds are checked; what lies there is not
/// trusted.
class JobLog {
 public:
  JobLog() = default;  ///< there is none
  /// `session`: null: it is gone. None, too, if the slot is not the dead owner's any more, its client takes no
  /// messages, or the log cannot be mapped. REQUIRES: the owner is fenced.
  [[nodiscard]] static JobLog open(const Session* session, std::uint64_t intent_bits, shm::Owner dead);

  /// What the worker was about to append is in it. False: there is none.
  [[nodiscard]] bool finish_taking();
  /// Empties the pipe into it, without those bytes that its room does not take, and at most `most`.
  void take(int pipe, bool standard_error, std::uint64_t most);

 private:
  [[nodiscard]] bool reserve(std::uint64_t from, std::uint64_t bytes) const;

  shm::Mapping memory_;
  std::span<std::byte> log_;
  unsigned attempt_ = 1;
};

}  // namespace ringmaster::daemon
