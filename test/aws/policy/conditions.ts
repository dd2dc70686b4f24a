// The Condition block of a policy statement: every operator and every key must hold.
// "IAM JSON policy elements: Condition operators", IAM User Guide.

import { AwsError } from '../errors.ts'
import type { Keys } from './evaluate.ts'
import { glob } from './glob.ts'

type Test = (wanted: string, actual: string) => boolean

const tests: Record<string, Test> = {
  StringEquals: (wanted, actual) => wanted === actual,
  StringEqualsIgnoreCase: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
  StringLike: glob,
  ArnEquals: arnLike,
  ArnLike: arnLike,
  Bool: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
  NumericEquals: (wanted, actual) => Number(actual) === Number(wanted),
  NumericLessThan: (wanted, actual) => Number(actual) < Number(wanted),
  NumericLessThanEquals: (wanted, actual) => Number(actual) <= Number(wanted),
  NumericGreaterThan: (wanted, actual) => Number(actual) > Number(wanted),
  NumericGreaterThanEquals: (wanted, actual) => Number(actual) >= Number(wanted),
}

const negations: Record<string, string> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
}

interface Operator {
  test: Test
  negated: boolean
  ifExists: boolean
  set?: 'all' | 'any'
}

export function holds(
  condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  keys: Keys,
): boolean {
  // Key names, the tag's name within them included, are compared without regard to case.
  const actual = new Map(
    Object.entries(keys)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.toLowerCase(), value]),
  )
  return Object.entries(condition).every(([name, wanted]) =>
    Object.entries(wanted).every(([key, values]) => {
      const found = actual.get(key.toLowerCase())
      const have = found === undefined ? undefined : typeof found === 'string' ? [found] : found
      return one(name, strings(values), have)
    }),
  )
}

function one(name: string, wanted: string[], actual: readonly string[] | undefined): boolean {
  if (name === 'Null') return wanted.includes(String(actual === undefined))
  const { test, negated, ifExists, set } = operator(name)
  const matches = (value: string) => wanted.some((want) => test(want, value)) !== negated
  if (set === 'all') return (actual ?? []).every(matches)
  if (set === 'any') return (actual ?? []).some(matches)
  // Without the key a positive operator fails and a negated one holds.
  if (actual === undefined) return ifExists || negated
  return negated ? actual.every(matches) : actual.some(matches)
}

/** Throws for what this evaluator cannot judge: guessing would make a policy look tested. */
export function operator(name: string): Operator {
  const [, set, bare = '', ifExists] =
    /^(ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?$/.exec(name) ?? []
  const positive = negations[bare] ?? bare
  const test = tests[positive]
  if (!test) throw new AwsError('MalformedPolicyDocument', `Unknown condition operator ${name}`)
  return {
    test,
    negated: positive !== bare,
    ifExists: ifExists !== undefined,
    ...(set && { set: set === 'ForAllValues:' ? 'all' : 'any' }),
  }
}

function strings(values: unknown): string[] {
  return (Array.isArray(values) ? values : [values]).map(String)
}

/** Each of the six parts of an ARN is compared on its own; the wildcard does not cross a colon
 *  before the last. */
function arnLike(wanted: string, actual: string): boolean {
  const want = parts(wanted)
  const have = parts(actual)
  return want.length === have.length && want.every((part, at) => glob(part, have[at] ?? ''))
}

function parts(arn: string): string[] {
  const [a = '', b = '', c = '', d = '', e = '', ...rest] = arn.split(':')
  return [a, b, c, d, e, rest.join(':')]
}
