#include "worker/handlers/thumbnail/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::thumbnail {
namespace {

using testing::HasSubstr;

std::string show(Size size) { return std::to_string(size.width) + " x " + std::to_string(size.height); }

TEST(ThumbnailPlan, FitsTheBox) {
  struct Row {
    Size picture;
    Box box;
    Size part;
    Size result;
  };
  const Row rows[] = {
      // Inside: the whole picture, no side longer than the box's.
      {{400, 200}, {100, 20, Fit::Inside, false}, {400, 200}, {40, 20}},
      {{400, 200}, {{}, 50, Fit::Inside, false}, {400, 200}, {100, 50}},
      {{400, 200}, {800, {}, Fit::Inside, false}, {400, 200}, {400, 200}},
      {{400, 200}, {800, {}, Fit::Inside, true}, {400, 200}, {800, 400}},
      {{10000, 1}, {100, 100, Fit::Inside, false}, {10000, 1}, {100, 1}},
      {{3, 1000}, {10, 10, Fit::Inside, true}, {3, 1000}, {1, 10}},
      // Fill: the box; without enlarge no side longer than the picture's.
      {{400, 200}, {60, 50, Fit::Fill, false}, {400, 200}, {60, 50}},
      {{60, 40}, {100, 100, Fit::Fill, false}, {60, 40}, {60, 40}},
      {{200, 40}, {100, 100, Fit::Fill, false}, {200, 40}, {100, 40}},
      {{40, 200}, {100, 100, Fit::Fill, false}, {40, 200}, {40, 100}},
      {{60, 40}, {100, 100, Fit::Fill, true}, {60, 40}, {100, 100}},
      // Cover: always the box's shape.
      {{400, 200}, {50, 50, Fit::Cover, false}, {200, 200}, {50, 50}},
      {{60, 40}, {100, 100, Fit::Cover, false}, {40, 40}, {40, 40}},
      {{80, 200}, {100, 100, Fit::Cover, false}, {80, 80}, {80, 80}},
      {{60, 40}, {30, 90, Fit::Cover, false}, {13, 40}, {13, 40}},
      {{60, 40}, {90, 30, Fit::Cover, false}, {60, 20}, {60, 20}},
      {{60, 40}, {100, 100, Fit::Cover, true}, {40, 40}, {100, 100}},
      {{1, 10000}, {100, 100, Fit::Cover, true}, {1, 1}, {100, 100}},
  };
  for (const Row& row : rows) {
    const Plan plan = make_plan(row.picture, row.box);
    EXPECT_EQ(plan.part, row.part) << show(row.picture) << " -> " << show(plan.part);
    EXPECT_EQ(plan.result, row.result) << show(row.picture) << " -> " << show(plan.result);
  }
}

TEST(ThumbnailPlan, LeavesHalfOfTheShrinkingToTheScaler) {
  const auto shrink = [](int width) { return jpeg_shrink({{12000, 9000}, {width, width * 3 / 4}}); };
  EXPECT_EQ(shrink(256), 8);
  EXPECT_EQ(shrink(1000), 4);
  EXPECT_EQ(shrink(3000), 2);
  EXPECT_EQ(shrink(8000), 1);
}

TEST(ThumbnailPlan, JudgesByWhatDecodingCosts) {
  const auto refused = [](Format format, Size size, std::uint64_t held) {
    return refusal_of({format, size, held}).value_or("");
  };
  EXPECT_EQ(refused(Format::Jpeg, {12000, 9000}, 0), "");
  EXPECT_EQ(refused(Format::Jpeg, {16384, 12288}, 0), "");
  EXPECT_THAT(refused(Format::Jpeg, {65500, 65500}, 0), HasSubstr("500 megapixels"));
  EXPECT_EQ(refused(Format::Jpeg, {12000, 9000}, 324'000'000), "");
  EXPECT_THAT(refused(Format::Jpeg, {20000, 20000}, 2'400'000'000), HasSubstr("600 MB"));
  EXPECT_THAT(refused(Format::Png, {10000, 10000}, 0), HasSubstr("10000 x 10000"));
  EXPECT_THAT(refused(Format::Png, {10000, 9999}, 799'920'000), HasSubstr("600 MB"));
  EXPECT_THAT(refused(Format::Png, {10'000'000, 9}, 0), HasSubstr("100000 on a side"));
  EXPECT_THAT(refused(Format::Webp, {16383, 16383}, 0), HasSubstr("100 megapixels"));
}

TEST(ThumbnailPlan, RefusesAResultBeforeTheWork) {
  EXPECT_EQ(refusal_of_result({9999, 9999}, Format::Png), std::nullopt);
  EXPECT_THAT(refusal_of_result({16383, 16383}, Format::Png).value_or(""), HasSubstr("100 megapixels"));
  EXPECT_THAT(refusal_of_result({100, 20000}, Format::Webp).value_or(""), HasSubstr("16383"));
  EXPECT_EQ(refusal_of_result({100, 16383}, Format::Webp), std::nullopt);
  EXPECT_THAT(refusal_of_result({100, 70000}, Format::Jpeg).value_or(""), HasSubstr("65500"));
  EXPECT_EQ(refusal_of_result({100, 70000}, Format::Png), std::nullopt);
}

}  // namespace
}  // namespace ringmaster::thumbnail
