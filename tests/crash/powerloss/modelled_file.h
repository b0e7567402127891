// A pool file whose disk is modelled: while it is the active one, every probe point and every sync
// of this process (and of its forked children) enters its DiskModel.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/pool/pool_format.h"
#include "tests/crash/powerloss/disk_model.h"

namespace plasmite::crash {

class ModelledFile {
 public:
  // Maps the file. `durable` is what its disk holds now; empty: what the file holds. `model` must
  // outlive this and serves one file at a time.
  static Result<ModelledFile> open(const std::filesystem::path& path, DiskModel& model,
                                   std::span<const std::byte> durable = {});
  // Writes `content` into a new file, then as above.
  static Result<ModelledFile> create(const std::filesystem::path& path, DiskModel& model,
                                     std::span<const std::byte> content);

  ModelledFile(ModelledFile&& other) noexcept;
  ModelledFile& operator=(ModelledFile&&) = delete;
  ~ModelledFile();

  const std::filesystem::path& path() const { return path_; }
  DiskModel& model() { return *model_; }
  std::byte* data() { return data_; }
  size_t size() const { return size_; }
  ino_t inode() const { return inode_; }
  const LivePage& live() const {
    return *reinterpret_cast<const LivePage*>(data_ + kLivePageOffset);
  }
  uint64_t head() const;  // of the ring, as the live page says

  std::function<void(Step)> on_step;  // after the model was sampled
  std::function<void()> during_sync;  // what other processes do while a sync runs

 private:
  ModelledFile() = default;

  std::filesystem::path path_;
  DiskModel* model_ = nullptr;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  ino_t inode_ = 0;
};

// Makes `file` the active one; the one before becomes active again at the end.
class ActiveFile {
 public:
  explicit ActiveFile(ModelledFile& file);
  ActiveFile(const ActiveFile&) = delete;
  ActiveFile& operator=(const ActiveFile&) = delete;
  ~ActiveFile();

 private:
  ModelledFile* before_;
};

// Connects probes and syncs of this process with the active file; `off` is the protection to switch
// off.
void install_model_hooks(std::optional<Protection> off);

// The content that a file other than the active one had at its last sync. Empty: none was seen.
std::vector<std::byte> synced_content(ino_t inode);

}  // namespace plasmite::crash
