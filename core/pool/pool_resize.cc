#include "core/pool/pool_resize.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "core/base/probe.h"
#include "core/pool/event.h"
#include "core/pool/frame_transfer.h"
#include "core/pool/fresh_pool.h"
#include "core/pool/pool_locks.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_sync.h"

namespace plasmite {
namespace {

// So little that writers hardly notice how long it takes to copy it.
constexpr uint64_t kShortPass = 1 << 20;
// While writers are as fast as we are, another pass does not get us nearer.
constexpr int kMostPasses = 8;

Error does_not_fit(const PoolHandle& pool, std::string message, std::string hint) {
  return Error(ErrorKind::Usage, std::move(message))
      .with_path(pool.path.string())
      .with_hint(std::move(hint));
}

// The sequence of the first record from `position` on, `none` if there is none.
uint64_t first_seq(const PoolView& view, uint64_t position, uint64_t head, uint64_t none) {
  while (position < head) {
    const FrameWords frame = view.header_at(position);
    if (!view.plausible(frame, position, head)) break;
    if (!frame.is_control()) return frame.seq();
    position += frame.size();
  }
  return none;
}

constexpr std::string_view kInUseHint =
    "`plasmite tap`, or a source of the agent, stores into this pool. Resize it when that has "
    "ended.";

// The old file, the new one, and the way from one to the other.
class Resize {
 public:
  Resize(std::shared_ptr<PoolHandle> old, const ResizeOptions& options)
      : old_(std::move(old)), options_(options) {}

  Result<ResizeReport> run(uint64_t new_size) {
    report_ = {.old_size = old_->view.geometry.file_size, .new_size = new_size};
    // Only asking, for now: copying may take long.
    if (auto excluded = exclude_lock_holders(*old_, kInUseHint); !excluded)
      return std::unexpected(std::move(excluded.error()));
    admit_lock_holders(*old_);
    auto created = create_fresh();
    if (!created) return std::unexpected(std::move(created.error()));
    FreshPool fresh = std::move(*created);
    FrameTransfer transfer(*old_, fresh.handle());
    if (auto copied = copy_most(fresh, transfer); !copied)
      return std::unexpected(std::move(copied.error()));
    Deadline deadline(options_.lock_timeout);
    auto lock = WriterLock::acquire(*old_, deadline);
    if (!lock) return std::unexpected(std::move(lock.error()));
    if (auto filled = fill_rest(fresh, transfer); !filled)
      return std::unexpected(std::move(filled.error()));
    if (auto replaced = fresh.replace(*old_); !replaced)
      return std::unexpected(std::move(replaced.error()));
    return report_;
  }

 private:
  Result<FreshPool> create_fresh() {
    struct stat status;
    if (::fstat(old_->fd.get(), &status) != 0)
      return std::unexpected(errno_error(errno, "failed to stat pool file", old_->path.string()));
    if (status.st_nlink > 1) {
      return std::unexpected(
          does_not_fit(*old_, "the pool file has more than one name",
                       "Hard links cannot be followed to the new file: remove the others first."));
    }
    remove_abandoned(old_->path);
    CreateOptions create{.size_bytes = report_.new_size, .mode = status.st_mode & 07777};
    // Windows that somebody chose are kept where they suffice for the larger batches of a larger
    // pool.
    if (const auto planned = plan_geometry(report_.new_size); planned) {
      const uint64_t batch = planned->max_batch_bytes();
      if (old_->view.sync_window >= 2 * batch) create.sync_window_bytes = old_->view.sync_window;
      if (old_->view.seq_window >= 2 * batch / kMinFrameBytes)
        create.seq_window = old_->view.seq_window;
    }
    auto fresh = FreshPool::create(old_->path, create, &old_->superblock.pool_id);
    if (!fresh) return fresh;
    if (auto owned = fresh->take_owner(status); !owned)
      return std::unexpected(std::move(owned.error()));
    return fresh;
  }

  // Without a lock, pass by pass until little is left. On disk too, which takes longest: what is
  // written meanwhile is for the next pass.
  Result<void> copy_most(FreshPool& fresh, FrameTransfer& transfer) {
    const PoolView& view = old_->view;
    for (int pass = 0; pass < kMostPasses; ++pass) {
      const auto snapshot = take_snapshot(view);
      if (!snapshot) return std::unexpected(old_->corrupt_error("live page is damaged"));
      if (auto fits = check_fit(*snapshot, transfer.begin()); !fits) return fits;
      if (auto done = transfer.advance_to(snapshot->commit.head); !done) return done;
      if (auto synced = sync_data(fresh.handle()); !synced) return synced;
      if (view.head() - transfer.end() <= kShortPass) break;
    }
    probe(Step::resize_copied, view.base);
    return {};
  }

  // Writer lock held: nothing changes any more.
  Result<void> fill_rest(FreshPool& fresh, FrameTransfer& transfer) {
    if (auto present = old_->check_present(); !present) return present;
    if (auto excluded = exclude_lock_holders(*old_, kInUseHint); !excluded) return excluded;
    const PoolView& view = old_->view;
    auto snapshot = take_snapshot(view);
    if (!snapshot) return std::unexpected(old_->corrupt_error("live page is damaged"));
    const uint64_t head = snapshot->commit.head;
    if (auto done = transfer.advance_to(head); !done) return done;
    if (auto fits = check_fit(*snapshot, transfer.begin()); !fits) return fits;
    if (auto moved = move_checkpoints(*snapshot, fresh.view().geometry.checkpoint_slots); !moved)
      return moved;
    const uint64_t next_seq = snapshot->commit.next_seq;
    const uint64_t oldest = first_seq(view, snapshot->tail, head, next_seq);
    const uint64_t kept = first_seq(fresh.view(), transfer.begin(), head, next_seq);
    report_.retired = kept > oldest ? kept - oldest : 0;
    if (auto initialized = fresh.initialize(transfer.state(*snapshot)); !initialized)
      return initialized;
    probe(Step::resize_filled, view.base);
    return {};
  }

  Result<void> check_fit(const PoolSnapshot& snapshot, uint64_t kept_from) const {
    const auto planned = plan_geometry(report_.new_size);
    if (!planned) return std::unexpected(planned.error());
    const uint64_t used = snapshot.commit.head - std::min(snapshot.tail, snapshot.commit.head);
    if (options_.retire || (used <= planned->ring_size && kept_from <= snapshot.tail)) return {};
    return std::unexpected(does_not_fit(
        *old_,
        "the messages of the pool take " + std::to_string(used) +
            " bytes; a pool of this size has room for " + std::to_string(planned->ring_size),
        "Choose a larger size, or add --retire: it retires the oldest messages."));
  }

  // Checkpoints are never retired: those whose slot the smaller table has not get a free one.
  Result<void> move_checkpoints(PoolSnapshot& snapshot, uint32_t slots) const {
    auto& all = snapshot.checkpoints;
    uint32_t free_slot = 0;
    for (size_t slot = slots; slot < all.size(); ++slot) {
      if (all[slot].name_len == 0) continue;
      while (free_slot < slots && all[free_slot].name_len != 0) ++free_slot;
      if (free_slot == slots) {
        return std::unexpected(does_not_fit(
            *old_, "a pool of this size has only " + std::to_string(slots) + " checkpoints",
            "Choose a larger size: pools from 1M on have 32."));
      }
      all[free_slot] = all[slot];
    }
    return {};
  }

  std::shared_ptr<PoolHandle> old_;
  const ResizeOptions& options_;
  ResizeReport report_;
};

}  // namespace

Result<ResizeReport> resize_pool(const std::filesystem::path& path, const ResizeOptions& options) {
  // What a symbolic link leads to is replaced, not the link.
  std::error_code unresolved;
  const std::filesystem::path real = std::filesystem::canonical(path, unresolved);
  auto old = open_pool(unresolved ? path : real,
                       {.access = Access::append, .lock_timeout = options.lock_timeout});
  if (!old) return std::unexpected(std::move(old.error()));
  const auto planned = plan_geometry(options.size_bytes);
  if (!planned) return std::unexpected(Error(planned.error()).with_path(path.string()));
  const uint64_t old_size = (*old)->view.geometry.file_size;
  if (planned->file_size == old_size) return ResizeReport{old_size, old_size, 0};
  return Resize(std::move(*old), options).run(planned->file_size);
}

}  // namespace plasmite
