#include "agent/intake/line_dropper.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>

#include "tests/support/must.h"
#include "tests/unit/agent/intake/source_fixture.h"

namespace plasmite {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
  void put(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(write.get(), bytes.data(), bytes.size());
      ASSERT_GT(put, 0);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }
  UniqueFd read, write;
};

// Up to `most` bytes, waiting for the first; empty at the end.
std::string read_some(int fd, size_t most) {
  std::string bytes(most, '\0');
  for (;;) {
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got >= 0) {
      bytes.resize(static_cast<size_t>(got));
      return bytes;
    }
    EXPECT_EQ(errno, EAGAIN);
    pollfd input{.fd = fd, .events = POLLIN, .revents = 0};
    ::poll(&input, 1, -1);
  }
}

struct Read {
  std::string text;
  uint64_t dropped = 0;
};

Read read_to_end(LineDropper& dropper) {
  Read all;
  for (std::string some = "more"; !some.empty(); all.text += some) {
    all.dropped += dropper.take_dropped();
    some = read_some(dropper.fd(), 65536);
    all.dropped += dropper.take_dropped();
  }
  return all;
}

size_t lines_in(std::string_view text) {
  const auto feeds = static_cast<size_t>(std::ranges::count(text, '\n'));
  return feeds + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

TEST(LineDropper, PassesOnWhatComesAlsoBeforeALineEnds) {
  Pipe pipe;
  const auto dropper = must(LineDropper::start(std::move(pipe.read)));
  pipe.put("abc");
  EXPECT_EQ(read_some(dropper->fd(), 100), "abc");
  pipe.put("\ndef");
  pipe.write.reset();
  EXPECT_EQ(read_to_end(*dropper).text, "\ndef");
  EXPECT_EQ(dropper->take_dropped(), 0u);
  EXPECT_FALSE(dropper->error());
}

TEST(LineDropper, AWriterNeverWaitsForAReaderThatDoesNotRead) {
  Pipe pipe;
  const auto dropper = must(LineDropper::start(std::move(pipe.read), {.most_bytes = 64 << 10}));
  const std::string line(99, 'x');
  constexpr size_t kLines = 50'000;
  for (size_t i = 0; i < kLines; ++i) pipe.put(line + "\n");
  EXPECT_EQ(dropper->take_dropped(), 0u) << "nobody has read up to there";
  pipe.write.reset();
  const auto [kept, dropped] = read_to_end(*dropper);
  EXPECT_EQ(kept.size() % 100, 0u) << "whole lines";
  EXPECT_GE(kept.size(), size_t{64} << 10);
  EXPECT_EQ(kept.size() / 100 + dropped, kLines);
}

TEST(LineDropper, TellsOfEachHoleWhenTheReaderIsThere) {
  Pipe pipe;
  std::atomic<uint64_t> counted = 0;
  const auto dropper = must(LineDropper::start(
      std::move(pipe.read),
      {.most_bytes = 64 << 10, .on_left_out = [&](uint64_t lines) { counted += lines; }}));
  std::string read;
  uint64_t number = 0, expected = 0, told = 0;
  int holes = 0;
  const auto read_all = [&] {
    while (expected != number) {
      // What the dropper has not moved on yet comes later.
      pollfd input{.fd = dropper->fd(), .events = POLLIN, .revents = 0};
      (void)::poll(&input, 1, 10);
      const uint64_t before = dropper->take_dropped();
      const std::string some = read_some(dropper->fd(), 5000);
      read += some;
      const uint64_t after = dropper->take_dropped();
      // The lines say their numbers: the hole is exactly between what was read before and after it.
      const auto tell = [&](uint64_t lines) {
        told += lines;
        holes += lines > 0;
        expected += lines;
      };
      tell(before);
      while (const size_t end = read.find('\n') + 1) {
        ASSERT_EQ(std::stoull(read), expected++);
        read.erase(0, end);
      }
      tell(after);
    }
  };
  for (int round = 0; round < 5; ++round) {
    const uint64_t before = counted;
    while (counted == before) pipe.put(std::to_string(1'000'000 + number++).substr(1) + "\n");
    read_all();
  }
  EXPECT_EQ(expected, number);
  EXPECT_EQ(told, counted);
  EXPECT_GE(holes, 5);
}

TEST(LineDropper, TakesWhatIsThereAndEndsWhenToldTo) {
  Pipe pipe;
  pipe.put("a\nb\n");
  const auto dropper = must(LineDropper::start(std::move(pipe.read)));
  dropper->finish();
  EXPECT_EQ(read_to_end(*dropper).text, "a\nb\n") << "although the writer is still there";
}

TEST(LineDropper, EndsAlsoIfTheWriterNeverPauses) {
  Pipe pipe;
  const auto dropper = must(LineDropper::start(std::move(pipe.read)));
  ::signal(SIGPIPE, SIG_IGN);
  std::thread flood([&] {
    const std::string lines = std::string(4095, 'x') + "\n";
    while (::write(pipe.write.get(), lines.data(), lines.size()) > 0) {
    }
  });
  EXPECT_FALSE(read_some(dropper->fd(), 4096).empty());
  dropper->finish();
  // Comes to an end. That may be nothing: the writer has not run meanwhile.
  (void)read_to_end(*dropper);
  EXPECT_FALSE(dropper->error());
  flood.join();
}

TEST(LineDropper, EndsWithItsReaderWhileTheInputGoesOn) {
  Pipe pipe;
  auto dropper = must(LineDropper::start(std::move(pipe.read)));
  pipe.put("a\n");
  dropper.reset();  // does not hang
}

TEST(LineDropper, AnInputThatCannotBeReadIsAnErrorAndAnEnd) {
  const auto dropper =
      must(LineDropper::start(UniqueFd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC))));
  EXPECT_EQ(read_to_end(*dropper).text, "");
  ASSERT_TRUE(dropper->error());
  EXPECT_EQ(dropper->error()->kind(), ErrorKind::Io);
}

TEST(LineDropper, SleepsWhenThereIsNothingToDo) {
  const Pipe pipe;
  const auto dropper = must(LineDropper::start(UniqueFd(::dup(pipe.read.get()))));
  pipe.put("a");  // begun and not ended
  EXPECT_EQ(read_some(dropper->fd(), 10), "a");
  const auto cpu = [] {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  };
  const auto before = cpu();
  ::poll(nullptr, 0, 200);
  EXPECT_LT(cpu() - before, std::chrono::milliseconds(100));
}

TEST(LineDropper, LinesInAreLinesOutAndDroppedWhateverTheSizesAndPauses) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto below = [&](size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random);
  };
  for (int round = 0; round < 20; ++round) {
    Pipe pipe;
    std::string input;
    for (size_t i = 0, count = below(5000); i < count; ++i)
      input +=
          std::to_string(i) + ":" + std::string(below(below(10) == 0 ? 10'000 : 100), 'x') + "\n";
    if (!input.empty() && below(2) == 0) input.resize(1 + below(input.size()));
    const auto dropper =
        must(LineDropper::start(std::move(pipe.read), {.most_bytes = 1 + below(40'000)}));
    std::thread writer([&pipe, &input] {
      pipe.put(input);
      pipe.write.reset();
    });
    std::string output;
    uint64_t dropped = 0;
    // Reads nothing for a while, then in bits. In between the writer may have to wait: see the
    // header.
    for (;;) {
      if (below(20) == 0) ::poll(nullptr, 0, 1);
      const std::string some = read_some(dropper->fd(), 1 + below(9000));
      dropped += dropper->take_dropped();
      if (some.empty()) break;
      output += some;
    }
    writer.join();
    ASSERT_EQ(lines_in(output) + dropped, lines_in(input));
    for (size_t at = 0; at < output.size();) {  // each is one of those that came in
      const size_t end = std::min(output.find('\n', at), output.size());
      const std::string line = "\n" + output.substr(at, end - at);
      ASSERT_NE(("\n" + input).find(line), std::string::npos);
      at = end + 1;
    }
  }
}

}  // namespace
}  // namespace plasmite
