// ringmaster-worker, the stock worker: runs handlers out of shared libraries.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/standard_descriptors.h"
#include "ringmaster_version.h"
#include "worker/job/handler_library.h"
#include "worker/loop/worker_process.h"

namespace {

using ringmaster::Error;
using ringmaster::Result;
using ringmaster::worker::HandlerRegistry;

constexpr char kUsage[] =
    "ringmaster-worker: runs handlers out of shared libraries; ringmasterd starts it as a pool's worker.\n"
    "\n"
    "  [--handlers] NAME|FILE.so ...  load these; without any, every library of the handler folder\n"
    "  --handler-dir DIR              look for them in DIR\n"
    "  --list                         print what would be loaded, with arguments, and exit\n"
    "  --version                      print the version and exit\n";

struct Options {
  std::vector<std::string> handlers;
  std::vector<std::string> folders = ringmaster::worker::present_handler_folders();
  bool list = false;
  bool version = false;
  bool help = false;
};

// Splits "a,b" into names.
void add_names(std::string_view text, std::vector<std::string>& names) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (comma != 0) names.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
}

Result<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--list") {
      options.list = true;
    } else if (option == "--version") {
      options.version = true;
    } else if (option == "--help") {
      options.help = true;
    } else if (option == "--handlers") {
      if (i + 1 == argc) return Error{"--handlers needs a name or a file"};
    } else if (option == "--handler-dir") {
      if (i + 1 == argc) return Error{"--handler-dir needs a folder"};
      options.folders = {argv[++i]};
    } else if (option.substr(0, 1) != "-") {
      add_names(option, options.handlers);
    } else {
      return Error{"unknown option \"" + std::string(option) + "\"; --help lists them"};
    }
  }
  return options;
}

Result<void> load(const Options& options, HandlerRegistry& registry) {
  if (options.handlers.empty()) {
    std::vector<std::string> skipped;
    auto loaded = ringmaster::worker::load_all_handlers(options.folders, registry, skipped);
    if (!loaded) return loaded;
    for (const std::string& reason : skipped) std::fprintf(stderr, "left out: %s\n", reason.c_str());
    return {};
  }
  for (const std::string& name : options.handlers) {
    const auto path = ringmaster::worker::find_handler_library(name, options.folders);
    if (!path) return path.error();
    if (auto loaded = ringmaster::worker::load_handler_library(*path, registry); !loaded) return loaded;
  }
  return {};
}

int list(const Options& options) {
  HandlerRegistry registry;
  if (const auto loaded = load(options, registry); !loaded) {
    std::fprintf(stderr, "ringmaster-worker: %s\n", loaded.error().message.c_str());
    return 1;
  }
  std::fputs(ringmaster::worker::list_handlers(registry).c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ringmaster::fill_standard_descriptors(ringmaster::StandIn::Quiet);
  const auto options = parse(argc, argv);
  if (options && options->help) return std::fputs(kUsage, stdout) < 0;
  if (options && options->version) return std::printf("ringmaster-worker %s\n", RINGMASTER_VERSION) < 0;
  if (options && options->list) return list(*options);
  if (!ringmaster::worker::started_by_daemon()) {
    std::fprintf(stderr, "ringmaster-worker: %s\n",
                 options ? "not started by ringmasterd; --list shows the handlers, --help the options"
                         : options.error().message.c_str());
    return 2;
  }
  // Wrong options are reported to the supervisor, like any other reason not to start.
  return ringmaster::worker::run_worker([&](HandlerRegistry& registry) -> Result<void> {
    if (!options) return options.error();
    return load(*options, registry);
  });
}
