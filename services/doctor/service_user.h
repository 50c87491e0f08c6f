#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace supervision::doctor {

// While it lives, what its thread does with files is done with the rights of the service's user,
// where root asks and the data directory was given to somebody else: to root every file is
// readable, and the service would not start with it. The rest of root's rights stay. Of the groups
// it takes those of the service that runs on the directory, otherwise those of the user in
// /etc/group. Does nothing where somebody else asks, where the directory is root's or not there
// yet, and where the rights cannot be changed. Use it on the thread that made it.
class ServiceUser {
 public:
  explicit ServiceUser(const std::string& data_directory);
  ~ServiceUser();  // root again
  ServiceUser(const ServiceUser&) = delete;
  ServiceUser& operator=(const ServiceUser&) = delete;

  bool is_taken() const { return !name_.empty(); }
  const std::string& name() const { return name_; }  // or the number of one without a name

 private:
  std::string name_;
  std::vector<gid_t> groups_before_;
};

}  // namespace supervision::doctor
