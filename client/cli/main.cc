#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <new>

#include <CLI/CLI.hpp>

#include "base/standard_descriptors.h"
#include "client/cli/commands.h"
#include "client/cli/map/map_command.h"
#include "ringmaster_version.h"

namespace ringmaster::cli {
namespace {

// Values as typed; they are parsed once the whole command line is known.
struct TypedJob {
  std::string target;
  std::vector<std::string> arguments;
  std::string timeout;
  std::string queue_timeout;
};

// An empty value usually comes from an unset variable of a script and is never meant.
const CLI::Validator kNotEmpty([](std::string& text) { return text.empty() ? "is empty" : std::string(); }, "");

void add_job_options(CLI::App& command, TypedJob& job) {
  command.add_option("target", job.target, "POOL/HANDLER, as \"ringmaster handlers\" lists them")->required();
  command.add_option("--arg", job.arguments, "NAME=VALUE, an argument of the handler; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--timeout", job.timeout, "longest run, such as 2s or 250ms (else the pool's)")->check(kNotEmpty);
  command
      .add_option("--queue-timeout", job.queue_timeout,
                  "longest wait for a worker (else the pool's), and for a daemon that has too many clients (else 30s)")
      ->check(kNotEmpty);
}

Result<JobOptions> read_job(const TypedJob& typed) {
  JobOptions job;
  auto target = parse_target(typed.target);
  if (!target) return target.error();
  job.target = std::move(*target);
  for (const std::string& text : typed.arguments) {
    auto argument = parse_argument(text);
    if (!argument) return argument.error();
    job.arguments.push_back(std::move(*argument));
  }
  const auto read_time = [](const std::string& text, Duration& time) -> Result<void> {
    if (text.empty()) return {};
    const auto parsed = parse_duration(text);
    if (!parsed) return parsed.error();
    time = *parsed;
    return {};
  };
  if (const auto read = read_time(typed.timeout, job.timeout); !read) return read.error();
  if (const auto read = read_time(typed.queue_timeout, job.queue_timeout); !read) return read.error();
  return job;
}

struct CommandLine {
  CommonOptions common;
  TypedJob typed;
  SubmitCommand submit;
  std::string in;
  MapCommand map;
  std::string pool;
  std::string job;
  bool force = false;
  std::string grace;
  bool watch = false;
  bool full = false;
  bool resume = false;
  bool wait = false;
  HealthCommand health;
  std::string health_timeout;
  std::string health_wait;
  PoolCommand pools;
  std::string pools_timeout;
};

using Run = std::function<int()>;

CLI::App& add_command(CLI::App& app, CommandLine& line, Run& run, const char* name, const char* help, bool json,
                      Run what) {
  CLI::App& command = *app.add_subcommand(name, help);
  command
      .add_option("--socket", line.common.socket,
                  "the daemon's socket; else $RINGMASTER_SOCKET, else the default place")
      ->check(kNotEmpty);
  if (json) command.add_flag("--json", line.common.json, "machine-readable output; MANUAL.md has the schema");
  command.callback([&run, what = std::move(what)] { run = what; });
  return command;
}

void add_job_commands(CLI::App& app, CommandLine& line, Run& run) {
  CLI::App& submit =
      add_command(app, line, run, "submit", "run one job; its outcome is the exit status", true, [&line] {
        auto job = read_job(line.typed);
        if (!job) return fail(kExitUsage, job.error().message);
        line.submit.job = std::move(*job);
        if (!line.in.empty()) line.submit.in = line.in;
        return run_submit(line.common, line.submit);
      });
  add_job_options(submit, line.typed);
  submit
      .add_option("--in", line.in, "the payload: FILE, or - for standard input (the default unless that is a terminal)")
      ->check(kNotEmpty);
  submit.add_option("--out", line.submit.out, "the result: FILE (replaced as a whole), or - for standard output")
      ->check(kNotEmpty)
      ->capture_default_str();
  submit.add_flag("--idempotent", line.submit.idempotent, "the job may run again when its worker dies");
  submit.add_flag(
      "--output", line.submit.output,
      "show what the job writes, in a pool with output = \"client\": on standard output if --out names a file, "
      "else on standard error");
  submit.add_option("--label", line.submit.label, "what status, log and reports call the job; at most 36 bytes")
      ->check(kNotEmpty);

  CLI::App& map = add_command(
      app, line, run, "map",
      "run one job per file, results into a folder\n"
      "Names: a handler with a fixed extension puts it behind the input's name (a.txt -> a.txt.sha256); one that goes "
      "both\n"
      "ways puts it there or takes it off by its arguments (a.txt -> a.txt.zst, with mode=decompress a.txt.zst -> "
      "a.txt);\n"
      "one whose extension is an argument replaces the input's (a.png with format=webp -> a.webp); else the input's "
      "name\n"
      "is kept.\n"
      "Two inputs with one result, a result that is an input, and a file that exists already are refused before the "
      "first job.",
      true, [&line] {
        auto job = read_job(line.typed);
        if (!job) return fail(kExitUsage, job.error().message);
        line.map.job = std::move(*job);
        if (line.map.extension && line.map.extension->find('/') != std::string::npos)
          return fail(kExitUsage, "--ext \"" + *line.map.extension + "\": an extension has no /");
        return run_map(line.common, line.map);
      });
  add_job_options(map, line.typed);
  map.add_option("--out", line.map.out, "the folder for the results; made if missing")->required()->check(kNotEmpty);
  map.add_option_function<std::string>(
      "--ext", [&line](const std::string& text) { line.map.extension = text; },
      "extension of the results, in place of the input's; \"\": drop the input's");
  map.add_option("--jobs", line.map.in_flight, "jobs in flight at once (else chosen by the number of CPUs)")
      ->check(CLI::Range(1, 256));
  map.add_flag("--once", line.map.once, "a file whose worker dies is not tried again");
  map.add_flag("--force", line.map.force, "replace results that exist already");
  map.add_option("files", line.map.files, "the inputs")->required();
}

void add_pool_option(CLI::App& command, CommandLine& line) {
  command.add_option("pool", line.pool, "only this pool")->check(kNotEmpty);
}

int run_cancel_line(const CommandLine& line) {
  const auto id = parse_job(line.job);
  if (!id) return fail(kExitUsage, id.error().message);
  if (!line.force) return run_cancel(line.common, *id, std::nullopt);
  Force force;
  if (!line.grace.empty()) {
    const auto grace = parse_duration(line.grace);
    if (!grace) return fail(kExitUsage, grace.error().message);
    force.grace = *grace;
  }
  return run_cancel(line.common, *id, force);
}

void add_cancel_command(CLI::App& app, CommandLine& line, Run& run) {
  CLI::App& cancel = add_command(app, line, run, "cancel", "end a job (your own; an administrator: any)", false,
                                 [&line] { return run_cancel_line(line); });
  cancel.add_option("job", line.job, "the job as status shows it, such as 17-1, or its number as logs show it")
      ->required();
  auto* force = cancel.add_flag("--force", line.force, "kill its worker if its handler does not stop by itself");
  cancel.add_option("--grace", line.grace, "with --force: until that, such as 30ms, at most 60s (else the pool's)")
      ->needs(force)
      ->check(kNotEmpty);
}

void add_daemon_commands(CLI::App& app, CommandLine& line, Run& run) {
  add_pool_option(add_command(app, line, run, "handlers", "list pools, handlers, arguments and limits", true,
                              [&line] { return run_handlers(line.common, line.pool); }),
                  line);
  CLI::App& status = add_command(app, line, run, "status", "how daemon, pools, workers and sessions are", true,
                                 [&line] { return run_status(line.common, line.pool, line.watch, line.full); });
  add_pool_option(status, line);
  status.add_flag("--watch", line.watch, "again every second until Ctrl-C");
  status.add_flag("--full", line.full, "stacks of incidents with every frame, also of the worker and of libraries");
  CLI::App& health = add_command(
      app, line, run, "health", "one line; exit status 0 healthy, 1 degraded, 2 down, 3 starting", true, [&line] {
        for (const auto& [text, time] :
             {std::pair(&line.health_timeout, &line.health.timeout), std::pair(&line.health_wait, &line.health.wait)}) {
          const auto parsed = text->empty() ? Result<Duration>(*time) : parse_duration(*text);
          if (!parsed) return fail(kExitUsage, parsed.error().message);
          *time = *parsed;
        }
        return run_health(line.common, line.health);
      });
  auto* live = health.add_flag("--live", line.health.live, "status 0 if the daemon answers at all, else 2");
  health.add_flag("--ready", line.health.ready, "status 0 if jobs are taken and have workers (healthy or degraded)")
      ->excludes(live);
  health.add_option("--timeout", line.health_timeout, "longest wait for an answer, such as 500ms (else 5s)");
  health.add_option("--wait", line.health_wait, "ask again for so long until the status is 0, such as 30s");
  add_cancel_command(app, line, run);
  CLI::App& drain = add_command(app, line, run, "drain", "take no new jobs, let the others end (administrator)", false,
                                [&line] { return run_drain(line.common, line.pool, line.resume, line.wait); });
  add_pool_option(drain, line);
  drain.add_flag("--wait", line.wait, "return when nothing is queued or running any more");
  drain.add_flag("--resume", line.resume, "take jobs again");
  add_command(app, line, run, "stop", "end the daemon: running jobs may end, queued ones are lost (administrator)",
              false, [&line] { return run_stop(line.common); });
}

// The commands below "pools"; each has --socket, as every command.
void add_pools_commands(CLI::App& app, CommandLine& line, Run& run) {
  CLI::App& pools = *app.add_subcommand("pools", "create, drop and resize pools while the daemon runs");
  pools.require_subcommand(1);
  CLI::App& create =
      add_command(pools, line, run, "create", "a pool of your own, for as long as this command runs; prints its name",
                  false, [&line] { return run_create_pool(line.common, line.pools); });
  create.add_option("name", line.pools.name, "1 to 32 letters, digits, - and _")->required()->check(kNotEmpty);
  create.add_option("--config", line.pools.config, "FILE: the keys of one pool's table")->required()->check(kNotEmpty);
  create.add_option("--workers", line.pools.workers, "how many (else as FILE says)")->check(CLI::Range(1, 256));
  create.add_option("--min", line.pools.min_workers, "as many as there is work for, from this to --workers")
      ->check(CLI::Range(1, 256));
  create.add_option("--most", line.pools.most_workers, "to which it may be resized (else as many as there are)")
      ->check(CLI::Range(1, 256));
  CLI::App& drop =
      add_command(pools, line, run, "drop", "remove a pool of your own (an administrator: any)", false, [&line] {
        if (!line.pools_timeout.empty()) {
          const auto parsed = parse_duration(line.pools_timeout);
          if (!parsed) return fail(kExitUsage, parsed.error().message);
          line.pools.timeout = *parsed;
        }
        return run_drop_pool(line.common, line.pools);
      });
  drop.add_option("name", line.pools.name, "as it was created, or in full")->required()->check(kNotEmpty);
  drop.add_option("--timeout", line.pools_timeout, "for running jobs, such as 5s (else the daemon's shutdown_timeout)");
  CLI::App& resize = add_command(pools, line, run, "resize", "how many workers it has, up to what it was created for",
                                 false, [&line] { return run_resize_pool(line.common, line.pools); });
  resize.add_option("name", line.pools.name, "as it was created, or in full")->required()->check(kNotEmpty);
  resize.add_option("workers", line.pools.workers, "how many")->required();
  resize.add_option("--min", line.pools.min_workers, "as many as there is work for, from this on");
}

// An error text if the first word that is not an option is no command either.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  for (int at = 1; at < argc; ++at) {
    const std::string word = argv[at];
    if (word == "--socket") {
      ++at;  // and its value
    } else if (!word.starts_with('-')) {
      const bool known = std::find(names.begin(), names.end(), word) != names.end();
      if (known) return {};
      return "\"" + word + "\" is not a command" + did_you_mean(word, names) + "; \"ringmaster --help\" lists them";
    }
  }
  return {};
}

// For the first unknown option: a suggestion of what was meant.
std::string meant_option(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> names;
  const auto add_names = [&names](const CLI::App& of) {
    for (const CLI::Option* option : of.get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  };
  add_names(app);
  for (const CLI::App* command : app.get_subcommands()) add_names(*command);
  for (int at = 1; at < argc; ++at) {
    const std::string word(argv[at], std::strcspn(argv[at], "="));
    if (word.starts_with("--") && std::find(names.begin(), names.end(), word) == names.end())
      return did_you_mean(word, names);
  }
  return {};
}

int say_problem(const CLI::App& app, const CLI::ParseError& problem, int argc, char** argv) {
  if (problem.get_exit_code() != 0)
    return fail(kExitUsage, std::string(problem.what()) + meant_option(app, argc, argv) + "; --help lists the options");
  (void)app.exit(problem);  // what --help and --version print
  std::cout.flush();
  return print({}, std::cout.good() ? kExitDone : kExitFile);
}

int run_command(const Run& run) try { return run(); } catch (const std::bad_alloc&) {
  return fail(kExitRefused, "out of memory");
}

int run_main(int argc, char** argv) {
  // Before anything is opened: otherwise the socket could get the number of a closed standard output.
  fill_standard_descriptors(StandIn::Refuses);
  // A reader that goes away and a file that gets too large shall be errors of write(2), not kill the program.
  (void)std::signal(SIGPIPE, SIG_IGN);
  (void)std::signal(SIGXFSZ, SIG_IGN);
  CLI::App app("ringmaster: hand work to the supervised worker processes of ringmasterd");
  app.set_version_flag("--version", "ringmaster " RINGMASTER_VERSION);
  app.require_subcommand(1);
  CommandLine line;
  Run run;
  app.add_option("--socket", line.common.socket, "the daemon's socket; else $RINGMASTER_SOCKET, else the default place")
      ->check(kNotEmpty);
  add_job_commands(app, line, run);
  add_daemon_commands(app, line, run);
  add_pools_commands(app, line, run);
  if (const std::string unknown = unknown_command(app, argc, argv); !unknown.empty()) return fail(kExitUsage, unknown);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return say_problem(app, problem, argc, argv);
  }
  return run_command(run);
}

}  // namespace
}  // namespace ringmaster::cli

int main(int argc, char** argv) { return ringmaster::cli::run_main(argc, argv); }
