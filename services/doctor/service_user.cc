#include "services/doctor/service_user.h"

#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "services/redis/data_directory.h"

namespace supervision::doctor {
namespace {

constexpr int kMostGroups = 1024;

// Of this thread alone: the function of the library changes them in the whole process.
bool SetGroups(const std::vector<gid_t>& groups) {
  return syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}

std::vector<gid_t> GroupsOfProcess(int pid) {
  std::vector<gid_t> groups;
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    // Of "Gid:" real, effective, saved and that of files; all are the service's own.
    if (name != "Gid:" && name != "Groups:") continue;
    for (gid_t group = 0; words >> group;) groups.push_back(group);
  }
  return groups;
}

std::vector<gid_t> GroupsOfUser(const passwd& user) {
  std::vector<gid_t> groups(kMostGroups);
  int count = kMostGroups;
  if (getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count) < 0) return {user.pw_gid};
  groups.resize(static_cast<size_t>(count));
  return groups;
}

}  // namespace

ServiceUser::ServiceUser(const std::string& data_directory) {
  struct stat about = {};
  if (geteuid() != 0 || stat(data_directory.c_str(), &about) != 0 || about.st_uid == 0) return;
  const passwd* const user = getpwuid(about.st_uid);
  std::vector<gid_t> groups = {about.st_gid};
  if (const int service = redis::ServiceOn(data_directory); service != 0) {
    groups = GroupsOfProcess(service);
  } else if (user != nullptr) {
    groups = GroupsOfUser(*user);
  }
  groups_before_.resize(kMostGroups);
  const int before = getgroups(kMostGroups, groups_before_.data());
  groups_before_.resize(before < 0 ? 0 : static_cast<size_t>(before));
  if (!SetGroups(groups)) return;
  setfsgid(groups.empty() ? about.st_gid : groups.front());
  setfsuid(about.st_uid);
  // It says nothing of failures; asked with no user it says who one is.
  if (static_cast<uid_t>(setfsuid(static_cast<uid_t>(-1))) != about.st_uid) {
    setfsgid(getegid());
    SetGroups(groups_before_);
    return;
  }
  name_ = user != nullptr ? user->pw_name : absl::StrCat(about.st_uid);
}

ServiceUser::~ServiceUser() {
  if (!is_taken()) return;
  setfsuid(geteuid());
  setfsgid(getegid());
  SetGroups(groups_before_);
}

}  // namespace supervision::doctor
