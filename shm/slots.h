#pragma once

#include <atomic>
#include <cstdint>

#include "shm/segment_view.h"

namespace ringmaster::shm {

/// The slot's word now; everything that its writer wrote before it is visible too.
[[nodiscard]] inline SlotWord slot_word(const ReplyView& reply, std::uint32_t slot) noexcept {
  // SYNC: acquire, pairs with publish, claim, completion and every verdict, which store it with release or stronger.
  return SlotWord(reply.word(slot).load(std::memory_order_acquire));
}

/// One look at a slot.
struct SlotLook {
  std::uint32_t slot;
  SlotWord word;
};

/// The slots of a reply segment in order, each with its word as read at that moment. Others change words at any time,
/// so act on one by compare-and-swap.
class SlotWords {
 public:
  class Iterator {
   public:
    Iterator(const ReplyView& reply, std::uint32_t slot) : reply_(&reply), slot_(slot) {}
    [[nodiscard]] SlotLook operator*() const noexcept { return {slot_, slot_word(*reply_, slot_)}; }
    Iterator& operator++() noexcept {
      ++slot_;
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.slot_ == b.slot_; }

   private:
    const ReplyView* reply_;
    std::uint32_t slot_;
  };

  explicit SlotWords(const ReplyView& reply) : reply_(reply) {}
  [[nodiscard]] Iterator begin() const noexcept { return {reply_, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {reply_, reply_.slots()}; }

 private:
  ReplyView reply_;
};

[[nodiscard]] inline SlotWords slot_words(const ReplyView& reply) { return SlotWords(reply); }

}  // namespace ringmaster::shm
