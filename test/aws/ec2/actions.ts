// All of EC2 that the stand-in knows.

import type { Actions } from '../action.ts'
import { attachedActions } from './attached.ts'
import { catalogActions } from './catalog.ts'
import { groupActions } from './groups.ts'
import { instanceActions } from './instances.ts'
import { launchActions } from './launch.ts'
import { lifecycleActions } from './lifecycle.ts'
import { placeActions } from './places.ts'
import { ruleActions } from './rules.ts'
import { tagActions } from './tags.ts'
import { zoneActions } from './zones.ts'

export const ec2Actions: Actions = {
  ...attachedActions,
  ...catalogActions,
  ...groupActions,
  ...instanceActions,
  ...launchActions,
  ...lifecycleActions,
  ...placeActions,
  ...ruleActions,
  ...tagActions,
  ...zoneActions,
}
