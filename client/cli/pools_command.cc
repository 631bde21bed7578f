#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/console/interrupt.h"
#include "client/control/control_link.h"
#include "client/control/pool_creation.h"

namespace ringmaster::cli {
namespace {

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) return errno_error("cannot read \"" + path + "\"", errno);
  return {boost::system::in_place_value, std::move(text)};
}

// The daemon has let go of the pool: alone, or of everything.
int say_gone(const CommonOptions& common, const std::string& pool, std::uint64_t daemon) {
  const auto again = connect(common);
  if (again && again->link().daemon_id() == daemon) return fail(kExitRefused, "pool \"" + pool + "\" was removed");
  return fail(kExitNoDaemon, "the daemon is gone, and pool \"" + pool + "\" with it");
}

// A byte that nobody writes: the daemon lets go, or a signal ends the wait.
bool wait_for_end(int lifeline) {
  pollfd look{lifeline, 0, 0};  // POLLERR needs no asking
  while (!interrupted()) {
    if (::poll(&look, 1, 200) > 0) return true;
  }
  return false;
}

}  // namespace

int run_create_pool(const CommonOptions& common, const PoolCommand& command) {
  auto text = read_text(command.config);
  if (!text) return fail(kExitFile, text.error().message);
  auto client = connect(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  catch_interrupts();
  auto pool = client->create_pool(command.name,
                                  {std::move(*text), {}, command.workers, command.most_workers, command.min_workers});
  if (!pool) return fail(exit_code(pool.error()), pool.error().message);
  if (const int code = print(pool->name() + "\n"); code != kExitDone) return code;
  const std::uint64_t daemon = client->link().daemon_id();
  if (wait_for_end(pool->lifeline())) return say_gone(common, pool->name(), daemon);
  const auto dropped = pool->drop();
  return dropped ? kExitDone : fail(exit_code(dropped.error()), dropped.error().message);
}

int run_drop_pool(const CommonOptions& common, const PoolCommand& command) {
  auto client = connect_to_administer(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  const auto dropped = client::drop_pool(client->link(), {command.name}, command.timeout);
  if (!dropped) return fail(exit_code(dropped.error()), dropped.error().message);
  return print("pool \"" + command.name + "\": removed\n");
}

int run_resize_pool(const CommonOptions& common, const PoolCommand& command) {
  auto client = connect_to_administer(common);
  if (!client) return fail(exit_code(client.error()), client.error().message);
  const auto resized = client::resize_pool(client->link(), {command.name}, command.workers, command.min_workers);
  if (!resized) return fail(exit_code(resized.error()), resized.error().message);
  const std::string least = command.min_workers != 0 ? std::to_string(command.min_workers) + " to " : "";
  return print("pool \"" + command.name + "\": " + least + std::to_string(command.workers) +
               (command.workers == 1 ? " worker\n" : " workers\n"));
}

}  // namespace ringmaster::cli
