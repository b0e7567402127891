#include "agent/daemon/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/daemon/ownership.h"
#include "core/base/unique_fd.h"

namespace plasmite {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

// One connection. It lives as long as something of it is pending.
class ControlSession : public std::enable_shared_from_this<ControlSession> {
 public:
  ControlSession(Local::socket socket, ControlServer::Handle handle)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), handle_(std::move(handle)) {}

  void read() {
    start_deadline();
    asio::async_read_until(socket_,
                           asio::dynamic_buffer(request_, ControlServer::kMostRequestBytes), '\n',
                           [self = shared_from_this()](error_code failed, size_t size) {
                             self->timer_.cancel();
                             if (!failed) self->serve(size);
                           });
  }

  // Nothing was asked yet: whoever it is can be sent away for somebody else.
  bool is_idle() const { return !is_served_; }
  void close() {
    error_code ignored;
    (void)socket_.close(ignored);
    timer_.cancel();
  }

 private:
  void serve(size_t size) {
    is_served_ = true;
    request_.resize(size - 1);
    handle_(request_,
            [self = shared_from_this()](std::string reply) { self->write(std::move(reply)); });
  }

  void write(std::string reply) {
    reply_ = std::move(reply) + "\n";
    start_deadline();
    asio::async_write(socket_, asio::buffer(reply_),
                      [self = shared_from_this()](error_code, size_t) { self->close(); });
  }

  void start_deadline() {
    timer_.expires_after(ControlServer::kDeadline);
    timer_.async_wait([self = shared_from_this()](error_code failed) {
      if (!failed) self->close();
    });
  }

  Local::socket socket_;
  asio::steady_timer timer_;
  ControlServer::Handle handle_;
  std::string request_;
  std::string reply_;
  bool is_served_ = false;
};

namespace {

constexpr mode_t kSocketMode = 0660;
constexpr mode_t kSocketDirMode = 0750;

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof address.sun_path) {
    return std::unexpected(Error(ErrorKind::Usage, "the path of a socket has 1 to 107 bytes")
                               .with_path(text)
                               .with_hint("Choose a shorter `socket` in the configuration."));
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

bool connect_to(const sockaddr_un& address) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  // EAGAIN: somebody listens, and has much to do.
  return fd && (::connect(fd.get(), where, sizeof address) == 0 || errno == EAGAIN);
}

// What an agent that was killed left behind.
Result<void> remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return std::unexpected(
        Error(ErrorKind::AlreadyExists, "what is in the place of the socket is none")
            .with_path(path.string())
            .with_hint("Choose another `socket` in the configuration, or move the file away."));
  }
  if (connect_to(address)) {
    return std::unexpected(Error(ErrorKind::Busy, "another program answers on the socket")
                               .with_path(path.string())
                               .with_hint("Choose another `socket` in the configuration."));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return std::unexpected(
        errno_error(errno, "cannot replace the socket of an agent that is gone", path.string()));
  return {};
}

Result<UniqueFd> listen_on(const std::filesystem::path& path, const sockaddr_un& address) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return std::unexpected(errno_error(errno, "cannot make a socket"));
  // Closed to everybody until it has its group and mode.
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error_number = errno;
  ::umask(before);
  if (bound != 0)
    return std::unexpected(
        errno_error(error_number, "cannot make the agent's socket", path.string()));
  return fd;
}

}  // namespace

ControlServer::ControlServer(asio::io_context& io, std::filesystem::path path, Handle handle)
    : acceptor_(io), retry_(io), path_(std::move(path)), handle_(std::move(handle)) {
  struct stat status{};
  if (::lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

ControlServer::~ControlServer() {
  if (is_at_its_path()) (void)::unlink(path_.c_str());
  close();
}

bool ControlServer::is_at_its_path() const {
  struct stat status{};
  return ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
         status.st_ino == inode_;
}

Result<std::unique_ptr<ControlServer>> ControlServer::listen(asio::io_context& io,
                                                             const std::filesystem::path& path,
                                                             const std::string& group,
                                                             Handle handle) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  if (path.has_parent_path())
    if (auto made = make_group_dir(path.parent_path(), kSocketDirMode, group); !made)
      return std::unexpected(std::move(made.error()));
  if (auto removed = remove_stale(path, *address); !removed)
    return std::unexpected(std::move(removed.error()));
  auto fd = listen_on(path, *address);
  if (!fd) return std::unexpected(std::move(fd.error()));
  std::unique_ptr<ControlServer> server(new ControlServer(io, path, std::move(handle)));
  if (auto given = give_to_group(path, group); !given)
    return std::unexpected(std::move(given.error()));
  if (::chmod(path.c_str(), kSocketMode) != 0 || ::listen(fd->get(), kMostConnections) != 0)
    return std::unexpected(
        errno_error(errno, "cannot listen on the agent's socket", path.string()));
  error_code failed;
  (void)server->acceptor_.assign(Local(), fd->get(), failed);
  if (failed)
    return std::unexpected(
        errno_error(failed.value(), "cannot listen on the agent's socket", path.string()));
  (void)fd->release();
  server->accept();
  return server;
}

void ControlServer::close() {
  error_code ignored;
  (void)acceptor_.close(ignored);
  retry_.cancel();
  for (const auto& session : std::exchange(sessions_, {}))
    if (const auto alive = session.lock()) alive->close();
}

// By accept4() itself: a descriptor that is marked only afterwards is inherited by a child that a
// source starts just then, and the peer never sees the end of the connection.
void ControlServer::accept() {
  acceptor_.async_wait(Local::acceptor::wait_read, [this](error_code failed) {
    // The acceptor was closed, and this may be gone.
    if (failed) return;
    const int fd =
        ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    // Whoever it was has gone already.
    const bool is_nobody = fd < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR);
    if (fd < 0 && !is_nobody) {
      accept_later();
      return;
    }
    if (fd >= 0) serve(UniqueFd(fd));
    accept();
  });
}

void ControlServer::serve(UniqueFd fd) {
  make_room();
  Local::socket socket(acceptor_.get_executor());
  error_code failed;
  (void)socket.assign(Local(), fd.get(), failed);
  if (failed) return;
  (void)fd.release();
  const auto session = std::make_shared<ControlSession>(std::move(socket), handle_);
  sessions_.push_back(session);
  session->read();
}

// No descriptor is free, for example. At once it would only fail again.
void ControlServer::accept_later() {
  retry_.expires_after(std::chrono::seconds(1));
  retry_.async_wait([this, alive = std::weak_ptr(alive_)](error_code failed) {
    // One that had run out already is not cancelled by the end of this.
    if (!failed && !alive.expired()) accept();
  });
}

// The oldest that has not even asked makes room; if all have, the oldest.
void ControlServer::make_room() {
  std::erase_if(sessions_, [](const auto& session) { return session.expired(); });
  if (sessions_.size() < kMostConnections) return;
  auto leaves = sessions_.begin();
  for (auto session = sessions_.begin(); session != sessions_.end(); ++session) {
    const auto alive = session->lock();
    if (alive && !alive->is_idle()) continue;
    leaves = session;
    break;
  }
  if (const auto alive = leaves->lock()) alive->close();
  sessions_.erase(leaves);
}

}  // namespace plasmite
