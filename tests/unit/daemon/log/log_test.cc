#include "daemon/log/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "daemon/log/output_lines.h"

namespace ringmaster::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(LogLine, IsReadableForPeople) {
  EXPECT_EQ(render_log_line(LogFormat::Human, "10:14:07.123", LogLevel::Info, "worker ready",
                            {{"pool", "images"}, {"seat", 3}, {"after", core::Duration{31ms}}, {"why", "a b"}}),
            "10:14:07.123 info    worker ready  pool=images seat=3 after=31ms why=\"a b\"");
}

TEST(LogLine, HasTimesThatPeopleCanRead) {
  const auto text_of = [](core::Duration time) {
    const std::string line = render_log_line(LogFormat::Human, "now", LogLevel::Info, "x", {{"t", time}});
    return line.substr(line.find("t=") + 2);
  };
  EXPECT_EQ(text_of(3599703146827ns), "1h");
  EXPECT_EQ(text_of(23935251ns), "24ms");
  EXPECT_EQ(text_of(-23935251ns), "-24ms");
  EXPECT_EQ(text_of(99900ms), "99900ms");
  EXPECT_EQ(text_of(1500us), "1500us") << "as it was configured";
  EXPECT_EQ(text_of(12345ns), "12us");
  EXPECT_EQ(text_of(9999ns), "9999ns");
  EXPECT_EQ(text_of(core::Duration::min()).back(), 's');
}

TEST(LogLine, IsKeyValueForPrograms) {
  EXPECT_EQ(render_log_line(LogFormat::KeyValue, "T", LogLevel::Warning, "worker died",
                            {{"ok", false}, {"rss", core::mib(3)}, {"empty", ""}, {"load", 0.5}}),
            "ts=T level=warning event=\"worker died\" ok=false rss=3MiB empty=\"\" load=0.5");
}

TEST(LogLine, IsJson) {
  EXPECT_EQ(render_log_line(LogFormat::Json, "T", LogLevel::Error, "x \"y\"", {{"n", -1}, {"t", "a\tb\\\x01\xff"}}),
            R"({"ts":"T","level":"error","event":"x \"y\"","n":-1,"t":"a\tb\\\u0001\u00ff"})");
}

TEST(LogLine, IsShortForTheJournalWhichKnowsTheTime) {
  EXPECT_EQ(render_log_line(LogFormat::Journal, "T", LogLevel::Warning, "worker died",
                            {{"pool", "images"}, {"stack", "#0 at a.cc:1\n#1 \x1b at b.cc:2\n"}, {"job", 17}}),
            "worker died  pool=images job=17\n    stack: #0 at a.cc:1\n    stack: #1 \\x1b at b.cc:2");
}

TEST(LogLine, CannotBeForgedByWhatAWorkerWrites) {
  for (const auto format : {LogFormat::Human, LogFormat::KeyValue, LogFormat::Json}) {
    const auto line =
        render_log_line(format, "T", LogLevel::Info, "worker output", {{"text", "a\nlevel=error \x1b[31m\xc2\x9b"}});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\xc2'), std::string::npos);
  }
  EXPECT_THAT(render_log_line(LogFormat::KeyValue, "T", LogLevel::Info, "e", {{"t", "grün"}}), EndsWith("t=grün"));
}

class LogPipe : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK), 0); }
  void TearDown() override {
    log_setup(LogLevel::Info, LogFormat::Auto);
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  std::string drain() {
    std::string text(1 << 20, '\0');
    const ssize_t got = ::read(ends_[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  int ends_[2] = {-1, -1};
};

TEST_F(LogPipe, WritesKeyValueLinesOfItsLevelToAPipe) {
  log_setup(LogLevel::Warning, LogFormat::Auto, ends_[1]);
  log_info("quiet");
  log_warning("loud", {{"n", 1}});
  const std::string text = drain();
  EXPECT_THAT(text, testing::StartsWith("ts=2"));
  EXPECT_THAT(text, EndsWith("level=warning event=loud n=1\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("quiet")));
}

TEST_F(LogPipe, EachLineOfTheJournalHasItsPriority) {
  struct stat status {};
  ASSERT_EQ(::fstat(ends_[1], &status), 0);
  ::setenv("JOURNAL_STREAM", (std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino)).c_str(), 1);
  log_setup(LogLevel::Info, LogFormat::Auto, ends_[1]);
  log_info("ready");
  log_warning("worker died", {{"stack", "#0\n#1"}});
  log_error("broken");
  EXPECT_EQ(drain(), "<6>ready\n<4>worker died\n<4>    stack: #0\n<4>    stack: #1\n<3>broken\n");
  log_setup(LogLevel::Info, LogFormat::Json, ends_[1]);
  log_error("broken");
  EXPECT_THAT(drain(), testing::StartsWith("<3>{\"ts\":"));
  ::unsetenv("JOURNAL_STREAM");
}

TEST_F(LogPipe, NeverBlocksOnAPipeThatNobodyReadsAndCountsWhatWasLost) {
  // Blocking, as standard error is: only the poll keeps the write from waiting.
  ::fcntl(ends_[1], F_SETFL, 0);
  log_setup(LogLevel::Info, LogFormat::KeyValue, ends_[1]);
  for (int i = 0; i < 5000; ++i) log_info("a line that fills the pipe", {{"i", i}});
  (void)drain();
  log_info("after");
  EXPECT_THAT(drain(), testing::AllOf(HasSubstr("log lines lost"), HasSubstr("event=after")));
}

TEST_F(LogPipe, TagsAWorkersLine) {
  log_setup(LogLevel::Info, LogFormat::KeyValue, ends_[1]);
  log_output_line({.pool = "images", .seat = 2, .pid = 77, .is_stderr = true, .job = 9}, {"oops", false, 4});
  const std::string text = drain();
  EXPECT_THAT(text, HasSubstr("pool=images seat=2 pid=77 stream=stderr lines=4\n"));
  EXPECT_THAT(
      text,
      HasSubstr("level=warning event=\"worker output\" pool=images seat=2 pid=77 stream=stderr job=9 text=oops\n"));
}

}  // namespace
}  // namespace ringmaster::daemon
