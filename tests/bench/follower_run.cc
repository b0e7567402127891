#include "tests/bench/follower_run.h"

#include <fcntl.h>

#include <cerrno>

namespace plasmite::bench {

Result<uint64_t> write_floor_file(
    const Pool& pool, const std::string& path,
    const std::function<void(FloorWriter& writer, const MessageView& message)>& append) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return std::unexpected(errno_error(errno, "cannot create the floor's file"));
  auto cursor = pool.cursor(Start::oldest());
  if (!cursor) return std::unexpected(cursor.error());
  FloorWriter writer(fd.get());
  uint64_t records = 0;
  for (;; ++records) {
    const auto message = cursor->next();
    if (!message) return std::unexpected(message.error());
    if (!*message) break;
    append(writer, **message);
  }
  writer.flush();
  if (writer.failed()) return std::unexpected(errno_error(errno, "cannot write the floor's file"));
  return records;
}

Result<FollowerSample> time_follower(const CpuPair& cpus, const FollowerRun& run) {
  auto output = make_pipe();
  if (!output) return std::unexpected(output.error());
  const ScopedCpu pinned(cpus.producer);
  const int64_t begin = now_ns();
  auto reader =
      Child::spawn({.argv = run.argv, .stdout_fd = output->write_end.get(), .cpu = cpus.consumer});
  if (!reader) return std::unexpected(reader.error());
  output->write_end.reset();
  const auto drained = drain_lines(output->read_end.get(), run.lines);
  const int64_t end = now_ns();
  if (!drained) return std::unexpected(drained.error());
  if (drained->lines != run.lines) {
    return std::unexpected(
        Error(ErrorKind::Internal,
              std::to_string(drained->lines) + " lines of " + std::to_string(run.lines)));
  }
  if (run.ends)
    (void)reader->wait_for_success();  // the timeout's exit code is none
  else
    reader->kill();
  const auto records = static_cast<double>(run.records);
  return FollowerSample{.sample = {.figure = records * 1e9 / static_cast<double>(end - begin),
                                   .cpu_ns = static_cast<double>(reader->cpu_ns()) / records},
                        .bytes = drained->bytes};
}

}  // namespace plasmite::bench
