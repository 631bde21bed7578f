#include <unistd.h>

#include <cstring>

#include "tests/integration/client_abi/client_abi_fixture.h"

// Pools that a C program creates, with a real daemon.
namespace ringmaster {
namespace {

struct FreePool {
  void operator()(rm_pool* pool) const { rm_pool_free(pool); }
};
using Created = std::unique_ptr<rm_pool, FreePool>;

class PoolAbi : public ClientAbi {
 protected:
  void SetUp() override {
    ClientAbi::SetUp();
    start_with("[limits]\npools_per_uid = 2\n[pool.t]\ncommand = [\"" TEST_WORKER "\"]\nworkers = 1\nspares = 0\n");
    options_.struct_size = sizeof options_;
    options_.config = "command = [\"" TEST_WORKER "\"]\nspares = 0\n";
    options_.workers = 1;
    options_.most_workers = 2;
  }
  [[nodiscard]] Created create(const char* name) {
    return Created(rm_pool_create(socket_.c_str(), name, &options_, error_, sizeof error_));
  }

  rm_pool_options options_{};
  char error_[512] = "";
};

TEST_F(PoolAbi, IsCreatedResizedAndDropped) {
  const Created pool = create("p");
  ASSERT_NE(pool, nullptr) << error_;
  const std::string name = rm_pool_name(pool.get());
  EXPECT_EQ(name, "u" + std::to_string(::getuid()) + ".p");
  const Opened session(rm_session_open(socket_.c_str(), name.c_str(), nullptr, error_, sizeof error_));
  ASSERT_NE(session, nullptr) << error_;
  submit(session.get(), job_of("echo", 1, "x"));
  Taken done;
  ASSERT_EQ(rm_session_next(session.get(), kLong, &done.outcome), RM_ENDED);
  EXPECT_EQ(done.text(), "x");
  EXPECT_EQ(rm_pool_resize(pool.get(), 0, 2, error_, sizeof error_), 1) << error_;
  EXPECT_EQ(rm_pool_resize(pool.get(), 1, 2, error_, sizeof error_), 1) << error_;
  EXPECT_EQ(rm_pool_resize(pool.get(), 0, 3, error_, sizeof error_), 0);
  EXPECT_NE(std::strstr(error_, "at most 2"), nullptr) << error_;
  submit(session.get(), job_of("hang", 2));
  EXPECT_EQ(rm_pool_drop(pool.get(), 0, error_, sizeof error_), 1) << error_;
  Taken lost;
  ASSERT_EQ(rm_session_next(session.get(), kLong, &lost.outcome), RM_ENDED);
  EXPECT_EQ(lost.outcome.status, std::uint32_t{RM_STATUS_LOST});
  Taken none;
  EXPECT_EQ(rm_session_next(session.get(), kLong, &none.outcome), RM_OVER);
  EXPECT_EQ(rm_pool_drop(pool.get(), RM_SHUTDOWN_TIMEOUT, nullptr, 0), 1) << "it is gone";
}

TEST_F(PoolAbi, IsGoneWhenItIsFreed) {
  Created pool = create("p");
  ASSERT_NE(pool, nullptr) << error_;
  eventually("its worker is there", [this] { return workers().size() == 2; });
  pool.reset();
  eventually("it is gone", [this] { return workers().size() == 1; });
}

TEST_F(PoolAbi, SaysWhyThereIsNone) {
  EXPECT_EQ(create("a/b"), nullptr);
  EXPECT_NE(std::strstr(error_, "cannot name a pool"), nullptr) << error_;
  EXPECT_EQ(create(nullptr), nullptr);
  options_.struct_size = 4;
  EXPECT_EQ(create("p"), nullptr);
  EXPECT_NE(std::strstr(error_, "struct_size"), nullptr) << error_;
  EXPECT_EQ(rm_pool_create(socket_.c_str(), "p", nullptr, error_, sizeof error_), nullptr);
}

}  // namespace
}  // namespace ringmaster
