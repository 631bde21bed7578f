#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

/// A mark that a worker writes into its own standard output and error after a job's text, so that each log line can
/// name its job: bytes that no text contains, a number that only this worker and its supervisor know, and the job.
///
///     | 00 72 6D 01 | token: u64 | public job id: u64; 0: several jobs wrote the text before the mark |
namespace ringmaster::shm {

inline constexpr std::array<char, 4> kOutputMarkMagic{'\0', 'r', 'm', '\1'};
inline constexpr std::size_t kOutputMarkBytes = kOutputMarkMagic.size() + 2 * sizeof(std::uint64_t);
using OutputMark = std::array<char, kOutputMarkBytes>;

[[nodiscard]] inline OutputMark make_output_mark(std::uint64_t token, std::uint64_t job) noexcept {
  OutputMark mark{};
  std::memcpy(mark.data(), kOutputMarkMagic.data(), kOutputMarkMagic.size());
  std::memcpy(mark.data() + kOutputMarkMagic.size(), &token, sizeof token);
  std::memcpy(mark.data() + kOutputMarkMagic.size() + sizeof token, &job, sizeof job);
  return mark;
}

}  // namespace ringmaster::shm
