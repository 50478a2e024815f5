// Train a net with one hidden layer, D - M - C, for many steps in one launch.
//
// A block of 512 threads owns four hidden units for the whole launch. Their weights of the first layer stay twice: in
// fp32 in registers, beside the optimiser's averages, and in shared memory as fixed-point numbers of 32 bits, cut into
// four signed bytes ("limbs"). Pixels are bytes too, so both products of the first layer, x W^T and dz^T x, run on tensor
// cores as sums of whole numbers: exact, in any order, and without converting a pixel. The scale of a unit's weights is a
// power of two taken from the largest of them, of which a limb's last bit is 2^-30: no worse than fp32.
//
// The blocks meet once per step: each adds its share of the logits to sums in global memory, in 64-bit fixed point,
// whose additions commute, so bits repeat from run to run. After the barrier each block works out softmax and delta of
// the whole batch for itself; the last one, which has no units if the device has room for one more, keeps count of
// losses and hits. What fixed point cannot hold, NaN above all, is marked in `bad` and makes the whole step NaN.
//
// A step, with a barrier of the block between every two phases:
//   forward      x W^T in parts: a warp has two tiles of 16 images and a quarter of the pixels
//   logits       four lanes per image, one per unit: the output of a unit, and its share of the logits
//   meet         the barrier of all blocks
//   softmax      four lanes per image, one per class modulo 4: loss, delta, and dz, again one lane per unit
//   round        dz to limbs
//   gradient     dz^T x: a warp has 64 pixels, a lane eight weights, which it updates; warps without pixels have the rest
//   publish      the new weights to limbs
//
// Set by -D: D pixels, S bytes from image to image, B images per step, C classes, ACTIVATION, ADAM, SHARED bytes, and
// perhaps FETCH, when the next batch is fetched.

typedef unsigned char byte;
typedef long long whole;  // 64 bits

enum { ReLU, LeakyReLU, ELU, Sigmoid, Tanh, Softplus, Identity };

#ifndef FETCH
#define FETCH 1  // 0: at the start of a step; 1: while waiting for other blocks; 2: once the logits are read
#endif

constexpr int UNITS = 4, WARPS = 16, THREADS = 32 * WARPS;
constexpr int ROWS = (B + 15) / 16 * 16, TILES = ROWS / 16;  // of images, for the tensor cores
constexpr int DEPTH = (D + 31) / 32;                         // tiles of 32 pixels in x W^T
constexpr int BATCH_DEPTH = (B + 31) / 32;                   // tiles of 32 images in dz^T x
constexpr int GROUPS = (D + 63) / 64;                        // of 64 pixels, each owned by a warp
constexpr int SPANS = (GROUPS + WARPS - 1) / WARPS;          // groups of a warp
constexpr int QUADS = (C + 3) / 4;                           // of classes
constexpr int COLUMN = (B + 23) / 32 * 32 + 8;               // floats from class to class in delta: no bank conflicts
// The output layer's updates are left to warps without pixels, unless these are too few.
constexpr int FIRST = GROUPS < WARPS && C <= 4 * (WARPS - GROUPS) ? GROUPS : 0;
constexpr int SHARES = (C + WARPS - FIRST - 1) / (WARPS - FIRST);  // classes of such a warp
constexpr float LARGEST = 8388608.f;  // of a block's share of a logit: 256 blocks of 2^23 * 2^32 fit into 63 bits
constexpr int CHUNKS = S / 16, FETCHERS = FETCH == 1 ? THREADS - 32 : THREADS, STRIDE = FETCHERS / CHUNKS;

// Shared memory. Rows of images from B on are read, but only ever multiplied by 0; they may lie in what follows.
constexpr int LIMBS = 2 * B * S;                     // of weights: (2 * GROUPS, 32 slots, 4 words)
constexpr int PARTS = LIMBS + GROUPS * 1024;         // z in parts (4, ROWS, UNITS); then delta (C, COLUMN)
constexpr int PARTS_SIZE = 4 * (4 * ROWS * UNITS > C * COLUMN ? 4 * ROWS * UNITS : C * COLUMN);
constexpr int ERRORS = PARTS + (PARTS_SIZE + 15) / 16 * 16;  // limbs of dz (BATCH_DEPTH, 32 slots, 4 words)
constexpr int HIDDEN = ERRORS + BATCH_DEPTH * 512;   // outputs of the units (B, UNITS)
constexpr int OUTPUT = HIDDEN + B * 16;              // weights of the output layer (4 * QUADS, UNITS)
constexpr int BIASES = OUTPUT + QUADS * 64;          // (UNITS,), then (4 * QUADS,)
constexpr int SMALL = QUADS * 20 + UNITS;            // floats from OUTPUT on; then their means, then squares
constexpr int ROOM = OUTPUT + 3 * SMALL * 4;         // exchanges between warps: 4 times (WARPS, UNITS)
constexpr int PLACES = ROOM + 4 * WARPS * UNITS * 4; // positions of images (2, B)
constexpr int LABELS = PLACES + 16 * B;              // (2, B)
constexpr int RATES = LABELS + 16 * B;               // (2, 4)
constexpr int END = RATES + 32;
constexpr int READ = (B + ROWS) * S + 64 * GROUPS;   // how far rows past B reach

static_assert(B >= 1 && B <= 128 && C >= 1 && C <= 32 && D >= 1 && S >= D, "sizes");
static_assert(S % 64 == 16 || S % 64 == 48, "rows of images would share banks of shared memory");
static_assert(STRIDE >= 1, "too many pixels");
static_assert(END <= SHARED && READ <= SHARED, "shared memory");

struct Layers {
  float *first, *first_bias, *second, *second_bias;  // (M, D), (M,), (C, M), (C,)
};

struct Job {
  const byte* images;    // (N, S)
  const whole* labels;   // (N,)
  const whole* order;    // (steps, B), positions of images
  const float4* rates;   // of each step: lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t), lr * decay, lr
  Layers values, means, squares;  // means are SGD's velocities; null: none
  whole* sums;           // (3, QUADS, B, 4), the logits in fixed point; 0 at the start
  unsigned* arrived;     // blocks at the barriers so far; 0 at the start
  int* bad;              // of each step: whether a share of a logit does not fit; 0 at the start
  float* losses;         // (steps,)
  whole* hits;           // (steps,); 0 at the start
  int units, steps, nesterov;
  float smoothing, slope, momentum, beta1, rest1, beta2, rest2, eps;  // rest: 1 - beta
};

// --- what the processor offers ------------------------------------------------------------------------------------

#ifndef EMULATED  // a test runs this file on a CPU, with its own versions of these
#define SHARED_MEMORY(name) extern __shared__ __align__(16) byte name[]

template <int SIZE>
__device__ __forceinline__ void copy(void* to, const void* from) {
  unsigned at = (unsigned)__cvta_generic_to_shared(to);
  if constexpr (SIZE == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;\n" ::"r"(at), "l"(from) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;\n" ::"r"(at), "l"(from), "n"(SIZE) : "memory");
}

__device__ __forceinline__ void finish_copies() { asm volatile("cp.async.wait_all;\n" ::: "memory"); }

// Load a tile of bytes, 16 rows of 32; a lane gives the address of half a row.
__device__ __forceinline__ void load_tile(unsigned (&a)[4], const byte* row) {
  unsigned at = (unsigned)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3]) : "r"(at) : "memory");
}

// Add the product of a tile (16, 32) of unsigned bytes and one (32, 8) of signed bytes.
__device__ __forceinline__ void multiply(int (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Say that this block has come, and wait until `all` have.
__device__ __forceinline__ void meet(unsigned* arrived, unsigned all) {
  asm volatile("red.release.gpu.global.add.u32 [%0], 1;\n" ::"l"(arrived) : "memory");
  unsigned now;
  do {
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];\n" : "=r"(now) : "l"(arrived) : "memory");
  } while ((int)(now - all) < 0);
}

__device__ __forceinline__ void add(whole* sum, whole value) {
  atomicAdd((unsigned long long*)sum, (unsigned long long)value);
}

// Both are off by at most one bit, and take numbers below 2^-126 for 0: nothing beside an eps of 1e-16.
__device__ __forceinline__ float root(float v) {
  float r;
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(v));
  return r;
}

__device__ __forceinline__ float inverse(float v) {
  float r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(v));
  return r;
}
#endif

constexpr unsigned ALL = 0xffffffffu;

__device__ __forceinline__ float bits(unsigned n) { return __uint_as_float(n); }
__device__ __forceinline__ float infinity() { return bits(0x7f800000u); }
__device__ __forceinline__ float nan() { return bits(0x7fc00000u); }
__device__ __forceinline__ unsigned magnitude(float v) { return __float_as_uint(v) & 0x7fffffffu; }  // NaN is largest

// --- activations ----------------------------------------------------------------------------------------------------

__device__ __forceinline__ float activate(float z, float slope) {
  if (ACTIVATION == ReLU) return z < 0.f ? 0.f : z;  // fmaxf would make 0 of NaN
  if (ACTIVATION == LeakyReLU) return z > 0.f ? z : z * slope;
  if (ACTIVATION == ELU) return z > 0.f ? z : slope * expm1f(z);
  if (ACTIVATION == Sigmoid) return 1.f / (1.f + expf(-z));
  if (ACTIVATION == Tanh) return tanhf(z);
  if (ACTIVATION == Softplus) return z > 20.f ? z : log1pf(expf(z));
  return z;
}

// The derivative, from the output.
__device__ __forceinline__ float derivative(float a, float slope) {
  if (ACTIVATION == ReLU) return a <= 0.f ? 0.f : 1.f;
  if (ACTIVATION == LeakyReLU) return a > 0.f ? 1.f : slope;
  if (ACTIVATION == ELU) return a > 0.f ? 1.f : a + slope;
  if (ACTIVATION == Sigmoid) return a * (1.f - a);
  if (ACTIVATION == Tanh) return 1.f - a * a;
  if (ACTIVATION == Softplus) return -expm1f(-a);
  return 1.f;
}

// --- fixed point ----------------------------------------------------------------------------------------------------

struct Scale {
  float up, down;  // powers of two, up * down = 1; down is NaN for numbers that are not finite
};

// The scale under which numbers up to `top`, given as bits, stay below 2^30.
__device__ __forceinline__ Scale scale(unsigned top) {
  unsigned e = max(top >> 23, 64u);  // smaller ones would make `down` subnormal
  return {bits((283u - e) << 23), e == 255u ? nan() : bits((e - 29u) << 23)};
}

// The four signed bytes of |n| <= 2^30: n = b0 + 2^8 b1 + 2^16 b2 + 2^24 b3.
__device__ __forceinline__ unsigned limbs(int n) { return ((unsigned)n + 0x00808080u) ^ 0x00808080u; }

// Transpose four words of four bytes.
__device__ __forceinline__ void transpose(unsigned (&w)[4]) {
  unsigned p = __byte_perm(w[0], w[1], 0x5140), q = __byte_perm(w[2], w[3], 0x5140);
  unsigned r = __byte_perm(w[0], w[1], 0x7362), s = __byte_perm(w[2], w[3], 0x7362);
  w[0] = __byte_perm(p, q, 0x5410), w[1] = __byte_perm(p, q, 0x7632);
  w[2] = __byte_perm(r, s, 0x5410), w[3] = __byte_perm(r, s, 0x7632);
}

// Where limb `l` of unit `u` lies in a tile of 32 numbers, as the tensor cores want it: the byte of number `k`. A tile has
// two products of 8 columns: columns 2u and 2u + 1 of the first are limbs 0 and 1 of unit u, of the second 2 and 3. So the
// lane with columns 2t and 2t + 1 gets all limbs of unit t. A slot is the 16 bytes of one lane.
__device__ __forceinline__ int slot(int u, int parity, int t) { return u * 8 + ((parity * 4 + t) ^ ((u & 1) * 4)); }
__device__ __forceinline__ int place(int u, int l, int k) {
  return slot(u, l & 1, (k >> 2) & 3) * 16 + ((l >> 1) * 2 + (k >> 4)) * 4 + (k & 3);
}

// --- sums and maxima ------------------------------------------------------------------------------------------------

__device__ __forceinline__ float over_lanes(float v, int from, int to) {
  for (int h = from; h >= to; h >>= 1) v += __shfl_xor_sync(ALL, v, h);
  return v;
}

__device__ __forceinline__ unsigned top_of_lanes(unsigned v) {  // over lanes of equal lane % 4
  for (int h = 16; h >= 4; h >>= 1) v = max(v, __shfl_xor_sync(ALL, v, h));
  return v;
}

// The same over warps that have left their values in `room`.
__device__ __forceinline__ unsigned top_of_warps(const unsigned* room, int lane) {
  return top_of_lanes(max(room[lane], room[lane + 32]));
}

// Of four sums over lanes that differ in bits `high` and `high / 2`, leave this lane the one with their number.
__device__ __forceinline__ float split(const float (&s)[4], int lane, int high) {
  bool up = lane & high;
  float r0 = (up ? s[2] : s[0]) + __shfl_xor_sync(ALL, up ? s[0] : s[2], high);
  float r1 = (up ? s[3] : s[1]) + __shfl_xor_sync(ALL, up ? s[1] : s[3], high);
  up = lane & (high >> 1);
  return (up ? r1 : r0) + __shfl_xor_sync(ALL, up ? r0 : r1, high >> 1);
}

// --- the optimisers -------------------------------------------------------------------------------------------------

__device__ __forceinline__ float update(const Job& job, float4 rate, bool decays, float p, float g, float& m, float& v) {
#if ADAM
  if (decays) p -= rate.z * p;
  m = job.beta1 * m + job.rest1 * g;
  v = job.beta2 * v + job.rest2 * g * g;
  return p - rate.x * (m * inverse(root(v) * rate.y + job.eps));
#else
  m = job.momentum * m + g;
  return p - rate.w * (job.nesterov ? g + job.momentum * m : m);
#endif
}

// Read a small parameter and its averages into shared memory, where they are SMALL apart; or write them back.
__device__ __forceinline__ void take(float* to, const float* value, const float* mean, const float* square, int i) {
  to[0] = value[i];
  if (mean) to[SMALL] = mean[i];
  if (square) to[2 * SMALL] = square[i];
}
__device__ __forceinline__ void give(const float* from, float* value, float* mean, float* square, int i) {
  value[i] = from[0];
  if (mean) mean[i] = from[SMALL];
  if (square) square[i] = from[2 * SMALL];
}

// --- a block --------------------------------------------------------------------------------------------------------

struct Block {
  const Job& job;
  byte* memory;
  const int thread, lane, warp, g, t;  // g and t: row and column of the lane in tiles; t is also its unit
  const int first, mine;               // the first of its units, and how many there are; 0 or less: none
  const bool keeps;                    // this block keeps count
  float w[SPANS][8], m[SPANS][8], v[SPANS][8];  // weights: number e of span s is of pixel(s, e)
  float down = 0.f;  // scale of the limbs of unit t

  __device__ __forceinline__ Block(const Job& job, byte* memory)
      : job(job), memory(memory), thread(threadIdx.x), lane(threadIdx.x & 31),
        warp(__shfl_sync(ALL, threadIdx.x >> 5, 0)),  // so that the compiler knows that a warp has one number
        g((threadIdx.x & 31) >> 2), t(threadIdx.x & 3), first(blockIdx.x * UNITS),
        mine(min(UNITS, job.units - (int)blockIdx.x * UNITS)), keeps(blockIdx.x == gridDim.x - 1) {}

  __device__ __forceinline__ float* floats(int offset) const { return (float*)(memory + offset); }
  __device__ __forceinline__ unsigned* room(int n) const { return (unsigned*)(memory + ROOM) + n * WARPS * UNITS; }
  __device__ __forceinline__ whole* places(int step) const { return (whole*)(memory + PLACES) + (step & 1) * B; }
  __device__ __forceinline__ whole* labels(int step) const { return (whole*)(memory + LABELS) + (step & 1) * B; }
  __device__ __forceinline__ float4* rates(int step) const { return (float4*)(memory + RATES) + (step & 1); }
  __device__ __forceinline__ byte* pixels(int step) const { return memory + (step & 1) * B * S; }
  __device__ __forceinline__ int pixel(int s, int e) const {
    return 64 * (warp + WARPS * s) + 32 * (e >> 2) + 4 * g + (e & 3);
  }
  __device__ __forceinline__ bool owns(int s, int e) const { return pixel(s, e) < D && t < mine; }

  // The small parameters: a warp from FIRST on has classes; every eighth lane has a weight, lane 1 the bias.
  __device__ __forceinline__ int my_class(int k) const { return warp - FIRST + k * (WARPS - FIRST); }
  __device__ __forceinline__ bool has_class(int k) const { return warp >= FIRST && my_class(k) < C; }
  __device__ __forceinline__ int my_unit() const { return lane >> 3; }
  __device__ __forceinline__ bool has_weight() const { return (lane & 7) == 0 && my_unit() < mine; }
  __device__ __forceinline__ bool has_bias() const { return lane == 1; }
  __device__ __forceinline__ bool has_first_bias() const { return warp == WARPS - 1 && lane < mine; }
  __device__ __forceinline__ float* output_weight(int c) const { return floats(OUTPUT) + c * UNITS + my_unit(); }
  __device__ __forceinline__ float* output_bias(int c) const { return floats(BIASES) + UNITS + c; }

  __device__ __forceinline__ void take_up() {
    for (int i = thread; i < (PLACES - HIDDEN) / 4; i += THREADS) floats(HIDDEN)[i] = 0.f;
    for (int i = thread; i < BATCH_DEPTH * 128; i += THREADS) floats(ERRORS)[i] = 0.f;  // dz of images from B on
    for (int i = thread; i < GROUPS * 256; i += THREADS) floats(LIMBS)[i] = 0.f;
    __syncthreads();
#pragma unroll
    for (int s = 0; s < SPANS; s++)
#pragma unroll
      for (int e = 0; e < 8; e++) {
        w[s][e] = m[s][e] = v[s][e] = 0.f;
        if (!owns(s, e)) continue;
        size_t i = (size_t)(first + t) * D + pixel(s, e);
        w[s][e] = job.values.first[i];
        if (job.means.first) m[s][e] = job.means.first[i];
        if (job.squares.first) v[s][e] = job.squares.first[i];
      }
    const Layers &a = job.values, &b = job.means, &d = job.squares;
#pragma unroll
    for (int k = 0; k < SHARES; k++) {
      int c = my_class(k);
      if (!has_class(k)) continue;
      if (has_weight()) take(output_weight(c), a.second, b.second, d.second, c * job.units + first + my_unit());
      if (has_bias()) take(output_bias(c), a.second_bias, b.second_bias, d.second_bias, c);
    }
    if (has_first_bias()) take(floats(BIASES) + lane, a.first_bias, b.first_bias, d.first_bias, first + lane);
  }

  __device__ __forceinline__ void put_back() const {
#pragma unroll
    for (int s = 0; s < SPANS; s++)
#pragma unroll
      for (int e = 0; e < 8; e++) {
        if (!owns(s, e)) continue;
        size_t i = (size_t)(first + t) * D + pixel(s, e);
        job.values.first[i] = w[s][e];
        if (job.means.first) job.means.first[i] = m[s][e];
        if (job.squares.first) job.squares.first[i] = v[s][e];
      }
    const Layers &a = job.values, &b = job.means, &d = job.squares;
#pragma unroll
    for (int k = 0; k < SHARES; k++) {
      int c = my_class(k);
      if (!has_class(k)) continue;
      if (has_weight()) give(output_weight(c), a.second, b.second, d.second, c * job.units + first + my_unit());
      if (has_bias() && keeps) give(output_bias(c), a.second_bias, b.second_bias, d.second_bias, c);
    }
    if (has_first_bias()) give(floats(BIASES) + lane, a.first_bias, b.first_bias, d.first_bias, first + lane);
  }

  // Start to copy what a step needs, and the positions of the next step's images.
  __device__ __forceinline__ void fetch(int step) const {
    const int who = thread - (THREADS - FETCHERS);
    if (who < 0) return;
    const whole* at = places(step);
    if (who < STRIDE * CHUNKS) {
      const int row = who / CHUNKS, chunk = who % CHUNKS * 16;
      byte* to = pixels(step) + row * S + chunk;
#pragma unroll
      for (int i = 0; i < (B + STRIDE - 1) / STRIDE; i++)
        if (row + i * STRIDE < B)
          copy<16>(to + i * STRIDE * S, job.images + (size_t)at[row + i * STRIDE] * S + chunk);
    }
    if (who < B) copy<8>(labels(step) + who, job.labels + at[who]);
    if (who == 0) copy<16>(rates(step), job.rates + step);
    if (who < B && step + 1 < job.steps) copy<8>(places(step + 1) + who, job.order + (size_t)(step + 1) * B + who);
  }

  // x W^T, in four parts of the pixels.
  __device__ __forceinline__ void forward(const byte* x) const {
    const int tile = 2 * (warp >> 2);
    if (tile + 1 < TILES)
      forward<2>(x, tile);
    else if (tile < TILES)
      forward<1>(x, tile);
  }

  // The same of one or two tiles of 16 images.
  template <int COUNT>
  __device__ __forceinline__ void forward(const byte* x, int tile) const {
    const int part = warp & 3;
    int sum[COUNT][2][4] = {};
    const byte* row = x + (16 * tile + (lane & 15)) * S + 32 * part + (lane >> 4) * 16;
    const byte* weights = memory + LIMBS + 512 * part + slot(g >> 1, g & 1, t) * 16;
#pragma unroll
    for (int n = 0; n < (DEPTH + 3) / 4; n++) {
      if (n >= DEPTH / 4 && part + 4 * n >= DEPTH) continue;  // only the last one asks
      const uint4 b = *(const uint4*)(weights + 2048 * n);
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        unsigned a[4];
        load_tile(a, row + 16 * i * S + 128 * n);
        multiply(sum[i][0], a, b.x, b.y);
        multiply(sum[i][1], a, b.z, b.w);
      }
    }
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      float* to = floats(PARTS) + (part * ROWS + 16 * (tile + i)) * UNITS + lane;  // lane = g * UNITS + t
#pragma unroll
      for (int r = 0; r < 2; r++) {
        const float low = (float)sum[i][0][2 * r + 1] * 256.f + (float)sum[i][0][2 * r];
        const float high = (float)sum[i][1][2 * r + 1] * 256.f + (float)sum[i][1][2 * r];
        to[r * 8 * UNITS] = high * 65536.f + low;
      }
    }
  }

  // The output of unit t for the thread's image; adds the block's share of the logits.
  __device__ __forceinline__ float logits(int step) const {
    const int image = thread >> 2;
    const bool in = image < B;
    float a = 0.f;
    if (in) {
      const float* z = floats(PARTS) + thread;
      float sum = (z[0] + z[ROWS * UNITS]) + (z[2 * ROWS * UNITS] + z[3 * ROWS * UNITS]);
      a = activate(sum * (down * (1.f / 255.f)) + floats(BIASES)[t], job.slope);
      floats(HIDDEN)[thread] = a;
    }
    const float a0 = __shfl_sync(ALL, a, lane & 28), a1 = __shfl_sync(ALL, a, (lane & 28) + 1);
    const float a2 = __shfl_sync(ALL, a, (lane & 28) + 2), a3 = __shfl_sync(ALL, a, (lane & 28) + 3);
    whole* to = job.sums + (size_t)(step % 3) * QUADS * 4 * B + thread;
#pragma unroll
    for (int j = 0; j < QUADS; j++) {
      const float4 q = *(const float4*)(floats(OUTPUT) + (4 * j + t) * UNITS);
      const float p = (a0 * q.x + a1 * q.y) + (a2 * q.z + a3 * q.w);
      if (!in || 4 * j + t >= C) continue;
      if (fabsf(p) < LARGEST)
        add(to + j * 4 * B, __float2ll_rn(p * 4294967296.f));
      else
        job.bad[step] = 1;  // NaN comes here too; blocks that write write the same
    }
    return a;
  }

  // Softmax, loss and delta; returns dz of the thread's image and unit, from the unit's output. `raw`: logits of classes
  // 4j + t.
  __device__ __forceinline__ float softmax(int step, const whole (&raw)[QUADS], bool bad, float a) {
    const int image = thread >> 2;
    const bool in = image < B;
    float logit[QUADS], power[QUADS], top = -infinity(), sum = 0.f;
#pragma unroll
    for (int j = 0; j < QUADS; j++) {
      const int c = 4 * j + t;
      logit[j] = c >= C ? -infinity() : bad ? nan() : (float)raw[j] * 2.3283064365386963e-10f + *output_bias(c);
      top = fmaxf(top, logit[j]);
    }
    top = fmaxf(top, __shfl_xor_sync(ALL, top, 1));
    top = fmaxf(top, __shfl_xor_sync(ALL, top, 2));
#pragma unroll
    for (int j = 0; j < QUADS; j++) {
      power[j] = expf(logit[j] - top);
      sum += 4 * j + t < C ? power[j] : 0.f;
    }
    sum = over_lanes(sum, 2, 1);
    const float inverse_sum = 1.f / sum;
    const int label = in ? (int)labels(step)[image] : -1;
    if (keeps) account(step, logit, top, sum, label);
    float s[4] = {};
#pragma unroll
    for (int j = 0; j < QUADS; j++) {
      const int c = 4 * j + t;
      if (!in || c >= C) continue;
      const float target = (c == label ? 1.f - job.smoothing : 0.f) + job.smoothing * (1.f / C);
      const float delta = (power[j] * inverse_sum - target) * (1.f / B);
      floats(PARTS)[c * COLUMN + image] = delta;
      const float4 q = *(const float4*)(floats(OUTPUT) + c * UNITS);
      s[0] += delta * q.x, s[1] += delta * q.y, s[2] += delta * q.z, s[3] += delta * q.w;
    }
    const float da = split(s, lane, 2);
    return in ? derivative(a, job.slope) * da : 0.f;
  }

  // The warp's part of loss and hits.
  __device__ __forceinline__ void account(int step, const float (&logit)[QUADS], float top, float sum, int label) {
    const float rest = top + logf(sum);
    float loss = 0.f, best = -infinity();
    int which = C;
#pragma unroll
    for (int j = 0; j < QUADS; j++) {
      const int c = 4 * j + t;
      if (c >= C) continue;
      const float weight = (c == label ? 1.f - job.smoothing : 0.f) + job.smoothing * (1.f / C);
      if (weight != 0.f) loss -= weight * (logit[j] - rest);
      if (logit[j] > best) best = logit[j], which = c;
    }
#pragma unroll
    for (int h = 1; h <= 2; h <<= 1) {  // the first of equal ones
      const float other = __shfl_xor_sync(ALL, best, h);
      const int whose = __shfl_xor_sync(ALL, which, h);
      if (other > best || (other == best && whose < which)) best = other, which = whose;
    }
    loss = over_lanes(label >= 0 ? loss : 0.f, 16, 1);
    const int hits = __popc(__ballot_sync(ALL, label >= 0 && which == label && t == 0));
    if (lane == 0 && hits) add(job.hits + step, hits);
    if (lane == 0) ((float*)room(3))[warp] = loss;
  }

  // Leave the largest dz of each unit, and the gradient of its bias, for the other warps.
  __device__ __forceinline__ void tell(float dz) const {
    const unsigned top = top_of_lanes(magnitude(dz));
    const float sum = over_lanes(dz, 16, 4);
    if (lane < 4) room(0)[warp * UNITS + lane] = top, ((float*)room(1))[warp * UNITS + lane] = sum;
  }

  // Write the limbs of dz; return the scale of unit t.
  __device__ __forceinline__ float round(float dz) const {
    const Scale unit = scale(top_of_warps(room(0), lane));
    const int image = thread >> 2;
    if (image < B) {
      // Images 2t, 2t + 1, 2t + 8 and 2t + 9 of 16 are one word, because such rows lie in different banks.
      const int k = (image & 16) + ((image >> 1) & 3) * 4 + (image & 1) + ((image >> 3) & 1) * 2;
      const unsigned n = limbs(__float2int_rn(dz * unit.up));
      byte* to = memory + ERRORS + (image >> 5) * 512;
#pragma unroll
      for (int l = 0; l < 4; l++) to[place(t, l, k)] = (byte)(n >> (8 * l));
    }
    return unit.down;
  }

  // The gradient of the warp's pixels, and their update.
  __device__ __forceinline__ void gradient(const byte* x, float4 rate, float unit) {
    unsigned top = 0;
#pragma unroll
    for (int s = 0; s < SPANS; s++) {
      if (warp + WARPS * s >= GROUPS) continue;
      int sum[4][2][4] = {};  // tile i has pixels i, i + 4, i + 8, ... of the group
#pragma unroll
      for (int k = 0; k < BATCH_DEPTH; k++) add_images(sum, x + 64 * (warp + WARPS * s) + 4 * g, k);
#pragma unroll
      for (int e = 0; e < 8; e++) {
        const int *low = sum[e & 3][0] + 2 * (e >> 2), *high = sum[e & 3][1] + 2 * (e >> 2);
        const float whole_sum = (float)(high[1] * 256 + high[0]) * 65536.f + (float)(low[1] * 256 + low[0]);
        const float slope = whole_sum * (unit * (1.f / 255.f));
        const float next = update(job, rate, true, w[s][e], slope, m[s][e], v[s][e]);
        w[s][e] = owns(s, e) ? next : 0.f;
        top = max(top, magnitude(w[s][e]));
      }
    }
    top = top_of_lanes(top);
    if (lane < 4) room(2)[warp * UNITS + lane] = top;
  }

  // Add the products of 32 images with 64 pixels, from the lane's pixel `x` of image 0 on.
  __device__ __forceinline__ void add_images(int (&sum)[4][2][4], const byte* x, int k) const {
    const uint4 b = *(const uint4*)(memory + ERRORS + k * 512 + slot(g >> 1, g & 1, t) * 16);
    unsigned a[4][4] = {};
#pragma unroll
    for (int part = 0; part < 4; part++) {  // bit 0: 8 rows, 32 pixels, further; bit 1: 16 images further
      if (32 * k + 16 * (part >> 1) >= B) continue;
      const byte* row = x + (32 * k + 16 * (part >> 1) + 2 * t) * S + 32 * (part & 1);
      unsigned q[4] = {*(const unsigned*)row, *(const unsigned*)(row + S), *(const unsigned*)(row + 8 * S),
                       *(const unsigned*)(row + 9 * S)};
      transpose(q);
#pragma unroll
      for (int i = 0; i < 4; i++) a[i][part] = q[i];
    }
#pragma unroll
    for (int i = 0; i < 4; i++) multiply(sum[i][0], a[i], b.x, b.y), multiply(sum[i][1], a[i], b.z, b.w);
  }

  // The small parameters' gradients and updates, and the loss.
  __device__ __forceinline__ void others(int step, float4 rate) {
#pragma unroll
    for (int k = 0; k < SHARES; k++)
      if (has_class(k)) output(my_class(k), rate);
    if (warp != WARPS - 1) return;
    const float* sums = (const float*)room(1);
    const float slope = over_lanes(sums[lane] + sums[lane + 32], 16, 4);
    if (has_first_bias()) {
      float* value = floats(BIASES) + lane;
      *value = update(job, rate, false, *value, slope, value[SMALL], value[2 * SMALL]);
    }
    if (!keeps) return;
    const float loss = over_lanes(lane < WARPS ? ((float*)room(3))[lane] : 0.f, 16, 1);
    if (lane == 0) job.losses[step] = loss / B;
  }

  __device__ __forceinline__ void output(int c, float4 rate) const {
    float s[4] = {}, sum = 0.f;
#pragma unroll
    for (int k = 0; k < BATCH_DEPTH; k++) {
      const int image = lane + 32 * k;
      if (image >= B) continue;
      const float delta = floats(PARTS)[c * COLUMN + image];
      const float4 a = *(const float4*)(floats(HIDDEN) + image * UNITS);
      s[0] += delta * a.x, s[1] += delta * a.y, s[2] += delta * a.z, s[3] += delta * a.w, sum += delta;
    }
    const float weight = over_lanes(split(s, lane, 16), 4, 1);
    sum = over_lanes(sum, 16, 1);
    if (!has_weight() && !has_bias()) return;
    float* value = has_bias() ? output_bias(c) : output_weight(c);
    *value = update(job, rate, !has_bias(), *value, has_bias() ? sum : weight, value[SMALL], value[2 * SMALL]);
  }

  // Write the limbs of the weights.
  __device__ __forceinline__ void publish() {
    const Scale unit = scale(top_of_warps(room(2), lane));
    down = unit.down;
#pragma unroll
    for (int s = 0; s < SPANS; s++)
#pragma unroll
      for (int half = 0; half < 2; half++) {
        if (warp + WARPS * s >= GROUPS) continue;
        unsigned q[4];
#pragma unroll
        for (int e = 0; e < 4; e++) q[e] = limbs(__float2int_rn(w[s][4 * half + e] * unit.up));
        transpose(q);
        byte* to = memory + LIMBS + (2 * (warp + WARPS * s) + half) * 512;
#pragma unroll
        for (int l = 0; l < 4; l++) *(unsigned*)(to + place(t, l, 4 * g)) = q[l];
      }
  }

  // The first weights' limbs.
  __device__ __forceinline__ void publish_first() {
    unsigned top = 0;
#pragma unroll
    for (int s = 0; s < SPANS; s++)
#pragma unroll
      for (int e = 0; e < 8; e++) top = max(top, magnitude(w[s][e]));
    top = top_of_lanes(top);
    if (lane < 4) room(2)[warp * UNITS + lane] = top;
    __syncthreads();
    publish();
  }
};


extern "C" __global__ void __launch_bounds__(THREADS, 1) train(const Job job) {
  SHARED_MEMORY(memory);
  Block block(job, memory);
  if (block.thread < B) block.places(0)[block.thread] = job.order[block.thread];
  block.take_up();
  block.publish_first();
  block.fetch(0);
  finish_copies();
  __syncthreads();
  for (int step = 0; step < job.steps; step++) {
    const byte* x = block.pixels(step);
    const bool more = step + 1 < job.steps;
    if (FETCH == 0 && more) block.fetch(step + 1);
    if (block.mine > 0) block.forward(x);
    __syncthreads();
    const bool active = block.warp * 8 < B;  // warps with images
    const float a = active && block.mine > 0 ? block.logits(step) : 0.f;
    __syncthreads();
    if (FETCH == 1 && more) block.fetch(step + 1);
    if (block.thread == 0) meet(job.arrived, (unsigned)(step + 1) * gridDim.x);
    __syncthreads();
    const whole* sums = job.sums + (size_t)(step % 3) * QUADS * 4 * B + block.thread;
    whole raw[QUADS];
#pragma unroll
    for (int j = 0; j < QUADS; j++) raw[j] = block.thread < 4 * B ? __ldcg(sums + j * 4 * B) : 0;
    const bool bad = __ldcg(job.bad + step);
    // All blocks have read the sums of the step before, which become those of the step after the next.
    whole* old = job.sums + (size_t)((step + 2) % 3) * QUADS * 4 * B;
    for (int i = blockIdx.x * THREADS + block.thread; i < QUADS * 4 * B; i += gridDim.x * THREADS) __stcg(old + i, 0ll);
    float dz = 0.f;
    if (active) {
      dz = block.softmax(step, raw, bad, a);
      block.tell(dz);
    }
    if (FETCH == 2 && more) block.fetch(step + 1);
    __syncthreads();
    const float unit = block.round(dz);
    __syncthreads();
    block.others(step, *block.rates(step));
    if (block.mine > 0) block.gradient(x, *block.rates(step), unit);
    finish_copies();
    __syncthreads();
    block.publish();
    __syncthreads();
  }
  block.put_back();
}
