/** The order of files where no earlier run has left their durations, as in CI: vitest goes by their size. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Each of these has clusters of its own processes, and waits for them. */
const slow = /\/test\/(e2e|soak|faults)\/|\/test\/bin\/install/

/** A file of half a minute that begins last would keep the others waiting. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => (slow.test(moduleId) ? 0 : 1)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}
