#include "daemon/supervisor/supervisor_start.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "daemon/machine/cpu_probe.h"
#include "proto/socket_path.h"

namespace ringmaster::daemon {
namespace {

constexpr auto kKind = [](const keeper::InheritedDeposit& deposit) {
  return static_cast<keeper::DepositKind>(deposit.label.kind);
};

Result<config::Loaded> load_of_predecessor(const keeper::InheritedDeposit& deposit, const std::string& path) {
  auto inherited = config::read_inherited(deposit.fd, deposit.label.b);
  if (!inherited) return inherited.error();
  return config::load_inherited(std::move(*inherited), path, config::real_world());
}

Error with_code(const Error& error, int code) { return Error{error.message, code}; }

}  // namespace

Result<void> take_link(const SupervisorOptions& options, SupervisorStart& start) {
  start.keeper.reset(options.keeper_fd);
  ::fcntl(options.keeper_fd, F_SETFD, FD_CLOEXEC);
  const UniqueFd table_fd(options.table_fd);
  auto table = keeper::read_inherited_table(table_fd.get());
  if (!table) return with_code(table.error(), keeper::kExitUnavailable);
  start.table = std::move(*table);
  start.cold = options.cold || start.table.cold;
  return {};
}

Result<void> load_configuration(const std::string& path, SupervisorStart& start) {
  const auto kept = std::ranges::find(start.table.deposits, keeper::DepositKind::Config, kKind);
  const bool first = kept == start.table.deposits.end();
  auto loaded = first ? config::load_config(path, config::real_world()) : load_of_predecessor(*kept, path);
  if (!loaded) return with_code(loaded.error(), keeper::kExitConfig);
  start.cpus = core::decide_cpus(probe_cpus());
  if (!first) start.cpus.usable = kept->label.a;
  start.config = std::move(loaded->config);
  start.inherited = std::move(loaded->source);
  start.warnings = std::move(loaded->warnings);
  for (config::PoolConfig& pool : start.config.pools) {
    pool.workers = config::resolve_workers(pool, start.cpus.usable);
  }
  return {};
}

Result<void> choose_socket(const std::string& wish, SupervisorStart& start) {
  auto path = wire::daemon_socket_path(wish, start.config.daemon.socket, wire::this_socket_environment());
  if (!path) return with_code(path.error(), keeper::kExitSocket);
  if (const auto safe = wire::check_private_folder(*path, ::geteuid(), wire::MissingFolder::Make); !safe) {
    return with_code(safe.error(), keeper::kExitSocket);
  }
  start.socket_path = std::move(*path);
  return {};
}

void decide_created_pools(bool owned, SupervisorStart& start) {
  auto& limit = start.config.limits.pools_per_uid;
  if (limit) return;
  const bool passed = std::ranges::any_of(start.table.deposits, [](const keeper::InheritedDeposit& deposit) {
    return kKind(deposit) == keeper::DepositKind::Listener && deposit.label.b == 1;
  });
  constexpr mode_t kOthers = 077;
  struct stat folder {};
  const std::string path = start.socket_path.substr(0, start.socket_path.rfind('/'));
  const bool closed_folder =
      ::stat(path.c_str(), &folder) == 0 && folder.st_uid == ::geteuid() && (folder.st_mode & kOthers) == 0;
  const bool only_owner = !passed && (closed_folder || (start.config.daemon.socket_mode & kOthers) == 0);
  limit = core::default_pools_per_uid(::geteuid() == 0, owned, only_owner);
}

int unserved_listener(const keeper::InheritedTable& table) {
  if (table.supervisor != 1) return -1;
  const auto passed = std::ranges::find_if(table.deposits, [](const keeper::InheritedDeposit& deposit) {
    return kKind(deposit) == keeper::DepositKind::Listener && deposit.label.b == 1;
  });
  return passed == table.deposits.end() ? -1 : passed->fd;
}

}  // namespace ringmaster::daemon
