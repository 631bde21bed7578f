#include "bindings/node/native/errands.h"

#include <pthread.h>

#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "bindings/node/native/napi_base.h"

namespace ringmaster::node {

struct Lane::Line {
  std::mutex mutex;
  std::deque<std::function<void()>> waiting;
  bool moves = false;

  void move() {
    for (;;) {
      std::function<void()> work;
      {
        const std::lock_guard lock(mutex);
        moves = !waiting.empty();
        if (!moves) return;
        work = std::move(waiting.front());
        waiting.pop_front();
      }
      work();
    }
  }
};

Lane::Lane() : line_(std::make_shared<Line>()) {}

void Lane::send(std::function<void()> work) {
  {
    const std::lock_guard lock(line_->mutex);
    line_->waiting.push_back(std::move(work));
    if (std::exchange(line_->moves, true)) return;
  }
  // Signals are for the program's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    std::thread([line = line_] { line->move(); }).detach();
  } catch (const std::system_error&) {
    started = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) line_->move();
}

ErrandDesk& ErrandDesk::of(napi_env env) {
  void* data = nullptr;
  must(napi_get_instance_data(env, &data), "napi_get_instance_data");
  if (data != nullptr) return **static_cast<std::shared_ptr<ErrandDesk>*>(data);
  auto kept = std::make_unique<std::shared_ptr<ErrandDesk>>(std::make_shared<ErrandDesk>(env));
  ErrandDesk& desk = **kept;
  desk.self_ = *kept;
  const auto forget = [](napi_env, void* raw, void*) { delete static_cast<std::shared_ptr<ErrandDesk>*>(raw); };
  must(napi_set_instance_data(env, kept.get(), forget, nullptr), "napi_set_instance_data");
  (void)kept.release();
  return desk;
}

ErrandDesk::ErrandDesk(napi_env env) : env_(env) {
  uv_loop_t* loop = nullptr;
  must(napi_get_uv_event_loop(env, &loop), "napi_get_uv_event_loop");
  uv_async_init(loop, &bell_, [](uv_async_t* bell) { static_cast<ErrandDesk*>(bell->data)->take(); });
  bell_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&bell_));
  must(napi_add_async_cleanup_hook(env, on_teardown, this, &teardown_), "napi_add_async_cleanup_hook");
}

void ErrandDesk::send(Lane& lane, const std::shared_ptr<Errand>& errand, bool holds) {
  open_.insert(errand);
  if (holds && holding_++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&bell_));
  lane.send([desk = shared_from_this(), sent = Sent{errand, holds}] {
    sent.errand->run();
    desk->back(sent);
  });
}

void ErrandDesk::back(const Sent& sent) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  back_.push_back(sent);
  uv_async_send(&bell_);
}

void ErrandDesk::take() {
  std::vector<Sent> done;
  {
    const std::lock_guard lock(mutex_);
    done.swap(back_);
  }
  for (const Sent& sent : done) {
    // The environment's end, in what the one before has told, has forgotten the others.
    if (open_.erase(sent.errand) == 0) continue;
    if (sent.holds && --holding_ == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&bell_));
    const HandleScope scope(env_);
    if (can_run_scripts(env_)) {
      sent.errand->tell(env_);
    } else {
      sent.errand->forget(env_);
    }
  }
}

void ErrandDesk::on_teardown(napi_async_cleanup_hook_handle /*hook*/, void* raw) {
  static_cast<ErrandDesk*>(raw)->end();
}

void ErrandDesk::end() {
  std::vector<Sent> untold;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    untold.swap(back_);
  }
  for (const auto& errand : open_) errand->forget(env_);
  open_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&bell_), [](uv_handle_t* bell) {
    auto& desk = *static_cast<ErrandDesk*>(bell->data);
    napi_remove_async_cleanup_hook(desk.teardown_);
    desk.self_.reset();
  });
}

void call_script(napi_env env, napi_ref function, std::span<const napi_value> arguments, napi_async_context context) {
  napi_value callee = nullptr;
  napi_value receiver = nullptr;
  must(napi_get_reference_value(env, function, &callee), "napi_get_reference_value");
  must(napi_get_global(env, &receiver), "napi_get_global");
  if (napi_make_callback(env, context, receiver, callee, arguments.size(), arguments.data(), nullptr) == napi_ok)
    return;
  napi_value error = nullptr;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok && error != nullptr)
    (void)napi_fatal_exception(env, error);
}

}  // namespace ringmaster::node
