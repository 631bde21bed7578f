#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "client/session/session_facts.h"
#include "client/types/options.h"
#include "client/types/refusal.h"
#include "proto/submit_rules.h"
#include "shm/extent.h"
#include "shm/layout.h"

namespace ringmaster::client {

/// A job that has been checked, but has no slot, no extents for arguments and result, and no time yet.
struct JobDraft {
  shm::JobDescriptor job;  // not zeroed here: draft() sets each field
  std::vector<std::byte> arguments;
  std::uint64_t request_extent = 0;
  std::optional<shm::Extent> arguments_room{};  ///< where they go; none: they get a place of their own
};

/// A request in the session's request ring, or in a parcel.
struct PlacedRequest {
  std::uint64_t extent = 0;
  std::uint64_t offset = 0;  ///< in the ring; or RequestRoom::kParcelOffset
  std::uint64_t bytes = 0;
  std::uint64_t taken = 0;  ///< bytes of the ring: more than `bytes` when the request was made smaller
};

/// Checks what an application asks for and makes a draft of it, or says why not. One per session, which outlives it
/// with `facts`; it changes nothing, so any thread may use it at any time.
class JobDrafter {
 public:
  JobDrafter(const SessionFacts& facts, std::uint64_t request_ring_bytes, std::uint64_t result_ring_bytes);

  /// Why a request of so many bytes can never be accepted; nullopt: it can.
  [[nodiscard]] std::optional<Refusal> check_size(std::uint64_t bytes) const {
    if (auto refused = wire::check_request_bytes(bytes, limits_)) [[unlikely]]
      return refusal_of(std::move(*refused));
    return std::nullopt;
  }
  /// True if every worker of the pool can read requests that lie in parcels.
  [[nodiscard]] bool takes_parcels() const noexcept {
    return std::all_of(facts_.handlers.begin(), facts_.handlers.end(),
                       [](const auto& one) { return one.takes_parcels; });
  }
  /// nullopt: `draft` is filled in.
  [[nodiscard]] std::optional<Refusal> draft(std::string_view handler, const PlacedRequest& request,
                                             const Arguments& arguments, const SubmitOptions& options,
                                             JobDraft& draft) const;
  /// The name of a handler; empty: the pool has no such handler.
  [[nodiscard]] std::string handler_named(std::uint64_t id) const;

 private:
  [[nodiscard]] std::optional<Refusal> check_messages(const SubmitOptions& options,
                                                      std::uint64_t result_capacity) const;
  [[nodiscard]] static Refusal refusal_of(wire::SubmitRefusal refused);
  [[nodiscard]] std::optional<wire::SubmitRefusal> check_beside_ring(const wire::SubmitWish& wish,
                                                                     wire::SubmitTerms& terms) const;
  [[nodiscard]] std::uint64_t id_of(std::string_view name, const HandlerDescription* known) const;

  const SessionFacts& facts_;
  wire::SubmitLimits limits_;
  std::vector<std::uint64_t> handler_ids_;  // of facts_.handlers
};

}  // namespace ringmaster::client
