/** `tm health --watch`: one screen of a cluster, the most important lines first. */
import { describeHealth, type Health } from './health.ts'
import { clip, rowsOf, type Size } from './screen.ts'

export interface WatchedOptions {
  /** Wall-clock milliseconds. */
  now: number
  size: Size
  /** Rate and time left; may be empty. */
  pace: string
  footer: string
}

/** Counts the workers where there is no room for a line each, then cuts the nodes at the end. */
export function watchedHealth(health: Health, { now, size, pace, footer }: WatchedOptions): string {
  const room = { columns: size.columns, rows: size.rows - 2 }
  const [each, counted] = (['each', 'counted'] as const).map((workers) =>
    describeHealth(health, now, { workers, pace, width: size.columns }),
  ) as [string, string]
  const text = rowsOf(each, room.columns) <= room.rows ? each : clip(counted, room)
  return `${text}\n\n${footer}`
}
