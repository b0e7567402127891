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
  bool faulted() const;

  // Replaces a private copy by the file's own pages at the same addresses.
  Result<void> become_shared(int fd);

  struct Region;  // what the signal handler knows of one mapping

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  Region* region_ = nullptr;
};

}  // namespace plasmite
