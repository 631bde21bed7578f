#include "bindings/node/native/shared_data.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "bindings/node/native/external_memory.h"
#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {
namespace {

napi_value fail(napi_env env, const std::string& what) {
  throw_error(env, what + ": " + std::strerror(errno));
  return nullptr;
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

struct Mapping {
  Mapping(int fd, std::size_t size)
      : at(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0)), bytes(size) {}
  ~Mapping() {
    if (at != MAP_FAILED) ::munmap(at, bytes);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  void* at;
  std::size_t bytes;
};

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

// The name of the memory file that `path` stands for; empty: it is none.
std::string memory_file_of(const char* path) {
  constexpr std::string_view kPrefix = "/memfd:";
  constexpr std::string_view kSuffix = " (deleted)";
  std::array<char, 300> text{};
  const ssize_t size = ::readlink(path, text.data(), text.size());
  std::string_view target(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (!target.starts_with(kPrefix) || !target.ends_with(kSuffix)) return {};
  target.remove_prefix(kPrefix.size());
  target.remove_suffix(kSuffix.size());
  return std::string(target);
}

// The sealed memory file `name`, with so many bytes, that `path` stands for. Others are not even opened, but for one
// that takes the place of it meanwhile. Nothing: `path` stands for something else, or for nothing any more.
UniqueFd open_shared(const std::string& path, const std::string& name, std::size_t bytes) {
  if (memory_file_of(path.c_str()) != name) return {};
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0 || static_cast<std::size_t>(about.st_size) != bytes) return {};
  const std::string own = "/proc/self/fd/" + std::to_string(file.get());
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals || memory_file_of(own.c_str()) != name) return {};
  return file;
}

}  // namespace

napi_value share(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const std::string name = text_of(env, arguments[1]);
  UniqueFd file(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0 || !write_all(file.get(), bytes_of(env, arguments[0])))
    return fail(env, "no memory to share data");
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return fail(env, "shared data cannot be sealed");
  const int number = file.get();
  napi_value pair = nullptr;
  must(napi_create_array(env, &pair), "napi_create_array");
  napi_value handle = handle_of(env, std::move(file));
  if (handle == nullptr || napi_set_element(env, pair, 0, handle) != napi_ok) return nullptr;
  return napi_set_element(env, pair, 1, to_value(env, double(number))) == napi_ok ? pair : nullptr;
}

napi_value unshare(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  void* handle = nullptr;
  must(napi_get_value_external(env, arguments[0], &handle), "napi_get_value_external");
  static_cast<UniqueFd*>(handle)->reset();
  return nullptr;
}

napi_value map_shared(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const auto bytes = static_cast<std::size_t>(size_of(env, arguments[2]).value_or(0));
  const UniqueFd file = open_shared(text_of(env, arguments[0]), text_of(env, arguments[1]), bytes);
  if (file.get() < 0) return throw_error(env, "there is no such shared data, or no more"), nullptr;
  if (bytes == 0) return copy_of(env, {});
  const auto mapping = std::make_shared<Mapping>(file.get(), bytes);
  if (mapping->at == MAP_FAILED) return fail(env, "shared data cannot be mapped");
  const std::span data(static_cast<std::byte*>(mapping->at), bytes);
  napi_value buffer = external_buffer(env, data, mapping);
  return buffer != nullptr ? buffer : copy_of(env, data);
}

}  // namespace ringmaster::node
