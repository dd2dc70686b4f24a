/** Prints a JSON object with one list piece by piece: it may be larger than memory. */

/** Prints exactly `JSON.stringify({ [name]: items }, undefined, 2)` and a line break. */
export function jsonList(name: string, print: (texts: string[]) => Promise<number>) {
  let empty = true
  return {
    /** How many of the items were printed whole. */
    async add(items: object[]): Promise<number> {
      const texts = items.map((item) => {
        const before = empty ? `{\n  ${JSON.stringify(name)}: [\n` : ',\n'
        empty = false
        return before + JSON.stringify(item, undefined, 2).replace(/^/gm, '    ')
      })
      return await print(texts)
    },
    async end(): Promise<void> {
      await print([empty ? `{\n  ${JSON.stringify(name)}: []\n}\n` : '\n  ]\n}\n'])
    },
  }
}
