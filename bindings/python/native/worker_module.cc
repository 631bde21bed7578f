// The worker's half: a process that claims calls of a pool, one after the other.
#include <ringmaster/worker_abi.h>
#include <sys/mman.h>

#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "bindings/python/native/deadline_signal.h"
#include "bindings/python/native/extent.h"
#include "bindings/python/native/task_input.h"
#include "bindings/python/native/task_pieces.h"

namespace ringmaster::python {
namespace {

// Below that a copy costs less than a mapping.
constexpr std::size_t kCopyBelow = std::size_t{64} << 10;

/// What the process has for as long as it lives: one worker, one open job.
struct Host {
  rm_worker* worker = nullptr;
  rm_job* job = nullptr;
  std::shared_ptr<TaskInput> input;        ///< of the open job, if it has large parts
  std::uint64_t* job_on_record = nullptr;  ///< where the parent finds which job this process was running when it died
  DeadlineSignal deadline;
};
Host g;  // NOLINT(cert-err58-cpp): members that throw nothing

struct ModuleState {
  PyObject* part_type = nullptr;
};
ModuleState& state_of(PyObject* module) { return *static_cast<ModuleState*>(PyModule_GetState(module)); }

PyObject* fail(const char* text) {
  PyErr_SetString(PyExc_OSError, text);
  return nullptr;
}

// open(record): makes this process a worker. The number of the job that it runs is kept in the first 8 bytes of the
// file `record` (a descriptor, -1: none).
PyObject* open_worker(PyObject* /*module*/, PyObject* argument) {
  const long record = PyLong_AsLong(argument);
  if (record == -1 && PyErr_Occurred() != nullptr) return nullptr;
  if (g.worker != nullptr) return fail("this process is a worker already");
  static rm_handler handler{};
  handler.struct_size = sizeof handler;
  handler.flags = RM_WRITES_INPUT | RM_STARTS_HELPERS;
  handler.name = "python";
  handler.summary = "A Python call.";
  handler.result_constant = std::uint64_t{64} << 10;
  handler.argument_stride = sizeof(rm_argument);
  static const rm_handler_table table{sizeof table, RINGMASTER_HANDLER_ABI, &handler, 1, sizeof handler, nullptr};
  if (record >= 0) {
    void* const at =
        ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(record), 0);
    if (at == MAP_FAILED) return PyErr_SetFromErrno(PyExc_OSError);
    g.job_on_record = static_cast<std::uint64_t*>(at);
  }
  std::array<char, 512> error{};
  g.worker = rm_worker_open(&table, error.data(), error.size());
  if (g.worker == nullptr) return fail(error.data());
  Py_RETURN_NONE;
}

// ready(signal, run timeout in ns or 0): calls may come; shortly before a call's deadline the thread gets the signal.
PyObject* ready(PyObject* /*module*/, PyObject* arguments) {
  int signal = 0;
  long long timeout_ns = 0;
  if (PyArg_ParseTuple(arguments, "iL", &signal, &timeout_ns) == 0) return nullptr;
  if (rm_worker_ready(g.worker) == 0) return fail("the supervisor cannot be told that this worker is ready");
  if (timeout_ns != 0) g.deadline.start(signal, timeout_ns);
  Py_RETURN_NONE;
}

PyObject* boot_failed(PyObject* /*module*/, PyObject* argument) {
  const Ref text(PyUnicode_AsUTF8String(argument));
  if (!text) return nullptr;
  if (g.worker != nullptr) rm_worker_boot_failed(g.worker, PyBytes_AsString(text.get()));
  Py_RETURN_NONE;
}

Ref task_of(PyObject* module, rm_job& job) {
  // Nobody writes to the shared view through what is copied from it here.
  const std::span bytes(static_cast<std::byte*>(const_cast<void*>(job.input)),
                        static_cast<std::size_t>(job.input_size));
  bool tried = false;
  return read_task(bytes, [&](std::span<std::byte> part, bool is_payload) {
    if (part.size() >= kCopyBelow && !std::exchange(tried, true)) g.input = TaskInput::map(job);
    if (part.size() >= kCopyBelow && g.input)
      return view_of(state_of(module).part_type, g.input,
                     g.input->bytes().subspan(static_cast<std::size_t>(part.data() - bytes.data()), part.size()));
    if (!is_payload) return copy_of(part);
    return Ref(
        PyBytes_FromStringAndSize(reinterpret_cast<const char*>(part.data()), static_cast<Py_ssize_t>(part.size())));
  });
}

void end_job(std::int32_t code) {
  g.deadline.end();
  // What the call has kept of its input is its own from now on.
  if (g.input.use_count() > 1) g.input->keep();
  g.input.reset();
  rm_job* const job = std::exchange(g.job, nullptr);
  const Unlocked unlocked;
  rm_worker_finish(g.worker, job, code);
  if (g.job_on_record != nullptr) *g.job_on_record = 0;
}

// Waits until there is a job. False: the worker is to leave.
bool await_job() {
  while (true) {
    std::uint32_t handler = 0;
    const int step = rm_worker_claim(g.worker, &g.job, &handler);
    if (step != RM_NOTHING) return step == RM_CLAIMED;
    const Unlocked unlocked;
    (void)rm_worker_wait(g.worker, -1, -1);
  }
}

// claim() -> (flags, payload, buffers | None), or None: leave. Threads of the program run while it waits.
PyObject* claim(PyObject* module, PyObject* /*none*/) {
  while (g.job == nullptr) {
    if (!await_job()) Py_RETURN_NONE;
    if (g.job_on_record != nullptr) *g.job_on_record = g.job->id;
    g.deadline.begin(g.job->calls->deadline_left(g.job));
    Ref task = task_of(module, *g.job);
    if (task) return task.release();
    PyErr_Clear();
    constexpr std::string_view kWhy = "the request is no call of a Python program (bindings/format/task_format.h)";
    g.job->calls->message(g.job, kWhy.data(), kWhy.size());
    end_job(RM_INVALID);
  }
  return fail("a call is open");
}

// Room in the result, which the daemon may have to be asked for; nullptr: there is none.
void* reserve(std::uint64_t bytes) {
  if (bytes <= g.job->capacity) return g.job->calls->reserve(g.job, bytes);
  const Unlocked unlocked;
  return g.job->calls->reserve(g.job, bytes);
}

// finish(flags, payload, buffers, message): ends the call. If there is no memory for its result it is refused.
PyObject* finish(PyObject* /*module*/, PyObject* arguments) {
  unsigned long flags = 0;
  PyObject* payload = nullptr;
  PyObject* buffers = nullptr;
  const char* message = nullptr;
  Py_ssize_t message_size = 0;
  if (PyArg_ParseTuple(arguments, "kOOz#", &flags, &payload, &buffers, &message, &message_size) == 0) return nullptr;
  if (g.job == nullptr) return fail("no call is open");
  {
    TaskPieces pieces;
    if (!pieces.take(payload, buffers) || !pieces.lay_out(static_cast<std::uint32_t>(flags))) return nullptr;
    void* const at = reserve(pieces.size());
    if (at == nullptr) {
      end_job(RM_TOO_LARGE);
      Py_RETURN_NONE;
    }
    pieces.write(static_cast<std::byte*>(at));
    g.job->calls->commit(g.job, pieces.size());
  }
  if (message != nullptr) g.job->calls->message(g.job, message, static_cast<std::size_t>(message_size));
  end_job((flags & format::kThrown) != 0 ? RM_FAILED_WITH_RESULT : RM_DONE);
  Py_RETURN_NONE;
}

PyObject* leave(PyObject* /*module*/, PyObject* /*none*/) { return PyLong_FromLong(rm_worker_leave(g.worker)); }

int execute(PyObject* module) {
  state_of(module).part_type = make_part_type(module);
  return state_of(module).part_type != nullptr ? 0 : -1;
}
int clear(PyObject* module) {
  Py_CLEAR(state_of(module).part_type);
  return 0;
}
int traverse(PyObject* module, visitproc visit, void* arg) {
  Py_VISIT(state_of(module).part_type);
  return 0;
}

PyObject* make_module() {
  static std::array<PyMethodDef, 7> functions{{{"open", open_worker, METH_O, nullptr},
                                               {"ready", ready, METH_VARARGS, nullptr},
                                               {"boot_failed", boot_failed, METH_O, nullptr},
                                               {"claim", claim, METH_NOARGS, nullptr},
                                               {"finish", finish, METH_VARARGS, nullptr},
                                               {"leave", leave, METH_NOARGS, nullptr},
                                               {nullptr, nullptr, 0, nullptr}}};
  static std::array<PyModuleDef_Slot, 2> slots{{{Py_mod_exec, slot(execute)}, {0, nullptr}}};
  static PyModuleDef definition{PyModuleDef_HEAD_INIT,
                                "ringmaster._worker",
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

PyMODINIT_FUNC PyInit__worker() {
  return ringmaster::python::make_module();
}  // NOLINT(bugprone-reserved-identifier): Python's rule
