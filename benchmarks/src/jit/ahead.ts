/** Does work for each item in turn, as `train` does it: the next one is asked for while this one is done. */
export async function oneAhead<T, R>(items: readonly T[], work: (item: T) => Promise<R>, done: (result: R) => void): Promise<void> {
  let current: Promise<R> | undefined
  for (const item of items) {
    const next = work(item)
    if (current) done(await current)
    current = next
  }
  if (current) done(await current)
}
