#include "core/pool/pool_copy.h"

#include "core/pool/frame_transfer.h"
#include "core/pool/fresh_pool.h"
#include "core/pool/pool_open.h"

namespace plasmite {
namespace {

Error too_fast_error(const PoolHandle& source) {
  return Error(ErrorKind::Busy, "the pool is written faster than it can be copied")
      .with_path(source.path.string())
      .with_hint(
          "Writers replaced all messages while they were copied. Try again, or make the pool "
          "larger with `plasmite pool resize`.");
}

// One snapshot of the source in the fresh file's ring, and what belongs to it.
Result<RecoveredPool> fill(const PoolHandle& source, FreshPool& fresh, Deadline& deadline) {
  for (;;) {
    const auto snapshot = take_snapshot(source.view);
    if (!snapshot) return std::unexpected(source.corrupt_error("live page is damaged"));
    FrameTransfer transfer(source, fresh.handle());
    if (auto done = transfer.advance_to(snapshot->commit.head); !done)
      return std::unexpected(std::move(done.error()));
    const bool was_empty = snapshot->tail == snapshot->commit.head;
    if (was_empty || transfer.begin() < transfer.end()) return transfer.state(*snapshot);
    if (std::chrono::steady_clock::now() >= deadline.get())
      return std::unexpected(too_fast_error(source));
  }
}

}  // namespace

Result<void> copy_pool(const std::filesystem::path& source,
                       const std::filesystem::path& destination, const CopyOptions& options) {
  auto from = open_pool(source, {.access = Access::read, .lock_timeout = options.lock_timeout});
  if (!from) return std::unexpected(std::move(from.error()));
  if (auto is_free = check_name_is_free(destination); !is_free) return is_free;
  remove_abandoned(destination);
  const PoolView& view = (*from)->view;
  auto fresh = FreshPool::create(destination, {.size_bytes = view.geometry.file_size,
                                               .mode = options.mode,
                                               .sync_window_bytes = view.sync_window,
                                               .seq_window = view.seq_window});
  if (!fresh) return std::unexpected(std::move(fresh.error()));
  Deadline deadline(options.lock_timeout);
  const auto state = fill(**from, *fresh, deadline);
  if (!state) return std::unexpected(state.error());
  if (auto initialized = fresh->initialize(*state); !initialized) return initialized;
  if (auto linked = fresh->link(); !linked) return std::unexpected(std::move(linked.error()));
  return {};
}

}  // namespace plasmite
