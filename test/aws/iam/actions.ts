// All of IAM that the stand-in knows.

import type { Actions } from '../action.ts'
import { policyActions } from './policies.ts'
import { profileActions } from './profiles.ts'
import { roleActions } from './roles.ts'

export const iamActions: Actions = { ...policyActions, ...profileActions, ...roleActions }
