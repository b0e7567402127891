#include "sources/journal/journal_fault_guard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace plasmite {

namespace {

// Only plain flags of the faulting thread itself: a handler runs in the thread that faulted.
constinit thread_local volatile sig_atomic_t t_guarded = 0;
constinit thread_local volatile sig_atomic_t t_faulted = 0;
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
  // The access faults again and ends the process, with the core dump where it belongs.
  struct sigaction default_action = {};
  default_action.sa_handler = SIG_DFL;
  ::sigaction(SIGBUS, &default_action, nullptr);
}

void on_sigbus(int signal_number, siginfo_t* info, void* context) {
  // BUS_ADRERR: no page behind the address. A signal that somebody sent has another code.
  if (t_guarded == 0 || info->si_code != BUS_ADRERR) return pass_on(signal_number, info, context);
  const int saved_errno = errno;
  void* page =
      reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(info->si_addr) & ~(g_page_size - 1));
  void* replaced = ::mmap(page, g_page_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  errno = saved_errno;
  if (replaced == MAP_FAILED) return pass_on(signal_number, info, context);
  t_faulted = 1;
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

}  // namespace

JournalFaultGuard::JournalFaultGuard() {
  install_handler();
  t_faulted = 0;
  t_guarded = 1;
}

JournalFaultGuard::~JournalFaultGuard() { t_guarded = 0; }

// NOLINTNEXTLINE(readability-convert-member-functions-to-static): the answer is of this guard's
// time
bool JournalFaultGuard::faulted() const { return t_faulted != 0; }

}  // namespace plasmite
