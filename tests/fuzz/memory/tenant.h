#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "shm/payload_ring.h"
#include "shm/port/client_port.h"
#include "tests/fuzz/memory/block.h"

namespace ringmaster::fuzz {

/// What happened to a job, and so which ends besides "done" are allowed. Known to the harness, not to the job's client.
struct Fate {
  bool cancelled = false;
  bool expired = false;
  bool crashed = false;
  bool sentenced = false;
  bool forced = false;
  bool ended = false;  ///< its session's end, or the daemon's
};

/// One session and its client. The client keeps to the protocol, but an attacker may write into the session's memory.
/// `safe`: no attacker can, so every job must end exactly once, in a way that its Fate allows, with its own result.
class Tenant {
 public:
  Tenant(std::uint16_t index, bool safe, const shm::BoardRecord* board);

  void submit(std::size_t bytes, bool idempotent, std::uint32_t queue_timeout_ms, std::uint64_t now_ns);
  /// Collects ended jobs: all that have their done bit set, or one job by its slot word.
  void gather(std::uint64_t now_ns);
  void gather_one(std::uint32_t slot, std::uint64_t now_ns);
  void cancel(std::uint32_t slot);

  /// nullptr: no such job is under way.
  [[nodiscard]] Fate* fate_of(std::uint32_t slot, std::uint32_t seq);
  void end_all_fates();

  [[nodiscard]] std::uint16_t index() const { return index_; }
  [[nodiscard]] std::uint32_t serial() const { return index_ + 7U; }
  [[nodiscard]] bool safe() const { return safe_; }
  [[nodiscard]] std::size_t under_way() const { return jobs_.size(); }
  [[nodiscard]] std::uint32_t last_slot() const { return last_slot_; }
  [[nodiscard]] std::uint32_t last_seq() const { return last_seq_; }
  [[nodiscard]] const shm::SessionGeometry& geometry() const { return geometry_; }
  [[nodiscard]] std::span<std::byte> request_memory() const { return request_memory_.span(); }
  [[nodiscard]] std::span<std::byte> reply_memory() const { return reply_memory_.span(); }
  [[nodiscard]] const shm::RequestView& request() const { return request_; }
  [[nodiscard]] const shm::ReplyView& reply() const { return reply_; }

  /// The result that a worker computes from a request.
  [[nodiscard]] static std::byte answer_to(std::byte one) { return one ^ std::byte{0x5A}; }

 private:
  struct Sent {
    std::uint32_t seq = 0;
    std::uint8_t tag = 0;
    std::size_t bytes = 0;
    shm::Extent request;
    shm::Extent result;
    std::uint64_t submitted_ns = 0;
    Fate fate;
  };
  void take(std::uint32_t slot, shm::SlotWord word, std::uint64_t now_ns);
  void check_end(const Sent& job, std::uint32_t slot, shm::SlotWord word, std::uint64_t now_ns) const;

  std::uint16_t index_;
  bool safe_;
  const shm::SessionGeometry geometry_{64, shm::kPageBytes, shm::kPageBytes};
  Block request_memory_{geometry_.request_segment_bytes()};
  Block reply_memory_{geometry_.reply_segment_bytes()};
  shm::RequestView request_;
  shm::ReplyView reply_;
  shm::ClientPort port_;
  shm::PayloadRing requests_{shm::kPageBytes};
  shm::PayloadRing results_{shm::kPageBytes};
  std::map<std::uint32_t, Sent> jobs_;  ///< by slot
  std::uint32_t last_slot_ = 0;
  std::uint32_t last_seq_ = 0;
};

}  // namespace ringmaster::fuzz
