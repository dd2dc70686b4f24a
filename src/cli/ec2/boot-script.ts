/** What a node of this cluster does when it boots. */
import { bootScript } from '../../instance/boot/script.ts'
import type { NodeConfig } from '../../instance/machine.ts'
import type { Program } from './program.ts'

export function nodeBootScript(
  machine: Omit<NodeConfig, 'kind' | 'program'>,
  { hash, nodeLoader }: Program,
): string {
  return bootScript({ machine: { kind: 'node', ...machine, program: hash }, loader: nodeLoader })
}
