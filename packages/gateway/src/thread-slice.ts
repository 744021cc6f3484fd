/** Shorter than the kernel's own, 0.7 ms on one core and 2.8 ms on eight, and as long as most calls need a core. */
const sliceNs = 500_000n

/** Numbers of the system calls `sched_setattr` and `sched_getattr`, for which older C libraries have no functions. */
const numbers: Readonly<Partial<Record<NodeJS.Architecture, { readonly set: bigint; readonly get: bigint }>>> = {
  x64: { set: 314n, get: 315n },
  arm64: { set: 274n, get: 275n },
}

/** `struct sched_attr` in its first version, in bytes: sched_setattr(2). */
const attributesSize = 48
const offsets = { policy: 4, flags: 8, runtime: 24 } as const
const policyOther = 0
/** What this thread starts afterwards has the kernel's slice again. */
const resetOnFork = 1n

/** Arguments of Node in a thread that calls {@link shortenMainSlice}: it would say there what is experimental. */
export const withoutExperimentalWarnings = ['--disable-warning=ExperimentalWarning'] as const

/**
 * Lets the main thread, which serves calls, have its core as soon as a call comes, while another thread computes there.
 * A thread that wakes up waits for the rest of the slice of the one that runs, however nice that is, unless its own
 * slice is shorter (EEVDF of Linux 6.12 and later). Its share of the core does not grow. Where the system, its version
 * or a profile of system calls does not know this, nothing changes.
 */
export function shortenMainSlice(): void {
  const number = numbers[process.arch]
  if (process.platform !== 'linux' || number === undefined) return
  try {
    const { functions } = process.getBuiltinModule('node:ffi').dlopen(null, {
      syscall: { arguments: ['i64', 'i64', 'buffer', 'i64', 'i64'], return: 'i64' },
    })
    // The main thread has the number of its process.
    const thread = BigInt(process.pid)
    const attributes = Buffer.alloc(attributesSize)
    const isKnown = functions.syscall(number.get, thread, attributes, BigInt(attributesSize), 0n) === 0n
    if (!isKnown || attributes.readUInt32LE(offsets.policy) !== policyOther) return
    attributes.writeBigUInt64LE(resetOnFork, offsets.flags)
    attributes.writeBigUInt64LE(sliceNs, offsets.runtime)
    functions.syscall(number.set, thread, attributes, 0n, 0n)
  } catch {
    // A Node without it, or with a permission model that does not allow it.
  }
}
