#include "core/filter/engine/worker_limits.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLASMITE_SANITIZED 1
#endif
#endif

namespace plasmite {
namespace {

constexpr int kSocket = STDIN_FILENO;
constexpr std::chrono::milliseconds kTick{20};
constexpr uint64_t kStackBytes = 16ull << 20;  // libjq frees and prints nested values recursively

// Signal handlers see all of it. One thread, so relaxed order is enough: a handler is not a thread.
std::atomic<uint32_t> work{0};     // odd: under way; each piece has a number of its own
std::atomic<uint32_t> program{0};  // that is being run
std::atomic<bool> due{false};      // a tick passed since verdicts were sent
std::atomic<uint32_t> verdict_count{0};
std::array<char, 1024> verdicts;
uint32_t work_at_tick = 0;  // of the tick handler alone
uint32_t ticks = 0;
uint32_t most_ticks = 0;
static_assert(std::atomic<uint32_t>::is_always_lock_free);

constexpr auto kRelaxed = std::memory_order_relaxed;

// Before a call that does not return AddressSanitizer tidies up the stack, and may allocate for it;
// in a handler that has interrupted malloc() this would wait for ever.
#define PLASMITE_FROM_HANDLER __attribute__((no_sanitize("address")))

// Async-signal-safe, as is all it is used for.
PLASMITE_FROM_HANDLER void send_all(const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = ::send(kSocket, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) ::_exit(0);  // nobody listens
    at += sent;
    size -= static_cast<size_t>(sent);
  }
}

// While work is under way nothing is being sent, so that this cannot come in the middle of it; nor
// does sending take memory.
[[noreturn]] PLASMITE_FROM_HANDLER void give_up(FilterFailure why) {
  const bool at_work = work.load(kRelaxed) % 2 == 1;
  if (!at_work && why != FilterFailure::memory) ::_exit(1);  // our own fault, not a program's
  reply({.kind = FilterReply::failed,
         .program = program.load(kRelaxed),
         .detail = static_cast<uint32_t>(why),
         .size = 0},
        {});
  ::_exit(0);
}

PLASMITE_FROM_HANDLER void on_crash(int /*signal*/) { give_up(FilterFailure::crash); }

PLASMITE_FROM_HANDLER void on_tick(int /*signal*/) {
  const int saved = errno;
  due.store(true, kRelaxed);
  const uint32_t now = work.load(kRelaxed);
  if (now != work_at_tick) ticks = 0;
  work_at_tick = now;
  if (now % 2 == 1 && ++ticks > most_ticks) give_up(FilterFailure::time);
  errno = saved;
}

void limit(__rlimit_resource resource, uint64_t most) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return;
  now.rlim_cur = now.rlim_max == RLIM_INFINITY || most < now.rlim_max ? most : now.rlim_max;
  if (resource != RLIMIT_STACK) now.rlim_max = now.rlim_cur;
  (void)::setrlimit(resource, &now);  // fails only where the limit is lower already
}

void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigfillset(&action.sa_mask);
  (void)::sigaction(signal, &action, nullptr);
}

void install_handlers() {
  // A stack of its own: what overflows is the other one.
  static std::array<char, 64 << 10> stack;
  stack_t alternate{};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  (void)::sigaltstack(&alternate, nullptr);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL})
    handle(signal, on_crash, SA_ONSTACK | SA_RESETHAND);
  handle(SIGPROF, on_tick, SA_ONSTACK | SA_RESTART);
  // A Ctrl-C is for the parent; this process ends with it.
  for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE}) handle(signal, SIG_IGN, 0);
  std::set_new_handler([] { on_no_memory(nullptr); });
}

}  // namespace

PLASMITE_FROM_HANDLER void on_no_memory(void* /*unused*/) { give_up(FilterFailure::memory); }

bool die_with_parent(int parent) {
  return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent;
}

void install_worker_limits(const WorkerLimits& limits) {
  // No core dump of a program that broke a limit, and none that systemd-coredump takes.
  (void)::prctl(PR_SET_DUMPABLE, 0);
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_STACK, kStackBytes);
#ifndef PLASMITE_SANITIZED
  limit(RLIMIT_AS, limits.memory_bytes);
  if (!limits.opens_files) limit(RLIMIT_NOFILE, 0);
#endif
  install_handlers();
  most_ticks = static_cast<uint32_t>(std::max<int64_t>(limits.cpu_time / kTick, 1));
  const timeval tick{.tv_sec = 0, .tv_usec = std::chrono::microseconds(kTick).count()};
  const itimerval timer{.it_interval = tick, .it_value = tick};
  (void)::setitimer(ITIMER_PROF, &timer, nullptr);  // cannot fail with these values
}

void begin_work() { work.store(work.load(kRelaxed) + 1, kRelaxed); }
void working_on(uint32_t index) { program.store(index, kRelaxed); }
void end_work() { work.store(work.load(kRelaxed) + 1, kRelaxed); }

void add_verdict(uint8_t verdict) {
  const uint32_t count = verdict_count.load(kRelaxed);
  verdicts[count] = static_cast<char>(verdict);
  verdict_count.store(count + 1, kRelaxed);
}

bool verdicts_are_due() {
  return due.load(kRelaxed) || verdict_count.load(kRelaxed) == verdicts.size();
}

void flush_verdicts() {
  due.store(false, kRelaxed);
  const uint32_t count = verdict_count.exchange(0, kRelaxed);
  if (count == 0) return;
  const FilterReplyHeader header{
      .kind = FilterReply::verdicts, .program = 0, .detail = 0, .size = count};
  send_all(&header, sizeof header);
  send_all(verdicts.data(), count);
}

void reply(FilterReplyHeader header, std::span<const char> payload) {
  flush_verdicts();
  header.size = static_cast<uint32_t>(payload.size());
  send_all(&header, sizeof header);
  send_all(payload.data(), payload.size());
}

}  // namespace plasmite
