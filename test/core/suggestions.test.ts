/** Suggestions as text: a command reaches the cluster and the region of whoever reads it. */
import { describe, expect, it } from 'vitest'
import {
  again,
  type Command,
  type Place,
  renderCommand,
  renderSuggestion,
  type Suggestion,
  suggest,
  tm,
} from '../../src/core/suggestions.ts'

describe('a command', () => {
  const big = { cluster: 'big' }
  const there = { cluster: 'big', region: 'eu-west-1' }
  const rows: [Command, Place, string][] = [
    [tm('up'), {}, 'tm up'],
    [tm('up'), { cluster: 'default' }, 'tm up'],
    [tm('up'), big, 'tm up --cluster big'],
    [tm('up'), there, 'tm up --cluster big --region eu-west-1'],
    [tm('up', { nodes: '3' }, '…'), there, 'tm up --nodes 3 --cluster big --region eu-west-1 …'],
    [tm('up', { local: true }), there, 'tm up --local --cluster big'],
    [tm('up', { cluster: 'NAME' }), there, 'tm up --cluster NAME --region eu-west-1'],
    [tm('down', { region: 'REGION' }), there, 'tm down --region REGION --cluster big'],
    [tm('health'), there, 'tm health --cluster big'],
    [tm('up'), { cluster: 'big', local: true }, 'tm up --local --cluster big'],
    [tm('up', { nodes: '3' }), { local: true }, 'tm up --local --nodes 3'],
    [tm('up', { local: true }), { local: true }, 'tm up --local'],
    [tm('up', { local: false }), { local: true }, 'tm up'],
    [tm('up'), { ...there, local: true }, 'tm up --cluster big --region eu-west-1'],
    [tm('down'), { local: true }, 'tm down'],
    [tm('list'), there, 'tm list'],
    [again, { ...there, command: 'down' }, 'tm down --cluster big --region eu-west-1'],
    [again, big, 'the same command'],
    [again, { command: 'up', local: true }, 'tm up --local'],
    [tm('health'), { local: true }, 'tm health'],
  ]
  it.each(rows)('%j at %j', (command, place, text) => {
    expect(renderCommand(command, place)).toBe(text)
  })
})

describe('a suggestion', () => {
  const rows: [Suggestion, string][] = [
    ['Make room.', 'Make room.'],
    [tm('pull'), 'tm pull --cluster x'],
    [
      suggest`Begin: ${tm('down')}, then ${tm('up')}.`,
      'Begin: tm down --cluster x, then tm up --cluster x.',
    ],
    [suggest`Wait ${3} s for ${'node-1'}`, 'Wait 3 s for node-1'],
    // No part of a text is taken for a command.
    [suggest`See ${'tm up'}`, 'See tm up'],
  ]
  it.each(rows)('%j', (suggestion, text) => {
    expect(renderSuggestion(suggestion, { cluster: 'x' })).toBe(text)
  })

  it('keeps its commands between threads', () => {
    const suggestion = suggest`Complete it: ${tm('up', { nodes: '3' })}`
    expect(structuredClone(suggestion)).toEqual(suggestion)
  })
})
