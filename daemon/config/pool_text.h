#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/config/config_load.h"
#include "daemon/core/pool/pool_creation.h"

namespace ringmaster::config {

/// Who creates a pool, as the kernel says: what its workers run as, and what they have at most.
struct Creator {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  int nice = 0;
  std::vector<std::pair<int, core::ProcessLimit>> limits;  ///< by RLIMIT_ constant

  friend bool operator==(const Creator&, const Creator&) = default;
};

/// What a created pool is made from, complete. The text may hold secrets: it lies with the keeper as a memfd, and never
/// in the ledger or a log.
struct PoolText {
  std::string name;           ///< as its creator calls it
  std::string text;           ///< TOML of one pool's table
  std::string folder;         ///< that relative paths in it start from: absolute, or empty where it has none
  std::string stock;          ///< stock_list.h, as when it was created
  unsigned workers = 0;       ///< 0: as the text says
  unsigned most_workers = 0;  ///< 0: as workers
  unsigned min_workers = 0;   ///< 0: as workers; if that is 0 too, as the text says
  Creator creator;

  friend bool operator==(const PoolText&, const PoolText&) = default;
};
inline constexpr std::size_t kMaxPoolText = std::size_t{64} << 10;

/// What the daemon itself has, and so may give: root too may lack the rights to exceed it.
struct OwnRights {
  uid_t uid = 0;
  int nice = 0;
  std::vector<std::pair<int, std::uint64_t>> hard_limits;
  gid_t gid = 0;
  std::vector<gid_t> groups = {};  ///< in any order
};

struct PoolOutcome {
  std::optional<PoolConfig> config;  ///< complete, its name and owner filled in
  std::vector<Problem> problems;     ///< where there is none
};
/// The checks of a file, and those of one that its creator wrote: workers run as that user, with no more than it has.
/// `trusted`: it was accepted before. Of another user's text no path and no user is looked up, as looking may take for
/// ever and tells of files that the user may not see: what is not there the start of a worker says.
[[nodiscard]] PoolOutcome parse_pool(const PoolText& text, const World& world, const OwnRights& own,
                                     unsigned usable_cpus, bool trusted);

/// As it is kept for successors.
[[nodiscard]] Result<UniqueFd> write_pool_text(const PoolText& text);
/// Does not close `fd`.
[[nodiscard]] Result<PoolText> read_pool_text(int fd);

[[nodiscard]] std::vector<std::byte> encode_pool_text(const PoolText& text);
[[nodiscard]] Result<PoolText> decode_pool_text(std::span<const std::byte> bytes);

}  // namespace ringmaster::config
