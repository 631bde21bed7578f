#include "bindings/node/native/client_session.h"

#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "bindings/format/task_format.h"
#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {
namespace {

// Below that a copy costs less than an ArrayBuffer over memory of others, which has a finalizer.
constexpr std::size_t kCopyBelow = 32 * 1024;
// For the names of functions in a crashed worker's stack; its outcome waits for them, beside the event loop. They take
// a tenth of a second; where the machine is busy for longer than this, a full heap is told as a crash.
constexpr std::uint64_t kExplainNs = 5'000'000'000;
constexpr std::uint64_t kAgainMs = 10;
// For tasks that follow each other; then other events of the loop have their turn.
constexpr std::uint64_t kTurnNs = 250'000;

std::span<const std::byte> result_of(const rm_outcome& outcome) {
  return {static_cast<const std::byte*>(outcome.result), static_cast<std::size_t>(outcome.result_bytes)};
}

std::string description_of(const rm_outcome& outcome) {
  std::array<char, 2048> text{};
  (void)rm_outcome_describe(&outcome, text.data(), text.size());
  return text.data();
}

std::string_view text_or_none(const char* text) { return text != nullptr ? text : std::string_view(); }

// A buffer that stays where it is while `kept` lives; nullptr: scripts are being ended.
template <typename T>
T* lasting_buffer(napi_env env, napi_value object, const char* name, std::size_t bytes, napi_ref& kept) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) return nullptr;
  must(napi_create_reference(env, buffer, 1, &kept), "napi_create_reference");
  return napi_set_named_property(env, object, name, buffer) == napi_ok ? static_cast<T*>(data) : nullptr;
}

}  // namespace

struct ClientSession::Batch {
  std::uint32_t count = 0;
  std::size_t used = 0;  ///< of the scratch buffer
  napi_value buffers = nullptr;
  napi_value messages = nullptr;

  explicit Batch(napi_env env) {
    must(napi_create_array(env, &buffers), "napi_create_array");
    must(napi_create_array(env, &messages), "napi_create_array");
  }
  [[nodiscard]] bool has_room() const { return count < kBatch && used + kCopyBelow <= kScratchBytes; }
};

ClientSession::ClientSession(napi_env env, rm_session* session, const Terms& terms, napi_value on_batch)
    : env_(env),
      session_(session),
      event_fd_(terms.event_fd),
      spin_ns_(terms.spin_ns),
      explains_(terms.explains),
      loans_(env, static_cast<std::size_t>(terms.may_lend)) {
  must(napi_create_reference(env, on_batch, 1, &on_batch_), "napi_create_reference");
  must(napi_async_init(env, nullptr, to_value(env, "ringmaster.Session"), &context_), "napi_async_init");
  uv_loop_t* loop = nullptr;
  must(napi_get_uv_event_loop(env, &loop), "napi_get_uv_event_loop");
  uv_poll_init(loop, &poll_, event_fd_);
  uv_prepare_init(loop, &prepare_);
  uv_idle_init(loop, &idle_);
  uv_timer_init(loop, &again_);
  uv_timer_init(loop, &spare_unused_);
  must(napi_add_async_cleanup_hook(env, on_teardown, this, &teardown_), "napi_add_async_cleanup_hook");
  poll_.data = prepare_.data = idle_.data = again_.data = spare_unused_.data = this;
  uv_poll_start(&poll_, UV_READABLE, on_event);
  uv_prepare_start(&prepare_, on_prepare);
  uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&again_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&spare_unused_));
}

ClientSession::~ClientSession() {
  for (const auto& [id, request] : requests_) rm_request_free(request.handle);
  rm_session_free(session_);
}

napi_value ClientSession::describe() {
  napi_value object = nullptr;
  must(napi_create_object(env_, &object), "napi_create_object");
  scratch_ = lasting_buffer<std::byte>(env_, object, "scratch", kScratchBytes, kept_scratch_);
  facts_ = lasting_buffer<double>(env_, object, "facts", kBatch * kFacts * sizeof(double), kept_facts_);
  return scratch_ != nullptr && facts_ != nullptr ? object : nullptr;
}

int ClientSession::submit(const rm_submit& job, std::string& error) {
  std::array<char, 512> text{};
  const int answer = rm_session_submit(session_, &job, nullptr, text.data(), text.size());
  if (answer != RM_ACCEPTED) {
    error = text.data();
  } else if (flying_++ == 0) {
    uv_ref(reinterpret_cast<uv_handle_t*>(&poll_));
    // Another session's turn before the loop sleeps may have led here, after this one's: it must come once more.
    if (!preparing_) come_back_soon();
  }
  return answer;
}

// What has ended, in as many calls as it takes. Each is outside of every other script: promises have settled when it
// returns, and new tasks may have come. Where scripts are ended meanwhile, a batch is made in vain and its call fails;
// its results have been given back all the same.
void ClientSession::deliver() {
  bool more = true;
  while (more && !closed_) {
    const HandleScope scope(env_);
    if (!can_run_scripts(env_)) return;
    Batch batch(env_);
    more = false;
    while (!more) {
      rm_outcome outcome{};
      outcome.struct_size = sizeof outcome;
      const int told = rm_session_poll(session_, &outcome);
      if (told == RM_NOT_TOLD) uv_timer_start(&again_, on_timer, kAgainMs, 0);  // no memory: it is not rung for again
      if (told != RM_ENDED && told != RM_AWAY) break;
      if (told == RM_AWAY) {
        inquire(asking_, outcome);
      } else if (outcome.status == RM_STATUS_CRASHED && explains_) {
        add_crash(batch, outcome);
      } else {
        add(batch, outcome);
      }
      more = !batch.has_room();
    }
    if (batch.count != 0) call(batch);
  }
  rest();
}

// The loop need not stay alive for it, unless something flies.
void ClientSession::rest() {
  if (flying_ == 0 && !closed_) uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
}

// What the daemon has to be asked about an outcome: where its worker crashed, or its result, which outgrew its room.
struct ClientSession::Inquiry : Errand {
  Inquiry(std::shared_ptr<ClientSession> of, const rm_outcome& told) : session(std::move(of)), outcome(told) {}
  ~Inquiry() override { rm_outcome_free(&outcome); }

  void run() override {
    if (outcome.status == RM_STATUS_CRASHED) {
      rm_session_explain(session->session_, &outcome, kExplainNs);
    } else {
      rm_session_fetch(session->session_, &outcome);
    }
  }
  void tell(napi_env env) override {
    if (session->closed_) return;
    Batch batch(env);
    session->add(batch, outcome);
    session->call(batch);
    session->rest();
  }

  std::shared_ptr<ClientSession> session;
  rm_outcome outcome;
};

void ClientSession::inquire(Lane& lane, const rm_outcome& outcome) {
  ErrandDesk::of(env_).send(lane, std::make_shared<Inquiry>(shared_from_this(), outcome), false);
}

// Told twice: at once, that its worker is gone, and with where it was when that is known.
void ClientSession::add_crash(Batch& batch, const rm_outcome& outcome) {
  double* const facts = facts_ + std::size_t{batch.count++} * kFacts;
  facts[0] = static_cast<double>(outcome.cookie);
  facts[1] = kCrashedSoFar;
  inquire(explaining_, outcome);
}

struct ClientSession::ForcedCancel : Errand {
  void run() override {
    asked = rm_session_cancel(session->session_, cookie, RM_CANCEL_FORCE, grace_ms) == 1;
    if (!asked) (void)rm_session_cancel(session->session_, cookie, 0, 0);
  }
  void tell(napi_env env) override {
    const std::array arguments{to_value(env, asked)};
    if (!session->closed_) call_script(env, done, arguments);
    forget(env);
  }
  void forget(napi_env env) override { napi_delete_reference(env, done); }

  std::shared_ptr<ClientSession> session;
  std::uint64_t cookie = 0;
  std::uint64_t grace_ms = 0;
  napi_ref done = nullptr;
  bool asked = false;
};

void ClientSession::cancel_by_force(std::uint64_t cookie, std::uint64_t grace_ms, napi_value done) {
  auto errand = std::make_shared<ForcedCancel>();
  errand->session = shared_from_this();
  errand->cookie = cookie;
  errand->grace_ms = grace_ms;
  must(napi_create_reference(env_, done, 1, &errand->done), "napi_create_reference");
  ErrandDesk::of(env_).send(asking_, errand, false);
}

void ClientSession::add(Batch& batch, rm_outcome& outcome) {
  --flying_;
  double* const facts = facts_ + std::size_t{batch.count} * kFacts;
  facts[0] = static_cast<double>(outcome.cookie);
  facts[1] = outcome.status;
  facts[2] = outcome.detail;
  facts[3] = facts[4] = facts[5] = 0;
  facts[6] = static_cast<double>(outcome.result_bytes);
  facts[7] = outcome.cause;
  facts[8] = static_cast<double>(outcome.run_ns);
  facts[9] = outcome.attempts;
  if (outcome.status != RM_STATUS_DONE) {
    napi_value texts = nullptr;
    must(napi_create_array(env_, &texts), "napi_create_array");
    const std::string description = description_of(outcome);
    (void)napi_set_element(env_, texts, 0, to_value(env_, description));
    (void)napi_set_element(env_, texts, 1, to_value(env_, text_or_none(outcome.stack)));
    if (outcome.status == RM_STATUS_CRASHED)
      (void)napi_set_element(env_, texts, 2, to_value(env_, std::to_string(outcome.job_id)));
    (void)napi_set_element(env_, batch.messages, batch.count, texts);
  }
  add_result(batch, outcome, facts);
  ++batch.count;
}

// The payload is copied if it is small, and large buffers stay where they are, until the garbage collector drops them.
void ClientSession::add_result(Batch& batch, rm_outcome& outcome, double* facts) {
  const auto result = std::make_shared<Loans::Result>(outcome);
  const auto bytes = result_of(result->outcome);
  const auto head = format::read_header(bytes);
  if (!head) return;
  const auto payload = bytes.subspan(head->payload_offset, head->payload_bytes);
  const bool small = payload.size() <= kCopyBelow;
  facts[3] = small ? static_cast<double>(batch.used) : -1;
  facts[4] = head->payload_bytes;
  facts[5] = head->flags;
  if ((head->flags & format::kText) != 0 && payload.size() <= format::kMostTextBytes) {
    (void)napi_set_element(env_, batch.buffers, batch.count, to_value(env_, text_in(payload)));
    return;
  }
  if (small && !payload.empty()) std::memcpy(scratch_ + batch.used, payload.data(), payload.size());
  if (small) batch.used += format::aligned(payload.size());
  if (small && head->buffers == 0) return;
  napi_value list = nullptr;
  must(napi_create_array(env_, &list), "napi_create_array");
  const auto put = [&](std::uint32_t at, std::span<const std::byte> part) {
    napi_value buffer = part.size() < kCopyBelow ? copy_of(env_, part) : loans_.lend(result, part);
    (void)napi_set_element(env_, list, at, buffer);
  };
  for (std::uint32_t i = 0; i < head->buffers; ++i) {
    const auto entry = format::read_entry(bytes, *head, i).value_or(format::Entry{});
    put(i, bytes.subspan(entry.offset, entry.bytes));
  }
  if (!small) put(head->buffers, payload);
  (void)napi_set_element(env_, batch.buffers, batch.count, list);
}

void ClientSession::call(const Batch& batch) {
  const std::array arguments{to_value(env_, double(batch.count)), batch.buffers, batch.messages};
  call_script(env_, on_batch_, arguments, context_);
}

void ClientSession::on_event(uv_poll_t* handle, int /*status*/, int /*events*/) {
  auto& self = *static_cast<ClientSession*>(handle->data);
  std::uint64_t count = 0;
  (void)!::read(self.event_fd_, &count, sizeof count);
  self.deliver();
}

void ClientSession::on_timer(uv_timer_t* handle) { static_cast<ClientSession*>(handle->data)->deliver(); }

// Before libuv sleeps: a short look, as the library's own waits have one, and what is found is told here and now, as
// long as tasks follow each other; then other descriptors have their turn. Only what ends while the loop sleeps wakes
// it by the descriptor.
void ClientSession::on_prepare(uv_prepare_t* handle) {
  auto& self = *static_cast<ClientSession*>(handle->data);
  uv_idle_stop(&self.idle_);
  const std::uint64_t began = uv_hrtime();
  self.preparing_ = true;
  self.look_before_sleep(handle->loop, began);
  self.preparing_ = false;
}

void ClientSession::look_before_sleep(uv_loop_t* loop, std::uint64_t began) {
  while (flying_ != 0 && !closed()) {
    const bool may_sleep = uv_backend_timeout(loop) != 0;
    if (rm_session_spin(session_, may_sleep ? spin_ns_ : 0) == 0) return;
    deliver();
    uv_update_time(loop);
    // What keeps the loop awake may be stopped by another's turn before it sleeps.
    if (!may_sleep) return come_back_soon();
    if (uv_hrtime() - began >= kTurnNs) return come_back_soon();
  }
}

// The loop must not block next time.
void ClientSession::come_back_soon() {
  if (!closed()) uv_idle_start(&idle_, [](uv_idle_t*) {});
}

void ClientSession::close(std::shared_ptr<ClientSession> self) {
  ClientSession& it = *self;
  if (it.closed()) return;
  it.closing_ = true;
  it.deliver();
  it.let_go(std::move(self));
}

// The environment is taken down: nothing can be told.
void ClientSession::on_teardown(napi_async_cleanup_hook_handle /*hook*/, void* raw) {
  auto& it = *static_cast<ClientSession*>(raw);
  if (!it.closed_) it.let_go(it.weak_from_this().lock());
}

// Node.js waits for it when the environment is taken down: its loop may have no handles then.
void ClientSession::let_go(std::shared_ptr<ClientSession> self) {
  closed_ = true;
  self_ = std::move(self);
  // Its descriptor is closed with the session, which is told to the daemon.
  uv_poll_stop(&poll_);
  wish_.reset();  // It has this session: nobody may be there to be told its answer.
  drop_spare();
  asking_.send([it = self_] { rm_session_close(it->session_); });
  for (napi_ref* one : {&on_batch_, &kept_scratch_, &kept_facts_}) {
    if (*one != nullptr) napi_delete_reference(env_, *one);
    *one = nullptr;
  }
  (void)napi_async_destroy(env_, context_);
  const auto gone = [](uv_handle_t* handle) {
    auto& closing = *static_cast<ClientSession*>(handle->data);
    if (--closing.open_handles_ != 0) return;
    napi_remove_async_cleanup_hook(closing.teardown_);
    closing.self_.reset();
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), gone);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), gone);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), gone);
  uv_close(reinterpret_cast<uv_handle_t*>(&again_), gone);
  uv_close(reinterpret_cast<uv_handle_t*>(&spare_unused_), gone);
}

}  // namespace ringmaster::node
