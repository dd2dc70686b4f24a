/**
 * Which quota a type counts against. EC2 quotas are vCPUs by group of families, apart for on-demand
 * and spot (EC2 User Guide, Amazon EC2 instance type quotas).
 */
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

export interface Quota {
  name: string
  code: string
  /** vCPUs, where AWS said it. */
  limit: number | undefined
}

export function quotaOf({
  type = '',
  spot,
  message,
}: {
  type?: string
  spot: boolean
  message: string
}): Quota {
  const found = families.find((one) => one.families.test(type)) ?? standard
  const limit = /limit of (\d+)/.exec(message)?.[1]
  return {
    name: spot
      ? `All ${found.group} Spot Instance Requests`
      : `Running On-Demand ${found.group} instances`,
    code: spot ? found.spot : found.onDemand,
    limit: limit === undefined ? undefined : Number(limit),
  }
}

/** What is used up, and how to get more or need less. */
export function describeQuota(asked: {
  type?: string
  region?: string
  spot: boolean
  message: string
}): { cause: string; next: string[] } {
  const { name, code, limit } = quotaOf(asked)
  const size = limit === undefined ? '' : ` of ${limit} vCPUs`
  const place = asked.region ? ` in ${asked.region}` : ''
  const request = [
    'aws service-quotas request-service-quota-increase --service-code ec2',
    `--quota-code ${code} --desired-value N`,
    ...(asked.region ? [`--region ${asked.region}`] : []),
  ]
  return {
    cause: `the quota "${name}" (${code})${size} is used up${place}; machines that have ended count for some minutes`,
    next: [
      `Ask for more: ${request.join(' ')}`,
      'Or use less: fewer --nodes, smaller --instance-type, lower --max-workers',
    ],
  }
}
