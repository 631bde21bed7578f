#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/loop/keeper_port.h"
#include "daemon/loop/later.h"
#include "proto/handler_table.h"

namespace ringmaster::daemon {

/// The handlers of a pool's workers, as the last one that started described them. Deposited for successors; told by the
/// first worker as it starts, and known once that one is ready, or by a predecessor's deposit. Owned by the pool, on
/// its thread.
class HandlerCatalog {
 public:
  using Callback = std::function<void()>;

  /// REQUIRES: `keeper` outlives this.
  HandlerCatalog(std::uint32_t pool, Keeper& keeper, Later later)
      : pool_(pool), keeper_(keeper), later_(std::move(later)) {}

  /// Takes up a predecessor's deposit. Invalid: there is none, and nothing is known yet.
  Result<void> inherit(UniqueFd table);
  /// Sets the handlers of a worker that starts; `encoded`: the same as bytes.
  void set(std::vector<HandlerDescription> handlers, std::span<const std::byte> encoded);
  /// A worker with these handlers is ready.
  void confirm() { known_ = true; }

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] bool told() const { return told_; }
  [[nodiscard]] std::span<const HandlerDescription> all() const { return handlers_; }
  [[nodiscard]] std::string name_of(std::uint64_t id) const;  ///< empty: unknown
  /// True if the handler listens to cancel.
  [[nodiscard]] bool listens(std::uint64_t id) const;

  /// Calls `done` later, at the next tell_waiting(): when the handlers are known, or will not be known soon.
  void wait(Callback done) { waiting_.push_back(std::move(done)); }
  /// Likewise, or when they are told.
  void wait_until_told(Callback done) { waiting_for_words_.push_back(std::move(done)); }
  void tell_waiting();

 private:
  void take(std::vector<HandlerDescription> handlers);
  void answer(std::vector<Callback>& waiting);
  [[nodiscard]] const HandlerDescription* find(std::uint64_t id) const;

  std::uint32_t pool_;
  Keeper& keeper_;
  Later later_;
  std::vector<HandlerDescription> handlers_;
  std::vector<std::uint64_t> ids_;  ///< id of each handler; kept because they are needed at every look
  bool known_ = false;
  bool told_ = false;
  UniqueFd table_;  ///< memfd: the table's length, then the table; the keeper holds it too
  std::vector<Callback> waiting_;
  std::vector<Callback> waiting_for_words_;
};

}  // namespace ringmaster::daemon
