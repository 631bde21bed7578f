// The worker's half: this process claims jobs in turns of libuv's loop, and a script runs them.
#include <ringmaster/worker_abi.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/format/task_format.h"
#include "bindings/node/native/crash_stack.h"
#include "bindings/node/native/lent_memory.h"
#include "bindings/node/native/napi_util.h"
#include "bindings/node/native/shared_data.h"
#include "bindings/node/native/side_socket.h"
#include "bindings/node/native/stop_watch.h"

namespace ringmaster::node {
namespace {

using TextRoom = TextBuffer<format::kMostTextBytes>;

using format::aligned;

// A payload of up to so many bytes is copied into one buffer that all jobs share: an ArrayBuffer of its own costs more.
constexpr std::size_t kScratchBytes = 64 * 1024;
// Below that a copy costs less than an ArrayBuffer over memory of others, which has a finalizer.
constexpr std::size_t kCopyBelow = 32 * 1024;
// For jobs that follow each other; then other events of the loop have their turn.
constexpr std::uint64_t kTurnNs = 1'000'000;

// One for a process: a worker has one thread, one loop and one open job.
struct Host {
  napi_env env = nullptr;
  uv_loop_t* loop = nullptr;
  uv_check_t check{};
  uv_idle_t idle{};
  napi_async_context context = nullptr;
  napi_ref on_job = nullptr;
  napi_ref on_leave = nullptr;
  std::byte* scratch = nullptr;
  rm_worker* worker = nullptr;
  rm_job* job = nullptr;
  std::optional<LentMemory> lent;
  std::optional<StopWatch> watch;
  std::span<std::byte> reserved;  ///< Of the result, given to the script to be filled in place.
  bool leaving = false;
  bool held = false;   ///< No further job is claimed.
  bool spent = false;  ///< A script reaches memory that other jobs may get: this process ends.
  bool pumping = false;
};
// Never destroyed: a thread of its watch may look at it while the process exits.
Host& g = *new Host;  // NOLINT(cert-err58-cpp): without memory there is no worker

std::span<const std::byte> input_of(const rm_job& job) {
  return {static_cast<const std::byte*>(job.input), static_cast<std::size_t>(job.input_size)};
}

void say(rm_job* job, std::string_view text) { job->calls->message(job, text.data(), text.size()); }

// The loop must not block next time: there is something to claim, or to run.
void come_back_soon() {
  uv_idle_start(&g.idle, [](uv_idle_t*) {});
}

void end_job(std::int32_t code) {
  if (!g.lent->take_back() && !std::exchange(g.spent, true))
    std::fputs("ringmaster: a task has moved memory that was lent to it (ArrayBuffer.transfer()): its worker ends\n",
               stderr);
  g.reserved = {};
  g.watch->end();
  rm_job* const job = std::exchange(g.job, nullptr);
  rm_worker_finish(g.worker, job, code);
}

// The job was told to stop and its script was terminated: nothing can be run here any more.
[[noreturn]] void stop_and_leave() {
  if (g.job != nullptr) end_job(RM_CANCELLED);
  ::_exit(rm_worker_leave(g.worker));
}

// A script has thrown where nobody catches: as an uncaught exception of this process.
void raise_uncaught() {
  if (g.watch->has_terminated()) stop_and_leave();
  napi_value error = nullptr;
  if (napi_get_and_clear_last_exception(g.env, &error) == napi_ok && error != nullptr)
    (void)napi_fatal_exception(g.env, error);
}

// Outside of every other script: ticks and microtasks have run when it returns.
void call(napi_ref function, std::span<const napi_value> arguments) {
  napi_value callback = nullptr;
  napi_value receiver = nullptr;
  must(napi_get_reference_value(g.env, function, &callback), "napi_get_reference_value");
  must(napi_get_global(g.env, &receiver), "napi_get_global");
  if (napi_make_callback(g.env, g.context, receiver, callback, arguments.size(), arguments.data(), nullptr) != napi_ok)
    raise_uncaught();
}

// Where a part of the request may be read and written by the script. The private view is asked for once it is needed:
// its pages cost their dropping.
class RequestView {
 public:
  explicit RequestView(rm_job* job) : job_(job), shared_(input_of(*job)) {}
  [[nodiscard]] napi_value buffer(std::uint64_t offset, std::uint64_t bytes) {
    const auto part = shared_.subspan(offset, bytes);
    if (bytes < kCopyBelow) return copy_of(g.env, part);
    if (writable_ == nullptr) writable_ = static_cast<std::byte*>(job_->calls->writable_input(job_));
    return writable_ == nullptr ? copy_of(g.env, part) : g.lent->lend({writable_ + offset, part.size()});
  }
  [[nodiscard]] std::span<const std::byte> shared() const { return shared_; }

 private:
  rm_job* job_;
  std::span<const std::byte> shared_;
  std::byte* writable_ = nullptr;
};

// on_job(flags, payload bytes in the scratch buffer, payload or its text | undefined, buffers | undefined)
void run_script() {
  const HandleScope scope(g.env);
  if (g.job->attempt > 1) forget_fault(*g.job);
  RequestView request(g.job);
  const auto head = format::read_header(request.shared());
  if (!head) {
    say(g.job, "the request is no task of a JavaScript program (bindings/format/task_format.h)");
    return end_job(RM_INVALID);
  }
  std::array<napi_value, 4> arguments{to_value(g.env, double(head->flags)),
                                      to_value(g.env, double(head->payload_bytes)), undefined(g.env), undefined(g.env)};
  if ((head->flags & format::kText) != 0 && head->payload_bytes <= format::kMostTextBytes) {
    arguments[2] = to_value(g.env, text_in(request.shared().subspan(head->payload_offset, head->payload_bytes)));
  } else if (head->payload_bytes <= kScratchBytes) {
    std::memcpy(g.scratch, request.shared().data() + head->payload_offset, head->payload_bytes);
  } else {
    arguments[2] = request.buffer(head->payload_offset, head->payload_bytes);
  }
  if (head->buffers != 0) must(napi_create_array(g.env, &arguments[3]), "napi_create_array");
  // What cannot be made is missing, and the task cannot be read.
  for (std::uint32_t i = 0; i < head->buffers; ++i) {
    const auto entry = format::read_entry(request.shared(), *head, i).value_or(format::Entry{});
    (void)napi_set_element(g.env, arguments[3], i, request.buffer(entry.offset, entry.bytes));
  }
  for (napi_value& one : arguments) one = one != nullptr ? one : undefined(g.env);
  call(g.on_job, arguments);
}

void leave() {
  if (std::exchange(g.leaving, true)) return;
  const HandleScope scope(g.env);
  const std::array<napi_value, 1> status{to_value(g.env, double(rm_worker_leave(g.worker)))};
  call(g.on_leave, status);
}

// The heart: after each turn of the loop jobs are claimed and run, and where there is none this worker sleeps on its
// bells and on the loop's own descriptor. While a job is open the loop runs as in any program.
void claim_jobs() {
  const std::uint64_t began = uv_hrtime();
  while (g.job == nullptr && !g.leaving && !g.held) {
    if (g.spent) return leave();
    std::uint32_t handler = 0;
    const int step = rm_worker_claim(g.worker, &g.job, &handler);
    if (step == RM_LEAVE) return leave();
    if (step == RM_CLAIMED) {
      g.watch->begin(g.job);
      run_script();
      if (g.watch->has_terminated()) stop_and_leave();
      if (uv_hrtime() - began >= kTurnNs) return come_back_soon();
      continue;
    }
    uv_update_time(g.loop);
    const int timeout = uv_backend_timeout(g.loop);
    if (timeout == 0) return come_back_soon();
    const int woke = rm_worker_wait(g.worker, uv_backend_fd(g.loop), timeout);
    if ((woke & RM_WOKE_HOST) != 0 || (woke & RM_WOKE_TIMEOUT) != 0) return come_back_soon();
  }
}

void pump(uv_check_t* /*check*/) {
  uv_idle_stop(&g.idle);
  g.pumping = true;
  claim_jobs();
  g.pumping = false;
}

// open(resultConstant) -> the buffer in which small payloads come
napi_value open(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  static rm_handler handler{};
  handler.struct_size = sizeof handler;
  handler.flags = RM_LISTENS_TO_CANCEL | RM_WRITES_INPUT;
  handler.name = "js";
  handler.summary = "A JavaScript function.";
  handler.result_constant = size_of(env, arguments[0]).value_or(0);
  handler.argument_stride = sizeof(rm_argument);
  static const rm_handler_table table{sizeof table, RINGMASTER_HANDLER_ABI, &handler, 1, sizeof handler, nullptr};
  std::array<char, 512> error{};
  g.env = env;
  make_way_for_faults();
  g.worker = rm_worker_open(&table, error.data(), error.size());
  if (g.worker == nullptr) {
    throw_error(env, error.data());
    return nullptr;
  }
  g.lent.emplace(env);
  void* place = nullptr;
  napi_value scratch = nullptr;
  napi_ref kept = nullptr;
  if (napi_create_arraybuffer(env, kScratchBytes, &place, &scratch) != napi_ok) return nullptr;
  must(napi_create_reference(env, scratch, 1, &kept), "napi_create_reference");
  g.scratch = static_cast<std::byte*>(place);
  return scratch;
}

// tellFaults(folder): where a script is when this process faults is written there.
napi_value tell_faults(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  tell_of_faults(env, text_of(env, arguments[0]), g.job);
  return nullptr;
}

// hold(): no job is claimed any more, since this process is about to end.
napi_value hold(napi_env /*env*/, napi_callback_info /*info*/) {
  g.held = true;
  return nullptr;
}

// failBoot(why): tells the supervisor, which logs it, and ends.
napi_value fail_boot(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  rm_worker_boot_failed(g.worker, text_of(env, arguments[0]).c_str());
  ::_exit(1);
}

// start(onJob, onLeave): jobs come from now on.
napi_value start(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  must(napi_create_reference(env, arguments[0], 1, &g.on_job), "napi_create_reference");
  must(napi_create_reference(env, arguments[1], 1, &g.on_leave), "napi_create_reference");
  must(napi_async_init(env, nullptr, to_value(env, "ringmaster.Job"), &g.context), "napi_async_init");
  must(napi_get_uv_event_loop(env, &g.loop), "napi_get_uv_event_loop");
  g.watch.emplace(env, g.loop, [] { stop_and_leave(); });
  uv_check_init(g.loop, &g.check);
  uv_idle_init(g.loop, &g.idle);
  uv_check_start(&g.check, pump);
  // While V8 is taken down nothing may interrupt it.
  must(napi_add_env_cleanup_hook(
           env, [](void*) { g.watch->end(); }, nullptr),
       "napi_add_env_cleanup_hook");
  come_back_soon();
  if (rm_worker_ready(g.worker) == 0) ::_exit(1);
  return nullptr;
}

struct Piece {
  std::span<const std::byte> bytes;
  std::uint64_t offset = 0;
};

// Writes what the script has returned or thrown. A piece that lies in the reserved part of the result is where it is.
bool write_result(std::uint32_t flags, std::span<const std::byte> payload, std::vector<Piece>& pieces) {
  format::Layout layout(g.reserved.size());
  for (Piece& one : pieces) {
    const bool in_place = !g.reserved.empty() && one.bytes.data() >= g.reserved.data() &&
                          one.bytes.data() < g.reserved.data() + g.reserved.size();
    one.offset = in_place ? format::kFirstBuffer + static_cast<std::uint64_t>(one.bytes.data() - g.reserved.data())
                          : layout.add(one.bytes.size());
  }
  const auto count = static_cast<std::uint32_t>(pieces.size());
  const format::Header head = layout.finish(flags, count, static_cast<std::uint32_t>(payload.size()));
  auto* const at = static_cast<std::byte*>(g.job->calls->reserve(g.job, layout.size()));
  if (at == nullptr) return false;
  std::memcpy(at, &head, sizeof head);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Piece& one = pieces[i];
    if (!one.bytes.empty() && at + one.offset != one.bytes.data())
      std::memcpy(at + one.offset, one.bytes.data(), one.bytes.size());
    const format::Entry entry{one.offset, one.bytes.size()};
    std::memcpy(at + head.table_offset + i * sizeof entry, &entry, sizeof entry);
  }
  if (!payload.empty()) std::memcpy(at + head.payload_offset, payload.data(), payload.size());
  return g.job->calls->commit(g.job, layout.size()) != 0;
}

// finish(flags, payload or its text, buffers | undefined, message | undefined): the task returned, or with flag 1
// threw, this value. If there is no memory for it, the task is refused.
napi_value finish(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  if (g.job == nullptr) return nullptr;
  const auto flags = static_cast<std::uint32_t>(number_of(env, arguments[0]));
  std::vector<Piece> pieces(length_of(env, arguments[2]));
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    napi_value one = nullptr;
    if (napi_get_element(env, arguments[2], i, &one) != napi_ok) return nullptr;  // Its script is being stopped.
    pieces[i].bytes = bytes_of(env, one);
  }
  const bool thrown = (flags & format::kThrown) != 0;
  TextRoom room;
  const auto payload = (flags & format::kText) != 0 ? room.bytes_of(env, arguments[1]) : bytes_of(env, arguments[1]);
  const bool written = write_result(flags, payload, pieces);
  if (written && thrown) say(g.job, text_of(env, arguments[3]));
  if (written) {
    end_job(thrown ? RM_FAILED_WITH_RESULT : RM_DONE);
  } else {
    end_job(RM_TOO_LARGE);
  }
  if (!g.pumping) come_back_soon();
  return nullptr;
}

// reserve(bytes) -> an ArrayBuffer in the result, to be filled and returned; undefined: no room, or reserved before.
napi_value reserve(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  if (g.job == nullptr || !g.reserved.empty()) return nullptr;
  // Behind it come a table and a small payload.
  constexpr std::uint64_t kRest = 4096;
  const std::uint64_t bytes = size_of(env, arguments[0]).value_or(0);
  if (bytes == 0) return nullptr;
  auto* const at = static_cast<std::byte*>(g.job->calls->reserve(g.job, format::kFirstBuffer + aligned(bytes) + kRest));
  if (at == nullptr) return nullptr;
  g.reserved = {at + format::kFirstBuffer, static_cast<std::size_t>(bytes)};
  return g.lent->lend(g.reserved);
}

// facts() -> {id, attempt, cancelled, deadlineLeft (ms, Infinity: none)} of the open job
napi_value facts(napi_env env, napi_callback_info /*info*/) {
  if (g.job == nullptr) return nullptr;
  const std::int64_t left = g.job->calls->deadline_left(g.job);
  const std::array<std::pair<const char*, napi_value>, 4> all{
      {{"id", to_value(env, std::to_string(g.job->id))},
       {"attempt", to_value(env, double(g.job->attempt))},
       {"cancelled", to_value(env, g.job->calls->cancelled(g.job) != 0)},
       {"deadlineLeft",
        to_value(env, left == INT64_MAX ? std::numeric_limits<double>::infinity() : double(left) / 1e6)}}};
  napi_value object = nullptr;
  must(napi_create_object(env, &object), "napi_create_object");
  for (const auto& [name, value] : all) (void)napi_set_named_property(env, object, name, value);
  return object;
}

napi_value progress(napi_env /*env*/, napi_callback_info /*info*/) {
  if (g.job != nullptr) g.job->calls->progress(g.job);
  return nullptr;
}

napi_value detach(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  (void)napi_detach_arraybuffer(env, arguments[0]);
  return nullptr;
}

napi_value init(napi_env env, napi_value exports) {
  const std::array kMethods{
      Method{"open", open},         Method{"failBoot", fail_boot},     Method{"start", start},
      Method{"finish", finish},     Method{"reserve", reserve},        Method{"facts", facts},
      Method{"progress", progress}, Method{"detach", detach},          Method{"hold", hold},
      Method{"map", map_shared},    Method{"tellFaults", tell_faults}, Method{"connect", connect_side}};
  add_methods(env, exports, kMethods);
  return exports;
}

}  // namespace
}  // namespace ringmaster::node

NAPI_MODULE(ringmaster_worker, ringmaster::node::init)
