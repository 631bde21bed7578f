// What is typed at the command, and what it shows of what the daemon says: times, sizes, ids, names, JSON.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "client/cli/console/json.h"
#include "client/cli/console/show_text.h"
#include "client/cli/console/words.h"
#include "client/cli/files/result_place.h"
#include "client/cli/map/map_plan.h"
#include "client/cli/pool_figures.h"
#include "client/cli/status_view.h"
#include "daemon/config/config_units.h"
#include "proto/socket_path.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/sentence.h"
#include "tests/fuzz/some_handlers.h"

namespace ringmaster::fuzz {
namespace {

using namespace cli;  // NOLINT(google-build-using-namespace): a program

template <typename T>
bool read(const Result<T>& result) {
  if (!result) check_sentence(result.error().message);
  return result.has_value();
}

void words(const std::string& text) {
  if (const auto time = parse_duration(text); read(time)) {
    RM_CHECK(time->count() >= 0 && *time <= std::chrono::hours(2000), "%s", text.c_str());
    check_sentence(show_duration(*time));
  }
  if (const auto job = parse_job(text); read(job)) {
    RM_CHECK(*job != 0 && parse_job(show_job(*job)).value() == *job && parse_job(decimal_job(*job)).value() == *job,
             "a job that is another one when it is read back: %s", text.c_str());
    RM_CHECK(static_cast<std::uint32_t>(*job) != 0, "a number that no job has: %s", text.c_str());
  }
  if (const auto named = parse_target(text); read(named))
    RM_CHECK(named->pool + "/" + named->handler == text, "%s", text.c_str());
  if (const auto argument = parse_argument(text); read(argument))
    RM_CHECK(argument->key + "=" + argument->value == text && is_name(argument->key), "%s", text.c_str());
  const std::string meant = did_you_mean(text, {"status", "submit", "map", "handlers"});
  RM_CHECK(meant.empty() || meant.starts_with("; did you mean"), "%s", meant.c_str());
  if (const auto descriptor = descriptor_named(text)) RM_CHECK(*descriptor >= 0, "%d", *descriptor);
  if (const auto fits = wire::check_socket_path(text); !fits) RM_CHECK(!fits.error().message.empty(), "without a word");
}

// The configuration's own units: whole numbers, exact.
void units(const std::string& text) {
  if (const auto time = config::parse_duration(text)) {
    RM_CHECK(time->count() >= 0 && config::parse_duration(std::to_string(time->count()) + "ns") == time, "%s",
             text.c_str());
  }
  if (const auto size = config::parse_size(text)) {
    RM_CHECK(size->value <= std::uint64_t{1} << 62 && config::parse_size(std::to_string(size->value) + "B") == size,
             "%s", text.c_str());
  }
  if (const auto mode = config::parse_mode(text)) RM_CHECK((*mode & ~0777U) == 0, "%o", *mode);
}

void shown(const std::string& text) {
  const std::string line = clean_line(text);
  RM_CHECK(is_clean_text(line) && line.find('\n') == std::string::npos && clean_line(line) == line, "not clean");
  RM_CHECK(clean_lines(clean_lines(text)) == clean_lines(text), "not clean");
  for (const std::size_t columns : {0U, 1U, 7U, 80U}) {
    const std::string cut = cut_to_width(line, columns);
    RM_CHECK(display_width(cut) <= columns && line.starts_with(cut), "%zu columns", columns);
  }
  const std::string quoted = json_string(text);
  RM_CHECK(is_json(quoted) && is_clean_text(quoted), "no JSON string");
  const std::string digits = base64(std::as_bytes(std::span(text)));
  RM_CHECK(digits.size() == (text.size() + 2) / 3 * 4, "%zu digits", digits.size());
  for (const std::size_t limit : {0U, 3U, 20U}) RM_CHECK(shorten_text(text, limit).size() <= limit, "%zu", limit);
  check_sentence(show_bytes(text.size()));
  check_sentence(show_time(text.size() << (text.size() % 60)));
}

// A handler's own description says how results are named: never into another folder.
void names(Script& script) {
  const std::vector<std::byte> table = exact_copy(script.text());
  const auto handlers = decode_handlers(table);
  if (!handlers) return;
  PoolHandlers pool;
  pool.pool = "images";
  pool.handlers = *handlers;
  RM_CHECK(is_json(handlers_json({pool})), "no JSON");
  (void)handlers_text({pool});
  const std::string input(script.text());
  for (const HandlerDescription& handler : *handlers) {
    Arguments arguments;
    for (const ArgumentDescription& one : handler.arguments)
      arguments.push_back({one.name, std::string(script.text())});
    for (const std::optional<std::string>& chosen :
         {std::optional<std::string>(), std::optional<std::string>("webp")}) {
      const auto name = output_name(input, extension_rule(handler, arguments, chosen));
      RM_CHECK(name ? name->find('/') == std::string::npos : !name.error().message.empty(),
               "a result in another folder");
    }
    const MapItem item{input, "out", script.next<std::uint64_t>() >> 8, 0};
    const MapRoom room = plan_room({item, item}, &handler, 1 + script.below(64), pool);
    RM_CHECK(room.request_ring % 4096 == 0 && room.result_ring % 4096 == 0, "a ring of half a page");
  }
}

// What a daemon of another version may say.
void status(std::string_view bytes) {
  control::v1::Status status;
  if (!status.ParseFromString(std::string(bytes))) return;
  RM_CHECK(is_json(status_json(status)), "no JSON");
  for (const bool full : {false, true}) (void)clean_lines(status_text(status, full));
  for (const auto& pool : status.pools()) (void)pool_figures(pool);
}

void run(Input input) {
  google::protobuf::SetLogHandler(nullptr);  // it would say each time what is wrong with a text
  Script script(input);
  switch (script.next<std::uint8_t>() % 5) {
    case 0:
      return words(std::string(script.rest()));
    case 1:
      return units(std::string(script.rest()));
    case 2:
      return shown(std::string(script.rest()));
    case 3:
      return names(script);
    default:
      return status(script.rest());
  }
}

control::v1::Status busy_status() {
  control::v1::Status status;
  status.set_version("0.2.0");
  status.set_uptime_ms(123456);
  auto& pool = *status.add_pools();
  pool.set_name("images");
  auto& worker = *pool.add_workers();
  worker.set_state("running");
  worker.set_current_job_id(std::uint64_t{17} << 32 | 1);
  worker.set_cpu_percent(12.5);
  pool.mutable_counters()->set_done(7);
  auto& rates = *pool.add_rates();
  rates.set_window_ms(1000);
  rates.set_done(1.5);
  pool.mutable_queue_time()->set_count(3);
  pool.mutable_run_time()->set_p99_ns(999'999);
  auto& incident = *pool.add_incidents();
  incident.set_cause("crashed");
  incident.set_stack("#0 resize (a.cc:1)\n#1 run");
  incident.set_ago_ms(5);
  auto& session = *status.add_sessions();
  session.set_client("fuzz");
  session.set_pool("images");
  return status;
}

std::vector<std::string> seeds() {
  std::vector<std::string> seeds;
  const auto add = [&seeds](char kind, std::string_view text) { seeds.push_back(kind + std::string(text)); };
  for (const char* text : {"250ms", "1.5m", "1h", "17-1", "73014444033", "default/thumbnail", "width=256", "statsu",
                           "/dev/fd/3", "/run/ringmaster.sock", "0-1", "1e400s", "-1s"}) {
    add('\0', text);
  }
  for (const char* text : {"30s", "50us", "64MiB", "2TiB", "0660", "9999999999h", "18446744073709551615B"})
    add('\1', text);
  add('\2', "plain \"quoted\" \\ \x1b[31m \xE2\x80\xAE caf\xC3\xA9 \xF0\x9F\x98\x80 \xFF\n\ttab");
  HandlerDescription handler;
  handler.name = "thumbnail";
  handler.arguments = {argument("format", ArgumentType::Choice)};
  handler.output_extension = "{format}";
  HandlerDescription other;
  other.name = "zstd";
  other.arguments = {argument("mode", ArgumentType::Text)};
  other.output_extension = "{mode:compress=+zst,decompress=-zst}";
  const std::vector<HandlerDescription> table{handler, other};
  seeds.push_back(SeedWriter()
                      .put(std::uint8_t{3})
                      .text(encode_handlers(table).value())
                      .text(std::string_view("a/b.PNG"))
                      .text(std::string_view("jpeg"))
                      .text(std::string_view("decompress"))
                      .take());
  add('\4', busy_status().SerializeAsString());
  return seeds;
}

}  // namespace

const Target& target() {
  static const Target cli{.name = "cli", .run = run, .seeds = seeds, .mutants = 400};
  return cli;
}

}  // namespace ringmaster::fuzz
