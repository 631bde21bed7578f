#pragma once

#include "bindings/python/native/py_util.h"

#include <ringmaster/client_abi.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "bindings/python/native/shift.h"

namespace ringmaster::python {

/// The types that a session's module has made.
struct ClientTypes {
  PyObject* part = nullptr;
  PyObject* failure = nullptr;
  PyObject* lead = nullptr;
};

/// The rm_session, which outlives the Python object as long as a failure may still ask about its job.
struct SessionHandle {
  explicit SessionHandle(rm_session* opened) noexcept : session(opened) {}
  ~SessionHandle() { rm_session_free(session); }
  SessionHandle(const SessionHandle&) = delete;
  SessionHandle& operator=(const SessionHandle&) = delete;
  rm_session* session;
};

/// A session with a pool as an executor uses it. What has ended is put into a list first: an exception that comes from
/// outside, such as KeyboardInterrupt, loses none of it. Any thread, with the GIL; the executor's lock guards
/// dispatch().
class Session {
 public:
  /// `ended`: the list for what has ended. `may_lend`: bytes of results that are shown where they lie; beyond that they
  /// are copied, since nobody knows when a program drops them.
  Session(std::shared_ptr<SessionHandle> handle, const ClientTypes& types, Ref ended, std::uint64_t may_lend)
      : handle_(std::move(handle)), types_(types), ended_(std::move(ended)), may_lend_(may_lend) {}

  /// Sends what waits in `queue` (a deque of (future, payload, buffers, result capacity, timeout in ms, idempotent))
  /// while fewer than `room` jobs fly, and notes each future in `flying` under its cookie. -1: a Python error; nothing
  /// was lost.
  [[nodiscard]] int dispatch(PyObject* queue, PyObject* flying, std::uint64_t room);
  /// Appends what has ended to the list; waits for the first for at most `timeout_ns`. Returns how many; -1: the
  /// session is over; -2: a Python error.
  [[nodiscard]] int collect(std::uint64_t timeout_ns);

  [[nodiscard]] SessionHandle& handle() const noexcept { return *handle_; }
  [[nodiscard]] const ClientTypes& types() const noexcept { return types_; }
  [[nodiscard]] PyObject* ended() const noexcept { return ended_.get(); }
  [[nodiscard]] Shift& shift() noexcept { return shift_; }

 private:
  enum class Sent { Yes, NoRoom, Refused, Error };
  [[nodiscard]] Sent send(PyObject* item, PyObject* flying);
  [[nodiscard]] Sent refused(std::uint64_t cookie, int code, const char* why);
  [[nodiscard]] bool add(rm_outcome& outcome);
  [[nodiscard]] Ref result_of(rm_outcome& outcome);

  std::shared_ptr<SessionHandle> handle_;
  ClientTypes types_;
  Ref ended_;
  Shift shift_;
  std::uint64_t may_lend_;
  std::shared_ptr<std::atomic<std::uint64_t>> lent_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::uint64_t next_cookie_ = 1;
};

/// Makes the type of the objects that tell why a job has no result: they are asked where it was, later.
[[nodiscard]] PyObject* make_failure_type(PyObject* module);
/// Takes over the outcome.
[[nodiscard]] Ref make_failure(PyObject* type, const std::shared_ptr<SessionHandle>& handle, rm_outcome& outcome);

}  // namespace ringmaster::python
