#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/model/explorer.h"
#include "tests/model/sets.h"

// Explores sets of the slot protocol and prints what it found. Exit status: 0 as expected, 1 not, 2 usage.

namespace ringmaster::model {
namespace {

bool run(const Config& set, bool show_trace, uint64_t seed) {
  const Verdict verdict = explore(set, 1'500'000'000, seed);
  const std::string mutation(name_of(set.mutation));
  std::printf("%-30.*s %-24s %10zu states %11zu steps  depth %3zu  %7.1f s  %s\n", static_cast<int>(set.name.size()),
              set.name.data(), set.mutation == Mutation::None ? "" : mutation.c_str(), verdict.states, verdict.steps,
              verdict.depth, verdict.seconds,
              !verdict.violation.empty() ? verdict.violation.c_str()
              : verdict.exhausted        ? "holds"
                                         : "not exhausted");
  if (show_trace && !verdict.violation.empty()) std::printf("%s", verdict.trace.c_str());
  std::fflush(stdout);
  return set.mutation == Mutation::None ? verdict.holds() : !verdict.violation.empty();
}

int main_of(int argc, char** argv) {
  std::string_view what = argc > 1 ? argv[1] : "ci";
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  bool as_expected = true;
  bool any = false;
  const auto all = [&](const std::vector<Config>& sets, bool everything) {
    for (const Config& set : sets) {
      if (!everything && set.name != what) continue;
      any = true;
      as_expected = run(set, true, seed) && as_expected;
    }
  };
  all(ci_sets(), what == "ci");
  all(large_sets(), what == "large");
  for (const Mutation mutation : all_mutations()) {
    if (what != "mutations" && what != name_of(mutation)) continue;
    any = true;
    as_expected = run(set_for(mutation), what != "mutations", seed) && as_expected;
  }
  if (!any) {
    std::fprintf(stderr, "usage: protocol_model [ci | large | mutations | NAME OF A SET OR MUTATION] [SEED]\n");
    return 2;
  }
  return as_expected ? 0 : 1;
}

}  // namespace
}  // namespace ringmaster::model

int main(int argc, char** argv) { return ringmaster::model::main_of(argc, argv); }
