/**
 * Memory for bodies that are on their way: so many bytes at a time, first come, first served. What is
 * larger than all of it has it alone.
 */
export type Room = ReturnType<typeof createRoom>

export function createRoom(bytes: number) {
  let free = bytes
  const waiting: { need: number; enter: () => void }[] = []

  function admit(): void {
    for (let next = waiting[0]; next && next.need <= free; next = waiting[0]) {
      free -= next.need
      waiting.shift()
      next.enter()
    }
  }

  return {
    /** Resolves when there is room. What it gives has to be called when the bytes are let go. */
    async take(size: number): Promise<() => void> {
      const need = Math.min(size, bytes)
      await new Promise<void>((enter) => {
        waiting.push({ need, enter })
        admit()
      })
      return () => {
        free += need
        admit()
      }
    },
  }
}
