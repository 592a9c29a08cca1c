// Circle: a doubly linked list through the things that are in it, which therefore join and leave it
// without an allocation and wherever they stand. A thing is in as many circles at once as it has
// Links, told apart by their tags.
//
// Threads: one at a time. Ownership: nobody's; what is destroyed must have left before.
// Cost: a few writes each; two pointers a Link.
#ifndef SLUICE_RATELIMIT_CIRCLE_H_
#define SLUICE_RATELIMIT_CIRCLE_H_

namespace sluice::ratelimit {

template <typename Tag>
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

 private:
  template <typename T, typename OfTag>
  friend class Circle;
  Link* previous_ = nullptr;
  Link* next_ = nullptr;
};

// T derives from Link<Tag>.
template <typename T, typename Tag>
class Circle {
 public:
  Circle() { head_.previous_ = head_.next_ = &head_; }

  bool empty() const { return head_.next_ == &head_; }
  // Null when there is none.
  T* front() const { return At(head_.next_); }
  T* back() const { return At(head_.previous_); }
  T* After(const T& one) const { return At(LinkOf(one).next_); }
  T* Before(const T& one) const { return At(LinkOf(one).previous_); }

  void PushBack(T& one) { Insert(one, *head_.previous_); }
  void PushFront(T& one) { Insert(one, head_); }
  // REQUIRES: it is in this circle.
  void Remove(T& one) {
    Link<Tag>& link = one;
    link.previous_->next_ = link.next_;
    link.next_->previous_ = link.previous_;
    link.previous_ = link.next_ = nullptr;
  }

 private:
  static const Link<Tag>& LinkOf(const T& one) { return one; }
  T* At(Link<Tag>* link) const { return link == &head_ ? nullptr : static_cast<T*>(link); }
  static void Insert(T& one, Link<Tag>& after) {
    Link<Tag>& link = one;
    link.previous_ = &after;
    link.next_ = after.next_;
    after.next_->previous_ = &link;
    after.next_ = &link;
  }

  Link<Tag> head_;  // before the first and behind the last
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_CIRCLE_H_
