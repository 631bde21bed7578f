#include <gtest/gtest.h>

#include <fstream>

#include "client/cli/commands.h"
#include "client/cli/console/json.h"
#include "client/cli/console/show_text.h"
#include "client/cli/console/words.h"
#include "client/cli/map/map_report.h"
#include "client/cli/status_view.h"

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

TEST(Words, TheProgressLineFitsTheTerminal) {
  const Progress busy{12345, 6789, 21, std::chrono::seconds(100)};
  for (std::size_t columns = 0; columns <= 100; ++columns) {
    EXPECT_LE(show_progress(busy, columns).size(), columns);
    if (columns >= 10) {
      EXPECT_NE(show_progress(busy, columns).find("6789/12345"), std::string::npos) << columns;
    }
  }
  EXPECT_EQ(show_progress(busy, 60), show_progress(busy, 60).substr(0, 60));
  EXPECT_NE(show_progress(busy, 60).find("left"), std::string::npos) << "the bar gets shorter first";
  EXPECT_NE(show_progress(busy, 60).find('#'), std::string::npos);
}

TEST(Words, JobsHaveAShortForm) {
  const std::uint64_t id = std::uint64_t{17} << 32 | 1;
  EXPECT_EQ(show_job(id), "17-1");
  EXPECT_EQ(show_job(0), "");
  EXPECT_EQ(decimal_job(id), "73014444033");
  EXPECT_EQ(parse_job("17-1").value(), id);
  EXPECT_EQ(parse_job("73014444033").value(), id);
  EXPECT_EQ(parse_job("4294967295-4294967295").value(), ~std::uint64_t{0});
  for (const char* bad : {"", "0", "-", "17-", "-1", "0-1", "17-1x", "x", "17--1", "4294967296-1", " 17-1", "1.5"})
    EXPECT_FALSE(parse_job(bad)) << bad;
}

TEST(Words, CountAndSuggest) {
  EXPECT_EQ(count_of(1, "connection"), "1 connection");
  EXPECT_EQ(count_of(0, "worker"), "0 workers");
  EXPECT_EQ(ordinal(2), "2nd");
  EXPECT_EQ(ordinal(11), "11th");
  EXPECT_EQ(ordinal(103), "103rd");
  EXPECT_EQ(did_you_mean("statsu", {"submit", "status", "stop"}), "; did you mean \"status\"?");
  EXPECT_EQ(did_you_mean("stat", {"submit", "status"}), "; did you mean \"status\"?");
  EXPECT_EQ(did_you_mean("frobnicate", {"submit", "status"}), "");
}

TEST(ShowText, CommandsNoTerminal) {
  EXPECT_EQ(clean_line("a\x1b]0;title\x1b[31mred"), "a?]0;title?[31mred");
  EXPECT_EQ(clean_line("one\ntwo\r\tthree"), "one two  three");
  EXPECT_EQ(clean_line("\xc2\x9b"
                       "2J\x7f"),
            "?2J?")
      << "C1 and DEL";
  EXPECT_EQ(clean_line("gpj.\xe2\x80\xae"
                       "exe"),
            "gpj.?exe")
      << "turned round";
  EXPECT_EQ(clean_line("\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\x8b\xef\xbb\xbf"), "????");
  EXPECT_EQ(clean_line("\xff\xe2\x82"), "???") << "no UTF-8";
  EXPECT_EQ(clean_line("gr\xc3\xbc\xc3\x9f \xe4\xb8\xad"), "gr\xc3\xbc\xc3\x9f \xe4\xb8\xad");
  EXPECT_EQ(clean_lines("a\x1b\nb\n"), "a?\nb\n");
}

TEST(ShowText, KnowsHowWideTextIs) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\xe4\xb8\xad\xe6\x96\x87"), 4U) << "two ideographs";
  EXPECT_EQ(display_width("e\xcc\x81"), 1U) << "a combining accent";
  EXPECT_EQ(display_width("\xf0\x9f\x98\x80"), 2U) << "an emoji";
  EXPECT_EQ(cut_to_width("\xe4\xb8\xad\xe6\x96\x87", 3), "\xe4\xb8\xad");
  EXPECT_EQ(cut_to_width("e\xcc\x81x", 1), "e\xcc\x81");
}

TEST(StatusView, CleansWhatStrangersSaid) {
  control::v1::Status status;
  status.add_sessions()->set_client("evil\x1b[2J\nforged line");
  status.add_pools()->add_workers()->set_last_death("a\nb");
  const std::string text = status_text(status);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("evil?[2J forged line"), std::string::npos) << text;
}

TEST(Json, EscapesWhatCommandsATerminal) {
  EXPECT_EQ(json_string("\xc2\x9b\xe2\x80\xae"), "\"\\u009b\\u202e\"");
  EXPECT_EQ(json_string("\xf3\xa0\x80\x81"), "\"\\udb40\\udc01\"");
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
  EXPECT_EQ(exit_code(Status::Refused), 3);
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
  incident.set_job_id(std::uint64_t{17} << 32 | 77);
  incident.set_stack("#0 spin\n#1 main\n");
  auto& charge = *pool.add_charges();
  charge.set_uid(1000);
  charge.set_workers(21);
  charge.set_standing("refused");
  charge.set_refused_for_ms(30'000);
  charge.set_last_for_ms(55'000);
  charge.set_cause("killed by SIGSEGV");
  pool.add_charges()->set_uid(1001);  // It owes hardly anything.
  const std::string text = status_text(status);
  EXPECT_EQ(text.find("uid 1001"), std::string::npos);
  for (const char* part :
       {"uid 1000 is charged with the end of 21 workers: refused for another 30 s, then served last for 25 s; ",
        "the last one killed by SIGSEGV\n", "9.9: degraded", "pool images: quarantined", "QUARANTINED: boot failure",
        "4711", "signal 11",
        "seat 0: killed after its run deadline, in resize, job 17-77\n      #0 spin\n      #1 main\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  incident.set_full_stack("#0 spin\n#1 main\n#2 _start\n");
  incident.set_what("nothing is mapped at 0x0");
  incident.set_core("core dumped");
  incident.set_same_as(11);
  const std::string full = status_text(status, true);
  EXPECT_NE(
      full.find("job 17-77: nothing is mapped at 0x0 (core dumped)\n      as in incident 11, a moment before\n      "
                "#0 spin\n      #1 main\n      #2 _start\n"),
      std::string::npos)
      << full;
  EXPECT_EQ(status_text(status).find("_start"), std::string::npos);
  const std::string json = status_json(status);
  EXPECT_NE(json.find("\"pid\": 4711"), std::string::npos);
  EXPECT_NE(json.find("\"job_id\": \"73014444109\""), std::string::npos) << "a string, exact: " << json;
  EXPECT_NE(json.find("\"stack\": \"#0 spin\\u000a#1 main\\u000a\""), std::string::npos) << json;
  EXPECT_EQ(std::count(json.begin(), json.end(), '{'), std::count(json.begin(), json.end(), '}'));
}

// Keys only: what a schema validator would do needs one.
TEST(Schema, NamesEveryKeyOfTheOutputs) {
  std::ifstream file(SCHEMA);
  const std::string schema{std::istreambuf_iterator<char>(file), {}};
  control::v1::Status status;
  status.add_health_reasons("x");
  auto& status_pool = *status.add_pools();
  status_pool.add_workers();
  status_pool.add_incidents();
  status_pool.add_charges();
  status_pool.add_rates();
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
