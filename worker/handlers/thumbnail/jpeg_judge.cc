#include "worker/handlers/thumbnail/jpeg_judge.h"

#include <algorithm>
#include <cstring>

namespace ringmaster::thumbnail {
namespace {

// Cameras leave a few bytes before a marker. Damaged data can leave any number of bytes that no row needs.
constexpr std::size_t kFewBytes = 16;
// Some hardware fills the data up to a sector or page.
constexpr std::size_t kPageOfPadding = 4096;

bool is_padding(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [&](std::byte one) { return one == bytes.front(); });
}

constexpr std::size_t kBlank = 64;

}  // namespace

std::span<const std::byte> scan_data(std::span<const std::byte> bytes) {
  for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
    const void* const found = std::memchr(bytes.data() + at, 0xff, bytes.size() - 1 - at);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
    const auto next = std::to_integer<unsigned>(bytes[at + 1]);
    const bool restart = next >= 0xd0 && next <= 0xd7;
    if (next != 0 && next != 0xff && !restart) return bytes.first(at);
  }
  return bytes;
}

std::size_t longest_blank(std::span<const std::byte> scan) {
  const auto is_zero = [scan](std::size_t at) { return scan[at] == std::byte{0}; };
  std::size_t longest = 0;
  // Every run of kBlank zeros covers one of these positions.
  for (std::size_t at = 0; at < scan.size(); at += kBlank / 2) {
    if (!is_zero(at)) continue;
    std::size_t begin = at;
    while (begin > 0 && is_zero(begin - 1)) --begin;
    std::size_t end = at;
    while (end < scan.size() && is_zero(end)) ++end;
    if (end < scan.size() && end - begin >= kBlank) longest = std::max(longest, end - begin);
    at = end / (kBlank / 2) * (kBlank / 2);
  }
  return longest;
}

void JpegJudge::damaged(const std::string& reason) {
  if (damage_.empty()) damage_ = reason;
}

void JpegJudge::left_over(std::span<const std::byte> bytes) { (is_padding(bytes) ? padding_ : rest_) += bytes.size(); }

std::string JpegJudge::damage() const {
  if (!damage_.empty()) return damage_;
  if (rest_ > kFewBytes) return std::to_string(rest_) + " bytes of its data belong to no row";
  if (padding_ > std::max(kPageOfPadding, scan_bytes_ / 8)) {
    return std::to_string(padding_) + " bytes of its data are blank and belong to no row";
  }
  return {};
}

std::string JpegJudge::remark() const {
  std::string text;
  const auto add = [&text](const std::string& one) { text += (text.empty() ? "" : "; ") + one; };
  if (padding_ + rest_ > 0) {
    add(std::to_string(padding_ + rest_) + " bytes of the JPEG's data belong to no row: it may be damaged");
  }
  if (missing_scans_) add("the JPEG lacks some of its scans: it may have been cut");
  if (odd_progression_) add("the JPEG's scans come in an odd order: it may be damaged");
  if (no_end_) add("the JPEG lacks its end marker: it may have been cut");
  return text;
}

}  // namespace ringmaster::thumbnail
