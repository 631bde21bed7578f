#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "base/memory_left.h"
#include "base/unique_fd.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

/// A process of another user that opens sessions until it is refused, and holds them.
class Hoarder {
 public:
  Hoarder(unsigned uid, const std::string& socket, std::uint64_t ring_bytes) {
    int told[2];
    if (::pipe(told) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      if (::setgroups(0, nullptr) == 0 && ::setresgid(uid, uid, uid) == 0 && ::setresuid(uid, uid, uid) == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        hoard(socket, ring_bytes, told[1]);
      }
      ::_exit(1);
    }
    ::close(told[1]);
    const UniqueFd answer(told[0]);
    unsigned char count = 0;
    if (::read(answer.get(), &count, 1) == 1) sessions_ = count;
    char text[1024];
    const ssize_t got = ::read(answer.get(), text, sizeof text);
    if (got > 0) refusal_.assign(text, static_cast<std::size_t>(got));
  }
  ~Hoarder() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Hoarder(const Hoarder&) = delete;
  Hoarder& operator=(const Hoarder&) = delete;

  [[nodiscard]] unsigned sessions() const { return sessions_; }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  static void hoard(const std::string& socket, std::uint64_t ring_bytes, int told) {
    ConnectOptions options;
    options.socket = socket;
    auto client = Client::connect(options);
    std::vector<Session> sessions;
    SessionOptions wishes;
    wishes.request_ring_bytes = wishes.result_ring_bytes = ring_bytes;
    std::string refusal;
    while (client && refusal.empty() && sessions.size() < 60) {
      auto session = client->open("t", wishes);
      if (session) {
        sessions.push_back(std::move(*session));
      } else {
        refusal = session.error().message;
      }
    }
    const auto count = static_cast<unsigned char>(sessions.size());
    if (::write(told, &count, 1) != 1 || ::write(told, refusal.data(), refusal.size()) < 0) ::_exit(1);
    ::close(told);
    for (;;) ::pause();
  }

  pid_t pid_ = 0;
  unsigned sessions_ = 0;
  std::string refusal_;
};

TEST_F(DaemonTest, SessionsThatNobodyHasTouchedAreNotGrantedTwice) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  const std::uint64_t available = MemoryLook().left();
  if (available > std::uint64_t{1} << 42) GTEST_SKIP() << "nothing says what memory there is";
  const std::uint64_t ring = available / 32;
  start_with(
      "[daemon]\nsocket_mode = \"0666\"\n[limits]\nbytes_per_uid = \"4096GiB\"\n"
      "[pool.t]\ncommand = [\"" TEST_WORKER
      "\"]\nworkers = 1\nspares = 0\n"
      "[pool.t.session]\nrequest_ring_max = \"1024GiB\"\nresult_ring_max = \"1024GiB\"\n");
  ::chmod(folder_.c_str(), 0755);
  std::vector<std::unique_ptr<Hoarder>> hoarders;
  unsigned granted = 0;
  for (unsigned uid = 20001; uid <= 20006; ++uid) {
    hoarders.push_back(std::make_unique<Hoarder>(uid, socket_, ring));
    granted += hoarders.back()->sessions();
    EXPECT_NE(hoarders.back()->refusal().find("granted to sessions that have not used them"), std::string::npos)
        << hoarders.back()->refusal();
  }
  EXPECT_LE(granted, 16U) << "16 of them are all that there was";
  EXPECT_GE(hoarders[1]->sessions(), 1U) << "the first has left something";
  SessionOptions small;
  small.request_ring_bytes = small.result_ring_bytes = available / 100;
  EXPECT_NO_THROW((void)open("t", small)) << "something is kept for administrators";
  hoarders.clear();
  eventually("their memory can be had again", [&] { return Hoarder(20007, socket_, ring).sessions() >= 1; });
}

}  // namespace
}  // namespace ringmaster
