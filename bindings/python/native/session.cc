#include "bindings/python/native/session.h"

#include <array>
#include <cstring>
#include <utility>

#include "bindings/python/native/extent.h"
#include "bindings/python/native/future.h"
#include "bindings/python/native/lent.h"
#include "bindings/python/native/task_pieces.h"

namespace ringmaster::python {
namespace {

constexpr const char* kHandler = "python";
constexpr int kBatch = 64;
// A copy of less costs less than a view of it.
constexpr std::size_t kCopyBelow = std::size_t{16} << 10;
// To write less takes less time than to let another thread run and to come back.
constexpr std::uint64_t kWriteUnlockedFrom = std::uint64_t{256} << 10;

class Result final : public Lent {
 public:
  Result(rm_outcome& taken, std::shared_ptr<std::atomic<std::uint64_t>> lent) noexcept
      // The memory is this session's, and nobody else looks at it any more.
      : Lent({static_cast<std::byte*>(const_cast<void*>(taken.result)), static_cast<std::size_t>(taken.result_bytes)}),
        outcome_(taken),
        lent_(std::move(lent)) {
    taken.held = nullptr;
    *lent_ += taken.result_bytes;
  }
  ~Result() override {
    *lent_ -= bytes().size();
    rm_outcome_free(&outcome_);
  }

 private:
  rm_outcome outcome_;
  std::shared_ptr<std::atomic<std::uint64_t>> lent_;  // outlives the session
};

struct Item {
  PyObject* payload = nullptr;
  PyObject* buffers = nullptr;
  unsigned long long capacity = 0;
  unsigned long long timeout_ms = 0;
  int idempotent = 0;
  PyObject* label = nullptr;

  // nullptr: it has none that can be shown.
  [[nodiscard]] const char* shown() const {
    const char* const text = PyUnicode_AsUTF8AndSize(label, nullptr);
    if (text == nullptr) PyErr_Clear();
    return text;
  }
};

}  // namespace

int Session::dispatch(PyObject* queue, PyObject* flying, std::uint64_t room) {
  int count = 0;
  while (shift_.flying() < room && PyObject_Size(queue) > 0) {
    const Ref item(PySequence_GetItem(queue, 0));
    if (!item) return -1;
    // Until the item is taken off the queue, whatever is raised here leaves it there to be tried again.
    const int begun = begin_future(PyTuple_GetItem(item.get(), 0));
    if (begun < 0) return -1;
    if (begun == 1) {
      const Sent sent = send(item.get(), flying);
      if (sent == Sent::NoRoom) break;
      if (sent == Sent::Error) return -1;
      if (sent == Sent::Yes) ++count;
    }
    const Ref taken(PyObject_CallMethod(queue, "popleft", nullptr));
    if (!taken) return -1;
  }
  return count;
}

Session::Sent Session::send(PyObject* item, PyObject* flying) {
  Item what;
  PyObject* future = nullptr;
  if (!PyArg_ParseTuple(item, "OOOKKpO", &future, &what.payload, &what.buffers, &what.capacity, &what.timeout_ms,
                        &what.idempotent, &what.label))
    return Sent::Error;
  const std::uint64_t cookie = next_cookie_++;
  const Ref key(PyLong_FromUnsignedLongLong(cookie));
  if (!key || PyDict_SetItem(flying, key.get(), future) != 0) return Sent::Error;
  TaskPieces pieces;
  if (!pieces.take(what.payload, what.buffers) || !pieces.lay_out(0)) {
    PyErr_Clear();
    return refused(cookie, RM_BAD_ARGUMENTS, "a buffer of this call cannot be read, or its pickle is 4 GiB or larger");
  }
  std::array<char, 512> why{};
  rm_request* request = nullptr;
  void* memory = nullptr;
  rm_session* const session = handle_->session;
  int code = rm_request_new(session, pieces.size(), 0, &request, &memory, why.data(), why.size());
  if (code == RM_ACCEPTED) {
    if (pieces.size() >= kWriteUnlockedFrom) {
      const Unlocked unlocked;
      pieces.write(static_cast<std::byte*>(memory));
    } else {
      pieces.write(static_cast<std::byte*>(memory));
    }
    rm_submit job{};
    job.struct_size = sizeof job;
    job.flags = what.idempotent != 0 ? RM_SUBMIT_IDEMPOTENT : 0;
    job.handler = kHandler;
    job.cookie = cookie;
    job.request = request;
    job.result_capacity = what.capacity;
    job.timeout_ms = what.timeout_ms;
    job.label = what.shown();
    code = rm_session_submit(session, &job, nullptr, why.data(), why.size());
    if (code != RM_ACCEPTED) rm_request_free(request);
  }
  if (code == RM_ACCEPTED) {
    shift_.sent();
    return Sent::Yes;
  }
  // A session without room for one job alone will have none later.
  if (code == RM_FULL) {
    (void)PyDict_DelItem(flying, key.get());
    return Sent::NoRoom;
  }
  return refused(cookie, code, why.data());
}

Session::Sent Session::refused(std::uint64_t cookie, int code, const char* why) {
  const Ref one(
      Py_BuildValue("KOOO(is)", static_cast<unsigned long long>(cookie), Py_None, Py_None, Py_None, code, why));
  return one && PyList_Append(ended_.get(), one.get()) == 0 ? Sent::Refused : Sent::Error;
}

int Session::collect(std::uint64_t timeout_ns) {
  int count = 0;
  rm_outcome outcome{};
  outcome.struct_size = sizeof outcome;
  int told = rm_session_next(handle_->session, 0, &outcome);
  if (told == RM_NONE && timeout_ns != 0) {
    const Unlocked unlocked;
    told = rm_session_next(handle_->session, timeout_ns, &outcome);
  }
  for (; told == RM_ENDED; told = rm_session_next(handle_->session, 0, &outcome)) {
    const bool added = add(outcome);
    rm_outcome_free(&outcome);
    shift_.ended(1);
    if (!added) return -2;
    if (++count == kBatch) return count;
  }
  return told == RM_OVER && count == 0 ? -1 : count;
}

// (cookie, (flags, payload, buffers) | None, failure | None, (ns run, ns queued, bytes of the result), refusal | None)
bool Session::add(rm_outcome& outcome) {
  Ref result = Ref::to(Py_None);
  Ref failure = Ref::to(Py_None);
  const auto cookie = static_cast<unsigned long long>(outcome.cookie);
  const Ref times(Py_BuildValue("KKK", static_cast<unsigned long long>(outcome.run_ns),
                                static_cast<unsigned long long>(outcome.queued_ns),
                                static_cast<unsigned long long>(outcome.result_bytes)));
  if (!times) return false;
  const bool answered = outcome.status == RM_STATUS_DONE || outcome.status == RM_STATUS_FAILED;
  if (answered && outcome.result_bytes != 0) {
    result = result_of(outcome);
  } else {
    failure = make_failure(types_.failure, handle_, outcome);
  }
  if (!result || !failure) return false;
  const Ref one(Py_BuildValue("KOOOO", cookie, result.get(), failure.get(), times.get(), Py_None));
  return one && PyList_Append(ended_.get(), one.get()) == 0;
}

Ref Session::result_of(rm_outcome& outcome) {
  const std::span bytes(static_cast<std::byte*>(const_cast<void*>(outcome.result)),
                        static_cast<std::size_t>(outcome.result_bytes));
  const bool may_lend = *lent_ + bytes.size() <= may_lend_;
  std::shared_ptr<Extent> extent;
  return read_task(bytes, [&](std::span<std::byte> part, bool is_payload) {
    if (part.size() >= kCopyBelow && may_lend) {
      if (!extent) extent = std::make_shared<Result>(outcome, lent_);
      return view_of(types_.part, extent, part);
    }
    if (!is_payload) return copy_of(part);
    return Ref(
        PyBytes_FromStringAndSize(reinterpret_cast<const char*>(part.data()), static_cast<Py_ssize_t>(part.size())));
  });
}

}  // namespace ringmaster::python
