/** What a node answers to before it has an owner. */
export const phasePath = '/boot/phase'
export const proofPath = '/boot/proof'
export const programPath = '/boot/program'
export const claimPath = '/boot/claim'
export const noncePath = '/boot/nonce'

/** What a node answers to a worker that it has launched. */
export const joinPath = '/v1/join'
export const workerProgramPath = '/v1/program'

/** boot: it waits for its program. claim: for its owner's word. */
export type Phase = 'boot' | 'claim'
