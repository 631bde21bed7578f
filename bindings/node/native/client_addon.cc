// The client's half: sessions of this process with pools, for lib/process_backend.js.
#include <ringmaster/client_abi.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/format/task_format.h"
#include "bindings/node/native/client_session.h"
#include "bindings/node/native/created_pools.h"
#include "bindings/node/native/errands.h"
#include "bindings/node/native/external_memory.h"
#include "bindings/node/native/left_child.h"
#include "bindings/node/native/napi_util.h"
#include "bindings/node/native/shared_data.h"

namespace ringmaster::node {
namespace {

using TextRoom = TextBuffer<format::kMostTextBytes>;

using SessionHandle = std::shared_ptr<ClientSession>;

SessionHandle& session_of(napi_env env, napi_value value) {
  void* pointer = nullptr;
  must(napi_get_value_external(env, value, &pointer), "napi_get_value_external");
  return *static_cast<SessionHandle*>(pointer);
}

std::uint64_t count_of(napi_env env, napi_value object, const char* name) {
  return size_of(env, property(env, object, name)).value_or(0);
}

// Opening asks the daemon, which may take a while.
struct Opening : Errand {
  std::string socket;
  std::string pool;
  rm_session_options options{};
  ClientSession::Terms terms;
  rm_session* session = nullptr;
  std::array<char, 1024> error{};
  napi_ref on_batch = nullptr;
  napi_ref done = nullptr;

  Opening() = default;
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  // Nobody's, while its environment is taken down.
  ~Opening() override {
    if (session != nullptr) Lane().send([left = session] { rm_session_free(left); });
  }

  void run() override {
    session =
        rm_session_open(socket.empty() ? nullptr : socket.c_str(), pool.c_str(), &options, error.data(), error.size());
    if (session == nullptr) return;
    terms.event_fd = rm_session_event_fd(session, error.data(), error.size());
    if (terms.event_fd >= 0) return;
    rm_session_free(session);
    session = nullptr;
  }
  // nullptr: scripts are being ended; it is closed then.
  napi_value make_session(napi_env env) {
    napi_value function = nullptr;
    must(napi_get_reference_value(env, on_batch, &function), "napi_get_reference_value");
    const auto made = std::make_shared<ClientSession>(env, std::exchange(session, nullptr), terms, function);
    napi_value object = made->describe();
    if (object != nullptr &&
        napi_set_named_property(env, object, "handle", handle_of(env, SessionHandle(made))) == napi_ok)
      return object;
    ClientSession::close(made);
    return nullptr;
  }
  void tell(napi_env env) override {
    std::array<napi_value, 2> arguments{undefined(env), undefined(env)};
    if (session == nullptr) {
      arguments[0] = to_value(env, std::string_view(error.data()));
    } else {
      arguments[1] = make_session(env);
    }
    // Where nothing could be made nothing can be called.
    if (arguments[1] != nullptr) call_script(env, done, arguments);
    forget(env);
  }
  void forget(napi_env env) override {
    napi_delete_reference(env, on_batch);
    napi_delete_reference(env, done);
  }
};

// open({socket, pool, slots, requestBytes, resultBytes, shortestTimeout (ms), spin (ns), mayLend, explains},
// onBatch,
//      done(error, {handle, scratch, facts}))
napi_value open(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  if (!can_run_scripts(env)) return nullptr;
  const auto opening = std::make_shared<Opening>();
  opening->socket = text_of(env, property(env, arguments[0], "socket"));
  opening->pool = text_of(env, property(env, arguments[0], "pool"));
  opening->options.struct_size = sizeof opening->options;
  opening->options.slots = static_cast<std::uint32_t>(count_of(env, arguments[0], "slots"));
  opening->options.request_bytes = count_of(env, arguments[0], "requestBytes");
  opening->options.result_bytes = count_of(env, arguments[0], "resultBytes");
  opening->options.shortest_timeout_ms = count_of(env, arguments[0], "shortestTimeout");
  opening->options.spin_ns = RM_NO_SPIN;  // This addon asks for it itself.
  opening->options.name = "node";
  opening->terms.spin_ns = count_of(env, arguments[0], "spin");
  opening->terms.may_lend = count_of(env, arguments[0], "mayLend");
  opening->terms.explains = count_of(env, arguments[0], "explains") != 0;
  must(napi_create_reference(env, arguments[1], 1, &opening->on_batch), "napi_create_reference");
  must(napi_create_reference(env, arguments[2], 1, &opening->done), "napi_create_reference");
  Lane lane;
  ErrandDesk::of(env).send(lane, opening, true);
  return nullptr;
}

// A request that a script fills. Dropped by the garbage collector before it was submitted, it is free again. A request
// outlives its session.
class Allocated {
 public:
  Allocated(SessionHandle session, std::uint32_t id) : session_(std::move(session)), id_(id) {}
  ~Allocated() { session_->drop(id_); }
  Allocated(const Allocated&) = delete;
  Allocated& operator=(const Allocated&) = delete;

 private:
  SessionHandle session_;
  std::uint32_t id_;
};

// allocate(handle, bytes, slack) -> [ArrayBuffer in the request memory, its request's id]; undefined: no room.
// `slack`: bytes behind it for the rest of its task.
napi_value allocate(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const SessionHandle& session = session_of(env, arguments[0]);
  const auto bytes = size_of(env, arguments[1]);
  const auto slack = size_of(env, arguments[2]);
  if (session->closed() || !bytes || !slack) return nullptr;
  const std::uint32_t id = session->allocate(format::kFirstBuffer + format::aligned(*bytes) + *slack);
  if (id == 0) return nullptr;
  const auto place = session->at(id).bytes.subspan(format::kFirstBuffer, static_cast<std::size_t>(*bytes));
  napi_value buffer = external_buffer(env, place, std::make_shared<Allocated>(session, id));
  napi_value pair = nullptr;
  must(napi_create_array_with_length(env, 2, &pair), "napi_create_array_with_length");
  if (napi_set_element(env, pair, 0, buffer) != napi_ok) return nullptr;
  return napi_set_element(env, pair, 1, to_value(env, double(id))) == napi_ok ? pair : nullptr;
}

// askRoom(handle, bytes, done(answer, id, error)): memory for a task that submit() has no room for without the daemon
napi_value ask_room(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const SessionHandle& session = session_of(env, arguments[0]);
  const auto bytes = size_of(env, arguments[1]);
  if (!session->closed() && bytes) session->ask_room(*bytes, arguments[2]);
  return nullptr;
}

// dropRoom(handle, id): it is not needed
napi_value drop_room(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  session_of(env, arguments[0])->drop(static_cast<std::uint32_t>(number_of(env, arguments[1])));
  return nullptr;
}

struct Piece {
  std::span<const std::byte> bytes;
  std::uint64_t offset = 0;
};

// A task on its way into request memory.
struct Task {
  std::uint32_t flags = 0;
  std::span<const std::byte> payload;
  std::vector<Piece> pieces;

  // Finds the places. `place`: memory in which pieces may lie already, right behind the header.
  format::Layout lay_out(std::span<const std::byte> place, format::Header& head) {
    const auto offset_in_place = [&](const Piece& one) {
      const bool is_in =
          !place.empty() && one.bytes.data() >= place.data() && one.bytes.data() < place.data() + place.size();
      return is_in ? static_cast<std::uint64_t>(one.bytes.data() - place.data()) : 0;
    };
    std::uint64_t end = format::kFirstBuffer;
    for (const Piece& one : pieces)
      if (const auto offset = offset_in_place(one); offset != 0) end = std::max(end, offset + one.bytes.size());
    format::Layout layout(end - format::kFirstBuffer);
    for (Piece& one : pieces) {
      const auto offset = offset_in_place(one);
      one.offset = offset != 0 ? offset : layout.add(one.bytes.size());
    }
    head = layout.finish(flags, static_cast<std::uint32_t>(pieces.size()), static_cast<std::uint32_t>(payload.size()));
    return layout;
  }
  void write(std::byte* at, const format::Header& head) const {
    std::memcpy(at, &head, sizeof head);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const Piece& one = pieces[i];
      if (!one.bytes.empty() && at + one.offset != one.bytes.data())
        std::memcpy(at + one.offset, one.bytes.data(), one.bytes.size());
      const format::Entry entry{one.offset, one.bytes.size()};
      std::memcpy(at + head.table_offset + i * sizeof entry, &entry, sizeof entry);
    }
    if (!payload.empty()) std::memcpy(at + head.payload_offset, payload.data(), payload.size());
  }
};

// `room`: for the bytes of a payload that is text; it lives as long as the task. nullopt: scripts are being ended.
std::optional<Task> task_of(napi_env env, napi_value flags, napi_value payload, napi_value buffers, TextRoom& room) {
  Task task;
  task.flags = static_cast<std::uint32_t>(number_of(env, flags));
  task.payload = (task.flags & format::kText) != 0 ? room.bytes_of(env, payload) : bytes_of(env, payload);
  task.pieces.resize(length_of(env, buffers));
  for (std::uint32_t i = 0; i < task.pieces.size(); ++i) {
    napi_value one = nullptr;
    if (napi_get_element(env, buffers, i, &one) != napi_ok) return std::nullopt;
    task.pieces[i].bytes = bytes_of(env, one);
  }
  return task;
}

// Instead of an RM_… answer: the task is larger than the session's memory, and the daemon has to be asked for some.
constexpr int kAsksDaemon = -1;

// Puts the task into request memory: where its first buffer was allocated, or into what was asked for, or new. `size`:
// what it takes.
int place(ClientSession& session, std::uint32_t id, Task& task, ClientSession::Request& request, std::uint64_t& size,
          std::string& error) {
  format::Header head;
  if (id != 0) {
    request = session.take(id);
    if (request.handle == nullptr) return error = "the allocated buffer was given to another task", RM_BAD_OPTION;
    size = task.lay_out(request.bytes, head).size();
    if (size > request.bytes.size()) {
      session.put_back(id, request);
      // The program has made its task larger since.
      if (request.is_for_task) return kAsksDaemon;
      return error = "beside a buffer of pool.allocate() a task has room for 4 KiB of other data", RM_NEVER_FITS;
    }
    task.write(request.bytes.data(), head);
    rm_request_shrink(request.handle, size);
    request.bytes = request.bytes.first(static_cast<std::size_t>(size));  // The rest is others' from now on.
    return RM_ACCEPTED;
  }
  size = task.lay_out({}, head).size();
  void* memory = nullptr;
  std::array<char, 512> text{};
  if (rm_request_asks_daemon(session.session(), size) != 0) {
    const int small = rm_request_new(session.session(), 1, 0, &request.handle, &memory, nullptr, 0);
    rm_request_free(std::exchange(request.handle, nullptr));
    return small == RM_CLOSED ? small : kAsksDaemon;
  }
  const int answer = rm_request_new(session.session(), size, 0, &request.handle, &memory, text.data(), text.size());
  error = text.data();
  if (answer != RM_ACCEPTED) return answer;
  request.bytes = {static_cast<std::byte*>(memory), static_cast<std::size_t>(size)};
  task.write(request.bytes.data(), head);
  return RM_ACCEPTED;
}

napi_value answer_of(napi_env env, int answer, const std::string& error) {
  if (answer == RM_ACCEPTED || answer == RM_FULL || answer == RM_CLOSED) return to_value(env, double(answer));
  return throw_error(env, error), nullptr;
}

// submit(handle, number, flags, payload or its text, buffers, request, capacity, timeoutMs, idempotent, label) ->
// RM_ACCEPTED, RM_FULL or RM_CLOSED; below 0: so many bytes have to be asked for first; whatever else is thrown
napi_value submit(napi_env env, napi_callback_info info) {
  const Arguments<10> arguments(env, info);
  ClientSession& session = *session_of(env, arguments[0]);
  if (session.closed()) return to_value(env, double(RM_CLOSED));
  TextRoom room;
  std::optional<Task> task = task_of(env, arguments[2], arguments[3], arguments[4], room);
  if (!task) return nullptr;
  const auto id = static_cast<std::uint32_t>(number_of(env, arguments[5]));
  ClientSession::Request request;
  std::string error;
  std::uint64_t size = 0;
  const int placed = place(session, id, *task, request, size, error);
  if (placed == kAsksDaemon) return to_value(env, -double(size));
  if (placed != RM_ACCEPTED) return answer_of(env, placed, error);
  bool idempotent = false;
  (void)napi_get_value_bool(env, arguments[8], &idempotent);
  rm_submit job{};
  job.struct_size = sizeof job;
  job.flags = idempotent ? RM_SUBMIT_IDEMPOTENT : 0;
  job.handler = "js";
  job.cookie = static_cast<std::uint64_t>(number_of(env, arguments[1]));
  job.request = request.handle;
  job.result_capacity = static_cast<std::uint64_t>(number_of(env, arguments[6]));
  job.timeout_ms = static_cast<std::uint64_t>(number_of(env, arguments[7]));
  std::array<char, 64> label{};  // more than the library keeps
  (void)napi_get_value_string_utf8(env, arguments[9], label.data(), label.size(), nullptr);
  job.label = label.data();
  const int answer = session.submit(job, error);
  if (answer != RM_ACCEPTED) {
    if (id != 0) {
      session.put_back(id, request);
    } else {
      rm_request_free(request.handle);
    }
  }
  return answer_of(env, answer, error);
}

// cancel(handle, number)
napi_value cancel(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  ClientSession& session = *session_of(env, arguments[0]);
  const auto cookie = static_cast<std::uint64_t>(number_of(env, arguments[1]));
  if (!session.closed()) (void)rm_session_cancel(session.session(), cookie, 0, 0);
  return nullptr;
}

// cancelByForce(handle, number, graceMs, done(asked))
napi_value cancel_by_force(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  ClientSession& session = *session_of(env, arguments[0]);
  const auto cookie = static_cast<std::uint64_t>(number_of(env, arguments[1]));
  const auto grace = static_cast<std::uint64_t>(number_of(env, arguments[2]));
  if (!session.closed()) session.cancel_by_force(cookie, grace, arguments[3]);
  return nullptr;
}

napi_value close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  ClientSession::close(session_of(env, arguments[0]));
  return nullptr;
}

napi_value detach(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  (void)napi_detach_arraybuffer(env, arguments[0]);
  return nullptr;
}

napi_value init(napi_env env, napi_value exports) {
  const std::array kMethods{Method{"open", open},
                            Method{"allocate", allocate},
                            Method{"askRoom", ask_room},
                            Method{"dropRoom", drop_room},
                            Method{"submit", submit},
                            Method{"cancel", cancel},
                            Method{"cancelByForce", cancel_by_force},
                            Method{"close", close},
                            Method{"detach", detach},
                            Method{"share", share},
                            Method{"unshare", unshare},
                            Method{"createPool", create_pool},
                            Method{"dropPool", drop_pool},
                            Method{"reapWithThread", reap_with_thread},
                            Method{"isReaped", is_reaped}};
  add_methods(env, exports, kMethods);
  return exports;
}

}  // namespace
}  // namespace ringmaster::node

NAPI_MODULE(ringmaster_client, ringmaster::node::init)
