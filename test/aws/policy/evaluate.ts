// A small but real IAM evaluator: an explicit deny wins, then an allow, else nothing allows it.
// "Policy evaluation logic", IAM User Guide; identity policies and a permissions boundary only.

import { holds } from './conditions.ts'
import { glob } from './glob.ts'

export interface PolicyDocument {
  Version?: string
  Statement: readonly Statement[]
}

export interface Statement {
  Sid?: string
  Effect: 'Allow' | 'Deny'
  Action?: string | readonly string[]
  NotAction?: string | readonly string[]
  Resource?: string | readonly string[]
  NotResource?: string | readonly string[]
  Principal?: unknown
  Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Condition keys of one request; names in any case, absent ones undefined. */
export type Keys = Readonly<Record<string, string | readonly string[] | undefined>>

export type Decision = 'allowed' | 'denied' | 'not-allowed'

export function decide(
  policies: readonly PolicyDocument[],
  action: string,
  resource: string,
  keys: Keys,
): Decision {
  const effects = policies
    .flatMap(({ Statement }) => Statement)
    .filter((statement) => applies(statement, action, resource, keys))
    .map(({ Effect }) => Effect)
  if (effects.includes('Deny')) return 'denied'
  return effects.includes('Allow') ? 'allowed' : 'not-allowed'
}

function applies(statement: Statement, action: string, resource: string, keys: Keys): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = statement
  // Actions are compared without regard to case, resources with it.
  const matchesAction = (pattern: string) => glob(pattern.toLowerCase(), action.toLowerCase())
  const matchesResource = (pattern: string) => glob(pattern, resource)
  return (
    (Action ? many(Action).some(matchesAction) : !many(NotAction).some(matchesAction)) &&
    (Resource ? many(Resource).some(matchesResource) : !many(NotResource).some(matchesResource)) &&
    holds(Condition ?? {}, keys)
  )
}

export function many(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}
