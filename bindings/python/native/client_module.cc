// The client's half: an executor's session with its pool.

#include <array>
#include <cmath>
#include <new>
#include <utility>

#include "bindings/python/native/extent.h"
#include "bindings/python/native/future.h"
#include "bindings/python/native/lent.h"
#include "bindings/python/native/session.h"
#include "bindings/python/native/task_pieces.h"

namespace ringmaster::python {
namespace {

struct ModuleState {
  PyObject* session_type = nullptr;
  ClientTypes types;
};

struct SessionObject {
  PyObject_HEAD Session* session;
};

// The caller leads as long as it has this: an exception that comes from outside right after the call cannot leave a
// session led by nobody.
struct LeadObject {
  PyObject_HEAD PyObject* session;
};

Session& of(PyObject* self) { return *reinterpret_cast<SessionObject*>(self)->session; }
ModuleState& state_of(PyObject* module) { return *static_cast<ModuleState*>(PyModule_GetState(module)); }

std::uint64_t ns_of(double seconds) {
  if (std::isnan(seconds) || seconds <= 0) return 0;
  return seconds >= 1e9 ? RM_FOREVER : static_cast<std::uint64_t>(seconds * 1e9);
}

// open(socket | None, pool, slots, request_bytes, result_bytes, name) -> Session. Waits until the pool has a worker.
PyObject* open_session(PyObject* module, PyObject* arguments) {
  const char* socket = nullptr;
  const char* pool = nullptr;
  unsigned int slots = 0;
  unsigned long long request_bytes = 0;
  unsigned long long result_bytes = 0;
  unsigned long long patience_ms = 0;
  rm_session_options options{};
  if (PyArg_ParseTuple(arguments, "zsIKKsK", &socket, &pool, &slots, &request_bytes, &result_bytes, &options.name,
                       &patience_ms) == 0)
    return nullptr;
  options.struct_size = sizeof options;
  options.slots = slots;
  options.request_bytes = request_bytes;
  options.result_bytes = result_bytes;
  options.control_timeout_ms = patience_ms;
  std::array<char, 1024> error{};
  rm_session* opened = nullptr;
  {
    const Unlocked unlocked;
    opened = rm_session_open(socket, pool, &options, error.data(), error.size());
  }
  if (opened == nullptr) {
    PyErr_SetString(PyExc_OSError, error.data());
    return nullptr;
  }
  auto handle = std::make_shared<SessionHandle>(opened);
  const ModuleState& state = state_of(module);
  Ref ended(PyList_New(0));
  Ref object(ended ? PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(state.session_type), 0) : nullptr);
  if (!object) return nullptr;
  reinterpret_cast<SessionObject*>(object.get())->session =
      new (std::nothrow) Session(std::move(handle), state.types, std::move(ended), result_bytes / 2);
  if (reinterpret_cast<SessionObject*>(object.get())->session == nullptr) return PyErr_NoMemory();
  return object.release();
}

void drop_session(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  delete reinterpret_cast<SessionObject*>(self)->session;
  PyObject_Free(self);
  Py_DECREF(type);
}

PyObject* dispatch(PyObject* self, PyObject* arguments) {
  PyObject* queue = nullptr;
  PyObject* flying = nullptr;
  unsigned long long room = 0;
  if (PyArg_ParseTuple(arguments, "OOK", &queue, &flying, &room) == 0) return nullptr;
  const int sent = of(self).dispatch(queue, flying, room);
  return sent < 0 ? nullptr : PyLong_FromLong(sent);
}

// collect(timeout in seconds) -> how many have been appended to `ended`; -1: the session is over
PyObject* collect(PyObject* self, PyObject* timeout) {
  const double seconds = PyFloat_AsDouble(timeout);
  if (seconds == -1.0 && PyErr_Occurred() != nullptr) return nullptr;
  const int count = of(self).collect(ns_of(seconds));
  return count == -2 ? nullptr : PyLong_FromLong(count);
}

PyObject* cancel(PyObject* self, PyObject* arguments) {
  unsigned long long cookie = 0;
  unsigned long long grace_ms = 0;
  if (PyArg_ParseTuple(arguments, "KK", &cookie, &grace_ms) == 0) return nullptr;
  int asked = 0;
  {
    const Unlocked unlocked;
    asked = rm_session_cancel(of(self).handle().session, cookie, RM_CANCEL_FORCE, grace_ms);
  }
  return PyBool_FromLong(asked);
}

PyObject* close(PyObject* self, PyObject* /*none*/) {
  {
    const Unlocked unlocked;
    rm_session_close(of(self).handle().session);
  }
  Py_RETURN_NONE;
}

// try_lead() -> a Lead, or None: another thread leads
PyObject* try_lead(PyObject* self, PyObject* /*none*/) {
  Ref lead(PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(of(self).types().lead), 0));
  if (!lead) return nullptr;
  if (!of(self).shift().try_lead()) Py_RETURN_NONE;
  reinterpret_cast<LeadObject*>(lead.get())->session = Ref::to(self).release();
  return lead.release();
}
PyObject* end_lead(PyObject* self, PyObject* /*none*/) {
  const Ref session(std::exchange(reinterpret_cast<LeadObject*>(self)->session, nullptr));
  if (session) of(session.get()).shift().stop_leading();
  Py_RETURN_NONE;
}
void drop_lead(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  const Ref none(end_lead(self, nullptr));
  PyObject_Free(self);
  Py_DECREF(type);
}
PyObject* make_lead_type(PyObject* module) {
  static std::array<PyMethodDef, 2> methods{{{"end", end_lead, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}}};
  static std::array<PyType_Slot, 3> slots{
      {{Py_tp_methods, methods.data()}, {Py_tp_dealloc, slot(drop_lead)}, {0, nullptr}}};
  static PyType_Spec spec{"ringmaster.Lead", sizeof(LeadObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
                          slots.data()};
  return PyType_FromModuleAndSpec(module, &spec, nullptr);
}
PyObject* hands_over(PyObject* self, PyObject* /*none*/) {
  return PyBool_FromLong(of(self).shift().hands_over() ? 1 : 0);
}
template <auto Act>
PyObject* act(PyObject* self, PyObject* /*none*/) {
  (of(self).shift().*Act)();
  Py_RETURN_NONE;
}
PyObject* watch(PyObject* self, PyObject* /*none*/) {
  {
    const Unlocked unlocked;
    of(self).shift().watch();
  }
  Py_RETURN_NONE;
}

PyObject* ended(PyObject* self, void* /*closure*/) { return Ref::to(of(self).ended()).release(); }
PyObject* flying(PyObject* self, void* /*closure*/) { return PyLong_FromUnsignedLongLong(of(self).shift().flying()); }

PyObject* make_session_type(PyObject* module) {
  static std::array<PyMethodDef, 11> methods{{{"dispatch", dispatch, METH_VARARGS, nullptr},
                                              {"collect", collect, METH_O, nullptr},
                                              {"cancel", cancel, METH_VARARGS, nullptr},
                                              {"close", close, METH_NOARGS, nullptr},
                                              {"try_lead", try_lead, METH_NOARGS, nullptr},
                                              {"follow", act<&Shift::follow>, METH_NOARGS, nullptr},
                                              {"unfollow", act<&Shift::unfollow>, METH_NOARGS, nullptr},
                                              {"watch", watch, METH_NOARGS, nullptr},
                                              {"hands_over", hands_over, METH_NOARGS, nullptr},
                                              {"call", act<&Shift::call>, METH_NOARGS, nullptr},
                                              {nullptr, nullptr, 0, nullptr}}};
  static std::array<PyGetSetDef, 3> getters{{{"ended", ended, nullptr, nullptr, nullptr},
                                             {"flying", flying, nullptr, nullptr, nullptr},
                                             {nullptr, nullptr, nullptr, nullptr, nullptr}}};
  static std::array<PyType_Slot, 4> slots{{{Py_tp_methods, methods.data()},
                                           {Py_tp_getset, getters.data()},
                                           {Py_tp_dealloc, slot(drop_session)},
                                           {0, nullptr}}};
  static PyType_Spec spec{"ringmaster.Session", sizeof(SessionObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
                          slots.data()};
  return PyType_FromModuleAndSpec(module, &spec, nullptr);
}

template <auto Act>
PyObject* around_fork(PyObject* /*module*/, PyObject* /*none*/) {
  Act();
  Py_RETURN_NONE;
}

// begin(future) -> whether its call is still wanted
PyObject* begin(PyObject* /*module*/, PyObject* future) {
  const int begun = begin_future(future);
  return begun < 0 ? nullptr : PyBool_FromLong(begun);
}

// settle(future, value, failure | None)
PyObject* settle(PyObject* /*module*/, PyObject* arguments) {
  PyObject* future = nullptr;
  PyObject* value = nullptr;
  PyObject* failure = nullptr;
  if (PyArg_ParseTuple(arguments, "OOO", &future, &value, &failure) == 0) return nullptr;
  if (!settle_future(future, value, failure)) return nullptr;
  Py_RETURN_NONE;
}

int execute(PyObject* module) {
  ModuleState& state = state_of(module);
  state.types.part = make_part_type(module);
  state.types.failure = make_failure_type(module);
  state.types.lead = make_lead_type(module);
  state.session_type = make_session_type(module);
  for (const PyObject* type : {state.types.part, state.types.failure, state.types.lead, state.session_type})
    if (type == nullptr) return -1;
#ifdef Py_REF_DEBUG  // -DCMAKE_CXX_FLAGS=-DPy_REF_DEBUG, for a debug build of Python, which then counts ours too
  return PyModule_AddIntConstant(module, "counts_references", 1);
#else
  return 0;
#endif
}

int clear(PyObject* module) {
  ModuleState& state = state_of(module);
  for (PyObject** type : {&state.types.part, &state.types.failure, &state.types.lead, &state.session_type})
    Py_CLEAR(*type);
  return 0;
}

int traverse(PyObject* module, visitproc visit, void* arg) {
  ModuleState& state = state_of(module);
  for (PyObject* type : {state.types.part, state.types.failure, state.types.lead, state.session_type}) Py_VISIT(type);
  return 0;
}

PyObject* make_module() {
  static std::array<PyMethodDef, 7> functions{
      {{"open", open_session, METH_VARARGS, nullptr},
       {"begin", begin, METH_O, nullptr},
       {"settle", settle, METH_VARARGS, nullptr},
       {"before_fork", around_fork<&Lent::before_fork>, METH_NOARGS, nullptr},
       {"after_fork_in_parent", around_fork<&Lent::after_fork_in_parent>, METH_NOARGS, nullptr},
       {"after_fork_in_child", around_fork<&Lent::after_fork_in_child>, METH_NOARGS, nullptr},
       {nullptr, nullptr, 0, nullptr}}};
  static std::array<PyModuleDef_Slot, 2> slots{{{Py_mod_exec, slot(execute)}, {0, nullptr}}};
  static PyModuleDef definition{PyModuleDef_HEAD_INIT,
                                "ringmaster._client",
                                nullptr,
                                sizeof(ModuleState),
                                functions.data(),
                                slots.data(),
                                traverse,
                                clear,
                                nullptr};
  return PyModuleDef_Init(&definition);
}

}  // namespace
}  // namespace ringmaster::python

PyMODINIT_FUNC PyInit__client() {
  return ringmaster::python::make_module();
}  // NOLINT(bugprone-reserved-identifier): Python's rule
