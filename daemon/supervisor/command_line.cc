#include "daemon/supervisor/command_line.h"

#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace ringmaster::daemon {
namespace {

using Options = SupervisorOptions;

constexpr std::array<std::pair<std::string_view, bool Options::*>, 4> kSwitches{
    {{"--print-config", &Options::print_config},
     {"--version", &Options::version},
     {"--cold", &Options::cold},
     {"--owned", &Options::owned}}};
constexpr std::array<std::pair<std::string_view, std::string Options::*>, 2> kTexts{
    {{"--config", &Options::config}, {"--socket", &Options::socket}}};
constexpr std::array<std::pair<std::string_view, int Options::*>, 2> kDescriptors{
    {{"--keeper-fd", &Options::keeper_fd}, {"--table-fd", &Options::table_fd}}};

template <typename Table>
auto member_of(const Table& table, std::string_view name) -> decltype(table.front().second) {
  for (const auto& [known, member] : table) {
    if (known == name) return member;
  }
  return nullptr;
}

}  // namespace

Result<SupervisorOptions> parse_supervisor_options(std::span<const char* const> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (const auto chosen = member_of(kSwitches, name)) {
      options.*chosen = true;
      continue;
    }
    const char* const value = i + 1 < arguments.size() ? arguments[i + 1] : nullptr;
    const auto text = member_of(kTexts, name);
    const auto descriptor = member_of(kDescriptors, name);
    if (value == nullptr || (text == nullptr && descriptor == nullptr && name != "--check")) {
      return Error{std::string{name} + ": not an option, or its value is missing"};
    }
    if (text != nullptr) options.*text = value;
    if (descriptor != nullptr) options.*descriptor = std::atoi(value);
    if (name == "--check") options.check = value;
    ++i;
  }
  return {boost::system::in_place_value, std::move(options)};
}

}  // namespace ringmaster::daemon
