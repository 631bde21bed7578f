#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace ringmaster::core {

/// Whose errand it is: a uid's, or a pool's workers'.
struct ErrandAccount {
  std::uint64_t number = 0;
  [[nodiscard]] static constexpr ErrandAccount of_uid(std::uint32_t uid) { return {uid}; }
  [[nodiscard]] static constexpr ErrandAccount of_workers(std::uint32_t pool) {
    return {std::uint64_t{1} << 32 | pool};
  }
  friend auto operator<=>(const ErrandAccount&, const ErrandAccount&) = default;
};

/// Which of the things that may have to wait for a peer is done next: in turns by account, a few of one account at a
/// time, so that what is stuck for one leaves the others going. Counts the descriptors that each account has in it.
/// Pure; not thread-safe.
class ErrandBook {
 public:
  struct Limits {
    std::size_t at_once = 16;
    std::size_t at_once_per_account = 2;
    std::size_t held_per_account = 512;  ///< descriptors
    std::size_t held = 4096;             ///< of all
  };
  using Id = std::uint64_t;

  explicit ErrandBook(const Limits& limits) : limits_(limits) {}

  /// `descriptors`: that it holds until end().
  Id add(ErrandAccount account, std::size_t descriptors);
  [[nodiscard]] bool may_begin() const;
  /// The next one; nullopt: none may begin now.
  [[nodiscard]] std::optional<Id> begin();
  /// REQUIRES: it has begun.
  void end(Id id);

  /// Whether that account may bring more descriptors.
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
