// Run a CUDA kernel on a CPU, for tests: every thread of every block is a fiber, and all fibers take turns. Exchanges
// between lanes hang unless a whole warp comes to them. Included before the kernel, with EMULATED defined. What lacks a
// barrier shows in that results change with ORDER, in which fibers take turns, or with LATE copies.
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct float4 { float x, y, z, w; };
struct uint4 { unsigned x, y, z, w; };
struct Index { int x; };

struct Warp { int come = 0; long round = 0; uint64_t values[32][4]; };
struct Team { int come = 0; long round = 0; std::vector<unsigned char> shared; Warp warps[32]; };
struct Fiber { ucontext_t context; Team* team; int block, thread; bool done = false; std::vector<char> stack;
  std::vector<std::pair<std::pair<void*, const void*>, int>> copies;
};

static std::vector<std::unique_ptr<Fiber>> fibers;
static Fiber* now;
static ucontext_t outside;
static int grid_size, block_size;
#define threadIdx (Index{now->thread})
#define blockIdx (Index{now->block})
#define gridDim (Index{grid_size})
#define SHARED_MEMORY(name) unsigned char* name = now->team->shared.data()

static void pass_on() { swapcontext(&now->context, &outside); }

template <class Group>
static void meet_in(Group& group, int all) {
  long round = group.round;
  if (++group.come == all) { group.come = 0; group.round++; return; }
  while (group.round == round) pass_on();
}

static void __syncthreads() { meet_in(*now->team, block_size); }
static Warp& my_warp() { return now->team->warps[now->thread / 32]; }
static void together() { meet_in(my_warp(), 32); }

template <class T>
static T from_lane(T value, int lane) {
  Warp& warp = my_warp();
  memcpy(warp.values[now->thread % 32], &value, sizeof value);
  together();
  T result;
  memcpy(&result, warp.values[lane], sizeof result);
  together();
  return result;
}
template <class T>
static T __shfl_sync(unsigned, T value, int lane) { return from_lane(value, lane); }
template <class T>
static T __shfl_xor_sync(unsigned, T value, int mask) { return from_lane(value, (now->thread % 32) ^ mask); }
static unsigned __ballot_sync(unsigned, bool is) {
  unsigned all = 0;
  for (int lane = 0; lane < 32; lane++) all |= (unsigned)from_lane((int)is, lane) << lane;
  return all;
}

static unsigned __float_as_uint(float v) { unsigned n; memcpy(&n, &v, 4); return n; }
static float __uint_as_float(unsigned n) { float v; memcpy(&v, &n, 4); return v; }
static int __float2int_rn(float v) {
  return std::isnan(v) ? 0 : v >= 2147483648.f ? 0x7fffffff : v < -2147483648.f ? (int)0x80000000 : (int)nearbyintf(v);
}
static long long __float2ll_rn(float v) { return (long long)nearbyint((double)v); }
static int __popc(unsigned n) { return __builtin_popcount(n); }
template <class T>
static T __ldcg(const T* from) { return *from; }
template <class T>
static void __stcg(T* to, T value) { *to = value; }
template <class T>
static T max(T a, T b) { return a > b ? a : b; }
template <class T>
static T min(T a, T b) { return a < b ? a : b; }
static unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  uint64_t both = (uint64_t)b << 32 | a;
  unsigned result = 0;
  for (int i = 0; i < 4; i++) result |= (unsigned)(both >> (8 * (selector >> (4 * i) & 7)) & 255) << (8 * i);
  return result;
}

// What the kernel leaves to the processor. A copy is made at once, or as late as it may be.
template <int SIZE>
static void copy(void* to, const void* from) {
  if ((uintptr_t)to % SIZE || (uintptr_t)from % SIZE) { fprintf(stderr, "a copy is not aligned\n"); abort(); }
#ifdef LATE
  now->copies.push_back({{to, from}, SIZE});
#else
  memcpy(to, from, SIZE);
#endif
}
static void finish_copies() {
  for (auto& one : now->copies) memcpy(one.first.first, one.first.second, one.second);
  now->copies.clear();
}
static void load_tile(unsigned (&a)[4], const unsigned char* row) {
  for (int i = 0; i < 4; i++) {
    const unsigned char* from[8];
    for (int r = 0; r < 8; r++) from[r] = from_lane(row, 8 * i + r);
    memcpy(&a[i], from[now->thread % 32 / 4] + now->thread % 4 * 4, 4);
  }
}
static void multiply(int (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  Warp& warp = my_warp();
  uint64_t* mine = warp.values[now->thread % 32];
  mine[0] = (uint64_t)a[1] << 32 | a[0], mine[1] = (uint64_t)a[3] << 32 | a[2], mine[2] = (uint64_t)b1 << 32 | b0;
  together();
  const int g = now->thread % 32 / 4, t = now->thread % 4;
  for (int i = 0; i < 4; i++) {
    const int row = g + 8 * (i >> 1), column = 2 * t + (i & 1);
    for (int k = 0; k < 32; k++) {
      // PTX: register 0 has rows 0 to 7 and k below 16, 1 rows 8 to 15, 2 and 3 the same from k = 16 on.
      const uint64_t words = warp.values[row % 8 * 4 + k % 16 / 4][k / 16];
      const int x = words >> (32 * (row / 8) + 8 * (k % 4)) & 255;
      c[i] += x * (int8_t)(warp.values[column * 4 + k % 16 / 4][2] >> (32 * (k / 16) + 8 * (k % 4)) & 255);
    }
  }
  together();
}
static void meet(unsigned* arrived, unsigned all) {
  ++*arrived;
  while ((int)(*arrived - all) < 0) pass_on();
}
static void add(long long* sum, long long value) { *sum += value; }
static float root(float v) { return sqrtf(v); }
static float inverse(float v) { return 1 / v; }

template <class Kernel, class Argument>
static void run(Kernel* kernel, const Argument* argument, int blocks, int threads, int shared) {
  grid_size = blocks, block_size = threads;
  static void (*body)();
  static Kernel* what;
  static const Argument* with;
  what = kernel, with = argument;
  body = [] { what(*with); now->done = true; pass_on(); };
  std::vector<Team> teams(blocks);
  for (int i = 0; i < blocks * threads; i++) {
    auto fiber = std::make_unique<Fiber>();
    fiber->team = &teams[i / threads], fiber->block = i / threads, fiber->thread = i % threads;
    fiber->team->shared.resize(shared + 64);
    fiber->stack.resize(64 << 10);
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack.data(), fiber->context.uc_stack.ss_size = fiber->stack.size();
    makecontext(&fiber->context, body, 0);
    fibers.push_back(std::move(fiber));
  }
  const size_t count = fibers.size();
  size_t stride = 1;
  for (bool any = true; any;) {
    any = false;
#if ORDER  // another one in each round
    do stride = rand() % count; while (std::gcd(stride, count) != 1);
#endif
    for (size_t i = 0; i < count; i++) {
      Fiber& fiber = *fibers[i * stride % count];
      if (!fiber.done) any = true, now = &fiber, swapcontext(&outside, &fiber.context);
    }
  }
  fibers.clear();
}
