/**
 * Text on a terminal. What came from outside (names of files, errors of tasks, last words of workers)
 * may hold characters that move the cursor, change colours or reverse the direction of the text: they
 * are shown as escapes. Files and pipes get text as it is.
 */
import { escaped } from '../../core/text.ts'

/** Control characters, separators of lines and paragraphs, and the controls of bidirectional text. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** One piece of text from outside, on one line: a name, a cell, a reason. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped)
}

/** The colours and styles that we use, line breaks and tabs. */
const ours = new RegExp(`${String.fromCharCode(27)}\\[(?:1|2|22|3[1-6]|39)m|[\\n\\t]`, 'u')
const anything = new RegExp(`${ours.source}|${unprintable.source}`, 'gu')

/** Whole output, the last step before a terminal: nothing but our own styles and lines passes. */
export function forTerminal(text: string): string {
  return text.replace(anything, (found) => (ours.test(found) ? found : escaped(found)))
}

/** The width of a terminal in columns, as far as it is known; undefined for a file or a pipe. */
export function widthOf({ isTTY, columns }: { isTTY?: boolean; columns?: number }) {
  if (!isTTY) return undefined
  return columns && columns > 0 ? columns : Infinity
}
