#include "core/pool/pool.h"

#include <algorithm>
#include <mutex>

#include "core/pool/checkpoint_table.h"
#include "core/pool/cursor.h"
#include "core/pool/event.h"
#include "core/pool/pool_handle.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_seek.h"
#include "core/pool/pool_sync.h"

namespace plasmite {
namespace {

struct RecordAt {
  uint64_t seq;
  uint64_t time;
};

// The first or the last record from `position` on; behind control frames and damage, if there are some.
enum class Which : uint8_t { first, last };

std::optional<RecordAt> find_record(const PoolView& view, const Bounds& bounds, uint64_t position,
                                    Which which) {
  std::optional<RecordAt> found;
  while (position < bounds.head) {
    const FrameWords frame = view.header_at(position);
    if (const uint64_t tail = view.tail(); tail > position) {
      position = tail;
      continue;
    }
    if (!view.plausible(frame, position, bounds.head)) {
      position = view.resync(position + 8, bounds.head);
      continue;
    }
    if (!frame.is_control()) {
      found = RecordAt{frame.seq(), frame.time()};
      if (which == Which::first) break;
    }
    position += frame.size();
  }
  return found;
}

Error not_found_error(const PoolHandle& handle, uint64_t seq, bool retired) {
  return Error(ErrorKind::NotFound, "message not found")
      .with_seq(seq)
      .with_path(handle.path.string())
      .with_hint(retired ? "It was retired to make room. `plasmite pool info` shows what is retained; "
                           "`plasmite follow --tail N` reads it."
                         : "It was never written. `plasmite pool info` shows what is retained; "
                           "`plasmite follow` waits for new messages.");
}

}  // namespace

struct Pool::State {
  TimedMutex mutex;
  std::shared_ptr<PoolHandle> handle GUARDED_BY(mutex);
};

Pool::Pool(std::shared_ptr<PoolHandle> handle) : state_(std::make_unique<State>()) {
  const std::lock_guard lock(state_->mutex);
  state_->handle = std::move(handle);
}
Pool::Pool(Pool&&) noexcept = default;
Pool& Pool::operator=(Pool&&) noexcept = default;
Pool::~Pool() = default;

// The file that the pool is in now.
std::shared_ptr<PoolHandle> Pool::handle() const NO_THREAD_SAFETY_ANALYSIS {
  const std::lock_guard lock(state_->mutex);
  std::shared_ptr<PoolHandle>& handle = state_->handle;
  if (load_acquire(handle->view.live->deleted) != 0) {
    if (auto successor = open_successor(*handle)) handle = std::move(successor);
  }
  return handle;
}

Result<Pool> Pool::create(const std::filesystem::path& path, const CreateOptions& options) {
  auto handle = create_pool(path, options);
  if (!handle) return std::unexpected(std::move(handle.error()));
  return Pool(std::move(*handle));
}

Result<Pool> Pool::open(const std::filesystem::path& path, const OpenOptions& options) {
  auto handle = open_pool(path, options);
  if (!handle) return std::unexpected(std::move(handle.error()));
  return Pool(std::move(*handle));
}

Result<void> Pool::remove(const std::filesystem::path& path,
                          std::chrono::milliseconds lock_timeout) {
  return remove_pool(path, lock_timeout);
}

Result<void> Pool::flush() {
  const auto current = handle();
  if (!current->can_append()) return {};
  return flush_to(*current, current->view.head());
}

void Pool::wake_waiters() {
  const auto current = handle();
  if (!current->wait_page) return;
  Event event(current->wait_page->event);
  event.signal();
  event.wake_all();
}

Result<Message> Pool::get(uint64_t seq) const {
  const auto current = handle();
  const auto bounds = read_bounds(current->view);
  if (!bounds) return std::unexpected(current->corrupt_error("live page is damaged"));
  if (current->file.faulted()) return std::unexpected(current->truncated_error());
  if (seq == 0 || seq >= bounds->next_seq)
    return std::unexpected(not_found_error(*current, seq, /*retired=*/false));
  auto reader = cursor(Start::at_seq(seq));
  if (!reader) return std::unexpected(std::move(reader.error()));
  auto message = reader->next();
  if (!message) return std::unexpected(std::move(message.error()));
  if (!*message || (*message)->seq != seq) {
    const auto gap = reader->take_gap();
    const Gap::Cause cause = gap ? gap->cause : reader->state_->gap_cause;
    if (cause == Gap::Cause::damage)
      return std::unexpected(
          current->corrupt_error("message is damaged").with_seq(seq));
    return std::unexpected(not_found_error(*current, seq, /*retired=*/true));
  }
  return Message{(*message)->seq, (*message)->time_ns,
                 std::string((*message)->tags.bytes()), std::string((*message)->body)};
}

Result<Cursor> Pool::cursor(Start start) const {
  auto current = handle();
  for (auto present = current->check_present(); !present; present = current->check_present()) {
    // Replaced since: see append_batch in pool_writer.cc.
    const auto gone = std::exchange(current, handle());
    if (current == gone) return std::unexpected(std::move(present.error()));
  }
  const PoolView& view = current->view;
  const auto bounds = read_bounds(view);
  if (!bounds) return std::unexpected(current->corrupt_error("live page is damaged"));
  auto state = std::make_unique<Cursor::State>();
  state->handle = current;
  state->head = bounds->head;
  switch (start.kind) {
    case Start::Kind::oldest: state->position = bounds->tail; break;
    case Start::Kind::newest:
      state->position = bounds->head;
      state->expected_seq = bounds->next_seq;
      break;
    case Start::Kind::seq:
      state->position = seek_seq(view, *bounds, start.seq);
      state->min_seq = start.seq;
      state->expected_seq = start.seq;
      break;
    case Start::Kind::time:
      state->min_time = static_cast<uint64_t>(std::max<int64_t>(start.time_ns, 0));
      state->position = seek_time(*current, *bounds, state->min_time);
      break;
  }
  if (current->file.faulted()) return std::unexpected(current->truncated_error());
  return Cursor(std::move(state));
}

Result<PoolInfo> Pool::info() const {
  const auto current = handle();
  const PoolView& view = current->view;
  std::optional<Bounds> bounds;
  std::optional<RecordAt> oldest;
  do {  // again if writers retired everything while we looked
    bounds = read_bounds(view);
    if (!bounds) return std::unexpected(current->corrupt_error("live page is damaged"));
    oldest = find_record(view, *bounds, bounds->tail, Which::first);
  } while (!oldest && view.tail() > bounds->tail && !current->file.faulted());
  PoolInfo info;
  info.path = current->path;
  std::copy(std::begin(current->superblock.pool_id), std::end(current->superblock.pool_id),
            info.id.begin());
  const Geometry& geometry = view.geometry;
  info.file_size = geometry.file_size;
  info.index_offset = geometry.index_offset;
  info.index_slots = geometry.index_slots;
  info.index_bytes = geometry.ring_offset - geometry.index_offset;
  info.ring_offset = geometry.ring_offset;
  info.ring_size = geometry.ring_size;
  info.used_bytes = bounds->head - bounds->tail;
  info.published_bytes = bounds->head;
  info.next_seq = bounds->next_seq;
  info.max_record_bytes = geometry.max_batch_bytes() - sizeof(FrameHeader);
  if (oldest) {
    // None: writers went round the ring since.
    const auto newest =
        find_record(view, *bounds, seek_newest_bucket(view, *bounds), Which::last).value_or(*oldest);
    info.oldest_seq = oldest->seq;
    info.oldest_time_ns = static_cast<int64_t>(oldest->time);
    info.newest_seq = newest.seq;
    info.newest_time_ns = static_cast<int64_t>(newest.time);
  }
  info.initialized = current->mode != PoolHandle::Mode::snapshot ||
                     current->follows_live.load(std::memory_order_acquire);
  info.space_allocated = current->space_allocated;
  if (current->file.faulted()) return std::unexpected(current->truncated_error());
  return info;
}

Result<std::vector<Checkpoint>> Pool::checkpoints() const {
  const auto current = handle();
  auto checkpoints = read_checkpoints(current->view);
  if (current->file.faulted()) return std::unexpected(current->truncated_error());
  if (!checkpoints) return std::unexpected(current->corrupt_error(checkpoints.error().message()));
  return checkpoints;
}

Result<std::optional<Checkpoint>> Pool::checkpoint(std::string_view name) const {
  auto all = checkpoints();
  if (!all) return std::unexpected(std::move(all.error()));
  for (Checkpoint& checkpoint : *all)
    if (checkpoint.name == name) return std::move(checkpoint);
  return std::nullopt;
}

uint64_t Pool::stored_bytes(const RecordView& record) {
  return frame_bytes(record.body.size() + (record.tags ? record.tags->bytes().size() : 0));
}

uint64_t Pool::max_batch_bytes() const { return handle()->view.geometry.max_batch_bytes(); }

std::filesystem::path Pool::path() const { return handle()->path; }

}  // namespace plasmite
