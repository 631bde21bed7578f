#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "shm/extent.h"
#include "shm/layout.h"

/// Messages beside a job: a log behind the room for its result, to which the slot's owner appends and which its client
/// reads (shm/DESIGN.md, "Messages"). Both may die at any instruction, and neither believes the other.
namespace ringmaster::shm {

/// The first line of a log.
struct alignas(kCacheLine) MessageLogHead {
  Word64 written;  ///< bytes of whole records behind the head; only grows, also over attempts
  Word64 dropped;  ///< messages for which there was no room
  Word64 taking;   ///< 1 + `written` while output is moved from a pipe to behind it (port/output_taking.h); 0: none is
  std::uint64_t reserved[5];
};
static_assert(sizeof(MessageLogHead) == 64);

enum class MessageKind : std::uint16_t { Data = 0, Output = 1, Error = 2 };

/// Before each message's bytes; records begin at multiples of 8.
struct MessageRecord {
  std::uint32_t bytes;
  std::uint16_t kind;
  std::uint16_t attempt;  ///< 1: the first run
};
static_assert(sizeof(MessageRecord) == 8);

inline constexpr std::uint32_t kMostMessageRoom = std::uint32_t{1} << 24;

/// The memory that a job's messages take, for records of `room` bytes; 0: none.
[[nodiscard]] constexpr std::uint64_t message_log_bytes(std::uint32_t room) noexcept {
  return room == 0 ? 0 : sizeof(MessageLogHead) + whole_lines(room);
}
/// The extent of a job: its result, then its messages.
[[nodiscard]] constexpr std::uint64_t reply_bytes(std::uint64_t result_capacity, std::uint32_t message_room) noexcept {
  return message_room == 0 ? result_capacity : whole_lines(result_capacity) + message_log_bytes(message_room);
}
[[nodiscard]] constexpr std::uint64_t whole_record(std::uint64_t bytes) noexcept {
  return sizeof(MessageRecord) + (bytes + 7) / 8 * 8;
}

/// The owner's half. It keeps no place of its own: the next owner goes on behind the last whole record, over what a
/// dead one had begun to write.
class MessageWriter {
 public:
  MessageWriter() = default;  ///< has no room
  /// `log`: message_log_bytes(room) bytes, of which the client has set the head to 0; or empty.
  explicit MessageWriter(std::span<std::byte> log) noexcept : log_(log) {}

  [[nodiscard]] bool has_log() const noexcept { return !log_.empty(); }
  /// False: there is no room, and the message is counted as dropped.
  bool append(MessageKind kind, unsigned attempt, std::span<const std::byte> bytes) noexcept {
    if (log_.empty()) return false;
    auto& head = *reinterpret_cast<MessageLogHead*>(log_.data());
    const std::uint64_t room = log_.size() - sizeof(MessageLogHead);
    const std::uint64_t at = head.written.load(std::memory_order_relaxed);
    // The client may have written anything there: then nothing fits.
    if (at > room || at % 8 != 0 || bytes.size() > room || whole_record(bytes.size()) > room - at) {
      head.dropped.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    std::byte* const place = log_.data() + sizeof(MessageLogHead) + at;
    const MessageRecord record{static_cast<std::uint32_t>(bytes.size()), static_cast<std::uint16_t>(kind),
                               static_cast<std::uint16_t>(attempt)};
    std::memcpy(place, &record, sizeof record);
    if (!bytes.empty()) std::memcpy(place + sizeof record, bytes.data(), bytes.size());
    // SYNC: release, pairs with MessageReader::next: whoever sees the new length sees the record.
    head.written.store(at + whole_record(bytes.size()), std::memory_order_release);
    return true;
  }

 private:
  std::span<std::byte> log_;
};

/// The client's half: copies each message out once, after it has checked its length. A log that breaks the rules is
/// read no further.
class MessageReader {
 public:
  struct Message {
    MessageKind kind = MessageKind::Data;
    unsigned attempt = 0;
    std::string bytes;
  };

  MessageReader() = default;
  /// As for MessageWriter.
  explicit MessageReader(std::span<const std::byte> log) noexcept : log_(log) {}

  /// nullopt: there is none now. If it throws for lack of memory, the message stays.
  [[nodiscard]] std::optional<Message> next() {
    if (log_.empty() || broken_) return std::nullopt;
    const std::uint64_t room = log_.size() - sizeof(MessageLogHead);
    // SYNC: acquire, pairs with MessageWriter::append.
    const std::uint64_t written = head().written.load(std::memory_order_acquire);
    if (written == read_) return std::nullopt;
    MessageRecord record{};
    const std::byte* const place = log_.data() + sizeof(MessageLogHead) + read_;
    broken_ = written > room || written < read_ + sizeof record;
    if (broken_) return std::nullopt;
    std::memcpy(&record, place, sizeof record);  // once: the worker could change it after the check
    broken_ = record.bytes > written - read_ - sizeof record || record.kind > static_cast<int>(MessageKind::Error);
    if (broken_) return std::nullopt;
    Message message{static_cast<MessageKind>(record.kind), record.attempt, {}};
    message.bytes.assign(reinterpret_cast<const char*>(place + sizeof record), record.bytes);
    read_ = std::min(read_ + whole_record(record.bytes), written);
    return message;
  }
  /// True if next() may have one.
  [[nodiscard]] bool ready() const noexcept {
    // SYNC: acquire, as next().
    return !log_.empty() && !broken_ && head().written.load(std::memory_order_acquire) != read_;
  }
  /// Messages that did not fit, as the worker says; at least 1 where the log was broken.
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    if (log_.empty()) return 0;
    return std::max<std::uint64_t>(head().dropped.load(std::memory_order_relaxed), broken_ ? 1 : 0);
  }

 private:
  [[nodiscard]] const MessageLogHead& head() const noexcept {
    return *reinterpret_cast<const MessageLogHead*>(log_.data());
  }

  std::span<const std::byte> log_;
  std::uint64_t read_ = 0;
  bool broken_ = false;
};

/// Makes the head of a new log, before its job is published.
inline void begin_log(std::span<std::byte> log) noexcept { std::memset(log.data(), 0, sizeof(MessageLogHead)); }

}  // namespace ringmaster::shm
