#include "client/cli/map/map_report.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "client/cli/console/json.h"
#include "client/cli/console/show_text.h"
#include "client/cli/console/terminal.h"
#include "client/cli/console/words.h"

namespace ringmaster::cli {

void MapReport::add_failure(Failure failure, const std::string& line) {
  print(failure.file, line);
  failures_.push_back(std::move(failure));
}

void MapReport::print(const std::string& file, const std::string& line) {
  if (bar_) std::fputs("\r\x1b[K", stderr);
  bar_ = false;
  std::fprintf(stderr, "%s: %s\n", clean_line(file).c_str(), clean_line(line).c_str());
}

void MapReport::ended(const MapItem& item, const Outcome& outcome, const std::string& advice) {
  if (outcome.attempts() > 1) ++again_;
  if (outcome.ok()) {
    ++done_;
    bytes_out_ += outcome.result().size();
    if (!outcome.message().empty()) {
      ++remarked_;
      print(item.input, "done, with a remark: " + outcome.message());
    }
    return;
  }
  add_failure({item.input, std::string(to_string(outcome.status())), std::string(to_string(outcome.cause())),
               outcome.detail(), outcome.attempts(), outcome.facts().job_id, outcome.message()},
              outcome.describe() + advice);
}
void MapReport::refused(const MapItem& item, const Refusal& refusal) {
  const Status status = refusal.error == SubmitError::SessionClosed ? Status::Lost : Status::Refused;
  add_failure(
      {item.input, std::string(to_string(status)), std::string(to_string(refusal.error)), 0, 0, 0, refusal.message},
      std::string(to_string(status)) + ": " + refusal.message);
}
void MapReport::file_problem(const MapItem& item, const std::string& message) {
  add_failure({item.input, "file", "file", 0, 0, 0, message}, message);
}
void MapReport::interrupted(const MapItem& item) {
  failures_.push_back({item.input, "cancelled", "interrupted", 0, 0, 0, ""});
}
void MapReport::not_run(const MapItem& item) {
  failures_.push_back({item.input, "file", "not run", 0, 0, 0, "left out: results cannot be written any more"});
}

void MapReport::show() {
  const auto now = Clock::now();
  if (!show_ || now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  // One column stays free: some terminals start a new line as soon as one is full.
  const std::size_t columns = std::max<std::size_t>(terminal_columns(STDERR_FILENO), 1) - 1;
  const Progress progress{total_, done_ + failures_.size(), failures_.size(), now - began_};
  std::fprintf(stderr, "\r\x1b[K%s", show_progress(progress, columns).c_str());
  std::fflush(stderr);
  bar_ = true;
}

void MapReport::finish() {
  if (bar_) std::fputs("\r\x1b[K", stderr);
  bar_ = false;
  took_ = Clock::now() - began_;
}

std::string MapReport::summary() const {
  const double seconds = std::max(1e-9, std::chrono::duration<double>(took_).count());
  char rate[64];
  std::snprintf(rate, sizeof rate, "%.1f", static_cast<double>(done_) / seconds);
  std::string line = std::to_string(done_) + " of " + std::to_string(total_) + " done in " + show_duration(took_) +
                     " (" + rate + "/s, " + show_bytes(bytes_in_) + " in, " + show_bytes(bytes_out_) + " out)";
  if (again_ != 0) line += ", " + std::to_string(again_) + " after a retry";
  if (remarked_ != 0) line += ", " + std::to_string(remarked_) + " with a remark";
  if (!failures_.empty()) line += ", " + std::to_string(failures_.size()) + " without a result";
  return line + "\n";
}

std::string MapReport::to_json(const std::string& handler) const {
  const double seconds = std::max(1e-9, std::chrono::duration<double>(took_).count());
  const bool cut =
      std::any_of(failures_.begin(), failures_.end(), [](const Failure& one) { return one.cause == "interrupted"; });
  JsonWriter json;
  json.begin_object();
  json.text("handler", handler);
  json.number("total", std::uint64_t{total_});
  json.number("done", std::uint64_t{done_});
  json.number("failed", std::uint64_t{failures_.size()});
  json.number("retried", std::uint64_t{again_});
  json.boolean("interrupted", cut);
  json.real("seconds", seconds);
  json.real("files_per_second", static_cast<double>(done_) / seconds);
  json.number("bytes_in", bytes_in_);
  json.number("bytes_out", bytes_out_);
  json.begin_array("failures");
  for (const Failure& one : failures_) {
    json.begin_object();
    json.text("file", one.file);
    json.text("status", one.status);
    json.text("cause", one.cause);
    json.number("detail", std::uint64_t{one.detail});
    json.number("attempts", std::uint64_t{one.attempts});
    json.text("job_id", decimal_job(one.job_id)).text("job", show_job(one.job_id));
    json.text("message", one.message);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace ringmaster::cli
