#include "bindings/node/native/shared_data.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "base/unique_fd.h"
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
  void* at;
  std::size_t bytes;
};

void unmap(napi_env /*env*/, void* /*data*/, void* hint) {
  const std::unique_ptr<Mapping> mapping(static_cast<Mapping*>(hint));
  ::munmap(mapping->at, mapping->bytes);
}

}  // namespace

napi_value share(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  UniqueFd file(::memfd_create("ringmaster-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0 || !write_all(file.get(), bytes_of(env, arguments[0])))
    return fail(env, "no memory to share data");
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    return fail(env, "shared data cannot be sealed");
  return to_value(env, double(file.release()));
}

napi_value map_shared(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const std::string path = text_of(env, arguments[0]);
  const auto bytes = static_cast<std::size_t>(number_of(env, arguments[1]));
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) return fail(env, "shared data is gone");
  if (static_cast<std::size_t>(about.st_size) != bytes) return throw_error(env, "shared data is gone"), nullptr;
  void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.get(), 0);
  if (at == MAP_FAILED) return fail(env, "shared data cannot be mapped");
  auto mapping = std::make_unique<Mapping>(Mapping{at, bytes});
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, at, bytes, unmap, mapping.get(), &buffer) != napi_ok) {
    buffer = copy_of(env, {static_cast<const std::byte*>(at), bytes});
    unmap(env, at, mapping.release());
    return buffer;
  }
  (void)mapping.release();
  return buffer;
}

}  // namespace ringmaster::node
