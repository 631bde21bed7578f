#pragma once

#include <optional>
#include <span>

#include "shm/control_record.h"
#include "shm/lane_record.h"
#include "shm/layout.h"
#include "shm/slot_word.h"

/// Typed views of mapped segments. A view checks the header once, copies the sizes into private memory, and never reads
/// a size, count or offset from the segment again. Cheap to copy; the mapping must outlive it.
namespace ringmaster::shm {

/// The sizes of a session's two segments, derived from three numbers.
struct SessionGeometry {
  std::uint32_t slots = 256;  ///< power of two, kMinSlots to kMaxSlots
  std::uint64_t request_ring_bytes = 0;
  std::uint64_t result_ring_bytes = 0;  ///< both: multiples of the page size, at most 2^38 (32-bit line numbers)

  [[nodiscard]] bool valid() const noexcept;
  [[nodiscard]] std::uint64_t request_segment_bytes() const noexcept;
  [[nodiscard]] std::uint64_t reply_segment_bytes() const noexcept;
  /// Where the reply segment's control part ends and its result ring begins. The supervisor maps only the control part.
  [[nodiscard]] std::uint64_t reply_control_bytes() const noexcept;
  [[nodiscard]] std::uint64_t request_control_bytes() const noexcept;
};
inline constexpr std::uint64_t kPageBytes = 4096;

/// request: [header 64][cancel words 4 x slots][descriptors 128 x slots][pad to page][ring]
class RequestView {
 public:
  RequestView() = default;
  /// `memory`: the whole segment, or only its control part (then ring() is empty). nullopt: not a request segment of
  /// this layout, or its sizes contradict each other.
  [[nodiscard]] static std::optional<RequestView> open(std::span<std::byte> memory) noexcept;
  /// Writes the header into zeroed memory of geometry.request_segment_bytes().
  static RequestView format(std::span<std::byte> memory, const SessionGeometry& geometry, std::uint32_t serial,
                            std::uint32_t index, std::uint32_t pool) noexcept;

  [[nodiscard]] std::uint32_t slots() const noexcept { return slots_; }
  [[nodiscard]] std::uint64_t ring_bytes() const noexcept { return ring_bytes_; }
  [[nodiscard]] std::uint32_t serial() const noexcept { return serial_; }
  [[nodiscard]] JobDescriptor& descriptor(std::uint32_t slot) const noexcept { return descriptors_[slot]; }
  /// The cancel word: the client stores a job's seq here to ask its handler to stop.
  [[nodiscard]] Word32& cancel(std::uint32_t slot) const noexcept { return cancel_[slot]; }
  [[nodiscard]] std::byte* ring() const noexcept { return ring_; }
  [[nodiscard]] std::uint64_t ring_file_offset() const noexcept { return ring_offset_; }

 private:
  std::uint32_t slots_ = 0;
  std::uint32_t serial_ = 0;
  std::uint64_t ring_bytes_ = 0;
  std::uint64_t ring_offset_ = 0;
  JobDescriptor* descriptors_ = nullptr;
  Word32* cancel_ = nullptr;
  std::byte* ring_ = nullptr;
};

/// The hints of one kind in a reply segment. The completion word lies in front of the done bits, so that with up to 448
/// slots all of it is one cache line; in front of the ready bits lies the client's count of refused submits.
struct HintWords {
  Word32* event = nullptr;  ///< done: completion word (bit 0: someone waits; the rest counts by 2); ready: null
  Word64* bits = nullptr;
};

/// reply: [header 64][ready: queue full, bits][done: completion, pad, bits][slot lines][messages][pad to page][ring]
class ReplyView {
 public:
  ReplyView() = default;
  [[nodiscard]] static std::optional<ReplyView> open(std::span<std::byte> memory) noexcept;
  static ReplyView format(std::span<std::byte> memory, const SessionGeometry& geometry, std::uint32_t serial,
                          std::uint32_t index, std::uint32_t pool) noexcept;

  [[nodiscard]] std::uint32_t slots() const noexcept { return slots_; }
  [[nodiscard]] std::uint32_t bit_words() const noexcept { return slots_ / 64; }
  [[nodiscard]] std::uint64_t ring_bytes() const noexcept { return ring_bytes_; }
  [[nodiscard]] SlotLine& line(std::uint32_t slot) const noexcept { return lines_[slot]; }
  [[nodiscard]] Word64& word(std::uint32_t slot) const noexcept { return lines_[slot].word; }
  [[nodiscard]] ResultMessage& message(std::uint32_t slot) const noexcept { return messages_[slot]; }
  [[nodiscard]] const HintWords& ready() const noexcept { return ready_; }
  [[nodiscard]] const HintWords& done() const noexcept { return done_; }
  /// Submits that the client has refused because its queue was full: the client adds, the supervisor takes them out.
  [[nodiscard]] Word64& queue_full() const noexcept { return *queue_full_; }
  [[nodiscard]] std::byte* ring() const noexcept { return ring_; }
  [[nodiscard]] std::uint64_t ring_file_offset() const noexcept { return ring_offset_; }

 private:
  std::uint32_t slots_ = 0;
  std::uint64_t ring_bytes_ = 0;
  std::uint64_t ring_offset_ = 0;
  HintWords ready_;
  HintWords done_;
  Word64* queue_full_ = nullptr;
  SlotLine* lines_ = nullptr;
  ResultMessage* messages_ = nullptr;
  std::byte* ring_ = nullptr;
};

/// Returns the fixed-size record after a check of magic, version and size; nullptr: it is something else.
[[nodiscard]] LaneRecord* open_lane(std::span<std::byte> memory) noexcept;
[[nodiscard]] ControlRecord* open_control(std::span<std::byte> memory) noexcept;
[[nodiscard]] BoardRecord* open_board(std::span<std::byte> memory) noexcept;
/// Write the header into zeroed memory.
LaneRecord* format_lane(std::span<std::byte> memory, std::uint32_t pool, Owner owner) noexcept;
ControlRecord* format_control(std::span<std::byte> memory, std::uint32_t pool, Owner owner) noexcept;
BoardRecord* format_board(std::span<std::byte> memory, std::uint32_t pool) noexcept;

}  // namespace ringmaster::shm
