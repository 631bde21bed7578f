#include "daemon/config/stock_list.h"

#include <utility>

namespace ringmaster::config {

StockList stock_list(const World& world) {
  for (const auto& folder : world.handler_folders) {
    StockList stock{folder, {}};
    for (const auto& file : world.list(folder)) {
      if (file.size() > 3 && file.ends_with(".so")) stock.names.push_back(file.substr(0, file.size() - 3));
    }
    if (!stock.names.empty()) return stock;
  }
  return {};
}

std::string to_text(const StockList& stock) {
  if (stock.names.empty()) return {};
  std::string text = stock.folder + "\n";
  for (const auto& name : stock.names) text += name + ".so\n";
  return text;
}

void set_stock_list(World& world, std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    lines.emplace_back(text.substr(0, end));
  }
  if (lines.size() < 2) return;
  world.handler_folders = {lines.front()};
  lines.erase(lines.begin());
  world.list = [names = std::move(lines)](const std::string&) { return names; };
}

}  // namespace ringmaster::config
