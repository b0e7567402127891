// The bytes of a pool file, mapped beside the engine: for tests that damage, inspect or copy them.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "core/base/check.h"
#include "core/base/unique_fd.h"
#include "core/pool/pool_view.h"

namespace plasmite {

class RawPool {
 public:
  explicit RawPool(const std::filesystem::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct stat status = {};
    PLASMITE_CHECK(fd && ::fstat(fd.get(), &status) == 0);
    size_ = static_cast<size_t>(status.st_size);
    void* address = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    PLASMITE_CHECK(address != MAP_FAILED);
    base_ = static_cast<std::byte*>(address);
    Superblock superblock;
    std::memcpy(&superblock, base_, sizeof(superblock));
    auto geometry = geometry_of(superblock, size_);
    PLASMITE_CHECK(geometry.has_value());
    view_ = PoolView::of(base_, *geometry, superblock);
  }
  RawPool(const RawPool&) = delete;
  RawPool& operator=(const RawPool&) = delete;
  ~RawPool() { ::munmap(base_, size_); }

  std::byte* base() const { return base_; }
  size_t size() const { return size_; }
  const PoolView& view() const { return view_; }
  const Geometry& geometry() const { return view_.geometry; }
  LivePage& live() const { return *view_.live; }
  WaitPage& wait_page() const { return *reinterpret_cast<WaitPage*>(base_ + kWaitPageOffset); }

  // Changes what the current commit record says; `sealed`: its checksum, too, so that it is believed.
  template <class Change>
  void change_commit(Change change, bool sealed = true) const {
    CommitView commit = view_.read_commit().value();
    CommitRecord& record = live().commit[live().commit[0].head == commit.head ? 0 : 1];
    const uint64_t crc = record.sel_and_crc >> 32;
    change(commit);
    record = make_commit_record(view_.crc_seed, commit);
    if (!sealed) record.sel_and_crc = commit.checkpoint_sel | crc << 32;
  }

  void flip(uint64_t byte, unsigned bit = 0) const {
    base_[byte] ^= static_cast<std::byte>(1u << bit);
  }
  uint64_t file_offset(uint64_t position) const {
    return geometry().ring_offset + position % geometry().ring_size;
  }
  // The position of the frame of record `seq`, by walking from the tail.
  uint64_t position_of(uint64_t seq) const {
    for (uint64_t at = view_.tail(); at < view_.head();) {
      const FrameWords frame = view_.header_at(at);
      if (!frame.is_control() && frame.seq() == seq) return at;
      at += frame.size();
    }
    PLASMITE_CHECK(false && "the record is not retained");
    return 0;
  }

 private:
  std::byte* base_ = nullptr;
  size_t size_ = 0;
  PoolView view_;
};

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  PLASMITE_CHECK(file.good());
}

// Another inode with the same bytes: what a restart or a restored backup look like to the engine,
// which trusts nothing but anchors and frames then.
inline void copy_as_after_restart(const std::filesystem::path& from,
                                  const std::filesystem::path& to) {
  std::filesystem::remove(to);
  write_bytes(to, read_bytes(from));
}

}  // namespace plasmite
