// What a source is given to work with, for tests: a pool in a folder of its own, made as it is
// declared.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "agent/intake/reject_pool.h"
#include "agent/intake/source.h"
#include "core/base/unique_fd.h"
#include "tests/support/must.h"
#include "tests/support/scratch.h"

namespace plasmite {

struct StoredRecord {
  std::string body;
  std::vector<std::string> tags;
};

inline std::vector<StoredRecord> records_of(const std::filesystem::path& path) {
  std::vector<StoredRecord> records;
  const Pool pool = must(Pool::open(path, {.access = Access::read}));
  Cursor cursor = must(pool.cursor(Start::oldest()));
  for (auto message = must(cursor.next()); message; message = must(cursor.next()))
    records.push_back({std::string(message->body), message->tags.to_vector()});
  return records;
}

inline std::vector<std::string> bodies_of(const std::filesystem::path& path) {
  std::vector<std::string> bodies;
  for (StoredRecord& record : records_of(path)) bodies.push_back(std::move(record.body));
  return bodies;
}

// Waits until something is so, which another thread brings about.
inline void eventually(const std::function<bool()>& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!is_so()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it never came to that";
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// Keeps all writers out of a pool, as a stopped process in the middle of an append would.
class HeldLock {
 public:
  explicit HeldLock(const std::filesystem::path& pool)
      : file_(::open(pool.c_str(), O_RDWR | O_CLOEXEC)) {
    EXPECT_EQ(::flock(file_.get(), LOCK_EX), 0);
  }
  void release() { file_.reset(); }

 private:
  UniqueFd file_;
};

class SourceTest : public testing::Test {
 protected:
  SourceTest() {
    config_.name = "web";
    config_.pool = "p";
  }

  SourceContext context() {
    return {.config = config_,
            .durability = durability_,
            .stop = stop_,
            .report = report_,
            .open_pool = [this] { return open_pool(path_, pool_bytes_); },
            .rejects = &rejects_};
  }

  static Result<std::shared_ptr<Pool>> open_pool(const std::filesystem::path& path,
                                                 uint64_t bytes) {
    auto opened = Pool::open(path, {.lock_timeout = std::chrono::milliseconds(20)});
    if (!opened && opened.error().kind() == ErrorKind::NotFound) {
      auto created = Pool::create(path, {.size_bytes = bytes});
      if (!created) return std::unexpected(std::move(created.error()));
      return open_pool(path, bytes);
    }
    if (!opened) return std::unexpected(std::move(opened.error()));
    return std::make_shared<Pool>(std::move(*opened));
  }

  uint64_t rejected(RejectReason reason) const {
    return report_.snapshot().totals.rejected[static_cast<size_t>(reason)];
  }
  uint64_t dropped() const { return report_.snapshot().totals.dropped_all(); }
  SourceState state() const { return report_.snapshot().state; }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  const std::filesystem::path rejects_path_ = dir_ / "rejects";
  uint64_t pool_bytes_ = 1 << 20;
  Durability durability_ = Durability::fast;
  SourceConfig config_;
  StopSignal stop_ = must(StopSignal::create());
  SourceReport report_;
  RejectPool rejects_{[this] { return open_pool(rejects_path_, kMinPoolBytes); }};
};

}  // namespace plasmite
