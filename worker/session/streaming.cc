#include "worker/session/streaming.h"

#include <utility>

namespace ringmaster::worker {

// Does not start if no other worker is idle: a stream only saves rings for sleeping workers.
bool Streaming::start() noexcept {
  if (!shm::anyone_idle(board_)) return false;
  streams_ = shm::take_role(board_.streamer, place_);
  return streams_ && !someone_stands_by();
}

// The standby worker may have ended the stream.
bool Streaming::still_streams() noexcept {
  if (board_.streamer.load(std::memory_order_relaxed) == place_ + 1) return false;
  streams_ = false;
  streak_ = 0;
  return false;
}

// A few longer jobs are tolerated: an interrupt can make a short job longer.
bool Streaming::ended_late(std::uint64_t ran_ns) noexcept {
  streak_ = ran_ns > kLongNs ? 0 : streak_ / 2;
  if (streak_ < kStreak / 2) stop();
  return false;
}

void Streaming::stop() noexcept {
  streak_ = 0;
  if (!std::exchange(streams_, false) || !shm::leave_role(board_.streamer, place_)) return;
  // SYNC: seq_cst, after the streamer's word: a worker that takes the standby role at the same time reads that again.
  board_.standby.store(0, std::memory_order_seq_cst);
}

bool Streaming::stand_by() noexcept {
  if (!another_streams() || !shm::take_role(board_.standby, place_)) return false;
  if (another_streams()) return true;
  leave();
  return false;
}

void Streaming::end_anothers() noexcept {
  // SYNC: seq_cst, as leave_role.
  std::uint32_t holder = board_.streamer.load(std::memory_order_seq_cst);
  if (holder != 0) board_.streamer.compare_exchange_strong(holder, 0, std::memory_order_seq_cst);
}

}  // namespace ringmaster::worker
