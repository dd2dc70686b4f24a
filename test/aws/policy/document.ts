// Reads policy documents as they are put, and refuses what IAM refuses and what the evaluator
// does not know, so that a policy never passes a test by being ignored.

import { AwsError } from '../errors.ts'
import { operator } from './conditions.ts'
import { many, type PolicyDocument, type Statement } from './evaluate.ts'

const elements = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']

export function parseDocument(text: string): PolicyDocument {
  const document = parse(text)
  for (const statement of document.Statement) {
    check(statement, elements)
    if ((statement.Resource === undefined) === (statement.NotResource === undefined)) {
      throw malformed('Policy statement must contain resources.')
    }
  }
  return document
}

export function parseTrust(text: string): PolicyDocument {
  const document = parse(text)
  for (const statement of document.Statement) {
    if (statement.Resource !== undefined) throw malformed('Has prohibited field Resource')
    if (statement.Principal === undefined) throw malformed('Missing required field Principal')
    check(statement, [...elements, 'Principal'])
  }
  return document
}

/** Whether a trust policy lets this service take the role. */
export function trusts(trust: PolicyDocument, service: string): boolean {
  return trust.Statement.some(({ Effect, Action, Principal }) => {
    const named = (Principal as { Service?: string | string[] } | undefined)?.Service
    return (
      Effect === 'Allow' && many(Action).includes('sts:AssumeRole') && many(named).includes(service)
    )
  })
}

function parse(text: string): PolicyDocument {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw malformed('This policy contains invalid Json')
  }
  const document = parsed as { Version?: string; Statement?: Statement | Statement[] } | null
  if (!document?.Statement) throw malformed('Syntax errors in policy.')
  if (document.Version !== '2012-10-17') {
    throw malformed('The stand-in takes policies of Version 2012-10-17 only')
  }
  return { Version: document.Version, Statement: [document.Statement].flat() }
}

function check(statement: Statement, known: readonly string[]): void {
  const { Effect, Action, NotAction, Condition } = statement
  const odd = Object.keys(statement).find((name) => !known.includes(name))
  if (odd) throw malformed(`Syntax errors in policy: ${odd}`)
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed(`Invalid effect: ${Effect}`)
  if ((Action === undefined) === (NotAction === undefined)) {
    throw malformed('Policy statement must contain actions.')
  }
  for (const action of [...many(Action), ...many(NotAction)]) {
    if (!/^(\*|[a-z0-9-]+:[A-Za-z*?]+)$/.test(action)) {
      throw malformed(`Actions/Conditions must be prefaced by a vendor: ${action}`)
    }
  }
  if (JSON.stringify([statement.Resource, Condition ?? {}]).includes('${')) {
    throw malformed('The stand-in does not evaluate policy variables')
  }
  for (const name of Object.keys(Condition ?? {})) if (name !== 'Null') operator(name)
}

function malformed(message: string): AwsError {
  return new AwsError('MalformedPolicyDocument', message)
}
