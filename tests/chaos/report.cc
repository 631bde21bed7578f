#include "tests/chaos/report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>

namespace ringmaster::chaos {
namespace {

/// As many breaches of one rule are shown with their histories.
constexpr unsigned kShown = 3;

void print_counts(const char* what, const std::map<std::string, std::uint64_t>& counts) {
  std::printf("%s\n", what);
  for (const auto& [name, count] : counts)
    std::printf("  %-42s %10llu\n", name.c_str(), static_cast<unsigned long long>(count));
  if (counts.empty()) std::printf("  none\n");
}

std::map<std::string, std::uint64_t> named(const std::map<Act, std::uint64_t>& acts) {
  std::map<std::string, std::uint64_t> names;
  for (const auto& [act, count] : acts) names[to_string(act)] = count;
  return names;
}

void print_breaches(const Setup& setup, const Judgement& judgement) {
  std::map<Rule, unsigned> seen;
  for (const Breach& breach : judgement.breaches) ++seen[breach.rule];
  for (const auto& [rule, count] : seen) {
    std::printf("BROKEN: %s (%u times)\n", to_string(rule), count);
    unsigned shown = 0;
    for (const Breach& breach : judgement.breaches) {
      if (breach.rule != rule || shown++ == kShown) continue;
      if (shown > kShown) break;
      if (breach.job == 0) {
        std::printf("  %s\n", breach.text.c_str());
      } else {
        std::printf("  job %llx: %s\n%s", static_cast<unsigned long long>(breach.job), breach.text.c_str(),
                    lines_of(setup, breach.job).c_str());
      }
    }
  }
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

std::string json_of(const std::map<std::string, std::uint64_t>& counts) {
  std::string out = "{";
  for (const auto& [name, count] : counts)
    out += (out.size() > 1 ? ", " : "") + quoted(name) + ": " + std::to_string(count);
  return out + "}";
}

void write_json(const RunOptions& run, const ReportOptions& options, const RunResult& result, bool as_it_should) {
  const Judgement& judgement = result.judgement;
  std::string breaches;
  for (const Breach& breach : judgement.breaches)
    breaches += std::string(breaches.empty() ? "" : ", ") + "{\"rule\": " + quoted(to_string(breach.rule)) +
                ", \"job\": " + std::to_string(breach.job) + ", \"text\": " + quoted(breach.text) + "}";
  std::ofstream(options.json) << "{\"seed\": " << run.seed << ", \"seconds\": "
                              << std::chrono::duration_cast<std::chrono::seconds>(run.length).count()
                              << ", \"clean\": " << (judgement.clean() ? "true" : "false")
                              << ", \"as_expected\": " << (as_it_should ? "true" : "false")
                              << ", \"jobs\": " << judgement.jobs << ", \"accepted\": " << judgement.accepted
                              << ", \"given_up\": " << judgement.given_up << ", \"runs\": " << judgement.runs
                              << ", \"client_lives\": " << result.client_lives
                              << ", \"outcomes\": " << json_of(judgement.outcomes)
                              << ", \"refusals\": " << json_of(judgement.refusals)
                              << ", \"acts\": " << json_of(named(result.acts)) << ", \"breaches\": [" << breaches
                              << "]}\n";
}

}  // namespace

bool report(const Setup& setup, const RunOptions& run, const ReportOptions& options, const RunResult& result) {
  const Judgement& judgement = result.judgement;
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("seed %llu, %lld s, %u clients in %llu lives\n", number(run.seed),
              static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(run.length).count()), run.clients,
              number(result.client_lives));
  std::printf(
      "%llu jobs submitted, %llu accepted, %llu given up by their clients, %llu runs; %llu outcomes explained by a "
      "signal of ours\n",
      number(judgement.jobs), number(judgement.accepted), number(judgement.given_up), number(judgement.runs),
      number(judgement.crashes_by_judge));
  print_counts("outcomes", judgement.outcomes);
  print_counts("refusals", judgement.refusals);
  print_counts("acts", named(result.acts));
  if (result.spared != 0)
    std::printf("  %llu kills of the supervisor were left out: the keeper would have called them a loop\n",
                number(result.spared));
  bool as_it_should = judgement.clean();
  if (options.expect.empty()) {
    print_breaches(setup, judgement);
    std::printf(judgement.clean() ? "CLEAN: 0 wrong\n" : "WRONG: %zu breaches; again with: scripts/chaos%s\n",
                judgement.breaches.size(), options.replay.c_str());
  } else {
    const std::size_t colon = std::min(options.expect.find(':'), options.expect.size());
    const std::string rule = options.expect.substr(0, colon);
    const std::string word = options.expect.substr(std::min(colon + 1, options.expect.size()));
    as_it_should = std::any_of(judgement.breaches.begin(), judgement.breaches.end(), [&](const Breach& breach) {
      return rule_name(breach.rule) == rule && breach.text.find(word) != std::string::npos;
    });
    if (!as_it_should) print_breaches(setup, judgement);
    std::printf("the planted fault \"%s\" was %s\n", setup.plant.c_str(), as_it_should ? "CAUGHT" : "NOT CAUGHT");
  }
  if (!options.json.empty()) write_json(run, options, result, as_it_should);
  return as_it_should;
}

void print_schedule(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    std::printf("%10.3f s  %-26s pick %10u", static_cast<double>(step.at.count()) / 1e9, to_string(step.act),
                step.pick);
    if (step.length != Nanos(0)) std::printf("  for %.3f s", static_cast<double>(step.length.count()) / 1e9);
    std::printf("\n");
  }
}

}  // namespace ringmaster::chaos
