#include "bindings/python/native/future.h"

namespace ringmaster::python {
namespace {

/// The lock of a future's condition, taken by calls of C functions alone.
class FutureLock {
 public:
  explicit FutureLock(PyObject* future) {
    condition_ = Ref(PyObject_GetAttrString(future, "_condition"));
    if (condition_) held_ = bool(Ref(PyObject_CallMethod(condition_.get(), "acquire", nullptr)));
  }
  ~FutureLock() {
    if (held_) (void)release();
  }
  FutureLock(const FutureLock&) = delete;
  FutureLock& operator=(const FutureLock&) = delete;

  [[nodiscard]] bool held() const noexcept { return held_; }
  [[nodiscard]] PyObject* condition() const noexcept { return condition_.get(); }

 private:
  [[nodiscard]] bool release() const { return bool(Ref(PyObject_CallMethod(condition_.get(), "release", nullptr))); }

  Ref condition_;
  bool held_ = false;
};

/// What Python code raises on the way is kept until the end.
class KeptError {
 public:
  void keep() {
    if (PyErr_Occurred() == nullptr) return;
    if (type_ == nullptr) {
      PyErr_Fetch(&type_, &value_, &traceback_);
    } else {
      PyErr_Clear();
    }
  }
  /// False: there was one, and it is Python's again.
  [[nodiscard]] bool give_back() {
    if (type_ == nullptr) return true;
    PyErr_Restore(type_, value_, traceback_);
    return false;
  }

 private:
  PyObject* type_ = nullptr;
  PyObject* value_ = nullptr;
  PyObject* traceback_ = nullptr;
};

bool is_state(PyObject* future, const char* wanted) {
  const Ref state(PyObject_GetAttrString(future, "_state"));
  return state && PyUnicode_CompareWithASCIIString(state.get(), wanted) == 0;
}

bool set_state(PyObject* future, const char* state) {
  const Ref text(PyUnicode_InternFromString(state));
  return text && PyObject_SetAttrString(future, "_state", text.get()) == 0;
}

bool is_empty(PyObject* owner, const char* attribute) {
  const Ref list(PyObject_GetAttrString(owner, attribute));
  return list && PyObject_Size(list.get()) == 0;
}

// Tells wait() and as_completed().
void tell_waiters(PyObject* future, const char* how, KeptError& error) {
  const Ref waiters(PyObject_GetAttrString(future, "_waiters"));
  const Py_ssize_t count = waiters ? PyList_Size(waiters.get()) : 0;
  for (Py_ssize_t i = 0; i < count; ++i) {
    const Ref told(PyObject_CallMethod(PyList_GetItem(waiters.get(), i), how, "O", future));
    error.keep();
  }
}

}  // namespace

int begin_future(PyObject* future) {
  const FutureLock lock(future);
  if (!lock.held()) return -1;
  if (is_state(future, "RUNNING")) return 1;
  if (is_state(future, "PENDING")) return set_state(future, "RUNNING") ? 1 : -1;
  if (!is_state(future, "CANCELLED")) return 0;
  KeptError error;
  if (!set_state(future, "CANCELLED_AND_NOTIFIED")) return -1;
  tell_waiters(future, "add_cancelled", error);
  return error.give_back() ? 0 : -1;
}

bool settle_future(PyObject* future, PyObject* value, PyObject* failure) {
  KeptError error;
  {
    const FutureLock lock(future);
    if (!lock.held()) return false;
    if (!is_state(future, "RUNNING") && !is_state(future, "PENDING")) return true;
    const bool failed = failure != Py_None;
    if (PyObject_SetAttrString(future, failed ? "_exception" : "_result", failed ? failure : value) != 0 ||
        !set_state(future, "FINISHED"))
      return false;
    tell_waiters(future, failed ? "add_exception" : "add_result", error);
    if (!is_empty(lock.condition(), "_waiters")) {
      const Ref told(PyObject_CallMethod(lock.condition(), "notify_all", nullptr));
      error.keep();
    }
  }
  if (!is_empty(future, "_done_callbacks")) {
    const Ref called(PyObject_CallMethod(future, "_invoke_callbacks", nullptr));
    error.keep();
  }
  return error.give_back();
}

}  // namespace ringmaster::python
