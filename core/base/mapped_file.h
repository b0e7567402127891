// A shared mapping of a file whose truncation by somebody else is an error, not a SIGBUS.
//
// An address inside a live MappedFile that has no page any more gets one of zeros, and the mapping
// is marked as faulted (core/base/bus_fault.h); the interrupted copy then finishes on zeros and its
// caller finds faulted() set.
// Thread-safety: faulted() may be called from any thread; the object itself is owned by one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/error.h"

namespace plasmite {

class MappedFile {
 public:
  enum class Mode : uint8_t {
    read_only,
    read_write,
    private_copy,  // writes stay in this process
  };

  static Result<MappedFile> map(int fd, size_t offset, size_t size, Mode mode);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

  // True once an access found the file shorter than the mapping. Stays true.
  bool faulted() const { return region_ && region_->faulted.load(std::memory_order_acquire); }

  // Replaces a private copy by the file's own pages at the same addresses.
  Result<void> become_shared(int fd);

  // What the signal handler knows of one mapping. Regions form a list that only grows; a free one has
  // begin == 0 and is taken again. So the handler can walk it at any instant without a lock.
  struct Region {
    std::atomic<uintptr_t> begin{0};
    std::atomic<uintptr_t> end{0};
    std::atomic<bool> faulted{false};
    std::atomic<bool> taken{false};
    Region* next = nullptr;
  };

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  Region* region_ = nullptr;
};

}  // namespace plasmite
