// Reply: what the store answers, as a value; and ReplyReader, which makes replies of bytes as they
// come, through hiredis. A reply is bounded in values, depth and bytes, whatever the bytes claim:
// beyond a bound, as with bytes that are no reply, the reader is broken and stays so.
//
// Threads: one at a time; pure. Memory: up to kMostUnread bytes unread, and one reply.
#ifndef SLUICE_PROXY_STORE_REPLY_H_
#define SLUICE_PROXY_STORE_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace sluice::store {

struct Reply {
  enum class Kind : uint8_t { kNil, kInteger, kText, kStatus, kError, kList };

  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;         // of a text, status ("OK") or error ("LOADING Redis is …")
  std::vector<Reply> list;  // at most 8 levels deep, which is hiredis's own bound
};

class ReplyReader {
 public:
  // Of one reply: values, those inside lists included, and bytes of all its texts.
  static constexpr size_t kMostValues = 4096;
  static constexpr size_t kMostBytes = 64 * 1024;
  // A reply that is not complete within so many bytes is too large.
  static constexpr size_t kMostUnread = 256 * 1024;

  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  void Feed(std::string_view bytes);
  // The next whole reply; nothing when more bytes are needed, or the reader is broken.
  std::optional<Reply> Next();
  // Why it is broken; empty: it is not.
  std::string_view wrong() const { return wrong_; }

 private:
  struct Making;  // what hiredis calls
  struct Free {
    void operator()(redisReader* reader) const;
  };

  std::unique_ptr<redisReader, Free> reader_;
  std::string wrong_;
  // Of the reply in the making.
  size_t values_ = 0;
  size_t bytes_ = 0;
};

}  // namespace sluice::store

#endif  // SLUICE_PROXY_STORE_REPLY_H_
