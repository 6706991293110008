// Convolutions of maps that are mostly zero, such as spikes: every event, which is a number that is not zero, adds the weights that
// it meets to the maps opposite, or, for the gradient of the weights, the numbers opposite to the weights.
//
// `x` holds the events, `[rows, channels, height, width]`. The maps opposite are what a convolution makes of it or, transposed, what a
// convolution made it from. Weights are packed: `[blocks of channels opposite, channels of x, kernel height, kernel width, block]`,
// and turned by half a circle unless transposed, so that what an event meets lies in one piece.

#include <numeric>
#include <utility>

#include "handlers.h"

namespace {

constexpr int64_t kChunks = 32;         // parts of the rows whose gradients are summed up by themselves, at most
constexpr int64_t kPartial = 8 << 20;   // bytes that they take up, at most

// Where the weights and places begin that the events at one place meet, how many rows and columns of pieces these are, and the
// length of a piece.
struct Taps {
  int32_t weight, place, rows, columns, run;
};

struct Sizes {
  int64_t M, C, places, N, opposite, weights, width;
};

struct Layout {
  Sizes sizes;
  int64_t weight_row, weight_column, place_row, place_column;
  std::vector<Taps> taps;
};

#define KERNELS "convolution.inc"
#include "levels.inc"

// An axis of a convolution: the number of weights, of places opposite, and the settings.
struct Axis {
  int64_t weights, places, stride, padding, dilation;
  bool transposed;
  struct Met {
    int64_t weight, place, count;
  };
  // From the first place on that an event at `i` meets, weights and places go on by these.
  int64_t weight_step() const { return transposed ? 1 : stride / std::gcd(stride, dilation); }
  int64_t place_step() const { return transposed ? dilation : dilation / std::gcd(stride, dilation); }
  Met met(int64_t i) const {
    Met found{0, 0, 0};
    for (int64_t k = 0; k < weights; k++) {
      int64_t place = transposed ? i * stride + k * dilation - padding : i + padding - (weights - 1 - k) * dilation;
      if (!transposed && place % stride) continue;
      if (!transposed) place /= stride;
      if (place < 0 || place >= places) continue;
      if (!found.count++) found.weight = k, found.place = place;
    }
    return found;
  }
};

using Dimensions = ffi::AnyBuffer::Dimensions;

// The layout of a convolution, or a word on what is wrong with its sizes.
const char* lay_out(Dimensions x, Dimensions packed, Dimensions y, ffi::Span<const int64_t> window, bool transposed, int64_t size,
                    Layout& layout) {
  if (x.size() != 4 || packed.size() != 5 || y.size() != 4 || window.size() != 6) return "convolution: wrong ranks";
  const int64_t width = packed[4];
  for (int64_t i : {0, 1, 4, 5})
    if (window[i] < 1) return "convolution: strides and dilations must be positive";
  if (packed[1] != x[1] || y[0] != x[0] || width < 1 || width % (64 / size) || packed[0] != (y[1] + width - 1) / width)
    return "convolution: sizes do not fit";
  const Axis down{packed[2], y[2], window[0], window[2], window[4], transposed};
  const Axis across{packed[3], y[3], window[1], window[3], window[5], transposed};
  layout.sizes = {x[0], x[1], x[2] * x[3], y[1], y[2] * y[3], packed[2] * packed[3], width};
  if (std::max({layout.sizes.places, layout.sizes.opposite * width, layout.sizes.weights * width}) > INT32_MAX - 64)
    return "convolution: the maps are too large";
  // Columns that lie one after another are one piece.
  const bool whole = across.weight_step() == 1 && across.place_step() == 1;
  layout.weight_row = down.weight_step() * packed[3] * width, layout.place_row = down.place_step() * y[3] * width;
  layout.weight_column = across.weight_step() * width, layout.place_column = across.place_step() * width;
  layout.taps.reserve(layout.sizes.places);
  std::vector<Axis::Met> columns;
  for (int64_t j = 0; j < x[3]; j++) columns.push_back(across.met(j));
  for (int64_t i = 0; i < x[2]; i++) {
    const auto row = down.met(i);
    for (const auto& column : columns)
      layout.taps.push_back({(int32_t)((row.weight * packed[3] + column.weight) * width),
                             (int32_t)((row.place * y[3] + column.place) * width), (int32_t)row.count,
                             (int32_t)(whole ? 1 : column.count), (int32_t)(whole ? column.count * width : width)});
  }
  return nullptr;
}

ffi::Error Scatter(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer packed, ffi::Result<ffi::AnyBuffer> y,
                   ffi::Span<const int64_t> window, bool transposed) {
  const auto type = y->element_type();
  if (!fits(x, type) || packed.element_type() != type) return wrong("convolution needs maps of float32 or float64");
  return guarded([&] {
    Layout layout;
    const int64_t size = type == ffi::DataType::F32 ? 4 : 8;
    if (auto fault = lay_out(x.dimensions(), packed.dimensions(), y->dimensions(), window, transposed, size, layout))
      return wrong(fault);
    return by_type(x.element_type(), type, [&](auto from, auto number) {
      using X = decltype(from);
      using T = decltype(number);
      const int64_t M = layout.sizes.M, blocks = packed.dimensions()[0];
      const int64_t threads = threads_of(pool);
      const int64_t rows = std::max<int64_t>(M * blocks / (8 * threads), 1), parts = (M + rows - 1) / rows;
      parallel(pool, parts * blocks, [&](int64_t task) {
        const int64_t begin = task / blocks * rows;
        DISPATCH(scatter(layout, (const X*)x.untyped_data(), (const T*)packed.untyped_data(), (T*)y->untyped_data(), begin,
                         std::min(begin + rows, M), task % blocks));
      });
      return ffi::Error::Success();
    });
  });
}

ffi::Error Gather(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer g, ffi::Result<ffi::AnyBuffer> packed,
                  ffi::Span<const int64_t> window, bool transposed) {
  const auto type = g.element_type();
  if (!fits(x, type) || packed->element_type() != type) return wrong("convolution needs maps of float32 or float64");
  return guarded([&] {
    Layout layout;
    const int64_t size = type == ffi::DataType::F32 ? 4 : 8;
    if (auto fault = lay_out(x.dimensions(), packed->dimensions(), g.dimensions(), window, transposed, size, layout))
      return wrong(fault);
    return by_type(x.element_type(), type, [&](auto from, auto number) {
      using X = decltype(from);
      using T = decltype(number);
      const int64_t M = layout.sizes.M, blocks = packed->dimensions()[0], all = packed->element_count();
      const int64_t block = layout.sizes.C * layout.sizes.weights * layout.sizes.width;
      // As many whatever the number of threads, so that the sums are the same.
      const int64_t room = kPartial / std::max<int64_t>(all * size, 1);
      const int64_t chunks = std::max<int64_t>(std::min({M, kChunks, room}), 1);
      T* partial = scratch<T, 2>((chunks - 1) * all);  // of this thread, whoever fills it
      T* out = (T*)packed->untyped_data();
      parallel(pool, chunks * blocks, [&](int64_t task) {
        const int64_t chunk = task / blocks, b = task % blocks;
        T* sums = (chunk ? partial + (chunk - 1) * all : out) + b * block;
        DISPATCH(gather(layout, (const X*)x.untyped_data(), (const T*)g.untyped_data(), sums, M * chunk / chunks,
                        M * (chunk + 1) / chunks, b));
      });
      parallel(pool, chunks > 1 ? blocks : 0, [&](int64_t b) {
        for (int64_t chunk = 1; chunk < chunks; chunk++)
          for (int64_t i = b * block; i < (b + 1) * block; i++) out[i] += partial[(chunk - 1) * all + i];
      });
      return ffi::Error::Success();
    });
  });
}

}  // namespace

#define CONVOLUTION BUFFERS(ARGUMENT ARGUMENT).Attr<ffi::Span<const int64_t>>("window").Attr<bool>("transposed")
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsScatter, Scatter, CONVOLUTION);
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsGather, Gather, CONVOLUTION);
