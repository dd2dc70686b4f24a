// What an action of a service is: the parameters it takes, and what it does with them. Every action
// asks `allow` first; the server checks that it did.

import { AwsError } from './errors.ts'
import type { Principal } from './keys.ts'
import { decide, type Keys } from './policy/evaluate.ts'
import type { Params, Query } from './query.ts'
import type { World } from './state.ts'
import type { Xml } from './xml.ts'

export interface Resource {
  arn: string
  keys?: Keys
}

export interface Context {
  world: World
  params: Params
  query: Query
  who: Principal
  /** Throws unless the caller may do this to every one of the resources. */
  allow(action: string, resources?: readonly Resource[]): void
  /** Throws DryRunOperation if that is all that was asked for. */
  dryRun(): void
}

export interface Action {
  takes: readonly string[]
  run(context: Context): { readonly [name: string]: Xml }
}

export type Actions = Readonly<Record<string, Action>>

const everything: readonly Resource[] = [{ arn: '*' }]

export function authorizer(
  world: World,
  who: Principal,
  region: string,
): (action: string, resources?: readonly Resource[]) => void {
  return (action, resources = everything) => {
    const { policies, boundary } = who
    const { serviceControlPolicy: scp } = world.options
    for (const { arn, keys } of resources) {
      const all: Keys = {
        'aws:RequestedRegion': region,
        'aws:PrincipalArn': who.arn,
        'aws:PrincipalAccount': world.options.account,
        'aws:userid': who.userId,
        ...(action.startsWith('ec2:') && { 'ec2:Region': region }),
        ...(who.instanceId && {
          'ec2:SourceInstanceARN': ec2Arn(world, 'instance', who.instanceId),
        }),
        ...keys,
      }
      if (scp && decide([scp], action, arn, all) === 'denied') {
        throw denied(who, action, arn, 'with an explicit deny in a service control policy')
      }
      if (!policies) continue
      const decision = decide(policies, action, arn, all)
      if (decision === 'denied') {
        throw denied(who, action, arn, 'with an explicit deny in an identity-based policy')
      }
      if (decision === 'not-allowed') {
        const why = `because no identity-based policy allows the ${action} action`
        throw denied(who, action, arn, why)
      }
      if (boundary && decide([boundary], action, arn, all) !== 'allowed') {
        throw denied(
          who,
          action,
          arn,
          `because no permissions boundary allows the ${action} action`,
        )
      }
    }
  }
}

/** EC2's wording of a denial and everybody else's differ ("Troubleshoot access denied error
 *  messages", IAM User Guide). */
function denied(who: Principal, action: string, arn: string, why: string): AwsError {
  const text = `User: ${who.arn} is not authorized to perform: ${action} on resource: ${arn} ${why}`
  if (!action.startsWith('ec2:')) return new AwsError('AccessDenied', text)
  return new AwsError(
    'UnauthorizedOperation',
    `You are not authorized to perform this operation. ${text}. Encoded authorization failure ` +
      `message: ${Buffer.from(text).toString('base64url')}`,
  )
}

export function ec2Arn(world: World, kind: string, id: string): string {
  // Images belong to no account in their ARN.
  const account = kind === 'image' ? '' : world.options.account
  return `arn:aws:ec2:${world.options.region}:${account}:${kind}/${id}`
}

export function requestTags(tags: ReadonlyMap<string, string> | undefined): Keys {
  const entries = [...(tags ?? [])].map(([key, value]) => [`aws:RequestTag/${key}`, value])
  return {
    ...Object.fromEntries(entries),
    ...(tags?.size && { 'aws:TagKeys': [...tags.keys()] }),
  }
}

export function resourceTags(tags: ReadonlyMap<string, string> | undefined): Keys {
  return Object.fromEntries(
    [...(tags ?? [])].flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`ec2:ResourceTag/${key}`, value],
    ]),
  )
}
