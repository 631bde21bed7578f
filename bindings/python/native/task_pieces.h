#pragma once

#include "bindings/python/native/py_util.h"

#include <cstddef>
#include <span>
#include <vector>

#include "bindings/format/task_format.h"

namespace ringmaster::python {

/// Flags of a Python program's result, beside those of task_format.h.
enum PythonFlag : std::uint32_t {
  kUnreadable = 16  ///< The value was thrown because the task could not be read.
};

/// A pickle and its out-of-band buffers, on their way into a request or a result. Holds the buffers until it is gone;
/// made and destroyed with the GIL, written without it.
class TaskPieces {
 public:
  TaskPieces() = default;
  ~TaskPieces();
  TaskPieces(const TaskPieces&) = delete;
  TaskPieces& operator=(const TaskPieces&) = delete;

  /// `payload`: bytes-like; `buffers`: a list of PickleBuffers, or None. False: a Python error.
  [[nodiscard]] bool take(PyObject* payload, PyObject* buffers);
  /// Finds the places of all. False: a Python error, a payload too large for the format.
  [[nodiscard]] bool lay_out(std::uint32_t flags);
  [[nodiscard]] std::uint64_t size() const noexcept { return layout_.size(); }
  /// Writes everything to `size()` bytes from `to` on.
  void write(std::byte* to) const noexcept;

 private:
  [[nodiscard]] bool add(PyObject* object, int flags);

  std::vector<Py_buffer> views_;  // the payload first
  std::vector<std::uint64_t> places_;
  format::Layout layout_;
  format::Header head_;
};

/// What read_task() has found: (flags, payload, buffers or None), as a tuple. `part(bytes, is_payload)` makes the
/// object that shows such a part. nullptr with a Python error: not a task.
template <typename PartMaker>
[[nodiscard]] Ref read_task(std::span<std::byte> bytes, PartMaker&& part) {
  const auto head = format::read_header(bytes);
  if (!head) {
    PyErr_SetString(PyExc_ValueError, "these bytes are no task of a Python program");
    return {};
  }
  Ref payload = part(bytes.subspan(head->payload_offset, head->payload_bytes), true);
  if (!payload) return {};
  if (head->buffers == 0)
    return Ref(Py_BuildValue("kOO", static_cast<unsigned long>(head->flags), payload.get(), Py_None));
  const Ref buffers(PyList_New(0));
  for (std::uint32_t i = 0; buffers && i < head->buffers; ++i) {
    const auto entry = format::read_entry(bytes, *head, i);
    if (!entry) {
      PyErr_SetString(PyExc_ValueError, "a buffer of this task lies outside of it");
      return {};
    }
    const Ref one = part(bytes.subspan(entry->offset, entry->bytes), false);
    if (!one || PyList_Append(buffers.get(), one.get()) != 0) return {};
  }
  if (!buffers) return {};
  return Ref(Py_BuildValue("kOO", static_cast<unsigned long>(head->flags), payload.get(), buffers.get()));
}

}  // namespace ringmaster::python
