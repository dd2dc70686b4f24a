/** The last step of `tm up`: every node learns who its siblings are, and the settings that changed. */
import { formatSetting, type SettingName, type Settings, settings } from '../core/settings.ts'
import type { NodeLink } from './nodes.ts'

export interface Introduced extends NodeLink {
  /** Where its siblings reach it; `url`, if undefined. */
  address?: string
  certificate?: string | undefined
}

/**
 * Answers the settings in force. Nodes that are new to a cluster get those of one that was there: it
 * may have been told of them long ago.
 */
export async function introduce(
  nodes: Introduced[],
  changes: Partial<Settings>,
  fresh: string[] = [],
): Promise<Settings> {
  const established = nodes.find(({ id }) => !fresh.includes(id))
  const before = fresh.length > 0 ? await established?.client.settings() : undefined
  const inForce = await Promise.all(
    nodes.map(async (node) => {
      const others = nodes.filter(({ id }) => id !== node.id)
      await node.client.setSiblings(
        others.map(({ id, url, address = url, certificate }) => ({
          id,
          url: address,
          certificate,
        })),
      )
      const known = fresh.includes(node.id) ? before : undefined
      return await node.client.changeSettings({ ...known, ...changes })
    }),
  )
  return inForce[0] as Settings
}

export function describeChange(changes: Partial<Settings>, maxWorkers: number): string {
  const others = (Object.keys(changes) as SettingName[])
    .filter((name) => name !== 'maxWorkers')
    .map((name) => `${settings[name].flag} ${formatSetting(name, changes[name] as number)}`)
  return [`up to ${maxWorkers} workers a node`, ...others].join(', ')
}
