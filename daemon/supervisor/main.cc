#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdio>
#include <new>
#include <optional>
#include <utility>

#include "base/keeper_gone.h"
#include "base/standard_descriptors.h"
#include "daemon/config/config_load.h"
#include "daemon/control/refuse_waiting.h"
#include "daemon/log/log.h"
#include "daemon/loop/event_loop.h"
#include "daemon/machine/memory_reserve.h"
#include "daemon/os/oom_score.h"
#include "daemon/os/signals.h"
#include "daemon/supervisor/command_line.h"
#include "daemon/supervisor/supervisor.h"
#include "daemon/supervisor/without_exceptions.h"
#include "ringmaster_version.h"

namespace ringmaster::daemon {
namespace {

constexpr int kUsageError = 64;

int check_file(const std::string& path) {
  const auto loaded = config::load_config(path, config::real_world());
  if (!loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
    return keeper::kExitConfig;
  }
  for (const std::string& warning : loaded->warnings) std::fprintf(stderr, "%s: %s\n", path.c_str(), warning.c_str());
  std::printf("%s: correct, %zu pools\n", path.c_str(), loaded->config.pools.size());
  return 0;
}

/// Ends a daemon that cannot serve: writes the reason to the log, and sends it to clients that wait on its socket.
int give_up(int listener, const Error& why) {
  std::fprintf(stderr, "ringmasterd: %s\n", why.message.c_str());
  if (listener >= 0) refuse_waiting(listener, "the daemon cannot start: " + why.message, std::chrono::seconds(1));
  return why.code;
}

/// Reads and checks everything that is needed before a Supervisor can be constructed.
Result<void> read_start(const SupervisorOptions& options, SupervisorStart& start) {
  if (auto taken = take_link(options, start); !taken) return taken;
  if (auto loaded = load_configuration(options.config, start); !loaded) return loaded;
  if (auto chosen = choose_socket(options.socket, start); !chosen) return chosen;
  decide_created_pools(options.owned, start);
  return {};
}

void settle_process(const SupervisorStart& start) {
  log_setup(start.config.daemon.log_level, start.config.daemon.log_format);
  for (const std::string& warning : start.warnings)
    log_warning("a setting of the configuration", {{"warning", warning}});
  (void)set_oom_score_adj(-800);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int serve(const SupervisorOptions& options) {
  // The keeper has done the same before the exec: it handles Ctrl-C and a stop, and sends us messages.
  ignore_signals({kKeeperGoneSignal});
  die_by_foreign_faults_as_by_kill();
  SupervisorStart start;
  const auto read = read_start(options, start);
  const int listener = unserved_listener(start.table);
  if (!read) return give_up(listener, read.error());
  settle_process(start);

  std::optional<boost::asio::io_context> context;
  std::optional<EventLoop> loop;
  std::optional<Supervisor> supervisor;
  // Ends without destructors: everything that must be done has been done.
  const auto end = [](int code) { ::_exit(code); };
  const auto set_up = [&]() -> Result<void> {
    context.emplace(1);
    loop.emplace(*context);
    supervisor.emplace(*loop, std::move(start));
    return supervisor->run(end);
  };
  if (auto started = without_exceptions(set_up); !started) return give_up(listener, started.error());
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
  const auto options = parse_supervisor_options({argv + 1, argv + std::max(argc, 1)});
  if (!options) {
    std::fprintf(stderr, "ringmaster-supervisor: %s\n", options.error().message.c_str());
    return kUsageError;
  }
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
}  // namespace ringmaster::daemon

int main(int argc, char** argv) {
  const int code = ringmaster::daemon::start_program(argc, argv);
  std::fflush(nullptr);
  ::_exit(code);
}
