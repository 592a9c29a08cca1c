#include "proxy/store/reply.h"

#include <hiredis/read.h>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"

namespace sluice::store {

// A list is given its elements when it begins; each value inside is then written to its place. A
// null tells hiredis to give up.
struct ReplyReader::Making {
  static Reply* Place(const redisReadTask* task, size_t bytes) {
    auto* const reader = static_cast<ReplyReader*>(task->privdata);
    if (task->parent == nullptr) reader->values_ = reader->bytes_ = 0;
    reader->bytes_ += bytes;
    if (++reader->values_ > kMostValues || reader->bytes_ > kMostBytes) return nullptr;
    if (task->parent == nullptr) return new Reply;
    return &static_cast<Reply*>(task->parent->obj)->list[static_cast<size_t>(task->idx)];
  }

  static void* Text(const redisReadTask* task, char* bytes, size_t size) {
    Reply* const reply = Place(task, size);
    if (reply == nullptr) return nullptr;
    reply->kind = task->type == REDIS_REPLY_ERROR    ? Reply::Kind::kError
                  : task->type == REDIS_REPLY_STATUS ? Reply::Kind::kStatus
                                                     : Reply::Kind::kText;
    reply->text.assign(bytes, size);
    return reply;
  }

  static void* List(const redisReadTask* task, int elements) {
    const auto size = static_cast<size_t>(elements);
    if (size > kMostValues) return nullptr;
    Reply* const reply = Place(task, 0);
    if (reply == nullptr) return nullptr;
    reply->kind = Reply::Kind::kList;
    reply->list.resize(size);
    return reply;
  }

  // hiredis has long long.
  static void* Integer(const redisReadTask* task, long long value) {
    Reply* const reply = Place(task, 0);
    if (reply == nullptr) return nullptr;
    reply->kind = Reply::Kind::kInteger;
    reply->integer = value;
    return reply;
  }

  static void* Nil(const redisReadTask* task) { return Place(task, 0); }

  // Of a whole reply only.
  static void Drop(void* reply) { delete static_cast<Reply*>(reply); }
};

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() {
  static redisReplyObjectFunctions making = {Making::Text, Making::List, Making::Integer,
                                             Making::Nil, Making::Drop};
  reader_.reset(redisReaderCreateWithFunctions(&making));
  SLUICE_CHECK(reader_ != nullptr);
  reader_->privdata = this;
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::Feed(std::string_view bytes) {
  if (!wrong_.empty() || bytes.empty()) return;
  const size_t unread = reader_->len - reader_->pos;
  if (unread + bytes.size() > kMostUnread) {
    wrong_ = absl::StrFormat("a reply of more than %d bytes", kMostUnread);
  } else if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    wrong_ = reader_->errstr;
  }
}

std::optional<Reply> ReplyReader::Next() {
  if (!wrong_.empty()) return std::nullopt;
  void* made = nullptr;
  if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) {
    const bool too_large = reader_->err == REDIS_ERR_OOM;
    wrong_ = too_large ? absl::StrFormat("a reply of more than %d values or %d bytes", kMostValues,
                                         kMostBytes)
                       : std::string(reader_->errstr);
    return std::nullopt;
  }
  if (made == nullptr) return std::nullopt;
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(made));
  return std::move(*reply);
}

}  // namespace sluice::store
