#include "core/base/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>

#include "core/base/probe.h"

namespace plasmite {

// Regions form a list that only grows; a free one has begin == 0 and is taken again. So the signal
// handler can walk it at any instant without a lock.
struct MappedFile::Region {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> faulted{false};
  std::atomic<bool> taken{false};
  Region* next = nullptr;
};

namespace {

std::atomic<MappedFile::Region*> g_regions{nullptr};
struct sigaction g_previous_action;
uintptr_t g_page_size = 4096;

void pass_on(int signal_number, siginfo_t* info, void* context) {
  if ((g_previous_action.sa_flags & SA_SIGINFO) != 0 && g_previous_action.sa_sigaction) {
    g_previous_action.sa_sigaction(signal_number, info, context);
    return;
  }
  if (g_previous_action.sa_handler != SIG_DFL && g_previous_action.sa_handler != SIG_IGN) {
    g_previous_action.sa_handler(signal_number);
    return;
  }
  // Restore the default action and return: the access faults again and ends the process, with the
  // core dump where it belongs.
  struct sigaction default_action = {};
  default_action.sa_handler = SIG_DFL;
  ::sigaction(SIGBUS, &default_action, nullptr);
}

void on_sigbus(int signal_number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (MappedFile::Region* region = g_regions.load(std::memory_order_acquire); region;
       region = region->next) {
    const uintptr_t begin = region->begin.load(std::memory_order_acquire);
    if (begin == 0 || address < begin || address >= region->end.load(std::memory_order_acquire))
      continue;
    void* page = reinterpret_cast<void*>(address & ~(g_page_size - 1));
    void* replaced = ::mmap(page, g_page_size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (replaced == MAP_FAILED) break;
    region->faulted.store(true, std::memory_order_release);
    errno = saved_errno;
    return;
  }
  pass_on(signal_number, info, context);
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    g_page_size = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    ::sigaction(SIGBUS, &action, &g_previous_action);
  });
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
  install_handler();
  const int protection = mode == Mode::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  const int flags = mode == Mode::private_copy ? MAP_PRIVATE : MAP_SHARED;
  int error = injected_failure(Call::mmap);
  void* address = MAP_FAILED;
  if (error == 0) {
    address = ::mmap(nullptr, size, protection, flags, fd, static_cast<off_t>(offset));
    error = errno;
  }
  if (address == MAP_FAILED)
    return std::unexpected(errno_error(error, "failed to map pool file"));
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

bool MappedFile::faulted() const {
  return region_ && region_->faulted.load(std::memory_order_acquire);
}

Result<void> MappedFile::become_shared(int fd) {
  void* address = ::mmap(data_, size_, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
  if (address == MAP_FAILED)
    return std::unexpected(errno_error(errno, "failed to map pool file"));
  return {};
}

}  // namespace plasmite
