#include "proxy/net/service_reply.h"

#include <ares.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "proxy/base/text.h"

namespace sluice::net {
namespace {

// RFC 1035 section 4.1.
constexpr size_t kHeader = 12;
constexpr size_t kQuestionTail = 4;  // type and class
constexpr uint16_t kCname = 5;
constexpr uint16_t kSrv = 33;
constexpr uint16_t kInternet = 1;

// Reads a message from its front to its end; after an error everything else is one.
class Reader {
 public:
  explicit Reader(std::string_view message) : message_(message) {}

  bool ok() const { return ok_; }
  size_t at() const { return at_; }
  void Demand(bool right) { ok_ = ok_ && right; }

  void Skip(size_t bytes) {
    ok_ = ok_ && bytes <= message_.size() - at_;
    if (ok_) at_ += bytes;
  }

  uint32_t Number(size_t bytes) {
    const size_t begin = at_;
    Skip(bytes);
    uint32_t value = 0;
    for (size_t i = begin; ok_ && i < begin + bytes; ++i) {
      value = value << 8 | static_cast<uint8_t>(message_[i]);
    }
    return value;
  }
  uint16_t Short() { return static_cast<uint16_t>(Number(2)); }

  // c-ares follows the pointers of compression, and refuses loops.
  std::string Name() {
    if (!ok_) return {};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(message_.data());
    char* text = nullptr;
    long size = 0;  // NOLINT(google-runtime-int): as c-ares has it
    ok_ = at_ < message_.size() &&
          ares_expand_name(bytes + at_, bytes, static_cast<int>(message_.size()), &text, &size) ==
              ARES_SUCCESS;
    if (!ok_) return {};
    std::string name = LowerCase(text);
    ares_free_string(text);
    Skip(static_cast<size_t>(size));
    return name;
  }

 private:
  const std::string_view message_;
  size_t at_ = 0;
  bool ok_ = true;
};

Service ReadService(Reader& reader) {
  Service service;
  service.priority = reader.Short();
  service.weight = reader.Short();
  service.port = reader.Short();
  service.host = reader.Name();
  return service;
}

}  // namespace

absl::StatusOr<Answer<Service>> ParseServiceReply(std::string_view message) {
  Reader reader(message);
  reader.Skip(4);  // id and flags, which c-ares has looked at
  const uint16_t questions = reader.Short();
  const uint16_t answers = reader.Short();
  reader.Skip(kHeader - 8);
  for (uint16_t i = 0; i < questions && reader.ok(); ++i) {
    reader.Name();
    reader.Skip(kQuestionTail);
  }
  Answer<Service> result{{}, Duration::max()};
  bool found = false;
  for (uint16_t i = 0; i < answers && reader.ok(); ++i) {
    reader.Name();
    const uint16_t type = reader.Short();
    const uint16_t space = reader.Short();
    const std::chrono::seconds ttl(reader.Number(4));
    const uint16_t size = reader.Short();
    const size_t begin = reader.at();
    const bool service = type == kSrv && space == kInternet;
    if (service || type == kCname) result.ttl = std::min<Duration>(result.ttl, ttl);
    if (!service) {
      reader.Skip(size);
      continue;
    }
    found = true;
    Service record = ReadService(reader);
    reader.Demand(reader.at() == begin + size);
    if (!record.host.empty() && record.port != 0) result.records.push_back(std::move(record));
  }
  if (!reader.ok()) return absl::InvalidArgumentError("the answer is malformed");
  if (!found) return absl::NotFoundError("no SRV record");
  std::sort(result.records.begin(), result.records.end());
  result.records.erase(std::unique(result.records.begin(), result.records.end()),
                       result.records.end());
  return result;
}

}  // namespace sluice::net
