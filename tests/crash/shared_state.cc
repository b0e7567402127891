#include "tests/crash/shared_state.h"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <new>

namespace plasmite::crash {

static constexpr uint64_t kFailuresTold = 20;
static constexpr const char* kFailureNames[kFailures] = {"lost", "repeated", "torn", "open failure",
                                                         "stuck"};

void FailureCounts::report(Failure failure, const char* format, ...) {
  counts[static_cast<int>(failure)].fetch_add(1);
  if (total() > kFailuresTold) return;
  char text[512];
  int length = std::snprintf(text, sizeof(text), "%s: ", kFailureNames[static_cast<int>(failure)]);
  va_list arguments;
  va_start(arguments, format);
  length += std::vsnprintf(text + length, sizeof(text) - length - 1, format, arguments);
  va_end(arguments);
  length = std::min<int>(length, sizeof(text) - 2);
  text[length++] = '\n';
  // One write, so that lines of several processes do not mix.
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, text, static_cast<size_t>(length));
}

uint64_t FailureCounts::total() const {
  uint64_t sum = 0;
  for (const auto& count : counts) sum += count.load();
  return sum;
}

void OperationClock::begin() {
  started_ns.store(std::chrono::steady_clock::now().time_since_epoch().count(),
                   std::memory_order_relaxed);
}

bool SequenceTable::agree(uint64_t seq, uint64_t digest) {
  const uint64_t wanted = seq << 24 | (digest >> 40);
  std::atomic<uint64_t>& entry = entries_[seq % kEntries];
  uint64_t seen = entry.load(std::memory_order_relaxed);
  // An entry of an older sequence gives way; a newer one stays.
  while (seen >> 24 < seq)
    if (entry.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) return true;
  return seen >> 24 > seq || seen == wanted;
}

void SharedDeleter::operator()(SharedState* state) const { ::munmap(state, sizeof(SharedState)); }

SharedStatePtr make_shared_state() {
  void* memory = ::mmap(nullptr, sizeof(SharedState), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return SharedStatePtr(::new (memory) SharedState());
}

}  // namespace plasmite::crash
