// STS has one action here: who signed this? It needs no permission ("GetCallerIdentity", STS API).

import type { Actions } from './action.ts'

export const stsActions: Actions = {
  GetCallerIdentity: {
    takes: [],
    run: ({ who, world, allow }) => {
      allow('sts:GetCallerIdentity', [])
      return { Arn: who.arn, UserId: who.userId, Account: world.options.account }
    },
  },
}
