#include "daemon/keeper/command_line.h"

#include <cstddef>
#include <cstring>
#include <string_view>

namespace ringmaster::keeper {

const char* const kUsage =
    "usage: ringmasterd [--config FILE] [--socket PATH] [--owner-fd N [--runtime-folder DIR]]\n"
    "       ringmasterd --check FILE\n"
    "       ringmasterd --print-config | --version | --help\n"
    "\n"
    "The ringmaster daemon, in the foreground. Without --config it runs on its embedded default configuration.\n"
    "\n"
    "  --config FILE    configuration (TOML)\n"
    "  --socket PATH    listen here instead of where $RINGMASTER_SOCKET or the configuration says\n"
    "  --owner-fd N     end when descriptor N hangs up: the read end of a pipe, or a socket, whose other end the\n"
    "                   owner keeps; a stop in good order, however the owner ended\n"
    "  --runtime-folder DIR\n"
    "                   a new folder that the owner has made for this daemon, for its socket and configuration: it is\n"
    "                   removed with everything in it when the daemon ends, whether its owner still lives or not\n"
    "  --check FILE     list every problem of a configuration and exit (0: none)\n"
    "  --print-config   print the default configuration, commented\n"
    "  --version        print the version\n"
    "  --help           print this\n"
    "\n"
    "SIGTERM or SIGINT stops it in good order, a second one at once. SIGHUP is ignored: a changed configuration\n"
    "needs a restart.\n"
    "\n"
    "Exit status: 0 stopped in good order, 1 not so (processes had to be killed), 64 wrong command line, 69 or 127\n"
    "cannot run here, 73 the socket cannot be had, 78 wrong configuration; each says why.\n";

CommandLine parse_command_line(int argc, char* const* argv) {
  CommandLine line;
  const auto wrong = [&line](const char* offender, const char* problem) {
    line.action = CommandLine::Action::Wrong;
    line.offender = offender;
    line.problem = problem;
    return line;
  };
  struct Valued {
    std::string_view name;
    const char** value;
  };
  const Valued valued[] = {{"--config", &line.config},
                           {"--socket", &line.socket},
                           {"--owner-fd", &line.owner},
                           {"--runtime-folder", &line.folder},
                           {"--check", &line.check}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      line.action = CommandLine::Action::Help;
      return line;
    }
    if (argument == "--version") {
      line.action = CommandLine::Action::Version;
      return line;
    }
    if (argument == "--print-config") {
      line.action = CommandLine::Action::PrintConfig;
      continue;
    }
    const Valued* match = nullptr;
    const char* value = nullptr;
    for (const Valued& option : valued) {
      if (argument == option.name) {
        match = &option;
        if (i + 1 < argc) value = argv[++i];
      } else if (argument.size() > option.name.size() && argument.starts_with(option.name) &&
                 argument[option.name.size()] == '=') {
        match = &option;
        value = argv[i] + option.name.size() + 1;
      }
      if (match != nullptr) break;
    }
    if (match == nullptr) return wrong(argv[i], "no such option");
    if (value == nullptr || *value == '\0') return wrong(match->name.data(), "needs a value");
    if (*match->value != nullptr) return wrong(match->name.data(), "given twice");
    *match->value = value;
    if (match->value == &line.check) line.action = CommandLine::Action::Check;
  }
  if (line.folder != nullptr && line.owner == nullptr) return wrong("--runtime-folder", "needs --owner-fd");
  return line;
}

}  // namespace ringmaster::keeper
