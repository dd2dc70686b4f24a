/**
 * What a node of this cluster does when it boots: the same at every `tm up` of the same version, or
 * its ClientToken would be refused when a launch is repeated.
 */
import { bootScript } from '../../instance/boot/script.ts'
import type { NodeConfig } from '../../instance/machine.ts'
import { principalOf } from '../../provider/ec2/proof/principal.ts'
import type { Program } from './program.ts'

export function nodeBootScript(
  machine: Omit<NodeConfig, 'kind' | 'program'>,
  { hash, nodeLoader }: Program,
): string {
  const { owner, ...rest } = machine
  const config: NodeConfig = { kind: 'node', ...rest, owner: principalOf(owner), program: hash }
  return bootScript({ machine: config, loader: nodeLoader })
}
