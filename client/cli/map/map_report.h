#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "client/cli/map/map_plan.h"
#include "client/types/outcome.h"
#include "client/types/refusal.h"

namespace ringmaster::cli {

/// Reports what became of each file of a `map`: counts, failures with their causes, and a progress bar on a terminal.
class MapReport {
 public:
  /// `show`: standard error is a terminal, where a bar may be drawn.
  MapReport(std::size_t total, bool show) : total_(total), show_(show) {}

  void add_input(std::uint64_t bytes) { bytes_in_ += bytes; }
  /// `advice`: what to do about a failure; printed after its line.
  void ended(const MapItem& item, const Outcome& outcome, const std::string& advice = {});
  void refused(const MapItem& item, const Refusal& refusal);
  void file_problem(const MapItem& item, const std::string& message);
  void interrupted(const MapItem& item);
  /// The file was left out because results cannot be written any more.
  void not_run(const MapItem& item);

  /// Draws the bar, at most ten times a second.
  void show();
  /// Removes the bar and stops the clock.
  void finish();

  [[nodiscard]] bool all_done() const { return failures_.empty() && done_ == total_; }
  /// One line.
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] std::string to_json(const std::string& handler) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Failure {
    std::string file;
    std::string status;
    std::string cause;
    unsigned detail = 0;
    unsigned attempts = 0;
    std::uint64_t job_id = 0;
    std::string message;
  };
  /// Also prints the line at once.
  void add_failure(Failure failure, const std::string& line);
  void print(const std::string& file, const std::string& line);

  std::size_t total_;
  bool show_;
  bool bar_ = false;  ///< the bar is shown on the terminal now
  std::size_t done_ = 0;
  std::size_t again_ = 0;
  std::size_t remarked_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::vector<Failure> failures_;
  Clock::time_point began_ = Clock::now();
  Clock::time_point shown_{};
  Duration took_{0};
};

}  // namespace ringmaster::cli
