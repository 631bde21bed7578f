#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

/// How bindings of other languages lay a task or a result into a request or a result: a serialized value, with large
/// buffers beside it instead of in it, so that they are used where they lie.
///
///     u32 "RMN1" | u32 flags | u64 payload offset | u32 payload bytes | u32 buffers | u64 table offset
///     buffers, each at a multiple of 64 | table: {u64 offset, u64 bytes} x buffers | payload
///
/// Offsets count from the start, numbers are little endian. The payload is the language's own format: V8's structured
/// clone or, of small plain values, text; or a pickle.
namespace ringmaster::format {

static_assert(std::endian::native == std::endian::little, "the format is written as memory");

inline constexpr std::uint32_t kMagic = 0x314e4d52;  // "RMN1"
inline constexpr std::uint64_t kAlignment = 64;

enum Flag : std::uint32_t {
  kThrown = 1,     ///< Of a result: the value was thrown.
  kAddressed = 2,  ///< Of a task: the value is [filename, name, task]; else the pool's own function is meant.
  kTold = 4,       ///< Of a result: the value is [result, channel, n]; n messages of that channel go before it.
  kText = 8,       ///< The payload is JSON in UTF-8, kMostTextBytes at most; or "-", which is undefined.
  kLast = 16       ///< Of a result: its worker ends.
};
inline constexpr std::size_t kMostTextBytes = 3 * 1024;

struct Header {
  std::uint32_t magic = kMagic;
  std::uint32_t flags = 0;
  std::uint64_t payload_offset = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t buffers = 0;
  std::uint64_t table_offset = 0;
};
static_assert(sizeof(Header) == 32);

struct Entry {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

[[nodiscard]] constexpr std::uint64_t aligned(std::uint64_t bytes) noexcept {
  return (bytes + kAlignment - 1) & ~(kAlignment - 1);
}

/// Where buffers may begin.
inline constexpr std::uint64_t kFirstBuffer = aligned(sizeof(Header));

/// Whether [offset, offset + bytes) lies in the first `size` bytes.
[[nodiscard]] constexpr bool lies_in(std::uint64_t size, std::uint64_t offset, std::uint64_t bytes) noexcept {
  return offset <= size && bytes <= size - offset;
}

/// A private copy of the header, if payload and table lie within `size` bytes; nullopt: these bytes are something else.
/// The bytes may be another process's: nothing is read twice.
[[nodiscard]] inline std::optional<Header> read_header(std::span<const std::byte> bytes) noexcept {
  Header head;
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  const bool good = head.magic == kMagic && lies_in(bytes.size(), head.payload_offset, head.payload_bytes) &&
                    lies_in(bytes.size(), head.table_offset, std::uint64_t{head.buffers} * sizeof(Entry));
  return good ? std::optional(head) : std::nullopt;
}

/// A private copy of one entry of the table, or nullopt if it points outside. REQUIRES: read_header() has accepted the
/// bytes, and `index` is less than its `buffers`.
[[nodiscard]] inline std::optional<Entry> read_entry(std::span<const std::byte> bytes, const Header& head,
                                                     std::uint32_t index) noexcept {
  Entry entry;
  std::memcpy(&entry, bytes.data() + head.table_offset + index * sizeof entry, sizeof entry);
  return lies_in(bytes.size(), entry.offset, entry.bytes) ? std::optional(entry) : std::nullopt;
}

/// Finds the places of a task's parts, one after the other: buffers first, then finish().
class Layout {
 public:
  /// `reserved`: bytes behind the header that are taken already, by buffers that lie where they are to be.
  explicit Layout(std::uint64_t reserved = 0) noexcept : end_(kFirstBuffer + aligned(reserved)) {}

  /// Where the next buffer goes.
  [[nodiscard]] std::uint64_t add(std::uint64_t bytes) noexcept {
    const std::uint64_t offset = end_;
    end_ += aligned(bytes);
    return offset;
  }
  /// The header of the whole; size() counts from then on.
  [[nodiscard]] Header finish(std::uint32_t flags, std::uint32_t buffers, std::uint32_t payload_bytes) noexcept {
    const std::uint64_t table = buffers == 0 && end_ == kFirstBuffer ? sizeof(Header) : end_;
    const Header head{kMagic, flags, table + buffers * sizeof(Entry), payload_bytes, buffers, table};
    size_ = head.payload_offset + payload_bytes;
    return head;
  }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  std::uint64_t end_;
  std::uint64_t size_ = 0;
};

}  // namespace ringmaster::format
