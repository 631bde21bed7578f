#pragma once

#include <sys/stat.h>

#include <map>
#include <string>

#include "daemon/config/config_load.h"

namespace ringmaster::config {

/// A machine made of tables: root, one user, one group, the stock handlers, a few files.
inline World fake_world() {
  World world;
  world.stat = [](const std::string& path) -> std::optional<World::FileFacts> {
    static const std::map<std::string, mode_t> files = {
        {"/", S_IFDIR | 0755},           {"/srv", S_IFDIR | 0755},         {"/bin/thumb", S_IFREG | 0755},
        {"/here/thumb", S_IFREG | 0644}, {"/lib/mine.so", S_IFREG | 0644}, {"/etc/passwd", S_IFREG | 0644}};
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return World::FileFacts{found->second};
  };
  world.user = [](const std::string& name) -> std::optional<World::UserFacts> {
    if (name == "worker") return World::UserFacts{1000, 1001};
    return std::nullopt;
  };
  world.group = [](const std::string& name) -> std::optional<gid_t> {
    if (name == "clients") return gid_t{2000};
    return std::nullopt;
  };
  world.list = [](const std::string& folder) -> std::vector<std::string> {
    if (folder == "/stock") return {"README", "echo.so", "thumbnail.so"};
    return {};
  };
  world.handler_folders = {"/absent", "/stock"};
  world.path = "/usr/bin:/bin";
  world.cwd = "/here";
  world.euid = 0;
  return world;
}

}  // namespace ringmaster::config
