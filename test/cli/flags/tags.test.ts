import { expect, it } from 'vitest'
import { readTags } from '../../../src/cli/flags/tags.ts'

it('tags are KEY=VALUE, and a value may hold what it likes', () => {
  expect(readTags(['CostCenter=42', 'Owner=a, b=c'.replace(',', ''), 'Empty='])).toEqual({
    CostCenter: '42',
    Owner: 'a b=c',
    Empty: '',
  })
})

it.each([
  ['CostCenter', 'KEY=VALUE'],
  ['=x', 'KEY=VALUE'],
  ['aws:x=1', 'aws:'],
  ['TM:cluster=x', 'tm:'],
  ['Name=x', 'Name'],
  [`${'k'.repeat(129)}=x`, '128'],
  ['a=b\n', 'letters'],
])('%j is refused', (text, why) => {
  expect(() => readTags([text])).toThrow(why)
})
