/** Which test files take minutes together, and so have a script of their own. CI runs all of them. */

/** `npm run test:e2e`: clusters of real processes, which mostly wait. `npm test` keeps a few of them. */
export const e2e = [
  'test/e2e/{backup,batch,demo,down,exfat,failures,lost,many-files,nodes,place,priority,resume,run,run-*}.test.ts',
  'test/e2e/{scaling,stalled-peers,versions,workers}.test.ts',
  'test/bin/{endings,install,interrupted,lazy,node-gone,questions,start}.test.ts',
  'test/moto/cluster.test.ts',
  'test/faults/{answer-lost,bodies,commands-*,connections,deadly-task,disk,intake,killed,os-crash}.test.ts',
  'test/faults/{partition,secrets,worker-cut-off}.test.ts',
  'test/openapi/schemathesis.test.ts',
  'test/{commands/ec2/{down,hung-program},provider/ec2/{removal,adopt/boot-node}}.test.ts',
  'test/{commands/{enqueue,logs,ec2/list},cli/tasks/enqueue,api/stalled}.test.ts',
  'test/soak/soak.test.ts',
  'test/vm/*.test.ts',
]

/** `npm run test:faults`: only here. */
export const onlyLong = [
  'test/e2e/{killed-commands,rotate}.test.ts',
  'test/faults/{loans,nodes-killed}.test.ts',
]

/** `npm run test:faults`: of these `npm test`, or `npm run test:e2e`, runs a short form. */
export const alsoShort = [
  'test/e2e/up.test.ts',
  'test/faults/{commands-killed,commands-stubborn,killed,os-crash,reports.property,fuzz/fuzz}.test.ts',
]

/** `npm run test:kills`: `tm up` and `tm down` on AWS, killed at every call. */
export const kills = ['test/{provider,commands}/ec2/killed.test.ts']

/** `npm run test:lab`: clusters on EC2 in network namespaces. */
export const lab = ['test/lab/**/*.test.ts']
