#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "base/text.h"
#include "shm/layout.h"

/// What a job's submitter calls it, in its descriptor: for people who read status, log and reports.
namespace ringmaster::shm {

/// REQUIRES: the descriptor's label is all 0. A longer text is cut, at a character's begin.
inline void write_label(JobDescriptor& job, std::string_view text) noexcept {
  std::size_t size = std::min(text.size(), kLabelBytes);
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  while (size < text.size() && size > 0 && continues(size)) --size;
  std::memcpy(job.label, text.data(), size);
}

/// One line of clean text. The client may be writing there: what it gets then is its own affair.
[[nodiscard]] inline std::string read_label(const JobDescriptor& job) {
  char copy[kLabelBytes];
  std::memcpy(copy, job.label, kLabelBytes);
  return clean_quote({copy, ::strnlen(copy, kLabelBytes)}, kLabelBytes);
}

}  // namespace ringmaster::shm
