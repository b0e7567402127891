#include "tests/crash/powerloss/modelled_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include "core/base/shared_word.h"
#include "core/base/unique_fd.h"
#include "core/pool/geometry.h"
#include "tests/crash/powerloss/interpose.h"

namespace plasmite::crash {
namespace {

ModelledFile* g_active = nullptr;
std::optional<Protection> g_off;

void on_probe(void*, Step step, const void*) {
  if (!g_active) return;
  g_active->model().sample();
  if (g_active->on_step) g_active->on_step(step);
}

bool is_switched_off(void*, Protection protection) { return g_off == protection; }

class SyncsOfThisProcess : public SyncObserver {
 public:
  void sync_began(ino_t inode, int fd) override {
    if (g_active && inode == g_active->inode()) {
      g_active->model().sync_began();
      return;
    }
    if (fd < 0) return;
    // A file that may take the place of the active one.
    std::vector<std::byte>& content = others_[inode];
    content.resize(kMaxSectors * kSectorBytes);
    const ssize_t got = ::pread(fd, content.data(), content.size(), 0);
    content.resize(got > 0 ? static_cast<size_t>(got) : 0);
  }

  void sync_ended(ino_t inode, size_t offset, size_t length) override {
    if (!g_active || inode != g_active->inode()) return;
    if (g_active->during_sync) g_active->during_sync();
    g_active->model().sync_ended(offset, length);
  }

  std::vector<std::byte> take(ino_t inode) { return std::exchange(others_[inode], {}); }

 private:
  std::map<ino_t, std::vector<std::byte>> others_;
};

SyncsOfThisProcess& syncs() {
  static SyncsOfThisProcess observer;
  return observer;
}

}  // namespace

Result<ModelledFile> ModelledFile::open(const std::filesystem::path& path, DiskModel& model,
                                        std::span<const std::byte> durable) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return std::unexpected(errno_error(errno, "failed to open", path.string()));
  ModelledFile file;
  file.path_ = path;
  file.model_ = &model;
  file.size_ = static_cast<size_t>(status.st_size);
  file.inode_ = status.st_ino;
  void* address = ::mmap(nullptr, file.size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED)
    return std::unexpected(errno_error(errno, "failed to map", path.string()));
  file.data_ = static_cast<std::byte*>(address);
  const auto geometry = plan_geometry(file.size_);
  if (!geometry) return std::unexpected(geometry.error());
  model.attach(file.data_, file.size_,
               {.anchors = kAnchorsOffset,
                .tables = geometry->checkpoint_offset,
                .ring = geometry->ring_offset},
               durable);
  return file;
}

Result<ModelledFile> ModelledFile::create(const std::filesystem::path& path, DiskModel& model,
                                          std::span<const std::byte> content) {
  {
    const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd || ::pwrite(fd.get(), content.data(), content.size(), 0) !=
                   static_cast<ssize_t>(content.size()))
      return std::unexpected(errno_error(errno, "failed to write", path.string()));
  }
  return open(path, model);
}

ModelledFile::ModelledFile(ModelledFile&& other) noexcept
    : on_step(std::move(other.on_step)),
      during_sync(std::move(other.during_sync)),
      path_(std::move(other.path_)),
      model_(other.model_),
      data_(std::exchange(other.data_, nullptr)),
      size_(other.size_),
      inode_(other.inode_) {}

ModelledFile::~ModelledFile() {
  if (data_) ::munmap(data_, size_);
}

uint64_t ModelledFile::head() const { return load_acquire(live().head); }

ActiveFile::ActiveFile(ModelledFile& file) : before_(std::exchange(g_active, &file)) {}
ActiveFile::~ActiveFile() { g_active = before_; }

void install_model_hooks(std::optional<Protection> off) {
  g_off = off;
  ProbeHooks hooks;
  hooks.reached = on_probe;
  hooks.is_off = is_switched_off;
  set_probe_hooks(hooks);
  observe_syncs(&syncs());
}

std::vector<std::byte> synced_content(ino_t inode) { return syncs().take(inode); }

}  // namespace plasmite::crash
