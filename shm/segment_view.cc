#include "shm/segment_view.h"

#include <bit>
#include <cstring>

namespace ringmaster::shm {
namespace {

constexpr std::uint64_t kMaxRingBytes = std::uint64_t{1} << 38;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

// An event word padded to 8 bytes, then one bit per slot, to whole cache lines.
constexpr std::uint64_t hint_bytes(std::uint32_t slots) { return round_up(8 + slots / 8, kCacheLine); }
constexpr std::uint64_t cancel_bytes(std::uint32_t slots) { return round_up(std::uint64_t{slots} * 4, kCacheLine); }

bool slots_valid(std::uint32_t slots) { return slots >= kMinSlots && slots <= kMaxSlots && std::has_single_bit(slots); }
bool ring_valid(std::uint64_t bytes) {
  return bytes >= kPageBytes && bytes <= kMaxRingBytes && bytes % kPageBytes == 0;
}

SegmentHeader make_header(SegmentMagic magic, std::uint64_t bytes, std::uint32_t pool) {
  SegmentHeader header{};
  header.magic = static_cast<std::uint64_t>(magic);
  header.layout_version = kLayoutVersion;
  header.total_bytes = bytes;
  header.pool = pool;
  return header;
}

// A private copy of the header: later changes by a hostile writer have no effect.
std::optional<SegmentHeader> read_header(std::span<std::byte> memory, SegmentMagic magic) {
  if (memory.size() < sizeof(SegmentHeader)) return std::nullopt;
  SegmentHeader header;
  std::memcpy(&header, memory.data(), sizeof header);
  if (header.magic != static_cast<std::uint64_t>(magic) || header.layout_version != kLayoutVersion) return std::nullopt;
  return header;
}

template <typename Record>
Record* open_record(std::span<std::byte> memory, SegmentMagic magic) {
  const auto header = read_header(memory, magic);
  if (!header || memory.size() < sizeof(Record) || header->total_bytes != memory.size()) return nullptr;
  return reinterpret_cast<Record*>(memory.data());
}

template <typename Record>
Record* format_record(std::span<std::byte> memory, SegmentMagic magic, std::uint32_t pool, Owner owner) {
  auto* record = reinterpret_cast<Record*>(memory.data());
  record->header = make_header(magic, memory.size(), pool);
  record->header.worker = owner.worker;
  record->header.incarnation = owner.incarnation;
  return record;
}

}  // namespace

bool SessionGeometry::valid() const noexcept {
  return slots_valid(slots) && ring_valid(request_ring_bytes) && ring_valid(result_ring_bytes);
}
std::uint64_t SessionGeometry::request_control_bytes() const noexcept {
  return round_up(sizeof(SegmentHeader) + cancel_bytes(slots) + sizeof(JobDescriptor) * slots, kPageBytes);
}
std::uint64_t SessionGeometry::reply_control_bytes() const noexcept {
  return round_up(sizeof(SegmentHeader) + 2 * hint_bytes(slots) + (sizeof(SlotLine) + sizeof(ResultMessage)) * slots,
                  kPageBytes);
}
std::uint64_t SessionGeometry::request_segment_bytes() const noexcept {
  return request_control_bytes() + request_ring_bytes;
}
std::uint64_t SessionGeometry::reply_segment_bytes() const noexcept {
  return reply_control_bytes() + result_ring_bytes;
}

std::optional<RequestView> RequestView::open(std::span<std::byte> memory) noexcept {
  const auto header = read_header(memory, SegmentMagic::Request);
  if (!header || !slots_valid(header->slots) || !ring_valid(header->ring_bytes)) return std::nullopt;
  const SessionGeometry geometry{header->slots, header->ring_bytes, kPageBytes};
  if (header->total_bytes != geometry.request_segment_bytes() || memory.size() < geometry.request_control_bytes())
    return std::nullopt;
  RequestView view;
  view.slots_ = header->slots;
  view.serial_ = header->session_serial;
  view.ring_bytes_ = header->ring_bytes;
  view.ring_offset_ = geometry.request_control_bytes();
  std::byte* at = memory.data() + sizeof(SegmentHeader);
  view.cancel_ = reinterpret_cast<Word32*>(at);
  view.descriptors_ = reinterpret_cast<JobDescriptor*>(at + cancel_bytes(header->slots));
  if (memory.size() >= header->total_bytes) view.ring_ = memory.data() + view.ring_offset_;
  return view;
}

RequestView RequestView::format(std::span<std::byte> memory, const SessionGeometry& geometry, std::uint32_t serial,
                                std::uint32_t index, std::uint32_t pool) noexcept {
  SegmentHeader header = make_header(SegmentMagic::Request, geometry.request_segment_bytes(), pool);
  header.slots = geometry.slots;
  header.ring_bytes = geometry.request_ring_bytes;
  header.session_serial = serial;
  header.session_index = index;
  std::memcpy(memory.data(), &header, sizeof header);
  return *open(memory);
}

std::optional<ReplyView> ReplyView::open(std::span<std::byte> memory) noexcept {
  const auto header = read_header(memory, SegmentMagic::Reply);
  if (!header || !slots_valid(header->slots) || !ring_valid(header->ring_bytes)) return std::nullopt;
  const SessionGeometry geometry{header->slots, kPageBytes, header->ring_bytes};
  if (header->total_bytes != geometry.reply_segment_bytes() || memory.size() < geometry.reply_control_bytes())
    return std::nullopt;
  ReplyView view;
  view.slots_ = header->slots;
  view.ring_bytes_ = header->ring_bytes;
  view.ring_offset_ = geometry.reply_control_bytes();
  std::byte* at = memory.data() + sizeof(SegmentHeader);
  view.queue_full_ = reinterpret_cast<Word64*>(at);
  for (HintWords* hints : {&view.ready_, &view.done_}) {
    if (hints == &view.done_) hints->event = reinterpret_cast<Word32*>(at);
    hints->bits = reinterpret_cast<Word64*>(at + 8);
    at += hint_bytes(header->slots);
  }
  view.lines_ = reinterpret_cast<SlotLine*>(at);
  at += sizeof(SlotLine) * header->slots;
  view.messages_ = reinterpret_cast<ResultMessage*>(at);
  if (memory.size() >= header->total_bytes) view.ring_ = memory.data() + view.ring_offset_;
  return view;
}

ReplyView ReplyView::format(std::span<std::byte> memory, const SessionGeometry& geometry, std::uint32_t serial,
                            std::uint32_t index, std::uint32_t pool) noexcept {
  SegmentHeader header = make_header(SegmentMagic::Reply, geometry.reply_segment_bytes(), pool);
  header.slots = geometry.slots;
  header.ring_bytes = geometry.result_ring_bytes;
  header.session_serial = serial;
  header.session_index = index;
  std::memcpy(memory.data(), &header, sizeof header);
  ReplyView view = *open(memory);
  for (std::uint32_t slot = 0; slot < geometry.slots; ++slot)
    view.word(slot).store(SlotWord::free_slot(0).bits(), std::memory_order_relaxed);
  return view;
}

LaneRecord* open_lane(std::span<std::byte> memory) noexcept {
  return open_record<LaneRecord>(memory, SegmentMagic::Lane);
}
ControlRecord* open_control(std::span<std::byte> memory) noexcept {
  return open_record<ControlRecord>(memory, SegmentMagic::Control);
}
BoardRecord* open_board(std::span<std::byte> memory) noexcept {
  return open_record<BoardRecord>(memory, SegmentMagic::Board);
}
LaneRecord* format_lane(std::span<std::byte> memory, std::uint32_t pool, Owner owner) noexcept {
  return format_record<LaneRecord>(memory, SegmentMagic::Lane, pool, owner);
}
ControlRecord* format_control(std::span<std::byte> memory, std::uint32_t pool, Owner owner) noexcept {
  return format_record<ControlRecord>(memory, SegmentMagic::Control, pool, owner);
}
BoardRecord* format_board(std::span<std::byte> memory, std::uint32_t pool) noexcept {
  return format_record<BoardRecord>(memory, SegmentMagic::Board, pool, Owner{});
}

}  // namespace ringmaster::shm
