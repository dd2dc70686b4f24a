/** Text that arrives in pieces, for a terminal. */
import { expect, it } from 'vitest'
import { liveText } from '../../../src/cli/output/live-text.ts'

it.each<[string, string[], string[][]]>([
  ['whole lines', ['a\nb', 'c\n', 'd'], [['a'], ['bc'], [], ['d']]],
  [
    'one line for each state of a progress',
    ['10 %\r20 %\r', '30 %\r4', '0 %\n'],
    [['20 %'], ['30 %'], ['40 %'], []],
  ],
  ['lines with \\r\\n', ['a\r\nb\r\n'], [['a', 'b'], []]],
  ['no colours', ['\u001b[31mred\u001b[0m\n'], [['red'], []]],
  ['empty lines', ['a\n\nb\n'], [['a', '', 'b'], []]],
])('is shown as %s', (_, pieces, shown) => {
  const text = liveText()
  expect([...pieces.map((piece) => text.add(piece)), text.end()]).toEqual(shown)
})

it('does not grow without end', () => {
  const text = liveText()
  expect(text.add('x'.repeat(5000)).map((line) => line.length)).toEqual([2000, 2000])
  expect(text.end()).toEqual(['x'.repeat(1000)])
})
