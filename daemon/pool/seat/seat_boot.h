#pragma once

#include <optional>
#include <string>

#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/seat.h"

namespace ringmaster::daemon {

/// The way of a process from its first word to its readiness: what it is told, its table of handlers, and what is wrong
/// with it. Ends nobody: its pool does. Its pool's, on its thread.
class SeatBoot {
 public:
  struct Rules {
    worker_link::Settings settings;  ///< for every worker
    core::Duration timeout{};        ///< from its start to its readiness
  };

  /// REQUIRES: `handlers` outlives this.
  SeatBoot(const Rules& rules, HandlerCatalog& handlers) : rules_(rules), handlers_(handlers) {}

  // Both: false where it must go, and the seat's `boot_error` says why.
  [[nodiscard]] bool on_hello(Seat& seat, const worker_link::Hello& hello) const;
  [[nodiscard]] bool on_chunk(Seat& seat, const worker_link::HandlersChunk& chunk);

  /// When it must be ready; nullopt: it is, or it is being ended.
  [[nodiscard]] std::optional<core::TimePoint> deadline(const Seat& seat) const;
  /// True: its time is over, and the seat's `boot_error` says so.
  [[nodiscard]] bool timed_out(Seat& seat, core::TimePoint now) const;

 private:
  Rules rules_;
  HandlerCatalog& handlers_;
};

}  // namespace ringmaster::daemon
