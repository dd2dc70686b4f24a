/**
 * What `tm up` on EC2 is told: by flags, by what was said before (the cluster's record), by default.
 * Pure, and free of the AWS SDK.
 */
import type { Settings } from '../../core/settings.ts'

export interface Choices {
  /** In this order of preference. */
  instanceTypes: string[]
  workerTypes: string[]
  spot: boolean
  /** GiB of each machine. */
  volumeSize: number
  subnet?: string
  ami?: string
  /** Who gets in; the operator's own address of the moment, if undefined. */
  allowCidrs?: string[]
  /** Milliseconds after which the machines end by themselves. */
  ttl?: number
  boundary?: string
  instanceProfile?: string
  /** Those that were given, or that are other ones on EC2. */
  settings: Partial<Settings>
}

/** The port of every node. */
export const nodePort = 8443

/**
 * arm64 first: at the same speed it costs about a fifth less. The others are for where it is full.
 */
export const defaultChoices: Choices = {
  instanceTypes: ['t4g.small', 't3.small'],
  workerTypes: ['c7g.large', 'c7i.large', 'm7g.large'],
  spot: false,
  volumeSize: 8,
  // A machine that has to boot and install Node takes longer than a process.
  settings: { bootTimeout: 5 * 60_000 },
}

/** Later ones win; settings are merged one by one. */
export function mergeChoices(...all: Partial<Choices>[]): Choices {
  const from = [defaultChoices, ...all]
  const settings: Partial<Settings> = Object.assign({}, ...from.map((one) => one.settings))
  return { ...Object.assign({}, ...from), settings }
}
