#include "tests/chaos/record.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace ringmaster::chaos {
namespace {

constexpr std::string_view kNames[] = {"starts",  "opening", "opened",  "not-opened", "submitting",  "accepted",
                                       "refused", "cancel",  "outcome", "again",      "stray",       "dropped",
                                       "leaving", "left",    "begins",  "ends",       "stopped",     "bad-request",
                                       "signal",  "drain",   "daemon",  "missed",     "client-ends", "fault"};
static_assert(std::size(kNames) == static_cast<std::size_t>(kLastKind) + 1);

std::string_view next_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

template <typename T>
bool parse(std::string_view word, T& number, int base = 10) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  return error == std::errc{} && end == word.data() + word.size();
}

}  // namespace

std::string_view to_string(Kind kind) noexcept { return kNames[static_cast<std::size_t>(kind)]; }

std::string to_line(const Record& record) {
  char text[32];
  const auto put = [&text](auto number, int base) {
    return std::string_view(text,
                            static_cast<std::size_t>(std::to_chars(text, text + sizeof text, number, base).ptr - text));
  };
  std::string line(put(record.ns, 10));
  line.append(" ").append(to_string(record.kind)).append(" ").append(put(record.job, 16)).append(" ");
  std::size_t used = record.numbers.size();
  while (used > 0 && record.numbers[used - 1] == 0) --used;
  for (std::size_t i = 0; i < used; ++i) line.append(put(record.numbers[i], 10)).append(" ");
  line += '|';
  for (const char c : record.text) line += c == '\n' || c == '\0' ? ' ' : c;
  return line += '\n';
}

std::optional<Record> parse_line(std::string_view line) {
  if (!line.ends_with('\n')) return std::nullopt;
  line.remove_suffix(1);
  const std::size_t bar = line.find('|');
  if (bar == std::string_view::npos) return std::nullopt;
  Record record;
  record.text = line.substr(bar + 1);
  line = line.substr(0, bar);
  if (!parse(next_word(line), record.ns)) return std::nullopt;
  const std::string_view kind = next_word(line);
  std::size_t at = 0;
  while (at < std::size(kNames) && kNames[at] != kind) ++at;
  if (at == std::size(kNames)) return std::nullopt;
  record.kind = static_cast<Kind>(at);
  if (!parse(next_word(line), record.job, 16)) return std::nullopt;
  for (std::size_t i = 0; !line.empty(); ++i) {
    if (i == record.numbers.size() || !parse(next_word(line), record.numbers[i])) return std::nullopt;
  }
  return record;
}

std::uint64_t now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

void Journal::write(const Record& record) const noexcept {
  Record stamped = record;
  if (stamped.ns == 0) stamped.ns = now_ns();
  const std::string line = to_line(stamped);
  while (::write(fd_, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace ringmaster::chaos
