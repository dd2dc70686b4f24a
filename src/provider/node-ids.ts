const defaultNodes = 2

/** The nodes that a cluster will have: its existing nodes, and new ones up to the wanted number. */
export function nodeIds(known: string[], wanted: number | undefined): string[] {
  const count = wanted ?? (known.length || defaultNodes)
  const ids = [...known]
  for (let n = 1; ids.length < count; n += 1) {
    if (!ids.includes(`node-${n}`)) ids.push(`node-${n}`)
  }
  return ids
}
