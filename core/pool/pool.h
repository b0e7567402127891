// A pool: a bounded, crash-safe ring file of records that any number of processes write and read
// at once. This header is the whole public interface of core/pool.
//
// A pool whose file was replaced meanwhile by one of another size, or by one repaired without loss, is
// still the same pool: Pool and Cursor go on with the new file.
//
// Thread-safety: a Pool may be used by several threads at once. A Cursor belongs to one thread.
// Lifetime: cursors share the mapping and outlive the Pool object they came from.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/pool/record.h"

namespace plasmite {

inline constexpr uint64_t kDefaultPoolBytes = 4ull << 20;
inline constexpr uint64_t kMinPoolBytes = 64ull << 10;
inline constexpr uint64_t kMaxPoolBytes = 1ull << 44;  // 16 TiB
inline constexpr std::chrono::milliseconds kDefaultLockTimeout{5000};
// Bytes from here on stand for nothing: programs may lock them (OFD locks only) in the files of pools they
// use. While somebody does, resize_pool() answers Busy: such a lock is of that one file.
inline constexpr uint64_t kUserLocksOffset = 1ull << 62;
inline constexpr size_t kMaxCheckpointNameBytes = 64;
inline constexpr size_t kMaxCheckpointValueBytes = 384;

// What a returned append survives.
enum class Durability : uint8_t {
  fast,   // the death of any process
  flush,  // power loss, too
};

// A source's position, committed in the same publish as its records.
struct CheckpointView {
  std::string_view name;   // 1..kMaxCheckpointNameBytes bytes
  std::string_view value;  // 0..kMaxCheckpointValueBytes bytes
};

struct Checkpoint {
  std::string name;
  std::string value;
  uint64_t head;  // position of the publish that set it
};

struct CreateOptions {
  uint64_t size_bytes = kDefaultPoolBytes;  // rounded up to 4096
  uint32_t mode = 0600;
  // How far appends may run ahead of what is durably reserved; recovery reads at most this much. Smaller
  // values cost syncs. 0: 256 MiB and 4 Mi sequences, or what the largest batch needs.
  uint64_t sync_window_bytes = 0;
  uint64_t seq_window = 0;
};

enum class Access : uint8_t {
  read,    // never writes records; registers for wake-ups where the file may be written
  append,  // appends and reads
};

struct OpenOptions {
  Access access = Access::append;
  std::chrono::milliseconds lock_timeout = kDefaultLockTimeout;
};

struct AppendOptions {
  Durability durability = Durability::fast;
  std::optional<CheckpointView> checkpoint = std::nullopt;
};

struct AppendReceipt {
  uint64_t first_seq = 0;  // the batch's records are first_seq .. first_seq + count - 1
  uint64_t count = 0;
  int64_t time_ns = 0;  // of every record of the batch
};

// Records a reader could not have: sequences first..last.
struct Gap {
  enum class Cause : uint8_t { retention, power_loss, damage };
  uint64_t first = 0;
  uint64_t last = 0;
  Cause cause = Cause::retention;
};

struct PoolInfo {
  std::filesystem::path path;
  std::array<uint8_t, 16> id{};
  uint32_t format = 4;
  uint64_t file_size = 0;
  uint64_t index_offset = 0, index_slots = 0, index_bytes = 0;
  uint64_t ring_offset = 0, ring_size = 0;
  uint64_t used_bytes = 0;             // head - tail
  uint64_t published_bytes = 0;        // ever, with what frames need: only good for differences, as of rates
  std::optional<uint64_t> oldest_seq;  // none: no record is retained
  std::optional<uint64_t> newest_seq;
  std::optional<int64_t> oldest_time_ns;
  std::optional<int64_t> newest_time_ns;
  uint64_t next_seq = 1;
  uint64_t max_record_bytes = 0;  // the largest body that one append takes, tags not counted
  bool initialized = true;        // false: read-only view of a pool nobody opened since the restart
  bool space_allocated = true;    // false: the filesystem cannot reserve space, a full disk may hit
};

// Where a cursor begins.
struct Start {
  enum class Kind : uint8_t { oldest, newest, seq, time } kind = Kind::oldest;
  uint64_t seq = 0;      // Kind::seq: first sequence wanted
  int64_t time_ns = 0;   // Kind::time: first record with time >= this
  static Start oldest() { return {}; }
  static Start newest() { return {.kind = Kind::newest}; }  // only what comes from now on
  static Start at_seq(uint64_t seq) { return {.kind = Kind::seq, .seq = seq}; }
  static Start at_time(int64_t time_ns) { return {.kind = Kind::time, .time_ns = time_ns}; }
};

// An owned copy of one record.
struct Message {
  uint64_t seq = 0;
  int64_t time_ns = 0;
  std::string tag_bytes;
  std::string body;
  MessageView view() const { return {seq, time_ns, TagsView(tag_bytes), body}; }
};

class PoolHandle;  // the open file and its mapping, shared by Pool and its cursors

// Reads a pool front to back without taking a lock. Not thread-safe; movable.
class Cursor {
 public:
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  // The next record, none when there is nothing more now, or an error: NotFound when the pool was
  // deleted, Io when the file was truncated, Corrupt when nothing readable follows. Views stay valid
  // until the next call. After an Error other than Corrupt the cursor is finished.
  Result<std::optional<MessageView>> next();

  // What was lost just before the record the last next() returned. At the start of a cursor nothing
  // counts as lost, but for Start::at_seq: sequences from the wanted one on do.
  std::optional<Gap> take_gap();

  // Sleeps until next() may have something, or the deadline. True: look again; false: timed out.
  // NotFound when the pool is gone (a deletion by other means than ours is noticed within 2 s).
  // Fails only if waiting is pointless. With `stop` it also returns true once another thread has set that
  // and then called Pool::wake_waiters().
  Result<bool> wait(std::chrono::steady_clock::time_point deadline,
                    const std::atomic<bool>* stop = nullptr);

  // Sleeps until next() of one of these cursors may have something, or the deadline. Cursors of pools whose
  // wait page may not be written, more than kMostWaitedFor of them, or a kernel without futex_waitv make it
  // poll, 1 ms rising to 50 ms. An error is that of the cursor at `index`, as wait() would report it.
  struct WaitError {
    size_t index;
    Error error;
  };
  static constexpr size_t kMostWaitedFor = 128;
  static std::expected<void, WaitError> wait_any(std::span<Cursor* const> cursors,
                                                 std::chrono::steady_clock::time_point deadline);

  // The sequence that the next delivered record has at least.
  uint64_t expected_seq() const;

 private:
  friend class Pool;
  struct State;
  explicit Cursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Pool {
 public:
  // Creates the file with all its space allocated and synced, or leaves nothing behind. Parent
  // folders must exist. AlreadyExists, Usage (size), Permission, Io (full disk).
  static Result<Pool> create(const std::filesystem::path& path, const CreateOptions& options = {});

  // Opens; recovers first if nobody has since the machine started. NotFound, Permission, Corrupt
  // (foreign, empty, truncated or damaged beyond recovery), Usage (another format version), Busy.
  static Result<Pool> open(const std::filesystem::path& path, const OpenOptions& options = {});

  // Marks the pool deleted, wakes everybody who waits on it, removes the file.
  static Result<void> remove(const std::filesystem::path& path,
                             std::chrono::milliseconds lock_timeout = kDefaultLockTimeout);

  Pool(Pool&&) noexcept;
  Pool& operator=(Pool&&) noexcept;
  ~Pool();

  // Appends all records or none, visible at once. With Durability::flush an Io error after the
  // publication says so: the records are visible, but not known to be on disk. Usage: a record or
  // batch over max_batch_bytes(), a bad checkpoint, no free checkpoint slot. Busy after the lock
  // timeout. An empty batch is legal with a checkpoint (which then commits without records).
  Result<AppendReceipt> append_batch(std::span<const RecordView> records,
                                     const AppendOptions& options = {});
  Result<AppendReceipt> append(const RecordView& record, const AppendOptions& options = {}) {
    return append_batch(std::span(&record, 1), options);
  }

  // Makes everything published so far survive power loss. Concurrent calls share one sync. Io, which says
  // that the records are visible all the same.
  Result<void> flush();

  // Makes cursors that wait on this pool, in any process, look again. They go on waiting if there is nothing
  // for them.
  void wake_waiters();

  // NotFound "message not found" with seq and a hint that says whether it was retired or never was.
  Result<Message> get(uint64_t seq) const;
  Result<Cursor> cursor(Start start) const;
  Result<PoolInfo> info() const;
  Result<std::optional<Checkpoint>> checkpoint(std::string_view name) const;
  Result<std::vector<Checkpoint>> checkpoints() const;

  // Bytes a record takes in the ring, and how many of them one batch may have (a quarter of the ring).
  static uint64_t stored_bytes(const RecordView& record);
  uint64_t max_batch_bytes() const;

  std::filesystem::path path() const;

 private:
  struct State;
  explicit Pool(std::shared_ptr<PoolHandle> handle);
  std::shared_ptr<PoolHandle> handle() const;
  std::unique_ptr<State> state_;
};

}  // namespace plasmite
