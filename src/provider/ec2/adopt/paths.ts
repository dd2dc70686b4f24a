/** The routes of a node that has no owner yet. */
export const phasePath = '/boot/phase'
export const proofPath = '/boot/proof'
export const programPath = '/boot/program'
export const adoptPath = '/boot/claim'
export const noncePath = '/boot/nonce'

/** The routes with which a new worker joins its node. */
export const joinPath = '/v1/join'
export const workerProgramPath = '/v1/program'

/** boot: it waits for its program. claim: it waits for its owner. */
export type Phase = 'boot' | 'claim'
