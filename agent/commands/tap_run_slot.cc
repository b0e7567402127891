#include "agent/commands/tap_run_slot.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "core/base/random.h"

namespace plasmite {
namespace {

// Sources have their checkpoints in the same table: 4 in the smallest pool, 32 from 1 MiB on.
constexpr unsigned kSlots = 8;
constexpr unsigned kSlotsOfSmallPool = 2;
constexpr uint64_t kSmallPoolBytes = 1u << 20;

std::string slot_name(unsigned slot) { return "tap." + std::to_string(slot); }

struct flock range_of(unsigned slot, short type) {
  struct flock range{};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  // Named in spec/tap.md: other programs may look.
  range.l_start = static_cast<off_t>(kUserLocksOffset + slot);
  range.l_len = 1;
  return range;
}

bool set_lock(int fd, unsigned slot, short type) {
  struct flock range = range_of(slot, type);
  return ::fcntl(fd, F_OFD_SETLK, &range) == 0;
}

// Needs no right to write.
bool is_unlocked(int fd, unsigned slot) {
  struct flock range = range_of(slot, F_WRLCK);
  return ::fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type == F_UNLCK;
}

std::string value_of(const Pool& pool, const std::string& name) {
  const auto found = pool.checkpoint(name);
  return found && *found ? (*found)->value : std::string();
}

LostRun lost_run_of(std::string_view value) {
  const size_t space = value.find(' ');
  if (space == value.npos) return {.id = std::string(value), .source = "tap"};
  return {.id = std::string(value.substr(0, space)),
          .source = std::string(value.substr(space + 1))};
}

bool holds_run(const std::vector<Checkpoint>& checkpoints, const std::string& name) {
  const auto found = std::ranges::find(checkpoints, name, &Checkpoint::name);
  return found != checkpoints.end() && !found->value.empty();
}

// False: the table has no place for a name that it does not have yet.
bool make_place(Pool& pool, const std::string& name) {
  return pool.append_batch({}, {.checkpoint = CheckpointView{.name = name, .value = {}}})
      .has_value();
}

}  // namespace

std::string new_run_id() {
  std::array<uint8_t, 8> bytes{};
  fill_random(bytes);
  std::string text;
  for (const uint8_t byte : bytes) {
    char hex[3];
    std::snprintf(hex, sizeof(hex), "%02x", byte);
    text += hex;
  }
  return text;
}

RunSlot RunSlot::claim(Pool& pool, const std::string& run, std::string_view source) {
  const std::string value = source.empty() ? run : run + ' ' + std::string(source);
  for (;;) {
    RunSlot claimed = claim_once(pool, value);
    // A lock got while the pool was resized may be one on a file that nobody looks at any more.
    if (claimed.name_.empty() || claimed.is_on_pool_file(pool)) return claimed;
  }
}

bool RunSlot::is_on_pool_file(const Pool& pool) const {
  struct stat locked, named;
  return ::fstat(file_.get(), &locked) != 0 || ::stat(pool.path().c_str(), &named) != 0 ||
         (locked.st_dev == named.st_dev && locked.st_ino == named.st_ino);
}

RunSlot RunSlot::claim_once(Pool& pool, const std::string& value) {
  RunSlot claimed;
  claimed.value_ = value;
  claimed.file_ = UniqueFd(::open(pool.path().c_str(), O_RDWR | O_CLOEXEC));
  const auto info = pool.info();
  // One look at all of them: each reads the whole table.
  const auto before = pool.checkpoints();
  if (!claimed.file_ || !info || !before) return claimed;
  const unsigned slots = info->file_size < kSmallPoolBytes ? kSlotsOfSmallPool : kSlots;
  for (unsigned slot = 0; slot < slots; ++slot) {
    const std::string name = slot_name(slot);
    const bool have_one = !claimed.name_.empty();
    if (have_one && !holds_run(*before, name)) continue;
    if (!claimed.lock(slot)) continue;           // its tap lives
    const auto current = pool.checkpoint(name);  // under the lock: nobody changes it now
    const bool exists = current && *current;
    if (exists && !(*current)->value.empty())
      claimed.lost_runs_.push_back(lost_run_of((*current)->value));
    if (!have_one && (exists || make_place(pool, name))) {
      claimed.name_ = name;
    } else if (have_one) {
      claimed.lost_slots_.push_back(slot);
    } else {
      claimed.unlock(slot);
      break;  // no place for further ones, either
    }
  }
  return claimed;
}

void RunSlot::forget_lost_runs(Pool& pool) {
  for (const unsigned slot : lost_slots_) {
    // If this fails the next tap tells of the run once more.
    (void)pool.append_batch({},
                            {.checkpoint = CheckpointView{.name = slot_name(slot), .value = {}}});
    unlock(slot);
  }
  lost_slots_.clear();
  lost_runs_.clear();
}

std::optional<CheckpointView> RunSlot::mark(std::string_view value) const {
  if (name_.empty()) return std::nullopt;
  return CheckpointView{.name = name_, .value = value};
}

bool RunSlot::lock(unsigned slot) const { return set_lock(file_.get(), slot, F_WRLCK); }

void RunSlot::unlock(unsigned slot) const { (void)set_lock(file_.get(), slot, F_UNLCK); }

RunWatch::RunWatch(const Pool& pool, std::string run)
    : pool_(pool),
      run_(std::move(run)),
      file_(UniqueFd(::open(pool.path().c_str(), O_RDONLY | O_CLOEXEC))) {}

bool RunWatch::is_lost() const {
  if (!file_ || run_.empty()) return false;
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    const std::string name = slot_name(slot);
    if (lost_run_of(value_of(pool_, name)).id != run_ || !is_unlocked(file_.get(), slot)) continue;
    // The owner took the lock before it stored the id, and empties the slot with the exit record.
    // So it was dead when we saw the lock free, unless the slot is empty by now.
    return lost_run_of(value_of(pool_, name)).id == run_;
  }
  return false;
}

}  // namespace plasmite
