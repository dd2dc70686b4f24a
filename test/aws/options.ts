// What a test can set about the account that the stand-in plays, with its defaults. The delays are
// the real ones' shape at a hundredth of their length: every test meets them, none waits for them.

import { type Clock, realClock } from './clock.ts'
import { images as defaultImages, type Image } from './ec2/images.ts'
import { type InstanceType, instanceTypes } from './ec2/types.ts'
import type { PolicyDocument } from './policy/evaluate.ts'

export interface Delays {
  /** pending → running, and the public address appears. */
  pendingMs: number
  /** shutting-down → terminated. */
  shuttingDownMs: number
  /** stopping → stopped. */
  stoppingMs: number
  /** How long terminated instances stay in the lists (an hour or so in AWS). */
  terminatedListedMs: number
  /** How long a new instance is not there yet for other calls. */
  instanceLagMs: number
  /** The same for a new security group. */
  groupLagMs: number
  /** How long EC2 does not know a new profile, then the role newly put in it (about 10 s). */
  profileLagMs: number
  /** How long a policy has no effect after it was put. */
  policyLagMs: number
  /** How long an interface of a terminated instance still holds its security groups. */
  interfaceLagMs: number
  /** How long a terminated instance still counts against the vCPU quota. */
  quotaLagMs: number
  /** Spot: from the notice to the interruption (2 minutes). */
  spotNoticeMs: number
}

export interface VpcSpec {
  cidr: string
  isDefault: boolean
  /** An internet gateway, and a route to it. */
  internet: boolean
  subnets: readonly {
    zone: string
    cidr: string
    publicAddresses: boolean
    /** A route table of its own, with a NAT gateway in place of the internet gateway. */
    nat?: boolean
  }[]
}

export interface Options {
  host: string
  port: number
  region: string
  /** The regions that the account has enabled; only `region` has anything in it. */
  regions: readonly string[]
  account: string
  /** Zone letters of the region. */
  zones: string
  operator: { accessKeyId: string; secretAccessKey: string; userName: string }
  /** US dollars an hour, by type and letter of the zone. */
  spotPrices: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** What the operator may do; without it, everything. */
  operatorPolicy?: PolicyDocument
  /** A policy of the organization: what it denies, nobody in the account may do. */
  serviceControlPolicy?: PolicyDocument
  /** Documents of managed policies by ARN, for permissions boundaries. */
  managedPolicies: Readonly<Record<string, PolicyDocument>>
  clock: Clock
  /** The clock that signatures are checked by. */
  wall: () => number
  delays: Delays
  vpcs: readonly VpcSpec[]
  /** Where public addresses come from. */
  publicCidr: string
  images: readonly Image[]
  types: readonly InstanceType[]
  /** `type:zone` pairs that the region does not offer. */
  notOffered: readonly string[]
  /** vCPUs that run at once, on demand and spot apart. */
  vcpuQuota: number
  spotVcpuQuota: number
  /** Whether the account has used spot before, and so has its service-linked role. */
  spotRole: boolean
  /** ARN of the account's default key for disks, if it is not AWS's. */
  diskKey?: string
  /** Upper limit of every page, to make short lists take several. */
  maxPage: number
}

const delays: Delays = {
  pendingMs: 60,
  shuttingDownMs: 60,
  stoppingMs: 60,
  terminatedListedMs: 60_000,
  instanceLagMs: 30,
  groupLagMs: 20,
  profileLagMs: 100,
  policyLagMs: 0,
  interfaceLagMs: 60,
  quotaLagMs: 40,
  spotNoticeMs: 1_200,
}

export type GivenOptions = Partial<Omit<Options, 'delays'>> & { delays?: Partial<Delays> }

export function withDefaults(given: GivenOptions = {}): Options {
  const region = given.region ?? 'us-east-1'
  const zones = given.zones ?? 'abc'
  return {
    host: '127.0.0.1',
    port: 0,
    account: '123456789012',
    operator: {
      accessKeyId: 'AKIASTANDINOPERATOR0',
      secretAccessKey: 'stand-in/operator/secret+key/0123456789x',
      userName: 'operator',
    },
    managedPolicies: {},
    clock: realClock(),
    wall: () => Date.now(),
    vpcs: [defaultVpc(region, zones)],
    publicCidr: '203.0.113.0/24',
    images: defaultImages,
    types: instanceTypes,
    notOffered: [],
    spotPrices: {},
    vcpuQuota: 32,
    spotVcpuQuota: 32,
    spotRole: false,
    maxPage: 1_000,
    ...given,
    region,
    regions: given.regions ?? [region],
    zones,
    delays: { ...delays, ...given.delays },
  }
}

/** The default VPC as AWS makes it: 172.31.0.0/16, a public /20 in every zone. */
export function defaultVpc(region: string, zones: string): VpcSpec {
  return {
    cidr: '172.31.0.0/16',
    isDefault: true,
    internet: true,
    subnets: [...zones].map((letter, index) => ({
      zone: `${region}${letter}`,
      cidr: `172.31.${index * 16}.0/20`,
      publicAddresses: true,
    })),
  }
}
