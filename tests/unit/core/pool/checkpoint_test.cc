// Named positions of sources, committed together with records.
#include <gtest/gtest.h>

#include "core/pool/checkpoint_table.h"
#include "core/pool/pool.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  std::string value_of(std::string_view name) {
    const auto checkpoint = must(pool_.checkpoint(name));
    return checkpoint ? checkpoint->value : "(none)";
  }
  Result<AppendReceipt> set(std::string_view name, std::string_view value) {
    return pool_.append_batch({}, {.checkpoint = CheckpointView{name, value}});
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  Pool pool_ = must(Pool::create(dir_ / "p", {.size_bytes = kMinPoolBytes}));
};

TEST_F(CheckpointTest, TheLastValueCounts) {
  for (int i = 0; i < 10; ++i) must(set("a", std::to_string(i)));
  EXPECT_EQ(value_of("a"), "9");
  EXPECT_EQ(must(pool_.checkpoints()).size(), 1u);
}

TEST_F(CheckpointTest, NamesAndValuesMayHaveTheirFullLengthAndNoMore) {
  const std::string name(kMaxCheckpointNameBytes, 'n');
  const std::string value(kMaxCheckpointValueBytes, 'v');
  must(set(name, value));
  EXPECT_EQ(value_of(name), value);
  EXPECT_EQ(set(name + "n", "").error().kind(), ErrorKind::Usage);
  EXPECT_EQ(set("n", value + "v").error().kind(), ErrorKind::Usage);
  EXPECT_EQ(set("", "v").error().kind(), ErrorKind::Usage);
  EXPECT_EQ(value_of(name), value);
}

TEST_F(CheckpointTest, TheSmallestPoolTakesFourAndRefusesTheFifthWithoutItsRecords) {
  for (const char* name : {"a", "b", "c", "d"}) must(set(name, name));
  const RecordView record{.body = "{}"};
  const auto fifth = pool_.append(record, {.checkpoint = CheckpointView{"e", "1"}});
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().kind(), ErrorKind::Usage);
  EXPECT_FALSE(fifth.error().hint().empty());
  EXPECT_TRUE(read_all(pool_).empty()) << "refused as a whole";
  must(pool_.append(record, {.checkpoint = CheckpointView{"d", "again"}}));
  EXPECT_EQ(value_of("d"), "again");
  EXPECT_EQ(RawPool(dir_ / "p").live().writing, 0u);
}

TEST_F(CheckpointTest, APoolOfAMegabyteTakesThirtyTwo) {
  Pool pool = must(Pool::create(dir_ / "m", {.size_bytes = 1u << 20}));
  for (int i = 0; i < 32; ++i) {
    const std::string name = "source-" + std::to_string(i);
    must(pool.append_batch({}, {.checkpoint = CheckpointView{name, name}}));
  }
  EXPECT_EQ(must(pool.checkpoints()).size(), 32u);
  EXPECT_FALSE(pool.append_batch({}, {.checkpoint = CheckpointView{"one more", ""}}));
}

TEST_F(CheckpointTest, IsNeverRetired) {
  must(set("a", "kept"));
  const std::string body(1000, 'x');
  for (int i = 0; i < 200; ++i) must(pool_.append({.body = body}));
  EXPECT_EQ(value_of("a"), "kept");
}

TEST_F(CheckpointTest, ComesWithABatchOfTheLargestSize) {
  const std::string body(must(pool_.info()).max_record_bytes, 'x');
  const std::string name(kMaxCheckpointNameBytes, 'n');
  const std::string value(kMaxCheckpointValueBytes, 'v');
  for (int i = 0; i < 20; ++i)
    must(pool_.append({.body = body}, {.checkpoint = CheckpointView{name, value}}));
  EXPECT_EQ(value_of(name), value);
}

TEST_F(CheckpointTest, MovesWithoutRecordsAndTakesNoSequence) {
  must(set("a", "1"));
  must(pool_.append({.body = "{}"}));
  for (int i = 0; i < 2000; ++i) must(set("a", std::to_string(i)));
  EXPECT_EQ(must(pool_.append({.body = "{}"})).first_seq, 2u);
  const PoolInfo info = must(pool_.info());
  EXPECT_EQ(info.next_seq, 3u);
  EXPECT_EQ(info.oldest_seq, 2u) << "control frames retire records like any other";
}

TEST_F(CheckpointTest, APoolOfControlFramesOnlyHasNoRecords) {
  must(set("a", "1"));
  const PoolInfo info = must(pool_.info());
  EXPECT_FALSE(info.oldest_seq);
  EXPECT_FALSE(info.newest_seq);
  EXPECT_EQ(info.next_seq, 1u);
  EXPECT_GT(info.used_bytes, 0u);
}

TEST_F(CheckpointTest, AnEmptyBatchWithoutOneChangesNothing) {
  const std::string before = read_bytes(dir_ / "p");
  EXPECT_EQ(must(pool_.append_batch({})).count, 0u);
  EXPECT_EQ(read_bytes(dir_ / "p"), before);
}

TEST_F(CheckpointTest, NamesThePositionOfItsCommit) {
  must(pool_.append({.body = "{}"}, {.checkpoint = CheckpointView{"a", "1"}}));
  const uint64_t head = RawPool(dir_ / "p").view().head();
  must(pool_.append({.body = "{}"}));
  EXPECT_EQ(must(pool_.checkpoint("a"))->head, head);
}

TEST_F(CheckpointTest, IsSeenThroughEveryHandle) {
  const Pool reader = must(Pool::open(dir_ / "p", {.access = Access::read}));
  must(set("a", "1"));
  EXPECT_EQ(must(reader.checkpoint("a"))->value, "1");
}

TEST(CheckpointBody, IsReadBackAndRefusedWhenItContradictsItself) {
  const std::string body = encode_checkpoint_body(3, {"name", "value"});
  const auto decoded = decode_checkpoint_body(body, 4);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->slot, 3u);
  EXPECT_EQ(decoded->name, "name");
  EXPECT_EQ(decoded->value, "value");
  EXPECT_FALSE(decode_checkpoint_body(body, 3)) << "no such slot";
  EXPECT_FALSE(decode_checkpoint_body(body + "x", 4));
  for (size_t length = 0; length < body.size(); ++length)
    EXPECT_FALSE(decode_checkpoint_body(std::string_view(body).substr(0, length), 4));
  EXPECT_FALSE(decode_checkpoint_body(encode_checkpoint_body(0, {"", "v"}), 4));
  EXPECT_FALSE(decode_checkpoint_body(encode_checkpoint_body(0, {std::string(65, 'n'), ""}), 4));
  EXPECT_FALSE(decode_checkpoint_body(encode_checkpoint_body(0, {"n", std::string(385, 'v')}), 4));
}

TEST(CheckpointSlot, EveryDamagedBitMakesItInvalid) {
  CheckpointSlot slot = make_checkpoint_slot("name", "value", 4096);
  ASSERT_TRUE(valid_checkpoint(slot));
  auto* bytes = reinterpret_cast<unsigned char*>(&slot);
  for (size_t bit = 0; bit < sizeof(slot) * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<unsigned char>(1u << bit % 8);
    EXPECT_FALSE(valid_checkpoint(slot)) << "bit " << bit;
    bytes[bit / 8] ^= static_cast<unsigned char>(1u << bit % 8);
  }
}

}  // namespace
}  // namespace plasmite
