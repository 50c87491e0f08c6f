#include "services/doctor/service_user.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "tests/unit/doctor/doctor_fixture.h"

namespace supervision::doctor {
namespace {

constexpr uid_t kNobody = 65534;

class ServiceUserTest : public DoctorTest {
 protected:
  ServiceUserTest() {
    std::filesystem::create_directory(data_);
    chmod(directory_.path().c_str(), 0755);  // the service may go through it
    std::ofstream(file_) << "x";
    chmod(file_.c_str(), 0600);
  }
  bool CanRead() const { return std::ifstream(file_).good(); }

  const std::string file_ = directory_.path() + "/key";
};

TEST_F(ServiceUserTest, RootReadsAsTheOwnerOfTheDataDirectoryAndIsRootAgain) {
  if (geteuid() != 0) {  // who sees no more than the service in any case
    EXPECT_FALSE(ServiceUser("/").is_taken());
    return;
  }
  ASSERT_EQ(chown(data_.c_str(), kNobody, kNobody), 0);
  {
    const ServiceUser user(data_);
    EXPECT_TRUE(user.is_taken());
    EXPECT_FALSE(CanRead());
    ASSERT_EQ(chmod(directory_.path().c_str(), 0755), -1) << "no right of root over files";
  }
  EXPECT_TRUE(CanRead());
  ASSERT_EQ(chown(file_.c_str(), 0, kNobody), 0);
  chmod(file_.c_str(), 0640);
  const ServiceUser user(data_);
  EXPECT_TRUE(CanRead()) << "by its group";
}

TEST_F(ServiceUserTest, ADirectoryOfOnesOwnOrNoneChangesNothing) {
  for (const std::string& directory : {data_, data_ + "/none"}) {
    const ServiceUser user(directory);
    EXPECT_FALSE(user.is_taken());
    EXPECT_TRUE(CanRead());
  }
}

}  // namespace
}  // namespace supervision::doctor
