/** Parses and formats sizes as people write them (`512KiB`, `16MiB`); numbers are bytes. */
const unitBytes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** Bytes, or undefined when `text` is not a size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,10})(B|KiB|MiB|GiB)$/.exec(text.trim())
  if (!match) return undefined
  return Number(match[1]) * unitBytes[match[2] as keyof typeof unitBytes]
}

/** The shortest exact way to write `bytes`; the reverse of {@link parseBytes}. */
export function writeBytes(bytes: number): string {
  const exact = (name: keyof typeof unitBytes) => bytes > 0 && bytes % unitBytes[name] === 0
  const unit = (['GiB', 'MiB', 'KiB'] as const).find(exact) ?? 'B'
  return `${bytes / unitBytes[unit]}${unit}`
}

/** For people to read: `0 B`, `1.5 KiB`, `16 MiB`. */
export function formatBytes(bytes: number): string {
  const unit = (['GiB', 'MiB', 'KiB'] as const).find((name) => bytes >= unitBytes[name]) ?? 'B'
  const amount = bytes / unitBytes[unit]
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${unit}`
}
