#include "agent/commands/duplex_sender.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "core/append/appender.h"
#include "core/record/json_escape.h"
#include "sources/json_source.h"

namespace plasmite {
namespace {

// False: the receiving side is at its end.
bool wait_for_input(const DuplexSenderOptions& options) {
  std::array<pollfd, 2> waited = {pollfd{.fd = options.input_fd, .events = POLLIN, .revents = 0},
                                  pollfd{.fd = options.stop_fd, .events = POLLIN, .revents = 0}};
  while (::poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) {
  }
  return waited[1].revents == 0;
}

// duplex always stops at a bad record; what skips them is feed.
Error with_our_hint(Error error) {
  if (error.kind() != ErrorKind::Usage || !error.hint().contains("--errors skip")) return error;
  return std::move(error).with_hint(
      "A record is one JSON object (RFC 8259) in UTF-8. What came before is stored; `plasmite feed "
      "--errors skip` sends the rest.");
}

Result<DuplexSent> send_json(Appender& appender, const DuplexSenderOptions& options) {
  JsonSource source(appender, Framing::detect, {});
  while (wait_for_input(options)) {
    const auto progress = source.pump(options.input_fd);
    if (!progress) return std::unexpected(with_our_hint(progress.error()));
    if (*progress != JsonSource::Progress::end) continue;
    if (source.records() > 0) return DuplexSent::end_of_input;
    return std::unexpected(
        Error(ErrorKind::Usage, "missing data input")
            .with_hint("Pipe JSON into stdin, or use a terminal with --me NAME."));
  }
  return DuplexSent::stopped;
}

Result<void> send_line(Appender& appender, std::string_view line, const std::string& sender) {
  const std::string text = message_of_line(line, sender);
  if (text.empty()) return {};
  if (auto added = appender.add(JsonText::from_encoder(text), nullptr); !added) return added;
  return appender.commit();
}

// A terminal hands out lines, and the rest of one when Ctrl-D is typed within it.
Result<DuplexSent> send_lines(Appender& appender, const DuplexSenderOptions& options) {
  std::string pending;
  std::array<char, 4096> bytes;
  while (wait_for_input(options)) {
    const ssize_t got = ::read(options.input_fd, bytes.data(), bytes.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    // EIO: the terminal was hung up.
    if (got < 0 && errno != EIO) return std::unexpected(errno_error(errno, "failed to read stdin"));
    if (got <= 0) {
      if (auto sent = send_line(appender, pending, options.line_sender); !sent)
        return std::unexpected(sent.error());
      return DuplexSent::end_of_input;
    }
    pending.append(bytes.data(), static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const auto line = std::string_view(pending).substr(begin, end - begin);
      if (auto sent = send_line(appender, line, options.line_sender); !sent)
        return std::unexpected(sent.error());
    }
    pending.erase(0, begin);
  }
  return DuplexSent::stopped;
}

}  // namespace

Result<DuplexSent> send_input(Pool& pool, const DuplexSenderOptions& options) {
  Appender appender(pool, {});
  return options.line_sender.empty() ? send_json(appender, options) : send_lines(appender, options);
}

std::string message_of_line(std::string_view line, std::string_view sender) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return {};
  std::string text = "{\"from\":";
  append_json_string_lossy(text, sender);
  text += ",\"msg\":";
  append_json_string_lossy(text, line);
  return text + "}";
}

}  // namespace plasmite
