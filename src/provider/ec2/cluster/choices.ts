/**
 * What `tm up` on EC2 is asked for: by flags, by the cluster's record, or by default. Pure, and free of
 * the AWS SDK.
 */
import type { Settings } from '../../../core/settings.ts'
import { defaultSetupTimeoutMs, type Setup } from '../../../core/setup.ts'
import type { Choices } from '../../../state/cluster-record.ts'

/** The port of the nodes without `--port`. */
export const nodePort = 8443

/**
 * arm64 first: at the same speed it costs about a fifth less. The other types are used if it has no
 * capacity.
 */
export const defaultChoices: Choices = {
  instanceTypes: ['t4g.small', 't3.small'],
  workerTypes: ['c7g.large', 'c7i.large', 'm7g.large'],
  spot: false,
  volumeSize: 8,
  // An instance has to boot and install Node, which takes longer than starting a process.
  settings: { bootTimeout: 5 * 60_000 },
}

/** What workers do once, before their first task. */
export function setupOf({
  packages = [],
  setupScript = '',
  setupTimeout,
}: Choices): Setup | undefined {
  if (packages.length === 0 && setupScript === '') return undefined
  const script = setupScript === '' ? {} : { script: setupScript }
  return { packages, ...script, timeout: setupTimeout ?? defaultSetupTimeoutMs }
}

/** Later choices win; settings are merged one by one. */
export function mergeChoices(...all: Partial<Choices>[]): Choices {
  const from = [defaultChoices, ...all]
  const settings: Partial<Settings> = Object.assign({}, ...from.map((one) => one.settings))
  return { ...Object.assign({}, ...from), settings }
}
