#include "daemon/config/config_load.h"

namespace ringmaster::config {
namespace {

constexpr std::string_view kText = R"toml(# ringmaster's configuration: every key, with its default.
#
# This is what `ringmasterd` uses when it is given no file. Keep only what you change: a key that is left out has
# the value shown here. Check a file with `ringmasterd --check FILE`: it lists everything that is wrong at once.
#
# Durations are whole numbers with a unit, in quotes: "50us", "250ms", "30s", "2m", "1h".
# Sizes likewise: "64KiB", "64MiB", "1GiB".

[daemon]
# Where clients connect: an absolute path of at most 107 bytes. "" is the default place, which clients know too:
# /run/ringmaster/ringmaster.sock for root and for a service, else $XDG_RUNTIME_DIR/ringmaster.sock, else
# /run/user/UID/ringmaster.sock, else /tmp/ringmaster-UID/ringmaster.sock in a folder that only this user may enter.
# `ringmasterd --socket PATH` and $RINGMASTER_SOCKET go before this, in this order.
socket = ""

# Who may open the socket: its mode (octal) and its group ("" leaves the daemon's own group).
socket_mode = "0660"
socket_group = ""

# Of those, who is let in: the uid or gid that the kernel reports for the connection. Both lists empty: everybody
# whom the mode let through. Otherwise only these, root, and the daemon's own uid. Numeric ids.
allow_uids = []
allow_gids = []

# Who may cancel the jobs of others, drain and stop, besides root and the daemon's own uid.
admin_uids = []

# On SIGTERM or `ringmaster stop`: running jobs may end by themselves for so long. Queued ones end as "lost" at once.
shutdown_timeout = "30s"

# A worker or spare that is missing is a reason for `ringmaster health` once it has been so for this long.
health_hold = "5s"

# "debug", "info", "warning" or "error".
log_level = "info"
# "human", "keyvalue" or "json", one line each; "journal" has priorities for systemd's journal instead of times. "auto"
# is journal where standard error is the journal's, human on a terminal, keyvalue elsewhere.
log_format = "auto"

# Where workers get a cgroup (v2) each, which fences them when they end and carries memory_max. "auto": below the
# daemon's own, if that was delegated to it (systemd: Delegate=yes) and nobody else is in it. A path: below that one,
# which no other daemon may use. "off": nowhere. The first lines of the log say what came of it.
cgroup = "auto"

[limits]
# Connections to the socket, of all users together and of one. The last eighth is for users who have fewer than 4.
max_connections = 256
connections_per_uid = 64
# What one user may hold at a time: sessions, job slots in them, and shared memory in them.
sessions_per_uid = 64
slots_per_uid = 16384
bytes_per_uid = "4GiB"
# Jobs that came as a message over the socket (without shared memory) and are not settled yet.
socket_jobs_per_uid = 256
# Workers that the jobs of one user may crash within a minute; beyond it, that user's new sessions and socket jobs are refused.
crashes_per_minute = 6000

# One table for each pool. Its name is the first part of POOL/HANDLER: letters, digits, - and _, at most 32.
[pool.default]
# What runs the jobs. Either `handlers`, for the stock worker: names of stock handlers, paths of .so files, or
# "all" for all stock handlers; or `command`: a program that links the worker library, with its arguments.
handlers = ["all"]
# command = ["/usr/local/lib/reports/worker", "--fast"]

# Processes that work at the same time: a number, or "auto" for one per usable CPU (affinity mask and cgroup quota).
workers = "auto"
# Processes beyond these that are ready to take over at once when a worker dies. Workers and spares: at most 256.
spares = 1

# From the start of a process until it says that it is ready. Counts against no job.
start_timeout = "30s"
# A job that nobody has begun after this ends as "timed out (queue)". "0s": never; clients may set their own.
queue_timeout = "0s"
# The daemon is degraded while a job has been queued for longer than this. "0s": it may.
health_queue_age = "30s"
# A job that runs longer than this is ended, its worker killed and replaced: "timed out (run)". At least 10ms.
# Clients may ask for another one, up to max_timeout.
run_timeout = "30s"
max_timeout = "1h"
# Between asking a job to stop and killing its worker. Only for handlers that look whether they were cancelled;
# at most run_timeout.
grace = "500ms"

# A job that is marked idempotent runs again after a crash. One that killed this many workers (1 to 15) does not.
retries = 3

# What becomes of processes that a job leaves behind, and that its handler did not declare as helpers. "kill": they are
# ended a second after the job; "keep": they live on. Both are said in the log and counted in the status.
leftovers = "kill"

# How long an idle worker looks for the next job before it sleeps. It buys latency with CPU time; "0s" turns it off.
spin = "50us"

# What workers run as. "" is the daemon's own user; the group is the user's primary one. Changing them takes root. Give
# a pool a user of its own: others of that user can kill its workers. They can neither trace them nor read their memory,
# so such workers write no core, and set-uid programs that they start run without the owner's rights (no_new_privs).
user = ""
group = ""
nice = 0
working_directory = "/"
# Memory of its own that one worker may use, with everything it starts; "0B": no limit. A worker over it is killed, and
# its job ends as "out of memory". Sessions' shared memory is not its own. Needs a cgroup with a memory controller (see [daemon] cgroup); else a warning says so.
memory_max = "0B"

# Workers that die before they are ready, before their first job, or 10 s and more after their last are started again
# after a pause: none the first time, then backoff_initial, doubled each time up to backoff_max, half of it random. More
# than `budget` such deaths within `window`, none of the pool's new workers having finished a job: the pool is
# quarantined, and one worker is tried after probe_initial, then at doubling intervals up to probe_max. The quarantine
# ends when a worker has finished its first job, or has been ready for `stable`. Once a pool is proven so, workers that
# somebody outside ends by SIGKILL do not count; they start again at once, from the second in a row on after at most
# backoff_initial.
# A worker that a job ends is charged to the job's user and not to the pool, unless such jobs of three users in a row
# end their workers. A user's jobs may end as many workers as `budget` within `window` (those of which it was the first
# job in full, others by half); after a few in a row they wait behind everybody else's, and beyond it they are refused
# until half of it is forgotten.
[pool.default.restart]
backoff_initial = "100ms"
backoff_max = "10s"
budget = 20
window = "60s"
probe_initial = "1s"
probe_max = "60s"
stable = "10s"

# Replace a worker that is fine, one at a time, after so many jobs, with so much resident memory, at such an age.
# 0: not for this reason.
[pool.default.recycle]
max_jobs = 0
max_rss = "0B"
max_age = "0s"

# The shared memory of one client's session: what it gets when it does not ask, and the most that it may ask for.
# Memory is taken as it is used. A request must fit request_ring_max, a result result_ring_max.
[pool.default.session]
request_ring = "64MiB"
result_ring = "64MiB"
request_ring_max = "1GiB"
result_ring_max = "1GiB"
# Jobs of one session that are queued, running, or done and not yet read.
slots = 1024

# Environment variables for the workers, all as strings. They get these, PATH, LANG, TZ and RINGMASTER_*; no others.
[pool.default.environment]
# VIPS_CONCURRENCY = "1"

# Limits for each worker: as, core, cpu (seconds), data, fsize, memlock, nofile (at least 64), nproc, stack. A number,
# a size, or "unlimited". `as` counts the mapped sessions too.
[pool.default.rlimits]
# core = 0
# nofile = 4096
)toml";

}  // namespace

std::string_view default_config_text() { return kText; }

}  // namespace ringmaster::config
