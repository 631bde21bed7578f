#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "shm/job_label.h"
#include "shm/ledger/ledger.h"
#include "shm/port/client_port.h"
#include "shm/port/hints.h"
#include "shm/port/reap.h"
#include "shm/port/verdict.h"
#include "shm/port/worker_port.h"

namespace ringmaster::testing {

/// Zeroed, page-aligned private memory that stands in for a segment.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : size_((bytes + 4095) / 4096 * 4096), data_(std::aligned_alloc(4096, size_)) {
    std::memset(data_.get(), 0, size_);
  }
  [[nodiscard]] std::span<std::byte> span() const { return {static_cast<std::byte*>(data_.get()), size_}; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::size_t size_;
  std::unique_ptr<void, Free> data_;
};

/// One session, one board; workers are added as needed.
struct World {
  explicit World(std::uint32_t slots = 64)
      : geometry{slots, 1 << 16, 1 << 16},
        request_memory(geometry.request_segment_bytes()),
        reply_memory(geometry.reply_segment_bytes()),
        board_memory(sizeof(shm::BoardRecord)),
        request(shm::RequestView::format(request_memory.span(), geometry, 7, 3, 0)),
        reply(shm::ReplyView::format(reply_memory.span(), geometry, 7, 3, 0)),
        board(shm::format_board(board_memory.span(), 0)),
        client(request, reply, board) {}

  /// Publishes an empty job and returns its seq.
  std::uint32_t submit(std::uint32_t flags = 0) {
    const auto slot = client.take_slot();
    if (!slot) return 0;
    shm::JobDescriptor job{};
    job.flags = flags;
    job.handler = 42;
    shm::write_label(job, "a.js#b");
    last_slot = *slot;
    return client.publish(*slot, job).seq;
  }
  [[nodiscard]] shm::ReapTarget target() const { return {3, 7, request, reply}; }

  shm::SessionGeometry geometry;
  Memory request_memory, reply_memory, board_memory;
  shm::RequestView request;
  shm::ReplyView reply;
  shm::BoardRecord* board;
  shm::ClientPort client;
  std::uint32_t last_slot = 0;
};

/// One worker incarnation over private memory.
struct Worker {
  Worker(World& world, shm::Owner owner, std::uint32_t place)
      : lane_memory(sizeof(shm::LaneRecord)), control_memory(sizeof(shm::ControlRecord)) {
    self.owner = owner;
    self.place = place;
    self.lane = shm::format_lane(lane_memory.span(), 0, owner);
    control = shm::format_control(control_memory.span(), 0, owner);
    self.control = control;
    self.board = world.board;
    session.index = 3;
    session.request = world.request;
    session.reply = world.reply;
  }
  /// The next job, which there is.
  shm::Claim take(std::uint64_t now_ns = 1) {
    shm::Claim job;
    EXPECT_EQ(shm::claim(self, session, now_ns, job), shm::ClaimStatus::Claimed);
    return job;
  }
  Memory lane_memory, control_memory;
  shm::ControlRecord* control = nullptr;
  shm::WorkerSelf self;
  shm::WorkerSession session;
};

}  // namespace ringmaster::testing
