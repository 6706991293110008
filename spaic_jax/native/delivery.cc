// What spikes deliver over synapses that are listed one by one: rows by presynaptic neuron, so that an event finds its
// synapses one after another. Called by XLA through its foreign function interface.
//
// What is zero takes no part. Every number is added up in one order, whatever the number of threads. A table that leads out
// of its arrays is an error.

#include "handlers.h"

namespace {

constexpr int64_t kWork = 1 << 15;  // synapses that are worth a second thread,
constexpr int64_t kLate = 1 << 11;  // with delays, as what these add to is far away,
constexpr int64_t kRead = 1 << 17;  // or numbers that are read one after another
constexpr int64_t kFew = 4;         // rows below which they are summed one by one

// Row k is [start[k], start[k + 1]) of `post`, sorted by it. Where there are delays, `post` counts on from slot to slot of a ring,
// each of so many columns, of which the first is `now`; a row is sorted by the column.
struct Synapses {
  const int32_t *post, *start;
  int64_t neurons, size, columns, slots, now;
};

#define KERNELS "delivery.inc"
#include "levels.inc"

constexpr const char* kOutside = "delivery: the synapses are not in rows by presynaptic neuron, or lead to neurons or delays that are not there";

bool are_int32(const ffi::AnyBuffer& x, const ffi::AnyBuffer& like) {
  return x.element_type() == ffi::DataType::S32 && x.dimensions().size() == 1 && x.element_count() == like.element_count();
}

template <class D>
bool same(const D& a, const D& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// The table of `neurons` presynaptic neurons and `columns` postsynaptic ones; null where the buffers are none.
bool table_of(const ffi::AnyBuffer& like, const ffi::AnyBuffer& post, const ffi::AnyBuffer& start, int64_t neurons, int64_t columns,
              Synapses& table) {
  if (like.dimensions().size() != 1 || !are_int32(post, like) || start.element_type() != ffi::DataType::S32 ||
      start.dimensions().size() != 1 || (int64_t)start.element_count() != neurons + 1 || columns > INT32_MAX)
    return false;
  table = {(const int32_t*)post.untyped_data(), (const int32_t*)start.untyped_data(), neurons, (int64_t)post.element_count(), columns,
           1, 0};
  return true;
}

// Adds what the events of the rows of x deliver to y: from zero, or to a ring, of which the slot before this one may be cleared.
template <bool delayed, class X, class T>
ffi::Error add(ffi::ThreadPool& pool, const Synapses& table, const X* x, const T* weight, int64_t rows, T* y, bool clear) {
  const int64_t K = table.neurons, N = table.columns, threads = threads_of(pool);
  std::atomic<bool> failed{false};
  auto row = [&](int64_t m) {
    int32_t* place = scratch<int32_t, 0>(K + 128 / sizeof(T));
    T* value = scratch<T, 0>(K + 128 / sizeof(T));
    int64_t synapses;
    const int64_t n = DISPATCH(found(table, x + m * K, place, value, &synapses));
    T* out = y + m * table.slots * N;
    // Many synapses are shared out by their postsynaptic neurons.
    const int64_t shares = delayed ? synapses / kLate : synapses < kWork ? 1 : threads;
    const int64_t parts = std::max<int64_t>(std::min({shares, threads, N}), 1);
    parallel(pool, parts, [&](int64_t part) {
      const int64_t first = N * part / parts, last = N * (part + 1) / parts;
      T* old = out + (table.now + table.slots - 1) % table.slots * N;
      if (clear) std::memset(old + first, 0, (last - first) * sizeof(T));
      if (!DISPATCH(spread<delayed>(table, weight, place, value, n, first, last, out))) failed = true;
    });
  };
  if (rows < threads || rows * (K + N) < kRead) {
    for (int64_t m = 0; m < rows; m++) row(m);
  } else {
    parallel(pool, rows, row);
  }
  return failed ? wrong(kOutside) : ffi::Error::Success();
}

ffi::Error Deliver(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer weight, ffi::AnyBuffer post, ffi::AnyBuffer start,
                   ffi::Result<ffi::AnyBuffer> y) {
  const auto type = y->element_type();
  if (x.dimensions().size() != 2 || y->dimensions().size() != 2 || !fits(x, type) || weight.element_type() != type)
    return wrong("deliver needs matrices of float32 or float64");
  Synapses table;
  if (y->dimensions()[0] != x.dimensions()[0] || !table_of(weight, post, start, x.dimensions()[1], y->dimensions()[1], table))
    return wrong("deliver: sizes do not fit");
  return guarded([&] {
    return by_type(x.element_type(), type, [&](auto from, auto number) {
      using X = decltype(from);
      using T = decltype(number);
      return add<false>(pool, table, (const X*)x.untyped_data(), (const T*)weight.untyped_data(), x.dimensions()[0],
                        (T*)y->untyped_data(), true);
    });
  });
}

ffi::Error Ring(ffi::ThreadPool pool, ffi::AnyBuffer ahead, ffi::AnyBuffer x, ffi::AnyBuffer weight, ffi::AnyBuffer place,
                ffi::AnyBuffer start, ffi::BufferR0<ffi::DataType::S32> now, ffi::Result<ffi::AnyBuffer> after, bool clear) {
  const auto type = after->element_type();
  if (x.dimensions().size() != 2 || ahead.dimensions().size() != 3 || !fits(x, type) || weight.element_type() != type ||
      ahead.element_type() != type)
    return wrong("ring needs a matrix and slots of rows, of float32 or float64");
  Synapses table;
  const int64_t rows = x.dimensions()[0], slots = ahead.dimensions()[1], columns = ahead.dimensions()[2], here = *now.typed_data();
  if (ahead.dimensions()[0] != rows || !same(after->dimensions(), ahead.dimensions()) || columns < 1 ||
      !table_of(weight, place, start, x.dimensions()[1], slots * columns, table))
    return wrong("ring: sizes do not fit");
  if (here < 0 || here >= slots) return wrong("ring: there is no such slot");
  table.columns = columns, table.slots = slots, table.now = here;
  if (after->untyped_data() != ahead.untyped_data()) std::memcpy(after->untyped_data(), ahead.untyped_data(), ahead.size_bytes());
  return guarded([&] {
    return by_type(x.element_type(), type, [&](auto from, auto number) {
      using X = decltype(from);
      using T = decltype(number);
      return add<true>(pool, table, (const X*)x.untyped_data(), (const T*)weight.untyped_data(), rows, (T*)after->untyped_data(), clear);
    });
  });
}

ffi::Error DeliverBack(ffi::ThreadPool pool, ffi::AnyBuffer g, ffi::AnyBuffer weight, ffi::AnyBuffer post, ffi::AnyBuffer start,
                       ffi::Result<ffi::AnyBuffer> y) {
  const auto type = y->element_type();
  if (g.dimensions().size() != 2 || y->dimensions().size() != 2 || !fits(g, type) || g.element_type() != type ||
      weight.element_type() != type)
    return wrong("deliver_back needs matrices of float32 or float64");
  Synapses table;
  const int64_t rows = g.dimensions()[0], columns = g.dimensions()[1], neurons = y->dimensions()[1];
  if (y->dimensions()[0] != rows || !table_of(weight, post, start, neurons, columns, table))
    return wrong("deliver_back: sizes do not fit");
  return guarded([&] {
    return by_type(type, type, [&](auto, auto number) {
      using T = decltype(number);
      constexpr int64_t lanes = 64 / sizeof(T);
      const int64_t down = (rows + lanes - 1) / lanes, threads = threads_of(pool);
      const int64_t work = (table.size + neurons) * rows;
      const int64_t across = down && work >= kWork ? std::min((threads + down - 1) / down, std::max<int64_t>(neurons, 1)) : 1;
      std::atomic<bool> failed{false};
      auto task = [&](int64_t number) {
        const int64_t m = number / across * lanes, part = number % across;
        if (!DISPATCH(gather(table, (const T*)weight.untyped_data(), (const T*)g.untyped_data() + m * columns,
                             (T*)y->untyped_data() + m * neurons, std::min(lanes, rows - m), neurons * part / across,
                             neurons * (part + 1) / across)))
          failed = true;
      };
      parallel(pool, down * across, task);
      return failed ? wrong(kOutside) : ffi::Error::Success();
    });
  });
}

ffi::Error DeliverWeight(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer g, ffi::AnyBuffer post, ffi::AnyBuffer start,
                         ffi::Result<ffi::AnyBuffer> out) {
  const auto type = g.element_type();
  if (x.dimensions().size() != 2 || g.dimensions().size() != 2 || !fits(x, type) || out->element_type() != type)
    return wrong("deliver_weight needs matrices of float32 or float64");
  Synapses table;
  const int64_t rows = x.dimensions()[0], neurons = x.dimensions()[1];
  if (g.dimensions()[0] != rows || !table_of(*out, post, start, neurons, g.dimensions()[1], table))
    return wrong("deliver_weight: sizes do not fit");
  // Every synapse is written by the row that it is in. Places before the first row and after the last one belong to no synapse.
  const int64_t first = table.start[0], last = table.start[neurons];
  if (first < 0 || last < first || last > table.size) return wrong(kOutside);
  return guarded([&] {
    return by_type(x.element_type(), type, [&](auto from, auto number) {
      using X = decltype(from);
      using T = decltype(number);
      T* made = (T*)out->untyped_data();
      std::memset(made, 0, first * sizeof(T));
      std::memset(made + last, 0, (table.size - last) * sizeof(T));
      // Rows of a share of the table stay in the cache from one row of x to the next.
      const int64_t work = table.size + rows * neurons;
      const int64_t parts = work < kWork ? 1 : std::min(std::max(4 * threads_of(pool), table.size >> 16), std::max<int64_t>(neurons / 64, 1));
      std::atomic<bool> failed{false};
      parallel(pool, parts, [&](int64_t part) {
        if (!DISPATCH(correlate(table, (const X*)x.untyped_data(), (const T*)g.untyped_data(), made, rows,
                                neurons * part / parts, neurons * (part + 1) / parts)))
          failed = true;
      });
      return failed ? wrong(kOutside) : ffi::Error::Success();
    });
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsDeliver, Deliver, BUFFERS(ARGUMENT ARGUMENT ARGUMENT ARGUMENT));
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsDeliverBack, DeliverBack, BUFFERS(ARGUMENT ARGUMENT ARGUMENT ARGUMENT));
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsDeliverWeight, DeliverWeight, BUFFERS(ARGUMENT ARGUMENT ARGUMENT ARGUMENT));
XLA_FFI_DEFINE_HANDLER_SYMBOL(SpaicEventsRing, Ring,
                              BUFFERS(ARGUMENT ARGUMENT ARGUMENT ARGUMENT ARGUMENT.Arg<ffi::BufferR0<ffi::DataType::S32>>())
                                  .Attr<bool>("clear"));
