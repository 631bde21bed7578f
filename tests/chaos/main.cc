#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "tests/chaos/report.h"
#include "tests/testing/scratch_cgroup.h"

// scripts/chaos runs this; tests/chaos/README.md says what it does.

using namespace ringmaster::chaos;  // NOLINT(google-build-using-namespace): a program

namespace {

constexpr const char* kUsage =
    "usage: ringmaster-chaos [--minutes N | --seconds N] [--seed S] [--clients N] [--kills N] [--stops N]\n"
    "                        [--drains N] [--pause US] [--largest BYTES] [--no-crashes] [--patience S]\n"
    "                        [--plant FAULT --expect RULE] [--json FILE] [--folder DIR] [--keep] [--schedule]\n";

struct CommandLine {
  RunOptions run;
  ReportOptions report;
  std::string plant;
  std::string folder;
  bool keep = false;
  bool schedule_only = false;
};

class Words {
 public:
  Words(int argc, char** argv) : argc_(argc), argv_(argv) {}
  [[nodiscard]] bool more() const { return at_ + 1 < argc_; }
  const char* next() {
    if (!more()) throw std::invalid_argument("a value is missing at the end");
    return argv_[++at_];
  }
  std::uint64_t number() {
    const char* const word = next();
    char* end = nullptr;
    const std::uint64_t value = std::strtoull(word, &end, 10);
    if (end == word || *end != '\0') throw std::invalid_argument(std::string("\"") + word + "\" is no number");
    return value;
  }

 private:
  int argc_;
  char** argv_;
  int at_ = 0;
};

void set_kills(Pace& pace, unsigned per_minute) {
  pace.of(Act::KillWorker) = per_minute * 8 / 10;
  pace.of(Act::KillSupervisor) = per_minute / 10;
  pace.of(Act::KillClient) = per_minute / 10;
}
void set_stops(Pace& pace, unsigned per_minute) {
  pace.of(Act::StopWorker) = per_minute / 2;
  pace.of(Act::StopSupervisor) = per_minute / 5;
  pace.of(Act::StopClient) = per_minute * 3 / 10;
}

CommandLine parse(int argc, char** argv) {
  CommandLine line;
  line.run.seed = std::random_device{}() % 1'000'000;
  for (Words words(argc, argv); words.more();) {
    const std::string option = words.next();
    if (option == "--minutes") {
      line.run.length = std::chrono::minutes(words.number());
    } else if (option == "--seconds") {
      line.run.length = std::chrono::seconds(words.number());
    } else if (option == "--seed") {
      line.run.seed = words.number();
    } else if (option == "--clients") {
      line.run.clients = static_cast<unsigned>(words.number());
    } else if (option == "--kills") {
      set_kills(line.run.pace, static_cast<unsigned>(words.number()));
    } else if (option == "--stops") {
      set_stops(line.run.pace, static_cast<unsigned>(words.number()));
    } else if (option == "--drains") {
      line.run.pace.of(Act::Drain) = static_cast<unsigned>(words.number());
    } else if (option == "--pause") {
      line.run.mean_pause_us = static_cast<std::uint32_t>(words.number());
    } else if (option == "--largest") {
      line.run.largest_bytes = words.number();
    } else if (option == "--no-crashes") {
      line.run.crashes = false;
    } else if (option == "--patience") {
      line.run.patience = std::chrono::seconds(words.number());
    } else if (option == "--plant") {
      line.plant = words.next();
    } else if (option == "--expect") {
      line.report.expect = words.next();
    } else if (option == "--json") {
      line.report.json = words.next();
    } else if (option == "--folder") {
      line.folder = words.next();
    } else if (option == "--keep") {
      line.keep = true;
    } else if (option == "--schedule") {
      line.schedule_only = true;
    } else {
      throw std::invalid_argument("\"" + option + "\" is no option");
    }
  }
  // With the seed at its end, whoever chose it; and in a folder of its own.
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--seed" || word == "--folder" || word == "--json") {
      ++i;
    } else {
      line.report.replay += " " + word;
    }
  }
  line.report.replay += " --seed " + std::to_string(line.run.seed);
  return line;
}

std::string make_folder(const std::string& wanted) {
  if (!wanted.empty()) {
    std::filesystem::create_directories(wanted);
    if (!std::filesystem::is_empty(wanted)) throw std::runtime_error(wanted + " is not empty");
    return std::filesystem::absolute(wanted).string();
  }
  std::string folder = (std::filesystem::temp_directory_path() / "ringmaster-chaos.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + folder);
  std::filesystem::permissions(folder, std::filesystem::perms(0711));  // clients are other users too
  return folder;
}

// `last`: no other seed will be tried where this one does not find what is expected.
int run(const CommandLine& line, bool last) {
  if (line.schedule_only) {
    print_schedule(plan_steps(line.run.seed, line.run.length, line.run.pace));
    return 0;
  }
  Setup setup;
  setup.ringmasterd = RINGMASTERD;
  setup.client = CHAOS_CLIENT;
  setup.handlers = CHAOS_HANDLERS;
  setup.plant = line.plant;
  setup.folder = make_folder(line.folder);
  const ringmaster::ScratchCgroup group;
  // A cgroup would end what a planted fault leaves.
  if (setup.plant.empty()) setup.cgroup = group.path();
  RunResult result = run_chaos(setup, line.run);
  for (const std::string& leaf : group.leaves())
    result.judgement.breaches.push_back({Rule::NothingLeft, 0, "a cgroup is left: " + group.path() + "/" + leaf});
  const bool as_it_should = report(setup, line.run, line.report, result);
  if ((as_it_should || !last) && !line.keep) {
    std::filesystem::remove_all(setup.folder);
  } else {
    std::printf("the histories are kept in %s\n", setup.folder.c_str());
  }
  return as_it_should ? 0 : 1;
}

// A planted fault shows only in a run that meets it: a job that would be tried once too often, say. Where one seed does
// not, the next may.
int run_until_found(CommandLine line) {
  constexpr int kSeeds = 10;
  const int most = line.report.expect.empty() ? 1 : kSeeds;
  int code = 1;
  for (int tried = 1; tried <= most && code == 1; ++tried, ++line.run.seed) code = run(line, tried == most);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  ::setvbuf(stdout, nullptr, _IOLBF, 0);
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return run_until_found(parse(argc, argv));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "ringmaster-chaos: %s\n%s", error.what(), kUsage);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringmaster-chaos: %s\n", error.what());
  }
  return 2;
}
