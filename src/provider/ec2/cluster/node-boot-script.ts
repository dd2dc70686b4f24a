/**
 * The boot script of a node. It is the same at every `tm up` of the same version, because AWS refuses
 * to repeat a launch with the same ClientToken and other parameters.
 */

import { principalOf } from '../adopt/proof/principal.ts'
import type { NodeConfig } from '../boot/machine-config.ts'
import type { Program } from '../boot/program.ts'
import { bootScript } from '../boot/script.ts'

export function nodeBootScript(
  machine: Omit<NodeConfig, 'kind' | 'program'>,
  { hash, nodeLoader }: Program,
): string {
  const { owner, ...rest } = machine
  const config: NodeConfig = { kind: 'node', ...rest, owner: principalOf(owner), program: hash }
  return bootScript({ machine: config, loader: nodeLoader })
}
