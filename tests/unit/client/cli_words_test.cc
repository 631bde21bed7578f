#include <gtest/gtest.h>

#include <fstream>

#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/map_report.h"
#include "client/cli/status_view.h"
#include "client/cli/words.h"

namespace ringmaster::cli {
namespace {

TEST(Words, ReadTimes) {
  EXPECT_EQ(parse_duration("250ms").value(), std::chrono::milliseconds(250));
  EXPECT_EQ(parse_duration("2s").value(), std::chrono::seconds(2));
  EXPECT_EQ(parse_duration("1.5m").value(), std::chrono::seconds(90));
  EXPECT_EQ(parse_duration("3").value(), std::chrono::seconds(3));
  for (const char* bad : {"", "s", "-1s", "2x", "1e99h", "nan", "inf", "2 s"}) EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Words, ReadTargetsAndArguments) {
  EXPECT_EQ(parse_target("default/thumbnail").value().handler, "thumbnail");
  for (const char* bad : {"", "default", "/x", "x/", "a/b/c", "a b/c"}) EXPECT_FALSE(parse_target(bad)) << bad;
  EXPECT_EQ(parse_argument("text=a=b").value().value, "a=b");
  EXPECT_EQ(parse_argument("empty=").value().value, "");
  for (const char* bad : {"", "width", "=1", "a b=1"}) EXPECT_FALSE(parse_argument(bad)) << bad;
}

TEST(Words, ShowTimesAndSizes) {
  EXPECT_EQ(show_duration(std::chrono::microseconds(42)), "42 us");
  EXPECT_EQ(show_duration(std::chrono::milliseconds(1500)), "1.5 s");
  EXPECT_EQ(show_duration(std::chrono::hours(72)), "3.0 days");
  EXPECT_EQ(show_bytes(999), "999 B");
  EXPECT_EQ(show_bytes(std::uint64_t{3} << 20), "3.0 MiB");
}

TEST(Words, ShowProgress) {
  EXPECT_EQ(show_progress({4, 0, 0, Duration(0)}), "[........................] 0/4");
  EXPECT_EQ(show_progress({4, 2, 1, std::chrono::seconds(1)}),
            "[############............] 2/4  2.0/s  1 failed  1.0 s left");
}

TEST(Json, EscapesWhatIsNoText) {
  EXPECT_EQ(json_string("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\u000a\\u0001\"");
  EXPECT_EQ(json_string("gr\xc3\xbc\xc3\x9f\xff"), "\"gr\xc3\xbc\xc3\x9f\\ufffd\"");
  EXPECT_EQ(json_string("\xe2\x82"), "\"\\ufffd\\ufffd\"") << "a sequence that is cut off";
}

TEST(Json, WritesNestedValues) {
  JsonWriter json;
  json.begin_object().text("a", "b").begin_array("list").text({}, "x").begin_object().end_object().end_array();
  json.begin_array("none").end_array().boolean("yes", true).real("r", 0.5).end_object();
  EXPECT_EQ(json.take(),
            "{\n  \"a\": \"b\",\n  \"list\": [\n    \"x\",\n    {}\n  ],\n  \"none\": [],\n  \"yes\": true,\n  \"r\": "
            "0.500\n}\n");
}

TEST(Json, EncodesBase64) {
  const auto encode = [](std::string_view text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
}

TEST(ExitCode, EveryOutcomeHasItsOwn) {
  EXPECT_EQ(exit_code(Status::Done), 0);
  EXPECT_EQ(exit_code(Status::Failed), 1);
  EXPECT_EQ(exit_code(Status::Rejected), 3);
  EXPECT_EQ(exit_code(Status::Crashed), 4);
  EXPECT_EQ(exit_code(Status::TimedOut), 5);
  EXPECT_EQ(exit_code(Status::Cancelled), 6);
  EXPECT_EQ(exit_code(Status::Lost), 7);
  EXPECT_EQ(exit_code(SubmitError::QueueFull), 3);
  EXPECT_EQ(exit_code(SubmitError::SessionClosed), 7);
}

TEST(StatusView, ShowsAPoolAndItsWorkers) {
  control::v1::Status status;
  status.set_version("9.9");
  status.set_health("degraded");
  status.add_health_reasons("pool images: quarantined");
  auto& pool = *status.add_pools();
  pool.set_name("images");
  pool.set_state("running");
  pool.set_quarantined(true);
  pool.set_quarantine_reason("boot failure");
  auto& worker = *pool.add_workers();
  worker.set_state("active");
  worker.set_pid(4711);
  worker.set_last_death("killed by signal 11");
  auto& incident = *pool.add_incidents();
  incident.set_serial(12);
  incident.set_cause("killed after its run deadline");
  incident.set_handler("resize");
  incident.set_job_id(77);
  incident.set_stack("#0 spin\n#1 main\n");
  const std::string text = status_text(status);
  for (const char* part :
       {"9.9: degraded", "pool images: quarantined", "QUARANTINED: boot failure", "4711", "signal 11",
        "seat 0: killed after its run deadline, in resize, job 77\n      #0 spin\n      #1 main\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  const std::string json = status_json(status);
  EXPECT_NE(json.find("\"pid\": 4711"), std::string::npos);
  EXPECT_NE(json.find("\"stack\": \"#0 spin\\u000a#1 main\\u000a\""), std::string::npos) << json;
  EXPECT_EQ(std::count(json.begin(), json.end(), '{'), std::count(json.begin(), json.end(), '}'));
}

// Keys only: what a schema validator would do needs one.
TEST(Schema, NamesEveryKeyOfTheOutputs) {
  std::ifstream file(SCHEMA);
  const std::string schema{std::istreambuf_iterator<char>(file), {}};
  control::v1::Status status;
  status.add_health_reasons("x");
  status.add_pools()->add_workers();
  status.add_sessions();
  HandlerDescription handler;
  handler.arguments.emplace_back();
  handler.arguments.back().minimum = handler.arguments.back().maximum = 1;
  PoolHandlers pool;
  pool.handlers.push_back(handler);
  MapReport report(1, false);
  report.file_problem({"a", "b"}, "why");
  const std::string all = status_json(status) + handlers_json({pool}) + report.to_json("p/h");
  std::size_t keys = 0;
  for (std::size_t at = 0; (at = all.find("\": ", at)) != std::string::npos; ++at) {
    const std::string key = all.substr(all.rfind('"', at - 1), at + 1 - all.rfind('"', at - 1));
    EXPECT_NE(schema.find(key + ": "), std::string::npos) << key;
    ++keys;
  }
  EXPECT_GT(keys, 60U);
}

}  // namespace
}  // namespace ringmaster::cli
