#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client/cli/console/advice.h"
#include "client/cli/console/common.h"
#include "client/cli/files/input.h"
#include "client/cli/files/result_writer.h"
#include "client/cli/map/map_check.h"
#include "client/cli/map/map_plan.h"
#include "client/cli/map/map_report.h"
#include "client/control/control_link.h"

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
                  const std::optional<std::string>& chosen = std::nullopt) {
  return output_name(input, extension_rule(with_extension(extension), arguments, chosen)).value();
}

TEST(MapPlan, NamesResults) {
  EXPECT_EQ(named("zst", {}, "in/a.txt"), "a.txt.zst") << "fixed: behind";
  EXPECT_EQ(named("{format}", {{"format", "webp"}}, "in/a.png"), "a.webp") << "an argument: in place";
  EXPECT_EQ(named("{format}", {{"format", "jpeg"}}, "a.png"), "a.jpg");
  EXPECT_EQ(named("{format}", {}, "a.png"), "a.png") << "no value: kept";
  EXPECT_EQ(named("{format}", {{"format", "../x"}}, "a.png"), "a.png") << "an extension is no path";
  EXPECT_EQ(named("", {}, "a"), "a");
  EXPECT_EQ(named("zst", {}, "a.tar.zst", ".tar"), "a.tar.tar") << "--ext replaces the last";
  EXPECT_EQ(named("zst", {}, "a.tar.zst", ""), "a.tar") << "--ext \"\" drops the last";
  EXPECT_EQ(named("zst", {}, "a.tar.zst"), "a.tar.zst.zst") << "a fixed extension says one thing only";
  EXPECT_EQ(named("zst", {}, ".zst"), ".zst.zst") << "a name that is all extension stays one";
}

HandlerDescription both_ways() {
  HandlerDescription handler = with_extension("{mode:compress=+zst,decompress=-zst}");
  ArgumentDescription mode;
  mode.name = "mode";
  mode.choices = {"compress", "decompress"};
  mode.default_value = "compress";
  handler.arguments.push_back(mode);
  return handler;
}

TEST(MapPlan, NamesFollowTheDirection) {
  const auto name = [](const std::string& mode, const std::string& input) {
    const Arguments arguments = mode.empty() ? Arguments() : Arguments{{"mode", mode}};
    const auto made = output_name(input, extension_rule(both_ways(), arguments, std::nullopt));
    return made ? *made : "refused";
  };
  EXPECT_EQ(name("", "a.txt"), "a.txt.zst") << "by the default";
  EXPECT_EQ(name("compress", "b.txt.zst"), "b.txt.zst.zst") << "compressed twice";
  EXPECT_EQ(name("decompress", "b.txt.zst"), "b.txt");
  EXPECT_EQ(name("decompress", "b.txt.ZST"), "b.txt");
  EXPECT_EQ(name("decompress", "b.zst.zSt"), "b.zst");
  EXPECT_EQ(name("decompress", "u.tzst"), "u.tar");
  EXPECT_EQ(name("decompress", "u.TZST"), "u.tar");
  EXPECT_EQ(name("decompress", "plain"), "plain");
  EXPECT_EQ(name("decompress", "in/.zst"), "refused") << "nothing is left";
}

TEST(MapPlan, RefusesNamesThatWouldLie) {
  const auto fine = [](const HandlerDescription& handler, const Arguments& arguments, const std::string& input,
                       const std::string& chosen) {
    return output_name(input, extension_rule(handler, arguments, chosen)).has_value();
  };
  const Arguments plain{{"mode", "decompress"}};
  EXPECT_FALSE(fine(both_ways(), plain, "a.zst", "zst"));
  EXPECT_FALSE(fine(both_ways(), plain, "a.zst", ".TZST"));
  EXPECT_TRUE(fine(both_ways(), plain, "a.zst", "txt"));
  EXPECT_TRUE(fine(both_ways(), {}, "a.txt", "tzst"));
  HandlerDescription picture = with_extension("{format}");
  picture.arguments[0].choices = {"jpeg", "png", "webp"};
  EXPECT_FALSE(fine(picture, {{"format", "webp"}}, "a.png", "png"));
  EXPECT_FALSE(fine(picture, {{"format", "png"}}, "a.png", "JPG"));
  EXPECT_TRUE(fine(picture, {{"format", "jpeg"}}, "a.png", "JPG"));
  EXPECT_TRUE(fine(picture, {{"format", "webp"}}, "a.png", "small"));
  EXPECT_FALSE(fine(picture, {}, "a.png", "webp")) << "the format stays the input's";
  EXPECT_TRUE(fine(picture, {}, "a.jpeg", "jpg"));
}

TEST(MapPlan, FindsCollisions) {
  EXPECT_TRUE(find_collisions({{"x/a.png", "out/a.png"}, {"x/b.png", "out/b.png"}}).empty());
  EXPECT_EQ(find_collisions({{"x/a.png", "out/a.png"}, {"y/a.png", "out/a.png"}}).size(), 1U);
  EXPECT_EQ(find_collisions({{"./x/a.png", "x/./a.png"}}).size(), 1U) << "a result that is an input";
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
  handler.takes_parcels = true;
  EXPECT_EQ(plan_room({{"a", "b", big}}, &handler, 8, pool).request_ring, std::uint64_t{1} << 20)
      << "it gets memory of its own";
}

TEST(MapPlan, MakesRoomForResultsOfKnownSize) {
  const std::uint64_t big = std::uint64_t{100} << 20;
  MapItem item{"a", "b", 10};
  item.result = big;
  PoolHandlers pool;
  EXPECT_GE(plan_room({item}, nullptr, 8, pool).result_ring, big);
  pool.max_result_ring_bytes = big;
  EXPECT_TRUE(fits_pool(big, pool));
  EXPECT_FALSE(fits_pool(big + 1, pool));
}

TEST(Advice, SaysWhatToDoAboutTheSize) {
  PoolHandlers pool;
  pool.pool = "p";
  pool.max_request_ring_bytes = pool.max_result_ring_bytes = 1000;
  OutcomeFacts facts;
  facts.cause = Cause::TooLarge;
  facts.needed_bytes = 500;
  EXPECT_NE(advice(facts, pool, "use --idempotent").find("use --idempotent"), std::string::npos);
  EXPECT_EQ(advice(facts, pool, nullptr), "");
  facts.needed_bytes = 1001;
  EXPECT_NE(advice(facts, pool, "use --idempotent").find("session.result_ring_max of pool \"p\""), std::string::npos);
  HandlerDescription handler;
  EXPECT_EQ(request_limit(pool, &handler, true), 1000U);
  EXPECT_EQ(request_limit(pool, &handler, false), UINT64_MAX) << "a file: the daemon decides";
  EXPECT_NE(request_too_large("\"f\"", pool, &handler).find("session.request_ring_max of pool \"p\""),
            std::string::npos);
  handler.max_request_bytes = 72;
  EXPECT_EQ(request_limit(pool, &handler, true), 72U);
  EXPECT_EQ(request_limit(pool, &handler, false), 72U);
  EXPECT_NE(request_too_large("\"f\"", pool, &handler).find("up to 72 bytes"), std::string::npos);
}

TEST(ExitCodes, TellARefusalFromADaemonThatIsNotThere) {
  EXPECT_EQ(
      exit_code(Error{"unknown pool", client::kRefusedByDaemon + static_cast<int>(client::ErrorCode::UnknownPool)}),
      kExitRefused);
  EXPECT_EQ(exit_code(Error{"draining", client::kRefusedByDaemon + static_cast<int>(client::ErrorCode::Draining)}),
            kExitRefused);
  EXPECT_EQ(exit_code(Error{"quota", client::kRefusedByDaemon + static_cast<int>(client::ErrorCode::Quota)}),
            kExitRefused);
  EXPECT_EQ(exit_code(Error{"no answer", ETIMEDOUT}), kExitNoDaemon);
  EXPECT_EQ(exit_code(Error{"not there", ENOENT}), kExitNoDaemon);
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
    return ResultWriter().write(path, std::as_bytes(std::span(text)), existing);
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

TEST_F(FileIo, KeepsLinksAndWritesIntoPipes) {
  ASSERT_TRUE(write(path("real"), "one", Existing::Keep));
  fs::create_symlink("real", path("link"));
  ASSERT_TRUE(write(path("link"), "two", Existing::Replace));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content(path("real")), "two");
  fs::create_symlink("later", path("dangling"));
  ASSERT_TRUE(write(path("dangling"), "three", Existing::Replace));
  EXPECT_TRUE(fs::is_symlink(path("dangling")));
  EXPECT_EQ(content(path("later")), "three");

  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const UniqueFd reader(::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(write(path("pipe"), "four", Existing::Replace));
  char text[8] = {};
  EXPECT_EQ(::read(reader.get(), text, sizeof text), 4);
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
}

// Six bytes, and nobody says how many there are.
Input stream() {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  Input input;
  input.fd = UniqueFd(ends[0]);
  EXPECT_EQ(::write(ends[1], "stream", 6), 6);
  ::close(ends[1]);
  return input;
}

TEST_F(FileIo, StopsReadingBeyondTheLimit) {
  const auto zero = open_input("/dev/zero").value();
  EXPECT_FALSE(zero.sized);
  const auto refused = read_all(zero, 100'000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EFBIG);
  const Input input = stream();
  EXPECT_EQ(read_all(input, 5).error().code, EFBIG);
}

TEST_F(FileIo, ReportsADeviceThatTakesNothing) { EXPECT_FALSE(write("/dev/full", "x", Existing::Replace)); }

std::vector<std::string> problems_of(const std::string& out, const std::vector<std::string>& inputs, bool force) {
  MapCommand command;
  command.out = out;
  command.force = force;
  std::vector<MapItem> items;
  for (const std::string& input : inputs) items.push_back({input, out + "/" + fs::path(input).filename().string()});
  ResultWriter writer;
  return find_problems(command, items, writer);
}

TEST_F(FileIo, NoResultGoesOverAnInputWhateverItIsCalled) {
  fs::create_directory(path("in"));
  ASSERT_TRUE(write(path("in/a"), "input", Existing::Keep));
  fs::create_directory_symlink("in", path("same"));
  fs::create_directory(path("out"));
  fs::create_hard_link(path("in/a"), path("out/a"));
  EXPECT_EQ(problems_of(path("same"), {path("in/a")}, true).size(), 1U) << "a linked folder";
  EXPECT_EQ(problems_of(fs::relative(path("in")).string(), {path("in/a")}, true).size(), 1U) << "relative, absolute";
  EXPECT_EQ(problems_of(path("out"), {path("in/a")}, true).size(), 1U) << "a hard link";
  EXPECT_TRUE(problems_of(path("new"), {path("in/a")}, false).empty());
}

TEST_F(FileIo, MapRefusesWhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  for (const std::string& input :
       {path("pipe"), folder_, folder_ + "/..", std::string("-"), std::string("/dev/null")}) {
    const auto problems = problems_of(path("out"), {input}, true);
    ASSERT_EQ(problems.size(), 1U) << input;
  }
  EXPECT_NE(problems_of(path("out"), {path("pipe")}, true)[0].find("use submit"), std::string::npos);
  fs::create_directory(path("out/a"));
  ASSERT_TRUE(write(path("a"), "x", Existing::Keep));
  EXPECT_EQ(problems_of(path("out"), {path("a")}, true).size(), 1U) << "a folder where the result would go";
  EXPECT_TRUE(problems_of(path("out"), {path("missing")}, false).empty()) << "fails alone, when its turn comes";
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
  const Input input = stream();
  EXPECT_EQ(read_all(input, 6).value(), "stream");
}

TEST(MapReport, CountsAndListsFailures) {
  MapReport report(3, false);
  OutcomeFacts done;
  done.status = Status::Done;
  done.attempts = 2;
  report.ended({"a", "x"}, Outcome(done, "result"));
  OutcomeFacts crashed;
  crashed.status = Status::Crashed;
  crashed.cause = Cause::CrashedSignal;
  crashed.detail = 11;
  report.ended({"b", "y"}, Outcome(crashed));
  report.file_problem({"c", "z"}, "cannot open \"c\"");
  report.finish();
  EXPECT_FALSE(report.all_done());
  EXPECT_NE(report.summary().find("1 of 3 done"), std::string::npos) << report.summary();
  const std::string json = report.to_json("default/echo");
  for (const char* part : {"\"done\": 1", "\"failed\": 2", "\"retried\": 1", "\"detail\": 11", "\"bytes_out\": 6"})
    EXPECT_NE(json.find(part), std::string::npos) << part << " in\n" << json;
}

}  // namespace
}  // namespace ringmaster::cli
