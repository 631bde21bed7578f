#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/handler_table.h"
#include "worker/handler_abi.h"

namespace ringmaster::worker {

/// A handler as the worker calls it: the library's functions, and its description checked and copied.
struct RegisteredHandler {
  std::uint64_t id = 0;                           ///< handler_id(description.name)
  std::int32_t (*run)(rm_job*, void*) = nullptr;  ///< nullptr: the host program runs it.
  void* user = nullptr;
  std::int32_t (*warm_up)(void*, char*, std::size_t) = nullptr;
  bool starts_helpers = false;   ///< Processes that its jobs leave running are kept.
  bool writes_input = false;     ///< May call Job::writable_input().
  bool needs_arguments = false;  ///< At least one is required: a job without any must still be checked.
  HandlerDescription description;
  std::vector<bool> has_default;  ///< For each of description.arguments; needed because "" may be a default.
  std::string origin;             ///< The file it came from, for messages.
};

/// Which program runs the handlers of a table.
enum class RunBy {
  Worker,  ///< The worker library: each handler has a function.
  Host     ///< The program that asks for the next job, in its own way; functions may be missing.
};

/// The handlers of one worker, found by the hash that a job descriptor carries. Filled at boot, then read-only.
class HandlerRegistry {
 public:
  /// Checks and copies every handler of a C table; `origin` names the table in messages. Fails on another ABI, missing
  /// names or functions, and on names or ids that are taken.
  [[nodiscard]] Result<void> add(const rm_handler_table* table, const std::string& origin,
                                 RunBy run_by = RunBy::Worker);

  /// nullptr: no such handler. A few nanoseconds, no allocation.
  [[nodiscard]] const RegisteredHandler* find(std::uint64_t id) const noexcept;
  [[nodiscard]] const RegisteredHandler* find(std::string_view name) const noexcept;

  /// True if any handler may call Job::writable_input().
  [[nodiscard]] bool any_writes_input() const noexcept {
    return std::ranges::any_of(handlers_, &RegisteredHandler::writes_input);
  }
  /// In the order of registration; valid until the next add().
  [[nodiscard]] std::span<const RegisteredHandler> handlers() const noexcept { return handlers_; }
  [[nodiscard]] std::vector<HandlerDescription> descriptions() const;

  /// Runs the warm-up of every handler that has one, in order. The error names handler and file.
  [[nodiscard]] Result<void> warm_up() const;

 private:
  static constexpr std::size_t kBuckets = 4 * kMaxHandlers;
  static_assert((kBuckets & (kBuckets - 1)) == 0);

  void rebuild_index();

  std::vector<RegisteredHandler> handlers_;
  std::array<std::uint16_t, kBuckets>
      index_{};  ///< Hash table with open addressing: index in handlers_ plus one; 0: empty.
};

/// The handlers as lines for a terminal: what --list prints.
[[nodiscard]] std::string list_handlers(const HandlerRegistry& registry);

}  // namespace ringmaster::worker
