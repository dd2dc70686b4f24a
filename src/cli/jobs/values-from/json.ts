/** The objects of `--each-json`: their keys are placeholders. */
import { messageOf, TmError } from '../../../core/errors.ts'
import { requireKey } from './key.ts'
import type { TaskValues } from './task-values.ts'

/** Keeps a number as it was written; newer than the types of the language that we have. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): { rawJSON: string }
  isRawJSON(given: unknown): given is { rawJSON: string }
}

/** JSON lines, or an array of objects. Throws `invalid` with the line or the element. */
export function jsonTasks(text: string): TaskValues[] {
  if (text.trimStart().startsWith('[')) {
    const all = parse(text, '--each-json')
    return (all as unknown[]).map((row, at) => readRow(row, `--each-json, element ${at + 1}`))
  }
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return []
    const where = `--each-json, line ${at + 1}`
    return [readRow(parse(line, where), where)]
  })
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text, keepNumber as (key: string, value: unknown) => unknown)
  } catch (error) {
    throw new TmError('invalid', `${where} is not JSON: ${messageOf(error)}`, {
      suggestions: ['Give one object per line, or an array of objects'],
      cause: error,
    })
  }
}

function keepNumber(_: string, value: unknown, { source }: { source: string }): unknown {
  return typeof value === 'number' ? rawJSON(source) : value
}

function readRow(row: unknown, where: string): TaskValues {
  if (typeof row !== 'object' || row === null || Array.isArray(row) || isRawJSON(row)) {
    throw new TmError('invalid', `${where} is not an object`, {
      suggestions: ['Each must be like {"lr": 0.1, "seed": 1}'],
    })
  }
  const entries = Object.entries(row)
  for (const [key] of entries) requireKey(key, where)
  return { values: Object.fromEntries(entries.map(([key, value]) => [key, textOf(value)])) }
}

/** A text is itself; anything else is its JSON. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
