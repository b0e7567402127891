#include "agent/intake/line_dropper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace plasmite {
namespace {

constexpr size_t kReadBytes = 64u << 10;
// More than a pipe holds: a writer that never pauses cannot hold up the end.
constexpr size_t kMostBytesAtTheEnd = 2u << 20;

// Signals are for the threads that wait for them.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    (void)::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { (void)::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Result<std::unique_ptr<LineDropper>> LineDropper::start(UniqueFd input, Options options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return std::unexpected(errno_error(errno, "failed to create a pipe"));
  UniqueFd reader(ends[0]), writer(ends[1]);
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return std::unexpected(errno_error(errno, "failed to create an event descriptor"));
  std::unique_ptr<LineDropper> dropper(new LineDropper(
      std::move(input), std::move(reader), std::move(writer), std::move(wake), std::move(options)));
  const AllSignalsBlocked blocked;
  try {
    dropper->thread_ = std::thread([raw = dropper.get()] { raw->run(); });
  } catch (const std::system_error& error) {
    return std::unexpected(errno_error(error.code().value(), "failed to start a thread"));
  }
  return dropper;
}

LineDropper::LineDropper(UniqueFd input, UniqueFd reader, UniqueFd writer, UniqueFd wake,
                         Options options)
    : input_(std::move(input)),
      reader_(std::move(reader)),
      writer_(std::move(writer)),
      wake_(std::move(wake)),
      on_left_out_(std::move(options.on_left_out)),
      queue_(options.most_bytes) {}

LineDropper::~LineDropper() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void LineDropper::finish() {
  {
    const MutexLock lock(mutex_);
    finishing_ = true;
  }
  wake();
}

uint64_t LineDropper::take_dropped() {
  uint64_t lines = 0;
  {
    const MutexLock lock(mutex_);  // nothing is written meanwhile
    lines = queue_.take_left_out(queue_.taken_out() - static_cast<uint64_t>(unread()));
  }
  if (lines != 0) wake();  // it may go on
  return lines;
}

// What is in the pipe.
int LineDropper::unread() const {
  int bytes = 0;
  return ::ioctl(reader_.get(), FIONREAD, &bytes) == 0 ? bytes : 0;
}

std::optional<Error> LineDropper::error() const {
  const MutexLock lock(mutex_);
  return error_;
}

void LineDropper::wake() const {
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
}

void LineDropper::run() {
  while (step()) {
  }
  writer_.reset();
  input_.reset();
}

// False: it is over.
bool LineDropper::step() {
  size_t wanted = 0;
  bool has_output = false, at_end = false;
  {
    const MutexLock lock(mutex_);
    if (stopping_ || (ended_ && queue_.empty())) return false;
    if (!ended_) wanted = queue_.may_push(kReadBytes);
    // With an empty pipe the reader asks before it reads what comes now.
    has_output = !queue_.empty() && !(queue_.is_at_hole() && unread() != 0);
    at_end = finishing_ && wanted != 0;
  }
  std::array<pollfd, 3> events{
      pollfd{.fd = wanted != 0 ? input_.get() : -1, .events = POLLIN, .revents = 0},
      pollfd{.fd = has_output ? writer_.get() : -1, .events = POLLOUT, .revents = 0},
      pollfd{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
  if (::poll(events.data(), events.size(), at_end ? 0 : -1) < 0) return errno == EINTR;
  if (events[2].revents != 0) {
    uint64_t count;
    (void)!::read(wake_.get(), &count, sizeof(count));
  }
  // First in: once a line has begun to go out, less may come in than was asked for above.
  if (events[0].revents != 0) read_input(wanted);
  if (events[1].revents != 0) write_output();
  if (at_end && (events[0].revents == 0 || read_since_finish_ > kMostBytesAtTheEnd)) {
    const MutexLock lock(mutex_);
    ended_ = true;
  }
  return true;
}

void LineDropper::read_input(size_t bytes) {
  std::array<char, kReadBytes> buffer;
  const ssize_t got = ::read(input_.get(), buffer.data(), bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const MutexLock lock(mutex_);
  if (got > 0) {
    const uint64_t left_out = queue_.push({buffer.data(), static_cast<size_t>(got)});
    if (left_out != 0 && on_left_out_) on_left_out_(left_out);
    if (finishing_) read_since_finish_ += static_cast<size_t>(got);
    return;
  }
  if (got < 0) error_ = errno_error(errno, "failed to read input");
  ended_ = true;
}

void LineDropper::write_output() {
  const MutexLock lock(mutex_);
  std::array<iovec, 2> parts;
  const auto front = queue_.front();
  for (size_t i = 0; i < parts.size(); ++i)
    parts[i] = {.iov_base = const_cast<char*>(front[i].data()), .iov_len = front[i].size()};
  const ssize_t put = ::writev(writer_.get(), parts.data(), parts.size());
  if (put > 0) queue_.pop(static_cast<size_t>(put));
}

}  // namespace plasmite
