#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/loop/event_loop.h"
#include "daemon/ports/pool_gate.h"
#include "daemon/sessions/session.h"
#include "shm/payload_ring.h"
#include "shm/port/client_port.h"

namespace ringmaster {

/// Calls `look` on the event loop after any change of a session's completion word. One thread that sleeps on the futex
/// (completions have no descriptor, so that no client's flag can block a worker).
class CompletionWatch {
 public:
  /// REQUIRES: the session's mapping outlives the watch. Throws std::system_error: there can be no further thread.
  CompletionWatch(EventLoop& loop, const RequestView& request, const ReplyView& reply, std::function<void()> look);
  ~CompletionWatch();
  CompletionWatch(const CompletionWatch&) = delete;
  CompletionWatch& operator=(const CompletionWatch&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
  ReplyView reply_;
};

/// A job whose bytes lie in the rings.
struct PlacedJob {
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  Extent request;
  Extent arguments;
  Extent result;
};

/// What a job could not get.
enum class Shortage { Slot, RequestRing, ResultRing, Memory };

/// The session of one supervisor on one pool, through which jobs that came as messages go: the supervisor is its
/// client. A predecessor's has slots to look at and nothing to submit with. Event loop's thread only.
class MessageSession {
 public:
  /// `own`: this supervisor's; jobs can be placed. `look` is called when something may have ended, `may_take` is asked
  /// before pages are reserved. An Error: no thread can be had to watch it.
  using MayTake = std::function<bool(core::Bytes)>;
  [[nodiscard]] static Result<std::unique_ptr<MessageSession>> open(EventLoop& loop, PoolGate& pool, Session& session,
                                                                    bool own, std::function<void()> look,
                                                                    MayTake may_take = {});
  MessageSession(EventLoop& loop, PoolGate& pool, Session& session, bool own, std::function<void()> look,
                 MayTake may_take);

  /// Copies payload and arguments into the request ring and publishes. nullopt: not now, `shortage` says why.
  /// `wanted` has everything but places and sizes filled in.
  [[nodiscard]] std::optional<PlacedJob> place(const JobDescriptor& wanted, std::string_view payload,
                                               std::span<const std::byte> arguments, std::uint64_t result_capacity,
                                               Shortage& shortage);
  /// Ended: its request bytes are free again.
  void ended(PlacedJob& job);
  /// Who asked for its outcome has read it: no successor needs to know of it. Here it may be asked for again.
  void settle(const PlacedJob& job);
  /// Its outcome is not kept any more: slot and result extent are free again.
  void release(const PlacedJob& job);

  struct Ended {
    std::uint32_t slot;
    SlotWord word;
  };
  /// Each own job that has ended since the last call, once. Nothing for a predecessor's session: ask terminal().
  [[nodiscard]] std::vector<Ended> collect();
  /// The word of `slot` when it is terminal and of that job.
  [[nodiscard]] std::optional<SlotWord> terminal(std::uint32_t slot, std::uint32_t seq) const;
  /// True: it was queued and is cancelled. False: its handler was asked to stop, or it has ended.
  bool cancel(std::uint32_t slot, std::uint32_t seq);

  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] PoolGate& pool() { return pool_; }
  [[nodiscard]] bool own() const { return own_; }

 private:
  bool reserve(const Extent& request, const Extent& arguments, const Extent& result);

  PoolGate& pool_;
  Session& session_;
  bool own_;
  MayTake may_take_;
  ClientPort port_;
  PayloadRing requests_;
  PayloadRing results_;
  std::uint64_t requests_reserved_ = 0;
  std::uint64_t results_reserved_ = 0;
  CompletionWatch watch_;
};

}  // namespace ringmaster
