#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"
#include "client/types/outcome.h"
#include "client/types/session_hold.h"
#include "shm/mapping.h"

namespace ringmaster::client {

/// A result that outgrew its room, in a memory file of its own. An Outcome holds it as it holds a session's memory.
class SpilledResult final : public SessionHold {
 public:
  /// An Error: the file cannot be mapped, is shorter than that, or can still change its size.
  [[nodiscard]] static Result<std::shared_ptr<SpilledResult>> open(UniqueFd file, std::uint64_t bytes);

  explicit SpilledResult(shm::Mapping memory);
  ~SpilledResult() override;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return memory_.bytes(); }
  void give_back_request(std::uint64_t) noexcept override {}
  void give_back_result(std::uint64_t) noexcept override {}
  [[nodiscard]] bool forked() const noexcept override;

 private:
  shm::Mapping memory_;
  const std::uint32_t fork_generation_;
};

/// The outcome of a job whose result of `bytes` bytes cannot be had: it is lost, and says why.
void lose_result(OutcomeFacts& facts, std::uint64_t bytes, const Error& why) noexcept;

}  // namespace ringmaster::client
