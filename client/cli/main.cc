#include <csignal>
#include <functional>

#include <CLI/CLI.hpp>

#include "client/cli/commands.h"
#include "ringmaster_version.h"

namespace ringmaster::cli {
namespace {

// Values as typed; they are read when the whole command line is known.
struct TypedJob {
  std::string target;
  std::vector<std::string> arguments;
  std::string timeout;
  std::string queue_timeout;
};

void add_job_options(CLI::App& command, TypedJob& job) {
  command.add_option("target", job.target, "POOL/HANDLER, as \"ringmaster handlers\" lists them")->required();
  command.add_option("--arg", job.arguments, "NAME=VALUE, an argument of the handler; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--timeout", job.timeout, "longest run, such as 2s or 250ms (else the pool's)");
  command.add_option("--queue-timeout", job.queue_timeout, "longest wait for a worker (else the pool's)");
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
  std::uint64_t job_id = 0;
  bool watch = false;
  bool resume = false;
  bool wait = false;
};

using Run = std::function<int()>;

CLI::App& add_command(CLI::App& app, CommandLine& line, Run& run, const char* name, const char* help, bool json,
                      Run what) {
  CLI::App& command = *app.add_subcommand(name, help);
  command.add_option("--socket", line.common.socket,
                     "the daemon's socket; else $RINGMASTER_SOCKET, else the default place");
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
  submit.add_option("--in", line.in,
                    "the payload: FILE, or - for standard input (the default unless that is a terminal)");
  submit.add_option("--out", line.submit.out, "the result: FILE (replaced as a whole), or - for standard output")
      ->capture_default_str();
  submit.add_flag("--idempotent", line.submit.idempotent, "the job may run again when its worker dies");

  CLI::App& map = add_command(
      app, line, run, "map",
      "run one job per file, results into a folder\n"
      "Names: a handler with a fixed extension puts it behind the input's name (a.txt -> a.txt.zst), or drops it "
      "if it is\n"
      "there (a.txt.zst -> a.txt); one whose extension is an argument replaces the input's (a.png with format=webp "
      "->\n"
      "a.webp); else the input's name is kept.\n"
      "Two inputs with one result, a result that is an input, and a file that exists already are refused before the "
      "first job.",
      true, [&line] {
        auto job = read_job(line.typed);
        if (!job) return fail(kExitUsage, job.error().message);
        line.map.job = std::move(*job);
        return run_map(line.common, line.map);
      });
  add_job_options(map, line.typed);
  map.add_option("--out", line.map.out, "the folder for the results; made if missing")->required();
  map.add_option_function<std::string>(
      "--ext", [&line](const std::string& text) { line.map.extension = text; },
      "extension of the results, in place of the input's; \"\": drop the input's");
  map.add_option("--jobs", line.map.in_flight, "jobs in flight at once (else chosen by the number of CPUs)")
      ->check(CLI::Range(1, 256));
  map.add_flag("--once", line.map.once, "a file whose worker dies is not tried again");
  map.add_flag("--force", line.map.force, "replace results that exist already");
  map.add_option("files", line.map.files, "the inputs")->required();
}

void add_daemon_commands(CLI::App& app, CommandLine& line, Run& run) {
  add_command(app, line, run, "handlers", "list pools, handlers, arguments and limits", true, [&line] {
    return run_handlers(line.common, line.pool);
  }).add_option("pool", line.pool, "only this pool");
  add_command(app, line, run, "status", "how daemon, pools, workers and sessions are", true, [&line] {
    return run_status(line.common, line.watch);
  }).add_flag("--watch", line.watch, "again every second until Ctrl-C");
  add_command(app, line, run, "health", "one line; exit status 0 healthy, 1 degraded, 2 down", true,
              [&line] { return run_health(line.common); });
  add_command(app, line, run, "cancel", "end a job (your own; an administrator: any)", false,
              [&line] { return run_cancel(line.common, line.job_id); })
      .add_option("job", line.job_id, "the job's id, as status and logs show it")
      ->required();
  CLI::App& drain = add_command(app, line, run, "drain", "take no new jobs, let the others end (administrator)", false,
                                [&line] { return run_drain(line.common, line.pool, line.resume, line.wait); });
  drain.add_option("pool", line.pool, "only this pool");
  drain.add_flag("--wait", line.wait, "return when nothing is queued or running any more");
  drain.add_flag("--resume", line.resume, "take jobs again");
  add_command(app, line, run, "stop", "end the daemon: running jobs may end, queued ones are lost (administrator)",
              false, [&line] { return run_stop(line.common); });
}

int run_main(int argc, char** argv) {
  // A reader that goes away is an error of write(2), not a death without a word.
  (void)std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("ringmaster: hand work to the supervised worker processes of ringmasterd");
  app.set_version_flag("--version", "ringmaster " RINGMASTER_VERSION);
  app.require_subcommand(1);
  CommandLine line;
  Run run;
  app.add_option("--socket", line.common.socket,
                 "the daemon's socket; else $RINGMASTER_SOCKET, else the default place");
  add_job_commands(app, line, run);
  add_daemon_commands(app, line, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kExitDone : kExitUsage;
  }
  return run();
}

}  // namespace
}  // namespace ringmaster::cli

int main(int argc, char** argv) { return ringmaster::cli::run_main(argc, argv); }
