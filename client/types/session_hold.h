#pragma once

#include <cstdint>

namespace ringmaster {

/// What requests and outcomes need of the session whose memory they use. Shared: it lives as long as any of them. Any
/// thread may use it.
class SessionHold {
 public:
  virtual ~SessionHold() = default;
  virtual void give_back_request(std::uint64_t extent) noexcept = 0;
  virtual void give_back_result(std::uint64_t extent) noexcept = 0;
  /// True in a forked child, which does not have that memory.
  [[nodiscard]] virtual bool forked() const noexcept = 0;
};

}  // namespace ringmaster
