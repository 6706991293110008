// Products of matrices that are mostly zero, such as spikes, with dense ones: they cost what the events cost, which are the
// numbers that are not zero. Called by XLA through its foreign function interface, on its own threads.
//
// What is zero takes no part, so that 0 times infinity is 0 here. Every number is added up in one order, whatever the
// number of threads.

#include "handlers.h"

namespace {

constexpr int64_t kBlock = 384;   // bytes of a block of columns: its sums fill the registers of AVX2
constexpr int64_t kDepth = 1536;  // rows of weights that are added up at once: with a block of columns they fit the cache
constexpr int64_t kChunk = 1024;  // rows of a gradient that are added up at once
constexpr int64_t kWidest = 1 << 21;  // columns of which `kChunk` rows have fewer events than an int32 counts
constexpr int64_t kRows = 64;     // rows that a thread transposes at once
constexpr int64_t kSample = 1 << 15;  // numbers that are looked at for a density

struct Shape {
  int64_t M, K, N;
};

// Events by column.
template <class T>
struct Events {
  Buffer<int32_t> offset, place;
  Buffer<T> value;
};

#define KERNELS "kernels.inc"
#include "levels.inc"

int64_t blocks(int64_t N, int64_t size) { return (N * size + kBlock - 1) / kBlock; }

int64_t packed_size(int64_t K, int64_t N, int64_t size) {
  const int64_t lanes = 64 / size;
  return K * ((N + lanes - 1) / lanes * lanes);
}

ffi::Error Pack(ffi::ThreadPool pool, ffi::AnyBuffer w, ffi::Result<ffi::AnyBuffer> packed, bool transposed) {
  const auto type = w.element_type();
  if (w.dimensions().size() != 2 || !fits(w, type) || packed->element_type() != type)
    return wrong("pack needs a matrix of float32 or float64");
  const int64_t rows = w.dimensions()[0], columns = w.dimensions()[1];
  const Shape shape{0, transposed ? columns : rows, transposed ? rows : columns};
  const int64_t size = type == ffi::DataType::F32 ? 4 : 8;
  if ((int64_t)packed->element_count() != packed_size(shape.K, shape.N, size)) return wrong("pack: sizes do not fit");
  return guarded([&] {
    return by_type(type, type, [&](auto, auto number) {
      using T = decltype(number);
      parallel(pool, blocks(shape.N, size), [&](int64_t b) {
        DISPATCH(pack(shape, (const T*)w.untyped_data(), (T*)packed->untyped_data(), transposed, b));
      });
      return ffi::Error::Success();
    });
  });
}

ffi::Error Product(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer packed, ffi::Result<ffi::AnyBuffer> y) {
  const auto type = y->element_type();
  if (x.dimensions().size() != 2 || y->dimensions().size() != 2 || !fits(x, type) || packed.element_type() != type)
    return wrong("product needs matrices of float32 or float64");
  const Shape shape{x.dimensions()[0], x.dimensions()[1], y->dimensions()[1]};
  const int64_t size = type == ffi::DataType::F32 ? 4 : 8;
  if (y->dimensions()[0] != shape.M || (int64_t)packed.element_count() != packed_size(shape.K, shape.N, size))
    return wrong("product: sizes do not fit");
  if (!shape.M || !shape.N) return ffi::Error::Success();
  return guarded([&] {
    return by_type(x.element_type(), type, [&](auto from, auto number) {
      using X = decltype(from);
      using T = decltype(number);
      // Few rows are shared out by columns too.
      const int64_t threads = threads_of(pool), columns = blocks(shape.N, size);
      const int64_t most = std::max<int64_t>((1 << 20) / std::max<int64_t>(shape.K, 1), 16);
      const int64_t rows = std::min(most, std::max<int64_t>((shape.M + threads - 1) / threads, 8));
      const int64_t down = (shape.M + rows - 1) / rows, across = std::min(columns, (threads + down - 1) / down);
      parallel(pool, down * across, [&](int64_t task) {
        const int64_t i = task / across, j = task % across;
        DISPATCH(product(shape, (const X*)x.untyped_data(), (const T*)packed.untyped_data(), (T*)y->untyped_data(), i * rows,
                         std::min((i + 1) * rows, shape.M), columns * j / across, columns * (j + 1) / across));
      });
      return ffi::Error::Success();
    });
  });
}

ffi::Error Gradient(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer g, ffi::Result<ffi::AnyBuffer> out, bool transposed) {
  const auto type = g.element_type();
  if (x.dimensions().size() != 2 || g.dimensions().size() != 2 || out->dimensions().size() != 2 || !fits(x, type) ||
      out->element_type() != type)
    return wrong("gradient needs matrices of float32 or float64");
  const Shape shape{x.dimensions()[0], x.dimensions()[1], g.dimensions()[1]};
  const int64_t size = type == ffi::DataType::F32 ? 4 : 8;
  if (g.dimensions()[0] != shape.M || out->dimensions()[transposed] != shape.K || out->dimensions()[!transposed] != shape.N)
    return wrong("gradient: sizes do not fit");
  if (shape.K >= kWidest) return wrong("gradient: too many columns");
  if (!shape.K || !shape.N) return ffi::Error::Success();
  return guarded([&] {
    return by_type(x.element_type(), type, [&](auto from, auto number) {
      using X = decltype(from);
      using T = decltype(number);
      const int64_t threads = threads_of(pool), columns = blocks(shape.N, size), chunks = (shape.M + kChunk - 1) / kChunk;
      thread_local std::vector<Events<T>> kept;
      if ((int64_t)kept.size() < chunks) kept.resize(chunks);
      std::vector<Events<T>>& events = kept;  // those of this thread, whoever fills them
      parallel(pool, chunks, [&](int64_t q) {
        DISPATCH(sort(shape, (const X*)x.untyped_data(), q * kChunk, std::min((q + 1) * kChunk, shape.M), events[q]));
      });
      const int64_t down = std::min((threads + columns - 1) / columns, shape.K);
      parallel(pool, columns * down, [&](int64_t task) {
        const int64_t b = task / down, i = task % down;
        DISPATCH(gradient(shape, events.data(), (const T*)g.untyped_data(), (T*)out->untyped_data(), transposed, b,
                          shape.K * i / down, shape.K * (i + 1) / down));
      });
      return ffi::Error::Success();
    });
  });
}

ffi::Error Transpose(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::Result<ffi::AnyBuffer> y) {
  const auto type = y->element_type();
  if (x.dimensions().size() != 2 || y->dimensions().size() != 2 || x.element_type() != type || !fits(x, type))
    return wrong("transpose needs matrices of float32 or float64");
  const Shape shape{x.dimensions()[0], 0, x.dimensions()[1]};
  if (y->dimensions()[0] != shape.N || y->dimensions()[1] != shape.M) return wrong("transpose: sizes do not fit");
  return by_type(type, type, [&](auto, auto number) {
    using T = decltype(number);
    const int64_t parts = std::max<int64_t>(shape.M / kRows, 1);
    parallel(pool, parts, [&](int64_t i) {
      DISPATCH(transpose_rows(shape, (const T*)x.untyped_data(), (T*)y->untyped_data(), shape.M * i / parts, shape.M * (i + 1) / parts));
    });
    return ffi::Error::Success();
  });
}

// The share of x that is not zero, in rows at equal distances that hold `kSample` numbers or so.
ffi::Error Density(ffi::AnyBuffer x, ffi::ResultBufferR0<ffi::DataType::F32> share) {
  if (x.dimensions().size() != 2 || !(fits(x, ffi::DataType::F32) || fits(x, ffi::DataType::F64)))
    return wrong("density needs a matrix of float32, float64 or bytes");
  const Shape shape{x.dimensions()[0], x.dimensions()[1], 0};
  const auto y = x.element_type() == ffi::DataType::F64 ? ffi::DataType::F64 : ffi::DataType::F32;
  return by_type(x.element_type(), y, [&](auto from, auto) {
    using X = decltype(from);
    // An odd distance meets all samples of a batch, whose size is mostly even.
    const int64_t every = std::min(shape.M * shape.K / kSample, shape.M / 16) | 1;
    int64_t found = 0, rows = 0;
    for (int64_t m = 0; m < shape.M; m += every, rows++) found += DISPATCH(count((const X*)x.untyped_data() + m * shape.K, shape.K));
    *share->typed_data() = rows && shape.K ? (float)found / (rows * shape.K) : 0.f;
    return ffi::Error::Success();
  });
}

}  // namespace

// What the library says of itself.
extern "C" const char* SpaicEventsInstructions() {
#if defined(__x86_64__)
  return level() == 512 ? "AVX-512" : level() == 2 ? "AVX2" : "x86-64";
#elif defined(__aarch64__)
  return "NEON";
#else
  return "plain";
#endif
}

XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsPack, Pack, BUFFERS(ARGUMENT).Attr<bool>("transposed"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsProduct, Product, BUFFERS(ARGUMENT ARGUMENT));
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsGradient, Gradient, BUFFERS(ARGUMENT ARGUMENT).Attr<bool>("transposed"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsTranspose, Transpose, BUFFERS(ARGUMENT));
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsDensity, Density,
                              ffi::Ffi::Bind() ARGUMENT.Ret<ffi::BufferR0<ffi::DataType::F32>>());
