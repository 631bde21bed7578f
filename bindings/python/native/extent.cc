#include "bindings/python/native/extent.h"

#include <array>
#include <new>

namespace ringmaster::python {
namespace {

struct Part {
  PyObject_HEAD std::shared_ptr<Extent> extent;
  std::span<std::byte> bytes;
};

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  const auto& bytes = reinterpret_cast<Part*>(self)->bytes;
  return PyBuffer_FillInfo(view, self, bytes.data(), static_cast<Py_ssize_t>(bytes.size()), 0, flags);
}

void drop_part(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  reinterpret_cast<Part*>(self)->extent.~shared_ptr();
  PyObject_Free(self);
  Py_DECREF(type);
}

}  // namespace

PyObject* make_part_type(PyObject* module) {
  static std::array<PyType_Slot, 3> slots{
      {{Py_bf_getbuffer, slot(get_buffer)}, {Py_tp_dealloc, slot(drop_part)}, {0, nullptr}}};
  static PyType_Spec spec{"ringmaster.Part", sizeof(Part), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
                          slots.data()};
  return PyType_FromModuleAndSpec(module, &spec, nullptr);
}

Ref view_of(PyObject* part_type, const std::shared_ptr<Extent>& extent, std::span<std::byte> part) {
  const Ref object(PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(part_type), 0));
  if (!object) return {};
  auto* const made = reinterpret_cast<Part*>(object.get());
  new (&made->extent) std::shared_ptr<Extent>(extent);
  made->bytes = part;
  return Ref(PyMemoryView_FromObject(object.get()));
}

Ref copy_of(std::span<const std::byte> part) {
  const Ref bytes(
      PyByteArray_FromStringAndSize(reinterpret_cast<const char*>(part.data()), static_cast<Py_ssize_t>(part.size())));
  return bytes ? Ref(PyMemoryView_FromObject(bytes.get())) : Ref();
}

}  // namespace ringmaster::python
