#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client/cli/file_io.h"
#include "client/cli/map_plan.h"
#include "client/cli/map_report.h"

namespace ringmaster::cli {
namespace {

namespace fs = std::filesystem;

HandlerDescription with_extension(const std::string& extension) {
  HandlerDescription handler;
  handler.output_extension = extension;
  ArgumentDescription format;
  format.name = "format";
  handler.arguments.push_back(format);
  return handler;
}

std::string named(const std::string& extension, const Arguments& arguments, const std::string& input,
                  const std::string& chosen = "") {
  return output_name(input, extension_rule(with_extension(extension), arguments, chosen));
}

TEST(MapPlan, NamesResults) {
  EXPECT_EQ(named("zst", {}, "in/a.txt"), "a.txt.zst") << "fixed: behind";
  EXPECT_EQ(named("{format}", {{"format", "webp"}}, "in/a.png"), "a.webp") << "an argument: in place";
  EXPECT_EQ(named("{format}", {{"format", "jpeg"}}, "a.png"), "a.jpg");
  EXPECT_EQ(named("{format}", {}, "a.png"), "a.png") << "no value: kept";
  EXPECT_EQ(named("{format}", {{"format", "../x"}}, "a.png"), "a.png") << "an extension is no path";
  EXPECT_EQ(named("", {}, "a"), "a");
  EXPECT_EQ(named("zst", {}, "a.tar.zst", ".tar"), "a.tar.tar") << "--ext replaces the last";
}

TEST(MapPlan, FindsCollisions) {
  EXPECT_TRUE(find_collisions({{"x/a.png", "out/a.png", 0}, {"x/b.png", "out/b.png", 0}}).empty());
  EXPECT_EQ(find_collisions({{"x/a.png", "out/a.png", 0}, {"y/a.png", "out/a.png", 0}}).size(), 1U);
  EXPECT_EQ(find_collisions({{"./x/a.png", "x/./a.png", 0}}).size(), 1U) << "a result that is an input";
}

TEST(MapPlan, SizesTheRings) {
  PoolHandlers pool;
  HandlerDescription handler;
  handler.result_constant = 4096;
  handler.result_factor = 1;
  const MapRoom small = plan_room({{"a", "b", 10}}, &handler, 8, pool);
  EXPECT_EQ(small.request_ring, std::uint64_t{1} << 20);
  const std::uint64_t big = std::uint64_t{100} << 20;
  const MapRoom large = plan_room({{"a", "b", big}, {"c", "d", 10}}, &handler, 8, pool);
  EXPECT_GE(large.request_ring, 2 * big);
  EXPECT_LT(large.request_ring, 3 * big) << "not a ring for eight of them: there is only one";
  EXPECT_EQ(large.request_ring % 4096, 0U);
  pool.max_request_ring_bytes = big;
  EXPECT_EQ(plan_room({{"a", "b", big}}, &handler, 8, pool).request_ring, big);
}

class FileIo : public ::testing::Test {
 protected:
  FileIo() {
    char pattern[] = "/tmp/ringmaster-files-XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  ~FileIo() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] static std::string content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static Result<void> write(const std::string& path, std::string_view text, Existing existing) {
    return write_file(path, std::as_bytes(std::span(text)), existing);
  }
  std::string folder_;
};

TEST_F(FileIo, WritesNoFileOverAnotherUnlessTold) {
  ASSERT_TRUE(write(path("a"), "one", Existing::Keep));
  const auto refused = write(path("a"), "two", Existing::Keep);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("exists already"), std::string::npos);
  EXPECT_EQ(content(path("a")), "one");
  ASSERT_TRUE(write(path("a"), "two", Existing::Replace));
  EXPECT_EQ(content(path("a")), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1) << "no temporary file is left";
}

TEST_F(FileIo, ReadsAFileStraightIntoItsPlace) {
  ASSERT_TRUE(write(path("a"), "payload", Existing::Keep));
  const auto input = open_input(path("a")).value();
  EXPECT_TRUE(input.sized);
  std::string place(input.bytes, '\0');
  EXPECT_EQ(read_into(input, std::as_writable_bytes(std::span(place))).value(), 7U);
  EXPECT_EQ(place, "payload");
  EXPECT_FALSE(open_input(folder_));
  EXPECT_FALSE(open_input(path("missing")));
}

TEST_F(FileIo, ReadsAStreamToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Input input;
  input.fd = UniqueFd(ends[0]);
  ASSERT_EQ(::write(ends[1], "stream", 6), 6);
  ::close(ends[1]);
  EXPECT_EQ(read_all(input).value(), "stream");
}

TEST(MapReport, CountsAndListsFailures) {
  MapReport report(3, false);
  OutcomeFacts done;
  done.status = Status::Done;
  done.attempts = 2;
  report.ended({"a", "x", 1}, Outcome(done, "result"));
  OutcomeFacts crashed;
  crashed.status = Status::Crashed;
  crashed.cause = Cause::CrashedSignal;
  crashed.detail = 11;
  report.ended({"b", "y", 1}, Outcome(crashed));
  report.file_problem({"c", "z", 1}, "cannot open \"c\"");
  report.finish();
  EXPECT_FALSE(report.all_done());
  EXPECT_NE(report.summary().find("1 of 3 done"), std::string::npos) << report.summary();
  const std::string json = report.to_json("default/echo");
  for (const char* part : {"\"done\": 1", "\"failed\": 2", "\"retried\": 1", "\"detail\": 11", "\"bytes_out\": 6"})
    EXPECT_NE(json.find(part), std::string::npos) << part << " in\n" << json;
}

}  // namespace
}  // namespace ringmaster::cli
