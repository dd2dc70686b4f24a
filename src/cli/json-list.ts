/** A JSON object with one list, printed piece by piece: it may be larger than memory. */

/** Prints exactly what `JSON.stringify({ [name]: items }, undefined, 2)` gives, and a line break. */
export function jsonList(name: string, print: (text: string) => void) {
  let empty = true
  return {
    add(items: object[]): void {
      if (items.length === 0) return
      const texts = items.map((item) => JSON.stringify(item, undefined, 2).replace(/^/gm, '    '))
      print((empty ? `{\n  ${JSON.stringify(name)}: [\n` : ',\n') + texts.join(',\n'))
      empty = false
    },
    end(): void {
      print(empty ? `{\n  ${JSON.stringify(name)}: []\n}\n` : '\n  ]\n}\n')
    },
  }
}
