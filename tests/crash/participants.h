// The bodies of the processes that a crash run forks. Each function ends its process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/base/probe.h"
#include "core/pool/pool.h"
#include "tests/crash/shared_state.h"

namespace plasmite::crash {

struct PoolSetup {
  std::filesystem::path path;
  uint64_t size_bytes = 0;
  uint32_t flush_one_in = 0;  // appends
};

inline constexpr std::string_view kSourceCheckpoint = "source";

// Sent to the parent after each append and before the next one: these records are kept.
struct Acknowledgement {
  uint64_t first_seq;
  uint64_t first_number;
  uint32_t run;
  uint32_t count;
  uint64_t stored_bytes;
};
static_assert(sizeof(Acknowledgement) <= 512, "a write to a pipe of this size is atomic");

struct WriterJob {
  const PoolSetup* setup;
  int pool;
  int writer;
  uint32_t run;
  uint64_t seed;
  int acknowledgements;  // fd
};
[[noreturn]] void run_writer(SharedState& shared, const WriterJob& job);

struct ReaderJob {
  const PoolSetup* setup;
  int pool;
  int reader;
  uint64_t seed;
};
[[noreturn]] void run_reader(SharedState& shared, const ReaderJob& job);

// First thing in each of these processes: dies with its parent, and yields to it.
void be_a_child();

// The number in the source's checkpoint; 0 when there is none.
uint64_t parse_source_checkpoint(const Result<std::optional<Checkpoint>>& checkpoint);

// Hooks for every process of the run: the protection that is off. None: all are on.
void switch_off(std::optional<Protection> protection);
std::optional<Protection> switched_off();

// Counts an error of an operation as what it is.
void report_error(FailureCounts& failures, const char* what, const Error& error);

}  // namespace plasmite::crash
