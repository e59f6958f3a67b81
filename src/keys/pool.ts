/** Runs what it is given, at most `size` at the same time and in its order. */
export function poolOf(size: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = size
  const waiting: (() => void)[] = []
  let next = 0
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const wake = waiting[next]
      if (wake === undefined) free++
      else {
        next++
        wake()
      }
    }
  }
}
