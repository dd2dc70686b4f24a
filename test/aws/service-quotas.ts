// Service Quotas, as far as vCPUs are concerned. It speaks JSON, with the action in a header.

import type { Actions } from './action.ts'
import { AwsError } from './errors.ts'
import { Params, type Query, type Tree } from './query.ts'

const onDemand = [
  'L-1216C47A',
  'L-DB2E81BA',
  'L-417A185B',
  'L-1945791B',
  'L-74FC7D96',
  'L-7295265B',
]
const spot = ['L-34B43A08', 'L-3819A6DF', 'L-7212CCBC', 'L-B5D1601B', 'L-88CF9481', 'L-E3A00192']

export const quotaActions: Actions = {
  GetServiceQuota: {
    takes: ['ServiceCode', 'QuotaCode'],
    run({ world, params, allow }) {
      const service = params.need('ServiceCode')
      const code = params.need('QuotaCode')
      const { account, region, vcpuQuota, spotVcpuQuota } = world.options
      const arn = `arn:aws:servicequotas:${region}:${account}:${service}/${code}`
      allow('servicequotas:GetServiceQuota', [{ arn }])
      if (service !== 'ec2' || ![...onDemand, ...spot].includes(code)) {
        throw new AwsError('NoSuchResourceException', 'The request failed: no such quota.')
      }
      const Value = spot.includes(code) ? spotVcpuQuota : vcpuQuota
      return { Quota: { ServiceCode: service, QuotaCode: code, Value, Unit: 'None' } }
    },
  },
}

/** The request as the other services' requests look. */
export function jsonQuery(target: string, body: string): Query {
  const flat = JSON.parse(body) as Record<string, string>
  const action = target.split('.')[1] ?? ''
  return { action, version: '', params: new Params(flat as Record<string, Tree>), flat }
}
