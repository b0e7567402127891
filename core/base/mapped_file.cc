#include "core/base/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "core/base/bus_fault.h"
#include "core/base/probe.h"

namespace plasmite {

namespace {

std::atomic<MappedFile::Region*> g_regions{nullptr};

bool mark_fault(uintptr_t address) {
  for (MappedFile::Region* region = g_regions.load(std::memory_order_acquire); region;
       region = region->next) {
    const uintptr_t begin = region->begin.load(std::memory_order_acquire);
    if (begin == 0 || address < begin || address >= region->end.load(std::memory_order_acquire))
      continue;
    region->faulted.store(true, std::memory_order_release);
    return true;
  }
  return false;
}

MappedFile::Region* take_region() {
  for (MappedFile::Region* region = g_regions.load(std::memory_order_acquire); region;
       region = region->next) {
    bool expected = false;
    if (region->taken.compare_exchange_strong(expected, true)) {
      region->faulted.store(false, std::memory_order_release);
      return region;
    }
  }
  // Never freed: the handler may be looking at it.
  auto* region = new MappedFile::Region;
  region->taken.store(true);
  region->next = g_regions.load(std::memory_order_relaxed);
  while (!g_regions.compare_exchange_weak(region->next, region, std::memory_order_acq_rel)) {
  }
  return region;
}

}  // namespace

Result<MappedFile> MappedFile::map(int fd, size_t offset, size_t size, Mode mode) {
  add_bus_fault_owner(mark_fault);
  const int protection = mode == Mode::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  const int flags = mode == Mode::private_copy ? MAP_PRIVATE : MAP_SHARED;
  int error = injected_failure(Call::mmap);
  void* address = MAP_FAILED;
  if (error == 0) {
    address = ::mmap(nullptr, size, protection, flags, fd, static_cast<off_t>(offset));
    error = errno;
  }
  if (address == MAP_FAILED) return std::unexpected(errno_error(error, "failed to map pool file"));
  MappedFile mapped;
  mapped.data_ = static_cast<std::byte*>(address);
  mapped.size_ = size;
  mapped.region_ = take_region();
  const auto begin = reinterpret_cast<uintptr_t>(address);
  mapped.region_->end.store(begin + size, std::memory_order_release);
  mapped.region_->begin.store(begin, std::memory_order_release);
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      region_(std::exchange(other.region_, nullptr)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(region_, other.region_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!data_) return;
  region_->begin.store(0, std::memory_order_release);
  region_->taken.store(false, std::memory_order_release);
  ::munmap(data_, size_);
}

Result<void> MappedFile::become_shared(int fd) {
  void* address = ::mmap(data_, size_, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
  if (address == MAP_FAILED) return std::unexpected(errno_error(errno, "failed to map pool file"));
  return {};
}

}  // namespace plasmite
