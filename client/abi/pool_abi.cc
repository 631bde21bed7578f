#include <optional>
#include <utility>

#include "client/abi/c_values.h"
#include "client/abi/exported.h"
#include "client/abi/guard.h"
#include "client/client.h"

struct rm_pool {
  ringmaster::CreatedPool pool;
};

namespace {

using ringmaster::abi::connect_options;
using ringmaster::abi::from_ms;
using ringmaster::abi::guarded;
using ringmaster::abi::refuse;

ringmaster::PoolOptions pool_options(const rm_pool_options& given) {
  ringmaster::PoolOptions options;
  if (given.config != nullptr) options.config = given.config;
  if (given.folder != nullptr) options.folder = given.folder;
  options.workers = given.workers;
  options.min_workers = given.min_workers;
  options.most_workers = given.most_workers;
  return options;
}

/// 1 if `act`, which asks the daemon for something, succeeds; else 0, with a sentence in `error`.
template <typename Act>
int asked(char* error, size_t error_size, Act&& act) noexcept {
  const int code = guarded(error, error_size, [&] {
    const ringmaster::Result<void> done = act();
    return done ? static_cast<int>(RM_ACCEPTED) : refuse(RM_BAD_OPTION, done.error().message, error, error_size);
  });
  return code == RM_ACCEPTED ? 1 : 0;
}

}  // namespace

extern "C" {

rm_pool* rm_pool_create(const char* socket, const char* name, const rm_pool_options* options, char* error,
                        size_t error_size) {
  rm_pool* made = nullptr;
  (void)guarded(error, error_size, [&] {
    const auto given = ringmaster::abi::read_struct(options);
    if (!given) return refuse(RM_BAD_OPTION, ringmaster::abi::kBadStruct, error, error_size);
    if (name == nullptr) return refuse(RM_BAD_OPTION, "the pool has no name", error, error_size);
    auto client = ringmaster::Client::connect(connect_options(socket, given->client_name, given->control_timeout_ms));
    if (!client) return refuse(RM_BAD_OPTION, client.error().message, error, error_size);
    auto pool = client->create_pool(name, pool_options(*given));
    if (!pool) return refuse(RM_BAD_OPTION, pool.error().message, error, error_size);
    made = new rm_pool{std::move(*pool)};
    return static_cast<int>(RM_ACCEPTED);
  });
  return made;
}

const char* rm_pool_name(const rm_pool* pool) { return pool->pool.name().c_str(); }

int rm_pool_resize(rm_pool* pool, uint32_t min_workers, uint32_t workers, char* error, size_t error_size) {
  return asked(error, error_size, [&] { return pool->pool.resize(workers, min_workers); });
}

int rm_pool_drop(rm_pool* pool, uint64_t limit_ms, char* error, size_t error_size) {
  return asked(error, error_size, [&] {
    return pool->pool.drop(limit_ms == RM_SHUTDOWN_TIMEOUT ? std::nullopt : std::optional(from_ms(limit_ms)));
  });
}

void rm_pool_free(rm_pool* pool) { delete pool; }

}  // extern "C"
