/** Formats numbers for people, and names for messages of one line. */
export function number(value: number): string {
  return value.toLocaleString('en-US')
}

/** `1 worker`, `2,000 workers` */
export function pluralize(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `0.043`, `0.95`, `12.40`: two significant digits below a dollar, cents above. */
export function dollars(value: number): string {
  if (value === 0) return '0'
  return value >= 1 ? value.toFixed(2) : String(Number(value.toPrecision(2)))
}

/** A name in a message: a file may have line breaks in its name, and would begin a line of its own. */
export function oneLine(name: string): string {
  return name.replace(/[\n\r\p{Zl}\p{Zp}]/gu, escaped)
}

const short: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A character that must not be shown as it is, as JSON writes it. */
export function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0')
  return short[character] ?? `\\u${code}`
}
