// What the handlers that XLA calls have in common: memory, threads, numbers of several types, and the choice of instructions.

#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <type_traits>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace {

// Memory that grows and never shrinks; its content is not set.
template <class T>
class Buffer {
 public:
  T* get() const { return data_.get(); }
  T* sized(int64_t size) {
    if (size > size_) {
      size_ = 0;
      data_.reset();
      data_.reset(new T[size]);
      size_ = size;
    }
    return get();
  }

 private:
  std::unique_ptr<T[]> data_;
  int64_t size_ = 0;
};

// A place to work in that each thread keeps: to get fresh pages from the system in every call would cost more than the call.
template <class T, int kNumber>
T* scratch(int64_t size) {
  thread_local Buffer<T> kept;
  return kept.sized(size);
}

// The instruction set of this processor: 0, 2 or 512.
inline int level() {
#if defined(__x86_64__)
  static const int found = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
      return 512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") ? 2 : 0;
  }();
  return found;
#else
  return 0;
#endif
}

#if defined(__x86_64__)
#define DISPATCH(call) (level() == 512 ? avx512::call : level() == 2 ? avx2::call : any::call)
#else
#define DISPATCH(call) any::call
#endif

// The size of a pool; where there is none, this thread is alone.
inline int64_t threads_of(const ffi::ThreadPool& pool) { return std::max<int64_t>(pool.num_threads(), 1); }

// Does `work(task)` for every task on XLA's threads and on this one. This one takes part and waits for tasks that were begun
// only, so that a pool whose threads are all busy, or wait for this one, holds nothing up.
template <class F>
void parallel(ffi::ThreadPool& pool, int64_t tasks, F work) {
  struct State {
    std::atomic<int64_t> next{0}, done{0};
    std::atomic<bool> failed{false};
    std::mutex mutex;
    std::condition_variable all;
  };
  const int64_t helpers = std::min(tasks, threads_of(pool)) - 1;
  if (helpers < 1) {
    for (int64_t task = 0; task < tasks; task++) work(task);
    return;
  }
  auto state = std::make_shared<State>();
  // `work` is alive as long as a task is left, and looked at only then.
  auto take = [state, tasks, &work] {
    for (int64_t task; (task = state->next.fetch_add(1)) < tasks;) {
      try {
        if (!state->failed) work(task);
      } catch (...) {
        state->failed = true;
      }
      if (state->done.fetch_add(1) + 1 == tasks) {
        std::lock_guard<std::mutex> lock(state->mutex);
        state->all.notify_all();
      }
    }
  };
  try {
    for (int64_t i = 0; i < helpers; i++) pool.Schedule(decltype(take)(take));
  } catch (...) {  // no memory for a helper; those that are there look at `work`, so that this thread must go on
  }
  take();
  for (int spin = 0; spin < 2000 && state->done.load() < tasks; spin++) std::this_thread::yield();
  std::unique_lock<std::mutex> lock(state->mutex);
  state->all.wait(lock, [&] { return state->done.load() == tasks; });
  if (state->failed) throw std::bad_alloc();
}

template <class F>
ffi::Error guarded(F work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return ffi::Error(ffi::ErrorCode::kResourceExhausted, "spaic_jax: no memory is left for a product or convolution of events");
  } catch (const std::exception& error) {
    return ffi::Error(ffi::ErrorCode::kInternal, error.what());
  }
}

inline ffi::Error wrong(const char* what) { return ffi::Error(ffi::ErrorCode::kInvalidArgument, what); }

// Calls `work` with numbers of the types of x and of the result.
template <class F>
ffi::Error by_type(ffi::DataType x, ffi::DataType y, F work) {
  const bool bytes = x == ffi::DataType::U8 || x == ffi::DataType::PRED;
  if (y == ffi::DataType::F32) return bytes ? work(uint8_t(), float()) : work(float(), float());
  return bytes ? work(uint8_t(), double()) : work(double(), double());
}

inline bool fits(const ffi::AnyBuffer& x, ffi::DataType y) {
  const auto type = x.element_type();
  return (y == ffi::DataType::F32 || y == ffi::DataType::F64) &&
         (type == y || type == ffi::DataType::U8 || type == ffi::DataType::PRED);
}

}  // namespace

#define BUFFERS(arguments) ffi::Ffi::Bind().Ctx<ffi::ThreadPool>() arguments.Ret<ffi::AnyBuffer>()
#define ARGUMENT .Arg<ffi::AnyBuffer>()
