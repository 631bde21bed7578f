#include "bindings/node/native/created_pools.h"

#include <ringmaster/client_abi.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {
namespace {

using PoolHandle = std::shared_ptr<rm_pool>;

// A question to the daemon, which may take a while: on a thread of libuv's.
struct Question {
  std::string socket;
  std::string name;
  std::string config;
  rm_pool_options options{};
  PoolHandle pool;
  std::array<char, 4096> error{};
  napi_ref done = nullptr;
  napi_async_work work = nullptr;
};

void create(napi_env /*env*/, void* raw) {
  auto& it = *static_cast<Question*>(raw);
  it.options.config = it.config.c_str();
  rm_pool* const made = rm_pool_create(it.socket.empty() ? nullptr : it.socket.c_str(), it.name.c_str(), &it.options,
                                       it.error.data(), it.error.size());
  if (made != nullptr) it.pool.reset(made, rm_pool_free);
}

void drop(napi_env /*env*/, void* raw) {
  auto& it = *static_cast<Question*>(raw);
  (void)rm_pool_drop(it.pool.get(), 0, it.error.data(), it.error.size());
}

void ask(napi_env env, std::unique_ptr<Question> question, napi_value done, napi_async_execute_callback question_of,
         napi_async_complete_callback answered) {
  must(napi_create_reference(env, done, 1, &question->done), "napi_create_reference");
  must(napi_create_async_work(env, nullptr, to_value(env, "ringmaster.pool"), question_of, answered, question.get(),
                              &question->work),
       "napi_create_async_work");
  must(napi_queue_async_work(env, question->work), "napi_queue_async_work");
  (void)question.release();
}

// Tells the script, unless its environment is being taken down: nothing could be made then.
void answer(napi_env env, const Question& question, std::span<napi_value> arguments) {
  for (napi_value one : arguments)
    if (one == nullptr) return;
  napi_value done = nullptr;
  must(napi_get_reference_value(env, question.done, &done), "napi_get_reference_value");
  if (question.error[0] != '\0') arguments[0] = to_value(env, std::string_view(question.error.data()));
  (void)napi_call_function(env, undefined(env), done, arguments.size(), arguments.data(), nullptr);
}

void clean_up(napi_env env, const Question& question) {
  napi_delete_reference(env, question.done);
  napi_delete_async_work(env, question.work);
}

void created(napi_env env, napi_status /*status*/, void* raw) {
  const std::unique_ptr<Question> question(static_cast<Question*>(raw));
  const HandleScope scope(env);
  if (can_run_scripts(env)) {
    std::array<napi_value, 3> arguments{undefined(env), undefined(env), undefined(env)};
    if (question->pool != nullptr) {
      arguments[1] = handle_of(env, PoolHandle(question->pool));
      arguments[2] = to_value(env, std::string_view(rm_pool_name(question->pool.get())));
    }
    answer(env, *question, arguments);
  }
  clean_up(env, *question);
}

void dropped(napi_env env, napi_status /*status*/, void* raw) {
  const std::unique_ptr<Question> question(static_cast<Question*>(raw));
  const HandleScope scope(env);
  std::array<napi_value, 1> arguments{undefined(env)};
  if (can_run_scripts(env)) answer(env, *question, arguments);
  clean_up(env, *question);
}

std::string text_at(napi_env env, napi_value object, const char* name) {
  return text_of(env, property(env, object, name));
}

}  // namespace

napi_value create_pool(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  if (!can_run_scripts(env)) return nullptr;
  auto question = std::make_unique<Question>();
  question->socket = text_at(env, arguments[0], "socket");
  question->name = text_at(env, arguments[0], "name");
  question->config = text_at(env, arguments[0], "config");
  question->options.struct_size = sizeof question->options;
  question->options.workers = static_cast<std::uint32_t>(number_of(env, property(env, arguments[0], "workers")));
  question->options.min_workers = static_cast<std::uint32_t>(number_of(env, property(env, arguments[0], "minWorkers")));
  question->options.client_name = "node";
  ask(env, std::move(question), arguments[1], create, created);
  return nullptr;
}

napi_value drop_pool(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  void* handle = nullptr;
  must(napi_get_value_external(env, arguments[0], &handle), "napi_get_value_external");
  auto question = std::make_unique<Question>();
  question->pool = *static_cast<PoolHandle*>(handle);
  ask(env, std::move(question), arguments[1], drop, dropped);
  return nullptr;
}

}  // namespace ringmaster::node
