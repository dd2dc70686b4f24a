// The stand-in's own tests, with the real SDK clients. One file for the runner: loading the clients
// takes longer than all of the tests.

import './cases/signatures.ts'
import './cases/server.ts'
import './cases/launch.ts'
import './cases/refusals.ts'
import './cases/life.ts'
import './cases/lists.ts'
import './cases/groups.ts'
import './cases/iam.ts'
import './cases/policies.ts'
import './cases/node-policy.ts'
