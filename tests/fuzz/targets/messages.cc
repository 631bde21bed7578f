// A log of messages as a worker that is hostile writes it, read by its client; and one that a client spoilt, written
// on.
#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "shm/message_log.h"
#include "shm/port/output_taking.h"
#include "tests/fuzz/target.h"

namespace ringmaster::fuzz {
namespace {

struct alignas(shm::kCacheLine) Line {
  std::byte bytes[shm::kCacheLine];
};

void run(Input input) {
  constexpr std::size_t kMostLines = 64;
  std::vector<Line> lines(std::clamp<std::size_t>(input.size() / shm::kCacheLine, 2, kMostLines));
  const std::span<std::byte> log = std::as_writable_bytes(std::span(lines));
  std::copy_n(std::as_bytes(input).begin(), std::min(input.size(), log.size()), log.begin());
  const std::uint64_t room = log.size() - sizeof(shm::MessageLogHead);
  shm::MessageReader reader(log);
  std::uint64_t taken = 0;
  const auto read_all = [&] {
    while (const auto message = reader.next()) {
      taken += shm::whole_record(message->bytes.size());
      RM_CHECK(message->bytes.size() <= room, "a message of %zu bytes", message->bytes.size());
      RM_CHECK(taken < room + 8, "%lu bytes out of %lu", static_cast<unsigned long>(taken),
               static_cast<unsigned long>(room));
    }
    RM_CHECK(!reader.ready() || reader.dropped() == 0, "it has more, and does not tell it");
  };
  read_all();
  shm::finish_taking(log);
  RM_CHECK(reinterpret_cast<const shm::MessageLogHead*>(log.data())->taking.load() == 0, "it is not ended");
  read_all();
  const std::string text("one more");
  const bool kept = shm::MessageWriter(log).append(shm::MessageKind::Data, 2, std::as_bytes(std::span(text)));
  if (kept && reader.dropped() == 0) {
    const std::uint64_t before = taken;
    read_all();
    RM_CHECK(taken > before || reader.dropped() != 0, "what was written is not read");
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const std::size_t count : {0U, 1U, 5U, 40U}) {
    std::vector<Line> lines(9);
    const std::span<std::byte> log = std::as_writable_bytes(std::span(lines));
    shm::begin_log(log);
    shm::MessageWriter writer(log);
    for (std::size_t at = 0; at < count; ++at) {
      const std::string text(at * 3, 'm');
      (void)writer.append(static_cast<shm::MessageKind>(at % 3), 1, std::as_bytes(std::span(text)));
    }
    all.emplace_back(reinterpret_cast<const char*>(log.data()), log.size());
  }
  return all;
}

}  // namespace

const Target& target() {
  static const Target messages{.name = "messages", .run = run, .seeds = seeds};
  return messages;
}

}  // namespace ringmaster::fuzz
