// Random operations on a pool and on a model that is a deque of records: after each, both say the
// same. PLASMITE_SEED replays a run, PLASMITE_THOROUGH=1 makes it ten times as long.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/damage.h"

namespace plasmite {
namespace {

struct Shape {
  const char* name;
  CreateOptions options;
};

// A cursor of the pool and where the model says it stands.
struct Follower {
  Cursor cursor;
  uint64_t next_seq;  // of the next record it must get, but for what was retired
  bool reports_gaps;  // false: from the oldest or a time, until the first record
};

class ModelTest : public testing::TestWithParam<Shape> {
 protected:
  ModelTest() { pool_.emplace(must(Pool::create(path(), GetParam().options))); }

  std::filesystem::path path() const { return dir_ / ("p" + std::to_string(generation_)); }
  uint64_t pick(uint64_t limit) { return random_() % limit; }
  uint64_t max_body() { return must(pool_->info()).max_record_bytes; }

  size_t random_size(uint64_t room) {
    switch (pick(8)) {
      case 0:
        return room;  // the largest there is
      case 1:
        return 2;
      case 2:
        return room / 2 + pick(room / 2);
      default:
        return 2 + pick(std::min<uint64_t>(room - 2, 400));
    }
  }

  // The model knows what the pool retains by asking for its oldest record only.
  void retire() {
    const auto oldest = must(pool_->info()).oldest_seq;
    while (!model_.empty() && (!oldest || model_.front().seq < *oldest)) model_.pop_front();
    if (oldest) {
      ASSERT_FALSE(model_.empty());
      ASSERT_EQ(model_.front().seq, *oldest);
    }
  }

  void append() {
    const TagBlock tags = must(TagBlock::encode({"tag-" + std::to_string(pick(9)), "x"}));
    std::vector<std::string> bodies;
    std::vector<bool> tagged;
    uint64_t room = pool_->max_batch_bytes();
    const uint64_t wanted = pick(5) == 0 ? 1 + pick(200) : pick(4);
    while (bodies.size() < wanted && room > 200) {
      bodies.push_back(body_of(++numbers_, random_size(room - 64)));
      tagged.push_back(pick(3) == 0);
      room -= Pool::stored_bytes({.body = bodies.back(), .tags = tagged.back() ? &tags : nullptr});
    }
    std::vector<RecordView> records;
    for (size_t i = 0; i < bodies.size(); ++i)
      records.push_back({.body = bodies[i], .tags = tagged[i] ? &tags : nullptr});
    std::optional<CheckpointView> checkpoint;
    const std::string name = "source-" + std::to_string(pick(4));
    const std::string value =
        std::string(pick(kMaxCheckpointValueBytes), 'v') + std::to_string(numbers_);
    if (value.size() <= kMaxCheckpointValueBytes && pick(3) == 0) checkpoint = {name, value};
    const Durability durability = pick(20) == 0 ? Durability::flush : Durability::fast;
    const AppendReceipt receipt =
        must(pool_->append_batch(records, {.durability = durability, .checkpoint = checkpoint}));
    ASSERT_EQ(receipt.count, records.size());
    if (!records.empty()) {
      ASSERT_EQ(receipt.first_seq, next_seq_);
      ASSERT_GT(receipt.time_ns, last_time_);
      last_time_ = receipt.time_ns;
    }
    for (size_t i = 0; i < records.size(); ++i)
      model_.push_back({next_seq_++, receipt.time_ns,
                        std::string(tagged[i] ? tags.bytes() : std::string_view()), bodies[i]});
    if (checkpoint) checkpoints_[name] = value;
    retire();
  }

  void get() {
    const uint64_t oldest = model_.empty() ? next_seq_ : model_.front().seq;
    const uint64_t from = oldest > 3 ? oldest - 3 : 0;
    const uint64_t seq = from + pick(next_seq_ + 3 - from);
    const auto found = std::find_if(model_.begin(), model_.end(),
                                    [&](const ReadRecord& record) { return record.seq == seq; });
    const auto message = pool_->get(seq);
    if (found == model_.end()) {
      ASSERT_FALSE(message) << seq;
      ASSERT_EQ(message.error().kind(), ErrorKind::NotFound);
    } else {
      ASSERT_TRUE(message) << seq << " " << message.error().message();
      ASSERT_EQ((ReadRecord{message->seq, message->time_ns, message->tag_bytes, message->body}),
                *found);
    }
  }

  void begin_follower() {
    if (followers_.size() >= 4) followers_.erase(followers_.begin());
    const uint64_t oldest = model_.empty() ? next_seq_ : model_.front().seq;
    switch (pick(4)) {
      case 0:
        followers_.push_back({must(pool_->cursor(Start::oldest())), oldest, false});
        break;
      case 1:
        followers_.push_back({must(pool_->cursor(Start::newest())), next_seq_, true});
        break;
      case 2: {
        const uint64_t seq = 1 + pick(next_seq_ + 2);
        followers_.push_back({must(pool_->cursor(Start::at_seq(seq))), seq, true});
        break;
      }
      default: {
        if (model_.empty()) break;
        const auto& record = model_[pick(model_.size())];
        const int64_t time = record.time_ns - static_cast<int64_t>(pick(2));
        const auto first = std::find_if(model_.begin(), model_.end(), [&](const ReadRecord& other) {
          return other.time_ns >= time;
        });
        followers_.push_back({must(pool_->cursor(Start::at_time(time))), first->seq, false});
      }
    }
  }

  void follow() {
    if (followers_.empty()) return;
    Follower& follower = followers_[pick(followers_.size())];
    for (uint64_t steps = pick(60); steps > 0; --steps) {
      const auto wanted =
          std::lower_bound(model_.begin(), model_.end(), follower.next_seq,
                           [](const ReadRecord& record, uint64_t seq) { return record.seq < seq; });
      const auto message = must(follower.cursor.next());
      const auto gap = follower.cursor.take_gap();
      if (wanted == model_.end()) {
        ASSERT_FALSE(message) << message->seq;
        ASSERT_FALSE(gap);
        return;
      }
      ASSERT_TRUE(message) << "expected " << *wanted;
      ASSERT_EQ((ReadRecord{message->seq, message->time_ns, std::string(message->tags.bytes()),
                            std::string(message->body)}),
                *wanted);
      const bool lost = follower.reports_gaps && wanted->seq > follower.next_seq;
      ASSERT_EQ(gap.has_value(), lost);
      if (lost) {
        ASSERT_EQ(gap->first, follower.next_seq);
        ASSERT_EQ(gap->last, wanted->seq - 1);
      }
      follower.next_seq = wanted->seq + 1;
      follower.reports_gaps = true;
    }
  }

  void check_facts() {
    const PoolInfo info = must(pool_->info());
    ASSERT_EQ(info.next_seq, next_seq_);
    ASSERT_EQ(info.oldest_seq.has_value(), !model_.empty());
    if (!model_.empty()) {
      ASSERT_EQ(info.newest_seq, model_.back().seq);
      ASSERT_EQ(info.oldest_time_ns, model_.front().time_ns);
      ASSERT_EQ(info.newest_time_ns, model_.back().time_ns);
    }
    std::map<std::string, std::string> found;
    for (const Checkpoint& checkpoint : must(pool_->checkpoints()))
      found[checkpoint.name] = checkpoint.value;
    ASSERT_EQ(found, checkpoints_);
  }

  void check_everything() {
    const auto records = read_all(*pool_);
    ASSERT_TRUE(std::equal(records.begin(), records.end(), model_.begin(), model_.end()));
    const DoctorReport report = must(examine_pool(path()));
    ASSERT_TRUE(report.healthy()) << report.issues[0].message;
    ASSERT_EQ(report.intact_records, model_.size());
  }

  void reopen() {
    pool_.reset();
    pool_.emplace(must(Pool::open(path())));
  }

  // Another inode: the live page is lost, the rest is not.
  void copy_and_recover() {
    const auto old = path();
    const uint64_t before = next_seq_;
    pool_.reset();
    followers_.clear();
    ++generation_;
    copy_as_after_restart(old, path());
    std::filesystem::remove(old);
    pool_.emplace(must(Pool::open(path())));
    next_seq_ = must(pool_->info()).next_seq;
    ASSERT_GT(next_seq_, before);
    // Some that were retired but not overwritten may be back: they are as they were, but the model
    // has forgotten them.
    model_.clear();
    for (ReadRecord& record : read_all(*pool_)) model_.push_back(std::move(record));
    if (before > 1 && !model_.empty()) {
      ASSERT_EQ(model_.back().seq, newest_ever_);
    }
  }

  void step() {
    if (!model_.empty()) newest_ever_ = model_.back().seq;
    const uint64_t dice = pick(1000);
    if (dice < 450) {
      append();
    } else if (dice < 650) {
      follow();
    } else if (dice < 850) {
      get();
    } else if (dice < 900) {
      begin_follower();
    } else if (dice < 980) {
      check_facts();
    } else if (dice < 990) {
      check_everything();
    } else if (dice < 997) {
      reopen();
    } else {
      copy_and_recover();
    }
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  std::mt19937_64 random_{test_seed()};
  int generation_ = 0;
  std::optional<Pool> pool_;
  std::deque<ReadRecord> model_;
  std::map<std::string, std::string> checkpoints_;
  std::vector<Follower> followers_;
  uint64_t next_seq_ = 1;
  uint64_t newest_ever_ = 0;
  uint64_t numbers_ = 0;
  int64_t last_time_ = 0;
};

TEST_P(ModelTest, PoolAndModelAgree) {
  const int steps = thorough() ? 150'000 : 15'000;
  for (int i = 0; i < steps && !HasFatalFailure(); ++i) {
    SCOPED_TRACE("operation " + std::to_string(i));
    step();
  }
}

INSTANTIATE_TEST_SUITE_P(, ModelTest,
                         testing::Values(Shape{"Smallest", {.size_bytes = kMinPoolBytes}},
                                         Shape{"SmallestWithSmallWindows",
                                               {.size_bytes = kMinPoolBytes,
                                                .sync_window_bytes = 16384,
                                                .seq_window = 409}},
                                         Shape{"Odd", {.size_bytes = 300'000}}),
                         [](const auto& shape) { return shape.param.name; });

}  // namespace
}  // namespace plasmite
