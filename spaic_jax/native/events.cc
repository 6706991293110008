// Products of spikes that cost what the spikes cost, called by XLA through its foreign function interface.
// The headers in xla/ffi/api are those of jaxlib 0.6.0, the oldest that pyproject.toml allows (Apache License 2.0,
// The OpenXLA Authors): later versions of jaxlib take what is built with them, and nothing needs jaxlib to build.

#include <cstdint>

#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

#if defined(__x86_64__) && defined(__gnu_linux__)
#define SPAIC_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SPAIC_CLONES
#endif

namespace {

SPAIC_CLONES int32_t CountNonZero(const float* values, int64_t size) {
  int32_t count = 0;
  for (int64_t i = 0; i < size; i++) count += values[i] != 0.0f;
  return count;
}

ffi::Error Probe(ffi::Buffer<ffi::F32> values, ffi::ResultBuffer<ffi::S32> count) {
  *count->typed_data() = CountNonZero(values.typed_data(), static_cast<int64_t>(values.element_count()));
  return ffi::Error::Success();
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsProbe, Probe,
                              ffi::Ffi::Bind().Arg<ffi::Buffer<ffi::F32>>().Ret<ffi::Buffer<ffi::S32>>());

// The name of the instructions that the kernels use on this machine.
extern "C" const char* SpaicEventsInstructions() {
#if defined(__x86_64__) && defined(__gnu_linux__)
  if (__builtin_cpu_supports("avx512f")) return "AVX-512";
  if (__builtin_cpu_supports("avx2")) return "AVX2";
#endif
  return "baseline";
}
