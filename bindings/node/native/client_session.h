#pragma once

#include <node_api.h>
#include <ringmaster/client_abi.h>
#include <uv.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "bindings/node/native/errands.h"
#include "bindings/node/native/loans.h"

namespace ringmaster::node {

/// A session with a pool as a JavaScript pool uses it: requests out, and what has ended back in batches, in turns of
/// libuv's loop. While something is in flight the loop stays alive for it. One thread, its environment's; lives until
/// close(), or until the environment is taken down, and then until its handles are closed.
class ClientSession : public std::enable_shared_from_this<ClientSession> {
 public:
  static constexpr std::uint32_t kFacts = 10;   ///< numbers for each outcome of a batch
  static constexpr std::uint32_t kBatch = 256;  ///< outcomes at once
  static constexpr double kCrashedSoFar = 255;  ///< instead of a status: the outcome follows
  static constexpr std::size_t kScratchBytes = 256 * 1024;

  struct Terms {
    int event_fd = -1;  ///< the session's
    std::uint64_t spin_ns = 0;
    std::uint64_t may_lend = 0;  ///< bytes of results that scripts may hold where they lie
    bool explains = false;       ///< a crash is told with its stack
  };
  /// `on_batch(count, results, messages)` is called with what has ended; a result is a list of buffers, or text. Takes
  /// the session.
  ClientSession(napi_env env, rm_session* session, const Terms& terms, napi_value on_batch);
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  /// {scratch, facts}: where payloads and numbers of a batch lie. nullptr: scripts are being ended.
  [[nodiscard]] napi_value describe();

  /// Memory for a request that a script fills.
  struct Request {
    rm_request* handle = nullptr;
    std::span<std::byte> bytes;
    bool is_for_task = false;  ///< of ask_room(); else of allocate()
  };
  /// 0: no room. Else the id of a request that is allocated now. What the daemon has to be asked for is waited for a
  /// moment; if it comes later, the next one of that size has it, unless none follows for a while.
  [[nodiscard]] std::uint32_t allocate(std::uint64_t bytes);
  /// The same where the daemon has to be asked, without waiting. `done(answer, id, error)`: RM_ACCEPTED and the
  /// request's id, or why there is none.
  void ask_room(std::uint64_t bytes, napi_value done);
  [[nodiscard]] const Request& at(std::uint32_t id) const { return requests_.at(id); }
  /// What was allocated under `id`, to be submitted; handle nullptr: nothing is.
  [[nodiscard]] Request take(std::uint32_t id);
  void put_back(std::uint32_t id, const Request& request) { requests_[id] = request; }
  void drop(std::uint32_t id) { rm_request_free(take(id).handle); }

  /// As rm_session_submit; counts what is in flight.
  [[nodiscard]] int submit(const rm_submit& job, std::string& error);
  [[nodiscard]] rm_session* session() const { return session_; }

  /// Cancels a job by force. `done(asked)`: false, the daemon has not been told.
  void cancel_by_force(std::uint64_t cookie, std::uint64_t grace_ms, napi_value done);

  /// Tells what has ended, and lets go of the loop and of what is in flight. Closed once; what is told in it finds it
  /// closed.
  static void close(std::shared_ptr<ClientSession> self);
  [[nodiscard]] bool closed() const { return closing_ || closed_; }

 private:
  struct Batch;
  struct Inquiry;
  struct ForcedCancel;
  struct RoomWish;
  void deliver();
  void rest();
  void inquire(Lane& lane, const rm_outcome& outcome);
  [[nodiscard]] std::uint32_t keep(const Request& request);
  [[nodiscard]] std::uint32_t wish_for(std::uint64_t bytes);
  void wish_answered(RoomWish& wish);
  void drop_spare();
  void let_go(std::shared_ptr<ClientSession> self);
  void add_crash(Batch& batch, const rm_outcome& outcome);
  void add(Batch& batch, rm_outcome& outcome);
  void add_result(Batch& batch, rm_outcome& outcome, double* facts);
  void call(const Batch& batch);
  static void on_teardown(napi_async_cleanup_hook_handle hook, void* self);
  static void on_event(uv_poll_t* handle, int status, int events);
  static void on_timer(uv_timer_t* handle);
  static void on_spare_unused(uv_timer_t* handle);
  static void on_prepare(uv_prepare_t* handle);
  void look_before_sleep(uv_loop_t* loop, std::uint64_t began);
  void come_back_soon();

  napi_env env_;
  rm_session* session_;
  int event_fd_;
  std::uint64_t spin_ns_;
  bool explains_;
  Loans loans_;
  Lane asking_;
  Lane explaining_;  ///< takes longer, and others need not wait for it
  Lane allocating_;
  std::shared_ptr<RoomWish> wish_;  ///< of allocate(), while it has not been answered
  Request spare_;                   ///< what that came to, too late; given back in a while
  napi_ref on_batch_ = nullptr;
  napi_async_context context_ = nullptr;
  napi_async_cleanup_hook_handle teardown_ = nullptr;
  napi_ref kept_scratch_ = nullptr;
  napi_ref kept_facts_ = nullptr;
  std::byte* scratch_ = nullptr;
  double* facts_ = nullptr;
  std::map<std::uint32_t, Request> requests_;
  std::uint32_t next_request_ = 1;
  std::uint32_t flying_ = 0;
  bool closing_ = false;
  bool closed_ = false;
  bool preparing_ = false;  ///< its own look before the loop sleeps is under way
  uv_poll_t poll_{};
  uv_prepare_t prepare_{};
  uv_idle_t idle_{};
  uv_timer_t again_{};
  uv_timer_t spare_unused_{};
  int open_handles_ = 5;
  std::shared_ptr<ClientSession> self_;  ///< while its handles are being closed
};

}  // namespace ringmaster::node
