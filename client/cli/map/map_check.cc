#include "client/cli/map/map_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

namespace ringmaster::cli {
namespace {

namespace fs = std::filesystem;

// Identifies a file whatever its name is: by links, folders and ".." one file has many names.
using FileId = std::pair<dev_t, ino_t>;
using Files = std::map<FileId, const MapItem*>;

std::optional<struct stat> look_at(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return facts;
}

std::vector<std::string> find_folder_problems(const std::string& folder, ResultWriter& writer) {
  std::error_code status;
  fs::create_directories(folder, status);
  if (status && !fs::is_directory(folder))
    return {"--out \"" + folder + "\" is not a folder and cannot be made one: " + status.message()};
  if (const auto usable = writer.check_folder(folder); !usable) return {"--out: " + usable.error().message};
  return {};
}

std::optional<std::string> check_input(MapItem& item, Files& inputs) {
  if (item.input.empty()) return "the name of an input is empty";
  if (item.input == "-") return "map reads regular files; use submit for standard input";
  const auto facts = look_at(item.input);
  if (!facts) return std::nullopt;
  if (S_ISDIR(facts->st_mode)) return "\"" + item.input + "\" is a folder; name the files in it";
  if (!S_ISREG(facts->st_mode))
    return "\"" + item.input + "\" is not a regular file; map reads regular files, use submit for a pipe or a device";
  item.bytes = static_cast<std::uint64_t>(facts->st_size);
  inputs.emplace(FileId{facts->st_dev, facts->st_ino}, &item);
  return std::nullopt;
}

std::optional<std::string> check_output(const MapItem& item, bool force, const Files& inputs, Files& outputs,
                                        ResultWriter& writer) {
  const auto facts = look_at(item.output);
  if (facts) {
    const FileId id{facts->st_dev, facts->st_ino};
    if (const auto found = inputs.find(id); found != inputs.end())
      return item.input + " would become " + item.output + ", which is the input " + found->second->input;
    if (!S_ISREG(facts->st_mode))
      return "\"" + item.output + "\" exists and is not a regular file; choose another --out";
    const auto [other, fresh] = outputs.emplace(id, &item);
    if (!fresh && other->second->output != item.output)
      return item.input + " and " + other->second->input + " would both become the file " + item.output;
  }
  struct stat itself {};
  const bool there = ::lstat(item.output.c_str(), &itself) == 0;
  if (!there && errno != ENOENT) return errno_error("cannot write \"" + item.output + "\"", errno).message;
  if (there && !force) return "\"" + item.output + "\" exists already; remove it, choose another --out, or use --force";
  if (there) {
    if (const auto fits = writer.check(item.output, Existing::Replace); !fits) return fits.error().message;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> find_problems(const MapCommand& command, std::vector<MapItem>& items, ResultWriter& writer) {
  std::vector<std::string> problems = find_folder_problems(command.out, writer);
  if (!problems.empty()) return problems;
  Files inputs;
  Files outputs;
  for (MapItem& item : items)
    if (auto problem = check_input(item, inputs)) problems.push_back(*std::move(problem));
  if (!problems.empty()) return problems;  // names of results for wrong inputs would only confuse
  for (const MapItem& item : items)
    if (auto problem = check_output(item, command.force, inputs, outputs, writer))
      problems.push_back(*std::move(problem));
  for (std::string& one : find_collisions(items)) problems.push_back(std::move(one));
  return problems;
}

}  // namespace ringmaster::cli
