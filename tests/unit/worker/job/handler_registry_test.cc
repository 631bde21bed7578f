#include "worker/job/handler_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/handler.h"

namespace ringmaster::worker {
namespace {

using testing::HasSubstr;

void nothing(Job&) {}

TEST(HandlerRegistry, FindsEveryHandlerByItsHash) {
  std::vector<Handler> handlers;
  for (int i = 0; i < 200; ++i) handlers.push_back({.name = "h" + std::to_string(i), .run = nothing});
  const HandlerTable table(std::move(handlers));
  HandlerRegistry registry;
  ASSERT_TRUE(registry.add(table.get(), "test"));
  for (int i = 0; i < 200; ++i) {
    const auto* found = registry.find("h" + std::to_string(i));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->description.name, "h" + std::to_string(i));
  }
  EXPECT_EQ(registry.find("h200"), nullptr);
}

TEST(HandlerRegistry, RefusesANameThatIsTaken) {
  const HandlerTable table({{.name = "one", .run = nothing}});
  HandlerRegistry registry;
  ASSERT_TRUE(registry.add(table.get(), "a.so"));
  const auto again = registry.add(table.get(), "b.so");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("a.so"));
  EXPECT_THAT(again.error().message, HasSubstr("b.so"));
}

TEST(HandlerRegistry, RefusesTablesThatCannotBe) {
  HandlerRegistry registry;
  EXPECT_FALSE(registry.add(nullptr, "x"));
  const HandlerTable good({{.name = "one", .run = nothing}});
  rm_handler_table table = *good.get();
  table.abi = 2;
  EXPECT_THAT(registry.add(&table, "x").error().message, HasSubstr("ABI 2"));
  table = *good.get();
  table.handler_count = 0;
  EXPECT_FALSE(registry.add(&table, "x"));
  table = *good.get();
  table.error = "no licence";
  EXPECT_THAT(registry.add(&table, "x").error().message, HasSubstr("no licence"));
  const HandlerTable no_function({{.name = "one"}});
  EXPECT_THAT(registry.add(no_function.get(), "x").error().message, HasSubstr("function"));
  const HandlerTable bad_name({{.name = "-one", .run = nothing}});
  EXPECT_FALSE(registry.add(bad_name.get(), "x"));
  table = *good.get();
  table.handlers = nullptr;
  EXPECT_THAT(registry.add(&table, "x.so").error().message, HasSubstr("x.so: its table of 1 handlers is NULL"));
  rm_handler handler = *good.get()->handlers;
  table = *good.get();
  table.handlers = &handler;
  handler.argument_count = 1;
  handler.arguments = nullptr;
  EXPECT_THAT(registry.add(&table, "x.so").error().message, HasSubstr("1 arguments is NULL"));
  rm_argument argument{};
  argument.struct_size = sizeof argument;
  argument.name = "mode";
  argument.type = RM_CHOICE;
  argument.choice_count = 2;
  handler.arguments = &argument;
  handler.argument_stride = sizeof argument;
  EXPECT_THAT(registry.add(&table, "x.so").error().message, HasSubstr("number 1 is NULL"));
  const char* const choices[] = {"a", nullptr};
  argument.choices = choices;
  EXPECT_THAT(registry.add(&table, "x.so").error().message, HasSubstr("number 2 is NULL"));
  EXPECT_TRUE(registry.handlers().empty());
}

// A library compiled against a later version has longer structs; its table is walked by its own stride.
TEST(HandlerRegistry, TakesATableWithLongerStructs) {
  struct Longer {
    rm_handler known;
    std::uint64_t newer[4];
  };
  const HandlerTable source({{.name = "one", .run = nothing}, {.name = "two", .run = nothing}});
  Longer longer[2] = {};
  for (int i = 0; i < 2; ++i) {
    longer[i].known = source.get()->handlers[i];
    longer[i].known.struct_size = sizeof(Longer);
  }
  const rm_handler_table table = {sizeof table, RINGMASTER_HANDLER_ABI, &longer[0].known, 2, sizeof(Longer), nullptr};
  HandlerRegistry registry;
  ASSERT_TRUE(registry.add(&table, "newer"));
  EXPECT_NE(registry.find("two"), nullptr);
}

TEST(HandlerRegistry, WarmUpFailureNamesTheHandler) {
  const HandlerTable table({{.name = "one", .warm_up = [] { throw std::runtime_error("no model"); }, .run = nothing}});
  HandlerRegistry registry;
  ASSERT_TRUE(registry.add(table.get(), "x.so"));
  const auto warm = registry.warm_up();
  ASSERT_FALSE(warm);
  EXPECT_THAT(warm.error().message, HasSubstr("\"one\""));
  EXPECT_THAT(warm.error().message, HasSubstr("no model"));
}

TEST(HandlerRegistry, CopiesTheDescription) {
  const HandlerTable table({{.name = "one",
                             .summary = "Sums up.",
                             .arguments = {{.name = "mode",
                                            .kind = ArgumentKind::Choice,
                                            .help = "which",
                                            .default_value = "a",
                                            .choices = {"a", "b"}},
                                           {.name = "n", .kind = ArgumentKind::Integer, .minimum = -3}},
                             .result_constant = 10,
                             .result_factor = 1.5,
                             .listens_to_cancel = true,
                             .idempotent = true,
                             .run = nothing}});
  HandlerRegistry registry;
  ASSERT_TRUE(registry.add(table.get(), "x"));
  const HandlerDescription about = registry.descriptions().at(0);
  EXPECT_EQ(about.summary, "Sums up.");
  EXPECT_EQ(about.arguments.at(0).choices, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(about.arguments.at(1).minimum, -3);
  EXPECT_FALSE(about.arguments.at(1).maximum);
  EXPECT_EQ(about.result_factor, 1.5);
  EXPECT_TRUE(about.listens_to_cancel);
  EXPECT_FALSE(about.change_safe);
  EXPECT_TRUE(about.idempotent);
  EXPECT_TRUE(about.takes_parcels) << "of every worker with this library";
  EXPECT_THAT(list_handlers(registry), HasSubstr("mode (choice: a, b, default a)  which"));
}

}  // namespace
}  // namespace ringmaster::worker
