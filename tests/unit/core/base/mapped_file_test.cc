// A file that somebody else shortens under a mapping is an error for its owner, nobody else's
// business.
#include "core/base/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "core/base/unique_fd.h"
#include "tests/support/must.h"
#include "tests/support/scoped_probes.h"

namespace plasmite {
namespace {

constexpr size_t kPage = 4096;

// A file in memory of `pages` pages, each filled with its number + 1.
UniqueFd numbered_pages(size_t pages) {
  UniqueFd fd(::memfd_create("mapped_file_test", MFD_CLOEXEC));
  for (size_t page = 0; page < pages; ++page) {
    const std::string bytes(kPage, static_cast<char>(page + 1));
    if (::write(fd.get(), bytes.data(), kPage) != static_cast<ssize_t>(kPage)) std::abort();
  }
  return fd;
}

int at(const MappedFile& file, size_t offset) {
  return std::to_integer<int>(reinterpret_cast<volatile std::byte*>(file.data())[offset]);
}

void put(const MappedFile& file, size_t offset, int value) {
  reinterpret_cast<volatile std::byte*>(file.data())[offset] = static_cast<std::byte>(value);
}

void cut(const UniqueFd& fd, size_t bytes) {
  ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(bytes)), 0);
}

TEST(MappedFile, ShowsTheFileAndIsNotFaulted) {
  const UniqueFd fd = numbered_pages(3);
  const MappedFile file =
      must(MappedFile::map(fd.get(), 0, 3 * kPage, MappedFile::Mode::read_only));
  EXPECT_EQ(at(file, 0), 1);
  EXPECT_EQ(at(file, 3 * kPage - 1), 3);
  EXPECT_EQ(file.size(), 3 * kPage);
  EXPECT_FALSE(file.faulted());
}

TEST(MappedFile, ReadsZerosBehindATruncationAndSaysSo) {
  const UniqueFd fd = numbered_pages(3);
  for (const auto mode : {MappedFile::Mode::read_only, MappedFile::Mode::read_write,
                          MappedFile::Mode::private_copy}) {
    const MappedFile file = must(MappedFile::map(fd.get(), 0, 3 * kPage, mode));
    cut(fd, kPage);
    EXPECT_EQ(at(file, 0), 1);
    EXPECT_FALSE(file.faulted());
    EXPECT_EQ(at(file, kPage), 0);
    EXPECT_TRUE(file.faulted());
    EXPECT_EQ(at(file, 2 * kPage + 17), 0);
    cut(fd, 3 * kPage);
    EXPECT_TRUE(file.faulted()) << "stays so: what was read in between was not the file";
  }
}

TEST(MappedFile, SwallowsAWriteBehindATruncationAndSaysSo) {
  const UniqueFd fd = numbered_pages(2);
  const MappedFile file =
      must(MappedFile::map(fd.get(), 0, 2 * kPage, MappedFile::Mode::read_write));
  cut(fd, kPage);
  put(file, kPage + 5, 42);
  EXPECT_TRUE(file.faulted());
  EXPECT_EQ(at(file, kPage + 5), 42);
}

TEST(MappedFile, OnlyTheMappingThatWasHitIsFaulted) {
  const UniqueFd hit_fd = numbered_pages(2);
  const UniqueFd other_fd = numbered_pages(2);
  const auto mode = MappedFile::Mode::read_only;
  const MappedFile hit = must(MappedFile::map(hit_fd.get(), 0, 2 * kPage, mode));
  const MappedFile other = must(MappedFile::map(other_fd.get(), 0, 2 * kPage, mode));
  cut(hit_fd, 0);
  EXPECT_EQ(at(hit, 0), 0);
  EXPECT_TRUE(hit.faulted());
  EXPECT_FALSE(other.faulted());
  EXPECT_EQ(at(other, 0), 1);
}

TEST(MappedFile, ANewMappingIsNotFaultedByAnOldOnesFate) {
  for (int round = 0; round < 3; ++round) {
    const UniqueFd fd = numbered_pages(1);
    const MappedFile file = must(MappedFile::map(fd.get(), 0, kPage, MappedFile::Mode::read_only));
    EXPECT_FALSE(file.faulted());
    cut(fd, 0);
    EXPECT_EQ(at(file, 0), 0);
    EXPECT_TRUE(file.faulted());
  }
}

TEST(MappedFile, KeepsItsStateWhenMoved) {
  const UniqueFd fd = numbered_pages(2);
  MappedFile first = must(MappedFile::map(fd.get(), 0, 2 * kPage, MappedFile::Mode::read_only));
  cut(fd, kPage);
  EXPECT_EQ(at(first, kPage), 0);
  const MappedFile second = std::move(first);
  EXPECT_TRUE(second.faulted());
  EXPECT_EQ(at(second, 0), 1);
}

TEST(MappedFile, SeveralThreadsMayFaultAtOnce) {
  const UniqueFd fd = numbered_pages(64);
  const MappedFile file =
      must(MappedFile::map(fd.get(), 0, 64 * kPage, MappedFile::Mode::read_only));
  cut(fd, 0);
  std::vector<std::jthread> threads;
  for (size_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&file, thread] {
      for (size_t page = thread; page < 64; page += 4) EXPECT_EQ(at(file, page * kPage), 0);
    });
  threads.clear();
  EXPECT_TRUE(file.faulted());
}

TEST(MappedFile, PrivateWritesStayPrivateUntilTheMappingBecomesShared) {
  const UniqueFd fd = numbered_pages(1);
  MappedFile file = must(MappedFile::map(fd.get(), 0, kPage, MappedFile::Mode::private_copy));
  put(file, 7, 99);
  char byte = 0;
  ASSERT_EQ(::pread(fd.get(), &byte, 1, 7), 1);
  EXPECT_EQ(byte, 1);
  const char written = 55;
  ASSERT_EQ(::pwrite(fd.get(), &written, 1, 7), 1);
  EXPECT_EQ(at(file, 7), 99);
  must(file.become_shared(fd.get()));
  EXPECT_EQ(at(file, 7), 55);
}

TEST(MappedFile, RefusedMappingIsAnError) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  EXPECT_EQ(MappedFile::map(ends[0], 0, kPage, MappedFile::Mode::read_only).error().kind(),
            ErrorKind::Io);
  const UniqueFd fd = numbered_pages(1);
  const FailNthCall failure(Call::mmap, 1, ENOMEM);
  const auto refused = MappedFile::map(fd.get(), 0, kPage, MappedFile::Mode::read_only);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Io);
  EXPECT_FALSE(refused.error().hint().empty());
}

// A SIGBUS that has nothing to do with a MappedFile, in a process that has one.
void fault_elsewhere() {
  const UniqueFd ours = numbered_pages(1);
  const MappedFile file = must(MappedFile::map(ours.get(), 0, kPage, MappedFile::Mode::read_only));
  const UniqueFd fd = numbered_pages(1);
  void* address = ::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED || ::ftruncate(fd.get(), 0) != 0) std::abort();
  (void)*static_cast<volatile char*>(address);
}

class MappedFileDeathTest : public testing::Test {
 protected:
  // Each death runs in a program started anew: the handler is installed once in a process.
  MappedFileDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(MappedFileDeathTest, AFaultElsewhereReachesTheHandlerThatWasThereBefore) {
  EXPECT_EXIT(
      {
        struct sigaction action = {};
        action.sa_handler = [](int) { ::_exit(42); };
        ::sigaction(SIGBUS, &action, nullptr);
        fault_elsewhere();
      },
      testing::ExitedWithCode(42), "");
}

TEST_F(MappedFileDeathTest, AFaultElsewhereReachesAHandlerThatWantsTheAddress) {
  EXPECT_EXIT(
      {
        struct sigaction action = {};
        action.sa_flags = SA_SIGINFO;
        action.sa_sigaction = [](int, siginfo_t* info, void*) {
          ::_exit(info->si_addr != nullptr ? 43 : 44);
        };
        ::sigaction(SIGBUS, &action, nullptr);
        fault_elsewhere();
      },
      testing::ExitedWithCode(43), "");
}

TEST_F(MappedFileDeathTest, AFaultElsewhereEndsTheProcessIfNobodyHandlesIt) {
  EXPECT_EXIT(
      {
        ::signal(SIGBUS, SIG_DFL);  // a sanitizer may have put its own there
        fault_elsewhere();
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST_F(MappedFileDeathTest, AFaultInAMappingThatIsGoneEndsTheProcess) {
  EXPECT_EXIT(
      {
        ::signal(SIGBUS, SIG_DFL);
        const UniqueFd fd = numbered_pages(1);
        std::byte* where = nullptr;
        {
          const MappedFile file =
              must(MappedFile::map(fd.get(), 0, kPage, MappedFile::Mode::read_only));
          where = file.data();
        }
        void* again = ::mmap(where, kPage, PROT_READ, MAP_SHARED | MAP_FIXED, fd.get(), 0);
        if (again != where || ::ftruncate(fd.get(), 0) != 0) std::abort();
        (void)*reinterpret_cast<volatile std::byte*>(where);
      },
      testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace plasmite
