#include "sources/journal/journal_fault_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/mapped_file.h"
#include "core/base/unique_fd.h"
#include "tests/support/child.h"
#include "tests/support/must.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

constexpr size_t kBytes = 64 << 10;

// A file that is shorter than its mapping.
class Shortened {
 public:
  Shortened() : fd_(::open((dir_ / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    PLASMITE_CHECK(::ftruncate(fd_.get(), kBytes) == 0);
    data_ =
        static_cast<volatile char*>(::mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, fd_.get(), 0));
  }
  ~Shortened() { ::munmap(const_cast<char*>(data_), kBytes); }
  void shorten() { PLASMITE_CHECK(::ftruncate(fd_.get(), 0) == 0); }
  int fd() const { return fd_.get(); }
  char read() const { return data_[kBytes - 1]; }

 private:
  ScratchDir dir_;
  UniqueFd fd_;
  volatile char* data_;
};

TEST(JournalFaultGuard, AFileThatBecameShorterIsToldOf) {
  Shortened file;
  {
    const JournalFaultGuard guard;
    EXPECT_EQ(file.read(), 0);
    EXPECT_FALSE(guard.faulted());
    file.shorten();
    EXPECT_EQ(file.read(), 0);
    EXPECT_TRUE(guard.faulted());
  }
  const JournalFaultGuard another;
  EXPECT_FALSE(another.faulted());
}

// Each order of installation in a process of its own: handlers are installed once.
int both(bool guard_first) {
  Shortened journal;
  Shortened pool;
  if (guard_first) const JournalFaultGuard guard;
  const MappedFile mapped =
      must(MappedFile::map(pool.fd(), 0, kBytes, MappedFile::Mode::read_only));
  pool.shorten();
  journal.shorten();
  const JournalFaultGuard guard;
  (void)journal.read();
  if (!guard.faulted() || mapped.faulted()) return 1;
  return 0;
}

int pool_alone(bool guard_first) {
  Shortened pool;
  if (guard_first) const JournalFaultGuard guard;
  const MappedFile mapped =
      must(MappedFile::map(pool.fd(), 0, kBytes, MappedFile::Mode::read_only));
  if (!guard_first) const JournalFaultGuard guard;
  pool.shorten();
  (void)*reinterpret_cast<volatile std::byte*>(mapped.data());
  return mapped.faulted() ? 0 : 1;
}

TEST(JournalFaultGuard, GetsAlongWithMappedFilesInEitherOrder) {
  for (const bool guard_first : {false, true}) {
    EXPECT_EQ(Child([&] { return both(guard_first); }).wait(), 0) << guard_first;
    EXPECT_EQ(Child([&] { return pool_alone(guard_first); }).wait(), 0) << guard_first;
  }
}

TEST(JournalFaultGuard, AFaultOutsideOfAGuardStillEndsTheProcess) {
  Child child([] {
    {
      const JournalFaultGuard guard;
    }
    Shortened file;
    file.shorten();
    return static_cast<int>(file.read());
  });
  EXPECT_NE(child.wait(), 0);
}

}  // namespace
}  // namespace plasmite
