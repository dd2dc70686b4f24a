/**
 * Which quota an instance type counts against. EC2 has quotas in vCPUs per group of families,
 * separate for on-demand and spot (EC2 User Guide, Amazon EC2 instance type quotas).
 */
import type { ErrorContext, Failure } from './failure.ts'

const families: { families: RegExp; group: string; onDemand: string; spot: string }[] = [
  { families: /^(g|vt)\d/, group: 'G and VT', onDemand: 'L-DB2E81BA', spot: 'L-3819A6DF' },
  { families: /^p\d/, group: 'P', onDemand: 'L-417A185B', spot: 'L-7212CCBC' },
  { families: /^inf\d/, group: 'Inf', onDemand: 'L-1945791B', spot: 'L-B5D1601B' },
  { families: /^f\d/, group: 'F', onDemand: 'L-74FC7D96', spot: 'L-88CF9481' },
  { families: /^x\d/, group: 'X', onDemand: 'L-7295265B', spot: 'L-E3A00192' },
]
const standard = {
  group: 'Standard (A, C, D, H, I, M, R, T, Z)',
  onDemand: 'L-1216C47A',
  spot: 'L-34B43A08',
}

export function quotaCause(failure: Failure, context: ErrorContext): string {
  const { name, code } = quotaOf(failure, context)
  const limit = /limit of (\d+)/.exec(failure.message)?.[1]
  const size = limit === undefined ? '' : ` of ${limit} vCPUs`
  const place = context.region ? ` in ${context.region}` : ''
  return `the quota "${name}" (${code})${size} is used up${place}; terminated instances count for some minutes`
}

export function quotaAdvice(failure: Failure, context: ErrorContext): string[] {
  const { code } = quotaOf(failure, context)
  return [
    `Request an increase: ${increaseCommand(code, context.region)}`,
    'Or use less: fewer --nodes, smaller --instance-type, lower --max-workers',
  ]
}

export function increaseCommand(code: string, region: string | undefined): string {
  const where = region ? ` --region ${region}` : ''
  return `aws service-quotas request-service-quota-increase --service-code ec2 --quota-code ${code} --desired-value N${where}`
}

function quotaOf(failure: Failure, { type = '', spot = false }: ErrorContext) {
  return quotaFor(type, spot || /spot/i.test(failure.code))
}

/** The quota that machines of this type count against. */
export function quotaFor(type: string, spot: boolean): { name: string; code: string } {
  const found = families.find((one) => one.families.test(type)) ?? standard
  return spot
    ? { name: `All ${found.group} Spot Instance Requests`, code: found.spot }
    : { name: `Running On-Demand ${found.group} instances`, code: found.onDemand }
}
