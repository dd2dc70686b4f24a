/** Reads the files of control groups, version 2 (Documentation/admin-guide/cgroup-v2.rst of Linux). Pure. */

/**
 * The group of a process below the mount, from its `/proc/PID/cgroup`. Undefined where there is no version 2, or
 * if the group is outside of what this container can see.
 */
export function groupOf(text: string): string | undefined {
  const path = /^0::(\/.*)$/m.exec(text)?.[1]
  return path === undefined || path.startsWith('/..') ? undefined : path
}

/** Files such as `memory.events` and `cpu.stat`: a name and a number in each line. */
export function numbersOf(text: string): Record<string, number> {
  const lines = text.split('\n').map((line) => /^(\S+) (\d+)$/.exec(line))
  return Object.fromEntries(
    lines.flatMap((found) => (found ? [[found[1], Number(found[2])] as const] : [])),
  )
}

/** Files such as `cgroup.controllers`: words in one line. */
export const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== '')

/** Files such as `cgroup.procs`. 0 stands for a process that this container can't see. */
export function pidsOf(text: string): number[] {
  return wordsOf(text).flatMap((word) => (Number(word) > 0 ? [Number(word)] : []))
}

/** Milliseconds, from `cpu.stat`. */
export function cpuTimeOf(text: string): { userMs: number; systemMs: number } | undefined {
  const { user_usec: user, system_usec: system } = numbersOf(text)
  if (user === undefined || system === undefined) return undefined
  return { userMs: Math.round(user / 1000), systemMs: Math.round(system / 1000) }
}

/** How much of the processors a group gets while others want them too: 100 is the share of one (1 to 10,000). */
export function weightOf(cpus: number): number {
  return Math.min(10_000, Math.max(1, Math.round(100 * cpus)))
}
