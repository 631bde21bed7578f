#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

// A result that outgrows its extent (shm/DESIGN.md, "Spilled results"), in every order of steps: one job that may be
// tried twice, workers and supervisors that die between any two steps, and a client that fetches the result once the
// slot's word says so. Must hold: the client gets the very file that the worker wrote; nobody waits for ever; when all
// is over, neither supervisor nor keeper has a file.

namespace ringmaster {
namespace {

enum class Word : std::uint8_t { Running, Ready, Spilled, Failed, Free };
enum class Worker : std::uint8_t { None, Runs, Waits, Writes, Sealed, Done };
enum class Stage : std::uint8_t { None, Made, Held, Answered };

constexpr std::uint8_t kClaiming = 255;  // in place of a question's number
constexpr std::uint8_t kMostAttempts = 2;
constexpr std::uint8_t kMostSupervisors = 3;

/// Messages in order, in a socket that outlives a supervisor.
template <typename T>
struct Queue {
  std::array<T, 8> items{};
  std::uint8_t size = 0;
  void push(T item) { items.at(size++) = item; }
  T pop() {
    const T first = items[0];
    for (std::size_t at = 1; at < items.size(); ++at) items[at - 1] = items[at];
    items.back() = T{};
    --size;
    return first;
  }
  auto operator<=>(const Queue&) const = default;
};

struct Said {
  std::uint8_t number = 0;
  std::uint8_t file = 0;
  auto operator<=>(const Said&) const = default;
};

struct State {
  Word word = Word::Running;
  std::uint8_t attempt = 1;
  Worker worker = Worker::Runs;
  std::uint8_t asked = 0;  // the number of its last question
  std::uint8_t file = 0;   // that it writes
  std::uint8_t written = 0;
  Queue<std::uint8_t> questions;
  Queue<Said> answers;
  bool supervisor = true;
  std::uint8_t supervisors = 1;
  bool paused = false;      // the supervisor has said Claiming for a reason of its own
  std::uint8_t record = 0;  // the supervisor's file
  Stage stage = Stage::None;
  std::uint8_t number = 0;   // of the question that it answers
  std::uint8_t asker = 0;    // the attempt that asked
  std::uint8_t deposit = 0;  // the keeper's file
  std::uint8_t files = 0;
  std::uint16_t sealed = 0;  // one bit a file
  auto operator<=>(const State&) const = default;
};

/// What is done wrong on purpose.
enum class Fault { None, AnyAnswer, AnsweredFirst, NotAdopted, KeptForTheNext, NeverAskedAgain, NotSwept };

class Model {
 public:
  explicit Model(Fault fault) : fault_(fault) {}

  /// The first thing that went wrong; empty: nothing, in any order.
  std::string explore() {
    add({});
    while (!open_.empty() && wrong_.empty()) {
      const State state = open_.front();
      open_.pop_front();
      moved_ = false;
      work(state);
      supervise(state);
      fetch(state);
      if (!moved_) judge_end(state);
      die(state);
    }
    return wrong_;
  }
  [[nodiscard]] std::size_t states() const { return seen_.size(); }

 private:
  void add(const State& state) {
    if (seen_.insert(state).second) open_.push_back(state);
  }
  void step(State state, const std::function<void(State&)>& change) {
    moved_ = true;
    change(state);
    add(state);
  }
  void complain(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }
  static bool wanted(const State& state) { return state.word == Word::Running || state.word == Word::Spilled; }

  void work(const State& now) {
    if (now.worker == Worker::Runs) step(now, ask);
    if (now.answers.size != 0 && now.worker != Worker::None) step(now, [this](State& s) { hear(s); });
    if (now.worker == Worker::Writes) step(now, [this](State& s) { seal(s); });
    if (now.worker == Worker::Sealed && now.word == Word::Running) {
      step(now, [](State& s) {
        s.word = Word::Spilled;
        s.written = s.file;
        s.worker = Worker::Done;
      });
    }
  }
  static void ask(State& s) {
    s.worker = Worker::Waits;
    s.questions.push(++s.asked);
  }
  void hear(State& s) const {
    const Said said = s.answers.pop();
    if (s.worker != Worker::Waits) return;
    if (said.number == kClaiming) {
      if (fault_ != Fault::NeverAskedAgain) ask(s);
    } else if (said.number == s.asked || fault_ == Fault::AnyAnswer) {
      s.worker = Worker::Writes;
      s.file = said.file;
    }
  }
  void seal(State& s) {
    if ((s.sealed >> s.file & 1) != 0) complain("a worker got a file that it cannot write");
    s.sealed = static_cast<std::uint16_t>(s.sealed | 1U << s.file);
    s.worker = Worker::Sealed;
  }

  void supervise(const State& now) {
    if (!now.supervisor) return step(now, [this](State& s) { succeed(s); });
    if (now.questions.size != 0) step(now, [this](State& s) { make(s); });
    if (now.stage == Stage::Made || now.stage == Stage::Held) step(now, [this](State& s) { advance(s); });
    if (!now.paused && now.worker != Worker::None && now.word == Word::Running) {
      step(now, [](State& s) {
        s.paused = true;
        s.answers.push({kClaiming, 0});
      });
    }
    if (now.worker == Worker::None && now.word == Word::Running) step(now, bury);
    if (now.worker == Worker::None && now.word == Word::Ready) step(now, retry);
    if (now.record != 0 && now.stage == Stage::Answered && !wanted(now) && fault_ != Fault::NotSwept) step(now, drop);
  }
  void make(State& s) const {
    const std::uint8_t number = s.questions.pop();
    if (s.word != Word::Running) return;
    if (fault_ == Fault::KeptForTheNext && s.record != 0) {
      s.stage = Stage::Held;
    } else {
      drop(s);
      s.record = ++s.files;
      s.stage = Stage::Made;
    }
    s.number = number;
    s.asker = s.attempt;
  }
  void advance(State& s) const {
    const bool answers_first = fault_ == Fault::AnsweredFirst;
    if ((s.stage == Stage::Made) != answers_first) {
      s.deposit = s.record;
    } else if (s.asker == s.attempt && s.worker != Worker::None) {
      s.answers.push({s.number, s.record});
    }
    s.stage = s.stage == Stage::Made ? Stage::Held : Stage::Answered;
  }
  static void drop(State& s) {
    if (s.deposit == s.record) s.deposit = 0;
    s.record = 0;
    s.stage = Stage::None;
  }
  static void bury(State& s) {
    s.word = s.attempt < kMostAttempts ? Word::Ready : Word::Failed;
    s.questions = {};
    s.answers = {};
  }
  static void retry(State& s) {
    s.word = Word::Running;
    s.worker = Worker::Runs;
    s.asked = s.file = 0;
    ++s.attempt;
  }
  void succeed(State& s) const {
    s.supervisor = true;
    ++s.supervisors;
    if (s.deposit != 0 && wanted(s) && fault_ != Fault::NotAdopted) {
      s.record = s.deposit;
      s.stage = Stage::Answered;
    } else {
      s.deposit = 0;
    }
    if (s.worker != Worker::None) s.answers.push({kClaiming, 0});
  }

  void fetch(const State& now) {
    if (now.word != Word::Spilled || !now.supervisor) return;
    if (now.record == 0) return complain("the result is not kept");
    if (now.record != now.written) return complain("the client gets another file than the worker wrote");
    step(now, [](State& s) { s.word = Word::Free; });
  }

  void die(const State& now) {
    if (now.supervisor && now.supervisors < kMostSupervisors) {
      step(now, [](State& s) {
        s.supervisor = false;
        s.record = s.number = s.asker = 0;
        s.stage = Stage::None;
      });
    }
    if (now.worker != Worker::None && now.word == Word::Running) {
      step(now, [](State& s) { s.worker = Worker::None; });
    }
  }

  void judge_end(const State& now) {
    if (now.word != Word::Free && now.word != Word::Failed) complain("somebody waits for ever");
    if (now.record != 0 || now.deposit != 0) complain("a file is left");
  }

  const Fault fault_;
  std::set<State> seen_;
  std::deque<State> open_;
  std::string wrong_;
  bool moved_ = false;
};

TEST(SpillModel, HoldsInEveryOrderOfStepsAndDeaths) {
  Model model(Fault::None);
  EXPECT_EQ(model.explore(), "");
  EXPECT_GT(model.states(), 1000U);
}

TEST(SpillModel, FindsEachFault) {
  for (const Fault fault : {Fault::AnyAnswer, Fault::AnsweredFirst, Fault::NotAdopted, Fault::KeptForTheNext,
                            Fault::NeverAskedAgain, Fault::NotSwept}) {
    EXPECT_NE(Model(fault).explore(), "") << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace ringmaster
