/** What somebody meant who mistyped a word, and what the answer to an unknown command is. */
import { describe, expect, it } from 'vitest'
import { unknownCommand } from '../../../src/cli/usage/unknown-command.ts'
import { didYouMean } from '../../../src/core/did-you-mean.ts'

const commands = ['down', 'enqueue', 'health', 'node serve', 'pull', 'status', 'up', 'wait']

describe('the closest word', () => {
  const rows: [string, string | undefined][] = [
    ['enqueu', 'enqueue'],
    ['enqueeu', 'enqueue'],
    ['EnQueue', 'enqueue'],
    ['enq', 'enqueue'],
    ['pul', 'pull'],
    ['plul', 'pull'],
    ['dwon', 'down'],
    ['stauts', 'status'],
    ['heatlh', 'health'],
    ['u', 'up'],
    ['stop', undefined],
    ['zzz', undefined],
    ['', undefined],
  ]
  it.each(rows)('to %j is %j', (word, meant) => {
    expect(didYouMean(word, commands)).toBe(meant)
  })
})

describe('an unknown command', () => {
  const all = 'See all commands: tm --help'
  const rows: [string, string, string[]][] = [
    ['enq', 'There is no command enq', ['Did you mean tm enqueue?', all]],
    ['stat 5', 'There is no command stat 5', ['Did you mean tm status?', all]],
    ['node srve', 'There is no command node srve', ['Did you mean tm node serve?', all]],
    ['stop', 'There is no command stop', [all]],
    ['pull it', 'Unexpected argument: it', ['See its usage: tm pull --help']],
    ['--cluster', 'Put the command before --cluster', [all]],
  ]
  it.each(rows)('%s', (given, message, suggestions) => {
    const error = unknownCommand('tm', given, commands)
    expect(error.toJSON()).toEqual({ code: 'invalid', message, suggestions })
  })
})
