#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>

// A request that is larger than its ring (shm/DESIGN.md, "Parcels"), in every order of steps: one client that asks for
// a parcel, writes it and publishes one job, which may be tried twice; client, workers and supervisors die between any
// two steps. Must hold: the worker reads the very file that the client wrote; no job of a living client is told that
// its parcel is not there; nobody waits for ever; when all is over, neither supervisor nor keeper has a file.

namespace ringmaster {
namespace {

enum class Client : std::uint8_t { New, Asking, Offered, Writes, Published, Done, Dead };
enum class Word : std::uint8_t { None, Ready, Running, Done, Refused, Failed };
enum class Worker : std::uint8_t { None, Claimed, Waits, Reads };
enum class Stage : std::uint8_t { None, Made, Held };

constexpr std::uint8_t kMostAttempts = 2;
constexpr std::uint8_t kMostSupervisors = 3;

/// A set of files, one bit each.
using Files = std::uint16_t;
constexpr Files one(std::uint8_t file) { return static_cast<Files>(file == 0 ? 0 : 1U << file); }

struct State {
  Client client = Client::New;
  std::uint8_t clients = 0;  // the file that the client has open
  Word word = Word::None;
  std::uint8_t attempt = 0;
  std::uint8_t written = 0;  // the file that the job names
  Worker worker = Worker::None;
  std::uint8_t asked = 0;        // the worker's last question
  std::uint8_t in_socket = 0;    // a question that nobody has read
  std::uint8_t heard = 0;        // one that the supervisor has read
  std::uint8_t answered = 0;     // the answer that the worker has not read: to which question,
  std::uint8_t answer_file = 0;  // and with which file; 0: there is none
  std::uint8_t workers = 0;      // the file that the worker has open
  bool supervisor = true;
  std::uint8_t supervisors = 1;
  bool claiming = false;     // a successor's first word, which the worker has not read
  bool client_lost = false;  // the client's connection broke
  Stage stage = Stage::None;
  std::uint8_t making = 0;
  Files records = 0;   // the supervisor's
  Files given = 0;     // of these, what clients may have
  Files deposits = 0;  // the keeper's
  std::uint8_t files = 0;
  auto operator<=>(const State&) const = default;
};

/// What is done wrong on purpose.
enum class Fault { None, GivenFirst, NotAdopted, AllAdoptedForEver, NeverAskedAgain, GoneWithTheRun, NotSwept };

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
      be_client(state);
      work(state);
      supervise(state);
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
  /// Files that somebody but supervisor and keeper has open; what a worker has not read yet counts.
  static Files in_use(const State& s) {
    return static_cast<Files>(one(s.clients) | one(s.workers) | one(s.answer_file));
  }
  static bool ended(Word word) { return word == Word::Done || word == Word::Refused || word == Word::Failed; }

  void be_client(const State& now) {
    if (now.client == Client::New && now.supervisor) {
      step(now, [](State& s) {
        s.client = Client::Asking;
        s.client_lost = false;
      });
    }
    // Its question or the answer was lost; or the answer had arrived before the connection broke.
    if (now.client_lost && (now.client == Client::Asking || now.client == Client::Offered)) {
      step(now, [](State& s) {
        s.client = Client::New;
        s.clients = 0;
        s.client_lost = false;
      });
    }
    if (now.client == Client::Offered) step(now, [](State& s) { s.client = Client::Writes; });
    if (now.client == Client::Writes) {
      step(now, [](State& s) {
        s.client = Client::Published;
        s.written = s.clients;
        s.word = Word::Ready;
      });
    }
    if (now.client == Client::Published && ended(now.word)) {
      step(now, [](State& s) {
        s.client = Client::Done;
        s.clients = 0;
      });
    }
  }

  void work(const State& now) {
    if (now.word == Word::Ready && now.worker == Worker::None) {
      step(now, [](State& s) {
        s.word = Word::Running;
        s.worker = Worker::Claimed;
        s.asked = 0;
        ++s.attempt;
      });
    }
    if (now.worker == Worker::Claimed) step(now, ask);
    if (now.worker == Worker::Waits && now.claiming) {
      step(now, [this](State& s) {
        s.claiming = false;
        if (fault_ != Fault::NeverAskedAgain) ask(s);
      });
    }
    if (now.worker == Worker::Waits && now.answered != 0) step(now, [this](State& s) { hear(s); });
    if (now.worker == Worker::Reads) {
      step(now, [](State& s) {
        s.word = Word::Done;
        s.worker = Worker::None;
        s.workers = 0;
      });
    }
  }
  static void ask(State& s) {
    s.worker = Worker::Waits;
    s.in_socket = ++s.asked;
  }
  void hear(State& s) {
    const std::uint8_t file = s.answer_file;
    const bool current = s.answered == s.asked;
    s.answered = s.answer_file = 0;
    if (!current) return;
    if (file == 0) {
      if (s.client == Client::Published) complain("a parcel that its client has is not there");
      s.word = Word::Refused;
      s.worker = Worker::None;
      return;
    }
    if (file != s.written) complain("the worker reads another file than the client wrote");
    s.workers = file;
    s.worker = Worker::Reads;
  }

  void supervise(const State& now) {
    if (!now.supervisor) return step(now, [this](State& s) { succeed(s); });
    if (now.client == Client::Asking && !now.client_lost && now.stage == Stage::None) {
      step(now, [](State& s) {
        s.making = ++s.files;
        s.records = static_cast<Files>(s.records | one(s.making));
        s.stage = Stage::Made;
      });
    }
    if (now.stage != Stage::None) step(now, [this](State& s) { advance(s); });
    if (now.in_socket != 0) {
      step(now, [](State& s) {
        s.heard = s.in_socket;
        s.in_socket = 0;
      });
    }
    if (now.heard != 0 && now.answered == 0) step(now, answer);
    if (now.worker == Worker::None && now.word == Word::Running) step(now, bury);
    if (now.client == Client::Dead && now.word == Word::Ready) step(now, [](State& s) { s.word = Word::Failed; });
    sweep(now);
  }
  void advance(State& s) const {
    if ((s.stage == Stage::Made) != (fault_ == Fault::GivenFirst)) {
      s.deposits = static_cast<Files>(s.deposits | one(s.making));
    } else {
      s.given = static_cast<Files>(s.given | one(s.making));
      if (s.client == Client::Asking && !s.client_lost) {
        s.client = Client::Offered;
        s.clients = s.making;
      }
    }
    const bool made = s.stage == Stage::Made;
    s.stage = made ? Stage::Held : Stage::None;
    if (!made) s.making = 0;
  }
  static void answer(State& s) {
    s.answered = s.heard;
    s.heard = 0;
    const bool has = (s.records & s.given & one(s.written)) != 0 && s.word == Word::Running;
    s.answer_file = has ? s.written : std::uint8_t{0};
  }
  static void bury(State& s) {
    s.word = s.attempt < kMostAttempts ? Word::Ready : Word::Failed;
    s.in_socket = s.heard = s.answered = s.answer_file = 0;
    s.claiming = false;
  }
  void sweep(const State& now) {
    if (fault_ == Fault::NotSwept) return;
    // On purpose: as if the end of a run were the end of its parcel.
    const Files used = fault_ == Fault::GoneWithTheRun && now.attempt != 0 ? one(now.workers) : in_use(now);
    const auto idle = static_cast<Files>(now.records & now.given & ~used & ~one(now.making));
    if (idle == 0) return;
    step(now, [idle](State& s) {
      s.records = static_cast<Files>(s.records & ~idle);
      s.deposits = static_cast<Files>(s.deposits & ~idle);
    });
  }
  void succeed(State& s) const {
    s.supervisor = true;
    ++s.supervisors;
    if (fault_ == Fault::NotAdopted) s.deposits = 0;
    if (fault_ != Fault::AllAdoptedForEver) s.deposits = static_cast<Files>(s.deposits & in_use(s));
    s.records = s.deposits;
    s.given = fault_ == Fault::AllAdoptedForEver ? static_cast<Files>(s.deposits & in_use(s)) : s.deposits;
    s.claiming = s.worker != Worker::None;
  }

  void die(const State& now) {
    if (now.supervisor && now.supervisors < kMostSupervisors) {
      step(now, [](State& s) {
        s.supervisor = false;
        s.client_lost = true;
        s.records = s.given = 0;
        s.heard = s.making = 0;
        s.stage = Stage::None;
      });
    }
    if (now.worker != Worker::None) {
      step(now, [](State& s) {
        s.worker = Worker::None;
        s.workers = s.answer_file = s.answered = 0;
      });
    }
    if (now.client != Client::Dead && now.client != Client::Done) {
      step(now, [](State& s) {
        s.client = Client::Dead;
        s.clients = 0;
      });
    }
  }

  void judge_end(const State& now) {
    if (now.client != Client::Done && now.client != Client::Dead) complain("the client waits for ever");
    if (now.word != Word::None && !ended(now.word)) complain("the job never ends");
    if (now.records != 0 || now.deposits != 0) complain("a file is left");
  }

  const Fault fault_;
  std::set<State> seen_;
  std::deque<State> open_;
  std::string wrong_;
  bool moved_ = false;
};

TEST(ParcelModel, HoldsInEveryOrderOfStepsAndDeaths) {
  Model model(Fault::None);
  EXPECT_EQ(model.explore(), "");
  EXPECT_GT(model.states(), 1000U);
}

TEST(ParcelModel, FindsEachFault) {
  for (const Fault fault : {Fault::GivenFirst, Fault::NotAdopted, Fault::AllAdoptedForEver, Fault::NeverAskedAgain,
                            Fault::GoneWithTheRun, Fault::NotSwept}) {
    EXPECT_NE(Model(fault).explore(), "") << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace ringmaster
