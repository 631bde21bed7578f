#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "base/unique_fd.h"
#include "tests/integration/daemon/daemon_fixture.h"
#include "tests/integration/map/pictures.h"

namespace ringmaster {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class MapTest : public DaemonTest {
 protected:
  static constexpr unsigned kGood = 60;

  void SetUp() override {
#ifndef HAVE_THUMBNAIL
    GTEST_SKIP() << "no thumbnail handler here: libvips was missing when this was built";
#endif
    DaemonTest::SetUp();
    fs::create_directory(folder_ + "/in");
    for (unsigned at = 0; at < kGood; ++at) add("good" + std::to_string(at) + ".png", make_png(700, 500, at));
  }
  void TearDown() override {
    if (!folder_.empty()) DaemonTest::TearDown();
  }

  void add(const std::string& name, const std::string& bytes) {
    files_.push_back(folder_ + "/in/" + name);
    std::ofstream(files_.back(), std::ios::binary) << bytes;
  }

  /// A daemon whose pool "default" makes thumbnails. Its restart policy stands more than it would by default: on a
  /// loaded machine a worker takes longer to start than the killer's next turn takes to come, and pauses and quarantine
  /// are for pools whose workers die by themselves.
  void start_thumbnails() {
    start(
        "run_timeout = \"20s\"\n[pool.default]\nhandlers = [\"thumbnail\"]\nworkers = 2\nspares = 1\n"
        "[pool.default.restart]\nbudget = 1000\nbackoff_initial = \"10ms\"\nbackoff_max = \"50ms\"\n");
  }
  /// The worker of pool "default" that has lived longest; 0: there is none now.
  [[nodiscard]] pid_t oldest_worker() const {
    for (const pid_t pid : workers())
      if (content("/proc/" + std::to_string(pid) + "/cmdline").find("default[") != std::string::npos) return pid;
    return 0;
  }

  /// Starts `ringmaster` with the daemon's socket; its output goes to the folder's files "out" and "errors".
  [[nodiscard]] pid_t begin(std::vector<std::string> arguments) const { return begin(std::move(arguments), socket_); }
  [[nodiscard]] pid_t begin(std::vector<std::string> arguments, const std::string& socket) const {
    arguments.insert(arguments.begin(), {RINGMASTER, "--socket", socket});
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::dup2(::open((folder_ + "/out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
    ::dup2(::open((folder_ + "/errors").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  [[nodiscard]] pid_t begin_map() const {
    std::vector<std::string> arguments{"map",   "default/thumbnail", "--arg", "width=64", "--json",
                                       "--out", folder_ + "/thumbs"};
    arguments.insert(arguments.end(), files_.begin(), files_.end());
    return begin(std::move(arguments));
  }
  /// The exit status, once it has ended; nullopt: it runs.
  static std::optional<int> ended(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int finish(pid_t pid) const {
    std::optional<int> code;
    eventually("the command ends", [&] { return (code = ended(pid)).has_value(); });
    return code.value_or(-1);
  }
  [[nodiscard]] std::string output() const { return content(folder_ + "/out"); }
  [[nodiscard]] std::string thumbnail(const std::string& file) const {
    return content(fs::path(folder_) / "thumbs" / fs::path(file).filename());
  }
  /// What map --json lists under "failures": file name to status.
  [[nodiscard]] std::map<std::string, std::string> failures() const {
    std::map<std::string, std::string> found;
    const std::string json = output();
    const auto value = [&](const std::string& key, std::size_t& at) {
      at = json.find("\"" + key + "\": \"", at);
      if (at == std::string::npos) return std::string();
      at += key.size() + 5;
      return json.substr(at, json.find('"', at) - at);
    };
    for (std::size_t at = json.find("\"failures\""); at != std::string::npos;) {
      const std::string file = value("file", at);
      if (at != std::string::npos) found[fs::path(file).filename()] = value("status", at);
    }
    return found;
  }
  void expect_healthy() {
    eventually("the daemon is healthy", [&] { return finish(begin({"health"})) == 0; });
  }

  std::vector<std::string> files_;
};

TEST_F(MapTest, AccountsForEveryPictureWhileWorkersAreKilled) {
  const std::string whole = make_png(700, 500, 1000);
  const std::vector<std::string> broken{"truncated.png", "empty.png", "text.png"};
  add("truncated.png", whole.substr(0, whole.size() / 2));
  add("empty.png", "");
  add("text.png", "this is not a picture");
  start_thumbnails();

  constexpr unsigned kMostKills = 100;  // then the rest may end in peace, however slow the machine is
  const pid_t map = begin_map();
  std::optional<int> code;
  unsigned kills = 0;
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!code && std::chrono::steady_clock::now() < limit) {
    const pid_t victim = kills < kMostKills ? oldest_worker() : 0;
    if (victim != 0 && ::kill(victim, SIGKILL) == 0) ++kills;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    code = ended(map);
  }
  if (!code) ::kill(map, SIGKILL);
  if (!code) (void)::waitpid(map, nullptr, 0);
  ASSERT_TRUE(code) << "map did not end";
  EXPECT_EQ(*code, 1) << "some files have no result: " << content(folder_ + "/errors");
  EXPECT_GT(kills, 0U);

  const auto failed = failures();
  for (const std::string& name : broken) {
    ASSERT_TRUE(failed.contains(name)) << name << " in " << output();
    EXPECT_TRUE(failed.at(name) == "failed" || failed.at(name) == "crashed") << name << ": " << failed.at(name);
  }
  for (unsigned at = 0; at < kGood; ++at) {
    const std::string name = "good" + std::to_string(at) + ".png";
    if (failed.contains(name)) {
      EXPECT_EQ(failed.at(name), "crashed") << name;
    } else {
      EXPECT_TRUE(thumbnail(name).starts_with("\x89PNG")) << name;
    }
  }
  EXPECT_NE(output().find("\"total\": " + std::to_string(files_.size())), std::string::npos) << output();
  for (const auto& entry : fs::directory_iterator(folder_ + "/thumbs"))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".ringmaster")) << entry.path();
  expect_healthy();
}

TEST_F(MapTest, DoesNotNoticeThatTheSupervisorDies) {
  start_thumbnails();
  const pid_t map = begin_map();
  for (int round = 0; round < 2; ++round) {
    eventually("results come", [&] {
      std::error_code none;
      const auto made = std::distance(fs::directory_iterator(folder_ + "/thumbs", none), fs::directory_iterator());
      return made > 1 + 10 * round;
    });
    replace_supervisor();
  }
  EXPECT_EQ(finish(map), 0) << content(folder_ + "/errors");
  EXPECT_TRUE(failures().empty()) << output();
  for (const std::string& file : files_) EXPECT_TRUE(thumbnail(file).starts_with("\x89PNG")) << file;
  expect_healthy();
}

using Command = MapTest;

TEST_F(Command, TellsByItsStatusWhoseFaultItWas) {
  start_default();
  EXPECT_EQ(finish(begin({"submit", "nowhere/echo", "--in", files_[0]})), 3) << "the daemon refuses";
  EXPECT_EQ(finish(begin({"submit", "default/echo", "--timeout", "100h", "--in", files_[0]})), 3);
  EXPECT_EQ(finish(begin({"health"}, folder_ + "/none")), 2);
  EXPECT_EQ(finish(begin({"handlers"}, folder_ + "/none")), 8) << "there is no daemon";
  EXPECT_EQ(finish(begin({"submit", "default/echo", "--in", files_[0], "--out", "/dev/full"})), 9);
  EXPECT_EQ(finish(begin({"submit", "default/echo", "--in", files_[0], "--out", "/dev/null"})), 0);
}

TEST_F(Command, ShowsTheRemarkOfADoneJob) {
  start_default();
  const std::string png = make_png(40, 30, 1);
  add("endless.png", png.substr(0, png.size() - 12));  // Without its last chunk.
  const std::string file = files_.back();
  ASSERT_EQ(finish(begin({"submit", "default/thumbnail", "--in", file, "--out", folder_ + "/one"})), 0);
  EXPECT_NE(content(folder_ + "/errors").find("done, with a remark: the PNG lacks its end"), std::string::npos);
  ASSERT_EQ(finish(begin({"map", "default/thumbnail", "--out", folder_ + "/thumbs", file, files_[0]})), 0);
  EXPECT_NE(content(folder_ + "/errors").find("endless.png: done, with a remark: the PNG lacks its end"),
            std::string::npos);
  ASSERT_EQ(finish(begin({"submit", "default/thumbnail", "--in", files_[0], "--out", folder_ + "/one"})), 0);
  EXPECT_EQ(content(folder_ + "/errors"), "");
}

TEST_F(Command, EndsWhenInterruptedWhileItReads) {
  start_default();
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  const UniqueFd writer(::open((folder_ + "/pipe").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  const pid_t submit = begin({"submit", "default/echo", "--in", folder_ + "/pipe"});
  int unread = 1;
  eventually("it reads", [&] { return ::ioctl(writer.get(), FIONREAD, &unread) == 0 && unread == 0; });
  ASSERT_EQ(::kill(submit, SIGTERM), 0);
  EXPECT_EQ(finish(submit), 130);
}

#ifdef HAVE_ZSTD
TEST_F(Command, MapsResultsThatNeedALargerSession) {
  start_default();
  std::string large;
  large.resize(40'000'000, 'z');
  std::ofstream(folder_ + "/large") << large;
  ASSERT_EQ(finish(begin({"submit", "default/zstd", "--in", folder_ + "/large", "--out", folder_ + "/large.zst"})), 0);
  ASSERT_EQ(finish(begin({"map", "default/zstd", "--arg", "mode=decompress", "--out", folder_ + "/thumbs",
                          folder_ + "/large.zst"})),
            0)
      << content(folder_ + "/errors");
  EXPECT_TRUE(content(folder_ + "/thumbs/large") == large) << "the extension was dropped, the session grew";
}
#endif

class ExampleWorker : public DaemonTest {};

TEST_F(ExampleWorker, ListsItsHandlerAndCountsWords) {
  FILE* const list = ::popen(EXAMPLE_WORKER " --list", "r");
  ASSERT_NE(list, nullptr);
  char text[4096] = {};
  (void)!::fread(text, 1, sizeof text - 1, list);
  EXPECT_EQ(::pclose(list), 0);
  EXPECT_NE(std::string(text).find("count"), std::string::npos) << text;

  start("\n[pool.words]\ncommand = [\"" EXAMPLE_WORKER "\"]\nworkers = 1\n");
  Session session = open("words");
  const Outcome outcome = run(session, "count", {{"shortest", "3"}}, {}, "one of three words");
  EXPECT_EQ(outcome.text(), "3\n") << outcome.describe();
}

}  // namespace
}  // namespace ringmaster
