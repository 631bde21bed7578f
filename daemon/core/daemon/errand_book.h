#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace ringmaster::core {

/// For whom an errand is done: a uid, or the workers of a pool.
struct ErrandAccount {
  std::uint64_t number = 0;
  [[nodiscard]] static constexpr ErrandAccount of_uid(std::uint32_t uid) { return {uid}; }
  [[nodiscard]] static constexpr ErrandAccount of_workers(std::uint32_t pool) {
    return {std::uint64_t{1} << 32 | pool};
  }
  friend auto operator<=>(const ErrandAccount&, const ErrandAccount&) = default;
};

/// Decides which errand is done next. An errand is work that a peer can block, such as closing its descriptors. Errands
/// are taken in turns by account, a few of one account at a time, so that stuck ones do not stop the others. Counts the
/// descriptors that each account holds here. Pure; not thread-safe.
class ErrandBook {
 public:
  struct Limits {
    std::size_t at_once = 16;
    std::size_t at_once_per_account = 2;
    std::size_t held_per_account = 512;  ///< descriptors of one account
    std::size_t held = 4096;             ///< descriptors of all accounts
  };
  using Id = std::uint64_t;

  explicit ErrandBook(const Limits& limits) : limits_(limits) {}

  /// `descriptors`: how many the errand holds until end().
  Id add(ErrandAccount account, std::size_t descriptors);
  [[nodiscard]] bool may_begin() const;
  /// Begins the next errand; nullopt: none may begin now.
  [[nodiscard]] std::optional<Id> begin();
  /// REQUIRES: the errand has begun.
  void end(Id id);

  /// True if the account may add more descriptors.
  [[nodiscard]] bool has_room(ErrandAccount account) const;
  [[nodiscard]] bool full() const { return held_ >= limits_.held; }
  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::size_t at_work() const { return begun_.size(); }

 private:
  struct Errand {
    Id id = 0;
    std::size_t descriptors = 0;
  };
  struct Account {
    std::deque<Errand> waiting;
    std::size_t at_work = 0;
    std::size_t held = 0;
  };
  struct Begun {
    ErrandAccount account;
    std::size_t descriptors = 0;
  };

  [[nodiscard]] bool ready(const Account& account) const;

  Limits limits_;
  std::map<ErrandAccount, Account> accounts_;
  std::map<Id, Begun> begun_;
  ErrandAccount last_{};  // whose turn it was
  std::size_t held_ = 0;
  Id last_id_ = 0;
};

}  // namespace ringmaster::core
