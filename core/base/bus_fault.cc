#include "core/base/bus_fault.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>

#include "core/base/check.h"

namespace plasmite {

namespace {

constinit std::array<std::atomic<BusFaultOwner>, kMaxBusFaultOwners> g_owners{};
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

bool has_owner(uintptr_t address) {
  for (const auto& slot : g_owners) {
    const BusFaultOwner owner = slot.load(std::memory_order_acquire);
    if (!owner) return false;
    if (owner(address)) return true;
  }
  return false;
}

bool put_zeros(uintptr_t address) {
  const int saved_errno = errno;
  void* page = reinterpret_cast<void*>(address & ~(g_page_size - 1));
  void* replaced = ::mmap(page, g_page_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  errno = saved_errno;
  return replaced != MAP_FAILED;
}

void on_sigbus(int signal_number, siginfo_t* info, void* context) {
  // No page behind the address, or one that the disk or the memory could not give. A signal that
  // somebody sent has another code.
  const bool is_access = info->si_code == BUS_ADRERR || info->si_code == BUS_MCEERR_AR;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (is_access && has_owner(address) && put_zeros(address)) return;
  pass_on(signal_number, info, context);
}

}  // namespace

void add_bus_fault_owner(BusFaultOwner owner) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  for (auto& slot : g_owners) {
    const BusFaultOwner known = slot.load(std::memory_order_relaxed);
    if (known == owner) return;
    if (known) continue;
    slot.store(owner, std::memory_order_release);
    if (&slot != &g_owners.front()) return;
    g_page_size = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    ::sigaction(SIGBUS, &action, &g_previous_action);
    return;
  }
  PLASMITE_CHECK(false);  // more owners than this process has kinds of mappings
}

}  // namespace plasmite
