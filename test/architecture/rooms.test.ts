/** Which room of `src/` may import which, and which library only one room may use. */
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { files, imports, ours } from './sources.ts'

/**
 * The rooms of the house, by folder, and what each may import of ours besides itself. A folder
 * inside another one that is named here is a room of its own. All arrows run one way: a room
 * imports only rooms that are named before it.
 */
const rooms = {
  core: [],
  runtime: ['core'],
  kinds: ['core'],
  api: ['core', 'runtime', 'kinds'],
  state: ['core', 'runtime', 'api'],
  provider: ['core', 'state'],
  'provider/local': ['core', 'runtime', 'provider'],
  node: ['core', 'runtime', 'api', 'kinds', 'provider'],
  worker: ['core', 'runtime', 'api', 'kinds'],
  'provider/ec2/aws': ['core', 'runtime'],
  'provider/ec2/network': ['core', 'runtime', 'provider/ec2/aws'],
  'provider/ec2/iam': ['core', 'provider/ec2/aws'],
  'provider/ec2/machines': [
    'core',
    'runtime',
    'api',
    'provider',
    'provider/ec2/aws',
    'provider/ec2/network',
  ],
  'provider/ec2': ['core', 'api', 'provider', 'provider/ec2/aws', 'provider/ec2/machines'],
  'provider/ec2/boot': ['core', 'api'],
  'provider/ec2/adopt': [
    'core',
    'runtime',
    'api',
    'provider/ec2/aws',
    'provider/ec2/machines',
    'provider/ec2/boot',
  ],
  'provider/ec2/instance': [
    'core',
    'runtime',
    'api',
    'provider/ec2/aws',
    'provider/ec2/machines',
    'provider/ec2',
    'provider/ec2/boot',
    'provider/ec2/adopt',
    'node',
    'worker',
  ],
  'provider/local/cluster': ['core', 'runtime', 'api', 'state', 'provider', 'provider/local'],
  'provider/ec2/cluster': [
    'core',
    'runtime',
    'api',
    'state',
    'provider',
    'provider/ec2/aws',
    'provider/ec2/network',
    'provider/ec2/iam',
    'provider/ec2/machines',
    'provider/ec2/boot',
    'provider/ec2/adopt',
  ],
  cli: [
    'core',
    'runtime',
    'api',
    'kinds',
    'state',
    'provider',
    'provider/local/cluster',
    'provider/ec2/network',
    'provider/ec2/cluster',
    'node',
  ],
  commands: [
    'core',
    'runtime',
    'api',
    'kinds',
    'state',
    'provider',
    'provider/local/cluster',
    'provider/ec2/cluster',
    'node',
    'worker',
    'cli',
  ],
} as const satisfies Record<string, readonly string[]>
type Room = keyof typeof rooms

/** Libraries that only one part may know. */
const onlyIn: { library: RegExp; place: RegExp }[] = [
  { library: /^@aws-sdk\//, place: /^provider\/ec2\// },
  { library: /^(ora|chalk)$/, place: /^cli\// },
  { library: /^@inquirer\//, place: /^commands\// },
  { library: /^@oclif\//, place: /^(cli|commands)\// },
  { library: /^node:sqlite$/, place: /^node\/store\/sqlite\// },
  { library: /^@hono\//, place: /^(node|api)\// },
]

/** The innermost room that a file is in. */
function roomOf(file: string): Room {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    if (folder in rooms) return folder as Room
  }
  throw new Error(`src/${file} is in no room`)
}

describe('the rooms', () => {
  it('are read: the files import each other', () => {
    expect(ours.length).toBeGreaterThan(100)
  })

  it('import in one direction', () => {
    const wrong = ours.filter((one) => {
      const [from, to] = [roomOf(one.file), roomOf(one.target)]
      return from !== to && !(rooms[from] as readonly string[]).includes(to)
    })
    expect(wrong).toEqual([])
  })

  it('are named in an order in which every arrow points back', () => {
    const names = Object.keys(rooms)
    const forward = Object.entries(rooms).flatMap(([from, targets]) =>
      targets.filter((to) => names.indexOf(to) >= names.indexOf(from)).map((to) => [from, to]),
    )
    expect(forward).toEqual([])
  })

  it('have no arrow that nothing uses', () => {
    const used = new Set(ours.map((one) => `${roomOf(one.file)} → ${roomOf(one.target)}`))
    const named = Object.entries(rooms).flatMap(([from, targets]) =>
      targets.map((to) => `${from} → ${to}`),
    )
    expect(named.filter((arrow) => !used.has(arrow))).toEqual([])
  })

  it('know no engine of the store outside the store', () => {
    const wrong = ours.filter(({ file, target }) => {
      return /^node\/store\/[^/]+\//.test(target) && !file.startsWith('node/store/')
    })
    expect(wrong).toEqual([])
  })

  it('keep each library in its place', () => {
    const wrong = imports.filter(({ file, target }) =>
      onlyIn.some(({ library, place }) => library.test(target) && !place.test(file)),
    )
    expect(wrong).toEqual([])
  })

  it('hold every file', () => {
    for (const { file } of files) expect(() => roomOf(file)).not.toThrow()
  })
})
