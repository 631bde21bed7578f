#pragma once

#include <string>
#include <vector>

#include "tests/chaos/run.h"

namespace ringmaster::chaos {

struct ReportOptions {
  std::string json;    ///< a file; empty: none
  std::string replay;  ///< the command line, without the program
  /// "RULE" or "RULE:WORD": a fault was planted, and a breach of this rule, with that word in it, must be found.
  std::string expect;
};

/// Prints jobs, ends, kills, the verdict, and what was broken with its jobs' histories. True: as it should be.
bool report(const Setup& setup, const RunOptions& run, const ReportOptions& options, const RunResult& result);
void print_schedule(const std::vector<Step>& steps);

}  // namespace ringmaster::chaos
