// A pool file cut at every byte: nobody crashes, nobody is shown what is not there, everybody is
// told.
#include <gtest/gtest.h>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/damage.h"

namespace plasmite {
namespace {

using std::chrono::steady_clock;

constexpr uint64_t kSize = kMinPoolBytes;

// Every size, or one in 61 and those around page borders.
std::vector<uint64_t> sizes_to_cut_to() {
  std::vector<uint64_t> sizes;
  for (uint64_t size = 0; size < kSize; ++size)
    if (thorough() || size % 61 == 0 || (size + 1) % kPageBytes < 3) sizes.push_back(size);
  return sizes;
}

class Truncation : public testing::Test {
 protected:
  void cut_to(uint64_t size) const { std::filesystem::resize_file(known_.path(), size); }

  const KnownPool known_{{.size_bytes = kSize}};
};

TEST_F(Truncation, OpeningSaysCorruptAtEverySize) {
  for (uint64_t size = kSize; size-- > 0;) {
    cut_to(size);
    const auto opened =
        Pool::open(known_.path(), {.access = size % 2 == 0 ? Access::append : Access::read});
    ASSERT_FALSE(opened) << size;
    ASSERT_EQ(opened.error().kind(), ErrorKind::Corrupt) << size << " " << opened.error().message();
    ASSERT_FALSE(opened.error().hint().empty());
    ASSERT_EQ(std::filesystem::file_size(known_.path()), size) << "opening changes nothing";
  }
}

TEST_F(Truncation, AReaderGetsOriginalsAndThenIo) {
  for (const uint64_t size : sizes_to_cut_to()) {
    known_.restore_file();
    const Pool pool = must(Pool::open(known_.path(), {.access = Access::read}));
    Cursor cursor = must(pool.cursor(Start::oldest()));
    cut_to(size);
    const Reading reading = read_to_end(cursor);
    for (const ReadRecord& record : reading.records)
      ASSERT_TRUE(known_.is_original(record)) << size;
    if (reading.error) {
      ASSERT_EQ(reading.error->kind(), ErrorKind::Io) << size << reading.error->message();
    } else {
      ASSERT_TRUE(reading.records == known_.retained()) << "nothing it reads is missing: " << size;
      const auto waited = cursor.wait(steady_clock::now());
      ASSERT_FALSE(waited) << size;
      ASSERT_EQ(waited.error().kind(), ErrorKind::Io);
    }
  }
}

TEST_F(Truncation, AWriterGetsIoOrWritesWhatIsStillThere) {
  for (const uint64_t size : sizes_to_cut_to()) {
    known_.restore_file();
    Pool pool = must(Pool::open(known_.path()));
    must(pool.append({.body = "{}"}));  // now it has looked at the size, and will not again at once
    cut_to(size);
    const std::string body = body_of(1, 100);
    const auto receipt =
        pool.append({.body = body}, {.checkpoint = CheckpointView{"source-0", "x"}});
    if (!receipt) {
      ASSERT_EQ(receipt.error().kind(), ErrorKind::Io) << size << receipt.error().message();
      ASSERT_FALSE(receipt.error().hint().empty());
      ASSERT_FALSE(pool.append({.body = body})) << "and does not recover by itself";
    } else {
      const auto message = pool.get(receipt->first_seq);
      if (message) {
        ASSERT_EQ(message->body, body) << size;
      }
    }
  }
}

TEST_F(Truncation, EveryOtherQuestionIsAnsweredOrIo) {
  for (const uint64_t size : sizes_to_cut_to()) {
    known_.restore_file();
    const Pool pool = must(Pool::open(known_.path()));
    cut_to(size);
    if (const auto info = pool.info(); !info) {
      ASSERT_EQ(info.error().kind(), ErrorKind::Io);
    }
    if (const auto checkpoints = pool.checkpoints(); !checkpoints) {
      ASSERT_EQ(checkpoints.error().kind(), ErrorKind::Io);
    } else {
      for (const Checkpoint& checkpoint : *checkpoints)
        ASSERT_EQ(known_.checkpoints().at(checkpoint.name), checkpoint.value);
    }
    for (const ReadRecord& record : known_.retained()) {
      if (record.seq % 10 != 0) continue;
      if (const auto message = pool.get(record.seq)) {
        ASSERT_EQ(message->body, record.body);
      } else {
        ASSERT_EQ(message.error().kind(), ErrorKind::Io) << size << message.error().message();
      }
    }
  }
}

TEST_F(Truncation, TheDoctorReportsItAndRepairsWhatIsLeft) {
  for (const uint64_t size :
       {uint64_t{0}, uint64_t{100}, kPageBytes, 3 * kPageBytes, uint64_t{0x7000}, uint64_t{0x8001},
        uint64_t{0xC123}, kSize - kPageBytes, kSize - 1}) {
    known_.restore_file();
    cut_to(size);
    const auto report = must(examine_pool(known_.path()));
    EXPECT_FALSE(report.healthy()) << size;
    const auto repaired = repair_pool(known_.path());
    if (size < kPageBytes) {
      EXPECT_FALSE(repaired) << "no superblock is left";
      continue;
    }
    ASSERT_TRUE(repaired) << size << repaired.error().message();
    const Pool pool = must(Pool::open(known_.path()));
    const auto records = read_all(pool);
    EXPECT_EQ(records.size(), repaired->records_kept);
    for (const ReadRecord& record : records) EXPECT_TRUE(known_.is_original(record)) << size;
    if (size >= kSize - kPageBytes) {
      EXPECT_EQ(records, known_.retained());
    }
    EXPECT_TRUE(must(examine_pool(known_.path())).healthy());
  }
}

}  // namespace
}  // namespace plasmite
