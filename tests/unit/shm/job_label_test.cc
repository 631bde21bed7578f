#include "shm/job_label.h"

#include <gtest/gtest.h>

namespace ringmaster::shm {
namespace {

std::string shown(std::string_view text) {
  JobDescriptor job{};
  write_label(job, text);
  EXPECT_EQ(job.message_room, 0U) << "no byte behind the label is written";
  return read_label(job);
}

TEST(JobLabel, IsShownAsItWasWritten) {
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("invoice.js#render"), "invoice.js#render");
  EXPECT_EQ(shown(std::string(kLabelBytes, 'x')), std::string(kLabelBytes, 'x')) << "without a 0 at its end";
}

TEST(JobLabel, IsCutWhereACharacterBegins) {
  EXPECT_EQ(shown(std::string(kLabelBytes + 1, 'x')), std::string(kLabelBytes, 'x'));
  const std::string all_but_one(kLabelBytes - 1, 'x');
  EXPECT_EQ(shown(all_but_one + "\xC3\xA4"), all_but_one) << "half a character is none";
  EXPECT_EQ(shown(std::string(kLabelBytes - 2, 'x') + "\xC3\xA4"), std::string(kLabelBytes - 2, 'x') + "\xC3\xA4");
  EXPECT_EQ(shown(std::string(2 * kLabelBytes, '\x80')), "") << "no character at all begins there";
}

TEST(JobLabel, WhateverBytesTheClientWritesOneCleanLineIsRead) {
  EXPECT_EQ(shown("two\nlines\tand \x1b[31mred"), "two lines and ?[31mred");
  JobDescriptor job{};
  std::memset(job.label, 0xFF, sizeof job.label);
  EXPECT_EQ(read_label(job), std::string(kLabelBytes, '?'));
  std::memset(job.label, 0, sizeof job.label);
  job.label[1] = 'x';
  EXPECT_EQ(read_label(job), "") << "it ends at its first 0";
}

}  // namespace
}  // namespace ringmaster::shm
