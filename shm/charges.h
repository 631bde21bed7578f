#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "shm/control_record.h"

/// The list of uids whose jobs have ended workers. The supervisor writes it into the worker's control segment, which
/// the worker cannot write: before the worker may claim, and at each change. The worker checks the version before each
/// job.
namespace ringmaster::shm {

struct ChargedUser {
  std::uint32_t uid = 0;
  std::uint32_t deaths = 0;
  std::uint64_t refused_until_ns = 0;  ///< once this is past, its jobs run, but after all others

  friend bool operator==(const ChargedUser&, const ChargedUser&) = default;
};

/// Called by the supervisor. Uids beyond kMaxCharges are left out. Writes nothing if the list is unchanged.
void write_charges(ControlRecord& control, std::span<const ChargedUser> users) noexcept;

/// A worker's copy of the list.
class ChargedUsers {
 public:
  /// True: the list has changed since the last read(). One load from a cache line that the worker reads for each job.
  [[nodiscard]] bool outdated(const ControlRecord& control) const noexcept {
    return control.charges_version.load(std::memory_order_relaxed) != version_;
  }
  /// False: the list is being written; the copy is unchanged.
  bool read(const ControlRecord& control) noexcept;

  /// nullptr: the uid is not charged.
  [[nodiscard]] const ChargedUser* find(std::uint32_t uid) const noexcept;

 private:
  std::array<ChargedUser, kMaxCharges> users_{};
  std::uint32_t count_ = 0;
  std::uint32_t version_ = 0;
};

}  // namespace ringmaster::shm
