#include "daemon/incidents/tracer_process.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <string>

namespace ringmaster {
namespace {

namespace fs = std::filesystem;

const tracer::Question kQuestion{tracer::Capture{::getpid(), ::getpid(), 1, false, 0, {}}};

class TracerProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ringmaster-tracer-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// A false tracer that behaves as its name says.
  std::string false_tracer(const std::string& name) const {
    std::string path = folder_ + "/" + name;
    if (!fs::exists(path)) fs::copy_file(FALSE_TRACER, path);
    return path;
  }
  /// The answer, once it is there. The limit is the tracer's; this test has none of its own.
  std::optional<tracer::Answer> ask(daemon::TracerProcess& tracer, core::Duration limit = std::chrono::seconds{60}) {
    bool done = false;
    std::optional<tracer::Answer> answer;
    tracer.ask(kQuestion, limit, [&](std::optional<tracer::Answer> got) {
      answer = std::move(got);
      done = true;
    });
    while (!done) context_.run_one();
    return answer;
  }

  boost::asio::io_context context_;
  daemon::EventLoop loop_{context_};
  std::string folder_;
};

TEST_F(TracerProcessTest, OneThatDiesOrSaysRubbishGivesNoAnswerAndIsStartedAnew) {
  for (const char* name : {"dies", "rubbish"}) {
    daemon::TracerProcess tracer(loop_, false_tracer(name));
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(ask(tracer)) << name;
      EXPECT_FALSE(tracer.busy());
    }
  }
  daemon::TracerProcess missing(loop_, folder_ + "/missing");
  EXPECT_FALSE(ask(missing));
}

TEST_F(TracerProcessTest, OneThatHangsIsKilledAtItsLimit) {
  daemon::TracerProcess tracer(loop_, false_tracer("hangs"));
  EXPECT_FALSE(ask(tracer, std::chrono::milliseconds{50}));
  EXPECT_FALSE(ask(tracer, std::chrono::milliseconds{50})) << "the next one too";
}

TEST_F(TracerProcessTest, OneThatSaysMoreThanItWasAskedIsKilled) {
  daemon::TracerProcess tracer(loop_, false_tracer("floods"));
  for (int i = 0; i < 3; ++i) (void)ask(tracer);
  context_.poll();
  EXPECT_FALSE(tracer.busy());
}

TEST_F(TracerProcessTest, WhatItSaysIsBoundedAndHoldsNoControlCharacters) {
  daemon::TracerProcess tracer(loop_, false_tracer("lies"));
  const auto answer = ask(tracer);
  ASSERT_TRUE(answer);
  const auto& frames = std::get<tracer::Frames>(*answer).frames;
  ASSERT_EQ(frames.size(), tracer::kMaxFrames);
  for (const std::string& text : {frames[0].module, frames[0].function, frames[0].file}) {
    EXPECT_LE(text.size(), tracer::kMaxNameBytes);
    for (const char c : text) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7F) << text;
  }
  EXPECT_EQ(core::full_stack(frames).find("\n#1 forged"), std::string::npos);
  EXPECT_LE(core::full_stack(frames).size(), tracer::kMaxMessageBytes * 2);
}

TEST_F(TracerProcessTest, TheRealOneHasItsLimitsAndNoWayOut) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's runtime needs more";
#endif
  daemon::TracerProcess tracer(loop_, TRACER);
  const auto answer = ask(tracer);
  ASSERT_TRUE(answer) << "it serves under its own limits";
  const std::string self = std::to_string(::getpid());
  std::ifstream children("/proc/" + self + "/task/" + self + "/children");
  // Those of other tests may not have been reaped.
  pid_t pid = 0;
  const auto text_of = [&pid](const char* file) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
    return std::string(std::istreambuf_iterator<char>{in}, {});
  };
  std::string status;
  while (status.find("Name:\tringmaster-trc") == std::string::npos && children >> pid) status = text_of("status");
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_NE(status.find("Seccomp:\t2"), std::string::npos);
  if (::getuid() == 0) {
    // CAP_SYS_PTRACE, CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_DAC_READ_SEARCH
    EXPECT_NE(status.find("CapEff:\t00000000000800e4"), std::string::npos) << status;
  }
  const std::string limits = text_of("limits");
  for (const char* line : {"Max file size             0", "Max core file size        0",
                           "Max open files            1024", "Max address space         2147483648"}) {
    EXPECT_NE(limits.find(line), std::string::npos) << line << "\n" << limits;
  }
}

}  // namespace
}  // namespace ringmaster
