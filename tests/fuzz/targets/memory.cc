// Every segment's words as a hostile peer writes them, with clients, workers, a reaper, verdicts and a successor at
// work in between. A client that writes what it likes harms nobody but itself: the other session's jobs all end, once,
// with their own results. A worker that does harms jobs, but neither the supervisor nor what clients believe.
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/memory/house.h"
#include "tests/fuzz/memory/scribbler.h"
#include "tests/fuzz/script.h"

namespace ringmaster::fuzz {
namespace {

constexpr unsigned kSteps = 14;

void step(House& house, unsigned kind, Script& script) {
  const auto which = script.next<std::uint8_t>();
  const std::size_t tenant = which & 1;
  const std::size_t hand = which >> 1 & 1;
  switch (kind % kSteps) {
    case 0:
      return house.tenant(tenant).submit(which, (which & 4) != 0, (which & 8) != 0 ? 1 : 0, house.tick());
    case 1:
    case 2:
      return house.claim(hand, tenant);
    case 3:
    case 4:
      return house.finish(hand);
    case 5:
      return house.tenant(tenant).gather(house.tick());
    case 6:
      return house.tenant(tenant).gather_one(which >> 2, house.tick());
    case 7:
      return house.tenant(tenant).cancel(which >> 2);
    case 8:
      return house.sentence(hand);
    case 9:
      return house.bury(hand);
    case 10:
      return house.expire(tenant);
    case 11:
      return house.adopt();
    case 12:
      return house.turn(hand, which >> 2);
    default:
      if (which == 0xFF) return house.end_session(1);
      return (which & 4) != 0 ? house.force(hand) : house.look(hand);
  }
}

void run(Input input) {
  constexpr std::size_t kMost = 4096;
  Script script(input.first(std::min(input.size(), kMost)));
  const Stranger who = script.next<std::uint8_t>() % 2 == 0 ? Stranger::Client : Stranger::Worker;
  House house(who == Stranger::Client);
  while (!script.empty()) {
    const auto what = script.next<std::uint8_t>();
    if (what % 4 == 3) {
      scribble(house, who, script);
    } else {
      step(house, what, script);
    }
  }
  house.settle();
}

// No stranger: each step many times, in an order that does something.
std::string honest(char who) {
  std::string script(1, who);
  for (unsigned round = 0; round < 40; ++round) {
    for (unsigned kind = 0; kind < 4 * kSteps; ++kind) {
      if (kind % 4 == 3) continue;
      script += static_cast<char>(kind);
      script += static_cast<char>(round * 29 + kind * 7);
    }
  }
  return script;
}

std::vector<std::string> seeds() {
  std::vector<std::string> seeds{honest('\0'), honest('\1')};
  for (std::uint64_t number = 0; number < 16; ++number) {
    std::mt19937_64 random(number);
    std::string script(number < 12 ? 600 : 3000, static_cast<char>(number % 2));
    for (std::size_t i = 1; i < script.size(); ++i) script[i] = static_cast<char>(random());
    seeds.push_back(script);
  }
  return seeds;
}

}  // namespace

const Target& target() {
  static const Target memory{.name = "memory", .run = run, .seeds = seeds, .mutants = 200};
  return memory;
}

}  // namespace ringmaster::fuzz
