#pragma once

/// The least that a round trip between two threads can cost on this machine, measured beside ours in the same run.
namespace ringmaster::bench {

/// p50 of one cache line sent to the other CPU and back, both spinning, pinned to the first two usable CPUs.
[[nodiscard]] double cache_line_ping_pong_us(int rounds);

/// p50 of a wake by eventfd and epoll one way and by futex back, both parked, pinned as above: what a parked job must
/// pay, without anything of ours.
[[nodiscard]] double parked_ping_pong_us(int rounds);

/// Best time of one process that fills `size` bytes and then reads each.
[[nodiscard]] double fill_and_read_ms(unsigned long size);

/// The same with the bytes read by a second thread on another CPU, both spinning: what the machine's caches make of it.
[[nodiscard]] double fill_and_read_on_two_cpus_ms(unsigned long size);

/// Reads every byte, as worker and floor both do; never optimized away.
[[nodiscard]] unsigned long read_every_byte(const void* bytes, unsigned long size);

/// Pins the calling thread to the `index`-th usable CPU (modulo their number).
void pin_to_cpu(int index);

}  // namespace ringmaster::bench
