#include "daemon/core/pool/created_life.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using Life = CreatedLife;
using State = Life::State;
using Event = Life::Event;
using Effect = Life::Effect;
using Effects = std::vector<Effect>;

struct Step {
  State from;
  Event event;
  State to;
  Effects effects;
};

// Every state and every event: what is not in the list changes nothing.
const std::vector<Step> kSteps = {
    {State::Created, Event::Held, State::Serving, {Effect::Serve}},
    {State::Created, Event::NotHeld, State::Removed, {Effect::Refuse, Effect::Forget}},
    {State::Created, Event::Unwanted, State::Removed, {Effect::Refuse, Effect::Forget}},
    {State::Serving, Event::Unwanted, State::Draining, {Effect::Drain}},
    {State::Draining, Event::Unwanted, State::Draining, {Effect::Drain}},
    {State::Draining, Event::WorkersGone, State::Removing, {Effect::EndSessions}},
    {State::Removing, Event::SessionsGone, State::Removed, {Effect::Forget}},
};

TEST(CreatedLife, AnswersEveryEventInEveryState) {
  for (const State from : {State::Created, State::Serving, State::Draining, State::Removing, State::Removed}) {
    for (const Event event : {Event::Held, Event::NotHeld, Event::Unwanted, Event::WorkersGone, Event::SessionsGone}) {
      SCOPED_TRACE(std::string(to_string(from)) + ", event " + std::to_string(static_cast<int>(event)));
      Step expected{from, event, from, {}};
      for (const Step& step : kSteps) {
        if (step.from == from && step.event == event) expected = step;
      }
      Life life(from);
      EXPECT_EQ(life.handle(event), expected.effects);
      EXPECT_EQ(life.state(), expected.to);
    }
  }
}

TEST(CreatedLife, ForgetsOnceHoweverItEnds) {
  Life life;
  unsigned forgotten = 0;
  for (const Event event : {Event::Held, Event::Unwanted, Event::Unwanted, Event::SessionsGone, Event::WorkersGone,
                            Event::Unwanted, Event::SessionsGone, Event::SessionsGone, Event::Unwanted}) {
    for (const Effect effect : life.handle(event)) forgotten += effect == Effect::Forget ? 1 : 0;
  }
  EXPECT_EQ(forgotten, 1U);
  EXPECT_EQ(life.state(), State::Removed);
}

}  // namespace
}  // namespace ringmaster::core
