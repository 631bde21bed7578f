#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "shm/message_log.h"

namespace ringmaster::shm {

/// A log for records of `room` bytes, and its reader.
struct WrittenLog {
  explicit WrittenLog(std::uint32_t room) : lines(message_log_bytes(room) / kCacheLine) {
    std::memset(lines.data(), 0xEE, lines.size() * sizeof lines[0]);  // what an earlier job left there
    begin_log(bytes());
    reader = MessageReader(bytes());
  }
  [[nodiscard]] std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(lines)); }
  [[nodiscard]] MessageLogHead& head() { return *reinterpret_cast<MessageLogHead*>(lines.data()); }
  /// All that can be read now, with a '|' behind each.
  std::string read() {
    std::string all;
    while (const auto message = reader.next()) all.append(message->bytes).append("|");
    return all;
  }

  struct alignas(kCacheLine) Line {
    char bytes[kCacheLine];
  };
  std::vector<Line> lines;
  MessageReader reader;
};

}  // namespace ringmaster::shm
