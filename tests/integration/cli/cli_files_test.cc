#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "client/cli/console/interrupt.h"
#include "client/cli/files/temporary_file.h"
#include "tests/integration/cli/command_fixture.h"

namespace ringmaster {
namespace {

namespace fs = std::filesystem;

class CliFiles : public CommandTest {};

TEST_F(CliFiles, AClosedDescriptorIsNobodysSocket) {
  start_default();
  write("in", "payload");
  const Ended no_output = call({.arguments = {"submit", "default/echo", "--in", path("in")}, .closed = {1}});
  EXPECT_EQ(no_output.code, 9) << no_output.errors;
  EXPECT_EQ(call({.arguments = {"submit", "default/echo"}, .closed = {0}}).code, 9);
  EXPECT_EQ(call({.arguments = {"submit", "default/echo", "--in", path("in")}, .closed = {0, 1, 2}}).code, 9);
  EXPECT_EQ(call({.arguments = {"map", "default/echo", "--out", path("o"), path("in")}, .closed = {1}}).code, 9);
  for (const char* command : {"status", "handlers", "--version"})
    EXPECT_EQ(call({.arguments = {command}, .closed = {1}}).code, 9) << command;
  const Ended to_file =
      call({.arguments = {"submit", "default/echo", "--in", path("in"), "--out", path("f")}, .closed = {0, 1, 2}});
  EXPECT_EQ(to_file.code, 0) << "nothing was to be delivered there";
  EXPECT_EQ(content(path("f")), "payload");
  EXPECT_EQ(call({.arguments = {"submit", "default/throw"}, .closed = {2}}).code, 3);
  EXPECT_EQ(log().find("control connection refused"), std::string::npos) << log();
  // The worker counts a job after its client has heard of it.
  eventually("one job is counted", [this] { return jobs_done() != 0; });
  EXPECT_EQ(jobs_done(), 1U) << "the one whose result had a place to go";
}

TEST_F(CliFiles, AnEndlessInputIsReadUpToThePoolsLimit) {
  start("[pool.small]\nworkers = 1\n[pool.small.session]\nrequest_ring = \"1MiB\"\nrequest_ring_max = \"1MiB\"\n");
  const Ended endless = call({"submit", "small/echo", "--in", "/dev/zero"});
  EXPECT_EQ(endless.code, 3);
  EXPECT_NE(endless.errors.find("session.request_ring_max of pool \"small\""), std::string::npos) << endless.errors;
  EXPECT_EQ(call({.arguments = {"submit", "small/echo"}, .in = "/dev/zero"}).code, 3);
}

TEST_F(CliFiles, AFileMayBeLargerThanAnySessionsRing) {
  start("[pool.small]\nworkers = 1\n[pool.small.session]\nrequest_ring = \"1MiB\"\nrequest_ring_max = \"1MiB\"\n");
  const std::string large(9 << 20, 'x');
  write("large", large);
  EXPECT_EQ(call({"submit", "small/echo", "--in", path("large"), "--out", path("copy")}).code, 0);
  EXPECT_EQ(content(path("copy")), large);
  EXPECT_EQ(call({.arguments = {"submit", "small/echo", "--out", path("again")}, .in = path("large")}).code, 0);
  EXPECT_EQ(content(path("again")), large);
  const Ended mapped = call({"map", "small/echo", "--out", path("o"), path("large"), path("copy")});
  EXPECT_EQ(mapped.code, 0) << mapped.errors;
  EXPECT_EQ(content(path("o/copy")), large);
}

TEST_F(CliFiles, AFileBeyondTheQuotaIsRefused) {
  start_with(
      "[limits]\nbytes_per_uid = \"16MiB\"\n[pool.small]\nworkers = 1\n[pool.small.session]\nrequest_ring = \"1MiB\"\n"
      "request_ring_max = \"1MiB\"\nresult_ring = \"1MiB\"\nresult_ring_max = \"1MiB\"\n");
  write("large", std::string(20 << 20, 'x'));
  const Ended refused = call({"submit", "small/echo", "--in", path("large")});
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.errors.find("bytes_per_uid"), std::string::npos) << refused.errors;
}

TEST_F(CliFiles, WhatCanBeKnownBeforeTheJobIsToldBeforeIt) {
  start_default();
  write("in", "x");
  fs::create_directory(path("folder"));
  for (const std::string& out : {path("nosuch/f"), path("folder"), path("in/f"), std::string()}) {
    const Ended refused = call({"submit", "default/echo", "--in", path("in"), "--out", out});
    EXPECT_EQ(refused.code, 2) << out;
    EXPECT_NE(refused.errors, "");
  }
  EXPECT_EQ(call({"submit", "default/sha256", "--in", ""}).code, 2);
  EXPECT_EQ(call({"map", "default/echo", "--out", "", path("in")}).code, 2);
  EXPECT_EQ(call({"map", "default/echo", "--out", path("in/o"), path("in")}).code, 2);
  EXPECT_EQ(call({"map", "default/echo", "--out", path("o"), ""}).code, 2);
  EXPECT_EQ(call({"map", "default/sha256", "--out", path("o"), path(std::string(250, 'n'))}).code, 2)
      << "the result's name would be too long";
  EXPECT_EQ(call({"drain", ""}).code, 2) << "an unset variable is not all pools";
  EXPECT_EQ(jobs_done(), 0U) << "no job was run";
}

TEST_F(CliFiles, AReplacedFileKeepsItsMode) {
  start_default();
  write("in", "x");
  write("secret", "old");
  ASSERT_EQ(::chmod(path("secret").c_str(), 0600), 0);
  EXPECT_EQ(call({"submit", "default/echo", "--in", path("in"), "--out", path("secret")}).code, 0);
  struct stat facts {};
  ASSERT_EQ(::stat(path("secret").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
  EXPECT_EQ(content(path("secret")), "x");
}

TEST_F(CliFiles, AnInterruptEndsTheWaitForAReader) {
  start_default();
  write("in", "x");
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const pid_t submit = begin({.arguments = {"submit", "default/echo", "--in", path("in"), "--out", path("pipe")}});
  eventually("the job is done", [&] { return !log().empty() && jobs_done() == 1; });
  ASSERT_EQ(::kill(submit, SIGINT), 0);
  EXPECT_EQ(finish(submit).code, 130);
}

TEST_F(CliFiles, AReaderThatComesLateGetsTheResult) {
  start_default();
  write("in", "x");
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const pid_t submit = begin({.arguments = {"submit", "default/echo", "--in", path("in"), "--out", path("pipe")}});
  eventually("the job is done", [&] { return jobs_done() == 1; });
  const UniqueFd reader(::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(finish(submit).code, 0);
  char text[8] = {};
  EXPECT_EQ(::read(reader.get(), text, sizeof text), 1);
}

TEST_F(CliFiles, TheSignalThatEndsTheProgramRemovesItsTemporaryFile) {
  fs::create_directory(path("o"));
  const pid_t pid = ::fork();
  if (pid == 0) {
    cli::catch_interrupts();
    const auto file = cli::TemporaryFile::create(path("o") + "/", 0600);
    ::raise(SIGINT);
    if (!file || !cli::interrupted() || !fs::exists(file->path())) ::_exit(1);  // the first one only says so
    ::raise(SIGTERM);
    ::_exit(2);
  }
  EXPECT_EQ(finish(pid).code, 128 + SIGTERM);
  EXPECT_TRUE(fs::is_empty(path("o")));
}

TEST_F(CliFiles, AFullDiskEndsTheRun) {
  start_default();
  fs::create_directory(path("o"));
  std::vector<std::string> arguments{"map", "default/echo", "--jobs", "4", "--json", "--out", path("o")};
  for (int at = 0; at < 200; ++at) {
    write("in" + std::to_string(at), std::string(20'000, 'x'));
    arguments.push_back(path("in" + std::to_string(at)));
  }
  const Ended full = call({.arguments = arguments, .tiny_disk = path("o")});
  if (full.code == 125) GTEST_SKIP() << "no file system can be mounted here";
  EXPECT_EQ(full.code, 9) << full.errors;
  EXPECT_NE(full.out.find("\"not run\""), std::string::npos) << full.out;
  EXPECT_NE(full.errors.find("not run"), std::string::npos) << full.errors;
  EXPECT_LT(jobs_done(), 100U) << "few of 200 jobs were run for nothing";
}

#ifdef HAVE_ZSTD
TEST_F(CliFiles, NamesOfResultsSayWhatTheyAre) {
  start_default();
  write("a.txt", "hello hello hello");
  ASSERT_EQ(call({"map", "default/zstd", "--out", path("packed"), path("a.txt")}).code, 0);
  fs::copy(path("packed/a.txt.zst"), path("c.ZST"));
  fs::copy(path("packed/a.txt.zst"), path("u.tzst"));
  ASSERT_EQ(call({"map", "default/zstd", "--out", path("packed"), path("c.ZST")}).code, 0);
  EXPECT_TRUE(fs::exists(path("packed/c.ZST.zst")));
  ASSERT_EQ(call({"map", "default/zstd", "--arg", "mode=decompress", "--out", path("plain"), path("packed/a.txt.zst"),
                  path("c.ZST"), path("u.tzst")})
                .code,
            0);
  for (const char* name : {"plain/a.txt", "plain/c", "plain/u.tar"})
    EXPECT_EQ(content(path(name)), "hello hello hello");
  EXPECT_EQ(
      call({"map", "default/zstd", "--arg", "mode=decompress", "--ext", "zst", "--out", path("no"), path("c.ZST")})
          .code,
      2);
  EXPECT_EQ(call({"map", "default/zstd", "--arg", "mode=decompress", "--out", path("no"), path("packed/a.txt.zst"),
                  path("a.txt.zst")})
                .code,
            2)
      << "two with one result";
}
#endif

}  // namespace
}  // namespace ringmaster
