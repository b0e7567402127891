// What keeps the process that runs jq programs within bounds, and how it says that it broke one.
//
// Everything here is of the whole process: there is one worker in it, on its only thread. What
// signal handlers read is a lock-free atomic or was set before they were.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/filter/filter_protocol.h"

namespace plasmite {

struct WorkerLimits {
  uint64_t memory_bytes;
  std::chrono::milliseconds cpu_time;
  bool opens_files;
};

// False: the process that started this one is gone. Else this one dies with it (with the thread).
bool die_with_parent(int parent);

// From now on: no core dumps, no files written, or none opened at all, bounded memory and stack;
// too little memory, a fault or an abort ends the process with a `failed` reply, as does work that
// takes too long. Under a sanitizer, which reserves terabytes of addresses and opens pipes, memory
// is bounded by its own options only (filter_main.cc), and files may be opened.
void install_worker_limits(const WorkerLimits& limits);

// Ends the process with a `failed` reply: for libjq, which aborts otherwise.
[[noreturn]] void on_no_memory(void* unused);

// Between both calls the processor time counts, and for one piece of work (a message, the
// compilation) only: begin_work() starts it anew.
void begin_work();
void working_on(uint32_t program);
void end_work();

// Verdicts not sent yet. They go out before any other reply, also when the process breaks a limit;
// never while work is under way but then.
void add_verdict(uint8_t verdict);
// Whether they should not wait any longer: the buffer is full, or 20 ms of processor time passed.
bool verdicts_are_due();

// Sends what add_verdict() kept. Ends the process when nobody listens.
void flush_verdicts();
// The same, then a reply.
void reply(FilterReplyHeader header, std::span<const char> payload);

}  // namespace plasmite
