#include "tests/integration/cli/command_fixture.h"

namespace ringmaster {
namespace {

class CliJobs : public CommandTest {};

TEST_F(CliJobs, TellsWhatBecameOfAJob) {
  start();
  const Ended crashed = call({"submit", "t/crash"});
  EXPECT_EQ(crashed.code, 4);
  EXPECT_NE(crashed.errors.find("crash: crashed by signal 11 (SIGSEGV)"), std::string::npos) << crashed.errors;
  const Ended json = call({"submit", "t/throw", "--json"});
  EXPECT_EQ(json.code, 1);
  EXPECT_NE(json.out.find("\"job_id\": \""), std::string::npos) << json.out;
  const auto at = json.out.find("\"job\": \"");
  ASSERT_NE(at, std::string::npos) << json.out;
  const std::string job = json.out.substr(at + 8, json.out.find('"', at + 8) - at - 8);
  const Ended cancelled = call({"cancel", job});
  EXPECT_NE(cancelled.code, 2) << "the short form is understood";
  EXPECT_NE((cancelled.out + cancelled.errors).find("job " + job), std::string::npos) << cancelled.errors;
  EXPECT_EQ(call({"cancel", "17-x"}).code, 2);
  EXPECT_EQ(call({"cancel", job, "--grace", "30ms"}).code, 2) << "a grace is of a forced cancel";
  EXPECT_EQ(call({"cancel", job, "--force", "--grace", "soon"}).code, 2);
}

TEST_F(CliJobs, ShowsWhatAJobWrites) {
  start_with("[pool.t]\ncommand = [\"" PRINTING_WORKER "\"]\nworkers = 1\noutput = \"client\"\n");
  write("in", "what it prints\n");
  const Ended apart = call({"submit", "t/print", "--output", "--in", path("in"), "--out", path("result")});
  EXPECT_EQ(apart.code, 0) << apart.errors;
  EXPECT_EQ(apart.out, "what it prints\n");
  EXPECT_EQ(content(path("result")), "printed");
  const Ended beside = call({"submit", "t/print", "--output", "--in", path("in")});
  EXPECT_EQ(beside.out, "printed") << "the result alone";
  EXPECT_EQ(beside.errors, "what it prints\n");
  const Ended silent = call({"submit", "t/print", "--in", path("in")});
  EXPECT_EQ(silent.errors, "");
  const Ended dead = call({"submit", "t/die", "--output", "--in", path("in"), "--arg", "how=crash"});
  EXPECT_EQ(dead.code, 4);
  EXPECT_EQ(dead.errors.rfind("what it prints\n", 0), 0U) << dead.errors;
}

TEST_F(CliJobs, ForcesAJobToEnd) {
  start();
  Session session = open();
  PendingJob job = session.submit("hang-asleep", Request{}).value();
  const std::string id = std::to_string(job.id());
  // Queued or running: a queued one ends at once.
  eventually("it runs", [&] { return call({"status"}).out.find("1 running") != std::string::npos; });
  const Ended cancelled = call({"cancel", id, "--force", "--grace", "30ms"});
  EXPECT_EQ(cancelled.code, 0) << cancelled.errors;
  EXPECT_NE(cancelled.out.find("cancelled by force"), std::string::npos) << cancelled.out;
  EXPECT_NE(cancelled.out.find("after 30 ms"), std::string::npos) << cancelled.out;
  const auto outcome = job.wait_for(kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->cause(), Cause::CancelledByForce) << outcome->describe();
  EXPECT_EQ(outcome->describe().rfind("cancelled by force", 0), 0U) << outcome->describe();
  const Ended again = call({"cancel", id, "--force", "--grace", "2m"});
  EXPECT_NE(again.code, 0);
  EXPECT_NE(again.errors.find("at most 1m"), std::string::npos) << again.errors;
}

TEST_F(CliJobs, WhatAHandlerSaysCommandsNoTerminal) {
  start();
  const Ended failed = call({"submit", "t/throw", "--arg", "message=\x1b]0;title\x1b[31m\nringmaster: forged"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_EQ(failed.errors.find('\x1b'), std::string::npos) << failed.errors;
  EXPECT_EQ(failed.errors.find('\n'), failed.errors.size() - 1) << "one line: " << failed.errors;
  const Ended missing = call({"map", "t/echo", "--out", path("o"), path("no\x1b[2J\xe2\x80\xae\nsuch")});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.errors.find('\x1b'), std::string::npos) << missing.errors;
  EXPECT_EQ(missing.errors.find("\xe2\x80\xae"), std::string::npos) << missing.errors;
  const Ended option = call({"submit", "--\x1b[2J"});
  EXPECT_EQ(option.code, 2);
  EXPECT_EQ(option.errors.find('\x1b'), std::string::npos) << option.errors;
}

TEST_F(CliJobs, WaitsWhereTheDaemonHasTooManyClients) {
  start("[limits]\nconnections_per_uid = 2\n");
  ConnectOptions options;
  options.socket = socket_;
  std::vector<Client> crowd;
  for (int i = 0; i < 2; ++i) crowd.push_back(Client::connect(options).value());
  const Ended refused = call({"submit", "t/echo", "--queue-timeout", "50ms"});
  EXPECT_EQ(refused.code, 3) << refused.errors;
  EXPECT_NE(refused.errors.find("2 of at most 2 connections"), std::string::npos) << refused.errors;
  const pid_t patient = begin({.arguments = {"submit", "t/echo"}});
  crowd.clear();
  EXPECT_EQ(finish(patient).code, 0);
}

TEST_F(CliJobs, SaysWhatWasMeantAndTried) {
  start();
  const Ended unknown = call({"statsu"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.errors.find("did you mean \"status\"?"), std::string::npos) << unknown.errors;
  EXPECT_NE(call({"status", "--wach"}).errors.find("did you mean \"--watch\"?"), std::string::npos);
  EXPECT_EQ(call({"status", "t"}).code, 0);
  const Ended pool = call({"status", "tt"});
  EXPECT_EQ(pool.code, 3);
  EXPECT_NE(pool.errors.find("did you mean \"t\"?"), std::string::npos) << pool.errors;
  const Ended nobody = call({"health", "--socket", path("none")});
  EXPECT_NE((nobody.out + nobody.errors).find(path("none")), std::string::npos) << nobody.out;
}

}  // namespace
}  // namespace ringmaster
