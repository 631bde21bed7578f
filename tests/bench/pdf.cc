// examples/invoices under load: its three variants in turns, each burst with a server process of its own.
#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "tests/bench/measures.h"
#include "tests/bench/peer.h"

namespace ringmaster::bench {
namespace {

constexpr std::array kVariants = {"ringmaster", "piscina", "in-process"};
/// What the first of the 200 invoices does. An endless loop costs up to 15 seconds a burst, so there are fewer of
/// these.
constexpr std::array kPoisons = {"none", "loop", "crash"};
constexpr int kPoisonedBlocks = 3;

struct Figure {
  const char* key;
  const char* what;
};
constexpr std::array kFigures = {Figure{"failed", "failed"}, Figure{"p95_ms", "p95, ms"},
                                 Figure{"healthz_p99_ms", "/healthz meanwhile, p99, ms"}};

std::string name_of(const std::string& variant, const std::string& poison, const std::string& figure) {
  std::string name = "pdf_" + variant + "_" + poison + "_" + figure;
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string title_of(const std::string& poison) {
  if (poison == "loop") return "one loops for ever: the other 199: ";
  if (poison == "crash") return "one crashes natively: the other 199: ";
  return "200 PDFs at once: ";
}

}  // namespace

void measure_pdf(const std::string& folder, int blocks, Report& report) {
  auto bursts = Peer::start({"node", folder + "/pdf.mjs", folder});
  if (!bursts) throw std::runtime_error("node " + folder + "/pdf.mjs does not start");
  for (int block = 1; block <= blocks; ++block) {
    std::fprintf(stderr, "bench: PDFs, block %d of %d\n", block, blocks);
    for (const std::string poison : kPoisons) {
      if (poison != "none" && block > kPoisonedBlocks) continue;
      for (const std::string variant : kVariants) {
        auto answer = bursts->measure(variant + " " + poison);
        if (!answer.contains("failed")) throw std::runtime_error("no figures of " + variant + ", " + poison);
        for (const auto& [figure, value] : answer) report.add(name_of(variant, poison, figure), value);
      }
    }
  }
}

std::string pdf_table(const Report& report) {
  std::string text = "| invoices | ringmaster | piscina | in-process |\n|---|---|---|---|\n";
  for (const std::string poison : kPoisons) {
    for (const Figure& figure : kFigures) {
      text += "| " + title_of(poison) + figure.what + " |";
      for (const std::string variant : kVariants) {
        const std::string name = name_of(variant, poison, figure.key);
        text += report.has(name) ? " " + number(report.value(name)) + " |" : " no answer |";
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace ringmaster::bench
