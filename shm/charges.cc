#include "shm/charges.h"

#include <algorithm>

namespace ringmaster::shm {
namespace {

bool stands(const ControlRecord& control, std::span<const ChargedUser> users) {
  // Odd: a predecessor died while it wrote the list.
  if (control.charges_version.load(std::memory_order_relaxed) % 2 != 0) return false;
  if (control.charges.load(std::memory_order_relaxed) != users.size()) return false;
  for (std::size_t i = 0; i < users.size(); ++i) {
    const ControlCharge& place = control.charge[i];
    const ChargedUser there{place.uid.load(std::memory_order_relaxed), place.deaths.load(std::memory_order_relaxed),
                            place.refused_until_ns.load(std::memory_order_relaxed)};
    if (there != users[i]) return false;
  }
  return true;
}

}  // namespace

void write_charges(ControlRecord& control, std::span<const ChargedUser> users) noexcept {
  users = users.first(std::min<std::size_t>(users.size(), kMaxCharges));
  if (stands(control, users)) return;
  const std::uint32_t writing = control.charges_version.load(std::memory_order_relaxed) | 1;
  control.charges_version.store(writing, std::memory_order_relaxed);
  // SYNC: release for each word, pairs with read()'s acquire: a reader of a new word finds the version odd or changed.
  for (std::size_t i = 0; i < users.size(); ++i) {
    control.charge[i].uid.store(users[i].uid, std::memory_order_release);
    control.charge[i].deaths.store(users[i].deaths, std::memory_order_release);
    control.charge[i].refused_until_ns.store(users[i].refused_until_ns, std::memory_order_release);
  }
  control.charges.store(static_cast<std::uint32_t>(users.size()), std::memory_order_release);
  control.charges_version.store(writing + 1, std::memory_order_release);  // SYNC: after the list; pairs with read().
}

bool ChargedUsers::read(const ControlRecord& control) noexcept {
  const std::uint32_t before = control.charges_version.load(std::memory_order_acquire);  // SYNC: before the list.
  if (before % 2 != 0) return false;
  // SYNC: acquire for each word, pairs with write_charges(); the version is read again after them.
  std::array<ChargedUser, kMaxCharges> users{};
  const std::uint32_t count = std::min(control.charges.load(std::memory_order_acquire), kMaxCharges);
  for (std::size_t i = 0; i < count; ++i) {
    const ControlCharge& place = control.charge[i];
    users[i] = {place.uid.load(std::memory_order_acquire), place.deaths.load(std::memory_order_acquire),
                place.refused_until_ns.load(std::memory_order_acquire)};
  }
  if (control.charges_version.load(std::memory_order_relaxed) != before) return false;
  users_ = users;
  count_ = count;
  version_ = before;
  return true;
}

const ChargedUser* ChargedUsers::find(std::uint32_t uid) const noexcept {
  const auto end = users_.begin() + count_;
  const auto at = std::find_if(users_.begin(), end, [uid](const ChargedUser& one) { return one.uid == uid; });
  return at == end ? nullptr : &*at;
}

}  // namespace ringmaster::shm
