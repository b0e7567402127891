// Keeps the records that sources could not take, with the reason:
// {"kind":"reject","raw":"…"|"raw_base64":"…","reason":"parse","source":"web"}, tagged "lifecycle",
// with "truncated_bytes":N behind these when N bytes at the end had no room, or null when nobody
// knows how many: of a record beyond `max_record` only the beginning was held. Bounded like any
// pool. Losing one to a full disk or a held lock is no error of the source: it is counted. After a
// loss nothing is tried for a second, so that sources do not wait for this pool again and again.
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "agent/intake/source_report.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/pool/pool.h"

namespace plasmite {

class RejectPool {
 public:
  using OpenPool = std::function<Result<std::shared_ptr<Pool>>()>;
  explicit RejectPool(OpenPool open_pool);

  struct Rejected {
    std::string_view source;
    RejectReason reason;
    std::string_view raw;  // as it came; cut to what the pool takes
    bool is_cut = false;   // there was more of it
  };
  void keep(const Rejected& rejected);
  void keep(std::string_view source, RejectReason reason, std::string_view raw) {
    keep({.source = source, .reason = reason, .raw = raw});
  }

  uint64_t kept() const { return kept_.load(std::memory_order_relaxed); }
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }  // the pool did not take them

 private:
  bool store(const Rejected& rejected) REQUIRES(mutex_);

  Mutex mutex_;
  const OpenPool open_pool_;
  const TagBlock tags_;
  std::shared_ptr<Pool> pool_ GUARDED_BY(mutex_);
  // Asked for by who must not wait while an append does.
  std::atomic<uint64_t> kept_{0};
  std::atomic<uint64_t> lost_{0};
  std::chrono::steady_clock::time_point not_before_ GUARDED_BY(mutex_);
};

}  // namespace plasmite
