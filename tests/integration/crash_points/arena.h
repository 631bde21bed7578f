#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <vector>

#include "shm/ledger/ledger.h"
#include "shm/payload_ring.h"
#include "shm/port/client_port.h"
#include "shm/port/hints.h"
#include "shm/port/reap.h"
#include "shm/port/worker_port.h"

namespace ringmaster::testing {

inline constexpr std::uint16_t kSession = 3;
inline constexpr std::uint32_t kSerial = 7;

/// All segments of one session, two workers and a ledger in one shared mapping, so that a state of the system is a copy
/// of one range of bytes.
class Arena {
 public:
  Arena() {
    const shm::SessionGeometry geometry{64, shm::kPageBytes, shm::kPageBytes};
    const std::size_t sizes[] = {geometry.request_segment_bytes(), geometry.reply_segment_bytes(),
                                 sizeof(shm::BoardRecord),         sizeof(shm::LaneRecord),
                                 sizeof(shm::ControlRecord),       sizeof(shm::LaneRecord),
                                 sizeof(shm::ControlRecord),       sizeof(shm::LedgerRecord)};
    for (const std::size_t size : sizes) bytes_ += rounded(size);
    void* at = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::byte*>(at);
    request = shm::RequestView::format(next(sizes[0]), geometry, kSerial, kSession, 0);
    reply = shm::ReplyView::format(next(sizes[1]), geometry, kSerial, kSession, 0);
    board = shm::format_board(next(sizes[2]), 0);
    for (std::uint16_t place = 0; place < 2; ++place) {
      shm::WorkerSelf& self = selves[place];
      self.owner = shm::Owner{place, 5};
      self.place = place;
      self.lane = shm::format_lane(next(sizes[3]), 0, self.owner);
      self.control = shm::format_control(next(sizes[4]), 0, self.owner);
      self.board = board;
      sessions[place] = shm::WorkerSession{.index = kSession, .request = request, .reply = reply};
    }
    ledger = shm::format_ledger(next(sizes[7]));
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { munmap(base_, bytes_); }

  /// All but the ledger: what a worker can write, and more.
  [[nodiscard]] std::vector<std::span<std::byte>> sessions_memory() const {
    return {{base_, reinterpret_cast<std::byte*>(ledger)}};
  }
  /// The same and what a reaper writes in the ledger.
  [[nodiscard]] std::vector<std::span<std::byte>> reaper_memory() const {
    auto parts = sessions_memory();
    parts.push_back(std::as_writable_bytes(std::span(&ledger->workers[0], 1)));
    parts.push_back(std::as_writable_bytes(std::span(ledger->crashes)));
    return parts;
  }
  [[nodiscard]] std::vector<std::byte> snapshot() const { return {base_, base_ + bytes_}; }
  void restore(const std::vector<std::byte>& snapshot) const { std::memcpy(base_, snapshot.data(), snapshot.size()); }

  shm::RequestView request;
  shm::ReplyView reply;
  shm::BoardRecord* board = nullptr;
  shm::LedgerRecord* ledger = nullptr;
  shm::WorkerSelf selves[2];
  shm::WorkerSession sessions[2];

 private:
  static std::size_t rounded(std::size_t size) {
    return (size + shm::kPageBytes - 1) / shm::kPageBytes * shm::kPageBytes;
  }
  std::span<std::byte> next(std::size_t size) {
    const std::span<std::byte> part{base_ + used_, size};
    used_ += rounded(size);
    return part;
  }

  std::byte* base_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t used_ = 0;
};

}  // namespace ringmaster::testing
