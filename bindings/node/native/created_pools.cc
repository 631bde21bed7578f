#include "bindings/node/native/created_pools.h"

#include <ringmaster/client_abi.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bindings/node/native/errands.h"
#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {
namespace {

using PoolHandle = std::shared_ptr<rm_pool>;

// A question to the daemon, which may take a while.
struct Question : Errand {
  std::string socket;
  std::string name;
  std::string config;
  rm_pool_options options{};
  PoolHandle pool;
  std::array<char, 4096> error{};
  napi_ref done = nullptr;

  // Nothing is called where something could not be made.
  void answer(napi_env env, std::span<napi_value> arguments) {
    if (error[0] != '\0') arguments[0] = to_value(env, std::string_view(error.data()));
    if (std::ranges::find(arguments, nullptr) == arguments.end()) call_script(env, done, arguments);
    forget(env);
  }
  void forget(napi_env env) override { napi_delete_reference(env, done); }
};

struct Creation : Question {
  void run() override {
    options.config = config.c_str();
    rm_pool* const made =
        rm_pool_create(socket.empty() ? nullptr : socket.c_str(), name.c_str(), &options, error.data(), error.size());
    if (made != nullptr) pool.reset(made, rm_pool_free);
  }
  void tell(napi_env env) override {
    std::array<napi_value, 3> arguments{undefined(env), undefined(env), undefined(env)};
    if (pool != nullptr) {
      arguments[1] = handle_of(env, PoolHandle(pool));
      arguments[2] = to_value(env, std::string_view(rm_pool_name(pool.get())));
    }
    answer(env, arguments);
  }
};

struct Drop : Question {
  void run() override { (void)rm_pool_drop(pool.get(), 0, error.data(), error.size()); }
  void tell(napi_env env) override {
    std::array<napi_value, 1> arguments{undefined(env)};
    answer(env, arguments);
  }
};

void ask(napi_env env, const std::shared_ptr<Question>& question, napi_value done) {
  must(napi_create_reference(env, done, 1, &question->done), "napi_create_reference");
  Lane lane;
  ErrandDesk::of(env).send(lane, question, true);
}

std::string text_at(napi_env env, napi_value object, const char* name) {
  return text_of(env, property(env, object, name));
}

}  // namespace

napi_value create_pool(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  if (!can_run_scripts(env)) return nullptr;
  const auto question = std::make_shared<Creation>();
  question->socket = text_at(env, arguments[0], "socket");
  question->name = text_at(env, arguments[0], "name");
  question->config = text_at(env, arguments[0], "config");
  question->options.struct_size = sizeof question->options;
  question->options.workers = static_cast<std::uint32_t>(number_of(env, property(env, arguments[0], "workers")));
  question->options.min_workers = static_cast<std::uint32_t>(number_of(env, property(env, arguments[0], "minWorkers")));
  question->options.client_name = "node";
  ask(env, question, arguments[1]);
  return nullptr;
}

napi_value drop_pool(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  void* handle = nullptr;
  must(napi_get_value_external(env, arguments[0], &handle), "napi_get_value_external");
  const auto question = std::make_shared<Drop>();
  question->pool = *static_cast<PoolHandle*>(handle);
  ask(env, question, arguments[1]);
  return nullptr;
}

}  // namespace ringmaster::node
