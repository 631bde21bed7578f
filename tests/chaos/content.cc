#include "tests/chaos/content.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tests/chaos/random.h"

namespace ringmaster::chaos {
namespace {

constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15U;
constexpr std::size_t kWord = sizeof(std::uint64_t);

// 60 bits of job and four of side.
constexpr std::uint64_t owner_of(std::uint64_t job, Side side) noexcept {
  return job << 4 | static_cast<std::uint64_t>(side);
}

constexpr std::uint64_t word_at(std::uint64_t owner, std::size_t index) noexcept { return mix(owner + index * kStep); }

// Whose word at `index` this is; 0: nobody's that this run could have.
std::uint64_t reader(std::uint64_t word, std::size_t index) noexcept {
  const std::uint64_t owner = unmix(word) - index * kStep;
  const std::uint64_t side = owner & 0xF;
  if (side != static_cast<std::uint64_t>(Side::Request) && side != static_cast<std::uint64_t>(Side::Result)) return 0;
  const std::uint64_t job = owner >> 4;
  // Few clients, few incarnations: garbage would hardly look like one.
  return client_of(job) < 256 && (life_of(job) & 0xFFFFU) < 4096 ? job : 0;
}

}  // namespace

void fill(std::span<std::byte> bytes, std::uint64_t job, Side side) noexcept {
  const std::uint64_t owner = owner_of(job, side);
  const std::size_t words = bytes.size() / kWord;
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t word = word_at(owner, i);
    std::memcpy(bytes.data() + i * kWord, &word, kWord);
  }
  const std::uint64_t last = word_at(owner, words);
  if (bytes.size() % kWord != 0) std::memcpy(bytes.data() + words * kWord, &last, bytes.size() % kWord);
}

Finding look_at(std::span<const std::byte> bytes, std::uint64_t job, Side side, std::uint64_t wanted_bytes) noexcept {
  const std::uint64_t owner = owner_of(job, side);
  for (std::size_t at = 0; at < bytes.size(); at += kWord) {
    const std::size_t size = std::min(kWord, bytes.size() - at);
    const std::uint64_t wanted = word_at(owner, at / kWord);
    if (std::memcmp(bytes.data() + at, &wanted, size) == 0) continue;
    std::uint64_t found = 0;
    std::memcpy(&found, bytes.data() + at, size);
    return {at == 0 ? Verdict::Foreign : Verdict::Mixed, at, size == kWord ? reader(found, at / kWord) : 0};
  }
  if (bytes.size() != wanted_bytes) return {Verdict::Short, bytes.size(), 0};
  return {};
}

const char* to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::Right:
      return "right";
    case Verdict::Short:
      return "short";
    case Verdict::Foreign:
      return "foreign";
    case Verdict::Mixed:
      return "mixed";
  }
  return "unknown";
}

std::string describe(const Finding& finding) {
  if (finding.verdict == Verdict::Right) return "right";
  char text[128];
  std::snprintf(text, sizeof text, "%s: byte %llu", to_string(finding.verdict),
                static_cast<unsigned long long>(finding.at));
  std::string line(text);
  if (finding.verdict == Verdict::Short) return line + " is its end";
  if (finding.whose == 0) return line + " is nobody's";
  std::snprintf(text, sizeof text, " is of job %llx", static_cast<unsigned long long>(finding.whose));
  return line + text;
}

}  // namespace ringmaster::chaos
