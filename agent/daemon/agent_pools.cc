#include "agent/daemon/agent_pools.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <utility>

#include "agent/daemon/ownership.h"
#include "agent/output/human.h"
#include "agent/shell_line.h"
#include "core/client/pool_ref.h"

namespace plasmite {
namespace {

constexpr uint64_t kPageBytes = 4096;

// Whether this is still what is to be found under its name.
bool is_gone(const Pool& pool) {
  const auto cursor = pool.cursor(Start::newest());
  if (!cursor && cursor.error().kind() == ErrorKind::NotFound) return true;
  struct stat status{};
  return ::stat(pool.path().c_str(), &status) != 0 && errno == ENOENT;
}

std::string size_in_words(uint64_t bytes) {
  return bytes % 1024 == 0 ? human_size(bytes) : std::to_string(bytes) + " bytes";
}

// A size as `pool resize` takes it.
std::string size_argument(uint64_t bytes) {
  constexpr uint64_t kM = 1u << 20;
  if (bytes % kM == 0) return std::to_string(bytes / kM) + "M";
  return bytes % 1024 == 0 ? std::to_string(bytes / 1024) + "K" : std::to_string(bytes);
}

std::string size_note(const PoolConfig& config, const PoolInfo& info,
                      const std::filesystem::path& dir) {
  const uint64_t declared = (config.size_bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (info.file_size == declared) return {};
  return "pool " + config.name + " has " + size_in_words(info.file_size) + ", declared are " +
         size_in_words(declared) + ": `plasmite --dir " + dir.string() + " pool resize " +
         config.name + " " + size_argument(declared) +
         "` changes it; not while a tap or journald source runs into it.";
}

std::string quoted(const std::filesystem::path& path) { return quote_for_shell(path.native(), 0); }

// A group that was declared after the pool had been made, and how to let it in.
void add_group_notes(const PoolConfig& config, gid_t group, const std::filesystem::path& path,
                     std::vector<std::string>& notes) {
  constexpr mode_t kRead = 4;
  constexpr mode_t kEnter = 1;
  if (!group_may(path, group, kRead))
    notes.push_back("group " + config.group + " may not read pool " + config.name + ": `chgrp " +
                    config.group + " " + quoted(path) + " && chmod g+r " + quoted(path) +
                    "` changes it.");
  const std::filesystem::path dir = path.parent_path();
  if (!group_may(dir, group, kEnter))
    notes.push_back("group " + config.group + " may not enter the folder of pool " + config.name +
                    ": `chmod o+x " + quoted(dir) + "` lets others in, but not list it.");
}

}  // namespace

void AgentPools::declare(const std::vector<PoolConfig>& pools) {
  const MutexLock lock(mutex_);
  std::map<std::string, std::shared_ptr<Entry>> entries;
  for (const PoolConfig& config : pools) {
    const auto known = entries_.find(config.name);
    const auto entry = known != entries_.end() ? known->second : std::make_shared<Entry>();
    const auto group = group_id(config.group);
    const MutexLock entry_lock(entry->mutex);
    entry->config = config;
    entry->group = group ? std::optional(*group) : std::nullopt;
    entries[config.name] = entry;
  }
  entries_ = std::move(entries);
  groups_.clear();
  for (const PoolConfig& config : pools)
    if (!config.group.empty()) groups_.insert(config.group);
}

std::shared_ptr<AgentPools::Entry> AgentPools::find(const std::string& name) const {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second;
}

std::filesystem::path AgentPools::path_of(const std::string& name) const {
  return resolve_pool_ref(name, dir_).value_or(dir_ / (name + ".plasmite"));
}

Result<std::shared_ptr<Pool>> AgentPools::open(const std::string& name) {
  const auto entry = find(name);
  if (!entry) {
    return std::unexpected(Error(ErrorKind::NotFound, "pool '" + name + "' is not declared")
                               .with_hint("Add [pools." + name + "] to the configuration."));
  }
  const MutexLock opening(entry->opening);
  std::shared_ptr<Pool> pool;
  PoolConfig config;
  {
    const MutexLock lock(entry->mutex);
    pool = entry->pool;
    config = entry->config;
  }
  if (pool && !is_gone(*pool)) return pool;
  std::optional<Error> group_error;
  auto opened = open_or_create(config, group_error);
  const MutexLock lock(entry->mutex);
  entry->sample.reset();
  entry->pool.reset();
  entry->error.reset();
  entry->group_error = std::move(group_error);
  if (!opened) {
    entry->error = opened.error();
    return std::unexpected(std::move(opened.error()));
  }
  entry->pool = std::make_shared<Pool>(std::move(*opened));
  if (const auto info = entry->pool->info()) take_sample(*entry, *info, Clock::now());
  return entry->pool;
}

// A pool is of use to its group only if they may enter the folder. It can have one group; others
// that are declared may pass through it.
Result<void> AgentPools::make_dir() const {
  constexpr mode_t kOwnOnly = 0700;
  constexpr mode_t kGroup = 02750;
  constexpr mode_t kOthersEnter = 0001;
  std::set<std::string> groups;
  {
    const MutexLock lock(mutex_);
    groups = groups_;
  }
  std::erase_if(groups, [](const std::string& group) { return !group_id(group); });
  const auto others = [&](const std::string& group) {
    return groups.size() > groups.count(group) ? kOthersEnter : mode_t{0};
  };
  if (!dir_group_.empty()) return make_group_dir(dir_, kGroup | others(dir_group_), dir_group_);
  // A group that we may not give anything to is its pools' own trouble.
  for (const std::string& group : groups)
    if (make_group_dir(dir_, kGroup | others(group), group)) return {};
  return make_group_dir(dir_, kOwnOnly | others(""), "");
}

Result<Pool> AgentPools::open_or_create(const PoolConfig& config,
                                        std::optional<Error>& group_error) const {
  const std::filesystem::path path = path_of(config.name);
  auto pool = Pool::open(path);
  if (pool || pool.error().kind() != ErrorKind::NotFound) return pool;
  if (auto made = make_dir(); !made) return std::unexpected(std::move(made.error()));
  const uint32_t mode = config.group.empty() ? 0600 : 0640;
  pool = Pool::create(path, {.size_bytes = config.size_bytes, .mode = mode});
  // Somebody else may have been faster; their pool is as good as ours.
  if (!pool && pool.error().kind() == ErrorKind::AlreadyExists) return Pool::open(path);
  if (!pool) return pool;
  if (auto given = give_to_group(path, config.group); !given)
    group_error = std::move(given.error());
  return pool;
}

bool AgentPools::has_file(const std::string& name) const {
  std::error_code failed;
  return std::filesystem::exists(path_of(name), failed);
}

std::vector<PoolStatus> AgentPools::statuses(Clock::time_point now) {
  std::map<std::string, std::shared_ptr<Entry>> entries;
  {
    const MutexLock lock(mutex_);
    entries = entries_;
  }
  std::vector<PoolStatus> statuses;
  statuses.reserve(entries.size());
  for (const auto& [name, entry] : entries) statuses.push_back(status_of(name, *entry, now));
  return statuses;
}

PoolStatus AgentPools::status_of(const std::string& name, Entry& entry,
                                 Clock::time_point now) const {
  const MutexLock lock(entry.mutex);
  PoolStatus status{.name = name,
                    .path = path_of(name),
                    .durability = entry.config.durability,
                    .size_bytes = entry.config.size_bytes};
  status.error = entry.error ? entry.error : entry.group_error;
  if (!entry.pool) return status;
  if (is_gone(*entry.pool)) {
    status.error = Error(ErrorKind::NotFound, "the pool's file is gone")
                       .with_path(status.path.string())
                       .with_hint("It is made again with the next record of a source.");
    return status;
  }
  auto info = entry.pool->info();
  if (!info) {
    status.error = std::move(info.error());
    return status;
  }
  take_sample(entry, *info, now);
  status.records_per_s = entry.records_per_s;
  status.bytes_per_s = entry.bytes_per_s;
  status.size_bytes = info->file_size;
  if (std::string note = size_note(entry.config, *info, dir_); !note.empty())
    status.notes.push_back(std::move(note));
  if (entry.group) add_group_notes(entry.config, *entry.group, status.path, status.notes);
  status.info = std::move(*info);
  return status;
}

void AgentPools::take_sample(Entry& entry, const PoolInfo& info, Clock::time_point now) {
  const Sample sample{
      .at = now, .next_seq = info.next_seq, .published_bytes = info.published_bytes};
  if (!entry.sample) {
    entry.sample = sample;
    entry.records_per_s = entry.bytes_per_s = 0;
    return;
  }
  const Sample& before = *entry.sample;
  if (now - before.at < kMinSample) return;
  const double seconds = std::chrono::duration<double>(now - before.at).count();
  const auto rate = [&](uint64_t newer, uint64_t older) {
    return newer > older ? static_cast<double>(newer - older) / seconds : 0.0;
  };
  entry.records_per_s = rate(sample.next_seq, before.next_seq);
  entry.bytes_per_s = rate(sample.published_bytes, before.published_bytes);
  entry.sample = sample;
}

std::vector<std::string> AgentPools::dir_problems() const {
  const std::string dir = dir_.string();
  struct statvfs filesystem{};
  if (::statvfs(dir.c_str(), &filesystem) != 0)
    return {};  // not made yet: whoever makes it reports
  std::vector<std::string> problems;
  if ((filesystem.f_flag & ST_RDONLY) != 0) {
    problems.push_back(
        "pool directory " + dir +
        " is on a read-only filesystem: open pools go on, others cannot be opened or made.");
  } else if (::access(dir.c_str(), W_OK | X_OK) != 0) {
    problems.push_back("pool directory " + dir +
                       " is not writable: existing pools go on, new ones cannot be made. Give the "
                       "agent's user write "
                       "permission.");
  }
  constexpr uint64_t kLeast = kMinPoolBytes;
  if (static_cast<uint64_t>(filesystem.f_bavail) * filesystem.f_frsize < kLeast) {
    problems.push_back(
        "pool directory " + dir +
        " is on a full filesystem: existing pools go on, new ones cannot be made. Free space.");
  }
  return problems;
}

}  // namespace plasmite
