// Answers requests on a unix stream socket: one line of JSON, {"command":"status"}, one line of
// JSON back, and the end. Bounded in everything, so that slow or hostile peers cost little and hold
// up nobody: kMostRequestBytes, kDeadline, kMostConnections. Main thread only (that of the
// io_context).
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class ControlSession;

class ControlServer {
 public:
  static constexpr size_t kMostRequestBytes = 4096;
  static constexpr size_t kMostConnections = 16;
  static constexpr std::chrono::seconds kDeadline{2};  // for the request, and again for the answer

  // To be called once, at any time; with one line without its end.
  using Answer = std::function<void(std::string reply)>;
  using Handle = std::function<void(const std::string& request, Answer answer)>;

  // Listens, mode 0660 and this group; the folder is made if missing (0750). Takes the place of a
  // socket that nobody answers. AlreadyExists: something else is there. Busy: somebody answers
  // there. Usage: the path is too long.
  static Result<std::unique_ptr<ControlServer>> listen(boost::asio::io_context& io,
                                                       const std::filesystem::path& path,
                                                       const std::string& group, Handle handle);
  ~ControlServer();  // removes the socket, if it is still this one's
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Whether who connects to the path comes here.
  bool is_at_its_path() const;

  // No more connections, none goes on.
  void close();

 private:
  friend class ControlSession;
  ControlServer(boost::asio::io_context& io, std::filesystem::path path, Handle handle);
  void accept();
  void accept_later();
  void serve(UniqueFd fd);
  void make_room();

  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::filesystem::path path_;
  dev_t device_ = 0;  // of the socket as it was made
  ino_t inode_ = 0;
  Handle handle_;
  std::list<std::weak_ptr<ControlSession>> sessions_;  // the oldest first
};

}  // namespace plasmite
