/** What all suites have in common. */
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/**
 * For the workers of vitest and all that inherit their environment. A store's thread costs 170 ms of
 * CPU when it compiles its sources, and 85 from this cache; the tests of routes cost half as much.
 */
process.env.NODE_COMPILE_CACHE ??= resolve(root, 'node_modules/.cache/tm-tests')

export const shared: { globalSetup: string[]; pool: 'forks' } = {
  globalSetup: ['test/setup/build.ts'],
  pool: 'forks',
}
