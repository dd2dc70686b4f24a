/** How a node proves which instance it is. */

import type { NodeConfig } from '../../boot/machine-config.ts'
import { roleCredentials } from '../../machines/imds.ts'
import { bindingOf } from '../proof/binding.ts'
import { signProof } from '../proof/request.ts'
import type { Routes } from './server.ts'

/** Body: `{nonce}`, the asker's choice. Answer: a `Proof`. */
export function proveTo({ cluster, region }: NodeConfig, certificate: string): Routes[string] {
  return async (body) => {
    const { nonce } = JSON.parse(body.toString()) as { nonce: string }
    const binding = bindingOf({ prover: 'node', cluster, nonce: String(nonce), certificate })
    return { status: 200, body: await signProof(await roleCredentials(), { region, binding }) }
  }
}
