// What opening says to files that are no pools, not ours, not yet ours, or damaged at either end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "core/pool/pool.h"
#include "core/pool/pool_open.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

constexpr uint64_t kSize = kMinPoolBytes;
constexpr uint64_t kCopy = kSize - kPageBytes;

class SuperblockTest : public testing::Test {
 protected:
  SuperblockTest() {
    must(must(Pool::create(path_, {.size_bytes = kSize})).append({.body = R"({"kept":1})"}));
  }

  // Changes both copies, with valid checksums.
  template <class Change>
  void rewrite(Change change) {
    std::string bytes = read_bytes(path_);
    for (const uint64_t offset : {uint64_t{0}, kCopy}) {
      Superblock block;
      std::memcpy(&block, bytes.data() + offset, sizeof(block));
      change(block);
      block.crc = superblock_crc(block);
      std::memcpy(bytes.data() + offset, &block, sizeof(block));
    }
    write_bytes(path_, bytes);
  }

  void spoil(uint64_t offset) { RawPool(path_).flip(offset + 200); }

  static void expect_refused(const std::filesystem::path& path, ErrorKind kind,
                             std::string_view message) {
    for (const Access access : {Access::append, Access::read}) {
      const auto opened = Pool::open(path, {.access = access});
      ASSERT_FALSE(opened) << path;
      EXPECT_EQ(opened.error().kind(), kind) << opened.error().message();
      EXPECT_NE(opened.error().message().find(message), std::string::npos)
          << opened.error().message();
      EXPECT_FALSE(opened.error().hint().empty());
      EXPECT_EQ(opened.error().path(), path.string());
    }
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
};

TEST_F(SuperblockTest, EitherCopySufficesAlsoForWriting) {
  for (const uint64_t damaged : {uint64_t{0}, kCopy}) {
    spoil(damaged);
    Pool pool = must(Pool::open(path_));
    EXPECT_EQ(read_all(pool)[0].body, R"({"kept":1})");
    must(pool.append({.body = "{}"}));
    spoil(damaged);  // flips the bit back
  }
}

TEST_F(SuperblockTest, AFirstPageOfZerosIsReplacedByItsCopy) {
  std::memset(RawPool(path_).base(), 0, kPageBytes);
  EXPECT_EQ(read_all(must(Pool::open(path_))).size(), 1u);
}

TEST_F(SuperblockTest, BothDamagedIsCorrupt) {
  spoil(0);
  std::string bytes = read_bytes(path_);
  bytes[kCopy + 300] ^= 1;
  write_bytes(path_, bytes);
  expect_refused(path_, ErrorKind::Corrupt, "checksum");
}

TEST_F(SuperblockTest, ADamagedVersionIsNotTakenForAnotherFormat) {
  for (const unsigned bit : {0u, 1u, 5u}) {
    RawPool(path_).flip(4, bit);
    EXPECT_TRUE(Pool::open(path_)) << "bit " << bit;
    write_bytes(path_, [&] {
      std::string bytes = read_bytes(path_);
      bytes[4] = 4;
      return bytes;
    }());
  }
}

TEST_F(SuperblockTest, ANewerVersionIsUsageAndSaysWhatToDo) {
  rewrite([](Superblock& block) { block.version = 5; });
  expect_refused(path_, ErrorKind::Usage, "version 5");
  EXPECT_NE(Pool::open(path_).error().hint().find("upgrade"), std::string::npos);
}

TEST_F(SuperblockTest, VersionThreeIsUsageAndSaysWhatToDo) {
  // The start of a file of the existing implementations; what follows is not looked at.
  std::string bytes(1u << 20, '\x5A');
  bytes.replace(0, 8, std::string("PLSM\x03\0\0\0", 8));
  write_bytes(dir_ / "three", bytes);
  expect_refused(dir_ / "three", ErrorKind::Usage, "version 3");
}

TEST_F(SuperblockTest, UnknownIncompatibleFlagsRefuseAndUnknownCompatibleOnesDoNot) {
  rewrite([](Superblock& block) { block.compatible_flags = 1u << 20; });
  EXPECT_TRUE(Pool::open(path_));
  rewrite([](Superblock& block) { block.incompatible_flags = 1; });
  expect_refused(path_, ErrorKind::Usage, "features");
}

TEST_F(SuperblockTest, ALayoutThatContradictsTheSizeIsCorrupt) {
  rewrite([](Superblock& block) { block.ring_size *= 2; });
  expect_refused(path_, ErrorKind::Corrupt, "layout");
  rewrite([](Superblock& block) {
    block.ring_size /= 2;
    block.sync_window = 8;
  });
  expect_refused(path_, ErrorKind::Corrupt, "windows");
}

TEST_F(SuperblockTest, AForeignFileIsCorrupt) {
  write_bytes(dir_ / "text", std::string(100'000, 'x'));
  expect_refused(dir_ / "text", ErrorKind::Corrupt, "magic");
  write_bytes(dir_ / "short", "PLS");
  expect_refused(dir_ / "short", ErrorKind::Corrupt, "magic");
  write_bytes(dir_ / "magic", "PLSM");
  expect_refused(dir_ / "magic", ErrorKind::Corrupt, "magic");
}

TEST_F(SuperblockTest, AnEmptyFileIsCorrupt) {
  write_bytes(dir_ / "empty", "");
  expect_refused(dir_ / "empty", ErrorKind::Corrupt, "empty");
}

TEST_F(SuperblockTest, ALongerFileIsCorrupt) {
  std::filesystem::resize_file(path_, kSize + kPageBytes);
  expect_refused(path_, ErrorKind::Corrupt, "invalid file size");
}

TEST_F(SuperblockTest, DirectoriesAndFifosAndDevicesAreUsageAndNeverHang) {
  std::filesystem::create_directory(dir_ / "folder");
  expect_refused(dir_ / "folder", ErrorKind::Usage, "directory");
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  expect_refused(dir_ / "fifo", ErrorKind::Usage, "regular file");
  expect_refused("/dev/null", ErrorKind::Usage, "regular file");
}

TEST_F(SuperblockTest, MissingFilesAreNotFound) {
  const auto missing = Pool::open(dir_ / "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::NotFound);
  std::filesystem::create_symlink(dir_ / "nowhere", dir_ / "link");
  EXPECT_EQ(Pool::open(dir_ / "link").error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(Pool::open(dir_ / "no" / "folder").error().kind(), ErrorKind::NotFound);
}

TEST_F(SuperblockTest, NothingIsWrittenToWhatIsRefused) {
  const std::string foreign(100'000, 'x');
  write_bytes(dir_ / "text", foreign);
  (void)Pool::open(dir_ / "text");
  EXPECT_EQ(read_bytes(dir_ / "text"), foreign);
  rewrite([](Superblock& block) { block.version = 9; });
  const std::string newer = read_bytes(path_);
  (void)Pool::open(path_);
  EXPECT_EQ(read_bytes(path_), newer);
}

}  // namespace
}  // namespace plasmite
