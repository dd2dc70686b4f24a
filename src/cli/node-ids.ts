/** Which nodes a cluster shall have: those that there are, and more up to the wanted number. */
const defaultNodes = 2

/** Never fewer than there are. */
export function nodeIds(known: string[], wanted: number | undefined): string[] {
  const count = wanted ?? (known.length || defaultNodes)
  const ids = [...known]
  for (let n = 1; ids.length < count; n += 1) {
    if (!ids.includes(`node-${n}`)) ids.push(`node-${n}`)
  }
  return ids
}
