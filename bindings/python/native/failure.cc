#include <array>
#include <new>

#include "bindings/python/native/session.h"

namespace ringmaster::python {
namespace {

struct Failure {
  PyObject_HEAD std::shared_ptr<SessionHandle> handle;
  rm_outcome outcome;
};

Failure& failure_at(PyObject* self) { return *reinterpret_cast<Failure*>(self); }

void drop_failure(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  rm_outcome_free(&failure_at(self).outcome);
  failure_at(self).handle.~shared_ptr();
  PyObject_Free(self);
  Py_DECREF(type);
}

PyObject* text(const char* utf8) {
  return PyUnicode_DecodeUTF8(utf8, static_cast<Py_ssize_t>(std::char_traits<char>::length(utf8)), "replace");
}

// explain(limit in seconds): asks the daemon for the stack, and waits for its functions' names.
PyObject* explain(PyObject* self, PyObject* argument) {
  const double limit = PyFloat_AsDouble(argument);
  if (limit == -1.0 && PyErr_Occurred() != nullptr) return nullptr;
  {
    const Unlocked unlocked;
    rm_session_explain(failure_at(self).handle->session, &failure_at(self).outcome,
                       limit > 0 ? static_cast<std::uint64_t>(limit * 1e9) : 0);
  }
  Py_RETURN_NONE;
}

PyObject* describe(PyObject* self, PyObject* /*none*/) {
  std::array<char, 1024> line{};
  rm_outcome_describe(&failure_at(self).outcome, line.data(), line.size());
  return text(line.data());
}

template <auto Member>
PyObject* number(PyObject* self, void* /*closure*/) {
  return PyLong_FromUnsignedLongLong(failure_at(self).outcome.*Member);
}
template <auto Member>
PyObject* words(PyObject* self, void* /*closure*/) {
  const char* const value = failure_at(self).outcome.*Member;
  return text(value != nullptr ? value : "");
}

}  // namespace

PyObject* make_failure_type(PyObject* module) {
  static std::array<PyMethodDef, 3> methods{{{"explain", explain, METH_O, nullptr},
                                             {"describe", describe, METH_NOARGS, nullptr},
                                             {nullptr, nullptr, 0, nullptr}}};
  static std::array<PyGetSetDef, 11> getters{{{"status", number<&rm_outcome::status>, nullptr, nullptr, nullptr},
                                              {"cause", words<&rm_outcome::cause_name>, nullptr, nullptr, nullptr},
                                              {"detail", number<&rm_outcome::detail>, nullptr, nullptr, nullptr},
                                              {"attempts", number<&rm_outcome::attempts>, nullptr, nullptr, nullptr},
                                              {"job_id", number<&rm_outcome::job_id>, nullptr, nullptr, nullptr},
                                              {"needed", number<&rm_outcome::needed_bytes>, nullptr, nullptr, nullptr},
                                              {"message", words<&rm_outcome::message>, nullptr, nullptr, nullptr},
                                              {"worker", words<&rm_outcome::worker>, nullptr, nullptr, nullptr},
                                              {"stack", words<&rm_outcome::stack>, nullptr, nullptr, nullptr},
                                              {"what", words<&rm_outcome::what>, nullptr, nullptr, nullptr},
                                              {nullptr, nullptr, nullptr, nullptr, nullptr}}};
  static std::array<PyType_Slot, 4> slots{{{Py_tp_methods, methods.data()},
                                           {Py_tp_getset, getters.data()},
                                           {Py_tp_dealloc, slot(drop_failure)},
                                           {0, nullptr}}};
  static PyType_Spec spec{"ringmaster.Failure", sizeof(Failure), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
                          slots.data()};
  return PyType_FromModuleAndSpec(module, &spec, nullptr);
}

Ref make_failure(PyObject* type, const std::shared_ptr<SessionHandle>& handle, rm_outcome& outcome) {
  Ref object(PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(type), 0));
  if (!object) return {};
  new (&failure_at(object.get()).handle) std::shared_ptr<SessionHandle>(handle);
  failure_at(object.get()).outcome = outcome;
  outcome.held = nullptr;
  return object;
}

}  // namespace ringmaster::python
