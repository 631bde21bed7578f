#include "bindings/python/native/task_pieces.h"

#include <cstring>
#include <limits>

namespace ringmaster::python {

TaskPieces::~TaskPieces() {
  for (Py_buffer& view : views_) PyBuffer_Release(&view);
}

bool TaskPieces::add(PyObject* object, int flags) {
  views_.emplace_back();  // in its place at once: a Py_buffer may point into itself
  if (PyObject_GetBuffer(object, &views_.back(), flags) == 0) return true;
  views_.pop_back();
  return false;
}

bool TaskPieces::take(PyObject* payload, PyObject* buffers) {
  const Py_ssize_t count = buffers == Py_None ? 0 : PyList_Size(buffers);
  if (count < 0) return false;
  views_.reserve(static_cast<std::size_t>(count) + 1);
  if (!add(payload, PyBUF_SIMPLE)) return false;
  // Arrays in Fortran's order are written as they lie; pickle knows the order.
  for (Py_ssize_t i = 0; i < count; ++i)
    if (!add(PyList_GetItem(buffers, i), PyBUF_ANY_CONTIGUOUS)) return false;
  return true;
}

bool TaskPieces::lay_out(std::uint32_t flags) {
  const auto payload = static_cast<std::uint64_t>(views_.front().len);
  if (payload > std::numeric_limits<std::uint32_t>::max()) {
    PyErr_SetString(PyExc_OverflowError,
                    "a pickle of 4 GiB or more: put large data in buffers (NumPy arrays, PickleBuffer)");
    return false;
  }
  layout_ = format::Layout();
  places_.clear();
  for (std::size_t i = 1; i < views_.size(); ++i)
    places_.push_back(layout_.add(static_cast<std::uint64_t>(views_[i].len)));
  head_ = layout_.finish(flags, static_cast<std::uint32_t>(places_.size()), static_cast<std::uint32_t>(payload));
  return true;
}

void TaskPieces::write(std::byte* to) const noexcept {
  std::memcpy(to, &head_, sizeof head_);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Py_buffer& view = views_[i + 1];
    const format::Entry entry{places_[i], static_cast<std::uint64_t>(view.len)};
    if (view.len != 0) std::memcpy(to + entry.offset, view.buf, static_cast<std::size_t>(view.len));
    std::memcpy(to + head_.table_offset + i * sizeof entry, &entry, sizeof entry);
  }
  const Py_buffer& payload = views_.front();
  if (payload.len != 0) std::memcpy(to + head_.payload_offset, payload.buf, static_cast<std::size_t>(payload.len));
}

}  // namespace ringmaster::python
