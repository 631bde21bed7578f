#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "shm/control_record.h"

/// What the supervisor tells a worker of the uids whose jobs end workers: a list in the worker's control segment, which
/// the worker cannot write. A new worker finds it before it may claim; it looks at the version before each job.
namespace ringmaster::shm {

struct ChargedUser {
  std::uint32_t uid = 0;
  std::uint32_t deaths = 0;
  std::uint64_t refused_until_ns = 0;  ///< in the past: its jobs are served last

  friend bool operator==(const ChargedUser&, const ChargedUser&) = default;
};

/// By the supervisor. What is beyond kMaxCharges is left out. Changes nothing where the list stands already.
void write_charges(ControlRecord& control, std::span<const ChargedUser> users) noexcept;

/// A worker's copy of the list.
class ChargedUsers {
 public:
  /// True: the list has changed since the last read(). One load, of a line that the worker reads for each job anyway.
  [[nodiscard]] bool outdated(const ControlRecord& control) const noexcept {
    return control.charges_version.load(std::memory_order_relaxed) != version_;
  }
  /// False: it is being written; the copy is as it was.
  bool read(const ControlRecord& control) noexcept;

  /// nullptr: it is charged with nothing.
  [[nodiscard]] const ChargedUser* find(std::uint32_t uid) const noexcept;

 private:
  std::array<ChargedUser, kMaxCharges> users_{};
  std::uint32_t count_ = 0;
  std::uint32_t version_ = 0;
};

}  // namespace ringmaster::shm
