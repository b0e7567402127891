#include "capture/passthrough.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace plasmite {
namespace {

struct Channel {
  UniqueFd read;
  UniqueFd write;
};

Channel open_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Channel open_socket() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Offers more than fits, then reads on the other side until all has come.
void expect_all_arrives(const Channel& channel) {
  std::string sent(3u << 20, '\0');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 + i / 997);
  Passthrough onward(channel.write.get());
  onward.offer(sent);  // must come back although nobody reads
  EXPECT_FALSE(onward.pending().empty());
  std::string got;
  std::string chunk(100'000, '\0');
  while (got.size() < sent.size()) {
    const ssize_t bytes = ::read(channel.read.get(), chunk.data(), chunk.size());
    ASSERT_GT(bytes, 0);
    got.append(chunk, 0, static_cast<size_t>(bytes));
    if (!onward.pending().empty()) onward.resume();
  }
  EXPECT_TRUE(got == sent);
  EXPECT_TRUE(onward.pending().empty());
  EXPECT_FALSE(onward.error());
}

class PassthroughTest : public testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
};

TEST_F(PassthroughTest, AFullPipeDoesNotBlockAndLosesNothing) { expect_all_arrives(open_pipe()); }

TEST_F(PassthroughTest, AFullSocketDoesNotBlockAndLosesNothing) {
  expect_all_arrives(open_socket());
}

TEST_F(PassthroughTest, ThePipeItselfStaysBlockingForOthers) {
  const Channel pipe = open_pipe();
  Passthrough onward(pipe.write.get());
  onward.offer("x");
  EXPECT_EQ(::fcntl(pipe.write.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(PassthroughTest, AReaderThatWentAwayEndsItSilently) {
  for (const auto open : {open_pipe, open_socket}) {
    Channel channel = open();
    Passthrough onward(channel.write.get());
    onward.offer("first");
    channel.read.reset();
    onward.offer("second");
    EXPECT_TRUE(onward.pending().empty());
    EXPECT_FALSE(onward.is_open());
    EXPECT_FALSE(onward.error());
    onward.offer("third");
    EXPECT_TRUE(onward.pending().empty());
  }
}

TEST_F(PassthroughTest, OtherFailuresAreKept) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Passthrough onward(full.get());
  onward.offer("text");
  ASSERT_TRUE(onward.error());
  EXPECT_EQ(onward.error()->kind(), ErrorKind::Io);
  EXPECT_EQ(onward.error()->message(), "failed to write passthrough output");
}

TEST_F(PassthroughTest, FilesAreAppendedToWhereTheirOwnerIs) {
  std::string name = testing::TempDir() + "passthrough.XXXXXX";
  const UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  ASSERT_EQ(::write(file.get(), "head ", 5), 5);
  Passthrough onward(file.get());
  onward.offer("tail");
  char text[16] = {};
  EXPECT_EQ(::pread(file.get(), text, sizeof(text), 0), 9);
  EXPECT_STREQ(text, "head tail");
  ::unlink(name.c_str());
}

TEST_F(PassthroughTest, WithoutAStreamEverythingCountsAsPassedOn) {
  Passthrough onward(-1);
  onward.offer("text");
  EXPECT_TRUE(onward.pending().empty());
  EXPECT_FALSE(onward.error());
}

}  // namespace
}  // namespace plasmite
