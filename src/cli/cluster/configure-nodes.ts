/** The last step of `tm up`: every node learns who its siblings are, and which settings changed. */
import { formatSetting, type SettingName, type Settings, settings } from '../../core/settings.ts'
import { pluralize } from '../../core/text.ts'
import type { ReadyNode } from '../../provider/cluster.ts'

/**
 * Returns the settings in force. New nodes first get the settings of an existing node, which may have
 * been changed since the cluster was created; and nodes meet only then, or one could borrow places
 * that another has by default.
 */
export async function configureNodes(
  nodes: ReadyNode[],
  changes: Partial<Settings>,
  fresh: string[],
): Promise<Settings> {
  const established = nodes.find(({ id }) => !fresh.includes(id))
  const before = fresh.length > 0 ? await established?.client.getSettings() : undefined
  const inForce = await Promise.all(
    nodes.map(async ({ id, client }) => {
      const known = fresh.includes(id) ? before : undefined
      return await client.changeSettings({ json: { ...known, ...changes } })
    }),
  )
  await Promise.all(
    nodes.map(async ({ id, client }) => {
      const siblings = nodes.filter((other) => other.id !== id).map(asSibling)
      await client.setSiblings({ json: { siblings } })
    }),
  )
  return inForce[0] as Settings
}

function asSibling({ id, url, address = url, certificate }: ReadyNode) {
  return { id, url: address, certificate }
}

export function describeChange(changes: Partial<Settings>, maxWorkers: number): string {
  const others = (Object.keys(changes) as SettingName[])
    .filter((name) => name !== 'maxWorkers')
    .map((name) => `${settings[name].flag} ${formatSetting(name, changes[name] as number)}`)
  return [`up to ${pluralize(maxWorkers, 'worker')} a node`, ...others].join(', ')
}
