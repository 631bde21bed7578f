#include "worker/job/handler_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>

#include "base/program_folder.h"

namespace ringmaster::worker {
namespace {

namespace fs = std::filesystem;

std::string joined(const std::vector<std::string>& folders) {
  std::string all;
  for (const std::string& folder : folders) all += (all.empty() ? "" : ", ") + folder;
  return all.empty() ? "no handler folder exists beside this program" : all;
}

}  // namespace

std::vector<std::string> present_handler_folders() {
  std::vector<std::string> folders = handler_folders(program_folder());
  std::erase_if(folders, [](const std::string& folder) {
    std::error_code ignored;
    return !fs::is_directory(folder, ignored);
  });
  return folders;
}

Result<std::string> find_handler_library(const std::string& name, const std::vector<std::string>& folders) {
  std::error_code ignored;
  if (name.find('/') != std::string::npos) {
    if (fs::exists(name, ignored)) return Result<std::string>(boost::system::in_place_value, name);
    return Error{"handler library \"" + name + "\": no such file"};
  }
  for (const std::string& folder : folders) {
    for (const char* suffix : {".so", ""}) {
      const fs::path candidate = fs::path(folder) / (name + suffix);
      if (fs::is_regular_file(candidate, ignored))
        return Result<std::string>(boost::system::in_place_value, candidate.string());
    }
  }
  return Error{"handler \"" + name + "\": no " + name + ".so in " + joined(folders) +
               "; ringmaster-worker --list shows what is there, and a path with a slash names any file"};
}

Result<void> load_handler_library(const std::string& path, HandlerRegistry& registry) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Error{"cannot load handler library \"" + path + "\": " + ::dlerror()};
  void* const symbol = ::dlsym(library, RINGMASTER_HANDLERS_SYMBOL);
  if (symbol == nullptr) {
    return Error{"\"" + path +
                 "\" is not a handler library: it does not export " RINGMASTER_HANDLERS_SYMBOL
                 " (RINGMASTER_HANDLERS in handler.h makes it)"};
  }
  return registry.add(reinterpret_cast<rm_handlers_function>(symbol)(), path);
}

Result<void> load_all_handlers(const std::vector<std::string>& folders, HandlerRegistry& registry,
                               std::vector<std::string>& skipped) {
  std::vector<std::string> libraries;
  for (const std::string& folder : folders) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      if (entry.path().extension() == ".so") libraries.push_back(entry.path().string());
    }
    if (!libraries.empty()) break;
  }
  std::sort(libraries.begin(), libraries.end());
  for (const std::string& path : libraries) {
    if (const auto loaded = load_handler_library(path, registry); !loaded) skipped.push_back(loaded.error().message);
  }
  if (!registry.handlers().empty()) return {};
  std::string why = "no handler could be loaded from " + joined(folders);
  for (const std::string& reason : skipped) why += "; " + reason;
  return Error{why};
}

}  // namespace ringmaster::worker
