#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "client/types/outcome.h"

namespace ringmaster::client {

/// The threads that wait for a slot or an extent of a session to be given back. Guarded by the session's mutex.
class RoomWaiters {
 public:
  /// Waits for at most `left`, and never long: room of abandoned jobs is found only by collecting. `lock` is the
  /// session's, and is released meanwhile.
  void wait(std::unique_lock<std::mutex>& lock, Duration left) {
    constexpr Duration kSlice = std::chrono::milliseconds(5);
    ++count_;
    room_->wait_for(lock, std::min(left, kSlice));
    --count_;
  }
  void room_came() noexcept {
    if (count_ != 0) wake_all();
  }
  void wake_all() noexcept { room_->notify_all(); }
  /// For forked children: a condition variable with waiters must not be destroyed there.
  void leave_to_parent() noexcept { (void)room_.release(); }

 private:
  std::unique_ptr<std::condition_variable> room_ = std::make_unique<std::condition_variable>();
  unsigned count_ = 0;
};

}  // namespace ringmaster::client
