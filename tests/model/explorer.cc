#include "tests/model/explorer.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "tests/model/expansion.h"
#include "tests/model/trace.h"

namespace ringmaster::model {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

uint64_t mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93U;
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93U;
  return value ^ (value >> 32);
}

uint64_t hash_of(const State& state, uint64_t seed) {
  unsigned char bytes[(sizeof state + 7) / 8 * 8] = {};
  std::memcpy(bytes, &state, sizeof state);
  uint64_t hash = mix(seed);
  for (size_t at = 0; at < sizeof bytes; at += 8) {
    uint64_t part = 0;
    std::memcpy(&part, bytes + at, 8);
    hash = (hash ^ mix(part + at)) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29;
  }
  return mix(hash);
}

/// The states seen, by hash; a state's index is the order of its discovery.
class Seen {
 public:
  Seen() : table_(size_t{1} << 16, kNone) {}

  /// The state's index and whether it is new.
  std::pair<uint32_t, bool> insert(uint64_t hash) {
    if (hashes_.size() * 10 > table_.size() * 6) grow();
    size_t at = hash & (table_.size() - 1);
    while (table_[at] != kNone) {
      if (hashes_[table_[at]] == hash) return {table_[at], false};
      at = (at + 1) & (table_.size() - 1);
    }
    table_[at] = static_cast<uint32_t>(hashes_.size());
    hashes_.push_back(hash);
    return {table_[at], true};
  }
  /// Said of several before the first of them is inserted: memory answers all of them in the time of one.
  void expect(uint64_t hash) const { __builtin_prefetch(&table_[hash & (table_.size() - 1)]); }
  void expect_more(uint64_t hash) const {
    const uint32_t index = table_[hash & (table_.size() - 1)];
    if (index != kNone) __builtin_prefetch(&hashes_[index]);
  }
  [[nodiscard]] size_t size() const { return hashes_.size(); }
  [[nodiscard]] uint64_t hash(uint32_t index) const { return hashes_[index]; }

 private:
  void grow() {
    table_.assign(table_.size() * 2, kNone);
    for (size_t i = 0; i < hashes_.size(); ++i) {
      size_t at = hashes_[i] & (table_.size() - 1);
      while (table_[at] != kNone) at = (at + 1) & (table_.size() - 1);
      table_[at] = static_cast<uint32_t>(i);
    }
  }

  std::vector<uint32_t> table_;
  std::vector<uint64_t> hashes_;
};

class Exploration {
 public:
  Exploration(const Config& config, size_t max_states, uint64_t seed)
      : config_(config), rules_(config), max_states_(max_states), seed_(seed) {}

  Verdict run();

 private:
  void visit(uint32_t index, const State& state, std::vector<State>& next);
  void check_reachability();
  [[nodiscard]] std::vector<uint32_t> path_to(uint32_t index) const;
  [[nodiscard]] std::string trace_to(uint32_t index, const Step* last);

  const Config& config_;
  Expansion rules_;
  const size_t max_states_;
  const uint64_t seed_;
  Seen seen_;
  std::vector<uint32_t> parent_;
  std::vector<uint32_t> first_edge_;  // into edges_, per state; the steps that need no help of the environment
  std::vector<uint32_t> edges_;
  std::vector<bool> complete_;
  std::vector<uint64_t> hashes_;  // of the steps of the state that is visited
  Verdict verdict_;
};

void Exploration::visit(uint32_t index, const State& state, std::vector<State>& next) {
  first_edge_.push_back(static_cast<uint32_t>(edges_.size()));
  complete_.push_back(rules_.complete(state));
  const std::vector<Step>& steps = rules_.expand(state);
  hashes_.clear();
  for (const Step& step : steps) {
    hashes_.push_back(hash_of(step.next, seed_));
    seen_.expect(hashes_.back());
  }
  for (const uint64_t hash : hashes_) seen_.expect_more(hash);
  auto hash = hashes_.begin();
  for (const Step& step : steps) {
    ++verdict_.steps;
    if (step.violation != nullptr) {
      verdict_.violation = step.violation;
      const Step copy = step;
      verdict_.trace = trace_to(index, &copy);
      return;
    }
    const auto [to, fresh] = seen_.insert(*hash++);
    if (fresh) {
      parent_.push_back(index);
      next.push_back(step.next);
    }
    if (!step.environment && to != index) edges_.push_back(to);
  }
}

Verdict Exploration::run() {
  const auto start = std::chrono::steady_clock::now();
  std::vector<State> frontier{initial_state(config_)};
  std::vector<State> next;
  seen_.insert(hash_of(frontier[0], seed_));
  parent_.push_back(kNone);
  uint32_t index = 0;
  while (!frontier.empty() && verdict_.violation.empty() && verdict_.exhausted) {
    next.clear();
    for (const State& state : frontier) {
      visit(index++, state, next);
      if (!verdict_.violation.empty()) break;
    }
    frontier.swap(next);
    verdict_.depth++;
    verdict_.exhausted = seen_.size() <= max_states_;
  }
  verdict_.states = seen_.size();
  if (verdict_.violation.empty() && verdict_.exhausted) check_reachability();
  verdict_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return verdict_;
}

void Exploration::check_reachability() {
  const auto count = static_cast<uint32_t>(seen_.size());
  first_edge_.push_back(static_cast<uint32_t>(edges_.size()));
  std::vector<uint32_t> first_back(count + 1, 0);
  for (const uint32_t to : edges_) first_back[to + 1]++;
  for (uint32_t i = 0; i < count; ++i) first_back[i + 1] += first_back[i];
  std::vector<uint32_t> fill(first_back.begin(), first_back.end() - 1);
  std::vector<uint32_t> back(edges_.size());
  for (uint32_t from = 0; from < count; ++from) {
    for (uint32_t e = first_edge_[from]; e < first_edge_[from + 1]; ++e) back[fill[edges_[e]]++] = from;
  }
  std::vector<bool> good = complete_;
  std::vector<uint32_t> work;
  for (uint32_t i = 0; i < count; ++i) {
    if (good[i]) work.push_back(i);
  }
  while (!work.empty()) {
    const uint32_t at = work.back();
    work.pop_back();
    for (uint32_t e = first_back[at]; e < first_back[at + 1]; ++e) {
      if (good[back[e]]) continue;
      good[back[e]] = true;
      work.push_back(back[e]);
    }
  }
  // A state with nothing left to do reads best; else the earliest from which there is no way to completion.
  uint32_t found = kNone;
  for (uint32_t i = 0; i < count; ++i) {
    if (good[i]) continue;
    if (found == kNone) found = i;
    if (first_edge_[i] == first_edge_[i + 1]) {
      found = i;
      break;
    }
  }
  if (found == kNone) return;
  verdict_.violation = "a state from which the jobs can not all be completed and collected (a lost wake)";
  verdict_.trace = trace_to(found, nullptr);
}

std::vector<uint32_t> Exploration::path_to(uint32_t index) const {
  std::vector<uint32_t> path;
  for (; index != kNone; index = parent_[index]) path.push_back(index);
  std::reverse(path.begin(), path.end());
  return path;
}

std::string Exploration::trace_to(uint32_t index, const Step* last) {
  State state = initial_state(config_);
  std::string text;
  const std::vector<uint32_t> path = path_to(index);
  for (size_t i = 1; i < path.size(); ++i) {
    for (const Step& step : rules_.expand(state)) {
      if (hash_of(step.next, seed_) != seen_.hash(path[i])) continue;
      text += describe(step);
      const State to = step.next;
      state = to;
      break;
    }
  }
  if (last != nullptr) {
    text += describe(*last);
    state = last->next;
  }
  return text + describe(state, config_);
}

}  // namespace

Verdict explore(const Config& config, size_t max_states, uint64_t seed) {
  return Exploration(config, max_states, seed).run();
}

}  // namespace ringmaster::model
