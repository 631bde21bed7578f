#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <new>
#include <optional>
#include <sstream>
#include <system_error>

#include "base/keeper_gone.h"
#include "base/standard_descriptors.h"
#include "daemon/config/config_load.h"
#include "daemon/control/refuse_waiting.h"
#include "daemon/log/log.h"
#include "daemon/loop/event_loop.h"
#include "daemon/machine/cpu_probe.h"
#include "daemon/machine/memory_reserve.h"
#include "daemon/os/oom_score.h"
#include "daemon/os/signals.h"
#include "daemon/supervisor/supervisor.h"
#include "proto/socket_path.h"
#include "ringmaster_version.h"

namespace ringmaster {
namespace {

constexpr int kUsageError = 64;
constexpr std::size_t kMaxStockText = std::size_t{64} << 10;

struct Options {
  std::string config;
  std::string socket;
  std::optional<std::string> check;
  int keeper_fd = -1;
  int table_fd = -1;
  bool print_config = false;
  bool version = false;
  bool cold = false;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const bool more = i + 1 < argc;
    if (name == "--print-config") {
      options.print_config = true;
    } else if (name == "--version") {
      options.version = true;
    } else if (name == "--cold") {
      options.cold = true;
    } else if (name == "--config" && more) {
      options.config = argv[++i];
    } else if (name == "--socket" && more) {
      options.socket = argv[++i];
    } else if (name == "--check" && more) {
      options.check = argv[++i];
    } else if (name == "--keeper-fd" && more) {
      options.keeper_fd = std::atoi(argv[++i]);
    } else if (name == "--table-fd" && more) {
      options.table_fd = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "ringmaster-supervisor: %s: not an option, or its value is missing\n", argv[i]);
      return std::nullopt;
    }
  }
  return options;
}

int complain(const std::string& text, int code) {
  std::fprintf(stderr, "ringmasterd: %s\n", text.c_str());
  return code;
}

int check_file(const std::string& path) {
  const auto config = config::load_config(path, config::real_world());
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return keeper::kExitConfig;
  }
  std::printf("%s: correct, %zu pools\n", path.c_str(), config->pools.size());
  return 0;
}

/// The socket that the service manager gave to the first supervisor, while nobody else has served it; -1: none.
int unserved_listener(const keeper::InheritedTable& table) {
  if (table.supervisor != 1) return -1;
  for (const keeper::InheritedDeposit& deposit : table.deposits) {
    if (deposit.label.kind == static_cast<std::uint16_t>(keeper::DepositKind::Listener) && deposit.label.b == 1) {
      return deposit.fd;
    }
  }
  return -1;
}

/// The end of a daemon that cannot serve: it is said to who reads the log, and to who waits on its socket.
int give_up(int listener, const std::string& why, int code) {
  complain(why, code);
  if (listener >= 0) refuse_waiting(listener, "the daemon cannot start: " + why, std::chrono::seconds(1));
  return code;
}

Result<void> read_text(const std::string& path, std::string& into) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return errno_error("cannot read the configuration \"" + path + "\"", errno);
  into = text.str();
  return {};
}

// A successor goes by the text and the CPUs that the first one found, whatever the file says by now.
Result<void> load(const Options& options, SupervisorStart& start) {
  start.cpus = core::decide_cpus(probe_cpus());
  config::World world = config::real_world();
  std::string name = options.config;
  bool known = false;
  for (const keeper::InheritedDeposit& deposit : start.table.deposits) {
    if (deposit.label.kind != static_cast<std::uint16_t>(keeper::DepositKind::Config)) continue;
    std::string text(deposit.label.b, '\0');
    std::string stock(kMaxStockText, '\0');
    const ssize_t got = ::pread(deposit.fd, text.data(), text.size(), 0);
    const ssize_t more = ::pread(deposit.fd, stock.data(), stock.size(), static_cast<off_t>(text.size()));
    if (got != static_cast<ssize_t>(text.size()) || more < 0) {
      return Error{"the configuration that was inherited cannot be read"};
    }
    start.config_text = std::move(text);
    world.trusted = true;
    config::recall_stock(world, stock.substr(0, stock.find('\0')));
    start.cpus.usable = deposit.label.a;
    known = true;
  }
  if (!known && !name.empty()) {
    if (auto read = read_text(name, start.config_text); !read) return read;
  }
  const config::Outcome outcome = config::parse_config(start.config_text, world);
  if (!outcome.config) {
    return Error{config::render_problems(name.empty() ? "the embedded configuration" : name, outcome.problems)};
  }
  for (const config::Problem& warning : outcome.warnings) start.warnings.push_back(warning.text);
  start.stock_text = config::remember_stock(world);
  start.config = *outcome.config;
  for (config::PoolConfig& pool : start.config.pools) {
    pool.workers = config::resolve_workers(pool, start.cpus.usable);
  }
  return {};
}

// Up to serving, what a library throws is this machine's refusal (limits of memory, descriptors, tasks), not a bug.
template <typename Action>
Result<void> without_exceptions(const Action& action) {
  try {
    return action();
  } catch (const std::bad_alloc&) {
    return Error{errno_error("cannot start: memory was refused", ENOMEM).message, keeper::kExitUnavailable};
  } catch (const boost::system::system_error& error) {
    return Error{errno_error("cannot start", error.code().value()).message, keeper::kExitUnavailable};
  } catch (const std::system_error& error) {
    return Error{errno_error("cannot start", error.code().value()).message, keeper::kExitUnavailable};
  } catch (const std::exception& error) {
    return Error{std::string("cannot start: ") + error.what(), keeper::kExitUnavailable};
  }
}

int serve(const Options& options) {
  ignore_signals(
      {kKeeperGoneSignal});  // as ringmasterd has done before the exec: Ctrl-C and a stop come as its messages
  die_by_foreign_faults_as_by_kill();
  SupervisorStart start;
  start.cold = options.cold;
  start.keeper.reset(options.keeper_fd);
  ::fcntl(options.keeper_fd, F_SETFD, FD_CLOEXEC);
  {
    const UniqueFd table_fd(options.table_fd);
    auto table = keeper::read_inherited_table(table_fd.get());
    if (!table) return complain(table.error().message, keeper::kExitUnavailable);
    start.table = std::move(*table);
  }
  start.cold = start.cold || start.table.cold;
  const int listener = unserved_listener(start.table);
  if (auto loaded = load(options, start); !loaded) {
    return give_up(listener, loaded.error().message, keeper::kExitConfig);
  }
  const config::DaemonConfig& daemon = start.config.daemon;
  const auto path = daemon_socket_path(options.socket, daemon.socket, this_socket_environment());
  if (!path) return give_up(listener, path.error().message, keeper::kExitSocket);
  if (const auto safe = check_private_folder(*path, ::geteuid(), MissingFolder::Make); !safe) {
    return give_up(listener, safe.error().message, keeper::kExitSocket);
  }
  start.socket_path = *path;
  log_setup(daemon.log_level, daemon.log_format);
  for (const std::string& warning : start.warnings) log_warning("the configuration no longer fits", {{"key", warning}});
  (void)set_oom_score_adj(-800);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

  std::optional<boost::asio::io_context> context;
  std::optional<EventLoop> loop;
  std::optional<Supervisor> supervisor;
  // Without destructors: nothing is left that must happen.
  const auto end = [](int code) { ::_exit(code); };
  const auto set_up = [&]() -> Result<void> {
    context.emplace(1);
    loop.emplace(*context);
    supervisor.emplace(*loop, std::move(start));
    return supervisor->run(end);
  };
  if (auto started = without_exceptions(set_up); !started) {
    return give_up(listener, started.error().message, started.error().code);
  }
  MemoryReserve::keep();
  try {
    context->run();
  } catch (const std::bad_alloc&) {
    MemoryReserve::end();
  }
  return keeper::kExitUnavailable;
}

int start_program(int argc, char** argv) {
  fill_standard_descriptors(StandIn::Quiet);
  const auto options = parse(argc, argv);
  if (!options) return kUsageError;
  if (options->version) {
    std::puts("ringmaster-supervisor " RINGMASTER_VERSION);
    return 0;
  }
  if (options->print_config) {
    const std::string_view text = config::default_config_text();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  if (options->check) return check_file(*options->check);
  if (options->keeper_fd < 0 || options->table_fd < 0) {
    std::fputs("ringmaster-supervisor: this program is started by ringmasterd; run ringmasterd instead\n", stderr);
    return kUsageError;
  }
  return serve(*options);
}

}  // namespace
}  // namespace ringmaster

int main(int argc, char** argv) {
  const int code = ringmaster::start_program(argc, argv);
  std::fflush(nullptr);
  ::_exit(code);
}
