#include "proxy/net/signals.h"

#include <uv.h>

#include <utility>

#include "proxy/base/check.h"

namespace sluice::net {

struct SignalWatcher::Handle {
  uv_signal_t uv;
  SignalWatcher* watcher;

  static void OnUvSignal(uv_signal_t* handle, int signal) {
    SignalWatcher& watcher = *static_cast<Handle*>(handle->data)->watcher;
    watcher.on_signal_(signal);
    watcher.loop_.EndCallback();
  }
};

SignalWatcher::SignalWatcher(Loop& loop, std::initializer_list<int> signals, OnSignal on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  for (const int signal : signals) {
    auto* const handle = new Handle{{}, this};
    SLUICE_CHECK(uv_signal_init(loop.uv(), &handle->uv) == 0);
    handle->uv.data = handle;
    handles_.push_back(handle);
    SLUICE_CHECK(uv_signal_start(&handle->uv, Handle::OnUvSignal, signal) == 0);
  }
}

SignalWatcher::~SignalWatcher() {
  for (Handle* const handle : handles_) {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle->uv),
             [](uv_handle_t* uv) { delete static_cast<Handle*>(uv->data); });
  }
}

}  // namespace sluice::net
