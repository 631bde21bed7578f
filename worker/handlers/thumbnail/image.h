#pragma once

#include <vips/vips.h>

#include <memory>
#include <string>

namespace ringmaster::thumbnail {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

/// Throws `what` with the errors that libvips has noted since the job began.
[[noreturn]] void fail(const std::string& what);

}  // namespace ringmaster::thumbnail
