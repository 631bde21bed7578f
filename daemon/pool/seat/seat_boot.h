#pragma once

#include <optional>
#include <string>

#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/seat.h"

namespace ringmaster::daemon {

/// The start of a process from its Hello until it is ready: what it is told, its handler table, and why it cannot
/// start. Kills nothing: the pool does. Owned by the pool, on its thread.
class SeatBoot {
 public:
  struct Rules {
    worker_link::Settings settings;  ///< sent to every worker
    core::Duration timeout{};        ///< from its start until it must be ready
  };

  /// REQUIRES: `handlers` outlives this.
  SeatBoot(const Rules& rules, HandlerCatalog& handlers) : rules_(rules), handlers_(handlers) {}

  // Both return false if the process must be ended; the seat's `boot_error` says why.
  [[nodiscard]] bool on_hello(Seat& seat, const worker_link::Hello& hello) const;
  [[nodiscard]] bool on_chunk(Seat& seat, const worker_link::HandlersChunk& chunk);

  /// When the process must be ready; nullopt: it is ready, or it is being ended.
  [[nodiscard]] std::optional<core::TimePoint> deadline(const Seat& seat) const;
  /// True: it was not ready in time, and the seat's `boot_error` says so.
  [[nodiscard]] bool timed_out(Seat& seat, core::TimePoint now) const;

 private:
  Rules rules_;
  HandlerCatalog& handlers_;
};

}  // namespace ringmaster::daemon
