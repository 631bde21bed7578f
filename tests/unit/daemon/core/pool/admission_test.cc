#include "daemon/core/pool/admission.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using State = Drain::State;

constexpr State kAll[] = {State::Running,  State::Draining, State::Drained,
                          State::Stopping, State::Killing,  State::Stopped};

TEST(Admission, SaysTheGravestThing) {
  for (const State state : kAll) {
    for (const bool hopeless : {false, true}) {
      const Admission expected = state == State::Running    ? (hopeless ? Admission::Quarantined : Admission::Open)
                                 : state >= State::Stopping ? Admission::Stopping
                                                            : Admission::Draining;
      EXPECT_EQ(admission(state, hopeless), expected) << to_string(state) << hopeless;
    }
  }
}

TEST(Admission, ADrainWaitsForWhatItHadLetIn) {
  const QueuedJob let_in{true, true};
  const QueuedJob late{false, true};
  const QueuedJob tried_again{true, false};
  const QueuedJob late_with_an_attempt{false, false};
  EXPECT_FALSE(refuses(State::Draining, false, false, let_in));
  EXPECT_TRUE(refuses(State::Draining, false, false, late));
  EXPECT_TRUE(refuses(State::Draining, false, false, late_with_an_attempt));
  EXPECT_TRUE(refuses(State::Draining, false, true, let_in)) << "it was not there when the workers were told to rest";
  EXPECT_FALSE(refuses(State::Draining, false, true, tried_again)) << "it lost its worker";
  EXPECT_TRUE(refuses(State::Draining, false, true, late_with_an_attempt));
}

TEST(Admission, WhatNobodyWillTakeIsRefused) {
  for (const QueuedJob job : {QueuedJob{true, true}, QueuedJob{true, false}, QueuedJob{false, true}}) {
    EXPECT_TRUE(refuses(State::Drained, false, true, job));
    EXPECT_TRUE(refuses(State::Running, true, false, job));
    EXPECT_TRUE(refuses(State::Draining, true, false, job));
    EXPECT_FALSE(refuses(State::Running, false, false, job));
  }
}

TEST(Admission, ARefusalSaysWhyInOneSentence) {
  EXPECT_EQ(refusal("p", State::Running, false, "died"), "");
  EXPECT_EQ(refusal("p", State::Running, true, "died"),
            "pool \"p\" has no worker: the last one died; the daemon goes on trying, see its log and `ringmaster "
            "status`");
  for (const State state : kAll) {
    if (state == State::Running) continue;
    EXPECT_EQ(refusal("p", state, true, "died"),
              "pool \"p\" is " + std::string(to_string(state)) + " and takes no new work");
  }
}

}  // namespace
}  // namespace ringmaster::core
