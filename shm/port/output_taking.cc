#include "shm/port/output_taking.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace ringmaster::shm {
namespace {

// Stands where the last bytes of a text are about to be: no text ends so.
constexpr std::array<unsigned char, 8> kNotYet{0xFF, 0x00, 'r', 'm', 0xFE, 0x01, 0xFD, 0xFF};

/// The log's head, and what is behind its last whole record. The client can write both, so they are checked.
struct Place {
  MessageLogHead* head = nullptr;
  std::uint64_t at = 0;    ///< the head's `written`
  std::uint64_t fits = 0;  ///< bytes of a record that begins there
  std::byte* record = nullptr;

  [[nodiscard]] std::byte* text() const { return record + sizeof(MessageRecord); }
  void publish(std::uint64_t bytes) const {
    // SYNC: release, as MessageWriter::append.
    head->written.store(at + whole_record(bytes), std::memory_order_release);
  }
};

Place place_in(std::span<std::byte> log, std::uint64_t written) {
  Place place;
  place.head = reinterpret_cast<MessageLogHead*>(log.data());
  place.at = written;
  const std::uint64_t room = log.size() - sizeof(MessageLogHead);
  if (place.at >= room || place.at % 8 != 0) return place;
  place.record = log.data() + sizeof(MessageLogHead) + place.at;
  place.fits = room - place.at - sizeof(MessageRecord);
  return place;
}

// The part of the text's place that kNotYet, or as much of it as fits, is written to.
std::span<std::byte> ending(std::byte* text, std::uint64_t bytes) {
  const std::uint64_t size = std::min<std::uint64_t>(bytes, kNotYet.size());
  return {text + bytes - size, size};
}

ssize_t read_some(int pipe, std::byte* to, std::uint64_t bytes) {
  ssize_t got = 0;
  do {
    got = ::read(pipe, to, bytes);
  } while (got < 0 && errno == EINTR);
  return got;
}

std::uint64_t throw_away(int pipe, std::uint64_t bytes) {
  std::array<std::byte, 4096> nowhere;
  std::uint64_t gone = 0;
  while (gone < bytes) {
    const ssize_t got = read_some(pipe, nowhere.data(), std::min<std::uint64_t>(bytes - gone, nowhere.size()));
    if (got <= 0) break;
    gone += static_cast<std::uint64_t>(got);
  }
  return gone;
}

}  // namespace

std::uint64_t waiting_output(int pipe) noexcept {
  int waiting = 0;
  return ::ioctl(pipe, FIONREAD, &waiting) == 0 && waiting > 0 ? static_cast<std::uint64_t>(waiting) : 0;
}

std::uint64_t written_in(std::span<const std::byte> log) noexcept {
  return reinterpret_cast<const MessageLogHead*>(log.data())->written.load(std::memory_order_relaxed);
}

std::uint64_t take_output(int pipe, MessageKind kind, unsigned attempt, std::uint64_t most, std::span<std::byte> log,
                          std::uint64_t written) noexcept {
  const std::uint64_t waiting = std::min({waiting_output(pipe), most, kMostOutputAtOnce});
  if (waiting == 0) return 0;
  const Place place = place_in(log, written);
  const std::uint64_t bytes = std::min(waiting, place.fits);
  if (bytes == 0) {
    place.head->dropped.fetch_add(1, std::memory_order_relaxed);
    return throw_away(pipe, waiting);
  }
  MessageRecord record{static_cast<std::uint32_t>(bytes), static_cast<std::uint16_t>(kind),
                       static_cast<std::uint16_t>(attempt)};
  std::memcpy(place.record, &record, sizeof record);
  const auto end = ending(place.text(), bytes);
  std::memcpy(end.data(), kNotYet.data(), end.size());
  // SYNC: release: whoever finds this word after our death finds the record that it is about.
  place.head->taking.store(place.at + 1, std::memory_order_release);
  // So many are there and nobody else reads: it gets all of them, or was never called.
  const ssize_t got = read_some(pipe, place.text(), bytes);
  if (got > 0) {
    if (static_cast<std::uint64_t>(got) != bytes) {
      record.bytes = static_cast<std::uint32_t>(got);
      std::memcpy(place.record, &record, sizeof record);
    }
    place.publish(static_cast<std::uint64_t>(got));
  }
  place.head->taking.store(0, std::memory_order_release);  // SYNC: after `written`.
  return got > 0 ? static_cast<std::uint64_t>(got) : 0;
}

void finish_taking(std::span<std::byte> log, std::uint64_t written) noexcept {
  const Place place = place_in(log, written);
  // SYNC: acquire, pairs with take_output.
  const std::uint64_t taking = place.head->taking.load(std::memory_order_acquire);
  if (taking == 0) return;
  if (taking == place.at + 1 && place.record != nullptr) {
    MessageRecord record{};
    std::memcpy(&record, place.record, sizeof record);
    if (record.bytes != 0 && record.bytes <= place.fits) {
      const auto end = ending(place.text(), record.bytes);
      if (std::memcmp(end.data(), kNotYet.data(), end.size()) != 0) place.publish(record.bytes);
    }
  }
  place.head->taking.store(0, std::memory_order_release);  // SYNC: after `written`.
}

}  // namespace ringmaster::shm
