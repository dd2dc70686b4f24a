/** The IAM policies as they are sent: the templates in `policies/` with their places filled in. */
import type { Identity } from './identity.ts'
import node from './policies/node.json' with { type: 'json' }
import nodeTrust from './policies/node-trust.json' with { type: 'json' }
import operator from './policies/operator.json' with { type: 'json' }

/** Compared and sent as JSON; the order of keys is the template's. */
export type Policy = object

type Place = Pick<Identity, 'account' | 'partition' | 'region'>

/** What a node may do. The group must exist before: its id is part of the policy. */
export function nodePolicy(place: Place, { cluster, group }: { cluster: string; group: string }) {
  return render(node, { ...common(place), cluster, group })
}

export function nodeTrustPolicy(place: Place): Policy {
  return render(nodeTrust, common(place))
}

/** What the operator needs for `tm up`, `tm down` and `tm list`, of any cluster of a region. */
export function operatorPolicy(place: Place): Policy {
  return render(operator, common(place))
}

function common({ account, partition, region }: Place): Record<string, string> {
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'
  return { account, partition, region, ec2Service: `ec2.${suffix}` }
}

/** Fills in every `{{place}}`; one that nobody fills is a mistake of ours. */
export function render(template: object, values: Record<string, string>): Policy {
  const filled = JSON.stringify(template).replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`no value for {{${name}}} in a policy`)
    return JSON.stringify(value).slice(1, -1)
  })
  return JSON.parse(filled) as Policy
}
