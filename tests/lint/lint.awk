# Reads the project's sources (paths relative to the root, given as arguments) and prints every breach of the
# layering that HACKING.md draws, and of the rules for files. Exit status 1 if there is any.
#
# Portable awk: no extension of gawk, since Debian brings mawk.

# Which folders each folder may include from, besides itself: these very folders, not what is below them. A name
# without a slash at its end is one header. Arrows point down the list.
BEGIN {
  allow["bindings/node/native/"] = "bindings/format/ base/unique_fd.h"
  allow["bindings/python/native/"] = "bindings/format/"
  allow["bindings/format/"] = ""
  allow["client/cli/"] = "client/cli/map/ client/cli/files/ client/cli/console/ client/ client/control/ " \
    "client/control/message/ client/session/ proto/ base/"
  allow["client/cli/map/"] = "client/cli/files/ client/cli/console/ client/ client/control/ client/types/ shm/"
  allow["client/cli/files/"] = "client/cli/console/ base/"
  allow["client/cli/console/"] = "client/ client/control/ client/session/ client/types/ base/"
  allow["client/abi/"] = "client/ client/types/ proto/"
  allow["client/"] = "client/control/ client/session/ client/types/ proto/ base/"
  allow["client/control/"] = "client/control/message/ client/session/ client/types/ proto/ base/"
  allow["client/control/message/"] = "client/types/ proto/ base/"
  allow["client/session/"] = "client/types/ shm/heap/ shm/port/ proto/ shm/ base/"
  allow["client/types/"] = "proto/ shm/"
  allow["worker/loop/"] = "worker/job/ worker/session/ worker/process/ worker/ shm/port/ proto/ shm/ base/"
  allow["worker/job/"] = "worker/session/ worker/process/ worker/ shm/port/ proto/ shm/ base/"
  allow["worker/session/"] = "shm/port/ proto/ shm/ base/"
  allow["worker/process/"] = "proto/ shm/ base/"
  allow["worker/example/"] = "worker/"
  allow["worker/handlers/"] = "worker/"
  allow["worker/handlers/thumbnail/"] = "worker/"
  allow["worker/"] = ""
  allow["daemon/supervisor/"] = "daemon/control/ daemon/control/requests/ daemon/control/socket/ daemon/jobs/ " \
    "daemon/pools/ daemon/pool/ daemon/sessions/ daemon/incidents/ daemon/ports/ daemon/machine/ daemon/loop/ " \
    "daemon/config/ daemon/log/ daemon/link/ daemon/os/ daemon/core/daemon/ daemon/core/machine/ shm/ledger/ shm/port/ proto/ shm/ " \
    "base/"
  allow["daemon/pools/"] = "daemon/pool/ daemon/sessions/ daemon/ports/ daemon/machine/ daemon/loop/ daemon/config/ " \
    "daemon/log/ daemon/link/ daemon/core/daemon/ daemon/core/pool/ daemon/core/ shm/ledger/ shm/ base/"
  allow["daemon/control/"] = "daemon/ports/ daemon/machine/ daemon/loop/ daemon/config/ daemon/log/ " \
    "daemon/core/daemon/ daemon/core/machine/ daemon/core/ proto/ base/"
  allow["daemon/control/requests/"] = "daemon/control/request_desk.h daemon/control/responder.h " \
    "daemon/control/message/ daemon/jobs/ " \
    "daemon/sessions/ daemon/ports/ daemon/machine/ daemon/loop/ daemon/log/ proto/ base/"
  allow["daemon/control/message/"] = "daemon/jobs/ daemon/sessions/ daemon/ports/ daemon/core/ proto/ base/"
  allow["daemon/control/socket/"] = "daemon/loop/ daemon/config/ daemon/log/ daemon/os/ daemon/core/daemon/ proto/ " \
    "base/"
  allow["daemon/jobs/"] = "daemon/jobs/home/ daemon/sessions/ daemon/incidents/ daemon/ports/ daemon/loop/ " \
    "daemon/log/ daemon/core/daemon/ daemon/core/job/ daemon/core/worker/ daemon/core/ shm/ledger/ shm/port/ " \
    "proto/args.h proto/handler_id.h proto/handler_table.h proto/submit_rules.h shm/ base/"
  allow["daemon/jobs/home/"] = "daemon/sessions/ daemon/ports/ daemon/loop/ daemon/core/job/ daemon/core/ shm/ledger/ " \
    "shm/port/ shm/heap/ shm/ base/"
  allow["daemon/pool/"] = "daemon/pool/seat/ daemon/pool/worker/ daemon/pool/book/ daemon/sessions/ " \
    "daemon/incidents/ daemon/ports/ daemon/machine/ daemon/loop/ daemon/config/ daemon/log/ daemon/core/pool/ " \
    "daemon/core/job/ daemon/core/machine/ daemon/core/ shm/ledger/ shm/port/ shm/ base/"
  allow["daemon/pool/seat/"] = "daemon/pool/worker/ daemon/pool/book/ daemon/sessions/ daemon/incidents/ " \
    "daemon/ports/ daemon/machine/ daemon/loop/ daemon/config/ daemon/log/ daemon/link/ daemon/core/pool/ " \
    "daemon/core/worker/ shm/port/ proto/ shm/ base/"
  allow["daemon/pool/worker/"] = "daemon/sessions/ daemon/incidents/ daemon/ports/ daemon/loop/ daemon/log/ daemon/link/ " \
    "daemon/os/ daemon/core/worker/ daemon/core/ shm/port/ proto/ shm/ base/"
  allow["daemon/pool/book/"] = "daemon/sessions/ daemon/incidents/ daemon/ports/ daemon/machine/ daemon/loop/ " \
    "daemon/config/ daemon/log/ daemon/link/ daemon/core/pool/ daemon/core/worker/ shm/ledger/ shm/"
  allow["daemon/sessions/"] = "daemon/ports/ daemon/machine/ daemon/loop/ daemon/config/ daemon/log/ " \
    "daemon/core/daemon/ daemon/core/ shm/ledger/ shm/port/ shm/ base/"
  allow["daemon/incidents/"] = "daemon/loop/ daemon/log/ daemon/link/ daemon/os/child/ daemon/os/ " \
    "daemon/core/worker/ daemon/core/ shm/ledger/ proto/ base/"
  allow["daemon/ports/"] = "daemon/config/ daemon/link/ daemon/core/pool/ daemon/core/ shm/ledger/ proto/ shm/ base/"
  allow["daemon/machine/"] = "daemon/log/ daemon/os/ daemon/core/worker/ daemon/core/machine/ daemon/core/ shm/ " \
    "base/"
  allow["daemon/loop/"] = "daemon/log/ daemon/link/ daemon/os/ daemon/core/daemon/ daemon/core/ base/"
  allow["daemon/config/"] = "daemon/log/ daemon/core/daemon/ daemon/core/pool/ daemon/core/worker/ daemon/core/ " \
    "proto/ shm/ base/"
  allow["daemon/log/"] = "daemon/os/ daemon/core/"
  allow["daemon/keeper/"] = "daemon/keeper/table/ daemon/link/deposit.h daemon/link/keeper_protocol.h " \
    "daemon/os/child/ daemon/os/ base/keeper_gone.h base/link_error.h base/monotonic_clock.h base/plant.h " \
    "base/standard_descriptors.h base/unique_fd.h"
  allow["daemon/keeper/table/"] = "daemon/link/deposit.h daemon/link/inherited_table.h " \
    "daemon/link/keeper_protocol.h daemon/os/child/ base/plant.h base/unique_fd.h"
  allow["daemon/tracer/"] = "daemon/link/tracer_protocol.h daemon/os/ daemon/core/worker/ base/"
  allow["daemon/link/"] = "daemon/os/child/ daemon/core/worker/ proto/byte_io.h base/"
  allow["daemon/os/child/"] = "daemon/os/ base/keeper_gone.h base/unique_fd.h"
  allow["daemon/os/"] = "base/check.h base/control_message.h base/unique_fd.h"
  allow["daemon/core/daemon/"] = "daemon/core/pool/ daemon/core/ base/check.h"
  allow["daemon/core/pool/"] = "daemon/core/worker/ daemon/core/ shm/histogram.h base/check.h base/overloaded.h"
  allow["daemon/core/job/"] = "daemon/core/ shm/worker_end.h"
  allow["daemon/core/worker/"] = "daemon/core/machine/ daemon/core/ shm/cause.h " \
    "shm/slot_word.h shm/worker_end.h base/cgroup_text.h base/check.h base/overloaded.h"
  allow["daemon/core/machine/"] = "daemon/core/ base/cgroup_text.h"
  allow["daemon/core/"] = ""
  allow["shm/ledger/"] = "shm/port/ shm/"
  allow["shm/port/"] = "shm/heap/ shm/ base/"
  allow["shm/heap/"] = "shm/ base/"
  allow["proto/"] = "base/"
  allow["shm/"] = "base/"
  allow["base/"] = ""

  # Which folders may include from a library; every other folder (tests apart) may not.
  library["boost/asio"] = "daemon/supervisor/ daemon/control/ daemon/loop/"
  library["spdlog/"] = "daemon/log/"
  library["google/protobuf/"] = "proto/ daemon/control/ client/cli/"
  library["protozero/"] = "client/control/message/"
  library["toml++/"] = "daemon/config/"
  library["CLI/"] = "client/cli/ daemon/ worker/"
  library["boost/interprocess/"] = "shm/"
  library["elfutils/"] = "daemon/tracer/"
  library["dwarf.h"] = "daemon/tracer/"
  library["gelf.h"] = "daemon/tracer/"
  library["vips/"] = "worker/handlers/"
  library["zstd.h"] = "worker/handlers/"
  library["crypt.h"] = "worker/handlers/"

  # Headers that let policy reach for the world: daemon/core is pure.
  split("sys/ linux/ netinet/ unistd.h fcntl.h signal.h poll.h time.h pthread.h thread mutex condition_variable atomic " \
        "fstream iostream filesystem future semaphore boost/", impure, " ")

  # Boost.Interprocess gives maps; what it builds in shared memory does not survive a crash.
  interprocess_allowed = "mapped_region.hpp exceptions.hpp interprocess_fwd.hpp creation_tags.hpp detail/os_file_functions.hpp"

  max_lines = 400
  max_header_lines = 150
  max_files = 30
  max_class_files = 2
  unfinished = "(TO" "DO|FIX" "ME)([^A-Za-z]|$)"
}

function report(line, text) { printf "%s:%d: %s\n", FILENAME, line, text; failures++ }
function has_prefix(text, prefix) { return substr(text, 1, length(prefix)) == prefix }
function in_list(text, list,   parts, count, i) {
  count = split(list, parts, " ")
  for (i = 1; i <= count; i++) if (has_prefix(text, parts[i])) return 1
  return 0
}
function folder_of(path) { sub(/[^\/]*$/, "", path); return path }
# Whether the list holds the header, or its folder.
function is_named(header, list) { return index(" " list " ", " " header " ") || index(" " list " ", " " folder_of(header) " ") }
function longest_prefix(text, table,   key, best) {
  best = ""
  for (key in table) if (has_prefix(text, key) && length(key) > length(best)) best = key
  return best
}
function close_file() {
  if (file == "") return
  if (lines > max_lines) { printf "%s:%d: %d lines; split at %d\n", file, lines, lines, max_lines; failures++ }
  else if (file ~ /\.h$/ && file !~ /^tests\// && lines > max_header_lines) {
    printf "%s:%d: a header of %d lines; at most %d\n", file, lines, lines, max_header_lines; failures++
  }
  if (file ~ /\.h$/ && !pragma_once) { printf "%s:1: no #pragma once\n", file; failures++ }
}

FNR == 1 {
  close_file()
  file = FILENAME
  lines = 0
  pragma_once = 0
  area = folder_of(file)
  if (!(area in allow)) {
    if (area ~ /^(base|shm|proto|daemon|worker|client)\//) report(1, "\"" area "\" has no row in the table of arrows")
    area = ""
  }
  first_include = ""
}
FNR == 1 && file ~ /^(base|shm|proto|daemon|worker|client|tests)\// {
  folder = folder_of(file)
  if (sub(/^tests\/unit\//, "", folder)) mirror[folder] = file
  else if (folder !~ /^tests\//) count_in[folder]++
}
FNR == 1 { has_files[folder_of(file)] = 1 }
# A class that is defined in three files has more than one duty. One of equal name in another part is another class.
file ~ /^(base|shm|proto|daemon|worker|client)\/.*\.cc$/ && /^[A-Za-z_].*[A-Za-z0-9_]::~?[A-Za-z0-9_]+\(/ {
  text = $0
  sub(/\(.*/, "", text)
  if (text ~ /[ *&]?[A-Z][A-Za-z0-9]*::~?[A-Za-z0-9_]+$/) {
    sub(/::~?[A-Za-z0-9_]+$/, "", text)
    sub(/.*[ *&:]/, "", text)
    part = file; sub(/\/.*/, "", part)
    name = part "/" text
    if (!((name SUBSEP file) in defines)) {
      defines[name, file] = 1
      if (++defined_in[name] == max_class_files + 1) { printf "%s:%d: class %s is defined in more than %d files\n", file, FNR, text, max_class_files; failures++ }
    }
  }
}
{ lines = FNR }
/^#pragma once/ { pragma_once = 1 }
$0 ~ unfinished { report(FNR, "unfinished work; finish it or file it, the source holds none") }
file ~ /^tests\// && file !~ /^tests\/testing\// && /kill\([^()]*, 0\)/ {
  report(FNR, "kill(pid, 0) finds the dead too; tests/testing/process_state.h tells them from the running")
}
/^using namespace / && file ~ /\.h$/ { report(FNR, "using namespace in a header") }

# A project header.
/^#[ ]*include "/ {
  split($0, quoted, "\"")
  header = quoted[2]
  note_first(header)
  if (header ~ /^\.\.?\//) report(FNR, "include of \"" header "\": includes are rooted at the repository")
  if (area != "" && header ~ /\//) {
    if (folder_of(header) != area && !is_named(header, allow[area]))
      report(FNR, area " must not include \"" header "\"")
    if (has_prefix(area, "worker/") && header ~ /\.pb\.h$/)
      report(FNR, area " must not include \"" header "\": a worker carries no protobuf")
    if (area ~ /^client\// && area != "client/cli/" && header ~ /(\.pb|control_convert)\.h$/)
      report(FNR, area " must not include \"" header "\": the library has its own messages, client/control/message")
    if (area ~ /^daemon\// && area !~ /^daemon\/control\// && header ~ /(\.pb|control_convert)\.h$/)
      report(FNR, area " must not include \"" header "\": protobuf stays in daemon/control, values go out")
  }
  edge[file] = edge[file] " " header
}

# A system or library header.
/^#[ ]*include </ {
  header = $0
  sub(/^[^<]*</, "", header)
  sub(/>.*$/, "", header)
  note_first(header)
  if (area != "") {
    key = longest_prefix(header, library)
    if (key != "" && !in_list(file, library[key])) report(FNR, area " must not include <" header ">")
    if (has_prefix(area, "daemon/keeper/") && has_prefix(header, "boost/")) report(FNR, area " must not include <" header ">")
    if (has_prefix(area, "daemon/core/"))
      for (i in impure)
        if (impure[i] ~ /\/$/ ? has_prefix(header, impure[i]) : header == impure[i])
          report(FNR, "daemon/core is pure: it must not include <" header ">")
  }
  if (has_prefix(header, "boost/interprocess/") && !in_list(substr(header, 20), interprocess_allowed))
    report(FNR, "<" header ">: only maps come from Boost.Interprocess; the rest is not crash-safe")
  edge[file] = edge[file] " <" header
}

function note_first(header,   own) {
  if (first_include != "") return
  first_include = header
  own = file
  if (own !~ /\.cc$/ || area == "") return
  sub(/\.cc$/, ".h", own)
  if (own in known && header != own) report(FNR, "its own header \"" own "\" comes first")
}

# Public headers pull in none of the heavy libraries, through whatever they include.
function reach(start, header,   parts, count, i) {
  if ((start SUBSEP header) in seen) return
  seen[start, header] = 1
  count = split(edge[header], parts, " ")
  for (i = 1; i <= count; i++) {
    if (parts[i] ~ /\.pb\.h$/ || parts[i] ~ /^<(boost\/asio|google\/protobuf\/|spdlog\/|toml\+\+\/|CLI\/)/) {
      sub(/^</, "", parts[i])
      printf "%s:1: a public header, and it pulls in \"%s\" (included by %s)\n", start, parts[i], header
      failures++
    } else if (parts[i] in edge) reach(start, parts[i])
  }
}

# Whether arrows lead from `at` to `start`.
function leads_to(start, at,   parts, count, i, next_folder) {
  count = split(allow[at], parts, " ")
  for (i = 1; i <= count; i++) {
    next_folder = folder_of(parts[i])
    if (next_folder == start) return 1
    if ((start SUBSEP next_folder) in led) continue
    led[start, next_folder] = 1
    if (leads_to(start, next_folder)) return 1
  }
  return 0
}

END {
  close_file()
  for (folder in allow)
    if (leads_to(folder, folder)) { printf "tests/lint/lint.awk:1: %s: a circle of folders leads back to it\n", folder; failures++ }
  for (folder in count_in)
    if (count_in[folder] > max_files) { printf "%s:1: %d files; at most %d\n", folder, count_in[folder], max_files; failures++ }
  for (folder in mirror)
    if (!(folder in has_files) && !(("tests/" folder) in has_files)) {
      printf "%s:1: a unit test stands where its source stands, and there is no %s\n", mirror[folder], folder; failures++
    }
  for (header in edge)
    if (header ~ /^(worker\/(worker|handler|handler_description|handler_abi|job|job_errors)\.h|client\/(client|types\/[^\/]*)\.h|base\/.*\.h)$/)
      reach(header, header)
  exit failures > 0
}
